/* SPDX-License-Identifier: MPL-2.0 */
/* Extended attributes. */
#ifndef UAPI_LINUX_XATTR_H
#define UAPI_LINUX_XATTR_H

#define XATTR_CREATE	0x1
#define XATTR_REPLACE	0x2

#define XATTR_SECURITY_PREFIX	"security."
#define XATTR_SYSTEM_PREFIX	"system."
#define XATTR_TRUSTED_PREFIX	"trusted."
#define XATTR_USER_PREFIX	"user."
#define XATTR_CAPS_SUFFIX	"capability"
#define XATTR_NAME_CAPS		"security.capability"
#define XATTR_NAME_POSIX_ACL_ACCESS	"system.posix_acl_access"
#define XATTR_NAME_POSIX_ACL_DEFAULT	"system.posix_acl_default"

#endif

/* SPDX-License-Identifier: MPL-2.0 */
/*
 * memfd_create(2): a file in memory without a name. tmpfs makes it and keeps its seals (F_ADD_SEALS,
 * F_GET_SEALS in fs/tmpfs.c). Huge pages are refused as by a Linux without hugetlbfs.
 */
#include <base/err.h>
#include <base/string.h>
#include <fs/tmpfs.h>
#include <kernel/syscall.h>
#include <uapi/linux/memfd.h>

#define PREFIX		"memfd:"
#define PREFIX_LEN	(sizeof(PREFIX) - 1)

long sys_memfd_create(uin_str uname, unsigned int flags)
{
	char name[NAME_MAX + 1] = PREFIX;
	struct file *f;
	ssize_t len;

	if (flags & ~(MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_HUGETLB |
		      (flags & MFD_HUGETLB ? (u32)MFD_HUGE_MASK << MFD_HUGE_SHIFT : 0)))
		return -EINVAL;
	len = strncpy_in(name + PREFIX_LEN, uname, sizeof(name) - PREFIX_LEN);
	if (len < 0)
		return len == -ENAMETOOLONG ? -EINVAL : len;
	if (flags & MFD_HUGETLB)
		return -ENOSYS;
	f = tmpfs_file_create(name, 0, flags & MFD_ALLOW_SEALING ? 0 : F_SEAL_SEAL);
	if (IS_ERR(f))
		return PTR_ERR(f);
	return fd_add(f, flags & MFD_CLOEXEC ? O_CLOEXEC : 0);
}

/* SPDX-License-Identifier: MPL-2.0 */
/* Control messages that carry files and credentials (net/core/scm.c). */
#ifndef NET_SCM_H
#define NET_SCM_H

#include <base/types.h>
#include <uapi/linux/socket.h>

struct file;
struct msg;
struct pid;
struct sock_common;

struct scm_files {
	u32 nr;
	struct file *file[SCM_MAX_FD];	/* referenced */
};

struct scm_cookie {
	struct scm_files *files;	/* owned; NULL: none */
	struct pid *pid;		/* referenced; sender's */
	u32 uid, gid;
	bool has_creds;
};

/* Parse the control data of a sender. Credentials are filled in from current when not given. -EINVAL, -EPERM, -EBADF. */
int scm_send(struct scm_cookie *c, int family, uaddr_t control, size_t len);
/* Give what was received to the user: descriptors are made here. Sets MSG_CTRUNC in m->out_flags when room is
   short. Consumes c. */
void scm_recv(struct scm_cookie *c, struct msg *m, bool want_creds);
void scm_destroy(struct scm_cookie *c);
struct scm_files *scm_files_copy(const struct scm_files *f);	/* for MSG_PEEK; NULL: no memory */
/* Append one control message for the user. */
int scm_put_cmsg(struct msg *m, int level, int type, const void *data, size_t len);

#endif

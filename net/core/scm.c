/* SPDX-License-Identifier: MPL-2.0 */
/* Control messages: SCM_RIGHTS and SCM_CREDENTIALS from user space and back. Source: cmsg(3), unix(7). */
#include <base/err.h>
#include <base/math.h>
#include <base/string.h>
#include <core/slab.h>
#include <fs/file.h>
#include <kernel/task.h>
#include <net/scm.h>
#include <net/socket.h>

void scm_destroy(struct scm_cookie *c)
{
	if (c->files) {
		for (u32 i = 0; i < c->files->nr; i++)
			file_put(c->files->file[i]);
		kfree(c->files);
		c->files = NULL;
	}
	pid_put(c->pid);
	c->pid = NULL;
}

struct scm_files *scm_files_copy(const struct scm_files *f)
{
	struct scm_files *n = kmemdup(f, sizeof(*f), GFP_KERNEL);

	for (u32 i = 0; n && i < n->nr; i++)
		file_get(n->file[i]);
	return n;
}

/* --- sending --- */

static int take_rights(struct scm_cookie *c, uaddr_t data, size_t len)
{
	u32 nr = (u32)(len / sizeof(int));
	struct scm_files *f = c->files;

	if (nr > SCM_MAX_FD || (f && f->nr + nr > SCM_MAX_FD))
		return -EINVAL;
	if (!nr)
		return 0;
	if (!f) {
		f = kzalloc(sizeof(*f), GFP_KERNEL);
		if (!f)
			return -ENOMEM;
		c->files = f;
	}
	for (u32 i = 0; i < nr; i++) {
		struct file *file;
		int fd;

		if (copy_in_bytes(&fd, uaddr_add(data, i * sizeof(int)), sizeof(fd)))
			return -EFAULT;
		file = fget_raw(fd);
		if (!file)
			return -EBADF;
		f->file[f->nr++] = file;
	}
	return 0;
}

static int take_creds(struct scm_cookie *c, uaddr_t data, size_t len)
{
	const struct cred *cred = current_cred();
	struct ucred u;
	struct pid *pid;

	if (len != sizeof(u))
		return -EINVAL;
	if (copy_in_bytes(&u, data, sizeof(u)))
		return -EFAULT;
	if (u.pid != task_tgid_vnr(current) && !capable(CAP_SYS_ADMIN))
		return -EPERM;
	if (u.uid != cred->uid.v && u.uid != cred->euid.v && u.uid != cred->suid.v && !capable(CAP_SETUID))
		return -EPERM;
	if (u.gid != cred->gid.v && u.gid != cred->egid.v && u.gid != cred->sgid.v && !capable(CAP_SETGID))
		return -EPERM;
	pid = pid_find_get(u.pid);
	if (!pid)
		return -ESRCH;
	pid_put(c->pid);
	c->pid = pid;
	c->uid = u.uid;
	c->gid = u.gid;
	c->has_creds = true;
	return 0;
}

/* Others than these are read by the family (net/inet: SO_MARK and SO_TIMESTAMPING). */
static int parse(struct scm_cookie *c, int family, uaddr_t control, size_t len)
{
	size_t off = 0;
	int err;

	while (len - off >= sizeof(struct cmsghdr)) {
		struct cmsghdr h;
		uaddr_t data;

		if (copy_in_bytes(&h, uaddr_add(control, off), sizeof(h)))
			return -EFAULT;
		if (h.cmsg_len < sizeof(h) || h.cmsg_len > len - off)
			return -EINVAL;
		data = uaddr_add(control, off + sizeof(h));
		if (h.cmsg_level == SOL_SOCKET) {
			if (h.cmsg_type == SCM_RIGHTS)
				err = take_rights(c, data, h.cmsg_len - sizeof(h));
			else if (h.cmsg_type == SCM_CREDENTIALS)
				err = take_creds(c, data, h.cmsg_len - sizeof(h));
			else
				err = family == AF_INET || family == AF_INET6 ? 0 : -EINVAL;
			if (err)
				return err;
		}
		if (check_add(off, CMSG_ALIGN(h.cmsg_len), &off) || off > len)
			break;
	}
	return 0;
}

int scm_send(struct scm_cookie *c, int family, uaddr_t control, size_t len)
{
	int err;

	memset(c, 0, sizeof(*c));
	c->pid = pid_get(current->proc->pids[PIDTYPE_TGID]);
	c->uid = current_uid().v;
	c->gid = current_cred()->gid.v;
	if (!control.v || !len)
		return 0;
	err = parse(c, family, control, len);
	if (err)
		scm_destroy(c);
	return err;
}

/* --- receiving --- */

int scm_put_cmsg(struct msg *m, int level, int type, const void *data, size_t len)
{
	struct cmsghdr h = { .cmsg_len = CMSG_LEN(len), .cmsg_level = level, .cmsg_type = type };
	size_t room = m->controllen, space;

	if (!m->control || room < sizeof(h)) {
		m->out_flags |= MSG_CTRUNC;
		return 0;
	}
	if (room < h.cmsg_len) {
		m->out_flags |= MSG_CTRUNC;
		h.cmsg_len = room;
	}
	if (copy_out_bytes(uaddr(m->control), &h, sizeof(h)) ||
	    copy_out_bytes(uaddr(m->control + sizeof(h)), data, h.cmsg_len - sizeof(h)))
		return -EFAULT;
	space = min_t(size_t, CMSG_SPACE(len), room);
	m->control += space;
	m->controllen -= space;
	return 0;
}

/* Make descriptors for as many files as there is room for; the others are closed. */
static void give_files(struct scm_files *f, struct msg *m)
{
	u32 cloexec = m->flags & MSG_CMSG_CLOEXEC ? O_CLOEXEC : 0, given = 0;
	size_t max = m->control && m->controllen > sizeof(struct cmsghdr) ?
		(m->controllen - sizeof(struct cmsghdr)) / sizeof(int) : 0;
	u64 data = m->control + sizeof(struct cmsghdr);
	struct cmsghdr h;

	for (u32 i = 0; i < f->nr; i++) {
		int fd = given < max && given == i ? fd_alloc(cloexec) : -EMFILE;

		if (fd >= 0 && copy_out_bytes(uaddr(data + given * sizeof(int)), &fd, sizeof(fd))) {
			fd_release(fd);
			fd = -EFAULT;
		}
		if (fd < 0) {
			file_put(f->file[i]);
			continue;
		}
		fd_install(fd, f->file[i]);
		given++;
	}
	if (given < f->nr)
		m->out_flags |= MSG_CTRUNC;
	if (!given)
		return;
	h = (struct cmsghdr){ .cmsg_len = CMSG_LEN(given * sizeof(int)), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS };
	if (!copy_out_bytes(uaddr(m->control), &h, sizeof(h))) {
		size_t space = min_t(size_t, CMSG_SPACE(given * sizeof(int)), m->controllen);

		m->control += space;
		m->controllen -= space;
	}
}

void scm_recv(struct scm_cookie *c, struct msg *m, bool want_creds)
{
	if (want_creds) {
		struct ucred u = { c->pid ? pid_vnr(c->pid) : 0, c->uid, c->gid };

		(void)scm_put_cmsg(m, SOL_SOCKET, SCM_CREDENTIALS, &u, sizeof(u));
	}
	if (c->files) {
		give_files(c->files, m);
		kfree(c->files);
		c->files = NULL;
	}
	scm_destroy(c);
}

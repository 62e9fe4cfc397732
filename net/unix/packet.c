/* SPDX-License-Identifier: MPL-2.0 */
/* Packets in flight: made from a message, charged to their sender, given to a receiver. */
#include <base/err.h>
#include <base/math.h>
#include <base/string.h>
#include <core/slab.h>

#include "internal.h"

/* Too many descriptors in flight for one user: they could be used to go round RLIMIT_NOFILE. */
static bool too_many_in_flight(const struct scm_files *f)
{
	struct user_struct *user = current_cred()->user;

	return (u64)atomic64_read(&user->unix_inflight) + f->nr > rlimit_cur(RLIMIT_NOFILE) &&
	       !capable(CAP_SYS_RESOURCE) && !capable(CAP_SYS_ADMIN);
}

/* What the sender's scm holds goes along with the packet. */
static int attach_scm(struct unix_packet *p, struct msg *m)
{
	if (!m->scm) {
		p->scm.pid = pid_get(current->proc->pids[PIDTYPE_TGID]);
		p->scm.uid = current_uid().v;
		p->scm.gid = current_cred()->gid.v;
		return 0;
	}
	p->scm = *m->scm;
	p->scm.pid = pid_get(m->scm->pid);
	p->scm.files = NULL;
	if (m->scm->files) {
		if (too_many_in_flight(m->scm->files))
			return -ETOOMANYREFS;
		p->scm.files = m->scm->files;	/* moves: only the first packet of a message carries them */
		m->scm->files = NULL;
		atomic64_add(&p->owner->user->unix_inflight, p->scm.files->nr);
		unix_files_sent(p->scm.files);
	}
	return 0;
}

struct unix_packet *unix_packet_new(struct unix_sock *owner, struct msg *m, size_t len, int *err)
{
	struct unix_packet *p = kvmalloc(sizeof(*p) + len, GFP_KERNEL);

	*err = -ENOMEM;
	if (!p)
		return NULL;
	memset(p, 0, sizeof(*p));
	list_init(&p->link);
	p->len = (u32)len;
	p->charge = (u32)(sizeof(*p) + len);
	p->owner = owner;
	unix_get(owner);
	atomic64_add(&owner->wmem, p->charge);
	p->from = READ_ONCE(owner->addr);
	if (p->from)
		ref_get(&p->from->ref);
	if (!m)
		return p;
	*err = -EFAULT;
	if (copy_from_iter(p->data, len, &m->iter) == len) {
		*err = attach_scm(p, m);
		if (!*err)
			return p;
	}
	unix_packet_free(p);
	return NULL;
}

static void packet_uncharge(struct unix_packet *p)
{
	struct unix_sock *u = p->owner;

	atomic64_sub(&u->wmem, p->charge);
	if (wait_queue_has_sleeper(&u->wait) && unix_writable(u))
		wake_up_poll(&u->wait, EPOLLOUT | EPOLLWRNORM | EPOLLWRBAND);
	if (unlikely(READ_ONCE(u->c.nospace)) && unix_writable(u))
		sock_async(&u->c, EPOLLOUT);
	unix_put(u);
}

void unix_packet_free(struct unix_packet *p)
{
	if (p->scm.files) {
		atomic64_sub(&p->owner->user->unix_inflight, p->scm.files->nr);
		unix_files_taken(p->scm.files);
	}
	scm_destroy(&p->scm);
	unix_addr_put(p->from);
	unix_put(p->conn);
	packet_uncharge(p);
	kvfree(p);
}

bool unix_writable(const struct unix_sock *u)
{
	return (u64)atomic64_read(&u->wmem) * 4 <= READ_ONCE(u->c.sndbuf);
}

static bool has_room(const struct unix_sock *u)
{
	return (u64)atomic64_read(&u->wmem) < READ_ONCE(u->c.sndbuf) || READ_ONCE(u->shutdown) & SEND_SHUTDOWN;
}

int unix_wait_send(struct unix_sock *u, u64 deadline)
{
	int err;

	if (has_room(u))
		return 0;
	WRITE_ONCE(u->c.nospace, true);
	if (!deadline)
		return -EAGAIN;
	err = wait_event_interruptible_until(&u->wait, has_room(u), deadline);
	return sock_wait_result(err, deadline);
}

void unix_deliver_scm(struct unix_sock *u, struct unix_packet *p, struct msg *m, bool peek)
{
	struct scm_cookie c = p->scm;

	c.pid = pid_get(p->scm.pid);
	if (peek) {
		c.files = p->scm.files ? scm_files_copy(p->scm.files) : NULL;
	} else if (p->scm.files) {
		atomic64_sub(&p->owner->user->unix_inflight, p->scm.files->nr);
		unix_files_taken(p->scm.files);
		p->scm.files = NULL;
	}
	scm_recv(&c, m, READ_ONCE(u->c.passcred));
}

ssize_t unix_broken_pipe(struct msg *m)
{
	if (!(m->flags & MSG_NOSIGNAL))
		(void)signal_send(current, SIGPIPE, SEND_NOINFO, SIG_TO_THREAD);
	return -EPIPE;
}

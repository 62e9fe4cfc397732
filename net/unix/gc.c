/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Sockets in flight: a socket passed over a socket may, after its last descriptor is closed, be held
 * only by messages that nobody can receive any more, because they wait in its own queue or in a ring
 * of such queues. The collector finds those rings and drops their messages.
 *
 * A socket is a candidate when all references to its file are from messages. References that come
 * from the queues of candidates are subtracted; whoever has some left is reachable, and so is all
 * that waits in its queue. The rest is garbage. Someone who could still receive from a queue has a
 * reference of their own on its socket, so what is found unreachable stays so.
 *
 * gc_mutex guards the counts of messages and the marks; queues are read under their socket's lock.
 */
#include <base/err.h>
#include <core/slab.h>
#include <core/work.h>

#include "internal.h"

enum gc_state { GC_NONE, GC_CANDIDATE, GC_REACHABLE };

static DEFINE_MUTEX(gc_mutex, LEAF_MUTEX);
static LIST_HEAD(inflight);		/* [gc_mutex] unix_sock.gc_link */

static struct unix_sock *file_unix(struct file *f)
{
	struct socket *s = file_socket(f);

	return s && s->ops->family == AF_UNIX ? unix_sk(s) : NULL;
}

/* gc_mutex held. */
static void count_files(const struct scm_files *f, int delta)
{
	for (u32 i = 0; i < f->nr; i++) {
		struct unix_sock *u = file_unix(f->file[i]);

		if (!u)
			continue;
		if (u->inflight == 0)
			list_add_tail(&u->gc_link, &inflight);
		u->inflight += delta;
		u->gc_file = f->file[i];
		if (u->inflight == 0)
			list_del_init(&u->gc_link);
	}
}

void unix_files_sent(const struct scm_files *f)
{
	mutex_lock(&gc_mutex);
	count_files(f, 1);
	mutex_unlock(&gc_mutex);
}

void unix_files_taken(const struct scm_files *f)
{
	mutex_lock(&gc_mutex);
	count_files(f, -1);
	mutex_unlock(&gc_mutex);
}

typedef void (*visit_fn)(struct unix_sock *child);

static void visit_files(const struct scm_files *f, visit_fn visit)
{
	for (u32 i = 0; f && i < f->nr; i++) {
		struct unix_sock *u = file_unix(f->file[i]);

		if (u && u->gc_state != GC_NONE)
			visit(u);
	}
}

/* Every candidate that a message in u's queue holds; connections that wait for accept count as u's. */
static void visit_queue(struct unix_sock *u, visit_fn visit)
{
	struct unix_packet *p, *q;

	spin_lock(&u->lock);
	list_for_each_entry(p, &u->queue, link) {
		visit_files(p->scm.files, visit);
		if (!p->conn)
			continue;
		spin_lock_nested(&p->conn->lock, 1);
		list_for_each_entry(q, &p->conn->queue, link)
			visit_files(q->scm.files, visit);
		spin_unlock(&p->conn->lock);
	}
	spin_unlock(&u->lock);
}

static void subtract(struct unix_sock *u) { u->gc_refs--; }
static void add_back(struct unix_sock *u) { u->gc_refs++; }

/* Marks; true if there is garbage. */
static bool mark(void)
{
	bool changed = true, garbage = false;
	struct unix_sock *u;

	list_for_each_entry(u, &inflight, gc_link) {
		u->gc_refs = u->inflight;
		u->gc_state = atomic64_read(&u->gc_file->ref) == u->inflight ? GC_CANDIDATE : GC_NONE;
	}
	list_for_each_entry(u, &inflight, gc_link)
		if (u->gc_state == GC_CANDIDATE)
			visit_queue(u, subtract);
	while (changed) {
		changed = false;
		list_for_each_entry(u, &inflight, gc_link) {
			if (u->gc_state != GC_CANDIDATE || u->gc_refs <= 0)
				continue;
			u->gc_state = GC_REACHABLE;
			visit_queue(u, add_back);
			changed = true;
		}
	}
	list_for_each_entry(u, &inflight, gc_link)
		garbage |= u->gc_state == GC_CANDIDATE;
	return garbage;
}

/* Take the files out of one queue that nobody can read. */
static struct scm_files *steal(struct unix_sock *u)
{
	struct scm_files *f = NULL;
	struct unix_packet *p;

	spin_lock(&u->lock);
	list_for_each_entry(p, &u->queue, link)
		if (p->scm.files) {
			f = p->scm.files;
			p->scm.files = NULL;
			atomic64_sub(&p->owner->user->unix_inflight, f->nr);
			break;
		}
	spin_unlock(&u->lock);
	return f;
}

/* One batch of files of garbage sockets, out of flight; NULL: none is left. */
static struct scm_files *collect_one(void)
{
	struct scm_files *f = NULL;
	struct unix_sock *u;

	mutex_lock(&gc_mutex);
	if (mark())
		list_for_each_entry(u, &inflight, gc_link)
			if (u->gc_state == GC_CANDIDATE && (f = steal(u)))
				break;
	if (f)
		count_files(f, -1);
	mutex_unlock(&gc_mutex);
	return f;
}

static void gc_run(struct work *w)
{
	struct scm_files *f;

	(void)w;
	while ((f = collect_one())) {
		for (u32 i = 0; i < f->nr; i++)
			file_put_sync(f->file[i]);
		kfree(f);
	}
}

static struct work gc_work = { .link = LIST_HEAD_INIT(gc_work.link), .fn = gc_run };

void unix_gc_wake(void)
{
	if (!list_empty(&inflight))
		work_queue(system_wq, &gc_work);
}

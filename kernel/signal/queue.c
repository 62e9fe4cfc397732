/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Queues of pending signals. A sigpending is a mask of what is pending and a list of the entries
 * that carry information. Real-time signals queue one entry each; of the others the first counts.
 * An entry that cannot be had for want of memory or by RLIMIT_SIGPENDING leaves only the bit, which
 * is right for all but real-time signals sent with sigqueue (EAGAIN).
 *
 * All lists and masks are guarded by the sighand lock of the task or process.
 */
#include <base/err.h>
#include <base/string.h>
#include <core/init.h>
#include <core/slab.h>

#include <kernel/time.h>

#include "internal.h"

static struct kmem_cache *sigqueue_cache;

static int sigqueue_init(void)
{
	sigqueue_cache = kmem_cache_create("sigqueue", sizeof(struct sigqueue), 8, 0, NULL);
	return sigqueue_cache ? 0 : -ENOMEM;
}
INITCALL_CORE(sigqueue_init);

void sigpending_init(struct sigpending *p)
{
	list_init(&p->queue);
	p->mask = 0;
}

/* The entry is charged to the real user of the receiver. Any context. */
static struct sigqueue *sigqueue_charge(struct task *t, gfp_t gfp, bool ignore_limit)
{
	struct user_struct *user;
	struct sigqueue *q;
	s64 count;

	rcu_read_lock();
	user = rcu_dereference(t->real_cred)->user;
	count = atomic64_inc_return(&user->sigpending);
	if (count == 1)
		ref_get(&user->ref);
	rcu_read_unlock();
	q = NULL;
	if (ignore_limit || (u64)count <= task_rlimit(t, RLIMIT_SIGPENDING))
		q = kmem_cache_alloc(sigqueue_cache, gfp);
	if (!q) {
		if (atomic64_dec_and_test(&user->sigpending))
			user_put(user);
		return NULL;
	}
	list_init(&q->link);
	q->flags = 0;
	q->user = user;
	return q;
}

static void sigqueue_uncharge(struct sigqueue *q)
{
	if (atomic64_dec_and_test(&q->user->sigpending))
		user_put(q->user);
	kmem_cache_free(sigqueue_cache, q);
}

struct sigqueue *sigqueue_alloc(void)
{
	struct sigqueue *q = sigqueue_charge(current, GFP_KERNEL, false);

	if (q)
		q->flags = SIGQUEUE_PREALLOC;
	return q;
}

/* A timer's entry: the caller has taken it off any queue under the sighand lock. */
void sigqueue_free(struct sigqueue *q)
{
	ASSERT(list_empty(&q->link));
	sigqueue_uncharge(q);
}

static void sigqueue_drop(struct sigqueue *q)
{
	list_del_init(&q->link);
	if (!(q->flags & SIGQUEUE_PREALLOC))
		sigqueue_uncharge(q);
}

void sigpending_flush(struct sigpending *p)
{
	struct sigqueue *q, *n;

	p->mask = 0;
	list_for_each_entry_safe(q, n, &p->queue, link)
		sigqueue_drop(q);
}

void sigpending_flush_mask(struct sigpending *p, u64 mask)
{
	struct sigqueue *q, *n;

	if (!(p->mask & mask))
		return;
	p->mask &= ~mask;
	list_for_each_entry_safe(q, n, &p->queue, link)
		if (sig_in(q->info.si_signo, mask))
			sigqueue_drop(q);
}

static void fill_info(siginfo_t *to, int sig, const siginfo_t *info)
{
	if (info == SEND_NOINFO || info == SEND_PRIV) {
		memset(to, 0, sizeof(*to));
		to->si_signo = sig;
		to->si_code = info == SEND_PRIV ? SI_KERNEL : SI_USER;
		if (info == SEND_NOINFO) {
			to->si_pid = task_tgid_vnr(current);
			to->si_uid = from_kuid(&init_user_ns, current_uid());
		}
		return;
	}
	*to = *info;
}

/*
 * Put `sig` for t on p. 0, also when a legacy signal was pending already; -EAGAIN when a real-time
 * signal with information from user space found no room.
 */
int sigpending_add(struct task *t, struct sigpending *p, int sig, const siginfo_t *info)
{
	bool from_user = info == SEND_NOINFO || (info != SEND_PRIV && info->si_code <= 0);
	bool queued_info = info != SEND_NOINFO && info != SEND_PRIV;
	struct sigqueue *q;

	if (sig < SIGRTMIN && sig_in(sig, p->mask))
		return 0;
	if (sig == SIGKILL) {
		p->mask |= SIGMASK(sig);
		return 0;
	}
	q = sigqueue_charge(t, GFP_ATOMIC | GFP_NOWARN, sig < SIGRTMIN && !from_user);
	if (q) {
		fill_info(&q->info, sig, info);
		list_add_tail(&q->link, &p->queue);
	} else if (sig >= SIGRTMIN && queued_info && info->si_code != SI_USER) {
		return -EAGAIN;
	}
	WRITE_ONCE(p->mask, p->mask | SIGMASK(sig));
	return 0;
}

/* Take the first entry of sig off p; the bit goes with the last one. */
static void take(struct sigpending *p, int sig, siginfo_t *info)
{
	struct sigqueue *q, *first = NULL;
	bool more = false;

	list_for_each_entry(q, &p->queue, link) {
		if (q->info.si_signo != sig)
			continue;
		if (first) {
			more = true;
			break;
		}
		first = q;
	}
	if (!more)
		WRITE_ONCE(p->mask, p->mask & ~SIGMASK(sig));
	if (!first) {
		memset(info, 0, sizeof(*info));
		info->si_signo = sig;
		info->si_code = SI_USER;
		return;
	}
	*info = first->info;
	if (first->flags & SIGQUEUE_PREALLOC) {
		list_del_init(&first->link);
		posix_timer_signal_taken(first, info);
		return;
	}
	sigqueue_drop(first);
}

/* Fault signals come before others, then the lowest number. */
static int next_signal(u64 pending, u64 blocked)
{
	u64 set = pending & ~blocked;

	if (!set)
		return 0;
	if (set & SIG_SYNCHRONOUS)
		set &= SIG_SYNCHRONOUS;
	return __builtin_ctzll(set) + 1;
}

int signal_dequeue(struct task *t, u64 blocked, siginfo_t *info)
{
	struct sigpending *p = &t->pending;
	int sig = next_signal(p->mask, blocked);

	if (!sig) {
		p = &t->proc->shared_pending;
		sig = next_signal(p->mask, blocked);
	}
	if (sig)
		take(p, sig, info);
	signal_recalc(t);
	return sig;
}

int signal_dequeue_synchronous(siginfo_t *info)
{
	struct sigpending *p = &current->pending;
	u64 set = p->mask & ~current->blocked & SIG_SYNCHRONOUS;
	struct sigqueue *q;

	if (!set)
		return 0;
	list_for_each_entry(q, &p->queue, link) {
		int sig = q->info.si_signo;

		if (q->info.si_code > SI_USER && sig_in(sig, set)) {
			take(p, sig, info);
			return sig;
		}
	}
	return 0;
}

u64 signal_pending_set(struct task *t)
{
	return READ_ONCE(t->pending.mask) | READ_ONCE(t->proc->shared_pending.mask);
}

void signal_recalc(struct task *t)
{
	u64 deliverable = signal_pending_set(t) & ~t->blocked;

	if (deliverable || t->jobctl & JOBCTL_STOP_PENDING)
		task_work_set(&t->core, WORK_SIGNAL);
	else if (t == current)
		task_work_clear(&t->core, WORK_SIGNAL);
}

/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The table of signal actions and its lock. A sighand is shared by CLONE_SIGHAND; its memory is
 * freed by RCU, so that a sender that found a task can try its lock without a reference.
 */
#include <base/err.h>
#include <base/string.h>
#include <core/init.h>
#include <core/rcu.h>
#include <core/slab.h>
#include <kernel/task.h>

static struct kmem_cache *sighand_cache;

static int sighand_init(void)
{
	sighand_cache = kmem_cache_create("sighand", sizeof(struct sighand), 64, 0, NULL);
	return sighand_cache ? 0 : -ENOMEM;
}
INITCALL_CORE(sighand_init);

struct sighand *sighand_copy(struct sighand *old, bool share, bool clear)
{
	struct sighand *s;
	u64 flags;

	if (share) {
		ref_get(&old->ref);
		return old;
	}
	s = kmem_cache_alloc(sighand_cache, GFP_KERNEL);
	if (!s)
		return NULL;
	ref_init(&s->ref, 1);
	spin_lock_init(&s->lock, SIGHAND);
	wait_queue_init(&s->signalfd_wait);
	spin_lock_irqsave(&old->lock, flags);
	memcpy(s->action, old->action, sizeof(s->action));
	spin_unlock_irqrestore(&old->lock, flags);
	for (int i = 0; clear && i < NSIG; i++)
		if (s->action[i].handler != SIG_IGN)
			s->action[i] = (struct ksigaction){ .handler = SIG_DFL };
	return s;
}

static void sighand_free(struct rcu_head *head)
{
	kmem_cache_free(sighand_cache, container_of(head, struct sighand, rcu));
}

void sighand_put(struct sighand *s)
{
	if (!ref_put(&s->ref))
		return;
	wake_up_pollfree(&s->signalfd_wait);
	call_rcu(&s->rcu, sighand_free);
}

/*
 * execve: nobody else may see our handlers change, and handlers of the old image mean nothing to
 * the new one; ignored signals stay ignored.
 */
int signal_unshare_exec(void)
{
	struct task *t = current;
	struct sighand *old = t->sighand, *s = old;
	u64 flags;

	if (ref_read(&old->ref) != 1) {
		s = sighand_copy(old, false, false);
		if (!s)
			return -ENOMEM;
		spin_lock(&tasklist_lock);
		spin_lock_irqsave(&old->lock, flags);
		rcu_assign_pointer(t->sighand, s);
		spin_unlock_irqrestore(&old->lock, flags);
		spin_unlock(&tasklist_lock);
		sighand_put(old);
	}
	spin_lock_irqsave(&s->lock, flags);
	for (int i = 0; i < NSIG; i++) {
		struct ksigaction *a = &s->action[i];

		if (a->handler != SIG_IGN)
			a->handler = SIG_DFL;
		a->flags = 0;
		a->mask = 0;
		a->restorer = 0;
	}
	spin_unlock_irqrestore(&s->lock, flags);
	t->sas_sp = 0;
	t->sas_size = 0;
	t->sas_flags = SS_DISABLE;
	return 0;
}

struct sighand *sighand_lock(struct task *t, u64 *flags)
{
	struct sighand *s;

	rcu_read_lock();
	for (;;) {
		s = rcu_dereference(t->sighand);
		if (!s)
			break;
		spin_lock_irqsave(&s->lock, *flags);
		/* It may have been exchanged (exec) or taken away (exit) before we had the lock. */
		if (likely(s == READ_ONCE(t->sighand)))
			break;
		spin_unlock_irqrestore(&s->lock, *flags);
	}
	rcu_read_unlock();
	return s;
}

void sighand_unlock(struct sighand *s, u64 flags)
{
	spin_unlock_irqrestore(&s->lock, flags);
}

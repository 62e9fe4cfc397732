/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Kernel threads. struct kthread is the thread's own: who ends it frees it. A thread that returns
 * without having been asked frees it itself; one that was asked leaves that to kthread_stop(), which
 * waits for its result. Hence the rule that only a thread that waits for kthread_should_stop() may be
 * stopped.
 */
#include <base/alloc.h>
#include <base/err.h>
#include <core/task_core.h>
#include <core/upcall.h>
#include <core/work.h>
#include "internal.h"

enum { KT_RUNS, KT_STOPPING, KT_ENDED };

struct kthread {
	int (*fn)(void *);
	void *arg;
	int result;
	u32 state;			/* [a] KT_* */
	struct completion done;
};

bool threads_up;

static int kthread_main(void *p)
{
	struct kthread *k = p;
	int result;

	current_core()->kt = k;
	result = k->fn(k->arg);
	current_core()->kt = NULL;
	k->result = result;
	if (xchg(&k->state, KT_ENDED) == KT_STOPPING)
		complete(&k->done);
	else
		kfree(k);
	return result;
}

struct task_core *kthread_run(int (*fn)(void *), void *arg, int cpu, const char *name)
{
	struct kthread *k = kmalloc(sizeof(*k), GFP_KERNEL);
	struct task_core *t;

	might_sleep();
	if (!k)
		return ERR_PTR(-ENOMEM);
	k->fn = fn;
	k->arg = arg;
	k->result = 0;
	k->state = KT_RUNS;
	completion_init(&k->done);
	t = task_create_kthread(kthread_main, k, cpu, name);
	if (IS_ERR(t)) {
		kfree(k);
		return t;
	}
	t->kt = k;
	WRITE_ONCE(threads_up, true);
	sched_wake(t, TASK_NEW);
	return t;
}

bool kthread_should_stop(void)
{
	struct kthread *k = current_core()->kt;

	return k && READ_ONCE(k->state) == KT_STOPPING;
}

int kthread_stop(struct task_core *t)
{
	struct kthread *k = t->kt;
	int result;

	might_sleep();
	VERIFY(k);
	/* It may end before we wake it: as RCU readers we keep its task, and who is dead is not to be woken. */
	preempt_disable();
	VERIFY(xchg(&k->state, KT_STOPPING) == KT_RUNS);
	sched_wake(t, TASK_ALL & ~(TASK_NEW | TASK_DEAD));
	preempt_enable();
	wait_for_completion(&k->done);
	result = k->result;
	kfree(k);
	return result;
}

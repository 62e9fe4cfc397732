/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The real-time class: SCHED_FIFO and SCHED_RR, and whoever inherits such a priority: a list a priority
 * (se.rt_eff) and a bit map on top. Curr stays at
 * its place in its list. Real-time tasks together get at most 950 ms of each second while fair tasks
 * wait, so that a runaway loop leaves the machine usable.
 */
#include "internal.h"

#define RT_PERIOD_NS	NSEC_PER_SEC
#define RT_RUNTIME_NS	(950 * NSEC_PER_MSEC)

void rt_init(struct rq *rq)
{
	for (int i = 0; i < MAX_RT_PRIO; i++)
		list_init(&rq->rt.queue[i]);
}

/* Index of the list: the highest priority has the lowest index. */
static inline u32 rt_index(const struct task *t)
{
	return (u32)(MAX_RT_PRIO - 1 - t->se.rt_eff);
}

static inline u32 rt_best(const struct rt_rq *rt)
{
	if (rt->map[0])
		return (u32)__builtin_ctzl(rt->map[0]);
	return rt->map[1] ? 64 + (u32)__builtin_ctzl(rt->map[1]) : MAX_RT_PRIO;
}

bool rt_throttled(struct rq *rq)
{
	struct rt_rq *rt = &rq->rt;

	if (rq->clock - rt->period_start >= RT_PERIOD_NS) {
		rt->period_start = rq->clock;
		rt->used_ns = 0;
	}
	return rt->used_ns > RT_RUNTIME_NS;
}

static void rt_charge(struct rq *rq, struct task *curr)
{
	u64 delta = rq->clock - curr->se.exec_start;

	if ((s64)delta <= 0)
		return;
	curr->se.exec_start = rq->clock;
	WRITE_ONCE(curr->se.sum_exec_ns, curr->se.sum_exec_ns + delta);
	rq->rt.used_ns += delta;
	if (curr->se.policy == SCHED_RR)
		curr->se.rr_left_ns = delta < curr->se.rr_left_ns ? curr->se.rr_left_ns - delta : 0;
}

static void rt_enqueue(struct rq *rq, struct task *t, u32 flags)
{
	u32 i = rt_index(t);

	if (!(flags & ENQ_MIGRATED))
		t->se.rt_awake_ns = t->se.sum_exec_ns;
	list_add_tail(&t->se.rt_link, &rq->rt.queue[i]);
	bitmap_set_bit(rq->rt.map, i);
	rq->rt.nr++;
}

static void rt_dequeue(struct rq *rq, struct task *t, u32 flags)
{
	u32 i = rt_index(t);

	(void)flags;
	if (task_running(rq, t))
		rt_charge(rq, t);
	list_del_init(&t->se.rt_link);
	if (list_empty(&rq->rt.queue[i]))
		bitmap_clear_bit(rq->rt.map, i);
	rq->rt.nr--;
}

static void rt_put_prev(struct rq *rq, struct task *t)
{
	rt_charge(rq, t);
}

static void rt_set_next(struct rq *rq, struct task *t)
{
	t->se.exec_start = rq->clock;
}

static struct task *rt_peek(struct rq *rq)
{
	u32 i = rt_best(&rq->rt);

	if (i >= MAX_RT_PRIO)
		return NULL;
	return list_first_entry(&rq->rt.queue[i], struct task, se.rt_link);
}

static bool rt_preempts(struct rq *rq, struct task *curr, struct task *t)
{
	(void)rq;
	return t->se.rt_eff > curr->se.rt_eff;
}

static u64 rt_tick(struct rq *rq, struct task *curr)
{
	rt_charge(rq, curr);
	if (rq->fair.nr && rt_throttled(rq))
		resched_curr(rq);
	if (curr->se.policy == SCHED_RR && !curr->se.rr_left_ns) {
		curr->se.rr_left_ns = RR_SLICE_NS;
		if (rq->rt.queue[rt_index(curr)].next != rq->rt.queue[rt_index(curr)].prev) {
			list_move_tail(&curr->se.rt_link, &rq->rt.queue[rt_index(curr)]);
			resched_curr(rq);
		}
	}
	return TICK_NS;
}

static void rt_yield(struct rq *rq, struct task *curr)
{
	list_move_tail(&curr->se.rt_link, &rq->rt.queue[rt_index(curr)]);
}

/* The best waiting task that may run on to_cpu; both locked. */
struct task *rt_steal(struct rq *from, int to_cpu)
{
	struct task *t;

	for (u32 i = rt_best(&from->rt); i < MAX_RT_PRIO; i++) {
		list_for_each_entry(t, &from->rt.queue[i], se.rt_link)
			if (!task_running(from, t) && cpumask_test(to_cpu, &t->se.affinity))
				return t;
	}
	return NULL;
}

const struct sched_class rt_class = {
	.rank = RANK_RT,
	.enqueue = rt_enqueue, .dequeue = rt_dequeue,
	.put_prev = rt_put_prev, .set_next = rt_set_next, .peek = rt_peek,
	.preempts = rt_preempts, .charge = rt_charge, .tick = rt_tick, .yield = rt_yield,
};

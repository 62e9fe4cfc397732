/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The fair class. Each task has a virtual time that advances with the CPU time it gets, slower the
 * heavier its weight (nice). It asks for the CPU in slices; a slice has a virtual deadline, its start
 * plus its length by weight, and the task with the earliest deadline runs. The deadline is renewed when
 * the virtual time reaches it, so all tasks stay within a slice of each other.
 *
 * A task that wakes up comes in at most one slice behind the queue's minimum: sleepers get the CPU
 * soon, but cannot save time up. Curr is not in the tree.
 *
 * Who has just got the CPU keeps it for a moment from those that it wakes: a writer puts several
 * messages into a socket before the reader takes them all, where each would cost two switches.
 */
#include <core/task_core.h>
#include "internal.h"

/* 1024 for nice 0; each step is a quarter more or less CPU. */
static const u32 nice_weight[40] = {
	88818, 71054, 56843, 45475, 36380, 29104, 23283, 18626, 14901, 11921,
	9537, 7629, 6104, 4883, 3906, 3125, 2500, 2000, 1600, 1280,
	1024, 819, 655, 524, 419, 336, 268, 215, 172, 137,
	110, 88, 70, 56, 45, 36, 29, 23, 18, 15,
};
#define IDLE_POLICY_WEIGHT	3
#define WAKEUP_GRAN_NS		NSEC_PER_MSEC	/* how far ahead curr must be to be preempted */
#define KEEP_NS			(100 * NSEC_PER_USEC)

u32 fair_nice_weight(int nice)
{
	return nice_weight[nice + 20];
}

void fair_set_weight(struct task *t)
{
	t->se.weight = t->se.policy == SCHED_IDLE ? IDLE_POLICY_WEIGHT : fair_nice_weight(t->se.static_nice);
	if (!t->se.slice_ns)
		t->se.slice_ns = SLICE_NS;
}

void fair_init(struct rq *rq)
{
	rq->fair.tree = (struct rb_root_cached)RB_ROOT_CACHED;
	rq->fair.min_vruntime = NSEC_PER_SEC;	/* room for tasks that come in behind */
}

static inline u64 to_virtual(u64 ns, u32 weight)
{
	return likely(weight == NICE_0_WEIGHT) ? ns : ns * NICE_0_WEIGHT / weight;
}

static inline bool deadline_before(const struct sched_entity *a, const struct sched_entity *b)
{
	return (s64)(a->deadline - b->deadline) < 0;
}

static inline struct sched_entity *leftmost(struct fair_rq *f)
{
	return rb_entry_safe(f->tree.leftmost, struct sched_entity, node);
}

static void tree_insert(struct fair_rq *f, struct sched_entity *se)
{
	struct rb_node **link = &f->tree.root.node, *parent = NULL;
	bool first = true;

	while (*link) {
		parent = *link;
		if (deadline_before(se, rb_entry(parent, struct sched_entity, node))) {
			link = &parent->left;
		} else {
			link = &parent->right;
			first = false;
		}
	}
	rb_link_node(&se->node, parent, link);
	rb_insert_cached(&se->node, &f->tree, first);
}

static inline void tree_erase(struct fair_rq *f, struct sched_entity *se)
{
	rb_erase_cached(&se->node, &f->tree);
	rb_clear_node(&se->node);
}

static inline void renew_deadline(struct sched_entity *se)
{
	se->deadline = se->vruntime + to_virtual(se->slice_ns, se->weight);
}

/* Charge curr; true if its slice is used up. */
static bool update_curr(struct rq *rq, struct sched_entity *se)
{
	struct fair_rq *f = &rq->fair;
	u64 delta = rq->clock - se->exec_start, min;
	struct sched_entity *left;
	bool over = false;

	if ((s64)delta <= 0)
		return false;
	se->exec_start = rq->clock;
	WRITE_ONCE(se->sum_exec_ns, se->sum_exec_ns + delta);
	se->vruntime += to_virtual(delta, se->weight);
	if ((s64)(se->vruntime - se->deadline) >= 0) {
		renew_deadline(se);
		over = true;
	}
	min = se->vruntime;
	left = leftmost(f);
	if (left && (s64)(left->vruntime - min) < 0)
		min = left->vruntime;
	if ((s64)(min - f->min_vruntime) > 0)
		f->min_vruntime = min;
	return over;
}

static void fair_charge(struct rq *rq, struct task *curr)
{
	update_curr(rq, &curr->se);
}

static void fair_enqueue(struct rq *rq, struct task *t, u32 flags)
{
	struct fair_rq *f = &rq->fair;
	struct sched_entity *se = &t->se;

	if (flags & ENQ_WAKEUP) {
		u64 floor = f->min_vruntime - to_virtual(se->slice_ns, NICE_0_WEIGHT);

		if ((s64)(se->vruntime - floor) < 0)
			se->vruntime = floor;
		renew_deadline(se);
	} else if (flags & ENQ_NEW) {
		se->vruntime = f->min_vruntime;
		if (rq->curr->se.cls == &fair_class && (s64)(rq->curr->se.vruntime - se->vruntime) > 0)
			se->vruntime = rq->curr->se.vruntime;
		renew_deadline(se);
	} else {
		renew_deadline(se);
	}
	f->nr++;
	f->load += se->weight;
	tree_insert(f, se);
}

static void fair_dequeue(struct rq *rq, struct task *t, u32 flags)
{
	struct fair_rq *f = &rq->fair;

	(void)flags;
	if (task_running(rq, t) && rb_node_empty(&t->se.node))
		update_curr(rq, &t->se);
	else
		tree_erase(f, &t->se);
	f->nr--;
	f->load -= t->se.weight;
}

static void fair_put_prev(struct rq *rq, struct task *t)
{
	update_curr(rq, &t->se);
	tree_insert(&rq->fair, &t->se);
}

static void fair_set_next(struct rq *rq, struct task *t)
{
	tree_erase(&rq->fair, &t->se);
	t->se.exec_start = rq->clock;
	rq->fair.picked = rq->clock;
}

static struct task *fair_peek(struct rq *rq)
{
	struct sched_entity *se = leftmost(&rq->fair);

	return se ? container_of(se, struct task, se) : NULL;
}

/*
 * Not yet: it looks again on its way to user mode. Not who sleeps soon anyway; a kernel thread does not pass there; another
 * CPU's timer is not ours to set; whom an interrupt wakes (a card's thread) does not wait for the end of a long call.
 */
static bool keeps(struct rq *rq, struct task *curr)
{
	if (rq->clock - rq->fair.picked >= KEEP_NS || curr->se.avg_burst_ns < KEEP_NS)
		return false;
	if (rq != this_rq() || curr->flags & PF_KTHREAD || in_irq())
		return false;
	task_work_set(&curr->core, WORK_KEPT_CPU);
	return true;
}

void sched_kept_cpu(void)
{
	u64 flags = irq_save(), had;
	struct rq *rq = this_rq();

	task_work_clear(current_core(), WORK_KEPT_CPU);
	had = sched_clock_ns() - READ_ONCE(rq->fair.picked);
	if (had >= KEEP_NS)
		resched_curr(rq);
	else
		tick_hasten(rq, KEEP_NS - had);
	irq_restore(flags);
}

static bool fair_preempts(struct rq *rq, struct task *curr, struct task *t)
{
	const struct sched_entity *c = &curr->se, *s = &t->se;

	if (unlikely(s->policy != SCHED_NORMAL)) {
		if (s->policy == SCHED_IDLE || c->policy != SCHED_IDLE)
			return false;		/* batch and idle tasks wait for their turn */
		return true;
	}
	if (unlikely(c->policy == SCHED_IDLE))
		return true;
	update_curr(rq, &curr->se);
	return (s64)(c->vruntime - s->vruntime) > (s64)to_virtual(WAKEUP_GRAN_NS, s->weight) &&
	       deadline_before(s, c) && !keeps(rq, curr);
}

static u64 fair_tick(struct rq *rq, struct task *curr)
{
	struct sched_entity *se = &curr->se, *left;
	u64 left_ns;

	update_curr(rq, se);
	left = leftmost(&rq->fair);
	if (!left && !rq->rt.nr)
		return TICK_NS;
	if (rq->rt.nr || deadline_before(left, se)) {
		resched_curr(rq);
		return SLICE_NS;
	}
	left_ns = (se->deadline - se->vruntime) * se->weight / NICE_0_WEIGHT;
	return clamp_t(u64, left_ns, NSEC_PER_MSEC / 2, TICK_NS);
}

/* Go behind all that wait now. */
static void fair_yield(struct rq *rq, struct task *curr)
{
	struct rb_node *last;

	update_curr(rq, &curr->se);
	last = rb_last(&rq->fair.tree.root);
	if (last) {
		struct sched_entity *se = rb_entry(last, struct sched_entity, node);

		if (!deadline_before(se, &curr->se))
			curr->se.deadline = se->deadline + 1;
	}
}

/* A waiting task for another CPU, the one that would run last here; both locked. NULL. */
struct task *fair_steal(struct rq *from, int to_cpu)
{
	struct rb_node *n;

	for (n = rb_last(&from->fair.tree.root); n; n = rb_prev(n)) {
		struct task *t = container_of(rb_entry(n, struct sched_entity, node), struct task, se);

		if (!task_running(from, t) && cpumask_test(to_cpu, &t->se.affinity))
			return t;
	}
	return NULL;
}

const struct sched_class fair_class = {
	.rank = RANK_FAIR,
	.enqueue = fair_enqueue, .dequeue = fair_dequeue,
	.put_prev = fair_put_prev, .set_next = fair_set_next, .peek = fair_peek,
	.preempts = fair_preempts, .charge = fair_charge, .tick = fair_tick, .yield = fair_yield,
};

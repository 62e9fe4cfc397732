/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Shared subtrees (mount_namespaces(7)): mounts of a peer group get each other's mounts and unmounts,
 * slaves get them from their master's group. Here: changing the type of a mount, and carrying a mount
 * or unmount to all who receive it.
 *
 * A peer group is a ring through m->peers with one group_id; slaves hang on m->slaves of one of its
 * members. Propagation goes breadth first over groups: a queue through prop_link of one member per
 * group, prop_mark tells which groups were seen in this run.
 *
 * Locks: namespace_sem for writing throughout; mount_lock where links change.
 */
#include "internal.h"
#include <base/ida.h>

static struct ida group_ids = IDA_INIT;		/* [namespace_sem] */
static u64 run_counter;				/* [namespace_sem] */

static int group_alloc(struct mount *m)
{
	int id = ida_alloc(&group_ids, 1, 0x7fffffff, GFP_KERNEL);

	if (id < 0)
		return id;
	m->group_id = id;
	return 0;
}

void mount_release_group(struct mount *m)
{
	ida_free(&group_ids, (u32)m->group_id);
	m->group_id = 0;
}

/* Give the mounts of the tree that are not shared an id each, before they become so. */
int mount_make_groups(struct mount *m, bool recurse)
{
	struct mount *p, *q;
	int err;

	for (p = m; p; p = recurse ? mount_next(p, m) : NULL) {
		if (p->group_id || mount_is_shared(p))
			continue;
		err = group_alloc(p);
		if (err) {
			for (q = m; q != p; q = mount_next(q, m))
				if (q->group_id && !mount_is_shared(q))
					mount_release_group(q);
			return err;
		}
	}
	return 0;
}

static struct mount *next_peer(struct mount *m)
{
	return list_entry(m->peers.next, struct mount, peers);
}


/* m leaves its group; its slaves and itself follow another member, or its own master. */
static void make_slave(struct mount *m)
{
	struct mount *master = m->master, *s, *n;

	if (list_empty(&m->peers)) {
		if (mount_is_shared(m) || m->group_id)
			mount_release_group(m);
	} else {
		struct mount *p;

		/* a member that shows the same part is the best one to follow */
		master = next_peer(m);
		for (p = next_peer(m); p != m; p = next_peer(p))
			if (p->root == m->root) {
				master = p;
				break;
			}
		list_del_init(&m->peers);
		m->group_id = 0;
	}
	m->flags &= ~MNT_SHARED;
	list_for_each_entry_safe(s, n, &m->slaves, slave_link) {
		s->master = master;
		if (master)
			list_move(&s->slave_link, &master->slaves);
		else
			list_del_init(&s->slave_link);
	}
	if (m->master != master) {
		list_del_init(&m->slave_link);
		if (master)
			list_add(&m->slave_link, &master->slaves);
		m->master = master;
	}
}

/* type: one of MS_SHARED, MS_PRIVATE, MS_SLAVE, MS_UNBINDABLE. mount_lock held. */
void mount_change_type(struct mount *m, u32 type)
{
	if (type == MS_SHARED) {
		m->flags &= ~MNT_UNBINDABLE;
		m->flags |= MNT_SHARED;
		return;
	}
	make_slave(m);
	if (type != MS_SLAVE) {
		if (m->master)
			list_del_init(&m->slave_link);
		m->master = NULL;
		if (type == MS_UNBINDABLE)
			m->flags |= MNT_UNBINDABLE;
		else
			m->flags &= ~MNT_UNBINDABLE;
	}
}

/* For mountinfo's propagate_from: the nearest dominating group that root can see; 0: none. */
int mount_group_dominating(struct mount *m, const struct path *root)
{
	struct mount *g, *p;

	for (g = m->master; g; g = g->master) {
		p = g;
		do {
			if (p->ns == current->nsproxy->mnt && dentry_is_ancestor(p->root, root->dentry))
				return p->group_id;
			p = next_peer(p);
		} while (p != g);
	}
	return 0;
}

/* --- who receives --- */

/* Put the groups that are slaves of any member of rep's group on the queue. */
static void queue_slaves(struct mount *rep, struct mount *src, struct list_head *queue, u64 run)
{
	struct mount *p = rep, *s;

	do {
		list_for_each_entry(s, &p->slaves, slave_link) {
			if (s->prop_mark == run)
				continue;
			s->prop_mark = run;
			s->prop_src = src;
			list_add_tail(&s->prop_link, queue);
		}
		p = next_peer(p);
	} while (p != rep);
}

/*
 * Mounts that receive what happens in `from` (not itself), one call of fn each. fn returns 0 to go
 * on. Marks make each group be visited once, by its first member.
 */
static int for_each_receiver(struct mount *from, int (*fn)(struct mount *m, void *arg), void *arg)
{
	LIST_HEAD(queue);
	u64 run = ++run_counter;
	struct mount *rep, *p;
	int err = 0;

	from->prop_mark = run;
	list_add_tail(&from->prop_link, &queue);
	while (!list_empty(&queue)) {
		rep = list_first_entry(&queue, struct mount, prop_link);
		list_del_init(&rep->prop_link);
		p = rep;
		do {
			if (p == rep || p->prop_mark != run) {
				p->prop_mark = run;
				if (p != from && p->ns && !err)
					err = fn(p, arg);
			} else if (p != from && p != rep && !list_empty(&p->prop_link)) {
				/* queued as a slave by itself: visited here with its group */
				list_del_init(&p->prop_link);
				if (p->ns && !err)
					err = fn(p, arg);
			}
			p = next_peer(p);
		} while (p != rep);
		if (!err)
			queue_slaves(rep, NULL, &queue, run);
	}
	return err;
}

/* --- mount --- */

struct prop_ctx {
	struct mount *dest, *source;
	struct dentry *mp;
	struct list_head *tree_list;
	u64 run;
};

/* One copy of `src` on m. */
static struct mount *copy_onto(struct prop_ctx *c, struct mount *m, struct mount *src, u32 how)
{
	struct mount *copy = mount_copy_tree(src, src->root, how);

	if (IS_ERR(copy))
		return copy;
	/* the table comes later, with the source's own */
	copy->prop_src = m;
	list_add_tail(&copy->work_link, c->tree_list);
	return copy;
}

/* All members of rep's group: the first copy follows src (or is its peer), the others are its peers. */
static int propagate_group(struct prop_ctx *c, struct mount *rep, struct mount *src, struct list_head *queue)
{
	struct mount *first = rep == c->dest ? c->source : NULL, *p = rep, *copy;

	do {
		struct mount *m = p;

		p = next_peer(p);
		m->prop_mark = c->run;
		list_del_init(&m->prop_link);
		if (m == c->dest || !m->ns || !dentry_is_ancestor(m->root, c->mp))
			continue;
		copy = first ? copy_onto(c, m, first, CLONE_MAKE_SHARED) :
			       copy_onto(c, m, src, CLONE_SLAVE | (mount_is_shared(m) ? CLONE_MAKE_SHARED : 0));
		if (IS_ERR(copy))
			return (int)PTR_ERR(copy);
		if (!first)
			first = copy;
	} while (p != rep);
	queue_slaves(rep, first ? first : src, queue, c->run);
	return 0;
}

/*
 * `source` is about to be mounted on (dest, mp): make the copies for all receivers, on tree_list by
 * work_link, the place of each in prop_src (and mp). On failure the list holds what is to be undone.
 */
int propagate_mount(struct mount *dest, struct dentry *mp, struct mount *source, struct list_head *tree_list)
{
	struct prop_ctx c = { .dest = dest, .source = source, .mp = mp, .tree_list = tree_list, .run = ++run_counter };
	LIST_HEAD(queue);
	int err;

	err = propagate_group(&c, dest, source, &queue);
	while (!list_empty(&queue)) {
		struct mount *rep = list_first_entry(&queue, struct mount, prop_link);

		list_del_init(&rep->prop_link);
		if (!err)
			err = propagate_group(&c, rep, rep->prop_src, &queue);
	}
	return err;
}

/* --- unmount --- */

struct busy_ctx {
	struct mount *m;
};

static int child_busy(struct mount *receiver, void *arg)
{
	struct busy_ctx *c = arg;
	struct mount *child = mount_lookup(receiver, c->m->mountpoint);

	if (!child || !list_empty(&child->children))
		return 0;
	return mount_count_sum(child, 0) > 1;
}

/* Is m, or what it propagated to, in use beyond `refs`? mount_lock held. */
bool propagate_busy(struct mount *m, int refs)
{
	struct busy_ctx c = { m };

	if (!list_empty(&m->children) || mount_count_sum(m, 0) > refs)
		return true;
	if (m->parent == m)
		return false;
	return for_each_receiver(m->parent, child_busy, &c) != 0;
}

struct umount_ctx {
	struct mount *m;
	struct list_head *list;
};

static int child_umount(struct mount *receiver, void *arg)
{
	struct umount_ctx *c = arg;
	struct mount *child = mount_lookup(receiver, c->m->mountpoint);

	/* Not one that carries mounts of its own, nor one that is on the list already. */
	if (child && list_empty(&child->children) && list_empty(&child->work_link) && child->ns)
		list_add_tail(&child->work_link, c->list);
	return 0;
}

/* mount_lock held. */
void propagate_umount(struct list_head *list)
{
	struct mount *m;

	/* what is added at the end propagates from where it was found: visited again, harmlessly */
	list_for_each_entry(m, list, work_link) {
		struct umount_ctx c = { m, list };

		if (m->parent != m)
			(void)for_each_receiver(m->parent, child_umount, &c);
	}
}

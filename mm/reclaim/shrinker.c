/* SPDX-License-Identifier: MPL-2.0 */
/* Caches above that give objects back under pressure (dentries, inodes): a list, and a walk over it. */
#include <core/mutex.h>
#include <core/rcu.h>
#include <core/slab.h>
#include <fs/buffer.h>
#include <fs/super.h>
#include <mm/writeback.h>
#include "internal.h"

static LIST_HEAD(shrinkers);			/* [shrinkers_lock] */
static DEFINE_RWSEM(shrinkers_lock, SLAB_CACHES);

void shrinker_register(struct shrinker *s)
{
	down_write(&shrinkers_lock);
	list_add_tail(&s->link, &shrinkers);
	up_write(&shrinkers_lock);
}

u64 shrinkers_run(u64 share, gfp_t gfp)
{
	struct shrinker *s;
	u64 freed = 0;

	/* Reclaim must not wait for a registration that waits for memory. */
	if (!down_read_trylock(&shrinkers_lock))
		return 0;
	list_for_each_entry(s, &shrinkers, link) {
		u64 n = s->count(s);

		if (n)
			freed += s->scan(s, n / share + 1, gfp);
	}
	up_read(&shrinkers_lock);
	return freed;
}

static void drop_inode_pages(struct super_block *sb, void *arg)
{
	struct inode *i, *held = NULL;

	(void)arg;
	spin_lock(&sb->inode_list_lock);
	list_for_each_entry(i, &sb->inodes, sb_link) {
		if (!i->data.nr_pages || i->data.flags & MAPPING_NO_WRITEBACK)
			continue;
		/* Those that stand unused in the cache too. The state lock stands above the list's: only try. */
		while (!inode_trygrab(i) && !(READ_ONCE(i->state) & I_FREEING))
			cpu_relax();
		if (READ_ONCE(i->state) & I_FREEING)
			continue;
		spin_unlock(&sb->inode_list_lock);
		/* i is referenced: it stays on the list while we look away. */
		invalidate_clean(&i->data, 0, ~0ull);
		if (held)
			inode_put(held);
		held = i;
		spin_lock(&sb->inode_list_lock);
	}
	spin_unlock(&sb->inode_list_lock);
	if (held)
		inode_put(held);
}

void drop_caches(int what)
{
	lru_drain_all();
	/* Inodes and dentries first: what they hold of the page cache goes with it. */
	if (what & 2)
		for (int i = 0; i < 8 && shrinkers_run(1, GFP_KERNEL); i++)
			;
	if (what & 1) {
		buffers_drop_unused();
		super_for_each(drop_inode_pages, NULL);
	}
	/* What was freed waits for RCU; slabs of type-stable objects wait once more. */
	rcu_barrier();
	slab_shrink_all();
	rcu_barrier();
}

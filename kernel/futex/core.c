/* SPDX-License-Identifier: MPL-2.0 */
/* Futex keys, the hash table of waiters, and the futex(2) multiplexer. */
#include <base/err.h>
#include <base/hash.h>
#include <base/math.h>
#include <core/init.h>
#include <core/slab.h>
#include <core/upcall.h>
#include <fs/file.h>
#include <kernel/syscall.h>
#include <kernel/time.h>
#include <mm/mm.h>
#include <uapi/linux/futex.h>

#include "internal.h"

static struct futex_bucket *table __ro_after_init;
static unsigned int table_bits __ro_after_init;

static int futex_init(void)
{
	u64 n = roundup_pow2(64 * (u64)nr_cpus);

	table_bits = (unsigned int)ilog2(n);
	table = kvmalloc(n * sizeof(*table), GFP_KERNEL | GFP_ZERO);
	if (!table)
		return -ENOMEM;
	for (u64 i = 0; i < n; i++) {
		spin_lock_init(&table[i].lock, FUTEX);
		list_init(&table[i].list);
	}
	return 0;
}
INITCALL_SMP(futex_init);

/*
 * A shared mapping of a file is named by the file, so that all who map it meet; anything else by
 * the address space. A process-private futex needs no look at the mapping at all.
 */
int futex_get_key(u64 addr, bool shared, struct futex_key *key)
{
	struct mm *mm = current->mm;
	struct vma *v;

	if (addr % sizeof(u32))
		return -EINVAL;
	if (!user_range_ok(uaddr(addr), sizeof(u32)))
		return -EFAULT;
	key->object = mm;
	key->offset = addr;
	key->shared = false;
	if (!shared)
		return 0;
	v = vma_lock_read(mm, addr);
	if (!v)
		return -EFAULT;
	if (addr < v->start) {		/* the next one above */
		vma_unlock_read(v);
		return -EFAULT;
	}
	if (v->flags & VM_SHARED && v->file) {
		key->object = v->file->inode;
		key->offset = (v->pgoff << PAGE_SHIFT) + (addr - v->start);
		key->shared = true;
		inode_get(v->file->inode);
	}
	vma_unlock_read(v);
	return 0;
}

void futex_put_key(struct futex_key *key)
{
	if (key->shared)
		inode_put(key->object);
}

bool futex_key_equal(const struct futex_key *a, const struct futex_key *b)
{
	return a->object == b->object && a->offset == b->offset;
}

struct futex_bucket *futex_bucket(const struct futex_key *key)
{
	return &table[hash_u64((u64)key->object * 31 + key->offset / 4, table_bits)];
}

void futex_lock_two(struct futex_bucket *a, struct futex_bucket *b)
{
	if (a > b)
		swap(a, b);
	spin_lock(&a->lock);
	if (a != b)
		spin_lock_nested(&b->lock, 1);
}

void futex_unlock_two(struct futex_bucket *a, struct futex_bucket *b)
{
	spin_unlock(&a->lock);
	if (a != b)
		spin_unlock(&b->lock);
}

void futex_enqueue(struct futex_waiter *w, struct futex_bucket *b)
{
	w->bucket = b;
	list_add_tail(&w->link, &b->list);
}

/*
 * The waiter lives on its task's stack and may be gone as soon as bucket is NULL; the task itself
 * is freed by RCU, and the bucket lock keeps us inside a reader's section.
 */
void futex_wake_one(struct futex_waiter *w)
{
	struct task *t = w->task;

	list_del(&w->link);
	atomic_dec(&w->bucket->waiters);
	smp_store_release(&w->bucket, NULL);
	sched_wake(&t->core, TASK_NORMAL);
}

bool futex_dequeue(struct futex_waiter *w)
{
	struct futex_bucket *b;

	while ((b = READ_ONCE(w->bucket))) {
		spin_lock(&b->lock);
		if (b == w->bucket) {
			list_del(&w->link);
			atomic_dec(&b->waiters);
			w->bucket = NULL;
			spin_unlock(&b->lock);
			return false;
		}
		spin_unlock(&b->lock);	/* requeued meanwhile */
	}
	return true;
}

int futex_wake_addr(u64 addr, int nr)
{
	return futex_wake(addr, FLAGS_SHARED, nr, FUTEX_BITSET_MATCH_ANY);
}

long futex_do(u64 addr, int op, u32 val, u64 deadline, u64 addr2, u32 val2, u32 val3)
{
	u32 flags = op & FUTEX_PRIVATE_FLAG ? 0 : FLAGS_SHARED;
	int cmd = op & FUTEX_CMD_MASK;

	if (op & FUTEX_CLOCK_REALTIME) {
		flags |= FLAGS_REALTIME;
		if (cmd != FUTEX_WAIT_BITSET && cmd != FUTEX_WAIT_REQUEUE_PI && cmd != FUTEX_LOCK_PI2)
			return -ENOSYS;
	}
	switch (cmd) {
	case FUTEX_WAIT:
		val3 = FUTEX_BITSET_MATCH_ANY;
		fallthrough;
	case FUTEX_WAIT_BITSET:
		return futex_wait(addr, flags, val, deadline, val3);
	case FUTEX_WAKE:
		val3 = FUTEX_BITSET_MATCH_ANY;
		fallthrough;
	case FUTEX_WAKE_BITSET:
		return futex_wake(addr, flags, (int)val, val3);
	case FUTEX_REQUEUE:
		return futex_requeue(addr, flags, addr2, (int)val, (int)val2, NULL);
	case FUTEX_CMP_REQUEUE:
		return futex_requeue(addr, flags, addr2, (int)val, (int)val2, &val3);
	case FUTEX_WAKE_OP:
		return futex_wake_op(addr, flags, addr2, (int)val, (int)val2, val3);
	case FUTEX_LOCK_PI:
		flags |= FLAGS_REALTIME;
		fallthrough;
	case FUTEX_LOCK_PI2:
		return futex_lock_pi(addr, flags, deadline, false);
	case FUTEX_TRYLOCK_PI:
		return futex_lock_pi(addr, flags, WAIT_FOREVER, true);
	case FUTEX_UNLOCK_PI:
		return futex_unlock_pi(addr, flags);
	case FUTEX_WAIT_REQUEUE_PI:
		return futex_wait_requeue_pi(addr, flags, val, deadline, addr2);
	case FUTEX_CMP_REQUEUE_PI:
		return futex_cmp_requeue_pi(addr, flags, addr2, (int)val, (int)val2, val3);
	default:
		return -ENOSYS;
	}
}

static bool has_timeout(int cmd)
{
	return cmd == FUTEX_WAIT || cmd == FUTEX_WAIT_BITSET || cmd == FUTEX_LOCK_PI || cmd == FUTEX_LOCK_PI2 ||
	       cmd == FUTEX_WAIT_REQUEUE_PI;
}

long sys_futex(uaddr_t word, int op, u32 val, uin_timespec utime, uaddr_t word2, u32 val3)
{
	int cmd = op & FUTEX_CMD_MASK;
	u64 deadline = WAIT_FOREVER;
	struct timespec ts;
	u32 val2 = (u32)utime.addr;

	if (has_timeout(cmd) && !uptr_null(utime)) {
		if (copy_in(&ts, utime))
			return -EFAULT;
		if (!timespec_valid(&ts))
			return -EINVAL;
		deadline = (u64)timespec_to_ns(&ts);
		if (cmd == FUTEX_WAIT)
			deadline += clock_monotonic_ns();
	}
	return futex_do(word.v, op, val, deadline, word2.v, val2, val3);
}

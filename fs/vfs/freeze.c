/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Freezing a file system (FIFREEZE): writers stop at the door, those inside finish, all goes to the disk.
 *
 * Three levels close one after the other, as one who is inside an outer one may still need an inner one:
 * system calls that write (SB_FREEZE_WRITE), write faults of shared mappings (SB_FREEZE_PAGEFAULT: a write may
 * fault on its buffer), then what the file system does inside (SB_FREEZE_FS: write-back, which the freezer still
 * wants after the first two are closed). Who is inside counts on its CPU with preemption off, so that a grace
 * period after a level closed says that the sum only falls.
 *
 * Writes that nobody waits for (AIO) are counted apart, as they end in interrupts.
 *
 * A frozen instance has a reference of its own, so an unmount leaves it as it is until it is thawed.
 *
 * Locks: sb->umount for a change of sb->frozen; not held while writers are waited for, who may need it.
 */
#include "internal.h"
#include <core/cpumask.h>
#include <core/percpu.h>
#include <core/rcu.h>
#include <core/wait.h>

static DEFINE_WAIT_QUEUE(thaw_wait);		/* for a level to open */
static DEFINE_WAIT_QUEUE(drain_wait);		/* for a level to be empty */

int super_freeze_init(struct super_block *sb)
{
	if (!SOP(sb, freeze_fs))
		return 0;
	sb->writers = percpu_alloc(SB_FREEZE_FS * sizeof(s64), sizeof(s64));
	return sb->writers ? 0 : -ENOMEM;
}

void super_freeze_fini(struct super_block *sb)
{
	if (sb->writers)
		percpu_free(sb->writers);
	sb->writers = NULL;
}

bool super_try_start(struct super_block *sb, u32 level)
{
	bool open;

	if (!sb->writers)
		return true;
	preempt_disable();
	/* The freezer itself works on. */
	open = READ_ONCE(sb->frozen) < level || READ_ONCE(sb->freezer) == current;
	if (likely(open))
		percpu_this(sb->writers)[level - 1]++;
	preempt_enable();
	return open;
}

void super_start(struct super_block *sb, u32 level)
{
	while (unlikely(!super_try_start(sb, level)))
		wait_event(&thaw_wait, READ_ONCE(sb->frozen) < level);
}

void super_end(struct super_block *sb, u32 level)
{
	bool closed;

	if (!sb->writers)
		return;
	preempt_disable();
	percpu_this(sb->writers)[level - 1]--;
	closed = READ_ONCE(sb->frozen);
	preempt_enable();
	if (unlikely(closed))
		wake_up_all(&drain_wait);
}

void super_async_start(struct super_block *sb)
{
	atomic_inc(&sb->async_writes);
}

void super_async_end(struct super_block *sb)
{
	if (atomic_dec_and_test(&sb->async_writes) && unlikely(READ_ONCE(sb->frozen)))
		wake_up_all(&drain_wait);
}

void file_start_write(struct file *f)
{
	if (S_ISREG_I(f->inode))
		super_start(f->inode->sb, SB_FREEZE_WRITE);
}

void file_end_write(struct file *f)
{
	if (S_ISREG_I(f->inode))
		super_end(f->inode->sb, SB_FREEZE_WRITE);
}

static s64 inside(struct super_block *sb, u32 level)
{
	s64 sum = 0;
	int cpu;

	for_each_possible_cpu(cpu)
		sum += READ_ONCE(percpu_ptr(sb->writers, cpu)[level - 1]);
	return sum;
}

static void close_level(struct super_block *sb, u32 level)
{
	WRITE_ONCE(sb->frozen, level);
	synchronize_rcu();
	wait_event(&drain_wait, inside(sb, level) <= 0 && (level != SB_FREEZE_WRITE || !atomic_read(&sb->async_writes)));
}

static void open_all(struct super_block *sb)
{
	WRITE_ONCE(sb->freezer, NULL);
	WRITE_ONCE(sb->frozen, SB_UNFROZEN);
	wake_up_all(&thaw_wait);
}

int super_freeze(struct super_block *sb)
{
	bool write;
	int err = 0;

	if (!SOP(sb, freeze_fs))
		return -EOPNOTSUPP;
	down_write(&sb->umount);
	if (sb->frozen) {
		up_write(&sb->umount);
		return -EBUSY;
	}
	WRITE_ONCE(sb->frozen, SB_FREEZE_WRITE);
	ref_get(&sb->active);
	write = !(sb->flags & SB_RDONLY);
	up_write(&sb->umount);
	if (write) {
		close_level(sb, SB_FREEZE_WRITE);
		close_level(sb, SB_FREEZE_PAGEFAULT);
	}
	down_write(&sb->umount);
	if (write) {
		WRITE_ONCE(sb->freezer, current);
		err = super_sync(sb, true);
		if (!err) {
			close_level(sb, SB_FREEZE_FS);
			err = sb->ops->freeze_fs(sb, true);
		}
		WRITE_ONCE(sb->freezer, NULL);
	}
	if (err)
		open_all(sb);
	else
		WRITE_ONCE(sb->frozen, SB_FREEZE_COMPLETE);
	up_write(&sb->umount);
	if (err)
		super_put_active(sb);
	return err;
}

int super_thaw(struct super_block *sb)
{
	int err = 0;

	down_write(&sb->umount);
	if (sb->frozen != SB_FREEZE_COMPLETE) {
		up_write(&sb->umount);
		return -EINVAL;
	}
	if (!(sb->flags & SB_RDONLY))
		err = sb->ops->freeze_fs(sb, false);
	if (!err)
		open_all(sb);
	up_write(&sb->umount);
	if (!err)
		super_put_active(sb);
	return err;
}

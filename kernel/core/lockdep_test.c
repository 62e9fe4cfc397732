/* SPDX-License-Identifier: MPL-2.0 */
/* Each rule of lock checking is broken once: the check must see it, and must not see what is allowed. */
#include <core/ktest.h>
#include <core/mutex.h>
#include <core/spinlock.h>
#include <core/task_core.h>
#include "internal.h"

#if IS_DEBUG
static DEFINE_MUTEX(outer, INODE);
static DEFINE_MUTEX(inner, LEAF_MUTEX);
static DEFINE_SPINLOCK(spin, OBJECT);
static DEFINE_SPINLOCK(spin_irq, OBJECT_IRQ);
static struct mutex twins[2];

static void watch(void)
{
	lockdep_test_reports = 0;
	WRITE_ONCE(lockdep_test_task, current_core());
}

static u32 seen(void)
{
	WRITE_ONCE(lockdep_test_task, NULL);
	return lockdep_test_reports;
}

KTEST(lockdep, allows_the_order)
{
	u64 flags;

	watch();
	mutex_lock(&outer);
	mutex_lock(&inner);
	spin_lock(&spin);
	spin_lock_irqsave(&spin_irq, flags);
	assert_held(&spin);
	assert_held(&outer);
	spin_unlock_irqrestore(&spin_irq, flags);
	spin_unlock(&spin);
	mutex_unlock(&outer);
	mutex_unlock(&inner);
	KEXPECT_EQ(seen(), 0);
	KEXPECT(!lockdep_held(&outer));
}

KTEST(lockdep, sees_wrong_order)
{
	watch();
	mutex_lock(&inner);
	mutex_lock(&outer);
	mutex_unlock(&outer);
	mutex_unlock(&inner);
	KEXPECT_EQ(seen(), 1);
}

KTEST(lockdep, twins_need_address_order_or_subclass)
{
	mutex_init(&twins[0], INODE);
	mutex_init(&twins[1], INODE);
	watch();
	mutex_lock(&twins[0]);
	mutex_lock(&twins[1]);
	mutex_unlock(&twins[1]);
	mutex_unlock(&twins[0]);
	mutex_lock(&twins[1]);
	mutex_lock_nested(&twins[0], 1);
	mutex_unlock(&twins[0]);
	mutex_unlock(&twins[1]);
	KEXPECT_EQ(seen(), 0);
	watch();
	mutex_lock(&twins[1]);
	mutex_lock(&twins[0]);
	mutex_unlock(&twins[0]);
	mutex_unlock(&twins[1]);
	KEXPECT_EQ(seen(), 1);
}

KTEST(lockdep, sees_interrupt_class_with_interrupts_on)
{
	watch();
	spin_lock(&spin_irq);
	spin_unlock(&spin_irq);
	KEXPECT_EQ(seen(), 1);
}

KTEST(lockdep, sees_foreign_unlock)
{
	struct lockdep_map m = { LC_OBJECT };

	watch();
	lockdep_release(&m, &m);
	KEXPECT_EQ(seen(), 1);
}

KTEST(lockdep, sees_lock_never_initialised)
{
	static spinlock_t raw;

	watch();
	spin_lock(&raw);
	spin_unlock(&raw);
	KEXPECT(seen() >= 1);
}

KTEST(lockdep, trylock_is_not_judged)
{
	watch();
	mutex_lock(&inner);
	KEXPECT(mutex_trylock(&outer));
	mutex_unlock(&outer);
	mutex_unlock(&inner);
	KEXPECT_EQ(seen(), 0);
}

KTEST(lockdep, sees_lock_at_the_border)
{
	watch();
	mutex_lock(&inner);
	lockdep_assert_none();
	mutex_unlock(&inner);
	lockdep_assert_none();
	KEXPECT_EQ(seen(), 1);
}
#endif

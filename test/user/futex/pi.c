/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Priority-inheritance futexes: LOCK_PI, TRYLOCK_PI, UNLOCK_PI, errors; skipped where absent.
 */
#include "ktest_user.h"
#include <linux/futex.h>

static long futex(void *a, int op, unsigned v, void *t) { return syscall(SYS_futex, a, op, v, t, NULL, 0); }
CASE(lock)
{
	unsigned *w = mmap(NULL, PG, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid_t p;

	SKIP_IF_ENOSYS(futex(w, FUTEX_TRYLOCK_PI, 0, NULL));
	CHECK_EQ(*w, gettid());
	CHECK_ERR(futex(w, FUTEX_LOCK_PI, 0, NULL), EDEADLK);
	CHILD(p) {
		CHECK_ERR(futex(w, FUTEX_TRYLOCK_PI, 0, NULL), EAGAIN);
		CHECK_ERR(futex(w, FUTEX_UNLOCK_PI, 0, NULL), EPERM);
		CHECK_OK(futex(w, FUTEX_LOCK_PI, 0, NULL));
		CHECK_EQ(*w & FUTEX_TID_MASK, gettid());
		CHECK_OK(futex(w, FUTEX_UNLOCK_PI, 0, NULL));
	}
	WAIT_BLOCKED(p);
	CHECK_EQ(*w & FUTEX_WAITERS, FUTEX_WAITERS);
	CHECK_OK(futex(w, FUTEX_UNLOCK_PI, 0, NULL));
	WAIT_EXIT(p, 0);
	CHECK_EQ(*w & FUTEX_TID_MASK, 0);
}
CASE(bad_owner)
{
	unsigned w = 4000000;

	SKIP_IF_ENOSYS(futex(&(unsigned){ 0 }, FUTEX_TRYLOCK_PI, 0, NULL));
	CHECK_ERR(futex(&w, FUTEX_LOCK_PI, 0, NULL), ESRCH);
}

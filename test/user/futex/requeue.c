/* SPDX-License-Identifier: MPL-2.0 */
/* REQUEUE, CMP_REQUEUE and WAKE_OP: who wakes, who moves, value checks, operations. */
#include "ktest_user.h"
#include <linux/futex.h>

static unsigned *m;
static long futex(void *a, int op, unsigned v, long v2, void *a2, unsigned v3)
{
	return syscall(SYS_futex, a, op, v, v2, a2, v3);
}
static pid_t wait_on(int slot)
{
	pid_t p;

	CHILD(p)
		CHECK_OK(futex(m + slot, FUTEX_WAIT, 0, 0, NULL, 0));
	WAIT_BLOCKED(p);
	return p;
}
static void setup(void)
{
	m = mmap(NULL, PG, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	CHECK(m != MAP_FAILED);
}
CASE(cmp_requeue)
{
	pid_t p[4];

	setup();
	for (int i = 0; i < 4; i++)
		p[i] = wait_on(0);
	CHECK_ERR(futex(m, FUTEX_CMP_REQUEUE, 1, 2, m + 1, 7), EAGAIN);
	CHECK_EQ(futex(m, FUTEX_CMP_REQUEUE, 1, 2, m + 1, 0), 3);	/* one woken, two moved */
	WAIT_EXIT(p[0], 0);
	CHECK_EQ(futex(m, FUTEX_WAKE, 10, 0, NULL, 0), 1);
	WAIT_EXIT(p[3], 0);
	CHECK_EQ(futex(m + 1, FUTEX_WAKE, 10, 0, NULL, 0), 2);
	WAIT_EXIT(p[1], 0);
	WAIT_EXIT(p[2], 0);
}
CASE(requeue)
{
	pid_t p[3];

	setup();
	for (int i = 0; i < 3; i++)
		p[i] = wait_on(0);
	CHECK_EQ(futex(m, FUTEX_REQUEUE, 1, INT_MAX, m + 5, 0), 3);	/* woken and moved */
	WAIT_EXIT(p[0], 0);
	CHECK_EQ(futex(m, FUTEX_WAKE, 10, 0, NULL, 0), 0);
	CHECK_EQ(futex(m + 5, FUTEX_WAKE, 10, 0, NULL, 0), 2);
	WAIT_EXIT(p[1], 0);
	WAIT_EXIT(p[2], 0);
	CHECK_ERR(futex(m, FUTEX_REQUEUE, 1, 1, (void *)8, 0), EFAULT);
	CHECK_ERR(futex(m, FUTEX_CMP_REQUEUE, -1, 1, m + 1, 0), EINVAL);
}
CASE(wake_op)
{
	static const struct { unsigned op, oparg, cmp, cmparg, before, after, wake2; } t[] = {
		{ FUTEX_OP_SET, 9, FUTEX_OP_CMP_EQ, 5, 5, 9, 1 },
		{ FUTEX_OP_ADD, 3, FUTEX_OP_CMP_GT, 5, 5, 8, 0 },
		{ FUTEX_OP_OR, 8, FUTEX_OP_CMP_GE, 5, 5, 13, 1 },
		{ FUTEX_OP_ANDN, 1, FUTEX_OP_CMP_LT, 5, 5, 4, 0 },
		{ FUTEX_OP_XOR, 6, FUTEX_OP_CMP_NE, 5, 5, 3, 0 },
		{ FUTEX_OP_SET | FUTEX_OP_OPARG_SHIFT, 4, FUTEX_OP_CMP_LE, 5, 5, 16, 1 },
	};

	setup();
	for (size_t i = 0; i < ARRAY_SIZE(t); i++) {
		pid_t a, b;

		m[1] = 0;
		a = wait_on(0);
		b = wait_on(1);
		m[1] = t[i].before;
		CHECK_EQ(futex(m, FUTEX_WAKE_OP, 1, 1, m + 1,
			       FUTEX_OP(t[i].op, t[i].oparg, t[i].cmp, t[i].cmparg)), 1 + t[i].wake2);
		CHECK_EQ(m[1], t[i].after);
		WAIT_EXIT(a, 0);
		if (!t[i].wake2)
			CHECK_EQ(futex(m + 1, FUTEX_WAKE, 1, 0, NULL, 0), 1);
		WAIT_EXIT(b, 0);
	}
	CHECK_ERR(futex(m, FUTEX_WAKE_OP, 1, 1, m + 1, FUTEX_OP(7, 0, 0, 0)), ENOSYS);
}

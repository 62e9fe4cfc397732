/* SPDX-License-Identifier: MPL-2.0 */
/* futex_waitv: several at once, which one, time-outs, errors; skipped where absent. */
#include "ktest_user.h"
#include <linux/futex.h>

struct wv { uint64_t val, uaddr; uint32_t flags, pad; };
CASE(which)
{
	unsigned *w = mmap(NULL, PG, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	struct wv v[3];
	long woken;
	pid_t p;

	for (int i = 0; i < 3; i++)
		v[i] = (struct wv){ 0, (uint64_t)(w + i), 2, 0 };
	SKIP_IF_ENOSYS(syscall(449, v, 0, 0, NULL, 0));
	CHILD(p)
		CHECK_EQ(syscall(449, v, 3, 0, NULL, CLOCK_MONOTONIC), 1);
	WAIT_BLOCKED(p);
	/* Linux says that it sleeps before it waits for all of them. */
	AWAIT((woken = syscall(SYS_futex, w + 1, FUTEX_WAKE, 1, NULL, NULL, 0)) != 0);
	CHECK_EQ(woken, 1);
	WAIT_EXIT(p, 0);
	w[2] = 1;
	CHECK_ERR(syscall(449, v, 3, 0, NULL, CLOCK_MONOTONIC), EAGAIN);
	w[2] = 0;
	struct timespec ts = { 1, 0 };
	CHECK_ERR(syscall(449, v, 3, 0, &ts, CLOCK_MONOTONIC), ETIMEDOUT);
	CHECK_ERR(syscall(449, v, 0, 0, NULL, 0), EINVAL);
	CHECK_ERR(syscall(449, v, 129, 0, NULL, 0), EINVAL);
	CHECK_ERR(syscall(449, v, 3, 1, NULL, 0), EINVAL);
	v[0].flags = 0x100;
	CHECK_ERR(syscall(449, v, 3, 0, NULL, 0), EINVAL);
}

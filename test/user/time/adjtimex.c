/* SPDX-License-Identifier: MPL-2.0 */
/* adjtimex and clock_adjtime: reading is free, setting needs privilege, errors. */
#include "ktest_user.h"
#include <sys/timex.h>
CASE(read_only)
{
	struct timex t = { 0 };
	int r;

	r = syscall(SYS_adjtimex, &t);
	if (r < 0 && errno == ENOSYS)
		SKIP("no adjtimex");
	CHECK_GE(r, 0);
	CHECK_GT(t.time.tv_sec, 1600000000);
	CHECK_EQ(t.tick, 10000);
	CHECK_ERR(syscall(SYS_adjtimex, 8), EFAULT);
	memset(&t, 0, sizeof(t));
	CHECK_GE(syscall(SYS_clock_adjtime, CLOCK_REALTIME, &t), 0);
	CHECK_ERR(syscall(SYS_clock_adjtime, CLOCK_MONOTONIC, &t), EOPNOTSUPP);
	CHECK_ERR(syscall(SYS_clock_adjtime, 99, &t), EINVAL);
	CHECK_OK(setresuid(1000, 1000, 1000));
	t.modes = ADJ_FREQUENCY;
	CHECK_ERR(syscall(SYS_adjtimex, &t), EPERM);
}
static int adj(struct timex *t, unsigned modes)
{
	t->modes = modes;
	return syscall(SYS_adjtimex, t);
}
/* Whole seconds since then, at most: the clock's own, which need not begin with ours. */
static long seconds_since(long long ns)
{
	return (long)((kt_now() - ns) / 1000000000) + 2;
}
/* 300 ms by 500 us a second: on its way however long the machine stands still. */
CASE(single_adjustment)
{
	struct timex t = { .offset = 300000 };
	long long since;

	CHECK_ERR(adj(&t, 0x8000), EINVAL);
	t.offset = 0;
	CHECK_GE(adj(&t, ADJ_OFFSET_SINGLESHOT), 0);
	t.offset = 300000;
	since = kt_now();
	CHECK_GE(adj(&t, ADJ_OFFSET_SINGLESHOT), 0);
	CHECK_EQ(t.offset, 0);		/* what was left before */
	t.offset = 0;
	CHECK_GE(adj(&t, ADJ_OFFSET_SS_READ), 0);
	CHECK_GE(t.offset, 300000 - 500 * seconds_since(since));
	CHECK_LE(t.offset, 300000);
	sleep(3);
	CHECK_GE(adj(&t, ADJ_OFFSET_SS_READ), 0);
	CHECK_LE(t.offset, 299500);
	CHECK_GE(t.offset, 300000 - 500 * seconds_since(since));
	t.offset = 0;
	CHECK_GE(adj(&t, ADJ_OFFSET_SINGLESHOT), 0);
	CHECK_GT(t.offset, 0);
	CHECK_GE(adj(&t, ADJ_OFFSET_SS_READ), 0);
	CHECK_EQ(t.offset, 0);
}
CASE(anyone_may_read_the_single_adjustment)
{
	struct timex t = { 0 };

	CHECK_OK(setresuid(1000, 1000, 1000));
	CHECK_GE(adj(&t, ADJ_OFFSET_SS_READ), 0);
	CHECK_ERR(adj(&t, ADJ_OFFSET_SINGLESHOT), EPERM);
}
CASE(offset_by_the_loop)
{
	struct timex t = { 0 };
	long long since;

	CHECK_GE(adj(&t, ADJ_STATUS), 0);
	/* without the loop an offset does nothing */
	t.offset = 100000;
	CHECK_GE(adj(&t, ADJ_OFFSET), 0);
	CHECK_EQ(t.offset, 0);
	t.status = STA_PLL;
	t.constant = 2;
	t.maxerror = 0;
	CHECK_EQ(adj(&t, ADJ_STATUS | ADJ_TIMECONST | ADJ_MAXERROR), TIME_OK);
	CHECK_EQ(t.constant, 6);
	CHECK_EQ(t.status & STA_PLL, STA_PLL);
	/* Each second takes a 256th away. */
	t.offset = 100000;
	since = kt_now();
	CHECK_EQ(adj(&t, ADJ_OFFSET), TIME_OK);
	CHECK_GE(t.offset, 100000 - 400 * seconds_since(since));
	CHECK_LE(t.offset, 100000);
	sleep(3);
	CHECK_EQ(adj(&t, 0), TIME_OK);
	CHECK_LT(t.offset, 100000);
	CHECK_GE(t.offset, 100000 - 400 * seconds_since(since));
	/* larger than half a second is not taken */
	t.offset = 900000;
	CHECK_EQ(adj(&t, ADJ_OFFSET), TIME_OK);
	CHECK_LE(t.offset, 500000);
	/* nanoseconds */
	t.offset = 5000;
	CHECK_EQ(adj(&t, ADJ_NANO | ADJ_OFFSET), TIME_OK);
	CHECK_LE(t.offset, 5000);
	CHECK_GT(t.offset, 4000);
	/* the loop off: unsynchronised again */
	t.status = 0;
	CHECK_GE(adj(&t, ADJ_STATUS | ADJ_MICRO), 0);
	t.freq = 0;
	CHECK_GE(adj(&t, ADJ_FREQUENCY), 0);
	CHECK_EQ(t.freq, 0);
}
CASE(values_are_checked)
{
	struct timex t = { .tick = 8999 };
	long long since;

	CHECK_ERR(adj(&t, ADJ_TICK), EINVAL);
	t.tick = 11001;
	CHECK_ERR(adj(&t, ADJ_TICK), EINVAL);
	t.time.tv_usec = 1000000;
	CHECK_ERR(adj(&t, ADJ_SETOFFSET), EINVAL);
	t.freq = 40000000;
	CHECK_GE(adj(&t, ADJ_FREQUENCY), 0);
	CHECK_EQ(t.freq, 32768000);
	t.freq = 0;
	CHECK_GE(adj(&t, ADJ_FREQUENCY), 0);
	t.status = 0x10;
	t.maxerror = 1234;
	t.esterror = 99;
	since = kt_now();
	CHECK_GE(adj(&t, ADJ_MAXERROR | ADJ_ESTERROR | ADJ_STATUS), 0);
	CHECK_GE(t.maxerror, 1234);
	CHECK_LE(t.maxerror, 1234 + 500 * seconds_since(since));
	CHECK_EQ(t.esterror, 99);
	CHECK_EQ(t.status & 0x10, 0x10);
	t.status = 0;
	CHECK_GE(adj(&t, ADJ_STATUS), 0);
	CHECK_GE(adj(&t, ADJ_STATUS), 0);
}

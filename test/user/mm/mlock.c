/* SPDX-License-Identifier: MPL-2.0 */
/* mlock, mlock2, mlockall, munlock: limits, VmLck, MCL flags, errors. */
#include "ktest_user.h"

static long lck(void) { return kt_field("/proc/self/status", "VmLck"); }
CASE(locks)
{
	unsigned char v[4];
	char *m = kt_map(4, PROT_READ | PROT_WRITE);

	CHECK_EQ(lck(), 0);
	CHECK_OK(mlock(m, 2 * PG));
	CHECK_EQ(lck(), 8);
	CHECK_OK(mincore(m, 4 * PG, v));
	CHECK_EQ(v[0] & v[1] & 1, 1);
	CHECK_EQ((v[2] | v[3]) & 1, 0);
	CHECK_OK(mlock(m, 2 * PG));	/* does not nest */
	CHECK_EQ(lck(), 8);
	CHECK_OK(munlock(m, PG));
	CHECK_EQ(lck(), 4);
	CHECK_OK(munmap(m, 4 * PG));
	CHECK_EQ(lck(), 0);
}
CASE(not_inherited)
{
	char *m = kt_map(4, PROT_READ | PROT_WRITE);
	pid_t p;

	CHECK_OK(mlock(m, PG));
	CHILD(p)
		CHECK_EQ(lck(), 0);
	WAIT_EXIT(p, 0);
}
CASE(on_fault)
{
	unsigned char v;
	char *m = kt_map(1, PROT_READ | PROT_WRITE);

	SKIP_IF_ENOSYS(syscall(SYS_mlock2, m, PG, 1));
	CHECK_OK(mincore(m, PG, &v));
	CHECK_EQ(v & 1, 0);
	CHECK_EQ(lck(), 4);
	CHECK_ERR(syscall(SYS_mlock2, m, PG, 2), EINVAL);
}
CASE(all)
{
	long before;
	char *m;

	CHECK_OK(mlockall(MCL_CURRENT));
	before = lck();
	CHECK_GT(before, 0);
	m = kt_map(4, PROT_READ | PROT_WRITE);
	CHECK_EQ(lck(), before);
	CHECK_OK(mlockall(MCL_CURRENT | MCL_FUTURE));
	CHECK_EQ(lck(), before + 16);
	m = kt_map(4, PROT_READ | PROT_WRITE);
	unsigned char v;
	CHECK_OK(mincore(m, PG, &v));
	CHECK_EQ(v & 1, 1);
	CHECK_OK(munlockall());
	CHECK_EQ(lck(), 0);
	CHECK_ERR(mlockall(0), EINVAL);
	CHECK_ERR(mlockall(0x100), EINVAL);
	CHECK_ERR(mlockall(4), EINVAL);
}
CASE(limits)
{
	struct rlimit rl = { 8192, 8192 };
	char *m = kt_map(8, PROT_READ | PROT_WRITE);
	pid_t p;

	CHILD(p) {
		CHECK_OK(setrlimit(RLIMIT_MEMLOCK, &rl));
		kt_become(1000, 1000);
		CHECK_OK(mlock(m, 2 * PG));
		CHECK_ERR(mlock(m + 2 * PG, PG), ENOMEM);
		CHECK_ERR(mlockall(MCL_CURRENT), ENOMEM);
		CHECK_ERR(mmap(NULL, PG, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_LOCKED, -1, 0), EAGAIN);
	}
	WAIT_EXIT(p, 0);
	CHILD(p) {
		rl.rlim_cur = rl.rlim_max = 0;
		CHECK_OK(setrlimit(RLIMIT_MEMLOCK, &rl));
		kt_become(1000, 1000);
		CHECK_ERR(mlock(m, PG), EPERM);
	}
	WAIT_EXIT(p, 0);
}
CASE(errors)
{
	char *m = kt_map(3, PROT_READ);

	CHECK_OK(munmap(m + PG, PG));
	CHECK_ERR(mlock(m, 3 * PG), ENOMEM);
	CHECK_ERR(munlock(m, 3 * PG), ENOMEM);
	CHECK_OK(mlock(m + 5, 10));
	CHECK_EQ(lck(), 4);
}

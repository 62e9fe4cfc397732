/* SPDX-License-Identifier: MPL-2.0 */
/* Addresses differ between runs: stack, mmap, brk, PIE; and not with ADDR_NO_RANDOMIZE. */
#include "ktest_user.h"
#include <sys/personality.h>
#include <sys/auxv.h>

int kt_helper(int argc, char **argv)
{
	int local;
	unsigned long v[3] = { (unsigned long)&local,
			       (unsigned long)mmap(NULL, PG, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0),
			       (unsigned long)syscall(SYS_brk, NULL) };

	return write(3, v, sizeof(v)) != sizeof(v);
}
static void run(unsigned long *v, bool fixed)
{
	int p[2];
	pid_t pid;

	CHECK_OK(pipe(p));
	CHILD(pid) {
		if (fixed)
			CHECK_OK(personality(ADDR_NO_RANDOMIZE));
		CHECK_OK(dup2(p[1], 3));
		execl("/proc/self/exe", "x", "@", NULL);
	}
	WAIT_EXIT(pid, 0);
	CHECK_EQ(read(p[0], v, 24), 24);
	close(p[0]);
	close(p[1]);
}
CASE(random)
{
	unsigned long a[3], b[3];
	int same[3] = { 0 };

	run(a, false);
	for (int i = 0; i < 4; i++) {
		run(b, false);
		for (int k = 0; k < 3; k++)
			same[k] += a[k] == b[k];
	}
	for (int k = 0; k < 3; k++)
		CHECK_LT(same[k], 2);
}
CASE(fixed)
{
	unsigned long a[3], b[3];

	run(a, true);
	run(b, true);
	CHECK_MEM(a, b, sizeof(a));
}

/* SPDX-License-Identifier: MPL-2.0 */
/* RLIMIT_AS bounds address space: mmap, brk, mremap, stack; MAP_NORESERVE too. */
#include "ktest_user.h"

CASE(limit)
{
	long size = kt_field("/proc/self/status", "VmSize") << 10;
	struct rlimit rl = { size + (16 << 20), size + (16 << 20) };
	char *m;

	CHECK_OK(setrlimit(RLIMIT_AS, &rl));
	CHECK_ERR(mmap(NULL, 32 << 20, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0), ENOMEM);
	m = kt_map(2048, PROT_READ | PROT_WRITE);
	CHECK_ERR(mremap(m, 2048 * PG, 8192 * PG, MREMAP_MAYMOVE), ENOMEM);
	CHECK_OK(munmap(m, 2048 * PG));
	char *b = (char *)syscall(SYS_brk, NULL);
	CHECK_EQ(syscall(SYS_brk, b + (32 << 20)), b);
}

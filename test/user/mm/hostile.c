/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Ranges at the borders of the address space given to every memory call: an errno, never a
 * crash.
 */
#include "ktest_user.h"

CASE(borders)
{
	static const unsigned long addr[] = { 0, PG, 0x7ffffffff000, 0x800000000000, 0x7fffffffffff,
		0xffff7fffffffffff, 0xffff800000000000, 0xffffffff80000000, -PG, -1UL, 1UL << 63 };
	static const unsigned long len[] = { 0, 1, PG, PG + 1, 1UL << 47, 1UL << 48, 1UL << 63, -PG, -1UL };
	static const int calls[] = { SYS_mprotect, SYS_madvise, SYS_msync, SYS_mincore, SYS_mlock, SYS_munlock };
	static unsigned char vec[16];
	pid_t p;

	for (size_t a = 0; a < ARRAY_SIZE(addr); a++)
		for (size_t l = 0; l < ARRAY_SIZE(len); l++) {
			/* only ranges that can hold none of our own mappings */
			if (addr[a] < PG && len[l] > PG)
				continue;
			CHILD(p) {
				for (size_t c = 0; c < ARRAY_SIZE(calls); c++)
					syscall(calls[c], addr[a], len[l], calls[c] == SYS_mincore ? (long)vec : 1);
				syscall(SYS_mmap, addr[a], len[l], 3, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
				syscall(SYS_mmap, addr[a], len[l], 3, MAP_SHARED | MAP_ANONYMOUS, -1, 0x1000);
				syscall(SYS_mremap, addr[a], PG, len[l], 1, 0);
				syscall(SYS_mremap, addr[a], len[l], PG, 1, 0);
				_exit(0);
			}
			int st;
			CHECK_EQ(waitpid(p, &st, 0), p);
			CHECK(WIFEXITED(st) || WTERMSIG(st) == SIGSEGV);
		}
}
CASE(unmap_everything)
{
	pid_t p;

	CHILD(p)
		syscall(SYS_munmap, 0, 0x7ffffffff000);
	WAIT_SIGNAL(p, SIGSEGV);	/* the code itself is gone */
}
CASE(kernel_half)
{
	for (unsigned long a = 0xffff800000000000UL; a; a += 0x080000000000UL) {
		CHECK_ERR(syscall(SYS_mmap, a, PG, 3, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0), ENOMEM);
		CHECK_ERR(syscall(SYS_munmap, a, PG), EINVAL);
	}
}

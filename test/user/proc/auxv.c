/* SPDX-License-Identifier: MPL-2.0 */
/* The auxiliary vector: every entry a libc uses, and the initial stack layout. */
#include "ktest_user.h"
#include <sys/auxv.h>
#include <elf.h>

CASE(entries)
{
	CHECK_EQ(getauxval(AT_PAGESZ), 4096);
	CHECK_EQ(getauxval(AT_CLKTCK), 100);
	CHECK_EQ(getauxval(AT_PHENT), sizeof(Elf64_Phdr));
	CHECK_GT(getauxval(AT_PHNUM), 2);
	CHECK_NE(getauxval(AT_PHDR), 0);
	CHECK_NE(getauxval(AT_ENTRY), 0);
	CHECK_EQ(getauxval(AT_UID), 0);
	CHECK_EQ(getauxval(AT_EUID), 0);
	CHECK_EQ(getauxval(AT_GID), 0);
	CHECK_EQ(getauxval(AT_EGID), 0);
	CHECK_EQ(getauxval(AT_SECURE), 0);
	CHECK_NE(getauxval(AT_HWCAP), 0);
	CHECK_NE(getauxval(AT_RANDOM), 0);
	CHECK_STR((char *)getauxval(AT_PLATFORM), "x86_64");
	CHECK(strstr((char *)getauxval(AT_EXECFN), "proc/auxv"));
	CHECK_NE(getauxval(AT_SYSINFO_EHDR), 0);
	CHECK_EQ(getauxval(AT_BASE), 0);
	CHECK_NE(getauxval(51), 0);	/* AT_MINSIGSTKSZ */
}
CASE(hwcap_is_cpuid)
{
	unsigned a = 1, b, c, d;

	asm volatile("cpuid" : "+a"(a), "=b"(b), "=c"(c), "=d"(d));
	CHECK_EQ(getauxval(AT_HWCAP), d);
}
CASE(vdso_is_an_elf)
{
	Elf64_Ehdr *e = (void *)getauxval(AT_SYSINFO_EHDR);

	CHECK_MEM(e->e_ident, "\177ELF\2\1\1", 7);
	CHECK_EQ(e->e_type, ET_DYN);
	CHECK_EQ(e->e_machine, EM_X86_64);
	CHECK_EQ((uintptr_t)e % PG, 0);
}
CASE(random_differs)
{
	unsigned char a[16], b[16];
	int fds[2];
	pid_t p;

	memcpy(a, (void *)getauxval(AT_RANDOM), 16);
	CHECK_OK(pipe(fds));
	CHILD(p) {
		CHECK_OK(dup2(fds[1], 3));
		execl("/proc/self/exe", "x", "@", NULL);
	}
	WAIT_EXIT(p, 0);
	CHECK_EQ(read(fds[0], b, 16), 16);
	CHECK(memcmp(a, b, 16));
}
int kt_helper(int argc, char **argv)
{
	return write(3, (void *)getauxval(AT_RANDOM), 16) != 16;
}
CASE(proc_auxv)
{
	unsigned long v[128];
	int fd = CHECK_OK(open("/proc/self/auxv", O_RDONLY)), n;
	bool seen = false;

	n = CHECK_OK(read(fd, v, sizeof(v)));
	CHECK_EQ(n % 16, 0);
	for (int i = 0; i < n / 8; i += 2)
		if (v[i] == AT_ENTRY) {
			CHECK_EQ(v[i + 1], getauxval(AT_ENTRY));
			seen = true;
		}
	CHECK(seen);
}

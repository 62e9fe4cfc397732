/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The vDSO: its functions exist, agree with the system calls, and make none (proved by seccomp
 * on Linux).
 */
#include "ktest_user.h"
#include <elf.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/auxv.h>

static void *lookup(const char *name)
{
	Elf64_Ehdr *e = (void *)getauxval(AT_SYSINFO_EHDR);
	Elf64_Phdr *ph;
	Elf64_Dyn *d = NULL;
	char *base = NULL, *str = NULL;
	Elf64_Sym *sym = NULL;
	uint32_t *hash = NULL;

	CHECK(e);
	ph = (void *)((char *)e + e->e_phoff);
	for (int i = 0; i < e->e_phnum; i++) {
		if (ph[i].p_type == PT_LOAD && !base)
			base = (char *)e + ph[i].p_offset - ph[i].p_vaddr;
		if (ph[i].p_type == PT_DYNAMIC)
			d = (void *)((char *)e + ph[i].p_offset);
	}
	CHECK(base && d);
	for (; d->d_tag != DT_NULL; d++) {
		if (d->d_tag == DT_STRTAB)
			str = base + d->d_un.d_ptr;
		if (d->d_tag == DT_SYMTAB)
			sym = (void *)(base + d->d_un.d_ptr);
		if (d->d_tag == DT_HASH)
			hash = (void *)(base + d->d_un.d_ptr);
	}
	CHECK(str && sym && hash);
	for (uint32_t i = 1; i < hash[1]; i++)
		if (!strcmp(str + sym[i].st_name, name) && sym[i].st_shndx)
			return base + sym[i].st_value;
	FAIL("no %s in the vDSO", name);
}
CASE(symbols)
{
	lookup("__vdso_clock_gettime");
	lookup("__vdso_gettimeofday");
	lookup("__vdso_time");
	lookup("__vdso_getcpu");
	lookup("__vdso_clock_getres");
}
CASE(agrees_with_the_calls)
{
	int (*get)(clockid_t, struct timespec *) = lookup("__vdso_clock_gettime");
	static const clockid_t c[] = { CLOCK_REALTIME, CLOCK_MONOTONIC, CLOCK_MONOTONIC_RAW, CLOCK_BOOTTIME, CLOCK_TAI,
		CLOCK_REALTIME_COARSE, CLOCK_MONOTONIC_COARSE };

	for (size_t i = 0; i < ARRAY_SIZE(c); i++)
		for (int k = 0; k < 200; k++) {
			struct timespec a, v, b;

			CHECK_OK(syscall(SYS_clock_gettime, c[i], &a));
			CHECK_EQ(get(c[i], &v), 0);
			CHECK_OK(syscall(SYS_clock_gettime, c[i], &b));
			CHECK(a.tv_sec < v.tv_sec || (a.tv_sec == v.tv_sec && a.tv_nsec <= v.tv_nsec));
			CHECK(v.tv_sec < b.tv_sec || (v.tv_sec == b.tv_sec && v.tv_nsec <= b.tv_nsec));
		}
	struct timespec ts;
	CHECK_EQ(get(99, &ts), -EINVAL);
	CHECK_EQ(get(CLOCK_PROCESS_CPUTIME_ID, &ts), 0);	/* falls back to the call */
}
CASE(others)
{
	int (*tod)(struct timeval *, void *) = lookup("__vdso_gettimeofday");
	time_t (*tm)(time_t *) = lookup("__vdso_time");
	long (*cpu)(unsigned *, unsigned *, void *) = lookup("__vdso_getcpu");
	struct timeval tv, end;
	unsigned c = 99, node = 99;
	time_t t, before = tm(NULL);

	CHECK_EQ(tod(&tv, NULL), 0);
	CHECK_GE(tv.tv_sec, before);
	CHECK_EQ(tm(&t), t);
	CHECK_GE(t, before);
	CHECK_OK(syscall(SYS_gettimeofday, &tv, NULL));
	CHECK_LE(t, tv.tv_sec);
	before = CHECK_OK(syscall(SYS_time, NULL));
	CHECK_EQ(tod(&tv, NULL), 0);
	CHECK_LE(before, tv.tv_sec);
	CHECK_OK(syscall(SYS_gettimeofday, &end, NULL));
	CHECK_LE(tv.tv_sec, end.tv_sec);
	CHECK_EQ(cpu(&c, &node, NULL), 0);
	CHECK_LT(c, 64);
	CHECK_EQ(node, 0);
}
CASE(no_system_call)
{
	struct sock_filter f[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_clock_gettime, 2, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_gettimeofday, 1, 0),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
	};
	struct sock_fprog prog = { ARRAY_SIZE(f), f };
	int (*get)(clockid_t, struct timespec *) = lookup("__vdso_clock_gettime");
	struct timespec ts;

	CHECK_OK(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
	if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &prog, 0, 0)) {
		CHECK_EQ(errno, EINVAL);
		SKIP("no seccomp");
	}
	/* a clock source that user mode cannot read makes the vDSO fall back, on Linux too: coarse
	   clocks never do */
	CHECK_EQ(get(CLOCK_MONOTONIC_COARSE, &ts), 0);
	CHECK_EQ(get(CLOCK_REALTIME_COARSE, &ts), 0);
}
CASE(monotonic_in_it)
{
	struct timespec ts;
	long long last = 0, v;

	for (int i = 0; i < 20000; i++) {
		CHECK_OK(clock_gettime(CLOCK_MONOTONIC, &ts));
		v = ts.tv_sec * 1000000000LL + ts.tv_nsec;
		CHECK_GE(v, last);
		last = v;
	}
}
CASE(not_writable)
{
	CHECK_EQ(kt_fault((void *)getauxval(AT_SYSINFO_EHDR), true, NULL), SIGSEGV);
	CHECK_EQ(kt_fault((void *)getauxval(AT_SYSINFO_EHDR), false, NULL), 0);
}

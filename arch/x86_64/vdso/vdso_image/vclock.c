/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Code that runs in user space: the clock without a system call. Reads the data page under its
 * sequence count; clocks that it does not know, or that the TSC does not serve, go to the kernel.
 */
#include <asm/cpu.h>
#include <asm/vdso_data.h>
#include <base/atomic.h>
#include <base/types.h>

#define NR_gettimeofday		96
#define NR_time			201
#define NR_clock_gettime	228
#define NR_clock_getres		229

enum { REALTIME, MONOTONIC, PROCESS_CPU, THREAD_CPU, RAW, REALTIME_COARSE, MONOTONIC_COARSE, BOOTTIME, TAI = 11 };

struct timespec64 { s64 sec, nsec; };
struct timeval64 { s64 sec, usec; };
struct timezone32 { s32 minuteswest, dsttime; };

extern const struct vdso_data vdso_vvar __attribute__((visibility("hidden")));

int __vdso_clock_gettime(int clock, struct timespec64 *ts);
int __vdso_gettimeofday(struct timeval64 *tv, struct timezone32 *tz);
s64 __vdso_time(s64 *t);
int __vdso_getcpu(u32 *cpu, u32 *node, void *unused);
int __vdso_clock_getres(int clock, struct timespec64 *ts);

static __always_inline long syscall2(long nr, long a, long b)
{
	long r;

	__asm__ volatile("syscall" : "=a"(r) : "a"(nr), "D"(a), "S"(b) : "rcx", "r11", "memory");
	return r;
}

/* Clocks that are the monotonic time and an offset; the raw one has its own rate. */
#define HAVE_OFFSET	(1u << REALTIME | 1u << MONOTONIC | 1u << REALTIME_COARSE | 1u << MONOTONIC_COARSE | \
			 1u << BOOTTIME | 1u << TAI)

/* Nanoseconds of such a clock; false: ask the kernel. */
static __always_inline bool read_clock(u32 clock, u64 *ns)
{
	const struct vdso_data *d = &vdso_vvar;
	u64 cycles, v;
	u32 seq;

	do {
		while (unlikely((seq = __atomic_load_n(&d->seq, __ATOMIC_ACQUIRE)) & 1))
			__asm__ volatile("pause");
		if (unlikely(!d->usable))
			return false;
		cycles = rdtsc_ordered() - d->cycle_last;
		/* A CPU a few cycles behind the one that wrote the page sees the page's time. */
		if (unlikely((s64)cycles < 0))
			cycles = 0;
		if (clock == RAW)
			v = d->raw_ns + (u64)(((unsigned __int128)cycles * d->raw_mult + d->raw_frac) >> 32);
		else
			v = d->base[clock] + (u64)(((unsigned __int128)cycles * d->mult + d->mono_frac) >> 32);
		smp_rmb();
	} while (unlikely(READ_ONCE(d->seq) != seq));
	*ns = v;
	return true;
}

int __vdso_clock_gettime(int clock, struct timespec64 *ts)
{
	u64 ns;

	if (unlikely((u32)clock >= VDSO_NR_CLOCKS || !((HAVE_OFFSET | 1u << RAW) >> clock & 1)) ||
	    unlikely(!read_clock((u32)clock, &ns)))
		return (int)syscall2(NR_clock_gettime, clock, (long)ts);
	ts->sec = (s64)(ns / 1000000000);
	ts->nsec = (s64)(ns % 1000000000);
	return 0;
}

int __vdso_gettimeofday(struct timeval64 *tv, struct timezone32 *tz)
{
	u64 ns;

	if (unlikely(tz) || !read_clock(REALTIME, &ns))
		return (int)syscall2(NR_gettimeofday, (long)tv, (long)tz);
	if (tv) {
		tv->sec = (s64)(ns / 1000000000);
		tv->usec = (s64)(ns % 1000000000 / 1000);
	}
	return 0;
}

s64 __vdso_time(s64 *t)
{
	u64 ns;

	if (!read_clock(REALTIME, &ns))
		return syscall2(NR_time, (long)t, 0);
	ns /= 1000000000;
	if (t)
		*t = (s64)ns;
	return (s64)ns;
}

/* The CPU's number is the limit of a segment (cpu/gdt.c). One node. */
int __vdso_getcpu(u32 *cpu, u32 *node, void *unused)
{
	u32 v;

	(void)unused;
	__asm__ volatile("lsl %1, %0" : "=r"(v) : "r"(CPU_SEL) : "cc");
	if (cpu)
		*cpu = v;
	if (node)
		*node = 0;
	return 0;
}

int __vdso_clock_getres(int clock, struct timespec64 *ts)
{
	if (unlikely(clock != REALTIME && clock != MONOTONIC && clock != RAW && clock != BOOTTIME && clock != TAI) ||
	    !READ_ONCE(vdso_vvar.usable))
		return (int)syscall2(NR_clock_getres, clock, (long)ts);
	if (ts)
		*ts = (struct timespec64){ 0, 1 };
	return 0;
}

int clock_gettime(int, struct timespec64 *) __attribute__((weak, alias("__vdso_clock_gettime")));
int gettimeofday(struct timeval64 *, struct timezone32 *) __attribute__((weak, alias("__vdso_gettimeofday")));
s64 time(s64 *) __attribute__((weak, alias("__vdso_time")));
int getcpu(u32 *, u32 *, void *) __attribute__((weak, alias("__vdso_getcpu")));
int clock_getres(int, struct timespec64 *) __attribute__((weak, alias("__vdso_clock_getres")));

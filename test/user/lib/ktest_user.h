/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The harness of the user-space tests: ordinary Linux programs, static musl, that must pass on
 * Linux (the oracle) and on Keel.
 *
 * A test file holds CASE(name) { ... } blocks. Each case runs in its own child process, in an empty
 * directory of its own, as root, with default signals; lib/ktest.c has main(). A case passes by
 * returning; a failed CHECK ends its process with status 1 after a line that names file, line and
 * values; SKIP(why) ends it with status 77. The program exits 0 when nothing failed, 77 when all
 * its cases skipped, 1 otherwise. `prog NAME...` runs only the named cases.
 */
#ifndef KTEST_USER_H
#define KTEST_USER_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <sys/sendfile.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/sysinfo.h>
#include <sys/sysmacros.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <sys/times.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/utsname.h>
#include <sys/wait.h>

#define PG 4096UL
#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

struct kt_case {
	const char *name;
	void (*fn)(void);
	struct kt_case *next;
};

void kt_register(struct kt_case *c);

/* Defines and registers one case. */
#define CASE(n)								\
	static void kt_case_##n(void);					\
	static struct kt_case kt_desc_##n = { #n, kt_case_##n, NULL };	\
	__attribute__((constructor)) static void kt_reg_##n(void)	\
	{ kt_register(&kt_desc_##n); }					\
	static void kt_case_##n(void)

/* Seconds for a case; a test may define it. */
extern unsigned kt_case_seconds;

/*
 * A test that executes itself ("/proc/self/exe") defines kt_helper; it is called in place of the
 * cases when the first argument starts with '@', and its result is the exit status.
 */
int kt_helper(int argc, char **argv) __attribute__((weak));

/* Prints "file:line: ..." and ends this process with status 1. */
void kt_fail(const char *file, int line, const char *fmt, ...)
	__attribute__((format(printf, 3, 4), noreturn, cold));
void kt_skip(const char *fmt, ...) __attribute__((format(printf, 1, 2), noreturn, cold));

/* What this case changed for everybody is put back by fn when it ends, passed or failed. Not atexit(): cases end by _exit(). */
void kt_at_end(void (*fn)(void));

#define FAIL(...) kt_fail(__FILE__, __LINE__, __VA_ARGS__)
#define SKIP(...) kt_skip(__VA_ARGS__)

#define CHECK(c) do {							\
	if (!(c))							\
		FAIL("CHECK(%s) is false (errno %d %s)", #c, errno, strerror(errno)); \
} while (0)

#define KT_CMP(a, op, b) do {						\
	long long kt_a = (long long)(a), kt_b = (long long)(b);		\
	if (!(kt_a op kt_b))						\
		FAIL("%s " #op " %s: %lld (%#llx) against %lld (%#llx)", #a, #b, kt_a,	\
		     kt_a, kt_b, kt_b);					\
} while (0)
#define CHECK_EQ(a, b) KT_CMP(a, ==, b)
#define CHECK_NE(a, b) KT_CMP(a, !=, b)
#define CHECK_LT(a, b) KT_CMP(a, <, b)
#define CHECK_LE(a, b) KT_CMP(a, <=, b)
#define CHECK_GT(a, b) KT_CMP(a, >, b)
#define CHECK_GE(a, b) KT_CMP(a, >=, b)

#define CHECK_STR(a, b) do {						\
	const char *kt_a = (a), *kt_b = (b);				\
	if (strcmp(kt_a, kt_b))						\
		FAIL("%s is \"%s\", not \"%s\"", #a, kt_a, kt_b);	\
} while (0)

#define CHECK_MEM(a, b, n) do {						\
	const unsigned char *kt_a = (const void *)(a), *kt_b = (const void *)(b);	\
	for (size_t kt_i = 0; kt_i < (size_t)(n); kt_i++)		\
		if (kt_a[kt_i] != kt_b[kt_i])				\
			FAIL("%s and %s differ at byte %zu: %#x, %#x", #a, #b, kt_i,	\
			     kt_a[kt_i], kt_b[kt_i]);			\
} while (0)

/* The call succeeds (is not -1); the value of the expression is its result. */
#define CHECK_OK(call) ({						\
	errno = 0;							\
	__typeof__(call) kt_r = (call);					\
	if ((long long)kt_r == -1)					\
		FAIL("%s failed: errno %d %s", #call, errno, strerror(errno));	\
	kt_r;								\
})

/* The call fails with exactly this errno. */
#define CHECK_ERR(call, e) do {						\
	errno = 0;							\
	long long kt_r = (long long)(call);				\
	int kt_e = errno;						\
	if (kt_r != -1)							\
		FAIL("%s returned %lld, expected %s", #call, kt_r, #e);	\
	if (kt_e != (e))						\
		FAIL("%s: errno %d (%s), expected %s", #call, kt_e, strerror(kt_e), #e); \
} while (0)

/* Skips when the kernel lacks the call altogether. */
#define SKIP_IF_ENOSYS(call) do {					\
	errno = 0;							\
	if ((long long)(call) == -1 && errno == ENOSYS)			\
		SKIP("%s: not implemented", #call);			\
} while (0)

/* fork that must succeed; the child has a fresh alarm, so that it cannot outlive a hung test. */
pid_t kt_fork(void);

/* Runs the block in a child: CHILD(pid) { ... } ; leaving the block is exit(0). */
#define CHILD(p) for (; ((p) = kt_fork()) == 0; _exit(0))

void kt_wait_exit_at(const char *file, int line, pid_t pid, int code);
void kt_wait_signal_at(const char *file, int line, pid_t pid, int sig);
/* The child ends by exit(code), or by the signal. */
#define WAIT_EXIT(pid, code) kt_wait_exit_at(__FILE__, __LINE__, pid, code)
#define WAIT_SIGNAL(pid, sig) kt_wait_signal_at(__FILE__, __LINE__, pid, sig)

/* Waits until the process (or its thread tid; 0: the process) is in one of these /proc states. */
void kt_wait_state(pid_t pid, pid_t tid, const char *states);
#define WAIT_BLOCKED(pid) kt_wait_state(pid, 0, "S")
#define WAIT_THREAD_BLOCKED(tid) kt_wait_state(getpid(), tid, "S")

/*
 * Waits until the condition holds: for what wakes nobody, and for nothing else. It is looked at each ms, and the case fails
 * when it does not hold after most of the time that a case has.
 */
#define AWAIT(c) do {							\
	for (long long kt_end = 0; !(c);)				\
		if (!kt_look_again(&kt_end))				\
			FAIL("waited in vain for %s", #c);		\
} while (0)
bool kt_look_again(long long *end);
/* That time in ms: the limit of a wait for what must come. */
int kt_wait_ms(void);

/* Waits by poll() until one of the events is there, or an error or a hangup; its value is what is there. As long as AWAIT. */
#define WAIT_EVENTS(fd, events) kt_wait_events_at(__FILE__, __LINE__, fd, events)
int kt_wait_events_at(const char *file, int line, int fd, int events);

/* Creates or replaces a file with this text; reads a file as a string (at most n - 1 bytes). */
void kt_put(const char *path, const char *text);
size_t kt_get(const char *path, char *buf, size_t n);
/* As kt_get, but false if the file cannot be opened. */
bool kt_try_get(const char *path, char *buf, size_t n);
/* Becomes an ordinary user: no supplementary groups, all ids, no capabilities. */
void kt_become(uid_t uid, gid_t gid);
/* A signal handler without SA_RESTART and with an empty mask. */
void kt_handle(int sig, void (*fn)(int));
/* Wait until the handler of sig has raised *count to n. Not pause(): the signal may come before it. */
void kt_wait_caught(int sig, const volatile sig_atomic_t *count, int n);
void kt_handle_info(int sig, void (*fn)(int, siginfo_t *, void *), int flags);
/* Monotonic clock in nanoseconds. */
long long kt_now(void);
/* Number of open descriptors of this process, counted without /proc. */
int kt_nfds(void);
/* Value of a "Name:   123" line in a /proc file; -1 if there is none. */
long long kt_field(const char *path, const char *name);
/* A "name 123" line of a file like /proc/vmstat; -1 if there is none. */
long long kt_stat(const char *path, const char *name);
/* Does the current directory lie on tmpfs or ramfs? With testdisk= it is an ext2. */
bool kt_on_memory(void);
/* The block size of the file system of the current directory: of an ext2 1, 2 or 4 KiB. */
long kt_block(void);
/* st_blocks of a file there that has just its bytes from..to - 1: whole blocks, and on an ext2 those of its index. */
long long kt_used(long long from, long long to);
/* Are times there in nanoseconds? Inodes of 128 bytes on a disk have whole seconds. */
bool kt_fine_times(void);
/* The largest file there. */
long long kt_largest(void);
/* The address of an anonymous private mapping of n pages, checked. */
void *kt_map(size_t pages, int prot);
/* True if touching this byte (write: by storing) raises a signal; *code gets si_code. */
int kt_fault(volatile void *addr, bool write, int *code);

static inline long sys(long nr, long a, long b, long c, long d, long e, long f)
{
	return syscall(nr, a, b, c, d, e, f);
}

#endif

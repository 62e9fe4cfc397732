/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Stress: forks, threads, signals, mappings, files, pipes and sockets at random, by a seed, for so
 * many seconds:   stress [SECONDS [SEED [WORKERS]]]
 *
 * Every worker process lives in a directory of its own and checks what it reads back where the
 * answer is known: memory patterns, file contents, pipe order. It prints "stress: ok, N operations"
 * and exits 0, or says which worker with which seed found what. The same seed gives each worker the
 * same sequence of operations; how they interleave is the kernel's.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include "stress.h"

#define PG 4096UL
#define FILES 8

static uint64_t rng;
static unsigned worker;
static uint64_t worker_seed;
static long long deadline;

static struct {
	_Atomic long ops;
	_Atomic int failed;
	_Atomic unsigned words[256];
} *common;

void fail(const char *fmt, ...)
{
	char buf[400];
	va_list ap;
	int n = snprintf(buf, sizeof(buf), "stress: worker %u seed %#llx: ", worker,
			 (unsigned long long)worker_seed);

	va_start(ap, fmt);
	vsnprintf(buf + n, sizeof(buf) - n - 1, fmt, ap);
	va_end(ap);
	strcat(buf, "\n");
	if (write(1, buf, strlen(buf)) < 0)
		_exit(2);
	common->failed = 1;
	_exit(1);
}

static long long now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000LL + ts.tv_nsec;
}

/* xorshift64*: small, and good enough to choose with. */
uint32_t rnd(uint32_t below)
{
	rng ^= rng >> 12;
	rng ^= rng << 25;
	rng ^= rng >> 27;
	return (uint32_t)((rng * 0x2545f4914f6cdd1dULL) >> 33) % below;
}

pid_t try_fork(void)
{
	pid_t p = fork();

	if (p < 0 && errno != EAGAIN && errno != ENOMEM)
		fail("fork: %s", strerror(errno));
	return p;
}

void reap(pid_t p, int want)
{
	int st;

	while (waitpid(p, &st, 0) < 0)
		if (errno != EINTR)
			fail("waitpid: %s", strerror(errno));
	if (want >= 0 && (!WIFEXITED(st) || WEXITSTATUS(st) != want))
		fail("child ended with %#x, expected exit status %d", st, want);
}

static void op_fork(void)
{
	pid_t p[8];
	int n = 1 + rnd(8), code = rnd(100);

	for (int i = 0; i < n; i++) {
		p[i] = try_fork();
		if (p[i] == 0) {
			if (rnd(2))
				sched_yield();
			_exit(code + i);
		}
	}
	for (int i = 0; i < n; i++)
		if (p[i] > 0)
			reap(p[i], code + i);
}

static void op_exec(void)
{
	char *argv[] = { "stress", "@child", NULL }, *envp[] = { NULL };
	pid_t p = rnd(2) ? try_fork() : vfork();

	if (p == 0) {
		execve("/proc/self/exe", argv, envp);
		_exit(99);
	}
	if (p > 0)
		reap(p, 0);
}

static void op_kill_children(void)
{
	pid_t p[4];

	for (int i = 0; i < 4; i++) {
		p[i] = try_fork();
		if (p[i] == 0) {
			switch (i) {
			case 0:
				for (;;)
					pause();
			case 1:
				for (;;)
					;
			case 2:
				for (;;)
					sched_yield();
			default:
				for (;;) {
					pid_t g = fork();

					if (g == 0)
						_exit(0);
					if (g > 0)
						waitpid(g, NULL, 0);
				}
			}
		}
	}
	for (int i = 0; i < 4; i++)
		if (p[i] > 0) {
			if (rnd(2)) {
				kill(p[i], SIGSTOP);
				if (rnd(2))
					kill(p[i], SIGCONT);
			}
			kill(p[i], SIGKILL);
		}
	for (int i = 0; i < 4; i++)
		if (p[i] > 0)
			reap(p[i], -1);
}

/* Threads that fault, allocate and fight for one futex. */
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static long guarded;

static void *thread(void *x)
{
	unsigned s = (unsigned)(uintptr_t)x;

	for (int i = 0; i < 20; i++) {
		size_t n = 1 + (s = s * 1103515245 + 12345) / 65536 % 8;
		char *m = mmap(NULL, n * PG, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		if (m == MAP_FAILED)
			continue;
		for (size_t k = 0; k < n; k++) {
			if (m[k * PG])
				fail("fresh memory holds %d", m[k * PG]);
			m[k * PG] = 1 + k;
		}
		for (size_t k = 0; k < n; k++)
			if (m[k * PG] != (char)(1 + k))
				fail("memory lost its value");
		munmap(m, n * PG);
		pthread_mutex_lock(&mutex);
		guarded++;
		pthread_mutex_unlock(&mutex);
	}
	return NULL;
}

static void op_threads(void)
{
	pthread_t t[6];
	int n = 1 + rnd(6), made = 0;

	guarded = 0;
	for (int i = 0; i < n; i++)
		if (!pthread_create(&t[made], NULL, thread, (void *)(uintptr_t)rnd(1 << 30)))
			made++;
	for (int i = 0; i < made; i++)
		pthread_join(t[i], NULL);
	if (guarded != made * 20)
		fail("mutex let %ld of %d through", guarded, made * 20);
}

/* A process whose threads are cut off in the middle by its death. */
static void op_threads_die(void)
{
	pid_t p = try_fork();

	if (p == 0) {
		pthread_t t;

		for (int i = 0; i < 4; i++)
			pthread_create(&t, NULL, thread, (void *)(uintptr_t)(i + 1));
		if (rnd(2))
			sched_yield();
		if (rnd(2))
			kill(getpid(), SIGKILL);
		_exit(0);
	}
	if (p > 0)
		reap(p, -1);
}

static volatile sig_atomic_t caught;

static void on_signal(int s)
{
	(void)s;
	caught++;
}

static void op_signals(void)
{
	struct sigaction sa = { .sa_handler = on_signal, .sa_flags = rnd(2) ? SA_RESTART : 0 };
	struct itimerval it = { { 0, 200 }, { 0, 200 } }, off = { { 0, 0 }, { 0, 0 } };
	sigset_t m;
	pid_t p;

	sigaction(SIGUSR1, &sa, NULL);
	sigaction(SIGALRM, &sa, NULL);
	setitimer(ITIMER_REAL, &it, NULL);
	p = try_fork();
	if (p == 0) {
		for (int i = 0; i < 200; i++)
			kill(getppid(), SIGUSR1);
		_exit(0);
	}
	for (int i = 0; i < 50; i++) {
		sigemptyset(&m);
		sigaddset(&m, SIGUSR1);
		sigprocmask(rnd(2) ? SIG_BLOCK : SIG_UNBLOCK, &m, NULL);
		getppid();
	}
	sigemptyset(&m);
	sigprocmask(SIG_SETMASK, &m, NULL);
	if (p > 0)
		reap(p, 0);
	setitimer(ITIMER_REAL, &off, NULL);
	signal(SIGALRM, SIG_IGN);
}

static void op_mappings(void)
{
	enum { N = 64 };
	char *m = mmap(NULL, N * PG, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	unsigned char want[N];
	bool there[N], writable[N];

	if (m == MAP_FAILED)
		return;
	memset(want, 0, sizeof(want));
	memset(there, 1, sizeof(there));
	memset(writable, 1, sizeof(writable));
	for (int i = 0; i < 60; i++) {
		int at = rnd(N), n = 1 + rnd(N - at);

		switch (rnd(6)) {
		case 0:
			munmap(m + at * PG, n * PG);
			memset(there + at, 0, n);
			break;
		case 1:
			if (mmap(m + at * PG, n * PG, PROT_READ | PROT_WRITE,
				 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == MAP_FAILED)
				break;
			memset(there + at, 1, n);
			memset(writable + at, 1, n);
			memset(want + at, 0, n);
			break;
		case 2:
			for (int k = at; k < at + n; k++)
				if (there[k] && !mprotect(m + k * PG, PG, PROT_READ))
					writable[k] = false;
			break;
		case 3:
			for (int k = at; k < at + n; k++)
				if (there[k] && !mprotect(m + k * PG, PG, PROT_READ | PROT_WRITE))
					writable[k] = true;
			break;
		case 4:
			for (int k = at; k < at + n; k++)
				if (there[k] && !madvise(m + k * PG, PG, MADV_DONTNEED))
					want[k] = 0;
			break;
		default:
			for (int k = at; k < at + n; k++)
				if (there[k] && writable[k])
					m[k * PG + 8] = want[k] = 1 + rnd(255);
		}
		if (rnd(8) == 0) {
			pid_t p = try_fork();

			if (p == 0) {
				for (int k = 0; k < N; k++)
					if (there[k] && (unsigned char)m[k * PG + 8] != want[k])
						_exit(1);
				for (int k = 0; k < N; k++)
					if (there[k] && writable[k])
						m[k * PG + 8] = 77;
				_exit(0);
			}
			if (p > 0)
				reap(p, 0);
		}
		for (int k = 0; k < N; k++)
			if (there[k] && (unsigned char)m[k * PG + 8] != want[k])
				fail("page %d holds %d, expected %d", k, (unsigned char)m[k * PG + 8], want[k]);
	}
	munmap(m, N * PG);
}

/* Files whose bytes follow from their position and a tag; sizes are kept here. */
static off_t file_size[FILES];
static unsigned char file_tag[FILES];

static unsigned char byte_at(int f, off_t at)
{
	return file_tag[f] + at * 7 + (at >> 12) * 3;
}

static void op_files(void)
{
	static unsigned char buf[32768];
	char name[16], other[16];
	int f = rnd(FILES), fd;
	size_t n = 1 + rnd(sizeof(buf) - 1);

	snprintf(name, sizeof(name), "f%d", f);
	fd = open(name, O_RDWR | O_CREAT | (rnd(4) ? 0 : O_APPEND), 0644);
	if (fd < 0)
		fail("open %s: %s", name, strerror(errno));
	switch (rnd(6)) {
	case 0:		/* append */
		if (file_size[f] > 1 << 20)
			break;
		for (size_t i = 0; i < n; i++)
			buf[i] = byte_at(f, file_size[f] + i);
		if (pwrite(fd, buf, n, file_size[f]) != (ssize_t)n)
			fail("write: %s", strerror(errno));
		file_size[f] += n;
		break;
	case 1:		/* truncate */
		file_size[f] = rnd(file_size[f] + 1);
		if (ftruncate(fd, file_size[f]))
			fail("ftruncate: %s", strerror(errno));
		break;
	case 2:		/* by mapping */
		if (file_size[f]) {
			unsigned char *m = mmap(NULL, file_size[f], PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

			if (m == MAP_FAILED)
				break;
			for (off_t i = rnd(64); i < file_size[f]; i += 1 + rnd(3000)) {
				if (m[i] != byte_at(f, i))
					fail("%s mapped: byte %lld is %d, expected %d", name, (long long)i, m[i],
					     byte_at(f, i));
				m[i] = byte_at(f, i);
			}
			munmap(m, file_size[f]);
		}
		break;
	case 3:		/* rename over another */
		close(fd);
		fd = rnd(FILES);
		snprintf(other, sizeof(other), "f%d", fd);
		if (fd == f)
			return;
		if (rename(name, other))
			fail("rename: %s", strerror(errno));
		file_size[fd] = file_size[f];
		file_tag[fd] = file_tag[f];
		file_size[f] = 0;
		file_tag[f] = rnd(256);
		return;
	case 4:		/* unlink while open, read what is left */
		unlink(name);
		if (file_size[f] && (pread(fd, buf, 1, file_size[f] - 1) != 1 || buf[0] != byte_at(f, file_size[f] - 1)))
			fail("unlinked file lost its end");
		file_size[f] = 0;
		file_tag[f] = rnd(256);
		break;
	default: {	/* read back */
		off_t at = rnd(file_size[f] + 1);
		ssize_t got = pread(fd, buf, n, at), want = file_size[f] - at < (off_t)n ? file_size[f] - at : (off_t)n;

		if (got != want)
			fail("%s: read of %zu at %lld gave %zd, size %lld", name, n, (long long)at, got,
			     (long long)file_size[f]);
		for (ssize_t i = 0; i < got; i++)
			if (buf[i] != byte_at(f, at + i))
				fail("%s: byte %lld is %d, expected %d", name, (long long)(at + i), buf[i],
				     byte_at(f, at + i));
	}
	}
	close(fd);
}

static void op_tree(void)
{
	char path[64];
	int n = 1 + rnd(6), d;

	for (int i = 0; i < n; i++) {
		snprintf(path, sizeof(path), "d%d", i);
		if (mkdir(path, 0755) && errno != EEXIST)
			fail("mkdir: %s", strerror(errno));
		snprintf(path, sizeof(path), "d%d/link", i);
		if (symlink("../f0", path))
			fail("symlink: %s", strerror(errno));
		snprintf(path, sizeof(path), "d%d/pipe", i);
		if (mkfifo(path, 0644))
			fail("mkfifo: %s", strerror(errno));
	}
	d = open(".", O_RDONLY | O_DIRECTORY);
	if (d >= 0) {
		char buf[4096];

		while (syscall(SYS_getdents64, d, buf, sizeof(buf)) > 0)
			;
		close(d);
	}
	for (int i = 0; i < n; i++) {
		snprintf(path, sizeof(path), "d%d/link", i);
		unlink(path);
		snprintf(path, sizeof(path), "d%d/pipe", i);
		unlink(path);
		snprintf(path, sizeof(path), "d%d", i);
		if (rmdir(path))
			fail("rmdir: %s", strerror(errno));
	}
}

/* A child sends counted words through a pipe or a socket; order and completeness are checked. */
static void op_stream(void)
{
	enum { N = 5000 };
	unsigned v[64], next = 0;
	int p[2], socket = rnd(2);
	size_t have = 0;
	pid_t pid;

	if (socket ? socketpair(AF_UNIX, SOCK_STREAM, 0, p) : pipe(p))
		fail("pipe: %s", strerror(errno));
	pid = try_fork();
	if (pid == 0) {
		unsigned w[100];

		close(p[0]);
		for (unsigned i = 0; i < N;) {
			unsigned n = 1 + rnd(100), k;
			size_t sent = 0;

			n = n > N - i ? N - i : n;
			for (k = 0; k < n; k++)
				w[k] = i + k;
			while (sent < n * 4) {
				ssize_t r = write(p[1], (char *)w + sent, n * 4 - sent);

				if (r < 0 && errno != EINTR)
					_exit(1);
				sent += r > 0 ? r : 0;
			}
			i += n;
		}
		_exit(0);
	}
	close(p[1]);
	if (pid > 0) {
		for (;;) {
			ssize_t r = read(p[0], (char *)v + have, sizeof(v) - have);

			if (r < 0 && errno == EINTR)
				continue;
			if (r <= 0)
				break;
			have += r;
			for (size_t i = 0; i < have / 4; i++)
				if (v[i] != next++)
					fail("stream: word %u instead of %u", v[i], next - 1);
			memmove(v, (char *)v + have / 4 * 4, have % 4);
			have %= 4;
		}
		if (next != N)
			fail("stream: %u words of %u", next, N);
		reap(pid, 0);
	}
	close(p[0]);
}

static void op_descriptors(void)
{
	int fd[32], s[2], n = 1 + rnd(30), made = 0, ep = epoll_create1(EPOLL_CLOEXEC);

	for (int i = 0; i < n; i++) {
		switch (rnd(4)) {
		case 0:
			fd[made] = eventfd(i, EFD_NONBLOCK);
			break;
		case 1:
			fd[made] = open("/proc/self/maps", O_RDONLY);
			break;
		case 2:
			fd[made] = dup(ep);
			break;
		default:
			fd[made] = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);
		}
		if (fd[made] >= 0)
			made++;
	}
	for (int i = 0; i < made; i++) {
		struct epoll_event ev = { .events = EPOLLIN | EPOLLET, .data.fd = fd[i] };
		char buf[512];

		epoll_ctl(ep, EPOLL_CTL_ADD, fd[i], &ev);
		if (read(fd[i], buf, rnd(2) ? 8 : sizeof(buf)) < 0 && errno == EIO)
			fail("read: EIO");
	}
	if (!socketpair(AF_UNIX, SOCK_DGRAM, 0, s)) {
		char control[CMSG_SPACE(sizeof(int))] = { 0 };
		struct iovec v = { "x", 1 };
		struct msghdr m = { .msg_iov = &v, .msg_iovlen = 1, .msg_control = control,
				    .msg_controllen = sizeof(control) };
		struct cmsghdr *c = (void *)control;

		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(c), rnd(2) ? &s[0] : &s[1], sizeof(int));
		if (sendmsg(s[0], &m, 0) < 0)
			fail("sendmsg: %s", strerror(errno));
		close(s[0]);
		close(s[1]);	/* with a descriptor in flight, perhaps its own */
	}
	if (ep >= 0) {
		struct epoll_event ev[8];

		epoll_wait(ep, ev, 8, 0);
		close(ep);
	}
	for (int i = 0; i < made; i++)
		close(fd[i]);
}

static void op_common_futex(void)
{
	_Atomic unsigned *w = &common->words[rnd(4) * 16];
	struct timespec ts = { 0, 100000 };

	if (rnd(2))
		syscall(SYS_futex, w, 0 /* FUTEX_WAIT */, *w, &ts, NULL, 0);
	else {
		(*w)++;
		syscall(SYS_futex, w, 1 /* FUTEX_WAKE */, 1 + rnd(5), NULL, NULL, 0);
	}
}

static void op_scheduler(void)
{
	cpu_set_t set;
	struct sched_param sp = { 0 };
	struct timespec ts = { 0, rnd(300000) };

	switch (rnd(5)) {
	case 0:
		CPU_ZERO(&set);
		CPU_SET(rnd(sysconf(_SC_NPROCESSORS_CONF)), &set);
		sched_setaffinity(0, sizeof(set), &set);
		break;
	case 1:
		memset(&set, 0xff, sizeof(set));
		sched_setaffinity(0, sizeof(set), &set);
		break;
	case 2:
		setpriority(PRIO_PROCESS, 0, rnd(10));
		break;
	case 3:
		syscall(SYS_sched_setscheduler, 0, rnd(2) ? SCHED_BATCH : SCHED_OTHER, &sp);
		break;
	default:
		nanosleep(&ts, NULL);
	}
}

/* Reads of /proc while everything in it moves. */
static void op_proc(void)
{
	static const char *const names[] = { "stat", "status", "maps", "cmdline", "statm", "mounts", "limits" };
	char path[64], buf[8192];
	int pid = rnd(4) ? (int)(1 + rnd(3000)) : getppid(), fd;

	snprintf(path, sizeof(path), "/proc/%d/%s", pid, names[rnd(7)]);
	fd = open(path, O_RDONLY);
	if (fd < 0)
		return;
	while (read(fd, buf, 1 + rnd(sizeof(buf) - 1)) > 0)
		;
	close(fd);
}

static void op_bad_calls(void)
{
	static const int calls[] = { SYS_read, SYS_write, SYS_open, SYS_stat, SYS_poll, SYS_mprotect, SYS_madvise,
		SYS_ioctl, SYS_readv, SYS_pipe, SYS_msync, SYS_mincore, SYS_fcntl, SYS_getdents64, SYS_futex,
		SYS_sendmsg, SYS_recvmsg, SYS_epoll_ctl, SYS_timer_create, SYS_sigaltstack, SYS_waitid };
	static const unsigned long values[] = { 0, 1, 8, -1UL, 0x1000, 0x7fffffffffff, 0x800000000000,
		0xffff800000000000, 0xffffffff80000000, 1UL << 31, 1UL << 32, 4096, 0x7fffffff };
	unsigned long a[6];
	pid_t p = try_fork();

	if (p == 0) {
		int s[2];

		signal(SIGALRM, SIG_DFL);
		alarm(2);
		/* Not on what we share with others: F_SETOWN on the console keeps a number of a process for ever. */
		syscall(SYS_close_range, 0U, ~0U, 0U);
		open("/dev/null", O_RDWR);
		open("/proc/self/maps", O_RDONLY);
		if (!pipe(s))
			socketpair(AF_UNIX, SOCK_STREAM, 0, s);
		for (int i = 0; i < 20; i++) {
			for (int k = 0; k < 6; k++)
				a[k] = rnd(3) ? values[rnd(sizeof(values) / sizeof(values[0]))] : rnd(64);
			syscall(calls[rnd(sizeof(calls) / sizeof(calls[0]))], a[0], a[1], a[2], a[3], a[4], a[5]);
		}
		_exit(0);
	}
	if (p > 0)
		reap(p, -1);	/* it may kill itself */
}

static void (*const ops[])(void) = {
	op_fork, op_exec, op_kill_children, op_threads, op_threads_die, op_signals, op_mappings, op_mappings, op_files,
	op_files, op_files, op_files, op_tree, op_stream, op_descriptors, op_common_futex, op_common_futex,
	op_scheduler, op_proc, op_proc, op_bad_calls, op_walk, op_walk, op_walk, op_mounts, op_notify, op_terminals,
	op_timers, op_locks,
};

static void work(unsigned id, uint64_t seed)
{
	struct rlimit core = { 0, 0 };
	char dir[64];

	worker = id;
	worker_seed = seed;
	rng = seed * 0x9e3779b97f4a7c15ULL + id + 1;
	setrlimit(RLIMIT_CORE, &core);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGURG, SIG_IGN);
	snprintf(dir, sizeof(dir), BASE "/w%u", id);
	if (mkdir(dir, 0755) || chdir(dir))
		fail("%s: %s", dir, strerror(errno));
	for (int i = 0; i < FILES; i++)
		file_tag[i] = rnd(256);
	while (now() < deadline && !common->failed) {
		ops[rnd(sizeof(ops) / sizeof(ops[0]))]();
		common->ops++;
	}
	for (int i = 0; i < FILES; i++) {
		snprintf(dir, sizeof(dir), "f%d", i);
		unlink(dir);
	}
	if (chdir("/") == 0) {
		snprintf(dir, sizeof(dir), BASE "/w%u", id);
		rmdir(dir);
	}
	_exit(0);
}

static void on_hang(int s)
{
	static const char msg[] = "stress: not done long after its time: something hangs\n";

	(void)s;
	if (write(1, msg, sizeof(msg) - 1) < 0)
		_exit(2);
	/* who is left, in which state and in which call */
	for (int pid = 2; pid < 100000; pid++) {
		static const char *const files[] = { "stat", "syscall" };

		for (int i = 0; i < 2; i++) {
			char path[64], buf[200];
			ssize_t n;
			int fd;

			snprintf(path, sizeof(path), "/proc/%d/%s", pid, files[i]);
			fd = open(path, O_RDONLY);
			if (fd < 0)
				break;
			n = read(fd, buf, 120);
			close(fd);
			if (n > 0 && (i || strstr(buf, "(stress)"))) {
				buf[n] = 0;
				printf("  %d %s: %s\n", pid, files[i], buf);
			} else if (!i) {
				break;
			}
		}
	}
	fflush(stdout);
	_exit(1);
}

int main(int argc, char **argv)
{
	int seconds = argc > 1 ? atoi(argv[1]) : 10, workers;
	uint64_t seed = argc > 2 ? strtoull(argv[2], NULL, 0) : 1;
	bool bad = false;
	int st;
	pid_t p;

	if (argc > 1 && !strcmp(argv[1], "@child"))
		return 0;
	workers = argc > 3 ? atoi(argv[3]) : 2 * (int)sysconf(_SC_NPROCESSORS_ONLN);
	common = mmap(NULL, PG, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (common == MAP_FAILED) {
		perror("stress: mmap");
		return 1;
	}
	deadline = now() + seconds * 1000000000LL;
	if (mkdir(BASE, 0755)) {
		perror("stress: " BASE);
		return 1;
	}
	shared_make();
	printf("stress: %d workers, %d s, seed %llu\n", workers, seconds, (unsigned long long)seed);
	fflush(stdout);
	for (int i = 0; i < workers; i++) {
		p = fork();
		if (p == 0)
			work(i, seed);
		if (p < 0) {
			perror("stress: fork");
			bad = true;
		}
	}
	signal(SIGALRM, on_hang);
	alarm(2 * seconds + 30);
	while ((p = wait(&st)) > 0 || errno == EINTR)
		if (p > 0 && st != 0) {
			printf("stress: a worker ended with %#x\n", st);
			bad = true;
		}
	shared_remove();
	if (rmdir(BASE)) {
		perror("stress: rmdir " BASE);
		bad = true;
	}
	if (bad || common->failed)
		return 1;
	printf("stress: ok, %ld operations\n", common->ops);
	return 0;
}

/* SPDX-License-Identifier: MPL-2.0 */
/* Main program and helpers of the user-space test harness; ktest_user.h says how it is used. */
#include "ktest_user.h"
#include <ftw.h>
#include <grp.h>

__attribute__((weak)) unsigned kt_case_seconds = 60;
#define BAD_ADDR ((void *)0x1000)

static struct kt_case *kt_first, **kt_last = &kt_first;
static volatile sig_atomic_t kt_timed_out;
static void (*kt_end)(void);
static pid_t kt_end_pid;

void kt_register(struct kt_case *c)
{
	*kt_last = c;
	kt_last = &c->next;
}

void kt_at_end(void (*fn)(void))
{
	kt_end = fn;
	kt_end_pid = getpid();
}

/* Once, and not in children of the case; what fails in it does not come here again. */
static void kt_run_end(void)
{
	void (*fn)(void) = kt_end;

	if (!fn || kt_end_pid != getpid())
		return;
	kt_end = NULL;
	fn();
}

void kt_fail(const char *file, int line, const char *fmt, ...)
{
	char buf[1024];
	va_list ap;
	int n = snprintf(buf, sizeof(buf), "%s:%d: ", file, line);

	va_start(ap, fmt);
	vsnprintf(buf + n, sizeof(buf) - n - 1, fmt, ap);
	va_end(ap);
	strcat(buf, "\n");
	if (write(2, buf, strlen(buf)) < 0)
		_exit(2);
	kt_run_end();
	_exit(1);
}

void kt_skip(const char *fmt, ...)
{
	char buf[512];
	va_list ap;
	int n = snprintf(buf, sizeof(buf), "SKIP: ");

	va_start(ap, fmt);
	vsnprintf(buf + n, sizeof(buf) - n - 1, fmt, ap);
	va_end(ap);
	strcat(buf, "\n");
	if (write(2, buf, strlen(buf)) < 0)
		_exit(2);
	kt_run_end();
	_exit(77);
}

pid_t kt_fork(void)
{
	pid_t pid = fork();

	if (pid < 0)
		FAIL("fork: errno %d %s", errno, strerror(errno));
	if (pid == 0)
		alarm(kt_case_seconds);
	return pid;
}

void kt_wait_exit_at(const char *file, int line, pid_t pid, int code)
{
	int st = -1;
	pid_t r;

	do {
		r = waitpid(pid, &st, 0);
	} while (r < 0 && errno == EINTR);
	if (r != pid)
		kt_fail(file, line, "waitpid(%d) = %d, errno %d", pid, r, errno);
	if (WIFEXITED(st) && WEXITSTATUS(st) == code)
		return;
	if (WIFEXITED(st) && WEXITSTATUS(st) == 77) {
		kt_run_end();
		_exit(77);
	}
	if (WIFEXITED(st))
		kt_fail(file, line, "child exited with %d, not %d", WEXITSTATUS(st), code);
	kt_fail(file, line, "child died of signal %d, expected exit status %d", WTERMSIG(st), code);
}

void kt_wait_signal_at(const char *file, int line, pid_t pid, int sig)
{
	int st = -1;
	pid_t r;

	do {
		r = waitpid(pid, &st, 0);
	} while (r < 0 && errno == EINTR);
	if (r != pid)
		kt_fail(file, line, "waitpid(%d) = %d, errno %d", pid, r, errno);
	if (WIFEXITED(st))
		kt_fail(file, line, "child exited with %d, expected death by signal %d",
			WEXITSTATUS(st), sig);
	if (WTERMSIG(st) != sig)
		kt_fail(file, line, "child died of signal %d, expected %d", WTERMSIG(st), sig);
}

void kt_wait_state(pid_t pid, pid_t tid, const char *states)
{
	char path[64], buf[512];

	if (tid)
		snprintf(path, sizeof(path), "/proc/%d/task/%d/stat", pid, tid);
	else
		snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	for (;;) {
		char *p;

		if (!kt_try_get(path, buf, sizeof(buf)))
			FAIL("cannot read %s: errno %d", path, errno);
		p = strrchr(buf, ')');
		if (!p || p[1] != ' ' || !p[2])
			FAIL("%s: no state in \"%s\"", path, buf);
		if (strchr(states, p[2]))
			return;
		if (strchr("ZX", p[2]))
			FAIL("%s: state %c while waiting for %s", path, p[2], states);
		/* Not a yield: we may have the higher priority, inherited from whom we wait for. */
		nanosleep(&(struct timespec){ .tv_nsec = 200000 }, NULL);
	}
}

int kt_wait_ms(void)
{
	return (int)kt_case_seconds * 2000 / 3;
}

bool kt_look_again(long long *end)
{
	long long now = kt_now();

	if (!*end)
		*end = now + kt_wait_ms() * 1000000LL;
	nanosleep(&(struct timespec){ .tv_nsec = 1000000 }, NULL);
	return now < *end;
}

int kt_wait_events_at(const char *file, int line, int fd, int events)
{
	struct pollfd p = { .fd = fd, .events = (short)events };
	int n = poll(&p, 1, kt_wait_ms());

	if (n != 1)
		kt_fail(file, line, "poll of %d for %#x: %d, errno %d", fd, events, n, errno);
	return p.revents;
}

void kt_put(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
	size_t n = strlen(text);

	if (fd < 0)
		FAIL("open %s: errno %d %s", path, errno, strerror(errno));
	if (write(fd, text, n) != (ssize_t)n)
		FAIL("write %s: errno %d %s", path, errno, strerror(errno));
	close(fd);
}

bool kt_try_get(const char *path, char *buf, size_t n)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	size_t got = 0;

	if (fd < 0)
		return false;
	while (got < n - 1) {
		ssize_t r = read(fd, buf + got, n - 1 - got);

		if (r < 0 && errno == EINTR)
			continue;
		if (r < 0) {
			close(fd);
			return false;
		}
		if (r == 0)
			break;
		got += r;
	}
	buf[got] = 0;
	close(fd);
	return true;
}

size_t kt_get(const char *path, char *buf, size_t n)
{
	if (!kt_try_get(path, buf, n))
		FAIL("cannot read %s: errno %d %s", path, errno, strerror(errno));
	return strlen(buf);
}

void kt_become(uid_t uid, gid_t gid)
{
	if (setgroups(0, NULL))
		FAIL("setgroups: errno %d", errno);
	if (setresgid(gid, gid, gid))
		FAIL("setresgid: errno %d", errno);
	if (setresuid(uid, uid, uid))
		FAIL("setresuid: errno %d", errno);
}

void kt_handle(int sig, void (*fn)(int))
{
	struct sigaction sa = { .sa_handler = fn };

	if (sigaction(sig, &sa, NULL))
		FAIL("sigaction(%d): errno %d", sig, errno);
}

void kt_wait_caught(int sig, const volatile sig_atomic_t *count, int n)
{
	sigset_t block, old;

	sigemptyset(&block);
	sigaddset(&block, sig);
	sigprocmask(SIG_BLOCK, &block, &old);
	while (*count < n)
		sigsuspend(&old);
	sigprocmask(SIG_SETMASK, &old, NULL);
}

void kt_handle_info(int sig, void (*fn)(int, siginfo_t *, void *), int flags)
{
	struct sigaction sa = { .sa_sigaction = fn, .sa_flags = SA_SIGINFO | flags };

	if (sigaction(sig, &sa, NULL))
		FAIL("sigaction(%d): errno %d", sig, errno);
}

long long kt_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000LL + ts.tv_nsec;
}

long long kt_stat(const char *path, const char *name)
{
	char buf[16384], *p = buf;
	size_t n = strlen(name);

	if (!kt_try_get(path, buf, sizeof(buf)))
		return -1;
	for (; p; p = strchr(p, '\n') ? strchr(p, '\n') + 1 : NULL)
		if (!strncmp(p, name, n) && p[n] == ' ')
			return atoll(p + n);
	return -1;
}

bool kt_on_memory(void)
{
	struct statfs s;

	CHECK_OK(statfs(".", &s));
	return s.f_type == 0x01021994 || s.f_type == 0x858458f6;	/* tmpfs, ramfs */
}

long kt_block(void)
{
	struct statfs s;

	CHECK_OK(statfs(".", &s));
	return (long)s.f_bsize;
}

long long kt_used(long long from, long long to)
{
	long long size = kt_block(), each = size / 4, first = from / size, last = (to - 1) / size, n = last - first + 1;

	if (kt_on_memory())
		return n * size / 512;
	/* 12 blocks stand in the inode, then come those of one index block, then those of a block of index blocks. */
	first -= 12;
	last -= 12;
	if (last >= 0 && first < each)
		n++;
	if (last >= each)
		n += 1 + (last - each) / each - (first > each ? (first - each) / each : 0) + 1;
	if (last >= each + each * each)
		FAIL("kt_used knows no three levels");
	return n * size / 512;
}

bool kt_fine_times(void)
{
	struct timespec ts[2] = { { 1, 1 }, { 1, 1 } };
	int fd = CHECK_OK(open(".", O_RDWR | O_TMPFILE, 0600));
	struct stat st;

	CHECK_OK(futimens(fd, ts));
	CHECK_OK(fstat(fd, &st));
	close(fd);
	return st.st_mtim.tv_nsec == 1;
}

long long kt_largest(void)
{
	long long size = kt_block(), each = size / 4;

	if (kt_on_memory())
		return LLONG_MAX;
	/* What a map of three levels reaches; the count of 512-byte units has 32 bits. */
	return size < 4096 ? (12 + each + each * each + each * each * each) * size : (1LL << 41) - 1;
}

int kt_nfds(void)
{
	int n = 0;

	for (int fd = 0; fd < 1024; fd++)
		n += fcntl(fd, F_GETFD) >= 0;
	return n;
}

long long kt_field(const char *path, const char *name)
{
	static char buf[65536];
	size_t n = strlen(name);

	kt_get(path, buf, sizeof(buf));
	for (char *p = buf; p && *p; p = strchr(p, '\n'), p = p ? p + 1 : NULL)
		if (!strncmp(p, name, n) && p[n] == ':')
			return atoll(p + n + 1);
	return -1;
}

void *kt_map(size_t pages, int prot)
{
	void *p = mmap(NULL, pages * PG, prot, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		FAIL("mmap of %zu pages: errno %d", pages, errno);
	return p;
}

static sigjmp_buf kt_fault_jmp;
static volatile int kt_fault_sig, kt_fault_code;
static void *volatile kt_fault_addr;

static void kt_on_fault(int sig, siginfo_t *si, void *ctx)
{
	(void)ctx;
	kt_fault_sig = sig;
	kt_fault_code = si->si_code;
	kt_fault_addr = si->si_addr;
	siglongjmp(kt_fault_jmp, 1);
}

int kt_fault(volatile void *addr, bool write, int *code)
{
	struct sigaction sa = { .sa_sigaction = kt_on_fault, .sa_flags = SA_SIGINFO }, segv, bus;

	sigaction(SIGSEGV, &sa, &segv);
	sigaction(SIGBUS, &sa, &bus);
	kt_fault_sig = 0;
	if (!sigsetjmp(kt_fault_jmp, 1)) {
		if (write)
			*(volatile char *)addr = 1;
		else
			(void)*(volatile char *)addr;
	}
	sigaction(SIGSEGV, &segv, NULL);
	sigaction(SIGBUS, &bus, NULL);
	if (kt_fault_sig && kt_fault_addr != addr)
		FAIL("fault at %p reports si_addr %p", addr, kt_fault_addr);
	if (code)
		*code = kt_fault_code;
	return kt_fault_sig;
}

static int kt_rm(const char *path, const struct stat *st, int type, struct FTW *f)
{
	(void)st;
	(void)f;
	if (type == FTW_DP || type == FTW_D || type == FTW_DNR) {
		if (rmdir(path) && errno == EBUSY) {
			while (!umount2(path, MNT_DETACH))
				;
			rmdir(path);
		}
	} else if (unlink(path) && errno == EBUSY) {
		umount2(path, MNT_DETACH);
		unlink(path);
	}
	return 0;
}

static void kt_cleanup(const char *dir)
{
	nftw(dir, kt_rm, 16, FTW_DEPTH | FTW_PHYS);
	nftw(dir, kt_rm, 16, FTW_DEPTH | FTW_PHYS);	/* what a mount hid the first time */
}

static void kt_on_alarm(int sig)
{
	(void)sig;
	kt_timed_out = 1;
}

/* Runs one case; returns 0, 1 or 77. */
static int kt_run(struct kt_case *c)
{
	struct sigaction sa = { .sa_handler = kt_on_alarm };
	char dir[64];
	int st, ret;
	pid_t pid, r;

	snprintf(dir, sizeof(dir), "/tmp/kt.%d", getpid());
	kt_cleanup(dir);
	if (mkdir(dir, 0755) && errno != EEXIST)
		dprintf(2, "%s: cannot make %s: errno %d\n", c->name, dir, errno);
	pid = fork();
	if (pid < 0) {
		dprintf(2, "%s: fork: errno %d\n", c->name, errno);
		return 1;
	}
	if (pid == 0) {
		if (chdir(dir))
			_exit(1);
		umask(022);
		alarm(kt_case_seconds);
		c->fn();
		kt_run_end();
		_exit(0);
	}
	kt_timed_out = 0;
	sigaction(SIGALRM, &sa, NULL);
	alarm(kt_case_seconds + 5);
	while ((r = waitpid(pid, &st, 0)) < 0 && errno == EINTR)
		if (kt_timed_out)
			kill(pid, SIGKILL);
	alarm(0);
	signal(SIGALRM, SIG_DFL);
	kt_cleanup(dir);
	if (r != pid) {
		dprintf(2, "%s: waitpid: errno %d\n", c->name, errno);
		return 1;
	}
	if (WIFEXITED(st)) {
		ret = WEXITSTATUS(st);
		if (ret && ret != 77)
			dprintf(2, "case %s: exit status %d\n", c->name, ret);
		return ret == 0 || ret == 77 ? ret : 1;
	}
	dprintf(2, "case %s: died of signal %d%s\n", c->name, WTERMSIG(st),
		kt_timed_out || WTERMSIG(st) == SIGALRM ? " (time out)" : "");
	return 1;
}

int main(int argc, char **argv)
{
	int failed = 0, passed = 0, skipped = 0;

	if (argc > 1 && argv[1][0] == '@' && kt_helper)
		return kt_helper(argc, argv);
	setvbuf(stdout, NULL, _IONBF, 0);
	for (struct kt_case *c = kt_first; c; c = c->next) {
		bool want = argc < 2;

		for (int i = 1; i < argc; i++)
			want |= !strcmp(argv[i], c->name);
		if (!want)
			continue;
		switch (kt_run(c)) {
		case 0:
			passed++;
			break;
		case 77:
			skipped++;
			break;
		default:
			failed++;
		}
	}
	if (failed)
		return 1;
	return passed || !skipped ? 0 : 77;
}

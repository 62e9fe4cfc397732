/* SPDX-License-Identifier: MPL-2.0 */
/*
 * /test/run: runs the user-space tests and reports them on the console.
 *
 * As pid 1 (rdinit=/test/run) it prepares the system (proc, sysfs, devtmpfs, tmpfs, devpts), takes
 * its filter from the kernel command line (test=GLOB[,GLOB...], matched against AREA/NAME, !GLOB takes away;
 * testtimeout=SECONDS; testverbose=1; testdisk=DEV puts /tmp on an ext2 there; stress=SECONDS[,SEED] runs
 * /test/stress instead) and ends by
 * powering off. From a shell the globs are its arguments. Every test runs in a session of its own
 * with its output in a file, under a time-out; what it leaves behind is killed.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include "leaks.h"
#include "pid1.h"

#define BIN "/test/bin"
#define OUTPUT "/tmp/.output"
#define MAX_TESTS 4096
#define TAIL 2000

static char *tests[MAX_TESTS];
static int ntests;
static char *globs;
static unsigned timeout = 120;
static bool verbose, is_init;
static volatile sig_atomic_t alarmed;

static long long now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000LL + ts.tv_nsec / 1000000;
}

static void put(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);

	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		printf("run: %s: %s\n", path, strerror(errno));
	if (fd >= 0)
		close(fd);
}

/* Pid 1 only: mounts and ids that the tests count on. */
static void prepare(void)
{
	umask(022);
	pid1_mount("proc", "/proc", NULL);
	pid1_mount("sysfs", "/sys", NULL);
	pid1_mount("devtmpfs", "/dev", NULL);
	pid1_mount("devpts", "/dev/pts", "gid=5,mode=620,ptmxmode=666");
	pid1_mount("tmpfs", "/dev/shm", "mode=1777");
	pid1_mount("tmpfs", "/tmp", "mode=1777");
	mkdir("/etc", 0755);
	put("/etc/passwd", "root:x:0:0:root:/:/bin/sh\nuser:x:1000:1000:user:/:/bin/sh\n"
	    "nobody:x:65534:65534:nobody:/:/bin/sh\n");
	put("/etc/group", "root:x:0:\ntty:x:5:\nuser:x:1000:\nnogroup:x:65534:\n");
	pid1_console();
	pid1_modules();
}

static const char *param(const char *name)
{
	const char *v = getenv(name);

	return v ? v : pid1_param(name);
}

/* testdisk=DEV: the tests' files lie on the ext2 file system there. */
static int mount_disk(const char *dev)
{
	if (!pid1_wait_disk(dev) && !mount(dev, "/tmp", "ext2", 0, NULL) && !chmod("/tmp", 01777))
		return 0;
	printf("not ok mount-disk: %s: %s\n", dev, strerror(errno));
	return 1;
}

static bool wanted(const char *name)
{
	char *copy, *g, *save;
	bool hit = false;

	if (!globs || !*globs)
		return true;
	copy = strdup(globs);
	for (g = strtok_r(copy, ",", &save); g; g = strtok_r(NULL, ",", &save))
		if (*g == '!')		/* of those before, not these */
			hit &= !!fnmatch(g + 1, name, 0);
		else
			hit |= !fnmatch(g, name, 0);
	free(copy);
	return hit;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void collect(void)
{
	struct dirent *a, *t;
	char path[600], name[600];
	DIR *areas = opendir(BIN), *d;

	if (!areas) {
		printf("run: cannot read " BIN ": %s\n", strerror(errno));
		return;
	}
	while ((a = readdir(areas))) {
		if (a->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), BIN "/%s", a->d_name);
		d = opendir(path);
		if (!d)
			continue;
		while ((t = readdir(d))) {
			if (t->d_name[0] == '.')
				continue;
			snprintf(name, sizeof(name), "%s/%s", a->d_name, t->d_name);
			if (wanted(name) && ntests < MAX_TESTS)
				tests[ntests++] = strdup(name);
		}
		closedir(d);
	}
	closedir(areas);
	qsort(tests, ntests, sizeof(tests[0]), by_name);
}

static void on_alarm(int sig)
{
	(void)sig;
	alarmed = 1;
}

static void child(const char *name)
{
	char path[600];
	char *argv[] = { path, NULL };
	char *envp[20] = { "PATH=/bin:/sbin:/usr/bin:/usr/sbin", "HOME=/", "TERM=vt102" };
	int fd, n = 3;

	/* KEEL_NAME=value of the kernel's command line is for tests that need more of the machine. */
	for (char **e = environ; *e && n < 19; e++)
		if (!strncmp(*e, "KEEL_", 5))
			envp[n++] = *e;

	snprintf(path, sizeof(path), BIN "/%s", name);
	setsid();
	fd = open("/dev/null", O_RDONLY);
	if (fd >= 0) {
		dup2(fd, 0);
		if (fd > 2)
			close(fd);
	}
	fd = open(OUTPUT, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND, 0666);
	if (fd >= 0) {
		dup2(fd, 1);
		dup2(fd, 2);
		if (fd > 2)
			close(fd);
	}
	execve(path, argv, envp);
	dprintf(2, "cannot execute %s: %s\n", path, strerror(errno));
	_exit(126);
}

/* Kills and reaps everything the test left; as pid 1 that is every other process. */
static void sweep(pid_t pid)
{
	kill(is_init ? -1 : -pid, SIGKILL);
	while (waitpid(-1, NULL, 0) > 0 || errno == EINTR)
		;
}

/* The last bytes of the test's output, from the start of a line. */
static char *tail(void)
{
	static char buf[TAIL + 1];
	struct stat st;
	int fd = open(OUTPUT, O_RDONLY);
	ssize_t n = 0;
	char *p = buf;

	if (fd >= 0) {
		if (!fstat(fd, &st) && st.st_size > TAIL) {
			lseek(fd, st.st_size - TAIL, SEEK_SET);
			n = read(fd, buf, TAIL);
			buf[n > 0 ? n : 0] = 0;
			p = strchr(buf, '\n');
			p = p ? p + 1 : buf;
		} else {
			n = read(fd, buf, TAIL);
			buf[n > 0 ? n : 0] = 0;
		}
		close(fd);
	}
	while (*p && p[strlen(p) - 1] == '\n')
		p[strlen(p) - 1] = 0;
	return p;
}

/* stress=SECONDS[,SEED]: the one program that runs instead of the tests. */
static void stress_child(const char *arg)
{
	char secs[32], *comma, *argv[] = { "/test/stress", secs, NULL, NULL }, *envp[] = { "PATH=/bin", NULL };

	snprintf(secs, sizeof(secs), "%s", arg);
	comma = strchr(secs, ',');
	if (comma) {
		*comma = 0;
		argv[2] = comma + 1;
	}
	setsid();
	execve(argv[0], argv, envp);
	_exit(126);
}

/* One run of the stress program; everything it started is gone afterwards. */
static bool stress_once(const char *arg)
{
	int st = -1;
	pid_t pid = fork(), r;

	if (pid == 0)
		stress_child(arg);
	while ((r = waitpid(-1, &st, 0)) != pid && (r > 0 || errno == EINTR))
		;
	sweep(pid);
	if (r != pid || st)
		printf("stress: status %#x\n", st);
	return r == pid && st == 0;
}

/*
 * The stress program twice, the same both times. After the first run the kernel holds what it held
 * before but for the golden list, after the second what it held after the first.
 */
static int run_stress(const char *arg)
{
	static const char *const names[] = { "first", "second" };
	static struct leaks counts[3];
	int failed = 0, bad;

	/*
	 * What this program itself makes the kernel hold is there from the first count on: it goes once
	 * through all it does below, but for the stress. The workers that boot needed end 30 s after it.
	 */
	memset(counts, 0, sizeof(counts));
	stress_once("@child");
	if (leaks_take(&counts[1]) || leaks_compare(&counts[1], &counts[1], "/test/golden.list", 1) || sleep(40) ||
	    leaks_take(&counts[0])) {
		printf("not ok leaks: cannot count\n");
		return 1;
	}
	for (int i = 0; i < 2; i++) {
		long long t0 = now_ms();
		bool ok = stress_once(arg);

		printf("%s stress-%s (%lld ms)\n", ok ? "ok" : "not ok", names[i], now_ms() - t0);
		bad = leaks_settle(&counts[i + 1], &counts[i], "/test/golden.list", i == 0) ? 1 :
		      leaks_compare(&counts[i], &counts[i + 1], "/test/golden.list", i == 0);
		if (bad)
			printf("not ok leaks-%s: %d counts are not what they were\n", names[i], bad);
		else
			printf("ok leaks-%s\n", names[i]);
		failed += !ok + !!bad;
	}
	return failed;
}

/* Runs one test; returns its exit status, 1 for death by a signal or time-out. */
static int run(const char *name)
{
	struct sigaction sa = { .sa_handler = on_alarm };
	long long t0 = now_ms();
	char why[64] = "";
	int st = 0, ret;
	pid_t pid, r;

	unlink(OUTPUT);
	alarmed = 0;
	sigaction(SIGALRM, &sa, NULL);
	pid = fork();
	if (pid == 0)
		child(name);
	if (pid < 0) {
		printf("not ok %s: fork: %s\n", name, strerror(errno));
		return 1;
	}
	alarm(timeout);
	for (;;) {
		r = waitpid(-1, &st, 0);
		if (r == pid || (r < 0 && errno != EINTR))
			break;
		if (alarmed && r < 0) {
			snprintf(why, sizeof(why), " timed out after %u s", timeout);
			kill(pid, SIGKILL);
			alarm(2);
		}
	}
	alarm(0);
	sweep(pid);
	if (r != pid) {
		ret = 1;
		snprintf(why, sizeof(why), " waitpid: %s", strerror(errno));
	} else if (WIFEXITED(st)) {
		ret = WEXITSTATUS(st);
	} else {
		ret = 1;
		if (!why[0])
			snprintf(why, sizeof(why), " died of signal %d", WTERMSIG(st));
	}
	if (ret == 0) {
		printf("ok %s (%lld ms)\n", name, now_ms() - t0);
		if (verbose && *tail())
			printf("%s\n", tail());
	} else if (ret == 77) {
		printf("skip %s: %s\n", name, tail());
	} else {
		printf("not ok %s:%s\n%s\n", name, why, tail());
	}
	return ret;
}

int main(int argc, char **argv)
{
	int passed = 0, failed = 0, skipped = 0;
	const char *v = NULL, *disk;

	setvbuf(stdout, NULL, _IOLBF, 0);
	is_init = getpid() == 1;
	if (is_init) {
		prepare();
		globs = (char *)param("test");
		v = param("testtimeout");
		if (v && atoi(v) > 0)
			timeout = atoi(v);
		verbose = param("testverbose") != NULL;
	}
	if (!globs && argc > 1)
		globs = argv[1];
	disk = is_init ? param("testdisk") : NULL;
	if (disk && mount_disk(disk)) {
		failed++;
		disk = NULL;
	}
	v = is_init ? param("stress") : NULL;
	if (v) {
		printf("KEEL-TEST-START 4\n");
		failed = run_stress(v);
		passed = 4 - failed;
	} else {
		collect();
	}
	if (!v)
		printf("KEEL-TEST-START %d\n", ntests);
	for (int i = 0; i < ntests; i++) {
		switch (run(tests[i])) {
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
	/* What is left in use shows here; the host checks the file system afterwards. */
	if (disk && umount("/tmp")) {
		printf("not ok umount-disk: %s\n", strerror(errno));
		failed++;
	}
	printf("KEEL-TEST-DONE %d passed, %d failed, %d skipped\n", passed, failed, skipped);
	if (is_init) {
		sync();
		reboot(RB_POWER_OFF);
		printf("run: power off failed: %s\n", strerror(errno));
		for (;;)
			pause();
	}
	return failed != 0;
}

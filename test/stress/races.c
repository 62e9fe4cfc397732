/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Operations of the stress test on what all workers share: path walks against renames, mounts, inotify,
 * terminals, timers, file locks. What must hold at any time:
 *
 *   k0 and k1 are exchanged (RENAME_EXCHANGE) again and again: both names are always there, and so is
 *   the file f in each, by every path over them;
 *   ln is a symbolic link that is replaced by rename(): it always leads to a file that says "kept";
 *   below d0 ... d5 directories come, go and move: a walk there finds what it asked for or ENOENT, and
 *   what it opens is a whole file.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include "stress.h"

#define EXCHANGE 2

static const char kept[] = "kept";

static void put_file(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT, 0644);

	if (fd < 0 || write(fd, kept, 4) != 4)
		fail("%s: %s", path, strerror(errno));
	close(fd);
}

void shared_make(void)
{
	if (mkdir(SHARED, 0755) || mkdir(SHARED "/k0", 0755) || mkdir(SHARED "/k1", 0755) || mkdir(SHARED "/m", 0755))
		fail("mkdir " SHARED ": %s", strerror(errno));
	put_file(SHARED "/k0/f");
	put_file(SHARED "/k1/f");
	if (symlink("k0/f", SHARED "/ln"))
		fail("symlink: %s", strerror(errno));
}

/* Removes a tree; the workers are gone, but a directory that one left in the middle of a move may lie anywhere. */
static void remove_below(const char *dir)
{
	char buf[4096], path[600];
	long n;
	int fd;

	for (int again = 1; again;) {
		again = 0;
		fd = open(dir, O_RDONLY | O_DIRECTORY);
		if (fd < 0)
			return;
		n = syscall(SYS_getdents64, fd, buf, sizeof(buf));
		close(fd);
		for (long at = 0; at < n;) {
			const char *name = buf + at + 19;
			unsigned short len;

			memcpy(&len, buf + at + 16, 2);
			at += len;
			if (!strcmp(name, ".") || !strcmp(name, ".."))
				continue;
			snprintf(path, sizeof(path), "%s/%s", dir, name);
			if (unlink(path) && errno == EISDIR) {
				remove_below(path);
				if (rmdir(path))
					fail("rmdir %s: %s", path, strerror(errno));
			}
			again = 1;
		}
	}
}

void shared_remove(void)
{
	remove_below(SHARED);
	if (rmdir(SHARED))
		fail("rmdir " SHARED ": %s", strerror(errno));
}

/* The path must lead to a file that says "kept", whatever is renamed meanwhile. */
static void must_open(const char *path)
{
	char b[8];
	int fd = open(path, O_RDONLY);
	ssize_t n;

	if (fd < 0) {
		if (errno == ENFILE || errno == ENOMEM || errno == EINTR)
			return;
		fail("%s: %s, but it is always there", path, strerror(errno));
	}
	n = read(fd, b, sizeof(b));
	if (n != 4 || memcmp(b, kept, 4))
		fail("%s: read %zd bytes that are not what it holds", path, n);
	close(fd);
}

static void swap_link(void)
{
	char tmp[64], to[8];

	snprintf(tmp, sizeof(tmp), SHARED "/ln.%d", getpid());
	snprintf(to, sizeof(to), "k%u/f", rnd(2));
	unlink(tmp);
	if (symlink(to, tmp) && errno != ENOMEM)
		fail("symlink %s: %s", tmp, strerror(errno));
	if (rename(tmp, SHARED "/ln") && errno != ENOMEM)
		fail("rename over ln: %s", strerror(errno));
}

/* A path of one to four of the moving directories. */
static void moving(char *path, size_t size, const char *last)
{
	int n = snprintf(path, size, SHARED);

	for (int depth = 1 + rnd(4); depth > 0; depth--)
		n += snprintf(path + n, size - n, "/d%u", rnd(6));
	if (last)
		snprintf(path + n, size - n, "/%s", last);
}

static void may(const char *what, const char *path, int bad)
{
	static const int fine[] = { ENOENT, EEXIST, ENOTEMPTY, ENOTDIR, EINVAL, EISDIR, ENOMEM, EINTR };

	if (!bad)
		return;
	for (unsigned i = 0; i < sizeof(fine) / sizeof(fine[0]); i++)
		if (errno == fine[i])
			return;
	fail("%s %s: %s", what, path, strerror(errno));
}

static void walk_moving(void)
{
	char a[128], b[128], buf[8], tmp[64];
	struct stat st;
	int fd;

	moving(a, sizeof(a), NULL);
	switch (rnd(8)) {
	case 0:
	case 1:
		may("mkdir", a, mkdir(a, 0755));
		break;
	case 2:
		may("rmdir", a, rmdir(a));
		break;
	case 3:
		moving(b, sizeof(b), NULL);
		may("rename", a, rename(a, b));
		break;
	case 4:
		moving(b, sizeof(b), NULL);
		may("exchange", a, (int)syscall(SYS_renameat2, AT_FDCWD, a, AT_FDCWD, b, EXCHANGE));
		break;
	case 5:		/* a whole file appears by link() or not at all */
		snprintf(tmp, sizeof(tmp), SHARED "/t.%d", getpid());
		put_file(tmp);
		moving(b, sizeof(b), "file");
		may("link", b, link(tmp, b));
		unlink(tmp);
		break;
	case 6:
		moving(b, sizeof(b), "file");
		fd = open(b, O_RDONLY);
		may("open", b, fd < 0);
		if (fd >= 0 && (read(fd, buf, sizeof(buf)) != 4 || memcmp(buf, kept, 4)))
			fail("%s: not what was put there", b);
		if (fd >= 0)
			close(fd);
		if (rnd(2))
			may("unlink", b, unlink(b));
		break;
	default:
		may("stat", a, stat(a, &st));
	}
}

void op_walk(void)
{
	static const char *const paths[] = { "/k0/f", "/k1/f", "/k0/../k1/f", "/k1/.././k0//f", "/ln", "/k0/../ln",
		"/../shared/k1/f" };
	char path[64], link_[128];
	ssize_t n;
	int fd;

	for (int i = 0; i < 60; i++) {
		switch (rnd(6)) {
		case 0:
			if (syscall(SYS_renameat2, AT_FDCWD, SHARED "/k0", AT_FDCWD, SHARED "/k1", EXCHANGE) && errno != ENOMEM)
				fail("exchange of k0 and k1: %s", strerror(errno));
			break;
		case 1:
			swap_link();
			break;
		case 2:		/* an open directory knows its name */
			fd = open(SHARED "/k0", O_PATH | O_DIRECTORY);
			if (fd < 0)
				break;
			snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
			n = readlink(path, link_, sizeof(link_) - 1);
			close(fd);
			link_[n > 0 ? n : 0] = 0;
			if (n > 0 && strcmp(link_, SHARED "/k0") && strcmp(link_, SHARED "/k1"))
				fail("k0 or k1 calls itself %s", link_);
			break;
		case 3:
			walk_moving();
			break;
		default:
			snprintf(path, sizeof(path), SHARED "%s", paths[rnd(sizeof(paths) / sizeof(paths[0]))]);
			must_open(path);
		}
	}
}

/* A mount namespace of its own with mounts that others walk over, left behind in any state. */
void op_mounts(void)
{
	int how = rnd(4);
	pid_t p = try_fork();

	if (p == 0) {
		if (unshare(CLONE_NEWNS) || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL))
			_exit(errno == ENOMEM || errno == EPERM ? 0 : 1);
		if (mount("none", SHARED "/m", "tmpfs", 0, "size=64k"))
			_exit(errno == ENOMEM ? 0 : 2);
		if (mkdir(SHARED "/m/x", 0755))
			_exit(3);
		put_file(SHARED "/m/x/f");
		if (how & 1 && mount(SHARED "/k0", SHARED "/m/x", NULL, MS_BIND, NULL))
			_exit(4);
		must_open(SHARED "/m/x/f");
		if (how & 2 && umount2(SHARED "/m", MNT_DETACH))
			_exit(5);
		_exit(0);
	}
	if (p > 0)
		reap(p, 0);
}

void op_notify(void)
{
	char buf[2048];
	int fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC), w;

	if (fd < 0) {
		if (errno != EMFILE && errno != ENOMEM)
			fail("inotify_init1: %s", strerror(errno));
		return;
	}
	w = inotify_add_watch(fd, SHARED "/k0", IN_ALL_EVENTS);
	inotify_add_watch(fd, SHARED, IN_ALL_EVENTS);
	for (int i = 0; i < 5; i++) {
		must_open(SHARED "/k0/f");
		walk_moving();
		if (read(fd, buf, sizeof(buf)) < 0 && errno != EAGAIN && errno != EINTR)
			fail("inotify: %s", strerror(errno));
	}
	if (w >= 0 && rnd(2))
		inotify_rm_watch(fd, w);
	close(fd);
}

/* A terminal whose sides die in any order, with a session on it or without. */
void op_terminals(void)
{
	int m = posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK), unlock = 0, n, how = rnd(4);
	char name[32], buf[64];
	pid_t p;

	if (m < 0)
		return;
	if (ioctl(m, TIOCSPTLCK, &unlock) || ioctl(m, TIOCGPTN, &n))
		fail("pty: %s", strerror(errno));
	snprintf(name, sizeof(name), "/dev/pts/%d", n);
	p = try_fork();
	if (p == 0) {
		int s;

		signal(SIGHUP, SIG_DFL);
		setsid();
		s = open(name, O_RDWR);		/* our controlling terminal */
		close(m);
		if (s < 0)
			_exit(0);
		if (write(s, "hello\n", 6) < 0)
			_exit(0);
		if (how & 1)
			while (read(s, buf, sizeof(buf)) > 0)
				;
		_exit(0);
	}
	if (write(m, "typed\n", 6) < 0 && errno != EAGAIN && errno != EIO && errno != EINTR)
		fail("pty write: %s", strerror(errno));
	if (how & 2)
		while (read(m, buf, sizeof(buf)) > 0)
			;
	close(m);	/* hangs the session up */
	if (p > 0)
		reap(p, -1);
}

void op_timers(void)
{
	struct itimerspec it = { { 0, 100000 }, { 0, 100000 } };
	struct sigevent ev = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGURG };
	uint64_t ticks;
	timer_t t[3];
	int made = 0, fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);

	if (fd >= 0) {
		timerfd_settime(fd, 0, &it, NULL);
		if (read(fd, &ticks, sizeof(ticks)) < 0 && errno != EAGAIN && errno != EINTR)
			fail("timerfd: %s", strerror(errno));
	}
	for (int i = 0; i < 3; i++)
		if (!timer_create(i & 1 ? CLOCK_REALTIME : CLOCK_MONOTONIC, &ev, &t[made])) {
			timer_settime(t[made], 0, &it, NULL);
			made++;
		}
	sched_yield();
	for (int i = 0; i < made; i++)
		if (timer_delete(t[i]))
			fail("timer_delete: %s", strerror(errno));
	if (fd >= 0)
		close(fd);
}

/* Locks of three kinds on one file; a child dies with some of them. */
void op_locks(void)
{
	struct flock fl = { .l_type = rnd(2) ? F_WRLCK : F_RDLCK, .l_whence = SEEK_SET, .l_start = rnd(100),
			    .l_len = 1 + rnd(100) };
	int fd = open(SHARED "/ln", O_RDWR), kind = rnd(3);
	pid_t p;

	if (fd < 0)
		return;
	p = try_fork();
	if (p == 0) {
		if (kind == 0)
			fcntl(fd, F_SETLK, &fl);
		else if (kind == 1)
			fcntl(fd, F_OFD_SETLK, &fl);
		else
			flock(fd, LOCK_EX | LOCK_NB);
		_exit(0);
	}
	fcntl(fd, F_SETLK, &fl);
	fl.l_type = F_UNLCK;
	fl.l_len = rnd(3);
	fcntl(fd, F_SETLK, &fl);
	close(fd);
	if (p > 0)
		reap(p, 0);
}

/* SPDX-License-Identifier: MPL-2.0 */
/* Pipes, events, timers, signals and watches behind descriptors when memory fails. */
#include "failnth.h"
#include <sys/fanotify.h>

unsigned kt_case_seconds = 330;
static char block[65536];

/* --- pipes --- */

static int pfd[2], other[2];

static long two(void)
{
	static int f[2];

	return pipe(f) ? -1 : f[0] << 16 | f[1];
}
static void two_back(long r)
{
	CHECK_OK(close((int)(r >> 16)));
	CHECK_OK(close((int)(r & 0xffff)));
}
static void drain(long n)
{
	while (n > 0) {
		ssize_t r = CHECK_OK(read(pfd[0], block, (size_t)n));

		CHECK_GT(r, 0);
		n -= r;
	}
}
static long write_byte(void) { return write(pfd[1], "x", 1); }
static long write_much(void) { return write(pfd[1], block, 40000); }
static long set_size(void) { return fcntl(pfd[1], F_SETPIPE_SZ, 1 << 18); }
static void size_back(long r) { CHECK_OK(fcntl(pfd[1], F_SETPIPE_SZ, 65536)); }
static long gift(void)
{
	struct iovec v = { block, 20000 };

	return vmsplice(pfd[1], &v, 1, 0);
}
static void drain_other(long n)
{
	while (n > 0) {
		ssize_t r = CHECK_OK(read(other[0], block, (size_t)n));

		CHECK_GT(r, 0);
		n -= r;
	}
}
static long tee_it(void)
{
	long r;
	int e;

	fail_pause();
	CHECK_EQ(write(pfd[1], "1234", 4), 4);
	fail_resume();
	r = tee(pfd[0], other[1], 4, 0);
	e = errno;
	fail_pause();
	drain(4);
	errno = e;
	return r;
}
static int file;
static long splice_in(void)
{
	loff_t at = 0;

	return splice(file, &at, pfd[1], NULL, 30000, 0);
}
static long splice_out(void)
{
	loff_t at = 0;
	long r, left;
	int e;

	fail_pause();
	CHECK_EQ(write(pfd[1], block, 30000), 30000);
	fail_resume();
	r = splice(pfd[0], NULL, file, &at, 30000, 0);
	e = errno;
	fail_pause();
	CHECK_OK(ioctl(pfd[0], FIONREAD, &left));
	drain((int)left);
	errno = e;
	return r;
}
static long send_file(void)
{
	off_t at = 0;

	return sendfile(pfd[1], file, &at, 30000);
}

CASE(pipes)
{
	static const struct fail_call calls[] = {
		{ "pipe", two, two_back, { ENFILE } },
		{ "write of a byte", write_byte, drain, { 0 } },
		{ "write of much", write_much, drain, { 0 } },
		{ "F_SETPIPE_SZ", set_size, size_back, { 0 } },
		{ "vmsplice", gift, drain, { 0 } },
		{ "tee", tee_it, drain_other, { 0 } },
		{ "splice from a file", splice_in, drain, { 0 } },
		{ "splice to a file", splice_out, NULL, { 0 } },
		{ "sendfile", send_file, drain, { 0 } },
	};

	fail_open();
	memset(block, 3, sizeof(block));
	CHECK_OK(pipe(pfd));
	CHECK_OK(pipe(other));
	file = CHECK_OK(open("file", O_RDWR | O_CREAT, 0600));
	CHECK_EQ(write(file, block, sizeof(block)), (long)sizeof(block));
	FAIL_GROUP(calls);
}

/* --- events --- */

static int efd, tfd, epfd, infd;

static long event(void) { return eventfd(0, EFD_CLOEXEC); }
static long event_write(void) { return write(efd, &(uint64_t){ 1 }, 8); }
static long timer(void) { return timerfd_create(CLOCK_MONOTONIC, 0); }
static long timer_set(void)
{
	struct itimerspec t = { .it_value.tv_sec = 1000 };

	return timerfd_settime(tfd, 0, &t, NULL);
}
static long sigfd(void)
{
	sigset_t s;

	sigemptyset(&s);
	sigaddset(&s, SIGUSR2);
	return signalfd(-1, &s, 0);
}
static long ep_new(void) { return epoll_create1(0); }
static long ep_add(void) { return epoll_ctl(epfd, EPOLL_CTL_ADD, efd, &(struct epoll_event){ .events = EPOLLIN }); }
static void ep_del(long r) { CHECK_OK(epoll_ctl(epfd, EPOLL_CTL_DEL, efd, NULL)); }
static long ep_wait(void)
{
	static struct epoll_event ev[4];

	return epoll_wait(epfd, ev, 4, 1);
}
/* An instance in another one, with a descriptor in it, all at once. */
static long ep_nested(void)
{
	int e = epoll_create1(0), err = 0;

	if (e < 0)
		return -1;
	if (epoll_ctl(e, EPOLL_CTL_ADD, efd, &(struct epoll_event){ .events = EPOLLIN | EPOLLET }) ||
	    epoll_ctl(epfd, EPOLL_CTL_ADD, e, &(struct epoll_event){ .events = EPOLLIN }))
		err = errno;
	fail_pause();
	close(e);
	errno = err;
	return err ? -1 : 0;
}
static long in_new(void) { return inotify_init1(IN_NONBLOCK); }
static long in_add(void) { return inotify_add_watch(infd, ".", IN_CREATE | IN_DELETE); }
static void in_rm(long wd)
{
	CHECK_OK(inotify_rm_watch(infd, (int)wd));
	while (read(infd, block, sizeof(block)) > 0)
		;
}
/* Events that cannot be queued are lost, the call that made them goes on. */
static long in_event(void)
{
	int wd = inotify_add_watch(infd, ".", IN_CREATE | IN_DELETE), fd, e;

	if (wd < 0)
		return -1;
	fd = open("seen", O_CREAT | O_RDWR, 0600);
	e = errno;
	fail_pause();
	if (fd >= 0)
		close(fd);
	(void)unlink("seen");
	in_rm(wd);
	errno = e;
	return fd < 0 ? -1 : 0;
}
static void unlink_seen(long r) { (void)unlink("seen"); }
static long memfd(void) { return memfd_create("mem", MFD_ALLOW_SEALING); }
static long memfd_used(void)
{
	int fd = memfd_create("used", 0), e = 0;

	if (fd < 0)
		return -1;
	if (ftruncate(fd, 1 << 20) || pwrite(fd, block, 10000, 70000) < 0 || fallocate(fd, 0, 0, 20000))
		e = errno;
	fail_pause();
	close(fd);
	errno = e;
	return e ? -1 : 0;
}
static long dup_far(void) { return fcntl(efd, F_DUPFD, 700); }
/* The table grows in a process of its own. */
static long dup_first(void) { return dup2(efd, 900); }
static long poll_many(void)
{
	static struct pollfd p[600];

	for (int i = 0; i < 600; i++)
		p[i] = (struct pollfd){ pfd[0], POLLIN, 0 };
	return poll(p, 600, 1);
}
static long select_it(void)
{
	struct timeval tv = { 0, 1000 };
	fd_set r;

	FD_ZERO(&r);
	FD_SET(pfd[0], &r);
	return select(1000, &r, NULL, NULL, &tv);
}
static long pid_fd(void) { return syscall(SYS_pidfd_open, getpid(), 0); }
static long fan(void) { return (long)fanotify_init(FAN_CLASS_NOTIF | FAN_NONBLOCK, O_RDONLY); }

CASE(events)
{
	static const struct fail_call calls[] = {
		{ "eventfd", event, fail_close, { ENFILE } },
		{ "write to an eventfd", event_write, NULL, { 0 } },
		{ "timerfd_create", timer, fail_close, { ENFILE } },
		{ "timerfd_settime", timer_set, NULL, { 0 } },
		{ "signalfd", sigfd, fail_close, { ENFILE } },
		{ "epoll_create", ep_new, fail_close, { ENFILE } },
		{ "EPOLL_CTL_ADD", ep_add, ep_del, { 0 } },
		{ "epoll_wait", ep_wait, NULL, { 0 } },
		{ "epoll in epoll", ep_nested, NULL, { ENFILE } },
		{ "inotify_init", in_new, fail_close, { ENFILE } },
		{ "inotify_add_watch", in_add, in_rm, { 0 } },
		{ "an event of inotify", in_event, unlink_seen, { ENFILE } },
		{ "memfd_create", memfd, fail_close, { ENFILE } },
		{ "a memfd's life", memfd_used, NULL, { ENFILE } },
		{ "dup to a high number", dup_far, fail_close, { EMFILE } },
		{ "dup2, the first so high", dup_first, fail_close, { 0 }, .apart = true },
		{ "poll of many", poll_many, NULL, { 0 } },
		{ "select", select_it, NULL, { 0 } },
		{ "pidfd_open", pid_fd, fail_close, { ENFILE } },
		{ "fanotify_init", fan, fail_close, { ENFILE, ENOSYS, EPERM, EINVAL }, .loose = true },
	};

	fail_open();
	CHECK_OK(pipe(pfd));
	efd = CHECK_OK(eventfd(0, 0));
	tfd = CHECK_OK(timerfd_create(CLOCK_MONOTONIC, 0));
	epfd = CHECK_OK(epoll_create1(0));
	infd = CHECK_OK(inotify_init1(IN_NONBLOCK));
	memset(block, 1, sizeof(block));
	FAIL_GROUP(calls);
}

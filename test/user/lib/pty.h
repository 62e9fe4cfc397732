/* SPDX-License-Identifier: MPL-2.0 */
/* Opens pseudo terminals for the tty tests. */
#ifndef KTEST_PTY_H
#define KTEST_PTY_H

#include <termios.h>

static int pty_master, pty_slave;
static char pty_name[32];

/* A new pair; the slave is not the controlling terminal. */
static inline void pty_open(void)
{
	int unlock = 0, n;

	pty_master = CHECK_OK(open("/dev/ptmx", O_RDWR | O_NOCTTY));
	CHECK_OK(ioctl(pty_master, TIOCSPTLCK, &unlock));
	CHECK_OK(ioctl(pty_master, TIOCGPTN, &n));
	snprintf(pty_name, sizeof(pty_name), "/dev/pts/%d", n);
	pty_slave = CHECK_OK(open(pty_name, O_RDWR | O_NOCTTY));
}

/* Clears and sets bits of the slave's flags: 'i', 'o', 'c' or 'l'. */
static inline void pty_flags(char which, tcflag_t clear, tcflag_t set)
{
	struct termios t;
	tcflag_t *f;

	CHECK_OK(tcgetattr(pty_slave, &t));
	f = which == 'i' ? &t.c_iflag : which == 'o' ? &t.c_oflag : which == 'c' ? &t.c_cflag : &t.c_lflag;
	*f = (*f & ~clear) | set;
	CHECK_OK(tcsetattr(pty_slave, TCSANOW, &t));
}

static inline void pty_raw(int vmin, int vtime)
{
	struct termios t;

	CHECK_OK(tcgetattr(pty_slave, &t));
	t.c_iflag = 0;
	t.c_oflag = 0;
	t.c_lflag = 0;
	t.c_cc[VMIN] = vmin;
	t.c_cc[VTIME] = vtime;
	CHECK_OK(tcsetattr(pty_slave, TCSANOW, &t));
}

static inline void pty_type(const char *s)
{
	CHECK_EQ(write(pty_master, s, strlen(s)), strlen(s));
}

/* One read of fd must give exactly this. */
static inline void pty_expect_at(const char *file, int line, int fd, const char *want)
{
	char buf[4096];
	ssize_t n = read(fd, buf, sizeof(buf) - 1);

	if (n < 0)
		kt_fail(file, line, "read: errno %d %s, expected \"%s\"", errno, strerror(errno), want);
	buf[n] = 0;
	if ((size_t)n != strlen(want) || memcmp(buf, want, n))
		kt_fail(file, line, "read \"%s\" (%zd bytes), expected \"%s\"", buf, n, want);
}
#define SLAVE_READS(s) pty_expect_at(__FILE__, __LINE__, pty_slave, s)
/* The master sees exactly this, perhaps in several pieces. */
static inline void pty_master_sees(const char *file, int line, const char *want)
{
	char buf[4096];
	size_t got = 0, len = strlen(want);

	while (got < len) {
		struct pollfd p = { pty_master, POLLIN, 0 };
		ssize_t n;

		if (poll(&p, 1, kt_wait_ms()) != 1)
			break;
		n = read(pty_master, buf + got, sizeof(buf) - 1 - got);
		if (n <= 0)
			break;
		got += n;
	}
	buf[got] = 0;
	if (got != len || memcmp(buf, want, len))
		kt_fail(file, line, "master sees \"%s\" (%zu bytes), expected \"%s\"", buf, got, want);
}
#define MASTER_SEES(s) pty_master_sees(__FILE__, __LINE__, s)

/* Becomes a session leader with the slave as controlling terminal. */
static inline void pty_control(void)
{
	CHECK_OK(setsid());
	CHECK_OK(ioctl(pty_slave, TIOCSCTTY, 0));
}

static inline int pty_avail(int fd)
{
	int n = -1;

	CHECK_OK(ioctl(fd, FIONREAD, &n));
	return n;
}

/* What the master writes arrives in the background: waits until n bytes can be read. */
static inline void pty_wait(int n)
{
	while (pty_avail(pty_slave) != n)
		sched_yield();
}

#endif

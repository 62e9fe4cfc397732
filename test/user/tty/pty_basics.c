/* SPDX-License-Identifier: MPL-2.0 */
/* Pseudo terminals: numbers, lock, names, modes, data both ways, hang-up, devpts entries. */
#include "ktest_user.h"
#include "pty.h"

CASE(open_and_names)
{
	struct stat st;
	int lock, n, m;

	m = CHECK_OK(open("/dev/ptmx", O_RDWR | O_NOCTTY));
	CHECK_OK(ioctl(m, TIOCGPTLCK, &lock));
	CHECK_EQ(lock, 1);
	CHECK_OK(ioctl(m, TIOCGPTN, &n));
	snprintf(pty_name, sizeof(pty_name), "/dev/pts/%d", n);
	CHECK_ERR(open(pty_name, O_RDWR | O_NOCTTY), EIO);	/* still locked */
	lock = 0;
	CHECK_OK(ioctl(m, TIOCSPTLCK, &lock));
	CHECK_OK(close(CHECK_OK(open(pty_name, O_RDWR | O_NOCTTY))));
	CHECK_OK(stat(pty_name, &st));
	CHECK(S_ISCHR(st.st_mode));
	CHECK_EQ(st.st_mode & 0777, 0620);
	CHECK_EQ(st.st_gid, 5);
	CHECK_EQ(st.st_rdev, makedev(136, n));
	CHECK_OK(close(m));
	CHECK_ERR(stat(pty_name, &st), ENOENT);
}
CASE(data)
{
	pty_open();
	CHECK(isatty(pty_slave));
	CHECK(isatty(pty_master));
	pty_type("hello\n");
	SLAVE_READS("hello\n");
	MASTER_SEES("hello\r\n");	/* the echo */
	CHECK_EQ(write(pty_slave, "out\n", 4), 4);
	MASTER_SEES("out\r\n");
}
CASE(master_closed)
{
	char c;

	pty_open();
	signal(SIGHUP, SIG_IGN);
	CHECK_OK(close(pty_master));
	CHECK_EQ(read(pty_slave, &c, 1), 0);
	CHECK_ERR(write(pty_slave, "x", 1), EIO);
	struct pollfd p = { pty_slave, POLLIN, 0 };
	CHECK_EQ(poll(&p, 1, 0), 1);
	CHECK_EQ(p.revents & (POLLHUP | POLLIN), POLLHUP | POLLIN);
	CHECK_ERR(open(pty_name, O_RDWR | O_NOCTTY), ENOENT);
}
CASE(slave_closed)
{
	char c;

	pty_open();
	CHECK_EQ(write(pty_slave, "last", 4), 4);
	CHECK_OK(close(pty_slave));
	MASTER_SEES("last");
	CHECK_ERR(read(pty_master, &c, 1), EIO);
	struct pollfd p = { pty_master, POLLIN, 0 };
	CHECK_EQ(poll(&p, 1, 0), 1);
	CHECK_EQ(p.revents & POLLHUP, POLLHUP);
	pty_slave = CHECK_OK(open(pty_name, O_RDWR | O_NOCTTY));	/* may be opened again */
	CHECK_EQ(poll(&p, 1, 0), 0);
}
CASE(get_peer)
{
	int n = 0, m = CHECK_OK(open("/dev/ptmx", O_RDWR | O_NOCTTY)), s;

	CHECK_OK(ioctl(m, TIOCSPTLCK, &n));
	s = CHECK_OK(ioctl(m, 0x5441 /* TIOCGPTPEER */, O_RDWR | O_NOCTTY));
	CHECK(isatty(s));
}
CASE(many)
{
	int fd[64], n, before = -1;

	for (int i = 0; i < 64; i++) {
		fd[i] = CHECK_OK(open("/dev/ptmx", O_RDWR | O_NOCTTY));
		CHECK_OK(ioctl(fd[i], TIOCGPTN, &n));
		CHECK_NE(n, before);
		before = n;
	}
	for (int i = 0; i < 64; i++)
		CHECK_OK(close(fd[i]));
}
CASE(name_by_proc)
{
	char path[64], buf[64] = "";

	pty_open();
	snprintf(path, sizeof(path), "/proc/self/fd/%d", pty_slave);
	CHECK_GT(readlink(path, buf, sizeof(buf) - 1), 0);
	CHECK_STR(buf, pty_name);
}
CASE(large_output)
{
	enum { N = 100000 };
	char *buf = malloc(N);
	int got = 0;
	pid_t p;

	pty_open();
	pty_raw(1, 0);
	CHILD(p) {
		for (int i = 0; i < N; i++)
			buf[i] = 'a' + i % 26;
		for (int i = 0; i < N;)
			i += CHECK_OK(write(pty_slave, buf + i, N - i));
	}
	while (got < N) {
		ssize_t n = CHECK_OK(read(pty_master, buf + got, N - got));
		CHECK_GT(n, 0);
		got += n;
	}
	for (int i = 0; i < N; i++)
		CHECK_EQ(buf[i], 'a' + i % 26);
	WAIT_EXIT(p, 0);
}
CASE(large_input)
{
	enum { N = 50000 };
	char *buf = malloc(N);
	int got = 0;
	pid_t p;

	pty_open();
	pty_raw(1, 0);
	CHILD(p) {
		for (int i = 0; i < N; i++)
			buf[i] = 'a' + i % 26;
		for (int i = 0; i < N;)
			i += CHECK_OK(write(pty_master, buf + i, N - i));
	}
	while (got < N) {
		ssize_t n = CHECK_OK(read(pty_slave, buf + got, N - got));
		CHECK_GT(n, 0);
		got += n;
	}
	for (int i = 0; i < N; i++)
		CHECK_EQ(buf[i], 'a' + i % 26);
	WAIT_EXIT(p, 0);
}

/* SPDX-License-Identifier: MPL-2.0 */
/* Named pipes: opening blocks until both ends are there, O_NONBLOCK, O_RDWR, end of file. */
#include "ktest_user.h"

CASE(open_waits_for_the_other_end)
{
	char buf[8];
	int fd;
	pid_t p;

	CHECK_OK(mkfifo("p", 0644));
	CHILD(p) {
		fd = CHECK_OK(open("p", O_WRONLY));
		CHECK_EQ(write(fd, "hello", 5), 5);
	}
	WAIT_BLOCKED(p);
	fd = CHECK_OK(open("p", O_RDONLY));
	CHECK_EQ(read(fd, buf, 8), 5);
	WAIT_EXIT(p, 0);
	CHECK_EQ(read(fd, buf, 8), 0);
}
CASE(nonblocking)
{
	char c;
	int r, w;

	CHECK_OK(mkfifo("p", 0644));
	CHECK_ERR(open("p", O_WRONLY | O_NONBLOCK), ENXIO);
	r = CHECK_OK(open("p", O_RDONLY | O_NONBLOCK));
	CHECK_EQ(read(r, &c, 1), 0);	/* no writer: end of file */
	w = CHECK_OK(open("p", O_WRONLY | O_NONBLOCK));
	CHECK_ERR(read(r, &c, 1), EAGAIN);
	CHECK_EQ(write(w, "x", 1), 1);
	CHECK_EQ(read(r, &c, 1), 1);
	CHECK_OK(close(w));
	CHECK_EQ(read(r, &c, 1), 0);
	struct pollfd pf = { r, POLLIN, 0 };
	CHECK_EQ(poll(&pf, 1, 0), 1);
	CHECK_EQ(pf.revents, POLLHUP);
}
CASE(read_write)
{
	char c;
	int fd;

	CHECK_OK(mkfifo("p", 0644));
	fd = CHECK_OK(open("p", O_RDWR));
	CHECK_EQ(write(fd, "x", 1), 1);
	CHECK_EQ(read(fd, &c, 1), 1);
	CHECK_OK(open("p", O_WRONLY | O_NONBLOCK));
}
static void on_sig(int s) { }
CASE(open_is_interrupted)
{
	pid_t p;

	CHECK_OK(mkfifo("p", 0644));
	CHILD(p) {
		kt_handle(SIGUSR1, on_sig);
		CHECK_ERR(open("p", O_RDONLY), EINTR);
	}
	WAIT_BLOCKED(p);
	CHECK_OK(kill(p, SIGUSR1));
	WAIT_EXIT(p, 0);
}
CASE(no_reader_is_sigpipe)
{
	int r, w;

	CHECK_OK(mkfifo("p", 0644));
	r = CHECK_OK(open("p", O_RDONLY | O_NONBLOCK));
	w = CHECK_OK(open("p", O_WRONLY));
	CHECK_OK(close(r));
	signal(SIGPIPE, SIG_IGN);
	CHECK_ERR(write(w, "x", 1), EPIPE);
}
CASE(data_dies_with_the_last_close)
{
	char c;
	int fd;

	CHECK_OK(mkfifo("p", 0644));
	fd = CHECK_OK(open("p", O_RDWR));
	CHECK_EQ(write(fd, "x", 1), 1);
	CHECK_OK(close(fd));
	fd = CHECK_OK(open("p", O_RDONLY | O_NONBLOCK));
	CHECK_EQ(read(fd, &c, 1), 0);
}

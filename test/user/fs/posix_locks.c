/* SPDX-License-Identifier: MPL-2.0 */
/* fcntl record locks: ranges, splitting, merging, F_GETLK, release rules, deadlock. */
#include "ktest_user.h"

static int setlk(int fd, int cmd, int type, off_t start, off_t len)
{
	struct flock l = { .l_type = type, .l_whence = SEEK_SET, .l_start = start, .l_len = len };

	return fcntl(fd, cmd, &l);
}
/* What another process would meet when it wanted this write lock: 'F' free, else 'R' or 'W'. */
static char probe(off_t start, off_t len, struct flock *out)
{
	int fds[2];
	struct flock l = { .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = start, .l_len = len };
	pid_t p;

	CHECK_OK(pipe(fds));
	CHILD(p) {
		int fd = CHECK_OK(open("f", O_RDWR));
		CHECK_OK(fcntl(fd, F_GETLK, &l));
		CHECK_EQ(write(fds[1], &l, sizeof(l)), sizeof(l));
	}
	CHECK_EQ(read(fds[0], &l, sizeof(l)), sizeof(l));
	WAIT_EXIT(p, 0);
	close(fds[0]);
	close(fds[1]);
	if (out)
		*out = l;
	return l.l_type == F_UNLCK ? 'F' : l.l_type == F_RDLCK ? 'R' : 'W';
}
CASE(ranges)
{
	struct flock l;
	int fd;

	kt_put("f", "0123456789");
	fd = CHECK_OK(open("f", O_RDWR));
	CHECK_OK(setlk(fd, F_SETLK, F_WRLCK, 10, 20));
	CHECK_EQ(probe(0, 10, &l), 'F');
	CHECK_EQ(probe(9, 2, &l), 'W');
	CHECK_EQ(l.l_start, 10);
	CHECK_EQ(l.l_len, 20);
	CHECK_EQ(l.l_pid, getpid());
	CHECK_EQ(l.l_whence, SEEK_SET);
	CHECK_EQ(probe(30, 0, &l), 'F');
	/* unlocking the middle splits */
	CHECK_OK(setlk(fd, F_SETLK, F_UNLCK, 15, 5));
	CHECK_EQ(probe(15, 5, NULL), 'F');
	CHECK_EQ(probe(10, 0, &l), 'W');
	CHECK_EQ(l.l_len, 5);
	CHECK_EQ(probe(16, 0, &l), 'W');
	CHECK_EQ(l.l_start, 20);
	CHECK_EQ(l.l_len, 10);
	/* filling the gap merges */
	CHECK_OK(setlk(fd, F_SETLK, F_WRLCK, 15, 5));
	CHECK_EQ(probe(0, 0, &l), 'W');
	CHECK_EQ(l.l_start, 10);
	CHECK_EQ(l.l_len, 20);
	/* converting a part */
	CHECK_OK(setlk(fd, F_SETLK, F_RDLCK, 12, 3));
	CHECK_EQ(probe(12, 3, &l), 'R');
	CHECK_EQ(l.l_start, 12);
	CHECK_EQ(l.l_len, 3);
	CHECK_OK(setlk(fd, F_SETLK, F_UNLCK, 0, 0));
	CHECK_EQ(probe(0, 0, NULL), 'F');
}
CASE(to_the_end)
{
	struct flock l;
	int fd;

	kt_put("f", "");
	fd = CHECK_OK(open("f", O_RDWR));
	CHECK_OK(setlk(fd, F_SETLK, F_WRLCK, 100, 0));
	CHECK_EQ(probe(1LL << 50, 1, &l), 'W');
	CHECK_EQ(l.l_len, 0);
	CHECK_EQ(probe(0, 100, NULL), 'F');
	CHECK_OK(setlk(fd, F_SETLK, F_UNLCK, 0, 0));
	l = (struct flock){ .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 50, .l_len = -10 };
	CHECK_OK(fcntl(fd, F_SETLK, &l));
	CHECK_EQ(probe(0, 0, &l), 'W');
	CHECK_EQ(l.l_start, 40);
	CHECK_EQ(l.l_len, 10);
}
CASE(whence)
{
	struct flock l = { .l_type = F_WRLCK, .l_whence = SEEK_END, .l_start = -3, .l_len = 2 };
	int fd;

	kt_put("f", "0123456789");
	fd = CHECK_OK(open("f", O_RDWR));
	CHECK_OK(fcntl(fd, F_SETLK, &l));
	CHECK_EQ(probe(0, 0, &l), 'W');
	CHECK_EQ(l.l_start, 7);
	CHECK_EQ(l.l_len, 2);
	CHECK_EQ(lseek(fd, 2, SEEK_SET), 2);
	l = (struct flock){ .l_type = F_WRLCK, .l_whence = SEEK_CUR, .l_start = 1, .l_len = 1 };
	CHECK_OK(fcntl(fd, F_SETLK, &l));
	CHECK_EQ(probe(0, 5, &l), 'W');
	CHECK_EQ(l.l_start, 3);
}
CASE(close_of_any_descriptor_releases)
{
	int a, b;

	kt_put("f", "");
	a = CHECK_OK(open("f", O_RDWR));
	b = CHECK_OK(open("f", O_RDWR));
	CHECK_OK(setlk(a, F_SETLK, F_WRLCK, 0, 0));
	CHECK_OK(setlk(b, F_SETLK, F_WRLCK, 0, 0));	/* same process: no conflict */
	CHECK_EQ(probe(0, 0, NULL), 'W');
	CHECK_OK(close(b));
	CHECK_EQ(probe(0, 0, NULL), 'F');
}
CASE(not_inherited_by_fork_and_freed_by_exit)
{
	int fd, go[2], done[2];
	char c;
	pid_t p;

	kt_put("f", "");
	CHECK_OK(pipe(go));
	CHECK_OK(pipe(done));
	CHILD(p) {
		fd = CHECK_OK(open("f", O_RDWR));
		CHECK_OK(setlk(fd, F_SETLK, F_WRLCK, 0, 0));
		CHECK_EQ(write(done[1], "x", 1), 1);
		CHECK_EQ(read(go[0], &c, 1), 1);
	}
	CHECK_EQ(read(done[0], &c, 1), 1);
	fd = CHECK_OK(open("f", O_RDWR));
	CHECK_ERR(setlk(fd, F_SETLK, F_RDLCK, 5, 1), EAGAIN);
	CHECK_EQ(write(go[1], "x", 1), 1);
	CHECK_OK(setlk(fd, F_SETLKW, F_RDLCK, 5, 1));
	WAIT_EXIT(p, 0);
	CHILD(p)
		CHECK_ERR(setlk(fd, F_SETLK, F_WRLCK, 5, 1), EAGAIN);
	WAIT_EXIT(p, 0);
}
CASE(readers_share)
{
	int fd;
	pid_t p;

	kt_put("f", "");
	fd = CHECK_OK(open("f", O_RDWR));
	CHECK_OK(setlk(fd, F_SETLK, F_RDLCK, 0, 10));
	CHILD(p) {
		int g = CHECK_OK(open("f", O_RDWR));
		CHECK_OK(setlk(g, F_SETLK, F_RDLCK, 0, 10));
		CHECK_ERR(setlk(g, F_SETLK, F_WRLCK, 0, 10), EAGAIN);
		CHECK_OK(setlk(g, F_SETLK, F_WRLCK, 10, 10));
	}
	WAIT_EXIT(p, 0);
}
static void on_sig(int s) { }
CASE(wait_is_interrupted)
{
	int fd;
	pid_t p;

	kt_put("f", "");
	fd = CHECK_OK(open("f", O_RDWR));
	CHECK_OK(setlk(fd, F_SETLK, F_WRLCK, 0, 0));
	CHILD(p) {
		kt_handle(SIGUSR1, on_sig);
		CHECK_ERR(setlk(fd, F_SETLKW, F_WRLCK, 0, 0), EINTR);
	}
	WAIT_BLOCKED(p);
	CHECK_OK(kill(p, SIGUSR1));
	WAIT_EXIT(p, 0);
}
CASE(deadlock_is_seen)
{
	int fd, up[2];
	char c;
	pid_t p;

	kt_put("f", "");
	CHECK_OK(pipe(up));
	fd = CHECK_OK(open("f", O_RDWR));
	CHECK_OK(setlk(fd, F_SETLK, F_WRLCK, 0, 1));
	CHILD(p) {
		CHECK_OK(setlk(fd, F_SETLK, F_WRLCK, 1, 1));
		CHECK_EQ(write(up[1], "x", 1), 1);
		CHECK_OK(setlk(fd, F_SETLKW, F_WRLCK, 0, 1));
	}
	CHECK_EQ(read(up[0], &c, 1), 1);
	WAIT_BLOCKED(p);
	CHECK_ERR(setlk(fd, F_SETLKW, F_WRLCK, 1, 1), EDEADLK);
	CHECK_OK(setlk(fd, F_SETLK, F_UNLCK, 0, 1));
	WAIT_EXIT(p, 0);
}
CASE(errors)
{
	struct flock l = { .l_type = F_WRLCK, .l_whence = 9 };
	int r, w, p[2];

	kt_put("f", "");
	r = CHECK_OK(open("f", O_RDONLY));
	w = CHECK_OK(open("f", O_WRONLY));
	CHECK_ERR(setlk(r, F_SETLK, F_WRLCK, 0, 0), EBADF);
	CHECK_ERR(setlk(w, F_SETLK, F_RDLCK, 0, 0), EBADF);
	CHECK_ERR(fcntl(w, F_SETLK, &l), EINVAL);
	CHECK_ERR(setlk(w, F_SETLK, 77, 0, 0), EINVAL);
	CHECK_ERR(setlk(w, F_SETLK, F_WRLCK, -1, 0), EINVAL);
	CHECK_ERR(setlk(w, F_SETLK, F_WRLCK, 5, -10), EINVAL);
	CHECK_ERR(setlk(w, F_GETLK, F_UNLCK, 0, 0), EINVAL);
	CHECK_ERR(setlk(-1, F_SETLK, F_WRLCK, 0, 0), EBADF);
	CHECK_OK(pipe(p));
	CHECK_OK(setlk(p[1], F_SETLK, F_WRLCK, 0, 0));
}

/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Restart of the calls that wait for locks, openings and semaphores: with SA_RESTART they go
 * on.
 */
#include "ktest_user.h"

static volatile sig_atomic_t n;
static void on_sig(int s) { n++; }
static void arm(void)
{
	struct sigaction sa = { .sa_handler = on_sig, .sa_flags = SA_RESTART };

	CHECK_OK(sigaction(SIGUSR1, &sa, NULL));
}
static void poke(pid_t p)
{
	WAIT_BLOCKED(p);
	CHECK_OK(kill(p, SIGUSR1));
	WAIT_BLOCKED(p);
}
CASE(flock_)
{
	int a;
	pid_t p;

	kt_put("f", "");
	a = CHECK_OK(open("f", O_RDONLY));
	CHECK_OK(flock(a, LOCK_EX));
	CHILD(p) {
		arm();
		CHECK_OK(flock(CHECK_OK(open("f", O_RDONLY)), LOCK_EX));
		CHECK_EQ(n, 1);
	}
	poke(p);
	CHECK_OK(flock(a, LOCK_UN));
	WAIT_EXIT(p, 0);
}
CASE(record_lock)
{
	struct flock l = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	int a;
	pid_t p;

	kt_put("f", "");
	a = CHECK_OK(open("f", O_RDWR));
	CHECK_OK(fcntl(a, F_SETLK, &l));
	CHILD(p) {
		arm();
		CHECK_OK(fcntl(a, F_SETLKW, &l));
		CHECK_EQ(n, 1);
	}
	poke(p);
	l.l_type = F_UNLCK;
	CHECK_OK(fcntl(a, F_SETLK, &l));
	WAIT_EXIT(p, 0);
}
CASE(fifo_open)
{
	pid_t p;

	CHECK_OK(mkfifo("p", 0644));
	CHILD(p) {
		arm();
		CHECK_OK(open("p", O_RDONLY));
		CHECK_EQ(n, 1);
	}
	poke(p);
	CHECK_OK(open("p", O_WRONLY));
	WAIT_EXIT(p, 0);
}
CASE(futex_without_timeout)
{
	unsigned *w = mmap(NULL, PG, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid_t p;

	CHILD(p) {
		arm();
		CHECK_OK(syscall(SYS_futex, w, 0, 0, NULL, NULL, 0));
		CHECK_EQ(n, 1);
	}
	poke(p);
	CHECK_EQ(syscall(SYS_futex, w, 1, 1, NULL, NULL, 0), 1);
	WAIT_EXIT(p, 0);
}
CASE(connect_)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX, .sun_path = "sock" };
	int s = CHECK_OK(socket(AF_UNIX, SOCK_STREAM, 0));
	pid_t p;

	CHECK_OK(bind(s, (void *)&a, sizeof(a)));
	CHECK_OK(listen(s, 0));
	CHECK_OK(connect(CHECK_OK(socket(AF_UNIX, SOCK_STREAM, 0)), (void *)&a, sizeof(a)));
	CHILD(p) {
		arm();
		CHECK_OK(connect(CHECK_OK(socket(AF_UNIX, SOCK_STREAM, 0)), (void *)&a, sizeof(a)));
	}
	poke(p);
	CHECK_OK(accept(s, NULL, NULL));
	WAIT_EXIT(p, 0);
}
CASE(tty_read)
{
	int m = CHECK_OK(open("/dev/ptmx", O_RDWR | O_NOCTTY)), unlock = 0, num, s;
	char name[32], c;
	pid_t p;

	CHECK_OK(ioctl(m, TIOCSPTLCK, &unlock));
	CHECK_OK(ioctl(m, TIOCGPTN, &num));
	snprintf(name, sizeof(name), "/dev/pts/%d", num);
	s = CHECK_OK(open(name, O_RDWR | O_NOCTTY));
	CHILD(p) {
		arm();
		CHECK_EQ(read(s, &c, 1), 1);
		CHECK_EQ(n, 1);
	}
	poke(p);
	CHECK_EQ(write(m, "x\n", 2), 2);
	WAIT_EXIT(p, 0);
}
CASE(eventfd_)
{
	uint64_t v = 1;
	int fd = CHECK_OK(eventfd(0, 0));
	pid_t p;

	CHILD(p) {
		arm();
		CHECK_EQ(read(fd, &v, 8), 8);
		CHECK_EQ(n, 1);
	}
	poke(p);
	CHECK_EQ(write(fd, &v, 8), 8);
	WAIT_EXIT(p, 0);
}

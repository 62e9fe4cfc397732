/* SPDX-License-Identifier: MPL-2.0 */
/* fcntl(F_NOTIFY): signals about a directory, once or each time, and what ends them. */
#include "ktest_user.h"

static volatile sig_atomic_t hits, last_fd, last_code;
static volatile long last_band;

static void on_signal(int sig, siginfo_t *si, void *uc)
{
	(void)sig, (void)uc;
	hits++;
	last_fd = si->si_fd;
	last_code = si->si_code;
	last_band = si->si_band;
}

static int watch(const char *dir, unsigned long mask)
{
	struct sigaction sa = { .sa_sigaction = on_signal, .sa_flags = SA_SIGINFO };
	int fd = CHECK_OK(open(dir, O_RDONLY | O_DIRECTORY));

	CHECK_OK(sigaction(SIGRTMIN + 1, &sa, NULL));
	CHECK_OK(fcntl(fd, F_SETSIG, SIGRTMIN + 1));
	CHECK_OK(fcntl(fd, F_NOTIFY, mask));
	hits = 0;
	return fd;
}

static int took(void)
{
	int n = hits;

	hits = 0;
	return n;
}

CASE(events)
{
	int fd, f;

	CHECK_OK(mkdir("d", 0755));
	CHECK_OK(mkdir("e", 0755));
	fd = watch("d", DN_MULTISHOT | DN_CREATE);
	kt_put("d/a", "x");
	CHECK_EQ(took(), 1);
	CHECK_EQ(last_fd, fd);
	CHECK_EQ(last_code, POLL_MSG);
	CHECK_EQ(last_band, POLLIN | POLLRDNORM | POLLMSG);
	CHECK_OK(mkdir("d/s", 0755));
	CHECK_OK(link("d/a", "d/b"));
	kt_put("e/c", "x");
	CHECK_EQ(took(), 2);
	CHECK_OK(rename("e/c", "d/c"));
	CHECK_EQ(took(), 1);
	CHECK_OK(unlink("d/c"));
	CHECK_EQ(took(), 0);
	/* The masks of one file add up. */
	CHECK_OK(fcntl(fd, F_NOTIFY, DN_DELETE | DN_MULTISHOT));
	CHECK_OK(unlink("d/b"));
	CHECK_OK(rmdir("d/s"));
	CHECK_EQ(took(), 2);
	CHECK_OK(close(fd));
	fd = watch("d", DN_MULTISHOT | DN_MODIFY | DN_ACCESS);
	f = CHECK_OK(open("d/a", O_RDWR));
	CHECK_EQ(took(), 0);
	CHECK_EQ(write(f, "abc", 3), 3);
	CHECK_EQ(took(), 1);
	CHECK_EQ(pread(f, &(char){ 0 }, 1, 0), 1);
	CHECK_EQ(took(), 1);
	CHECK_OK(fchmod(f, 0600));
	CHECK_EQ(took(), 0);
	CHECK_OK(close(fd));
	fd = watch("d", DN_MULTISHOT | DN_ATTRIB);
	CHECK_OK(fchmod(f, 0644));
	CHECK_EQ(took(), 1);
	CHECK_OK(chmod("d", 0700));
	CHECK_EQ(took(), 1);
	CHECK_OK(close(f));
}

CASE(rename_within)
{
	int fd;

	CHECK_OK(mkdir("d", 0755));
	CHECK_OK(mkdir("e", 0755));
	kt_put("d/a", "x");
	fd = watch("d", DN_MULTISHOT | DN_RENAME);
	CHECK_OK(rename("d/a", "d/b"));
	CHECK_EQ(took(), 1);
	/* To another directory it is none, here and there. */
	CHECK_OK(rename("d/b", "e/b"));
	CHECK_OK(rename("e/b", "d/a"));
	CHECK_EQ(took(), 0);
	CHECK_OK(close(fd));
	fd = watch("d", DN_MULTISHOT | DN_CREATE | DN_DELETE | DN_RENAME);
	CHECK_OK(rename("d/a", "d/b"));
	CHECK_EQ(took(), 3);
}

CASE(once)
{
	int fd;

	CHECK_OK(mkdir("d", 0755));
	fd = watch("d", DN_CREATE);
	kt_put("d/a", "");
	kt_put("d/b", "");
	CHECK_EQ(took(), 1);
	CHECK_OK(fcntl(fd, F_NOTIFY, DN_CREATE));
	kt_put("d/c", "");
	CHECK_EQ(took(), 1);
	CHECK_OK(fcntl(fd, F_NOTIFY, DN_CREATE | DN_MULTISHOT));
	CHECK_OK(fcntl(fd, F_NOTIFY, 0));
	kt_put("d/e", "");
	CHECK_EQ(took(), 0);
}

CASE(ends)
{
	int fd, copy;
	pid_t pid;

	CHECK_OK(mkdir("d", 0755));
	fd = watch("d", DN_CREATE | DN_MULTISHOT);
	/* A close in another process is none of ours. */
	pid = CHECK_OK(fork());
	if (!pid) {
		close(fd);
		_exit(0);
	}
	CHECK_EQ(waitpid(pid, NULL, 0), pid);
	kt_put("d/a", "");
	CHECK_EQ(took(), 1);
	/* Any close of the file in this one ends it. */
	copy = CHECK_OK(dup(fd));
	CHECK_OK(close(fd));
	kt_put("d/b", "");
	CHECK_EQ(took(), 0);
	CHECK_OK(fcntl(copy, F_NOTIFY, DN_CREATE | DN_MULTISHOT));
	kt_put("d/c", "");
	CHECK_EQ(took(), 1);
	CHECK_EQ(last_fd, copy);
	/* A removed directory says nothing more, and nothing is left behind. */
	CHECK_OK(unlink("d/a"));
	CHECK_OK(unlink("d/b"));
	CHECK_OK(unlink("d/c"));
	CHECK_OK(rmdir("d"));
	CHECK_OK(close(copy));
}

CASE(owner_and_plain_signal)
{
	struct sigaction sa = { .sa_sigaction = on_signal, .sa_flags = SA_SIGINFO };
	int fd = CHECK_OK(open(".", O_RDONLY));

	CHECK_OK(sigaction(SIGIO, &sa, NULL));
	CHECK_EQ(fcntl(fd, F_GETOWN), 0);
	CHECK_OK(fcntl(fd, F_NOTIFY, DN_CREATE));
	CHECK_EQ(fcntl(fd, F_GETOWN), getpid());
	hits = 0;
	kt_put("a", "");
	CHECK_EQ(took(), 1);
}

CASE(errors)
{
	int fd, p[2];

	kt_put("f", "x");
	fd = CHECK_OK(open("f", O_RDONLY));
	CHECK_ERR(fcntl(fd, F_NOTIFY, DN_MODIFY), ENOTDIR);
	CHECK_OK(fcntl(fd, F_NOTIFY, 0));
	CHECK_OK(fcntl(fd, F_NOTIFY, DN_MULTISHOT));
	CHECK_OK(pipe(p));
	CHECK_ERR(fcntl(p[0], F_NOTIFY, DN_MODIFY), ENOTDIR);
	CHECK_ERR(fcntl(-1, F_NOTIFY, DN_MODIFY), EBADF);
	fd = CHECK_OK(open(".", O_PATH));
	CHECK_ERR(fcntl(fd, F_NOTIFY, DN_MODIFY), EBADF);
}

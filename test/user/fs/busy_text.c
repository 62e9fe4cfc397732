/* SPDX-License-Identifier: MPL-2.0 */
/* A running program: not writable, removable, replaceable; its mapping lives on. */
#include "ktest_user.h"

static void copy(const char *to)
{
	static char buf[1 << 20];
	int a = CHECK_OK(open("/test/aux/static", O_RDONLY)), b = CHECK_OK(open(to, O_CREAT | O_WRONLY, 0755));
	ssize_t n = CHECK_OK(read(a, buf, sizeof(buf)));

	CHECK_EQ(write(b, buf, n), n);
	close(a);
	close(b);
}
static pid_t start(int *out)
{
	int fds[2];
	char c;
	pid_t p;

	/* "args" with an argument too long for the pipe: it stays in write */
	static char big[100000];
	memset(big, 'x', sizeof(big) - 1);
	CHECK_OK(pipe(fds));
	CHILD(p) {
		close(fds[0]);
		CHECK_OK(dup2(fds[1], 1));
		execl("./prog", "prog", "args", big, NULL);
	}
	close(fds[1]);
	CHECK_EQ(read(fds[0], &c, 1), 1);
	*out = fds[0];
	return p;
}
CASE(while_it_runs)
{
	static char buf[200000];
	struct stat st;
	int out;
	pid_t p;

	copy("prog");
	p = start(&out);
	CHECK_ERR(open("prog", O_WRONLY), ETXTBSY);
	CHECK_ERR(open("prog", O_RDWR), ETXTBSY);
	CHECK_ERR(truncate("prog", 0), ETXTBSY);
	CHECK_ERR(open("prog", O_RDONLY | O_TRUNC), ETXTBSY);
	CHECK_OK(close(CHECK_OK(open("prog", O_RDONLY))));
	CHECK_OK(chmod("prog", 0700));
	copy("other");
	CHECK_OK(rename("other", "prog"));
	CHECK_OK(close(CHECK_OK(open("prog", O_WRONLY))));	/* that is another file now */
	CHECK_OK(unlink("prog"));
	CHECK_OK(stat(".", &st));
	while (read(out, buf, sizeof(buf)) > 0)
		;
	WAIT_EXIT(p, 0);
}

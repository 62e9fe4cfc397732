/* SPDX-License-Identifier: MPL-2.0 */
/* Set-user-id and set-group-id programs: ids after execve, scripts, secure mode. */
#include "ktest_user.h"
#include <sys/auxv.h>

static void copy(const char *from, const char *to, mode_t mode)
{
	static char buf[1 << 20];
	int a = CHECK_OK(open(from, O_RDONLY)), b = CHECK_OK(open(to, O_CREAT | O_WRONLY, 0755));
	ssize_t n;

	while ((n = CHECK_OK(read(a, buf, sizeof(buf)))) > 0)
		CHECK_EQ(write(b, buf, n), n);
	CHECK_OK(fchown(b, 7, 8));
	CHECK_OK(fchmod(b, mode));
	close(a);
	close(b);
}
static void run(const char *prog, const char *want)
{
	char buf[128];
	int fds[2];
	ssize_t n;
	pid_t p;

	CHECK_OK(pipe(fds));
	CHILD(p) {
		kt_become(1000, 1001);
		CHECK_OK(dup2(fds[1], 1));
		execl(prog, "prog", "ids", NULL);
		_exit(50);
	}
	WAIT_EXIT(p, 0);
	n = CHECK_OK(read(fds[0], buf, 127));
	buf[n] = 0;
	CHECK_STR(buf, want);
}
CASE(set_user_id)
{
	copy("/test/aux/static", "prog", 04755);
	run("./prog", "1000 7 7 1001 1001 1001\n");
}
CASE(set_group_id)
{
	copy("/test/aux/static", "prog", 02755);
	run("./prog", "1000 1000 1000 1001 8 8\n");
}
CASE(set_group_id_without_group_exec_is_a_lock_mark)
{
	copy("/test/aux/static", "prog", 02745);
	run("./prog", "1000 1000 1000 1001 1001 1001\n");
}
CASE(dynamic)
{
	copy("/test/aux/dynamic", "prog", 06755);
	run("./prog", "1000 7 7 1001 8 8\n");
}
CASE(no_new_privs)
{
	pid_t p;

	copy("/test/aux/static", "prog", 06755);
	CHILD(p) {
		CHECK_OK(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
		run("./prog", "1000 1000 1000 1001 1001 1001\n");
	}
	WAIT_EXIT(p, 0);
}
int kt_helper(int argc, char **argv)
{
	return getauxval(AT_SECURE) ? 10 : 11;
}
CASE(secure_mode)
{
	char self[256];
	ssize_t n = CHECK_OK(readlink("/proc/self/exe", self, 255));
	pid_t p;

	self[n] = 0;
	copy(self, "prog", 04755);
	CHILD(p) {
		kt_become(1000, 1001);
		execl("./prog", "prog", "@", NULL);
	}
	WAIT_EXIT(p, 10);
	copy(self, "prog", 0755);
	CHILD(p) {
		kt_become(1000, 1001);
		execl("./prog", "prog", "@", NULL);
	}
	WAIT_EXIT(p, 11);
}

/* SPDX-License-Identifier: MPL-2.0 */
/* execve of every kind of program: static, dynamic, PIE, static PIE, script. */
#include "ktest_user.h"

static void run(const char *path, int want)
{
	pid_t p;
	char *argv[] = { "name", "ok", "21", NULL }, *envp[] = { NULL };

	CHILD(p) {
		execve(path, argv, envp);
		_exit(100 + errno % 100);
	}
	WAIT_EXIT(p, want);
}
CASE(elf)
{
	run("/test/aux/static", 21);
	run("/test/aux/dynamic", 21);
	run("/test/aux/pie", 21);
	run("/test/aux/staticpie", 21);
}
CASE(interpreter_directly)
{
	pid_t p;

	CHILD(p) {
		execl("/lib/ld-musl-x86_64.so.1", "ld", "/test/aux/dynamic", "ok", "9", NULL);
		_exit(99);
	}
	WAIT_EXIT(p, 9);
}
CASE(many_times)
{
	for (int i = 0; i < 20; i++) {
		run("/test/aux/pie", 21);
		run("/test/aux/static", 21);
	}
}
CASE(errors)
{
	char *argv[] = { "x", NULL };

	kt_put("noexec", "#!/bin/sh\n");
	kt_put("garbage", "this is no program at all, not even a short one\n");
	CHECK_OK(chmod("garbage", 0755));
	kt_put("empty", "");
	CHECK_OK(chmod("empty", 0755));
	kt_put("badinterp", "#!/missing/interpreter\n");
	CHECK_OK(chmod("badinterp", 0755));
	CHECK_OK(mkdir("d", 0755));
	CHECK_OK(symlink("loop", "loop"));
	CHECK_ERR(execve("missing", argv, argv + 1), ENOENT);
	CHECK_ERR(execve("", argv, argv + 1), ENOENT);
	CHECK_ERR(execve("noexec", argv, argv + 1), EACCES);
	CHECK_ERR(execve("d", argv, argv + 1), EACCES);
	CHECK_ERR(execve("garbage", argv, argv + 1), ENOEXEC);
	CHECK_ERR(execve("empty", argv, argv + 1), ENOEXEC);
	CHECK_ERR(execve("badinterp", argv, argv + 1), ENOENT);
	CHECK_ERR(execve("garbage/x", argv, argv + 1), ENOTDIR);
	CHECK_ERR(execve("loop", argv, argv + 1), ELOOP);
	CHECK_ERR(execve("/dev/null", argv, argv + 1), EACCES);
	CHECK_ERR(syscall(SYS_execve, 8, argv, argv + 1), EFAULT);
	CHECK_ERR(syscall(SYS_execve, "/test/aux/static", 8, argv + 1), EFAULT);
	CHECK_ERR(syscall(SYS_execve, "/test/aux/static", argv, 8), EFAULT);
	char *bad[] = { "x", (char *)8, NULL };
	CHECK_ERR(syscall(SYS_execve, "/test/aux/static", bad, argv + 1), EFAULT);
}
CASE(busy_text)
{
	static char buf[1 << 20];
	char *argv[] = { "x", NULL };
	int a = CHECK_OK(open("/test/aux/static", O_RDONLY)), b = CHECK_OK(open("prog", O_CREAT | O_WRONLY, 0755));
	ssize_t n = CHECK_OK(read(a, buf, sizeof(buf)));

	CHECK_EQ(write(b, buf, n), n);
	CHECK_ERR(execve("prog", argv, argv + 1), ETXTBSY);
	CHECK_OK(close(b));
	run("./prog", 21);
}
CASE(fexecve)
{
	char *argv[] = { "x", "ok", "8", NULL };
	int fd = CHECK_OK(open("/test/aux/static", O_PATH | O_CLOEXEC));
	pid_t p;

	CHILD(p)
		syscall(SYS_execveat, fd, "", argv, argv + 3, AT_EMPTY_PATH);
	WAIT_EXIT(p, 8);
	CHECK_ERR(syscall(SYS_execveat, fd, "", argv, argv + 3, 0), ENOENT);
	CHECK_ERR(syscall(SYS_execveat, AT_FDCWD, "x", argv, argv + 3, 0x8), EINVAL);
	CHECK_ERR(syscall(SYS_execveat, -1, "", argv, argv + 3, AT_EMPTY_PATH), EBADF);
	CHECK_OK(symlink("/test/aux/static", "l"));
	CHECK_ERR(syscall(SYS_execveat, AT_FDCWD, "l", argv, argv + 3, AT_SYMLINK_NOFOLLOW), ELOOP);
	fd = CHECK_OK(open("/test/aux", O_RDONLY));
	CHILD(p)
		syscall(SYS_execveat, fd, "static", argv, argv + 3, 0);
	WAIT_EXIT(p, 8);
}

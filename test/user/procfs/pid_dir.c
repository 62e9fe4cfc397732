/* SPDX-License-Identifier: MPL-2.0 */
/* /proc/PID: links, ownership, permissions for others, processes that end while open. */
#include "ktest_user.h"

CASE(links)
{
	char path[64], buf[256] = "", want[256];
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/%d/exe", getpid());
	n = CHECK_OK(readlink(path, buf, 255));
	buf[n] = 0;
	CHECK(strstr(buf, "/procfs/pid_dir"));
	snprintf(path, sizeof(path), "/proc/%d", getpid());
	n = CHECK_OK(readlink("/proc/self", want, 255));
	want[n] = 0;
	CHECK_STR(want, path + 6);
	n = CHECK_OK(readlink("/proc/thread-self", want, 255));
	want[n] = 0;
	snprintf(path, sizeof(path), "%d/task/%d", getpid(), gettid());
	CHECK_STR(want, path);
	n = CHECK_OK(readlink("/proc/self/root", want, 255));
	want[n] = 0;
	CHECK_STR(want, "/");
}
CASE(deleted_program)
{
	static char img[1 << 20];
	int a = CHECK_OK(open("/test/aux/static", O_RDONLY));
	int b = CHECK_OK(open("prog", O_CREAT | O_WRONLY, 0755)), ready[2];
	char cwd[200], path[64], got[300] = "", want[300];
	ssize_t n = CHECK_OK(read(a, img, sizeof(img)));
	pid_t p;

	CHECK_EQ(write(b, img, n), n);
	CHECK_OK(close(b));
	CHECK(getcwd(cwd, sizeof(cwd)));
	CHECK_OK(pipe(ready));
	CHILD(p) {
		char *argv[] = { "prog", "args", NULL };
		/* blocks in writing to a full pipe, so that it stays alive */
		CHECK_OK(dup2(ready[1], 1));
		fcntl(1, F_SETFL, 0);
		execve("./prog", argv, argv + 2);
	}
	WAIT_EXIT(p, 0);
	CHILD(p) {
		char *argv[] = { "prog", "ok", NULL };
		raise(SIGSTOP);
		execve("./prog", argv, argv + 2);
	}
	kt_wait_state(p, 0, "T");
	snprintf(path, sizeof(path), "/proc/%d/exe", p);
	CHECK_GT(readlink(path, got, 299), 0);
	snprintf(want, sizeof(want), "/test/bin/procfs/pid_dir");
	CHECK_STR(got, want);
	CHECK_OK(kill(p, SIGCONT));
	WAIT_EXIT(p, 0);
}
CASE(ownership)
{
	struct stat st;
	char path[64];
	int ready[2];
	char c;
	pid_t p;

	CHECK_OK(stat("/proc/self", &st));
	CHECK_EQ(st.st_uid, 0);
	CHECK_EQ(st.st_mode, S_IFDIR | 0555);
	CHECK_OK(pipe(ready));
	CHILD(p) {
		kt_become(1000, 1001);
		CHECK_OK(prctl(PR_SET_DUMPABLE, 1, 0, 0, 0));
		CHECK_EQ(write(ready[1], "x", 1), 1);
		for (;;)
			pause();
	}
	CHECK_EQ(read(ready[0], &c, 1), 1);
	snprintf(path, sizeof(path), "/proc/%d", p);
	CHECK_OK(stat(path, &st));
	CHECK_EQ(st.st_uid, 1000);
	CHECK_EQ(st.st_gid, 1001);
	CHECK_OK(kill(p, SIGKILL));
	WAIT_SIGNAL(p, SIGKILL);
}
CASE(privacy)
{
	char path[64], buf[64];
	pid_t p, me = getpid();

	CHILD(p) {
		kt_become(1000, 1000);
		static const char *const closed[] = { "fd", "environ", "mem" };
		for (size_t i = 0; i < ARRAY_SIZE(closed); i++) {
			snprintf(path, sizeof(path), "/proc/%d/%s", me, closed[i]);
			CHECK_ERR(open(path, O_RDONLY), EACCES);
		}
		snprintf(path, sizeof(path), "/proc/%d/exe", me);
		CHECK_ERR(readlink(path, buf, 64), EACCES);
		snprintf(path, sizeof(path), "/proc/%d/cwd", me);
		CHECK_ERR(chdir(path), EACCES);
		snprintf(path, sizeof(path), "/proc/%d/stat", me);
		CHECK_OK(open(path, O_RDONLY));
		snprintf(path, sizeof(path), "/proc/%d/cmdline", me);
		CHECK_OK(open(path, O_RDONLY));
	}
	WAIT_EXIT(p, 0);
}
CASE(ended_while_open)
{
	char path[64], buf[64];
	int fd, d;
	pid_t p;

	CHILD(p)
		for (;;)
			pause();
	snprintf(path, sizeof(path), "/proc/%d/stat", p);
	fd = CHECK_OK(open(path, O_RDONLY));
	snprintf(path, sizeof(path), "/proc/%d", p);
	d = CHECK_OK(open(path, O_RDONLY | O_DIRECTORY));
	CHECK_OK(kill(p, SIGKILL));
	WAIT_SIGNAL(p, SIGKILL);
	CHECK_ERR(read(fd, buf, sizeof(buf)), ESRCH);
	CHECK_ERR(openat(d, "stat", O_RDONLY), ESRCH);
}
CASE(listing)
{
	DIR *d = opendir("/proc");
	struct dirent *e;
	bool self = false, one = false, version = false;

	while ((e = readdir(d))) {
		one |= !strcmp(e->d_name, "1");
		self |= atoi(e->d_name) == getpid();
		version |= !strcmp(e->d_name, "version");
	}
	CHECK(one && self && version);
	CHECK_ERR(open("/proc/x", O_CREAT | O_RDWR, 0644), ENOENT);
	CHECK_ERR(mkdir("/proc/x", 0755), ENOENT);
	CHECK_ERR(unlink("/proc/version"), EPERM);
	CHECK_ERR(access("/proc/0", F_OK), ENOENT);
	CHECK_ERR(access("/proc/01", F_OK), ENOENT);
	CHECK_ERR(access("/proc/99999999", F_OK), ENOENT);
}
CASE(threads_are_hidden_but_there)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/task/%d/comm", gettid());
	CHECK_OK(access(path, R_OK));
	CHECK_ERR(access("/proc/self/task/1/comm", F_OK), ENOENT);
}

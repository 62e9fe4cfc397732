/* SPDX-License-Identifier: MPL-2.0 */
/*
 * mount flags at work: nodev, nosuid, noexec, read-only, noatime, and remount of a file system.
 */
#include "ktest_user.h"

CASE(nodev)
{
	CHECK_OK(mkdir("m", 0755));
	CHECK_OK(mount("none", "m", "tmpfs", MS_NODEV, NULL));
	CHECK_OK(mknod("m/null", S_IFCHR | 0666, makedev(1, 3)));
	CHECK_ERR(open("m/null", O_RDWR), EACCES);
	CHECK_OK(umount2("m", 0));
}
static void copy(const char *from, const char *to)
{
	static char buf[1 << 20];
	int a = CHECK_OK(open(from, O_RDONLY)), b = CHECK_OK(open(to, O_CREAT | O_WRONLY, 0755));
	ssize_t n;

	while ((n = CHECK_OK(read(a, buf, sizeof(buf)))) > 0)
		CHECK_EQ(write(b, buf, n), n);
	close(a);
	close(b);
}
CASE(noexec)
{
	int fd;

	CHECK_OK(mkdir("m", 0755));
	CHECK_OK(mount("none", "m", "tmpfs", MS_NOEXEC, NULL));
	copy("/test/aux/static", "m/prog");
	char *argv[] = { "prog", "ok", "3", NULL };
	CHECK_ERR(execve("m/prog", argv, argv + 3), EACCES);
	CHECK_ERR(access("m/prog", X_OK), EACCES);
	fd = CHECK_OK(open("m/prog", O_RDONLY));
	CHECK_ERR(mmap(NULL, PG, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0), EPERM);
	close(fd);
	CHECK_OK(mount(NULL, "m", NULL, MS_REMOUNT, NULL));
	pid_t p;
	CHILD(p)
		CHECK_OK(execve("m/prog", argv, argv + 3));
	WAIT_EXIT(p, 3);
	CHECK_OK(umount2("m", 0));
}
CASE(nosuid)
{
	int fds[2];
	char buf[64];
	ssize_t n;
	pid_t p;

	CHECK_OK(mkdir("m", 0755));
	CHECK_OK(mount("none", "m", "tmpfs", MS_NOSUID, "mode=755"));
	copy("/test/aux/static", "m/prog");
	CHECK_OK(chown("m/prog", 7, 8));
	CHECK_OK(chmod("m/prog", 06755));
	for (int i = 0; i < 2; i++) {
		CHECK_OK(pipe(fds));
		CHILD(p) {
			kt_become(1000, 1001);
			CHECK_OK(dup2(fds[1], 1));
			execl("m/prog", "prog", "ids", NULL);
		}
		WAIT_EXIT(p, 0);
		n = CHECK_OK(read(fds[0], buf, 63));
		buf[n] = 0;
		CHECK_STR(buf, i ? "1000 7 7 1001 8 8\n" : "1000 1000 1000 1001 1001 1001\n");
		CHECK_OK(mount(NULL, "m", NULL, MS_REMOUNT, NULL));
	}
	CHECK_OK(umount2("m", 0));
}
CASE(read_only_file_system)
{
	int fd;

	CHECK_OK(mkdir("m", 0755));
	CHECK_OK(mount("none", "m", "tmpfs", 0, NULL));
	kt_put("m/f", "x");
	fd = CHECK_OK(open("m/f", O_RDWR));
	CHECK_ERR(mount(NULL, "m", NULL, MS_REMOUNT | MS_RDONLY, NULL), EBUSY);
	CHECK_OK(close(fd));
	CHECK_OK(mount(NULL, "m", NULL, MS_REMOUNT | MS_RDONLY, NULL));
	CHECK_ERR(open("m/f", O_WRONLY), EROFS);
	CHECK_ERR(truncate("m/f", 0), EROFS);
	CHECK_ERR(link("m/f", "m/g"), EROFS);
	CHECK_ERR(rename("m/f", "m/g"), EROFS);
	CHECK_ERR(symlink("x", "m/g"), EROFS);
	CHECK_ERR(open("m/f", O_RDONLY | O_TRUNC), EROFS);
	CHECK_ERR(mkdir("m/f", 0755), EEXIST);
	CHECK_OK(mount(NULL, "m", NULL, MS_REMOUNT, NULL));
	CHECK_OK(close(CHECK_OK(open("m/f", O_WRONLY))));
	CHECK_OK(umount2("m", 0));
}
CASE(shown_in_proc_mounts)
{
	static char buf[65536];
	char want[256], cwd[128];

	CHECK(getcwd(cwd, sizeof(cwd)));
	CHECK_OK(mkdir("m x", 0755));
	CHECK_OK(mount("dev\\name", "m x", "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC | MS_NOATIME, NULL));
	kt_get("/proc/self/mounts", buf, sizeof(buf));
	snprintf(want, sizeof(want), "\ndev\\134name %s/m\\040x tmpfs rw,nosuid,nodev,noexec,noatime", cwd);
	if (!strstr(buf, want))
		FAIL("no \"%s\" in %s", want, buf);
	CHECK_OK(umount2("m x", 0));
}

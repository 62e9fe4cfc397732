/* SPDX-License-Identifier: MPL-2.0 */
/* /proc/self/fd and fdinfo: links, types, reopening, deleted names, permissions. */
#include "ktest_user.h"

static void link_of(int fd, char *buf, size_t n)
{
	char path[64];
	ssize_t r;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	r = CHECK_OK(readlink(path, buf, n - 1));
	buf[r] = 0;
}
CASE(names)
{
	char buf[PATH_MAX], want[PATH_MAX + 32], cwd[1024];
	int p[2], fd;
	struct stat st;

	CHECK(getcwd(cwd, sizeof(cwd)));
	kt_put("f", "");
	fd = CHECK_OK(open("f", O_RDONLY));
	link_of(fd, buf, sizeof(buf));
	snprintf(want, sizeof(want), "%s/f", cwd);
	CHECK_STR(buf, want);
	CHECK_OK(rename("f", "g"));
	link_of(fd, buf, sizeof(buf));
	snprintf(want, sizeof(want), "%s/g", cwd);
	CHECK_STR(buf, want);
	CHECK_OK(unlink("g"));
	link_of(fd, buf, sizeof(buf));
	strcat(want, " (deleted)");
	CHECK_STR(buf, want);
	CHECK_OK(pipe(p));
	link_of(p[0], buf, sizeof(buf));
	CHECK_OK(fstat(p[0], &st));
	snprintf(want, sizeof(want), "pipe:[%lu]", (unsigned long)st.st_ino);
	CHECK_STR(buf, want);
	link_of(CHECK_OK(eventfd(0, 0)), buf, sizeof(buf));
	CHECK_STR(buf, "anon_inode:[eventfd]");
	link_of(CHECK_OK(epoll_create1(0)), buf, sizeof(buf));
	CHECK_STR(buf, "anon_inode:[eventpoll]");
	fd = CHECK_OK(socket(AF_UNIX, SOCK_STREAM, 0));
	CHECK_OK(fstat(fd, &st));
	snprintf(want, sizeof(want), "socket:[%lu]", (unsigned long)st.st_ino);
	link_of(fd, buf, sizeof(buf));
	CHECK_STR(buf, want);
}
CASE(reopen)
{
	char path[64], buf[8];
	int fd, fd2;

	kt_put("f", "hello");
	fd = CHECK_OK(open("f", O_RDONLY));
	CHECK_OK(unlink("f"));
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	fd2 = CHECK_OK(open(path, O_RDWR));	/* a new open file of a deleted name */
	CHECK_EQ(write(fd2, "J", 1), 1);
	CHECK_EQ(read(fd, buf, 8), 5);
	CHECK_MEM(buf, "Jello", 5);
	CHECK_ERR(open(path, O_RDONLY | O_NOFOLLOW), ELOOP);
}
CASE(listing)
{
	DIR *d = opendir("/proc/self/fd");
	struct dirent *e;
	int n = 0, self = dirfd(d);
	bool seen = false;

	while ((e = readdir(d)))
		if (e->d_name[0] != '.') {
			n++;
			seen |= atoi(e->d_name) == self;
		}
	CHECK(seen);
	CHECK_EQ(n, kt_nfds());
}
CASE(modes)
{
	struct stat st;
	char path[64];
	int fd;

	kt_put("f", "");
	fd = CHECK_OK(open("f", O_RDONLY));
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	CHECK_OK(lstat(path, &st));
	CHECK_EQ(st.st_mode, S_IFLNK | 0500);
	fd = CHECK_OK(open("f", O_WRONLY));
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	CHECK_OK(lstat(path, &st));
	CHECK_EQ(st.st_mode, S_IFLNK | 0300);
}
CASE(fdinfo)
{
	char path[64], buf[1024];
	int fd;

	kt_put("f", "hello");
	fd = CHECK_OK(open("f", O_RDWR | O_APPEND | O_CLOEXEC));
	CHECK_EQ(lseek(fd, 3, SEEK_SET), 3);
	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	kt_get(path, buf, sizeof(buf));
		CHECK(!strncmp(buf, "pos:\t3\nflags:\t02102002\nmnt_id:\t", 31));
	CHECK(strstr(buf, "\nino:\t"));
}
CASE(bad_names)
{
	CHECK_ERR(access("/proc/self/fd/999", F_OK), ENOENT);
	CHECK_ERR(access("/proc/self/fd/x", F_OK), ENOENT);
	CHECK_ERR(access("/proc/self/fd/00", F_OK), ENOENT);
	CHECK_ERR(access("/proc/self/fd/-1", F_OK), ENOENT);
	CHECK_ERR(open("/proc/self/fd/new", O_CREAT | O_RDWR, 0644), ENOENT);
}

/* SPDX-License-Identifier: MPL-2.0 */
/* O_PATH descriptors name a file without opening it: what they refuse and allow. */
#include "ktest_user.h"

CASE(refuses_data)
{
	char buf[8];
	int fd;

	kt_put("f", "abc");
	fd = CHECK_OK(open("f", O_PATH));
	CHECK_ERR(read(fd, buf, 1), EBADF);
	CHECK_ERR(write(fd, buf, 1), EBADF);
	CHECK_ERR(lseek(fd, 0, SEEK_SET), EBADF);
	CHECK_ERR(syscall(SYS_fchmod, fd, 0600), EBADF);
	CHECK_ERR(syscall(SYS_fchown, fd, 0, 0), EBADF);
	CHECK_ERR(ioctl(fd, FIONREAD, buf), EBADF);
	CHECK_ERR(mmap(NULL, PG, PROT_READ, MAP_SHARED, fd, 0), EBADF);
	CHECK_ERR(ftruncate(fd, 0), EBADF);
	CHECK_ERR(fsync(fd), EBADF);
	CHECK_ERR(flock(fd, LOCK_EX), EBADF);
	CHECK_ERR(fcntl(fd, F_SETFL, O_APPEND), EBADF);
}
CASE(allows_naming)
{
	struct stat st;
	struct statfs sf;
	char buf[PATH_MAX], path[64];
	int fd, fd2;

	kt_put("f", "abc");
	fd = CHECK_OK(open("f", O_PATH));
	CHECK_OK(fstat(fd, &st));
	CHECK_EQ(st.st_size, 3);
	CHECK_OK(fstatfs(fd, &sf));
	fd2 = CHECK_OK(dup(fd));
	CHECK_OK(close(fd2));
	CHECK_OK(fcntl(fd, F_SETFD, FD_CLOEXEC));
	CHECK_EQ(fcntl(fd, F_GETFL) & O_PATH, O_PATH);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	fd2 = CHECK_OK(open(path, O_RDONLY));
	CHECK_EQ(read(fd2, buf, 8), 3);
}
CASE(needs_no_permission_on_the_file)
{
	pid_t p;

	kt_put("f", "abc");
	CHECK_OK(chmod("f", 0));
	CHILD(p) {
		struct stat st;
		kt_become(1000, 1000);
		int fd = CHECK_OK(open("f", O_PATH));
		CHECK_OK(fstat(fd, &st));
		CHECK_EQ(st.st_size, 3);
		CHECK_ERR(open("f", O_RDONLY), EACCES);
	}
	WAIT_EXIT(p, 0);
}
CASE(of_a_symlink)
{
	struct stat st;
	char buf[16];
	int fd;

	CHECK_OK(symlink("nowhere", "l"));
	fd = CHECK_OK(open("l", O_PATH | O_NOFOLLOW));
	CHECK_OK(fstat(fd, &st));
	CHECK(S_ISLNK(st.st_mode));
	CHECK_EQ(readlinkat(fd, "", buf, sizeof(buf)), 7);
	CHECK_MEM(buf, "nowhere", 7);
	CHECK_ERR(open("l", O_PATH), ENOENT);
	CHECK_OK(fstatat(fd, "", &st, AT_EMPTY_PATH));
	CHECK(S_ISLNK(st.st_mode));
}
CASE(directory_as_base)
{
	int fd;

	CHECK_OK(mkdir("d", 0755));
	kt_put("d/f", "x");
	fd = CHECK_OK(open("d", O_PATH | O_DIRECTORY));
	CHECK_OK(openat(fd, "f", O_RDONLY));
	CHECK_OK(fchdir(fd));
	CHECK_OK(access("f", F_OK));
	char buf[256];
	CHECK_ERR(syscall(SYS_getdents64, fd, buf, sizeof(buf)), EBADF);
}
CASE(other_flags_are_ignored)
{
	int fd;

	fd = CHECK_OK(open(".", O_PATH | O_RDWR | O_APPEND));
	CHECK_EQ(fcntl(fd, F_GETFL) & (3 | O_APPEND), 0);
	CHECK_ERR(open("absent", O_PATH | O_CREAT, 0644), ENOENT);
}

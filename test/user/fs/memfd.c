/* SPDX-License-Identifier: MPL-2.0 */
/* memfd_create: a nameless file, flags, seals, mapping, exec name. */
#include "ktest_user.h"

#ifndef F_ADD_SEALS
#define F_ADD_SEALS 1033
#define F_GET_SEALS 1034
#endif

CASE(file)
{
	char buf[64], path[64];
	struct stat st;
	int fd = memfd_create("a name", MFD_CLOEXEC);
	ssize_t n;

	if (fd < 0 && errno == ENOSYS)
		SKIP("no memfd_create");
	CHECK_OK(fd);
	CHECK_EQ(fcntl(fd, F_GETFD), FD_CLOEXEC);
	CHECK_EQ(write(fd, "abc", 3), 3);
	CHECK_OK(fstat(fd, &st));
	CHECK_EQ(st.st_size, 3);
	CHECK_EQ(st.st_nlink, 0);
	CHECK_EQ(st.st_mode, S_IFREG | 0777);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	n = CHECK_OK(readlink(path, buf, 63));
	buf[n] = 0;
	CHECK_STR(buf, "/memfd:a name (deleted)");
	CHECK_ERR(fcntl(fd, F_ADD_SEALS, 1), EPERM);
	CHECK_EQ(fcntl(fd, F_GET_SEALS), 1);
}
CASE(seals)
{
	char *m;
	int fd = memfd_create("x", MFD_ALLOW_SEALING);

	if (fd < 0 && errno == ENOSYS)
		SKIP("no memfd_create");
	CHECK_OK(ftruncate(fd, PG));
	CHECK_EQ(fcntl(fd, F_GET_SEALS), 0);
	CHECK_OK(fcntl(fd, F_ADD_SEALS, F_SEAL_GROW));
	CHECK_ERR(ftruncate(fd, 2 * PG), EPERM);
	CHECK_ERR(pwrite(fd, "x", 1, PG), EPERM);
	CHECK_OK(ftruncate(fd, 100));
	CHECK_OK(fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK));
	CHECK_ERR(ftruncate(fd, 50), EPERM);
	m = mmap(NULL, PG, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	CHECK(m != MAP_FAILED);
	CHECK_ERR(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE), EBUSY);
	CHECK_OK(munmap(m, PG));
	CHECK_OK(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE));
	CHECK_ERR(pwrite(fd, "x", 1, 0), EPERM);
	CHECK_ERR(mmap(NULL, PG, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0), EPERM);
	CHECK(mmap(NULL, PG, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0) != MAP_FAILED);
	CHECK_OK(fcntl(fd, F_ADD_SEALS, F_SEAL_SEAL));
	CHECK_ERR(fcntl(fd, F_ADD_SEALS, F_SEAL_SEAL), EPERM);
	CHECK_EQ(fcntl(fd, F_GET_SEALS), F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE);
	CHECK_ERR(fcntl(CHECK_OK(open(".", O_RDONLY)), F_GET_SEALS), EINVAL);
}
CASE(errors)
{
	char name[300];
	int fd = memfd_create("x", 0);

	if (fd < 0 && errno == ENOSYS)
		SKIP("no memfd_create");
	CHECK_ERR(memfd_create("x", 0x100), EINVAL);
	CHECK_ERR(syscall(SYS_memfd_create, 8, 0), EFAULT);
	memset(name, 'a', 250);
	name[250] = 0;
	CHECK_ERR(memfd_create(name, 0), EINVAL);
	name[249] = 0;
	CHECK_OK(memfd_create(name, 0));
	CHECK_OK(memfd_create("", 0));
}

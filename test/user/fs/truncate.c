/* SPDX-License-Identifier: MPL-2.0 */
/* truncate and ftruncate: growing, shrinking, mapped tails, limits, errors. */
#include "ktest_user.h"

CASE(grow_and_shrink)
{
	char buf[16];
	off_t far = kt_largest() > 1LL << 40 ? 1LL << 40 : 1LL << 33;
	struct stat st;
	int fd;

	kt_put("f", "0123456789");
	CHECK_OK(truncate("f", 4));
	fd = CHECK_OK(open("f", O_RDWR));
	CHECK_EQ(read(fd, buf, 16), 4);
	CHECK_OK(ftruncate(fd, 8));
	CHECK_EQ(lseek(fd, 0, SEEK_CUR), 4);
	CHECK_EQ(pread(fd, buf, 16, 0), 8);
	CHECK_MEM(buf, "0123\0\0\0\0", 8);
	CHECK_OK(ftruncate(fd, far));
	CHECK_OK(fstat(fd, &st));
	CHECK_EQ(st.st_size, far);
	CHECK_EQ(pread(fd, buf, 16, far - 4), 4);
	CHECK_OK(ftruncate(fd, 0));
	CHECK_OK(fstat(fd, &st));
	CHECK_EQ(st.st_blocks, 0);
}
CASE(frees_pages)
{
	struct stat st;
	char page[PG];
	int fd = CHECK_OK(open("f", O_CREAT | O_RDWR, 0644));

	memset(page, 'x', PG);
	for (int i = 0; i < 10; i++)
		CHECK_EQ(write(fd, page, PG), PG);
	CHECK_OK(fsync(fd));		/* with the index block that a disk has by then */
	CHECK_OK(fstat(fd, &st));
	CHECK_EQ(st.st_blocks, kt_used(0, 10 * PG));
	CHECK_OK(ftruncate(fd, PG * 4 + 1));
	CHECK_OK(fstat(fd, &st));
	CHECK_EQ(st.st_blocks, kt_used(0, PG * 4 + 1));
	CHECK_OK(ftruncate(fd, PG * 16));
	CHECK_EQ(pread(fd, page, PG, PG * 4), PG);
	CHECK_EQ(page[0], 'x');
	for (size_t i = 1; i < PG; i++)
		CHECK_EQ(page[i], 0);
}
CASE(mapped)
{
	char *m;
	int code, fd;

	kt_put("f", "hello");
	fd = CHECK_OK(open("f", O_RDWR));
	CHECK_OK(ftruncate(fd, 3 * PG));
	m = mmap(NULL, 3 * PG, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	CHECK(m != MAP_FAILED);
	m[10] = 'A';
	m[2 * PG] = 'B';
	CHECK_OK(ftruncate(fd, 5));
	CHECK_EQ(m[10], 0);
	CHECK_EQ(kt_fault(m + PG, false, &code), SIGBUS);
	CHECK_EQ(code, BUS_ADRERR);
	CHECK_EQ(kt_fault(m + 2 * PG, true, &code), SIGBUS);
	CHECK_OK(ftruncate(fd, 3 * PG));
	CHECK_EQ(m[2 * PG], 0);
	CHECK_EQ(m[0], 'h');
}
CASE(errors)
{
	int fd, p[2];
	pid_t pid;

	kt_put("f", "hello");
	CHECK_OK(mkdir("d", 0755));
	fd = CHECK_OK(open("f", O_RDWR));
	CHECK_ERR(ftruncate(fd, -1), EINVAL);
	CHECK_ERR(truncate("f", -1), EINVAL);
	CHECK_ERR(truncate("d", 0), EISDIR);
	CHECK_ERR(truncate("missing", 0), ENOENT);
	CHECK_ERR(truncate("f/x", 0), ENOTDIR);
	CHECK_ERR(syscall(SYS_truncate, 8, 0), EFAULT);
	CHECK_ERR(ftruncate(-1, 0), EBADF);
	CHECK_ERR(ftruncate(CHECK_OK(open("d", O_RDONLY)), 0), EINVAL);
	CHECK_OK(pipe(p));
	CHECK_ERR(ftruncate(p[1], 0), EINVAL);
	CHECK_OK(mkfifo("p", 0644));
	CHECK_ERR(truncate("p", 0), EINVAL);
	CHILD(pid) {
		kt_become(1000, 1000);
		CHECK_ERR(truncate("f", 0), EACCES);
	}
	WAIT_EXIT(pid, 0);
}
CASE(file_size_limit)
{
	struct rlimit rl = { 1000, 1000 };
	int fd;

	kt_put("f", "hello");
	fd = CHECK_OK(open("f", O_RDWR));
	CHECK_OK(setrlimit(RLIMIT_FSIZE, &rl));
	signal(SIGXFSZ, SIG_IGN);
	CHECK_ERR(ftruncate(fd, 1001), EFBIG);
	CHECK_OK(ftruncate(fd, 1000));
	CHECK_EQ(pwrite(fd, "abcd", 4, 998), 2);
	CHECK_ERR(pwrite(fd, "abcd", 4, 1000), EFBIG);
	pid_t p;
	CHILD(p) {
		signal(SIGXFSZ, SIG_DFL);
		pwrite(fd, "abcd", 4, 1000);
	}
	WAIT_SIGNAL(p, SIGXFSZ);
}

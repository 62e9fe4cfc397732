/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The remaining errors of open: bad pointers, long names, loops, missing search permission,
 * sockets.
 */
#include "ktest_user.h"

CASE(pointers_and_lengths)
{
	char longname[300], *longpath;

	CHECK_ERR(syscall(SYS_open, NULL, O_RDONLY), EFAULT);
	CHECK_ERR(syscall(SYS_open, (void *)-1, O_RDONLY), EFAULT);
	memset(longname, 'a', 255);
	longname[255] = 0;
	CHECK_OK(open(longname, O_CREAT | O_RDWR, 0644));
	memset(longname, 'a', 256);
	longname[256] = 0;
	CHECK_ERR(open(longname, O_CREAT | O_RDWR, 0644), ENAMETOOLONG);
	CHECK_ERR(open(longname, O_RDONLY), ENAMETOOLONG);
	longpath = malloc(PATH_MAX + 1);
	memset(longpath, '/', PATH_MAX);
	longpath[PATH_MAX] = 0;
	CHECK_ERR(open(longpath, O_RDONLY), ENAMETOOLONG);
	longpath[PATH_MAX - 1] = 0;
	CHECK_OK(open(longpath, O_RDONLY));
}
CASE(unterminated_at_the_end_of_a_page)
{
	char *m = kt_map(2, PROT_READ | PROT_WRITE);

	CHECK_OK(munmap(m + PG, PG));
	memset(m + PG - 4, 'a', 4);
	CHECK_ERR(open(m + PG - 4, O_RDONLY), EFAULT);
	m[PG - 1] = 0;
	CHECK_ERR(open(m + PG - 4, O_RDONLY), ENOENT);
}
CASE(loops)
{
	char a[16], b[16];

	CHECK_OK(symlink("b", "a"));
	CHECK_OK(symlink("a", "b"));
	CHECK_ERR(open("a", O_RDONLY), ELOOP);
	CHECK_ERR(open("a/x", O_RDONLY), ELOOP);
	kt_put("s0", "x");
	for (int i = 1; i <= 41; i++) {
		snprintf(a, sizeof(a), "s%d", i);
		snprintf(b, sizeof(b), "s%d", i - 1);
		CHECK_OK(symlink(b, a));
	}
	CHECK_OK(open("s40", O_RDONLY));
	CHECK_ERR(open("s41", O_RDONLY), ELOOP);
}
CASE(search_permission)
{
	pid_t p;

	CHECK_OK(mkdir("d", 0755));
	kt_put("d/f", "");
	CHECK_OK(chmod("d", 0744));
	CHILD(p) {
		kt_become(1000, 1000);
		CHECK_ERR(open("d/f", O_RDONLY), EACCES);
		CHECK_OK(open("d", O_RDONLY));
		CHECK_ERR(open("d/new", O_CREAT | O_RDWR, 0644), EACCES);
	}
	WAIT_EXIT(p, 0);
	CHECK_OK(chmod("d", 0711));
	CHILD(p) {
		kt_become(1000, 1000);
		CHECK_OK(open("d/f", O_RDONLY));
		CHECK_ERR(open("d", O_RDONLY), EACCES);
		CHECK_ERR(open("d/missing", O_RDONLY), ENOENT);
		CHECK_ERR(open("d/new", O_CREAT | O_RDWR, 0644), EACCES);
	}
	WAIT_EXIT(p, 0);
}
CASE(special_files)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX, .sun_path = "s" };
	int s = CHECK_OK(socket(AF_UNIX, SOCK_STREAM, 0));

	CHECK_OK(bind(s, (void *)&a, sizeof(a)));
	CHECK_ERR(open("s", O_RDWR), ENXIO);
	CHECK_OK(mkfifo("p", 0644));
	CHECK_ERR(open("p", O_WRONLY | O_NONBLOCK), ENXIO);
	CHECK_OK(mknod("c", S_IFCHR | 0644, makedev(240, 200)));
	CHECK_ERR(open("c", O_RDWR), ENXIO);
}
CASE(exec_text_is_busy)
{
	CHECK_ERR(open("/proc/self/exe", O_WRONLY), ETXTBSY);
}
CASE(noatime_needs_ownership)
{
	pid_t p;

	kt_put("f", "");
	CHECK_OK(open("f", O_RDONLY | O_NOATIME));
	CHILD(p) {
		kt_become(1000, 1000);
		CHECK_ERR(open("f", O_RDONLY | O_NOATIME), EPERM);
	}
	WAIT_EXIT(p, 0);
}

/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Each file capability by itself: DAC_OVERRIDE, DAC_READ_SEARCH, FOWNER, FSETID, CHOWN, MKNOD,
 * SYS_CHROOT.
 */
#include "ktest_user.h"
#include <linux/capability.h>

/* An ordinary user with exactly this effective capability. */
static void only(int cap)
{
	struct __user_cap_header_struct h = { _LINUX_CAPABILITY_VERSION_3, 0 };
	struct __user_cap_data_struct d[2] = { { 0 } };

	CHECK_OK(prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0));
	kt_become(1000, 1000);
	if (cap >= 0)
		d[cap / 32].effective = d[cap / 32].permitted = 1U << (cap % 32);
	CHECK_OK(syscall(SYS_capset, &h, d));
}
CASE(dac_override)
{
	kt_put("f", "x");
	CHECK_OK(chmod("f", 0));
	CHECK_OK(mkdir("d", 0));
	only(CAP_DAC_OVERRIDE);
	CHECK_OK(open("f", O_RDWR));
	CHECK_OK(close(CHECK_OK(open("d/new", O_CREAT | O_RDWR, 0644))));
	CHECK_ERR(chmod("f", 0644), EPERM);
	char *argv[] = { "f", NULL };
	CHECK_ERR(execve("f", argv, argv + 1), EACCES);	/* no x bit at all */
}
CASE(dac_read_search)
{
	kt_put("f", "x");
	CHECK_OK(chmod("f", 0));
	CHECK_OK(mkdir("d", 0));
	only(CAP_DAC_READ_SEARCH);
	CHECK_OK(open("f", O_RDONLY));
	CHECK_ERR(open("f", O_WRONLY), EACCES);
	CHECK_OK(open("d", O_RDONLY));
	struct stat st;
	CHECK_ERR(stat("d/x", &st), ENOENT);
	CHECK_ERR(open("d/new", O_CREAT | O_RDWR, 0644), EACCES);
}
CASE(fowner)
{
	CHECK_OK(mkdir("d", 0777));
	CHECK_OK(chmod("d", 01777));
	kt_put("d/f", "x");
	only(CAP_FOWNER);
	CHECK_OK(chmod("d/f", 0600));
	CHECK_OK(utimensat(AT_FDCWD, "d/f", (struct timespec[2]){ { 1, 0 }, { 1, 0 } }, 0));
	CHECK_OK(unlink("d/f"));	/* in spite of the sticky bit */
}
CASE(chown)
{
	kt_put("f", "x");
	only(CAP_CHOWN);
	CHECK_OK(chown("f", 5, 6));
	CHECK_ERR(chmod("f", 0600), EPERM);
}
CASE(fsetid)
{
	struct stat st;

	kt_put("f", "x");
	CHECK_OK(chown("f", 1000, 77));
	CHECK_OK(chmod("f", 06777));
	only(CAP_FSETID);
	int fd = CHECK_OK(open("f", O_WRONLY));
	CHECK_EQ(write(fd, "y", 1), 1);
	CHECK_OK(stat("f", &st));
	CHECK_EQ(st.st_mode & 07777, 06777);	/* not dropped */
	CHECK_OK(chmod("f", 02755));
	CHECK_OK(stat("f", &st));
	CHECK_EQ(st.st_mode & 07777, 02755);	/* though not in the group */
}
CASE(mknod_and_chroot)
{
	pid_t p;

	CHECK_OK(chmod(".", 0777));
	CHILD(p) {
		only(CAP_MKNOD);
		CHECK_OK(mknod("c", S_IFCHR | 0600, makedev(1, 3)));
		CHECK_ERR(chroot("."), EPERM);
	}
	WAIT_EXIT(p, 0);
	CHILD(p) {
		only(CAP_SYS_CHROOT);
		CHECK_OK(chroot("."));
	}
	WAIT_EXIT(p, 0);
}
CASE(none)
{
	kt_put("f", "x");
	only(-1);
	CHECK_ERR(chown("f", 1000, -1), EPERM);
	CHECK_ERR(chmod("f", 0777), EPERM);
	CHECK_ERR(mount("none", "/tmp", "tmpfs", 0, NULL), EPERM);
}

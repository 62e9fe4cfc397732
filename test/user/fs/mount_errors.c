/* SPDX-License-Identifier: MPL-2.0 */
/*
 * mount and umount2: refused arguments, busy mounts, privilege, lazy and forced unmounting.
 */
#include "ktest_user.h"
#include <sys/klog.h>

CASE(mount_errors)
{
	pid_t p;

	kt_put("f", "");
	CHECK_OK(mkdir("m", 0755));
	CHECK_ERR(mount("none", "m", "nosuchfs", 0, NULL), ENODEV);
	CHECK_ERR(mount("none", "missing", "tmpfs", 0, NULL), ENOENT);
	CHECK_ERR(mount("none", "f", "tmpfs", 0, NULL), ENOTDIR);
	CHECK_ERR(mount("missing", "m", NULL, MS_BIND, NULL), ENOENT);
	CHECK_ERR(mount("none", "m", NULL, 0, NULL), EINVAL);
	CHECK_ERR(syscall(SYS_mount, "none", 8, "tmpfs", 0, NULL), EFAULT);
	CHECK_ERR(syscall(SYS_mount, "none", "m", 8, 0, NULL), EFAULT);
	CHECK_ERR(mount("none", "m", "tmpfs", 0, "nosuchoption=1"), EINVAL);
	CHECK_ERR(mount("none", "m", "proc", 0, "nosuchoption=1"), EINVAL);
	CHECK_ERR(mount("none", "m", "sysfs", 0, "nosuchoption=1"), EINVAL);
	CHECK_OK(mount("none", "m", "proc", 0, NULL));
	CHECK_ERR(mount(NULL, "m", NULL, MS_REMOUNT, "nosuchoption=1"), EINVAL);
	CHECK_OK(mount(NULL, "m", NULL, MS_REMOUNT, NULL));
	CHECK_OK(umount("m"));
	CHECK_ERR(mount(NULL, "m", NULL, MS_REMOUNT, NULL), EINVAL);
	CHECK_ERR(mount(NULL, "m", NULL, MS_MOVE, NULL), EINVAL);
	CHILD(p) {
		kt_become(1000, 1000);
		CHECK_ERR(mount("none", "m", "tmpfs", 0, NULL), EPERM);
		CHECK_ERR(umount2("/proc", 0), EPERM);
	}
	WAIT_EXIT(p, 0);
}
CASE(busy)
{
	int fd;

	CHECK_OK(mkdir("m", 0755));
	CHECK_OK(mount("none", "m", "tmpfs", 0, NULL));
	kt_put("m/f", "data");
	fd = CHECK_OK(open("m/f", O_RDONLY));
	CHECK_ERR(umount2("m", 0), EBUSY);
	CHECK_OK(close(fd));
	CHECK_OK(chdir("m"));
	CHECK_ERR(umount2("../m", 0), EBUSY);
	CHECK_OK(chdir(".."));
	CHECK_OK(umount2("m", 0));
}
CASE(detach)
{
	char buf[8];
	int fd;

	CHECK_OK(mkdir("m", 0755));
	CHECK_OK(mount("none", "m", "tmpfs", 0, NULL));
	kt_put("m/f", "data");
	fd = CHECK_OK(open("m/f", O_RDONLY));
	CHECK_OK(chdir("m"));
	CHECK_OK(umount2("../m", MNT_DETACH));
	CHECK_EQ(read(fd, buf, 8), 4);
	CHECK_OK(access("f", F_OK));
	CHECK_OK(chdir("/tmp"));
}
CASE(umount_errors)
{
	CHECK_OK(mkdir("m", 0755));
	CHECK_ERR(umount2("m", 0), EINVAL);
	CHECK_ERR(umount2("missing", 0), ENOENT);
	CHECK_ERR(umount2("m", 0x100), EINVAL);
	CHECK_ERR(syscall(SYS_umount2, 8, 0), EFAULT);
	CHECK_OK(mount("none", "m", "tmpfs", 0, NULL));
	CHECK_OK(symlink("m", "l"));
	CHECK_ERR(umount2("l", UMOUNT_NOFOLLOW), EINVAL);
	CHECK_ERR(umount2("m", MNT_EXPIRE | MNT_FORCE), EINVAL);
	CHECK_ERR(umount2("m", MNT_EXPIRE), EAGAIN);
	CHECK_OK(umount2("m", MNT_EXPIRE));
}

/* Types without options say in the log which one they refuse. */
CASE(unknown_option_is_named)
{
	static const char *const types[] = { "proc", "sysfs", "mqueue" };
	static char log[1 << 20];

	CHECK(!mkdir("t", 0755) || errno == EEXIST);
	for (unsigned i = 0; i < 3; i++) {
		char want[64];
		int n;

		if (mount("x", "t", types[i], 0, "nosuch"))
			CHECK_EQ(errno, EINVAL);
		else
			FAIL("%s takes nosuch", types[i]);
		snprintf(want, sizeof(want), "%s: Unknown parameter 'nosuch'", types[i]);
		n = CHECK_OK(klogctl(3, log, sizeof(log) - 1));
		log[n] = '\0';
		CHECK(strstr(log, want) != NULL);
	}
	CHECK_OK(rmdir("t"));
}

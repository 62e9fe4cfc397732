/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Mounts by descriptor: fsopen, fsconfig, fsmount, fspick, open_tree, move_mount, mount_setattr. All in
 * a mount namespace of the case's own, private.
 */
#include "ktest_user.h"
#include <linux/mount.h>

#ifndef AT_RECURSIVE
#define AT_RECURSIVE 0x8000
#endif

static int fsopen_(const char *t, unsigned f) { return syscall(SYS_fsopen, t, f); }
static int fsconfig_(int fd, unsigned cmd, const char *k, const void *v, int aux)
{
	return syscall(SYS_fsconfig, fd, cmd, k, v, aux);
}
static int fsmount_(int fd, unsigned f, unsigned a) { return syscall(SYS_fsmount, fd, f, a); }
static int open_tree_(int d, const char *p, unsigned f) { return syscall(SYS_open_tree, d, p, f); }
static int move_mount_(int fd, const char *fp, int td, const char *tp, unsigned f)
{
	return syscall(SYS_move_mount, fd, fp, td, tp, f);
}
static int setattr_(int d, const char *p, unsigned f, struct mount_attr *a)
{
	return syscall(SYS_mount_setattr, d, p, f, a, sizeof(*a));
}
static void setup(void)
{
	SKIP_IF_ENOSYS(fsopen_("tmpfs", 0));
	CHECK_OK(unshare(CLONE_NEWNS));
	CHECK_OK(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL));
}
static int new_tmpfs(const char *size)
{
	int fs = CHECK_OK(fsopen_("tmpfs", FSOPEN_CLOEXEC)), m;

	if (size)
		CHECK_OK(fsconfig_(fs, FSCONFIG_SET_STRING, "size", size, 0));
	CHECK_OK(fsconfig_(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0));
	m = CHECK_OK(fsmount_(fs, FSMOUNT_CLOEXEC, 0));
	close(fs);
	return m;
}
static bool has_option(const char *dir, const char *opt)
{
	static char buf[65536];
	char want[256], *l;

	kt_get("/proc/self/mountinfo", buf, sizeof(buf));
	snprintf(want, sizeof(want), "/%s ", dir);
	for (l = strtok(buf, "\n"); l; l = strtok(NULL, "\n"))
		if (strstr(l, want) && strstr(l, opt))
			return true;
	return false;
}
CASE(make_configure_mount)
{
	struct statvfs sv;
	int fs, m;

	setup();
	CHECK_OK(mkdir("d", 0755));
	fs = CHECK_OK(fsopen_("tmpfs", 0));
	CHECK_OK(fsconfig_(fs, FSCONFIG_SET_STRING, "source", "mysource", 0));
	CHECK_OK(fsconfig_(fs, FSCONFIG_SET_STRING, "size", "1m", 0));
	CHECK_OK(fsconfig_(fs, FSCONFIG_SET_STRING, "mode", "0711", 0));
	CHECK_ERR(fsmount_(fs, 0, 0), EINVAL);
	CHECK_OK(fsconfig_(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0));
	CHECK_ERR(fsconfig_(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0), EBUSY);
	CHECK_ERR(fsconfig_(fs, FSCONFIG_SET_STRING, "size", "1m", 0), EBUSY);
	m = CHECK_OK(fsmount_(fs, 0, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOATIME));
	CHECK_ERR(fsmount_(fs, 0, 0), EBUSY);
	/* usable before it has a place */
	CHECK_OK(close(CHECK_OK(openat(m, "file", O_CREAT | O_WRONLY, 0644))));
	CHECK_ERR(access("d/file", F_OK), ENOENT);
	CHECK_OK(move_mount_(m, "", AT_FDCWD, "d", MOVE_MOUNT_F_EMPTY_PATH));
	CHECK_OK(access("d/file", F_OK));
	CHECK_OK(close(m));
	CHECK_OK(access("d/file", F_OK));
	CHECK(has_option("d", "mysource"));
	CHECK(has_option("d", "nosuid,nodev,noatime"));
	CHECK_OK(statvfs("d", &sv));
	CHECK_EQ(sv.f_blocks * sv.f_frsize, 1 << 20);
	/* the context can change it now */
	CHECK_OK(fsconfig_(fs, FSCONFIG_SET_STRING, "size", "2m", 0));
	CHECK_OK(fsconfig_(fs, FSCONFIG_CMD_RECONFIGURE, NULL, NULL, 0));
	CHECK_OK(statvfs("d", &sv));
	CHECK_EQ(sv.f_blocks * sv.f_frsize, 2 << 20);
	CHECK_OK(umount("d"));
}
CASE(parameters)
{
	char buf[256];
	int fs;
	ssize_t n;

	setup();
	CHECK_ERR(fsopen_("nosuchfs", 0), ENODEV);
	CHECK_ERR(fsopen_("tmpfs", 2), EINVAL);
	CHECK_ERR(fsopen_((void *)8, 0), EFAULT);
	fs = CHECK_OK(fsopen_("tmpfs", 0));
	CHECK_ERR(read(fs, buf, sizeof(buf)), ENODATA);
	CHECK_ERR(fsconfig_(fs, FSCONFIG_SET_STRING, "nosuchoption", "1", 0), EINVAL);
	CHECK_ERR(read(fs, buf, 3), EMSGSIZE);
	n = CHECK_OK(read(fs, buf, sizeof(buf) - 1));
	buf[n] = 0;
	CHECK_STR(buf, "e tmpfs: Unknown parameter 'nosuchoption'\n");
	CHECK_ERR(read(fs, buf, sizeof(buf)), ENODATA);
	CHECK_ERR(fsconfig_(fs, FSCONFIG_SET_STRING, "size", "bogus", 0), EINVAL);
	n = CHECK_OK(read(fs, buf, sizeof(buf) - 1));
	buf[n] = 0;
	CHECK_STR(buf, "e tmpfs: Bad value for 'size'\n");
	CHECK_OK(fsconfig_(fs, FSCONFIG_SET_STRING, "source", "a", 0));
	CHECK_ERR(fsconfig_(fs, FSCONFIG_SET_STRING, "source", "b", 0), EINVAL);
	CHECK_OK(fsconfig_(fs, FSCONFIG_SET_FLAG, "ro", NULL, 0));
	CHECK_OK(fsconfig_(fs, FSCONFIG_SET_FLAG, "rw", NULL, 0));
	CHECK_ERR(fsconfig_(fs, FSCONFIG_SET_FLAG, "ro", "x", 0), EINVAL);
	CHECK_ERR(fsconfig_(fs, FSCONFIG_SET_FLAG, NULL, NULL, 0), EINVAL);
	CHECK_ERR(fsconfig_(fs, FSCONFIG_SET_STRING, "size", NULL, 0), EINVAL);
	CHECK_ERR(fsconfig_(fs, FSCONFIG_SET_STRING, "size", "1m", 1), EINVAL);
	CHECK_ERR(fsconfig_(fs, FSCONFIG_CMD_CREATE, "x", NULL, 0), EINVAL);
	CHECK_ERR(fsconfig_(fs, 99, NULL, NULL, 0), EOPNOTSUPP);
	CHECK_ERR(fsconfig_(fs, FSCONFIG_CMD_RECONFIGURE, NULL, NULL, 0), EBUSY);
	CHECK_ERR(fsconfig_(-1, FSCONFIG_SET_FLAG, "ro", NULL, 0), EINVAL);
	CHECK_ERR(fsconfig_(900, FSCONFIG_SET_FLAG, "ro", NULL, 0), EBADF);
	CHECK_ERR(fsconfig_(0, FSCONFIG_SET_FLAG, "ro", NULL, 0), EINVAL);
	CHECK_ERR(fsmount_(fs, 2, 0), EINVAL);
	CHECK_ERR(fsmount_(fs, 0, MOUNT_ATTR_IDMAP), EINVAL);
	CHECK_ERR(fsmount_(fs, 0, 0x30), EINVAL);
	CHECK_ERR(fsmount_(0, 0, 0), EINVAL);
	CHECK_ERR(fsmount_(900, 0, 0), EBADF);
}
CASE(other_types)
{
	static const struct { const char *type, *file; } t[] = {
		{ "proc", "uptime" }, { "sysfs", "kernel" }, { "devpts", "ptmx" },
	};

	setup();
	for (size_t i = 0; i < ARRAY_SIZE(t); i++) {
		int fs = CHECK_OK(fsopen_(t[i].type, 0)), m;

		CHECK_OK(fsconfig_(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0));
		m = CHECK_OK(fsmount_(fs, 0, 0));
		CHECK_OK(faccessat(m, t[i].file, F_OK, 0));
		close(m);
		close(fs);
	}
	int fs = CHECK_OK(fsopen_("sysfs", 0));
	CHECK_ERR(fsconfig_(fs, FSCONFIG_SET_STRING, "foo", "1", 0), EINVAL);
}
CASE(read_only_instance)
{
	int fs, m;

	setup();
	fs = CHECK_OK(fsopen_("tmpfs", 0));
	CHECK_OK(fsconfig_(fs, FSCONFIG_SET_FLAG, "ro", NULL, 0));
	CHECK_OK(fsconfig_(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0));
	m = CHECK_OK(fsmount_(fs, 0, 0));
	CHECK_ERR(openat(m, "f", O_CREAT | O_WRONLY, 0644), EROFS);
}
CASE(unused_tree_goes_with_its_descriptor)
{
	int m, f;

	setup();
	m = new_tmpfs(NULL);
	f = CHECK_OK(openat(m, "file", O_CREAT | O_RDWR, 0644));
	CHECK_OK(close(m));
	/* an open file keeps the instance, not the tree */
	CHECK_EQ(write(f, "x", 1), 1);
	CHECK_OK(close(f));
}
CASE(open_tree_clone)
{
	int t, m;

	setup();
	CHECK_OK(mkdir("a", 0755));
	CHECK_OK(mkdir("b", 0755));
	CHECK_OK(mount("x", "a", "tmpfs", 0, NULL));
	CHECK_OK(mkdir("a/sub", 0755));
	CHECK_OK(mount("y", "a/sub", "tmpfs", 0, NULL));
	kt_put("a/sub/deep", "1");
	t = CHECK_OK(open_tree_(AT_FDCWD, "a", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC));
	CHECK_EQ(fcntl(t, F_GETFD), FD_CLOEXEC);
	CHECK_ERR(faccessat(t, "sub/deep", F_OK, 0), ENOENT);
	CHECK_OK(close(t));
	t = CHECK_OK(open_tree_(AT_FDCWD, "a", OPEN_TREE_CLONE | AT_RECURSIVE));
	CHECK_EQ(fcntl(t, F_GETFD), 0);
	CHECK_OK(faccessat(t, "sub/deep", F_OK, 0));
	CHECK_OK(move_mount_(t, "", AT_FDCWD, "b", MOVE_MOUNT_F_EMPTY_PATH));
	CHECK_OK(access("b/sub/deep", F_OK));
	/* attached, it is moved as any other */
	CHECK_OK(mkdir("c", 0755));
	CHECK_OK(move_mount_(t, "", AT_FDCWD, "c", MOVE_MOUNT_F_EMPTY_PATH));
	CHECK_ERR(access("b/sub/deep", F_OK), ENOENT);
	CHECK_OK(access("c/sub/deep", F_OK));
	CHECK_OK(close(t));
	CHECK_OK(access("c/sub/deep", F_OK));
	/* by path */
	CHECK_OK(move_mount_(AT_FDCWD, "c", AT_FDCWD, "b", 0));
	CHECK_OK(access("b/sub/deep", F_OK));
	CHECK_ERR(move_mount_(AT_FDCWD, "b", AT_FDCWD, "b/sub", 0), ELOOP);
	CHECK_ERR(move_mount_(AT_FDCWD, "c", AT_FDCWD, "b", 0), EINVAL);	/* no mount there */
	/* without CLONE only a path descriptor, which does not own anything */
	t = CHECK_OK(open_tree_(AT_FDCWD, "b", 0));
	CHECK_OK(close(t));
	CHECK_OK(access("b/sub/deep", F_OK));
	CHECK_ERR(open_tree_(AT_FDCWD, "b", AT_RECURSIVE), EINVAL);
	CHECK_ERR(open_tree_(AT_FDCWD, "b", 4), EINVAL);
	CHECK_ERR(open_tree_(AT_FDCWD, "missing", OPEN_TREE_CLONE), ENOENT);
	/* unbindable */
	CHECK_OK(mount(NULL, "a", NULL, MS_UNBINDABLE, NULL));
	CHECK_ERR(open_tree_(AT_FDCWD, "a", OPEN_TREE_CLONE), EINVAL);
	m = new_tmpfs(NULL);
	kt_put("f", "");
	CHECK_ERR(move_mount_(m, "", AT_FDCWD, "f", MOVE_MOUNT_F_EMPTY_PATH), EINVAL);
	CHECK_ERR(move_mount_(m, "", AT_FDCWD, "b", 0x8000), EINVAL);
	CHECK_ERR(move_mount_(m, "", AT_FDCWD, "b", 0), ENOENT);
	CHECK_ERR(open_tree_(m, "", OPEN_TREE_CLONE | AT_EMPTY_PATH), EINVAL);
}
CASE(fspick_changes)
{
	struct statvfs sv;
	int fs;

	setup();
	CHECK_OK(mkdir("d", 0755));
	CHECK_OK(mount("x", "d", "tmpfs", 0, "size=1m"));
	fs = CHECK_OK(syscall(SYS_fspick, AT_FDCWD, "d", 0));
	CHECK_ERR(fsconfig_(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0), EBUSY);
	CHECK_OK(fsconfig_(fs, FSCONFIG_SET_STRING, "size", "3m", 0));
	CHECK_OK(fsconfig_(fs, FSCONFIG_CMD_RECONFIGURE, NULL, NULL, 0));
	CHECK_OK(statvfs("d", &sv));
	CHECK_EQ(sv.f_blocks * sv.f_frsize, 3 << 20);
	CHECK_OK(fsconfig_(fs, FSCONFIG_SET_FLAG, "ro", NULL, 0));
	CHECK_OK(fsconfig_(fs, FSCONFIG_CMD_RECONFIGURE, NULL, NULL, 0));
	CHECK_ERR(mkdir("d/x", 0755), EROFS);
	CHECK_OK(fsconfig_(fs, FSCONFIG_SET_FLAG, "rw", NULL, 0));
	CHECK_OK(fsconfig_(fs, FSCONFIG_CMD_RECONFIGURE, NULL, NULL, 0));
	CHECK_OK(mkdir("d/x", 0755));
	CHECK_ERR(fsmount_(fs, 0, 0), EBUSY);
	CHECK_ERR(syscall(SYS_fspick, AT_FDCWD, "d/x", 0), EINVAL);
	CHECK_ERR(syscall(SYS_fspick, AT_FDCWD, "d", 16), EINVAL);
}
CASE(setattr)
{
	struct mount_attr a = { .attr_set = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOEXEC };
	int fd;

	setup();
	CHECK_OK(mkdir("d", 0755));
	CHECK_OK(mount("x", "d", "tmpfs", 0, NULL));
	CHECK_OK(mkdir("d/sub", 0755));
	CHECK_OK(mount("y", "d/sub", "tmpfs", 0, NULL));
	CHECK_OK(setattr_(AT_FDCWD, "d", 0, &a));
	CHECK(has_option("d", "ro,noexec"));
	CHECK_ERR(mkdir("d/x", 0755), EROFS);
	CHECK_OK(mkdir("d/sub/x", 0755));
	a = (struct mount_attr){ .attr_clr = MOUNT_ATTR_RDONLY };
	CHECK_OK(setattr_(AT_FDCWD, "d", 0, &a));
	CHECK_OK(mkdir("d/x", 0755));
	CHECK(has_option("d", "noexec"));
	/* all or nothing: a writer below */
	fd = CHECK_OK(open("d/sub/f", O_CREAT | O_WRONLY, 0644));
	a = (struct mount_attr){ .attr_set = MOUNT_ATTR_RDONLY };
	CHECK_ERR(setattr_(AT_FDCWD, "d", AT_RECURSIVE, &a), EBUSY);
	CHECK_OK(mkdir("d/y", 0755));
	CHECK_OK(close(fd));
	CHECK_OK(setattr_(AT_FDCWD, "d", AT_RECURSIVE, &a));
	CHECK_ERR(mkdir("d/z", 0755), EROFS);
	CHECK_ERR(mkdir("d/sub/z", 0755), EROFS);
	/* access times are one field */
	a = (struct mount_attr){ .attr_set = MOUNT_ATTR_NOATIME };
	CHECK_ERR(setattr_(AT_FDCWD, "d", 0, &a), EINVAL);
	a.attr_clr = MOUNT_ATTR_NOATIME;
	CHECK_ERR(setattr_(AT_FDCWD, "d", 0, &a), EINVAL);
	a.attr_clr = MOUNT_ATTR__ATIME;
	CHECK_OK(setattr_(AT_FDCWD, "d", 0, &a));
	CHECK(has_option("d", "noatime"));
	a.attr_set = MOUNT_ATTR_STRICTATIME;
	CHECK_OK(setattr_(AT_FDCWD, "d", 0, &a));
	CHECK(!has_option("d", "atime"));
	/* propagation */
	a = (struct mount_attr){ .propagation = MS_SHARED };
	CHECK_OK(setattr_(AT_FDCWD, "d", 0, &a));
	CHECK(has_option("d", "shared:"));
	a.propagation = MS_PRIVATE;
	CHECK_OK(setattr_(AT_FDCWD, "d", 0, &a));
	CHECK(!has_option("d", "shared:"));
	a.propagation = MS_SHARED | MS_PRIVATE;
	CHECK_ERR(setattr_(AT_FDCWD, "d", 0, &a), EINVAL);
	a.propagation = MS_REC;
	CHECK_ERR(setattr_(AT_FDCWD, "d", 0, &a), EINVAL);
	a = (struct mount_attr){ .attr_set = 1 << 30 };
	CHECK_ERR(setattr_(AT_FDCWD, "d", 0, &a), EINVAL);
	a = (struct mount_attr){ .attr_set = MOUNT_ATTR_IDMAP, .userns_fd = 900 };
	CHECK_ERR(setattr_(AT_FDCWD, "d", 0, &a), EBADF);
	a = (struct mount_attr){ .attr_clr = MOUNT_ATTR_RDONLY };
	CHECK_ERR(setattr_(AT_FDCWD, "d/sub/x", 0, &a), EINVAL);
	CHECK_ERR(setattr_(AT_FDCWD, "d", 0x2, &a), EINVAL);
	CHECK_ERR(syscall(SYS_mount_setattr, AT_FDCWD, "d", 0, &a, 31), EINVAL);
	CHECK_ERR(syscall(SYS_mount_setattr, AT_FDCWD, "d", 0, &a, 5000), E2BIG);
	CHECK_ERR(syscall(SYS_mount_setattr, AT_FDCWD, "d", 0, 8, 32), EFAULT);
	a = (struct mount_attr){ 0 };
	CHECK_OK(setattr_(AT_FDCWD, "missing", 0, &a));	/* nothing to do */
	/* a detached tree */
	fd = new_tmpfs(NULL);
	a = (struct mount_attr){ .attr_set = MOUNT_ATTR_RDONLY };
	CHECK_OK(setattr_(fd, "", AT_EMPTY_PATH, &a));
	CHECK_ERR(mkdirat(fd, "x", 0755), EROFS);
}
CASE(set_group)
{
	setup();
	CHECK_OK(mkdir("a", 0755));
	CHECK_OK(mkdir("b", 0755));
	CHECK_OK(mount("x", "a", "tmpfs", 0, NULL));
	CHECK_OK(mkdir("a/sub", 0755));
	CHECK_OK(mount("a", "b", NULL, MS_BIND, NULL));
	CHECK_ERR(move_mount_(AT_FDCWD, "a", AT_FDCWD, "b", MOVE_MOUNT_SET_GROUP), EINVAL);	/* private */
	CHECK_OK(mount(NULL, "a", NULL, MS_SHARED, NULL));
	CHECK_OK(move_mount_(AT_FDCWD, "a", AT_FDCWD, "b", MOVE_MOUNT_SET_GROUP));
	CHECK_ERR(move_mount_(AT_FDCWD, "a", AT_FDCWD, "b", MOVE_MOUNT_SET_GROUP), EINVAL);
	/* they are peers */
	CHECK_OK(mount("y", "a/sub", "tmpfs", 0, NULL));
	kt_put("a/sub/f", "");
	CHECK_OK(access("b/sub/f", F_OK));
}
CASE(privilege)
{
	struct mount_attr a = { .attr_set = MOUNT_ATTR_RDONLY };

	setup();
	int m = new_tmpfs(NULL);
	kt_become(1000, 1000);
	CHECK_ERR(fsopen_("tmpfs", 0), EPERM);
	CHECK_ERR(fsmount_(0, 0, 0), EPERM);
	CHECK_ERR(syscall(SYS_fspick, AT_FDCWD, "/", 0), EPERM);
	CHECK_ERR(open_tree_(AT_FDCWD, "/", OPEN_TREE_CLONE), EPERM);
	CHECK_OK(open_tree_(AT_FDCWD, "/", 0));
	CHECK_ERR(move_mount_(m, "", AT_FDCWD, "/tmp", MOVE_MOUNT_F_EMPTY_PATH), EPERM);
	CHECK_ERR(setattr_(AT_FDCWD, "/", 0, &a), EPERM);
}

/* A file system on a disk says so as well when it is asked, not only by the mount. */
CASE(parameters_of_a_disk)
{
	char buf[256];
	ssize_t n;
	int fs;

	setup();
	fs = fsopen_("ext2", 0);
	if (fs < 0)
		SKIP("no ext2: %s", strerror(errno));
	CHECK_ERR(fsconfig_(fs, FSCONFIG_SET_FLAG, "nosuchoption", NULL, 0), EINVAL);
	n = CHECK_OK(read(fs, buf, sizeof(buf) - 1));
	buf[n] = 0;
	CHECK_STR(buf, "e ext2: Unknown parameter 'nosuchoption'\n");
	CHECK_ERR(fsconfig_(fs, FSCONFIG_SET_STRING, "resuid", "x", 0), EINVAL);
	n = CHECK_OK(read(fs, buf, sizeof(buf) - 1));
	buf[n] = 0;
	CHECK_STR(buf, "e ext2: Bad value for 'resuid'\n");
	CHECK_ERR(fsconfig_(fs, FSCONFIG_SET_STRING, "errors", "perhaps", 0), EINVAL);
	CHECK_OK(read(fs, buf, sizeof(buf)));
	CHECK_OK(fsconfig_(fs, FSCONFIG_SET_FLAG, "minixdf", NULL, 0));
	CHECK_OK(fsconfig_(fs, FSCONFIG_SET_STRING, "errors", "continue", 0));
	CHECK_OK(fsconfig_(fs, FSCONFIG_SET_STRING, "resuid", "5", 0));
	CHECK_OK(close(fs));
}

/* SPDX-License-Identifier: MPL-2.0 */
/* Bind mounts: files and directories, recursion, read-only remount, what becomes visible. */
#include "ktest_user.h"

CASE(directory)
{
	struct stat a, b;

	CHECK_OK(mkdir("src", 0755));
	CHECK_OK(mkdir("dst", 0755));
	kt_put("src/f", "");
	kt_put("dst/hidden", "");
	CHECK_OK(mount("src", "dst", NULL, MS_BIND, NULL));
	CHECK_OK(access("dst/f", F_OK));
	CHECK_ERR(access("dst/hidden", F_OK), ENOENT);
	CHECK_OK(stat("src", &a));
	CHECK_OK(stat("dst", &b));
	CHECK_EQ(a.st_ino, b.st_ino);
	kt_put("dst/new", "");
	CHECK_OK(access("src/new", F_OK));
	CHECK_ERR(rename("src/f", "dst/g"), EXDEV);
	CHECK_ERR(link("src/f", "dst/g"), EXDEV);
	CHECK_ERR(rmdir("dst"), EBUSY);
	CHECK_OK(stat("dst/..", &a));
	CHECK_OK(stat(".", &b));
	CHECK_EQ(a.st_ino, b.st_ino);
	CHECK_OK(umount2("dst", 0));
	CHECK_OK(access("dst/hidden", F_OK));
}
CASE(file)
{
	char buf[8];

	kt_put("a", "aaa");
	kt_put("b", "b");
	CHECK_OK(mount("a", "b", NULL, MS_BIND, NULL));
	CHECK_EQ(kt_get("b", buf, 8), 3);
	CHECK_ERR(unlink("b"), EBUSY);
	CHECK_OK(umount2("b", 0));
	CHECK_EQ(kt_get("b", buf, 8), 1);
	CHECK_OK(mkdir("d", 0755));
	CHECK_ERR(mount("a", "d", NULL, MS_BIND, NULL), ENOTDIR);
	CHECK_ERR(mount("d", "a", NULL, MS_BIND, NULL), ENOTDIR);
}
CASE(read_only_remount)
{
	struct statvfs sv;

	CHECK_OK(mkdir("src", 0755));
	CHECK_OK(mkdir("dst", 0755));
	kt_put("src/f", "");
	CHECK_OK(mount("src", "dst", NULL, MS_BIND, NULL));
	CHECK_OK(mount(NULL, "dst", NULL, MS_REMOUNT | MS_BIND | MS_RDONLY, NULL));
	CHECK_ERR(open("dst/f", O_RDWR), EROFS);
	CHECK_ERR(open("dst/new", O_CREAT | O_RDWR, 0644), EROFS);
	CHECK_ERR(mkdir("dst/d", 0755), EROFS);
	CHECK_ERR(unlink("dst/f"), EROFS);
	CHECK_ERR(chmod("dst/f", 0600), EROFS);
	CHECK_ERR(access("dst/f", W_OK), EROFS);
	CHECK_ERR(utimensat(AT_FDCWD, "dst/f", NULL, 0), EROFS);
	CHECK_OK(open("src/f", O_RDWR));
	CHECK_OK(close(CHECK_OK(open("dst/f", O_RDONLY))));
	CHECK_OK(statvfs("dst", &sv));
	CHECK(sv.f_flag & ST_RDONLY);
	CHECK_OK(statvfs("src", &sv));
	CHECK(!(sv.f_flag & ST_RDONLY));
	CHECK_OK(umount2("dst", 0));
}
CASE(recursive)
{
	CHECK_OK(mkdir("src", 0755));
	CHECK_OK(mkdir("src/sub", 0755));
	CHECK_OK(mkdir("one", 0755));
	CHECK_OK(mkdir("all", 0755));
	CHECK_OK(mount("none", "src/sub", "tmpfs", 0, NULL));
	kt_put("src/sub/f", "");
	CHECK_OK(mount("src", "one", NULL, MS_BIND, NULL));
	CHECK_ERR(access("one/sub/f", F_OK), ENOENT);
	CHECK_OK(mount("src", "all", NULL, MS_BIND | MS_REC, NULL));
	CHECK_OK(access("all/sub/f", F_OK));
	CHECK_ERR(umount2("all", 0), EBUSY);
	CHECK_OK(umount2("all", MNT_DETACH));
	CHECK_ERR(access("all/sub", F_OK), ENOENT);
	CHECK_OK(access("src/sub/f", F_OK));
	CHECK_OK(umount2("one", 0));
	CHECK_OK(umount2("src/sub", 0));
}
CASE(stacked)
{
	CHECK_OK(mkdir("m", 0755));
	CHECK_OK(mount("none", "m", "tmpfs", 0, NULL));
	kt_put("m/first", "");
	CHECK_OK(mount("none", "m", "tmpfs", 0, NULL));
	kt_put("m/second", "");
	CHECK_ERR(access("m/first", F_OK), ENOENT);
	CHECK_OK(umount2("m", 0));
	CHECK_OK(access("m/first", F_OK));
	CHECK_OK(umount2("m", 0));
	CHECK_ERR(access("m/first", F_OK), ENOENT);
	CHECK_ERR(umount2("m", 0), EINVAL);
}

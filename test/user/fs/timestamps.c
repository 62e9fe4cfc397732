/* SPDX-License-Identifier: MPL-2.0 */
/* Which operation moves atime, mtime and ctime of file and directory. */
#include "ktest_user.h"

static struct timespec at, mt, ct;

static void take(const char *path)
{
	struct stat st;

	CHECK_OK(lstat(path, &st));
	at = st.st_atim;
	mt = st.st_mtim;
	ct = st.st_ctim;
}
/* Sets atime and mtime into the past, and waits until a new stamp would be another: on some disks the next second. */
static void age(const char *path)
{
	struct timespec ts[2] = { { 1000, 5 }, { 2000, 6 } }, a, b;
	bool fine = kt_fine_times();

	CHECK_OK(utimensat(AT_FDCWD, path, ts, AT_SYMLINK_NOFOLLOW));
	clock_gettime(CLOCK_REALTIME_COARSE, &a);
	do {
		clock_gettime(CLOCK_REALTIME_COARSE, &b);
	} while (a.tv_sec == b.tv_sec && (a.tv_nsec == b.tv_nsec || !fine));
	take(path);
}
static bool same(struct timespec a, struct timespec b)
{
	return a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec;
}
/* Checks after an operation: 1 moved, 0 stayed. */
static void expect(int line, const char *path, int mm, int mc)
{
	struct timespec omt = mt, oct = ct;

	take(path);
	if (!same(omt, mt) != mm)
		kt_fail(__FILE__, line, "mtime of %s: moved %d, expected %d", path, !mm, mm);
	if (!same(oct, ct) != mc)
		kt_fail(__FILE__, line, "ctime of %s: moved %d, expected %d", path, !mc, mc);
}
#define EXPECT(p, m, c) expect(__LINE__, p, m, c)
CASE(file_contents)
{
	int fd;
	char b[8];

	kt_put("f", "abc");
	age("f");
	fd = CHECK_OK(open("f", O_RDWR));
	EXPECT("f", 0, 0);
	CHECK_EQ(read(fd, b, 3), 3);
	EXPECT("f", 0, 0);
	CHECK_EQ(write(fd, "d", 1), 1);
	EXPECT("f", 1, 1);
	age("f");
	CHECK_EQ(write(fd, "", 0), 0);
	EXPECT("f", 0, 0);
	CHECK_OK(ftruncate(fd, 2));
	EXPECT("f", 1, 1);
	age("f");
	CHECK_OK(ftruncate(fd, 2));	/* same size still counts */
	EXPECT("f", 1, 1);
	age("f");
	CHECK_OK(close(CHECK_OK(open("f", O_WRONLY | O_TRUNC))));
	EXPECT("f", 1, 1);
}
CASE(inode_changes)
{
	kt_put("f", "abc");
	age("f");
	CHECK_OK(chmod("f", 0600));
	EXPECT("f", 0, 1);
	age("f");
	CHECK_OK(chown("f", 1, 1));
	EXPECT("f", 0, 1);
	age("f");
	CHECK_OK(link("f", "g"));
	EXPECT("f", 0, 1);
	age("f");
	CHECK_OK(unlink("g"));
	EXPECT("f", 0, 1);
	age("f");
	CHECK_OK(rename("f", "h"));
	EXPECT("h", 0, 1);
}
CASE(directories)
{
	CHECK_OK(mkdir("d", 0755));
	age("d");
	kt_put("d/f", "");
	EXPECT("d", 1, 1);
	age("d");
	kt_put("d/f", "again");
	EXPECT("d", 0, 0);
	CHECK_OK(rename("d/f", "d/g"));
	EXPECT("d", 1, 1);
	age("d");
	CHECK_OK(unlink("d/g"));
	EXPECT("d", 1, 1);
	age("d");
	CHECK_OK(mkdir("d/s", 0755));
	EXPECT("d", 1, 1);
	age("d");
	CHECK_OK(rmdir("d/s"));
	EXPECT("d", 1, 1);
	age("d");
	CHECK_OK(symlink("x", "d/l"));
	EXPECT("d", 1, 1);
}
CASE(reading_moves_an_old_atime)
{
	char b[4];
	int fd;

	kt_put("f", "abc");
	age("f");	/* atime older than mtime: relatime moves it */
	fd = CHECK_OK(open("f", O_RDONLY));
	CHECK_EQ(read(fd, b, 3), 3);
	take("f");
	CHECK_GT(at.tv_sec, 1000000);
	struct timespec old = at;
	CHECK_EQ(pread(fd, b, 3, 0), 3);
	take("f");
	CHECK(same(old, at));
	age("f");
	fd = CHECK_OK(open("f", O_RDONLY | O_NOATIME));
	CHECK_EQ(read(fd, b, 3), 3);
	take("f");
	CHECK_EQ(at.tv_sec, 1000);
}

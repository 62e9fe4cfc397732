/* SPDX-License-Identifier: MPL-2.0 */
/* Files, names, locks and mounts when memory fails: what failed did not happen. */
#include "failnth.h"
#include <sys/xattr.h>

unsigned kt_case_seconds = 330;
static int fd;
static char block[70000];

static long create(void) { return open("new", O_CREAT | O_EXCL | O_RDWR, 0600); }
static void uncreate(long f)
{
	CHECK_OK(close((int)f));
	CHECK_OK(unlink("new"));
}
static long open_it(void) { return open("old", O_RDONLY); }
static long open_missing(void)
{
	int f = open("missing", O_RDONLY);

	if (f >= 0)
		FAIL("opened what is not there");
	return errno == ENOENT ? 0 : -1;
}
static long tmpfile_it(void) { return open(".", O_TMPFILE | O_RDWR, 0600); }
static long make_dir(void) { return mkdir("dir2", 0700); }
static void rm_dir(long r) { CHECK_OK(rmdir("dir2")); }
static long link_it(void) { return link("old", "second"); }
static void rm_second(long r) { CHECK_OK(unlink("second")); }
static long sym(void) { return symlink("a/long/way/to/somewhere/that/is/not/there/at/all/and/longer/than/an/inode/holds/by/itself", "second"); }
static long node(void) { return mknod("second", S_IFIFO | 0600, 0); }
static long rename_it(void) { return rename("old", "older"); }
static void rename_back(long r) { CHECK_OK(rename("older", "old")); }
static long rename_over(void)
{
	int f = open("victim", O_CREAT | O_RDWR, 0600), r, e;

	if (f < 0)
		return -1;
	fail_pause();
	close(f);
	fail_resume();
	r = rename("victim", "target");
	e = errno;
	fail_pause();
	if (r)
		CHECK_OK(unlink("victim"));
	errno = e;
	return r;
}
static long write_it(void) { return pwrite(fd, block, sizeof(block), 100000); }
static void cut(long r) { CHECK_OK(ftruncate(fd, 100)); }
static long allocate(void) { return fallocate(fd, 0, 0, 200000); }
static long punch(void) { return fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 10, 50); }
static long attr(void) { return setxattr("old", "trusted.fail", block, 300, 0); }
static void no_attr(long r) { CHECK_OK(removexattr("old", "trusted.fail")); }
static long attrs(void)
{
	static char b[1000];

	return listxattr("old", b, sizeof(b));
}
static long lock_range(void)
{
	struct flock l = { .l_type = F_WRLCK, .l_start = 10, .l_len = 10 };

	return fcntl(fd, F_SETLK, &l);
}
/* In the middle of one that is there: two remain. */
static long unlock_middle(void)
{
	struct flock all = { .l_type = F_WRLCK }, l = { .l_type = F_UNLCK, .l_start = 40, .l_len = 5 };

	if (fcntl(fd, F_SETLK, &all))
		return -1;
	return fcntl(fd, F_SETLK, &l);
}
static void unlock_all(long r) { CHECK_OK(fcntl(fd, F_SETLK, &(struct flock){ .l_type = F_UNLCK })); }
static long whole(void) { return flock(fd, LOCK_EX | LOCK_NB); }
static void unwhole(long r) { CHECK_OK(flock(fd, LOCK_UN)); }
static long lease(void) { return fcntl(fd, F_SETLEASE, F_WRLCK); }
static void unlease(long r) { CHECK_OK(fcntl(fd, F_SETLEASE, F_UNLCK)); }
static long listing(void)
{
	static char b[4096];
	int d = open(".", O_RDONLY | O_DIRECTORY), e;
	long n;

	if (d < 0)
		return -1;
	n = syscall(SYS_getdents64, d, b, sizeof(b));
	e = errno;
	fail_pause();
	close(d);
	errno = e;
	return n;
}
static long cwd(void)
{
	static char b[4096];

	return getcwd(b, sizeof(b)) ? 0 : -1;
}
static long stat_it(void)
{
	static struct stat st;

	return stat("./dir/../old", &st);
}
static long owner(void) { return chown("old", 1, 1); }
static long times_it(void) { return utimensat(AT_FDCWD, "old", NULL, 0); }

#define CALLS \
		{ "open O_CREAT", create, uncreate, { ENFILE } },	\
		{ "open", open_it, fail_close, { ENFILE } },		\
		{ "open of nothing", open_missing, NULL, { ENFILE } },	\
		{ "open O_TMPFILE", tmpfile_it, fail_close, { ENFILE, EOPNOTSUPP }, .loose = true },	\
		{ "mkdir", make_dir, rm_dir, { 0 } },			\
		{ "link", link_it, rm_second, { 0 } },			\
		{ "symlink", sym, rm_second, { 0 } },			\
		{ "mknod", node, rm_second, { 0 } },			\
		{ "rename", rename_it, rename_back, { 0 } },		\
		{ "rename over a file", rename_over, NULL, { ENFILE } },	\
		{ "pwrite", write_it, cut, { 0 } },			\
		{ "fallocate", allocate, cut, { EOPNOTSUPP }, .loose = true },	\
		{ "punching a hole", punch, NULL, { EOPNOTSUPP }, .loose = true },	\
		{ "setxattr", attr, no_attr, { ENOSPC, EOPNOTSUPP }, .loose = true },	\
		{ "listxattr", attrs, NULL, { EOPNOTSUPP }, .loose = true },	\
		{ "F_SETLK", lock_range, unlock_all, { ENOLCK } },	\
		{ "F_SETLK in the middle", unlock_middle, unlock_all, { ENOLCK } },	\
		{ "flock", whole, unwhole, { ENOLCK } },		\
		{ "F_SETLEASE", lease, unlease, { EAGAIN, ENOLCK, EINVAL }, .loose = true },	\
		{ "getdents", listing, NULL, { ENFILE } },		\
		{ "getcwd", cwd, NULL, { 0 } },				\
		{ "stat", stat_it, NULL, { 0 } },			\
		{ "chown", owner, NULL, { 0 } },			\
		{ "utimensat", times_it, NULL, { 0 } }

static void prepare(void)
{
	memset(block, 4, sizeof(block));
	CHECK_OK(mkdir("dir", 0700));
	fd = CHECK_OK(open("old", O_RDWR | O_CREAT, 0600));
	CHECK_EQ(write(fd, block, 100), 100);
}
static void check_names(void)
{
	struct dirent *e;
	DIR *d = opendir(".");

	CHECK(d);
	while ((e = readdir(d)))
		if (strcmp(e->d_name, ".") && strcmp(e->d_name, "..") && strcmp(e->d_name, "old") && strcmp(e->d_name, "dir") &&
		    strcmp(e->d_name, "target") && strcmp(e->d_name, "lost+found"))
			FAIL("%s is left", e->d_name);
	closedir(d);
}
/* Where /tmp lies: memory, or the disk of testdisk=. */
CASE(here)
{
	static const struct fail_call calls[] = { CALLS };

	prepare();
	FAIL_GROUP(calls);
	check_names();
}

/* --- mounts --- */

static long mounted(void) { return mount("none", "dir", "tmpfs", 0, "size=1m,mode=700"); }
static void unmounted(long r) { CHECK_OK(umount("dir")); }
static long bound(void) { return mount(".", "dir", NULL, MS_BIND, NULL); }
static long proc_mounted(void) { return mount("none", "dir", "proc", 0, NULL); }
static long remounted(void) { return mount(NULL, "/dev/shm", NULL, MS_REMOUNT, "mode=1777"); }
static long mounts(void)
{
	static char b[8192];
	int f = open("/proc/self/mountinfo", O_RDONLY), e;
	long n;

	if (f < 0)
		return -1;
	n = read(f, b, sizeof(b));
	e = errno;
	fail_pause();
	close(f);
	errno = e;
	return n;
}
static long fs_context(void)
{
	int f = (int)syscall(430 /* fsopen */, "tmpfs", 0), m = -1, e;

	if (f < 0)
		return -1;
	if (!syscall(431, f, 1, "size", "1m", 0) && !syscall(431, f, 6, NULL, NULL, 0))
		m = (int)syscall(432 /* fsmount */, f, 0, 0);
	e = errno;
	fail_pause();
	close(f);
	errno = e;
	return m;
}
static long tree(void) { return syscall(428 /* open_tree */, AT_FDCWD, ".", 1 /* CLONE */); }

CASE(mounts_fail)
{
	static const struct fail_call calls[] = {
		{ "mount", mounted, unmounted, { 0 } },
		{ "mount MS_BIND", bound, unmounted, { 0 } },
		{ "mount of proc", proc_mounted, unmounted, { 0 } },
		{ "mount MS_REMOUNT", remounted, NULL, { 0 } },
		{ "/proc/self/mountinfo", mounts, NULL, { ENFILE } },
		{ "fsopen, fsconfig, fsmount", fs_context, fail_close, { ENFILE, ENOSYS } },
		{ "open_tree", tree, fail_close, { ENFILE, ENOSYS } },
	};

	prepare();
	FAIL_GROUP(calls);
}

/* --- what /proc and /sys say --- */

static const char *const paths[] = {
	"/proc/self/status", "/proc/self/stat", "/proc/self/smaps", "/proc/self/limits", "/proc/self/environ", "/proc/self/cmdline",
	"/proc/self/fdinfo/0", "/proc/self/mountstats", "/proc/self/io", "/proc/meminfo", "/proc/stat", "/proc/interrupts",
	"/proc/slabinfo", "/proc/locks", "/proc/filesystems", "/proc/devices", "/proc/partitions", "/proc/swaps", "/proc/net/dev",
	"/proc/net/tcp", "/proc/sysvipc/shm", "/proc/sysvipc/sem", "/proc/sysvipc/msg", "/sys/devices/system/cpu/online",
	"/proc/sys/kernel/hostname",
};
static const char *path;
static long read_path(void)
{
	static char b[65536];
	int f = open(path, O_RDONLY), e;
	long n;

	if (f < 0)
		return -1;
	n = read(f, b, sizeof(b));
	e = errno;
	fail_pause();
	close(f);
	errno = e;
	return n;
}
static long list_proc(void)
{
	static char b[32768];
	int d = open("/proc/self/task", O_RDONLY | O_DIRECTORY), e;
	long n;

	if (d < 0)
		return -1;
	n = syscall(SYS_getdents64, d, b, sizeof(b));
	e = errno;
	fail_pause();
	close(d);
	errno = e;
	return n;
}

CASE(reports)
{
	static const struct fail_call dirs[] = { { "getdents of /proc", list_proc, NULL, { ENFILE } } };

	FAIL_GROUP(dirs);
	for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
		struct fail_call one = { paths[i], read_path, NULL, { ENFILE, ENOENT }, .loose = true };

		path = paths[i];
		fail_group(&one, 1);
	}
}

/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Damaged ext2 images in the guest, as init: each seed's image is made from one in /images, put on a RAM disk or
 * behind a loop device, mounted, walked and changed by a child with a time limit, unmounted. Whatever the disk
 * says, calls end with one of a few errors, and in the end the kernel holds what it held before.
 *
 * Kernel command line: seed=FIRST count=N. A result line for ten images each.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/loop.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <time.h>
#include <unistd.h>
#include "leaks.h"
#include "pid1.h"
#include "run.h"

#define LIMIT_S		60
#define KILL_S		10
#define LEAKS_S		30		/* for workers to give back what they hold */
#define OPS		60
#define NAMES_MAX	2000
#define WARM_UP		14

static unsigned long long rnd_state;
static char *names[NAMES_MAX];
static int nr_names, entries;
static unsigned long errors, refused;
static char what[1024];

static unsigned int under(unsigned int n)
{
	unsigned long long z = rnd_state += 0x9e3779b97f4a7c15ull;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ z >> 27) * 0x94d049bb133111ebull;
	return n ? (unsigned int)((z ^ z >> 31) % n) : 0;
}

/* In the child: what damage may say, and what the calls say to what they were asked. Another error ends it. */
static void check(const char *call, long r, const char *name)
{
	static const int fine[] = { EUCLEAN, EIO, ENOENT, EEXIST, ENOTEMPTY, EISDIR, ENOTDIR, ENOSPC, EROFS, EMLINK, EXDEV, ELOOP,
				    EFBIG, ENAMETOOLONG, EPERM, ENODATA, EOPNOTSUPP, ERANGE, ENXIO, EACCES, EBUSY, ENODEV,
				    ENOEXEC };
	int e = errno;

	if (r >= 0)
		return;
	if (e == EUCLEAN || e == EIO)
		errors++;
	for (unsigned i = 0; i < sizeof(fine) / sizeof(*fine); i++)
		if (fine[i] == e)
			return;
	/* The changes are random: what they ask for need not make sense. */
	if (e == EINVAL && strcmp(call, "readdir"))
		return;
	printf("%s of %s: %s\n", call, name, strerror(e));
	fflush(stdout);
	_exit(1);
}

static void read_file(const char *path, off_t size)
{
	static char buf[65536];
	int fd = open(path, O_RDONLY | O_NONBLOCK);

	check("open", fd, path);
	if (fd < 0)
		return;
	check("read", read(fd, buf, sizeof(buf)), path);
	for (int i = 0; i < 4 && size > 0; i++) {
		unsigned long long at = (unsigned long long)under(~0u) << 20 | under(~0u);

		check("pread", pread(fd, buf, 8192, (off_t)(at % (unsigned long long)size)), path);
	}
	check("lseek", lseek(fd, 0, SEEK_HOLE), path);
	check("lseek", lseek(fd, 5000, SEEK_DATA), path);
	close(fd);
}

static void read_xattrs(const char *path)
{
	static char list[65536], value[65536];
	ssize_t n = llistxattr(path, list, sizeof(list));

	check("listxattr", n, path);
	for (ssize_t i = 0; i < n; i += (ssize_t)strlen(list + i) + 1)
		check("getxattr", lgetxattr(path, list + i, value, sizeof(value)), path);
}

static void walk(const char *path, int depth)
{
	char sub[4096], target[4096];
	struct dirent *d;
	struct stat st;
	DIR *dir;
	int r = lstat(path, &st);

	check("lstat", r, path);
	if (r)
		return;
	if (nr_names < NAMES_MAX)
		names[nr_names++] = strdup(path);
	read_xattrs(path);
	if (S_ISREG(st.st_mode))
		read_file(path, st.st_size);
	if (S_ISLNK(st.st_mode))
		check("readlink", readlink(path, target, sizeof(target)), path);
	if (!S_ISDIR(st.st_mode) || depth > 30)
		return;
	dir = opendir(path);
	check("opendir", dir ? 0 : -1, path);
	if (!dir)
		return;
	for (;;) {
		errno = 0;
		d = readdir(dir);
		if (!d)
			break;
		if (++entries > 20000) {
			printf("%s has no end\n", path);
			_exit(1);
		}
		if (!strcmp(d->d_name, ".") || !strcmp(d->d_name, ".."))
			continue;
		if (snprintf(sub, sizeof(sub), "%s/%s", path, d->d_name) < (int)sizeof(sub))
			walk(sub, depth + 1);
	}
	check("readdir", errno ? -1 : 0, path);
	closedir(dir);
}

static const char *some(void)
{
	return names[under((unsigned)nr_names)];
}

/* A name in the directory of, or below, some file. */
static void fresh(char *buf, size_t n)
{
	struct stat st;
	const char *s = some();
	int len = (int)strlen(s);

	if (lstat(s, &st) || !S_ISDIR(st.st_mode))
		len = (int)(strrchr(s, '/') - s);
	snprintf(buf, n, "%.*s/n%u", len, s, under(60));
}

static void write_some(const char *path)
{
	static char buf[30000];
	off_t at = under(3) ? (off_t)under(200000) : (off_t)under(300) << 20;
	int fd = open(path, O_RDWR | O_NONBLOCK | (under(3) ? 0 : O_APPEND));
	struct stat st;
	char *m;

	check("open", fd, path);
	if (fd < 0)
		return;
	if (!fstat(fd, &st) && S_ISREG(st.st_mode)) {
		memset(buf, 'w', sizeof(buf));
		check("pwrite", pwrite(fd, buf, under(sizeof(buf)) + 1, at), path);
		if (under(3) == 0)
			check("fallocate", fallocate(fd, under(2) ? FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE : 0, under(100000),
						     under(100000) + 1), path);
		if (under(4) == 0 && !fstat(fd, &st) && st.st_size >= 4096) {
			m = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
			if (m != MAP_FAILED) {
				/* A block that cannot be had is a SIGBUS; then only the child ends. */
				m[100] = 'm';
				munmap(m, 4096);
			}
		}
		if (under(3) == 0)
			check("fsync", fsync(fd), path);
	}
	close(fd);
}

static void change(void)
{
	static char value[3000];
	char a[4096], target[1200], name[40];
	const char *s = some();
	struct stat st;
	unsigned n;

	fresh(a, sizeof(a));
	switch (under(14)) {
	case 0:
		check("mkdir", mkdir(a, 0755), a);
		break;
	case 1:
		n = under(2) ? under(60) + 1 : under(1100) + 1;
		memset(target, 't', n);
		target[n] = 0;
		check("symlink", symlink(target, a), a);
		break;
	case 2:
		check("mknod", mknod(a, S_IFIFO | 0600, 0), a);
		break;
	case 3:
	case 4:
		if (!lstat(s, &st) && s[2])
			check("remove", S_ISDIR(st.st_mode) ? rmdir(s) : unlink(s), s);
		break;
	case 5:
	case 6:
		if (s[2])
			check("rename", rename(s, a), s);
		break;
	case 7:
		check("link", link(s, a), s);
		break;
	case 8:
		check("truncate", truncate(s, under(2) ? (off_t)under(100000) : (off_t)under(3000) << 20), s);
		break;
	case 9:
		memset(value, 'v', sizeof(value));
		snprintf(name, sizeof(name), "user.a%u", under(20));
		check("setxattr", lsetxattr(s, name, value, under(4) ? under(60) : under(3000), 0), s);
		break;
	case 10:
		snprintf(name, sizeof(name), "user.a%u", under(20));
		check("removexattr", lremovexattr(s, name), s);
		break;
	case 11:
		close(open(a, O_CREAT | O_WRONLY | O_NONBLOCK, 0644));
		write_some(a);
		break;
	case 12:
		write_some(s);
		break;
	default:
		if (under(4) == 0)
			sync();
		check("chmod", chmod(s, 0700 | under(0100)), s);
	}
}

static int child(void)
{
	struct statfs fs;

	check("statfs", statfs("/m", &fs), "/m");
	walk("/m", 0);
	for (int i = 0; i < OPS && nr_names; i++)
		change();
	fflush(stdout);
	return errors > 0 ? 3 : 0;
}

/* --- a disk --- */

static int loop_ctl(const char *file)
{
	struct loop_config c = { 0 };
	int fd = open("/dev/loop0", O_RDWR), f = open(file, O_RDWR), r;

	c.fd = (unsigned)f;
	r = fd < 0 || f < 0 ? -1 : ioctl(fd, LOOP_CONFIGURE, &c);
	if (f >= 0)
		close(f);
	if (fd >= 0)
		close(fd);
	return r;
}

static void loop_clear(void)
{
	int fd = open("/dev/loop0", O_RDWR);

	if (fd >= 0) {
		ioctl(fd, LOOP_CLR_FD, 0);
		close(fd);
	}
}

static int put(const char *path, const unsigned char *p, size_t n, int flags)
{
	int fd = open(path, O_WRONLY | flags, 0600);
	size_t at = 0;

	while (fd >= 0 && at < n) {
		ssize_t k = write(fd, p + at, n - at < 1 << 20 ? n - at : 1 << 20);

		if (k <= 0)
			break;
		at += (size_t)k;
	}
	if (fd >= 0 && !(flags & O_CREAT))
		fsync(fd);
	if (fd >= 0)
		close(fd);
	return at == n ? 0 : -1;
}

struct image {
	char name[64];
	unsigned char *p;
	size_t n;
};
static struct image images[16];
static unsigned nr_images;

static void load_images(void)
{
	DIR *d = opendir("/images");
	struct dirent *e;

	while (d && (e = readdir(d)) && nr_images < 16) {
		struct image *i = &images[nr_images];
		char path[300];
		struct stat st;
		int fd;

		if (e->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "/images/%s", e->d_name);
		fd = open(path, O_RDONLY);
		if (fd < 0 || fstat(fd, &st))
			continue;
		snprintf(i->name, sizeof(i->name), "%s", e->d_name);
		i->n = (size_t)st.st_size;
		i->p = mmap(NULL, i->n, PROT_READ, MAP_PRIVATE, fd, 0);
		close(fd);
		nr_images += i->p != MAP_FAILED;
	}
	if (d)
		closedir(d);
}

static void tell(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
static void tell(const char *fmt, ...)
{
	static int fd = -1;
	char text[900];
	va_list ap;
	int n;

	if (fd < 0)
		fd = open("/dev/kmsg", O_WRONLY | O_CLOEXEC);
	va_start(ap, fmt);
	n = vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (fd >= 0)
		(void)!write(fd, text, (size_t)(n < (int)sizeof(text) ? n : (int)sizeof(text) - 1));
}

/* The child ended within so many seconds. SIGCHLD is blocked and so waits for us. */
static int ends_within(pid_t pid, int *status, int seconds)
{
	struct timespec now, left;
	long long end;
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	clock_gettime(CLOCK_MONOTONIC, &now);
	end = now.tv_sec + seconds;
	while (waitpid(pid, status, WNOHANG) == 0) {
		clock_gettime(CLOCK_MONOTONIC, &now);
		if (now.tv_sec >= end)
			return 0;
		left = (struct timespec){ .tv_sec = end - now.tv_sec };
		sigtimedwait(&set, NULL, &left);
	}
	return 1;
}

/* 0, or 1 and it said why. */
static int run_seed(unsigned long long seed, unsigned char *disk)
{
	const struct image *im = &images[seed % nr_images];
	const char *dev = seed & 8 ? "/dev/loop0" : "/dev/ram0";
	int status = 0, pid, bad = 0;

	memcpy(disk, im->p, im->n);
	ext2_mutate(disk, im->n, seed, what, sizeof(what));
	rnd_state = seed;
	tell("<5>damage: seed %llu, %s on %s: %s\n", seed, im->name, dev, what);
	if (seed & 8 ? put("/img", disk, im->n, O_CREAT | O_TRUNC) || loop_ctl("/img") : put(dev, disk, im->n, 0)) {
		printf("seed %llu: %s: %s\n", seed, dev, strerror(errno));
		return 1;
	}
	errno = 0;
	if (mount(dev, "/m", "ext2", MS_NODEV | (under(6) ? 0 : MS_RDONLY), under(2) ? "errors=continue" : "errors=remount-ro")) {
		refused++;
		if (errno != EINVAL && errno != EUCLEAN && errno != EIO && errno != EROFS) {
			printf("seed %llu: mount: %s: %s\n", seed, strerror(errno), what);
			bad = 1;
		}
		goto out;
	}
	fflush(stdout);
	pid = fork();
	if (pid == 0)
		_exit(child());
	if (!ends_within(pid, &status, LIMIT_S)) {
		printf("seed %llu: no end after %d s: %s\n", seed, LIMIT_S, what);
		tell("<3>damage: seed %llu has no end\n", seed);
		kill(pid, SIGKILL);
		if (!ends_within(pid, &status, KILL_S))
			return 2;		/* it hangs in the kernel: no use to go on */
		bad = 1;
	}
	errors += WIFEXITED(status) && WEXITSTATUS(status) == 3;
	if (!bad && ((WIFEXITED(status) && WEXITSTATUS(status) == 1) || (WIFSIGNALED(status) && WTERMSIG(status) != SIGBUS))) {
		printf("seed %llu: status %#x: %s\n", seed, status, what);
		bad = 1;
	}
	/* Its only user is gone. */
	if (umount("/m")) {
		printf("seed %llu: umount: %s: %s\n", seed, strerror(errno), what);
		return 2;
	}
out:
	if (seed & 8)
		loop_clear();
	return bad;
}

/* What an image leaves behind would show once for each: rows that grew by more than chance. */
static int grown(const struct leaks *before, const struct leaks *now, unsigned long long count, int tell_them)
{
	int bad = 0;

	for (int i = 0; i < now->n; i++) {
		long old = 0, more;
		int slab = !strncmp(now->row[i].name, "slab:", 5);

		for (int k = 0; k < before->n; k++)
			if (!strcmp(before->row[k].name, now->row[i].name))
				old = before->row[k].count;
		more = now->row[i].count - old;
		/* Objects, or kB. Tables and shadow of vmalloc addresses stay (test/stress/golden.list). */
		if (more <= (slab ? (long)count * 3 / 4 : 1024 + (long)count * 2) || !strcmp(now->row[i].name, "kernel-map"))
			continue;
		bad++;
		if (tell_them)
			printf("%s: %ld, was %ld\n", now->row[i].name, now->row[i].count, old);
	}
	return bad;
}

int main(void)
{
	static struct leaks before, after;
	unsigned long long first, count, seed;
	unsigned char *disk = malloc(16 << 20);
	int passed = 0, failed = 0, bad = 0, r = 0;
	sigset_t set;

	mkdir("/m", 0755);
	pid1_mount("proc", "/proc", NULL);
	pid1_mount("sysfs", "/sys", NULL);
	pid1_mount("devtmpfs", "/dev", NULL);
	setvbuf(stdout, NULL, _IOLBF, 0);
	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigprocmask(SIG_BLOCK, &set, NULL);
	load_images();
	first = (unsigned long long)pid1_number("seed", 0);
	count = (unsigned long long)pid1_number("count", 20);
	if (!nr_images || !disk)
		printf("no images\n");
	/* First some that only make caches as large as they will be. */
	for (seed = 0; seed < WARM_UP && nr_images; seed++)
		bad |= run_seed(seed + 1000000, disk);
	unlink("/img");
	if (leaks_take(&before))
		bad = 1;
	for (seed = first; seed < first + count && r < 2 && nr_images; seed++) {
		r = run_seed(seed, disk);
		bad |= r;
		if (r < 2 && seed + 1 < first + count && (seed + 1 - first) % 10)
			continue;
		printf("%s images-to-%llu\n", bad ? "not ok" : "ok", seed);
		passed += !bad;
		failed += !!bad;
		bad = 0;
	}
	unlink("/img");
	/* Memory comes back after grace periods and by workers, of which no event tells: it is counted until it is there. */
	for (int i = 0; i <= LEAKS_S; i++) {
		bad = leaks_take(&after) ? 1 : grown(&before, &after, count, i == LEAKS_S);
		if (!bad || sleep(1))
			break;
	}
	bad = bad != 0;
	printf("%s leaks\n", bad ? "not ok" : "ok");
	passed += !bad;
	failed += bad;
	printf("%llu images, %lu refused, %lu with errors\n", count, refused, errors);
	printf("KEEL-TEST-DONE %d passed, %d failed, 0 skipped\n", passed, failed);
	fflush(stdout);
	sync();
	reboot(RB_POWER_OFF);
	return 0;
}

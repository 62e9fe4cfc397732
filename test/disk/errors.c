/* SPDX-License-Identifier: MPL-2.0 */
/*
 * /test/diskerr as init: an ext2 on /dev/vda whose disk fails in places (QEMU's blkdebug, test/boot/ioerror.toml).
 * what=data, table, dir, ro, panic, read, fresh, meta on the command line says where it fails and so what must be seen;
 * what comes of the file system afterwards is looked at on the host.
 *
 * On the disk: victim (64 KiB), bystander (300 KiB, byte i is i * 7 + i / 251), dir/old, other/old, f00 to f59.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include "pid1.h"

#define M "/mnt/"

static int bad;

#define WANT(what, cond) do {						\
	errno = 0;							\
	if (!(cond)) {							\
		printf("not ok %s: line %d, errno %d %s\n", what, __LINE__, errno, strerror(errno)); \
		bad++;							\
	}								\
} while (0)

static int fails(int r, int e)
{
	return r < 0 && errno == e;
}

static int fill(const char *path, char c, size_t n)
{
	char *p = malloc(n);
	int fd = open(path, O_CREAT | O_RDWR, 0644);

	if (fd < 0)
		return -1;
	memset(p, c, n);
	if (write(fd, p, n) != (ssize_t)n) {
		close(fd);
		fd = -1;
	}
	free(p);
	return fd;
}

/* Write a file, make it safe: 0 or -1 with errno. */
static int safe(const char *path, char c, size_t n)
{
	int fd = fill(path, c, n), r;

	if (fd < 0)
		return -1;
	r = fsync(fd);
	close(fd);
	return r;
}

static int bystander_whole(void)
{
	static char b[4096];
	int fd = open(M "bystander", O_RDONLY);

	for (size_t i = 0; i < 300 * 1024; i += sizeof(b)) {
		if (read(fd, b, sizeof(b)) != (ssize_t)sizeof(b))
			return 0;
		for (size_t j = 0; j < sizeof(b); j++)
			if (b[j] != (char)((i + j) * 7 + (i + j) / 251))
				return 0;
	}
	close(fd);
	return 1;
}

static void drop(void)
{
	int fd = open("/proc/sys/vm/drop_caches", O_WRONLY);

	sync();
	if (fd < 0 || write(fd, "3", 1) != 1)
		printf("drop_caches: %s\n", strerror(errno));
	close(fd);
}

/* The fourth block of victim cannot be written: each who has it open hears of it once, nobody else at all. */
static void data(void)
{
	static char b[65536];
	int root = open("/mnt", O_RDONLY), a = open(M "victim", O_RDWR), c = open(M "victim", O_RDWR), o, late;

	memset(b, 'n', sizeof(b));
	WANT("write", pwrite(a, b, sizeof(b), 0) == sizeof(b));
	o = fill(M "other/new", 'x', 100000);
	WANT("other", o >= 0 && fsync(o) == 0);
	WANT("fsync", fails(fsync(a), EIO));
	WANT("fsync again", fsync(a) == 0);
	WANT("fsync of the other one", fails(fsync(c), EIO));
	WANT("fsync of the other one again", fsync(c) == 0);
	late = open(M "victim", O_RDWR);
	WANT("fsync of one who opened later", fsync(late) == 0);
	WANT("other again", fsync(o) == 0);
	WANT("syncfs", fails(syncfs(root), EIO));
	WANT("syncfs again", syncfs(root) == 0);
	/* Also by O_SYNC, O_DIRECT, msync's way: at once. */
	late = open(M "victim", O_RDWR | O_SYNC);
	WANT("O_SYNC", fails(pwrite(late, b, 4096, 3 * 4096), EIO));
	WANT("O_SYNC beside it", pwrite(late, b, 4096, 5 * 4096) == 4096);
	late = open(M "victim", O_RDWR | O_DIRECT);
	if (late >= 0) {
		void *p = NULL;

		WANT("memory", posix_memalign(&p, 4096, 65536) == 0);
		WANT("O_DIRECT", fails(pwrite(late, p, 4096, 3 * 4096), EIO));
		memset(p, 'n', 4096);
		WANT("O_DIRECT beside it", pwrite(late, p, 4096, 6 * 4096) == 4096);
	}
	drop();
	/* A request fails as a whole: beside the bad block old or new bytes. What was written without it is there. */
	WANT("the rest of it", pread(a, b, 4096, 0) == 4096 && (b[0] == 'n' || b[0] == 'v') && b[0] == b[4095]);
	WANT("the rest of it", pread(a, b, 4096, 5 * 4096) == 4096 && b[0] == 'n' && b[4095] == 'n');
	WANT("bystander", bystander_whole());
}

/* No free block can be written: what is there already can be changed, new data fails and is not there. */
static void fresh(void)
{
	struct stat st;
	int fd = fill(M "other/new", 'x', 20000), v;

	WANT("fill", fd >= 0);
	WANT("fsync", fails(fsync(fd), EIO));
	close(fd);
	v = open(M "victim", O_RDWR);
	WANT("overwrite", pwrite(v, "hello", 5, 0) == 5 && fdatasync(v) == 0);
	WANT("stat", stat(M "other/new", &st) == 0);
	WANT("bystander", bystander_whole());
}

/*
 * The same, and new metadata is wanted: nothing can point to it, so nothing is written from then on (also by
 * errors=continue). What was safe before stays, all can be read, and nobody waits for ever.
 */
static void meta(void)
{
	struct stat st;
	int v = open(M "victim", O_RDWR), d;

	WANT("overwrite", pwrite(v, "hello", 5, 0) == 5 && fdatasync(v) == 0);
	WANT("mkdir", mkdir(M "newdir", 0755) == 0);
	d = open(M "newdir", O_RDONLY);
	WANT("fsync", d >= 0 && fails(fsync(d), EIO));
	WANT("create", fails(open(M "other/x", O_CREAT | O_WRONLY, 0644), EROFS));
	WANT("mkdir", fails(mkdir(M "d2", 0755), EROFS));
	WANT("remount", fails(mount("/dev/vda", "/mnt", "ext2", MS_REMOUNT, NULL), EROFS));
	WANT("stat", stat(M "other/old", &st) == 0);
	WANT("bystander", bystander_whole());
	sync();
}

/* The inodes of f25 to f40 cannot be written. */
static void table(void)
{
	int fd = open(M "f30", O_RDWR);

	WANT("chmod", fchmod(fd, 0600) == 0);
	WANT("fsync", fails(fsync(fd), EIO));
	WANT("fsync again", fsync(fd) == 0);
	close(fd);
	WANT("another", safe(M "other/new", 'x', 100000) == 0);
	WANT("overwrite", safe(M "f01", 'y', 5000) == 0);
	WANT("rename", rename(M "other/old", M "other/moved") == 0);
	WANT("directory", fsync(open(M "other", O_RDONLY)) == 0);
	WANT("bystander", bystander_whole());
}

/* The block of dir cannot be written. */
static void dir(void)
{
	struct stat st;

	/* Both in one batch: what is not in dir comes through. */
	WANT("other", close(fill(M "other/same", 'z', 5000)) == 0);
	WANT("fsync in dir", fails(safe(M "dir/new", 'd', 5000), EIO));
	WANT("another", safe(M "other/new", 'x', 100000) == 0);
	WANT("overwrite", safe(M "f01", 'y', 5000) == 0);
	WANT("old", stat(M "dir/old", &st) == 0);
	WANT("bystander", bystander_whole());
}

/* The same, by errors=remount-ro: nothing is written from then on, all can be read. */
static void ro(void)
{
	WANT("another", safe(M "other/new", 'x', 100000) == 0);
	WANT("fsync in dir", fails(safe(M "dir/new", 'd', 5000), EIO));
	WANT("create", fails(open(M "other/x", O_CREAT | O_WRONLY, 0644), EROFS));
	WANT("unlink", fails(unlink(M "f02"), EROFS));
	WANT("mkdir", fails(mkdir(M "d2", 0755), EROFS));
	WANT("remount", fails(mount("/dev/vda", "/mnt", "ext2", MS_REMOUNT, NULL), EROFS));
	WANT("bystander", bystander_whole());
}

/* The fourth block of victim, the inodes of f25 to f40 and the block of dir cannot be read. */
static void reading(void)
{
	static char b[65536];
	struct stat st;
	int fd = open(M "victim", O_RDONLY);

	WANT("read before it", pread(fd, b, 3 * 4096, 0) == 3 * 4096);
	WANT("read", fails((int)pread(fd, b, 4096, 3 * 4096), EIO));
	WANT("read again", fails((int)pread(fd, b, 4096, 3 * 4096), EIO));
	WANT("read behind it", pread(fd, b, 4096, 4 * 4096) == 4096);
	WANT("read over it", pread(fd, b, 65536, 0) == 3 * 4096);
	WANT("stat", fails(stat(M "f30", &st), EIO));
	WANT("stat of another", stat(M "f01", &st) == 0);
	WANT("lookup", fails(stat(M "dir/old", &st), EIO));
	WANT("create in dir", fails(open(M "dir/new", O_CREAT | O_WRONLY, 0644), EIO));
	WANT("another", safe(M "other/new", 'x', 100000) == 0);
	WANT("overwrite in part", (fd = open(M "victim", O_RDWR)) >= 0 && fails((int)pwrite(fd, "x", 1, 3 * 4096 + 5), EIO));
	WANT("overwrite whole", pwrite(fd, b, 4096, 3 * 4096) == 4096 && fsync(fd) == 0);
	WANT("bystander", bystander_whole());
}

static const struct {
	const char *name, *options;
	void (*fn)(void);
} all[] = {
	{ "data", "", data }, { "fresh", "", fresh },
	{ "meta", "errors=continue", meta }, { "table", "errors=continue", table }, { "dir", "errors=continue", dir },
	{ "ro", "errors=remount-ro", ro }, { "panic", "errors=panic", dir }, { "read", "errors=continue", reading },
};

int main(void)
{
	const char *what;
	int status;

	pid1_mount("proc", "/proc", NULL);
	pid1_mount("devtmpfs", "/dev", NULL);
	mkdir("/mnt", 0755);
	pid1_console();
	what = pid1_param("what");
	for (size_t i = 0; what && i < sizeof(all) / sizeof(all[0]); i++) {
		if (strcmp(what, all[i].name))
			continue;
		WANT("disk", pid1_wait_disk("/dev/vda") == 0);
		WANT("mount", mount("/dev/vda", "/mnt", "ext2", 0, all[i].options) == 0);
		fflush(stdout);
		if (!fork()) {
			all[i].fn();
			fflush(stdout);
			_exit(bad);
		}
		if (wait(&status) < 0 || status)
			bad = 1;
		if (umount("/mnt"))
			printf("umount: %s\n", strerror(errno));
		printf("DISKERR-%s %s\n", bad ? "BAD" : "FINE", all[i].name);
	}
	fflush(stdout);
	reboot(RB_POWER_OFF);
	for (;;)
		pause();
}

/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The guest's side of the power-cut test (tools/powercut.py): as init, a random workload by seed on the ext2
 * at /dev/vda. Before each operation, and after each that promises durability, a line of text goes by direct
 * I/O to a sector of the same disk behind the file system, so that the recorded log of writes says what had
 * begun and what was promised at any moment.
 *
 * Every 512 bytes of a file say whose they are: a mark, the file's number, the sector's place, and
 * the number of the write.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>

#define MAX_FILES 24
#define MARK_AT (28u << 20)

struct file {
	int used, fid, dir;
	char path[64];
	long sectors;
};

static struct file files[MAX_FILES];
static uint64_t seed = 1;
static int next_fid = 1, seq, disk, nr_dirs;
static char *mark;

static uint32_t rnd(uint32_t n)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (uint32_t)(seed >> 11) % n;
}

static void die(const char *what)
{
	printf("POWERCUT-FAIL %s: %s\n", what, strerror(errno));
	reboot(RB_POWER_OFF);
	for (;;)
		pause();
}

static void tell(const char *fmt, ...)
{
	va_list ap;

	memset(mark, 0, 512);
	memcpy(mark, "KEELMARK", 8);
	va_start(ap, fmt);
	vsnprintf(mark + 8, 500, fmt, ap);
	va_end(ap);
	if (pwrite(disk, mark, 512, MARK_AT) != 512)
		die("mark");
}

static void fill(char *buf, int fid, long first, long n, int s)
{
	for (long i = 0; i < n; i++) {
		uint32_t *w = (uint32_t *)(buf + i * 512);

		w[0] = 0x4c45454b;
		w[1] = (uint32_t)fid;
		w[2] = (uint32_t)(first + i);
		w[3] = (uint32_t)s;
		for (int k = 4; k < 128; k++)
			w[k] = (uint32_t)(fid * 2654435761u + (first + i) * 40503u + s * 97u + k);
	}
}

static void new_path(char *p, int fid)
{
	if (nr_dirs && rnd(3))
		sprintf(p, "/m/d%d/f%d", (int)rnd((uint32_t)nr_dirs), fid);
	else
		sprintf(p, "/m/f%d", fid);
}

static void write_some(struct file *f, int fd, long at, long n)
{
	static char buf[512 * 512];

	n = n > 512 ? 512 : n;
	seq++;
	tell("B W %d %s %ld %ld %d", f->fid, f->path + 2, at, n, seq);
	fill(buf, f->fid, at, n, seq);
	if (pwrite(fd, buf, (size_t)n * 512, at * 512) != n * 512)
		die("write");
	if (at + n > f->sectors)
		f->sectors = at + n;
}

static struct file *some(void)
{
	for (int i = 0; i < 40; i++) {
		struct file *f = &files[rnd(MAX_FILES)];

		if (f->used)
			return f;
	}
	return NULL;
}

static void op_create(void)
{
	struct file *f = NULL;
	int fd;

	for (int i = 0; i < MAX_FILES && !f; i++)
		if (!files[i].used)
			f = &files[i];
	if (!f)
		return;
	f->fid = next_fid++;
	f->sectors = 0;
	new_path(f->path, f->fid);
	tell("B C %d %s", f->fid, f->path + 2);
	fd = open(f->path, O_CREAT | O_EXCL | O_RDWR, 0644);
	if (fd < 0)
		die("create");
	f->used = 1;
	if (rnd(5))
		write_some(f, fd, 0, 1 + rnd(rnd(3) ? 20 : 500));
	if (!rnd(3)) {
		if (fsync(fd))
			die("fsync");
		tell("D F %d %s", f->fid, f->path + 2);
	}
	close(fd);
}

static void op_write(void)
{
	struct file *f = some();
	int flags = O_RDWR, sync, fd;
	long at, n;

	if (!f)
		return;
	sync = !rnd(5);
	if (sync)
		flags |= O_SYNC;
	fd = open(f->path, flags);
	if (fd < 0)
		die("open");
	if (rnd(2)) {
		at = f->sectors + (rnd(6) ? 0 : rnd(64));
		n = 1 + rnd(rnd(3) ? 16 : 400);
	} else {
		at = f->sectors ? rnd((uint32_t)f->sectors) : 0;
		n = 1 + rnd(32);
	}
	write_some(f, fd, at, n);
	if (sync) {
		tell("D O %d %s %ld %ld", f->fid, f->path + 2, at, n);
	} else if (!rnd(3)) {
		if (rnd(2) ? fsync(fd) : fdatasync(fd))
			die("fsync");
		tell("D F %d %s", f->fid, f->path + 2);
	}
	close(fd);
}

static void op_truncate(void)
{
	struct file *f = some();
	long n;

	if (!f)
		return;
	n = rnd((uint32_t)f->sectors + 30);
	tell("B T %d %s %ld", f->fid, f->path + 2, n);
	if (truncate(f->path, n * 512))
		die("truncate");
	f->sectors = n;
}

static void op_rename(void)
{
	struct file *f = some(), *g = rnd(2) ? some() : NULL;
	char to[64];

	if (!f || f == g)
		return;
	if (g)
		strcpy(to, g->path);
	else
		new_path(to, next_fid++);
	tell("B R %d %s %s", f->fid, f->path + 2, to + 2);
	if (rename(f->path, to))
		die("rename");
	if (g)
		g->used = 0;
	strcpy(f->path, to);
	if (!rnd(3)) {
		char dir[64], *s;
		int fd;

		strcpy(dir, to);
		s = strrchr(dir, '/');
		*s = 0;
		fd = open(dir, O_RDONLY | O_DIRECTORY);
		if (fd < 0 || fsync(fd))
			die("fsync dir");
		close(fd);
		tell("D N %d %s", f->fid, f->path + 2);
	}
}

static void op_unlink(void)
{
	struct file *f = some();

	if (!f)
		return;
	tell("B U %d %s", f->fid, f->path + 2);
	if (unlink(f->path))
		die("unlink");
	f->used = 0;
}

static void op_mkdir(void)
{
	char p[64];

	if (nr_dirs >= 6)
		return;
	if (nr_dirs && !rnd(3)) {
		/* a chain of new directories with a file at its end */
		sprintf(p, "/m/d%d/s%d", (int)rnd((uint32_t)nr_dirs), next_fid);
		tell("B M %s", p + 2);
		if (mkdir(p, 0755))
			die("mkdir");
		for (int i = 0; i < MAX_FILES; i++) {
			struct file *f = &files[i];
			int fd;

			if (f->used)
				continue;
			f->fid = next_fid++;
			f->sectors = 0;
			sprintf(f->path, "%s/f%d", p, f->fid);
			tell("B C %d %s", f->fid, f->path + 2);
			fd = open(f->path, O_CREAT | O_EXCL | O_RDWR, 0644);
			if (fd < 0)
				die("create");
			f->used = 1;
			write_some(f, fd, 0, 1 + rnd(30));
			close(fd);
			break;
		}
		return;
	}
	sprintf(p, "/m/d%d", nr_dirs);
	tell("B M %s", p + 2);
	if (mkdir(p, 0755))
		die("mkdir");
	nr_dirs++;
}

static void op_many(void)
{
	int n = 40 + (int)rnd(120), base = next_fid;
	char p[300];

	if (!nr_dirs)
		return;
	/* names that make the directory grow, split, and shrink again */
	next_fid += n;
	tell("B I");
	for (int i = 0; i < n; i++) {
		int fd;

		sprintf(p, "/m/d%d/n%d-%.*s", nr_dirs - 1, base + i, (int)rnd(100),
			"abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz");
		fd = open(p, O_CREAT | O_RDWR, 0644);
		if (fd < 0)
			die("create many");
		close(fd);
		if (rnd(2) && unlink(p))
			die("unlink many");
	}
}

int main(int argc, char **argv)
{
	int ops = 120;
	char *s;

	(void)argc;
	(void)argv;
	mkdir("/dev", 0755);
	mkdir("/proc", 0755);
	mkdir("/m", 0755);
	mount("devtmpfs", "/dev", "devtmpfs", 0, NULL);
	mount("proc", "/proc", "proc", 0, NULL);
	setvbuf(stdout, NULL, _IOLBF, 0);
	if ((s = getenv("seed")))
		seed = strtoull(s, NULL, 10) * 0x9e3779b97f4a7c15ull + 1;
	if ((s = getenv("ops")))
		ops = atoi(s);
	for (int i = 0; i < 100 && access("/dev/vda", F_OK); i++)
		usleep(50000);
	if (mount("/dev/vda", "/m", "ext2", 0, NULL))
		die("mount");
	disk = open("/dev/vda", O_RDWR | O_DIRECT);
	if (disk < 0)
		die("open disk");
	mark = aligned_alloc(4096, 4096);
	for (int i = 0; i < ops; i++) {
		uint32_t k = rnd(100);

		if (k < 22)
			op_create();
		else if (k < 50)
			op_write();
		else if (k < 60)
			op_truncate();
		else if (k < 72)
			op_rename();
		else if (k < 84)
			op_unlink();
		else if (k < 89)
			op_mkdir();
		else if (k < 93)
			op_many();
		else if (k < 96)
			usleep(1000 * (100 + rnd(2000)));
		else {
			sync();
			tell("D S");
		}
	}
	printf("POWERCUT-DONE\n");
	reboot(RB_POWER_OFF);
	for (;;)
		pause();
}

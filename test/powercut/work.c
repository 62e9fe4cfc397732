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
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include "pid1.h"

#define MAX_FILES 24
#define MAX_DIRS 6
#define MAX_OLD 16
#define MARK_AT (28u << 20)

struct file {
	int used, fid;
	char path[2][96];		/* the second one: a hard link, or empty */
	long sectors;
};

static struct file files[MAX_FILES];
static char dirs[MAX_DIRS][96];		/* the last one may lie in another */
static char old_names[MAX_OLD][96];	/* to be used again */
static uint64_t seed = 1;
static int next_fid = 1, seq, disk, nr_dirs, moves, nr_old;
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

static int exists(const char *p)
{
	return access(p, F_OK) == 0;
}

static void note_old(const char *p)
{
	strcpy(old_names[nr_old++ % MAX_OLD], p);
}

static const char *any_dir(void)
{
	return nr_dirs && rnd(3) ? dirs[rnd((uint32_t)nr_dirs)] : "/m";
}

/* A name that is free: a fresh one, or one that was given up; in_dir says where, NULL anywhere. */
static void new_path(char *p, const char *in_dir)
{
	if (!rnd(3)) {
		const char *o = old_names[rnd(MAX_OLD)];
		size_t n = in_dir ? strlen(in_dir) : 0;

		if (*o && !exists(o) && (!in_dir || (!strncmp(o, in_dir, n) && o[n] == '/' && !strchr(o + n + 1, '/')))) {
			char up[96];

			strcpy(up, o);
			*strrchr(up, '/') = 0;
			if (exists(up)) {
				strcpy(p, o);
				return;
			}
		}
	}
	sprintf(p, "%s/f%d%.*s", in_dir ? in_dir : any_dir(), next_fid++, rnd(4) ? 0 : (int)rnd(40),
		"-a-rather-long-name-that-fills-up-a-sector");
}

static void dir_of(char *dir, const char *p)
{
	strcpy(dir, p);
	*strrchr(dir, '/') = 0;
}

static void write_some(struct file *f, int fd, long at, long n)
{
	static char buf[512 * 512];

	n = n > 512 ? 512 : n;
	seq++;
	tell("B W %d %s %ld %ld %d", f->fid, f->path[0] + 2, at, n, seq);
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

static struct file *make_file(const char *in_dir)
{
	struct file *f = NULL;
	int fd;

	for (int i = 0; i < MAX_FILES && !f; i++)
		if (!files[i].used)
			f = &files[i];
	if (!f)
		return NULL;
	f->fid = next_fid++;
	f->sectors = 0;
	f->path[1][0] = 0;
	new_path(f->path[0], in_dir);
	tell("B C %d %s", f->fid, f->path[0] + 2);
	fd = open(f->path[0], O_CREAT | O_EXCL | O_RDWR, 0644);
	if (fd < 0)
		die("create");
	f->used = 1;
	if (rnd(5))
		write_some(f, fd, 0, 1 + rnd(rnd(3) ? 20 : 500));
	if (!rnd(3)) {
		if (fsync(fd))
			die("fsync");
		tell("D F %d %s", f->fid, f->path[0] + 2);
	}
	close(fd);
	return f;
}

static void op_create(void)
{
	make_file(NULL);
}

static void op_write(void)
{
	struct file *f = some();
	int flags = O_RDWR, sync, full = 0, fd;
	long at, n;

	if (!f)
		return;
	sync = !rnd(4);
	if (sync) {
		full = rnd(2);
		flags |= full ? O_SYNC : O_DSYNC;
	}
	fd = open(f->path[0], flags);
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
		tell("D %c %d %s %ld %ld", full ? 'O' : 'o', f->fid, f->path[0] + 2, at, n);
	} else if (!rnd(3)) {
		full = rnd(2);
		if (full ? fsync(fd) : fdatasync(fd))
			die("fsync");
		tell("D %c %d %s", full ? 'F' : 'f', f->fid, f->path[0] + 2);
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
	tell("B T %d %s %ld", f->fid, f->path[0] + 2, n);
	if (truncate(f->path[0], n * 512))
		die("truncate");
	f->sectors = n;
}

static void sync_dir(const char *of)
{
	char dir[96];
	int fd;

	dir_of(dir, of);
	fd = open(dir, O_RDONLY | O_DIRECTORY);
	if (fd < 0 || fsync(fd))
		die("fsync dir");
	close(fd);
}

/* A name less; the file's other one, if it has one, is the first from now on. */
static void lost_name(struct file *f, int which)
{
	if (f->path[1][0]) {
		if (!which)
			strcpy(f->path[0], f->path[1]);
		f->path[1][0] = 0;
	} else {
		f->used = 0;
	}
}

static void rename_to(struct file *f, int which, const char *target, struct file *g, int gw)
{
	char to[96], from[96];

	strcpy(to, target);
	strcpy(from, f->path[which]);
	tell("B R %d %s %s", f->fid, from + 2, to + 2);
	if (rename(from, to))
		die("rename");
	note_old(from);
	strcpy(f->path[which], to);
	if (g)
		lost_name(g, gw);
	if (!rnd(3)) {
		sync_dir(to);
		tell("D N %d %s %s", f->fid, to + 2, from + 2);
	}
}

static void op_rename(void)
{
	struct file *f = some(), *g = rnd(2) ? some() : NULL;
	int which, gw = 0;
	char to[96];

	if (!f || f == g)
		return;
	which = f->path[1][0] && rnd(2);
	if (g) {
		gw = g->path[1][0] && rnd(2);
		strcpy(to, g->path[gw]);
	} else if (rnd(2)) {
		char dir[96];

		dir_of(dir, f->path[which]);
		new_path(to, dir);
	} else {
		new_path(to, NULL);
	}
	rename_to(f, which, to, g, gw);
}

/* How editors and databases replace a file: a new one beside it, with or without fsync, takes its name. */
static void op_replace(void)
{
	struct file *g = some(), *f;
	char dir[96];
	int gw;

	if (!g)
		return;
	gw = g->path[1][0] && rnd(2);
	dir_of(dir, g->path[gw]);
	f = make_file(rnd(4) ? dir : NULL);
	if (f)
		rename_to(f, 0, g->path[gw], g, gw);
}

static void op_exchange(void)
{
	struct file *f = some(), *g = some();
	char p[96];

	if (!f || !g || f == g)
		return;
	tell("B X %d %s %d %s", f->fid, f->path[0] + 2, g->fid, g->path[0] + 2);
	if (syscall(SYS_renameat2, AT_FDCWD, f->path[0], AT_FDCWD, g->path[0], 2 /* RENAME_EXCHANGE */))
		die("exchange");
	strcpy(p, f->path[0]);
	strcpy(f->path[0], g->path[0]);
	strcpy(g->path[0], p);
	if (!rnd(3)) {
		sync_dir(f->path[0]);
		sync_dir(g->path[0]);
		tell("D N %d %s %s", f->fid, f->path[0] + 2, g->path[0] + 2);
		tell("D N %d %s %s", g->fid, g->path[0] + 2, f->path[0] + 2);
	}
}

static void op_link(void)
{
	struct file *f = some();

	if (!f || f->path[1][0])
		return;
	new_path(f->path[1], NULL);
	tell("B L %d %s %s", f->fid, f->path[0] + 2, f->path[1] + 2);
	if (link(f->path[0], f->path[1]))
		die("link");
}

static void op_unlink(void)
{
	struct file *f = some();
	int which;

	if (!f)
		return;
	which = f->path[1][0] && rnd(2);
	tell("B U %d %s", f->fid, f->path[which] + 2);
	if (unlink(f->path[which]))
		die("unlink");
	note_old(f->path[which]);
	lost_name(f, which);
}

static void op_mkdir(void)
{
	char *p = dirs[nr_dirs];

	if (nr_dirs >= MAX_DIRS)
		return;
	if (nr_dirs == MAX_DIRS - 1)
		sprintf(p, "%s/s", dirs[0]);
	else
		sprintf(p, "/m/d%d", nr_dirs);
	tell("B M %s", p + 2);
	if (mkdir(p, 0755))
		die("mkdir");
	nr_dirs++;
	if (rnd(2))
		make_file(p);
}

static void new_prefix(char *p, const char *old, const char *to)
{
	size_t n = strlen(old);
	char rest[96];

	if (strncmp(p, old, n) || p[n] != '/')
		return;
	strcpy(rest, p + n);
	sprintf(p, "%s%s", to, rest);
}

/* A directory gets another name; the last one also another parent. */
static void op_move_dir(void)
{
	char old[96], to[96];
	int i;

	if (!nr_dirs)
		return;
	i = (int)rnd((uint32_t)nr_dirs);
	strcpy(old, dirs[i]);
	if (i == MAX_DIRS - 1 && rnd(2)) {
		sprintf(to, "%s/s%d", dirs[rnd(MAX_DIRS - 1)], ++moves);
	} else {
		dir_of(to, old);
		sprintf(to + strlen(to), "/%c%d", i == MAX_DIRS - 1 ? 's' : 'd', 10 + ++moves);
	}
	tell("B V %s %s", old + 2, to + 2);
	if (rename(old, to))
		die("rename directory");
	strcpy(dirs[i], to);
	for (int k = 0; k < nr_dirs; k++)
		new_prefix(dirs[k], old, to);
	for (int k = 0; k < MAX_FILES; k++) {
		new_prefix(files[k].path[0], old, to);
		new_prefix(files[k].path[1], old, to);
	}
}

static void op_many(void)
{
	int n = 40 + (int)rnd(120), base = next_fid;
	const char *dir;
	char p[300];

	if (!nr_dirs)
		return;
	/* names that make the directory grow, split, and shrink again */
	dir = dirs[rnd((uint32_t)nr_dirs)];
	next_fid += n;
	tell("B I");
	for (int i = 0; i < n; i++) {
		int fd;

		sprintf(p, "%s/n%d-%.*s", dir, base + i, (int)rnd(100),
			"abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz");
		fd = open(p, O_CREAT | O_RDWR, 0644);
		if (fd < 0)
			die("create many");
		close(fd);
		if (rnd(2) && unlink(p))
			die("unlink many");
	}
}

static void one_op(void)
{
	uint32_t k = rnd(100);

	if (k < 20)
		op_create();
	else if (k < 40)
		op_write();
	else if (k < 48)
		op_truncate();
	else if (k < 58)
		op_rename();
	else if (k < 65)
		op_replace();
	else if (k < 69)
		op_exchange();
	else if (k < 73)
		op_link();
	else if (k < 83)
		op_unlink();
	else if (k < 87)
		op_mkdir();
	else if (k < 90)
		op_move_dir();
	else if (k < 93)
		op_many();
	else if (k < 96)
		usleep(1000 * (100 + rnd(800)));
	else if (k < 97)
		usleep(5200000);		/* the commit's own time */
	else {
		sync();
		tell("D S");
	}
}

/* --- crowd=N: N processes at the same names, without marks --- */

static void crowd_name(char *p)
{
	if (rnd(4))
		sprintf(p, "/m/c%d/f%d", (int)rnd(4), (int)rnd(12));
	else
		sprintf(p, "/m/g%d", (int)rnd(12));
}

static void crowd_expect(int r, const char *what)
{
	if (r < 0 && errno != ENOENT && errno != EEXIST && errno != ENOTDIR && errno != EISDIR && errno != ENOTEMPTY &&
	    errno != ENOSPC && errno != EINVAL && errno != EMLINK && errno != EPERM)
		die(what);
}

static void crowd_write(const char *p, int flags, int fid)
{
	static char buf[64 * 512];
	int fd = open(p, O_RDWR | flags, 0644), n = 1 + (int)rnd(64);
	struct stat st;

	crowd_expect(fd, "crowd open");
	if (fd < 0)
		return;
	/* Only whole files of one writer, so that each says whose it is. */
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size == 0 && flock(fd, LOCK_EX | LOCK_NB) == 0 &&
	    fstat(fd, &st) == 0 && st.st_size == 0) {
		fill(buf, fid, 0, n, 1);
		if (write(fd, buf, (size_t)n * 512) < 0)
			crowd_expect(-1, "crowd write");
	}
	if (!rnd(4))
		crowd_expect(rnd(2) ? fsync(fd) : fdatasync(fd), "crowd fsync");
	close(fd);
}

static void crowd_op(int fid)
{
	char a[96], b[96];
	uint32_t k = rnd(100);
	int fd;

	crowd_name(a);
	crowd_name(b);
	if (k < 35)
		crowd_write(a, O_CREAT | (rnd(3) ? 0 : O_EXCL), fid);
	else if (k < 55)
		crowd_expect(rename(a, b), "crowd rename");
	else if (k < 60)
		crowd_expect((int)syscall(SYS_renameat2, AT_FDCWD, a, AT_FDCWD, b, 2), "crowd exchange");
	else if (k < 70)
		crowd_expect(link(a, b), "crowd link");
	else if (k < 85)
		crowd_expect(unlink(a), "crowd unlink");
	else if (k < 89)
		crowd_expect(mkdir(a, 0755), "crowd mkdir");
	else if (k < 93)
		crowd_expect(rmdir(a), "crowd rmdir");
	else if (k < 96) {
		crowd_expect(symlink("t", a), "crowd symlink");
	} else if (k < 98) {
		*strrchr(a, '/') = 0;
		fd = open(a, O_RDONLY | O_DIRECTORY);
		crowd_expect(fd, "crowd open dir");
		if (fd >= 0)
			crowd_expect(fsync(fd), "crowd fsync dir");
		close(fd);
	} else if (k < 99) {
		usleep(1000 * rnd(200));
	} else {
		sync();
	}
}

static void crowd(int n, int ops)
{
	uint64_t first = seed;
	int status;

	for (int i = 0; i < 4; i++) {
		char p[16];

		sprintf(p, "/m/c%d", i);
		mkdir(p, 0755);
	}
	for (int i = 0; i < n; i++) {
		if (fork())
			continue;
		seed = first + (uint64_t)(i + 1) * 0x9e3779b97f4a7c15ull;
		for (int k = 0; k < ops; k++)
			crowd_op((i + 1) << 20 | k);
		_exit(0);
	}
	while (wait(&status) > 0)
		if (status)
			die("crowd");
	if (umount("/m"))
		die("umount");
}

/* --- dirs=1: directories that come and go in one commit, without marks --- */

static void made(const char *dir, const char *name, int is_dir)
{
	char p[96];
	int fd = 0;

	sprintf(p, "%s/%s", dir, name);
	if (is_dir ? mkdir(p, 0755) : (fd = open(p, O_CREAT | O_EXCL | O_WRONLY, 0644)) < 0)
		die(p);
	if (!is_dir)
		close(fd);
}

static void renamed(const char *dir, const char *name, const char *dir2, const char *name2, unsigned flags)
{
	char p[96], q[96];

	sprintf(p, "%s/%s", dir, name);
	sprintf(q, "%s/%s", dir2, name2);
	if (syscall(SYS_renameat2, AT_FDCWD, p, AT_FDCWD, q, flags))
		die(p);
}

static void removed(const char *dir, const char *name)
{
	char p[96];

	sprintf(p, "%s/%s", dir, name);
	if (rmdir(p))
		die(p);
}

/* What the link count of a parent must survive: one step before the sync, the other one in one commit. */
static void dirs_step(int what, int change, const char *a, const char *b)
{
	char x[48];

	switch (what * 2 + change) {
	case 0:	/* one moves out, another is made in its place */
	case 2:	/* the same, and it moves on */
		made(a, "x", 1);
		break;
	case 1:
		renamed(a, "x", b, "x", 0);
		made(a, "y", 1);
		break;
	case 3:
		renamed(a, "x", b, "x", 0);
		made(b, "y", 1);
		renamed(b, "x", "/m", "x", 0);
		made(a, "y", 1);
		renamed("/m", "x", a, "z", 0);
		break;
	case 4:	/* two change places */
	case 6:	/* one takes the place of another */
		made(a, "x", 1);
		made(b, "y", 1);
		break;
	case 5:
		renamed(a, "x", b, "y", 2 /* RENAME_EXCHANGE */);
		break;
	case 7:
		renamed(a, "x", b, "y", 0);
		made(b, "z", 1);
		break;
	case 8:	/* it goes late, since its file moved out */
		made(a, "x", 1);
		sprintf(x, "%s/x", a);
		made(x, "f", 0);
		break;
	case 9:
		sprintf(x, "%s/x", a);
		renamed(x, "f", b, "f", 0);
		removed(a, "x");
		made(a, "y", 1);
		break;
	case 10: /* replaced in its own directory */
		made(a, "x", 1);
		made(a, "y", 1);
		break;
	case 11:
		renamed(a, "x", a, "y", 0);
		made(a, "z", 1);
		break;
	case 12: /* with a file for a directory */
		made(a, "x", 1);
		made(b, "f", 0);
		break;
	case 13:
		renamed(a, "x", b, "f", 2);
		made(a, "y", 1);
		break;
	case 14: /* a whiteout stays */
		made(a, "x", 1);
		break;
	case 15:
		renamed(a, "x", b, "x", 4 /* RENAME_WHITEOUT */);
		made(a, "y", 1);
		break;
	}
}

/* Each way round: which of two names e2fsck finds first is a matter of where the directories lie. */
static void directories(void)
{
	char a[24], b[24];

	for (int i = 0; i < 16; i++) {
		sprintf(a, "/m/a%d", i);
		sprintf(b, "/m/b%d", i);
		made("/m", a + 3, 1);
		made("/m", b + 3, 1);
		dirs_step(i / 2, 0, i & 1 ? b : a, i & 1 ? a : b);
		sync();
		dirs_step(i / 2, 1, i & 1 ? b : a, i & 1 ? a : b);
		sync();
	}
	if (umount("/m"))
		die("umount");
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
	if (pid1_wait_disk("/dev/vda") || mount("/dev/vda", "/m", "ext2", 0, NULL))
		die("mount");
	if ((s = getenv("crowd"))) {
		crowd(atoi(s), ops);
		ops = 0;
	} else if (getenv("dirs")) {
		directories();
		ops = 0;
	}
	disk = open("/dev/vda", O_RDWR | O_DIRECT);
	if (disk < 0)
		die("open disk");
	mark = aligned_alloc(4096, 4096);
	for (int i = 0; i < ops; i++)
		one_op();
	printf("POWERCUT-DONE\n");
	reboot(RB_POWER_OFF);
	for (;;)
		pause();
}

/* SPDX-License-Identifier: MPL-2.0 */
/*
 * /test/diskload as init: an ext2 on /dev/vda under load (test/boot/load.toml). On the command line:
 *
 *   what=mix seconds=N     4 writers, 4 readers, mappings, truncations, holes, renames at random; then every byte is
 *                          compared with what was written, from memory, after drop_caches, and mounted anew
 *   what=copy mib=N limit=MS   ls while a file of N MiB is copied: the 99th percentile
 *   what=stream mib=N set=M  M MiB in use stay in memory while a file of N MiB is read once
 *   what=full              a full disk: ENOSPC everywhere, nothing else breaks, and it recovers
 *
 * mix: each word of 8 bytes says which file and place it belongs to and in which version it was written, so
 * a reader can tell at any time whether it belongs there; writers keep the versions in shared memory.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/wait.h>
#include "pid1.h"

#define PG 4096ul
#define WRITERS 4
#define READERS 4
#define FILES 4			/* of each writer */
#define BLOCKS 1500		/* of each file at most */
#define WORDS (PG / 8)

#define DIE(...) do {							\
	printf("%s:%d: ", __FILE__, __LINE__);				\
	printf(__VA_ARGS__);						\
	printf(" (errno %d %s)\n", errno, strerror(errno));		\
	fflush(stdout);							\
	_exit(1);							\
} while (0)
#define MUST(c) do { if (!(c)) DIE("%s", #c); } while (0)

static long long now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000ll + t.tv_nsec / 1000000;
}

static uint64_t seed;

static uint32_t rnd(uint32_t below)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (uint32_t)(seed >> 16) % below;
}

static long vmstat(const char *name)
{
	static char buf[16384];
	int fd = open("/proc/vmstat", O_RDONLY);
	ssize_t n = read(fd, buf, sizeof(buf) - 1);
	char *p;

	close(fd);
	buf[n > 0 ? n : 0] = 0;
	p = strstr(buf, name);
	return p ? atol(p + strlen(name)) : 0;
}

static void drop_caches(void)
{
	int fd = open("/proc/sys/vm/drop_caches", O_WRONLY);

	sync();
	MUST(write(fd, "3", 1) == 1);
	close(fd);
}

/* --- mix --- */

struct block {
	uint32_t version;
	uint16_t words;			/* of that version; zeros behind them */
};

struct file {
	struct block block[BLOCKS];
	uint64_t size;
	uint32_t version;
	uint8_t place;			/* in which directory */
};

static struct file (*files)[FILES];	/* shared */

static void name_of(char *out, int w, int f, int place)
{
	sprintf(out, "/mnt/%c/w%d.%d", 'a' + place, w, f);
}

static uint64_t word(int w, int f, uint64_t pos, uint32_t version)
{
	return (uint64_t)version << 40 | (uint64_t)(w * FILES + f + 1) << 32 | pos;
}

/* What block b must hold. */
static void expect(int w, int f, uint32_t b, uint64_t *out)
{
	struct block *k = &files[w][f].block[b];

	for (uint64_t i = 0; i < WORDS; i++)
		out[i] = i < k->words && k->version ? word(w, f, b * WORDS + i, k->version) : 0;
}

static void check_file(int w, int f, const char *when)
{
	static uint64_t have[WORDS], want[WORDS];
	struct file *t = &files[w][f];
	struct stat st;
	char path[64];
	int fd;

	name_of(path, w, f, t->place);
	fd = open(path, O_RDONLY);
	if (fd < 0 || fstat(fd, &st) || (uint64_t)st.st_size != t->size)
		DIE("%s: %s has %lld bytes, not %llu", when, path, fd < 0 ? -1ll : (long long)st.st_size,
		    (unsigned long long)t->size);
	for (uint32_t b = 0; b * PG < t->size; b++) {
		size_t n = t->size - b * PG < PG ? t->size - b * PG : PG;

		expect(w, f, b, want);
		if (pread(fd, have, n, (off_t)(b * PG)) != (ssize_t)n)
			DIE("%s: %s block %u cannot be read", when, path, b);
		for (size_t i = 0; i < n / 8; i++)
			if (have[i] != want[i])
				DIE("%s: %s block %u word %zu is %#llx, not %#llx", when, path, b, i, (unsigned long long)have[i],
				    (unsigned long long)want[i]);
	}
	close(fd);
}

static void set_blocks(int w, int f, uint32_t b, uint32_t n, uint64_t *buf)
{
	struct file *t = &files[w][f];

	t->version++;
	for (uint32_t i = 0; i < n; i++) {
		t->block[b + i] = (struct block){ t->version, WORDS };
		if (buf)
			expect(w, f, b + i, buf + i * WORDS);
	}
}

static void cut(struct file *t, uint64_t size)
{
	for (uint64_t b = size / PG; b < BLOCKS; b++) {
		uint16_t words = b == size / PG ? (uint16_t)(size % PG / 8) : 0;

		if (t->block[b].words > words)
			t->block[b].words = words;
		if (!t->block[b].words)
			t->block[b].version = 0;
	}
	t->size = size;
}

static void one_op(int w, int f, int fd)
{
	static uint64_t buf[32 * WORDS], want[WORDS];
	struct file *t = &files[w][f];
	uint32_t b = rnd(BLOCKS), n = rnd(31) + 1, have = (uint32_t)(t->size / PG);
	char from[64], to[64], *m;

	if (n > BLOCKS - b)
		n = BLOCKS - b;
	switch (rnd(16)) {
	case 0: case 1: case 2: case 3: case 4:
		set_blocks(w, f, b, n, buf);
		if (pwrite(fd, buf, n * PG, (off_t)(b * PG)) != (ssize_t)(n * PG))
			DIE("write");
		if ((b + n) * PG > t->size)
			t->size = (b + n) * PG;
		break;
	case 5: case 6: case 7:
		if (have < 2)
			break;
		b = rnd(have);
		n = n > have - b ? have - b : n;
		m = mmap(NULL, n * PG, PROT_READ | PROT_WRITE, MAP_SHARED, fd, (off_t)(b * PG));
		MUST(m != MAP_FAILED);
		set_blocks(w, f, b, n, buf);
		memcpy(m, buf, n * PG);
		if (rnd(4) == 0)
			MUST(!msync(m, n * PG, MS_SYNC));
		MUST(!munmap(m, n * PG));
		break;
	case 8:
		cut(t, rnd(4) ? (uint64_t)rnd((uint32_t)(t->size / 8 + 1)) * 8 : (uint64_t)rnd(BLOCKS * WORDS) * 8);
		MUST(!ftruncate(fd, (off_t)t->size));
		break;
	case 9:
		for (uint32_t i = 0; i < n; i++)
			t->block[b + i] = (struct block){ 0, 0 };
		MUST(!fallocate(fd, 3, (off_t)(b * PG), (off_t)(n * PG)));
		break;
	case 10:
		name_of(from, w, f, t->place);
		name_of(to, w, f, !t->place);
		MUST(!rename(from, to));
		t->place = !t->place;
		break;
	case 11:
		MUST(!(rnd(2) ? fsync(fd) : fdatasync(fd)));
		break;
	case 12:
		posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
		break;
	default:
		if (!have)
			break;
		b = rnd(have);
		MUST(pread(fd, buf, PG, (off_t)(b * PG)) == (ssize_t)PG);
		expect(w, f, b, want);
		for (size_t i = 0; i < WORDS; i++)
			if (buf[i] != want[i])
				DIE("writer %d file %d block %u word %zu is %#llx, not %#llx", w, f, b, i,
				    (unsigned long long)buf[i], (unsigned long long)want[i]);
	}
}

static void writer(int w, long long end)
{
	int fd[FILES];
	char path[64];
	long ops = 0;

	for (int f = 0; f < FILES; f++) {
		name_of(path, w, f, 0);
		fd[f] = open(path, O_CREAT | O_RDWR, 0644);
		MUST(fd[f] >= 0);
	}
	for (; now_ms() < end; ops++) {
		int f = (int)rnd(FILES);

		one_op(w, f, fd[f]);
		if (rnd(200) == 0) {		/* gone, and there again */
			name_of(path, w, f, files[w][f].place);
			MUST(!unlink(path));
			MUST(!close(fd[f]));
			cut(&files[w][f], 0);
			fd[f] = open(path, O_CREAT | O_RDWR | O_EXCL, 0644);
			MUST(fd[f] >= 0);
		}
	}
	for (int f = 0; f < FILES; f++)
		check_file(w, f, "at the end");
	printf("writer %d: %ld operations\n", w, ops);
	_exit(0);
}

static sigjmp_buf bus;

static void on_bus(int sig)
{
	(void)sig;
	siglongjmp(bus, 1);
}

/* Words that are there belong there. Files come, go, shrink and move meanwhile. */
static void reader(long long end)
{
	static uint64_t buf[16 * WORDS];

	signal(SIGBUS, on_bus);
	while (now_ms() < end) {
		int w = (int)rnd(WRITERS), f = (int)rnd(FILES), fd;
		uint64_t at = (uint64_t)rnd(BLOCKS) * WORDS;
		char path[64];
		static ssize_t n;

		name_of(path, w, f, (int)rnd(2));
		fd = open(path, O_RDONLY);
		if (fd < 0)
			continue;
		if (rnd(3) == 0) {
			volatile uint64_t *m = mmap(NULL, sizeof(buf), PROT_READ, MAP_SHARED, fd, (off_t)(at * 8));

			MUST(m != MAP_FAILED);
			n = 0;
			if (!sigsetjmp(bus, 1))
				for (; n < (ssize_t)sizeof(buf); n += 8)
					buf[n / 8] = m[n / 8];
			munmap((void *)m, sizeof(buf));
			n = 0;
		} else {
			n = pread(fd, buf, sizeof(buf), (off_t)(at * 8));
			if (n < 0)
				DIE("read");
		}
		for (ssize_t i = 0; i < n / 8; i++)
			if (buf[i] && (uint32_t)(buf[i] >> 32 & 0xff) != (uint32_t)(w * FILES + f + 1))
				DIE("%s word %llu is %#llx", path, (unsigned long long)at + i, (unsigned long long)buf[i]);
			else if (buf[i] && (buf[i] & 0xffffffff) != at + (uint64_t)i)
				DIE("%s word %llu is %#llx", path, (unsigned long long)at + i, (unsigned long long)buf[i]);
		close(fd);
	}
	_exit(0);
}

static int mix(void)
{
	long long end = now_ms() + pid1_number("seconds", 20) * 1000;
	uint64_t s = (uint64_t)pid1_number("seed", 1);
	int bad = 0, st;

	printf("mix: seed %llu\n", (unsigned long long)s);
	files = mmap(NULL, sizeof(struct file[WRITERS][FILES]), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	MUST(files != MAP_FAILED && !mkdir("/mnt/a", 0755) && !mkdir("/mnt/b", 0755));
	fflush(stdout);
	for (int i = 0; i < WRITERS + READERS; i++) {
		seed = (s * 1000 + (uint64_t)i + 1) * 0x9e3779b97f4a7c15ull;
		if (!fork()) {
			if (i < WRITERS)
				writer(i, end);
			reader(end);
		}
	}
	while (wait(&st) > 0)
		bad += st != 0;
	if (bad)
		return bad;
	drop_caches();
	for (int i = 0; i < WRITERS * FILES; i++)
		check_file(i / FILES, i % FILES, "after drop_caches");
	MUST(!umount("/mnt") && !mount("/dev/vda", "/mnt", "ext2", 0, NULL));
	for (int i = 0; i < WRITERS * FILES; i++)
		check_file(i / FILES, i % FILES, "mounted anew");
	return 0;
}

/* --- copy, stream --- */

static char *big;			/* 256 KiB */

static void make_file(const char *path, long mib)
{
	int fd = open(path, O_CREAT | O_WRONLY, 0644);

	MUST(fd >= 0);
	for (long i = 0; i < mib * 4; i++) {
		for (size_t j = 0; j < 256 * 1024; j += PG)
			*(long *)(big + j) = i;
		MUST(write(fd, big, 256 * 1024) == 256 * 1024);
	}
	MUST(!fsync(fd) && !close(fd));
}

static int cmp_ll(const void *a, const void *b)
{
	long long x = *(const long long *)a, y = *(const long long *)b;

	return x < y ? -1 : x > y;
}

static int copy(void)
{
	static long long took[100000];
	long mib = pid1_number("mib", 64), limit = pid1_number("limit", 300), n = 0;
	char path[64];
	pid_t p;
	int st;

	MUST(!mkdir("/mnt/d", 0755));
	for (int i = 0; i < 100; i++) {
		sprintf(path, "/mnt/d/file%d", i);
		close(open(path, O_CREAT | O_WRONLY, 0644));
	}
	make_file("/mnt/from", mib);
	drop_caches();
	p = fork();
	if (!p) {
		int a = open("/mnt/from", O_RDONLY), b = open("/mnt/to", O_CREAT | O_WRONLY, 0644);
		ssize_t r;

		while ((r = read(a, big, 128 * 1024)) > 0)
			MUST(write(b, big, (size_t)r) == r);
		MUST(r == 0 && !fsync(b));
		_exit(0);
	}
	while (waitpid(p, &st, WNOHANG) == 0 && n < 100000) {
		long long t = now_ms();
		pid_t l = fork();

		if (!l) {
			int nul = open("/dev/null", O_WRONLY);

			dup2(nul, 1);
			execl("/bin/busybox", "ls", "-l", "/mnt/d", NULL);
			_exit(1);
		}
		MUST(waitpid(l, &st, 0) == l && st == 0);
		took[n++] = now_ms() - t;
		/* Nothing is waited for: somebody who looks now and then, not a load of its own beside the copy. */
		usleep(20000);
	}
	MUST(n > 10);
	qsort(took, (size_t)n, sizeof(took[0]), cmp_ll);
	printf("copy: %ld times ls: median %lld ms, 99 of 100 within %lld ms, longest %lld ms\n", n, took[n / 2],
	       took[n * 99 / 100], took[n - 1]);
	MUST(took[n * 99 / 100] < limit);
	{
		int a = open("/mnt/to", O_RDONLY);

		for (long i = 0; i < mib * 4; i++) {
			MUST(read(a, big, 256 * 1024) == 256 * 1024);
			for (size_t j = 0; j < 256 * 1024; j += PG)
				MUST(*(long *)(big + j) == i);
		}
	}
	return 0;
}

static long resident(int fd, size_t pages)
{
	unsigned char *vec = malloc(pages);
	void *m = mmap(NULL, pages * PG, PROT_READ, MAP_SHARED, fd, 0);
	long n = 0;

	MUST(m != MAP_FAILED && !mincore(m, pages * PG, vec));
	for (size_t i = 0; i < pages; i++)
		n += vec[i] & 1;
	munmap(m, pages * PG);
	free(vec);
	return n;
}

/* Bytes that this process had read from disks. */
static long long disk_bytes(void)
{
	static char buf[1024];
	int fd = open("/proc/self/io", O_RDONLY);
	ssize_t n = read(fd, buf, sizeof(buf) - 1);
	char *p;

	close(fd);
	buf[n > 0 ? n : 0] = 0;
	p = strstr(buf, "read_bytes: ");
	return p ? atoll(p + 12) : 0;
}

static void use_set(int fd, long mib)
{
	for (long i = 0; i < mib * 4; i++)
		MUST(pread(fd, big, 256 * 1024, i * 256 * 1024) == 256 * 1024);
}

static int stream(void)
{
	long mib = pid1_number("mib", 256), set = pid1_number("set", 16), faults, n;
	long long from_disk = 0;
	int fd, s;

	make_file("/mnt/set", set);
	make_file("/mnt/stream", mib);
	drop_caches();
	fd = open("/mnt/set", O_RDONLY);
	s = open("/mnt/stream", O_RDONLY);
	for (int i = 0; i < 4; i++)
		use_set(fd, set);
	faults = vmstat("workingset_refault_file ");
	for (long i = 0; i < mib * 4; i++) {
		MUST(read(s, big, 256 * 1024) == 256 * 1024);
		MUST(*(long *)big == i);
		/* It is in use all the time, if seldom. */
		if (i % 128 == 127) {
			from_disk -= disk_bytes();
			use_set(fd, set);
			from_disk += disk_bytes();
		}
	}
	n = resident(fd, (size_t)set * 256);
	faults = vmstat("workingset_refault_file ") - faults;
	printf("stream: %ld of %ld pages of the working set stayed, %lld read again; refaults of all files: %ld\n", n,
	       set * 256, from_disk / (long long)PG, faults);
	MUST(n >= set * 256 * 9 / 10);
	MUST(from_disk <= set * 256 / 4 * (long long)PG);
	return 0;
}

/* --- full --- */

static int fill_up(const char *path, char c)
{
	int fd = open(path, O_CREAT | O_WRONLY, 0644);
	size_t n = 256 * 1024;
	ssize_t r;

	MUST(fd >= 0);
	memset(big, c, n);
	for (;;) {
		r = write(fd, big, n);
		if (r > 0)
			continue;
		MUST(r < 0 && errno == ENOSPC);
		if (n == 1)
			break;
		n = n > 4096 ? n / 2 : 1;
	}
	return fd;
}

static void all_is(const char *path, char c)
{
	int fd = open(path, O_RDONLY);
	ssize_t r;

	MUST(fd >= 0);
	while ((r = read(fd, big, 65536)) > 0)
		for (ssize_t i = 0; i < r; i++)
			if (big[i] != c)
				DIE("%s: %#x, not %#x", path, big[i], c);
	MUST(r == 0);
	close(fd);
}

static int full(void)
{
	struct statfs before, st;
	char path[64], target[1000], *m;
	int fd, last = 0, d, room;

	memset(target, 't', sizeof(target) - 1);
	target[sizeof(target) - 1] = 0;
	MUST(!mkdir("/mnt/d", 0755) && !mkdir("/mnt/keep", 0755));
	d = open("/mnt/d/hole", O_CREAT | O_RDWR, 0644);
	MUST(!ftruncate(d, 1 << 20));
	sync();
	MUST(!statfs("/mnt", &before));
	for (int round = 0; round < 3; round++) {
		fd = fill_up("/mnt/keep/a", 'a');
		/* What was said to be written can be made safe. */
		MUST(!fsync(fd) && !close(fd));
		room = fill_up("/mnt/keep/b", 'b');
		MUST(!fsync(room) && !close(room));
		MUST(!statfs("/mnt", &st) && st.f_bfree < 64);
		MUST(fallocate(d, 0, 0, 1 << 20) < 0 && errno == ENOSPC);
		m = mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE, MAP_SHARED, d, 0);
		MUST(m != MAP_FAILED);
		signal(SIGBUS, on_bus);
		last = 0;
		if (!sigsetjmp(bus, 1)) {
			for (size_t i = 0; i < 256; i++)
				*(volatile char *)(m + i * PG) = 1;
			last = 1;
		}
		MUST(!last);		/* memory of a file without a block ends by SIGBUS */
		MUST(!munmap(m, 1 << 20));
		for (last = 0; last < 200; last++) {
			sprintf(path, "/mnt/d/dir%d", last);
			if (mkdir(path, 0755))
				break;
		}
		MUST(errno == ENOSPC && last < 200);
		sprintf(path, "/mnt/d/link");
		MUST(symlink(target, path) < 0 && errno == ENOSPC);
		/* Overwriting, shrinking, removing need no room. */
		fd = open("/mnt/keep/a", O_RDWR);
		MUST(pwrite(fd, "a", 1, 5) == 1 && !fsync(fd) && !close(fd));
		while (last--) {
			sprintf(path, "/mnt/d/dir%d", last);
			MUST(!rmdir(path));
		}
		MUST(!unlink("/mnt/keep/b"));
		fd = open("/mnt/d/again", O_CREAT | O_RDWR | O_TRUNC, 0644);
		if (st.f_bfree > 0 || round == 0)
			(void)!write(fd, "again", 5);
		MUST(!close(fd));
		all_is("/mnt/keep/a", 'a');
		drop_caches();
		all_is("/mnt/keep/a", 'a');
		MUST(!unlink("/mnt/keep/a") && !unlink("/mnt/d/again") && !ftruncate(d, 0) && !ftruncate(d, 1 << 20));
		/* Inodes may end by a worker, behind the call that let go of them: there is nothing to await but the count. */
		for (int i = 0; i < 500; i++) {
			sync();
			MUST(!statfs("/mnt", &st));
			if (st.f_bfree + 2 >= before.f_bfree)
				break;
			usleep(10000);
		}
		if (st.f_bfree + 2 < before.f_bfree)
			DIE("%llu blocks are free, %llu were", (unsigned long long)st.f_bfree, (unsigned long long)before.f_bfree);
	}
	/* No inodes. */
	for (last = 0;; last++) {
		sprintf(path, "/mnt/d/i%d", last);
		fd = open(path, O_CREAT | O_EXCL | O_WRONLY, 0644);
		if (fd < 0)
			break;
		close(fd);
	}
	MUST(errno == ENOSPC && last > 10);
	MUST(mkdir("/mnt/d/x", 0755) < 0 && errno == ENOSPC);
	while (last--) {
		sprintf(path, "/mnt/d/i%d", last);
		MUST(!unlink(path));
	}
	sync();
	MUST(!mkdir("/mnt/d/x", 0755));
	return 0;
}

int main(void)
{
	static const struct { const char *name; int (*fn)(void); } all[] = {
		{ "mix", mix }, { "copy", copy }, { "stream", stream }, { "full", full },
	};
	const char *what;
	int bad = 1, st;

	pid1_mount("proc", "/proc", NULL);
	pid1_mount("devtmpfs", "/dev", NULL);
	mkdir("/mnt", 0755);
	pid1_console();
	pid1_modules();
	big = malloc(256 * 1024);
	what = pid1_param("what");
	if (pid1_wait_disk("/dev/vda") || mount("/dev/vda", "/mnt", "ext2", 0, NULL)) {
		printf("mount: %s\n", strerror(errno));
		what = NULL;
	}
	for (size_t i = 0; what && i < sizeof(all) / sizeof(all[0]); i++) {
		if (strcmp(what, all[i].name))
			continue;
		fflush(stdout);
		if (!fork())
			_exit(all[i].fn() != 0);
		bad = wait(&st) < 0 || st;
	}
	/* All its users were waited for. */
	if (what && umount("/mnt")) {
		printf("umount: %s\n", strerror(errno));
		bad = 1;
	}
	printf("DISKLOAD-%s\n", bad ? "BAD" : "FINE");
	fflush(stdout);
	reboot(RB_POWER_OFF);
	for (;;)
		pause();
}

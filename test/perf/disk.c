/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The disk rows of the benchmark: static musl, the same program on Linux and on Keel, on a fresh ext2 on
 * /dev/vda with /src.tar in it. As pid 1 (rdinit=/test/diskbench) it loads what /modules holds, mounts,
 * prints its rows and powers off.
 *
 *     DROW NAME OPS NS UNIT     OPS operations took NS; UNIT MB/s: OPS are bytes; ns: time of one
 *     STAT                      asks for a line of input: the harness reads the disk's counters meanwhile
 *     CLOCK NS, BENCH-DONE
 *
 * What is measured lies between two marks for tools/insns.c and two STATs; preparations lie before.
 * rows=GLOB selects rows. A row that makes files for a later one prepares them also when not wanted.
 */
#define _GNU_SOURCE
#include "bench.h"
#include "pid1.h"
#include <linux/aio_abi.h>
#include <sys/vfs.h>

#define MNT "/mnt"
#define BIG MNT "/big"
#define BIG_BYTES (128UL << 20)
#define CHUNK 65536UL
#define NFILES 10000
#define DEPTH 32

static long long t_start, t_took;
static char *buffer;		/* CHUNK * DEPTH, aligned */

static void mark_start(void)
{
	asm volatile(".byte 0x0f, 0x1f, 0x80, 0x01, 0x45, 0x45, 0x4b" ::: "memory");
}

static void mark_stop(void)
{
	asm volatile(".byte 0x0f, 0x1f, 0x80, 0x02, 0x45, 0x45, 0x4b" ::: "memory");
}

static void mark_row(void)
{
	asm volatile(".byte 0x0f, 0x1f, 0x80, 0x03, 0x45, 0x45, 0x4b" ::: "memory");
}

static void ask_stat(void)
{
	char c = 0;

	printf("STAT\n");
	fflush(stdout);
	while (c != '\n' && read(0, &c, 1) == 1)
		;
}

static void begin(void)
{
	ask_stat();
	t_start = now();
	mark_start();
}

static void end(const char *name, double ops, const char *unit)
{
	mark_stop();
	t_took = now() - t_start;
	ask_stat();
	mark_row();
	printf("DROW %s %.0f %lld %s\n", name, ops, t_took, unit);
	fflush(stdout);
}

static void sync_disk(void)
{
	int fd = MUST(open(MNT, O_RDONLY | O_DIRECTORY));

	MUST(syncfs(fd));
	close(fd);
}

static void drop_caches(void)
{
	int fd;

	sync_disk();
	fd = MUST(open("/proc/sys/vm/drop_caches", O_WRONLY));
	MUST(write(fd, "3", 1));
	close(fd);
}

static uint64_t random_next(uint64_t *s)
{
	*s ^= *s << 13;
	*s ^= *s >> 7;
	*s ^= *s << 17;
	return *s;
}

/* --- one large file --- */

static void write_big(void)
{
	int fd = MUST(open(BIG, O_CREAT | O_TRUNC | O_WRONLY, 0644));

	for (size_t i = 0; i < BIG_BYTES; i += CHUNK)
		if (write(fd, buffer, CHUNK) != (ssize_t)CHUNK)
			die("write");
	MUST(fsync(fd));
	close(fd);
}

static void read_big(void)
{
	int fd = MUST(open(BIG, O_RDONLY));

	for (size_t i = 0; i < BIG_BYTES; i += CHUNK)
		if (read(fd, buffer, CHUNK) != (ssize_t)CHUNK)
			die("read");
	close(fd);
}

static void rows_sequential(void)
{
	if (wanted("disk_write"))
		begin();
	write_big();
	if (wanted("disk_write"))
		end("disk_write", BIG_BYTES, "MB/s");
	if (wanted("disk_read")) {
		drop_caches();
		begin();
		read_big();
		end("disk_read", BIG_BYTES, "MB/s");
	}
	if (wanted("disk_reread")) {
		read_big();
		begin();
		read_big();
		end("disk_reread", BIG_BYTES, "MB/s");
	}
}

/* --- 4 KiB at random, past the cache --- */

static bool random_write;
static long random_each;

static void *random_thread(void *x)
{
	long id = (long)x;
	char *buf = buffer + id * PG;
	uint64_t seed = 88172645463325252ULL + id * 7919;
	int fd = MUST(open(BIG, (random_write ? O_WRONLY : O_RDONLY) | O_DIRECT));

	for (long i = 0; i < random_each; i++) {
		off_t at = random_next(&seed) % (BIG_BYTES / PG) * PG;
		ssize_t n = random_write ? pwrite(fd, buf, PG, at) : pread(fd, buf, PG, at);

		if (n != (ssize_t)PG)
			die("random");
	}
	close(fd);
	return NULL;
}

static void row_random(const char *name, bool wr, int depth, long ops)
{
	pthread_attr_t attr;
	pthread_t t[DEPTH];

	if (!wanted(name))
		return;
	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, 65536);
	random_write = wr;
	random_each = ops / depth;
	drop_caches();
	begin();
	if (depth == 1) {
		random_thread(NULL);
	} else {
		for (long i = 0; i < depth; i++)
			if (pthread_create(&t[i], &attr, random_thread, (void *)i))
				die("pthread_create");
		for (int i = 0; i < depth; i++)
			pthread_join(t[i], NULL);
	}
	end(name, ops, "ns");
}

/* The same by Linux AIO: one thread, 32 under way, refilled as they come back. */
static void row_aio(const char *name, bool wr, long ops)
{
	struct iocb cbs[DEPTH], *list[DEPTH];
	struct io_event ev[DEPTH];
	uint64_t seed = 88172645463325252ULL;
	aio_context_t ctx = 0;
	long sent = 0, done = 0, free_n = DEPTH;
	int fd;

	if (!wanted(name))
		return;
	if (syscall(SYS_io_setup, DEPTH, &ctx)) {
		printf("bench: io_setup: %s\n", strerror(errno));
		return;
	}
	drop_caches();
	fd = MUST(open(BIG, (wr ? O_WRONLY : O_RDONLY) | O_DIRECT));
	for (int i = 0; i < DEPTH; i++)
		list[i] = &cbs[i];
	begin();
	while (done < ops) {
		long n = free_n < ops - sent ? free_n : ops - sent;

		for (long i = 0; i < n; i++) {
			struct iocb *cb = list[i];

			memset(cb, 0, sizeof(*cb));
			cb->aio_lio_opcode = wr ? IOCB_CMD_PWRITE : IOCB_CMD_PREAD;
			cb->aio_fildes = fd;
			cb->aio_buf = (uint64_t)(buffer + (cb - cbs) * PG);
			cb->aio_nbytes = PG;
			cb->aio_offset = random_next(&seed) % (BIG_BYTES / PG) * PG;
			cb->aio_data = cb - cbs;
		}
		if (n && syscall(SYS_io_submit, ctx, n, list) != n)
			die("io_submit");
		sent += n;
		n = syscall(SYS_io_getevents, ctx, 1, DEPTH, ev, NULL);
		if (n < 1)
			die("io_getevents");
		for (long i = 0; i < n; i++) {
			if (ev[i].res != (int64_t)PG)
				die("aio");
			list[i] = &cbs[ev[i].data];
		}
		done += n;
		free_n = n;
	}
	end(name, ops, "ns");
	close(fd);
	syscall(SYS_io_destroy, ctx);
}

static void rows_random(void)
{
	row_random("disk_rread_1", false, 1, 2000);
	row_random("disk_rread_32", false, DEPTH, 8000);
	row_aio("disk_rread_aio32", false, 8000);
	row_random("disk_rwrite_1", true, 1, 2000);
	row_random("disk_rwrite_32", true, DEPTH, 8000);
	row_aio("disk_rwrite_aio32", true, 8000);
}

/* --- many small files: with what brings them to the disk --- */

static void file_name(char name[64], int i)
{
	snprintf(name, 64, MNT "/many/file-%05d", (i * 7919) % NFILES);
}

static void rows_files(void)
{
	char name[64];
	struct stat st;
	int i;

	if (!wanted("disk_create") && !wanted("disk_stat") && !wanted("disk_delete"))
		return;
	MUST(mkdir(MNT "/many", 0755));
	sync_disk();
	begin();
	for (i = 0; i < NFILES; i++) {
		file_name(name, i);
		close(MUST(open(name, O_CREAT | O_EXCL | O_WRONLY, 0644)));
	}
	sync_disk();
	end("disk_create", NFILES, "ns");
	drop_caches();
	begin();
	for (i = 0; i < NFILES; i++) {
		file_name(name, i);
		MUST(stat(name, &st));
	}
	end("disk_stat", NFILES, "ns");
	drop_caches();
	begin();
	for (i = 0; i < NFILES; i++) {
		file_name(name, i);
		MUST(unlink(name));
	}
	sync_disk();
	end("disk_delete", NFILES, "ns");
}

/* --- programs --- */

static int program(char *const argv[])
{
	char *envp[] = { "PATH=/bin:/test", NULL };
	int st = -1;
	pid_t p = MUST(fork());

	if (p == 0) {
		int fd = open("/dev/null", O_WRONLY);

		if (fd >= 0 && strcmp(argv[0], "/test/sqlbench"))
			dup2(fd, 1);
		execve(argv[0], argv, envp);
		_exit(99);
	}
	if (waitpid(p, &st, 0) != p || !WIFEXITED(st))
		die(argv[0]);
	return WEXITSTATUS(st);
}

static void read_whole(const char *path)
{
	int fd = MUST(open(path, O_RDONLY));

	while (read(fd, buffer, CHUNK) > 0)
		;
	close(fd);
}

static void rows_tree(void)
{
	char *tar[] = { "/bin/busybox", "tar", "xf", MNT "/src.tar", "-C", MNT "/src", NULL };
	char *grep[] = { "/bin/busybox", "grep", "-r", "keel_is_not_here", MNT "/src", NULL };

	if (access(tar[0], X_OK) || access(tar[3], R_OK) || (!wanted("disk_untar") && !wanted("disk_grep")))
		return;
	MUST(mkdir(MNT "/src", 0755));
	sync_disk();
	read_whole(tar[3]);
	begin();
	if (program(tar))
		die("tar");
	sync_disk();
	end("disk_untar", 1, "ns");
	drop_caches();
	begin();
	if (program(grep) != 1)
		die("grep");
	end("disk_grep", 1, "ns");
}

/* --- what must be durable --- */

static void rows_fsync(void)
{
	const int ops = 300;
	int fd;

	if (wanted("disk_fsync")) {
		fd = MUST(open(MNT "/log", O_CREAT | O_WRONLY, 0644));
		MUST(fsync(fd));
		begin();
		for (int i = 0; i < ops; i++) {
			MUST(write(fd, buffer, PG));
			MUST(fsync(fd));
		}
		end("disk_fsync", ops, "ns");
		close(fd);
	}
	if (wanted("disk_fdatasync")) {
		fd = MUST(open(MNT "/log2", O_CREAT | O_WRONLY, 0644));
		for (int i = 0; i < 16; i++)
			MUST(write(fd, buffer, PG));
		MUST(fsync(fd));
		begin();
		for (int i = 0; i < ops; i++) {
			MUST(pwrite(fd, buffer, PG, i % 16 * PG));
			MUST(fdatasync(fd));
		}
		end("disk_fdatasync", ops, "ns");
		close(fd);
	}
}

static void row_sqlite(const char *name, char *how, char *count)
{
	char *argv[] = { "/test/sqlbench", how, count, NULL };

	if (!wanted(name) || access(argv[0], X_OK))
		return;
	sync_disk();
	begin();
	if (program(argv))
		die("sqlbench");
	end(name, atoi(count), "ns");
}

static void prepare(void)
{
	const char *rows;

	mkdir(MNT, 0755);
	pid1_mount("proc", "/proc", NULL);
	pid1_mount("devtmpfs", "/dev", NULL);
	pid1_modules();
	rows = pid1_param("rows");
	if (rows)
		only = rows;
	MUST(pid1_wait_disk("/dev/vda"));
	MUST(mount("/dev/vda", MNT, "ext2", 0, NULL));
	buffer = MUST(mmap(NULL, CHUNK * DEPTH, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
	for (size_t i = 0; i < CHUNK * DEPTH; i++)
		buffer[i] = (char)(i * 31 + (i >> 12));
}

static int run(void)
{
	printf("CLOCK %lld\n", now());
	rows_sequential();
	rows_random();
	MUST(unlink(BIG));
	rows_files();
	rows_tree();
	rows_fsync();
	row_sqlite("disk_sqlite", "each", "200");
	row_sqlite("disk_sqlite_bulk", "bulk", "30000");
	MUST(umount(MNT));
	printf("CLOCK %lld\nBENCH-DONE\n", now());
	return 0;
}

int main(void)
{
	pid_t p;

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (getpid() != 1) {
		fprintf(stderr, "diskbench: for pid 1 of a machine of its own\n");
		return 2;
	}
	prepare();
	p = MUST(fork());
	if (p == 0)
		exit(run());
	while (waitpid(-1, NULL, 0) > 0 || errno == EINTR)
		;
	reboot(RB_POWER_OFF);
	for (;;)
		pause();
}

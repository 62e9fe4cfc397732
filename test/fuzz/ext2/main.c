/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The driver of ext2 on the host, over images that are damaged as seeds say.
 *
 *   ext2-fuzz -n COUNT [-s FIRST] [-o OPS] IMAGE...     damaged images, one a seed
 *   ext2-fuzz -c COUNT [-w DIR] IMAGE...                whole images under random changes; results to DIR for e2fsck
 *   ext2-fuzz -f IMAGE...                               fill an image with a rich tree
 *   ext2-fuzz -m COUNT IMAGE...                         whole images while memory, reads and writes fail
 *   ext2-fuzz -v ... -s SEED -n 1                       one, with what the kernel would log
 *
 * A child works through many seeds; the one it was at when it died, or sat for ten seconds of its own time,
 * is told, and the next child goes on behind it.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>
#include "run.h"

#define LIMIT_S 10

static struct shared {
	unsigned long long at, done, refused, errors;
	char what[1024];
} *shared;

struct image {
	unsigned char *p;
	unsigned long size;
	const char *name;
} images[16];
static int nr_images;

static void load(const char *name)
{
	struct stat st;
	int fd = open(name, O_RDONLY);

	if (fd < 0 || fstat(fd, &st) || nr_images == 16) {
		perror(name);
		exit(2);
	}
	images[nr_images].p = malloc((size_t)st.st_size);
	images[nr_images].size = (unsigned long)st.st_size;
	images[nr_images].name = name;
	if (read(fd, images[nr_images].p, (size_t)st.st_size) != st.st_size)
		exit(2);
	nr_images++;
	close(fd);
}

static void store(const char *name, const unsigned char *p, unsigned long size)
{
	int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC, 0644);

	if (fd < 0 || write(fd, p, size) != (ssize_t)size) {
		perror(name);
		exit(2);
	}
	close(fd);
}

/* A report needs no shadow bytes: the seed makes it again. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
	return "detect_leaks=0:print_legend=0:max_malloc_fill_size=0:quarantine_size_mb=16:malloc_context_size=6";
}

const char *__ubsan_default_options(void);
const char *__ubsan_default_options(void)
{
	return "print_stacktrace=1";
}

enum mode { DAMAGE, CLEAN, FILL, FAILURES };

static void one(enum mode mode, unsigned long long seed, int ops, int verbose, const char *out)
{
	static unsigned char *disk;
	static unsigned long have;
	const struct image *b = &images[seed % (unsigned)nr_images];
	struct run r = { .seed = seed, .ops = ops, .verbose = verbose, .bytes = b->size };
	char name[300];

	if (have < b->size) {
		disk = realloc(disk, b->size);
		have = b->size;
	}
	memcpy(disk, b->p, b->size);
	r.disk = disk;
	r.clean = mode != DAMAGE;
	r.fill = mode == FILL;
	snprintf(shared->what, sizeof(shared->what), "%s", b->name);
	if (mode == DAMAGE) {
		ext2_mutate(disk, b->size, seed, shared->what, sizeof(shared->what));
		/* Some of them with little memory or errors of the device on top. */
		if (seed % 16 == 5) {
			r.fail_alloc = seed / 16 % 400 + 1;
			r.fail_every = 50;
		}
		if (seed % 16 == 9)
			r.fail_read = seed / 16 % 200 + 1;
		if (seed % 16 == 11)
			r.fail_write = seed / 16 % 40 + 1;
	} else if (mode == FAILURES) {
		switch (seed % 3) {
		case 0:
			r.fail_alloc = seed / 3 + 1;
			r.fail_every = seed % 7 ? 0 : 13;
			break;
		case 1:
			r.fail_read = seed / 3 + 1;
			break;
		default:
			r.fail_write = seed / 3 + 1;
		}
	}
	if (verbose)
		printf("%s\n", shared->what);
	run_one(&r);
	shared->refused += r.mount_err != 0;
	shared->errors += r.errors != 0;
	if (mode == FILL) {
		store(b->name, disk, b->size);
	} else if (out) {
		snprintf(name, sizeof(name), "%s/%llu.img", out, seed);
		store(name, disk, b->size);
	}
}

int main(int argc, char **argv)
{
	unsigned long long first = 0, count = 0, bad = 0;
	int c, ops = 60, verbose = 0;
	enum mode mode = DAMAGE;
	const char *out = NULL;

	while ((c = getopt(argc, argv, "n:c:m:fs:o:w:v")) != -1) {
		switch (c) {
		case 'n':
			count = strtoull(optarg, NULL, 0);
			break;
		case 'c':
			mode = CLEAN;
			count = strtoull(optarg, NULL, 0);
			break;
		case 'm':
			mode = FAILURES;
			count = strtoull(optarg, NULL, 0);
			break;
		case 'f':
			mode = FILL;
			break;
		case 's':
			first = strtoull(optarg, NULL, 0);
			break;
		case 'o':
			ops = atoi(optarg);
			break;
		case 'w':
			out = optarg;
			break;
		case 'v':
			verbose = 1;
			break;
		default:
			return 2;
		}
	}
	for (; optind < argc; optind++)
		load(argv[optind]);
	if (!nr_images)
		return 2;
	if (mode == FILL)
		count = (unsigned)nr_images;
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	shared->at = first;
	while (shared->at < first + count && bad < 20) {
		int status, pid;

		fflush(NULL);
		pid = fork();
		if (pid == 0) {
			run_init();
			while (shared->at < first + count) {
				struct itimerval t = { .it_value.tv_sec = LIMIT_S };

				setitimer(ITIMER_VIRTUAL, &t, NULL);
				one(mode, shared->at, ops, verbose, out);
				shared->at++;
				shared->done++;
			}
			fflush(NULL);
			_exit(0);
		}
		if (pid < 0 || waitpid(pid, &status, 0) != pid)
			return 2;
		if (status) {
			bad++;
			printf("not ok seed %llu, %s: %s: %s\n", shared->at, images[shared->at % (unsigned)nr_images].name,
			       WIFSIGNALED(status) && WTERMSIG(status) == SIGVTALRM ? "no end" : "died", shared->what);
			shared->at++;
		}
	}
	printf("%llu images, %llu refused, %llu with errors, %llu bad\n", shared->done, shared->refused, shared->errors, bad);
	return bad != 0;
}

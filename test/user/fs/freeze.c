/* SPDX-License-Identifier: MPL-2.0 */
/* FIFREEZE and FITHAW: who writes waits at the door, what was written is on the device, errors. */
#include "ext2img.h"
#include <linux/aio_abi.h>
#include <semaphore.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>

static struct loopdev dev;
static int root;

static void frozen_fs(void)
{
	unsigned char *img = ei_make();

	ei_write(img, "img");
	free(img);
	dev = ei_mount("img", "m", 0);
	root = CHECK_OK(open("m", O_RDONLY | O_DIRECTORY));
}

static void done(void)
{
	close(root);
	CHECK_OK(umount("m"));
	loop_unbind(&dev);
}

CASE(errors)
{
	int fd;

	frozen_fs();
	CHECK_ERR(ioctl(root, FITHAW, 0), EINVAL);
	CHECK_OK(ioctl(root, FIFREEZE, 0));
	CHECK_ERR(ioctl(root, FIFREEZE, 0), EBUSY);
	CHECK_ERR(mount(NULL, "m", NULL, MS_REMOUNT | MS_RDONLY, NULL), EBUSY);
	CHECK_OK(ioctl(root, FITHAW, 0));
	CHECK_ERR(ioctl(root, FITHAW, 0), EINVAL);
	done();
	fd = CHECK_OK(open("/proc", O_RDONLY | O_DIRECTORY));
	CHECK_ERR(ioctl(fd, FIFREEZE, 0), EOPNOTSUPP);
	CHECK_ERR(ioctl(fd, FITHAW, 0), EINVAL);
	close(fd);
}

CASE(needs_privilege)
{
	int status;
	pid_t pid;

	frozen_fs();
	pid = CHECK_OK(fork());
	if (!pid) {
		if (setuid(1000))
			_exit(1);
		if (ioctl(root, FIFREEZE, 0) != -1 || errno != EPERM)
			_exit(2);
		_exit(ioctl(root, FITHAW, 0) != -1 || errno != EPERM ? 3 : 0);
	}
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	CHECK_EQ(status, 0);
	done();
}

/* --- writers that must wait --- */

struct writer {
	void (*fn)(void);
	int fd;
	char *map;
	sem_t began;
	pid_t tid;			/* once it began */
	_Atomic int ended;
};
static struct writer w;

/* Between two looks at what wakes nobody; not AWAIT, which would fail and leave it frozen. */
static void pause_a_ms(void)
{
	nanosleep(&(struct timespec){ .tv_nsec = 1000000 }, NULL);
}

static bool sleeps(pid_t tid)
{
	char path[64], buf[512], *p;

	snprintf(path, sizeof(path), "/proc/self/task/%d/stat", tid);
	p = kt_try_get(path, buf, sizeof(buf)) ? strrchr(buf, ')') : NULL;
	return p && !strncmp(p, ") D", 3);
}

/* Until all threads sleep in the kernel at three looks in a row, or w.ended. */
static void wait_stuck(const pid_t *tid, int n)
{
	for (int looks = 0; looks < 3 && !w.ended; pause_a_ms()) {
		int i = 0;

		while (i < n && sleeps(tid[i]))
			i++;
		looks = i == n ? looks + 1 : 0;
	}
}

static void do_write(void) { CHECK_EQ(pwrite(w.fd, "new", 3, 0), 3); }
static void do_append(void) { CHECK_EQ(pwrite(w.fd, "new", 3, 100000), 3); }
static void do_truncate(void) { CHECK_OK(ftruncate(w.fd, 10)); }
static void do_create(void) { close(CHECK_OK(open("m/other", O_CREAT | O_WRONLY, 0644))); }
static void do_unlink(void) { CHECK_OK(unlink("m/f")); }
static void do_rename(void) { CHECK_OK(rename("m/f", "m/g")); }
static void do_chmod(void) { CHECK_OK(fchmod(w.fd, 0600)); }
static void do_store(void) { w.map[5000] = 'n'; }
static void do_open_trunc(void) { close(CHECK_OK(open("m/f", O_WRONLY | O_TRUNC))); }

static void *writer_main(void *arg)
{
	w.tid = (pid_t)syscall(SYS_gettid);
	sem_post(&w.began);
	w.fn();
	w.ended = 1;
	return NULL;
}

static void blocks(void (*fn)(void))
{
	pthread_t t;
	int early;

	w.fn = fn;
	w.ended = 0;
	CHECK_OK(sem_init(&w.began, 0, 0));
	CHECK_OK(ioctl(root, FIFREEZE, 0));
	CHECK_EQ(pthread_create(&t, NULL, writer_main, NULL), 0);
	CHECK_OK(sem_wait(&w.began));
	wait_stuck(&w.tid, 1);
	early = w.ended;
	CHECK_OK(ioctl(root, FITHAW, 0));	/* first of all: nobody could kill who waits there */
	CHECK_EQ(early, 0);
	CHECK_EQ(pthread_join(t, NULL), 0);
	CHECK_EQ(w.ended, 1);
}

static void make_file(void)
{
	char b[8192];

	memset(b, 'o', sizeof(b));
	w.fd = CHECK_OK(open("m/f", O_RDWR | O_CREAT | O_TRUNC, 0644));
	CHECK_EQ(write(w.fd, b, sizeof(b)), sizeof(b));
	w.map = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_SHARED, w.fd, 0);
	CHECK(w.map != MAP_FAILED);
}

static void drop_file(void)
{
	munmap(w.map, 8192);
	close(w.fd);
}

#define BLOCKS(name) CASE(blocks_##name) { frozen_fs(); make_file(); blocks(do_##name); drop_file(); done(); }
BLOCKS(write)
BLOCKS(append)
BLOCKS(truncate)
BLOCKS(create)
BLOCKS(unlink)
BLOCKS(rename)
BLOCKS(chmod)
BLOCKS(open_trunc)

/* A page that is not there, and one that was written to before and went out with the freeze. */
CASE(blocks_store)
{
	frozen_fs();
	make_file();
	blocks(do_store);
	CHECK_EQ(w.map[5000], 'n');
	w.map[5000] = 'x';
	blocks(do_store);
	CHECK_EQ(w.map[5000], 'n');
	drop_file();
	done();
}

/* Reading, looking, opening and fsync of what is clean do not wait. */
CASE(readers_go_on)
{
	struct stat st;
	char b[16];
	int fd;

	frozen_fs();
	make_file();
	CHECK_OK(ioctl(root, FIFREEZE, 0));
	CHECK_EQ(pread(w.fd, b, 16, 4000), 16);
	CHECK_EQ(b[0], 'o');
	CHECK_EQ(w.map[100], 'o');
	CHECK_OK(stat("m/f", &st));
	CHECK_EQ(st.st_size, 8192);
	fd = CHECK_OK(open("m/f", O_RDWR));
	close(fd);
	CHECK_OK(fsync(w.fd));
	CHECK_OK(ioctl(root, FITHAW, 0));
	drop_file();
	done();
}

/* What was written before is on the device: a copy of it made while frozen has it, and is in order. */
CASE(device_is_whole)
{
	static char a[EI_BLOCKS * 1024];
	struct loopdev l;
	char b[8192];
	int fd, img;

	frozen_fs();
	make_file();
	CHECK_OK(ioctl(root, FIFREEZE, 0));
	img = CHECK_OK(open("img", O_RDONLY));
	CHECK_EQ(read(img, a, sizeof(a)), sizeof(a));
	close(img);
	CHECK_OK(ioctl(root, FITHAW, 0));
	ei_write((unsigned char *)a, "copy");
	l = ei_mount("copy", "c", MS_RDONLY);
	fd = CHECK_OK(open("c/f", O_RDONLY));
	CHECK_EQ(read(fd, b, sizeof(b)), sizeof(b));
	for (unsigned i = 0; i < sizeof(b); i++)
		CHECK_EQ(b[i], 'o');
	close(fd);
	CHECK_OK(umount("c"));
	loop_unbind(&l);
	drop_file();
	done();
}

/* Writes that io_submit() began and nobody waits for are over, too: all of them are on the device. */
CASE(aio_in_flight)
{
	enum { N = 64, SIZE = 8192 };
	static char a[EI_BLOCKS * 1024];
	struct io_event ev[N];
	struct timespec ts = { .tv_sec = 20 };
	struct iocb cb[N], *list[N];
	aio_context_t ctx = 0;
	int fd, img, found = 0;
	char *b;

	SKIP_IF_ENOSYS(syscall(SYS_io_setup, N, &ctx));
	frozen_fs();
	b = mmap(NULL, N * SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	CHECK(b != MAP_FAILED);
	memset(b, 'o', N * SIZE);
	fd = CHECK_OK(open("m/f", O_RDWR | O_CREAT | O_DIRECT, 0644));
	CHECK_EQ(write(fd, b, N * SIZE), N * SIZE);
	CHECK_OK(fsync(fd));
	for (int i = 0; i < N; i++) {
		memcpy(b + i * SIZE, "IN-FLIGHT", 9);
		cb[i] = (struct iocb){ .aio_lio_opcode = IOCB_CMD_PWRITE, .aio_fildes = (unsigned)fd,
				       .aio_buf = (uint64_t)(b + i * SIZE), .aio_nbytes = SIZE, .aio_offset = i * SIZE };
		list[i] = &cb[i];
	}
	CHECK_EQ(syscall(SYS_io_submit, ctx, N, list), N);
	CHECK_OK(ioctl(root, FIFREEZE, 0));
	img = CHECK_OK(open("img", O_RDONLY));
	CHECK_EQ(read(img, a, sizeof(a)), sizeof(a));
	close(img);
	CHECK_OK(ioctl(root, FITHAW, 0));
	for (size_t i = 0; i < sizeof(a); i += 1024)
		found += !memcmp(a + i, "IN-FLIGHT", 9);
	CHECK_EQ(found, N);
	CHECK_EQ(syscall(SYS_io_getevents, ctx, N, N, ev, &ts), N);
	for (int i = 0; i < N; i++)
		CHECK_EQ(ev[i].res, SIZE);
	CHECK_OK(syscall(SYS_io_destroy, ctx));
	munmap(b, N * SIZE);
	close(fd);
	done();
}

/* Who takes events from the mapped ring alone does not keep the file open for ever. */
CASE(aio_ring_then_umount)
{
	struct iocb cb, *list[1] = { &cb };
	volatile unsigned *ring;
	aio_context_t ctx = 0;
	int fd, efd;
	uint64_t count;
	char *b;

	SKIP_IF_ENOSYS(syscall(SYS_io_setup, 1, &ctx));
	frozen_fs();
	b = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	CHECK(b != MAP_FAILED);
	fd = CHECK_OK(open("m/f", O_RDWR | O_CREAT | O_DIRECT, 0644));
	CHECK_EQ(write(fd, b, 8192), 8192);
	efd = CHECK_OK(eventfd(0, 0));
	cb = (struct iocb){ .aio_lio_opcode = IOCB_CMD_PREAD, .aio_fildes = (unsigned)fd, .aio_buf = (uint64_t)b,
			    .aio_nbytes = 8192, .aio_flags = IOCB_FLAG_RESFD, .aio_resfd = (unsigned)efd };
	CHECK_EQ(syscall(SYS_io_submit, ctx, 1, list), 1);
	close(fd);
	ring = (volatile unsigned *)ctx;
	CHECK_EQ(read(efd, &count, sizeof(count)), sizeof(count));
	CHECK(ring[3] != ring[2]);
	close(efd);
	close(root);
	/* The request lets go of the file after its event, and nothing tells when: so it is asked for again. */
	AWAIT(umount("m") == 0);
	loop_unbind(&dev);
	CHECK_OK(syscall(SYS_io_destroy, ctx));
	munmap(b, 8192);
}

static _Atomic int stop;
static _Atomic long rounds;
static pid_t busy_tid[4];
static sem_t busy;

static void *busy_writer(void *arg)
{
	char name[32], b[1000];
	int n = (int)(long)arg;

	busy_tid[n] = (pid_t)syscall(SYS_gettid);
	sem_post(&busy);
	memset(b, 'a' + n, sizeof(b));
	snprintf(name, sizeof(name), "m/busy%d", n);
	while (!stop) {
		int fd = open(name, O_RDWR | O_CREAT, 0644);

		if (fd < 0 || write(fd, b, sizeof(b)) != (ssize_t)sizeof(b) || unlink(name))
			_exit(9);
		close(fd);
		rounds++;
	}
	return NULL;
}

/* Nothing moves between freeze and thaw, however many were at it. */
CASE(under_load)
{
	pthread_t t[4];

	frozen_fs();
	stop = w.ended = 0;
	CHECK_OK(sem_init(&busy, 0, 0));
	for (long i = 0; i < 4; i++)
		CHECK_EQ(pthread_create(&t[i], NULL, busy_writer, (void *)i), 0);
	for (int i = 0; i < 4; i++)
		CHECK_OK(sem_wait(&busy));
	for (int i = 0; i < 12; i++) {
		long before = rounds, after;

		while (rounds < before + 4)
			pause_a_ms();
		CHECK_OK(ioctl(root, FIFREEZE, 0));
		before = rounds;
		wait_stuck(busy_tid, 4);
		after = rounds;
		CHECK_OK(ioctl(root, FITHAW, 0));
		CHECK_LE(after - before, 4);	/* a close and a count */
	}
	stop = 1;
	for (int i = 0; i < 4; i++)
		CHECK_EQ(pthread_join(t[i], NULL), 0);
	done();
}

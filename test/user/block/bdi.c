/* SPDX-License-Identifier: MPL-2.0 */
/*
 * /sys/class/bdi: read-ahead and the shares of dirty memory of a disk, what is refused, and that the window
 * set is the window read.
 */
#include "loopdev.h"

static char dir[96];

static struct loopdev disk(void)
{
	struct loopdev l;

	loop_file("f", 8192);
	l = loop_bind("f", O_RDWR, 0, 0, 0);
	snprintf(dir, sizeof(dir), "/sys/class/bdi/7:%d", l.index);
	return l;
}

static long number(const char *file)
{
	char path[160], buf[64];

	snprintf(path, sizeof(path), "%s/%s", dir, file);
	kt_get(path, buf, sizeof(buf));
	return strtol(buf, NULL, 10);
}

static int store(const char *file, const char *text)
{
	char path[160];
	int fd, r;

	snprintf(path, sizeof(path), "%s/%s", dir, file);
	fd = CHECK_OK(open(path, O_WRONLY));
	r = write(fd, text, strlen(text)) < 0 ? -errno : 0;
	close(fd);
	return r;
}

CASE(files)
{
	struct loopdev l = disk();
	char path[64], to[128], back[256];
	ssize_t n;

	CHECK_EQ(number("min_ratio"), 0);
	CHECK_EQ(number("max_ratio"), 100);
	CHECK_EQ(store("max_ratio", "50\n"), 0);
	CHECK_EQ(number("max_ratio"), 50);
	CHECK_EQ(store("min_ratio", "51\n"), -EINVAL);
	CHECK_EQ(store("min_ratio", "20\n"), 0);
	CHECK_EQ(number("min_ratio"), 20);
	CHECK_EQ(store("max_ratio", "19"), -EINVAL);
	CHECK_EQ(store("max_ratio", "101"), -EINVAL);
	CHECK_EQ(store("max_ratio", "x"), -EINVAL);
	CHECK_EQ(store("max_ratio", "100"), 0);
	CHECK_EQ(store("min_ratio", "100"), -EINVAL);
	CHECK_EQ(store("min_ratio", "0"), 0);
	/* One number under two names. */
	CHECK_EQ(store("read_ahead_kb", "1024\n"), 0);
	CHECK_STR(loop_sysfs(&l, "queue/read_ahead_kb"), "1024");
	CHECK_STR(loop_sysfs(&l, "bdi/read_ahead_kb"), "1024");
	CHECK_EQ(store("read_ahead_kb", "1m"), -EINVAL);
	CHECK_EQ(store("read_ahead_kb", ""), 0);
	snprintf(path, sizeof(path), "/sys/block/loop%d/queue/read_ahead_kb", l.index);
	kt_put(path, "64\n");
	CHECK_EQ(number("read_ahead_kb"), 64);
	CHECK_OK(ioctl(l.fd, BLKRASET, 256));
	CHECK_EQ(number("read_ahead_kb"), 128);
	snprintf(path, sizeof(path), "/sys/block/loop%d/bdi", l.index);
	n = CHECK_OK(readlink(path, to, sizeof(to) - 1));
	to[n] = 0;
	snprintf(back, sizeof(back), "bdi/7:%d", l.index);
	CHECK(strstr(to, back) != NULL);
	loop_unbind(&l);
}

/* One small read at its begin, through a descriptor of its own, that took the window of now with it. */
static int read_one(const char *path)
{
	int fd = CHECK_OK(open(path, O_RDONLY));
	char b[512];

	CHECK_OK(ioctl(fd, BLKFLSBUF, 0));
	CHECK_EQ(read(fd, b, sizeof(b)), (long)sizeof(b));
	return fd;
}

/* Pages of the device that are cached. */
static size_t cached(int fd)
{
	unsigned char vec[1024];
	size_t n = 0;
	void *m;

	m = mmap(NULL, 1024 * PG, PROT_READ, MAP_SHARED, fd, 0);
	CHECK(m != MAP_FAILED);
	CHECK_OK(mincore(m, 1024 * PG, vec));
	for (size_t i = 0; i < 1024; i++)
		n += vec[i] & 1;
	CHECK_OK(munmap(m, 1024 * PG));
	return n;
}
CASE(window)
{
	struct loopdev l = disk();
	size_t none;
	int fd;

	CHECK_EQ(store("read_ahead_kb", "0"), 0);
	fd = read_one(l.path);
	usleep(200000);		/* what must not come would come in this time */
	none = cached(fd);
	CHECK_LE(none, 2);
	close(fd);
	CHECK_EQ(store("read_ahead_kb", "2048"), 0);
	fd = read_one(l.path);
	AWAIT(cached(fd) > none);
	close(fd);
	CHECK_EQ(store("read_ahead_kb", "128"), 0);
	loop_unbind(&l);
}

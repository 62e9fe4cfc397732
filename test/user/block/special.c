/* SPDX-License-Identifier: MPL-2.0 */
/* Block special files: the ioctls that ask, exclusive opens, O_DIRECT, mmap, fsync, /proc and /sys. */
#include <linux/falloc.h>

#include "loopdev.h"

CASE(queries)
{
	unsigned long long seq, seq2;
	struct loopdev l;
	unsigned u;
	unsigned short us;
	long ra;
	int n;

	loop_file("img", 64);
	l = loop_bind("img", O_RDWR, 0, 0, 0);
	CHECK_OK(ioctl(l.fd, BLKSSZGET, &n));
	CHECK_EQ(n, 512);
	CHECK_OK(ioctl(l.fd, BLKPBSZGET, &u));
	CHECK_EQ(u, 512);
	CHECK_OK(ioctl(l.fd, BLKIOMIN, &u));
	CHECK_EQ(u, 512);
	CHECK_OK(ioctl(l.fd, BLKIOOPT, &u));
	CHECK_EQ(u, 0);
	CHECK_OK(ioctl(l.fd, BLKALIGNOFF, &n));
	CHECK_EQ(n, 0);
	CHECK_OK(ioctl(l.fd, BLKDISCARDZEROES, &u));
	CHECK_EQ(u, 0);
	CHECK_OK(ioctl(l.fd, BLKROTATIONAL, &us));
	CHECK_LE(us, 1);
	CHECK_OK(ioctl(l.fd, BLKRAGET, &ra));
	CHECK_EQ(ra, 256);
	CHECK_OK(ioctl(l.fd, BLKRASET, 512L));
	CHECK_OK(ioctl(l.fd, BLKRAGET, &ra));
	CHECK_EQ(ra, 512);
	CHECK_STR(loop_sysfs(&l, "queue/read_ahead_kb"), "256");
	CHECK_OK(ioctl(l.fd, BLKRASET, 256L));
	CHECK_OK(ioctl(l.fd, BLKGETDISKSEQ, &seq));
	CHECK_EQ(strtoull(loop_sysfs(&l, "diskseq"), NULL, 10), seq);
	CHECK_ERR(ioctl(l.fd, BLKSSZGET, (void *)8), EFAULT);
	CHECK_EQ(ioctl(l.fd, 0x12ee, 0), -1);
	CHECK(errno == ENOTTY || errno == EINVAL);	/* the driver has a say */
	loop_unbind(&l);
	l = loop_bind("img", O_RDWR, 0, 0, 0);
	CHECK_OK(ioctl(l.fd, BLKGETDISKSEQ, &seq2));
	CHECK_GT(seq2, seq);
	loop_unbind(&l);
}

CASE(read_only_switch)
{
	char buf[512] = { 0 };
	struct loopdev l;
	int on = 1, n;
	pid_t p;

	loop_file("img", 64);
	l = loop_bind("img", O_RDWR, 0, 0, 0);
	CHECK_OK(ioctl(l.fd, BLKROSET, &on));
	CHECK_OK(ioctl(l.fd, BLKROGET, &n));
	CHECK_EQ(n, 1);
	CHECK_ERR(write(l.fd, buf, 512), EPERM);
	on = 0;
	CHECK_OK(ioctl(l.fd, BLKROSET, &on));
	CHECK_EQ(write(l.fd, buf, 512), 512);
	CHILD(p) {
		kt_become(1000, 1000);
		CHECK_ERR(ioctl(l.fd, BLKROSET, &on), EACCES);
		CHECK_ERR(ioctl(l.fd, BLKFLSBUF, 0), EACCES);
		CHECK_ERR(ioctl(l.fd, BLKRRPART, 0), EACCES);
		CHECK_ERR(ioctl(l.fd, BLKRASET, 1L), EACCES);
	}
	WAIT_EXIT(p, 0);
	loop_unbind(&l);
}

CASE(block_size)
{
	struct loopdev l;
	int n = 1024;

	loop_file("img", 64);
	l = loop_bind("img", O_RDWR, 0, 0, 0);
	CHECK_OK(ioctl(l.fd, BLKBSZSET, &n));
	n = 0;
	CHECK_OK(ioctl(l.fd, BLKBSZGET, &n));
	CHECK_EQ(n, 1024);
	n = 1000;
	CHECK_ERR(ioctl(l.fd, BLKBSZSET, &n), EINVAL);
	n = 256;
	CHECK_ERR(ioctl(l.fd, BLKBSZSET, &n), EINVAL);
	n = 8192;
	CHECK_ERR(ioctl(l.fd, BLKBSZSET, &n), EINVAL);
	loop_unbind(&l);
}

CASE(exclusive)
{
	struct loopdev l;
	int fd, fd2;

	loop_file("img", 64);
	l = loop_bind("img", O_RDWR, 0, 0, 0);
	fd = CHECK_OK(open(l.path, O_RDWR | O_EXCL));
	CHECK_ERR(open(l.path, O_RDONLY | O_EXCL), EBUSY);
	fd2 = CHECK_OK(open(l.path, O_RDONLY));
	close(fd2);
	close(fd);
	fd = CHECK_OK(open(l.path, O_RDONLY | O_EXCL));
	close(fd);
	loop_unbind(&l);
}

CASE(direct)
{
	unsigned char *a, *b;
	struct loopdev l;
	int fd;

	loop_file("img", 256);
	l = loop_bind("img", O_RDWR, 0, 0, 0);
	fd = CHECK_OK(open(l.path, O_RDWR | O_DIRECT));
	a = kt_map(4, PROT_READ | PROT_WRITE);
	b = kt_map(4, PROT_READ | PROT_WRITE);
	CHECK_EQ(pread(fd, a, 8192, 4096), 8192);
	CHECK_EQ(a[0], 8 * 3);
	CHECK_EQ(a[512], 9 * 3);
	/* What is in the cache dirty is seen, and what is written directly drops it. */
	memset(b, 0x11, 4096);
	CHECK_EQ(pwrite(l.fd, b, 4096, 4096), 4096);
	CHECK_EQ(pread(fd, a, 4096, 4096), 4096);
	CHECK_MEM(a, b, 4096);
	memset(b, 0x22, 8192);
	CHECK_EQ(pwrite(fd, b, 1024, 4096 + 512), 1024);
	CHECK_EQ(pread(l.fd, a, 4096, 4096), 4096);
	CHECK_EQ(a[511], 0x11);
	CHECK_EQ(a[512], 0x22);
	CHECK_EQ(a[1535], 0x22);
	CHECK_EQ(a[1536], 0x11);
	CHECK_ERR(pread(fd, a, 100, 0), EINVAL);
	CHECK_ERR(pread(fd, a, 512, 100), EINVAL);
	CHECK_ERR(pwrite(fd, a + 1, 512, 0), EINVAL);
	CHECK_EQ(pread(fd, a, 4096, 256 * 512), 0);
	CHECK_EQ(pread(fd, a, 4096, 255 * 512), 512);
	CHECK_EQ(a[0], (unsigned char)(255 * 3));
	close(fd);
	loop_unbind(&l);
}

CASE(mapped)
{
	struct loopdev l;
	unsigned char *p, b[16];

	loop_file("img", 256);
	l = loop_bind("img", O_RDWR, 0, 0, 0);
	p = mmap(NULL, 65536, PROT_READ | PROT_WRITE, MAP_SHARED, l.fd, 0);
	CHECK(p != MAP_FAILED);
	CHECK_EQ(p[8 * 512], 8 * 3);
	memset(p + 10000, 0x77, 16);
	CHECK_EQ(pread(l.fd, b, 16, 10000), 16);
	CHECK_MEM(b, p + 10000, 16);
	CHECK_OK(msync(p, 65536, MS_SYNC));
	munmap(p, 65536);
	loop_unbind(&l);
	CHECK_EQ(pread(CHECK_OK(open("img", O_RDONLY)), b, 16, 10000), 16);
	CHECK_EQ(b[15], 0x77);
}

CASE(fallocate_ranges)
{
	unsigned char b[512];
	struct loopdev l;

	loop_file("img", 256);
	l = loop_bind("img", O_RDWR, 0, 0, 0);
	CHECK_OK(fallocate(l.fd, FALLOC_FL_ZERO_RANGE | FALLOC_FL_KEEP_SIZE, 4096, 8192));
	CHECK_EQ(pread(l.fd, b, 512, 4096), 512);
	CHECK_EQ(b[0] | b[511], 0);
	CHECK_OK(fallocate(l.fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 16384, 4096));
	CHECK_EQ(pread(l.fd, b, 512, 16384), 512);
	CHECK_EQ(b[0] | b[511], 0);
	CHECK_EQ(pread(l.fd, b, 512, 20480), 512);
	CHECK_EQ(b[0], (unsigned char)(40 * 3));
	CHECK_ERR(fallocate(l.fd, 0, 0, 4096), EOPNOTSUPP);
	CHECK_ERR(fallocate(l.fd, FALLOC_FL_ZERO_RANGE, 100, 512), EINVAL);
	CHECK_ERR(fallocate(l.fd, FALLOC_FL_ZERO_RANGE, 256 * 512, 512), EINVAL);
	loop_unbind(&l);
}

/* Fields of the device's line in /proc/diskstats, from the reads on. */
static void diskstats(const struct loopdev *l, unsigned long long v[17])
{
	static char buf[65536];
	char name[32], *line;

	kt_get("/proc/diskstats", buf, sizeof(buf));
	snprintf(name, sizeof(name), " loop%d ", l->index);
	line = strstr(buf, name);
	CHECK(line);
	line += strlen(name);
	for (int i = 0; i < 17; i++)
		v[i] = strtoull(line, &line, 10);
	CHECK_EQ(*line, '\n');
}

CASE(counters)
{
	unsigned long long a[17], b[17], s[17];
	char *buf = kt_map(64, PROT_READ | PROT_WRITE), *text;
	struct loopdev l;
	int fd;

	loop_file("img", 1024);
	l = loop_bind("img", O_RDWR, 0, 0, 0);
	fd = CHECK_OK(open(l.path, O_RDWR | O_DIRECT));
	diskstats(&l, a);
	CHECK_EQ(pread(fd, buf, 65536, 0), 65536);
	CHECK_EQ(pwrite(fd, buf, 32768, 65536), 32768);
	CHECK_OK(fsync(fd));
	diskstats(&l, b);
	CHECK_GE(b[0] - a[0], 1);
	CHECK_EQ(b[2] - a[2], 128);
	CHECK_GE(b[4] - a[4], 1);
	CHECK_EQ(b[6] - a[6], 64);
	CHECK_EQ(b[8], 0);
	CHECK_GE(b[15] - a[15], 1);
	text = (char *)loop_sysfs(&l, "stat");
	for (int i = 0; i < 17; i++)
		s[i] = strtoull(text, &text, 10);
	for (int i = 0; i < 8; i++)
		CHECK_EQ(s[i], b[i]);
	close(fd);
	loop_unbind(&l);
}

CASE(partitions_in_proc)
{
	static char buf[65536];
	char want[64];
	struct loopdev l;

	loop_file("img", 1024);
	l = loop_bind("img", O_RDWR, 0, 0, 0);
	kt_get("/proc/partitions", buf, sizeof(buf));
	CHECK(!strncmp(buf, "major minor  #blocks  name\n\n", 28));
	snprintf(want, sizeof(want), "%4d  %7d %10d loop%d\n", 7, l.index, 512, l.index);
	CHECK(strstr(buf, want));
	loop_unbind(&l);
	kt_get("/proc/partitions", buf, sizeof(buf));
	CHECK(!strstr(buf, want));
}

CASE(sysfs_links)
{
	char path[128], link[256], name[32];
	struct loopdev l;
	struct stat st;
	ssize_t n;

	loop_file("img", 64);
	l = loop_bind("img", O_RDWR, 0, 0, 0);
	CHECK_OK(fstat(l.fd, &st));
	CHECK(S_ISBLK(st.st_mode));
	snprintf(name, sizeof(name), "loop%d", l.index);
	snprintf(path, sizeof(path), "/sys/dev/block/%u:%u", major(st.st_rdev), minor(st.st_rdev));
	n = CHECK_OK(readlink(path, link, sizeof(link) - 1));
	link[n] = '\0';
	snprintf(path, sizeof(path), "../../devices/virtual/block/%s", name);
	CHECK_STR(link, path);
	snprintf(path, sizeof(path), "/sys/class/block/%s", name);
	CHECK_OK(readlink(path, link, sizeof(link)));
	snprintf(path, sizeof(path), "%u:%u", major(st.st_rdev), minor(st.st_rdev));
	CHECK_STR(loop_sysfs(&l, "dev"), path);
	CHECK_STR(loop_sysfs(&l, "removable"), "0");
	CHECK_STR(loop_sysfs(&l, "range"), "1");
	kt_get("/proc/devices", link, 1);
	loop_unbind(&l);
}

CASE(no_such_device)
{
	CHECK_OK(mknod("dev", S_IFBLK | 0600, makedev(200, 77)));
	CHECK_ERR(open("dev", O_RDONLY), ENXIO);
}

CASE(many_writers)
{
	struct loopdev l;
	unsigned char *b = kt_map(16, PROT_READ | PROT_WRITE);
	pid_t p[4];

	loop_file("img", 4096);
	l = loop_bind("img", O_RDWR, 0, 0, 0);
	for (int w = 0; w < 4; w++) {
		CHILD(p[w]) {
			for (int i = 0; i < 256; i++) {
				memset(b, w * 50 + i % 50, 512);
				CHECK_EQ(pwrite(l.fd, b, 512, (i * 4 + w) * 1024), 512);
			}
			CHECK_OK(fsync(l.fd));
		}
	}
	for (int w = 0; w < 4; w++)
		WAIT_EXIT(p[w], 0);
	CHECK_OK(ioctl(l.fd, BLKFLSBUF, 0));
	for (int i = 0; i < 1024; i++) {
		CHECK_EQ(pread(l.fd, b, 1024, i * 1024), 1024);
		CHECK_EQ(b[0], i % 4 * 50 + i / 4 % 50);
		CHECK_EQ(b[511], b[0]);
		CHECK_EQ(b[512], (unsigned char)((i * 2 + 1) * 3));
	}
	loop_unbind(&l);
}

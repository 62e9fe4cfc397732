/* SPDX-License-Identifier: MPL-2.0 */
/* Partitions of loop devices: from an MBR, one by one by BLKPG, re-read, and what is in use stays. */
#include <linux/blkpg.h>
#include <linux/hdreg.h>

#include "loopdev.h"

static void put32(unsigned char *p, unsigned v)
{
	for (int i = 0; i < 4; i++)
		p[i] = (unsigned char)(v >> 8 * i);
}

static void mbr(const char *path, unsigned s1, unsigned n1, unsigned s2, unsigned n2)
{
	unsigned char b[512] = { 0 };
	int fd = CHECK_OK(open(path, O_RDWR));

	put32(b + 440, 0xcafe1234);
	b[446 + 4] = b[462 + 4] = 0x83;
	put32(b + 446 + 8, s1);
	put32(b + 446 + 12, n1);
	put32(b + 462 + 8, s2);
	put32(b + 462 + 12, n2);
	b[510] = 0x55;
	b[511] = 0xaa;
	CHECK_EQ(pwrite(fd, b, 512, 0), 512);
	close(fd);
}

static void part_path(const struct loopdev *l, int n, char *buf, size_t size)
{
	snprintf(buf, size, "/dev/loop%dp%d", l->index, n);
}

CASE(from_the_table)
{
	unsigned long long bytes;
	unsigned char b[512];
	char path[40], text[64];
	struct loopdev l;
	int fd;

	loop_file("img", 256);
	mbr("img", 16, 100, 128, 64);
	l = loop_bind("img", O_RDWR, LO_FLAGS_PARTSCAN, 0, 0);
	part_path(&l, 1, path, sizeof(path));
	fd = CHECK_OK(open(path, O_RDWR));
	CHECK_OK(ioctl(fd, BLKGETSIZE64, &bytes));
	CHECK_EQ(bytes, 100 * 512);
	CHECK_EQ(pread(fd, b, 512, 0), 512);
	CHECK_EQ(b[0], 16 * 3);
	CHECK_EQ(pread(fd, b, 512, 100 * 512), 0);
	close(fd);
	snprintf(text, sizeof(text), "loop%dp2/start", l.index);
	CHECK_STR(loop_sysfs(&l, text), "128");
	snprintf(text, sizeof(text), "loop%dp2/size", l.index);
	CHECK_STR(loop_sysfs(&l, text), "64");
	snprintf(text, sizeof(text), "loop%dp2/partition", l.index);
	CHECK_STR(loop_sysfs(&l, text), "2");
	/* Written through the partition, read through the disk's cache of the same sector after both were synced. */
	part_path(&l, 2, path, sizeof(path));
	fd = CHECK_OK(open(path, O_RDWR));
	memset(b, 7, sizeof(b));
	CHECK_EQ(pwrite(fd, b, 512, 512), 512);
	CHECK_OK(fsync(fd));
	CHECK_OK(ioctl(l.fd, BLKFLSBUF, 0));
	memset(b, 0, sizeof(b));
	CHECK_EQ(pread(l.fd, b, 512, 129 * 512), 512);
	CHECK_EQ(b[0], 7);
	/* In use: the table is not read anew. */
	CHECK_ERR(ioctl(l.fd, BLKRRPART, 0), EBUSY);
	close(fd);
	mbr("img", 20, 50, 0, 0);
	CHECK_OK(ioctl(l.fd, BLKFLSBUF, 0));
	CHECK_OK(ioctl(l.fd, BLKRRPART, 0));
	CHECK_ERR(open(path, O_RDWR), ENOENT);
	part_path(&l, 1, path, sizeof(path));
	fd = CHECK_OK(open(path, O_RDONLY));
	CHECK_OK(ioctl(fd, BLKGETSIZE64, &bytes));
	CHECK_EQ(bytes, 50 * 512);
	CHECK_ERR(ioctl(fd, BLKRRPART, 0), EINVAL);
	close(fd);
	loop_unbind(&l);
	CHECK_ERR(open(path, O_RDONLY), ENOENT);
}

static int blkpg(int fd, int op, int pno, long long start, long long length)
{
	struct blkpg_partition p = { .start = start, .length = length, .pno = pno };
	struct blkpg_ioctl_arg a = { .op = op, .datalen = sizeof(p), .data = &p };

	return ioctl(fd, BLKPG, &a);
}

CASE(one_by_one)
{
	unsigned long long bytes;
	char path[40];
	struct loopdev l;
	int fd;

	loop_file("img", 256);
	l = loop_bind("img", O_RDWR, LO_FLAGS_PARTSCAN, 0, 0);
	CHECK_OK(blkpg(l.fd, BLKPG_ADD_PARTITION, 3, 16 * 512, 32 * 512));
	CHECK_ERR(blkpg(l.fd, BLKPG_ADD_PARTITION, 3, 100 * 512, 512), EBUSY);
	CHECK_ERR(blkpg(l.fd, BLKPG_ADD_PARTITION, 4, 40 * 512, 32 * 512), EBUSY);
	CHECK_ERR(blkpg(l.fd, BLKPG_ADD_PARTITION, 0, 100 * 512, 512), EINVAL);
	CHECK_ERR(blkpg(l.fd, 77, 5, 255 * 512, 1024), EINVAL);
	part_path(&l, 3, path, sizeof(path));
	fd = CHECK_OK(open(path, O_RDONLY));
	CHECK_ERR(blkpg(l.fd, BLKPG_DEL_PARTITION, 3, 0, 0), EBUSY);
	CHECK_OK(blkpg(l.fd, BLKPG_RESIZE_PARTITION, 3, 16 * 512, 64 * 512));
	CHECK_ERR(blkpg(l.fd, BLKPG_RESIZE_PARTITION, 3, 17 * 512, 64 * 512), EINVAL);
	CHECK_OK(ioctl(fd, BLKGETSIZE64, &bytes));
	CHECK_EQ(bytes, 64 * 512);
	close(fd);
	CHECK_OK(blkpg(l.fd, BLKPG_DEL_PARTITION, 3, 0, 0));
	CHECK_ERR(blkpg(l.fd, BLKPG_DEL_PARTITION, 3, 0, 0), ENXIO);
	CHECK_ERR(open(path, O_RDONLY), ENOENT);
	loop_unbind(&l);
}

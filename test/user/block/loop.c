/* SPDX-License-Identifier: MPL-2.0 */
/* Loop devices: binding, what is read and written through them, status, limits, errors. */
#include "ext2img.h"

CASE(reads_and_writes_the_file)
{
	unsigned char a[1024], b[1024];
	struct loopdev l;
	int fd;

	loop_file("img", 64);
	l = loop_bind("img", O_RDWR, 0, 0, 0);
	fd = CHECK_OK(open("img", O_RDWR));
	CHECK_EQ(pread(l.fd, a, 1024, 10 * 512), 1024);
	CHECK_EQ(pread(fd, b, 1024, 10 * 512), 1024);
	CHECK_MEM(a, b, 1024);
	memset(a, 0x5a, sizeof(a));
	CHECK_EQ(pwrite(l.fd, a, 700, 1000), 700);
	CHECK_OK(fsync(l.fd));
	CHECK_EQ(pread(fd, b, 700, 1000), 700);
	CHECK_MEM(a, b, 700);
	/* What lies beside the 700 bytes is as before. */
	CHECK_EQ(pread(fd, b, 1, 999), 1);
	CHECK_EQ(b[0], (unsigned char)(1 * 3 + 999 % 512));
	CHECK_EQ(pread(fd, b, 1, 1700), 1);
	CHECK_EQ(b[0], (unsigned char)(3 * 3 + 1700 % 512));
	close(fd);
	loop_unbind(&l);
}

CASE(size_and_end)
{
	unsigned long long bytes;
	unsigned long sectors;
	char buf[512] = { 0 };
	struct loopdev l;

	loop_file("img", 65);
	l = loop_bind("img", O_RDWR, 0, 0, 0);
	CHECK_OK(ioctl(l.fd, BLKGETSIZE64, &bytes));
	CHECK_EQ(bytes, 65 * 512);
	CHECK_OK(ioctl(l.fd, BLKGETSIZE, &sectors));
	CHECK_EQ(sectors, 65);
	CHECK_EQ(lseek(l.fd, 0, SEEK_END), 65 * 512);
	CHECK_EQ(lseek(l.fd, -512, SEEK_END), 64 * 512);
	CHECK_EQ(read(l.fd, buf, 512), 512);
	CHECK_EQ((unsigned char)buf[0], 64 * 3);
	CHECK_EQ(read(l.fd, buf, 512), 0);
	CHECK_EQ(pread(l.fd, buf, 512, 65 * 512 - 100), 100);
	CHECK_ERR(pwrite(l.fd, buf, 512, 65 * 512), ENOSPC);
	CHECK_EQ(pwrite(l.fd, buf, 512, 65 * 512 - 100), 100);
	CHECK_STR(loop_sysfs(&l, "size"), "65");
	loop_unbind(&l);
}

CASE(offset_and_limit)
{
	unsigned long long bytes;
	unsigned char b[512];
	struct loop_info64 info;
	struct loopdev l;

	loop_file("img", 64);
	l = loop_bind("img", O_RDWR, 0, 8 * 512, 16 * 512);
	CHECK_OK(ioctl(l.fd, BLKGETSIZE64, &bytes));
	CHECK_EQ(bytes, 16 * 512);
	CHECK_EQ(pread(l.fd, b, 512, 0), 512);
	CHECK_EQ(b[0], 8 * 3);
	CHECK_STR(loop_sysfs(&l, "loop/offset"), "4096");
	CHECK_STR(loop_sysfs(&l, "loop/sizelimit"), "8192");
	CHECK_OK(ioctl(l.fd, LOOP_GET_STATUS64, &info));
	CHECK_EQ(info.lo_offset, 8 * 512);
	CHECK_EQ(info.lo_sizelimit, 16 * 512);
	CHECK_EQ(info.lo_number, l.index);
	info.lo_offset = 16 * 512;
	info.lo_sizelimit = 0;
	snprintf((char *)info.lo_file_name, LO_NAME_SIZE, "a name");
	CHECK_OK(ioctl(l.fd, LOOP_SET_STATUS64, &info));
	CHECK_OK(ioctl(l.fd, BLKGETSIZE64, &bytes));
	CHECK_EQ(bytes, 48 * 512);
	CHECK_EQ(pread(l.fd, b, 512, 0), 512);
	CHECK_EQ(b[0], 16 * 3);
	memset(&info, 0, sizeof(info));
	CHECK_OK(ioctl(l.fd, LOOP_GET_STATUS64, &info));
	CHECK_STR((char *)info.lo_file_name, "a name");
	info.lo_offset = 1ull << 63;
	CHECK_ERR(ioctl(l.fd, LOOP_SET_STATUS64, &info), EOVERFLOW);
	info.lo_offset = 0;
	info.lo_encrypt_type = 18;
	CHECK_ERR(ioctl(l.fd, LOOP_SET_STATUS64, &info), EINVAL);
	loop_unbind(&l);
}

CASE(the_file_grows)
{
	unsigned long long bytes;
	struct loopdev l;

	loop_file("img", 8);
	l = loop_bind("img", O_RDWR, 0, 0, 0);
	CHECK_OK(truncate("img", 1 << 20));
	CHECK_OK(ioctl(l.fd, BLKGETSIZE64, &bytes));
	CHECK_EQ(bytes, 8 * 512);
	CHECK_OK(ioctl(l.fd, LOOP_SET_CAPACITY, 0));
	CHECK_OK(ioctl(l.fd, BLKGETSIZE64, &bytes));
	CHECK_EQ(bytes, 1 << 20);
	loop_unbind(&l);
}

CASE(read_only)
{
	char buf[512] = { 0 };
	struct loopdev l;
	int ro, fd;

	loop_file("img", 8);
	l = loop_bind("img", O_RDWR, LO_FLAGS_READ_ONLY, 0, 0);
	CHECK_OK(ioctl(l.fd, BLKROGET, &ro));
	CHECK_EQ(ro, 1);
	CHECK_STR(loop_sysfs(&l, "ro"), "1");
	CHECK_ERR(pwrite(l.fd, buf, 512, 0), EPERM);
	CHECK_EQ(pread(l.fd, buf, 512, 512), 512);
	loop_unbind(&l);

	/* A file that is not open for writing does not become so. */
	l = loop_bind("img", O_RDONLY, 0, 0, 0);
	fd = CHECK_OK(open(l.path, O_RDWR));
	CHECK_ERR(pwrite(fd, buf, 512, 0), EPERM);
	close(fd);
	loop_unbind(&l);
}

CASE(unbound)
{
	unsigned long long bytes = 1;
	struct loop_info64 info = { 0 };
	struct loopdev l;
	char c;

	loop_file("img", 8);
	l = loop_bind("img", O_RDWR, 0, 0, 0);
	CHECK_OK(ioctl(l.fd, LOOP_CLR_FD));
	CHECK_ERR(ioctl(l.fd, LOOP_CLR_FD), ENXIO);
	CHECK_ERR(ioctl(l.fd, LOOP_GET_STATUS64, &info), ENXIO);
	CHECK_ERR(ioctl(l.fd, LOOP_SET_STATUS64, &info), ENXIO);
	CHECK_ERR(ioctl(l.fd, LOOP_SET_CAPACITY, 0), ENXIO);
	CHECK_OK(ioctl(l.fd, BLKGETSIZE64, &bytes));
	CHECK_EQ(bytes, 0);
	CHECK_EQ(read(l.fd, &c, 1), 0);
	CHECK_ERR(write(l.fd, &c, 1), ENOSPC);
	close(l.fd);
}

CASE(binding_errors)
{
	struct loop_config c = { 0 };
	struct loopdev l;
	int pipes[2], fd, ctl = loop_control(), free;

	loop_file("img", 8);
	l = loop_bind("img", O_RDWR, 0, 0, 0);
	fd = CHECK_OK(open("img", O_RDWR));
	CHECK_ERR(ioctl(l.fd, LOOP_SET_FD, fd), EBUSY);
	c.fd = (unsigned)fd;
	CHECK_ERR(ioctl(l.fd, LOOP_CONFIGURE, &c), EBUSY);
	loop_unbind(&l);

	free = CHECK_OK(ioctl(ctl, LOOP_CTL_GET_FREE));
	snprintf(l.path, sizeof(l.path), "/dev/loop%d", free);
	l.fd = CHECK_OK(open(l.path, O_RDWR));
	CHECK_OK(pipe(pipes));
	CHECK_ERR(ioctl(l.fd, LOOP_SET_FD, 999), EBADF);
	CHECK_ERR(ioctl(l.fd, LOOP_SET_FD, pipes[0]), EINVAL);
	CHECK_ERR(ioctl(l.fd, LOOP_SET_FD, l.fd), EBADF);
	c.block_size = 1000;
	CHECK_ERR(ioctl(l.fd, LOOP_CONFIGURE, &c), EINVAL);
	c.block_size = 0;
	c.info.lo_flags = 0x40;
	CHECK_ERR(ioctl(l.fd, LOOP_CONFIGURE, &c), EINVAL);
	CHECK_ERR(ioctl(l.fd, LOOP_CONFIGURE, (void *)8), EFAULT);
	close(l.fd);
	close(fd);
	close(ctl);
}

CASE(autoclear)
{
	struct loop_info64 info;
	struct loopdev l;
	int fd;

	loop_file("img", 8);
	l = loop_bind("img", O_RDWR, LO_FLAGS_AUTOCLEAR, 0, 0);
	CHECK_OK(ioctl(l.fd, LOOP_GET_STATUS64, &info));
	CHECK_EQ(info.lo_flags & LO_FLAGS_AUTOCLEAR, LO_FLAGS_AUTOCLEAR);
	CHECK_STR(loop_sysfs(&l, "loop/autoclear"), "1");
	fd = CHECK_OK(open(l.path, O_RDWR));
	close(l.fd);
	CHECK_OK(ioctl(fd, LOOP_GET_STATUS64, &info));
	close(fd);
	l.fd = CHECK_OK(open(l.path, O_RDWR));
	CHECK_ERR(ioctl(l.fd, LOOP_GET_STATUS64, &info), ENXIO);
	close(l.fd);
}

CASE(clear_while_open)
{
	struct loop_info64 info;
	struct loopdev l;
	int fd;

	loop_file("img", 8);
	l = loop_bind("img", O_RDWR, 0, 0, 0);
	fd = CHECK_OK(open(l.path, O_RDWR));
	CHECK_OK(ioctl(l.fd, LOOP_CLR_FD));
	CHECK_OK(ioctl(l.fd, LOOP_GET_STATUS64, &info));
	CHECK_EQ(info.lo_flags & LO_FLAGS_AUTOCLEAR, LO_FLAGS_AUTOCLEAR);
	close(fd);
	close(l.fd);
	l.fd = CHECK_OK(open(l.path, O_RDWR));
	CHECK_ERR(ioctl(l.fd, LOOP_GET_STATUS64, &info), ENXIO);
	close(l.fd);
}

CASE(block_size)
{
	struct loopdev l;
	int n;

	loop_file("img", 64);
	l = loop_bind("img", O_RDWR, 0, 0, 0);
	CHECK_OK(ioctl(l.fd, BLKSSZGET, &n));
	CHECK_EQ(n, 512);
	CHECK_ERR(ioctl(l.fd, LOOP_SET_BLOCK_SIZE, 1000), EINVAL);
	CHECK_ERR(ioctl(l.fd, LOOP_SET_BLOCK_SIZE, 256), EINVAL);
	CHECK_ERR(ioctl(l.fd, LOOP_SET_BLOCK_SIZE, 8192), EINVAL);
	CHECK_OK(ioctl(l.fd, LOOP_SET_BLOCK_SIZE, 4096));
	CHECK_OK(ioctl(l.fd, BLKSSZGET, &n));
	CHECK_EQ(n, 4096);
	CHECK_STR(loop_sysfs(&l, "queue/logical_block_size"), "4096");
	loop_unbind(&l);
}

CASE(control)
{
	int ctl = loop_control(), n, fd;
	char path[32];

	n = 0;
	for (int i = 100; i < 200 && !n; i++) {
		int r = ioctl(ctl, LOOP_CTL_ADD, i);

		if (r == i)
			n = i;
		else
			CHECK_EQ(errno, EEXIST);
	}
	CHECK_GT(n, 0);
	CHECK_ERR(ioctl(ctl, LOOP_CTL_ADD, n), EEXIST);
	snprintf(path, sizeof(path), "/dev/loop%d", n);
	fd = CHECK_OK(open(path, O_RDONLY));
	CHECK_ERR(ioctl(ctl, LOOP_CTL_REMOVE, n), EBUSY);
	close(fd);
	CHECK_EQ(ioctl(ctl, LOOP_CTL_REMOVE, n), 0);
	CHECK_ERR(ioctl(ctl, LOOP_CTL_REMOVE, n), ENODEV);
	CHECK_ERR(open(path, O_RDONLY), ENOENT);
	CHECK_ERR(ioctl(ctl, LOOP_CTL_REMOVE, -1), EINVAL);
	close(ctl);
}

/* Discarded bytes read as zeros and the file has a hole there. */
CASE(discard_and_zeroout)
{
	unsigned long long range[2] = { 16384, 65536 };
	unsigned char b[512];
	struct stat before, after;
	struct loopdev l;

	loop_file("img", 512);
	sync();			/* blocks that are only promised are counted in another way */
	CHECK_OK(stat("img", &before));
	l = loop_bind("img", O_RDWR, 0, 0, 0);
	CHECK_OK(ioctl(l.fd, BLKDISCARD, range));
	CHECK_EQ(pread(l.fd, b, 512, 16384), 512);
	CHECK_EQ(b[100], 0);
	CHECK_EQ(pread(l.fd, b, 512, 16384 - 512), 512);
	CHECK_EQ(b[0], (unsigned char)(31 * 3));
	CHECK_OK(stat("img", &after));
	CHECK_EQ(before.st_blocks - after.st_blocks, 65536 / 512);
	range[0] = 200 * 512;
	range[1] = 1024;
	CHECK_OK(ioctl(l.fd, BLKZEROOUT, range));
	CHECK_EQ(pread(l.fd, b, 512, 201 * 512), 512);
	CHECK_EQ(b[0] | b[511], 0);
	range[0] = 512 * 512;
	CHECK_ERR(ioctl(l.fd, BLKDISCARD, range), EINVAL);
	range[0] = 100;
	CHECK_ERR(ioctl(l.fd, BLKDISCARD, range), EINVAL);
	CHECK_ERR(ioctl(l.fd, BLKZEROOUT, range), EINVAL);
	loop_unbind(&l);
	l = loop_bind("img", O_RDONLY, 0, 0, 0);
	range[0] = 0;
	CHECK_ERR(ioctl(l.fd, BLKDISCARD, range), EBADF);
	CHECK_ERR(ioctl(l.fd, BLKZEROOUT, range), EBADF);
	loop_unbind(&l);
}

CASE(backing_file_in_sysfs)
{
	struct loopdev l;
	char *cwd = getcwd(NULL, 0), want[PATH_MAX];

	loop_file("a file", 8);
	l = loop_bind("a file", O_RDWR, 0, 0, 0);
	snprintf(want, sizeof(want), "%s/a file", cwd);
	CHECK_STR(loop_sysfs(&l, "loop/backing_file"), want);
	CHECK_OK(unlink("a file"));
	strcat(want, " (deleted)");
	CHECK_STR(loop_sysfs(&l, "loop/backing_file"), want);
	loop_unbind(&l);
}

static int resident(const char *path, size_t pages)
{
	unsigned char v[64];
	int fd = CHECK_OK(open(path, O_RDONLY)), n = 0;
	void *p = mmap(NULL, pages * 4096, PROT_READ, MAP_SHARED, fd, 0);

	CHECK(p != MAP_FAILED);
	CHECK_OK(mincore(p, pages * 4096, v));
	for (size_t i = 0; i < pages; i++)
		n += v[i] & 1;
	munmap(p, pages * 4096);
	close(fd);
	return n;
}

static void forget_cache(const char *path)
{
	int fd = CHECK_OK(open(path, O_RDONLY));

	CHECK_OK(fsync(fd));
	CHECK_OK(posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED));
	close(fd);
}

/* Past the cache of a file on a disk: the bytes are those of the file, and none of its pages are in memory. */
CASE(direct_io)
{
	static unsigned char a[64 * 512], b[64 * 512];
	unsigned char *img = ei_make();
	struct loop_info64 info;
	struct loopdev outer, l;
	int fd;

	ei_write(img, "img");
	free(img);
	outer = ei_mount("img", "m", 0);
	loop_file("m/inner", 128);
	forget_cache("m/inner");
	l = loop_bind("m/inner", O_RDWR, LO_FLAGS_DIRECT_IO, 0, 0);
	CHECK_STR(loop_sysfs(&l, "loop/dio"), "1");
	CHECK_OK(ioctl(l.fd, LOOP_GET_STATUS64, &info));
	CHECK_EQ(info.lo_flags & LO_FLAGS_DIRECT_IO, LO_FLAGS_DIRECT_IO);
	CHECK_EQ(pread(l.fd, a, sizeof(a), 32 * 512), sizeof(a));
	for (unsigned i = 0; i < sizeof(a); i++)
		CHECK_EQ(a[i], (unsigned char)((32 + i / 512) * 3 + i % 512));
	for (unsigned i = 0; i < sizeof(a); i++)
		a[i] = (unsigned char)(i * 11 + i / 300);
	CHECK_EQ(pwrite(l.fd, a, sizeof(a), 16 * 512), sizeof(a));
	CHECK_OK(fsync(l.fd));
	CHECK_EQ(resident("m/inner", 16), 0);
	fd = CHECK_OK(open("m/inner", O_RDWR));
	CHECK_EQ(pread(fd, b, sizeof(b), 16 * 512), sizeof(b));
	CHECK(!memcmp(a, b, sizeof(a)));
	/* What is dirty in the cache of the file is seen through the device. */
	memset(b, 'c', 4096);
	CHECK_EQ(pwrite(fd, b, 4096, 60 * 512), 4096);
	CHECK_OK(ioctl(l.fd, BLKFLSBUF, 0));
	CHECK_EQ(pread(l.fd, a, 4096, 60 * 512), 4096);
	CHECK(!memcmp(a, b, 4096));
	close(fd);
	/* Off: now its pages are read into the cache. On again, also with a hole below. */
	CHECK_OK(ioctl(l.fd, LOOP_SET_DIRECT_IO, 0));
	CHECK_STR(loop_sysfs(&l, "loop/dio"), "0");
	forget_cache("m/inner");
	CHECK_OK(ioctl(l.fd, BLKFLSBUF, 0));
	CHECK_EQ(pread(l.fd, a, 4096, 0), 4096);
	CHECK_GT(resident("m/inner", 16), 0);
	CHECK_OK(ioctl(l.fd, LOOP_SET_DIRECT_IO, 1));
	CHECK_STR(loop_sysfs(&l, "loop/dio"), "1");
	loop_unbind(&l);
	fd = CHECK_OK(open("m/hole", O_RDWR | O_CREAT, 0644));
	CHECK_OK(ftruncate(fd, 65536));
	l = loop_bind("m/hole", O_RDWR, LO_FLAGS_DIRECT_IO, 0, 0);
	CHECK_EQ(pread(l.fd, a, 4096, 8192), 4096);
	CHECK_EQ(a[0] | a[4095], 0);
	memset(b, 'h', 4096);
	CHECK_EQ(pwrite(l.fd, b, 4096, 8192), 4096);
	CHECK_OK(fsync(l.fd));
	CHECK_EQ(pread(fd, a, 4096, 8192), 4096);
	CHECK(!memcmp(a, b, 4096));
	close(fd);
	loop_unbind(&l);
	/* The offset is no multiple of the blocks below: a wish in the configuration, an error of the call. */
	l = loop_bind("m/inner", O_RDWR, LO_FLAGS_DIRECT_IO, 100, 0);
	CHECK_STR(loop_sysfs(&l, "loop/dio"), "0");
	CHECK_ERR(ioctl(l.fd, LOOP_SET_DIRECT_IO, 1), EINVAL);
	CHECK_OK(ioctl(l.fd, LOOP_SET_DIRECT_IO, 0));
	loop_unbind(&l);
	CHECK_OK(umount("m"));
	loop_unbind(&outer);
}

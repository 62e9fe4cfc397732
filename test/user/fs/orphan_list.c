/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The list of orphans on an ext2 that another driver left: a file without a name is freed and a file that was being
 * cut is cut, when the file system is mounted or becomes writable. A list that is damaged is dropped.
 */
#include "ext2img.h"

#define GONE 12u		/* no name: blocks 22 and 23, behind the index block 24 block 25 */
#define CUT 13u			/* "cut", 1000 bytes: blocks 26 to 28 */

static void inode_fill(unsigned char *img, unsigned ino, unsigned links, unsigned size, unsigned blocks, unsigned next)
{
	unsigned char *p = ei_inode(img, ino);

	ei_take(img, 0, ino);
	ei_put16(p, 0100644);
	ei_put32(p + 4, size);
	ei_put32(p + 20, next);
	ei_put16(p + 26, links);
	ei_put32(p + 28, blocks * 2);
}

/* The list: GONE, CUT and, if that is not 0, `last`. */
static void make_image(const char *path, unsigned last)
{
	unsigned char *img = ei_make(), *p, *d = img + 21 * 1024;

	ei_put32(img + 1024 + 232, GONE);
	inode_fill(img, GONE, 0, 13 * 1024, 4, CUT);
	p = ei_inode(img, GONE);
	for (unsigned b = 22; b <= 28; b++) {
		ei_take(img, b, 0);
		memset(img + b * 1024, 'x', 1024);
	}
	ei_put32(p + 40, 22);
	ei_put32(p + 44, 23);
	ei_put32(p + 40 + 12 * 4, 24);
	memset(img + 24 * 1024, 0, 1024);
	ei_put32(img + 24 * 1024, 25);
	inode_fill(img, CUT, 1, 1000, 3, last);
	p = ei_inode(img, CUT);
	for (unsigned i = 0; i < 3; i++)
		ei_put32(p + 40 + i * 4, 26 + i);
	ei_put16(d + 12 + 4, 12);
	ei_put32(d + 24, CUT);
	ei_put16(d + 28, 1000);
	memcpy(d + 30, "\3\1cut", 5);
	ei_write(img, path);
	free(img);
}

/* The file that stays has its bytes and nothing behind them. */
static void cut_is_right(void)
{
	char b[3000], zero[2000] = { 0 };
	int fd = CHECK_OK(open("m/cut", O_RDWR));
	struct stat st;

	CHECK_OK(fstat(fd, &st));
	CHECK_EQ(st.st_ino, CUT);
	CHECK_EQ(st.st_size, 1000);
	CHECK_EQ(st.st_blocks, 2);
	CHECK_EQ(read(fd, b, sizeof(b)), 1000);
	for (int i = 0; i < 1000; i++)
		CHECK_EQ(b[i], 'x');
	CHECK_OK(ftruncate(fd, 3000));
	CHECK_EQ(pread(fd, b, 2000, 1000), 2000);
	CHECK_MEM(b, zero, 2000);
	CHECK_OK(ftruncate(fd, 1000));
	close(fd);
}

/* What the image says after the unmount. */
static void image_is_right(void)
{
	static unsigned char img[64 * 1024];
	int fd = CHECK_OK(open("img", O_RDONLY));

	CHECK_EQ(read(fd, img, sizeof(img)), sizeof(img));
	close(fd);
	CHECK_EQ(ei_get32(img + 1024 + 232), 0);
	CHECK_EQ(ei_get32(img + 1024 + 12), EI_BLOCKS - EI_FIRST - 1);
	CHECK_EQ(ei_get32(img + 1024 + 16), EI_INODES - 11);
	CHECK_EQ(ei_get16(ei_inode(img, GONE) + 26), 0);
	CHECK_NE(ei_get32(ei_inode(img, GONE) + 20), 0);
	CHECK_EQ(ei_get32(ei_inode(img, CUT) + 20), 0);
	CHECK_EQ(img[4 * 1024 + 1] & 0x1c, 0x10);	/* inode 11 was never there, 12 went, 13 stays */
	for (unsigned b = 22; b <= 28; b++)
		CHECK_EQ(img[3 * 1024 + (b - 1) / 8] >> (b - 1) % 8 & 1, b == 26);
}

CASE(mounted)
{
	struct loopdev l;

	make_image("img", 0);
	l = ei_mount("img", "m", 0);
	cut_is_right();
	CHECK_OK(umount("m"));
	loop_unbind(&l);
	image_is_right();
}

/* Mounted for reading first. */
CASE(made_writable)
{
	struct loopdev l;

	make_image("img", 0);
	l = ei_mount("img", "m", MS_RDONLY);
	CHECK_OK(mount(NULL, "m", NULL, MS_REMOUNT, NULL));
	cut_is_right();
	CHECK_OK(umount("m"));
	loop_unbind(&l);
	image_is_right();
}

/* An inode that cannot be: what the list names before it may be settled; all can be used, and the list is gone. */
CASE(damaged)
{
	static unsigned char super[2048];
	struct loopdev l;
	int fd;

	make_image("img", EI_INODES + 50);
	l = ei_mount("img", "m", 0);
	kt_put("m/new", "text");
	CHECK_OK(umount("m"));
	loop_unbind(&l);
	fd = CHECK_OK(open("img", O_RDONLY));
	CHECK_EQ(read(fd, super, sizeof(super)), sizeof(super));
	close(fd);
	CHECK_EQ(ei_get32(super + 1024 + 232), 0);
}

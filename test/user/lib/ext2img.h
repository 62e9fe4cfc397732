/* SPDX-License-Identifier: MPL-2.0 */
/* A small ext2 made by hand: one group of 4096 blocks of 1 KiB, 128 inodes, an empty root directory. */
#ifndef KTEST_EXT2IMG_H
#define KTEST_EXT2IMG_H

#include "loopdev.h"

#define EI_BLOCKS	4096u
#define EI_INODES	128u
#define EI_FIRST	22u		/* first free block: super, group, two bitmaps, 16 of inodes, root */

static inline void ei_put16(unsigned char *p, unsigned v) { p[0] = (unsigned char)v; p[1] = (unsigned char)(v >> 8); }
static inline void ei_put32(unsigned char *p, unsigned v) { ei_put16(p, v); ei_put16(p + 2, v >> 16); }
static inline unsigned ei_get16(const unsigned char *p) { return p[0] | (unsigned)p[1] << 8; }
static inline unsigned ei_get32(const unsigned char *p) { return ei_get16(p) | ei_get16(p + 2) << 16; }

static inline unsigned char *ei_inode(unsigned char *img, unsigned ino) { return img + 5 * 1024 + (ino - 1) * 128; }
static inline void ei_use(unsigned char *img, unsigned map_block, unsigned bit)
{
	img[map_block * 1024 + bit / 8] |= (unsigned char)(1u << bit % 8);
}

/* Take a block or an inode. */
static inline void ei_take(unsigned char *img, unsigned block, unsigned ino)
{
	unsigned char *sb = img + 1024, *gd = img + 2048;

	if (block) {
		ei_use(img, 3, block - 1);
		ei_put32(sb + 12, ei_get32(sb + 12) - 1);
		ei_put16(gd + 12, ei_get16(gd + 12) - 1);
	}
	if (ino) {
		ei_use(img, 4, ino - 1);
		ei_put32(sb + 16, ei_get32(sb + 16) - 1);
		ei_put16(gd + 14, ei_get16(gd + 14) - 1);
	}
}

/* The image in memory; for changes before ei_write(). */
static inline unsigned char *ei_make(void)
{
	unsigned char *img = calloc(EI_BLOCKS, 1024), *sb = img + 1024, *gd = img + 2048, *root = ei_inode(img, 2), *d;

	ei_put32(sb, EI_INODES);
	ei_put32(sb + 4, EI_BLOCKS);
	ei_put32(sb + 12, EI_BLOCKS - 1);
	ei_put32(sb + 16, EI_INODES);
	ei_put32(sb + 20, 1);			/* first data block */
	ei_put32(sb + 32, 8192);		/* a group's blocks, fragments, inodes */
	ei_put32(sb + 36, 8192);
	ei_put32(sb + 40, EI_INODES);
	ei_put16(sb + 54, 0xffff);
	ei_put16(sb + 56, 0xef53);
	ei_put16(sb + 58, 1);
	ei_put16(sb + 60, 1);
	ei_put32(sb + 76, 1);			/* revision, first inode, inode size */
	ei_put32(sb + 84, 11);
	ei_put16(sb + 88, 128);
	ei_put32(sb + 96, 2);			/* file types */
	memcpy(sb + 104, "keel-test-image!", 16);
	ei_put32(gd, 3);
	ei_put32(gd + 4, 4);
	ei_put32(gd + 8, 5);
	ei_put16(gd + 12, EI_BLOCKS - 1);
	ei_put16(gd + 14, EI_INODES);
	ei_put16(gd + 16, 1);
	for (unsigned b = 1; b < EI_FIRST; b++)
		ei_take(img, b, 0);
	for (unsigned b = EI_BLOCKS - 1; b < 8192; b++)
		ei_use(img, 3, b);
	for (unsigned i = 1; i < 11; i++)
		ei_take(img, 0, i);
	for (unsigned i = EI_INODES; i < 8192; i++)
		ei_use(img, 4, i);
	ei_put16(root, 040755);
	ei_put32(root + 4, 1024);
	ei_put16(root + 26, 2);
	ei_put32(root + 28, 2);
	ei_put32(root + 40, 21);
	d = img + 21 * 1024;
	ei_put32(d, 2);
	ei_put16(d + 4, 12);
	memcpy(d + 6, "\1\2.", 3);
	ei_put32(d + 12, 2);
	ei_put16(d + 16, 1012);
	memcpy(d + 18, "\2\2..", 4);
	return img;
}

static inline void ei_write(const unsigned char *img, const char *path)
{
	int fd = CHECK_OK(open(path, O_RDWR | O_CREAT | O_TRUNC, 0644));

	CHECK_EQ(write(fd, img, EI_BLOCKS * 1024), EI_BLOCKS * 1024);
	close(fd);
}

/* Mounted at `at`, which is made. Skips where there is no ext2. */
static inline struct loopdev ei_mount(const char *path, const char *at, unsigned long flags)
{
	struct loopdev l = loop_bind(path, O_RDWR, 0, 0, 0);

	CHECK(!mkdir(at, 0755) || errno == EEXIST);
	if (mount(l.path, at, "ext2", flags, NULL)) {
		int e = errno;

		loop_unbind(&l);
		if (e == ENODEV)
			SKIP("no ext2");
		FAIL("mount: %s", strerror(e));
	}
	return l;
}

#endif

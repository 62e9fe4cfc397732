/* SPDX-License-Identifier: MPL-2.0 */
/* Between main.c, which knows only the C library, and the rest, which knows only the kernel's headers. */
#ifndef RUN_H
#define RUN_H

struct run {
	unsigned char *disk;		/* the image; changed */
	unsigned long long bytes;
	unsigned long long seed;
	int ops;			/* changes to try after the walk */
	int clean;			/* the image is whole: nothing may be refused */
	int fill;			/* make a rich tree instead of random changes */
	unsigned long long fail_alloc, fail_every;	/* the n-th allocation fails, then each so-many-th */
	unsigned long long fail_read, fail_write;	/* the n-th read, write of the device fails */
	int verbose;
	/* out */
	int mount_err;
	unsigned long errors;		/* calls that said EUCLEAN or EIO */
};

void run_init(void);
void run_one(struct run *r);

/* mutate.c: damage an image in a way that the seed says; what was done as text. */
void ext2_mutate(unsigned char *img, unsigned long size, unsigned long long seed, char *what, unsigned long n);

#endif

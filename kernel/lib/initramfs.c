/* SPDX-License-Identifier: MPL-2.0 */
/*
 * A whole initramfs image, as Linux takes it: any number of cpio archives one behind the other, each
 * plain or compressed with gzip, zeros between them. Unpacked straight from the boot loader's memory.
 */
#include <base/alloc.h>
#include <base/cpio.h>
#include <base/errno.h>
#include <base/inflate.h>
#include <base/math.h>
#include <base/string.h>

struct unpacked {
	struct cpio *c;
	int err;		/* from cpio, so that gzip's own errors can be told apart */
};

static int feed_unpacked(void *ctx, const void *p, size_t n)
{
	struct unpacked *u = ctx;

	u->err = cpio_feed(u->c, p, n);
	return u->err;
}

static const char *gzip_error(int err)
{
	switch (err) {
	case -ENODATA:
		return "gzip data ends too early: the image is cut short";
	case -ENOMEM:
		return "out of memory";
	}
	return "gzip data is damaged";
}

/* A plain archive: up to the end of the image, or to a gzip member behind its trailer. */
static int feed_plain(struct cpio *c, const u8 *p, size_t len, size_t *used)
{
	size_t done = 0;
	int err = 0;

	/* Headers and names in steps of the padding, so that the trailer is noticed; file data in one. */
	while (done < len && !err) {
		size_t left = cpio_data_left(c), n = min(len - done, left ? left : 4 - (done & 3));

		if (done && cpio_between(c) && is_gzip(p + done, len - done))
			break;
		err = cpio_feed(c, p + done, n);
		done += n;
	}
	*used = done;
	return err;
}

static const char *unknown_format(const u8 *p, size_t len)
{
	static const struct {
		const char *magic;
		u8 len;
		const char *text;
	} known[] = {
		{ "BZh", 3, "image is compressed with bzip2: only gzip and plain cpio are known" },
		{ "\xfd" "7zXZ", 5, "image is compressed with xz: only gzip and plain cpio are known" },
		{ "\x28\xb5\x2f\xfd", 4, "image is compressed with zstd: only gzip and plain cpio are known" },
		{ "\x02\x21\x4c\x18", 4, "image is compressed with lz4: only gzip and plain cpio are known" },
		{ "\x5d\x00\x00", 3, "image is compressed with lzma: only gzip and plain cpio are known" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(known); i++)
		if (len >= known[i].len && memcmp(p, known[i].magic, known[i].len) == 0)
			return known[i].text;
	return "image is neither a cpio archive nor gzip";
}

int initramfs_unpack(const void *image, size_t len, const struct cpio_ops *ops, void *ctx,
		     struct initramfs_result *res)
{
	const u8 *p = image;
	size_t off = 0, used = 0;
	struct cpio *c = kvmalloc(sizeof(*c), GFP_KERNEL);
	struct unpacked u = { .c = c };
	int err = 0;

	*res = (struct initramfs_result){ 0 };
	if (!c) {
		res->error = "out of memory";
		return -ENOMEM;
	}
	cpio_init(c, ops, ctx);
	while (off < len && !err) {
		if (!p[off]) {
			off++;
			continue;
		}
		res->offset = off;
		if (is_gzip(p + off, len - off)) {
			err = gunzip(p + off, len - off, &used, feed_unpacked, &u);
			if (err && !u.err)
				res->error = gzip_error(err);
		} else if (p[off] == '0') {
			err = feed_plain(c, p + off, len - off, &used);
		} else {
			res->error = unknown_format(p + off, len - off);
			err = -EINVAL;
		}
		off += used;
	}
	res->entries = c->entries;
	if (!err)
		err = cpio_finish(c);
	else
		cpio_fini(c);
	if (err && !res->error)
		res->error = c->error ? c->error : "an entry could not be made";
	kvfree(c);
	return err;
}

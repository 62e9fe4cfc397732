/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Devices by what people call them: root=/dev/vda1, 254:1, PARTUUID=, PARTLABEL=, UUID=, LABEL=. The last
 * two are the file system's: types register how to recognise theirs (fs_probe), and each device is read.
 */
#include <base/printf.h>
#include <fs/mount.h>
#include <fs/path.h>
#include <uapi/linux/stat.h>

#include "internal.h"

#define PROBE_BYTES	8192u		/* of the device, around the super block */

static DEFINE_MUTEX(probes_lock, LEAF_MUTEX);
static LIST_HEAD(probes);		/* [probes_lock] never taken off */

void fs_probe_register(struct fs_probe *p)
{
	mutex_lock(&probes_lock);
	list_add_tail(&p->link, &probes);
	mutex_unlock(&probes_lock);
}

/* --- by path --- */

struct block_device *bdev_open_path(const char *path, u32 how, void *holder)
{
	struct block_device *b;
	struct inode *inode;
	struct path p;
	int err = kern_path(path, LOOKUP_FOLLOW, &p);

	if (err)
		return ERR_PTR(err);
	inode = p.dentry->inode;
	if (!S_ISBLK(inode->mode))
		b = ERR_PTR(-ENOTBLK);
	else if (READ_ONCE(p.mnt->flags) & MNT_NODEV)
		b = ERR_PTR(-EACCES);
	else
		b = bdev_open(inode->rdev, how, holder);
	path_put(&p);
	return b;
}

/* --- file systems on devices --- */

struct found_fs {
	const char *fstype;
	char uuid[40];
	char label[64];
};

/* Bytes [at, at + n) of the device, from the page cache or the medium. */
static int read_bytes(struct block_device *b, u64 at, u8 *to, u32 n)
{
	while (n) {
		u32 off = (u32)PAGE_OFFSET_IN(at), part = min_t(u32, n, (u32)PAGE_SIZE - off);
		struct folio *f;
		const u8 *p;

		if (at >= bdev_bytes(b))
			return -ENODATA;
		f = filemap_read_folio(NULL, bdev_mapping(b), at >> PAGE_SHIFT);
		if (IS_ERR(f))
			return (int)PTR_ERR(f);
		off += (u32)((at >> PAGE_SHIFT) - folio_index(f)) << PAGE_SHIFT;
		p = kmap_local(f, off);
		memcpy(to, p, part);
		kunmap_local(p);
		folio_put(f);
		at += part;
		to += part;
		n -= part;
	}
	return 0;
}

static bool try_probe(struct block_device *b, const struct fs_probe *p, u8 *buf, struct found_fs *out)
{
	u8 uuid[16] = { 0 };

	if (p->len > PROBE_BYTES || read_bytes(b, p->offset, buf, p->len))
		return false;
	memset(out, 0, sizeof(*out));
	if (!p->probe(buf, uuid, out->label))
		return false;
	out->fstype = p->fstype;
	snprintf(out->uuid, sizeof(out->uuid), "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", uuid[0],
		 uuid[1], uuid[2], uuid[3], uuid[4], uuid[5], uuid[6], uuid[7], uuid[8], uuid[9], uuid[10], uuid[11], uuid[12],
		 uuid[13], uuid[14], uuid[15]);
	return true;
}

/* What is on it. The device is open. */
static bool probe_open(struct block_device *b, struct found_fs *out)
{
	u8 *buf = kmalloc(PROBE_BYTES, GFP_KERNEL);
	struct fs_probe *p;
	bool ok = false;

	if (!buf)
		return false;
	/* Only added to, at the tail: safe to walk without the lock. */
	list_for_each_entry(p, &probes, link) {
		ok = try_probe(b, p, buf, out);
		if (ok)
			break;
	}
	kfree(buf);
	return ok;
}

static bool probe(struct block_device *b, struct found_fs *out)
{
	bool ok;

	if (!b->nr_sectors)
		return false;
	ref_get(&b->ref);
	if (bdev_open_ref(b, BDEV_READ, NULL)) {
		bdev_put(b);
		return false;
	}
	ok = probe_open(b, out);
	bdev_close(b, BDEV_READ, NULL);
	return ok;
}

const char *bdev_probe_fstype(struct block_device *b)
{
	struct found_fs f;

	return probe(b, &f) ? f.fstype : NULL;
}

/* --- by specification --- */

typedef bool (*match_fn)(struct block_device *b, const char *text);

static dev_t first_match(match_fn match, const char *text)
{
	struct block_device *b = NULL;
	dev_t dev = mkdev(0, 0);

	while (!dev.v && (b = bdev_next(b)) != NULL)
		if (match(b, text))
			dev = b->dev;
	bdev_put(b);
	return dev;
}

static bool same_nocase(const char *a, const char *b)
{
	for (; *a && *b; a++, b++) {
		char x = *a >= 'A' && *a <= 'Z' ? (char)(*a + 32) : *a, y = *b >= 'A' && *b <= 'Z' ? (char)(*b + 32) : *b;

		if (x != y)
			return false;
	}
	return *a == *b;
}

static bool match_name(struct block_device *b, const char *text) { return streq(b->name, text); }
static bool match_partuuid(struct block_device *b, const char *text) { return b->partuuid[0] && same_nocase(b->partuuid, text); }
static bool match_partlabel(struct block_device *b, const char *text) { return b->partlabel[0] && streq(b->partlabel, text); }

static bool match_uuid(struct block_device *b, const char *text)
{
	struct found_fs f;

	return probe(b, &f) && same_nocase(f.uuid, text);
}

static bool match_label(struct block_device *b, const char *text)
{
	struct found_fs f;

	return probe(b, &f) && streq(f.label, text);
}

static bool digits(const char **s, u32 *v)
{
	const char *start = *s;

	for (*v = 0; **s >= '0' && **s <= '9'; (*s)++)
		*v = *v * 10 + (u32)(**s - '0');
	return *s != start;
}

/* 254:1 */
static dev_t by_number(const char *spec)
{
	struct block_device *b;
	u32 major, minor;
	dev_t dev;

	if (!digits(&spec, &major) || *spec++ != ':' || !digits(&spec, &minor) || *spec)
		return mkdev(0, 0);
	dev = mkdev(major, minor);
	b = bdev_get_by_dev(dev);
	bdev_put(b);
	return b ? dev : mkdev(0, 0);
}

/* The value of UUID="x" may stand in quotes. */
static const char *unquote(const char *s, char *buf, size_t size)
{
	size_t n = strlen(s);

	if (n < 2 || *s != '"' || s[n - 1] != '"' || n >= size)
		return s;
	memcpy(buf, s + 1, n - 2);
	buf[n - 2] = '\0';
	return buf;
}

dev_t bdev_find(const char *spec)
{
	static const struct {
		const char *prefix;
		match_fn match;
	} kinds[] = {
		{ "PARTUUID=", match_partuuid }, { "PARTLABEL=", match_partlabel }, { "UUID=", match_uuid },
		{ "LABEL=", match_label }, { "/dev/", match_name },
	};
	char buf[128];
	dev_t dev;

	for (u32 i = 0; i < ARRAY_SIZE(kinds); i++)
		if (strstarts(spec, kinds[i].prefix))
			return first_match(kinds[i].match, unquote(spec + strlen(kinds[i].prefix), buf, sizeof(buf)));
	dev = by_number(spec);
	return dev.v ? dev : first_match(match_name, spec);
}

void bdevs_show_log(void)
{
	struct block_device *b = NULL;
	bool any = false;

	pr_err("the block devices are:\n");
	while ((b = bdev_next(b)) != NULL) {
		struct found_fs f;
		bool fs;

		if (!b->nr_sectors)
			continue;
		any = true;
		fs = probe(b, &f);
		pr_err("  %-10s %3u:%-4u %8llu MiB%s%s%s%s%s%s%s%s\n", b->name, dev_major(b->dev), dev_minor(b->dev),
		       (unsigned long long)bdev_bytes(b) >> 20, b->partuuid[0] ? "  PARTUUID=" : "", b->partuuid,
		       fs ? "  " : "", fs ? f.fstype : "", fs ? " UUID=" : "", fs ? f.uuid : "", fs && f.label[0] ? " LABEL=" : "",
		       fs ? f.label : "");
	}
	if (!any)
		pr_err("  none: is the disk attached as virtio-blk?\n");
}

/* SPDX-License-Identifier: MPL-2.0 */
/*
 * cpio archives, format newc: "070701" (or "070702" with a checksum field), thirteen numbers of eight
 * hexadecimal digits, the name, the data; name and data are each padded to four bytes. "TRAILER!!!"
 * ends an archive. The parser is a state machine that takes the bytes as they come.
 *
 * Hard links: of the names of one inode (same device and number, link count above one) only the last
 * one has data. The first name is remembered until the trailer; the later ones go to ops->link().
 */
#include <base/alloc.h>
#include <base/cpio.h>
#include <base/errno.h>
#include <base/math.h>
#include <base/string.h>
#include <uapi/linux/stat.h>

enum cpio_state { CPIO_HEAD, CPIO_NAME, CPIO_TARGET, CPIO_DATA, CPIO_SKIP, CPIO_END };

#define HEAD_SIZE	110
#define MAX_LINKS	65536u

struct cpio_link {
	struct cpio_link *next;
	u32 ino, dev_major, dev_minor;
	umode_t mode;
	char name[];
};

void cpio_init(struct cpio *c, const struct cpio_ops *ops, void *ctx)
{
	memset(c, 0, offsetof(struct cpio, head));
	c->ops = ops;
	c->ctx = ctx;
	c->want = HEAD_SIZE;
}

void cpio_fini(struct cpio *c)
{
	while (c->links) {
		struct cpio_link *l = c->links;

		c->links = l->next;
		kfree(l);
	}
}

static int fail(struct cpio *c, const char *why)
{
	c->error = why;
	return -EINVAL;
}

static int hex_field(const char *p, u32 *v)
{
	*v = 0;
	for (int i = 0; i < 8; i++) {
		char ch = p[i];
		u32 d;

		if (isdigit(ch))
			d = (u32)(ch - '0');
		else if (tolower(ch) >= 'a' && tolower(ch) <= 'f')
			d = (u32)(tolower(ch) - 'a' + 10);
		else
			return -EINVAL;
		*v = *v << 4 | d;
	}
	return 0;
}

/* Padding to four bytes after everything that was taken so far. */
static u32 padding(const struct cpio *c)
{
	return (u32)(-c->pos & 3);
}

static void expect(struct cpio *c, enum cpio_state state, u32 want)
{
	c->state = state;
	c->want = want;
	c->have = 0;
}

static int head_done(struct cpio *c)
{
	u32 f[13];

	if (memcmp(c->head, "070701", 6) != 0 && memcmp(c->head, "070702", 6) != 0)
		return fail(c, memcmp(c->head, "070707", 6) == 0 ? "cpio archive is not in the newc format" :
			    "no cpio header where one should be");
	for (int i = 0; i < 13; i++)
		if (hex_field(c->head + 6 + 8 * i, &f[i]))
			return fail(c, "cpio header has a field that is no number");
	c->ino = f[0];
	c->e = (struct cpio_entry){
		.mode = (umode_t)f[1], .uid = f[2], .gid = f[3], .nlink = f[4], .mtime = f[5], .size = f[6],
		.rdev_major = f[9], .rdev_minor = f[10], .name = c->name,
	};
	c->dev_major = f[7];
	c->dev_minor = f[8];
	if (f[1] > 0xffff)
		return fail(c, "cpio header has an impossible mode");
	if (f[11] < 2 || f[11] > PATH_MAX)
		return fail(c, "cpio header has an impossible name length");
	expect(c, CPIO_NAME, f[11]);
	return 0;
}

/* The entry's earlier name, or remember this one. NULL in *first: it is the first. */
static int find_link(struct cpio *c, const char **first)
{
	struct cpio_link *l;
	size_t n;
	u32 count = 0;

	*first = NULL;
	for (l = c->links; l; l = l->next, count++)
		if (l->ino == c->ino && l->dev_major == c->dev_major && l->dev_minor == c->dev_minor &&
		    (l->mode & S_IFMT) == (c->e.mode & S_IFMT)) {
			*first = l->name;
			return 0;
		}
	if (count >= MAX_LINKS)
		return fail(c, "cpio archive has too many hard links");
	n = strlen(c->name) + 1;
	l = kmalloc(sizeof(*l) + n, GFP_KERNEL);
	if (!l) {
		c->error = "out of memory";
		return -ENOMEM;
	}
	l->ino = c->ino;
	l->dev_major = c->dev_major;
	l->dev_minor = c->dev_minor;
	l->mode = c->e.mode;
	memcpy(l->name, c->name, n);
	l->next = c->links;
	c->links = l;
	return 0;
}

/* After an entry's last byte: its padding, then the next header. */
static int entry_done(struct cpio *c)
{
	c->skip = padding(c);
	expect(c, CPIO_SKIP, 0);
	return 0;
}

static int begin_entry(struct cpio *c)
{
	const char *first = NULL;
	int err;

	if (c->e.nlink > 1 && !S_ISDIR(c->e.mode)) {
		err = find_link(c, &first);
		if (err)
			return err;
	}
	c->entries++;
	return first ? c->ops->link(c->ctx, &c->e, first) : c->ops->entry(c->ctx, &c->e);
}

static int name_done(struct cpio *c)
{
	int err;

	if (c->name[c->want - 1] || strlen(c->name) + 1 != c->want)
		return fail(c, "cpio name does not end where it should");
	/* The padding behind the name, as part of it for the position. */
	c->skip = padding(c);
	if (streq(c->name, "TRAILER!!!")) {
		cpio_fini(c);
		c->left = c->e.size;
		expect(c, CPIO_END, 0);
		return c->left ? fail(c, "cpio trailer has data") : 0;
	}
	if (S_ISLNK(c->e.mode)) {
		if (!c->e.size || c->e.size >= PATH_MAX)
			return fail(c, "cpio symbolic link has an impossible length");
		expect(c, CPIO_TARGET, (u32)c->e.size);
		c->e.size = 0;
		return 0;
	}
	c->left = c->e.size;
	if (!S_ISREG(c->e.mode) && c->left)
		return fail(c, "cpio entry has data but is no file");
	err = begin_entry(c);
	if (err)
		return err;
	expect(c, CPIO_DATA, 0);
	return 0;
}

static int target_done(struct cpio *c)
{
	int err;

	c->target[c->want] = '\0';
	if (strlen(c->target) != c->want)
		return fail(c, "cpio symbolic link has a NUL in it");
	c->e.target = c->target;
	err = begin_entry(c);
	if (!err && c->ops->end)
		err = c->ops->end(c->ctx, &c->e);
	return err ? err : entry_done(c);
}

/* Take up to want - have bytes into buf. True when it is full. */
static bool collect(struct cpio *c, char *buf, const u8 **p, size_t *n)
{
	size_t take = min(*n, (size_t)(c->want - c->have));

	memcpy(buf + c->have, *p, take);
	c->have += (u32)take;
	c->pos += take;
	*p += take;
	*n -= take;
	return c->have == c->want;
}

static int feed_data(struct cpio *c, const u8 **p, size_t *n)
{
	size_t take = min((u64)*n, c->left);
	int err = 0;

	if (take)
		err = c->ops->data(c->ctx, *p, take);
	if (err)
		return err;
	c->pos += take;
	c->left -= take;
	*p += take;
	*n -= take;
	if (c->left)
		return 0;
	err = c->ops->end ? c->ops->end(c->ctx, &c->e) : 0;
	return err ? err : entry_done(c);
}

/* Between archives: zeros. Another archive begins with '0'. */
static int feed_end(struct cpio *c, const u8 **p, size_t *n)
{
	while (*n && !**p) {
		(*p)++;
		(*n)--;
	}
	if (!*n)
		return 0;
	c->pos = 0;
	expect(c, CPIO_HEAD, HEAD_SIZE);
	return 0;
}

int cpio_feed(struct cpio *c, const void *data, size_t n)
{
	const u8 *p = data;
	int err = 0;

	/* An entry without data is finished without any more input. */
	while (!err && (n || (c->state == CPIO_DATA && !c->left && !c->skip))) {
		if (c->skip) {
			size_t take = min(n, (size_t)c->skip);

			c->skip -= (u32)take;
			c->pos += take;
			p += take;
			n -= take;
			continue;
		}
		switch ((enum cpio_state)c->state) {
		case CPIO_HEAD:
			if (collect(c, c->head, &p, &n))
				err = head_done(c);
			break;
		case CPIO_NAME:
			if (collect(c, c->name, &p, &n))
				err = name_done(c);
			break;
		case CPIO_TARGET:
			if (collect(c, c->target, &p, &n))
				err = target_done(c);
			break;
		case CPIO_DATA:
			err = feed_data(c, &p, &n);
			break;
		case CPIO_SKIP:
			expect(c, CPIO_HEAD, HEAD_SIZE);
			break;
		case CPIO_END:
			err = feed_end(c, &p, &n);
			break;
		}
	}
	return err;
}

bool cpio_between(const struct cpio *c)
{
	return c->state == CPIO_END || (c->state == CPIO_HEAD && !c->have && !c->entries);
}

u64 cpio_data_left(const struct cpio *c)
{
	return c->state == CPIO_DATA && !c->skip ? c->left : 0;
}

int cpio_finish(struct cpio *c)
{
	bool clean = cpio_between(c);

	cpio_fini(c);
	return clean ? 0 : fail(c, "cpio archive ends in the middle: it is cut short");
}

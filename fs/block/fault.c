/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Disks that fail on purpose, so that error paths can be tested:
 *
 *   failblk=NAME[,op=read|write|flush|discard|all][,from=SECTOR][,to=SECTOR][,every=N][,skip=N][,count=N]
 *
 * A bio of that kind that touches sectors from..to (of the whole disk, inclusive) fails with EIO: all of
 * them, or every N-th, after the first `skip`, and no more than `count`. May be given several times.
 */
#include <base/parse.h>
#include <core/init.h>

#include "internal.h"

#define MAX_FAULTS	8

struct disk_fault {
	char name[DISK_NAME_MAX];	/* [I] */
	u32 op;				/* [I] BIO_OP_MASK: all */
	u64 from, to;			/* [I] */
	u32 every, skip, count;		/* [I] */
	atomic_t seen, failed;
	struct disk_fault *next;	/* [I] another for the same disk */
};
static struct disk_fault faults[MAX_FAULTS];	/* [I] after the command line was read */
static u32 nr_faults;

enum { OPT_OP, OPT_FROM, OPT_TO, OPT_EVERY, OPT_SKIP, OPT_COUNT };
static const struct opt_spec specs[] = {
	{ "op", OPT_OP, OPT_STR }, { "from", OPT_FROM, OPT_U64 }, { "to", OPT_TO, OPT_U64 },
	{ "every", OPT_EVERY, OPT_U64 }, { "skip", OPT_SKIP, OPT_U64 }, { "count", OPT_COUNT, OPT_U64 },
};

static bool take_op(struct disk_fault *f, const char *text)
{
	static const char *const ops[] = { "read", "write", "flush", "discard" };

	for (u32 i = 0; i < ARRAY_SIZE(ops); i++) {
		if (streq(text, ops[i])) {
			f->op = i;
			return true;
		}
	}
	return streq(text, "all");
}

static bool take_options(struct disk_fault *f, char *s)
{
	struct opt_value v;
	const char *name;
	int id;

	while ((id = opt_next(&s, specs, ARRAY_SIZE(specs), &name, &v)) >= 0) {
		switch (id) {
		case OPT_OP:
			if (!take_op(f, v.str))
				return false;
			break;
		case OPT_FROM:
			f->from = v.num;
			break;
		case OPT_TO:
			f->to = v.num;
			break;
		case OPT_EVERY:
			f->every = (u32)v.num;
			break;
		case OPT_SKIP:
			f->skip = (u32)v.num;
			break;
		case OPT_COUNT:
			f->count = (u32)v.num;
			break;
		}
	}
	return id == -ENOENT && f->every;
}

static int failblk_set(const char *value)
{
	struct disk_fault *f = &faults[nr_faults];
	char text[128], *rest;

	if (nr_faults >= MAX_FAULTS || strscpy(text, value, sizeof(text)) < 0)
		return -EINVAL;
	rest = strchr(text, ',');
	if (rest)
		*rest++ = '\0';
	else
		rest = text + strlen(text);
	*f = (struct disk_fault){ .op = BIO_OP_MASK, .to = ~0ull, .every = 1, .count = ~0u };
	if (!*text || strscpy(f->name, text, sizeof(f->name)) < 0 || !take_options(f, rest))
		return -EINVAL;
	nr_faults++;
	return 0;
}
KPARAM("failblk", failblk_set);

struct disk_fault *disk_fault_find(const char *name)
{
	struct disk_fault *found = NULL;

	for (u32 i = 0; i < nr_faults; i++) {
		if (!streq(faults[i].name, name))
			continue;
		faults[i].next = found;
		found = &faults[i];
	}
	return found;
}

int disk_fault_check(struct disk_fault *f, const struct bio *b)
{
	sector_t first = bio_disk_sector(b), n = bio_bytes(b) >> SECTOR_SHIFT;
	u32 op = bio_op(b) == BIO_WRITE_ZEROES ? BIO_WRITE : bio_op(b);

	for (; f; f = f->next) {
		u32 seen;

		if (f->op != BIO_OP_MASK && f->op != op)
			continue;
		if (op != BIO_FLUSH && (first > f->to || first + n <= f->from))
			continue;
		seen = (u32)atomic_fetch_add(&f->seen, 1);
		if (seen < f->skip || (seen - f->skip) % f->every || (u32)atomic_fetch_add(&f->failed, 1) >= f->count)
			continue;
		pr_err("I/O error, dev %s, sector %llu op 0x%x:(%s) (failblk=)\n", f->name, (unsigned long long)first, op,
		       bio_op_name(op));
		return -EIO;
	}
	return 0;
}

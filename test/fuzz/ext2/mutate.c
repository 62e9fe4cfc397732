/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Damage to an ext2 image, as a seed says: one field of the metadata, some of its bytes, or a whole block.
 * The image is whole before, so what is metadata is found by following it. Knows only the C library: the
 * fuzzer on the host and the test in the guest (test/user/fs/ext2_damage.c) include it.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "run.h"

enum kind { K_SUPER, K_GROUP, K_BBITMAP, K_IBITMAP, K_INODE, K_DIR, K_INDEX, K_XATTR, K_KINDS };
static const char *const kind_name[] = { "super", "group", "block bitmap", "inode bitmap", "inode", "directory", "index block",
					 "attributes" };

struct place {
	uint64_t off;
	uint32_t len;
};

struct img {
	unsigned char *p;
	uint64_t size;
	uint32_t bs, isize, ipg, bpg, first, groups, blocks, inodes;
	struct place *v[K_KINDS];
	uint32_t n[K_KINDS], max[K_KINDS];
	uint64_t rnd;
};

static uint32_t g32(const struct img *m, uint64_t off)
{
	uint32_t v = 0;

	if (off + 4 <= m->size)
		memcpy(&v, m->p + off, 4);
	return v;
}

static uint32_t g16(const struct img *m, uint64_t off)
{
	uint16_t v = 0;

	if (off + 2 <= m->size)
		memcpy(&v, m->p + off, 2);
	return v;
}

static uint64_t next_rnd(struct img *m)
{
	uint64_t z = m->rnd += 0x9e3779b97f4a7c15ull;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ z >> 27) * 0x94d049bb133111ebull;
	return z ^ z >> 31;
}

static uint32_t under(struct img *m, uint32_t n)
{
	return n ? (uint32_t)(next_rnd(m) % n) : 0;
}

static void add_place(struct img *m, enum kind k, uint64_t off, uint32_t len)
{
	if (off + len > m->size)
		return;
	if (m->n[k] == m->max[k]) {
		m->max[k] = m->max[k] ? m->max[k] * 2 : 64;
		m->v[k] = realloc(m->v[k], m->max[k] * sizeof(struct place));
	}
	m->v[k][m->n[k]++] = (struct place){ off, len };
}

/* A tree of pointers; level 0 is the file's own block. */
static void add_tree(struct img *m, uint32_t b, int level, int dir)
{
	if (!b || b >= m->blocks)
		return;
	if (level == 0) {
		if (dir)
			add_place(m, K_DIR, (uint64_t)b * m->bs, m->bs);
		return;
	}
	add_place(m, K_INDEX, (uint64_t)b * m->bs, m->bs);
	for (uint32_t i = 0; i < m->bs / 4; i++)
		add_tree(m, g32(m, (uint64_t)b * m->bs + i * 4), level - 1, dir);
}

static void add_inode(struct img *m, uint64_t off)
{
	uint32_t mode = g16(m, off), acl = g32(m, off + 104), type = mode & 0xf000;

	add_place(m, K_INODE, off, m->isize);
	if (acl)
		add_place(m, K_XATTR, (uint64_t)acl * m->bs, m->bs);
	if (m->isize > 128 && g32(m, off + 128 + g16(m, off + 128)) == 0xea020000)
		add_place(m, K_XATTR, off + 128 + g16(m, off + 128), m->isize - 128 - g16(m, off + 128));
	if (type != 0x4000 && type != 0x8000)
		return;
	for (int i = 0; i < 15; i++)
		add_tree(m, g32(m, off + 40 + (uint64_t)i * 4), i < 12 ? 0 : i - 11, type == 0x4000);
}

static int find_places(struct img *m)
{
	uint64_t gd;

	if (m->size < 4096 || g16(m, 1024 + 56) != 0xef53)
		return -1;
	m->bs = 1024u << g32(m, 1024 + 24);
	m->inodes = g32(m, 1024);
	m->blocks = g32(m, 1024 + 4);
	m->first = g32(m, 1024 + 20);
	m->bpg = g32(m, 1024 + 32);
	m->ipg = g32(m, 1024 + 40);
	m->isize = g32(m, 1024 + 76) ? g16(m, 1024 + 88) : 128;
	if (!m->bpg || !m->ipg || !m->isize)
		return -1;
	m->groups = (m->blocks - m->first + m->bpg - 1) / m->bpg;
	gd = (uint64_t)(m->first + 1) * m->bs;
	add_place(m, K_SUPER, 1024, 1024);
	for (uint32_t g = 0; g < m->groups; g++) {
		uint64_t d = gd + (uint64_t)g * 32, ib = (uint64_t)g32(m, d + 4) * m->bs;

		add_place(m, K_GROUP, d, 32);
		add_place(m, K_BBITMAP, (uint64_t)g32(m, d) * m->bs, m->bs);
		add_place(m, K_IBITMAP, ib, m->bs);
		for (uint32_t i = 0; i < m->ipg && ib + i / 8 < m->size; i++)
			if (m->p[ib + i / 8] >> (i & 7) & 1)
				add_inode(m, (uint64_t)g32(m, d + 8) * m->bs + (uint64_t)i * m->isize);
	}
	return 0;
}

/* --- values --- */

static uint32_t value(struct img *m, uint32_t old, uint32_t bits)
{
	uint32_t top = bits == 32 ? ~0u : (1u << bits) - 1;
	struct place *p;
	int k;

	switch (under(m, 14)) {
	case 0:
		return 0;
	case 1:
		return 1;
	case 2:
		return top;
	case 3:
		return top >> 1;
	case 4:
		return old + 1;
	case 5:
		return old - 1;
	case 6:
		return old ^ 1u << under(m, bits);
	case 7:
		return (uint32_t)next_rnd(m);
	case 8:
		return under(m, m->blocks + 2);
	case 9:
		return under(m, m->inodes + 2);
	case 10:
		return old + under(m, 64);
	case 11:
		return m->bs << under(m, 3);
	case 12:
		return m->blocks - under(m, 3);
	default:
		/* A block that is metadata already. */
		k = (int)under(m, K_KINDS);
		if (!m->n[k])
			return old + 4;
		p = &m->v[k][under(m, m->n[k])];
		return (uint32_t)(p->off / m->bs);
	}
}

static void put(struct img *m, uint64_t off, uint32_t bytes, char *what, unsigned long n)
{
	uint32_t old = bytes == 4 ? g32(m, off) : bytes == 2 ? g16(m, off) : m->p[off], v = value(m, old, bytes * 8);

	memcpy(m->p + off, &v, bytes);
	snprintf(what + strlen(what), n - strlen(what), " field at %#llx, %u bytes: %#x to %#x", (unsigned long long)off, bytes,
		 old, bytes == 4 ? v : v & ((1u << bytes * 8) - 1));
}

/* An entry of a directory block: offset within the block. */
static uint32_t some_dirent(struct img *m, uint64_t b)
{
	uint32_t off = 0, steps = under(m, 40);

	while (steps--) {
		uint32_t len = g16(m, b + off + 4);

		if (len < 8 || off + len + 8 > m->bs)
			break;
		off += len;
	}
	return off;
}

static void change_field(struct img *m, enum kind k, const struct place *p, char *what, unsigned long n)
{
	static const uint8_t super_fields[] = { 0, 4, 8, 12, 16, 20, 24, 32, 36, 40, 52, 56, 58, 60, 62, 76, 80, 82, 84, 88, 90, 92,
						96, 100, 206, 236, 252, 253 };
	static const uint8_t inode_fields[] = { 0, 2, 4, 24, 26, 28, 32, 40, 44, 48, 84, 88, 92, 96, 100, 104, 108, 124, 128 };
	uint64_t off = p->off;
	uint32_t d;

	switch (k) {
	case K_SUPER:
		put(m, off + super_fields[under(m, sizeof(super_fields))], under(m, 3) ? 4 : 2, what, n);
		return;
	case K_GROUP:
		d = under(m, 6);
		put(m, off + (d < 3 ? d * 4 : 12 + (d - 3) * 2), d < 3 ? 4 : 2, what, n);
		return;
	case K_INODE:
		d = inode_fields[under(m, sizeof(inode_fields) - (m->isize == 128))];
		put(m, off + d, d == 0 || d == 2 || d == 24 || d == 26 || d == 128 ? 2 : 4, what, n);
		return;
	case K_DIR:
		if (under(m, 4) == 0) {			/* perhaps the index: info, count and limit, entries */
			put(m, off + 8 * under(m, 8) + 4 * under(m, 2), under(m, 2) ? 4 : 2, what, n);
			return;
		}
		d = some_dirent(m, off);
		off += d;
		switch (under(m, 5)) {
		case 0:
			put(m, off, 4, what, n);
			return;
		case 1:
			put(m, off + 4, 2, what, n);
			return;
		case 2:
			put(m, off + 6, 1, what, n);
			return;
		case 3:
			put(m, off + 7, 1, what, n);
			return;
		default:
			if (d + 12 <= m->bs)
				put(m, off + 8 + under(m, 4), 1, what, n);
			return;
		}
	case K_INDEX:
		put(m, off + 4 * under(m, under(m, 2) ? 16 : m->bs / 4), 4, what, n);
		return;
	case K_XATTR:
		put(m, off + 2 * under(m, under(m, 3) ? 40 : p->len / 2 - 1), under(m, 2) ? 4 : 2, what, n);
		return;
	default:
		put(m, off + under(m, p->len - 4), 1 + under(m, 2), what, n);
	}
}

static void change_block(struct img *m, const struct place *p, char *what, unsigned long n)
{
	uint64_t off = p->off - p->off % (p->len < m->bs ? 1 : m->bs);
	enum kind k;
	uint32_t how = under(m, 5);

	switch (how) {
	case 0:
		memset(m->p + off, 0, p->len);
		break;
	case 1:
		memset(m->p + off, 0xff, p->len);
		break;
	case 2:
		for (uint32_t i = 0; i < p->len; i++)
			m->p[off + i] = (unsigned char)next_rnd(m);
		break;
	default:
		k = (enum kind)under(m, K_KINDS);
		if (m->n[k]) {
			const struct place *o = &m->v[k][under(m, m->n[k])];

			memmove(m->p + off, m->p + o->off, o->len < p->len ? o->len : p->len);
		}
	}
	snprintf(what + strlen(what), n - strlen(what), " whole block at %#llx, way %u", (unsigned long long)off, how);
}

void ext2_mutate(unsigned char *img, unsigned long size, unsigned long long seed, char *what, unsigned long n)
{
	struct img m = { .p = img, .size = size, .rnd = seed * 0x2545f4914f6cdd1dull + 99 };
	uint32_t times;
	unsigned long used = 0;

	what[0] = 0;
	if (find_places(&m))
		return;
	times = under(&m, 5) < 3 ? 1 : 2 + under(&m, 3);
	while (times--) {
		enum kind k;
		const struct place *p;
		char text[160];
		uint32_t how = under(&m, 20);

		do
			k = (enum kind)under(&m, K_KINDS);
		while (!m.n[k] || (k == K_SUPER && under(&m, 2)));
		p = &m.v[k][under(&m, m.n[k])];
		snprintf(text, sizeof(text), "%s", kind_name[k]);
		if (how < 15) {
			change_field(&m, k, p, text, sizeof(text));
		} else if (how < 17) {
			change_block(&m, p, text, sizeof(text));
		} else {
			for (uint32_t i = under(&m, 16) + 1; i; i--)
				m.p[p->off + under(&m, p->len)] = (unsigned char)next_rnd(&m);
			snprintf(text + strlen(text), sizeof(text) - strlen(text), " bytes at %#llx", (unsigned long long)p->off);
		}
		used += (unsigned long)snprintf(what + used, used < n ? n - used : 0, "%s%s", used ? "; " : "", text);
	}
	for (int k = 0; k < K_KINDS; k++)
		free(m.v[k]);
}

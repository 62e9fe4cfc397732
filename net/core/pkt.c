/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Packet buffers: life, geometry, bytes. include/net/pkt.h says what may be relied on.
 *
 * The linear part of a small packet is cut from a page block that this CPU keeps (frag_cache): the folio is
 * freed when the last packet cut from it dies. Bytes in fragments are never written once they are there.
 */
#include <base/err.h>
#include <base/math.h>
#include <base/string.h>
#include <core/init.h>
#include <core/iov_iter.h>
#include <core/percpu.h>
#include <core/preempt.h>
#include <core/slab.h>
#include <net/netdev.h>
#include <net/pkt.h>

#define CACHE_ORDER	3
#define CACHE_MAX	8192u		/* larger linear parts get folios of their own */

static struct kmem_cache *pkt_cache;
static DEFINE_PERCPU(struct frag_cache, linear_cache);	/* [o] */

static u8 *folio_addr(const struct folio *f, u32 off)
{
	return kmap_local(f, off);
}

/* --- pieces of page blocks --- */

static struct folio *block_alloc(u32 min, gfp_t gfp)
{
	struct folio *f = folio_alloc(CACHE_ORDER, (gfp & ~GFP_WAIT) | GFP_NORETRY | GFP_NOWARN);
	unsigned int order = 0;

	if (f)
		return f;
	while ((PAGE_SIZE << order) < min)
		order++;
	return folio_alloc(order, gfp);
}

static struct folio *frag_cut(struct frag_cache *c, u32 min, u32 want, u32 *off, u32 *got)
{
	if (!c->folio)
		return NULL;
	if (c->size - c->off < min) {
		if (folio_refcount(c->folio) != 1 || c->size < min)
			return NULL;
		c->off = 0;	/* nobody has a piece any more */
	}
	*off = c->off;
	*got = min(want, c->size - c->off);
	c->off += (*got + 63u) & ~63u;
	if (c->off > c->size)
		c->off = c->size;
	folio_get(c->folio);
	return c->folio;
}

struct folio *frag_alloc(struct frag_cache *c, u32 min, u32 want, u32 *off, u32 *got, gfp_t gfp)
{
	struct folio *f = frag_cut(c, min, want, off, got);

	if (f)
		return f;
	f = block_alloc(min, gfp);
	if (!f)
		return NULL;
	if (c->folio)
		folio_put(c->folio);
	*c = (struct frag_cache){ .folio = f, .size = (u32)folio_size(f) };
	return frag_cut(c, min, want, off, got);
}

void frag_cache_fini(struct frag_cache *c)
{
	if (c->folio)
		folio_put(c->folio);
	c->folio = NULL;
	c->off = c->size = 0;
}

/* A piece of `size` bytes for a linear part. */
static struct folio *linear_alloc(u32 size, u32 *off, gfp_t gfp)
{
	struct folio *f, *fresh = NULL, *old = NULL;
	unsigned int order = 0;
	u32 got;

	if (size > CACHE_MAX) {
		while ((PAGE_SIZE << order) < size)
			order++;
		*off = 0;
		return order <= MAX_ORDER ? folio_alloc(order, gfp) : NULL;
	}
	for (;;) {
		struct frag_cache *c;

		preempt_disable();
		c = per_cpu_ptr(linear_cache, this_cpu_id());
		if (fresh) {
			old = c->folio;
			*c = (struct frag_cache){ .folio = fresh, .size = (u32)folio_size(fresh) };
			fresh = NULL;
		}
		f = frag_cut(c, size, size, off, &got);
		preempt_enable();
		if (old)
			folio_put(old);
		if (f)
			return f;
		fresh = block_alloc(size, gfp);
		if (!fresh)
			return NULL;
		old = NULL;
	}
}

/* --- life --- */

static struct pkt *struct_alloc(gfp_t gfp)
{
	struct pkt *p = kmem_cache_alloc(pkt_cache, gfp & ~GFP_ZERO);

	if (p)
		memset(p, 0, offsetof(struct pkt, frag));
	return p;
}

struct pkt *pkt_from_folio(struct folio *f, u32 off, u32 room, u32 headroom, u32 len, gfp_t gfp)
{
	struct pkt *p = struct_alloc(gfp);

	if (!p)
		return NULL;
	p->folio = f;
	p->head = folio_addr(f, off);
	p->data = p->head + headroom;
	p->tail = p->data + len;
	p->end = p->head + room;
	p->len = len;
	p->truesize = room + (u32)sizeof(*p);
	return p;
}

struct pkt *pkt_alloc(u32 headroom, u32 size, gfp_t gfp)
{
	u32 room = (headroom + size + 63) & ~63u, off;
	struct folio *f;
	struct pkt *p;

	if (size > 1u << 21)
		return NULL;
	f = linear_alloc(room, &off, gfp);
	if (!f)
		return NULL;
	p = pkt_from_folio(f, off, room, headroom, 0, gfp);
	if (!p)
		folio_put(f);
	return p;
}

void pkt_orphan(struct pkt *p)
{
	if (p->destructor) {
		p->destructor(p);
		p->destructor = NULL;
		p->stamped = NULL;
	}
	p->sk = NULL;
}

void pkt_hold_dev(struct pkt *p)
{
	if (p->dev && !p->dev_held) {
		dev_get(p->dev);
		p->dev_held = true;
	}
}

void pkt_free(struct pkt *p)
{
	if (!p)
		return;
	if (p->destructor)
		p->destructor(p);
	for (u32 i = 0; i < p->nr_frags; i++)
		folio_put(p->frag[i].folio);
	folio_put(p->folio);
	if (p->dev_held)
		dev_put(p->dev);
	kmem_cache_free(pkt_cache, p);
}

void pkt_list_free(struct pkt_list *l)
{
	struct pkt *p;

	while ((p = pkt_list_pop(l)) != NULL)
		pkt_free(p);
}

struct pkt *pkt_clone(struct pkt *p, gfp_t gfp)
{
	struct pkt *n = kmem_cache_alloc(pkt_cache, gfp & ~GFP_ZERO);

	if (!n)
		return NULL;
	p->shared = true;
	memcpy(n, p, offsetof(struct pkt, frag) + p->nr_frags * sizeof(p->frag[0]));
	n->next = NULL;
	n->destructor = NULL;
	n->stamped = NULL;
	n->sk = NULL;
	n->dev_held = false;
	folio_get(n->folio);
	for (u32 i = 0; i < n->nr_frags; i++)
		folio_get(n->frag[i].folio);
	return n;
}

/* Fields that describe the packet and not its memory. */
static void copy_meta(struct pkt *n, const struct pkt *p, s32 shift)
{
	n->csum_state = p->csum_state;
	n->type = p->type;
	n->gso_type = p->gso_type;
	n->gso_size = p->gso_size;
	n->gso_segs = p->gso_segs;
	n->mac_off = (u16)(p->mac_off + shift);
	n->net_off = (u16)(p->net_off + shift);
	n->trans_off = (u16)(p->trans_off + shift);
	n->mac_len = p->mac_len;
	n->csum_start = (u16)(p->csum_start + shift);
	n->csum_offset = p->csum_offset;
	n->csum = p->csum;
	n->protocol = p->protocol;
	n->queue = p->queue;
	n->hash = p->hash;
	n->hash_valid = p->hash_valid;
	n->local = p->local;
	n->mark = p->mark;
	n->priority = p->priority;
	n->dev = p->dev;
	n->tstamp = p->tstamp;
	memcpy(n->cb, p->cb, sizeof(n->cb));
}

struct pkt *pkt_copy(const struct pkt *p, u32 headroom, gfp_t gfp)
{
	u32 front = pkt_headroom(p), extra = headroom > front ? headroom - front : 0;
	struct pkt *n = pkt_alloc(front + extra, p->len, gfp);

	if (!n)
		return NULL;
	memcpy(n->head + extra, p->head, front);
	if (pkt_read(p, 0, pkt_put(n, p->len), p->len)) {
		pkt_free(n);
		return NULL;
	}
	copy_meta(n, p, (s32)extra);
	return n;
}

/* --- geometry --- */

/* The linear part moves to memory of its own with `front` more bytes before and `back` behind. */
static int linear_replace(struct pkt *p, u32 front, u32 back, gfp_t gfp)
{
	u32 used = (u32)(p->tail - p->head), room = (front + used + back + 63) & ~63u, off;
	struct folio *f = linear_alloc(room, &off, gfp);
	u8 *head;

	if (!f)
		return -ENOMEM;
	head = folio_addr(f, off);
	memcpy(head + front, p->head, used);
	p->data = head + front + (p->data - p->head);
	p->tail = head + front + used;
	p->truesize += room > (u32)(p->end - p->head) ? room - (u32)(p->end - p->head) : 0;
	p->head = head;
	p->end = head + room;
	p->mac_off = (u16)(p->mac_off + front);
	p->net_off = (u16)(p->net_off + front);
	p->trans_off = (u16)(p->trans_off + front);
	p->csum_start = (u16)(p->csum_start + front);
	folio_put(p->folio);
	p->folio = f;
	p->shared = false;
	return 0;
}

int pkt_writable(struct pkt *p, u32 headroom, gfp_t gfp)
{
	u32 have = pkt_headroom(p);

	if (!p->shared && have >= headroom)
		return 0;
	return linear_replace(p, headroom > have ? headroom - have : 0, (u32)(p->end - p->tail), gfp);
}

/* n bytes off the front of the fragments. */
static void frags_advance(struct pkt *p, u32 n)
{
	u32 i = 0;

	p->data_len -= n;
	while (n) {
		struct pkt_frag *f = &p->frag[i];

		if (f->len > n) {
			f->off += n;
			f->len -= n;
			break;
		}
		n -= f->len;
		folio_put(f->folio);
		i++;
	}
	memmove(p->frag, p->frag + i, (p->nr_frags - i) * sizeof(p->frag[0]));
	p->nr_frags = (u8)(p->nr_frags - i);
}

bool pkt_make_linear(struct pkt *p, u32 n)
{
	u32 need;

	if (n > p->len)
		return false;
	need = n - pkt_linear(p);
	if ((p->shared || (u32)(p->end - p->tail) < need) && linear_replace(p, 0, need + 128, GFP_ATOMIC))
		return false;
	if (pkt_read(p, pkt_linear(p), p->tail, need))
		return false;
	p->tail += need;
	frags_advance(p, need);
	return true;
}

void pkt_trim(struct pkt *p, u32 len)
{
	u32 keep;

	if (len >= p->len)
		return;
	keep = len > pkt_linear(p) ? len - pkt_linear(p) : 0;
	for (u32 i = 0; i < p->nr_frags; i++) {
		struct pkt_frag *f = &p->frag[i];

		if (keep) {
			f->len = min(f->len, keep);
			keep -= f->len;
			continue;
		}
		for (u32 j = i; j < p->nr_frags; j++)
			folio_put(p->frag[j].folio);
		p->nr_frags = (u8)i;
	}
	if (len < pkt_linear(p))
		p->tail = p->data + len;
	p->len = len;
	p->data_len = len - pkt_linear(p);
}

void pkt_advance(struct pkt *p, u32 n)
{
	u32 lin = min(n, pkt_linear(p));

	ASSERT(n <= p->len);
	p->data += lin;
	p->len -= n;
	if (n > lin)
		frags_advance(p, n - lin);
}

bool pkt_add_frag(struct pkt *p, struct folio *f, u32 off, u32 len)
{
	struct pkt_frag *last = p->nr_frags ? &p->frag[p->nr_frags - 1] : NULL;

	if (last && last->folio == f && last->off + last->len == off) {
		last->len += len;
		folio_put(f);
	} else if (p->nr_frags < PKT_FRAGS) {
		p->frag[p->nr_frags++] = (struct pkt_frag){ f, off, len };
	} else {
		return false;
	}
	p->len += len;
	p->data_len += len;
	p->truesize += len;
	return true;
}

/* --- bytes --- */

/* The stretch at offset `off`: address and length, not more than n. off < len. */
static const u8 *piece(const struct pkt *p, u32 off, u32 *n)
{
	u32 lin = pkt_linear(p);

	if (off < lin) {
		*n = min(*n, lin - off);
		return p->data + off;
	}
	off -= lin;
	for (u32 i = 0; i < p->nr_frags; i++) {
		const struct pkt_frag *f = &p->frag[i];

		if (off < f->len) {
			*n = min(*n, f->len - off);
			return folio_addr(f->folio, f->off + off);
		}
		off -= f->len;
	}
	*n = 0;
	return NULL;
}

int pkt_read(const struct pkt *p, u32 off, void *dst, u32 n)
{
	u8 *d = dst;

	if (off > p->len || n > p->len - off)
		return -EINVAL;
	while (n) {
		u32 k = n;
		const u8 *s = piece(p, off, &k);

		if (!k)
			return -EINVAL;
		memcpy(d, s, k);
		d += k;
		off += k;
		n -= k;
	}
	return 0;
}

size_t pkt_to_iter(const struct pkt *p, u32 off, u32 n, struct iov_iter *to)
{
	size_t done = 0;

	if (off >= p->len)
		return 0;
	n = min(n, p->len - off);
	while (done < n) {
		u32 k = n - (u32)done;
		const u8 *s = piece(p, off + (u32)done, &k);
		size_t got = k ? copy_to_iter(s, k, to) : 0;

		done += got;
		if (got < k || !k)
			break;
	}
	return done;
}

/* A fresh fragment for up to n bytes, not yet part of the packet. */
static struct folio *frag_fresh(u32 n, u32 *got, gfp_t gfp)
{
	struct folio *f = NULL;

	if (n > PAGE_SIZE)
		f = folio_alloc(CACHE_ORDER, (gfp & ~GFP_WAIT) | GFP_NORETRY | GFP_NOWARN);
	if (!f)
		f = folio_alloc(0, gfp);
	if (f)
		*got = min(n, (u32)folio_size(f));
	return f;
}

/* Bytes behind the last fragment, in a folio that nobody else has. */
static u32 frag_room(const struct pkt *p, u8 **at)
{
	const struct pkt_frag *last = p->nr_frags ? &p->frag[p->nr_frags - 1] : NULL;

	if (!last || folio_refcount(last->folio) != 1)
		return 0;
	*at = folio_addr(last->folio, last->off + last->len);
	return (u32)folio_size(last->folio) - last->off - last->len;
}

static void frag_grow(struct pkt *p, u32 n)
{
	p->frag[p->nr_frags - 1].len += n;
	p->len += n;
	p->data_len += n;
	p->truesize += n;
}

int pkt_append_iter(struct pkt *p, struct iov_iter *from, u32 n)
{
	u32 k = min(n, pkt_tailroom(p));
	u8 *at = NULL;

	if (k && copy_from_iter(p->tail, k, from) != k)
		return -EFAULT;
	if (k)
		pkt_put(p, k);
	n -= k;
	k = min(n, frag_room(p, &at));
	if (k && copy_from_iter(at, k, from) != k)
		return -EFAULT;
	if (k)
		frag_grow(p, k);
	for (n -= k; n; n -= k) {
		struct folio *f = frag_fresh(n, &k, GFP_KERNEL);

		if (!f)
			return -ENOMEM;
		if (copy_from_iter(folio_addr(f, 0), k, from) != k) {
			folio_put(f);
			return -EFAULT;
		}
		if (!pkt_add_frag(p, f, 0, k)) {
			folio_put(f);
			return -EMSGSIZE;
		}
	}
	return 0;
}

int pkt_append(struct pkt *p, const void *src, u32 n, gfp_t gfp)
{
	const u8 *s = src;
	u32 k = min(n, pkt_tailroom(p));
	u8 *at = NULL;

	if (k)
		memcpy(pkt_put(p, k), s, k);
	s += k;
	n -= k;
	k = min(n, frag_room(p, &at));
	if (k) {
		memcpy(at, s, k);
		frag_grow(p, k);
	}
	for (s += k, n -= k; n; s += k, n -= k) {
		struct folio *f = frag_fresh(n, &k, gfp);

		if (!f)
			return -ENOMEM;
		memcpy(folio_addr(f, 0), s, k);
		if (!pkt_add_frag(p, f, 0, k)) {
			folio_put(f);
			return -EMSGSIZE;
		}
	}
	return 0;
}

/* --- sums --- */

u32 pkt_csum(const struct pkt *p, u32 off, u32 n, u32 sum)
{
	bool odd = false;

	while (n) {
		u32 k = n, part;
		const u8 *s = piece(p, off, &k);

		if (!k)
			break;
		part = csum_partial(s, k, 0);
		if (odd)
			part = part >> 8 | part << 24;
		sum = csum_add(sum, part);
		odd ^= k & 1;
		off += k;
		n -= k;
	}
	return sum;
}

int pkt_csum_help(struct pkt *p)
{
	u32 start, sum;
	be16_t *at;

	if (p->csum_state != CSUM_PARTIAL)
		return 0;
	if (p->csum_start < (u16)(p->data - p->head))
		return -EINVAL;
	start = (u32)p->csum_start - (u32)(p->data - p->head);
	if (start + p->csum_offset + 2 > p->len || !pkt_pull_ok(p, start + p->csum_offset + 2))
		return -EINVAL;
	if (pkt_writable(p, 0, GFP_ATOMIC))
		return -ENOMEM;
	sum = pkt_csum(p, start, p->len - start, 0);
	at = (be16_t *)(p->head + p->csum_start + p->csum_offset);
	*at = csum_fold(sum);
	if (!at->raw)
		at->raw = 0xffff;
	p->csum_state = CSUM_NONE;
	return 0;
}

static int pkt_init(void)
{
	pkt_cache = kmem_cache_create("pkt", sizeof(struct pkt), 64, 0, NULL);
	return pkt_cache ? 0 : -ENOMEM;
}
INITCALL_CORE(pkt_init);

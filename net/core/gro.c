/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Merging of received TCP segments (GRO), IPv4 and IPv6, within one batch of a queue: the stack then walks once for many. What
 * was merged can be cut again into the same frames: only segments that follow each other, of one size but for the last, with
 * equal headers otherwise, are joined; anything special (flags but ACK and PSH, IP options, fragments, a bad checksum) goes its
 * own way and ends what was gathered for its flow. The order within a flow is kept.
 *
 * Runs in the driver's thread, without locks. Payload is shared by folio references.
 */
#include <base/math.h>
#include <base/string.h>
#include <core/page.h>

#include "internal_dev.h"

#define FLOWS	8u
#define MOST	65000u			/* bytes of a merged packet */

struct gro_seg {
	u32 trans, hdr;			/* offset of the TCP header; bytes of all headers */
	u32 seq, payload;
	bool v6, push;
};

struct gro_flow {
	struct pkt *p;
	struct gro_seg s;		/* of the first; payload: the size of each */
	u32 next_seq, segs;
	bool own;			/* the headers are ours to write */
};

static bool csum_good(struct pkt *p, const struct gro_seg *s)
{
	const u8 *net = p->data;
	u32 len = p->len - s->trans, sum;

	if (p->csum_state == CSUM_UNNECESSARY)
		return true;
	/* From a neighbour on the same host, who left the sum out: finish() says so of what was merged. */
	if (p->csum_state == CSUM_PARTIAL)
		return p->csum_start == p->data - p->head + s->trans;
	if (p->csum_state != CSUM_NONE)
		return false;
	sum = s->v6 ? csum_partial(net + 8, 32, 0) : csum_partial(net + 12, 8, 0);
	sum = csum_add(sum, (u32)to_be16(IPPROTO_TCP).raw);
	sum = csum_add(sum, to_be32(len).raw);
	if (csum_fold(pkt_csum(p, s->trans, len, sum)).raw)
		return false;
	p->csum_state = CSUM_UNNECESSARY;
	return true;
}

/* A segment that may be merged? */
static bool parse(struct pkt *p, struct gro_seg *s)
{
	struct tcp_hdr_wire *t;
	u32 total;

	if (p->gso_size || p->type != PKT_HOST || !pkt_pull_ok(p, 40))
		return false;
	s->v6 = p->data[0] >> 4 == 6;
	if (s->v6) {
		const struct ip6_hdr *h = (struct ip6_hdr *)p->data;

		s->trans = sizeof(*h);
		total = sizeof(*h) + be16(h->payload_len);
		if (h->next_hdr != IPPROTO_TCP || !pkt_pull_ok(p, 60))
			return false;
	} else {
		const struct ip_hdr *h = (struct ip_hdr *)p->data;

		s->trans = sizeof(*h);
		total = be16(h->tot_len);
		if (h->ver_ihl != 0x45 || h->proto != IPPROTO_TCP || be16(h->frag_off) & ~IP_DF ||
		    csum_fold(csum_partial(h, sizeof(*h), 0)).raw)
			return false;
	}
	t = (struct tcp_hdr_wire *)(p->data + s->trans);
	s->hdr = s->trans + (u32)(t->doff_x >> 4) * 4;
	if (s->hdr < s->trans + sizeof(*t) || total <= s->hdr || total > p->len || !pkt_pull_ok(p, s->hdr))
		return false;
	t = (struct tcp_hdr_wire *)(p->data + s->trans);
	if ((t->flags & ~TCPF_PSH) != TCPF_ACK || t->doff_x & 15)
		return false;
	pkt_trim(p, total);		/* Ethernet's padding */
	s->payload = total - s->hdr;
	s->seq = be32(t->seq);
	s->push = t->flags & TCPF_PSH;
	return csum_good(p, s);
}

/* The same connection? Only addresses and ports. */
static bool same_flow(const struct pkt *a, const struct pkt *b, u32 trans, bool v6)
{
	const u8 *x = a->data, *y = b->data;

	if (x[0] >> 4 != y[0] >> 4)
		return false;
	if (v6 ? memcmp(x + 8, y + 8, 32) : memcmp(x + 12, y + 12, 8))
		return false;
	return !memcmp(x + trans, y + trans, 4);
}

/* All else that must be equal to be cut again. */
static bool same_headers(const struct gro_flow *f, const struct pkt *p, const struct gro_seg *s)
{
	const u8 *x = f->p->data, *y = p->data;
	u32 t = s->trans;

	if (f->s.hdr != s->hdr || f->s.v6 != s->v6)
		return false;
	if (s->v6 ? memcmp(x, y, 4) || x[7] != y[7] : x[1] != y[1] || x[8] != y[8] || memcmp(x + 6, y + 6, 2))
		return false;
	/* Acknowledgement, window, options; sequence number, flags and sum may differ. */
	return !memcmp(x + t + 8, y + t + 8, 4) && !memcmp(x + t + 14, y + t + 14, 2) &&
	       !memcmp(x + t + 20, y + t + 20, s->hdr - t - 20);
}

/* p's payload behind that of the flow's packet. False: no room; nothing was changed. */
static bool join(struct gro_flow *f, struct pkt *p, const struct gro_seg *s)
{
	u32 lin = pkt_linear(p) - s->hdr, need = !!lin + p->nr_frags;

	if (f->p->nr_frags + need > PKT_FRAGS || f->p->len + s->payload > MOST)
		return false;
	if (!f->own) {
		if (pkt_writable(f->p, 0, GFP_ATOMIC))
			return false;
		f->own = true;
	}
	if (lin) {
		u8 *at = p->data + s->hdr;

		folio_get(p->folio);
		if (!pkt_add_frag(f->p, p->folio, (u32)(at - (u8 *)kmap_local(p->folio, 0)), lin))
			folio_put(p->folio);	/* cannot be: room was checked */
	}
	for (u32 i = 0; i < p->nr_frags; i++) {
		folio_get(p->frag[i].folio);
		if (!pkt_add_frag(f->p, p->frag[i].folio, p->frag[i].off, p->frag[i].len))
			folio_put(p->frag[i].folio);
	}
	f->p->truesize += p->truesize - min(p->truesize, s->payload);
	f->next_seq += s->payload;
	f->segs++;
	if (s->push)
		((struct tcp_hdr_wire *)(f->p->data + s->trans))->flags |= TCPF_PSH;
	pkt_free(p);
	return true;
}

/* Nothing more is added: lengths and sums as of one packet. */
static void finish(struct gro_flow *f)
{
	struct pkt *p = f->p;

	f->p = NULL;
	if (!p || f->segs < 2)
		return;
	if (f->s.v6) {
		((struct ip6_hdr *)p->data)->payload_len = to_be16((u16)(p->len - sizeof(struct ip6_hdr)));
	} else {
		struct ip_hdr *h = (struct ip_hdr *)p->data;

		h->tot_len = to_be16((u16)p->len);
		h->csum.raw = 0;
		h->csum = csum_fold(csum_partial(h, sizeof(*h), 0));
	}
	p->csum_state = CSUM_UNNECESSARY;
	p->gso_size = (u16)f->s.payload;
	p->gso_segs = (u16)f->segs;
	p->gso_type = f->s.v6 ? GSO_TCPV6 : GSO_TCPV4;
	p->trans_off = (u16)(p->data - p->head + f->s.trans);
}

static struct gro_flow *find(struct gro_flow *flows, const struct pkt *p, const struct gro_seg *s)
{
	for (u32 i = 0; i < FLOWS; i++)
		if (flows[i].p && same_flow(flows[i].p, p, s->trans, s->v6))
			return &flows[i];
	return NULL;
}

/* What does not fit ends its flow's gathering; without knowing the flow, all of them. */
static void stranger(struct gro_flow *flows)
{
	for (u32 i = 0; i < FLOWS; i++)
		finish(&flows[i]);
}

void net_gro(struct pkt_list *batch)
{
	struct gro_flow flows[FLOWS] = { 0 }, *f;
	struct pkt_list out = PKT_LIST_INIT;
	u32 victim = 0;
	struct pkt *p;

	while ((p = pkt_list_pop(batch)) != NULL) {
		struct gro_seg s;

		if (!parse(p, &s)) {
			stranger(flows);
			pkt_list_add(&out, p);
			continue;
		}
		f = find(flows, p, &s);
		if (f && s.seq == f->next_seq && s.payload <= f->s.payload && same_headers(f, p, &s)) {
			bool last = s.push || s.payload < f->s.payload;

			if (join(f, p, &s)) {
				if (last)
					finish(f);
				continue;
			}
		}
		if (f) {
			finish(f);
		} else {
			f = &flows[victim++ % FLOWS];
			finish(f);
		}
		pkt_list_add(&out, p);
		if (!s.push)
			*f = (struct gro_flow){ .p = p, .s = s, .next_seq = s.seq + s.payload, .segs = 1 };
	}
	stranger(flows);
	*batch = out;
}

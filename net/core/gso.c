/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Segments of a large packet, for devices that do not cut it themselves. The headers from the link header on
 * are repeated; lengths, IP ids, sequence numbers, flags and checksums are corrected; payload is shared.
 */
#include <base/err.h>
#include <base/math.h>
#include <base/string.h>
#include <net/pkt.h>

/* Add payload bytes [off, off + n) of p to s by reference, or by copy from the linear part. */
static int share(struct pkt *s, struct pkt *p, u32 off, u32 n)
{
	u32 lin = pkt_linear(p);
	int err;

	if (off < lin) {
		u32 k = min(n, lin - off);

		err = pkt_append(s, p->data + off, k, GFP_ATOMIC);
		if (err)
			return err;
		off += k;
		n -= k;
	}
	off -= lin;
	for (u32 i = 0; n && i < p->nr_frags; i++) {
		const struct pkt_frag *f = &p->frag[i];
		u32 k;

		if (off >= f->len) {
			off -= f->len;
			continue;
		}
		k = min(n, f->len - off);
		folio_get(f->folio);
		if (!pkt_add_frag(s, f->folio, f->off + off, k)) {
			folio_put(f->folio);
			return -EMSGSIZE;
		}
		n -= k;
		off = 0;
	}
	return n ? -EINVAL : 0;
}

struct cut {
	u32 net, trans, hdr;	/* offsets from data; bytes of all headers */
	bool udp, v6;
};

static void fix_headers(struct pkt *s, const struct cut *c, u32 index, u32 done, bool last)
{
	u8 *net = s->data + c->net, *trans = s->data + c->trans;
	u32 payload = s->len - c->trans;
	u32 pseudo, at;
	be16_t sum;

	if (c->v6) {
		struct ip6_hdr *h = (struct ip6_hdr *)net;

		h->payload_len = to_be16((u16)(s->len - c->net - sizeof(*h)));
		pseudo = csum_partial(h->src, 32, 0);
	} else {
		struct ip_hdr *h = (struct ip_hdr *)net;

		h->tot_len = to_be16((u16)(s->len - c->net));
		h->id = to_be16((u16)(be16(h->id) + index));
		h->csum.raw = 0;
		h->csum = csum_fold(csum_partial(h, ip_hdr_len(h), 0));
		pseudo = csum_partial(&h->src, 8, 0);
	}
	if (c->udp) {
		struct udp_hdr *u = (struct udp_hdr *)trans;

		u->len = to_be16((u16)payload);
		at = offsetof(struct udp_hdr, csum);
	} else {
		struct tcp_hdr_wire *t = (struct tcp_hdr_wire *)trans;

		t->seq = to_be32(be32(t->seq) + done);
		if (!last)
			t->flags &= (u8)~(TCPF_FIN | TCPF_PSH);
		if (index)
			t->flags &= (u8)~TCPF_CWR;
		at = offsetof(struct tcp_hdr_wire, csum);
	}
	pseudo = csum_add(pseudo, (u32)to_be16(c->udp ? IPPROTO_UDP : IPPROTO_TCP).raw);
	pseudo = csum_add(pseudo, to_be32(payload).raw);
	sum.raw = (u16)~csum_fold(pseudo).raw;
	memcpy(trans + at, &sum, sizeof(sum));
	s->csum_state = CSUM_PARTIAL;
	s->trans_off = (u16)(s->data - s->head + c->trans);
	s->net_off = (u16)(s->data - s->head + c->net);
	s->mac_off = (u16)(s->data - s->head);
	s->csum_start = s->trans_off;
	s->csum_offset = (u16)at;
}

static int headers(struct pkt *p, struct cut *c)
{
	u32 base = (u32)(p->data - p->head);

	if (p->net_off < base || p->trans_off < p->net_off || !p->gso_size)
		return -EINVAL;
	c->net = p->net_off - base;
	c->trans = p->trans_off - base;
	c->udp = p->gso_type & GSO_UDP_L4;
	if (!pkt_pull_ok(p, c->trans + (c->udp ? 8 : 20)))
		return -EINVAL;
	c->v6 = (p->data[c->net] >> 4) == 6;
	c->hdr = c->trans + 8;
	if (!c->udp)
		c->hdr = c->trans + (u32)(((struct tcp_hdr_wire *)(p->data + c->trans))->doff_x >> 4) * 4;
	if (c->hdr < c->trans + (c->udp ? 8u : 20u) || !pkt_pull_ok(p, c->hdr) || c->net + (c->v6 ? 40u : 20u) > c->trans)
		return -EINVAL;
	return 0;
}

static struct pkt *segment(struct pkt *p, const struct cut *c, u32 off, u32 n)
{
	struct pkt *s = pkt_alloc(PKT_HEADROOM, c->hdr, GFP_ATOMIC);

	if (!s)
		return NULL;
	memcpy(pkt_put(s, c->hdr), p->data, c->hdr);
	if (share(s, p, c->hdr + off, n)) {
		pkt_free(s);
		return NULL;
	}
	s->protocol = p->protocol;
	s->dev = p->dev;
	s->hash = p->hash;
	s->hash_valid = p->hash_valid;
	s->mark = p->mark;
	s->priority = p->priority;
	s->mac_len = p->mac_len;
	s->type = p->type;
	s->local = p->local;
	return s;
}

u32 pkt_segment_len(struct pkt *p)
{
	u32 trans;

	if (!p->gso_size)
		return p->len;
	trans = (u32)p->trans_off - (u32)(p->data - p->head);
	if (trans >= p->len || !pkt_pull_ok(p, trans + (p->gso_type & GSO_UDP_L4 ? 8 : 20)))
		return 0;
	if (p->gso_type & GSO_UDP_L4)
		return trans + 8 + p->gso_size;
	return trans + (u32)(((struct tcp_hdr_wire *)(p->data + trans))->doff_x >> 4) * 4 + p->gso_size;
}

int pkt_gso_segment(struct pkt *p, struct pkt_list *out)
{
	struct pkt_list l = PKT_LIST_INIT;
	u32 total, done = 0, i = 0;
	struct cut c = { 0 };
	int err = headers(p, &c);

	if (err)
		goto fail;
	total = p->len - c.hdr;
	do {
		u32 n = min(total - done, (u32)p->gso_size);
		struct pkt *s = segment(p, &c, done, n);

		err = -ENOMEM;
		if (!s)
			goto fail;
		fix_headers(s, &c, i++, done, done + n == total);
		pkt_list_add(&l, s);
		done += n;
	} while (done < total);
	/* The charge of the sender's socket stays with the last segment. */
	l.last->destructor = p->destructor;
	l.last->sk = p->sk;
	p->destructor = NULL;
	l.last->charged = p->charged;
	pkt_free(p);
	pkt_list_join(out, &l);
	return 0;
fail:
	pkt_list_free(&l);
	pkt_free(p);
	return err;
}

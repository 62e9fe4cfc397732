/* SPDX-License-Identifier: MPL-2.0 */
/* Packets: geometry, sharing, checksums, segmentation. */
#include <base/string.h>
#include <core/ktest.h>
#include <net/pkt.h>

static u16 plain_sum(const u8 *p, u32 n)
{
	u32 s = 0;

	for (u32 i = 0; i < n; i += 2)
		s += (u32)p[i] << 8 | (i + 1 < n ? p[i + 1] : 0);
	while (s >> 16)
		s = (s & 0xffff) + (s >> 16);
	return (u16)~s;
}

static struct pkt *make(u32 linear, u32 frags)
{
	struct pkt *p = pkt_alloc(PKT_HEADROOM, linear, GFP_KERNEL);
	u8 v = 1;

	for (u32 i = 0; p && i < linear; i++)
		*pkt_put(p, 1) = v++;
	for (u32 k = 0; p && k < frags; k++) {
		struct folio *f = folio_alloc(0, GFP_KERNEL);
		u8 *a = f ? kmap_local(f, 0) : NULL;

		for (u32 i = 0; a && i < 1001; i++)
			a[100 + i] = v++;
		if (!f || !pkt_add_frag(p, f, 100, 1001)) {
			pkt_free(p);
			return NULL;
		}
	}
	return p;
}

KTEST(pkt, bytes)
{
	struct pkt *p = make(33, 3), *c;
	u8 buf[64];

	KREQUIRE(p);
	KEXPECT_EQ(p->len, 33 + 3003);
	KEXPECT_EQ(pkt_read(p, 30, buf, 10), 0);
	for (u32 i = 0; i < 10; i++)
		KEXPECT_EQ(buf[i], (u8)(31 + i));
	KEXPECT(pkt_read(p, 3030, buf, 10) < 0);
	c = pkt_clone(p, GFP_KERNEL);
	KREQUIRE(c);
	KEXPECT_EQ(pkt_writable(c, 200, GFP_KERNEL), 0);
	KEXPECT(pkt_headroom(c) >= 200);
	c->data[0] = 99;
	KEXPECT_EQ(p->data[0], 1);
	KEXPECT(pkt_pull_ok(c, 1500));
	KEXPECT_EQ(c->data[1400], (u8)1401);
	pkt_advance(c, 2000);
	KEXPECT_EQ(c->len, 1036);
	KEXPECT_EQ(pkt_read(c, 0, buf, 1), 0);
	KEXPECT_EQ(buf[0], (u8)2001);
	pkt_trim(c, 5);
	KEXPECT_EQ(c->len, 5);
	pkt_free(c);
	pkt_free(p);
}

KTEST(pkt, checksum)
{
	struct pkt *p = make(33, 3);
	static u8 all[3036];

	KREQUIRE(p);
	KEXPECT_EQ(pkt_read(p, 0, all, sizeof(all)), 0);
	for (u32 off = 0; off < 40; off++)
		KEXPECT_EQ(be16(csum_fold(pkt_csum(p, off, p->len - off, 0))), plain_sum(all + off, (u32)sizeof(all) - off));
	pkt_free(p);
}

KTEST(pkt, segments)
{
	struct pkt *p = pkt_alloc(PKT_HEADROOM, 4000, GFP_KERNEL), *s;
	struct pkt_list l = PKT_LIST_INIT;
	struct tcp_hdr_wire *t;
	struct ip_hdr *h;
	u32 seq = 1000, n = 0;

	KREQUIRE(p);
	h = (struct ip_hdr *)pkt_put(p, 20);
	*h = (struct ip_hdr){ .ver_ihl = 0x45, .proto = IPPROTO_TCP, .src = to_be32(1), .dst = to_be32(2) };
	pkt_set_net(p);
	t = (struct tcp_hdr_wire *)pkt_put(p, 20);
	*t = (struct tcp_hdr_wire){ .seq = to_be32(1000), .doff_x = 0x50, .flags = TCPF_ACK | TCPF_PSH | TCPF_FIN };
	p->trans_off = (u16)((u8 *)t - p->head);
	memset(pkt_put(p, 3500), 7, 3500);
	p->gso_size = 1000;
	p->gso_type = GSO_TCPV4;
	KEXPECT_EQ(pkt_gso_segment(p, &l), 0);
	KEXPECT_EQ(l.n, 4);
	while ((s = pkt_list_pop(&l)) != NULL) {
		h = pkt_net(s);
		t = pkt_trans(s);
		n++;
		KEXPECT_EQ(be32(t->seq), seq);
		seq += 1000;
		KEXPECT_EQ(be16(h->tot_len), n == 4 ? 540 : 1040);
		KEXPECT_EQ(t->flags, n == 4 ? TCPF_ACK | TCPF_PSH | TCPF_FIN : TCPF_ACK);
		KEXPECT_EQ(pkt_csum_help(s), 0);
		pkt_free(s);
	}
}

/* SPDX-License-Identifier: MPL-2.0 */
/* Segments from IP into lwIP's TCP machine: packets become pbufs over the same bytes. Inside the engine. */
#include <base/err.h>
#include <base/string.h>
#include <core/init.h>
#include <core/slab.h>

#include "tcp_impl.h"

static struct kmem_cache *rxp_cache;

static void rxp_free(struct pbuf *p)
{
	struct rx_pbuf *r = (struct rx_pbuf *)p;

	pkt_free(r->pkt);
	kmem_cache_free(rxp_cache, r);
}

/* One pbuf over `len` bytes of p (which it owns). */
static struct pbuf *rx_wrap(struct pkt *p, const void *data, u32 len)
{
	struct rx_pbuf *r = kmem_cache_alloc(rxp_cache, GFP_ATOMIC);

	if (!r)
		return NULL;
	memset(r, 0, sizeof(*r));
	r->pkt = p;
	r->custom.custom_free_function = rxp_free;
	return pbuf_alloced_custom(PBUF_RAW, (u16_t)len, PBUF_REF, &r->custom, (void *)data, (u16_t)len);
}

/* The packet as a chain: linear part, then fragments, each piece with a clone of the packet to keep it. Consumes p. */
static struct pbuf *rx_chain(struct pkt *p)
{
	struct pbuf *head = NULL, *q;

	for (u32 i = 0; i < p->nr_frags; i++) {
		struct pkt *c = pkt_clone(p, GFP_ATOMIC);

		q = c ? rx_wrap(c, kmap_local(p->frag[i].folio, p->frag[i].off), p->frag[i].len) : NULL;
		if (!q) {
			pkt_free(c);
			goto fail;
		}
		if (head)
			pbuf_cat(head, q);
		else
			head = q;
	}
	q = rx_wrap(p, p->data, pkt_linear(p));
	if (!q)
		goto fail;
	if (head)
		pbuf_cat(q, head);
	return q;
fail:
	if (head)
		pbuf_free(head);
	pkt_free(p);
	return NULL;
}

void tcp_segment_input(struct tcp_sock *tp, struct pkt *p)
{
	struct ip_cb cb = *ip_cb(p);
	struct tcp_hdr_wire *h = (struct tcp_hdr_wire *)p->data;
	u32 hl = (u32)(h->doff_x >> 4) * 4;
	bool syn_sent = tp->inet.state == TCP_SYN_SENT;
	struct pbuf *pb;

	/* IP_MINTTL: nothing from further away. */
	if (p->len > 65535 || (cb.family == AF_INET && cb.ttl < READ_ONCE(tp->inet.o.min_ttl))) {
		pkt_free(p);
		return;
	}
	/* lwIP turns the header to host order in place. */
	if (!pkt_pull_ok(p, hl) || pkt_writable(p, 0, GFP_ATOMIC)) {
		pkt_free(p);
		return;
	}
	pkt_orphan(p);
	p->dev = NULL;
	pb = rx_chain(p);
	if (!pb)
		return;
	tp->segs_in++;
	tcp_enter(tp);
	ipaddr_to_lwip(&cb.src, &ip_data.current_iphdr_src);
	ipaddr_to_lwip(&cb.dst, &ip_data.current_iphdr_dest);
	ip_data.current_netif = ip_data.current_input_netif = &keel_netif;
	tcp_input(pb, &keel_netif);
	if (tp->pcb && syn_sent && tp->pcb->state == ESTABLISHED) {
		tp->established = true;
		tp->pcb->cwnd = 10u * tp->pcb->mss;
		tcp_pcb_options(tp);
	}
	if (tp->pcb) {
		tcp_push_pending(tp);
		tcp_quick_ack(tp);
	}
	tcp_leave(tp);
}

static int tcp_input_init(void)
{
	rxp_cache = kmem_cache_create("tcp_rx", sizeof(struct rx_pbuf), 8, 0, NULL);
	return rxp_cache ? 0 : -ENOMEM;
}
INITCALL_BUS(tcp_input_init);

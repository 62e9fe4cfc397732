/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The DHCP client of the boot (ip=dhcp): four messages, some tries, no renewal, as Linux has it; who wants leases kept runs a
 * client in user space. Works below IP, as there is no address yet: frames are built here, answers are taken from taps.
 * Source: RFC 2131.
 */
#include <base/err.h>
#include <base/math.h>
#include <base/string.h>
#include <core/clock.h>
#include <core/printk.h>
#include <core/wait.h>
#include <kernel/random.h>

#include "ip_impl.h"
#include "ipconfig.h"

#define TRIES		6
#define FIRST_NS	(2 * NSEC_PER_SEC)
#define LONGEST_NS	(30 * NSEC_PER_SEC)

struct port {
	struct pkt_tap tap;		/* [I] while it is in place */
	struct net_device *dev;		/* [I] referenced by the caller */
};

static struct port ports[IPCONFIG_DEVS];
static DEFINE_WAIT_QUEUE(answered);
static struct {
	spinlock_t lock;		/* class OBJECT */
	u32 xid;			/* [lock] of the question that is open; 0: none */
	bool bootp;			/* [lock] */
	u8 state;			/* [lock] DHCP_DISCOVER or DHCP_REQUEST: what was sent */
	u32 server;			/* [lock] REQUEST: who may answer */
	int by;				/* [lock; a] index of the port that was answered; -1: none yet */
	struct dhcp_reply reply;	/* [lock] */
	struct dhcp_reply scratch;	/* [lock] */
} ask = { .lock = SPINLOCK_INIT(OBJECT), .by = -1 };

/* --- answers --- */

/* The message in a frame of ours; NULL: not one for us. p is linear. */
static const u8 *payload(struct pkt *p, u32 *len)
{
	const struct ip_hdr *ih = (const struct ip_hdr *)(p->data + ETH_HLEN);
	const struct udp_hdr *uh;
	struct ipaddr src, dst;
	u32 hl, total;

	if (p->len < ETH_HLEN + sizeof(*ih) + sizeof(*uh) || ih->ver_ihl >> 4 != 4)
		return NULL;
	hl = ip_hdr_len(ih);
	total = be16(ih->tot_len);
	if (hl < sizeof(*ih) || total > p->len - ETH_HLEN || total < hl + sizeof(*uh) || ih->proto != IPPROTO_UDP ||
	    be16(ih->frag_off) & (IP_MF | IP_OFFMASK) || csum_fold(csum_partial(ih, hl, 0)).raw)
		return NULL;
	uh = (const struct udp_hdr *)((const u8 *)ih + hl);
	if (be16(uh->src) != DHCP_SERVER_PORT || be16(uh->dst) != DHCP_CLIENT_PORT || be16(uh->len) > total - hl ||
	    be16(uh->len) < sizeof(*uh))
		return NULL;
	src = ipaddr_v4(ih->src);
	dst = ipaddr_v4(ih->dst);
	*len = be16(uh->len) - (u32)sizeof(*uh);
	if (uh->csum.raw && p->csum_state == CSUM_NONE &&
	    csum_fold(csum_partial(uh, be16(uh->len), inet_pseudo(&src, &dst, IPPROTO_UDP, be16(uh->len)))).raw)
		return NULL;
	return (const u8 *)(uh + 1);
}

/* lock held. */
static bool fits(const struct dhcp_reply *r)
{
	if (ask.bootp)
		return r->type == DHCP_BOOTP && r->address;
	if (ask.state == DHCP_DISCOVER)
		return r->type == DHCP_OFFER && r->address && r->server;
	return (r->type == DHCP_ACK || r->type == DHCP_NAK) && (!r->server || r->server == ask.server);
}

/* The tap's function. */
static void hear(struct pkt_tap *t, struct net_device *dev, struct pkt *p)
{
	struct port *port = container_of(t, struct port, tap);
	const u8 *m;
	u32 len;

	if (p->type == PKT_OTHERHOST || !pkt_pull_ok(p, p->len))
		goto out;
	m = payload(p, &len);
	if (!m)
		goto out;
	spin_lock(&ask.lock);
	if (ask.xid && ask.by < 0 && dhcp_parse(m, len, ask.xid, dev->addr, &ask.scratch) && fits(&ask.scratch)) {
		ask.reply = ask.scratch;
		WRITE_ONCE(ask.by, (int)(port - ports));
	}
	spin_unlock(&ask.lock);
	wake_up_all(&answered);
out:
	pkt_free(p);
}

/* --- questions --- */

static int send(struct net_device *dev, const struct dhcp_request *q)
{
	u32 len = sizeof(struct udp_hdr) + DHCP_MSG_SIZE;
	struct pkt *p = pkt_alloc(PKT_HEADROOM, len, GFP_KERNEL);
	struct ipaddr src = ipaddr_v4((be32_t){ 0 }), dst = ipaddr_v4((be32_t){ ~0u });
	struct udp_hdr *uh;
	struct ip_hdr *ih;

	if (!p)
		return -ENOMEM;
	uh = (struct udp_hdr *)pkt_put(p, len);
	*uh = (struct udp_hdr){ .src = to_be16(DHCP_CLIENT_PORT), .dst = to_be16(DHCP_SERVER_PORT), .len = to_be16((u16)len) };
	dhcp_build((u8 *)(uh + 1), q);
	uh->csum = csum_fold(csum_partial(uh, len, inet_pseudo(&src, &dst, IPPROTO_UDP, len)));
	if (!uh->csum.raw)
		uh->csum.raw = 0xffff;
	ih = (struct ip_hdr *)pkt_push(p, sizeof(*ih));
	*ih = (struct ip_hdr){ .ver_ihl = 0x45, .tot_len = to_be16((u16)(len + sizeof(*ih))), .ttl = 64, .proto = IPPROTO_UDP,
		.src = src.w[3], .dst = dst.w[3] };
	ih->csum = csum_fold(csum_partial(ih, sizeof(*ih), 0));
	pkt_set_net(p);
	p->trans_off = (u16)(p->net_off + sizeof(*ih));
	if (netdev_header(p, dev, ETH_P_IP, NULL)) {
		pkt_free(p);
		return -ENOMEM;
	}
	return netdev_xmit(p);
}

/* Open a question: answers to those before do not count any more. */
static void open_question(u8 state, u32 xid, u32 server)
{
	spin_lock(&ask.lock);
	ask.state = state;
	ask.xid = xid;
	ask.server = server;
	WRITE_ONCE(ask.by, -1);
	spin_unlock(&ask.lock);
}

/* The port that was answered. -ETIMEDOUT. */
static int wait_answer(u64 deadline, struct dhcp_reply *r)
{
	int by;

	(void)wait_event_until(&answered, READ_ONCE(ask.by) >= 0, deadline);
	spin_lock(&ask.lock);
	by = ask.by;
	*r = ask.reply;
	spin_unlock(&ask.lock);
	return by < 0 ? -ETIMEDOUT : by;
}

/* One round: discover and request. The port, -ETIMEDOUT, -EAGAIN: refused. */
static int try(struct net_device *const *dev, int n, struct dhcp_request *q, u64 patience, struct dhcp_reply *r)
{
	u32 xid;
	int by;

	do
		random_bytes(&xid, sizeof(xid));
	while (!xid);
	q->xid = xid;
	q->type = ask.bootp ? DHCP_BOOTP : DHCP_DISCOVER;
	q->address = q->server = 0;
	open_question(DHCP_DISCOVER, xid, 0);
	for (int i = 0; i < n; i++) {
		memcpy(q->mac, dev[i]->addr, 6);
		(void)send(dev[i], q);
	}
	by = wait_answer(clock_monotonic_ns() + patience, r);
	if (by < 0 || ask.bootp)
		return by;
	q->type = DHCP_REQUEST;
	q->address = r->address;
	q->server = r->server;
	memcpy(q->mac, dev[by]->addr, 6);
	open_question(DHCP_REQUEST, xid, r->server);
	(void)send(dev[by], q);
	by = wait_answer(clock_monotonic_ns() + patience, r);
	return by >= 0 && r->type == DHCP_NAK ? -EAGAIN : by;
}

int dhcp_ask(struct net_device *const *dev, int n, bool bootp, const char *host, struct dhcp_reply *r)
{
	u64 start = clock_monotonic_ns(), patience = FIRST_NS;
	struct dhcp_request q = { .host = host };
	int by = -ETIMEDOUT;

	for (int i = 0; i < n; i++) {
		ports[i].dev = dev[i];
		ports[i].tap = (struct pkt_tap){ .dev = dev[i], .ethertype = ETH_P_IP, .fn = hear };
		pkt_tap_add(&ports[i].tap);
	}
	ask.bootp = bootp;
	for (int t = 0; t < TRIES && by < 0; t++) {
		q.seconds = (u16)min_t(u64, (clock_monotonic_ns() - start) / NSEC_PER_SEC, 65535);
		by = try(dev, n, &q, patience + (u64)random_u32_below(1000) * NSEC_PER_MSEC, r);
		patience = min_t(u64, patience * 7 / 4, LONGEST_NS);
	}
	open_question(0, 0, 0);
	for (int i = 0; i < n; i++)
		pkt_tap_del(&ports[i].tap);
	return by < 0 ? -ETIMEDOUT : by;
}

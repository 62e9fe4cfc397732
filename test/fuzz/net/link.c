/* SPDX-License-Identifier: MPL-2.0 */
/* The devices, and what few calls of sockets sim.c and frames.c make. */
#include <base/err.h>
#include <core/page.h>
#include <fs/inode.h>
#include <net/netdev.h>
#include "host.h"

struct law link_law;
u64 link_frames, link_lost;
u32 link_mtu = 1500;
void (*link_spy)(const struct pkt *p);

/* --- lo: a bad line between two sockets of this machine --- */

struct flight {
	struct pkt *p;
	struct net_device *dev;
};

static void arrive(void *arg)
{
	struct flight *f = arg;
	struct pkt_list l = PKT_LIST_INIT;

	pkt_list_add(&l, f->p);
	netdev_receive(f->dev, 0, &l);
	free(f);
}

static void fly(struct net_device *dev, struct pkt *p, u64 delay)
{
	struct flight *f = malloc(sizeof(*f));

	f->p = p;
	f->dev = dev;
	host_at(host_now + delay, arrive, f);
}

static bool chance(u32 parts)
{
	return below(10000) < parts;
}

static u64 line_free_at;

static void lo_xmit(struct net_device *dev, u32 queue, struct pkt_list *batch)
{
	struct pkt *p;

	while ((p = pkt_list_pop(batch)) != NULL) {
		bool lost = chance(link_law.loss), again = chance(link_law.dup), late = chance(link_law.reorder);
		u64 delay = link_law.delay + (late ? rnd() % (link_law.jitter + 1) : 0);

		pkt_orphan(p);
		p->local = true;
		p->csum_state = p->csum_state == CSUM_PARTIAL ? CSUM_PARTIAL : CSUM_UNNECESSARY;
		p->tstamp = 0;
		link_frames++;
		if (link_law.rate) {
			line_free_at = max(line_free_at, host_now) + (u64)p->len * 1000000000 / link_law.rate;
			delay += line_free_at - host_now;
			if (line_free_at > host_now + 200000000)
				lost = true;	/* a queue of 200 ms */
		}
		if (lost) {
			link_lost++;
			pkt_free(p);
			continue;
		}
		if (again) {
			struct pkt *c = pkt_copy(p, PKT_HEADROOM, GFP_ATOMIC);

			if (c) {
				c->dev = p->dev;
				c->csum_state = CSUM_UNNECESSARY;
				fly(dev, c, delay + 1000000);
			}
		}
		fly(dev, p, delay);
	}
}

static const struct netdev_ops lo_ops = { .xmit = lo_xmit };

/* What goes by this lo is lost, late and doubled: there is no short way. */
bool loopback_pass(struct net_device *dev, struct pkt *p)
{
	return false;
}

/* --- tap0 --- */

static struct net_device *tap;

static void tap_xmit(struct net_device *dev, u32 queue, struct pkt_list *batch)
{
	struct pkt *p;

	while ((p = pkt_list_pop(batch)) != NULL) {
		if (link_spy)
			link_spy(p);
		pkt_free(p);
	}
}

static const struct netdev_ops tap_ops = { .xmit = tap_xmit };

struct net_device *tap_dev(void)
{
	return tap;
}

static struct pkt_list waiting;

void tap_frame(const u8 *data, u32 n, bool more)
{
	unsigned int order = 0;
	struct pkt_list l;
	struct folio *f;
	struct pkt *p;
	u32 size;

	while ((PAGE_SIZE << order) < n + 16)
		order++;
	f = folio_alloc(order, GFP_ATOMIC);
	if (!f)
		return;
	size = (u32)folio_size(f);
	/* To the end of the page, as near as words allow; what lies behind is poisoned. */
	p = pkt_from_folio(f, 0, size, size - n, n, GFP_ATOMIC);
	if (!p) {
		folio_put(f);
		return;
	}
	memcpy(p->data, data, n);
	pkt_list_add(&waiting, p);
	if (more && waiting.n < 32)
		return;
	l = waiting;
	pkt_list_init(&waiting);
	netdev_receive(tap, 0, &l);
	host_settle();
}

static struct net_device *make(const char *name, const struct netdev_ops *ops, u32 type, u32 flags, u32 mtu)
{
	struct net_device *dev = netdev_alloc(0, name, 1, 1);

	if (!dev)
		host_die("no device");
	if (type == ARPHRD_ETHER)
		netdev_setup_ether(dev);
	dev->type = (u16)type;
	dev->addr_len = ETH_ALEN;
	dev->hard_header_len = ETH_HLEN;
	dev->flags |= flags;
	dev->mtu = mtu;
	dev->max_mtu = 65535;
	dev->no_queue = true;
	dev->features = NETIF_CSUM | NETIF_SG | NETIF_RXCSUM | NETIF_GRO;
	dev->carrier = true;
	dev->ops = ops;
	if (type == ARPHRD_ETHER)
		memcpy(dev->addr, "\x02\0\0\0\0\1", 6);
	else
		init_net.lo = dev;
	if (netdev_register(dev))
		host_die("no device");
	return dev;
}

static void address(struct net_device *dev, u32 addr, u8 prefix, u8 scope)
{
	struct net_ifaddr a = { .family = AF_INET, .prefixlen = prefix, .scope = scope, .local = ipaddr_v4(to_be32(addr)),
		.peer = ipaddr_v4(to_be32(addr)), .valid_lft = ~0u, .preferred_lft = ~0u };
	int err;

	rtnl_lock();
	err = inet_addr_add(&init_net, dev, &a);
	if (!err || err == -EEXIST)
		err = netdev_change_flags(dev, IFF_UP, IFF_UP);
	rtnl_unlock();
	if (err)
		host_die("no address: %d", err);
}

void link_init(void)
{
	struct net_device *lo = make("lo", &lo_ops, ARPHRD_LOOPBACK, IFF_LOOPBACK, link_mtu);

	tap = make("tap0", &tap_ops, ARPHRD_ETHER, 0, 1500);
	address(lo, 0x7f000001, 8, RT_SCOPE_HOST);
	address(tap, 0x0a000001, 24, RT_SCOPE_UNIVERSE);
	host_settle();
}

/* --- sockets --- */

static const struct net_family *families[64];

int net_family_register(const struct net_family *f)
{
	families[f->family] = f;
	return 0;
}

struct socket *host_socket(int family, int type)
{
	struct socket *s = calloc(1, sizeof(*s));
	int err;

	wait_queue_init(&s->wait);
	s->type = (short)type;
	s->net = &init_net;
	s->file = calloc(1, sizeof(*s->file));
	s->file->flags = O_NONBLOCK;
	s->file->inode = calloc(1, sizeof(*s->file->inode));
	err = families[family]->create(s->net, s, 0);
	if (err)
		host_die("no socket: %d", err);
	return s;
}

void host_close(struct socket *s)
{
	s->ops->release(s);
	free(s->file->inode);
	free(s->file);
	free(s);
}

static struct sockaddr_storage to_addr(u32 addr, u16 port)
{
	struct sockaddr_storage a = { 0 };
	struct sockaddr_in *in = (struct sockaddr_in *)&a;
	be16_t p = to_be16(port);

	in->sin_family = AF_INET;
	in->sin_addr.s_addr = to_be32(addr).raw;
	memcpy(&in->sin_port, &p, 2);
	return a;
}

int host_bind(struct socket *s, u32 addr, u16 port)
{
	struct sockaddr_storage a = to_addr(addr, port);

	return s->ops->bind(s, &a, sizeof(struct sockaddr_in));
}

int host_connect(struct socket *s, u32 addr, u16 port)
{
	struct sockaddr_storage a = to_addr(addr, port);

	return s->ops->connect(s, &a, sizeof(struct sockaddr_in), O_NONBLOCK);
}

struct socket *host_accept(struct socket *s)
{
	struct socket *c = host_socket(AF_INET, SOCK_STREAM);

	if (!s->ops->accept(s, c, O_NONBLOCK))
		return c;
	host_close(c);
	return NULL;
}

ssize_t host_send(struct socket *s, const void *data, size_t n, u32 flags)
{
	struct msg m = { .flags = flags | MSG_DONTWAIT | MSG_NOSIGNAL };

	m.iter = (struct iov_iter){ .kind = ITER_UBUF, .dir = ITER_SOURCE, .ubuf = (u64)data, .count = n };
	return s->ops->sendmsg(s, &m, n);
}

ssize_t host_recv(struct socket *s, void *data, size_t n, u32 flags)
{
	struct msg m = { .flags = flags | MSG_DONTWAIT };

	m.iter = (struct iov_iter){ .kind = ITER_UBUF, .dir = ITER_DEST, .ubuf = (u64)data, .count = n };
	return s->ops->recvmsg(s, &m, n);
}

/* SPDX-License-Identifier: MPL-2.0 */
/* NETLINK_SOCK_DIAG: TCP, UDP, unix, netlink and packet sockets, filters, single ones, ending one. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <linux/inet_diag.h>
#include <linux/netlink_diag.h>
#include <linux/packet_diag.h>
#include <linux/sock_diag.h>
#include <linux/unix_diag.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include "nl.h"

#ifndef SOCK_DESTROY
#define SOCK_DESTROY 21
#endif

static int port_of(int s)
{
	struct sockaddr_in a;
	socklen_t n = sizeof(a);

	CHECK_OK(getsockname(s, (void *)&a, &n));
	return ntohs(a.sin_port);
}
static int bound(int type)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int s = CHECK_OK(socket(AF_INET, type, 0));

	CHECK_OK(bind(s, (void *)&a, sizeof(a)));
	return s;
}
static unsigned inode_of(int s)
{
	struct stat st;

	CHECK_OK(fstat(s, &st));
	return st.st_ino;
}
static int diag(void)
{
	int fd = nl_open(NETLINK_ROUTE);

	nl_lo_up(fd);
	close(fd);
	fd = socket(AF_NETLINK, SOCK_RAW, NETLINK_SOCK_DIAG);
	if (fd < 0)
		SKIP("no sock_diag");
	close(fd);
	return nl_open(NETLINK_SOCK_DIAG);
}
static struct inet_diag_req_v2 *inet(int flags, int protocol, unsigned states)
{
	struct inet_diag_req_v2 q = { .sdiag_family = AF_INET, .sdiag_protocol = protocol, .idiag_states = states };

	q.id.idiag_cookie[0] = q.id.idiag_cookie[1] = INET_DIAG_NOCOOKIE;
	nl_begin(SOCK_DIAG_BY_FAMILY, flags, &q, sizeof(q));
	return NLMSG_DATA(&nl_req.h);
}

struct found {
	int port, n, same_port, all;
	struct inet_diag_msg m;
	struct tcp_info info;
	int info_len, mem_len, shutdown;
	char cong[16];
};
static int peer_port;	/* 0: any. An earlier test's connection in TIME_WAIT may share a port, not both */
static void look(struct nlmsghdr *h, void *arg)
{
	struct inet_diag_msg *m = NLMSG_DATA(h);
	struct found *f = arg;
	void *p;

	CHECK_EQ(h->nlmsg_type, SOCK_DIAG_BY_FAMILY);
	f->all++;
	if (ntohs(m->id.idiag_sport) != f->port)
		return;
	f->same_port++;
	if (peer_port && ntohs(m->id.idiag_dport) != peer_port)
		return;
	f->n++;
	f->m = *m;
	p = nl_find(h, sizeof(*m), INET_DIAG_INFO, &f->info_len);
	if (p)
		memcpy(&f->info, p, f->info_len < (int)sizeof(f->info) ? f->info_len : (int)sizeof(f->info));
	nl_find(h, sizeof(*m), INET_DIAG_SKMEMINFO, &f->mem_len);
	p = nl_find(h, sizeof(*m), INET_DIAG_CONG, NULL);
	strcpy(f->cong, p ? p : "-");
	p = nl_find(h, sizeof(*m), INET_DIAG_SHUTDOWN, NULL);
	f->shutdown = p ? *(unsigned char *)p : -1;
}
static int family_error;
static struct found find(int fd, int protocol, unsigned states, int port)
{
	struct found f = { .port = port };

	inet(0, protocol, states)->idiag_ext = 1 << (INET_DIAG_INFO - 1) | 1 << (INET_DIAG_CONG - 1) |
					       1 << (INET_DIAG_SKMEMINFO - 1);
	family_error = nl_dump(fd, look, &f);
	if (family_error == ENOENT)
		SKIP("no sock_diag of this family");
	CHECK_EQ(family_error, 0);
	return f;
}
static void pair(int *l, int *c, int *a)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };

	*l = bound(SOCK_STREAM);
	CHECK_OK(listen(*l, 7));
	to.sin_port = htons(port_of(*l));
	*c = CHECK_OK(socket(AF_INET, SOCK_STREAM, 0));
	CHECK_OK(connect(*c, (void *)&to, sizeof(to)));
	*a = CHECK_OK(accept(*l, NULL, NULL));
}
CASE(tcp)
{
	int fd = diag(), l, c, a;
	struct found f;

	pair(&l, &c, &a);
	f = find(fd, IPPROTO_TCP, 1 << 10, port_of(l));
	CHECK_EQ(f.n, 1);
	CHECK_EQ(f.m.idiag_state, 10);
	CHECK_EQ(f.m.idiag_family, AF_INET);
	CHECK_EQ(f.m.idiag_wqueue, 7);
	CHECK_EQ(f.m.idiag_rqueue, 0);
	CHECK_EQ(f.m.idiag_uid, 0);
	CHECK_EQ(f.m.idiag_inode, inode_of(l));
	CHECK_EQ(f.m.id.idiag_src[0], htonl(INADDR_LOOPBACK));
	f = find(fd, IPPROTO_TCP, 1 << 1, port_of(c));
	CHECK_EQ(f.n, 1);
	CHECK_EQ(f.m.idiag_state, 1);
	CHECK_EQ(ntohs(f.m.id.idiag_dport), port_of(l));
	CHECK_EQ(f.m.idiag_inode, inode_of(c));
	CHECK_GE(f.info_len, 192);
	CHECK_EQ(f.info.tcpi_state, 1);
	CHECK_EQ(f.mem_len, 36);
	CHECK(f.cong[0] != '-');
	CHECK_EQ(f.shutdown, 0);
	CHECK_EQ(write(c, "hello", 5), 5);
	CHECK_EQ(WAIT_EVENTS(a, POLLIN), POLLIN);
	CHECK_EQ(find(fd, IPPROTO_TCP, 1 << 1, port_of(l)).m.idiag_rqueue, 5);
	CHECK_OK(shutdown(c, SHUT_WR));
	AWAIT(find(fd, IPPROTO_TCP, 1 << 5, port_of(c)).n);	/* acknowledged: wakes nobody */
	CHECK_EQ(find(fd, IPPROTO_TCP, 1 << 5, port_of(c)).shutdown, 2);
	CHECK_EQ(find(fd, IPPROTO_TCP, 1 << 8, port_of(l)).n, 1);
	/* Who closes first waits a while, without a socket. */
	int port = port_of(c);

	peer_port = port_of(l);
	close(c);
	CHECK_EQ(read(a, nl_buf, 10), 5);
	close(a);
	AWAIT(find(fd, IPPROTO_TCP, 1 << 6, port).n);
	f = find(fd, IPPROTO_TCP, 1 << 6, port);
	CHECK_EQ(f.n, 1);
	CHECK_EQ(f.m.idiag_timer, 3);
	CHECK_GT(f.m.idiag_expires, 1000);
	CHECK_EQ(f.m.idiag_inode, 0);
}
CASE(exact)
{
	int fd = diag(), l, c, a;
	struct inet_diag_req_v2 *q;
	struct inet_diag_msg m;
	struct nlmsghdr *h;

	pair(&l, &c, &a);
	peer_port = port_of(l);
	find(fd, IPPROTO_TCP, 1 << 10, 0);
	for (int k = 0; k < 4; k++) {
		q = inet(0, IPPROTO_TCP, ~0u);
		q->id.idiag_sport = htons(port_of(c));
		q->id.idiag_dport = htons(port_of(l));
		q->id.idiag_src[0] = q->id.idiag_dst[0] = htonl(INADDR_LOOPBACK);
		if (k == 1)
			memcpy(q->id.idiag_cookie, m.id.idiag_cookie, 8);
		if (k == 2)
			q->id.idiag_cookie[0] ^= 0x55;
		if (k == 3)
			q->id.idiag_sport = htons(1);
		if (k < 2) {
			h = nl_ask(fd);
			CHECK_EQ(h->nlmsg_flags, 0);
			m = *(struct inet_diag_msg *)NLMSG_DATA(h);
			CHECK_EQ(m.idiag_inode, inode_of(c));
		} else {
			CHECK_EQ(nl_do(fd), ENOENT);
		}
	}
	/* To a port without a connection: who listens. */
	q = inet(0, IPPROTO_TCP, ~0u);
	q->id.idiag_sport = htons(port_of(l));
	q->id.idiag_dport = htons(1);
	q->id.idiag_src[0] = q->id.idiag_dst[0] = htonl(INADDR_LOOPBACK);
	CHECK_EQ(((struct inet_diag_msg *)NLMSG_DATA(nl_ask(fd)))->idiag_inode, inode_of(l));
}
static int with_code(int fd, const void *code, int len, struct found *f)
{
	inet(0, IPPROTO_TCP, ~0u);
	nl_attr(INET_DIAG_REQ_BYTECODE, code, len);
	return nl_dump(fd, look, f);
}
CASE(filters)
{
	int fd = diag(), l, c, a;
	struct found f;

	pair(&l, &c, &a);
	peer_port = port_of(l);
	find(fd, IPPROTO_TCP, 1 << 10, 0);
	struct inet_diag_bc_op eq[] = { { INET_DIAG_BC_S_GE, 8, 20 }, { 0, 0, port_of(c) }, { INET_DIAG_BC_S_LE, 8, 12 },
					{ 0, 0, port_of(c) } };
	struct inet_diag_bc_op jump[] = { { INET_DIAG_BC_S_GE, 8, 12 }, { 0, 0, 0 } };
	struct { struct inet_diag_bc_op op; struct inet_diag_hostcond c; unsigned addr; } host = {
		{ INET_DIAG_BC_D_COND, 16, 20 }, { AF_INET, 8, -1 }, htonl(0x7f000000) };

	f = (struct found){ .port = port_of(c) };
	CHECK_EQ(with_code(fd, eq, sizeof(eq), &f), 0);
	CHECK_EQ(f.n, 1);
	CHECK_EQ(f.all, f.same_port);
	f = (struct found){ .port = port_of(c) };
	CHECK_EQ(with_code(fd, &host, sizeof(host), &f), 0);
	CHECK_EQ(f.n, 1);
	host.addr = htonl(0x0a000000);
	f = (struct found){ .port = port_of(c) };
	CHECK_EQ(with_code(fd, &host, sizeof(host), &f), 0);
	CHECK_EQ(f.all, 0);
	/* Programs that lead nowhere. */
	CHECK_EQ(with_code(fd, jump, 4, &f), EINVAL);
	CHECK_EQ(with_code(fd, jump, 2, &f), EINVAL);
	jump[0].no = 10;
	CHECK_EQ(with_code(fd, jump, sizeof(jump), &f), EINVAL);
	jump[0].no = 400;
	CHECK_EQ(with_code(fd, jump, sizeof(jump), &f), EINVAL);
	jump[0].no = 12;
	jump[0].yes = 0;
	CHECK_EQ(with_code(fd, jump, sizeof(jump), &f), EINVAL);
	jump[0].code = 99;
	CHECK_EQ(with_code(fd, jump, sizeof(jump), &f), EINVAL);
	host.c.prefix_len = 33;
	CHECK_EQ(with_code(fd, &host, sizeof(host), &f), EINVAL);
}
CASE(udp)
{
	int fd = diag(), s = bound(SOCK_DGRAM);
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK), .sin_port = htons(port_of(s)) };
	int c = bound(SOCK_DGRAM);
	struct found f;

	CHECK_OK(connect(c, (void *)&a, sizeof(a)));
	f = find(fd, IPPROTO_UDP, 1 << 7, port_of(s));
	CHECK_EQ(f.n, 1);
	CHECK_EQ(f.m.idiag_inode, inode_of(s));
	CHECK_EQ(f.m.id.idiag_dport, 0);
	f = find(fd, IPPROTO_UDP, 1 << 1, port_of(c));
	CHECK_EQ(f.n, 1);
	CHECK_EQ(ntohs(f.m.id.idiag_dport), port_of(s));
	CHECK_EQ(write(c, "abc", 3), 3);
	CHECK_EQ(WAIT_EVENTS(s, POLLIN), POLLIN);
	CHECK_GT(find(fd, IPPROTO_UDP, 1 << 7, port_of(s)).m.idiag_rqueue, 0);
}
CASE(destroy)
{
	int fd = diag(), l, c, a;
	struct inet_diag_req_v2 *q;

	pair(&l, &c, &a);
	peer_port = port_of(l);
	find(fd, IPPROTO_TCP, 1 << 10, 0);
	q = inet(0, IPPROTO_TCP, ~0u);
	nl_req.h.nlmsg_type = SOCK_DESTROY;
	q->id.idiag_sport = htons(port_of(c));
	q->id.idiag_dport = htons(port_of(l));
	q->id.idiag_src[0] = q->id.idiag_dst[0] = htonl(INADDR_LOOPBACK);
	CHECK_EQ(nl_do(fd), 0);
	CHECK_ERR(read(c, nl_buf, 1), ECONNABORTED);
	CHECK_ERR(read(a, nl_buf, 1), ECONNRESET);
	CHECK_EQ(nl_do(fd), ENOENT);
	pair(&l, &c, &a);
	kt_become(1000, 1000);
	fd = nl_open(NETLINK_SOCK_DIAG);
	q->id.idiag_sport = htons(port_of(c));
	q->id.idiag_dport = htons(port_of(l));
	CHECK_EQ(nl_do(fd), EPERM);
}
CASE(errors)
{
	int fd = diag();
	unsigned char b[64] = { AF_INET, IPPROTO_TCP };

	nl_begin(SOCK_DIAG_BY_FAMILY, 0, b, 1);
	CHECK_EQ(nl_do(fd), EINVAL);
	nl_begin(SOCK_DIAG_BY_FAMILY, 0, b, 8);
	nl_do(fd);
	b[0] = 200;
	nl_begin(SOCK_DIAG_BY_FAMILY, 0, b, 8);
	CHECK_EQ(nl_do(fd), EINVAL);
	b[0] = AF_APPLETALK;
	nl_begin(SOCK_DIAG_BY_FAMILY, 0, b, 8);
	CHECK_EQ(nl_do(fd), ENOENT);
	nl_begin(99, 0, b, 8);
	CHECK_EQ(nl_do(fd), EINVAL);
	find(fd, IPPROTO_TCP, 1, 0);
	inet(0, 132, ~0u);	/* SCTP is not there */
	CHECK_EQ(nl_dump(fd, NULL, NULL), ENOENT);
}

struct unix_found {
	unsigned ino, n, type, state, peer, rqueue, wqueue, icons, name_len, vfs, shutdown;
	char name[128];
};
static void look_unix(struct nlmsghdr *h, void *arg)
{
	struct unix_diag_msg *m = NLMSG_DATA(h);
	struct unix_found *f = arg;
	struct unix_diag_rqlen *q;
	void *p;
	int len;

	if (m->udiag_ino != f->ino)
		return;
	f->n++;
	f->type = m->udiag_type;
	f->state = m->udiag_state;
	q = nl_need(h, sizeof(*m), UNIX_DIAG_RQLEN);
	f->rqueue = q->udiag_rqueue;
	f->wqueue = q->udiag_wqueue;
	p = nl_find(h, sizeof(*m), UNIX_DIAG_PEER, NULL);
	f->peer = p ? *(unsigned *)p : 0;
	p = nl_find(h, sizeof(*m), UNIX_DIAG_ICONS, &len);
	f->icons = p ? len / 4 : 0;
	p = nl_find(h, sizeof(*m), UNIX_DIAG_NAME, &len);
	if (p)
		memcpy(f->name, p, f->name_len = len);
	f->vfs = nl_find(h, sizeof(*m), UNIX_DIAG_VFS, NULL) != NULL;
	f->shutdown = *(unsigned char *)nl_need(h, sizeof(*m), UNIX_DIAG_SHUTDOWN);
}
static struct unix_found find_unix(int fd, int s)
{
	struct unix_diag_req q = { .sdiag_family = AF_UNIX, .udiag_states = ~0u, .udiag_show = 0x3f };
	struct unix_found f = { .ino = inode_of(s) };
	int err;

	nl_begin(SOCK_DIAG_BY_FAMILY, 0, &q, sizeof(q));
	err = nl_dump(fd, look_unix, &f);
	if (err == ENOENT)
		SKIP("no unix_diag");
	CHECK_EQ(err, 0);
	return f;
}
CASE(unix_sockets)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX, .sun_path = "sock" };
	struct unix_diag_req q = { .sdiag_family = AF_UNIX, .udiag_cookie = { ~0u, ~0u } };
	int fd = diag(), l = CHECK_OK(socket(AF_UNIX, SOCK_STREAM, 0)), c = CHECK_OK(socket(AF_UNIX, SOCK_STREAM, 0)), sv[2];
	struct unix_found f;

	CHECK_OK(bind(l, (void *)&a, sizeof(a)));
	CHECK_OK(listen(l, 5));
	CHECK_OK(connect(c, (void *)&a, sizeof(a)));
	f = find_unix(fd, l);
	CHECK_EQ(f.n, 1);
	CHECK_EQ(f.type, SOCK_STREAM);
	CHECK_EQ(f.state, 10);
	CHECK_EQ(f.rqueue, 1);
	CHECK_EQ(f.wqueue, 5);
	CHECK_EQ(f.icons, 1);
	CHECK_EQ(f.vfs, 1);
	CHECK_STR(f.name, "sock");
	CHECK_OK(socketpair(AF_UNIX, SOCK_DGRAM, 0, sv));
	CHECK_EQ(write(sv[0], "12345", 5), 5);
	f = find_unix(fd, sv[1]);
	CHECK_EQ(f.type, SOCK_DGRAM);
	CHECK_EQ(f.state, 1);
	CHECK_EQ(f.peer, inode_of(sv[0]));
	CHECK_EQ(f.rqueue, 5);
	CHECK_EQ(f.name_len, 0);
	CHECK_OK(shutdown(sv[0], SHUT_RDWR));
	CHECK_EQ(find_unix(fd, sv[0]).shutdown, 3);
	/* One alone. */
	q.udiag_ino = inode_of(c);
	nl_begin(SOCK_DIAG_BY_FAMILY, 0, &q, sizeof(q));
	CHECK_EQ(((struct unix_diag_msg *)NLMSG_DATA(nl_ask(fd)))->udiag_state, 1);
	q.udiag_cookie[0] = 7;
	nl_begin(SOCK_DIAG_BY_FAMILY, 0, &q, sizeof(q));
	CHECK_EQ(nl_do(fd), ESTALE);
	q.udiag_ino = 0;
	nl_begin(SOCK_DIAG_BY_FAMILY, 0, &q, sizeof(q));
	CHECK_EQ(nl_do(fd), EINVAL);
	q.udiag_ino = 0x7fffffff;
	nl_begin(SOCK_DIAG_BY_FAMILY, 0, &q, sizeof(q));
	CHECK_EQ(nl_do(fd), ENOENT);
}
static unsigned mine;
static void look_netlink(struct nlmsghdr *h, void *arg)
{
	struct netlink_diag_msg *m = NLMSG_DATA(h);

	CHECK_EQ(m->ndiag_family, AF_NETLINK);
	*(int *)arg += m->ndiag_ino == mine;
}
static void look_packet(struct nlmsghdr *h, void *arg)
{
	struct packet_diag_msg *m = NLMSG_DATA(h);
	struct packet_diag_info *i;

	if (m->pdiag_ino != mine)
		return;
	CHECK_EQ(m->pdiag_type, SOCK_RAW);
	CHECK_EQ(m->pdiag_num, 0x1234);
	i = nl_need(h, sizeof(*m), PACKET_DIAG_INFO);
	CHECK_EQ(i->pdi_version, 1);	/* TPACKET_V2 */
	CHECK_EQ(i->pdi_reserve, 32);
	CHECK_EQ(i->pdi_flags, PDI_RUNNING | PDI_AUXDATA | PDI_VNETHDR);
	++*(int *)arg;
}
CASE(others)
{
	struct netlink_diag_req n = { .sdiag_family = AF_NETLINK, .sdiag_protocol = NDIAG_PROTO_ALL, .ndiag_show = 3 };
	struct packet_diag_req p = { .sdiag_family = AF_PACKET, .pdiag_show = PACKET_SHOW_INFO | PACKET_SHOW_MCLIST };
	int fd = diag(), seen = 0, err, s;

	mine = inode_of(fd);
	nl_begin(SOCK_DIAG_BY_FAMILY, 0, &n, sizeof(n));
	err = nl_dump(fd, look_netlink, &seen);
	if (err == ENOENT)
		SKIP("no netlink_diag");
	CHECK_EQ(err, 0);
	CHECK_EQ(seen, 1);
	nl_begin(SOCK_DIAG_BY_FAMILY, 0, &n, sizeof(n));
	CHECK_EQ(nl_do(fd), EOPNOTSUPP);
	s = socket(AF_PACKET, SOCK_RAW, htons(0x1234));
	if (s < 0)
		return;		/* a module of the oracle's that is not loaded */
	for (int i = 0; i < 4; i++)	/* PACKET_AUXDATA, PACKET_VERSION, PACKET_RESERVE, PACKET_VNET_HDR */
		CHECK_OK(setsockopt(s, 263, (int[]){ 8, 10, 12, 15 }[i], &(int[]){ 1, 1, 32, 1 }[i], sizeof(int)));
	seen = 0;
	mine = inode_of(s);
	nl_begin(SOCK_DIAG_BY_FAMILY, 0, &p, sizeof(p));
	CHECK_EQ(nl_dump(fd, look_packet, &seen), 0);
	CHECK_EQ(seen, 1);
	p.sdiag_protocol = 1;
	nl_begin(SOCK_DIAG_BY_FAMILY, 0, &p, sizeof(p));
	CHECK_EQ(nl_dump(fd, look_packet, &seen), EINVAL);
}

/* SPDX-License-Identifier: MPL-2.0 */
/*
 * What the files of net/inet share: the socket of AF_INET and AF_INET6, the demultiplexing tables,
 * how packets come up and go down. docs/network.md has the whole picture.
 *
 * Life of an inet_sock: made by socket(2) (or by TCP for a connection nobody accepted yet), one
 * reference of its file, one of each table it stands in, one of each queued timer. release() unlinks
 * what it can; a TCP connection lives on as an orphan until it is done. The last put frees by RCU.
 *
 * Locks, outer first: rtnl; sk->lock (mutex, class SOCKET: one system call at a time changes the
 * socket; never across a blocking wait or a user copy of TCP data); the TCP engine (class NET_ENGINE,
 * tcp_impl.h); table buckets (class INET_HASH); sk->qlock (class SOCK_QUEUE: receive and error queues).
 */
#ifndef NET_INET_IMPL_H
#define NET_INET_IMPL_H

#include <base/list.h>
#include <base/ref.h>
#include <core/mutex.h>
#include <fs/poll.h>
#include <net/inet.h>
#include <net/sock.h>
#include <net/socket.h>

struct send_ctl;
struct inet_sock;
struct ip6_txopts;
struct ip_out;
struct ip_mc_sock;

/* State numbers of /proc/net/tcp and TCP_INFO; UDP uses ESTABLISHED (connected) and CLOSE. */
enum tcp_state {
	TCP_ESTABLISHED = 1, TCP_SYN_SENT, TCP_SYN_RECV, TCP_FIN_WAIT1, TCP_FIN_WAIT2, TCP_TIME_WAIT, TCP_CLOSE, TCP_CLOSE_WAIT,
	TCP_LAST_ACK, TCP_LISTEN, TCP_CLOSING, TCP_NEW_SYN_RECV,
};

#define RCV_SHUTDOWN	1u
#define SEND_SHUTDOWN	2u

/* In pkt.cb between ip_input/ip6_input and the sockets' queues. */
struct ip_cb {
	struct ipaddr src, dst;
	int iif;			/* device it came by */
	u8 family, proto, tos, ttl;	/* tos: traffic class; ttl: hop limit */
	u8 opt_len;			/* IPv4 options behind the header at pkt_net() */
	bool multicast, broadcast;
	bool sent;			/* a packet of ours, on the error queue */
	u16 frag_max;			/* largest fragment it came in; 0: whole */
	u16 udp_off;			/* protocol's own: where data begins */
	u32 flowinfo;			/* IPv6 */
};
static_assert(sizeof(struct ip_cb) <= PKT_CB, "pkt.cb");
static inline struct ip_cb *ip_cb(const struct pkt *p) { return (struct ip_cb *)p->cb; }

/* In pkt.cb on an error queue. */
struct err_cb {
	struct sock_err { u32 ee_errno; u8 origin, type, code, pad; u32 info, data; } ee;	/* struct sock_extended_err */
	struct ipaddr offender;
	struct ipaddr dst;		/* where the failed packet went */
	u16 dport;
	u16 data_off;			/* payload of the failed packet */
	u8 family;
	bool stats;			/* the bytes are SCM_TIMESTAMPING_OPT_STATS */
	int iif;
};
static_assert(sizeof(struct err_cb) <= PKT_CB, "pkt.cb");

/* SOL_IP and SOL_IPV6 options; [a] each. */
struct inet_opts {
	u8 tos, tclass;
	s16 ttl, mc_ttl;		/* -1: the default */
	s16 hops, mc_hops;		/* IPv6 */
	u8 pmtudisc, pmtudisc6;		/* IP_PMTUDISC_* */
	bool recverr, recverr6, hdrincl, freebind, transparent, mc_loop, mc_all, bind_no_port;
	bool mc_loop6, mc_all6, v6only;
	u32 cmsg;			/* CMSG_* */
	int mc_ifindex, mc_ifindex6, unicast_if;
	struct ipaddr mc_addr;
	u8 min_ttl;
	s16 csum_offset;		/* IPV6_CHECKSUM of raw sockets; -1: off */
	bool dontfrag6, sndflow, autoflow, autoflow_set;
	u8 min_hops;			/* IPV6_MINHOPCOUNT */
	u16 frag_size6;			/* IPV6_MTU: packets of this size at most; 0: the path's */
	int unicast_if6, pktinfo_if6;
	struct ipaddr pktinfo_addr6;	/* IPV6_PKTINFO: source of what is sent; any: none */
	u32 flowlabel6;			/* of a connected socket with IPV6_FLOWINFO_SEND */
	u8 ip_options_len;
	u8 ip_options[40];		/* IP_OPTIONS for what is sent */
};
/* Of a received packet that may be anything: is there what would be its ports? */
static inline bool inet_has_ports(const struct pkt *p)
{
	return (const u8 *)pkt_trans(p) + 4 <= p->tail;
}

#define CMSG_PKTINFO	0x01u
#define CMSG_TTL	0x02u
#define CMSG_TOS	0x04u
#define CMSG_RECVOPTS	0x08u
#define CMSG_ORIGDST	0x20u
#define CMSG_FRAGSIZE	0x80u
#define CMSG6_PKTINFO	0x100u
#define CMSG6_HOPLIMIT	0x200u
#define CMSG6_TCLASS	0x400u
#define CMSG6_HOPOPTS	0x800u
#define CMSG6_DSTOPTS	0x1000u
#define CMSG6_RTHDR	0x2000u
#define CMSG6_PATHMTU	0x4000u
#define CMSG6_ORIGDST	0x8000u
#define CMSG6_FLOWINFO	0x10000u
#define CMSG6_FRAGSIZE	0x20000u
#define CMSG6_OPKTINFO	0x40000u	/* as RFC 2292 numbered them */
#define CMSG6_OHOPLIMIT	0x80000u
#define CMSG6_OHOPOPTS	0x100000u
#define CMSG6_ODSTOPTS	0x200000u
#define CMSG6_ORTHDR	0x400000u

/* What a transport gives the common code. All with sk->lock held and allowed to sleep unless said. */
struct inet_proto {
	int protocol, type;
	size_t size;			/* of its socket, an inet_sock first */
	bool ids;			/* its ports are identifiers: anybody may have any, at an address of this machine only */
	int (*permit)(int family, int protocol);	/* may the caller make one? NULL: yes. Without a socket */
	int (*init)(struct inet_sock *sk);
	void (*close)(struct inet_sock *sk);	/* the file is gone. May wait for SO_LINGER (drops and retakes lock) */
	void (*destroy)(struct inet_sock *sk);	/* last reference: free what it owns. Any thread context */
	/* Enter the port table at sk->laddr:port (0: choose) and set sk->lport. -EADDRINUSE. NULL: ports do not exist. */
	int (*get_port)(struct inet_sock *sk, u16 port);
	void (*put_port)(struct inet_sock *sk);
	int (*connect)(struct inet_sock *sk, const struct ipaddr *a, u16 port, int ifindex, u32 fflags);
	int (*disconnect)(struct inet_sock *sk);
	int (*listen)(struct inet_sock *sk, int backlog);
	int (*accept)(struct inet_sock *sk, struct socket *newsock, u32 fflags);	/* without lock */
	int (*shutdown)(struct inet_sock *sk, u32 how);		/* RCV_SHUTDOWN, SEND_SHUTDOWN */
	u32 (*poll)(struct inet_sock *sk);	/* state only; without lock */
	int (*ioctl)(struct inet_sock *sk, u32 cmd, u64 arg);	/* without lock. -ENOIOCTLCMD */
	ssize_t (*sendmsg)(struct inet_sock *sk, struct msg *m, size_t len);	/* without lock */
	ssize_t (*recvmsg)(struct inet_sock *sk, struct msg *m, size_t len);	/* without lock */
	/* own level; without lock. NULL: -ENOPROTOOPT */
	int (*setsockopt)(struct inet_sock *sk, int level, int opt, uaddr_t val, int len);
	int (*getsockopt)(struct inet_sock *sk, int level, int opt, uaddr_t val, uaddr_t len);
	int (*set_stamping)(struct inet_sock *sk, int opt, uaddr_t val, int len);	/* SO_TIMESTAMPING; NULL: sock_setsockopt */
	void (*sockopt_changed)(struct inet_sock *sk, int opt);	/* a SOL_SOCKET option was set */
	void (*info)(struct inet_sock *sk, struct inet_sock_info *i);
};

struct inet_sock {
	struct sock_common c;		/* [a] its fields */
	struct ref ref;
	struct rcu_head rcu;
	struct net *net;		/* [I] */
	const struct inet_proto *proto;	/* [I] */
	struct socket *socket;		/* [lock; a] NULL: released */
	kuid_t uid;			/* [I] maker's */
	u64 ino;			/* [I] of the socket file */
	struct mutex lock;		/* class SOCKET */
	struct wait_queue wait;		/* everybody */
	u32 shutdown;			/* [lock; a] */
	u8 state;			/* [lock; TCP: engine] enum tcp_state */
	bool bound_addr, bound_port;	/* [lock] by bind(2), not by connect */

	struct ipaddr laddr, raddr;	/* [lock, bucket] keys of the tables; laddr: packets' source, or any */
	struct ipaddr rcv_addr;		/* [lock] what bind(2) named: kept over disconnect */
	u16 lport, rport;		/* [lock, bucket] host order */
	int bound_if;			/* [a] SO_BINDTODEVICE, sin6_scope_id */
	struct hlist_node port_link;	/* [bucket] port table */
	struct hlist_node hash_link;	/* [bucket; r] demultiplexing table */
	struct list_head all_link;	/* [inet_net.socks_lock] for walks */

	struct inet_opts o;		/* [a] */
	struct ip6_txopts *tx6;		/* [lock] extension headers of what is sent; NULL: none */
	struct list_head mc_list;	/* [rtnl] memberships: struct ip_mc_sock (igmp.c, mld6.c) */

	struct reuse_group *reuse;	/* [group_lock of reuse.c; r] who shares its address; NULL: nobody may */

	spinlock_t qlock;		/* class SOCK_QUEUE */
	struct pkt_list rxq;		/* [qlock] received datagrams */
	struct pkt_list errq;		/* [qlock] MSG_ERRQUEUE */
	atomic64_t rmem, wmem;		/* bytes of truesize charged */
	struct ip6_rxpmtu {
		struct ipaddr dst;
		u32 mtu;		/* 0: none */
		u16 port;
	} rxpmtu;			/* [qlock] for IPV6_RECVPATHMTU */
	u32 drops;			/* [a] */
	s64 last_stamp;			/* [a] SIOCGSTAMP */

	struct route dst;		/* [lock] of a connected socket; dst.dev NULL: none */
};

static inline struct inet_sock *inet_sk(const struct socket *s) { return s->sk; }

/* --- af_inet.c: life and the common part of the calls --- */

const struct inet_proto *inet_proto_nth(u32 i);	/* of those registered; NULL: no more */
void inet_proto_register(const struct inet_proto *p);	/* one for each (type, protocol); at boot */
/* AF_INET6 is there once this was called (net/inet/af_inet6.c). */
__must_check int inet6_family_enable(void);
struct inet_sock *inet_sock_alloc(struct net *net, int family, const struct inet_proto *p, int protocol, gfp_t gfp);	/* NULL */
static inline void inet_sock_get(struct inet_sock *sk) { ref_get(&sk->ref); }
void inet_sock_put(struct inet_sock *sk);
/* Make s the socket of sk (accept). */
void inet_sock_graft(struct inet_sock *sk, struct socket *s);
/* Pending error, and wake everybody who waits. Any thread context or spinlock. */
void inet_sock_error(struct inet_sock *sk, int err);
void inet_sock_wake(struct inet_sock *sk, u32 events);
/* sockaddr_in or sockaddr_in6 (by the socket's family) to our form. -EINVAL, -EAFNOSUPPORT. ifindex from scope ids. */
__must_check int inet_addr_in(const struct inet_sock *sk, const struct sockaddr_storage *a, int len, struct ipaddr *out,
	u16 *port, int *ifindex);
/* length */
int inet_addr_out(const struct inet_sock *sk, const struct ipaddr *a, u16 port, int ifindex, struct sockaddr_storage *out);
/* Does this address mean something only together with a device (link-local ones)? */
bool inet_needs_scope(const struct ipaddr *a);
/* Where a connect goes: the wildcard is this machine; what needs a device has one (*ifindex: the scope id).
   -EINVAL, -ENETUNREACH. */
__must_check int inet_connect_dst(struct inet_sock *sk, struct ipaddr *dst, int *ifindex);
/* Are packets of this socket given flow labels of our choice? */
bool inet_autoflow(const struct inet_sock *sk);	/* IPV6_AUTOFLOWLABEL */
/* IPV6_ADDRFORM: an AF_INET6 socket whose peer is mapped becomes one of AF_INET. lock held. */
void inet_addrform(struct inet_sock *sk);
static inline struct ipaddr inet_any(const struct inet_sock *sk)
{
	return sk->c.family == AF_INET ? ipaddr_v4((be32_t){ 0 }) : (struct ipaddr){ 0 };
}
/* Give a socket without a port one now (connect, sendto). lock held. */
__must_check int inet_autobind(struct inet_sock *sk);
/* A flow filled from the socket's options. */
void inet_sock_flow(const struct inet_sock *sk, const struct ipaddr *dst, int oif, struct flow *f);

static inline void inet_count_no_route(struct net *net, const struct flow *f)
{
	if (f->family == AF_INET)
		NET_INC(net, IP_OUTNOROUTES);
	else
		NET_INC(net, IP6_OUTNOROUTES);
}

/* --- datagram.c: what udp, raw and ping share --- */

/* The peer of a socket that no table knows by it (raw, ping), by the route there: r is taken over, or given up. -EACCES: a
   broadcast. left: it has none any more. sk->lock held. */
__must_check int inet_dgram_joined(struct inet_sock *sk, const struct ipaddr *dst, u16 port, int ifindex, struct route *r);
void inet_dgram_left(struct inet_sock *sk);
/* -ENOTCONN, and it has effect all the same. sk->lock held. */
int inet_dgram_shutdown(struct inet_sock *sk, u32 how);
/* Take sk off the bucket of its port, and the port from sk. sk->lock held. */
struct inet_bucket;
void inet_port_put(struct inet_sock *sk, struct inet_bucket *b);

/* Queue for the reader: charges rcvbuf, filters, wakes. Consumes p. 0, -ENOMEM (full: counted in drops). No lock held. */
int inet_queue_rcv(struct inet_sock *sk, struct pkt *p);
/* Wait for and take (MSG_PEEK: a reference-free look under a clone) the next datagram. ERR_PTR. */
struct pkt *inet_dequeue(struct inet_sock *sk, u32 msg_flags, u32 file_flags);
/* The whole of recvmsg once payload begins at `off` of p. Name, control messages, MSG_TRUNC; consumes p. */
ssize_t inet_recv_copy(struct inet_sock *sk, struct msg *m, struct pkt *p, u32 off, u16 sport, size_t len);
ssize_t inet_recv_errqueue(struct inet_sock *sk, struct msg *m, size_t len);
/* Put an error with the packet that met it (clone of it, data at its network header) on the queue when recverr asks. */
void inet_queue_err(struct inet_sock *sk, const struct err_cb *e, struct pkt *p);
/* The same for a message of ours that may not be cut and is larger than mtu. */
void inet_too_large(struct inet_sock *sk, const struct send_ctl *c, u32 mtu);
/* Charge p to the sender; waits for room up to the deadline. 0, -EAGAIN, -ERESTARTSYS, -EPIPE, pending error. */
__must_check int inet_wait_wmem(struct inet_sock *sk, u32 msg_flags, u32 file_flags);
void inet_charge_wmem(struct inet_sock *sk, struct pkt *p);
/* Charged, p may be one whose time of sending is wanted. */
void inet_ask_stamp(struct inet_sock *sk, const struct send_ctl *c, struct pkt *p);
/* pkt.stamped of all packets of inet sockets; and its news: c, which is consumed, on the error queue. Any thread context. */
void inet_tx_stamped(struct pkt *p, u32 kind);
void inet_stamp_queue(struct inet_sock *sk, struct pkt *c, u32 kind, u32 key, int iif);
/* MSG_ZEROCOPY: what its completion will be made of; NULL: no memory, or too many (`pending`) are not complete yet. */
__must_check struct pkt *inet_zc_alloc(struct inet_sock *sk, u32 pending);
/* The n calls from number lo on are complete. Consumes told. */
void inet_zc_done(struct inet_sock *sk, u32 lo, u32 n, struct pkt *told);
static inline bool has_wmem(struct inet_sock *sk) { return atomic64_read(&sk->wmem) < (s64)READ_ONCE(sk->c.sndbuf); }
/* inet_proto.poll and .ioctl of datagrams. */
u32 inet_dgram_poll(struct inet_sock *sk);
int inet_dgram_ioctl(struct inet_sock *sk, u32 cmd, u64 arg);
void inet_cmsg_ip(struct inet_sock *sk, struct msg *m, const struct pkt *p);	/* ip_sockopt.c */

/* Control messages and addresses of one sendmsg. */
struct send_ctl {
	struct ipaddr dst, src;		/* src any: choose */
	u16 port;
	int oif;
	int tos, ttl;			/* -1: the socket's */
	u32 mark, priority;
	u16 gso_size;			/* UDP_SEGMENT */
	bool dontfrag, stamp_set;
	u32 stamping;			/* SCM_TIMESTAMPING, where stamp_set */
	u32 flowlabel;			/* IPv6; host order */
	u8 *ext;			/* IPv6 extension headers in the order they go out; owned, freed by send_ctl_fini() */
	u16 ext_len, ext_last;		/* ext_last: where the last of them begins */
	u8 ext_proto;			/* what the first of them is */
};
void send_ctl_fini(struct send_ctl *c);
/* What options and c say about sending by r: addresses, hop limit, class, label, fragmenting, extension headers (o->proto
   is set). o refers to c. */
void inet_out_opts(struct inet_sock *sk, const struct send_ctl *c, const struct route *r, struct ip_out *o);
/* A way for a datagram of sk, options and control messages heard. The source that is used is r->src. */
__must_check int inet_send_route(struct inet_sock *sk, const struct send_ctl *c, struct route *r);
__must_check int ip_cmsg_send(struct inet_sock *sk, struct msg *m, struct send_ctl *c);		/* ip_sockopt.c */
__must_check int inet_cmsg_send(struct inet_sock *sk, struct msg *m, struct send_ctl *c);	/* by family of c->dst */
/* Steps that both families' parsers share: the next message; one of SOL_SOCKET or SOL_UDP (1: not of these). */
__must_check int inet_cmsg_next(const struct msg *m, size_t *off, struct cmsghdr *h, uaddr_t *data);	/* 0: none left */
__must_check int inet_cmsg_common(struct inet_sock *sk, struct send_ctl *c, const struct cmsghdr *h, uaddr_t data);
/* Switch a bit of sk->o.cmsg. */
void inet_cmsg_want(struct inet_sock *sk, u32 bit, bool on);
void inet_errq_purge(struct inet_sock *sk);
/* The path MTU of a connected socket. -ENOTCONN. */
__must_check int inet_path_mtu(struct inet_sock *sk, int *mtu);

/* --- reuse.c: SO_REUSEPORT --- */

/* Do both share one address and port, with the same right? */
bool inet_reuse_same(const struct inet_sock *a, const struct inet_sock *b);
/* sk joins other's group; NULL: one of its own. False: no memory. The table's lock held, as for leaving. */
__must_check bool inet_reuse_join(struct inet_sock *sk, struct inet_sock *other);
void inet_reuse_leave(struct inet_sock *sk);
/* Who of sk's group is to have p, by its program; NULL: that says nothing. hdr: bytes that the program does not see. RCU. */
struct inet_sock *inet_reuse_choose(struct inet_sock *sk, struct pkt *p, u32 hdr);
/* SO_ATTACH_REUSEPORT_*, SO_DETACH_REUSEPORT_BPF. */
int inet_reuse_option(struct inet_sock *sk, int opt, uaddr_t val, int len);

/* --- options --- */

int ip_setsockopt(struct inet_sock *sk, int opt, uaddr_t val, int len);		/* SOL_IP */
int ip_getsockopt(struct inet_sock *sk, int opt, uaddr_t val, uaddr_t len);
/* SOL_IPV6 of AF_INET6 sockets (ip6_sockopt.c) and its control messages (ip6_cmsg.c). */
int ip6_setsockopt(struct inet_sock *sk, int opt, uaddr_t val, int len);
int ip6_getsockopt(struct inet_sock *sk, int opt, uaddr_t val, uaddr_t len);
void ip6_cmsg_recv(struct inet_sock *sk, struct msg *m, const struct pkt *p);
__must_check int ip6_cmsg_send(struct inet_sock *sk, struct msg *m, struct send_ctl *c);
/* The extension headers that each packet of sk gets (IPV6_HOPOPTS, IPV6_DSTOPTS). */
int ip6_txopts_set(struct inet_sock *sk, int opt, uaddr_t val, int len);
int ip6_txopts_get(struct inet_sock *sk, int opt, uaddr_t val, uaddr_t len);
void ip6_txopts_free(struct inet_sock *sk);
/* IPV6_RECVPATHMTU: a datagram was too large; and the message that tells. 1: *n is what recvmsg returns. */
void ip6_pathmtu_note(struct inet_sock *sk, const struct ipaddr *dst, u16 port, u32 mtu);
int ip6_pathmtu_recv(struct inet_sock *sk, struct msg *m);
/* Socket ioctls that no transport has: set by inet_ioctl.c. */
extern int (*inet_ioctl_hook)(struct net *net, struct inet_sock *sk, u32 cmd, u64 arg);

/* --- up: ip_input.c, ip6_input.c --- */

/* What ICMP of either family says about a packet of ours. */
struct icmp_err {
	u8 family, type, code;
	int err;			/* errno, positive */
	bool hard;			/* ends a connection */
	u32 info;			/* MTU */
	struct ipaddr offender;
};

struct inet_transport {
	u8 proto;
	/* Packets for this machine: data at the transport header (trans_off), ip_cb filled, length cut to what IP said,
		checksum not
	   yet looked at. Consumes the list. Thread context. */
	void (*receive)(struct net *net, struct pkt_list *l);
	/* p: the quoted packet, data at its transport header (8 bytes at least), ip_cb src and dst as quoted:
	   src is ours. Does not consume. */
	void (*error)(struct net *net, struct pkt *p, const struct icmp_err *e);
};
void inet_transport_register(const struct inet_transport *t);
const struct inet_transport *inet_transport_find(u8 proto);
/* Local delivery, both families: raw sockets' copies, then the transport. Consumes; false: nobody wanted it
   (protocol unreachable). */
bool inet_deliver(struct net *net, struct pkt *p);
/* Ends the burst: transports that collect (TCP) run now. Called after each batch by ip_input and ip6_input. */
void inet_deliver_flush(struct net *net);
/* Set by raw.c and ping.c. raw: p not consumed; true: some socket took a copy. */
extern bool (*raw_receive_hook)(struct net *net, struct pkt *p);
extern void (*raw_error_hook)(struct net *net, struct pkt *p, u8 proto, const struct icmp_err *e);
extern bool (*ping_receive_hook)(struct net *net, struct pkt *p);	/* echo replies; not consumed */
extern void (*ping_error_hook)(struct net *net, struct pkt *p, const struct icmp_err *e);

/* Transport checksum of a packet with ip_cb: true if right (or vouched for). */
bool inet_csum_ok(struct pkt *p, u8 proto);
u32 inet_pseudo(const struct ipaddr *src, const struct ipaddr *dst, u8 proto, u32 len);

/* --- down: ip_output.c, ip6_output.c --- */

/* What we send to a group or to all also reaches the listeners here: a copy of p (data at its network header). */
void inet_loop_back(struct net_device *dev, struct pkt *p, void (*receive)(struct net_device *dev, struct pkt_list *l));

/* A flow label of the kernel's choice: as net.ipv6.auto_flowlabels says; what the socket chose. */
enum ip_label { LABEL_DEFAULT, LABEL_AUTO, LABEL_NONE };

struct ip_out {
	struct ipaddr src, dst;
	u8 proto, tos;
	s16 ttl;			/* -1: the default (multicast: 1) */
	bool df;			/* never fragment: -EMSGSIZE above the path MTU */
	bool short_lo;			/* may go by ip_lo.c: plain TCP, UDP */
	bool noprobe;			/* IP_PMTUDISC_PROBE: the device's MTU counts, not the path's */
	bool hdr_included;		/* raw: the network header is there */
	u32 mark, priority;
	u8 opt_len;
	const u8 *options;		/* IPv4 options */
	struct inet_sock *sk;		/* for mc_loop and error queue; or NULL */
	u32 flowlabel;			/* host order, 20 bits */
	enum ip_label label;		/* what flowlabel 0 means */
	/* IPv6: extension headers as on the wire, whose last one's next header is proto. */
	const u8 *ext;
	u16 ext_len;
	u8 ext_first;			/* what the first of them is */
};
/* p: data at the transport header, room of PKT_HEADROOM in front; csum_state PARTIAL or done. Consumed. By family of dst. */
int inet_output(struct net *net, const struct route *r, struct pkt *p, const struct ip_out *o);
int ip_output(struct net *net, const struct route *r, struct pkt *p, const struct ip_out *o);
/* ip6_output.c's ip6_output */
extern int (*ip6_output_hook)(struct net *net, const struct route *r, struct pkt *p, const struct ip_out *o);

/* --- icmp.c, icmp6.c --- */

/* Tell the sender of p (ip_cb, network header at net_off) about it; rate limited; not for multicasts, fragments, errors. */
void icmp_send(struct net *net, struct pkt *p, u8 type, u8 code, u32 info);
void icmp6_send(struct net *net, struct pkt *p, u8 type, u8 code, u32 info);
void icmp_port_unreach(struct net *net, struct pkt *p);	/* by family */
/* Tell the sender of p, which is forwarded by the device it came by, of the router it should ask. Rate limited. */
void icmp_redirect_send(struct net *net, struct pkt *p, const struct ipaddr *gw);
void icmp_out_count(struct net *net, u8 type);	/* a message of this type goes out */
extern void (*icmp6_send_hook)(struct net *net, struct pkt *p, u8 type, u8 code, u32 info);

/* --- multicast: igmp.c (IPv4), mld6.c --- */

/* socket wants it */
bool inet_mc_allow(const struct inet_sock *sk, const struct ipaddr *group, const struct ipaddr *src, int iif);
void inet_mc_drop(struct inet_sock *sk);	/* at close */

#define INET_PORT_HASH	1024u
struct inet_bucket {
	spinlock_t lock;		/* class INET_HASH */
	struct hlist_head head;		/* [lock; r] */
};

/* Tables of one namespace. */
struct inet_net {
	struct inet_sysctl sysctl;	/* [a] */
	struct inet_conf4 conf4_all, conf4_default;	/* [a] */
	struct inet_conf6 conf6_all, conf6_default;	/* [a] */
	struct neigh_parms parms4_default, parms6_default;	/* [a] */
	spinlock_t socks_lock;		/* class OBJECT */
	struct list_head socks;		/* [socks_lock] inet_sock.all_link */
	struct inet_bucket udp_port[INET_PORT_HASH];	/* [bucket] by local port: bind and demultiplexing of UDP */
	struct fib_tables *fib;		/* [I] route.c */
	struct hints *hints;		/* [I] route_hint.c */
	struct neigh_table *neigh;	/* [I] neigh.c */
	struct ip_frags *frags;		/* [I] ip_frag.c: reassembly of both families */
	struct tcp_net *tcp;		/* [I] tcp.c: engine, connection and listener tables, TIME_WAIT */
	void *ip6;			/* [I] IPv6's own */
	u32 route_gen;			/* [a] */
};
static inline struct inet_net *net_inet(const struct net *net) { return net->inet; }

/* What conf/all and a device's conf say together (ip-sysctl of Linux says which rule goes with which). */
#define CONF4_OR(net, id, f)	(READ_ONCE(net_inet(net)->conf4_all.f) || READ_ONCE((id)->conf4.f))
#define CONF4_AND(net, id, f)	(READ_ONCE(net_inet(net)->conf4_all.f) && READ_ONCE((id)->conf4.f))
#define CONF4_MAX(net, id, f)	max(READ_ONCE(net_inet(net)->conf4_all.f), READ_ONCE((id)->conf4.f))

#endif

/* SPDX-License-Identifier: MPL-2.0 */
/* Each counter of /proc/net/{snmp,netstat} moves when what it stands for happens, and only then. */
#include <linux/filter.h>
#include <netinet/ip_icmp.h>
#include <poll.h>
#include "inet.h"
#include "net_counter.h"

/* Wait until it is `want` more than `before`: nothing tells of a counter but itself. */
#define GROWS(expr, before, want) \
	AWAIT((expr) >= (before) + (want))

static int orphans(void)
{
	FILE *f = fopen("/proc/net/sockstat", "r");
	char line[128];
	int n = -1;

	CHECK(f != NULL);
	while (fgets(line, sizeof(line), f))
		(void)sscanf(line, "TCP: inuse %*d orphan %d", &n);
	fclose(f);
	return n;
}

/* The counters are everybody's: connections that others left behind first end what they have to send. That wakes nobody. */
static void begin(void)
{
	lo_up();
	AWAIT(!orphans());
}

/* From now on nothing reaches this socket. */
static void deaf(int fd)
{
	struct sock_filter none = BPF_STMT(BPF_RET | BPF_K, 0);
	struct sock_fprog p = { .len = 1, .filter = &none };

	CHECK_EQ(setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &p, sizeof(p)), 0);
}

static void set_tcp(int fd, int opt, int v) { CHECK_EQ(setsockopt(fd, IPPROTO_TCP, opt, &v, sizeof(v)), 0); }

static int tcp_state(int fd)
{
	struct tcp_info i;
	socklen_t len = sizeof(i);

	CHECK_EQ(getsockopt(fd, IPPROTO_TCP, TCP_INFO, &i, &len), 0);
	return i.tcpi_state;
}

static void linger_none(int fd)
{
	struct linger l = { .l_onoff = 1 };

	CHECK_EQ(setsockopt(fd, SOL_SOCKET, SO_LINGER, &l, sizeof(l)), 0);
}

static long long retrans_segs(void) { return tcp_counter("RetransSegs"); }

CASE(refused)
{
	long long fails, rsts, resets, open, again;
	struct sockaddr_in a;
	int port, s;

	begin();
	fails = tcp_counter("AttemptFails");
	rsts = tcp_counter("OutRsts");
	resets = tcp_counter("EstabResets");
	open = tcp_counter("ActiveOpens");
	again = retrans_segs();
	close(lo_sock(SOCK_STREAM, &port));
	a = lo_addr(port);
	s = CHECK_OK(socket(AF_INET, SOCK_STREAM, 0));
	CHECK_ERR(connect(s, (void *)&a, sizeof(a)), ECONNREFUSED);
	close(s);
	CHECK_EQ(tcp_counter("AttemptFails") - fails, 1);
	rsts = tcp_counter("OutRsts") - rsts;
	CHECK_GE(rsts, 1);
	CHECK_LE(rsts, 1 + retrans_segs() - again);	/* one for each SYN: a guest that stood still sent it again */
	CHECK_EQ(tcp_counter("EstabResets") - resets, 0);
	CHECK_EQ(tcp_counter("ActiveOpens") - open, 1);
}

/* False: something was sent again, by a guest that stood still for a fifth of a second. */
static bool close_both(void)
{
	long long resets = tcp_counter("EstabResets"), rsts = tcp_counter("OutRsts"), retrans = retrans_segs();
	long long in = tcp_counter("InSegs"), out = tcp_counter("OutSegs");
	int fd[2];
	char c;

	tcp_pair(fd);
	close(fd[0]);
	CHECK_EQ(read(fd[1], &c, 1), 0);
	close(fd[1]);
	AWAIT(!orphans());
	CHECK_EQ(tcp_counter("EstabResets") - resets, 0);
	CHECK_EQ(tcp_counter("OutRsts") - rsts, 0);
	GROWS(tcp_counter("InSegs"), in, 6);
	/* What arrives is what was sent, once it is there. */
	AWAIT(tcp_counter("OutSegs") - out == tcp_counter("InSegs") - in || retrans_segs() != retrans);
	return retrans_segs() == retrans;
}

CASE(closed_by_both)
{
	begin();
	AWAIT(close_both());
}

CASE(abort_on_data)
{
	long long n, resets, rsts;
	int fd[2];
	char c;

	begin();
	n = tcpext_counter("TCPAbortOnData");
	resets = tcp_counter("EstabResets");
	rsts = tcp_counter("OutRsts");
	tcp_pair(fd);
	linger_none(fd[0]);
	close(fd[0]);
	CHECK_ERR(read(fd[1], &c, 1), ECONNRESET);
	CHECK_EQ(tcpext_counter("TCPAbortOnData") - n, 1);
	CHECK_EQ(tcp_counter("EstabResets") - resets, 2);	/* both ends */
	CHECK_EQ(tcp_counter("OutRsts") - rsts, 1);
	close(fd[1]);
}

/* Data for a socket that is shut both ways. */
CASE(abort_on_late_data)
{
	long long n, resets;
	int fd[2];

	begin();
	n = tcpext_counter("TCPAbortOnData");
	resets = tcp_counter("EstabResets");
	tcp_pair(fd);
	CHECK_EQ(shutdown(fd[0], SHUT_RDWR), 0);
	CHECK_EQ(write(fd[1], "x", 1), 1);
	GROWS(tcpext_counter("TCPAbortOnData"), n, 1);
	wait_reset(fd[0]);
	wait_reset(fd[1]);
	CHECK_EQ(so_error(fd[0]), ECONNRESET);
	CHECK_EQ(so_error(fd[1]), EPIPE);
	CHECK_EQ(tcp_counter("EstabResets") - resets, 1);
}

CASE(abort_on_close)
{
	long long n, resets;
	int fd[2];
	char c;

	begin();
	n = tcpext_counter("TCPAbortOnClose");
	resets = tcp_counter("EstabResets");
	tcp_pair(fd);
	CHECK_EQ(write(fd[1], "x", 1), 1);
	CHECK_EQ(recv(fd[0], &c, 1, MSG_PEEK), 1);
	close(fd[0]);
	CHECK_ERR(read(fd[1], &c, 1), ECONNRESET);
	CHECK_EQ(tcpext_counter("TCPAbortOnClose") - n, 1);
	CHECK_EQ(tcp_counter("EstabResets") - resets, 2);
}

CASE(abort_on_linger)
{
	long long n, rsts;
	int fd[2];

	begin();
	n = tcpext_counter("TCPAbortOnLinger");
	rsts = tcp_counter("OutRsts");
	tcp_pair(fd);
	set_tcp(fd[0], TCP_LINGER2, -1);
	CHECK_EQ(shutdown(fd[0], SHUT_WR), 0);
	/* That our end was acknowledged wakes nobody: the state is all that tells. */
	AWAIT(tcp_state(fd[0]) == TCP_FIN_WAIT2);
	close(fd[0]);
	CHECK_EQ(tcpext_counter("TCPAbortOnLinger") - n, 1);
	GROWS(tcp_counter("OutRsts"), rsts, 1);
	wait_reset(fd[1]);
	CHECK_EQ(tcp_state(fd[1]), TCP_CLOSE);
	CHECK_EQ(so_error(fd[1]), EPIPE);
}

CASE(timeouts)
{
	long long out, again, end, resets;
	int fd[2];
	char c;

	begin();
	tcp_pair(fd);
	set_tcp(fd[0], TCP_USER_TIMEOUT, 700);
	deaf(fd[1]);
	linger_none(fd[1]);	/* no FIN that nobody answers */
	out = tcpext_counter("TCPTimeouts");
	again = tcp_counter("RetransSegs");
	end = tcpext_counter("TCPAbortOnTimeout");
	resets = tcp_counter("EstabResets");
	CHECK_EQ(write(fd[0], "x", 1), 1);
	CHECK_ERR(read(fd[0], &c, 1), ETIMEDOUT);
	CHECK_GE(tcpext_counter("TCPTimeouts") - out, 1);
	CHECK_GE(tcp_counter("RetransSegs") - again, 1);
	CHECK_EQ(tcpext_counter("TCPAbortOnTimeout") - end, 1);
	CHECK_EQ(tcp_counter("EstabResets") - resets, 1);
}

/* A SYN that goes again is a retransmission; one that nobody answers an attempt that failed. */
CASE(syn_timeout)
{
	long long fails, again, end;
	struct sockaddr_in a;
	int port, l, s;

	begin();
	l = lo_sock(SOCK_STREAM, &port);
	CHECK_EQ(listen(l, 1), 0);
	deaf(l);
	a = lo_addr(port);
	s = CHECK_OK(socket(AF_INET, SOCK_STREAM, 0));
	set_tcp(s, TCP_SYNCNT, 1);
	fails = tcp_counter("AttemptFails");
	again = tcp_counter("RetransSegs");
	end = tcpext_counter("TCPAbortOnTimeout");
	CHECK_ERR(connect(s, (void *)&a, sizeof(a)), ETIMEDOUT);
	CHECK_EQ(tcp_counter("RetransSegs") - again, 1);
	CHECK_EQ(tcp_counter("AttemptFails") - fails, 1);
	CHECK_EQ(tcpext_counter("TCPAbortOnTimeout") - end, 1);
}

CASE(delayed_acks)
{
	long long n;
	int fd[2];

	begin();
	tcp_pair(fd);
	n = tcpext_counter("DelayedACKs");
	set_tcp(fd[1], TCP_QUICKACK, 0);
	CHECK_EQ(write(fd[0], "x", 1), 1);
	GROWS(tcpext_counter("DelayedACKs"), n, 1);
}

CASE(keepalive)
{
	int fd[2], on = 1;
	long long n;

	begin();
	tcp_pair(fd);
	n = tcpext_counter("TCPKeepAlive");
	set_tcp(fd[0], TCP_KEEPIDLE, 1);
	set_tcp(fd[0], TCP_KEEPINTVL, 1);
	CHECK_EQ(setsockopt(fd[0], SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on)), 0);
	GROWS(tcpext_counter("TCPKeepAlive"), n, 1);
	CHECK_EQ(tcp_state(fd[0]), TCP_ESTABLISHED);
}

CASE(listen_overflows)
{
	long long over, drop;
	struct sockaddr_in a;
	int port, l;

	begin();
	l = lo_sock(SOCK_STREAM, &port);
	CHECK_EQ(listen(l, 0), 0);
	a = lo_addr(port);
	over = tcpext_counter("ListenOverflows");
	drop = tcpext_counter("ListenDrops");
	for (int i = 0; i < 4; i++) {
		int s = CHECK_OK(socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0));

		(void)connect(s, (void *)&a, sizeof(a));
	}
	GROWS(tcpext_counter("ListenOverflows"), over, 1);
	over = tcpext_counter("ListenOverflows") - over;
	GROWS(tcpext_counter("ListenDrops"), drop, over);
}

/* A connection has its listener's filter. */
CASE(inherited_filter)
{
	struct sock_filter few[] = { BPF_STMT(BPF_RET | BPF_K, 0xffff) };
	struct sock_fprog p = { .len = 1, .filter = few };
	int port, l, s, c, n = 0, on = 1;
	socklen_t len = sizeof(n);
	struct sockaddr_in a;
	char b[200] = { 0 };

	begin();
	l = lo_sock(SOCK_STREAM, &port);
	CHECK_EQ(setsockopt(l, SOL_SOCKET, SO_ATTACH_FILTER, &p, sizeof(p)), 0);
	CHECK_EQ(setsockopt(l, SOL_SOCKET, SO_LOCK_FILTER, &on, sizeof(on)), 0);
	CHECK_EQ(listen(l, 1), 0);
	a = lo_addr(port);
	s = CHECK_OK(socket(AF_INET, SOCK_STREAM, 0));
	CHECK_EQ(connect(s, (void *)&a, sizeof(a)), 0);
	c = CHECK_OK(accept(l, NULL, NULL));
	CHECK_EQ(getsockopt(c, SOL_SOCKET, SO_LOCK_FILTER, &n, &len), 0);
	CHECK_EQ(n, 1);
	CHECK_ERR(setsockopt(c, SOL_SOCKET, SO_DETACH_FILTER, &n, sizeof(n)), EPERM);
	CHECK_EQ(write(s, b, 40), 40);
	CHECK_EQ(recv(c, b, 40, MSG_WAITALL), 40);
	linger_none(s);
	linger_none(c);
}

/* Sums that are wrong. */
CASE(checksums)
{
	static const struct { int proto; const char *group, *sums, *errors; } t[] = {
		{ IPPROTO_TCP, "Tcp", "InCsumErrors", "InErrs" }, { IPPROTO_UDP, "Udp", "InCsumErrors", "InErrors" },
		{ IPPROTO_ICMP, "Icmp", "InCsumErrors", "InErrors" },
	};
	struct sockaddr_in a;

	begin();
	a = lo_addr(0);
	for (int i = 0; i < 3; i++) {
		long long sums = counter("snmp", t[i].group, t[i].sums), errors = counter("snmp", t[i].group, t[i].errors);
		int s = CHECK_OK(socket(AF_INET, SOCK_RAW, t[i].proto));
		unsigned char p[20] = { 0x30, 0x39, 0x30, 0x3a };

		if (t[i].proto == IPPROTO_TCP)
			p[12] = 0x50;
		else if (t[i].proto == IPPROTO_UDP)
			p[5] = 20, p[6] = p[7] = 0xab;
		CHECK_EQ(sendto(s, p, 20, 0, (void *)&a, sizeof(a)), 20);
		GROWS(counter("snmp", t[i].group, t[i].sums), sums, 1);
		GROWS(counter("snmp", t[i].group, t[i].errors), errors, 1);
		CHECK_EQ(counter("snmp", t[i].group, t[i].errors) - errors, 1);
		close(s);
	}
}

static int drained(int fd)
{
	char b[512];
	int n = 0;

	while (recv(fd, b, sizeof(b), MSG_DONTWAIT) > 0)
		n++;
	return n;
}

/* A datagram is counted when it is read. */
CASE(datagrams)
{
	long long in, none, full, errors;
	int port, s, t, n = 0, small = 2048;
	struct sockaddr_in a;
	char b[512];

	begin();
	s = lo_sock(SOCK_DGRAM, &port);
	t = lo_sock(SOCK_DGRAM, NULL);
	a = lo_addr(port);
	in = counter("snmp", "Udp", "InDatagrams");
	none = counter("snmp", "Udp", "NoPorts");
	CHECK_EQ(sendto(t, "x", 1, 0, (void *)&a, sizeof(a)), 1);
	CHECK_EQ(recv(s, b, 1, MSG_PEEK), 1);
	CHECK_EQ(counter("snmp", "Udp", "InDatagrams") - in, 0);
	CHECK_EQ(recv(s, b, 1, 0), 1);
	CHECK_EQ(counter("snmp", "Udp", "InDatagrams") - in, 1);
	full = counter("snmp", "Udp", "RcvbufErrors");
	errors = counter("snmp", "Udp", "InErrors");
	CHECK_EQ(setsockopt(s, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small)), 0);
	for (int i = 0; i < 100; i++)
		CHECK_EQ(sendto(t, b, sizeof(b), 0, (void *)&a, sizeof(a)), (int)sizeof(b));
	/* Each is read or lost. */
	AWAIT((n += drained(s), counter("snmp", "Udp", "RcvbufErrors") - full + n >= 100));
	CHECK_EQ(counter("snmp", "Udp", "InDatagrams") - in, n + 1);
	CHECK_EQ(counter("snmp", "Udp", "RcvbufErrors") - full, 100 - n);
	GROWS(counter("snmp", "Udp", "InErrors"), errors, 100 - n);
	CHECK_EQ(counter("snmp", "Udp", "InErrors") - errors, 100 - n);
	deaf(s);
	CHECK_EQ(sendto(t, b, 1, 0, (void *)&a, sizeof(a)), 1);
	GROWS(counter("snmp", "Udp", "InErrors"), errors, 101 - n);
	CHECK_EQ(counter("snmp", "Udp", "InErrors") - errors, 101 - n);
	close(s);
	CHECK_EQ(sendto(t, b, 1, 0, (void *)&a, sizeof(a)), 1);
	GROWS(counter("snmp", "Udp", "NoPorts"), none, 1);
	CHECK_EQ(counter("snmp", "Udp", "NoPorts") - none, 1);
}

/* A raw socket's messages count as sent. */
CASE(icmp_kinds)
{
	struct icmp m = { .icmp_type = ICMP_ADDRESS, .icmp_cksum = (unsigned short)~ICMP_ADDRESS };
	long long out, masks, in, in_masks;
	struct sockaddr_in a;
	int s;

	begin();
	a = lo_addr(0);
	s = CHECK_OK(socket(AF_INET, SOCK_RAW, IPPROTO_ICMP));
	out = counter("snmp", "Icmp", "OutMsgs");
	in = counter("snmp", "Icmp", "InMsgs");
	masks = counter("snmp", "Icmp", "OutAddrMasks");
	in_masks = counter("snmp", "Icmp", "InAddrMasks");
	CHECK_EQ(sendto(s, &m, 12, 0, (void *)&a, sizeof(a)), 12);
	CHECK_EQ(counter("snmp", "Icmp", "OutMsgs") - out, 1);
	CHECK_EQ(counter("snmp", "Icmp", "OutAddrMasks") - masks, 1);
	GROWS(counter("snmp", "Icmp", "InMsgs"), in, 1);
	GROWS(counter("snmp", "Icmp", "InAddrMasks"), in_masks, 1);
	CHECK_EQ(counter("snmp", "Icmp", "InAddrMasks") - in_masks, 1);
	CHECK_GE(counter("snmp", "IcmpMsg", "OutType17"), 1);
	CHECK_GE(counter("snmp", "IcmpMsg", "InType17"), 1);
}

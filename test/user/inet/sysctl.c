/* SPDX-License-Identifier: MPL-2.0 */
/* /proc/sys/net: names, ranges, what follows from a change. Each case puts back what it changed. */
#include "inet.h"
#include <netinet/ip_icmp.h>
#include <sys/un.h>

static char *at(const char *name)
{
	static char path[200];

	snprintf(path, sizeof(path), "/proc/sys/net/%s", name);
	return path;
}
static int put(const char *name, const char *text)
{
	int fd = open(at(name), O_WRONLY), n, e;

	if (fd < 0)
		return -1;
	n = (int)write(fd, text, strlen(text));
	e = errno;
	close(fd);
	errno = e;
	return n;
}
static long get(const char *name)
{
	char buf[100] = "";
	int fd = CHECK_OK(open(at(name), O_RDONLY));

	CHECK(read(fd, buf, sizeof(buf) - 1) > 0);
	close(fd);
	return strtol(buf, NULL, 10);
}
static void is(const char *name, const char *want)
{
	char buf[200] = "";

	kt_get(at(name), buf, sizeof(buf));
	if (strcmp(buf, want))
		FAIL("%s: \"%s\", not \"%s\"", name, buf, want);
}
static void refuses(const char *name, const char *text)
{
	if (put(name, text) >= 0 || errno != EINVAL)
		FAIL("%s took \"%s\" (%d)", name, text, errno);
}
static void takes(const char *name, const char *text)
{
	if (put(name, text) != (int)strlen(text))
		FAIL("%s refused \"%s\" (%d)", name, text, errno);
}

CASE(defaults)
{
	is("core/somaxconn", "4096\n");
	is("core/rmem_max", "212992\n");
	is("core/wmem_default", "212992\n");
	is("ipv4/ip_default_ttl", "64\n");
	is("ipv4/ip_local_port_range", "32768\t60999\n");
	is("ipv4/ip_unprivileged_port_start", "1024\n");
	is("ipv4/icmp_ratemask", "6168\n");
	is("ipv4/icmp_ratelimit", "1000\n");
	is("ipv4/ping_group_range", "1\t0\n");
	is("ipv4/igmp_max_memberships", "20\n");
	is("ipv4/tcp_keepalive_time", "7200\n");
	is("ipv4/route/mtu_expires", "600\n");
	is("ipv4/route/min_pmtu", "552\n");
	is("ipv4/conf/all/accept_redirects", "1\n");
	is("ipv4/conf/default/send_redirects", "1\n");
	is("ipv4/conf/lo/shared_media", "1\n");
	is("ipv4/conf/lo/rp_filter", "0\n");
	is("ipv4/conf/all/promote_secondaries", "0\n");
	is("ipv4/neigh/default/mcast_solicit", "3\n");
	is("ipv4/neigh/lo/base_reachable_time_ms", "30000\n");
	is("ipv4/neigh/lo/base_reachable_time", "30\n");
	is("ipv4/neigh/lo/retrans_time", "100\n");
	is("ipv4/neigh/lo/locktime", "100\n");
	is("ipv4/neigh/default/gc_thresh3", "1024\n");
	is("unix/max_dgram_qlen", "10\n");
}
CASE(ranges)
{
	refuses("ipv4/ip_default_ttl", "0");
	refuses("ipv4/ip_default_ttl", "256");
	refuses("ipv4/ip_default_ttl", "x");
	refuses("core/somaxconn", "-1");
	refuses("core/rmem_max", "100");
	refuses("ipv4/ip_local_port_range", "60999 32768");
	refuses("ipv4/ip_local_port_range", "1 70000");
	refuses("ipv4/ip_local_port_range", "1000 50000");	/* privileged ones */
	refuses("ipv4/ip_unprivileged_port_start", "65536");
	refuses("ipv4/tcp_syn_retries", "0");
	refuses("ipv4/tcp_syn_retries", "128");
	refuses("ipv4/tcp_rmem", "0 1 2");
	refuses("ipv4/conf/lo/rp_filter", "abc");
	refuses("ipv4/neigh/lo/mcast_solicit", "-1");
	CHECK_ERR(open(at("ipv4/conf/nosuchdev/rp_filter"), O_RDONLY), ENOENT);
	CHECK_ERR(open(at("ipv4/conf/lo/nosuchthing"), O_RDONLY), ENOENT);
}
CASE(forwarding_is_one_switch)
{
	takes("ipv4/ip_forward", "1\n");
	is("ipv4/conf/all/forwarding", "1\n");
	is("ipv4/conf/default/forwarding", "1\n");
	is("ipv4/conf/lo/forwarding", "1\n");
	is("ipv4/conf/all/accept_redirects", "0\n");
	takes("ipv4/conf/lo/forwarding", "0");
	is("ipv4/ip_forward", "1\n");
	takes("ipv4/conf/all/forwarding", "0");
	is("ipv4/ip_forward", "0\n");
	is("ipv4/conf/default/forwarding", "0\n");
	is("ipv4/conf/all/accept_redirects", "1\n");
}
CASE(default_is_not_for_who_has_his_own)
{
	lo_up();	/* with an address it has what it has */
	takes("ipv4/conf/default/arp_filter", "1");
	is("ipv4/conf/lo/arp_filter", "0\n");
	is("ipv4/conf/all/arp_filter", "0\n");
	takes("ipv4/conf/default/arp_filter", "0");
	takes("ipv4/neigh/default/ucast_solicit", "7");
	is("ipv4/neigh/lo/ucast_solicit", "3\n");
	takes("ipv4/neigh/default/ucast_solicit", "3");
}
static void set_up(bool up)
{
	struct ifreq r = { .ifr_name = "lo" };
	int s = CHECK_OK(socket(AF_INET, SOCK_DGRAM, 0));

	r.ifr_flags = up ? IFF_UP : 0;
	CHECK_OK(ioctl(s, SIOCSIFFLAGS, &r));
	close(s);
}
static void rename_dev(const char *from, const char *to)
{
	struct ifreq r = { 0 };
	int s = CHECK_OK(socket(AF_INET, SOCK_DGRAM, 0));

	strcpy(r.ifr_name, from);
	strcpy(r.ifr_newname, to);
	CHECK_OK(ioctl(s, SIOCSIFNAME, &r));
	close(s);
}
CASE(directories_follow_the_name)
{
	struct dirent *e;
	int fd, seen = 0;
	DIR *d;

	set_up(false);
	fd = CHECK_OK(open(at("ipv4/conf/lo/rp_filter"), O_RDONLY));
	takes("ipv4/conf/lo/arp_announce", "2");
	rename_dev("lo", "loop7");
	CHECK_ERR(open(at("ipv4/conf/lo/rp_filter"), O_RDONLY), ENOENT);
	CHECK_ERR(open(at("ipv4/neigh/lo/locktime"), O_RDONLY), ENOENT);
	is("ipv4/conf/loop7/arp_announce", "2\n");
	is("ipv4/neigh/loop7/locktime", "100\n");
	d = opendir(at("ipv4/conf"));
	CHECK(d);
	while ((e = readdir(d))) {
		CHECK(strcmp(e->d_name, "lo"));
		seen += !strcmp(e->d_name, "all") || !strcmp(e->d_name, "default") || !strcmp(e->d_name, "loop7");
	}
	CHECK_EQ(seen, 3);
	closedir(d);
	rename_dev("loop7", "lo");
	is("ipv4/conf/lo/arp_announce", "2\n");
	CHECK_ERR(open(at("ipv4/conf/loop7"), O_RDONLY), ENOENT);
	takes("ipv4/conf/lo/arp_announce", "0");
	close(fd);
}
CASE(ports)
{
	struct sockaddr_in a = lo_addr(0);
	socklen_t len = sizeof(a);
	int fd[3];

	lo_up();
	takes("ipv4/ip_local_port_range", "40000 40001");
	for (int i = 0; i < 3; i++) {
		fd[i] = CHECK_OK(socket(AF_INET, SOCK_DGRAM, 0));
		a = lo_addr(0);
		if (i == 2) {
			CHECK_ERR(bind(fd[i], (void *)&a, sizeof(a)), EADDRINUSE);
			break;
		}
		CHECK_OK(bind(fd[i], (void *)&a, sizeof(a)));
		CHECK_OK(getsockname(fd[i], (void *)&a, &len));
		CHECK(ntohs(a.sin_port) == 40000 || ntohs(a.sin_port) == 40001);
	}
	takes("ipv4/ip_local_port_range", "32768 60999");
	takes("ipv4/ip_unprivileged_port_start", "80");
	if (!fork()) {
		CHECK_OK(setuid(1000));
		a = lo_addr(81);
		CHECK_OK(bind(socket(AF_INET, SOCK_DGRAM, 0), (void *)&a, sizeof(a)));
		a = lo_addr(79);
		CHECK_ERR(bind(socket(AF_INET, SOCK_DGRAM, 0), (void *)&a, sizeof(a)), EACCES);
		_exit(0);
	}
	int st;
	CHECK(wait(&st) > 0);
	CHECK_EQ(st, 0);
	takes("ipv4/ip_unprivileged_port_start", "1024");
}
CASE(buffers)
{
	int s = CHECK_OK(socket(AF_INET, SOCK_DGRAM, 0)), v = 100000, t;
	socklen_t len = sizeof(v);

	takes("core/rmem_max", "50000");
	CHECK_OK(setsockopt(s, SOL_SOCKET, SO_RCVBUF, &v, sizeof(v)));
	CHECK_OK(getsockopt(s, SOL_SOCKET, SO_RCVBUF, &v, &len));
	CHECK_EQ(v, 100000);
	takes("core/rmem_max", "212992");
	takes("core/wmem_default", "30000");
	t = CHECK_OK(socket(AF_INET, SOCK_DGRAM, 0));
	CHECK_OK(getsockopt(t, SOL_SOCKET, SO_SNDBUF, &v, &len));
	CHECK_EQ(v, 30000);
	takes("core/wmem_default", "212992");
}
CASE(control_room)
{
	static char control[4096];
	char byte = 0;
	struct iovec io = { &byte, 1 };
	struct sockaddr_in a;
	struct msghdr m = { .msg_iov = &io, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof(control),
		.msg_name = &a, .msg_namelen = sizeof(a) };
	struct cmsghdr *c;
	long old = get("core/optmem_max");
	int port, s = 0;
	char text[30];

	lo_up();
	s = lo_sock(SOCK_DGRAM, &port);
	a = lo_addr(port);
	m.msg_controllen = 100 * CMSG_SPACE(4);
	for (int i = 0; i < 100; i++) {
		c = (struct cmsghdr *)(control + (size_t)i * CMSG_SPACE(4));
		c->cmsg_level = SOL_IP;
		c->cmsg_type = IP_TTL;
		c->cmsg_len = CMSG_LEN(4);
		*(int *)CMSG_DATA(c) = 9;
	}
	CHECK_EQ(syscall(SYS_sendmsg, s, &m, 0), 1);	/* musl has 1024 bytes only */
	takes("core/optmem_max", "1000");
	CHECK_ERR(syscall(SYS_sendmsg, s, &m, 0), ENOBUFS);
	snprintf(text, sizeof(text), "%ld", old);
	takes("core/optmem_max", text);
}
CASE(unix_queue)
{
	int s[2], n = 0;
	struct sockaddr_un a = { .sun_family = AF_UNIX, .sun_path = "q" };

	takes("unix/max_dgram_qlen", "3");
	s[0] = CHECK_OK(socket(AF_UNIX, SOCK_DGRAM, 0));
	s[1] = CHECK_OK(socket(AF_UNIX, SOCK_DGRAM, 0));
	CHECK_OK(bind(s[0], (void *)&a, sizeof(a)));
	while (sendto(s[1], "x", 1, MSG_DONTWAIT, (void *)&a, sizeof(a)) == 1)
		n++;
	CHECK_EQ(errno, EAGAIN);
	CHECK_EQ(n, 4);
	takes("unix/max_dgram_qlen", "10");
}
static void echo(bool answered)
{
	struct { struct icmphdr h; char data[8]; } q = { .h.type = ICMP_ECHO, .h.un.echo.id = 7 };
	int s = CHECK_OK(socket(AF_INET, SOCK_RAW, IPPROTO_ICMP)), r;
	struct sockaddr_in a = lo_addr(0);
	unsigned sum = 0, got = 0, heard = 0;
	unsigned char buf[200];
	struct pollfd p = { .fd = s, .events = POLLIN };

	for (unsigned i = 0; i < sizeof(q) / 2; i++)
		sum += ((unsigned short *)&q)[i];
	q.h.checksum = (unsigned short)~((sum & 0xffff) + (sum >> 16));
	CHECK_EQ(sendto(s, &q, sizeof(q), 0, (void *)&a, sizeof(a)), sizeof(q));
	/* The socket hears the question, and the answer; one that must not come would come in a fifth of a second. */
	while (poll(&p, 1, heard <= answered ? kt_wait_ms() : 200) > 0) {
		r = (int)recv(s, buf, sizeof(buf), 0);
		CHECK_EQ(r, 20 + (int)sizeof(q));
		heard++;
		got += buf[20] == ICMP_ECHOREPLY;
	}
	close(s);
	CHECK_EQ(got, answered);
	CHECK_EQ(heard, 1 + answered);
}
CASE(echo_ignored)
{
	lo_up();
	echo(true);
	takes("ipv4/icmp_echo_ignore_all", "1");
	echo(false);
	takes("ipv4/icmp_echo_ignore_all", "0");
	echo(true);
}
CASE(ipv6)
{
	is("ipv6/conf/all/hop_limit", "64\n");
	is("ipv6/conf/default/dad_transmits", "1\n");
	is("ipv6/conf/lo/accept_ra_pinfo", "1\n");
	is("ipv6/bindv6only", "0\n");
	is("ipv6/neigh/default/gc_thresh1", "128\n");
	refuses("ipv6/conf/lo/hop_limit", "0");
	refuses("ipv6/conf/lo/hop_limit", "256");
	refuses("ipv6/conf/lo/router_solicitations", "-2");
	takes("ipv6/conf/all/forwarding", "1");
	is("ipv6/conf/default/forwarding", "1\n");
	is("ipv6/conf/lo/forwarding", "1\n");
	takes("ipv6/conf/all/forwarding", "0");
	is("ipv6/conf/lo/forwarding", "0\n");
	takes("ipv6/conf/lo/hop_limit", "33");
	is("ipv6/conf/lo/hop_limit", "33\n");
	is("ipv6/conf/default/hop_limit", "64\n");
	takes("ipv6/conf/lo/hop_limit", "64");
}

/* SPDX-License-Identifier: MPL-2.0 */
/* RTM_*NEIGH: what is refused, dumps and tables; entries where there is a network card. */
#include <linux/neighbour.h>
#include <net/if_arp.h>
#include <sys/ioctl.h>
#include "nl.h"

#define HDR sizeof(struct ndmsg)
static int dev = 1;

static struct ndmsg *neigh(int type, int flags, const char *ip)
{
	struct ndmsg m = { .ndm_family = AF_INET, .ndm_ifindex = dev };

	nl_begin(type, flags, &m, sizeof(m));
	if (ip)
		nl_ip(NDA_DST, ip);
	return NLMSG_DATA(&nl_req.h);
}
CASE(errors)
{
	int fd = nl_open(NETLINK_ROUTE);

	nl_lo_up(fd);
	neigh(RTM_NEWNEIGH, NLM_F_CREATE, NULL);
	CHECK_EQ(nl_do(fd), EINVAL);
	CHECK_STR(nl_why, "Network address not specified");
	neigh(RTM_NEWNEIGH, NLM_F_CREATE, NULL);
	nl_attr(NDA_DST, "ab", 2);
	CHECK_EQ(nl_do(fd), EINVAL);
	CHECK_STR(nl_why, "Invalid network address");
	neigh(RTM_NEWNEIGH, NLM_F_CREATE, "192.0.2.1")->ndm_ifindex = 4711;
	CHECK_EQ(nl_do(fd), ENODEV);
	neigh(RTM_NEWNEIGH, NLM_F_CREATE, "192.0.2.1")->ndm_ifindex = 0;
	CHECK_EQ(nl_do(fd), EINVAL);
	neigh(RTM_NEWNEIGH, NLM_F_CREATE, "192.0.2.1")->ndm_family = AF_UNIX;
	CHECK_EQ(nl_do(fd), EAFNOSUPPORT);
	neigh(RTM_NEWNEIGH, NLM_F_CREATE, "192.0.2.1");
	nl_attr(NDA_LLADDR, "abc", 3);
	CHECK_EQ(nl_do(fd), EINVAL);
	CHECK_STR(nl_why, "Invalid link address");
	neigh(RTM_NEWNEIGH, NLM_F_CREATE, "192.0.2.1");
	nl_attr(NDA_LLADDR, nl_buf, 40);
	CHECK_EQ(nl_do(fd), ERANGE);
	neigh(RTM_NEWNEIGH, 0, "192.0.2.1");
	CHECK_EQ(nl_do(fd), ENOENT);
	neigh(RTM_DELNEIGH, 0, "192.0.2.1");
	CHECK_EQ(nl_do(fd), ENOENT);
	neigh(RTM_DELNEIGH, 0, NULL);
	CHECK_EQ(nl_do(fd), EINVAL);
	neigh(RTM_DELNEIGH, 0, "192.0.2.1")->ndm_ifindex = 0;
	CHECK_EQ(nl_do(fd), EINVAL);
	neigh(RTM_GETNEIGH, 0, "192.0.2.1");
	CHECK_EQ(nl_do(fd), ENOENT);
	neigh(RTM_GETNEIGH, 0, NULL);
	CHECK_EQ(nl_do(fd), EINVAL);
	neigh(RTM_GETNEIGH, 0, "192.0.2.1")->ndm_state = NUD_STALE;
	CHECK_EQ(nl_do(fd), EINVAL);
	neigh(RTM_GETNEIGH, 0, "192.0.2.1");
	nl_u32(NDA_PROBES, 0);
	CHECK_EQ(nl_do(fd), EINVAL);
	neigh(RTM_GETNEIGH, 0, "192.0.2.1")->ndm_ifindex = 4711;
	CHECK_EQ(nl_do(fd), ENODEV);
	CHECK_STR(nl_why, "Unknown device ifindex");
}
static void count(struct nlmsghdr *h, void *arg)
{
	CHECK_EQ(h->nlmsg_type, RTM_NEWNEIGH);
	CHECK(nl_find(h, HDR, NDA_DST, NULL) != NULL);
	nl_need(h, HDR, NDA_CACHEINFO);
	nl_need(h, HDR, NDA_PROBES);
	++*(int *)arg;
}
CASE(dumps)
{
	int fd = nl_open(NETLINK_ROUTE), n = 0;
	struct ndmsg m = { .ndm_family = AF_INET, .ndm_ifindex = 1 };
	struct rtgenmsg g = { AF_UNSPEC };

	nl_begin(RTM_GETNEIGH, 0, &m, sizeof(m));
	CHECK_EQ(nl_dump(fd, count, &n), 0);
	nl_begin(RTM_GETNEIGH, 0, &g, sizeof(g));
	CHECK_EQ(nl_dump(fd, count, &n), 0);
	nl_strict(fd);
	nl_begin(RTM_GETNEIGH, 0, &m, sizeof(m));
	CHECK_EQ(nl_dump(fd, count, &n), EINVAL);
	m.ndm_ifindex = 0;
	nl_begin(RTM_GETNEIGH, 0, &m, sizeof(m));
	nl_u32(NDA_IFINDEX, 1);
	CHECK_EQ(nl_dump(fd, count, &n), 0);
	nl_begin(RTM_GETNEIGH, 0, &m, sizeof(m));
	nl_u32(NDA_PROBES, 1);
	CHECK_EQ(nl_dump(fd, count, &n), EINVAL);
	nl_begin(RTM_GETNEIGH, 0, &g, sizeof(g));
	CHECK_EQ(nl_dump(fd, count, &n), EINVAL);
}
static void table(struct nlmsghdr *h, void *arg)
{
	char *name = nl_need(h, 4, 1);	/* struct ndtmsg; NDTA_NAME */

	CHECK_EQ(h->nlmsg_type, RTM_NEWNEIGHTBL);
	nl_need(h, 4, 6);		/* NDTA_PARMS */
	*(int *)arg |= !strcmp(name, "arp_cache") ? 1 : 0;
}
CASE(tables)
{
	int fd = nl_open(NETLINK_ROUTE), seen = 0;
	unsigned char t[4] = { AF_INET };	/* struct ndtmsg */

	nl_begin(RTM_GETNEIGHTBL, 0, t, 4);
	CHECK_EQ(nl_dump(fd, table, &seen), 0);
	CHECK_EQ(seen, 1);
}
static bool find_card(void)
{
	int s = socket(AF_INET, SOCK_DGRAM, 0);
	struct if_nameindex *i = if_nameindex();

	for (; i && i->if_index; i++) {
		struct ifreq r = { 0 };

		strcpy(r.ifr_name, i->if_name);
		if (ioctl(s, SIOCGIFHWADDR, &r) || r.ifr_hwaddr.sa_family != ARPHRD_ETHER)
			continue;
		CHECK_OK(ioctl(s, SIOCGIFFLAGS, &r));
		r.ifr_flags |= IFF_UP;
		CHECK_OK(ioctl(s, SIOCSIFFLAGS, &r));
		dev = i->if_index;
		return true;
	}
	return false;
}
static int state(int fd, const char *ip, unsigned char *mac)
{
	struct nlmsghdr *h;
	int len;
	void *p;

	neigh(RTM_GETNEIGH, 0, ip);
	h = nl_ask(fd);
	CHECK_EQ(h->nlmsg_type, RTM_NEWNEIGH);
	CHECK_STR(nl_getip(h, HDR, NDA_DST), ip);
	p = nl_find(h, HDR, NDA_LLADDR, &len);
	memset(mac, 0, 6);
	if (p)
		memcpy(mac, p, 6);
	return ((struct ndmsg *)NLMSG_DATA(h))->ndm_state;
}
CASE(entries)
{
	int fd = nl_open(NETLINK_ROUTE);
	unsigned char mac[6];

	if (!find_card())
		SKIP("no network card");
	neigh(RTM_NEWNEIGH, NLM_F_CREATE | NLM_F_EXCL, "192.0.2.40")->ndm_state = NUD_PERMANENT;
	CHECK_EQ(nl_do(fd), EINVAL);
	CHECK_STR(nl_why, "No link layer address given");
	neigh(RTM_DELNEIGH, 0, "192.0.2.40");
	nl_do(fd);
	neigh(RTM_NEWNEIGH, NLM_F_CREATE | NLM_F_EXCL, "192.0.2.40")->ndm_state = NUD_PERMANENT;
	nl_attr(NDA_LLADDR, "\2\0\0\0\0\1", 6);
	CHECK_EQ(nl_do(fd), 0);
	CHECK_EQ(state(fd, "192.0.2.40", mac), NUD_PERMANENT);
	CHECK_EQ(mac[5], 1);
	neigh(RTM_NEWNEIGH, NLM_F_CREATE | NLM_F_EXCL, "192.0.2.40")->ndm_state = NUD_PERMANENT;
	nl_attr(NDA_LLADDR, "\2\0\0\0\0\2", 6);
	CHECK_EQ(nl_do(fd), EEXIST);
	neigh(RTM_NEWNEIGH, NLM_F_REPLACE, "192.0.2.40")->ndm_state = NUD_STALE;
	nl_attr(NDA_LLADDR, "\2\0\0\0\0\2", 6);
	CHECK_EQ(nl_do(fd), 0);
	CHECK_EQ(state(fd, "192.0.2.40", mac), NUD_STALE);
	CHECK_EQ(mac[5], 2);
	neigh(RTM_DELNEIGH, 0, "192.0.2.40");
	CHECK_EQ(nl_do(fd), 0);
	neigh(RTM_GETNEIGH, 0, "192.0.2.40");
	CHECK_EQ(nl_do(fd), ENOENT);
	/* Asked for, as if a packet were sent. */
	neigh(RTM_NEWNEIGH, NLM_F_CREATE, "192.0.2.41")->ndm_flags = NTF_USE;
	CHECK_EQ(nl_do(fd), 0);
	CHECK(state(fd, "192.0.2.41", mac) & (NUD_INCOMPLETE | NUD_FAILED));
	neigh(RTM_NEWNEIGH, NLM_F_REPLACE, "192.0.2.41")->ndm_state = NUD_STALE;
	nl_attr(NDA_LLADDR, "\2\0\0\0\0\2", 6);
	nl_attr(NDA_PROTOCOL, "\4", 1);
	CHECK_EQ(nl_do(fd), 0);
	neigh(RTM_NEWNEIGH, 0, "192.0.2.41")->ndm_flags = NTF_USE;
	CHECK_EQ(nl_do(fd), 0);
	CHECK(state(fd, "192.0.2.41", mac) & (NUD_DELAY | NUD_PROBE));
	neigh(RTM_GETNEIGH, 0, "192.0.2.41");
	CHECK_EQ(*(unsigned char *)nl_need(nl_ask(fd), HDR, NDA_PROTOCOL), 4);
	neigh(RTM_DELNEIGH, 0, "192.0.2.41");
	CHECK_EQ(nl_do(fd), 0);
}

/* SPDX-License-Identifier: MPL-2.0 */
/* Netlink messages for tests: one request at a time is built in nl_req; answers come into nl_buf. */
#ifndef NL_H
#define NL_H

#include <arpa/inet.h>
#include <net/if.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>
#include "ktest_user.h"

#ifndef NETLINK_GET_STRICT_CHK
#define NETLINK_GET_STRICT_CHK 12
#endif

static char nl_buf[65536] __attribute__((aligned(8)));
static union {
	struct nlmsghdr h;
	char bytes[4096];
} nl_req __attribute__((aligned(8)));
static __attribute__((unused)) char nl_why[256];	/* words of the last error, "" if none */

static inline int nl_open(int proto)
{
	struct sockaddr_nl a = { .nl_family = AF_NETLINK };
	struct timeval tv = { kt_wait_ms() / 1000, 0 };
	int one = 1, fd = CHECK_OK(socket(AF_NETLINK, SOCK_RAW, proto));

	CHECK_OK(bind(fd, (void *)&a, sizeof(a)));
	CHECK_OK(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv)));
	CHECK_OK(setsockopt(fd, 270, NETLINK_EXT_ACK, &one, sizeof(one)));
	return fd;
}
static inline void nl_join(int fd, int group)
{
	CHECK_OK(setsockopt(fd, 270, NETLINK_ADD_MEMBERSHIP, &group, sizeof(group)));
}
static inline void nl_strict(int fd)
{
	int one = 1;

	CHECK_OK(setsockopt(fd, 270, NETLINK_GET_STRICT_CHK, &one, sizeof(one)));
}
static inline void *nl_begin(int type, int flags, const void *hdr, int len)
{
	static unsigned seq = 100;

	memset(&nl_req, 0, sizeof(nl_req));
	nl_req.h = (struct nlmsghdr){ NLMSG_LENGTH(len), type, NLM_F_REQUEST | flags, ++seq, 0 };
	memcpy(NLMSG_DATA(&nl_req.h), hdr, len);
	return NLMSG_DATA(&nl_req.h);
}
static inline struct rtattr *nl_attr(int type, const void *data, int len)
{
	struct rtattr *a = (void *)(nl_req.bytes + NLMSG_ALIGN(nl_req.h.nlmsg_len));

	a->rta_type = type;
	a->rta_len = RTA_LENGTH(len);
	if (len)
		memcpy(RTA_DATA(a), data, len);
	nl_req.h.nlmsg_len = NLMSG_ALIGN(nl_req.h.nlmsg_len) + RTA_ALIGN(a->rta_len);
	return a;
}
static inline void nl_u32(int type, unsigned v) { nl_attr(type, &v, 4); }
static inline void nl_u8(int type, unsigned char v) { nl_attr(type, &v, 1); }
static inline void nl_str(int type, const char *s) { nl_attr(type, s, strlen(s) + 1); }
static inline void nl_ip(int type, const char *s)
{
	struct in6_addr six;
	struct in_addr four;

	if (inet_pton(AF_INET, s, &four) == 1)
		nl_attr(type, &four, 4);
	else if (inet_pton(AF_INET6, s, &six) == 1)
		nl_attr(type, &six, 16);
	else
		FAIL("not an address: %s", s);
}
static inline struct rtattr *nl_nest(int type) { return nl_attr(type, NULL, 0); }
static inline void nl_nest_end(struct rtattr *a) { a->rta_len = nl_req.bytes + nl_req.h.nlmsg_len - (char *)a; }
static inline void nl_send(int fd)
{
	CHECK_EQ(send(fd, &nl_req, nl_req.h.nlmsg_len, 0), nl_req.h.nlmsg_len);
}
static inline void *nl_find(struct nlmsghdr *h, int hdr, int type, int *len)
{
	int left = (int)h->nlmsg_len - (int)NLMSG_SPACE(hdr), n;

	if (!len)
		len = &n;
	for (struct rtattr *a = (void *)((char *)h + NLMSG_SPACE(hdr)); RTA_OK(a, left); a = RTA_NEXT(a, left))
		if ((a->rta_type & NLA_TYPE_MASK) == type) {
			*len = RTA_PAYLOAD(a);
			return RTA_DATA(a);
		}
	return NULL;
}
static inline void *nl_need(struct nlmsghdr *h, int hdr, int type)
{
	void *p = nl_find(h, hdr, type, NULL);

	if (!p)
		FAIL("attribute %d is missing", type);
	return p;
}
static inline unsigned nl_get32(struct nlmsghdr *h, int hdr, int type)
{
	unsigned v;

	memcpy(&v, nl_need(h, hdr, type), 4);
	return v;
}
static inline const char *nl_getip(struct nlmsghdr *h, int hdr, int type)
{
	static char text[4][64];
	static int at;
	int len;
	void *p = nl_find(h, hdr, type, &len);

	if (!p)
		return "-";
	at = (at + 1) % 4;
	return inet_ntop(len == 4 ? AF_INET : AF_INET6, p, text[at], sizeof(text[at]));
}
static inline struct nlmsghdr *nl_recv(int fd)
{
	ssize_t n = CHECK_OK(recv(fd, nl_buf, sizeof(nl_buf), 0));

	CHECK(NLMSG_OK((struct nlmsghdr *)nl_buf, n));
	return (void *)nl_buf;
}
static inline int nl_error_in(struct nlmsghdr *h)
{
	struct nlmsgerr *e = NLMSG_DATA(h);

	nl_why[0] = 0;
	if (h->nlmsg_flags & 0x200) {
		int skip = sizeof(*e) + (h->nlmsg_flags & 0x100 ? 0 : NLMSG_ALIGN(e->msg.nlmsg_len) - sizeof(e->msg));
		char *s = nl_find(h, skip, 1, NULL);

		if (s)
			snprintf(nl_why, sizeof(nl_why), "%s", s);
	}
	return -e->error;
}
/* Send it with NLM_F_ACK; the errno that comes back. */
static inline int nl_do(int fd)
{
	struct nlmsghdr *h;

	nl_req.h.nlmsg_flags |= NLM_F_ACK;
	nl_send(fd);
	h = nl_recv(fd);
	if (h->nlmsg_type != NLMSG_ERROR)
		FAIL("answer of type %d, not an acknowledgement", h->nlmsg_type);
	CHECK_EQ(h->nlmsg_seq, nl_req.h.nlmsg_seq);
	return nl_error_in(h);
}
/* Send it; the one message that comes back. */
static inline struct nlmsghdr *nl_ask(int fd)
{
	struct nlmsghdr *h;

	nl_send(fd);
	h = nl_recv(fd);
	if (h->nlmsg_type == NLMSG_ERROR)
		FAIL("refused: %s %s", strerror(nl_error_in(h)), nl_why);
	CHECK_EQ(h->nlmsg_seq, nl_req.h.nlmsg_seq);
	return h;
}
/* Send it as a dump; fn for each message. The errno of its end. */
static inline int nl_dump(int fd, void (*fn)(struct nlmsghdr *h, void *arg), void *arg)
{
	nl_req.h.nlmsg_flags |= NLM_F_DUMP;
	nl_send(fd);
	for (;;) {
		int n = CHECK_OK(recv(fd, nl_buf, sizeof(nl_buf), 0));

		for (struct nlmsghdr *h = (void *)nl_buf; NLMSG_OK(h, n); h = NLMSG_NEXT(h, n)) {
			CHECK_EQ(h->nlmsg_seq, nl_req.h.nlmsg_seq);
			if (h->nlmsg_type == NLMSG_ERROR)
				return nl_error_in(h);
			CHECK(h->nlmsg_flags & NLM_F_MULTI);
			if (h->nlmsg_type == NLMSG_DONE)
				return -*(int *)NLMSG_DATA(h);
			if (fn)
				fn(h, arg);
		}
	}
}
/* lo up, as an interface that tests may use. */
static inline void nl_lo_up(int fd)
{
	struct ifinfomsg i = { .ifi_index = 1, .ifi_flags = IFF_UP, .ifi_change = IFF_UP };

	nl_begin(RTM_NEWLINK, 0, &i, sizeof(i));
	CHECK_EQ(nl_do(fd), 0);
}

#endif

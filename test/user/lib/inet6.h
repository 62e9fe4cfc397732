/* SPDX-License-Identifier: MPL-2.0 */
/* For tests of AF_INET6 sockets. */
#ifndef INET6_H
#define INET6_H

#define LO_FAMILY AF_INET6
#include "inet.h"

/* musl has no names for these. */
#ifndef IPV6_FLOWINFO
#define IPV6_FLOWINFO 11
#define IPV6_FLOWINFO_SEND 33
#endif

static inline struct sockaddr_in6 a6(const char *text, int port)
{
	struct sockaddr_in6 a = { .sin6_family = AF_INET6, .sin6_port = htons(port) };

	CHECK_EQ(inet_pton(AF_INET6, text, &a.sin6_addr), 1);
	return a;
}

static inline struct sockaddr_in a4(const char *text, int port)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons(port) };

	CHECK_EQ(inet_pton(AF_INET, text, &a.sin_addr), 1);
	return a;
}

static inline bool is6(const struct sockaddr_in6 *a, const char *text)
{
	struct sockaddr_in6 want = a6(text, 0);

	return a->sin6_family == AF_INET6 && !memcmp(&a->sin6_addr, &want.sin6_addr, 16);
}

static inline struct sockaddr_in6 name_of(int fd)
{
	struct sockaddr_in6 a;
	socklen_t len = sizeof(a);

	CHECK_EQ(getsockname(fd, (void *)&a, &len), 0);
	CHECK_EQ(len, sizeof(a));
	return a;
}

static inline struct sockaddr_in6 peer_of(int fd)
{
	struct sockaddr_in6 a;
	socklen_t len = sizeof(a);

	CHECK_EQ(getpeername(fd, (void *)&a, &len), 0);
	CHECK_EQ(len, sizeof(a));
	return a;
}

static inline int sock6(int type) { return CHECK_OK(socket(AF_INET6, type, 0)); }
static inline int sock4(int type) { return CHECK_OK(socket(AF_INET, type, 0)); }
static inline int bind6(int fd, const char *text, int port)
{
	struct sockaddr_in6 a = a6(text, port);

	return bind(fd, (void *)&a, sizeof(a));
}
static inline int bind4(int fd, const char *text, int port)
{
	struct sockaddr_in a = a4(text, port);

	return bind(fd, (void *)&a, sizeof(a));
}
static inline int connect6(int fd, const char *text, int port)
{
	struct sockaddr_in6 a = a6(text, port);

	return connect(fd, (void *)&a, sizeof(a));
}
static inline int connect4(int fd, const char *text, int port)
{
	struct sockaddr_in a = a4(text, port);

	return connect(fd, (void *)&a, sizeof(a));
}
static inline ssize_t sendto6(int fd, const char *data, const char *text, int port)
{
	struct sockaddr_in6 a = a6(text, port);

	return sendto(fd, data, strlen(data), 0, (void *)&a, sizeof(a));
}
static inline ssize_t sendto4(int fd, const char *data, const char *text, int port)
{
	struct sockaddr_in a = a4(text, port);

	return sendto(fd, data, strlen(data), 0, (void *)&a, sizeof(a));
}
static inline int set6(int fd, int opt, int v) { return setsockopt(fd, IPPROTO_IPV6, opt, &v, sizeof(v)); }
static inline int get6(int fd, int opt)
{
	int v = -12345;
	socklen_t len = sizeof(v);

	CHECK_EQ(getsockopt(fd, IPPROTO_IPV6, opt, &v, &len), 0);
	CHECK_EQ(len, sizeof(v));
	return v;
}
static inline int set_so(int fd, int opt, int v) { return setsockopt(fd, SOL_SOCKET, opt, &v, sizeof(v)); }
static inline int lo_index(void) { return (int)if_nametoindex("lo"); }

/* One message with room for control data; the data of one of them by level and type. */
struct msg6 {
	struct msghdr h;
	struct iovec iov;
	struct sockaddr_in6 from;
	char data[2048];
	_Alignas(8) char ctl[1024];
};
static inline ssize_t get_msg(int fd, struct msg6 *m, int flags)
{
	memset(m, 0, sizeof(*m));
	m->iov = (struct iovec){ m->data, sizeof(m->data) };
	m->h = (struct msghdr){ .msg_name = &m->from, .msg_namelen = sizeof(m->from), .msg_iov = &m->iov, .msg_iovlen = 1,
		.msg_control = m->ctl, .msg_controllen = sizeof(m->ctl) };
	return recvmsg(fd, &m->h, flags);
}
static inline void *ctl_of(struct msg6 *m, int level, int type, size_t *len)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(&m->h); c; c = CMSG_NXTHDR(&m->h, c)) {
		if (c->cmsg_level == level && c->cmsg_type == type) {
			if (len)
				*len = c->cmsg_len - CMSG_LEN(0);
			return CMSG_DATA(c);
		}
	}
	return NULL;
}
static inline int ctl_int(struct msg6 *m, int type)
{
	size_t len;
	int *v = ctl_of(m, IPPROTO_IPV6, type, &len);

	if (!v)
		return -1;
	CHECK_EQ(len, sizeof(int));
	return *v;
}
/* Send one byte to an address with one control message. */
static inline ssize_t send_ctl(int fd, const char *text, int port, int level, int type, const void *data, size_t len)
{
	struct sockaddr_in6 a = a6(text, port);
	_Alignas(8) char ctl[256] = { 0 };
	struct iovec iov = { "x", 1 };
	struct msghdr m = { .msg_name = &a, .msg_namelen = sizeof(a), .msg_iov = &iov, .msg_iovlen = 1, .msg_control = ctl,
		.msg_controllen = CMSG_SPACE(len) };
	struct cmsghdr *c = CMSG_FIRSTHDR(&m);

	*c = (struct cmsghdr){ .cmsg_level = level, .cmsg_type = type, .cmsg_len = CMSG_LEN(len) };
	memcpy(CMSG_DATA(c), data, len);
	return sendmsg(fd, &m, 0);
}

#endif

/* SPDX-License-Identifier: MPL-2.0 */
/* sock_diag (net/netlink/sock_diag.c): families say what sockets they have. Source: sock_diag(7). */
#ifndef NET_SOCK_DIAG_H
#define NET_SOCK_DIAG_H

#include <base/errno.h>
#include <net/netlink.h>
#include <net/sock.h>
#include <uapi/linux/sock_diag.h>

/* Of one address family; filled in and registered at boot. The message has at least its two first bytes. */
struct sock_diag_handler {
	u8 family;
	int (*ask)(struct nl_request *r, const struct nlmsghdr *h);	/* SOCK_DIAG_BY_FAMILY: one, or a dump */
	int (*destroy)(struct nl_request *r, const struct nlmsghdr *h);	/* or NULL */
	const struct sock_diag_handler *next;	/* [I] after boot */
};
void sock_diag_register(struct sock_diag_handler *h);

static inline void sock_diag_put_cookie(const struct sock_common *c, u32 out[2])
{
	out[0] = (u32)c->cookie;
	out[1] = (u32)(c->cookie >> 32);
}

/* Is it the socket that the request means? -ESTALE. */
static inline int sock_diag_check_cookie(u64 cookie, const u32 want[2])
{
	if (want[0] == INET_DIAG_NOCOOKIE && want[1] == INET_DIAG_NOCOOKIE)
		return 0;
	return want[0] == (u32)cookie && want[1] == (u32)(cookie >> 32) ? 0 : -ESTALE;
}

/* SK_MEMINFO_*: rmem, wmem and drops are the family's. */
static inline void sock_diag_put_mem(struct nlbuf *b, u16 type, const struct sock_common *c, u32 rmem, u32 wmem, u32 drops)
{
	u32 m[SK_MEMINFO_VARS] = { [SK_MEMINFO_RMEM_ALLOC] = rmem, [SK_MEMINFO_RCVBUF] = READ_ONCE(c->rcvbuf),
		[SK_MEMINFO_WMEM_ALLOC] = wmem, [SK_MEMINFO_SNDBUF] = READ_ONCE(c->sndbuf), [SK_MEMINFO_DROPS] = drops };

	nl_put(b, type, m, sizeof(m));
}

#endif

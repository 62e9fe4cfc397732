/* SPDX-License-Identifier: MPL-2.0 */
/* What the rtnetlink files share: addresses in attributes, the state of dumps that show an array of objects. */
#ifndef NET_NETLINK_RT_IMPL_H
#define NET_NETLINK_RT_IMPL_H

#include <base/errno.h>
#include <net/inet.h>
#include <net/rtnetlink.h>

static inline u32 rt_addr_len(u8 family) { return family == AF_INET ? 4 : 16; }

/* The family's form of an address. */
static inline void nl_put_ipaddr(struct nlbuf *b, u16 type, u8 family, const struct ipaddr *a)
{
	if (family == AF_INET)
		nl_put(b, type, &a->w[3], 4);
	else
		nl_put(b, type, a, 16);
}

/* The attribute is long enough: policies see to it. */
static inline struct ipaddr nla_ipaddr(const struct nlattr *a, u8 family)
{
	struct ipaddr r;

	if (family == AF_INET) {
		be32_t v;

		__builtin_memcpy(&v, nla_data(a), 4);
		return ipaddr_v4(v);
	}
	__builtin_memcpy(&r, nla_data(a), 16);
	return r;
}

/* True for the wildcard of the family and for no address at all. */
static inline bool rt_addr_unset(u8 family, const struct ipaddr *a)
{
	return family == AF_INET ? !a->w[3].raw : ipaddr_any(a);
}

/* Keep the first n of the 128 bits. */
static inline void ipaddr_cut(struct ipaddr *a, u32 n)
{
	for (u32 i = 0; i < 4; i++) {
		u32 bits = n > i * 32 ? (n - i * 32 < 32 ? n - i * 32 : 32) : 0;

		a->w[i] = to_be32(be32(a->w[i]) & (u32)(0xffffffffull << (32 - bits)));
	}
}

/* Hundredths of a second, as user space counts ticks. */
static inline u32 rt_ticks(u64 ns) { return (u32)(ns / 10000000); }

/*
 * A dump that shows objects of which it made a list at its first call: they are referenced until it ends. In d->priv;
 * d->args[0]: how many were told.
 */
struct rt_list {
	u32 nr, room;
	void **p;
	void (*put)(void *object);
};
/* At the first call: an empty list that rt_list_done() ends. -ENOMEM. */
__must_check int rt_list_new(struct nl_dump *d, void (*put)(void *object));
/* With a reference that goes to the list. -ENOMEM: not taken. May sleep. */
__must_check int rt_list_add(struct rt_list *l, void *object);
/* One message for each that was not told yet. 0 or NL_MORE. */
int rt_list_tell(struct nl_dump *d, struct nlbuf *b, void (*fill)(struct nlbuf *b, const void *object, const struct rt_msg *m),
		 u16 type);

#endif

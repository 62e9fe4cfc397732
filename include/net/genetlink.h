/* SPDX-License-Identifier: MPL-2.0 */
/* Generic netlink (net/netlink/genetlink.c): protocols that are asked for by name. */
#ifndef NET_GENETLINK_H
#define NET_GENETLINK_H

#include <net/netlink.h>
#include <uapi/linux/genetlink.h>

struct genl_op {
	u8 cmd;
	u8 flags;			/* GENL_ADMIN_PERM */
	/* The message with its attributes in tb[0..maxattr], checked. As nl_proto.receive. NULL: none */
	int (*doit)(struct nl_request *r, const struct nlmsghdr *h, const struct nlattr *const *tb);
	/* Checks a dump's request, before it begins; or NULL. args as nl_dump.args. */
	int (*start)(struct nl_request *r, const struct nlmsghdr *h, const struct nlattr *const *tb, u64 args[8]);
	int (*dump)(struct nl_dump *d, struct nlbuf *b);
};

/* A family: filled in, registered at boot, stays for ever. */
struct genl_family {
	const char *name;		/* [I] */
	u8 version;			/* [I] */
	u16 id;				/* [I] given at registration */
	u16 maxattr;			/* [I] at most 63 */
	const struct nl_policy *policy;	/* [I] maxattr + 1; or NULL */
	const struct genl_op *ops;	/* [I] */
	u32 nr_ops, nr_groups;		/* [I] */
	const char *const *groups;	/* [I] names of multicast groups */
	u32 first_group;		/* [I] given: number of groups[0] */
	struct genl_family *next;	/* [I] after boot */
};
/* -EEXIST, -ENOSPC: no numbers are left. */
__must_check int genl_family_register(struct genl_family *f);
/* A message of a family's: where it begins, as nl_begin(); nl_end() ends it. */
u32 genl_begin(struct nlbuf *b, const struct genl_family *f, u32 portid, u32 seq, u16 flags, u8 cmd);

#endif

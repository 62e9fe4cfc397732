/* SPDX-License-Identifier: MPL-2.0 */
/* Options of netlink sockets. Flags are single words that anybody may read; groups change under the table's lock. */
#include <base/errno.h>
#include <base/math.h>
#include <core/usercopy.h>
#include <fs/poll.h>
#include <kernel/cred.h>

#include "internal.h"

static int membership(struct nl_sock *k, u32 group, bool add)
{
	struct nl_table *t = nl_table_of(k);

	if (!nl_may_listen(k))
		return -EPERM;
	if (!group || group > k->proto->groups)
		return -EINVAL;
	spin_lock(&t->lock);
	nl_set_groups(t, k, add ? k->groups | 1ull << (group - 1) : k->groups & ~(1ull << (group - 1)));
	spin_unlock(&t->lock);
	return 0;
}

static bool *flag_of(struct nl_sock *k, int opt)
{
	switch (opt) {
	case NETLINK_PKTINFO:
		return &k->pktinfo;
	case NETLINK_BROADCAST_ERROR:
		return &k->broadcast_error;
	case NETLINK_NO_ENOBUFS:
		return &k->no_enobufs;
	case NETLINK_LISTEN_ALL_NSID:
		return &k->all_nsid;
	case NETLINK_CAP_ACK:
		return &k->cap_ack;
	case NETLINK_EXT_ACK:
		return &k->ext_ack;
	case NETLINK_GET_STRICT_CHK:
		return &k->strict;
	}
	return NULL;
}

int nl_setsockopt(struct socket *s, int level, int opt, uaddr_t uval, int len)
{
	struct nl_sock *k = nl_sk(s);
	u32 val = 0;
	bool *flag;

	if (level == SOL_SOCKET)
		return sock_setsockopt(&k->c, opt, uval, len);
	if (level != SOL_NETLINK)
		return -ENOPROTOOPT;
	if (len >= (int)sizeof(val) && copy_in_bytes(&val, uval, sizeof(val)))
		return -EFAULT;
	if (opt == NETLINK_ADD_MEMBERSHIP || opt == NETLINK_DROP_MEMBERSHIP)
		return membership(k, val, opt == NETLINK_ADD_MEMBERSHIP);
	flag = flag_of(k, opt);
	if (!flag)
		return -ENOPROTOOPT;
	if (opt == NETLINK_LISTEN_ALL_NSID && !capable(CAP_NET_BROADCAST))
		return -EPERM;
	WRITE_ONCE(*flag, val != 0);
	if (opt == NETLINK_NO_ENOBUFS && val)
		wake_up_poll(&k->wait, EPOLLOUT);
	return 0;
}

static int get_memberships(struct nl_sock *k, uaddr_t uval, uaddr_t ulen, int len)
{
	u64 groups = READ_ONCE(k->groups);
	int all = (int)ALIGN_UP(DIV_ROUND_UP(k->proto->groups, 8u), 4u);

	if (copy_out_bytes(uval, &groups, (size_t)min(len & ~3, min(all, 8))))
		return -EFAULT;
	return copy_out_bytes(ulen, &all, sizeof(all));
}

int nl_getsockopt(struct socket *s, int level, int opt, uaddr_t uval, uaddr_t ulen)
{
	struct nl_sock *k = nl_sk(s);
	int len, val;
	bool *flag;

	if (level == SOL_SOCKET)
		return sock_getsockopt(&k->c, opt, uval, ulen);
	if (level != SOL_NETLINK)
		return -ENOPROTOOPT;
	if (copy_in_bytes(&len, ulen, sizeof(len)))
		return -EFAULT;
	if (len < 0)
		return -EINVAL;
	if (opt == NETLINK_LIST_MEMBERSHIPS)
		return get_memberships(k, uval, ulen, len);
	flag = flag_of(k, opt);
	if (!flag || opt == NETLINK_LISTEN_ALL_NSID)
		return -ENOPROTOOPT;
	if (len < (int)sizeof(val))
		return -EINVAL;
	val = READ_ONCE(*flag);
	len = sizeof(val);
	if (copy_out_bytes(uval, &val, sizeof(val)))
		return -EFAULT;
	return copy_out_bytes(ulen, &len, sizeof(len));
}

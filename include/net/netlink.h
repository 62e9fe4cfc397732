/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Netlink inside of the kernel (net/netlink): building and reading messages, and protocols that answer
 * them. Source: netlink(7), RFC 3549.
 *
 * A request is handled in the sender's context, before its sendmsg() returns. A dump is produced in
 * pieces as the reader makes room.
 */
#ifndef NET_NETLINK_H
#define NET_NETLINK_H

#include <base/ref.h>
#include <base/types.h>
#include <net/net.h>
#include <uapi/linux/netlink.h>

struct nl_sock;

/* --- building --- */

/* The bytes of one datagram; shared by those who receive it. */
struct nl_data {
	struct ref ref;
	u32 len;
	u8 bytes[] __aligned(8);
};

/* Grows as it is written, or stays within `cap` (fixed: dumps). Errors stick: one look at the end is enough. */
struct nlbuf {
	struct nl_data *d;
	u32 cap;
	bool fixed;
	int err;			/* -ENOMEM, -EMSGSIZE (fixed and full) */
};

void nlbuf_init(struct nlbuf *b, u32 cap, bool fixed);
void nlbuf_free(struct nlbuf *b);
static inline u32 nlbuf_len(const struct nlbuf *b) { return b->d ? b->d->len : 0; }
/* A message with a fixed header of `hdr` zeroed bytes behind nlmsghdr; where it begins, for the calls below. */
u32 nl_begin(struct nlbuf *b, u32 portid, u32 seq, u16 type, u16 flags, u32 hdr);
/* Its fixed header. Valid until the next call that writes; NULL after an error. */
void *nl_header(struct nlbuf *b, u32 at);
void nl_end(struct nlbuf *b, u32 at);
/* Take it back, with the error: what was before it stays. */
void nl_cancel(struct nlbuf *b, u32 at);
void nl_put(struct nlbuf *b, u16 type, const void *data, u32 len);
void nl_append(struct nlbuf *b, const void *data, u32 len);	/* bytes without a header of their own; a multiple of 4 */
static inline void nl_put_u8(struct nlbuf *b, u16 type, u8 v) { nl_put(b, type, &v, sizeof(v)); }
static inline void nl_put_u16(struct nlbuf *b, u16 type, u16 v) { nl_put(b, type, &v, sizeof(v)); }
static inline void nl_put_u32(struct nlbuf *b, u16 type, u32 v) { nl_put(b, type, &v, sizeof(v)); }
static inline void nl_put_u64(struct nlbuf *b, u16 type, u64 v) { nl_put(b, type, &v, sizeof(v)); }
void nl_put_str(struct nlbuf *b, u16 type, const char *s);	/* with its NUL */
u32 nl_nest(struct nlbuf *b, u16 type);
void nl_nest_end(struct nlbuf *b, u32 at);

/* --- reading --- */

static inline const void *nla_data(const struct nlattr *a) { return a + 1; }
static inline u32 nla_len(const struct nlattr *a) { return a->nla_len - (u32)sizeof(*a); }
static inline u16 nla_type(const struct nlattr *a) { return a->nla_type & (u16)NLA_TYPE_MASK; }
u32 nla_u32(const struct nlattr *a);
static inline u8 nla_u8(const struct nlattr *a) { return *(const u8 *)nla_data(a); }
u16 nla_u16(const struct nlattr *a);

/* What an attribute must be. len: bytes at least; of strings: at most, NUL included (0: any); NLP_MAX: at most. */
struct nl_policy {
	enum { NLP_ANY, NLP_MIN, NLP_EXACT, NLP_STRING, NLP_NESTED, NLP_MAX } kind;
	u16 len;
};
/* What an extended acknowledgement says besides the errno; set with an error. */
struct nl_extack {
	const char *why;		/* in words */
	const struct nlattr *bad;	/* in the request */
};
/* Sets both, evaluates to the error. */
#define nl_refuse(x, err, text)		({ (x)->why = (text); (err); })
#define nl_refuse_at(x, err, attr, text)	({ (x)->why = (text); (x)->bad = (attr); (err); })
/* tb[0..max]: the last attribute of each type, NULL: none. Types above max are passed over. -EINVAL, -ERANGE. */
__must_check int nla_parse(const struct nlattr **tb, u16 max, const void *data, u32 len, const struct nl_policy *policy);
/* The same for a message whose fixed header is `hdr` bytes. -EINVAL: shorter than that. */
__must_check int nl_parse(const struct nlmsghdr *h, u32 hdr, const struct nlattr **tb, u16 max, const struct nl_policy *policy);
/* As nl_parse(), saying why not. strict: also no type above max, and nothing behind the last attribute (-EINVAL). */
__must_check int nl_parse_ext(const struct nlmsghdr *h, u32 hdr, const struct nlattr **tb, u16 max, const struct nl_policy *policy,
			      bool strict, struct nl_extack *x);
/* The string copied, NUL-terminated; -EINVAL when it does not fit. */
__must_check int nla_string(const struct nlattr *a, char *buf, size_t size);
static inline u64 nla_u64(const struct nlattr *a) { u64 v; __builtin_memcpy(&v, nla_data(a), sizeof(v)); return v; }
/* for (nla_first(...); a; a = nla_next(...)) */
const struct nlattr *nla_first(const void *data, u32 len, u32 *left);
const struct nlattr *nla_next(const struct nlattr *a, u32 *left);
static inline const void *nl_payload(const struct nlmsghdr *h) { return (const u8 *)h + NLMSG_HDRLEN; }
static inline u32 nl_payload_len(const struct nlmsghdr *h) { return h->nlmsg_len - NLMSG_HDRLEN; }

/* --- protocols --- */

/* A request under way. */
struct nl_request {
	struct net *net;
	struct nl_sock *sk;		/* the sender */
	u32 portid;			/* its number */
	bool strict;			/* questions are checked to the letter (NETLINK_GET_STRICT_CHK) */
	struct nl_extack x;
};

struct nl_proto {
	int protocol;			/* [I] NETLINK_* */
	u32 groups;			/* [I] multicast groups; 63 at most */
	bool anyone_listens;		/* [I] groups without CAP_NET_ADMIN */
	bool anyone_sends;		/* [I] to groups and other sockets */
	/*
	 * One message with NLM_F_REQUEST, whole and in bounds. 0: acknowledged if that was asked for; -errno: the sender
	 * gets it; NL_NO_ACK: nothing. NULL: nobody answers.
	 */
	int (*receive)(struct nl_request *r, const struct nlmsghdr *h);
};
#define NL_NO_ACK	1
__must_check int nl_proto_register(const struct nl_proto *p);

/* Both what the socket's maker and what the caller may do. */
bool nl_capable(const struct nl_request *r, int cap);
/* Give b to the requester; b is empty afterwards. */
int nl_reply(struct nl_request *r, struct nlbuf *b);

/*
 * A dump: next() appends messages to b (a fixed buffer) until it is full or all is said. 0: all; NL_MORE: call again
 * when there is room; -errno ends the dump. State in args. May sleep.
 */
struct nl_dump {
	struct net *net;
	u32 portid, seq;		/* [I] of the request */
	int (*next)(struct nl_dump *d, struct nlbuf *b);
	void (*done)(struct nl_dump *d);	/* or NULL */
	u64 args[8];
	u32 gen;			/* next()'s: what changed between two calls ... */
	bool inconsistent;		/* ... is told in the messages from then on (NLM_F_DUMP_INTR) */
	const struct nlmsghdr *request;	/* [I] a copy */
	bool strict;			/* [I] as in nl_request */
	u16 answer_flags;		/* next()'s: more flags of the end (NLM_F_DUMP_FILTERED) */
	void *priv;			/* next()'s, for done() to free */
	struct nl_extack x;		/* next()'s, when it fails */
};
#define NL_MORE		1
/* NL_NO_ACK, or -EBUSY (one is under way), -ENOMEM. */
__must_check int nl_dump_start(struct nl_request *r, const struct nlmsghdr *h, int (*next)(struct nl_dump *d, struct nlbuf *b),
			       void (*done)(struct nl_dump *d), const u64 args[8]);

/* --- groups --- */

/* Send b to who listens to group (from 1 on) of a protocol; b is empty afterwards. but: not to this port; 0: to all. */
void nl_multicast(struct net *net, int protocol, u32 group, struct nlbuf *b, u32 but);
bool nl_has_listeners(struct net *net, int protocol, u32 group);

/*
 * A datagram of the kernel's that is made ready now, to be queued at a netlink socket later (mq_notify(2)): the
 * socket is kept, its file not. ERR_PTR(-ENOTSOCK, -EINVAL: of another family, -ENOMEM).
 */
struct file;
struct nl_cookie;
__must_check struct nl_cookie *nl_cookie_new(struct file *f, u32 len);
u8 *nl_cookie_bytes(struct nl_cookie *c);
/* Either consumes it; no spinlock held. */
void nl_cookie_send(struct nl_cookie *c);
void nl_cookie_drop(struct nl_cookie *c);

#endif

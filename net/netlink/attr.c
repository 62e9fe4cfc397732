/* SPDX-License-Identifier: MPL-2.0 */
/* Building and reading netlink messages. Buffers belong to one user at a time. */
#include <base/errno.h>
#include <base/math.h>
#include <base/string.h>
#include <core/slab.h>
#include <net/netlink.h>

#define ALIGN4(n)	(((n) + 3u) & ~3u)
#define BUF_MAX		(1u << 20)

/* --- building --- */

void nlbuf_init(struct nlbuf *b, u32 cap, bool fixed)
{
	*b = (struct nlbuf){ .cap = cap, .fixed = fixed };
	b->d = kmalloc(sizeof(*b->d) + cap, GFP_KERNEL);
	if (b->d) {
		ref_init(&b->d->ref, 1);
		b->d->len = 0;
	} else {
		b->err = -ENOMEM;
	}
}

void nlbuf_free(struct nlbuf *b)
{
	if (b->d && ref_put(&b->d->ref))
		kfree(b->d);
	b->d = NULL;
}

/* Room for n bytes more at the end, zeroed, or NULL with the error kept. */
static u8 *reserve(struct nlbuf *b, u32 n)
{
	u8 *p;

	if (b->err)
		return NULL;
	if (n > b->cap - b->d->len) {
		u32 cap = max(b->cap * 2, b->d->len + n);
		struct nl_data *d;

		if (b->fixed || cap > BUF_MAX) {
			b->err = -EMSGSIZE;
			return NULL;
		}
		d = kmalloc(sizeof(*d) + cap, GFP_KERNEL);
		if (!d) {
			b->err = -ENOMEM;
			return NULL;
		}
		ref_init(&d->ref, 1);
		d->len = b->d->len;
		memcpy(d->bytes, b->d->bytes, d->len);
		kfree(b->d);
		b->d = d;
		b->cap = cap;
	}
	p = b->d->bytes + b->d->len;
	memset(p, 0, n);
	b->d->len += n;
	return p;
}

u32 nl_begin(struct nlbuf *b, u32 portid, u32 seq, u16 type, u16 flags, u32 hdr)
{
	u32 at = nlbuf_len(b);
	struct nlmsghdr *h = (struct nlmsghdr *)reserve(b, NLMSG_HDRLEN + ALIGN4(hdr));

	if (h)
		*h = (struct nlmsghdr){ .nlmsg_type = type, .nlmsg_flags = flags, .nlmsg_seq = seq, .nlmsg_pid = portid };
	return at;
}

void *nl_header(struct nlbuf *b, u32 at)
{
	return b->err ? NULL : b->d->bytes + at + NLMSG_HDRLEN;
}

void nl_end(struct nlbuf *b, u32 at)
{
	if (!b->err)
		((struct nlmsghdr *)(b->d->bytes + at))->nlmsg_len = b->d->len - at;
}

void nl_cancel(struct nlbuf *b, u32 at)
{
	if (b->d)
		b->d->len = at;
	if (b->err == -EMSGSIZE)
		b->err = 0;
}

void nl_put(struct nlbuf *b, u16 type, const void *data, u32 len)
{
	struct nlattr *a;

	if (len > 0xffff - NLA_HDRLEN) {
		b->err = b->err ? b->err : -EMSGSIZE;
		return;
	}
	a = (struct nlattr *)reserve(b, NLA_HDRLEN + ALIGN4(len));
	if (!a)
		return;
	*a = (struct nlattr){ (u16)(NLA_HDRLEN + len), type };
	if (len)
		memcpy(a + 1, data, len);
}

void nl_append(struct nlbuf *b, const void *data, u32 len)
{
	u8 *p = reserve(b, ALIGN4(len));

	if (p)
		memcpy(p, data, len);
}

void nl_put_str(struct nlbuf *b, u16 type, const char *s)
{
	nl_put(b, type, s, (u32)strlen(s) + 1);
}

u32 nl_nest(struct nlbuf *b, u16 type)
{
	u32 at = nlbuf_len(b);

	nl_put(b, type, NULL, 0);
	return at;
}

void nl_nest_end(struct nlbuf *b, u32 at)
{
	u32 len;

	if (b->err)
		return;
	len = b->d->len - at;
	if (len > 0xffff)
		b->err = -EMSGSIZE;
	else
		((struct nlattr *)(b->d->bytes + at))->nla_len = (u16)len;
}

/* --- reading --- */

u32 nla_u32(const struct nlattr *a)
{
	u32 v;

	memcpy(&v, nla_data(a), sizeof(v));
	return v;
}

u16 nla_u16(const struct nlattr *a)
{
	u16 v;

	memcpy(&v, nla_data(a), sizeof(v));
	return v;
}

static bool nla_ok(const struct nlattr *a, u32 left)
{
	return left >= sizeof(*a) && a->nla_len >= sizeof(*a) && a->nla_len <= left;
}

const struct nlattr *nla_first(const void *data, u32 len, u32 *left)
{
	*left = len;
	return nla_ok(data, len) ? data : NULL;
}

const struct nlattr *nla_next(const struct nlattr *a, u32 *left)
{
	u32 n = ALIGN4(a->nla_len);

	if (n > *left)
		return NULL;
	*left -= n;
	a = (const struct nlattr *)((const u8 *)a + n);
	return nla_ok(a, *left) ? a : NULL;
}

static int check(const struct nlattr *a, const struct nl_policy *p)
{
	u32 len = nla_len(a);

	switch (p->kind) {
	case NLP_MIN:
		return len < p->len ? -ERANGE : 0;
	case NLP_EXACT:
		return len != p->len ? -ERANGE : 0;
	case NLP_STRING:
		if (!len)
			return -ERANGE;
		len -= !((const char *)nla_data(a))[len - 1];
		return p->len && len >= p->len ? -ERANGE : 0;
	case NLP_MAX:
		return len > p->len ? -ERANGE : 0;
	case NLP_NESTED:
		return len && len < NLA_HDRLEN ? -ERANGE : 0;
	case NLP_ANY:
		break;
	}
	return 0;
}

static int parse(const struct nlattr **tb, u16 max, const void *data, u32 len, const struct nl_policy *policy, bool strict,
		 struct nl_extack *x)
{
	const struct nlattr *a;
	u32 left, end = len;

	memset(tb, 0, sizeof(*tb) * (max + 1u));
	for (a = nla_first(data, len, &left); a; a = nla_next(a, &left)) {
		u16 type = nla_type(a);
		int err;

		end = left - min(ALIGN4(a->nla_len), left);
		if (type > max && strict)
			return nl_refuse_at(x, -EINVAL, a, "Unknown attribute type");
		if (!type || type > max)
			continue;
		err = policy ? check(a, &policy[type]) : 0;
		if (err)
			return nl_refuse_at(x, err, a, "Attribute failed policy validation");
		tb[type] = a;
	}
	return end && strict ? nl_refuse(x, -EINVAL, "bytes leftover after parsing attributes") : 0;
}

int nla_parse(const struct nlattr **tb, u16 max, const void *data, u32 len, const struct nl_policy *policy)
{
	struct nl_extack x;

	return parse(tb, max, data, len, policy, false, &x);
}

int nl_parse_ext(const struct nlmsghdr *h, u32 hdr, const struct nlattr **tb, u16 max, const struct nl_policy *policy, bool strict,
		 struct nl_extack *x)
{
	u32 len = nl_payload_len(h);

	if (len < hdr)
		return nl_refuse(x, -EINVAL, "Invalid header length");
	hdr = min(ALIGN4(hdr), len);
	return parse(tb, max, (const u8 *)nl_payload(h) + hdr, len - hdr, policy, strict, x);
}

int nl_parse(const struct nlmsghdr *h, u32 hdr, const struct nlattr **tb, u16 max, const struct nl_policy *policy)
{
	struct nl_extack x;

	return nl_parse_ext(h, hdr, tb, max, policy, false, &x);
}

int nla_string(const struct nlattr *a, char *buf, size_t size)
{
	size_t n = strnlen(nla_data(a), nla_len(a));

	if (n >= size)
		return -EINVAL;
	memcpy(buf, nla_data(a), n);
	buf[n] = '\0';
	return 0;
}

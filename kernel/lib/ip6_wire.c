/* SPDX-License-Identifier: MPL-2.0 */
/* Extension headers, their options and the options of neighbour discovery: see base/ip6.h. */
#include <base/ip6.h>
#include <base/string.h>

#define OPT_PAD1	0
#define OPT_PADN	1
#define OPT_ALERT	5
#define PAD_MAX		7	/* more is a hidden channel or an attack: RFC 4942, 2.1.9.5 */

bool ip6_walk(const u8 *h, u32 len, struct ip6_walk *w)
{
	u32 off = 40;

	*w = (struct ip6_walk){ .next_off = 6, .unfrag = 40, .unfrag_next = 6 };
	if (len < 40)
		return false;
	w->proto = h[6];
	for (u32 n = 0; ip6_is_ext(w->proto); n++) {
		u8 type = w->proto;
		u32 size;

		if (n == IP6_EXT_MAX || len - off < 8)
			return false;
		size = type == IP6_FRAGMENT ? 8 : (h[off + 1] + 1u) * 8;
		if (size > len - off)
			return false;
		if (type == IP6_FRAGMENT) {
			w->fragmented = true;
			w->frag = (u16)(h[off + 2] << 8 | h[off + 3]) & 0xfff9;
		}
		w->proto = h[off];
		w->next_off = off;
		if ((type == IP6_HOPOPTS || type == IP6_ROUTING) && !w->fragmented) {
			w->unfrag = off + size;
			w->unfrag_next = off;
		}
		off += size;
		if (w->frag & 0xfff8)
			break;
	}
	w->off = off;
	return true;
}

static enum ip6_opts_verdict unknown(u8 type)
{
	switch (type >> 6) {
	case 0: return IP6_OPTS_OK;
	case 1: return IP6_OPTS_DROP;
	case 2: return IP6_OPTS_PROBLEM;
	default: return IP6_OPTS_PROBLEM_UNICAST;
	}
}

/* n bytes of padding at h, together not more than PAD_MAX in a row, and all zero. */
static bool pad_ok(const u8 *h, u32 n, u32 *row)
{
	*row += n;
	if (*row > PAD_MAX)
		return false;
	for (u32 i = 2; i < n; i++)
		if (h[i])
			return false;
	return true;
}

enum ip6_opts_verdict ip6_opts_check(const u8 *h, u32 len, bool hop_by_hop, struct ip6_opts *o)
{
	u32 row = 0;

	*o = (struct ip6_opts){ 0 };
	for (u32 i = 2; i < len; ) {
		u8 type = h[i];
		u32 size = type == OPT_PAD1 ? 1 : i + 1 < len ? h[i + 1] + 2u : ~0u;

		o->at = i;
		if (size > len - i)
			return IP6_OPTS_BAD;
		if (type == OPT_PAD1 || type == OPT_PADN) {
			if (!pad_ok(h + i, size, &row))
				return IP6_OPTS_DROP;
			i += size;
			continue;
		}
		row = 0;
		if (type == OPT_ALERT && hop_by_hop) {
			if (size != 4)
				return IP6_OPTS_DROP;
			o->alert = true;
			o->alert_value = (u16)(h[i + 2] << 8 | h[i + 3]);
		} else {
			enum ip6_opts_verdict v = unknown(type);

			if (v != IP6_OPTS_OK)
				return v;
		}
		i += size;
	}
	return IP6_OPTS_OK;
}

static void nd_opt(const u8 *p, u32 size, struct nd_opts *o)
{
	switch (p[0]) {
	case ND_OPT_SLLA:
		if (size == 8 && !o->slla)
			o->slla = p + 2;
		break;
	case ND_OPT_TLLA:
		if (size == 8 && !o->tlla)
			o->tlla = p + 2;
		break;
	case ND_OPT_PREFIX:
		if (size == 32 && o->nr_prefix < ND_PREFIXES)
			o->prefix[o->nr_prefix++] = p;
		break;
	case ND_OPT_REDIRECTED:
		if (!o->redirected)
			o->redirected = p;
		break;
	case ND_OPT_MTU:
		if (size == 8 && !o->mtu)
			o->mtu = p;
		break;
	case ND_OPT_NONCE:
		if (size == 8 && !o->nonce)
			o->nonce = p;
		break;
	default:
		break;
	}
}

bool nd_opts_parse(const u8 *opts, u32 len, struct nd_opts *o)
{
	memset(o, 0, sizeof(*o));
	while (len) {
		u32 size;

		if (len < 2)
			return false;
		size = opts[1] * 8u;
		if (!size || size > len)
			return false;
		nd_opt(opts, size, o);
		opts += size;
		len -= size;
	}
	return true;
}

void ip6_eui64(const u8 mac[6], u8 id[8])
{
	id[0] = mac[0] ^ 2;
	id[1] = mac[1];
	id[2] = mac[2];
	id[3] = 0xff;
	id[4] = 0xfe;
	id[5] = mac[3];
	id[6] = mac[4];
	id[7] = mac[5];
}

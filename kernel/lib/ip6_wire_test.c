/* SPDX-License-Identifier: MPL-2.0 */
/* IPv6's headers and options: right ones, each wrong one, and random bytes in a buffer that ends where they end. */
#include <base/alloc.h>
#include <base/ip6.h>
#include <base/string.h>
#include <core/ktest.h>

static u32 seed = 12345;

static u32 rnd(void)
{
	seed = seed * 1664525u + 1013904223u;
	return seed >> 8;
}

KTEST(ip6_wire, walk)
{
	u8 h[40 + 8 + 16 + 8 + 8] = { 0x60 };
	struct ip6_walk w;

	h[6] = IP6_HOPOPTS;
	h[40] = IP6_DSTOPTS;
	h[48] = IP6_FRAGMENT;
	h[49] = 1;
	h[64] = 17;
	h[67] = 1;	/* first fragment */
	KEXPECT(ip6_walk(h, sizeof(h), &w));
	KEXPECT_EQ(w.proto, 17);
	KEXPECT_EQ(w.off, 72);
	KEXPECT_EQ(w.next_off, 64);
	KEXPECT_EQ(w.unfrag, 48);
	KEXPECT_EQ(w.unfrag_next, 40);
	KEXPECT_EQ(w.frag, 1);
	KEXPECT(w.fragmented);
	for (u32 n = 0; n < 72; n++)
		KEXPECT(!ip6_walk(h, n, &w));
	h[66] = 1;	/* offset 32: what follows is no header */
	h[64] = IP6_DSTOPTS;
	h[72] = 6;
	KEXPECT(ip6_walk(h, 72, &w));
	KEXPECT_EQ(w.proto, IP6_DSTOPTS);
	KEXPECT_EQ(w.off, 72);
	h[6] = 6;
	KEXPECT(ip6_walk(h, 40, &w));
	KEXPECT_EQ(w.off, 40);
}

KTEST(ip6_wire, too_many_headers)
{
	u8 h[40 + 8 * 20] = { 0x60 };
	struct ip6_walk w;

	h[6] = IP6_DSTOPTS;
	for (u32 i = 40; i < sizeof(h); i += 8)
		h[i] = IP6_DSTOPTS;
	KEXPECT(!ip6_walk(h, sizeof(h), &w));
	h[40 + 8 * 15] = 6;
	KEXPECT(ip6_walk(h, sizeof(h), &w));
}

KTEST(ip6_wire, options)
{
	u8 alert[8] = { 58, 0, 5, 2, 0, 0, 1, 0 };
	struct ip6_opts o;

	KEXPECT_EQ(ip6_opts_check(alert, 8, true, &o), IP6_OPTS_OK);
	KEXPECT(o.alert);
	alert[3] = 3;
	KEXPECT_EQ(ip6_opts_check(alert, 8, true, &o), IP6_OPTS_DROP);
	alert[3] = 5;
	KEXPECT_EQ(ip6_opts_check(alert, 8, true, &o), IP6_OPTS_BAD);
	KEXPECT_EQ(o.at, 2);
	for (u32 act = 0; act < 4; act++) {
		u8 unknown[8] = { 58, 0, 0, (u8)(act << 6 | 0x1e), 2, 0, 0, 0 };
		static const enum ip6_opts_verdict want[] = { IP6_OPTS_OK, IP6_OPTS_DROP, IP6_OPTS_PROBLEM,
			IP6_OPTS_PROBLEM_UNICAST };

		KEXPECT_EQ(ip6_opts_check(unknown, 8, false, &o), want[act]);
		if (act > 1)
			KEXPECT_EQ(o.at, 3);
	}
	{
		u8 jumbo[8] = { 58, 0, 0xc2, 4, 0, 1, 0, 0 }, last[8] = { 58, 0, 1, 3, 0, 0, 0, 0x1e };
		u8 pad[16] = { 58, 1, 1, 12 }, dirty[8] = { 58, 0, 1, 4, 0, 0, 7, 0 };

		KEXPECT_EQ(ip6_opts_check(jumbo, 8, true, &o), IP6_OPTS_PROBLEM_UNICAST);
		KEXPECT_EQ(ip6_opts_check(last, 8, true, &o), IP6_OPTS_BAD);	/* a length is missing */
		KEXPECT_EQ(ip6_opts_check(pad, 16, true, &o), IP6_OPTS_DROP);
		KEXPECT_EQ(ip6_opts_check(dirty, 8, true, &o), IP6_OPTS_DROP);
	}
}

KTEST(ip6_wire, nd_options)
{
	u8 b[8 + 32 + 8 + 16] = { ND_OPT_SLLA, 1, 2, 3, 4, 5, 6, 7, ND_OPT_PREFIX, 4 };
	struct nd_opts o;

	b[40] = ND_OPT_MTU;
	b[41] = 1;
	b[48] = 200;	/* unknown: passed over */
	b[49] = 2;
	KEXPECT(nd_opts_parse(b, sizeof(b), &o));
	KEXPECT(o.slla == b + 2 && o.nr_prefix == 1 && o.prefix[0] == b + 8 && o.mtu == b + 40 && !o.tlla);
	KEXPECT(nd_opts_parse(b, 0, &o));
	for (u32 n = 1; n < sizeof(b); n++)
		KEXPECT_EQ(nd_opts_parse(b, n, &o), n == 8 || n == 40 || n == 48);
	b[49] = 0;
	KEXPECT(!nd_opts_parse(b, sizeof(b), &o));
	b[49] = 3;
	KEXPECT(!nd_opts_parse(b, sizeof(b), &o));
	b[49] = 2;
	b[1] = 2;	/* a link address of 14 bytes is not Ethernet's: not taken, and what follows is read from there */
	b[16] = 1;
	b[17] = 1;
	(void)nd_opts_parse(b, sizeof(b), &o);
	KEXPECT(o.slla != b + 2);
}

KTEST(ip6_wire, eui64)
{
	static const u8 mac[6] = { 0x52, 0x54, 0, 0x12, 0x34, 0x56 }, want[8] = { 0x50, 0x54, 0, 0xff, 0xfe, 0x12, 0x34, 0x56 };
	u8 id[8];

	ip6_eui64(mac, id);
	KEXPECT(!memcmp(id, want, 8));
}

/* Whatever is found lies within what was given: the buffer is as large as that. */
KTEST(ip6_wire, random)
{
	for (u32 i = 0; i < 20000; i++) {
		u32 n = 8 + rnd() % 160;
		u8 *b = kmalloc(n, GFP_KERNEL);
		struct ip6_walk w;
		struct ip6_opts o;
		struct nd_opts nd;

		KREQUIRE(b);
		for (u32 k = 0; k < n; k++)
			b[k] = rnd() % 4 ? (u8)(rnd() % 3) : (u8)rnd();
		if (n > 6)
			b[6] = (u8)(rnd() % 2 ? IP6_DSTOPTS : IP6_FRAGMENT);
		if (ip6_walk(b, n, &w))
			KEXPECT(w.off <= n && w.next_off < n && w.unfrag <= w.off);
		(void)ip6_opts_check(b, n & ~7u, rnd() % 2, &o);
		KEXPECT(o.at < n);
		if (nd_opts_parse(b, n, &nd)) {
			KEXPECT(!nd.slla || (nd.slla > b && nd.slla + 6 <= b + n));
			for (u32 k = 0; k < nd.nr_prefix; k++)
				KEXPECT(nd.prefix[k] >= b && nd.prefix[k] + 32 <= b + n);
		}
		kfree(b);
	}
}

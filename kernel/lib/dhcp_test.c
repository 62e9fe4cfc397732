/* SPDX-License-Identifier: MPL-2.0 */
/* DHCP's messages: one of each, each cut short anywhere, each byte wrong, options in the fields of names. */
#include <base/alloc.h>
#include <base/dhcp.h>
#include <base/string.h>
#include <core/ktest.h>

static const u8 mac[6] = { 2, 1, 2, 3, 4, 5 };

static u32 make(u8 *m, const u8 *opts, u32 n)
{
	memset(m, 0, 240);
	m[0] = 2;
	m[1] = 1;
	m[2] = 6;
	memcpy(m + 4, "\x11\x22\x33\x44", 4);
	memcpy(m + 16, "\x0a\x00\x02\x0f", 4);
	memcpy(m + 28, mac, 6);
	memcpy(m + 236, "\x63\x82\x53\x63", 4);
	memcpy(m + 240, opts, n);
	return 240 + n;
}

static const u8 ack[] = { 53, 1, 5, 54, 4, 10, 0, 2, 2, 1, 4, 255, 255, 255, 0, 3, 4, 10, 0, 2, 2, 6, 8, 10, 0, 2, 3, 10, 0, 2, 4,
	12, 4, 'k', 'e', 'e', 'l', 0, 0, 15, 11, 'e', 'x', 'a', 'm', 'p', 'l', 'e', '.', 'o', 'r', 'g', 26, 2, 5, 100, 255 };

KTEST(dhcp, reply)
{
	struct dhcp_reply r;
	u8 m[400];
	u32 n = make(m, ack, sizeof(ack));

	KEXPECT(dhcp_parse(m, n, 0x11223344, mac, &r));
	KEXPECT_EQ(r.type, DHCP_ACK);
	KEXPECT_EQ(r.address, 0x0a00020f);
	KEXPECT_EQ(r.server, 0x0a000202);
	KEXPECT_EQ(r.prefixlen, 24);
	KEXPECT_EQ(r.router, 0x0a000202);
	KEXPECT_EQ(r.dns[0], 0x0a000203);
	KEXPECT_EQ(r.dns[1], 0x0a000204);
	KEXPECT_EQ(r.dns[2], 0);
	KEXPECT_EQ(r.mtu, 1380);
	KEXPECT(streq(r.host, "keel"));
	KEXPECT(streq(r.domain, "example.org"));
	KEXPECT(!dhcp_parse(m, n, 0x11223345, mac, &r));
	m[33] ^= 1;
	KEXPECT(!dhcp_parse(m, n, 0x11223344, mac, &r));
}

KTEST(dhcp, cut_and_spoilt)
{
	struct dhcp_reply r;
	u8 m[400];
	u32 n = make(m, ack, sizeof(ack));

	for (u32 len = 0; len <= n; len++) {
		u8 *c = kmalloc(len ? len : 1, GFP_KERNEL);	/* ends where it ends */

		if (!c)
			return;
		memcpy(c, m, len);
		(void)dhcp_parse(c, len, 0x11223344, mac, &r);
		for (u32 i = 240; i < len; i++) {
			c[i] ^= 0xff;
			(void)dhcp_parse(c, len, 0x11223344, mac, &r);
			c[i] ^= 0xff;
		}
		kfree(c);
	}
	KEXPECT(!dhcp_parse(m, 239, 0x11223344, mac, &r));
}

KTEST(dhcp, names)
{
	static const u8 overload[] = { 53, 1, 2, 52, 1, 3, 255 }, bad[] = { 15, 5, 'a', '\n', 'b', ' ', 'c', 255 };
	struct dhcp_reply r;
	u8 m[400];
	u32 n = make(m, overload, sizeof(overload));

	memcpy(m + 108, "\x0c\x04host\xff", 7);
	memcpy(m + 44, "\x0f\x03""dom\xff", 6);
	KEXPECT(dhcp_parse(m, n, 0x11223344, mac, &r));
	KEXPECT_EQ(r.type, DHCP_OFFER);
	KEXPECT(streq(r.host, "host"));
	KEXPECT(streq(r.domain, "dom"));
	m[109] = 200;
	KEXPECT(!dhcp_parse(m, n, 0x11223344, mac, &r));
	n = make(m, bad, sizeof(bad));
	KEXPECT(dhcp_parse(m, n, 0x11223344, mac, &r));
	KEXPECT(!r.domain[0]);
	KEXPECT_EQ(r.type, DHCP_BOOTP);
}

KTEST(dhcp, request)
{
	struct dhcp_request q = { .type = DHCP_REQUEST, .mac = { 2, 1, 2, 3, 4, 5 }, .seconds = 300, .xid = 0xa1b2c3d4,
		.address = 0x0a00020f, .server = 0x0a000202, .host = "keel" };
	struct dhcp_reply r;
	u8 m[DHCP_MSG_SIZE];

	dhcp_build(m, &q);
	KEXPECT(!dhcp_parse(m, sizeof(m), q.xid, mac, &r));	/* a question is no answer */
	m[0] = 2;
	KEXPECT(dhcp_parse(m, sizeof(m), q.xid, mac, &r));
	KEXPECT_EQ(r.type, DHCP_REQUEST);
	KEXPECT_EQ(r.server, q.server);
	KEXPECT(streq(r.host, "keel"));
	KEXPECT_EQ(m[8], 1);
	KEXPECT_EQ(m[9], 44);
	q.type = DHCP_BOOTP;
	dhcp_build(m, &q);
	KEXPECT_EQ(m[240], 12);
}

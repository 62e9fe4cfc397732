/* SPDX-License-Identifier: MPL-2.0 */
/* Messages of DHCP: see base/dhcp.h. */
#include <base/dhcp.h>
#include <base/math.h>
#include <base/string.h>

enum { OP = 0, HTYPE = 1, HLEN = 2, XID = 4, SECS = 8, YIADDR = 16, SIADDR = 20, CHADDR = 28, SNAME = 44, FILE = 108, COOKIE = 236,
	OPTIONS = 240 };

#define OPT_MASK	1
#define OPT_ROUTER	3
#define OPT_DNS		6
#define OPT_HOST	12
#define OPT_DOMAIN	15
#define OPT_ROOT_PATH	17
#define OPT_MTU		26
#define OPT_NIS_DOMAIN	40
#define OPT_NTP		42
#define OPT_ADDRESS	50
#define OPT_OVERLOAD	52
#define OPT_TYPE	53
#define OPT_SERVER	54
#define OPT_LIST	55
#define OPT_MAX_SIZE	57
#define OPT_END		255

static const u8 cookie[4] = { 99, 130, 83, 99 };

static u32 get32(const u8 *p) { return (u32)p[0] << 24 | (u32)p[1] << 16 | (u32)p[2] << 8 | p[3]; }

static u8 *put32(u8 *p, u32 v)
{
	p[0] = (u8)(v >> 24);
	p[1] = (u8)(v >> 16);
	p[2] = (u8)(v >> 8);
	p[3] = (u8)v;
	return p + 4;
}

static u8 *put_option(u8 *p, u8 code, const void *data, u8 n)
{
	*p++ = code;
	*p++ = n;
	memcpy(p, data, n);
	return p + n;
}

static u8 *put_address(u8 *p, u8 code, u32 v)
{
	u8 a[4];

	(void)put32(a, v);
	return put_option(p, code, a, 4);
}

void dhcp_build(u8 *m, const struct dhcp_request *q)
{
	static const u8 wanted[] = { OPT_MASK, OPT_ROUTER, OPT_DNS, OPT_HOST, OPT_DOMAIN, OPT_ROOT_PATH, OPT_MTU, OPT_NIS_DOMAIN,
		OPT_NTP };
	static const u8 most[2] = { (DHCP_MSG_SIZE + 28) >> 8, (DHCP_MSG_SIZE + 28) & 255 };
	u8 *p = m + OPTIONS;

	memset(m, 0, DHCP_MSG_SIZE);
	m[OP] = 1;
	m[HTYPE] = 1;
	m[HLEN] = 6;
	(void)put32(m + XID, q->xid);
	m[SECS] = (u8)(q->seconds >> 8);
	m[SECS + 1] = (u8)q->seconds;
	memcpy(m + CHADDR, q->mac, 6);
	memcpy(m + COOKIE, cookie, 4);
	if (q->type != DHCP_BOOTP) {
		p = put_option(p, OPT_TYPE, &q->type, 1);
		p = put_option(p, OPT_MAX_SIZE, most, 2);
		p = put_option(p, OPT_LIST, wanted, sizeof(wanted));
	}
	if (q->type == DHCP_REQUEST) {
		p = put_address(p, OPT_SERVER, q->server);
		p = put_address(p, OPT_ADDRESS, q->address);
	}
	if (q->host && q->host[0])
		p = put_option(p, OPT_HOST, q->host, (u8)min(strlen(q->host), (size_t)64));
	*p = OPT_END;
}

/* Text that goes to files and names: blanks and worse make it nothing. */
static void take_text(char *to, u32 size, const u8 *d, u32 n)
{
	u32 k = min(n, size - 1);

	while (k && !d[k - 1])
		k--;
	for (u32 i = 0; i < k; i++)
		if (d[i] <= ' ' || d[i] >= 127)
			return;
	memcpy(to, d, k);
	to[k] = '\0';
}

static void take_addresses(u32 *to, u32 most, const u8 *d, u32 n)
{
	for (u32 i = 0; i < most && n >= 4; i++, d += 4, n -= 4)
		to[i] = get32(d);
}

static void take_mask(struct dhcp_reply *r, u32 m)
{
	if (!(~m & (~m + 1)))	/* ones, then zeroes */
		r->prefixlen = (u8)(m ? 32 - __builtin_ctz(m) : 0);
}

static void take(struct dhcp_reply *r, u8 code, const u8 *d, u32 n)
{
	switch (code) {
	case OPT_TYPE:
		r->type = n ? d[0] : r->type;
		break;
	case OPT_SERVER:
		take_addresses(&r->server, 1, d, n);
		break;
	case OPT_MASK:
		if (n >= 4)
			take_mask(r, get32(d));
		break;
	case OPT_ROUTER:
		take_addresses(&r->router, 1, d, n);
		break;
	case OPT_DNS:
		take_addresses(r->dns, 3, d, n);
		break;
	case OPT_NTP:
		take_addresses(r->ntp, 3, d, n);
		break;
	case OPT_HOST:
		take_text(r->host, sizeof(r->host), d, n);
		break;
	case OPT_DOMAIN:
		take_text(r->domain, sizeof(r->domain), d, n);
		break;
	case OPT_NIS_DOMAIN:
		take_text(r->nis_domain, sizeof(r->nis_domain), d, n);
		break;
	case OPT_ROOT_PATH:
		take_text(r->root_path, sizeof(r->root_path), d, n);
		break;
	case OPT_MTU:
		r->mtu = n >= 2 ? (u32)d[0] << 8 | d[1] : r->mtu;
		break;
	}
}

/* The options in [d, d + len). *overload: which other fields hold some. False: they do not fit. */
static bool options(struct dhcp_reply *r, const u8 *d, u32 len, u8 *overload)
{
	for (u32 i = 0; i < len; ) {
		u8 code = d[i++];

		if (code == OPT_END)
			return true;
		if (!code)
			continue;
		if (i == len || d[i] > len - i - 1)
			return false;
		if (code == OPT_OVERLOAD && d[i])
			*overload = d[i + 1];
		else
			take(r, code, d + i + 1, d[i]);
		i += 1u + d[i];
	}
	return true;
}

bool dhcp_parse(const u8 *m, u32 len, u32 xid, const u8 mac[6], struct dhcp_reply *r)
{
	u8 overload = 0, none = 0;

	*r = (struct dhcp_reply){ 0 };
	if (len < OPTIONS || m[OP] != 2 || m[HTYPE] != 1 || m[HLEN] != 6 || get32(m + XID) != xid || memcmp(m + CHADDR, mac, 6) ||
	    memcmp(m + COOKIE, cookie, 4))
		return false;
	r->address = get32(m + YIADDR);
	r->boot_server = get32(m + SIADDR);
	if (!options(r, m + OPTIONS, len - OPTIONS, &overload))
		return false;
	if (overload & 1 && !options(r, m + FILE, COOKIE - FILE, &none))
		return false;
	return !(overload & 2) || options(r, m + SNAME, FILE - SNAME, &none);
}

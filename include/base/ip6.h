/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Reading IPv6's variable parts: extension headers, their options, the options of neighbour discovery
 * (kernel/lib/ip6_wire.c). Pure: bytes in, offsets out; nothing is read beyond the length given, whatever the bytes say.
 * Sources: RFC 8200, 4861, 4191, 7527.
 */
#ifndef BASE_IP6_H
#define BASE_IP6_H

#include <base/types.h>

#define IP6_HOPOPTS	0
#define IP6_ROUTING	43
#define IP6_FRAGMENT	44
#define IP6_ESP		50
#define IP6_AH		51
#define IP6_NONE	59
#define IP6_DSTOPTS	60
#define IP6_MH		135
#define IP6_EXT_MAX	16	/* extension headers of one packet: more are refused */

static inline bool ip6_is_ext(u8 type)
{
	return type == IP6_HOPOPTS || type == IP6_ROUTING || type == IP6_FRAGMENT || type == IP6_DSTOPTS;
}

/* The way over extension headers. */
struct ip6_walk {
	u8 proto;		/* what follows the last of them */
	u32 off;		/* where that begins */
	u32 next_off;		/* where its number stands */
	u32 unfrag;		/* bytes up to the fragmentable part (headers that each router reads) */
	u32 unfrag_next;	/* where the number of the first fragmentable header stands */
	u16 frag;		/* offset and M bit of a fragment header; 0: none */
	bool fragmented;	/* there is a fragment header */
};

/*
 * From the IPv6 header at h[0] on. False: it ends inside of a header, or there are too many. A fragment that is not the
 * first ends the walk: proto is then what the fragment header says.
 */
bool ip6_walk(const u8 *h, u32 len, struct ip6_walk *w);

/* What an options header (hop by hop, destination) asks for. */
enum ip6_opts_verdict {
	IP6_OPTS_OK,
	IP6_OPTS_DROP,		/* silently */
	IP6_OPTS_PROBLEM,	/* parameter problem, code 2, at `at` */
	IP6_OPTS_PROBLEM_UNICAST,	/* the same, unless it was sent to a group */
	IP6_OPTS_BAD,		/* malformed: parameter problem, code 0, at `at` */
};
struct ip6_opts {
	u32 at;			/* offset in the header */
	bool alert;
	u16 alert_value;
};
/* h: the whole header, len = (h[1] + 1) * 8 bytes. */
enum ip6_opts_verdict ip6_opts_check(const u8 *h, u32 len, bool hop_by_hop, struct ip6_opts *o);

#define ND_OPT_SLLA	1
#define ND_OPT_TLLA	2
#define ND_OPT_PREFIX	3
#define ND_OPT_REDIRECTED 4
#define ND_OPT_MTU	5
#define ND_OPT_NONCE	14
#define ND_PREFIXES	16

/* Pointers into the message; NULL: not there. First of each kind but of prefixes. */
struct nd_opts {
	const u8 *slla, *tlla;	/* 6 bytes: Ethernet */
	const u8 *mtu;		/* the option */
	const u8 *redirected;
	const u8 *nonce;	/* the option; 8 bytes */
	const u8 *prefix[ND_PREFIXES];	/* the options; 32 bytes each */
	u32 nr_prefix;
};
/* False: an option has no length or runs past the end: the message is to be dropped. */
bool nd_opts_parse(const u8 *opts, u32 len, struct nd_opts *o);

/* The interface identifier that an Ethernet address gives (RFC 4291, appendix A). */
void ip6_eui64(const u8 mac[6], u8 id[8]);

#endif

/* SPDX-License-Identifier: MPL-2.0 */
/* Sums of packets that are built here (RFC 1071). */
#include <base/csum.h>
#include "host.h"

u16 packet_sum(const u8 *p, u32 n, u32 start)
{
	return csum_fold(csum_partial(p, n, start)).raw;
}

void packet_seal(u8 *ip, u32 n)
{
	u16 s;

	put16(ip + 2, n);
	ip[10] = ip[11] = 0;
	s = packet_sum(ip, 4u * (ip[0] & 15), 0);
	memcpy(ip + 10, &s, 2);
}

void packet_seal_transport(u8 *ip, u32 n, u32 csum_at)
{
	u32 at = 4u * (ip[0] & 15);
	u8 pseudo[12];
	u16 s;

	memcpy(pseudo, ip + 12, 8);
	pseudo[8] = 0;
	pseudo[9] = ip[9];
	put16(pseudo + 10, n - at);
	ip[at + csum_at] = ip[at + csum_at + 1] = 0;
	s = packet_sum(ip + at, n - at, csum_partial(pseudo, 12, 0));
	memcpy(ip + at + csum_at, &s, 2);
}

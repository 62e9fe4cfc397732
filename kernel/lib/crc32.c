/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Cyclic redundancy checks, four bytes a step for the 32-bit ones. Tables are made on first use; two
 * CPUs that make one at once write the same values.
 */
#include <base/crc.h>
#include <base/compiler.h>

struct crc_table {
	u32 t[4][256];
	bool ready;
};

static struct crc_table table_ieee, table_castagnoli;

static void make_table(struct crc_table *tab, u32 poly)
{
	for (u32 i = 0; i < 256; i++) {
		u32 c = i;

		for (int k = 0; k < 8; k++)
			c = c >> 1 ^ (c & 1 ? poly : 0);
		WRITE_ONCE(tab->t[0][i], c);
	}
	for (int k = 1; k < 4; k++)
		for (u32 i = 0; i < 256; i++) {
			u32 c = tab->t[k - 1][i];

			WRITE_ONCE(tab->t[k][i], c >> 8 ^ tab->t[0][c & 0xff]);
		}
	__atomic_store_n(&tab->ready, true, __ATOMIC_RELEASE);
}

static u32 run(struct crc_table *tab, u32 poly, u32 c, const u8 *p, size_t n)
{
	if (!__atomic_load_n(&tab->ready, __ATOMIC_ACQUIRE))
		make_table(tab, poly);
	for (; n >= 4; p += 4, n -= 4) {
		u32 w;

		__builtin_memcpy(&w, p, 4);
		c ^= w;
		c = tab->t[3][c & 0xff] ^ tab->t[2][c >> 8 & 0xff] ^ tab->t[1][c >> 16 & 0xff] ^ tab->t[0][c >> 24];
	}
	for (; n; p++, n--)
		c = c >> 8 ^ tab->t[0][(c ^ *p) & 0xff];
	return c;
}

u32 crc32(u32 crc, const void *p, size_t n)
{
	return ~run(&table_ieee, 0xedb88320u, ~crc, p, n);
}

u32 crc32c(u32 crc, const void *p, size_t n)
{
	return run(&table_castagnoli, 0x82f63b78u, crc, p, n);
}

/* Polynomial 0x8005, reflected: group checksums of ext4. Short inputs only. */
u16 crc16(u16 crc, const void *p, size_t n)
{
	const u8 *b = p;

	for (; n; b++, n--) {
		crc ^= *b;
		for (int k = 0; k < 8; k++)
			crc = (u16)(crc >> 1 ^ (crc & 1 ? 0xa001 : 0));
	}
	return crc;
}

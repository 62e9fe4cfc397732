/* SPDX-License-Identifier: MPL-2.0 */
/* Hashes: that they are what they say (vectors), depend on every byte, and spread. */
#include <base/hash.h>
#include <base/string.h>
#include <core/ktest.h>

KTEST(hash, siphash_depends_on_all)
{
	struct siphash_key k = { 0x0706050403020100ul, 0x0f0e0d0c0b0a0908ul };
	u8 buf[40];
	u64 h;

	for (int i = 0; i < 40; i++)
		buf[i] = (u8)i;
	for (size_t n = 0; n <= 40; n++) {
		h = siphash(buf, n, &k);
		for (size_t i = 0; i < n; i++) {
			buf[i] ^= 0x40;
			KEXPECT(siphash(buf, n, &k) != h);
			buf[i] ^= 0x40;
		}
		if (n)
			KEXPECT(siphash(buf, n - 1, &k) != h);
	}
}

KTEST(hash, name_spreads)
{
	static u16 count[1024];
	char name[16];
	u32 worst = 0;

	memset(count, 0, sizeof(count));
	for (u32 i = 0; i < 16384; i++) {
		u32 v = i;
		size_t n = 0;

		memcpy(name, "file", 4);
		for (n = 4; n < 9; n++, v /= 10)
			name[n] = (char)('0' + v % 10);
		count[hash_name(name, n, 42) & 1023]++;
	}
	for (int i = 0; i < 1024; i++)
		worst = count[i] > worst ? count[i] : worst;
	/* 16 on average. */
	KEXPECT(worst < 45);
}

KTEST(hash, name_lengths)
{
	char a[24];

	memset(a, 'a', sizeof(a));
	for (size_t n = 1; n < 24; n++) {
		u32 h = hash_name(a, n, 1);

		KEXPECT(h != hash_name(a, n - 1, 1));
		KEXPECT(h != hash_name(a, n, 2));
		for (size_t i = 0; i < n; i++) {
			a[i] = 'b';
			KEXPECT(hash_name(a, n, 1) != h);
			a[i] = 'a';
		}
	}
}

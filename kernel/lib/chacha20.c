/* SPDX-License-Identifier: MPL-2.0 */
/* The ChaCha20 block function of RFC 8439, section 2.3: 20 rounds over a state of sixteen words. */
#include <base/chacha.h>
#include <base/string.h>

static inline u32 rotl32(u32 v, int n)
{
	return v << n | v >> (32 - n);
}

#define QUARTER(x, a, b, c, d) do { \
	x[a] += x[b]; x[d] = rotl32(x[d] ^ x[a], 16); \
	x[c] += x[d]; x[b] = rotl32(x[b] ^ x[c], 12); \
	x[a] += x[b]; x[d] = rotl32(x[d] ^ x[a], 8); \
	x[c] += x[d]; x[b] = rotl32(x[b] ^ x[c], 7); \
} while (0)

void chacha20_init(u32 state[16], const u32 key[8], const u32 nonce[3])
{
	/* "expand 32-byte k" */
	state[0] = 0x61707865;
	state[1] = 0x3320646e;
	state[2] = 0x79622d32;
	state[3] = 0x6b206574;
	memcpy(state + 4, key, 32);
	state[12] = 0;
	memcpy(state + 13, nonce, 12);
}

void chacha20_block(u32 state[16], u8 out[64])
{
	u32 x[16];

	memcpy(x, state, sizeof(x));
	for (int i = 0; i < 10; i++) {
		QUARTER(x, 0, 4, 8, 12);
		QUARTER(x, 1, 5, 9, 13);
		QUARTER(x, 2, 6, 10, 14);
		QUARTER(x, 3, 7, 11, 15);
		QUARTER(x, 0, 5, 10, 15);
		QUARTER(x, 1, 6, 11, 12);
		QUARTER(x, 2, 7, 8, 13);
		QUARTER(x, 3, 4, 9, 14);
	}
	for (int i = 0; i < 16; i++)
		x[i] += state[i];
	memcpy(out, x, 64);
	if (++state[12] == 0)
		state[13]++;
}

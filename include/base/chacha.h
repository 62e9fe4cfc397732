/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The ChaCha20 block function (RFC 8439) and BLAKE2s: the random generator's parts (kernel/lib/chacha20.c, blake2s.c).
 */
#ifndef BASE_CHACHA_H
#define BASE_CHACHA_H

#include <base/types.h>

/* state: constants, key[8], counter, nonce[3]. Writes 64 bytes and counts state[12] (and [13] on overflow) up. */
void chacha20_init(u32 state[16], const u32 key[8], const u32 nonce[3]);
void chacha20_block(u32 state[16], u8 out[64]);

struct blake2s {
	u32 h[8];
	u64 count;
	u32 len;		/* bytes in buf */
	u32 out_len;
	u8 buf[64];
};

/* out_len 1..32, key_len 0..32. */
void blake2s_init(struct blake2s *b, size_t out_len, const void *key, size_t key_len);
void blake2s_update(struct blake2s *b, const void *p, size_t n);
void blake2s_final(struct blake2s *b, u8 *out);

#endif

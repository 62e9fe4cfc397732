/* SPDX-License-Identifier: MPL-2.0 */
/* Hashes for tables in memory. hash_bytes() is keyed (SipHash-1-3): names come from user space. */
#ifndef BASE_HASH_H
#define BASE_HASH_H

#include <base/types.h>

/* Multiplicative hash of an integer or pointer to `bits` bits. */
static inline u32 hash_u64(u64 v, unsigned int bits)
{
	return (u32)((v * 0x61c8864680b583ebull) >> (64 - bits));
}

static inline u32 hash_ptr(const void *p, unsigned int bits) { return hash_u64((u64)p, bits); }

struct siphash_key { u64 k0, k1; };
u64 siphash(const void *data, size_t len, const struct siphash_key *key);
/* Fast string hash, seeded; not for adversarial long-lived tables without a random seed. */
u32 hash_name(const char *name, size_t len, u64 seed);

#endif

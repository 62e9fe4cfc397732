/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Decompression of gzip (RFC 1952) and raw deflate (RFC 1951) from memory, with the output handed out in
 * pieces (kernel/lib/inflate.c). Hostile input ends in an error, never in a wrong access.
 */
#ifndef BASE_INFLATE_H
#define BASE_INFLATE_H

#include <base/compiler.h>
#include <base/types.h>

/* Takes n bytes of output; 0, or -errno, which ends the run with that error. */
typedef int (*inflate_out_fn)(void *ctx, const void *p, size_t n);

/*
 * One gzip member at `in`. *used: bytes of input it took, also on error as far as it came. 0; -EINVAL
 * not gzip, malformed, or wrong checksum or length; -ENODATA input ends too early; -ENOMEM; out's error.
 */
__must_check int gunzip(const void *in, size_t len, size_t *used, inflate_out_fn out, void *ctx);
/* The same for a bare deflate stream. */
__must_check int inflate(const void *in, size_t len, size_t *used, inflate_out_fn out, void *ctx);
static inline bool is_gzip(const void *p, size_t len)
{
	const u8 *b = p;

	return len >= 2 && b[0] == 0x1f && b[1] == 0x8b;
}

#endif

/* SPDX-License-Identifier: MPL-2.0 */
/*
 * UTF-8 (kernel/lib/utf8.c): for terminals and fonts.
 */
#ifndef BASE_UTF8_H
#define BASE_UTF8_H

#include <base/types.h>

/* Decode one character at s (n bytes readable). Its length 1..4, or -1 malformed, 0 incomplete. */
int utf8_decode(const void *s, size_t n, u32 *cp);
/* Encode; length 1..4, 0 for no such character. buf holds 4. */
int utf8_encode(u32 cp, char *buf);
/* Columns that the character takes: 0 combining, 1, 2 wide; -1 control. */
int utf8_width(u32 cp);
static inline bool utf8_is_cont(u8 c) { return (c & 0xc0) == 0x80; }

#endif

/* SPDX-License-Identifier: MPL-2.0 */
/* What the host programs of test/fuzz share: reports and chance (common.c). */
#ifndef FUZZ_COMMON_H
#define FUZZ_COMMON_H

#include <base/types.h>

extern int host_verbose;
/* A rule of an interface was broken: say it and die, which the parent reports with the seed. */
__noreturn __printf(1, 2) void host_die(const char *fmt, ...);

/* Numbers that follow from a seed. */
u64 rnd_next(u64 *state);
void rnd_seed(u64 seed);
u64 rnd(void);
static inline u32 below(u32 n) { return n ? (u32)(rnd() % n) : 0; }

#endif

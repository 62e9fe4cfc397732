/* SPDX-License-Identifier: MPL-2.0 */
/* Shared by the fuzzers. */
#ifndef FUZZ_H
#define FUZZ_H

#include <base/types.h>

/* The allocation that fails next, counted from 1; 0: none. */
extern u32 fuzz_fail_in;

/* A rule of the interface was broken: stop here, with the input that did it. */
#define FUZZ_CHECK(c) do { if (!(c)) __builtin_trap(); } while (0)

int LLVMFuzzerTestOneInput(const u8 *data, size_t n);

#endif

/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Small unique numbers (kernel/lib/ida.c): lowest free first. The caller's lock guards each.
 */
#ifndef BASE_IDA_H
#define BASE_IDA_H

#include <base/compiler.h>
#include <base/types.h>
#include <base/xarray.h>

struct ida {
	struct xarray xa;	/* index / 512: bitmap of 512 numbers */
};

#define IDA_INIT	{ XARRAY_INIT }

void ida_init(struct ida *ida);
/* Lowest free number in [lo, hi]; -ENOSPC, -ENOMEM. */
__must_check int ida_alloc(struct ida *ida, u32 lo, u32 hi, gfp_t gfp);
void ida_free(struct ida *ida, u32 id);
bool ida_used(const struct ida *ida, u32 id);
void ida_destroy(struct ida *ida);

#endif

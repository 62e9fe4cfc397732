/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Memory files: the page cache is their storage. No operation is needed: a mapping without read_folio
 * has pages that come as zeros, stay until truncated, and are never written anywhere. tmpfs has its own
 * table with `charge` for its size limit.
 */
#include <mm/swap.h>
#include "internal.h"

int shmem_unswap(u32 area)
{
	(void)area;
	return 0;
}

const struct mapping_ops shmem_mapping_ops = { 0 };

/* SPDX-License-Identifier: MPL-2.0 */
/* vma_map_frames() piece by piece, for file_ops.mmap of memory that does not lie in one piece. */
#ifndef MM_VMA_FRAMES_H
#define MM_VMA_FRAMES_H

#include <mm/mm.h>

/* nr frames from `first` on at the vma's page `page` and those behind it; the caller maps each page once. */
int vma_map_frames_at(struct vma *v, u64 page, pfn_t first, u64 nr, bool uncached);

#endif

/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Frame arithmetic for core: struct folio array at a fixed virtual address, mapped only where there
 * is RAM. Each conversion is a few instructions.
 */
#ifndef MM_CORE_FRAMES_H
#define MM_CORE_FRAMES_H

#include <asm/pgtable.h>
#include <core/page.h>

#define FRAMES	((struct folio *)VMEMMAP_BASE)

/* Frame of a RAM page; no check. */
static inline struct folio *frame_of(u64 nr) { return FRAMES + nr; }
static inline u64 frame_nr(const struct folio *f) { return (u64)(f - FRAMES); }
static inline u64 frame_phys(const struct folio *f) { return ((u64)f - VMEMMAP_BASE) << (PAGE_SHIFT - 6); }
static inline void *frame_virt(const struct folio *f) { return phys_virt(frame_phys(f)); }
static inline struct folio *virt_frame(const void *p) { return frame_of(virt_phys(p) >> PAGE_SHIFT); }
static inline struct folio *frame_head(struct folio *f)
{
	return unlikely(f->flags & BIT(FOLIO_TAIL)) ? f->head : f;
}

#endif

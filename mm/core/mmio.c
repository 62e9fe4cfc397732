/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Memory of devices: windows on their registers, mapped uncached into kernel virtual memory, and
 * buffers that they read and write. Device addresses are physical addresses (no IOMMU yet).
 */
#include <base/assert.h>
#include <base/errno.h>
#include <base/math.h>
#include <base/string.h>
#include <core/io.h>
#include <core/page.h>
#include "frames.h"
#include "internal.h"

static int map_as(struct mmio_region *r, paddr_t p, u64 size, u64 prot)
{
	u64 off = PAGE_OFFSET_IN(p.v), bytes = PAGE_ALIGN_UP(off + size), va;

	if (!size || p.v + size < p.v)
		return -EINVAL;
	va = kva_alloc(bytes);
	if (!va)
		return -ENOMEM;
	if (kmap_range(va, p.v - off, bytes, prot)) {
		kunmap_range(va, bytes);
		kva_free(va);
		return -ENOMEM;
	}
	r->base = (void *)(va + off);
	r->size = size;
	return 0;
}

int mmio_map(struct mmio_region *r, paddr_t p, u64 size)
{
	return map_as(r, p, size, KPT_UC);
}

int mmio_map_wc(struct mmio_region *r, paddr_t p, u64 size)
{
	return map_as(r, p, size, KPT_WC);
}

void mmio_unmap(struct mmio_region *r)
{
	u64 va = (u64)r->base;

	if (!va)
		return;
	kunmap_range(ALIGN_DOWN(va, PAGE_SIZE), PAGE_ALIGN_UP(PAGE_OFFSET_IN(va) + r->size));
	kva_free(ALIGN_DOWN(va, PAGE_SIZE));
	r->base = NULL;
}

int dma_alloc(struct dma_buf *b, size_t size, gfp_t gfp)
{
	void *p;

	if (!size || size > PAGE_SIZE << MAX_ORDER)
		return -EINVAL;
	p = page_alloc(size_order(size), gfp | GFP_ZERO);
	if (!p)
		return -ENOMEM;
	*b = (struct dma_buf){ .cpu = p, .device = virt_phys(p), .size = size };
	return 0;
}

void dma_free(struct dma_buf *b)
{
	if (b->cpu)
		page_free(b->cpu, size_order(b->size));
	b->cpu = NULL;
}

u64 dma_addr_of(const void *p)
{
	ASSERT((u64)p >= direct_map_base && (u64)p < VMALLOC_START);
	return virt_phys(p);
}

u64 dma_addr_folio(const struct folio *f, u64 off)
{
	return frame_phys(f) + off;
}

/* One access of the given width each; the compiler neither joins nor splits them. */
static volatile void *reg(const struct mmio_region *r, u64 off, u64 width)
{
	ASSERT(r->base && off <= r->size && r->size - off >= width);
	return (volatile u8 *)r->base + off;
}

#define MMIO_ACCESS(bits) \
u##bits mmio_read##bits(const struct mmio_region *r, u64 off) \
{ \
	return *(volatile u##bits *)reg(r, off, bits / 8); \
} \
void mmio_write##bits(const struct mmio_region *r, u64 off, u##bits v) \
{ \
	*(volatile u##bits *)reg(r, off, bits / 8) = v; \
}
MMIO_ACCESS(8)
MMIO_ACCESS(16)
MMIO_ACCESS(32)
MMIO_ACCESS(64)

void mmio_write_block(const struct mmio_region *r, u64 off, const void *src, size_t n)
{
	volatile u8 *to = reg(r, off, n);
	const u8 *from = src;

	for (; n && (u64)to & 7; n--)
		*to++ = *from++;
	for (; n >= 8; n -= 8, to += 8, from += 8) {
		u64 v;

		memcpy(&v, from, 8);
		*(volatile u64 *)to = v;
	}
	while (n--)
		*to++ = *from++;
}

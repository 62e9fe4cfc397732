/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Device registers and device-visible memory as handles, for drivers. Offsets are checked against
 * the region in DEBUG kernels.
 */
#ifndef CORE_IO_H
#define CORE_IO_H

#include <base/compiler.h>
#include <base/types.h>

struct mmio_region {
	void *base;		/* core's: mapped uncached; NULL: not mapped */
	u64 size;
};

/* -ENOMEM, -EINVAL. May sleep. */
__must_check int mmio_map(struct mmio_region *r, paddr_t p, u64 size);
/* Memory of a display: write-combining. Only for mmio_write_block(). */
__must_check int mmio_map_wc(struct mmio_region *r, paddr_t p, u64 size);
/* Bytes in any order and width. */
void mmio_write_block(const struct mmio_region *r, u64 off, const void *src, size_t n);
void mmio_unmap(struct mmio_region *r);
u8 mmio_read8(const struct mmio_region *r, u64 off);
u16 mmio_read16(const struct mmio_region *r, u64 off);
u32 mmio_read32(const struct mmio_region *r, u64 off);
u64 mmio_read64(const struct mmio_region *r, u64 off);
void mmio_write8(const struct mmio_region *r, u64 off, u8 v);
void mmio_write16(const struct mmio_region *r, u64 off, u16 v);
void mmio_write32(const struct mmio_region *r, u64 off, u32 v);
void mmio_write64(const struct mmio_region *r, u64 off, u64 v);

struct ioport {
	u16 base;
	u16 size;
};

u8 ioport_read8(struct ioport p, u16 off);
u16 ioport_read16(struct ioport p, u16 off);
u32 ioport_read32(struct ioport p, u16 off);
void ioport_write8(struct ioport p, u16 off, u8 v);
void ioport_write16(struct ioport p, u16 off, u16 v);
void ioport_write32(struct ioport p, u16 off, u32 v);

/* Memory that CPU and device share, zeroed, physically contiguous. NULL: none. */
struct dma_buf {
	void *cpu;
	u64 device;		/* address for the device */
	size_t size;
};
__must_check int dma_alloc(struct dma_buf *b, size_t size, gfp_t gfp);
void dma_free(struct dma_buf *b);
/* Device address of kernel memory from kmalloc, page_alloc or a folio (not vmalloc, not a stack). */
u64 dma_addr_of(const void *p);
struct folio;
u64 dma_addr_folio(const struct folio *f, u64 off);

/* Ordering between memory and a device that shares it (virtio rings). */
#define dma_mb()	__atomic_thread_fence(__ATOMIC_SEQ_CST)
#define dma_rmb()	__atomic_thread_fence(__ATOMIC_ACQUIRE)
#define dma_wmb()	__atomic_thread_fence(__ATOMIC_RELEASE)

#endif

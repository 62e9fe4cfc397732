/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The kernel's side of the vDSO: where the image and its data page lie, and the data's updates. A time
 * namespace will map a page of its own in place of ours.
 */
#include <asm/layout.h>
#include <asm/vdso_data.h>
#include <base/assert.h>
#include <base/atomic.h>
#include <core/hooks.h>
#include <core/vdso.h>
#include <uapi/linux/time.h>

extern char vdso_image_start[], vdso_image_end[];

static union {
	struct vdso_data data;
	u8 page[PAGE_SIZE];
} vvar __aligned(4096) __section(".data.page_aligned");

u64 vdso_data_pages(void) { return 1; }
u64 vdso_image_pages(void) { return (u64)(vdso_image_end - vdso_image_start) >> PAGE_SHIFT; }

pfn_t vdso_data_pfn(u64 i)
{
	ASSERT(i == 0);
	(void)i;
	return paddr_pfn(paddr(image_phys(&vvar)));
}

pfn_t vdso_image_pfn(u64 i)
{
	return pfn(paddr_pfn(paddr(image_phys(vdso_image_start))).v + i);
}

void vdso_close(void)
{
	struct vdso_data *d = &vvar.data;

	WRITE_ONCE(d->seq, d->seq + 1);
	smp_wmb();
}

void vdso_publish(void)
{
	struct vdso_data *d = &vvar.data;
	struct clock_params p;

	clock_params_get(&p);
	d->usable = p.vdso;
	d->cycle_last = p.cycle_last;
	d->mult = p.mult;
	d->raw_mult = p.raw_mult;
	d->mono_frac = p.mono_frac;
	d->raw_ns = p.raw_ns;
	d->raw_frac = p.raw_frac;
	d->base[CLOCK_MONOTONIC] = d->base[CLOCK_MONOTONIC_COARSE] = p.mono_ns;
	d->base[CLOCK_REALTIME] = d->base[CLOCK_REALTIME_COARSE] = p.mono_ns + (u64)p.real_off;
	d->base[CLOCK_BOOTTIME] = p.mono_ns + (u64)p.boot_off;
	d->base[CLOCK_TAI] = p.mono_ns + (u64)p.tai_off;
	smp_wmb();
	WRITE_ONCE(d->seq, d->seq + 1);
}

/* SPDX-License-Identifier: MPL-2.0 */
/* Addresses of the kernel image; the rest of the kernel half is laid out in pgtable.h. Also for assembly. */
#ifndef ASM_LAYOUT_H
#define ASM_LAYOUT_H

#ifdef LINKER_SCRIPT
#define LAYOUT_UL(x)	x
#elif defined(__ASSEMBLY__)
#define LAYOUT_UL(x)	x
#else
#define LAYOUT_UL(x)	x##ul
#endif

#define KERNEL_PHYS_BASE	LAYOUT_UL(0x1000000)		/* load address: 16 MiB, above OVMF's own */
#define KERNEL_BASE		LAYOUT_UL(0xffffffff80000000)
#define KERNEL_MAP_SIZE		LAYOUT_UL(0x40000000)		/* 1 GiB: image and slide stay in it */
#define FIXMAP_BASE		LAYOUT_UL(0xffffffffff400000)	/* one table of 4 KiB pages: APIC and kin */

#ifndef __ASSEMBLY__
#include <base/types.h>

extern u64 kernel_slide;		/* [I] KASLR: run address minus link address */

/* Physical address of something in the image. */
static inline u64 image_phys(const void *p) { return (u64)p - KERNEL_BASE - kernel_slide; }

extern char _text[], _etext[], _rodata[], _erodata[], _data[], _edata[], _end[];
extern char _boot_start[], _boot_end[];		/* physical */
extern char __percpu_start[], __percpu_end[], __init_begin[], __init_end[], __init_text_end[];
extern char __ro_after_init_start[], __ro_after_init_end[];
extern char __bss_start[], __bss_end[];
#endif
#endif

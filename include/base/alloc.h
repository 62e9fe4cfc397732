/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The memory that pure code (kernel/lib) asks for. In the kernel these are the slab allocator
 * (mm/core/slab.c); in host tests malloc with injected failures.
 */
#ifndef BASE_ALLOC_H
#define BASE_ALLOC_H

#include <base/compiler.h>
#include <base/types.h>

/* gfp_t flags. */
#define GFP_WAIT	0x01u	/* may sleep and reclaim */
#define GFP_IO		0x02u	/* reclaim may start I/O */
#define GFP_FS		0x04u	/* reclaim may enter a file system */
#define GFP_ZERO	0x08u	/* zeroed memory */
#define GFP_HIGHPRI	0x10u	/* may use the reserve kept for interrupts and reclaim */
#define GFP_NOWARN	0x20u	/* failure is expected: no report */
#define GFP_NORETRY	0x40u	/* fail rather than call the OOM killer */
#define GFP_DMA32	0x80u	/* below 4 GiB */
#define GFP_MOVABLE	0x100u	/* user and page-cache pages */

#define GFP_KERNEL	(GFP_WAIT | GFP_IO | GFP_FS)
#define GFP_NOFS	(GFP_WAIT | GFP_IO)
#define GFP_NOIO	(GFP_WAIT)
#define GFP_ATOMIC	(GFP_HIGHPRI)
#define GFP_NOWAIT	(GFP_NOWARN)
#define GFP_USER	(GFP_KERNEL | GFP_MOVABLE)

/* NULL when there is no memory. Sizes up to a few MiB; memory is at least 8-byte aligned, 64 for >= 64 power-of-two sizes. */
__must_check void *kmalloc(size_t size, gfp_t gfp);
__must_check void *kzalloc(size_t size, gfp_t gfp);
/* n * size, NULL on overflow. */
__must_check void *kcalloc(size_t n, size_t size, gfp_t gfp);
__must_check void *krealloc(void *p, size_t size, gfp_t gfp);
/* NULL is fine. Any context but NMI. */
void kfree(void *p);
__must_check char *kstrdup(const char *s, gfp_t gfp);
__must_check char *kstrndup(const char *s, size_t max, gfp_t gfp);
__must_check void *kmemdup(const void *p, size_t n, gfp_t gfp);
/* printf into a fresh string. */
__must_check __printf(2, 3) char *kasprintf(gfp_t gfp, const char *fmt, ...);
/* Large arrays: kmalloc or vmalloc. kvfree may sleep. */
__must_check void *kvmalloc(size_t size, gfp_t gfp);
void kvfree(void *p);

/* Free after a grace period; `head` is the object's struct rcu_head. See core/rcu.h. */
struct rcu_head {
	struct rcu_head *next;
	void (*func)(struct rcu_head *head);
};
void call_rcu(struct rcu_head *head, void (*func)(struct rcu_head *head));

#endif

/* SPDX-License-Identifier: MPL-2.0 */
/* What the files of iomap share: the state of a folio's blocks where a folio is more than one. */
#ifndef FS_VFS_IOMAP_INTERNAL_H
#define FS_VFS_IOMAP_INTERNAL_H

#include <base/err.h>
#include <base/math.h>
#include <base/string.h>
#include <core/spinlock.h>
#include <core/slab.h>
#include <fs/inode.h>
#include <fs/iomap.h>

/*
 * Hangs at folio->private while the folio has blocks smaller than itself. The folio lock guards which
 * blocks are dirty and what begins; requests end in interrupts, hence the counters and the lock.
 */
struct folio_blocks {
	spinlock_t lock;		/* class OBJECT_IRQ */
	u32 blkbits, nr;		/* [I] */
	atomic_t reading;		/* bytes on their way in, and one more while they are sent */
	atomic_t writing;		/* the same for out */
	int error;			/* [a] first of the requests under way */
	unsigned long bits[];		/* [lock] nr bits: uptodate; from word `words` on nr bits: dirty */
};

static inline u32 fb_words(const struct folio_blocks *b) { return (u32)BITS_TO_LONGS(b->nr); }
static inline unsigned long *fb_dirty(struct folio_blocks *b) { return b->bits + fb_words(b); }

/* NULL where the folio is one block; ERR_PTR(-ENOMEM). Folio locked. */
__must_check struct folio_blocks *folio_blocks_make(struct inode *inode, struct folio *f);
/* Bytes [off, off + len) hold what the file holds. */
void folio_blocks_uptodate(struct folio *f, struct folio_blocks *b, u64 off, u64 len);
bool folio_block_is_uptodate(struct folio *f, struct folio_blocks *b, u64 off);
void folio_blocks_dirty(struct folio_blocks *b, u64 off, u64 len);
void folio_blocks_clean(struct folio_blocks *b, u64 off, u64 len);

static inline u64 iomap_end_of(const struct iomap *m) { return m->offset + m->length; }
static inline bool iomap_covers(const struct iomap *m, u64 pos)
{
	return pos >= m->offset && pos - m->offset < m->length;
}
static inline u64 iomap_addr(const struct iomap *m, u64 pos) { return m->addr + (pos - m->offset); }
/* Is there nothing on the device to read? */
static inline bool iomap_is_zeros(const struct iomap *m, u64 pos)
{
	(void)pos;
	return m->type != IOMAP_MAPPED || m->flags & IOMAP_F_NEW;
}

static inline void folio_zero_bytes(struct folio *f, u64 from, u64 to)
{
	if (from < to) {
		char *p = kmap_local(f, from);

		memset(p, 0, to - from);
		kunmap_local(p);
	}
}

/* begin() with what every caller checks. */
int iomap_begin(struct inode *inode, u64 pos, u64 len, u32 flags, const struct iomap_ops *ops, struct iomap *m);
static inline int iomap_finish(struct inode *inode, u64 pos, u64 len, u64 done, u32 flags,
			       const struct iomap_ops *ops, struct iomap *m)
{
	return ops->end ? ops->end(inode, (loff_t)pos, len, done, flags, m) : 0;
}

/* Read [off, off + len) of a locked folio from the device and wait. */
int iomap_read_sync(struct folio *f, const struct iomap *m, u64 off, u64 len);
/* Make [pos, pos + len), within one folio and m, ready to be changed: locked folio. ERR_PTR. */
struct folio *iomap_write_begin(struct inode *inode, u64 pos, u64 len, const struct iomap *m, bool nowait);
/* Bytes [pos, pos + n) of it were changed: uptodate, dirty. Still locked. */
void iomap_write_done(struct inode *inode, struct folio *f, u64 pos, u64 n);

#endif

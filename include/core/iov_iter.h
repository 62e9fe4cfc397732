/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Where bulk data comes from or goes to: user memory in one or several pieces, or kernel memory
 * (mm/core/iov_iter.c). The copy functions advance the iterator and return bytes moved, which is
 * short only when user memory faulted (or the iterator ended).
 */
#ifndef CORE_IOV_ITER_H
#define CORE_IOV_ITER_H

#include <core/usercopy.h>
#include <uapi/linux/uio.h>

struct folio;

enum iov_kind { ITER_UBUF, ITER_IOVEC, ITER_KVEC };
enum iov_dir {
	ITER_DEST,	/* the iterator receives data: read */
	ITER_SOURCE,	/* the iterator gives data: write */
};

struct kvec {
	void *base;
	size_t len;
};

struct iov_iter {
	enum iov_kind kind;
	enum iov_dir dir;
	size_t off;		/* into the current piece */
	size_t count;		/* bytes left in all */
	union {
		u64 ubuf;	/* address of the single user piece */
		const struct iovec *iov;	/* kernel copy of the user's array */
		const struct kvec *kvec;
	};
	u64 nr_segs;
};

#define UIO_FASTIOV	8
#define MAX_RW_COUNT	(0x7fffffffu & ~0xfffu)

void iov_iter_ubuf(struct iov_iter *i, enum iov_dir dir, uaddr_t buf, size_t count);
void iov_iter_kvec(struct iov_iter *i, enum iov_dir dir, const struct kvec *kvec, u64 nr, size_t count);
/*
 * Copy the user's iovec array in and check it (EINVAL, EFAULT, ENOMEM). Uses fast[] when nr is
 * small; *heap is what the caller must kfree (or NULL). Returns total bytes, cut to MAX_RW_COUNT.
 */
__must_check ssize_t iov_iter_import(struct iov_iter *i, enum iov_dir dir, uaddr_t uvec, u64 nr,
				     struct iovec fast[UIO_FASTIOV], struct iovec **heap);

static inline size_t iov_iter_count(const struct iov_iter *i) { return i->count; }
static inline void iov_iter_truncate(struct iov_iter *i, size_t n) { if (i->count > n) i->count = n; }
/* Of an ITER_KVEC: where the next bytes lie in one piece, and how many; 0 at the end. Does not advance. */
size_t iov_iter_kpiece(struct iov_iter *i, void **base);
void iov_iter_advance(struct iov_iter *i, size_t n);
void iov_iter_revert(struct iov_iter *i, size_t n);

__must_check size_t copy_to_iter(const void *src, size_t n, struct iov_iter *i);
__must_check size_t copy_from_iter(void *dst, size_t n, struct iov_iter *i);
__must_check size_t iov_iter_zero(struct iov_iter *i, size_t n);
__must_check size_t copy_folio_to_iter(const struct folio *f, size_t off, size_t n, struct iov_iter *i);
/* With page faults off: short where a fault would be needed. For writes under the folio lock. */
__must_check size_t copy_folio_from_iter_nofault(struct folio *f, size_t off, size_t n, struct iov_iter *i);
/* All or nothing: true if all n bytes came; the iterator is not advanced on failure. */
__must_check bool copy_from_iter_full(void *dst, size_t n, struct iov_iter *i);
/* Touch the next n bytes of a source. Returns bytes NOT faulted in (0: good). */
__must_check size_t iov_iter_fault_in_readable(const struct iov_iter *i, size_t n);

#endif

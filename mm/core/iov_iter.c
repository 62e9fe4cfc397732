/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Iterators over user or kernel memory in pieces. Each copy walks the pieces with one step function:
 * it names the next contiguous piece, the copy moves what it can, and stops at the first
 * fault. An iterator belongs to one task; no locks.
 */
#include <base/assert.h>
#include <base/math.h>
#include <base/string.h>
#include <core/iov_iter.h>
#include <core/page.h>
#include <core/task_core.h>

void iov_iter_ubuf(struct iov_iter *i, enum iov_dir dir, uaddr_t buf, size_t count)
{
	*i = (struct iov_iter){ .kind = ITER_UBUF, .dir = dir, .count = count, .ubuf = buf.v, .nr_segs = 1 };
}

void iov_iter_kvec(struct iov_iter *i, enum iov_dir dir, const struct kvec *kvec, u64 nr, size_t count)
{
	*i = (struct iov_iter){ .kind = ITER_KVEC, .dir = dir, .count = count, .kvec = kvec, .nr_segs = nr };
}

ssize_t iov_iter_import(struct iov_iter *i, enum iov_dir dir, uaddr_t uvec, u64 nr,
			struct iovec fast[UIO_FASTIOV], struct iovec **heap)
{
	struct iovec *v = fast;
	size_t total = 0;

	*heap = NULL;
	if (nr > UIO_MAXIOV)
		return -EINVAL;
	if (nr > UIO_FASTIOV) {
		v = kmalloc(nr * sizeof(*v), GFP_KERNEL);
		if (!v)
			return -ENOMEM;
		*heap = v;
	}
	if (nr && copy_in_bytes(v, uvec, nr * sizeof(*v)))
		goto fault;
	for (u64 n = 0; n < nr; n++) {
		size_t len = v[n].iov_len;

		if ((ssize_t)len < 0) {
			kfree(*heap);
			*heap = NULL;
			return -EINVAL;
		}
		if (!user_range_ok(uaddr((u64)v[n].iov_base), len))
			goto fault;
		if (len > MAX_RW_COUNT - total)
			v[n].iov_len = len = MAX_RW_COUNT - total;
		total += len;
	}
	*i = (struct iov_iter){ .kind = ITER_IOVEC, .dir = dir, .count = total, .iov = v, .nr_segs = nr };
	return (ssize_t)total;
fault:
	kfree(*heap);
	*heap = NULL;
	return -EFAULT;
}

/* Length and address of the piece that i stands in, skipping empty ones; 0 at the end. */
static inline size_t piece(struct iov_iter *i, u64 *addr)
{
	size_t len;

	if (likely(i->kind == ITER_UBUF)) {
		*addr = i->ubuf + i->off;
		return i->count;
	}
	while (i->nr_segs) {
		/* struct iovec and struct kvec look the same. */
		len = i->iov->iov_len - i->off;
		if (len) {
			*addr = (u64)i->iov->iov_base + i->off;
			return min(len, i->count);
		}
		i->iov++;
		i->nr_segs--;
		i->off = 0;
	}
	return 0;
}

static_assert(sizeof(struct iovec) == sizeof(struct kvec) &&
	      offsetof(struct iovec, iov_len) == offsetof(struct kvec, len), "piece() reads both");

size_t iov_iter_kpiece(struct iov_iter *i, void **base)
{
	u64 addr = 0;
	size_t n;

	ASSERT(i->kind == ITER_KVEC);
	n = piece(i, &addr);
	*base = (void *)addr;
	return n;
}

void iov_iter_advance(struct iov_iter *i, size_t n)
{
	n = min(n, i->count);
	while (n) {
		u64 addr;
		size_t len = min(piece(i, &addr), n);

		if (!len)
			return;
		i->off += len;
		i->count -= len;
		n -= len;
	}
}

void iov_iter_revert(struct iov_iter *i, size_t n)
{
	i->count += n;
	if (i->kind == ITER_UBUF) {
		i->off -= n;
		return;
	}
	for (;;) {
		if (n <= i->off) {
			i->off -= n;
			return;
		}
		n -= i->off;
		i->iov--;
		i->nr_segs++;
		i->off = i->iov->iov_len;
	}
}

enum copy_op { OP_TO, OP_FROM, OP_ZERO };

/* Bytes NOT moved of one contiguous piece. */
static inline size_t move_piece(const struct iov_iter *i, enum copy_op op, u64 addr, void *k, size_t n)
{
	if (unlikely(i->kind == ITER_KVEC)) {
		if (op == OP_TO)
			memcpy((void *)addr, k, n);
		else if (op == OP_FROM)
			memcpy(k, (void *)addr, n);
		else
			memset((void *)addr, 0, n);
		return 0;
	}
	if (op == OP_TO)
		return copy_out_partial(uaddr(addr), k, n);
	if (op == OP_FROM)
		return copy_in_partial(k, uaddr(addr), n);
	return clear_user_partial(uaddr(addr), n);
}

static __always_inline size_t iterate(struct iov_iter *i, enum copy_op op, void *k, size_t n)
{
	size_t done = 0;

	n = min(n, i->count);
	while (done < n) {
		u64 addr;
		size_t len = min(piece(i, &addr), n - done), left;

		if (unlikely(!len))
			break;
		left = move_piece(i, op, addr, (char *)k + done, len);
		i->off += len - left;
		i->count -= len - left;
		done += len - left;
		if (unlikely(left))
			break;
	}
	return done;
}

size_t copy_to_iter(const void *src, size_t n, struct iov_iter *i)
{
	ASSERT(i->dir == ITER_DEST);
	return iterate(i, OP_TO, (void *)src, n);
}

size_t copy_from_iter(void *dst, size_t n, struct iov_iter *i)
{
	ASSERT(i->dir == ITER_SOURCE);
	return iterate(i, OP_FROM, dst, n);
}

size_t iov_iter_zero(struct iov_iter *i, size_t n)
{
	ASSERT(i->dir == ITER_DEST);
	return iterate(i, OP_ZERO, NULL, n);
}

size_t copy_folio_to_iter(const struct folio *f, size_t off, size_t n, struct iov_iter *i)
{
	return copy_to_iter(kmap_local(f, off), n, i);
}

size_t copy_folio_from_iter_nofault(struct folio *f, size_t off, size_t n, struct iov_iter *i)
{
	size_t done;

	pagefault_disable();
	done = copy_from_iter(kmap_local(f, off), n, i);
	pagefault_enable();
	return done;
}

bool copy_from_iter_full(void *dst, size_t n, struct iov_iter *i)
{
	size_t done = copy_from_iter(dst, n, i);

	if (likely(done == n))
		return true;
	iov_iter_revert(i, done);
	return false;
}

size_t iov_iter_fault_in_readable(const struct iov_iter *orig, size_t n)
{
	struct iov_iter i = *orig;

	if (i.kind == ITER_KVEC)
		return 0;
	n = min(n, i.count);
	while (n) {
		u64 addr;
		size_t len = min(piece(&i, &addr), n);

		if (!len || fault_in_readable(uaddr(addr), len))
			return n;
		iov_iter_advance(&i, len);
		n -= len;
	}
	return 0;
}

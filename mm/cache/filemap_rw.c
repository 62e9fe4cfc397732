/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Reading and writing files through the page cache. Reads take no folio lock when the page is there and
 * uptodate. Writes copy under the folio lock with page faults off, so a source that lies in the
 * very page that is written cannot dead-lock; when the copy stops at a missing page, the lock is dropped,
 * the source faulted in, and the rest tried again.
 */
#include <base/string.h>
#include <core/wait.h>
#include <kernel/sched.h>
#include <mm/writeback.h>
#include "internal.h"

/* The page at index, uptodate and referenced; NULL: a hole of a memory file. ERR_PTR. */
static struct folio *page_for_read(struct kiocb *k, struct mapping *m, u64 index, u64 want)
{
	struct folio *f = filemap_get(m, index);

	if (unlikely(!f && mapping_is_memory(m) && !list_empty(&m->swap_link))) {
		f = filemap_get_memory(m, index);
		if (IS_ERR(f))
			return f;
	}
	if (likely(f && folio_test(f, FOLIO_UPTODATE))) {
		if (unlikely(folio_test(f, FOLIO_READAHEAD)) && !(k->flags & IOCB_NOWAIT))
			readahead_marked(k->file, m, f, index, want);
		return f;
	}
	if (f)
		folio_put(f);
	else if (mapping_is_memory(m))
		return NULL;
	if (k->flags & IOCB_NOWAIT)
		return ERR_PTR(-EAGAIN);
	if (mapping_is_memory(m)) {
		/* Being filled by a writer: wait for it. */
		f = filemap_lock_folio(m, index);
		if (!f)
			return NULL;
		if (!folio_test(f, FOLIO_UPTODATE)) {
			folio_zero(f);
			folio_set(f, FOLIO_UPTODATE);
		}
		folio_unlock(f);
		return f;
	}
	if (!f)
		readahead_miss(k->file, m, index, want);
	return filemap_read_now(k->file, m, index);
}

ssize_t filemap_read(struct kiocb *k, struct iov_iter *to)
{
	struct mapping *m = k->file->mapping;
	ssize_t done = 0;

	while (iov_iter_count(to)) {
		loff_t size = inode_size(m->host);
		u64 off = PAGE_OFFSET_IN((u64)k->pos), index = (u64)k->pos >> PAGE_SHIFT;
		size_t n, got;
		struct folio *f;

		if (k->pos >= size)
			break;
		n = min_t(u64, min_t(u64, PAGE_SIZE - off, iov_iter_count(to)), (u64)(size - k->pos));
		f = page_for_read(k, m, index, (iov_iter_count(to) + PAGE_SIZE - 1) >> PAGE_SHIFT);
		if (IS_ERR(f))
			return done ? done : PTR_ERR(f);
		if (likely(f)) {
			got = copy_folio_to_iter(f, off + ((index - f->index) << PAGE_SHIFT), n, to);
			/* One pass over a large folio is one access: else a stream would look like a working set. */
			if (off == 0 && (u64)k->file->ra.prev_pos - f->index >= folio_nr_pages(f))
				folio_mark_accessed(f);
			folio_put(f);
		} else {
			got = iov_iter_zero(to, n);
		}
		k->pos += (loff_t)got;
		done += (ssize_t)got;
		k->file->ra.prev_pos = (s64)index;
		if (unlikely(got < n))
			return done ? done : -EFAULT;
		if (need_resched())
			cond_resched();
	}
	return done;
}

/* --- writing --- */

/* The memory file's page, locked; parts that [off, off + n) leaves out are valid or zeroed. ERR_PTR. */
static struct folio *memory_write_begin(struct mapping *m, u64 index, u64 off, size_t n)
{
	struct folio *f = filemap_grab(m, index, m->gfp);
	char *p;

	if (IS_ERR(f) || folio_test(f, FOLIO_UPTODATE))
		return f;
	p = kmap_local(f, 0);
	if (off)
		memset(p, 0, off);
	if (off + n < PAGE_SIZE)
		memset(p + off + n, 0, PAGE_SIZE - off - n);
	kunmap_local(p);
	return f;
}

static void memory_write_end(struct mapping *m, loff_t pos, u64 off, size_t n, size_t copied, struct folio *f)
{
	if (!folio_test(f, FOLIO_UPTODATE)) {
		/* What did not come in must not show what was there before. */
		if (copied < n) {
			char *p = kmap_local(f, off + copied);

			memset(p, 0, n - copied);
			kunmap_local(p);
		}
		folio_set(f, FOLIO_UPTODATE);
	}
	if (!folio_test(f, FOLIO_DIRTY))
		folio_set(f, FOLIO_DIRTY);
	if (pos + (loff_t)copied > inode_size(m->host))
		inode_set_size(m->host, pos + (loff_t)copied);
	folio_unlock(f);
	folio_put(f);
}

/* One piece within one page: bytes written, 0 if the source must be faulted in, or -errno. */
static ssize_t write_piece(struct kiocb *k, struct mapping *m, struct iov_iter *from, u64 off, size_t n)
{
	bool memory = !m->ops || !m->ops->write_begin;
	struct folio *f;
	void *fsdata = NULL;
	size_t copied;
	int err;

	if (memory) {
		f = memory_write_begin(m, (u64)k->pos >> PAGE_SHIFT, off, n);
		if (IS_ERR(f))
			return PTR_ERR(f);
	} else {
		err = m->ops->write_begin(k->file, m, k->pos, n, &f, &fsdata);
		if (err)
			return err;
	}
	copied = copy_folio_from_iter_nofault(f, off, n, from);
	if (memory) {
		memory_write_end(m, k->pos, off, n, copied, f);
		return (ssize_t)copied;
	}
	err = m->ops->write_end(k->file, m, k->pos, n, copied, f, fsdata);
	if (err < 0)
		return err;
	if ((size_t)err < copied)
		iov_iter_revert(from, copied - (size_t)err);
	return err;
}

ssize_t filemap_write(struct kiocb *k, struct iov_iter *from)
{
	struct mapping *m = k->file->mapping;
	ssize_t done = 0, err = 0;

	while (iov_iter_count(from)) {
		u64 off = PAGE_OFFSET_IN((u64)k->pos);
		size_t n = min_t(size_t, PAGE_SIZE - off, iov_iter_count(from));
		ssize_t got = write_piece(k, m, from, off, n);

		if (unlikely(got <= 0)) {
			err = got;
			if (err)
				break;
			/* At least the next byte must be there. */
			if (iov_iter_fault_in_readable(from, min_t(size_t, n, iov_iter_count(from))) == n) {
				err = -EFAULT;
				break;
			}
			if (signal_pending_state(TASK_KILLABLE)) {
				err = -EINTR;
				break;
			}
			continue;
		}
		k->pos += got;
		done += got;
		if (!(m->flags & MAPPING_NO_WRITEBACK))
			balance_dirty_pages(m->host);
		if (need_resched())
			cond_resched();
		if (unlikely(signal_pending()) && signal_pending_state(TASK_KILLABLE)) {
			err = -EINTR;
			break;
		}
	}
	return done ? done : err;
}

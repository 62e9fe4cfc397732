/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Pages of other address spaces: ptrace, /proc/PID/mem, process_vm_readv and writev, futex keys. The
 * page behind an address is faulted in and referenced; its contents are then copied through the
 * kernel's own mapping.
 */
#include <base/string.h>
#include <fs/file.h>
#include <kernel/sched.h>
#include <kernel/syscall.h>
#include <kernel/task.h>
#include "internal.h"

static pte_t entry_read(struct mm *mm, u64 addr)
{
	struct pt_cursor c;
	pte_t e = { 0 };

	if (!pt_cursor_open(&c, mm->pt, addr, 0, NULL)) {
		e = pt_cursor_read(&c);
		pt_cursor_close(&c);
	}
	return e;
}

enum fault_result mm_touch(struct mm *mm, u64 addr, enum fault_access access, bool *major)
{
	struct vma *v = vma_lock_read(mm, addr);
	pte_t e = { 0 };

	/* Tables may be walked only under a vma lock. */
	if (v) {
		if (v->start <= addr)
			e = entry_read(mm, addr);
		vma_unlock_read(v);
	}
	if (pte_present(e) && (access != FAULT_WRITE || pte_writable(e)))
		return FR_OK;
	return fault_handle(mm, addr, access, pte_present(e) ? FAULT_PRESENT : 0, major);
}

/*
 * The page behind addr if the entry allows it. 0: *f referenced. -EAGAIN: fault first. -EFAULT: never.
 * `force`: as ptrace may, where the mapping itself forbids it.
 */
static int pin_now(struct mm *mm, u64 addr, bool write, bool force, struct folio **f, u64 *nr)
{
	struct vma *v = vma_lock_read(mm, addr);
	struct pt_cursor c;
	int err = -EAGAIN;
	pte_t e;

	if (!v)
		return -EFAULT;
	if (v->start > addr) {
		err = v->flags & VM_GROWSDOWN && !force ? -EAGAIN : -EFAULT;
		goto out;
	}
	err = -EFAULT;
	if (v->flags & VM_SPECIAL && v->flags & VM_UNCACHED)
		goto out;
	if (write && !(v->flags & VM_WRITE) && !(force && v->flags & VM_MAYWRITE && !(v->flags & VM_SHARED)))
		goto out;
	if (!write && !(v->flags & (VM_READ | VM_EXEC)) && !(force && v->flags & VM_MAYREAD))
		goto out;
	err = -EAGAIN;
	if (pt_cursor_open(&c, mm->pt, addr, 0, NULL))
		goto out;
	e = pt_cursor_read(&c);
	if (pte_present(e) && (!write || pte_writable(e))) {
		*f = pfn_folio(pte_pfn(e));
		err = -EFAULT;
		if (*f) {
			folio_get(*f);
			*nr = pte_pfn(e).v - folio_pfn(*f).v;
			err = 0;
		}
	}
	pt_cursor_close(&c);
out:
	vma_unlock_read(v);
	return err;
}

int mm_pin_page(struct mm *mm, u64 addr, bool write, struct folio **f, u64 *nr)
{
	int err;

	addr &= PAGE_MASK;
	while ((err = pin_now(mm, addr, write, false, f, nr)) == -EAGAIN) {
		bool major;
		enum fault_result r = mm_touch(mm, addr, write ? FAULT_WRITE : FAULT_READ, &major);

		if (r == FR_KILLED)
			return -EINTR;
		if (r != FR_OK)
			return -EFAULT;
	}
	return err;
}

/*
 * A debugger writes to memory that its owner may not write (a breakpoint in text): give the page an
 * own copy, without making it writable. The vma is private.
 */
static int force_copy(struct mm *mm, u64 addr, struct folio **f, u64 *nr)
{
	struct folio *fresh, *old;
	struct tlb_gather g;
	struct pt_cursor c;
	struct vma *v;
	pte_t e;
	int err;

	*f = NULL;
	err = pin_now(mm, addr, false, true, &old, nr);
	if (err)
		return err;
	if (folio_test(old, FOLIO_ANON) && folio_refcount(old) == 2) {
		*f = old;
		return 0;
	}
	fresh = anon_folio_alloc(false);
	if (!fresh) {
		folio_put(old);
		return -ENOMEM;
	}
	folio_copy_page(fresh, old, *nr);
	v = vma_lock_read(mm, addr);
	err = -EAGAIN;
	if (!v || v->start > addr)
		goto out;
	tlb_gather_init(&g, mm->pt);
	if (pt_cursor_open(&c, mm->pt, addr, 0, NULL))
		goto out;
	e = pt_cursor_read(&c);
	if (pte_present(e) && pte_pfn(e).v == folio_pfn(old).v + *nr) {
		folio_get(fresh);
		pt_cursor_replace(&c, fresh, 0, (vma_prot(v) & ~PT_WRITE) | PT_DIRTY | PT_YOUNG, &g);
		WRITE_ONCE(v->has_anon, true);
		err = 0;
	}
	pt_cursor_close(&c);
	tlb_gather_finish(&g);
	if (!err && !folio_test(old, FOLIO_ANON)) {
		if (!pte_special(e))
			mm_count(mm, folio_test(old, FOLIO_SWAPBACKED) ? MM_SHMEM : MM_FILE, -1);
		mm_count(mm, MM_ANON, 1);
		vm_count(VM_ANON, 1);
	}
out:
	if (v)
		vma_unlock_read(v);
	folio_put(old);
	if (err) {
		folio_put(fresh);
		return err;
	}
	*f = fresh;
	*nr = 0;
	return 0;
}

static int pin_remote(struct mm *mm, u64 addr, bool write, bool force, struct folio **f, u64 *nr)
{
	for (;;) {
		int err = pin_now(mm, addr, write, force, f, nr);
		enum fault_result r;
		bool major, forced = false;
		struct vma *v;

		if (err != -EAGAIN)
			return err;
		if (write && force) {
			v = vma_lock_read(mm, addr);
			forced = v && v->start <= addr && !(v->flags & VM_WRITE);
			if (v)
				vma_unlock_read(v);
		}
		if (forced) {
			err = force_copy(mm, addr, f, nr);
			if (err != -EAGAIN)
				return err;
		}
		r = mm_touch(mm, addr, write && !forced ? FAULT_WRITE : FAULT_READ, &major);
		if (r == FR_KILLED)
			return -EINTR;
		if (r != FR_OK)
			return -EFAULT;
	}
}

ssize_t mm_access_remote(struct mm *mm, u64 addr, void *buf, size_t len, bool write, bool force)
{
	size_t done = 0;

	while (done < len) {
		u64 at = addr + done, off = PAGE_OFFSET_IN(at), nr;
		size_t n = min_t(size_t, len - done, PAGE_SIZE - off);
		struct folio *f;
		char *p;
		int err;

		if (at >= USER_END)
			err = -EFAULT;
		else
			err = pin_remote(mm, at & PAGE_MASK, write, force, &f, &nr);
		if (err)
			return done ? (ssize_t)done : err;
		p = kmap_local(f, (nr << PAGE_SHIFT) + off);
		if (write) {
			memcpy(p, (char *)buf + done, n);
			if (!folio_test(f, FOLIO_ANON))
				folio_mark_dirty(f);
		} else {
			memcpy((char *)buf + done, p, n);
		}
		kunmap_local(p);
		folio_put(f);
		done += n;
		cond_resched();
	}
	return (ssize_t)done;
}

/* --- process_vm_readv, process_vm_writev --- */

static ssize_t vm_rw_piece(struct mm *mm, struct iov_iter *local, u64 addr, size_t len, bool write)
{
	size_t done = 0;

	while (done < len && iov_iter_count(local)) {
		u64 at = addr + done, off = PAGE_OFFSET_IN(at), nr;
		size_t n = min_t(size_t, min(len - done, iov_iter_count(local)), PAGE_SIZE - off), got;
		struct folio *f;
		void *p;
		int err = at >= USER_END ? -EFAULT : pin_remote(mm, at & PAGE_MASK, write, false, &f, &nr);

		if (err)
			return done ? (ssize_t)done : err;
		p = kmap_local(f, (nr << PAGE_SHIFT) + off);
		got = write ? copy_from_iter(p, n, local) : copy_to_iter(p, n, local);
		kunmap_local(p);
		if (write && got && !folio_test(f, FOLIO_ANON))
			folio_mark_dirty(f);
		folio_put(f);
		done += got;
		if (got < n)
			return done ? (ssize_t)done : -EFAULT;
	}
	return (ssize_t)done;
}

static ssize_t vm_rw(pid_t pid, uin_iovec lvec, u64 nr_local, uin_iovec rvec, u64 nr_remote, u64 flags, bool write)
{
	struct iovec lfast[UIO_FASTIOV], rfast[UIO_FASTIOV], *lheap = NULL, *rheap = NULL;
	struct iov_iter local, remote;
	struct task *t;
	struct mm *mm;
	ssize_t total = 0, n;

	if (flags)
		return -EINVAL;
	n = iov_iter_import(&local, write ? ITER_SOURCE : ITER_DEST, uptr_addr(lvec), nr_local, lfast, &lheap);
	if (n <= 0)
		return n;
	/* The remote addresses are the other's: only shape and length are checked by the import. */
	n = iov_iter_import(&remote, ITER_DEST, uptr_addr(rvec), nr_remote, rfast, &rheap);
	if (n < 0)
		goto out;
	t = task_find_get(pid);
	if (!t) {
		n = -ESRCH;
		goto out;
	}
	n = -EPERM;
	mm = ptrace_may_access(t, PTRACE_MODE_ATTACH | PTRACE_MODE_REALCREDS) ? task_mm_get(t) : ERR_PTR(-EPERM);
	task_put(t);
	if (IS_ERR(mm))
		goto out;
	n = -ESRCH;
	if (!mm)
		goto out;
	n = 0;
	for (u64 i = 0; i < nr_remote && iov_iter_count(&local); i++) {
		n = vm_rw_piece(mm, &local, remote.iov[i].iov_base, remote.iov[i].iov_len, write);
		if (n < 0)
			break;
		total += n;
		if ((u64)n < remote.iov[i].iov_len)
			break;
	}
	mm_put(mm);
	if (total)
		n = total;
out:
	kfree(lheap);
	kfree(rheap);
	return n;
}

long sys_process_vm_readv(pid_t pid, uin_iovec local, u64 nr_local, uin_iovec remote, u64 nr_remote, u64 flags)
{
	return vm_rw(pid, local, nr_local, remote, nr_remote, flags, false);
}

long sys_process_vm_writev(pid_t pid, uin_iovec local, u64 nr_local, uin_iovec remote, u64 nr_remote, u64 flags)
{
	return vm_rw(pid, local, nr_local, remote, nr_remote, flags, true);
}

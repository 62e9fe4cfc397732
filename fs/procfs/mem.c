/* SPDX-License-Identifier: MPL-2.0 */
/* The memory of a process: maps, smaps, mem, cmdline, environ, auxv. */
#include <base/err.h>
#include <base/math.h>
#include <base/string.h>
#include <core/slab.h>
#include <mm/mm.h>

#include "internal.h"

/* --- maps: one record a mapping; the position is the address above the last one shown --- */

struct maps_state {
	struct mm *mm;			/* users raised; NULL: no memory or not allowed */
	bool detailed;
	struct vma_info v;
};

static const struct seq_ops maps_seq_ops;

static int maps_open_kind(struct file *f, struct inode *inode, bool detailed)
{
	struct task *t = proc_task_get(inode);
	struct maps_state *m;
	int err;

	if (!t)
		return -ESRCH;
	m = kzalloc(sizeof(*m), GFP_KERNEL);
	err = m ? 0 : -ENOMEM;
	if (!err && !ptrace_may_access(t, PTRACE_MODE_READ | PTRACE_MODE_FSCREDS))
		err = -EACCES;
	if (!err) {
		m->mm = task_mm_get(t);
		m->detailed = detailed;
		err = seq_open(f, &maps_seq_ops, m);
		if (err && m->mm)
			mm_put(m->mm);
	}
	if (err)
		kfree(m);
	task_put(t);
	return err;
}

static void drop_file(struct maps_state *m)
{
	if (m->v.file)
		file_put(m->v.file);
	m->v.file = NULL;
}

static void *maps_at(struct maps_state *m, loff_t *pos)
{
	drop_file(m);
	if (!m->mm || !vma_info_next(m->mm, (u64)*pos, &m->v, m->detailed))
		return NULL;
	return m;
}

static void *maps_start(struct seq_file *s, loff_t *pos)
{
	return maps_at(s->private, pos);
}

static void *maps_next(struct seq_file *s, void *v, loff_t *pos)
{
	struct maps_state *m = v;

	(void)s;
	*pos = (loff_t)m->v.end;
	return maps_at(m, pos);
}

static void maps_stop(struct seq_file *s, void *v)
{
	(void)v;
	drop_file(s->private);
}

static void show_mapping(struct seq_file *s, const struct vma_info *v)
{
	size_t start = s->count;
	u64 ino = 0, off = 0;
	dev_t dev = { 0 };

	if (v->file) {
		ino = v->file->inode->ino;
		dev = v->file->inode->sb->dev;
		off = v->pgoff << PAGE_SHIFT;
	}
	seq_printf(s, "%08llx-%08llx %c%c%c%c %08llx %02x:%02x %llu ", (unsigned long long)v->start,
		   (unsigned long long)v->end, v->flags & VM_READ ? 'r' : '-', v->flags & VM_WRITE ? 'w' : '-',
		   v->flags & VM_EXEC ? 'x' : '-', v->flags & VM_SHARED ? 's' : 'p', (unsigned long long)off,
		   dev_major(dev), dev_minor(dev), (unsigned long long)ino);
	if (v->file) {
		seq_pad_to(s, start, 73);
		seq_path_escape(s, &v->file->path, NULL, "\n");
	} else if (v->name) {
		seq_pad_to(s, start, 73);
		seq_puts(s, v->name);
	}
	seq_putc(s, '\n');
}

#define KB(name, n)	seq_printf(s, "%-16s%8llu kB\n", name ":", (unsigned long long)(n) >> 10)

/* What smaps and smaps_rollup have in common. */
static void show_sums(struct seq_file *s, const struct vma_info *v)
{
	KB("Rss", v->rss);
	KB("Pss", v->pss >> VMA_PSS_SHIFT);
	KB("Pss_Dirty", v->pss_dirty >> VMA_PSS_SHIFT);
}

static void show_more(struct seq_file *s, const struct vma_info *v)
{
	KB("Shared_Clean", v->shared_clean);
	KB("Shared_Dirty", v->shared_dirty);
	KB("Private_Clean", v->private_clean);
	KB("Private_Dirty", v->private_dirty);
	KB("Referenced", v->referenced);
	KB("Anonymous", v->anon);
	KB("LazyFree", 0);
	KB("AnonHugePages", 0);
	KB("ShmemPmdMapped", 0);
	KB("FilePmdMapped", 0);
	KB("Shared_Hugetlb", 0);
	KB("Private_Hugetlb", 0);
	KB("Swap", v->swap);
	KB("SwapPss", v->swap_pss >> VMA_PSS_SHIFT);
	KB("Locked", v->flags & VM_LOCKED ? v->pss >> VMA_PSS_SHIFT : 0);
}

static void show_counts(struct seq_file *s, const struct vma_info *v)
{
	KB("Size", v->end - v->start);
	KB("KernelPageSize", PAGE_SIZE);
	KB("MMUPageSize", PAGE_SIZE);
	show_sums(s, v);
	show_more(s, v);
	seq_puts(s, "THPeligible:    0\nVmFlags:");
	seq_printf(s, "%s%s%s%s%s%s%s%s%s%s \n", v->flags & VM_READ ? " rd" : "", v->flags & VM_WRITE ? " wr" : "",
		   v->flags & VM_EXEC ? " ex" : "", v->flags & VM_SHARED ? " sh" : "",
		   v->flags & VM_MAYREAD ? " mr" : "", v->flags & VM_MAYWRITE ? " mw" : "",
		   v->flags & VM_MAYEXEC ? " me" : "", v->flags & VM_MAYSHARE ? " ms" : "",
		   v->flags & VM_GROWSDOWN ? " gd" : "", v->flags & VM_LOCKED ? " lo" : "");
}

static int maps_show(struct seq_file *s, void *v)
{
	struct maps_state *m = v;

	show_mapping(s, &m->v);
	if (m->detailed)
		show_counts(s, &m->v);
	return 0;
}

static const struct seq_ops maps_seq_ops = {
	.start = maps_start, .next = maps_next, .stop = maps_stop, .show = maps_show,
};

static int maps_open(struct file *f, struct inode *inode) { return maps_open_kind(f, inode, false); }
static int smaps_open(struct file *f, struct inode *inode) { return maps_open_kind(f, inode, true); }

static int maps_release(struct file *f, struct inode *inode)
{
	struct seq_file *s = f->private;
	struct maps_state *m = s->private;

	drop_file(m);
	if (m->mm)
		mm_put(m->mm);
	kfree(m);
	return seq_release(f, inode);
}

const struct file_ops proc_maps_fops = {
	.open = maps_open, .read_iter = seq_read_iter, .llseek = seq_llseek, .release = maps_release,
};
const struct file_ops proc_smaps_fops = {
	.open = smaps_open, .read_iter = seq_read_iter, .llseek = seq_llseek, .release = maps_release,
};

int proc_show_smaps_rollup(struct seq_file *s, struct task *t)
{
	struct vma_info v, sum = { 0 };
	struct mm *mm;
	u64 addr = 0;

	if (!ptrace_may_access(t, PTRACE_MODE_READ | PTRACE_MODE_FSCREDS))
		return -EACCES;
	mm = task_mm_get(t);
	if (!mm)
		return -ESRCH;
	while (vma_info_next(mm, addr, &v, true)) {
		if (v.file)
			file_put(v.file);
		if (!sum.end)
			sum.start = v.start;
		sum.end = addr = v.end;
		sum.rss += v.rss;
		sum.anon += v.anon;
		sum.swap += v.swap;
		sum.referenced += v.referenced;
		sum.shared_clean += v.shared_clean;
		sum.shared_dirty += v.shared_dirty;
		sum.private_clean += v.private_clean;
		sum.private_dirty += v.private_dirty;
		sum.pss += v.pss;
		sum.pss_anon += v.pss_anon;
		sum.pss_file += v.pss_file;
		sum.pss_shmem += v.pss_shmem;
		sum.pss_dirty += v.pss_dirty;
		sum.swap_pss += v.swap_pss;
	}
	mm_put(mm);
	seq_printf(s, "%08llx-%08llx ---p 00000000 00:00 0 %27s[rollup]\n", (unsigned long long)sum.start,
		   (unsigned long long)sum.end, "");
	show_sums(s, &sum);
	KB("Pss_Anon", sum.pss_anon >> VMA_PSS_SHIFT);
	KB("Pss_File", sum.pss_file >> VMA_PSS_SHIFT);
	KB("Pss_Shmem", sum.pss_shmem >> VMA_PSS_SHIFT);
	show_more(s, &sum);
	return 0;
}

/* --- cmdline, environ, auxv --- */

static void copy_range(struct seq_file *s, struct mm *mm, u64 start, u64 end)
{
	char buf[256];

	while (start < end) {
		size_t n = min_t(u64, end - start, sizeof(buf));
		ssize_t got = mm_access_remote(mm, start, buf, n, false, false);

		if (got <= 0)
			break;
		seq_write(s, buf, (size_t)got);
		start += (u64)got;
	}
}

int proc_show_cmdline(struct seq_file *s, struct task *t)
{
	struct mm *mm = task_mm_get(t);
	struct mm_layout l;
	char last = 0;

	if (!mm)
		return 0;
	mm_layout_get(mm, &l);
	if (l.arg_end > l.arg_start) {
		/* A program that wrote over its arguments (setproctitle) may have grown into the environment. */
		if (mm_access_remote(mm, l.arg_end - 1, &last, 1, false, false) == 1 && last)
			copy_range(s, mm, l.arg_start, l.env_end);
		else
			copy_range(s, mm, l.arg_start, l.arg_end);
	}
	mm_put(mm);
	return 0;
}

int proc_show_auxv(struct seq_file *s, struct task *t)
{
	struct mm *mm;
	u64 auxv[48];

	if (!ptrace_may_access(t, PTRACE_MODE_READ | PTRACE_MODE_FSCREDS))
		return -EACCES;
	mm = task_mm_get(t);
	if (!mm)
		return 0;
	seq_write(s, auxv, mm_auxv_get(mm, auxv));
	mm_put(mm);
	return 0;
}

/* --- files over the memory itself: the mm is taken at open --- */

static int mm_open(struct file *f, struct inode *inode, u32 mode)
{
	struct task *t = proc_task_get(inode);
	int err = 0;

	if (!t)
		return -ESRCH;
	if (ptrace_may_access(t, mode | PTRACE_MODE_FSCREDS))
		f->private = task_mm_get(t);
	else
		err = -EACCES;
	task_put(t);
	return err;
}

static int mm_release(struct file *f, struct inode *inode)
{
	(void)inode;
	if (f->private)
		mm_put(f->private);
	return 0;
}

static ssize_t mm_read(struct file *f, struct kiocb *k, struct iov_iter *to, u64 start, u64 end)
{
	struct mm *mm = f->private;
	ssize_t done = 0, got;
	char *page;

	if (!mm)
		return 0;
	page = kmalloc(PAGE_SIZE, GFP_KERNEL);
	if (!page)
		return -ENOMEM;
	while (iov_iter_count(to) && start + (u64)k->pos < end) {
		size_t n = min_t(u64, min_t(u64, iov_iter_count(to), PAGE_SIZE), end - start - (u64)k->pos);

		got = mm_access_remote(mm, start + (u64)k->pos, page, n, false, true);
		if (got <= 0) {
			done = done ? done : -EIO;
			break;
		}
		if (copy_to_iter(page, (size_t)got, to) != (size_t)got) {
			done = done ? done : -EFAULT;
			break;
		}
		k->pos += got;
		done += got;
	}
	kfree(page);
	return done;
}

static int environ_open(struct file *f, struct inode *inode) { return mm_open(f, inode, PTRACE_MODE_READ); }
static int mem_open(struct file *f, struct inode *inode) { return mm_open(f, inode, PTRACE_MODE_ATTACH); }

static ssize_t environ_read(struct file *f, struct kiocb *k, struct iov_iter *to)
{
	struct mm *mm = f->private;
	struct mm_layout l;

	if (!mm)
		return 0;
	mm_layout_get(mm, &l);
	return mm_read(f, k, to, l.env_start, l.env_end);
}

static ssize_t mem_read(struct file *f, struct kiocb *k, struct iov_iter *to)
{
	return mm_read(f, k, to, 0, USER_END);
}

static ssize_t mem_write(struct file *f, struct kiocb *k, struct iov_iter *from)
{
	struct mm *mm = f->private;
	ssize_t done = 0, put;
	char *page;

	if (!mm)
		return 0;
	page = kmalloc(PAGE_SIZE, GFP_KERNEL);
	if (!page)
		return -ENOMEM;
	while (iov_iter_count(from)) {
		size_t n = min_t(size_t, iov_iter_count(from), PAGE_SIZE);

		if (copy_from_iter(page, n, from) != n) {
			done = done ? done : -EFAULT;
			break;
		}
		put = mm_access_remote(mm, (u64)k->pos, page, n, true, true);
		if (put <= 0) {
			done = done ? done : -EIO;
			break;
		}
		k->pos += put;
		done += put;
	}
	kfree(page);
	return done;
}

static loff_t mem_llseek(struct file *f, loff_t off, int whence)
{
	if (whence == 1)
		off += f->pos;
	else if (whence != 0)
		return -EINVAL;
	f->pos = off;
	return off;
}

const struct file_ops proc_environ_fops = {
	.open = environ_open, .release = mm_release, .read_iter = environ_read, .llseek = mem_llseek,
};
const struct file_ops proc_mem_fops = {
	.open = mem_open, .release = mm_release, .read_iter = mem_read, .write_iter = mem_write, .llseek = mem_llseek,
};

/* --- clear_refs, pagemap --- */

static int clear_refs_open(struct file *f, struct inode *inode) { return mm_open(f, inode, PTRACE_MODE_ATTACH); }

static ssize_t clear_refs_write(struct file *f, struct kiocb *k, struct iov_iter *from)
{
	size_t n = iov_iter_count(from);
	char text[16] = { 0 };
	u64 v;

	(void)k;
	if (copy_from_iter(text, min(n, sizeof(text) - 1), from) != min(n, sizeof(text) - 1))
		return -EFAULT;
	if (kstrtou64(strstrip(text), 10, &v) || v < 1 || v > 5)
		return -EINVAL;
	if (!f->private)
		return (ssize_t)n;
	if (v <= MM_REFS_FILE)
		mm_clear_refs(f->private, (enum mm_refs)v);
	else if (v == 5)
		mm_reset_peak(f->private);
	/* 4 is for soft-dirty bits, which there are none of: as Linux without them. */
	return (ssize_t)n;
}

const struct file_ops proc_clear_refs_fops = {
	.open = clear_refs_open, .write_iter = clear_refs_write, .llseek = noop_llseek, .release = mm_release,
};

static int pagemap_open(struct file *f, struct inode *inode) { return mm_open(f, inode, PTRACE_MODE_READ); }

static ssize_t pagemap_read(struct file *f, struct kiocb *k, struct iov_iter *to)
{
	bool frames = capable(CAP_SYS_ADMIN);
	u64 pos = (u64)k->pos, *words;
	ssize_t done = 0;

	if (pos % 8 || iov_iter_count(to) % 8)
		return -EINVAL;
	if (!f->private)
		return 0;
	words = kmalloc(PAGE_SIZE, GFP_KERNEL);
	if (!words)
		return -ENOMEM;
	while (iov_iter_count(to) && pos / 8 < USER_END >> PAGE_SHIFT) {
		u64 n = min_t(u64, min_t(u64, iov_iter_count(to), PAGE_SIZE) / 8, (USER_END >> PAGE_SHIFT) - pos / 8);
		size_t got;

		mm_pagemap(f->private, pos / 8 << PAGE_SHIFT, n, frames, words);
		got = copy_to_iter(words, n * 8, to);
		done += (ssize_t)got;
		pos += got;
		if (got < n * 8) {
			done = done ? done : -EFAULT;
			break;
		}
	}
	kfree(words);
	k->pos = (loff_t)pos;
	return done;
}

const struct file_ops proc_pagemap_fops = {
	.open = pagemap_open, .read_iter = pagemap_read, .llseek = mem_llseek, .release = mm_release,
};

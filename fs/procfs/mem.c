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

static void show_counts(struct seq_file *s, const struct vma_info *v)
{
	u64 kb = (v->end - v->start) >> 10, rss = v->rss >> 10, dirty = v->dirty >> 10;
	bool shared = v->flags & VM_SHARED;

#define KB(name, n)	seq_printf(s, "%-16s%8llu kB\n", name ":", (unsigned long long)(n))
	KB("Size", kb);
	KB("KernelPageSize", 4);
	KB("MMUPageSize", 4);
	KB("Rss", rss);
	KB("Pss", rss);
	KB("Pss_Dirty", dirty);
	KB("Shared_Clean", shared ? rss - dirty : 0);
	KB("Shared_Dirty", shared ? dirty : 0);
	KB("Private_Clean", shared ? 0 : rss - dirty);
	KB("Private_Dirty", shared ? 0 : dirty);
	KB("Referenced", rss);
	KB("Anonymous", v->anon >> 10);
	KB("LazyFree", 0);
	KB("AnonHugePages", 0);
	KB("ShmemPmdMapped", 0);
	KB("FilePmdMapped", 0);
	KB("Shared_Hugetlb", 0);
	KB("Private_Hugetlb", 0);
	KB("Swap", v->swap >> 10);
	KB("SwapPss", v->swap >> 10);
	KB("Locked", v->flags & VM_LOCKED ? rss : 0);
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
		sum.dirty += v.dirty;
		sum.swap += v.swap;
	}
	mm_put(mm);
	seq_printf(s, "%08llx-%08llx ---p 00000000 00:00 0 %27s[rollup]\n", (unsigned long long)sum.start,
		   (unsigned long long)sum.end, "");
	seq_printf(s, "Rss:            %8llu kB\nPss:            %8llu kB\nAnonymous:      %8llu kB\nSwap:           %8llu kB\n",
		   (unsigned long long)sum.rss >> 10, (unsigned long long)sum.rss >> 10,
		   (unsigned long long)sum.anon >> 10, (unsigned long long)sum.swap >> 10);
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

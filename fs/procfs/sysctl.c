/* SPDX-License-Identifier: MPL-2.0 */
/* /proc/sys: settings of the kernel as files. Other parts register theirs with proc_sysctl_register(). */
#include <base/err.h>
#include <base/math.h>
#include <base/printf.h>
#include <base/string.h>
#include <core/init.h>
#include <core/panic.h>
#include <core/printk.h>
#include <core/slab.h>
#include <core/sysrq.h>
#include <fs/pipe.h>
#include <kernel/random.h>
#include <kernel/reboot.h>
#include <mm/mm.h>
#include <mm/swap.h>
#include <mm/writeback.h>

#include "internal.h"

static int sysctl_show(struct seq_file *s, void *v)
{
	const struct proc_entry *e = s->private;
	const struct proc_sysctl *t = &e->sysctl;

	(void)v;
	switch (t->kind) {
	case SYSCTL_INT:
		seq_printf(s, "%d\n", READ_ONCE(*(int *)t->data));
		return 0;
	case SYSCTL_U64:
		seq_printf(s, "%llu\n", (unsigned long long)READ_ONCE(*(u64 *)t->data));
		return 0;
	case SYSCTL_STRING:
		seq_printf(s, "%s\n", (const char *)t->data);
		return 0;
	case SYSCTL_INTS:
		for (size_t i = 0; i < t->maxlen; i++)
			seq_printf(s, "%s%d", i ? "\t" : "", READ_ONCE(((int *)t->data)[i]));
		seq_puts(s, "\n");
		return 0;
	default:
		return t->show ? t->show(s, t->data) : -EINVAL;
	}
}

static int sysctl_open(struct file *f, struct inode *inode)
{
	return seq_open_single(f, sysctl_show, inode->private);
}

static int store_ints(const struct proc_sysctl *t, char *text)
{
	int v[8], n = 0;

	while (*text && n < (int)t->maxlen) {
		size_t len = strcspn(text, " \t\n");
		char end = text[len];
		s64 x;

		text[len] = '\0';
		if (kstrtos64(text, 10, &x) || x < t->min || x > t->max)
			return -EINVAL;
		v[n++] = (int)x;
		text += len + (end != '\0');
		text += strspn(text, " \t\n");
	}
	for (int i = 0; i < n; i++)
		WRITE_ONCE(((int *)t->data)[i], v[i]);
	return 0;
}

static int store(const struct proc_sysctl *t, char *text)
{
	s64 v;
	int err;

	if (t->kind == SYSCTL_FN)
		return t->store ? t->store(text, t->data) : -EINVAL;
	if (t->kind == SYSCTL_STRING) {
		strscpy(t->data, text, t->maxlen);
		return 0;
	}
	if (t->kind == SYSCTL_INTS)
		return store_ints(t, text);
	err = kstrtos64(text, 10, &v);
	if (err || (t->kind == SYSCTL_INT && v != (int)v))
		return -EINVAL;
	if ((t->min || t->max) && (v < t->min || v > t->max))
		return -EINVAL;
	if (t->kind == SYSCTL_INT)
		WRITE_ONCE(*(int *)t->data, (int)v);
	else
		WRITE_ONCE(*(u64 *)t->data, (u64)v);
	return 0;
}

static ssize_t sysctl_write(struct file *f, struct kiocb *k, struct iov_iter *from)
{
	const struct proc_entry *e = f->inode->private;
	size_t n = iov_iter_count(from);
	char text[256];
	int err;

	if (k->pos)
		return -EINVAL;
	if (n >= sizeof(text))
		return -EINVAL;
	if (copy_from_iter(text, n, from) != n)
		return -EFAULT;
	text[n] = '\0';
	err = store(&e->sysctl, strstrip(text));
	if (err)
		return err;
	k->pos += (loff_t)n;
	return (ssize_t)n;
}

static const struct file_ops sysctl_fops = {
	.open = sysctl_open, .read_iter = seq_read_iter, .write_iter = sysctl_write, .llseek = seq_llseek,
	.release = seq_release,
};

int proc_sysctl_register(const struct proc_sysctl *t)
{
	struct proc_entry like = { .sysctl = *t, .fops = &sysctl_fops };
	char path[96];

	scnprintf(path, sizeof(path), "sys/%s", t->path);
	return proc_entry_make(path, (umode_t)(S_IFREG | t->mode), &like) ? 0 : -ENOMEM;
}

/* --- values of kernel, vm and fs --- */

enum uts_field { UTS_SYSNAME, UTS_RELEASE, UTS_VERSION, UTS_NODENAME, UTS_DOMAIN };

static char *uts_text(enum uts_field field)
{
	struct new_utsname *n = &current->nsproxy->uts->name;

	switch (field) {
	case UTS_SYSNAME: return n->sysname;
	case UTS_RELEASE: return n->release;
	case UTS_VERSION: return n->version;
	case UTS_NODENAME: return n->nodename;
	default: return n->domainname;
	}
}

static int uts_show(struct seq_file *s, void *data)
{
	struct uts_ns *uts = current->nsproxy->uts;
	char text[65];

	spin_lock(&uts->lock);
	strscpy(text, uts_text((enum uts_field)(u64)data), sizeof(text));
	spin_unlock(&uts->lock);
	seq_printf(s, "%s\n", text);
	return 0;
}

static int uts_store(const char *text, void *data)
{
	struct uts_ns *uts = current->nsproxy->uts;

	spin_lock(&uts->lock);
	strscpy(uts_text((enum uts_field)(u64)data), text, 65);
	spin_unlock(&uts->lock);
	return 0;
}

static int printk_show(struct seq_file *s, void *data)
{
	(void)data;
	seq_printf(s, "%d\t4\t1\t7\n", console_loglevel);
	return 0;
}

static int printk_store(const char *text, void *data)
{
	char *end;
	u64 v = simple_strtoull(text, &end, 10);

	(void)data;
	if (end == text)
		return -EINVAL;
	console_loglevel = (int)min_t(u64, v, 15);
	return 0;
}

static int uuid_show(struct seq_file *s, void *data)
{
	static u8 boot_id[16];
	static bool made;
	u8 u[16];

	random_bytes(u, sizeof(u));
	u[6] = (u8)((u[6] & 0x0f) | 0x40);
	u[8] = (u8)((u[8] & 0x3f) | 0x80);
	if (data) {
		if (!made)
			memcpy(boot_id, u, sizeof(u));
		made = true;
		memcpy(u, boot_id, sizeof(u));
	}
	for (int i = 0; i < 16; i++)
		seq_printf(s, i == 4 || i == 6 || i == 8 || i == 10 ? "-%02x" : "%02x", u[i]);
	seq_putc(s, '\n');
	return 0;
}

static int entropy_show(struct seq_file *s, void *data)
{
	(void)data;
	seq_puts(s, "256\n");
	return 0;
}

static int drop_store(const char *text, void *data)
{
	int what;

	(void)data;
	if (kstrtoint(text, 10, &what) || what < 1 || what > 4)
		return -EINVAL;
	drop_caches(what);
	return 0;
}

static int dirty_show(struct seq_file *s, void *data)
{
	seq_printf(s, "%llu\n", (unsigned long long)dirty_knob_read((enum dirty_knob)(u64)data));
	return 0;
}

static int dirty_store(const char *text, void *data)
{
	u64 v;

	if (kstrtou64(text, 10, &v))
		return -EINVAL;
	return dirty_knob_write((enum dirty_knob)(u64)data, v);
}

/* A share and a number replace each other. */
static int ratio_show(struct seq_file *s, void *data)
{
	seq_printf(s, "%llu\n", data ? (unsigned long long)overcommit_kbytes : (unsigned long long)overcommit_ratio);
	return 0;
}

static int ratio_store(const char *text, void *data)
{
	u64 v;

	if (kstrtou64(text, 10, &v) || (!data && v > 0x7fffffff))
		return -EINVAL;
	if (data) {
		WRITE_ONCE(overcommit_kbytes, v);
		WRITE_ONCE(overcommit_ratio, 0);
	} else {
		WRITE_ONCE(overcommit_ratio, (int)v);
		WRITE_ONCE(overcommit_kbytes, 0);
	}
	return 0;
}

static int file_nr_show(struct seq_file *s, void *data)
{
	(void)data;
	seq_printf(s, "%llu\t0\t%llu\n", (unsigned long long)files_open_count(), (unsigned long long)files_max);
	return 0;
}

static int const_show(struct seq_file *s, void *data)
{
	seq_printf(s, "%llu\n", (unsigned long long)(u64)data);
	return 0;
}


static const struct proc_sysctl table[] = {
	{ .path = "kernel/ostype", .mode = 0444, .kind = SYSCTL_FN, .show = uts_show, .data = (void *)UTS_SYSNAME },
	{ .path = "kernel/osrelease", .mode = 0444, .kind = SYSCTL_FN, .show = uts_show, .data = (void *)UTS_RELEASE },
	{ .path = "kernel/version", .mode = 0444, .kind = SYSCTL_FN, .show = uts_show, .data = (void *)UTS_VERSION },
	{ .path = "kernel/hostname", .mode = 0644, .kind = SYSCTL_FN, .show = uts_show, .store = uts_store,
	  .data = (void *)UTS_NODENAME },
	{ .path = "kernel/domainname", .mode = 0644, .kind = SYSCTL_FN, .show = uts_show, .store = uts_store,
	  .data = (void *)UTS_DOMAIN },
	{ .path = "kernel/pid_max", .mode = 0644, .kind = SYSCTL_INT, .data = &pid_max, .min = 301, .max = 4194304 },
	{ .path = "kernel/panic", .mode = 0644, .kind = SYSCTL_INT, .data = &panic_timeout },
	{ .path = "kernel/sysrq", .mode = 0644, .kind = SYSCTL_INT, .data = &sysrq_mask },
	{ .path = "kernel/ctrl-alt-del", .mode = 0644, .kind = SYSCTL_INT, .data = &cad_reboots },
	{ .path = "kernel/hung_task_timeout_secs", .mode = 0644, .kind = SYSCTL_INT, .data = &hung_task_timeout_secs, .min = 0,
	  .max = 0x7fffffff / 1000 },
	{ .path = "kernel/printk", .mode = 0644, .kind = SYSCTL_FN, .show = printk_show, .store = printk_store },
	{ .path = "kernel/randomize_va_space", .mode = 0644, .kind = SYSCTL_INT, .data = &randomize_va_space, .min = 0, .max = 2 },
	{ .path = "kernel/cap_last_cap", .mode = 0444, .kind = SYSCTL_FN, .show = const_show, .data = (void *)CAP_LAST_CAP },
	{ .path = "kernel/ngroups_max", .mode = 0444, .kind = SYSCTL_FN, .show = const_show, .data = (void *)65536 },
	{ .path = "kernel/random/uuid", .mode = 0444, .kind = SYSCTL_FN, .show = uuid_show },
	{ .path = "kernel/random/boot_id", .mode = 0444, .kind = SYSCTL_FN, .show = uuid_show, .data = (void *)1 },
	{ .path = "kernel/random/entropy_avail", .mode = 0444, .kind = SYSCTL_FN, .show = entropy_show },
	{ .path = "kernel/random/poolsize", .mode = 0444, .kind = SYSCTL_FN, .show = const_show, .data = (void *)256 },
	{ .path = "vm/overcommit_memory", .mode = 0644, .kind = SYSCTL_INT, .data = &overcommit_memory, .min = 0, .max = 2 },
	{ .path = "vm/overcommit_ratio", .mode = 0644, .kind = SYSCTL_FN, .show = ratio_show, .store = ratio_store },
	{ .path = "vm/overcommit_kbytes", .mode = 0644, .kind = SYSCTL_FN, .show = ratio_show, .store = ratio_store,
	  .data = (void *)1 },
	{ .path = "vm/user_reserve_kbytes", .mode = 0644, .kind = SYSCTL_U64, .data = &user_reserve_kbytes },
	{ .path = "vm/admin_reserve_kbytes", .mode = 0644, .kind = SYSCTL_U64, .data = &admin_reserve_kbytes },
	{ .path = "vm/swappiness", .mode = 0644, .kind = SYSCTL_INT, .data = &vm_swappiness, .min = 0, .max = 200 },
	{ .path = "vm/page-cluster", .mode = 0644, .kind = SYSCTL_INT, .data = &swap_page_cluster, .min = 0, .max = 8 },
	{ .path = "vm/max_map_count", .mode = 0644, .kind = SYSCTL_INT, .data = &max_map_count, .min = 0, .max = 0x7fffffff },
#define DIRTY_ROW(name, knob)	{ .path = "vm/" name, .mode = 0644, .kind = SYSCTL_FN, .show = dirty_show, \
	  .store = dirty_store, .data = (void *)(knob) }
	DIRTY_ROW("dirty_ratio", DIRTY_RATIO), DIRTY_ROW("dirty_background_ratio", DIRTY_BACKGROUND_RATIO),
	DIRTY_ROW("dirty_bytes", DIRTY_BYTES), DIRTY_ROW("dirty_background_bytes", DIRTY_BACKGROUND_BYTES),
	DIRTY_ROW("dirty_expire_centisecs", DIRTY_EXPIRE_CS),
	DIRTY_ROW("dirty_writeback_centisecs", DIRTY_WRITEBACK_CS),
	{ .path = "vm/drop_caches", .mode = 0200, .kind = SYSCTL_FN, .store = drop_store },
	{ .path = "fs/file-nr", .mode = 0444, .kind = SYSCTL_FN, .show = file_nr_show },
	{ .path = "fs/file-max", .mode = 0644, .kind = SYSCTL_U64, .data = &files_max },
	{ .path = "fs/pipe-max-size", .mode = 0644, .kind = SYSCTL_INT, .data = &pipe_max_size, .min = 4096, .max = 0x7fffffff },
	{ .path = "fs/nr_open", .mode = 0444, .kind = SYSCTL_FN, .show = const_show, .data = (void *)1048576 },
};

static int sysctl_init(void)
{
	int err = 0;

	for (unsigned int i = 0; i < ARRAY_SIZE(table) && !err; i++)
		err = proc_sysctl_register(&table[i]);
	return err;
}
INITCALL_FS(sysctl_init);

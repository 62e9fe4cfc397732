/* SPDX-License-Identifier: MPL-2.0 */
/* The memory devices: null, zero, full, random, urandom, kmsg. /dev/mem and /dev/port are left out on purpose. */
#include <base/err.h>
#include <base/math.h>
#include <base/printf.h>
#include <base/string.h>
#include <core/init.h>
#include <core/printk.h>
#include <core/slab.h>
#include <drivers/device.h>
#include <fs/poll.h>
#include <kernel/random.h>
#include <kernel/task.h>
#include <mm/mm.h>
#include <uapi/linux/fs.h>
#include <uapi/linux/major.h>

static ssize_t null_read(struct file *f, struct kiocb *k, struct iov_iter *to)
{
	(void)f, (void)k, (void)to;
	return 0;
}

static ssize_t null_write(struct file *f, struct kiocb *k, struct iov_iter *from)
{
	size_t n = iov_iter_count(from);

	(void)f, (void)k;
	iov_iter_advance(from, n);
	return (ssize_t)n;
}

static ssize_t zero_read(struct file *f, struct kiocb *k, struct iov_iter *to)
{
	size_t done = 0;

	(void)f, (void)k;
	while (iov_iter_count(to)) {
		size_t n = min_t(size_t, iov_iter_count(to), 64 * PAGE_SIZE), got = iov_iter_zero(to, n);

		done += got;
		if (got < n)
			return done ? (ssize_t)done : -EFAULT;
		if (signal_pending())
			return done ? (ssize_t)done : -ERESTARTSYS;
		cond_resched();
	}
	return (ssize_t)done;
}

static ssize_t full_write(struct file *f, struct kiocb *k, struct iov_iter *from)
{
	(void)f, (void)k, (void)from;
	return -ENOSPC;
}

/* A shared mapping of /dev/zero is a memory file; a private one anonymous memory. */
static int zero_mmap(struct file *f, struct vma *v)
{
	struct file *shm;

	(void)f;
	if (!(v->flags & VM_SHARED)) {
		v->ops = NULL;
		return 0;
	}
	shm = shmem_file_create("dev/zero", v->end - v->start, v->flags);
	if (IS_ERR(shm))
		return (int)PTR_ERR(shm);
	if (!(v->flags & VM_NORESERVE) && shmem_reserve(shm->mapping, (v->end - v->start) >> PAGE_SHIFT)) {
		file_put(shm);
		return -ENOMEM;
	}
	file_put(v->file);
	v->file = shm;
	return file_op_mmap(shm, v);
}

static loff_t null_llseek(struct file *f, loff_t off, int whence)
{
	(void)off, (void)whence;
	f->pos = 0;
	return 0;
}

static ssize_t random_read(struct file *f, struct kiocb *k, struct iov_iter *to)
{
	u8 buf[256];
	size_t done = 0;

	(void)f, (void)k;
	while (iov_iter_count(to)) {
		size_t n = min_t(size_t, iov_iter_count(to), sizeof(buf)), got;

		random_bytes(buf, n);
		got = copy_to_iter(buf, n, to);
		done += got;
		if (got < n) {
			done = done ? done : (size_t)-EFAULT;
			break;
		}
		if (signal_pending())
			break;
		cond_resched();
	}
	memset(buf, 0, sizeof(buf));
	return (ssize_t)done;
}

static ssize_t random_write(struct file *f, struct kiocb *k, struct iov_iter *from)
{
	ssize_t done = 0;
	u8 buf[256];

	(void)f, (void)k;
	while (iov_iter_count(from)) {
		size_t n = min_t(size_t, iov_iter_count(from), sizeof(buf)), got = copy_from_iter(buf, n, from);

		random_add(buf, got, 0);	/* mixed in, but what anybody may write earns no credit */
		done += (ssize_t)got;
		if (got < n)
			return done ? done : -EFAULT;
	}
	return done;
}

static const struct file_ops null_fops = {
	.read_iter = null_read, .write_iter = null_write, .llseek = null_llseek,
};
static const struct file_ops zero_fops = {
	.read_iter = zero_read, .write_iter = null_write, .llseek = null_llseek, .mmap = zero_mmap,
};
static const struct file_ops full_fops = {
	.read_iter = zero_read, .write_iter = full_write, .llseek = null_llseek,
};
static const struct file_ops random_fops = {
	.read_iter = random_read, .write_iter = random_write, .llseek = noop_llseek,
};

/* --- /dev/kmsg: one log record a read, "level,seq,usec,flags;text" --- */

struct kmsg_reader {
	struct mutex lock;		/* class LEAF_MUTEX */
	u64 seq;			/* [lock] */
	struct log_record rec;		/* [lock] */
	char text[sizeof(((struct log_record *)0)->text) * 4 + 64];	/* [lock] */
};

static int kmsg_open(struct file *f, struct inode *inode)
{
	struct kmsg_reader *r;

	(void)inode;
	if (!(f->mode & FMODE_READ))
		return 0;
	if (!capable(CAP_SYSLOG) && !capable(CAP_SYS_ADMIN))
		return -EPERM;
	r = kvmalloc(sizeof(*r), GFP_KERNEL);
	if (!r)
		return -ENOMEM;
	mutex_init(&r->lock, LEAF_MUTEX);
	r->seq = log_first_seq();
	f->private = r;
	return 0;
}

static int kmsg_release(struct file *f, struct inode *inode)
{
	(void)inode;
	kvfree(f->private);
	return 0;
}

static size_t kmsg_format(struct kmsg_reader *r)
{
	const struct log_record *rec = &r->rec;
	int n = scnprintf(r->text, sizeof(r->text), "%u,%llu,%llu,-;", rec->facility << 3 | rec->level,
			  (unsigned long long)rec->seq, (unsigned long long)rec->time_ns / 1000);

	for (u16 i = 0; i < rec->len; i++) {
		u8 c = (u8)rec->text[i];

		if (c < ' ' || c >= 127 || c == '\\')
			n += scnprintf(r->text + n, sizeof(r->text) - (size_t)n, "\\x%02x", c);
		else
			r->text[n++] = (char)c;
	}
	r->text[n++] = '\n';
	return (size_t)n;
}

static ssize_t kmsg_read(struct file *f, struct kiocb *k, struct iov_iter *to)
{
	struct kmsg_reader *r = f->private;
	u64 seq;
	ssize_t res;
	size_t n;

	if (!r)
		return -EBADF;
	res = mutex_lock_interruptible(&r->lock);
	if (res)
		return res;
	seq = r->seq;
	while (log_read(&r->seq, &r->rec) == -EAGAIN) {
		res = k->flags & (IOCB_NOWAIT | IOCB_NONBLOCK) ? -EAGAIN :
			wait_event_interruptible(&log_wait, log_next_seq() > r->seq);
		if (res)
			goto out;
	}
	if (r->rec.seq != seq) {	/* records were overwritten meanwhile: told once */
		r->seq = r->rec.seq;
		res = -EPIPE;
		goto out;
	}
	n = kmsg_format(r);
	if (n > iov_iter_count(to)) {
		r->seq = seq;
		res = -EINVAL;
	} else {
		res = copy_to_iter(r->text, n, to) == n ? (ssize_t)n : -EFAULT;
	}
out:
	mutex_unlock(&r->lock);
	return res;
}

static ssize_t kmsg_write(struct file *f, struct kiocb *k, struct iov_iter *from)
{
	size_t n = iov_iter_count(from);
	u32 prefix = LOG_NOTICE | 1 << 3;
	char buf[1024], *text = buf, *end;

	(void)f, (void)k;
	if (n >= sizeof(buf))
		return -EINVAL;
	if (copy_from_iter(buf, n, from) != n)
		return -EFAULT;
	buf[n] = '\0';
	if (buf[0] == '<') {
		u64 v = simple_strtoull(buf + 1, &end, 10);

		if (*end == '>' && end != buf + 1) {
			prefix = (u32)v;
			text = end + 1;
		}
	}
	if (!(prefix >> 3))
		prefix |= 1 << 3;	/* user space cannot speak as the kernel */
	log_store_user((u8)(prefix >> 3), prefix & 7, text, strlen(text));
	return (ssize_t)n;
}

static loff_t kmsg_llseek(struct file *f, loff_t off, int whence)
{
	struct kmsg_reader *r = f->private;

	if (!r)
		return -EBADF;
	if (off)
		return -ESPIPE;
	mutex_lock(&r->lock);
	if (whence == SEEK_END)
		r->seq = log_next_seq();
	else
		r->seq = log_first_seq();
	mutex_unlock(&r->lock);
	return 0;
}

static u32 kmsg_poll(struct file *f, struct poll_table *pt)
{
	struct kmsg_reader *r = f->private;

	if (!r)
		return EPOLLERR | EPOLLNVAL;
	poll_wait(f, &log_wait, pt);
	return log_next_seq() > READ_ONCE(r->seq) ? EPOLLIN | EPOLLRDNORM : 0;
}

static const struct file_ops kmsg_fops = {
	.open = kmsg_open, .release = kmsg_release, .read_iter = kmsg_read, .write_iter = kmsg_write,
	.llseek = kmsg_llseek, .poll = kmsg_poll,
};

static const struct mem_dev {
	u32 minor;
	const char *name;
	umode_t mode;
	const struct file_ops *ops;
} mem_devs[] = {
	{ 3, "null", 0666, &null_fops },
	{ 5, "zero", 0666, &zero_fops },
	{ 7, "full", 0666, &full_fops },
	{ 8, "random", 0666, &random_fops },
	{ 9, "urandom", 0666, &random_fops },
	{ 11, "kmsg", 0644, &kmsg_fops },
};

static int mem_init(void)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(mem_devs); i++) {
		const struct mem_dev *m = &mem_devs[i];
		struct device *d;
		int err = chrdev_register(MEM_MAJOR, m->minor, 1, m->ops, "mem", NULL);

		if (err)
			return err;
		d = device_create("mem", NULL, mkdev(MEM_MAJOR, m->minor), m->name, m->mode, NULL);
		if (IS_ERR(d))
			return (int)PTR_ERR(d);
	}
	return 0;
}
INITCALL_BUS(mem_init);

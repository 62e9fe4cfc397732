/* SPDX-License-Identifier: MPL-2.0 */
/*
 * syslog(2): the kernel log as dmesg and klogd read it. Reading (type 2) consumes and shares one position
 * among all readers; reading all (3, 4) shows the last part since it was last cleared. Each line of a record
 * begins with "<priority>[time] ".
 */
#include <base/alloc.h>
#include <base/math.h>
#include <base/printf.h>
#include <base/string.h>
#include <core/clock.h>
#include <core/mutex.h>
#include <core/printk.h>
#include <core/wait.h>
#include <kernel/syscall.h>
#include <kernel/task.h>

#define SYSLOG_READ		2
#define SYSLOG_READ_ALL		3
#define SYSLOG_READ_CLEAR	4
#define SYSLOG_CLEAR		5
#define SYSLOG_CONSOLE_OFF	6
#define SYSLOG_CONSOLE_ON	7
#define SYSLOG_CONSOLE_LEVEL	8
#define SYSLOG_SIZE_UNREAD	9
#define SYSLOG_SIZE_BUFFER	10

static DEFINE_MUTEX(syslog_lock, LEAF_MUTEX);
static u64 read_seq, clear_seq;		/* [syslog_lock] */
static u32 read_skip;			/* [syslog_lock] bytes of record read_seq that were read */
static int saved_level = -1;		/* [syslog_lock] before CONSOLE_OFF */

/* Text of a record may be several lines; each gets the prefix. NULL out: only measure. */
static size_t format(const struct log_record *r, char *out, size_t size)
{
	char prefix[48];
	size_t plen, n = 0;
	const char *p = r->text, *end = r->text + min_t(size_t, r->len, sizeof(r->text));

	plen = (size_t)scnprintf(prefix, sizeof(prefix), "<%u>[%5llu.%06llu] ", r->facility * 8u + r->level,
				 (unsigned long long)(r->time_ns / NSEC_PER_SEC),
				 (unsigned long long)(r->time_ns % NSEC_PER_SEC / 1000));
	do {
		const char *nl = memchr(p, '\n', (size_t)(end - p));
		size_t len = (size_t)((nl ? nl : end) - p);

		if (out && n + plen + len + 1 <= size) {
			memcpy(out + n, prefix, plen);
			memcpy(out + n + plen, p, len);
			out[n + plen + len] = '\n';
		}
		n += plen + len + 1;
		p = nl ? nl + 1 : end;
	} while (p < end);
	return n;
}

struct log_text {
	struct log_record rec;
	char text[2048];
};

static bool may_syslog(int type)
{
	if (type == SYSLOG_READ_ALL || type == SYSLOG_SIZE_BUFFER)
		return true;
	return capable(CAP_SYSLOG) || capable(CAP_SYS_ADMIN);
}

/* Copy what is there; 0: nothing. syslog_lock held. */
static long read_some(struct log_text *l, u64 to, size_t len)
{
	size_t done = 0;

	while (done < len) {
		u64 seq = read_seq;
		size_t n, m;

		if (log_read(&seq, &l->rec))
			break;
		if (l->rec.seq != read_seq)
			read_skip = 0;		/* the one that we were in is gone */
		n = min_t(size_t, format(&l->rec, l->text, sizeof(l->text)), sizeof(l->text));
		read_skip = min_t(u32, read_skip, (u32)n);
		m = min_t(size_t, n - read_skip, len - done);
		if (copy_out_bytes(uaddr(to + done), l->text + read_skip, m))
			return done ? (long)done : -EFAULT;
		done += m;
		read_seq = l->rec.seq;
		read_skip += (u32)m;
		if (read_skip == n) {
			read_seq = seq;
			read_skip = 0;
		}
	}
	return (long)done;
}

static long syslog_read(struct log_text *l, u64 to, size_t len)
{
	long res;

	for (;;) {
		res = mutex_lock_interruptible(&syslog_lock);
		if (res)
			return res;
		res = read_some(l, to, len);
		mutex_unlock(&syslog_lock);
		if (res)
			return res;
		res = wait_event_interruptible(&log_wait, READ_ONCE(read_seq) < log_next_seq());
		if (res)
			return res;
	}
}

/* The last records that fit into len. */
static long read_all(struct log_text *l, u64 to, size_t len, bool clear)
{
	u64 seq, first, total = 0;
	size_t done = 0;
	long res = 0;

	mutex_lock(&syslog_lock);
	first = max(clear_seq, log_first_seq());
	for (seq = first; !log_read(&seq, &l->rec);)
		total += format(&l->rec, NULL, 0);
	for (seq = first; total > len && !log_read(&seq, &l->rec);)
		total -= min_t(u64, total, format(&l->rec, NULL, 0));
	while (!log_read(&seq, &l->rec)) {
		size_t n = format(&l->rec, l->text, sizeof(l->text));

		n = min_t(size_t, n, sizeof(l->text));
		if (done + n > len)
			break;
		if (copy_out_bytes(uaddr(to + done), l->text, n)) {
			res = -EFAULT;
			break;
		}
		done += n;
	}
	if (clear && !res)
		clear_seq = log_next_seq();
	mutex_unlock(&syslog_lock);
	return res ? res : (long)done;
}

static long size_unread(struct log_text *l)
{
	u64 seq, total = 0;

	mutex_lock(&syslog_lock);
	for (seq = read_seq; !log_read(&seq, &l->rec);)
		total += format(&l->rec, NULL, 0);
	total -= min_t(u64, total, read_skip);
	mutex_unlock(&syslog_lock);
	return (long)total;
}

static long with_text(int type, uout_void buf, int len)
{
	struct log_text *l;
	long res;

	if (type != SYSLOG_SIZE_UNREAD) {
		if (uptr_null(buf) || len < 0)
			return -EINVAL;
		if (!len)
			return 0;
		if (!user_range_ok(uptr_addr(buf), (u64)len))
			return -EFAULT;
	}
	l = kmalloc(sizeof(*l), GFP_KERNEL);
	if (!l)
		return -ENOMEM;
	if (type == SYSLOG_READ)
		res = syslog_read(l, buf.addr, (size_t)len);
	else if (type == SYSLOG_SIZE_UNREAD)
		res = size_unread(l);
	else
		res = read_all(l, buf.addr, (size_t)len, type == SYSLOG_READ_CLEAR);
	kfree(l);
	return res;
}

static long console_set(int type, int level)
{
	mutex_lock(&syslog_lock);
	if (type == SYSLOG_CONSOLE_OFF) {
		if (saved_level < 0)
			saved_level = console_loglevel;
		console_loglevel = 1;
	} else if (type == SYSLOG_CONSOLE_ON) {
		if (saved_level >= 0)
			console_loglevel = saved_level;
		saved_level = -1;
	} else {
		console_loglevel = level;
		saved_level = -1;
	}
	mutex_unlock(&syslog_lock);
	return 0;
}

long sys_syslog(int type, uout_void buf, int len)
{
	if (type < 0 || type > SYSLOG_SIZE_BUFFER)
		return -EINVAL;
	if (!may_syslog(type))
		return -EPERM;
	switch (type) {
	case SYSLOG_READ:
	case SYSLOG_READ_ALL:
	case SYSLOG_READ_CLEAR:
	case SYSLOG_SIZE_UNREAD:
		return with_text(type, buf, len);
	case SYSLOG_CLEAR:
		mutex_lock(&syslog_lock);
		clear_seq = log_next_seq();
		mutex_unlock(&syslog_lock);
		return 0;
	case SYSLOG_CONSOLE_OFF:
	case SYSLOG_CONSOLE_ON:
		return console_set(type, 0);
	case SYSLOG_CONSOLE_LEVEL:
		if (len < 1 || len > 8)
			return -EINVAL;
		return console_set(type, len);
	case SYSLOG_SIZE_BUFFER:
		return (long)log_buf_size();
	default:
		return 0;		/* open and close do nothing */
	}
}

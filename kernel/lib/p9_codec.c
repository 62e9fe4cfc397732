/* SPDX-License-Identifier: MPL-2.0 */
/* 9P2000.L messages: see base/p9.h. */
#include <stdarg.h>
#include <base/errno.h>
#include <base/p9.h>
#include <base/string.h>

/* --- building --- */

static void put_le(struct p9_msg *m, u64 v, u32 bytes)
{
	if (m->bad || m->size - m->pos < bytes) {
		m->bad = true;
		return;
	}
	for (u32 i = 0; i < bytes; i++)
		m->data[m->pos++] = (u8)(v >> (8 * i));
}

void p9_begin(struct p9_msg *m, void *buf, u32 size, enum p9_type type, u16 tag)
{
	m->data = buf;
	m->size = size;
	m->pos = 0;
	m->bad = false;
	put_le(m, 0, 4);
	put_le(m, (u64)type, 1);
	put_le(m, tag, 2);
}

void p9_put_bytes(struct p9_msg *m, const void *p, u32 n)
{
	if (m->bad || m->size - m->pos < n) {
		m->bad = true;
		return;
	}
	memcpy(m->data + m->pos, p, n);
	m->pos += n;
}

void p9_put_str(struct p9_msg *m, const char *s, u32 len)
{
	if (len > 0xffff) {
		m->bad = true;
		return;
	}
	put_le(m, len, 2);
	p9_put_bytes(m, s, len);
}

void p9_put(struct p9_msg *m, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	for (; *fmt; fmt++) {
		const char *s;

		switch (*fmt) {
		case 'b':
			put_le(m, (u64)va_arg(ap, int), 1);
			break;
		case 'w':
			put_le(m, (u64)va_arg(ap, int), 2);
			break;
		case 'd':
			put_le(m, va_arg(ap, u32), 4);
			break;
		case 'q':
			put_le(m, va_arg(ap, u64), 8);
			break;
		case 's':
			s = va_arg(ap, const char *);
			p9_put_str(m, s ? s : "", s ? (u32)strlen(s) : 0);
			break;
		default:
			m->bad = true;
		}
	}
	va_end(ap);
}

int p9_end(struct p9_msg *m, u32 more)
{
	u32 end = m->pos;

	if (m->bad)
		return -ENAMETOOLONG;
	m->pos = 0;
	put_le(m, (u64)end + more, 4);
	m->pos = end;
	return 0;
}

/* --- taking apart --- */

static u64 get_le(struct p9_msg *m, u32 bytes)
{
	u64 v = 0;

	if (m->bad || m->size - m->pos < bytes) {
		m->bad = true;
		return 0;
	}
	for (u32 i = 0; i < bytes; i++)
		v |= (u64)m->data[m->pos++] << (8 * i);
	return v;
}

u8 p9_u8(struct p9_msg *m) { return (u8)get_le(m, 1); }
u16 p9_u16(struct p9_msg *m) { return (u16)get_le(m, 2); }
u32 p9_u32(struct p9_msg *m) { return (u32)get_le(m, 4); }
u64 p9_u64(struct p9_msg *m) { return get_le(m, 8); }

struct p9_qid p9_qid(struct p9_msg *m)
{
	struct p9_qid q;

	q.type = p9_u8(m);
	q.version = p9_u32(m);
	q.path = p9_u64(m);
	return q;
}

const char *p9_str(struct p9_msg *m, u16 *len)
{
	const char *s;

	*len = p9_u16(m);
	if (m->bad || m->size - m->pos < *len) {
		m->bad = true;
		*len = 0;
		return "";
	}
	s = (const char *)m->data + m->pos;
	m->pos += *len;
	return s;
}

int p9_answer(struct p9_msg *m, void *buf, u32 here, u32 len, enum p9_type type, u16 tag)
{
	u32 size, ecode;
	u8 t;

	*m = (struct p9_msg){ .data = buf, .size = here < len ? here : len };
	size = p9_u32(m);
	t = p9_u8(m);
	if (p9_u16(m) != tag || m->bad || size < P9_HDR || size > len)
		return -EIO;
	if (size < m->size)
		m->size = size;
	if (t == P9_RLERROR) {
		ecode = p9_u32(m);
		return m->bad || !ecode || ecode > 4095 ? -EIO : -(int)ecode;
	}
	return t == (u8)type + 1 ? 0 : -EIO;
}

static struct p9_time get_time(struct p9_msg *m)
{
	struct p9_time t;

	t.sec = p9_u64(m);
	t.nsec = p9_u64(m);
	if (t.nsec > 999999999)
		t.nsec = 0;
	return t;
}

void p9_attr(struct p9_msg *m, struct p9_attr *a)
{
	a->valid = p9_u64(m);
	a->qid = p9_qid(m);
	a->mode = p9_u32(m);
	a->uid = p9_u32(m);
	a->gid = p9_u32(m);
	a->nlink = p9_u64(m);
	a->rdev = p9_u64(m);
	a->size = p9_u64(m);
	a->blksize = p9_u64(m);
	a->blocks = p9_u64(m);
	a->atime = get_time(m);
	a->mtime = get_time(m);
	a->ctime = get_time(m);
	a->btime = get_time(m);
	a->gen = p9_u64(m);
	a->data_version = p9_u64(m);
	if (a->size > 0x7fffffffffffffffull)
		m->bad = true;
}

void p9_statfs(struct p9_msg *m, struct p9_statfs *s)
{
	s->type = p9_u32(m);
	s->bsize = p9_u32(m);
	s->blocks = p9_u64(m);
	s->bfree = p9_u64(m);
	s->bavail = p9_u64(m);
	s->files = p9_u64(m);
	s->ffree = p9_u64(m);
	s->fsid = p9_u64(m);
	s->namelen = p9_u32(m);
}

void p9_lock(struct p9_msg *m, struct p9_lock *l)
{
	u16 len;

	l->type = p9_u8(m);
	l->start = p9_u64(m);
	l->length = p9_u64(m);
	l->pid = p9_u32(m);
	(void)p9_str(m, &len);
	if (l->type > P9_LOCK_UNLCK || l->start > 0x7fffffffffffffffull || l->length > 0x7fffffffffffffffull)
		m->bad = true;
}

int p9_dirent_next(const u8 *data, u32 size, u32 *pos, struct p9_dirent *e)
{
	struct p9_msg m = { .data = (u8 *)data, .size = size, .pos = *pos };

	if (*pos >= size)
		return 0;
	e->qid = p9_qid(&m);
	e->offset = p9_u64(&m);
	e->type = p9_u8(&m);
	e->name = p9_str(&m, &e->len);
	if (m.bad || !e->len || e->len > 255 || memchr(e->name, '/', e->len) || memchr(e->name, 0, e->len) ||
	    e->offset > 0x7fffffffffffffffull)
		return -EIO;
	*pos = m.pos;
	return 1;
}

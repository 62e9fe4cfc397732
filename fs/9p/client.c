/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Requests to the server: a tag for each, many at once. One that a fatal signal interrupts is taken
 * back with Tflush; its buffers stay until the transport has returned them, so nothing is written
 * into memory that is somebody else's by then. If its answer came before the flush did, it counts.
 */
#include <core/printk.h>
#include "internal.h"

/* A message to be built, and its answer. */
struct p9_call {
	struct p9_request r;
	struct p9_msg m;
	struct p9_session *ses;
	enum p9_type type;
	u8 buf[];
};

#define SMALL_OUT	(128u + 2 * 258)

void p9_request_done(struct p9_request *r, u32 got, int error)
{
	r->got = got;
	r->error = error;
	complete(&r->done);
}

static int tag_get(struct p9_session *s)
{
	int tag;

	mutex_lock(&s->ida_lock);
	tag = ida_alloc(&s->tags, 0, P9_NOTAG - 1, GFP_KERNEL);
	mutex_unlock(&s->ida_lock);
	return tag;
}

static void tag_put(struct p9_session *s, u16 tag)
{
	mutex_lock(&s->ida_lock);
	ida_free(&s->tags, tag);
	mutex_unlock(&s->ida_lock);
}

/* Room for `out` bytes of question and `in` bytes of answer header. ERR_PTR. */
static struct p9_call *call_begin(struct p9_session *s, enum p9_type type, u32 out, u32 in)
{
	struct p9_call *c;
	int tag = P9_NOTAG;

	out = min(out, s->msize);
	in = min(in, s->msize);
	c = kmalloc(sizeof(*c) + out + in, GFP_KERNEL);
	if (!c)
		return ERR_PTR(-ENOMEM);
	if (type != P9_TVERSION) {
		tag = tag_get(s);
		if (tag < 0) {
			kfree(c);
			return ERR_PTR(tag);
		}
	}
	memset(&c->r, 0, sizeof(c->r));
	completion_init(&c->r.done);
	c->ses = s;
	c->type = type;
	c->r.tag = (u16)tag;
	c->r.out = c->buf;
	c->r.in = c->buf + out;
	c->r.in_len = in;
	p9_begin(&c->m, c->r.out, out, type, (u16)tag);
	return c;
}

static void call_end(struct p9_call *c)
{
	if (c->r.tag != P9_NOTAG)
		tag_put(c->ses, c->r.tag);
	kfree(c);
}

static int call_send(struct p9_call *c, u32 more, bool must)
{
	int err = p9_end(&c->m, more);

	c->r.out_len = c->m.pos;
	return err ? err : c->ses->trans->send(c->ses->chan, &c->r, must);
}

/* Ask the server to forget c. Whatever it says: after its answer c is returned or will not be. */
static void flush(struct p9_call *c)
{
	struct p9_call *f;

	while (IS_ERR(f = call_begin(c->ses, P9_TFLUSH, P9_SMALL, P9_SMALL)) && PTR_ERR(f) == -ENOMEM)
		cond_resched();
	if (!IS_ERR(f)) {
		p9_put(&f->m, "w", (int)c->r.tag);
		if (!call_send(f, 0, true))
			wait_for_completion(&f->r.done);
		call_end(f);
	}
	wait_for_completion(&c->r.done);
}

/* Send and wait; c->m stands behind the answer's header then. more: bytes of pieces that go out. */
static int call_go(struct p9_call *c, u32 more)
{
	int err = call_send(c, more, false);
	bool flushed = false;

	if (err)
		return err;
	if (wait_for_completion_killable(&c->r.done)) {
		flush(c);
		flushed = true;
	}
	if (c->r.error)
		return c->r.error;
	if (flushed && !c->r.got)
		return -EINTR;
	err = p9_answer(&c->m, c->r.in, c->r.in_len, c->r.got, c->type, c->r.tag);
	return err;
}

/* Finish a call of which only success matters, or err. */
static int call_over(struct p9_call *c)
{
	int err = call_go(c, 0);

	if (!err)
		err = p9_done(&c->m);
	call_end(c);
	return err;
}

int p9_handshake(struct p9_session *s, u32 msize)
{
	struct p9_call *c;
	const char *v;
	u32 theirs;
	u16 len;
	int err;

	s->msize = P9_SMALL;
	c = call_begin(s, P9_TVERSION, P9_SMALL, P9_SMALL);
	if (IS_ERR(c))
		return (int)PTR_ERR(c);
	p9_put(&c->m, "ds", msize, P9_VERSION);
	err = call_go(c, 0);
	theirs = err ? 0 : p9_u32(&c->m);
	v = p9_str(&c->m, &len);
	if (!err)
		err = p9_done(&c->m);
	if (!err && (len != strlen(P9_VERSION) || memcmp(v, P9_VERSION, len))) {
		pr_err("9p: %s: the server does not speak 9P2000.L\n", s->source);
		err = -EREMOTEIO;
	}
	if (!err && (theirs < 4096 || theirs > msize)) {
		pr_err("9p: %s: the server wants messages of %u bytes\n", s->source, theirs);
		err = -EREMOTEIO;
	}
	s->msize = theirs;
	call_end(c);
	return err;
}

/* --- fids --- */

static struct p9_fid *fid_new(struct p9_session *s, kuid_t uid)
{
	struct p9_fid *f = kzalloc(sizeof(*f), GFP_KERNEL);
	int n;

	if (!f)
		return ERR_PTR(-ENOMEM);
	mutex_lock(&s->ida_lock);
	n = ida_alloc(&s->fids, 0, 0x7ffffffe, GFP_KERNEL);
	mutex_unlock(&s->ida_lock);
	if (n < 0) {
		kfree(f);
		return ERR_PTR(n);
	}
	ref_init(&f->ref, 1);
	f->fid = (u32)n;
	f->uid = uid;
	f->ses = s;
	f->dead = true;		/* until the server knows it */
	return f;
}

static void fid_free(struct p9_fid *f)
{
	mutex_lock(&f->ses->ida_lock);
	ida_free(&f->ses->fids, f->fid);
	mutex_unlock(&f->ses->ida_lock);
	kfree(f);
}

int p9_clunk(struct p9_fid *f)
{
	struct p9_call *c;
	int err = 0;

	if (!f->dead) {
		c = call_begin(f->ses, P9_TCLUNK, P9_SMALL, P9_SMALL);
		if (IS_ERR(c)) {
			/* The number is lost: the server still knows it. */
			kfree(f);
			return (int)PTR_ERR(c);
		}
		p9_put(&c->m, "d", f->fid);
		err = call_send(c, 0, true);
		if (!err) {
			wait_for_completion(&c->r.done);
			err = c->r.error ? c->r.error : p9_answer(&c->m, c->r.in, c->r.in_len, c->r.got, c->type, c->r.tag);
		}
		call_end(c);
	}
	fid_free(f);
	return err;
}

void p9_fid_put(struct p9_fid *f)
{
	if (f && ref_put(&f->ref))
		(void)!p9_clunk(f);
}

struct p9_fid *p9_attach(struct p9_session *s, kuid_t uid, const char *uname)
{
	struct p9_fid *f = fid_new(s, uid);
	struct p9_call *c;
	int err;

	if (IS_ERR(f))
		return f;
	c = call_begin(s, P9_TATTACH, 1024, P9_SMALL);
	err = PTR_ERR_OR_ZERO(c);
	if (!err) {
		p9_put(&c->m, "ddssd", f->fid, P9_NOFID, uname, s->aname, from_kuid(&init_user_ns, uid));
		err = call_go(c, 0);
		if (!err && !(p9_qid(&c->m).type & P9_QTDIR))
			err = -ENOTDIR;
		if (!err || err == -ENOTDIR)
			f->dead = false;
		if (!err)
			err = p9_done(&c->m);
		call_end(c);
	}
	if (err) {
		p9_fid_put(f);
		return ERR_PTR(err);
	}
	return f;
}

/* The answer has a qid for each step that went well: fewer than asked for means the next name is not there. */
static int walk_answer(struct p9_call *c, u32 n)
{
	u16 got = p9_u16(&c->m);

	for (u32 i = 0; i < got && !c->m.bad; i++)
		(void)p9_qid(&c->m);
	if (p9_done(&c->m) || got > n)
		return -EIO;
	return got < n ? -ENOENT : 0;
}

struct p9_fid *p9_walk(struct p9_fid *from, const char *const *names, u32 n)
{
	struct p9_fid *f = fid_new(from->ses, from->uid);
	struct p9_call *c;
	u32 out = 64;
	int err;

	if (IS_ERR(f))
		return f;
	for (u32 i = 0; i < n; i++)
		out += (u32)strlen(names[i]) + 2;
	c = call_begin(from->ses, P9_TWALK, out, P9_SMALL);
	err = PTR_ERR_OR_ZERO(c);
	if (!err) {
		p9_put(&c->m, "ddw", from->fid, f->fid, (int)n);
		for (u32 i = 0; i < n; i++)
			p9_put(&c->m, "s", names[i]);
		err = call_go(c, 0);
		if (!err)
			err = walk_answer(c, n);
		f->dead = err != 0;
		call_end(c);
	}
	if (err) {
		p9_fid_put(f);
		return ERR_PTR(err);
	}
	return f;
}

/* --- files --- */

static int opened(struct p9_call *c, struct p9_fid *f, u32 flags)
{
	int err = call_go(c, 0);

	if (!err) {
		(void)p9_qid(&c->m);
		f->iounit = p9_u32(&c->m);
		f->mode = flags & O_ACCMODE;
		err = p9_done(&c->m);
	}
	call_end(c);
	return err;
}

int p9_lopen(struct p9_fid *f, u32 flags)
{
	struct p9_call *c = call_begin(f->ses, P9_TLOPEN, P9_SMALL, P9_SMALL);

	if (IS_ERR(c))
		return (int)PTR_ERR(c);
	p9_put(&c->m, "dd", f->fid, flags);
	return opened(c, f, flags);
}

int p9_lcreate(struct p9_fid *f, const char *name, u32 flags, u32 mode, u32 gid)
{
	struct p9_call *c = call_begin(f->ses, P9_TLCREATE, SMALL_OUT, P9_SMALL);

	if (IS_ERR(c))
		return (int)PTR_ERR(c);
	p9_put(&c->m, "dsddd", f->fid, name, flags, mode, gid);
	return opened(c, f, flags);
}

int p9_getattr(struct p9_fid *f, u64 mask, struct p9_attr *a)
{
	struct p9_call *c = call_begin(f->ses, P9_TGETATTR, P9_SMALL, P9_SMALL);
	int err;

	if (IS_ERR(c))
		return (int)PTR_ERR(c);
	p9_put(&c->m, "dq", f->fid, mask);
	err = call_go(c, 0);
	if (!err) {
		p9_attr(&c->m, a);
		err = p9_done(&c->m);
	}
	call_end(c);
	return err;
}

int p9_setattr(struct p9_fid *f, const struct p9_setattr *a)
{
	struct p9_call *c = call_begin(f->ses, P9_TSETATTR, P9_SMALL, P9_SMALL);

	if (IS_ERR(c))
		return (int)PTR_ERR(c);
	p9_put(&c->m, "dddddqqqqq", f->fid, a->valid, a->mode, a->uid, a->gid, a->size, a->atime.sec, a->atime.nsec,
	       a->mtime.sec, a->mtime.nsec);
	return call_over(c);
}

int p9_statfs_call(struct p9_fid *f, struct p9_statfs *st)
{
	struct p9_call *c = call_begin(f->ses, P9_TSTATFS, P9_SMALL, P9_SMALL);
	int err;

	if (IS_ERR(c))
		return (int)PTR_ERR(c);
	p9_put(&c->m, "d", f->fid);
	err = call_go(c, 0);
	if (!err) {
		p9_statfs(&c->m, st);
		err = p9_done(&c->m);
	}
	call_end(c);
	return err;
}

int p9_fsync(struct p9_fid *f, bool datasync)
{
	struct p9_call *c = call_begin(f->ses, P9_TFSYNC, P9_SMALL, P9_SMALL);

	if (IS_ERR(c))
		return (int)PTR_ERR(c);
	p9_put(&c->m, "dd", f->fid, (u32)datasync);
	return call_over(c);
}

int p9_readlink(struct p9_fid *f, char **target)
{
	struct p9_call *c = call_begin(f->ses, P9_TREADLINK, P9_SMALL, PATH_MAX + 16);
	const char *s;
	u16 len;
	int err;

	if (IS_ERR(c))
		return (int)PTR_ERR(c);
	p9_put(&c->m, "d", f->fid);
	err = call_go(c, 0);
	if (err)
		goto out;
	s = p9_str(&c->m, &len);
	err = p9_done(&c->m);
	if (!err && (!len || len >= PATH_MAX || memchr(s, 0, len)))
		err = -EIO;
	if (err)
		goto out;
	*target = kmalloc(len + 1u, GFP_KERNEL);
	if (!*target) {
		err = -ENOMEM;
		goto out;
	}
	memcpy(*target, s, len);
	(*target)[len] = '\0';
out:
	call_end(c);
	return err;
}

/* --- names --- */

int p9_symlink(struct p9_fid *dir, const char *name, const char *target, u32 gid)
{
	struct p9_call *c = call_begin(dir->ses, P9_TSYMLINK, SMALL_OUT + PATH_MAX, P9_SMALL);

	if (IS_ERR(c))
		return (int)PTR_ERR(c);
	p9_put(&c->m, "dssd", dir->fid, name, target, gid);
	return call_over(c);
}

int p9_mknod(struct p9_fid *dir, const char *name, u32 mode, dev_t dev, u32 gid)
{
	struct p9_call *c = call_begin(dir->ses, P9_TMKNOD, SMALL_OUT, P9_SMALL);

	if (IS_ERR(c))
		return (int)PTR_ERR(c);
	p9_put(&c->m, "dsdddd", dir->fid, name, mode, dev_major(dev), dev_minor(dev), gid);
	return call_over(c);
}

int p9_mkdir(struct p9_fid *dir, const char *name, u32 mode, u32 gid)
{
	struct p9_call *c = call_begin(dir->ses, P9_TMKDIR, SMALL_OUT, P9_SMALL);

	if (IS_ERR(c))
		return (int)PTR_ERR(c);
	p9_put(&c->m, "dsdd", dir->fid, name, mode, gid);
	return call_over(c);
}

int p9_link(struct p9_fid *dir, struct p9_fid *f, const char *name)
{
	struct p9_call *c = call_begin(dir->ses, P9_TLINK, SMALL_OUT, P9_SMALL);

	if (IS_ERR(c))
		return (int)PTR_ERR(c);
	p9_put(&c->m, "dds", dir->fid, f->fid, name);
	return call_over(c);
}

int p9_renameat(struct p9_fid *olddir, const char *oldname, struct p9_fid *newdir, const char *newname)
{
	struct p9_call *c = call_begin(olddir->ses, P9_TRENAMEAT, SMALL_OUT, P9_SMALL);

	if (IS_ERR(c))
		return (int)PTR_ERR(c);
	p9_put(&c->m, "dsds", olddir->fid, oldname, newdir->fid, newname);
	return call_over(c);
}

int p9_rename(struct p9_fid *f, struct p9_fid *newdir, const char *newname)
{
	struct p9_call *c = call_begin(f->ses, P9_TRENAME, SMALL_OUT, P9_SMALL);

	if (IS_ERR(c))
		return (int)PTR_ERR(c);
	p9_put(&c->m, "dds", f->fid, newdir->fid, newname);
	return call_over(c);
}

int p9_unlinkat(struct p9_fid *dir, const char *name, u32 flags)
{
	struct p9_call *c = call_begin(dir->ses, P9_TUNLINKAT, SMALL_OUT, P9_SMALL);

	if (IS_ERR(c))
		return (int)PTR_ERR(c);
	p9_put(&c->m, "dsd", dir->fid, name, flags);
	return call_over(c);
}

/* --- extended attributes --- */

struct p9_fid *p9_xattrwalk(struct p9_fid *from, const char *name, u64 *size)
{
	struct p9_fid *f = fid_new(from->ses, from->uid);
	struct p9_call *c;
	int err;

	if (IS_ERR(f))
		return f;
	c = call_begin(from->ses, P9_TXATTRWALK, SMALL_OUT, P9_SMALL);
	err = PTR_ERR_OR_ZERO(c);
	if (!err) {
		p9_put(&c->m, "dds", from->fid, f->fid, name);
		err = call_go(c, 0);
		f->dead = err != 0;
		*size = err ? 0 : p9_u64(&c->m);
		if (!err)
			err = p9_done(&c->m);
		call_end(c);
	}
	if (err) {
		p9_fid_put(f);
		return ERR_PTR(err);
	}
	return f;
}

int p9_xattrcreate(struct p9_fid *f, const char *name, u64 size, u32 flags)
{
	struct p9_call *c = call_begin(f->ses, P9_TXATTRCREATE, SMALL_OUT, P9_SMALL);

	if (IS_ERR(c))
		return (int)PTR_ERR(c);
	p9_put(&c->m, "dsqd", f->fid, name, size, flags);
	return call_over(c);
}

/* --- locks --- */

static const char lock_client[] = "keel";

int p9_lock_call(struct p9_fid *f, const struct p9_lock *l, u32 flags, u8 *status)
{
	struct p9_call *c = call_begin(f->ses, P9_TLOCK, P9_SMALL, P9_SMALL);
	int err;

	if (IS_ERR(c))
		return (int)PTR_ERR(c);
	p9_put(&c->m, "dbdqqds", f->fid, (int)l->type, flags, l->start, l->length, l->pid, lock_client);
	err = call_go(c, 0);
	*status = err ? P9_LOCK_ERROR : p9_u8(&c->m);
	if (!err)
		err = p9_done(&c->m);
	call_end(c);
	return err;
}

int p9_getlock(struct p9_fid *f, struct p9_lock *l)
{
	struct p9_call *c = call_begin(f->ses, P9_TGETLOCK, P9_SMALL, P9_SMALL + 256);
	int err;

	if (IS_ERR(c))
		return (int)PTR_ERR(c);
	p9_put(&c->m, "dbqqds", f->fid, (int)l->type, l->start, l->length, l->pid, lock_client);
	err = call_go(c, 0);
	if (!err) {
		p9_lock(&c->m, l);
		err = p9_done(&c->m);
	}
	call_end(c);
	return err;
}

/* --- data --- */

u32 p9_io_max(const struct p9_fid *f)
{
	u32 n = f->ses->msize - P9_IOHDR;

	return f->iounit && f->iounit < n ? f->iounit : n;
}

ssize_t p9_io(struct p9_fid *f, enum p9_type type, u64 off, u32 count, const struct p9_piece *pieces, u32 n)
{
	bool in = type != P9_TWRITE;
	struct p9_call *c;
	u32 got = 0;
	int err;

	ASSERT(n <= P9_MAX_PIECES && count <= f->ses->msize - P9_IOHDR);
	c = call_begin(f->ses, type, 64, in ? P9_READ_HDR : 64);
	if (IS_ERR(c))
		return PTR_ERR(c);
	memcpy(c->r.pieces, pieces, n * sizeof(*pieces));
	c->r.nr_pieces = n;
	c->r.pieces_in = in;
	p9_put(&c->m, "dqd", f->fid, off, count);
	err = call_go(c, in ? 0 : count);
	if (!err) {
		got = p9_u32(&c->m);
		err = p9_done(&c->m);
	}
	if (!err && (got > count || (in && got > c->r.got - P9_READ_HDR)))
		err = -EIO;
	call_end(c);
	return err ? err : (ssize_t)got;
}

ssize_t p9_io_buf(struct p9_fid *f, enum p9_type type, u64 off, void *buf, u32 count)
{
	struct p9_piece p = { .addr = dma_addr_of(buf), .len = count };

	return p9_io(f, type, off, count, &p, 1);
}

/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Messages of the file protocol 9P2000.L as pure code (kernel/lib/p9_codec.c). A message is size[4]
 * type[1] tag[2] and fields, little endian; strings are len[2] and bytes. Putting past the end and
 * taking past it set `bad` and go on with zeros, so that only the end of a message needs a test.
 * What a server sent is believed in nothing: lengths, counts, names are checked here.
 */
#ifndef BASE_P9_H
#define BASE_P9_H

#include <base/compiler.h>
#include <base/types.h>

enum p9_type {
	P9_RLERROR = 7, P9_TSTATFS = 8, P9_TLOPEN = 12, P9_TLCREATE = 14, P9_TSYMLINK = 16, P9_TMKNOD = 18,
	P9_TRENAME = 20, P9_TREADLINK = 22, P9_TGETATTR = 24, P9_TSETATTR = 26, P9_TXATTRWALK = 30,
	P9_TXATTRCREATE = 32, P9_TREADDIR = 40, P9_TFSYNC = 50, P9_TLOCK = 52, P9_TGETLOCK = 54, P9_TLINK = 70,
	P9_TMKDIR = 72, P9_TRENAMEAT = 74, P9_TUNLINKAT = 76, P9_TVERSION = 100, P9_TATTACH = 104, P9_TFLUSH = 108,
	P9_TWALK = 110, P9_TREAD = 116, P9_TWRITE = 118, P9_TCLUNK = 120, P9_TREMOVE = 122,
};

#define P9_HDR		7u		/* size, type, tag */
#define P9_IOHDR	24u		/* msize minus this fits into one read or write */
#define P9_READ_HDR	11u		/* an Rread or Rreaddir before its data */
#define P9_WRITE_HDR	23u		/* a Twrite before its data */
#define P9_NOTAG	0xffffu
#define P9_NOFID	0xffffffffu
#define P9_MAXWALK	16u
#define P9_VERSION	"9P2000.L"

/* Tgetattr and its answer. */
#define P9_ATTR_BASIC		0x7ffull
#define P9_ATTR_BTIME		0x800ull
#define P9_ATTR_GEN		0x1000ull
#define P9_ATTR_DATA_VERSION	0x2000ull

/* Tsetattr.valid */
#define P9_SET_MODE		0x001u
#define P9_SET_UID		0x002u
#define P9_SET_GID		0x004u
#define P9_SET_SIZE		0x008u
#define P9_SET_ATIME		0x010u
#define P9_SET_MTIME		0x020u
#define P9_SET_CTIME		0x040u
#define P9_SET_ATIME_GIVEN	0x080u
#define P9_SET_MTIME_GIVEN	0x100u

#define P9_AT_REMOVEDIR		0x200u

/* qid.type */
#define P9_QTDIR		0x80u
#define P9_QTSYMLINK		0x02u

/* Tlock, Tgetlock, Rlock */
#define P9_LOCK_RDLCK		0u
#define P9_LOCK_WRLCK		1u
#define P9_LOCK_UNLCK		2u
#define P9_LOCK_BLOCK		1u
#define P9_LOCK_OK		0u
#define P9_LOCK_BLOCKED		1u
#define P9_LOCK_ERROR		2u
#define P9_LOCK_GRACE		3u

struct p9_qid {
	u8 type;
	u32 version;
	u64 path;
};

struct p9_time {
	u64 sec, nsec;
};

struct p9_attr {
	u64 valid;
	struct p9_qid qid;
	u32 mode, uid, gid;
	u64 nlink, rdev, size, blksize, blocks;
	struct p9_time atime, mtime, ctime, btime;
	u64 gen, data_version;
};

struct p9_setattr {
	u32 valid, mode, uid, gid;
	u64 size;
	struct p9_time atime, mtime;
};

struct p9_statfs {
	u32 type, bsize, namelen;
	u64 blocks, bfree, bavail, files, ffree, fsid;
};

struct p9_dirent {
	struct p9_qid qid;
	u64 offset;			/* where to go on after it */
	u8 type;
	u16 len;
	const char *name;		/* in the message, not terminated */
};

struct p9_lock {
	u8 type;
	u64 start, length;
	u32 pid;
};

struct p9_msg {
	u8 *data;
	u32 size;			/* capacity, or what came */
	u32 pos;
	bool bad;
};

/* --- building --- */
void p9_begin(struct p9_msg *m, void *buf, u32 size, enum p9_type type, u16 tag);
/* Letters: b u8, w u16, d u32, q u64 (each passed in its own type, u8 and u16 as int), s const char * (NULL: ""). */
void p9_put(struct p9_msg *m, const char *fmt, ...);
void p9_put_bytes(struct p9_msg *m, const void *p, u32 n);	/* bare, no length */
void p9_put_str(struct p9_msg *m, const char *s, u32 len);
/* Writes the size, `more` bytes of data follow elsewhere. -ENAMETOOLONG when it did not fit. */
__must_check int p9_end(struct p9_msg *m, u32 more);

/* --- taking apart --- */
/*
 * An answer to a message of `type` and `tag`: len bytes are there, of which `here` lie at buf (the rest is data
 * placed elsewhere). 0: m stands behind the header; the server's error; -EIO: nonsense.
 */
__must_check int p9_answer(struct p9_msg *m, void *buf, u32 here, u32 len, enum p9_type type, u16 tag);
u8 p9_u8(struct p9_msg *m);
u16 p9_u16(struct p9_msg *m);
u32 p9_u32(struct p9_msg *m);
u64 p9_u64(struct p9_msg *m);
struct p9_qid p9_qid(struct p9_msg *m);
/* A view into the message; "" when bad. */
const char *p9_str(struct p9_msg *m, u16 *len);
void p9_attr(struct p9_msg *m, struct p9_attr *a);
void p9_statfs(struct p9_msg *m, struct p9_statfs *s);
void p9_lock(struct p9_msg *m, struct p9_lock *l);
/* -EIO when something was bad. */
static inline __must_check int p9_done(const struct p9_msg *m) { return m->bad ? -5 : 0; }
/* One entry of Treaddir's data at *pos (advanced). 1: there is one; 0: the end; -EIO: nonsense, a name that no name can be. */
__must_check int p9_dirent_next(const u8 *data, u32 size, u32 *pos, struct p9_dirent *e);
/* Size of a Tgetattr answer and the like are below this. */
#define P9_SMALL	256u

#endif

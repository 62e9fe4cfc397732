/* SPDX-License-Identifier: MPL-2.0 */
/* 9P messages: what is built comes apart again; short, long and lying answers are refused. */
#include <base/errno.h>
#include <base/p9.h>
#include <base/string.h>
#include <core/ktest.h>

static u8 buf[512];

KTEST(p9, build)
{
	static const u8 want[] = { 20, 0, 0, 0, 110, 7, 0, 1, 0, 0, 0, 2, 0, 0, 0, 1, 0, 1, 0, 'x' };
	struct p9_msg m;

	p9_begin(&m, buf, sizeof(buf), P9_TWALK, 7);
	p9_put(&m, "ddws", 1, 2, 1, "x");
	KEXPECT_EQ(p9_end(&m, 0), 0);
	KEXPECT_EQ(m.pos, sizeof(want));
	KEXPECT(!memcmp(buf, want, sizeof(want)));
	/* Data that follows elsewhere counts. */
	p9_begin(&m, buf, sizeof(buf), P9_TWRITE, 7);
	p9_put(&m, "dqd", 1, 2ull, 1000);
	KEXPECT_EQ(m.pos, P9_WRITE_HDR);
	KEXPECT_EQ(p9_end(&m, 1000), 0);
	KEXPECT_EQ(buf[0] | buf[1] << 8, 1023);
}

KTEST(p9, build_too_long)
{
	struct p9_msg m;

	p9_begin(&m, buf, 20, P9_TLINK, 1);
	p9_put(&m, "dds", 1, 2, "much too long a name");
	KEXPECT_EQ(p9_end(&m, 0), -ENAMETOOLONG);
	p9_begin(&m, buf, 3, P9_TLINK, 1);
	KEXPECT_EQ(p9_end(&m, 0), -ENAMETOOLONG);
}

static u32 answer(u8 type, u16 tag)
{
	struct p9_msg m;

	p9_begin(&m, buf, sizeof(buf), (enum p9_type)type, tag);
	p9_put(&m, "bdq", 0x80, 5, 0x1122334455667788ull);
	KEXPECT_EQ(p9_end(&m, 0), 0);
	return m.pos;
}

KTEST(p9, answers)
{
	u32 n = answer(P9_TMKDIR + 1, 9);
	struct p9_msg m;
	struct p9_qid q;

	KEXPECT_EQ(p9_answer(&m, buf, n, n, P9_TMKDIR, 9), 0);
	q = p9_qid(&m);
	KEXPECT_EQ(p9_done(&m), 0);
	KEXPECT_EQ(q.type, P9_QTDIR);
	KEXPECT_EQ(q.version, 5);
	KEXPECT(q.path == 0x1122334455667788ull);
	/* Nothing is left: one byte more is bad. */
	(void)p9_u8(&m);
	KEXPECT_EQ(p9_done(&m), -EIO);
	KEXPECT_EQ(p9_answer(&m, buf, n, n, P9_TMKDIR, 8), -EIO);
	KEXPECT_EQ(p9_answer(&m, buf, n, n, P9_TSYMLINK, 9), -EIO);
	KEXPECT_EQ(p9_answer(&m, buf, n - 1, n - 1, P9_TMKDIR, 9), -EIO);
	for (u32 i = 0; i < P9_HDR; i++)
		KEXPECT_EQ(p9_answer(&m, buf, i, i, P9_TMKDIR, 9), -EIO);
	/* A size that is smaller than what came bounds what can be taken. */
	buf[0] = 10;
	KEXPECT_EQ(p9_answer(&m, buf, n, n, P9_TMKDIR, 9), 0);
	(void)p9_qid(&m);
	KEXPECT_EQ(p9_done(&m), -EIO);
}

static int error_of(u32 ecode)
{
	struct p9_msg m;

	p9_begin(&m, buf, sizeof(buf), P9_RLERROR, 3);
	p9_put(&m, "d", ecode);
	KEXPECT_EQ(p9_end(&m, 0), 0);
	return p9_answer(&m, buf, m.pos, m.pos, P9_TREAD, 3);
}

KTEST(p9, errors)
{
	KEXPECT_EQ(error_of(2), -ENOENT);
	KEXPECT_EQ(error_of(0), -EIO);
	KEXPECT_EQ(error_of(5000), -EIO);
	KEXPECT_EQ(error_of(0xffffffff), -EIO);
}

KTEST(p9, attributes)
{
	struct p9_msg m;
	struct p9_attr a;

	p9_begin(&m, buf, sizeof(buf), (enum p9_type)(P9_TGETATTR + 1), 1);
	p9_put(&m, "qbdqdddqqqqq", 0x7ffull, 0, 1, 2ull, 0100644, 1000, 1001, 1ull, 0ull, 12345ull, 4096ull, 24ull);
	p9_put(&m, "qqqqqqqqqq", 1ull, 2ull, 3ull, 999999999ull, 5ull, 2000000000ull, 7ull, 8ull, 9ull, 10ull);
	KEXPECT_EQ(p9_end(&m, 0), 0);
	KEXPECT_EQ(m.pos, 160);
	KEXPECT_EQ(p9_answer(&m, buf, m.pos, m.pos, P9_TGETATTR, 1), 0);
	p9_attr(&m, &a);
	KEXPECT_EQ(p9_done(&m), 0);
	KEXPECT_EQ(a.size, 12345);
	KEXPECT_EQ(a.gid, 1001);
	KEXPECT_EQ(a.mtime.nsec, 999999999);
	KEXPECT_EQ(a.ctime.nsec, 0);
	KEXPECT_EQ(a.data_version, 10);
}

static u32 entry(u32 at, const char *name, u32 len, u64 off)
{
	struct p9_msg m = { .data = buf, .size = sizeof(buf), .pos = at };

	p9_put(&m, "bdqqb", 0, 0, 5ull, off, 8);
	p9_put_str(&m, name, len);
	return m.pos;
}

KTEST(p9, directories)
{
	struct p9_dirent e;
	u32 n = entry(entry(0, "a", 1, 1), "longer", 6, 2), pos = 0;

	KEXPECT_EQ(p9_dirent_next(buf, n, &pos, &e), 1);
	KEXPECT(e.len == 1 && e.name[0] == 'a' && e.offset == 1);
	KEXPECT_EQ(p9_dirent_next(buf, n, &pos, &e), 1);
	KEXPECT(e.len == 6 && !memcmp(e.name, "longer", 6));
	KEXPECT_EQ(p9_dirent_next(buf, n, &pos, &e), 0);
	for (u32 cut = 1; cut < n; cut++) {
		int r;

		pos = 0;
		do
			r = p9_dirent_next(buf, cut, &pos, &e);
		while (r > 0);
		KEXPECT(pos <= cut);
		KEXPECT(r == -EIO || pos == cut);
	}
	pos = 0;
	n = entry(0, "a/b", 3, 1);
	KEXPECT_EQ(p9_dirent_next(buf, n, &pos, &e), -EIO);
	n = entry(0, "a\0b", 3, 1);
	KEXPECT_EQ(p9_dirent_next(buf, n, &pos, &e), -EIO);
	n = entry(0, "", 0, 1);
	KEXPECT_EQ(p9_dirent_next(buf, n, &pos, &e), -EIO);
	n = entry(0, "a", 1, 1ull << 63);
	KEXPECT_EQ(p9_dirent_next(buf, n, &pos, &e), -EIO);
}

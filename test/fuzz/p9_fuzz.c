/* SPDX-License-Identifier: MPL-2.0 */
/* Answers of a 9P server: any bytes, taken apart as each kind of answer. */
#include <base/p9.h>
#include <base/string.h>
#include "fuzz.h"

static void walk(struct p9_msg *m)
{
	u16 n = p9_u16(m);

	for (u16 i = 0; i < n && !m->bad; i++)
		(void)p9_qid(m);
}

static void take(struct p9_msg *m, u8 kind)
{
	struct p9_attr a;
	struct p9_statfs s;
	struct p9_lock l;
	const char *t;
	volatile char last;
	u16 len;

	switch (kind % 5) {
	case 0:
		p9_attr(m, &a);
		FUZZ_CHECK(p9_done(m) || (a.mtime.nsec < 1000000000 && a.size < 1ull << 63));
		break;
	case 1:
		p9_statfs(m, &s);
		break;
	case 2:
		p9_lock(m, &l);
		break;
	case 3:
		walk(m);
		break;
	case 4:
		t = p9_str(m, &len);
		if (len)
			last = t[len - 1];
		(void)last;
		break;
	}
	FUZZ_CHECK(m->pos <= m->size);
}

int LLVMFuzzerTestOneInput(const u8 *p, size_t n)
{
	struct p9_dirent e;
	struct p9_msg m;
	u32 pos = 0;

	if (n < 9)
		return 0;
	if (!p9_answer(&m, (void *)(p + 2), (u32)n - 2, (u32)n - 2, (enum p9_type)p[0], (u16)(p[7] | p[8] << 8)))
		take(&m, p[1]);
	while (p9_dirent_next(p, (u32)n, &pos, &e) > 0) {
		FUZZ_CHECK(pos <= n && e.len && e.len <= 255);
		FUZZ_CHECK(!memchr(e.name, '/', e.len));
	}
	return 0;
}

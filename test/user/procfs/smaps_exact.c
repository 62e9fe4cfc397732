/* SPDX-License-Identifier: MPL-2.0 */
/* /proc/self/smaps, smaps_rollup, clear_refs, pagemap: numbers of a mapping whose pages are known. */
#include "ktest_user.h"

static char text[1 << 18];

/* A field in kB of the mapping at m. */
static long field(void *m, const char *name)
{
	char head[32], *p;
	ssize_t n = 0, r;
	int fd = CHECK_OK(open("/proc/self/smaps", O_RDONLY));

	while ((r = read(fd, text + n, sizeof(text) - 1 - n)) > 0)
		n += r;
	close(fd);
	text[n] = 0;
	snprintf(head, sizeof(head), "\n%lx-", (unsigned long)m);
	p = strstr(text, head);
	CHECK(p != NULL);
	snprintf(head, sizeof(head), "\n%s:", name);
	p = strstr(p, head);
	CHECK(p != NULL);
	return strtol(p + strlen(head), NULL, 10);
}

static void *guarded(size_t n)
{
	char *m = kt_map(n + 2, PROT_NONE);

	CHECK_OK(mprotect(m + PG, n * PG, PROT_READ | PROT_WRITE));
	return m + PG;
}

CASE(private_then_shared)
{
	char *m = guarded(16);
	pid_t p;
	int fd[2];
	char c;

	memset(m, 1, 8 * PG);
	CHECK_EQ(field(m, "Size"), 64);
	CHECK_EQ(field(m, "Rss"), 32);
	CHECK_EQ(field(m, "Pss"), 32);
	CHECK_EQ(field(m, "Private_Dirty"), 32);
	CHECK_EQ(field(m, "Shared_Dirty"), 0);
	CHECK_EQ(field(m, "Anonymous"), 32);
	CHECK_EQ(field(m, "Referenced"), 32);
	CHECK_EQ(field(m, "Swap"), 0);
	CHECK_OK(pipe(fd));
	CHILD(p) {
		close(fd[1]);
		CHECK_EQ(read(fd[0], &c, 1), 0);
	}
	CHECK_EQ(field(m, "Rss"), 32);
	CHECK_EQ(field(m, "Pss"), 16);
	CHECK_EQ(field(m, "Shared_Dirty"), 32);
	CHECK_EQ(field(m, "Private_Dirty"), 0);
	close(fd[1]);
	WAIT_EXIT(p, 0);
	CHECK_EQ(field(m, "Pss"), 32);
}
CASE(clear_refs)
{
	char *m = guarded(8);
	int fd = CHECK_OK(open("/proc/self/clear_refs", O_WRONLY));

	memset(m, 1, 8 * PG);
	CHECK_EQ(write(fd, "1\n", 2), 2);
	CHECK_EQ(field(m, "Referenced"), 0);
	CHECK_EQ(m[3 * PG], 1);
	CHECK_EQ(m[5 * PG], 1);
	/* two pages, as far as the processor looked them up anew */
	CHECK(field(m, "Referenced") <= 8);
	CHECK_EQ(field(m, "Rss"), 32);
	CHECK_ERR(write(fd, "0", 1), EINVAL);
	CHECK_ERR(write(fd, "6", 1), EINVAL);
	CHECK_ERR(write(fd, "x", 1), EINVAL);
	CHECK_EQ(write(fd, "5", 1), 1);
}
CASE(pagemap)
{
	char *m = guarded(4);
	int fd = CHECK_OK(open("/proc/self/pagemap", O_RDONLY));
	unsigned long w[4];

	m[0] = m[2 * PG] = 1;
	CHECK_EQ(pread(fd, w, sizeof(w), (unsigned long)m / PG * 8), (long)sizeof(w));
	CHECK(w[0] >> 63 && w[2] >> 63 && !(w[1] >> 63) && !(w[3] & ~(1UL << 55)));
	CHECK((w[0] >> 56 & 1) && !(w[0] >> 61 & 1));
	CHECK((w[0] & ((1UL << 55) - 1)) != (w[2] & ((1UL << 55) - 1)));
	CHECK_ERR(pread(fd, w, 7, 0), EINVAL);
	CHECK_ERR(pread(fd, w, 8, 3), EINVAL);
}
CASE(rollup)
{
	char buf[4096];

	kt_get("/proc/self/smaps_rollup", buf, sizeof(buf));
	CHECK(strstr(buf, "[rollup]\nRss:") != NULL);
	CHECK(strstr(buf, "\nPss_Anon:") && strstr(buf, "\nPrivate_Dirty:") && strstr(buf, "\nSwapPss:"));
}

/* SPDX-License-Identifier: MPL-2.0 */
/* Strings and memory blocks against a byte-by-byte model, at all small sizes and alignments. */
#include <base/errno.h>
#include <base/string.h>
#include <core/ktest.h>

#define N 400

static u8 a[N], b[N], model[N];

static void fill(u8 *p, u32 seed)
{
	for (int i = 0; i < N; i++) {
		seed = seed * 1664525 + 1013904223;
		p[i] = (u8)(seed >> 24);
	}
}

static bool same(const u8 *x, const u8 *y)
{
	for (int i = 0; i < N; i++)
		if (x[i] != y[i])
			return false;
	return true;
}

KTEST(string, memcpy)
{
	for (int n = 0; n <= 300; n++)
		for (int from = 0; from < 10; from += 3)
			for (int to = 0; to < 10; to += 3) {
				fill(a, (u32)n);
				fill(b, 7);
				fill(model, 7);
				for (int i = 0; i < n; i++)
					model[to + i] = a[from + i];
				KEXPECT(memcpy(b + to, a + from, (size_t)n) == b + to);
				KREQUIRE(same(b, model));
			}
}

KTEST(string, memmove_overlapping)
{
	for (int n = 0; n <= 200; n++)
		for (int delta = -70; delta <= 70; delta++) {
			int from = 80, to = 80 + delta;

			fill(a, (u32)(n + delta));
			fill(model, (u32)(n + delta));
			for (int i = 0; i < n; i++)
				b[i] = a[from + i];
			for (int i = 0; i < n; i++)
				model[to + i] = b[i];
			memmove(a + to, a + from, (size_t)n);
			KREQUIRE(same(a, model));
		}
}

KTEST(string, memset)
{
	for (int n = 0; n <= 300; n++)
		for (int to = 0; to < 9; to++) {
			fill(a, 3);
			fill(model, 3);
			for (int i = 0; i < n; i++)
				model[to + i] = 0xc3;
			KEXPECT(memset(a + to, 0x12c3, (size_t)n) == a + to);
			KREQUIRE(same(a, model));
		}
}

KTEST(string, memcmp_order)
{
	for (int n = 1; n < 40; n++)
		for (int i = 0; i < n; i++) {
			fill(a, 5);
			fill(b, 5);
			KEXPECT_EQ(memcmp(a, b, (size_t)n), 0);
			b[i] = 0xff;
			a[i] = 0x7f;
			KEXPECT(memcmp(a, b, (size_t)n) < 0);
			KEXPECT(memcmp(b, a, (size_t)n) > 0);
			KEXPECT_EQ(memcmp(a, b, (size_t)i), 0);
		}
}

KTEST(string, memchr_and_lengths)
{
	char s[80];

	for (int n = 0; n < 70; n++)
		for (int at = 0; at < 8; at++) {
			memset(s, 0x81, sizeof(s));
			s[at + n] = '\0';
			KEXPECT_EQ(strlen(s + at), n);
			KEXPECT_EQ(strnlen(s + at, 100), n);
			KEXPECT_EQ(strnlen(s + at, (size_t)n / 2), n / 2);
			KEXPECT(memchr(s + at, 0, (size_t)n + 1) == s + at + n);
			KEXPECT(memchr(s + at, 0, (size_t)n) == NULL);
		}
	/* A byte of 1 above the match must not be taken for a zero. */
	memcpy(s, "\x01\x01\x00\x01\x01\x01\x01\x01", 8);
	KEXPECT(memchr(s, 0, 8) == s + 2);
}

KTEST(string, compare)
{
	KEXPECT_EQ(strcmp("", ""), 0);
	KEXPECT(strcmp("a", "b") < 0);
	KEXPECT(strcmp("\xff", "a") > 0);
	KEXPECT(strcmp("ab", "a") > 0);
	KEXPECT_EQ(strncmp("abc", "abd", 2), 0);
	KEXPECT(strncmp("abc", "abd", 3) < 0);
	KEXPECT_EQ(strncmp("ab", "ab", 9), 0);
	KEXPECT_EQ(strcasecmp("HeLLo", "hEllO"), 0);
	KEXPECT(strcasecmp("a", "B") < 0);
	KEXPECT(strstarts("console=ttyS0", "console="));
	KEXPECT(!strstarts("con", "console="));
}

KTEST(string, search)
{
	const char *s = "hello world";

	KEXPECT(strchr(s, 'o') == s + 4);
	KEXPECT(strrchr(s, 'o') == s + 7);
	KEXPECT(strchr(s, '\0') == s + 11);
	KEXPECT(strrchr(s, '\0') == s + 11);
	KEXPECT(strchr(s, 'z') == NULL);
	KEXPECT(strstr(s, "world") == s + 6);
	KEXPECT(strstr(s, "") == s);
	KEXPECT(strstr(s, "worlds") == NULL);
	KEXPECT(strstr("aaab", "aab") != NULL);
	KEXPECT_EQ(strspn(s, "leh"), 4);
	KEXPECT_EQ(strcspn(s, " "), 5);
}

KTEST(string, strsep_splits)
{
	char buf[] = "a,,b";
	char *p = buf;

	KEXPECT(streq(strsep(&p, ","), "a"));
	KEXPECT(streq(strsep(&p, ","), ""));
	KEXPECT(streq(strsep(&p, ","), "b"));
	KEXPECT(strsep(&p, ",") == NULL);
}

KTEST(string, strscpy_cuts)
{
	char buf[4] = "zzz";

	KEXPECT_EQ(strscpy(buf, "abc", 4), 3);
	KEXPECT(streq(buf, "abc"));
	KEXPECT_EQ(strscpy(buf, "abcd", 4), -E2BIG);
	KEXPECT(streq(buf, "abc"));
	KEXPECT_EQ(strscpy(buf, "x", 1), -E2BIG);
	KEXPECT(streq(buf, ""));
}

KTEST(string, strstrip)
{
	char t[] = " \t a b\n ", u[] = "   ";

	KEXPECT(streq(strstrip(t), "a b"));
	KEXPECT(streq(strstrip(u), ""));
}

KTEST(string, glob)
{
	KEXPECT(glob_match("*", ""));
	KEXPECT(glob_match("a*c", "abbbc"));
	KEXPECT(!glob_match("a*c", "abbb"));
	KEXPECT(glob_match("*.c", "a.b.c"));
	KEXPECT(glob_match("?b[a-c]", "xbc"));
	KEXPECT(!glob_match("?b[!a-c]", "xbc"));
	KEXPECT(glob_match("[]]", "]"));
	KEXPECT(glob_match("[a", "[a"));
	KEXPECT(glob_match("\\*", "*"));
	KEXPECT(!glob_match("\\*", "a"));
	KEXPECT(!glob_match("", "a"));
	KEXPECT(!glob_match("abc", "ab"));
	KEXPECT(glob_match("*a*b*c*", "xxaxxbxxcxx"));
	KEXPECT(!glob_match("a", "ab"));
}

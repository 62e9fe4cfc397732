/* SPDX-License-Identifier: MPL-2.0 */
/* Formatted output: each conversion with its flags, cutting, and our own %p forms. */
#include <base/printf.h>
#include <base/string.h>
#include <core/ktest.h>

/* The compiler's format check does not know %pU and its kin. */
#pragma GCC diagnostic ignored "-Wformat"
#pragma GCC diagnostic ignored "-Wformat-extra-args"

static char buf[128];

static void check(const char *file, int line, const char *want, int len)
{
	if (!streq(buf, want) || len != (int)strlen(want))
		ktest_fail(file, line, want, len, (s64)strlen(want));
}

#define IS(want, ...) check(__FILE__, __LINE__, want, snprintf(buf, sizeof(buf), __VA_ARGS__))

KTEST(printf, integers)
{
	IS("0 -1 42", "%d %d %i", 0, -1, 42);
	IS("-2147483648 4294967295", "%d %u", INT32_MIN, UINT32_MAX);
	IS("-9223372036854775808", "%lld", (long long)INT64_MIN);
	IS("18446744073709551615", "%llu", ~0ull);
	IS("18446744073709551615 ffff", "%zu %lx", ~0ul, 0xfffful);
	IS("1234567 99 100 9", "%d %d %d %d", 1234567, 99, 100, 9);
	IS("-1 255 -1 65535", "%hhd %hhu %hd %hu", -1, 0xff, -1, 0xffff);
	IS("beef BEEF 0xbeef 0XBEEF 0", "%x %X %#x %#X %#x", 0xbeef, 0xbeef, 0xbeef, 0xbeef, 0);
	IS("777 0777 0", "%o %#o %#o", 0777, 0777, 0);
}

KTEST(printf, width_and_precision)
{
	const char *volatile null = NULL;

	IS("[   42] [42   ] [00042] [  042]", "[%5d] [%-5d] [%05d] [%5.3d]", 42, 42, 42, 42);
	IS("[-0042] [  -42] [+42] [ 42]", "[%05d] [%5d] [%+d] [% d]", -42, -42, 42, 42);
	IS("[0x002a] [    2a]", "[%#06x] [%6x]", 42, 42);
	IS("[] [0]", "[%.0d] [%d]", 0, 0);
	IS("[   7] [7   ]", "[%*d] [%*d]", 4, 7, -4, 7);
	IS("[  abc] [abc  ] [ab]", "[%5s] [%-5s] [%.2s]", "abc", "abc", "abc");
	IS("[ab] []", "[%.*s] [%.*s]", 2, "abc", 0, "abc");
	IS("[  c] [c]", "[%3c] [%c]", 'c', 'c');
	IS("100%", "%d%%", 100);
	IS("(null)", "%s", null);
}

KTEST(printf, precision_never_reads_past)
{
	char raw[3] = { 'a', 'b', 'c' };

	IS("abc", "%.3s", raw);
}

KTEST(printf, cuts)
{
	char small[4] = "zzz";

	KEXPECT_EQ(snprintf(small, 4, "%s", "abcdef"), 6);
	KEXPECT(streq(small, "abc"));
	KEXPECT_EQ(snprintf(small, 1, "xyz"), 3);
	KEXPECT(streq(small, ""));
	KEXPECT_EQ(snprintf(NULL, 0, "%d", 12345), 5);
	KEXPECT_EQ(scnprintf(small, 4, "abcdef"), 3);
	KEXPECT_EQ(scnprintf(small, 4, "ab"), 2);
	KEXPECT_EQ(scnprintf(small, 0, "ab"), 0);
}

KTEST(printf, pointers)
{
	static const u8 uuid[16] = { 0x12, 0x34, 0x56, 0x78, 0x9a, 0xbc, 0xde, 0xf0, 1, 2, 3, 4, 5, 6, 7, 8 };
	static const u8 ip6[16] = { 0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 1 };
	static const u8 one[16] = { [15] = 1 };
	static const u8 full[16] = { 0, 1, 0, 2, 0, 3, 0, 4, 0, 5, 0, 6, 0, 7, 0, 8 };

	IS("00000000deadbeef", "%px", (void *)0xdeadbeeful);
	IS("12345678-9abc-def0-0102-030405060708", "%pU", uuid);
	IS("12:34:56:78:9a:bc", "%pM", uuid);
	IS("12 34 56", "%*ph", 3, uuid);
	IS("18.52.86.120", "%pI4", uuid);
	IS("2001:db8::1:0:0:1", "%pI6", ip6);
	IS("::1", "%pI6", one);
	IS("1:2:3:4:5:6:7:8", "%pI6", full);
	IS("0000000000000000", "%p", NULL);
	KEXPECT_EQ(snprintf(buf, sizeof(buf), "%p", (void *)buf), 16);
}

KTEST(printf, unknown_is_shown)
{
	IS("%y 5", "%y %d", 5);
	IS("end%", "end%");
	IS("%5", "%5");
}

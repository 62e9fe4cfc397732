/* SPDX-License-Identifier: MPL-2.0 */
/* Numbers, options and the kernel command line. */
#include <base/cmdline.h>
#include <base/errno.h>
#include <base/parse.h>
#include <base/string.h>
#include <core/ktest.h>

KTEST(parse, u64)
{
	u64 v = 77;

	KEXPECT_EQ(kstrtou64("12", 10, &v), 0);
	KEXPECT_EQ(v, 12);
	KEXPECT_EQ(kstrtou64("0x1f\n", 0, &v), 0);
	KEXPECT_EQ(v, 0x1f);
	KEXPECT_EQ(kstrtou64("0x1F", 16, &v), 0);
	KEXPECT_EQ(v, 0x1f);
	KEXPECT_EQ(kstrtou64("017", 0, &v), 0);
	KEXPECT_EQ(v, 15);
	KEXPECT_EQ(kstrtou64("0", 0, &v), 0);
	KEXPECT_EQ(v, 0);
	KEXPECT_EQ(kstrtou64("18446744073709551615", 10, &v), 0);
	KEXPECT_EQ(v, -1);
	KEXPECT_EQ(kstrtou64("18446744073709551616", 10, &v), -ERANGE);
	KEXPECT_EQ(kstrtou64("", 10, &v), -EINVAL);
	KEXPECT_EQ(kstrtou64("0x", 0, &v), -EINVAL);
	KEXPECT_EQ(kstrtou64("12a", 10, &v), -EINVAL);
	KEXPECT_EQ(kstrtou64("1\n\n", 10, &v), -EINVAL);
	KEXPECT_EQ(kstrtou64("-1", 10, &v), -EINVAL);
	KEXPECT_EQ(kstrtou64("8", 8, &v), -EINVAL);
	KEXPECT_EQ(v, -1);
}

KTEST(parse, signed_limits)
{
	s64 v;
	int i;
	u32 u;

	KEXPECT_EQ(kstrtos64("-9223372036854775808", 10, &v), 0);
	KEXPECT_EQ(v, INT64_MIN);
	KEXPECT_EQ(kstrtos64("9223372036854775808", 10, &v), -ERANGE);
	KEXPECT_EQ(kstrtos64("-9223372036854775809", 10, &v), -ERANGE);
	KEXPECT_EQ(kstrtos64("-+1", 10, &v), -EINVAL);
	KEXPECT_EQ(kstrtoint("-2147483648", 10, &i), 0);
	KEXPECT_EQ(kstrtoint("2147483648", 10, &i), -ERANGE);
	KEXPECT_EQ(kstrtou32("4294967296", 10, &u), -ERANGE);
}

KTEST(parse, bools)
{
	bool b = false;

	KEXPECT(kstrtobool("yes", &b) == 0 && b);
	KEXPECT(kstrtobool("0", &b) == 0 && !b);
	KEXPECT(kstrtobool("on", &b) == 0 && b);
	KEXPECT(kstrtobool("off", &b) == 0 && !b);
	KEXPECT_EQ(kstrtobool("maybe", &b), -EINVAL);
	KEXPECT_EQ(kstrtobool("", &b), -EINVAL);
}

KTEST(parse, memparse)
{
	char *end;

	KEXPECT_EQ(memparse("64M,", &end), 64ul << 20);
	KEXPECT_EQ(*end, ',');
	KEXPECT_EQ(memparse("0x10k", &end), 16 << 10);
	KEXPECT_EQ(memparse("3", &end), 3);
	KEXPECT_EQ(memparse("16E", &end), -1);
}

KTEST(parse, options)
{
	static const struct opt_spec specs[] = {
		{ "size", 1, OPT_SIZE }, { "mode", 2, OPT_OCT }, { "ro", 3, OPT_NONE }, { "name", 4, OPT_STR },
	};
	char text[] = "size=4k,,mode=755,ro,name=x,ro=1,bad";
	char *s = text;
	const char *name;
	struct opt_value v;

	KEXPECT_EQ(opt_next(&s, specs, 4, &name, &v), 1);
	KEXPECT_EQ(v.num, 4096);
	KEXPECT_EQ(opt_next(&s, specs, 4, &name, &v), 2);
	KEXPECT_EQ(v.num, 0755);
	KEXPECT_EQ(opt_next(&s, specs, 4, &name, &v), 3);
	KEXPECT_EQ(opt_next(&s, specs, 4, &name, &v), 4);
	KEXPECT(streq(v.str, "x"));
	KEXPECT_EQ(opt_next(&s, specs, 4, &name, &v), -EINVAL);
	KEXPECT(streq(name, "ro"));
	KEXPECT_EQ(opt_next(&s, specs, 4, &name, &v), -EINVAL);
	KEXPECT(streq(name, "bad"));
	KEXPECT_EQ(opt_next(&s, specs, 4, &name, &v), -ENOENT);
}

KTEST(cmdline, words)
{
	char line[] = "  root=/dev/vda quiet  name=\"a b\"=c \"x y=z w\" -- tail\"";
	char *s = line, *n, *v;

	KREQUIRE(cmdline_next(&s, &n, &v));
	KEXPECT(streq(n, "root") && streq(v, "/dev/vda"));
	KREQUIRE(cmdline_next(&s, &n, &v));
	KEXPECT(streq(n, "quiet") && !v);
	KREQUIRE(cmdline_next(&s, &n, &v));
	KEXPECT(streq(n, "name") && streq(v, "a b=c"));
	KREQUIRE(cmdline_next(&s, &n, &v));
	KEXPECT(streq(n, "x y") && streq(v, "z w"));
	KREQUIRE(cmdline_next(&s, &n, &v));
	KEXPECT(streq(n, "--") && !v);
	KREQUIRE(cmdline_next(&s, &n, &v));
	KEXPECT(streq(n, "tail"));
	KEXPECT(!cmdline_next(&s, &n, &v));
}

KTEST(cmdline, get)
{
	char buf[8];
	const char *line = "console=ttyS0 loglevel=7 quiet \"init=/a b\" console=hvc0 long=123456789";

	KEXPECT_EQ(cmdline_get(line, "console", buf, sizeof(buf)), 4);
	KEXPECT(streq(buf, "hvc0"));
	KEXPECT_EQ(cmdline_get(line, "quiet", buf, sizeof(buf)), 0);
	KEXPECT_EQ(cmdline_get(line, "qui", buf, sizeof(buf)), -ENOENT);
	KEXPECT_EQ(cmdline_get(line, "init", buf, sizeof(buf)), 4);
	KEXPECT(streq(buf, "/a b"));
	KEXPECT_EQ(cmdline_get(line, "long", buf, sizeof(buf)), -E2BIG);
	KEXPECT(streq(buf, "1234567"));
	KEXPECT_EQ(cmdline_get("", "x", buf, sizeof(buf)), -ENOENT);
}

KTEST(cmdline, name_list)
{
	KEXPECT(name_list_has("sh,ls", "ls"));
	KEXPECT(!name_list_has("sh,ls", "l"));
	KEXPECT(name_list_has("*", "any"));
	KEXPECT(name_list_has("x,ba*", "bash"));
	KEXPECT(!name_list_has("", "x"));
}

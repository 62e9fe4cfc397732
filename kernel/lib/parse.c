/* SPDX-License-Identifier: MPL-2.0 */
/* Numbers and options out of text that users and boot loaders write. */
#include <base/errno.h>
#include <base/math.h>
#include <base/parse.h>
#include <base/string.h>

static int digit_value(char c)
{
	if (isdigit(c))
		return c - '0';
	c = (char)tolower((u8)c);
	return c >= 'a' && c <= 'z' ? c - 'a' + 10 : 99;
}

/* Settle base 0 by prefix, and skip a 0x where base 16 allows it. */
static const char *number_prefix(const char *s, unsigned int *base)
{
	bool hex = s[0] == '0' && tolower((u8)s[1]) == 'x' && digit_value(s[2]) < 16;

	if (*base == 0)
		*base = hex ? 16 : s[0] == '0' ? 8 : 10;
	return *base == 16 && hex ? s + 2 : s;
}

/* Digits at s; *end behind them. True if the value did not fit (then it is ~0). */
static bool read_digits(const char *s, unsigned int base, u64 *res, const char **end)
{
	bool over = false;
	u64 v = 0;
	int d;

	for (; (d = digit_value(*s)) < (int)base; s++) {
		over |= check_mul(v, (u64)base, &v);
		over |= check_add(v, (u64)d, &v);
	}
	*res = over ? ~0ull : v;
	*end = s;
	return over;
}

u64 simple_strtoull(const char *s, char **end, unsigned int base)
{
	const char *digits = number_prefix(s, &base), *stop;
	u64 v;

	read_digits(digits, base, &v, &stop);
	if (end)
		*end = (char *)stop;
	return v;
}

int kstrtou64(const char *s, unsigned int base, u64 *res)
{
	const char *digits, *end;
	bool over;
	u64 v;

	if (*s == '+')
		s++;
	digits = number_prefix(s, &base);
	over = read_digits(digits, base, &v, &end);
	if (end == digits)
		return -EINVAL;
	if (*end == '\n')
		end++;
	if (*end)
		return -EINVAL;
	if (over)
		return -ERANGE;
	*res = v;
	return 0;
}

int kstrtos64(const char *s, unsigned int base, s64 *res)
{
	bool neg = *s == '-';
	u64 v;
	int err;

	if (neg && s[1] == '+')
		return -EINVAL;
	err = kstrtou64(s + neg, base, &v);
	if (err)
		return err;
	if (v > (u64)INT64_MAX + neg)
		return -ERANGE;
	*res = neg ? (s64)(0 - v) : (s64)v;
	return 0;
}

int kstrtou32(const char *s, unsigned int base, u32 *res)
{
	u64 v;
	int err = kstrtou64(s, base, &v);

	if (!err && v > UINT32_MAX)
		err = -ERANGE;
	if (!err)
		*res = (u32)v;
	return err;
}

int kstrtoint(const char *s, unsigned int base, int *res)
{
	s64 v;
	int err = kstrtos64(s, base, &v);

	if (!err && v != (int)v)
		err = -ERANGE;
	if (!err)
		*res = (int)v;
	return err;
}

int kstrtobool(const char *s, bool *res)
{
	switch (tolower((u8)s[0])) {
	case 'y': case 't': case '1':
		*res = true;
		return 0;
	case 'n': case 'f': case '0':
		*res = false;
		return 0;
	case 'o':
		if (tolower((u8)s[1]) == 'n' || tolower((u8)s[1]) == 'f') {
			*res = tolower((u8)s[1]) == 'n';
			return 0;
		}
	}
	return -EINVAL;
}

u64 memparse(const char *s, char **end)
{
	char *stop;
	u64 v = simple_strtoull(s, &stop, 0);
	int shift = 0;

	switch (toupper((u8)*stop)) {
	case 'E': shift += 10; fallthrough;
	case 'P': shift += 10; fallthrough;
	case 'T': shift += 10; fallthrough;
	case 'G': shift += 10; fallthrough;
	case 'M': shift += 10; fallthrough;
	case 'K': shift += 10;
		stop++;
	}
	if (end)
		*end = stop;
	return v > ~0ull >> shift ? ~0ull : v << shift;
}

static int opt_number(const char *s, enum opt_arg arg, u64 *num)
{
	char *end;

	switch (arg) {
	case OPT_U64:
		return kstrtou64(s, 0, num);
	case OPT_OCT:
		return kstrtou64(s, 8, num);
	case OPT_SIZE:
		if (!isdigit(*s))
			return -EINVAL;
		*num = memparse(s, &end);
		return *end ? -EINVAL : 0;
	default:
		return 0;
	}
}

int opt_next(char **s, const struct opt_spec *specs, size_t n, const char **name, struct opt_value *v)
{
	char *word;

	do {
		word = strsep(s, ",");
		if (!word)
			return -ENOENT;
	} while (!*word);
	v->str = strchr(word, '=');
	v->num = 0;
	if (v->str)
		*v->str++ = '\0';
	*name = word;
	for (size_t i = 0; i < n; i++) {
		if (!streq(specs[i].name, word))
			continue;
		if ((specs[i].arg != OPT_NONE) != (v->str != NULL))
			return -EINVAL;
		if (v->str && opt_number(v->str, specs[i].arg, &v->num))
			return -EINVAL;
		return specs[i].id;
	}
	return -EINVAL;
}

/* SPDX-License-Identifier: MPL-2.0 */
/* The kernel command line, mount options, numbers and printf formats out of any text. */
#include <base/cmdline.h>
#include <base/parse.h>
#include <base/printf.h>
#include <base/string.h>
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const u8 *p, size_t n)
{
	static const struct opt_spec specs[] = {
		{ "size", 1, OPT_SIZE }, { "mode", 2, OPT_OCT }, { "uid", 3, OPT_U64 }, { "ro", 4, OPT_NONE }, { "s", 5, OPT_STR },
	};
	char *line = __builtin_malloc(n + 1), *copy = __builtin_malloc(n + 1), *s, *name, *value, buf[32];
	struct opt_value v;
	const char *opt;
	s64 num;
	bool b;

	memcpy(line, p, n);
	line[n] = '\0';
	memcpy(copy, line, n + 1);
	cmdline_get(line, "init", buf, sizeof(buf));
	name_list_has(line, "sh");
	(void)!kstrtos64(line, 0, &num);
	(void)!kstrtobool(line, &b);
	memparse(line, &s);
	FUZZ_CHECK(s >= line && s <= line + n);
	for (s = line; cmdline_next(&s, &name, &value);)
		FUZZ_CHECK(name >= line && s <= line + n && (!value || value > name));
	for (s = copy; opt_next(&s, specs, 5, &opt, &v) != -2;)
		;
	__builtin_free(line);
	__builtin_free(copy);
	return 0;
}

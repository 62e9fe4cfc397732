/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The kernel command line, and the initcall levels. The line is cut into words at blanks; double quotes
 * keep blanks together and are taken away. "name" and "name=value" go to the KPARAM of that name ('-' and
 * '_' are the same in names); all of several with one name are called. What nobody takes is for
 * init: name=value to its environment, bare words to its arguments; names with a dot (module
 * parameters) to neither. After "--" all words are init's arguments.
 *
 * cmdline_next() is pure and tested on hostile input. The rest runs once, at boot, on one CPU.
 */
#include <base/errno.h>
#include <base/string.h>
#include <core/hooks.h>
#include <core/init.h>
#include <core/ktest.h>
#include <core/panic.h>
#include <core/preempt.h>
#include <core/printk.h>
#include "internal.h"

#define CMDLINE_MAX	4096

static char line_as_given[CMDLINE_MAX];
static char line_words[CMDLINE_MAX];	/* cut up by cmdline_parse(); init's strings stay here */
const char *boot_command_line = line_as_given;

char *cmdline_next(char **pos)
{
	char *p = *pos, *start, *out;
	bool quoted = false;

	while (isspace(*p))
		p++;
	if (!*p) {
		*pos = p;
		return NULL;
	}
	start = p;
	for (out = p; *p && (quoted || !isspace(*p)); p++) {
		if (*p == '"')
			quoted = !quoted;
		else
			*out++ = *p;
	}
	*pos = *p ? p + 1 : p;
	*out = '\0';
	return start;
}

/* Length of the name if the word is `name` or `name=...`. */
static bool name_matches(const char *name, const char *word, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++) {
		char a = name[i] == '-' ? '_' : name[i], b = word[i] == '-' ? '_' : word[i];

		if (!a || a != b)
			return false;
	}
	return !name[i];
}

/* Give a word to its parameters; false if nobody knows it. Only those of `early`, unless it is known elsewhere. */
static bool param_run(const char *word, int early)
{
	size_t len = strcspn(word, "=");
	const char *value = word[len] ? word + len + 1 : "";
	bool known = false;

	for (const struct kparam *k = __kparam_start; k < __kparam_end; k++) {
		if (!name_matches(k->name, word, len))
			continue;
		known = true;
		if (k->early == early && k->set(value))
			pr_warn("command line: %s: bad value\n", word);
	}
	return known;
}

void cmdline_init(const char *line)
{
	static char words[CMDLINE_MAX];
	char *pos = words, *word;

	if (!line)
		line = "";
	if (strscpy(line_as_given, line, sizeof(line_as_given)) < 0)
		pr_warn("command line is longer than %d bytes: the rest is lost\n", CMDLINE_MAX - 1);
	memcpy(line_words, line_as_given, sizeof(line_words));
	memcpy(words, line_as_given, sizeof(words));
	while ((word = cmdline_next(&pos))) {
		if (streq(word, "--"))
			break;
		param_run(word, 1);
	}
}

void cmdline_parse(const char *argv[], int *argc, const char *envp[], int *envc, int max)
{
	char *pos = line_words, *word;
	bool for_init = false;

	while ((word = cmdline_next(&pos))) {
		if (!for_init) {
			if (streq(word, "--")) {
				for_init = true;
				continue;
			}
			if (param_run(word, 0))
				continue;
			if (memchr(word, '.', strcspn(word, "=")))
				continue;
			if (strchr(word, '=')) {
				if (*envc < max)
					envp[(*envc)++] = word;
				else
					pr_warn("command line: no room for %s\n", word);
				continue;
			}
		}
		if (*argc < max)
			argv[(*argc)++] = word;
		else
			pr_warn("command line: no room for %s\n", word);
	}
}

void initcalls_run(int level)
{
	static const struct initcall *const starts[] = {
		NULL, __initcall_level1, __initcall_level2, __initcall_level3, __initcall_level4,
		__initcall_level5, __initcall_level6, __initcall_level7, __initcall_end,
	};

	VERIFY(level >= 1 && level <= 7);
	for (const struct initcall *c = starts[level]; c < starts[level + 1]; c++) {
		u32 depth = preempt_count();
		int err = c->fn();

		if (err)
			pr_err("init: %s failed: %d\n", c->name, err);
		if (preempt_count() != depth || irqs_disabled())
			panic("init: %s returned with preempt count %#x, interrupts %s", c->name,
			      preempt_count(), irqs_disabled() ? "off" : "on");
	}
}

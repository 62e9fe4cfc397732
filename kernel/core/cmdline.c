/* SPDX-License-Identifier: MPL-2.0 */
/*
 * What the words of the command line (base/cmdline.h) do, and the initcall levels. A word goes to the
 * KPARAMs of its name, early ones before there is memory. What nobody takes is for init: name=value to
 * its environment, bare words to its arguments; names with a dot (module parameters) to neither.
 * After "--" all words are init's arguments. Runs once, at boot, on one CPU.
 */
#include <base/cmdline.h>
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

/* '-' and '_' are the same in names. */
static bool name_matches(const char *a, const char *b)
{
	for (; *a && *b; a++, b++)
		if ((*a == '-' ? '_' : *a) != (*b == '-' ? '_' : *b))
			return false;
	return *a == *b;
}

/* Call the early or the other parameters of that name; false if nobody knows it at all. */
static bool param_run(const char *name, const char *value, int early)
{
	bool known = false;

	for (const struct kparam *k = __kparam_start; k < __kparam_end; k++) {
		if (!name_matches(k->name, name))
			continue;
		known = true;
		if (k->early == early && k->set(value ? value : ""))
			pr_warn("command line: %s: bad value \"%s\"\n", name, value ? value : "");
	}
	return known;
}

void cmdline_init(const char *line)
{
	static char words[CMDLINE_MAX];
	char *pos = words, *name, *value;

	if (!line)
		line = "";
	if (strscpy(line_as_given, line, sizeof(line_as_given)) < 0)
		pr_warn("command line is longer than %d bytes: the rest is lost\n", CMDLINE_MAX - 1);
	memcpy(line_words, line_as_given, sizeof(line_words));
	memcpy(words, line_as_given, sizeof(words));
	while (cmdline_next(&pos, &name, &value)) {
		if (streq(name, "--"))
			break;
		param_run(name, value, 1);
	}
}

static void give(const char *strings[], int *n, int max, char *name, char *value)
{
	/* The word is whole again: the value stands right behind the name's end. */
	if (value)
		value[-1] = '=';
	if (*n < max)
		strings[(*n)++] = name;
	else
		pr_warn("command line: no room for %s\n", name);
}

void cmdline_parse(const char *argv[], int *argc, const char *envp[], int *envc, int max)
{
	char *pos = line_words, *name, *value;
	bool all_to_init = false;

	while (cmdline_next(&pos, &name, &value)) {
		if (all_to_init) {
			give(argv, argc, max, name, value);
		} else if (streq(name, "--")) {
			all_to_init = true;
		} else if (!param_run(name, value, 0) && !strchr(name, '.')) {
			if (value)
				give(envp, envc, max, name, value);
			else
				give(argv, argc, max, name, value);
		}
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

/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Options of file systems as tables: name, number, what value follows (base/parse.h). mount(2) and remount hand the
 * whole text over; fsconfig(2) asks for one at a time, before there is an instance.
 */
#ifndef FS_FS_PARSE_H
#define FS_FS_PARSE_H

#include <base/parse.h>

/* Take option `id` over into arg. 0, -EINVAL: not such a value, or another -errno. */
typedef int (*fs_option_fn)(int id, const struct opt_value *v, void *arg);

struct fs_options {
	const char *fs;			/* for messages */
	const struct opt_spec *spec;
	size_t n;
	fs_option_fn one;
};

/* All of text (NULL: none). -EINVAL after a line in the log that names the option; -ENOMEM; what `one` said. */
__must_check int fs_options_parse(const struct fs_options *o, const char *text, void *arg);
/* The same without a word: -ENOPARAM for an option that is not in the table. For fs_type.check_options. */
__must_check int fs_options_check(const struct fs_options *o, const char *text, void *arg);

#endif

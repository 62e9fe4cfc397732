/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Mount options and the like: a,b=c,d=12 (kernel/lib/parse.c).
 */
#ifndef BASE_PARSE_H
#define BASE_PARSE_H

#include <base/compiler.h>
#include <base/types.h>

/* One option that a list knows; `arg` says what follows '='. */
enum opt_arg { OPT_NONE, OPT_STR, OPT_U64, OPT_OCT, OPT_SIZE };	/* SIZE: with K, M, G */

struct opt_spec {
	const char *name;
	int id;
	enum opt_arg arg;
};

struct opt_value {
	char *str;	/* as written; NULL if there was no '=' */
	u64 num;
};

/*
 * Cut the next option off *s (changed in place, separated by commas) and look it up. Its id; -ENOENT
 * at the end; -EINVAL unknown, or a value missing, malformed or not wanted (*name says which).
 */
__must_check int opt_next(char **s, const struct opt_spec *specs, size_t n, const char **name, struct opt_value *v);

#endif

/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The kernel command line as words (kernel/lib/cmdline.c).
 */
#ifndef BASE_CMDLINE_H
#define BASE_CMDLINE_H

#include <base/compiler.h>
#include <base/types.h>

/*
 * Cut the next word off *s (changed in place, quotes "..." around blanks go away). *name, and *value
 * after the first '=', or NULL if there is none. False at the end. A word "--" comes like any other.
 */
bool cmdline_next(char **s, char **name, char **value);
/*
 * The value of name=value in a line that is not changed: copied to buf. Last one wins. Length,
 * or -ENOENT, -E2BIG (cut). "name" alone has value "".
 */
ssize_t cmdline_get(const char *line, const char *name, char *buf, size_t size);
/* "a,b,c" has b? For lists of names; '*' in a list matches anything that glob_match() does. */
bool name_list_has(const char *list, const char *name);

#endif

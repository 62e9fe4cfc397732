/* SPDX-License-Identifier: MPL-2.0 */
/* The kernel command line as words: blanks separate, double quotes keep them in. keel: no-sanitize (early boot). */
#include <base/cmdline.h>
#include <base/errno.h>
#include <base/string.h>

bool cmdline_next(char **s, char **name, char **value)
{
	char *p = *s, *to;
	bool quoted = false;

	while (isspace((u8)*p))
		p++;
	if (!*p)
		return false;
	*name = to = p;
	*value = NULL;
	for (; *p && (quoted || !isspace((u8)*p)); p++) {
		if (*p == '"') {
			quoted = !quoted;
			continue;
		}
		if (*p == '=' && !*value) {
			*to++ = '\0';
			*value = to;
			continue;
		}
		*to++ = *p;
	}
	/* `to` may be where p is, so look before the word is ended. */
	*s = *p ? p + 1 : p;
	*to = '\0';
	return true;
}

/* Copy a word's value up to its end, without quotes. Length, -E2BIG when cut. */
static ssize_t copy_value(const char *p, bool quoted, char *buf, size_t size)
{
	size_t n = 0;

	for (; *p && (quoted || !isspace((u8)*p)); p++) {
		if (*p == '"') {
			quoted = !quoted;
			continue;
		}
		if (n + 1 < size)
			buf[n] = *p;
		n++;
	}
	if (size)
		buf[n < size ? n : size - 1] = '\0';
	return n < size ? (ssize_t)n : -E2BIG;
}

ssize_t cmdline_get(const char *line, const char *name, char *buf, size_t size)
{
	ssize_t found = -ENOENT;
	size_t len = strlen(name);

	for (const char *p = line; *p;) {
		bool quoted = false;

		if (isspace((u8)*p)) {
			p++;
			continue;
		}
		if (*p == '"') {
			quoted = true;
			p++;
		}
		if (strncmp(p, name, len) == 0) {
			char c = p[len];

			if (c == '=')
				found = copy_value(p + len + 1, quoted, buf, size);
			else if (!c || isspace((u8)c) || (c == '"' && quoted))
				found = copy_value("", false, buf, size);
		}
		for (; *p && (quoted || !isspace((u8)*p)); p++)
			if (*p == '"')
				quoted = !quoted;
	}
	return found;
}

bool name_list_has(const char *list, const char *name)
{
	char word[64];

	while (*list) {
		size_t n = strcspn(list, ",");

		if (n < sizeof(word)) {
			memcpy(word, list, n);
			word[n] = '\0';
			if (glob_match(word, name))
				return true;
		}
		list += n + (list[n] == ',');
	}
	return false;
}

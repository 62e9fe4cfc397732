/* SPDX-License-Identifier: MPL-2.0 */
/* Options of file systems by their tables (fs/fs_parse.h). */
#include <base/errno.h>
#include <base/string.h>
#include <core/printk.h>
#include <core/slab.h>
#include <fs/fs_parse.h>
#include <fs/super.h>

static bool is_known(const struct fs_options *o, const char *name)
{
	for (size_t i = 0; i < o->n; i++)
		if (streq(o->spec[i].name, name))
			return true;
	return false;
}

static int parse(const struct fs_options *o, const char *text, void *arg, bool tell)
{
	char *copy, *s;
	int err = 0;

	if (!text || !*text)
		return 0;
	copy = kstrdup(text, GFP_KERNEL);
	if (!copy)
		return -ENOMEM;
	for (s = copy; !err;) {
		struct opt_value v;
		const char *name;
		int id = opt_next(&s, o->spec, o->n, &name, &v);

		if (id == -ENOENT)
			break;
		if (id >= 0) {
			err = o->one(id, &v, arg);
			if (err == -EINVAL && tell)
				pr_err("%s: Bad value for '%s'\n", o->fs, name);
			continue;
		}
		err = is_known(o, name) ? -EINVAL : -ENOPARAM;
		if (tell)
			pr_err("%s: %s '%s'\n", o->fs, err == -EINVAL ? "Bad value for" : "Unknown parameter", name);
	}
	kfree(copy);
	return err;
}

int fs_options_parse(const struct fs_options *o, const char *text, void *arg)
{
	int err = parse(o, text, arg, true);

	return err == -ENOPARAM ? -EINVAL : err;
}

int fs_options_check(const struct fs_options *o, const char *text, void *arg)
{
	return parse(o, text, arg, false);
}

int fs_refuse_options(const char *fs, const char *options)
{
	const struct fs_options none = { .fs = fs };

	return fs_options_parse(&none, options, NULL);
}

/* SPDX-License-Identifier: MPL-2.0 */
/*
 * "#!" scripts: the first line names an interpreter and at most one argument; the interpreter is run with
 * that argument, the script's name, and the script's own arguments. The line is looked at within the first
 * 256 bytes; an interpreter name that does not end there is refused.
 */
#include <base/string.h>
#include <fs/file.h>
#include "exec.h"

static bool blank(char c)
{
	return c == ' ' || c == '\t';
}

/* Cut the line in head into interpreter and argument (NULL: none), in place. */
static int parse_line(char *head, char **interp, char **arg)
{
	char *end = head + EXEC_HEAD_SIZE - 1, *nl, *p;

	nl = memchr(head, '\n', EXEC_HEAD_SIZE);
	if (!nl) {
		/* cut off: fine if only the argument is */
		for (p = head + 2; p < end && blank(*p); p++)
			;
		while (p < end && *p && !blank(*p))
			p++;
		if (p == end)
			return -ENOEXEC;
		nl = end;
	}
	while (nl > head + 2 && blank(nl[-1]))
		nl--;
	*nl = 0;
	for (p = head + 2; blank(*p); p++)
		;
	if (!*p)
		return -ENOEXEC;
	*interp = p;
	while (*p && !blank(*p))
		p++;
	*arg = NULL;
	if (*p) {
		*p++ = 0;
		while (blank(*p))
			p++;
		if (*p)
			*arg = p;
	}
	return 0;
}

int script_load(struct exec_ctx *x)
{
	char *interp, *arg;
	struct filename *name;
	struct file *f;
	int err;

	if (x->head[0] != '#' || x->head[1] != '!')
		return -ENOEXEC;
	err = parse_line((char *)x->head, &interp, &arg);
	if (err)
		return err;
	if (x->cloexec_fd)
		return -ENOENT;
	/* argv[0] gives way to: interpreter, argument, script. */
	if (x->argc) {
		exec_pop(x);
		x->argc--;
	}
	err = exec_push_kernel(x, x->interp);
	if (!err)
		x->argc++;
	if (!err && arg) {
		err = exec_push_kernel(x, arg);
		x->argc++;
	}
	if (!err) {
		err = exec_push_kernel(x, interp);
		x->argc++;
	}
	if (err)
		return err;
	interp = kstrdup(interp, GFP_KERNEL);
	if (!interp)
		return -ENOMEM;
	kfree(x->interp_buf);
	x->interp_buf = interp;
	x->interp = interp;
	name = filename_kernel(interp);
	if (IS_ERR(name))
		return (int)PTR_ERR(name);
	f = exec_open(AT_FDCWD, name, 0);
	filename_put(name);
	if (IS_ERR(f))
		return (int)PTR_ERR(f);
	exec_close(x->file);
	x->file = f;
	return 0;
}

/* SPDX-License-Identifier: MPL-2.0 */
/*
 * execve's context, shared by exec.c (steps), strings.c (argument pages), elf.c and script.c (formats).
 * Argument strings are copied into fresh folios, from the top of the future stack downwards: file name,
 * environment from last to first, arguments from last to first; so the lowest string is argv[0].
 */
#ifndef KERNEL_TASK_EXEC_H
#define KERNEL_TASK_EXEC_H

#include <base/err.h>
#include <core/page.h>
#include <kernel/task.h>
#include <uapi/linux/elf.h>

struct file;
struct mm;

#define EXEC_HEAD_SIZE		256
#define EXEC_MAX_SCRIPTS	5
#define MAX_ARG_STRLEN		(32 * PAGE_SIZE)

struct exec_ctx {
	struct file *file;		/* the program; write access denied */
	const char *filename;		/* as given; for AT_EXECFN and comm */
	const char *interp;		/* of a script: what is run instead; else filename */
	char *interp_buf;		/* allocated */
	bool cloexec_fd;		/* named by a descriptor that exec closes: no script can reopen it */
	u8 head[EXEC_HEAD_SIZE];	/* first bytes of the file, zero-filled */
	struct mm *mm;			/* new one; owned until it is current's */
	struct cred *cred;		/* new ones; owned until committed */
	bool secure;			/* AT_SECURE */
	bool point_of_no_return;

	struct folio **pages;		/* pages[0] is the top one */
	u32 nr_pages, cap_pages;
	u64 used;			/* bytes from the top */
	u64 limit;			/* for strings and pointers together */
	u32 *lens;			/* of each string with its NUL, in the order pushed */
	u32 nr_lens, cap_lens;
	u32 argc, envc;
	u64 execfn_used;		/* `used` when the file name had been pushed */

	u64 top;			/* user address right above the strings, once mapped */
	u64 sp;
	u64 entry;			/* where to start */
};

/* strings.c */
__must_check int exec_push_kernel(struct exec_ctx *x, const char *s);
/* All strings of a user array, last first; counted into *count. */
__must_check int exec_push_user(struct exec_ctx *x, uin_argv argv, u32 *count);
__must_check int exec_push_array(struct exec_ctx *x, char *const *argv, u32 *count);
/* Forget the last one pushed. */
void exec_pop(struct exec_ctx *x);
/* Map the pages as stack of x->mm. */
__must_check int exec_map_stack(struct exec_ctx *x, bool executable);
/* argc, argv, envp, auxv below the strings; x->sp is final then. */
__must_check int exec_write_tables(struct exec_ctx *x, u64 *auxv, u32 nr_auxv);
void exec_free_strings(struct exec_ctx *x);

/* exec.c: from here on there is no way back. current runs in x->mm afterwards. */
__must_check int exec_point_of_no_return(struct exec_ctx *x);
/* Read the first bytes of x->file. */
__must_check int exec_read_head(struct exec_ctx *x);
__must_check int exec_read(struct file *f, u64 off, void *buf, size_t n);	/* all or -ENOEXEC */
struct filename;
__must_check struct file *exec_open(int dirfd, const struct filename *name, u32 flags);
void exec_close(struct file *f);

/* 0; -ENOEXEC: not this format. */
__must_check int elf_load(struct exec_ctx *x);
/* 0: x->file is another file now, look again. */
__must_check int script_load(struct exec_ctx *x);

#endif

/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Pid 1 turns from a kernel thread into the first user program: from the initramfs (rdinit=, else /init;
 * rdinit NULL: the root is a disk), else init=, else the usual places. When none runs, one line says what was tried and what to do.
 */
#include <base/err.h>
#include <base/string.h>
#include <core/panic.h>
#include <core/printk.h>
#include <fs/file.h>
#include <mm/mm.h>
#include "internal.h"

static void open_console(void)
{
	struct file *f = file_open("/dev/console", O_RDWR, 0);

	if (IS_ERR(f)) {
		pr_warn("no /dev/console (error %ld): init starts without standard input and output\n", PTR_ERR(f));
		return;
	}
	for (int i = 0; i < 3; i++) {
		int fd;

		file_get(f);
		fd = fd_add(f, 0);
		if (fd < 0)
			pr_warn("init: no descriptor %d: error %d\n", i, fd);
	}
	file_put(f);
}

static bool become_user(void)
{
	struct task *t = current;

	t->files = files_create();
	if (IS_ERR(t->files)) {
		t->files = NULL;
		return false;
	}
	if (task_core_make_user(&t->core))
		return false;
	t->core.kthread = false;
	t->blocked = 0;
	open_console();
	return true;
}

/* Does not return if the program runs. */
static int try_program(const char *path, char **argv, char **envp)
{
	int err;

	argv[0] = (char *)path;
	err = execve_kernel(path, argv, envp);
	if (!err)
		task_core_enter_user();
	return err;
}

__noreturn void init_exec_user(char **argv, char **envp, const char *rdinit, const char *init)
{
	static const char *const places[] = { "/sbin/init", "/etc/init", "/bin/init", "/bin/sh" };
	int err;

	if (!become_user())
		panic("no memory for the first process: give the machine more (-m)");
	if (rdinit) {
		err = try_program(rdinit, argv, envp);
		if (!streq(rdinit, "/init") || err != -ENOENT)
			pr_err("%s cannot be run as init: error %d\n", rdinit, err);
	}
	if (init) {
		err = try_program(init, argv, envp);
		panic("init=%s cannot be run: error %d. Is it in the %s, is it an x86-64 program, is its interpreter there?",
		      init, err, rdinit ? "initramfs" : "root file system");
	}
	for (unsigned int i = 0; i < ARRAY_SIZE(places); i++) {
		err = try_program(places[i], argv, envp);
		if (err != -ENOENT)
			pr_err("%s cannot be run as init: error %d\n", places[i], err);
	}
	if (!rdinit)
		panic("no init found: tried /sbin/init, /etc/init, /bin/init, /bin/sh of the root file system. Name a program with init=");
	panic("no init found: tried %s, /sbin/init, /etc/init, /bin/init, /bin/sh. Give an initramfs (-initrd FILE, or a module in GRUB), a disk (root=) or name a program with init=",
	      rdinit);
}

/* SPDX-License-Identifier: MPL-2.0 */
/*
 * unshare: what threads share (files, fs) can be made a task's own; of namespaces only the mount
 * namespace can be made anew.
 */
#include <base/err.h>
#include <fs/file.h>
#include <fs/path.h>
#include <kernel/ipc.h>
#include <kernel/syscall.h>
#include <kernel/task.h>
#include <mm/mm.h>

#define UNSHARE_ALL	(CLONE_THREAD | CLONE_FS | CLONE_NEWNS | CLONE_SIGHAND | CLONE_VM | CLONE_FILES | \
	CLONE_SYSVSEM | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWNET | CLONE_NEWUSER | CLONE_NEWPID | \
	CLONE_NEWCGROUP | CLONE_NEWTIME)

static int check_flags(u64 f)
{
	if (f & ~(u64)UNSHARE_ALL)
		return -EINVAL;
	if ((f & (CLONE_THREAD | CLONE_SIGHAND | CLONE_VM)) && current->proc->nr_threads > 1)
		return -EINVAL;
	if ((f & (CLONE_SIGHAND | CLONE_VM)) && ref_read(&current->sighand->ref) > 1)
		return -EINVAL;
	if ((f & CLONE_VM) && ref_read(&current->mm->users) > 1)
		return -EINVAL;
	return 0;
}

long sys_unshare(u64 flags)
{
	struct fs_struct *fs = NULL, *old_fs;
	struct files *files = NULL, *old_files;
	struct nsproxy *ns, *old_ns = current->nsproxy;
	int err;

	if (flags & CLONE_NEWNS)
		flags |= CLONE_FS;
	err = check_flags(flags);
	if (err)
		return err;
	if ((flags & CLONE_FS) && ref_read(&current->fs->ref) > 1) {
		fs = fs_struct_copy(current->fs);
		if (!fs)
			return -ENOMEM;
	}
	if ((flags & CLONE_FILES) && current->files && ref_read(&current->files->ref) > 1) {
		files = files_copy(current->files, ~0u);
		if (IS_ERR(files)) {
			err = (int)PTR_ERR(files);
			files = NULL;
			goto out;
		}
	}
	ns = nsproxy_copy(flags, old_ns, fs ? fs : current->fs);
	if (IS_ERR(ns)) {
		err = (int)PTR_ERR(ns);
		goto out;
	}
	old_fs = current->fs;
	old_files = current->files;
	spin_lock(&current->alloc_lock);
	if (fs)
		current->fs = fs;
	if (files)
		current->files = files;
	current->nsproxy = ns;
	spin_unlock(&current->alloc_lock);
	if (fs)
		fs_struct_put(old_fs);
	if (files)
		files_put(old_files);
	nsproxy_put(old_ns);
	if (flags & CLONE_SYSVSEM)
		ipc_exit_sem(current);
	return 0;
out:
	if (fs)
		fs_struct_put(fs);
	if (files)
		files_put(files);
	return err;
}

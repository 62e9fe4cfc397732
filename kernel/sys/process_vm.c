/* SPDX-License-Identifier: MPL-2.0 */
/*
 * process_vm_readv and process_vm_writev: copy between current's memory and another process's, page by page
 * through a buffer. What was moved before the other side's memory ended is the result.
 */
#include <base/err.h>
#include <base/math.h>
#include <core/iov_iter.h>
#include <kernel/syscall.h>
#include <kernel/task.h>
#include <mm/mm.h>
#include <uapi/linux/uio.h>

#define UIO_MAX		1024

/* The remote vector: its addresses are not ours to check. */
static int import_remote(uin_iovec uvec, u64 nr, struct iovec **out)
{
	struct iovec *v;

	*out = NULL;
	if (nr > UIO_MAX)
		return -EINVAL;
	if (!nr)
		return 0;
	v = kmalloc(nr * sizeof(*v), GFP_KERNEL);
	if (!v)
		return -ENOMEM;
	if (copy_in_n(v, uvec, nr)) {
		kfree(v);
		return -EFAULT;
	}
	for (u64 i = 0; i < nr; i++)
		if ((s64)v[i].iov_len < 0) {
			kfree(v);
			return -EINVAL;
		}
	*out = v;
	return 0;
}

/* One remote piece. Bytes moved; *err when it ended early. */
static size_t move_piece(struct mm *mm, struct iov_iter *local, u64 addr, size_t len, void *buf, bool write, int *err)
{
	size_t done = 0;

	while (done < len && iov_iter_count(local)) {
		size_t n = min(min_t(size_t, len - done, PAGE_SIZE), iov_iter_count(local)), m;
		ssize_t got;

		if (write) {
			m = copy_from_iter(buf, n, local);
			got = m ? mm_access_remote(mm, addr + done, buf, m, true, false) : -EFAULT;
		} else {
			got = mm_access_remote(mm, addr + done, buf, n, false, false);
			m = n;
			if (got > 0 && copy_to_iter(buf, (size_t)got, local) < (size_t)got)
				got = -EFAULT;
		}
		if (got <= 0) {
			*err = got ? (int)got : -EFAULT;
			break;
		}
		done += (size_t)got;
		if ((size_t)got < n) {
			*err = -EFAULT;
			break;
		}
	}
	return done;
}

static struct mm *target_mm(pid_t pid)
{
	struct task *t = task_find_get(pid);
	struct mm *mm;

	if (!t)
		return ERR_PTR(-ESRCH);
	if (!ptrace_may_access(t, PTRACE_MODE_ATTACH | PTRACE_MODE_REALCREDS)) {
		mm = ERR_PTR(-EPERM);
	} else {
		mm = task_mm_get(t);
		if (!mm)
			mm = ERR_PTR(-ESRCH);
	}
	task_put(t);
	return mm;
}

static long process_vm(pid_t pid, uin_iovec lvec, u64 nr_local, uin_iovec rvec, u64 nr_remote, u64 flags, bool write)
{
	struct iovec fast[UIO_FASTIOV], *heap = NULL, *remote = NULL;
	struct iov_iter local;
	size_t done = 0;
	struct mm *mm;
	void *buf;
	ssize_t n;
	int err;

	if (flags)
		return -EINVAL;
	n = iov_iter_import(&local, write ? ITER_SOURCE : ITER_DEST, uptr_addr(lvec), nr_local, fast, &heap);
	if (n < 0)
		return n;
	err = import_remote(rvec, nr_remote, &remote);
	if (err || !n)
		goto out;
	mm = target_mm(pid);
	err = PTR_ERR_OR_ZERO(mm);
	if (err)
		goto out;
	buf = kmalloc(PAGE_SIZE, GFP_KERNEL);
	if (!buf)
		err = -ENOMEM;
	for (u64 i = 0; !err && i < nr_remote; i++)
		done += move_piece(mm, &local, remote[i].iov_base, remote[i].iov_len, buf, write, &err);
	kfree(buf);
	mm_put(mm);
out:
	kfree(remote);
	kfree(heap);
	return done ? (long)done : err;
}

long sys_process_vm_readv(pid_t pid, uin_iovec local, u64 nr_local, uin_iovec remote, u64 nr_remote, u64 flags)
{
	return process_vm(pid, local, nr_local, remote, nr_remote, flags, false);
}

long sys_process_vm_writev(pid_t pid, uin_iovec local, u64 nr_local, uin_iovec remote, u64 nr_remote, u64 flags)
{
	return process_vm(pid, local, nr_local, remote, nr_remote, flags, true);
}

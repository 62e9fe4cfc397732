/* SPDX-License-Identifier: MPL-2.0 */
/* What others may know of an address space: its layout, auxiliary vector and executable. */
#include <base/math.h>
#include <base/string.h>
#include <core/rcu.h>
#include <fs/file.h>
#include <mm/mm.h>

int max_map_count = 65530;

void mm_layout_get(const struct mm *mm, struct mm_layout *l)
{
	*l = (struct mm_layout){
		.start_code = READ_ONCE(mm->start_code), .end_code = READ_ONCE(mm->end_code),
		.start_data = READ_ONCE(mm->start_data), .end_data = READ_ONCE(mm->end_data),
		.start_brk = READ_ONCE(mm->start_brk), .start_stack = READ_ONCE(mm->start_stack),
		.arg_start = READ_ONCE(mm->arg_start), .arg_end = READ_ONCE(mm->arg_end),
		.env_start = READ_ONCE(mm->env_start), .env_end = READ_ONCE(mm->env_end),
		.total_vm = (u64)atomic64_read(&mm->total_vm), .locked_vm = (u64)atomic64_read(&mm->locked_vm),
		.data_vm = (u64)atomic64_read(&mm->data_vm), .stack_vm = (u64)atomic64_read(&mm->stack_vm),
		.exec_vm = (u64)atomic64_read(&mm->exec_vm), .hiwater_rss = READ_ONCE(mm->hiwater_rss),
		.hiwater_vm = READ_ONCE(mm->hiwater_vm), .table_pages = pgtable_pages(mm->pt),
	};
}

size_t mm_auxv_get(const struct mm *mm, u64 auxv[48])
{
	size_t n = 0;

	static_assert(sizeof(mm->saved_auxv) == 48 * sizeof(u64), "one size");
	memcpy(auxv, mm->saved_auxv, sizeof(mm->saved_auxv));
	do
		n += 2;
	while (n < ARRAY_SIZE(mm->saved_auxv) && auxv[n - 2]);
	return n * sizeof(u64);
}

struct file *mm_exe_file_get(struct mm *mm)
{
	struct file *f;

	rcu_read_lock();
	f = rcu_dereference(mm->exe_file);
	/* Files are type-stable: a count above zero is a live file; it is still ours if the pointer is. */
	if (f && (!atomic64_inc_not_zero(&f->ref)))
		f = NULL;
	rcu_read_unlock();
	return f;
}

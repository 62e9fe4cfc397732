/* SPDX-License-Identifier: MPL-2.0 */
/*
 * User memory from C: range checks and the decision whether a fault may sleep, over the accesses with
 * fixup of arch/x86_64/entry/usercopy.S. With fault_disabled raised in task_core, a fault goes
 * straight to the fixup; else it goes through vm_fault() and may sleep.
 */
#include <base/assert.h>
#include <asm/uaccess.h>
#include <base/math.h>
#include <core/preempt.h>
#include <core/task_core.h>
#include <core/usercopy.h>
#include "internal.h"

#define VEC_MIN	512u	/* bytes from which saving the vector registers pays */

static inline void may_fault(void)
{
	if (IS_DEBUG && !current_core()->fault_disabled)
		might_sleep();
}

/*
 * Large copies where vector moves serve better (pagecopy.c decides): page by page with faults and
 * preemption off; what a fault stopped is done again, and faulted in, by the plain copy.
 */
static __noinline size_t copy_wide(char *dst, const char *src, size_t n, bool to_user)
{
	while (n >= VEC_MIN) {
		size_t step = min(n, PAGE_SIZE) & ~255ul, left;

		preempt_disable();
		pagefault_disable();
		left = copy_user_avx(dst, src, step);
		pagefault_enable();
		preempt_enable();
		dst += step - left;
		src += step - left;
		n -= step - left;
		if (unlikely(left)) {
			size_t stuck = to_user ? arch_copy_to_user((u64)dst, src, left)
					       : arch_copy_from_user(dst, (u64)src, left);

			dst += left - stuck;
			src += left - stuck;
			n -= left - stuck;
			if (stuck)
				return n;
		}
	}
	return n && to_user ? arch_copy_to_user((u64)dst, src, n) : n ? arch_copy_from_user(dst, (u64)src, n) : 0;
}

static inline size_t from_user(void *dst, u64 src, size_t n)
{
	return unlikely(n >= VEC_MIN) && copy_is_wide ? copy_wide(dst, (const char *)src, n, false)
						      : arch_copy_from_user(dst, src, n);
}

static inline size_t to_user(u64 dst, const void *src, size_t n)
{
	return unlikely(n >= VEC_MIN) && copy_is_wide ? copy_wide((char *)dst, src, n, true)
						      : arch_copy_to_user(dst, src, n);
}

size_t copy_in_partial(void *dst, uaddr_t src, size_t n)
{
	may_fault();
	return user_range_ok(src, n) ? from_user(dst, src.v, n) : n;
}

size_t copy_out_partial(uaddr_t dst, const void *src, size_t n)
{
	may_fault();
	return user_range_ok(dst, n) ? to_user(dst.v, src, n) : n;
}

size_t clear_user_partial(uaddr_t dst, size_t n)
{
	may_fault();
	return user_range_ok(dst, n) ? arch_clear_user(dst.v, n) : n;
}

int copy_in_bytes(void *dst, uaddr_t src, size_t n)
{
	may_fault();
	if (!user_range_ok(src, n) || from_user(dst, src.v, n))
		return -EFAULT;
	return 0;
}

int copy_out_bytes(uaddr_t dst, const void *src, size_t n)
{
	may_fault();
	if (!user_range_ok(dst, n) || to_user(dst.v, src, n))
		return -EFAULT;
	return 0;
}

int copy_out_words16(uaddr_t dst, const void *src, size_t n)
{
	may_fault();
	if (!n)
		return 0;
	if (n > USER_END / 8 || !user_range_ok(dst, n * 8 - 6))
		return -EFAULT;
	return arch_user_write16_each8(dst.v, src, n);
}

int clear_user(uaddr_t dst, size_t n)
{
	return clear_user_partial(dst, n) ? -EFAULT : 0;
}

size_t copy_in_nofault(void *dst, uaddr_t src, size_t n)
{
	size_t left;

	if (!user_range_ok(src, n))
		return n;
	pagefault_disable();
	left = from_user(dst, src.v, n);
	pagefault_enable();
	return left;
}

size_t copy_out_nofault(uaddr_t dst, const void *src, size_t n)
{
	size_t left;

	if (!user_range_ok(dst, n))
		return n;
	pagefault_disable();
	left = to_user(dst.v, src, n);
	pagefault_enable();
	return left;
}

ssize_t strncpy_in(char *dst, uin_str src, size_t size)
{
	size_t max = size;
	ssize_t n;

	may_fault();
	if (!size)
		return -ENAMETOOLONG;
	if (src.addr >= USER_END)
		return -EFAULT;
	max = min_t(u64, max, USER_END - src.addr);
	n = arch_strncpy_from_user(dst, src.addr, max);
	if (n < 0)
		return n;
	if ((size_t)n == max)
		return max < size ? -EFAULT : -ENAMETOOLONG;
	return n;
}

ssize_t strnlen_user(uaddr_t s, size_t max)
{
	size_t cut;
	ssize_t n;

	may_fault();
	if (s.v >= USER_END)
		return -EFAULT;
	cut = min_t(u64, max, USER_END - s.v);
	n = arch_strnlen_user(s.v, cut);
	if (n >= 0 && (size_t)n == cut && cut < max)
		return -EFAULT;
	return n;
}

int fault_in_readable(uaddr_t a, size_t n)
{
	u64 end;
	u8 v;

	if (!n)
		return 0;
	if (!user_range_ok(a, n))
		return -EFAULT;
	might_sleep();
	for (end = a.v + n; a.v < end; a.v = ALIGN_DOWN(a.v, PAGE_SIZE) + PAGE_SIZE)
		if (arch_user_read8(&v, a.v))
			return -EFAULT;
	return 0;
}

int fault_in_writeable(uaddr_t a, size_t n)
{
	u64 end;

	if (!n)
		return 0;
	if (!user_range_ok(a, n))
		return -EFAULT;
	might_sleep();
	for (end = a.v + n; a.v < end; a.v = ALIGN_DOWN(a.v, PAGE_SIZE) + PAGE_SIZE) {
		u64 word = ALIGN_DOWN(a.v, 4);
		u32 old;

		/* Write back what is there, atomically: other threads may be at it. */
		if (arch_user_read32(&old, word))
			return -EFAULT;
		if (arch_user_cmpxchg32(word, &old, old) == -EFAULT)
			return -EFAULT;
	}
	return 0;
}

int user_read32_nofault(u32 *val, uaddr_t a)
{
	int err;

	if (!user_range_ok(a, 4))
		return -EFAULT;
	pagefault_disable();
	err = arch_user_read32(val, a.v);
	pagefault_enable();
	return err;
}

int user_cmpxchg32_nofault(uaddr_t a, u32 *old, u32 val)
{
	int err;

	if (!user_range_ok(a, 4))
		return -EFAULT;
	pagefault_disable();
	err = arch_user_cmpxchg32(a.v, old, val);
	pagefault_enable();
	return err;
}

/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The only ways to touch user memory. All return 0 or -EFAULT (the _nofault and _partial forms: bytes
 * not copied). They may sleep in a page fault: no spinlock and no folio lock may be held. The
 * _nofault forms fail at once where a fault would be needed and may run under locks.
 */
#ifndef CORE_USERCOPY_H
#define CORE_USERCOPY_H

#include <base/compiler.h>
#include <base/errno.h>
#include <base/types.h>
#include <base/uptr.h>

/* First address that no user mapping reaches; one guard page below the canonical hole. */
#define USER_END	0x00007ffffffff000ul

static inline bool user_range_ok(uaddr_t a, u64 n)
{
	return likely(n <= USER_END && a.v <= USER_END - n);
}

__must_check int copy_in_bytes(void *dst, uaddr_t src, size_t n);
__must_check int copy_out_bytes(uaddr_t dst, const void *src, size_t n);
__must_check int clear_user(uaddr_t dst, size_t n);
/* n 16-bit words, in memory and at the user's one in every eight bytes: one field of an array of structs. */
__must_check int copy_out_words16(uaddr_t dst, const void *src, size_t n);
/* Return how many bytes at the end were not copied. */
__must_check size_t copy_in_partial(void *dst, uaddr_t src, size_t n);
__must_check size_t copy_out_partial(uaddr_t dst, const void *src, size_t n);
__must_check size_t clear_user_partial(uaddr_t dst, size_t n);
__must_check size_t copy_in_nofault(void *dst, uaddr_t src, size_t n);
__must_check size_t copy_out_nofault(uaddr_t dst, const void *src, size_t n);

/* Copy a string with its NUL. Length without NUL; -EFAULT; -ENAMETOOLONG if none within `size` bytes. */
__must_check ssize_t strncpy_in(char *dst, uin_str src, size_t size);
/* Length without NUL of a user string, at most max (then max). -EFAULT. */
__must_check ssize_t strnlen_user(uaddr_t s, size_t max);

/* Touch the range so that a later nofault copy will likely succeed. */
__must_check int fault_in_readable(uaddr_t a, size_t n);
__must_check int fault_in_writeable(uaddr_t a, size_t n);

/* Futex words, 4-byte aligned: atomic, no sleeping (-EFAULT where a fault is needed: fault in and retry). */
__must_check int user_read32_nofault(u32 *val, uaddr_t a);
/* *old holds the expected value and gets the found one. 0 stored, -EAGAIN differed, -EFAULT. */
__must_check int user_cmpxchg32_nofault(uaddr_t a, u32 *old, u32 val);

/*
 * Typed forms: the pointee of the user pointer and the kernel object must be of one type.
 *   struct stat st; err = copy_out(ubuf, &st);
 */
#define copy_in(dst, u) ({ \
	static_assert(__same_type(*(dst), **(u)._in), "copy_in: type of user pointer"); \
	copy_in_bytes((dst), uaddr((u).addr), sizeof(*(dst))); })
#define copy_out(u, src) ({ \
	static_assert(__same_type(*(src), **(u)._out), "copy_out: type of user pointer"); \
	copy_out_bytes(uaddr((u).addr), (src), sizeof(*(src))); })
/* n elements; the product must not overflow: callers bound n first. */
#define copy_in_n(dst, u, n) ({ \
	static_assert(__same_type(*(dst), **(u)._in), "copy_in_n: type of user pointer"); \
	copy_in_bytes((dst), uaddr((u).addr), (n) * sizeof(*(dst))); })
#define copy_out_n(u, src, n) ({ \
	static_assert(__same_type(*(src), **(u)._out), "copy_out_n: type of user pointer"); \
	copy_out_bytes(uaddr((u).addr), (src), (n) * sizeof(*(src))); })

#endif

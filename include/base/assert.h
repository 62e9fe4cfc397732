/* SPDX-License-Identifier: MPL-2.0 */
/*
 * ASSERT: a programming rule, checked in DEBUG kernels. VERIFY: checked always, cheap, for what
 * would corrupt memory. WARN_ONCE: report with a stack and go on; its value is the condition.
 */
#ifndef BASE_ASSERT_H
#define BASE_ASSERT_H

#include <base/compiler.h>
#include <base/types.h>

/* kernel/core/panic.c; on the host test/host/stubs. */
__noreturn __printf(1, 2) void panic(const char *fmt, ...);
__noreturn void assert_failed(const char *expr, const char *file, int line, u64 a, u64 b);
void warn_at(const char *expr, const char *file, int line);

#define VERIFY(c)	do { \
	if (unlikely(!(c))) assert_failed(#c, __FILE__, __LINE__, 0, 0); } while (0)
#define VERIFY_CMP(a, op, b)	do { \
	__typeof__(a) _va = (a); __typeof__(b) _vb = (b); \
	if (unlikely(!(_va op _vb))) \
		assert_failed(#a " " #op " " #b, __FILE__, __LINE__, (u64)_va, (u64)_vb); } while (0)

#if IS_DEBUG
#define ASSERT(c)		VERIFY(c)
#define ASSERT_CMP(a, op, b)	VERIFY_CMP(a, op, b)
#else
#define ASSERT(c)		((void)sizeof(!(c)))
#define ASSERT_CMP(a, op, b)	((void)sizeof((a) op (b)))
#endif

#define WARN_ONCE(c)	({ \
	static bool _warned; \
	bool _c = (c); \
	if (unlikely(_c) && !_warned) { _warned = true; warn_at(#c, __FILE__, __LINE__); } \
	unlikely(_c); })

#define unreachable()	__builtin_unreachable()

#endif

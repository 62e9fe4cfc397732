/* SPDX-License-Identifier: MPL-2.0 */
/* What we ask of the compiler, under short names; gcc 12 and clang 14 both have all of it. */
#ifndef BASE_COMPILER_H
#define BASE_COMPILER_H

#define likely(x)	__builtin_expect(!!(x), 1)
#define unlikely(x)	__builtin_expect(!!(x), 0)
#define __must_check	__attribute__((warn_unused_result))
#define __noreturn	__attribute__((noreturn))
#define __noinline	__attribute__((noinline))
#define __always_inline	inline __attribute__((always_inline))
#define __packed	__attribute__((packed))
#define __aligned(n)	__attribute__((aligned(n)))
#define __printf(f, a)	__attribute__((format(printf, f, a)))
#define __used		__attribute__((used))
#define __unused	__attribute__((unused))
#define __weak		__attribute__((weak))
#define __section(s)	__attribute__((section(s)))
#define __cacheline_aligned __attribute__((aligned(64)))
#define __cleanup(f)	__attribute__((cleanup(f)))
#ifndef fallthrough
#define fallthrough	__attribute__((fallthrough))
#endif

/* Code and data thrown away after boot; data that is read-only after boot. */
#ifdef KEEL_HOST
#define __init
#define __initdata
#define __ro_after_init
#else
#define __init		__attribute__((section(".init.text"), cold))
#define __initdata	__attribute__((section(".init.data")))
#define __ro_after_init	__attribute__((section(".data.ro_after_init")))
#endif

#define __same_type(a, b)	__builtin_types_compatible_p(__typeof__(a), __typeof__(b))
#define container_of(ptr, type, member) \
	((type *)((char *)(ptr) - offsetof(type, member)))
#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]) + \
	0 * sizeof(char[1 - 2 * __same_type((a), &(a)[0])]))
#define static_assert	_Static_assert
#define __stringify_1(x)	#x
#define __stringify(x)	__stringify_1(x)
#define __concat_1(a, b)	a##b
#define __concat(a, b)	__concat_1(a, b)

/* One access, not torn, not repeated by the compiler; no ordering. */
#define READ_ONCE(x)	(*(const volatile __typeof__(x) *)&(x))
#define WRITE_ONCE(x, v)	do { *(volatile __typeof__(x) *)&(x) = (v); } while (0)
#define barrier()	__atomic_signal_fence(__ATOMIC_SEQ_CST)

/* Lock contracts, read by people and by clang's analysis where it can. */
#define __must_hold(l)
#define __acquires(l)
#define __releases(l)
#define __guarded_by(l)

/* Compile-time switches, 0 or 1. */
#ifdef DEBUG
#define IS_DEBUG 1
#else
#define IS_DEBUG 0
#endif

#endif

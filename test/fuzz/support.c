/* SPDX-License-Identifier: MPL-2.0 */
/*
 * What the pure code needs, for the fuzzers: allocation that can be told to fail, the string functions
 * that the C library lacks, reports that end the run. Declared by hand, like test/host/stubs.c.
 */
#include <base/alloc.h>
#include <base/assert.h>
#include <base/printf.h>
#include <base/string.h>
#include <core/failpoint.h>
#include "fuzz.h"

void *malloc(size_t n);
void *calloc(size_t n, size_t size);
void *realloc(void *p, size_t n);
void free(void *p);
__noreturn void abort(void);
int puts(const char *s);

bool failpoints_armed;
u32 fuzz_fail_in;

bool failpoint_hit(const char *site)
{
	(void)site;
	return false;
}

void *kmalloc(size_t size, gfp_t gfp)
{
	if (fuzz_fail_in && !--fuzz_fail_in)
		return NULL;
	return gfp & GFP_ZERO ? calloc(1, size ? size : 1) : malloc(size ? size : 1);
}

void *kzalloc(size_t size, gfp_t gfp)
{
	return kmalloc(size, gfp | GFP_ZERO);
}

void kfree(void *p)
{
	free(p);
}

void *kvmalloc(size_t size, gfp_t gfp)
{
	return kmalloc(size, gfp);
}

void kvfree(void *p)
{
	free(p);
}

void call_rcu(struct rcu_head *head, void (*func)(struct rcu_head *head))
{
	func(head);
}

void panic(const char *fmt, ...)
{
	puts(fmt);
	abort();
}

void assert_failed(const char *expr, const char *file, int line, u64 a, u64 b)
{
	(void)file, (void)line, (void)a, (void)b;
	panic("%s", expr);
}

void warn_at(const char *expr, const char *file, int line)
{
	assert_failed(expr, file, line, 0, 0);
}

const char *symbol_lookup(u64 addr, u64 *offset, u64 *size)
{
	(void)addr;
	*offset = *size = 0;
	return "?";
}

u64 arch_entropy_u64(void)
{
	return 1;
}

bool glob_match(const char *pattern, const char *s)
{
	return strcmp(pattern, s) == 0;
}

ssize_t strscpy(char *dst, const char *src, size_t size)
{
	(void)snprintf(dst, size, "%s", src);
	return 0;
}

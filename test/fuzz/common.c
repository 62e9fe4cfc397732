/* SPDX-License-Identifier: MPL-2.0 */
/* Stand-ins for the core that every host program of test/fuzz needs: reports, which end it, and chance. */
#include <base/printf.h>
#include <core/panic.h>
#include <core/printk.h>
#include "common.h"

int vprintf(const char *fmt, va_list ap);
int printf(const char *fmt, ...);
int fflush(void *f);
__noreturn void abort(void);

/* --- reports --- */

int host_verbose;

void host_die(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	printf("broken: ");
	vprintf(fmt, ap);
	printf("\n");
	va_end(ap);
	fflush(NULL);
	abort();
}

void panic(const char *fmt, ...)
{
	host_die("panic: %s", fmt);
}

void assert_failed(const char *expr, const char *file, int line, u64 a, u64 b)
{
	host_die("%s:%d: %s (%#llx, %#llx)", file, line, expr, (unsigned long long)a, (unsigned long long)b);
}

void warn_at(const char *expr, const char *file, int line)
{
	host_die("%s:%d: %s", file, line, expr);
}

void printk(enum log_level level, const char *fmt, ...)
{
	char buf[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(buf, sizeof(buf), fmt, ap);
	va_end(ap);
	if (host_verbose)
		printf("log: %s", buf);
}

/* --- chance --- */

static u64 rnd_state = 1;

void rnd_seed(u64 seed)
{
	rnd_state = seed * 0x9e3779b97f4a7c15ull + 0x1234567;
}

u64 rnd_next(u64 *state)
{
	u64 z = *state += 0x9e3779b97f4a7c15ull;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ z >> 27) * 0x94d049bb133111ebull;
	return z ^ z >> 31;
}

u64 rnd(void)
{
	return rnd_next(&rnd_state);
}

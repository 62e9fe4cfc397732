/* SPDX-License-Identifier: MPL-2.0 */
/*
 * What the pure code needs from the kernel, on the host; and the main program of the host tests.
 *
 * Each test runs in a child process, so that one that dies does not end the others. Allocations come
 * from malloc, which ASan watches; failpoint_arm("kmalloc", ...) makes them fail as in the kernel, and
 * what a test leaves allocated is a failure. call_rcu() callbacks wait for the end of the test, so that
 * a reader which keeps a pointer too long is not caught by luck but the callback itself is run.
 *
 * The C library's functions are declared by hand: its headers and ours define the same types.
 */
#include <base/alloc.h>
#include <base/assert.h>
#include <base/printf.h>
#include <base/types.h>
#include <core/failpoint.h>
#include <core/ktest.h>
#include <core/printk.h>

void *malloc(size_t n);
void *realloc(void *p, size_t n);
void free(void *p);
size_t malloc_usable_size(void *p);
void *memcpy(void *d, const void *s, size_t n);
void *memset(void *d, int c, size_t n);
size_t strlen(const char *s);
size_t strnlen(const char *s, size_t n);
int strcmp(const char *a, const char *b);
char *strstr(const char *s, const char *find);
int fnmatch(const char *pattern, const char *s, int flags);
int printf(const char *fmt, ...) __printf(1, 2);
int vprintf(const char *fmt, va_list ap);
int fflush(void *f);
int fork(void);
int waitpid(int pid, int *status, int options);
unsigned int alarm(unsigned int seconds);
__noreturn void _exit(int status);
__noreturn void abort(void);
int posix_memalign(void **p, size_t align, size_t n);

/* ---- allocation -------------------------------------------------------------------------------- */

static long live;			/* allocations that were not given back */
static u32 fail_in, fail_interval;	/* calls until the next one fails; then every so many */
bool failpoints_armed;

bool failpoint_hit(const char *site)
{
	(void)site;
	if (!fail_in || --fail_in)
		return false;
	fail_in = fail_interval;
	failpoints_armed = fail_in != 0;
	return true;
}

void failpoint_arm(const char *site, bool all_tasks, u32 nth, u32 interval)
{
	(void)site, (void)all_tasks;
	fail_in = nth;
	fail_interval = interval;
	failpoints_armed = nth != 0;
}

void failpoint_disarm(const char *site)
{
	(void)site;
	fail_in = 0;
	failpoints_armed = false;
}

void *kmalloc(size_t size, gfp_t gfp)
{
	void *p = NULL;

	if (failpoint("kmalloc"))
		return NULL;
	/* At least 8-byte alignment; 64 for powers of two from 64 up, as slab promises. */
	if (posix_memalign(&p, size >= 64 && !(size & (size - 1)) ? 64 : 8, size ? size : 1))
		return NULL;
	live++;
	memset(p, gfp & GFP_ZERO ? 0 : 0xa5, size);
	return p;
}

void *kzalloc(size_t size, gfp_t gfp)
{
	return kmalloc(size, gfp | GFP_ZERO);
}

__weak void *kcalloc(size_t n, size_t size, gfp_t gfp)
{
	size_t total;

	return __builtin_mul_overflow(n, size, &total) ? NULL : kzalloc(total, gfp);
}

void kfree(void *p)
{
	if (p)
		live--;
	free(p);
}

__weak void *krealloc(void *old, size_t size, gfp_t gfp)
{
	void *p = kmalloc(size, gfp);

	if (p && old) {
		size_t n = malloc_usable_size(old);

		memcpy(p, old, n < size ? n : size);
		kfree(old);
	}
	return p;
}

__weak void *kvmalloc(size_t size, gfp_t gfp)
{
	return kmalloc(size, gfp);
}

__weak void kvfree(void *p)
{
	kfree(p);
}

__weak void *kmemdup(const void *src, size_t n, gfp_t gfp)
{
	void *p = kmalloc(n, gfp);

	return p ? memcpy(p, src, n) : NULL;
}

__weak char *kstrndup(const char *s, size_t max, gfp_t gfp)
{
	size_t n = strnlen(s, max);
	char *p = kmalloc(n + 1, gfp);

	if (p) {
		memcpy(p, s, n);
		p[n] = '\0';
	}
	return p;
}

__weak char *kstrdup(const char *s, gfp_t gfp)
{
	return kstrndup(s, strlen(s), gfp);
}

static struct rcu_head *rcu_list;

void call_rcu(struct rcu_head *head, void (*func)(struct rcu_head *head))
{
	head->func = func;
	head->next = rcu_list;
	rcu_list = head;
}

static void rcu_flush(void)
{
	while (rcu_list) {
		struct rcu_head *h = rcu_list;

		rcu_list = h->next;
		h->func(h);
	}
}

/* ---- reports ----------------------------------------------------------------------------------- */

void panic(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	printf("panic: ");
	vprintf(fmt, ap);
	printf("\n");
	va_end(ap);
	fflush(NULL);
	abort();
}

void assert_failed(const char *expr, const char *file, int line, u64 a, u64 b)
{
	panic("%s:%d: %s failed (%#llx, %#llx)", file, line, expr, (unsigned long long)a, (unsigned long long)b);
}

void warn_at(const char *expr, const char *file, int line)
{
	printf("warning: %s:%d: %s\n", file, line, expr);
}

void printk(enum log_level level, const char *fmt, ...)
{
	char buf[512];
	va_list ap;

	(void)level;
	va_start(ap, fmt);
	vsnprintf(buf, sizeof(buf), fmt, ap);
	va_end(ap);
	printf("log: %s\n", buf);
}

__weak const char *symbol_lookup(u64 addr, u64 *offset, u64 *size)
{
	(void)addr;
	*offset = *size = 0;
	return "?";
}

__weak u64 arch_entropy_u64(void)
{
	return 0x9e3779b97f4a7c15;
}

/* ---- the tests --------------------------------------------------------------------------------- */

#define MAX_TESTS 4096
#define SECONDS 60

static const struct ktest *tests[MAX_TESTS];
static int ntests, failures;
static const char *skipped;

void ktest_register(const struct ktest *t)
{
	if (ntests < MAX_TESTS)
		tests[ntests++] = t;
}

void ktest_fail(const char *file, int line, const char *expr, s64 a, s64 b)
{
	const char *top = strstr(file, "/kernel/lib/");

	failures++;
	printf("%s:%d: %s (%lld, %lld)\n", top ? top + 1 : file, line, expr, (long long)a, (long long)b);
}

void ktest_skip(const char *why)
{
	skipped = why;
}

/* In the child: 0 passed, 1 failed, 77 skipped. */
static int run_one(const struct ktest *t)
{
	long before = live;

	alarm(SECONDS);
	t->fn();
	failpoint_disarm("kmalloc");
	rcu_flush();
	if (live != before) {
		printf("%ld allocations were not given back\n", live - before);
		failures++;
	}
	fflush(NULL);
	if (failures)
		return 1;
	if (skipped) {
		printf("skip %s.%s: %s\n", t->suite, t->name, skipped);
		fflush(NULL);
		return 77;
	}
	return 0;
}

int main(int argc, char **argv)
{
	int counts[3] = { 0, 0, 0 };

	for (int i = 0; i < ntests; i++) {
		const struct ktest *t = tests[i];
		int status, pid;

		if (argc > 1 && fnmatch(argv[1], t->suite, 0))
			continue;
		fflush(NULL);
		pid = fork();
		if (pid == 0)
			_exit(run_one(t));
		if (pid < 0 || waitpid(pid, &status, 0) != pid)
			abort();
		if (status == 77 << 8) {
			counts[2]++;
		} else if (status == 0) {
			counts[0]++;
			printf("ok %s.%s\n", t->suite, t->name);
		} else {
			counts[1]++;
			printf("not ok %s.%s: %s %d\n", t->suite, t->name, status & 127 ? "signal" : "status",
			       status & 127 ? status & 127 : status >> 8);
		}
	}
	printf("%d passed, %d failed, %d skipped\n", counts[0], counts[1], counts[2]);
	return counts[1] != 0;
}

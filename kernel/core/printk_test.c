/* SPDX-License-Identifier: MPL-2.0 */
/* The log, its writers and readers; consoles. */
#include <base/printf.h>
#include <base/string.h>
#include <core/clock.h>
#include <core/ktest.h>
#include <core/printk.h>
#include <core/wait.h>

KTEST(printk, records_come_back)
{
	static struct log_record r;
	u64 seq = log_next_seq();
	bool seen = false;

	printk(LOG_DEBUG, "test record %d\n", 4711);
	while (log_read(&seq, &r) == 0)
		seen |= streq(r.text, "test record 4711") && r.level == LOG_DEBUG && r.len == 16;
	KEXPECT(seen);
	KEXPECT(log_first_seq() <= seq);
}

static void log_worker(int i, void *arg)
{
	char text[80];

	for (int n = 0; n < 600; n++) {
		/* The text says how long it is: torn records would not agree. */
		int len = 20 + (n * 7 + i) % 40;

		memset(text, 'a' + i, sizeof(text));
		snprintf(text, 8, "%02d%05d", len, n);
		text[7] = 'a' + (char)i;
		log_store_user(3, LOG_DEBUG, text, (size_t)len);
	}
}

static void log_reader(int i, void *arg)
{
	static struct log_record r;	/* one reader */
	u64 seq = log_next_seq();

	if (i) {
		log_worker(i, arg);
		return;
	}
	for (int n = 0; n < 20000; n++) {
		int len;

		if (log_read(&seq, &r)) {
			cpu_relax();
			continue;
		}
		if (r.facility != 3 || r.len < 20)
			continue;
		len = (r.text[0] - '0') * 10 + r.text[1] - '0';
		KEXPECT_EQ(len, r.len);
		for (int k = 8; k < r.len; k++)
			KEXPECT_EQ(r.text[k], r.text[7]);
	}
}

KTEST(printk, readers_and_writers)
{
	ktest_parallel(4, log_reader, NULL);
}

KTEST(printk, in_interrupt)
{
	static struct log_record r;
	u64 seq = log_next_seq(), flags = irq_save();

	preempt_disable();
	printk(LOG_DEBUG, "with interrupts off\n");
	preempt_enable();
	irq_restore(flags);
	KEXPECT_EQ(log_read(&seq, &r), 0);
}

/* ---- consoles ---- */

static DEFINE_WAIT_QUEUE(nobody);
static u32 begun, shown;	/* records; written by the owner of the consoles */
static bool armed;

/* A console so slow that who looks away sees it in the middle of a record. */
static void slow_write(struct console *c, const char *s, size_t n)
{
	if (!READ_ONCE(armed))
		return;
	WRITE_ONCE(begun, begun + 1);
	udelay(20000);
	WRITE_ONCE(shown, shown + 1);
}

/* Early, so that no console= has to name it. It stays registered, and shows nothing after the test. */
static struct console slow = { .name = "slow", .write = slow_write, .early = true };

KTEST(printk, flush_waits)
{
	console_register(&slow);
	console_flush();
	WRITE_ONCE(armed, true);
	for (u32 n = 1; n <= 3; n++) {
		pr_info("slow console: record %u\n", n);
		/* The console thread shows it, maybe on this CPU: sleep, and look while it is at it. */
		while (READ_ONCE(begun) < n)
			(void)wait_event_until(&nobody, false, clock_monotonic_ns() + NSEC_PER_MSEC);
		console_flush();
		KEXPECT(READ_ONCE(shown) >= n);
	}
	WRITE_ONCE(armed, false);
	WRITE_ONCE(slow.enabled, false);
}

/* SPDX-License-Identifier: MPL-2.0 */
/* The PC speaker: the third counter of the 8254 makes a square wave, port 0x61 lets it through. */
#include <core/clock.h>
#include <core/init.h>
#include <core/io.h>
#include <core/timer.h>

#include "vt.h"

#define PIT_HZ		1193182u
#define COUNTER_2_SQUARE	0xb6

static const struct ioport pit = { 0x40, 4 }, gate = { 0x61, 1 };
static DEFINE_SPINLOCK(speaker_lock, CLOCK);	/* taken under vt_lock and in the timer */

static void set(u32 hz)
{
	u8 on = ioport_read8(gate, 0) & 0xfc;
	u64 flags;

	spin_lock_irqsave(&speaker_lock, flags);
	if (hz) {
		u32 divisor = PIT_HZ / hz;

		ioport_write8(pit, 3, COUNTER_2_SQUARE);
		ioport_write8(pit, 2, (u8)divisor);
		ioport_write8(pit, 2, (u8)(divisor >> 8));
		on |= 3;
	}
	ioport_write8(gate, 0, on);
	spin_unlock_irqrestore(&speaker_lock, flags);
}

static u64 silence(struct timer *t)
{
	set(0);
	return 0;
}

static struct timer off_timer;

void speaker_beep(u32 hz, u32 ms)
{
	if (!off_timer.fn)
		return;
	set(hz > 20 && hz < 32767 ? hz : 0);
	if (hz && ms)
		timer_start(&off_timer, clock_monotonic_ns() + ms * 1000000ull);
}

static int speaker_init(void)
{
	timer_init(&off_timer, TIMER_MONOTONIC, silence);
	return 0;
}
INITCALL_BUS(speaker_init);

/* SPDX-License-Identifier: MPL-2.0 */
/*
 * adjtimex(2): what an NTP daemon tells the clock, and the clock's discipline. An offset is worked off
 * by running a little faster or slower: each second the loop below takes a part of it (the phase-locked
 * loop's, by its time constant; at most 500 us of a single adjustment) and sets the rate for the second
 * to come. Leap seconds are inserted or left out at the end of the UTC day.
 *
 * The loop is a timer at each full second of the wall clock and a work item behind it; it runs only
 * while there is something to do. Errors grow by 500 us a second; that is computed when asked.
 */
#include <base/err.h>
#include <base/math.h>
#include <core/printk.h>
#include <core/work.h>
#include <core/init.h>
#include <kernel/cred.h>
#include <kernel/syscall.h>
#include <kernel/time.h>
#include <uapi/linux/timex.h>

#define MAX_PHASE_NS	500000000ll
#define MAX_ERROR_US	16000000ll
#define MAX_FREQ	32768000ll	/* 500 ppm in 2^-16 ppm */
#define MAX_SINGLE_US	500ll
#define MAX_TIMECONST	10
#define SHIFT_PLL	2
#define SHIFT_FLL	2
#define MIN_FLL_SEC	256
#define MAX_PLL_SEC	2048
#define OFFSET_SHIFT	16		/* fraction of what is kept of an offset */
#define TICK_USER	10000		/* microseconds */
#define MAX_TAI		100000

#define ADJ_SINGLE	0x8000u		/* the old adjtime() in disguise */
#define ADJ_READONLY	0x2000u

#define STA_RONLY_BITS (STA_PPSSIGNAL | STA_PPSJITTER | STA_PPSWANDER | STA_PPSERROR | STA_CLOCKERR | \
	STA_NANO | STA_MODE | STA_CLK)

static DEFINE_SPINLOCK(ntp_lock, OBJECT_IRQ);
static struct {
	s64 maxerror, esterror;		/* us; maxerror as it was at error_since */
	s64 error_since;		/* s, monotonic */
	s64 constant, tick;
	s64 freq;			/* 2^-16 ppm */
	s64 offset;			/* ns << OFFSET_SHIFT, still to be worked off by the loop */
	s64 single_us;			/* the same of a single adjustment */
	s64 slew_ns;			/* worked off in the current second */
	s64 reftime;			/* s: last offset given */
	s64 leap_at;			/* s, wall clock: the second before it */
	int status, state;
} ntp = {
	.maxerror = MAX_ERROR_US, .esterror = MAX_ERROR_US, .constant = 2, .tick = TICK_USER, .status = STA_UNSYNC,
	.state = TIME_OK,
};

static struct timer second_timer;
static struct work second_work;

static s64 now_seconds(void)
{
	return clock_realtime_ns() / (s64)NSEC_PER_SEC;
}

/* Lock held: the rate that follows from all of the above. */
static void set_rate(void)
{
	clock_set_freq(ntp.freq + (ntp.tick - TICK_USER) * 100 * 65536 + ntp.slew_ns * 65536 / 1000);
}

/* Lock held. */
static bool needs_seconds(void)
{
	return ntp.offset || ntp.single_us || ntp.slew_ns || ntp.state != TIME_OK || ntp.status & (STA_INS | STA_DEL);
}

static void arm(void)
{
	timer_start(&second_timer, (u64)(now_seconds() + 1) * NSEC_PER_SEC);
}

static u64 second_fire(struct timer *t)
{
	(void)t;
	work_queue(system_wq, &second_work);
	return 0;
}

/* Lock held: the state of a leap second. Returns by how much the wall clock jumps now. */
static s64 leap_step(s64 now)
{
	switch (ntp.state) {
	case TIME_OK:
		if (ntp.status & STA_INS) {
			ntp.state = TIME_INS;
			ntp.leap_at = now + 86400 - now % 86400;
		} else if (ntp.status & STA_DEL) {
			ntp.state = TIME_DEL;
			ntp.leap_at = now + 86400 - (now + 1) % 86400;
		}
		return 0;
	case TIME_INS:
		if (!(ntp.status & STA_INS)) {
			ntp.state = TIME_OK;
		} else if (now >= ntp.leap_at) {
			ntp.state = TIME_OOP;
			return -1;
		}
		return 0;
	case TIME_DEL:
		if (!(ntp.status & STA_DEL)) {
			ntp.state = TIME_OK;
		} else if (now >= ntp.leap_at) {
			ntp.state = TIME_WAIT;
			return 1;
		}
		return 0;
	case TIME_OOP:
		ntp.state = TIME_WAIT;
		return 0;
	default:
		if (!(ntp.status & (STA_INS | STA_DEL)))
			ntp.state = TIME_OK;
		return 0;
	}
}

/* Lock held: how much is worked off in the second to come. */
static void slew_step(void)
{
	s64 part = ntp.offset >> (SHIFT_PLL + ntp.constant), single;

	if (ntp.offset < 0)
		part = -(-ntp.offset >> (SHIFT_PLL + ntp.constant));
	if (!part)
		ntp.offset = 0;
	ntp.offset -= part;
	single = clamp_t(s64, ntp.single_us, -MAX_SINGLE_US, MAX_SINGLE_US);
	ntp.single_us -= single;
	ntp.slew_ns = (part >> OFFSET_SHIFT) + single * 1000;
}

static void second_passed(struct work *w)
{
	bool again;
	s64 leap;

	(void)w;
	spin_lock_irq(&ntp_lock);
	leap = leap_step(now_seconds());
	slew_step();
	set_rate();
	again = needs_seconds();
	spin_unlock_irq(&ntp_lock);
	if (leap) {
		pr_info("clock: %s\n", leap < 0 ? "inserting leap second 23:59:60 UTC" :
			"23:59:59 UTC is left out: leap second");
		clock_set_tai_offset(clock_tai_offset() - (int)leap);
		clock_set_realtime(clock_realtime_ns() + leap * (s64)NSEC_PER_SEC);
	}
	if (again)
		arm();
}

static int ntp_init(void)
{
	timer_init(&second_timer, TIMER_REALTIME, second_fire);
	work_init(&second_work, second_passed);
	return 0;
}
INITCALL_CORE(ntp_init);

/* Lock held. Errors grow while nobody corrects them; at the limit nothing is known any more. */
static void grow_error(void)
{
	s64 now = (s64)(clock_monotonic_ns() / NSEC_PER_SEC);

	ntp.maxerror += (now - ntp.error_since) * 500;
	ntp.error_since = now;
	if (ntp.maxerror > MAX_ERROR_US) {
		ntp.maxerror = MAX_ERROR_US;
		ntp.status |= STA_UNSYNC;
	}
}

/* Lock held: a measured offset. Phase at once, frequency by how long it took to arise. */
static void offset_given(s64 offset)
{
	s64 now = now_seconds(), secs, adj = 0;

	if (!(ntp.status & STA_PLL))
		return;
	if (!(ntp.status & STA_NANO))
		offset = clamp_t(s64, offset, -1000000, 1000000) * 1000;
	offset = clamp_t(s64, offset, -MAX_PHASE_NS, MAX_PHASE_NS);
	secs = now - ntp.reftime;
	if (ntp.status & STA_FREQHOLD || secs < 0)
		secs = 0;
	ntp.reftime = now;
	ntp.status &= ~STA_MODE;
	if (secs >= MIN_FLL_SEC && (ntp.status & STA_FLL || secs > MAX_PLL_SEC)) {
		ntp.status |= STA_MODE;
		adj = offset * 65536 / 1000 / (secs << SHIFT_FLL);
	}
	secs = min_t(s64, secs, 1ll << (SHIFT_PLL + 1 + ntp.constant));
	adj += (s64)((__int128)offset * secs * 65536 / 1000 / (1ll << 2 * (SHIFT_PLL + 2 + ntp.constant)));
	ntp.freq = clamp_t(s64, ntp.freq + adj, -MAX_FREQ, MAX_FREQ);
	ntp.offset = offset * (1ll << OFFSET_SHIFT);
}

/* Lock held. */
static void status_given(int status)
{
	if (ntp.status & STA_PLL && !(status & STA_PLL)) {
		ntp.state = TIME_OK;
		ntp.status = STA_UNSYNC;
	}
	if (!(ntp.status & STA_PLL) && status & STA_PLL)
		ntp.reftime = now_seconds();
	ntp.status = (ntp.status & (int)STA_RONLY_BITS) | (status & ~(int)STA_RONLY_BITS);
}

/* Lock held. Values were checked. */
static void modes_apply(const struct timex *tx)
{
	if (tx->modes & ADJ_STATUS)
		status_given(tx->status);
	if (tx->modes & ADJ_NANO)
		ntp.status |= STA_NANO;
	if (tx->modes & ADJ_MICRO)
		ntp.status &= ~STA_NANO;
	if (tx->modes & ADJ_FREQUENCY)
		ntp.freq = clamp_t(s64, tx->freq, -MAX_FREQ, MAX_FREQ);
	if (tx->modes & ADJ_MAXERROR)
		ntp.maxerror = tx->maxerror;
	if (tx->modes & ADJ_ESTERROR)
		ntp.esterror = tx->esterror;
	if (tx->modes & ADJ_TIMECONST)
		ntp.constant = clamp_t(s64, tx->constant + (ntp.status & STA_NANO ? 0 : 4), 0, MAX_TIMECONST);
	if (tx->modes & ADJ_OFFSET)
		offset_given(tx->offset);
	if (tx->modes & ADJ_TICK)
		ntp.tick = tx->tick;
	if (tx->modes & (ADJ_OFFSET | ADJ_FREQUENCY | ADJ_TICK))
		set_rate();
}

static int check(const struct timex *tx)
{
	if (tx->modes & ADJ_SINGLE) {
		if (!(tx->modes & ADJ_OFFSET))
			return -EINVAL;
		return tx->modes & ADJ_READONLY || capable(CAP_SYS_TIME) ? 0 : -EPERM;
	}
	if (tx->modes && !capable(CAP_SYS_TIME))
		return -EPERM;
	if (tx->modes & ADJ_TICK && (tx->tick < 9000 || tx->tick > 11000))
		return -EINVAL;
	if (tx->modes & ADJ_SETOFFSET) {
		s64 limit = tx->modes & ADJ_NANO ? (s64)NSEC_PER_SEC : 1000000;

		if (tx->time.tv_usec < 0 || tx->time.tv_usec >= limit)
			return -EINVAL;
	}
	if (tx->modes & ADJ_FREQUENCY && (tx->freq > INT64_MAX / 1000 || tx->freq < INT64_MIN / 1000))
		return -EINVAL;
	return 0;
}

/* Fill in the answer. Lock held. */
static void report(struct timex *tx, s64 now)
{
	tx->freq = ntp.freq;
	tx->maxerror = ntp.maxerror;
	tx->esterror = ntp.esterror;
	tx->status = ntp.status;
	tx->constant = ntp.constant;
	tx->tick = ntp.tick;
	tx->precision = 1;
	tx->tolerance = MAX_FREQ;
	tx->tai = clock_tai_offset();
	tx->ppsfreq = tx->jitter = tx->stabil = tx->jitcnt = tx->calcnt = tx->errcnt = tx->stbcnt = 0;
	tx->shift = 0;
	tx->time.tv_sec = now / (s64)NSEC_PER_SEC;
	tx->time.tv_usec = now % (s64)NSEC_PER_SEC / (ntp.status & STA_NANO ? 1 : 1000);
}

static long adjtimex_do(struct timex *tx)
{
	bool work;
	s64 now;
	int err = check(tx), state;

	if (err)
		return err;
	if (tx->modes & ADJ_SETOFFSET)
		clock_set_realtime(clock_realtime_ns() + tx->time.tv_sec * (s64)NSEC_PER_SEC +
				   tx->time.tv_usec * (tx->modes & ADJ_NANO ? 1 : 1000));
	now = clock_realtime_ns();
	spin_lock_irq(&ntp_lock);
	grow_error();
	if (tx->modes & ADJ_SINGLE) {
		s64 left = ntp.single_us;

		if (!(tx->modes & ADJ_READONLY))
			ntp.single_us = tx->offset;
		tx->offset = left;
	} else {
		modes_apply(tx);
		tx->offset = ntp.offset >> OFFSET_SHIFT;
		if (!(ntp.status & STA_NANO))
			tx->offset /= 1000;
	}
	state = ntp.status & (STA_UNSYNC | STA_CLOCKERR) ? TIME_ERROR : ntp.state;
	work = needs_seconds();
	err = tx->modes & ADJ_TAI && !(tx->modes & ADJ_SINGLE) && tx->constant >= 0 && tx->constant <= MAX_TAI;
	spin_unlock_irq(&ntp_lock);
	if (err)
		clock_set_tai_offset((int)tx->constant);
	spin_lock_irq(&ntp_lock);
	report(tx, now);
	spin_unlock_irq(&ntp_lock);
	if (work && tx->modes && !timer_queued(&second_timer))
		arm();
	return state;
}

long sys_adjtimex(uio_timex utx)
{
	struct timex tx;
	long res;

	if (copy_in(&tx, utx))
		return -EFAULT;
	res = adjtimex_do(&tx);
	return res < 0 ? res : copy_out(utx, &tx) ? -EFAULT : res;
}

long sys_clock_adjtime(int clockid, uio_timex utx)
{
	s64 ns;

	if (clockid == CLOCK_REALTIME)
		return sys_adjtimex(utx);
	return clock_get_do(clockid, &ns) ? -EINVAL : -EOPNOTSUPP;
}

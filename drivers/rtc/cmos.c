/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The CMOS clock as a device: /dev/rtc0 (read and set the time; hwclock), /sys/class/rtc/rtc0, /proc/driver/rtc.
 * It is driven without its interrupt, so alarms and update interrupts are refused with EINVAL, as by a Linux
 * whose clock has none. The registers themselves are core's (rtc_read, rtc_write). Source: rtc(4).
 *
 * One open file at a time (`opened`); the device lives for ever.
 */
#include <base/err.h>
#include <base/printf.h>
#include <base/string.h>
#include <core/init.h>
#include <core/machine.h>
#include <core/slab.h>
#include <core/usercopy.h>
#include <core/wait.h>
#include <drivers/device.h>
#include <fs/file.h>
#include <fs/poll.h>
#include <fs/procfs.h>
#include <kernel/cred.h>
#include <kernel/task.h>
#include <uapi/linux/capability.h>
#include <uapi/linux/rtc.h>

#define RTC_MAJOR	250
#define DAY		86400

static atomic_t opened = ATOMIC_INIT(0);
static DEFINE_WAIT_QUEUE(never);	/* interrupts that do not come */

static bool leap(s32 year)
{
	return !(year % 4) && (year % 100 || !(year % 400));
}

static s32 month_days(s32 month, s32 year)
{
	static const u8 days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };

	return days[month] + (month == 1 && leap(year));
}

/* Seconds since 1970, not negative. */
static void to_fields(s64 t, struct rtc_time *tm)
{
	s32 days = (s32)(t / DAY), sec = (s32)(t % DAY), year = 1970;

	tm->tm_hour = sec / 3600;
	tm->tm_min = sec / 60 % 60;
	tm->tm_sec = sec % 60;
	tm->tm_wday = (days + 4) % 7;
	tm->tm_isdst = 0;
	for (; days >= 365 + leap(year); year++)
		days -= 365 + leap(year);
	tm->tm_year = year - 1900;
	tm->tm_yday = days;
	for (tm->tm_mon = 0; days >= month_days(tm->tm_mon, year); tm->tm_mon++)
		days -= month_days(tm->tm_mon, year);
	tm->tm_mday = days + 1;
}

/* Seconds since 1970, or -EINVAL for what is no time. */
static s64 to_seconds(const struct rtc_time *tm)
{
	s32 year = tm->tm_year + 1900;
	s64 days = tm->tm_mday - 1;

	if (tm->tm_year < 70 || tm->tm_year > 1099 || (u32)tm->tm_mon > 11 || tm->tm_mday < 1 ||
	    tm->tm_mday > month_days(tm->tm_mon, year) || (u32)tm->tm_hour > 23 || (u32)tm->tm_min > 59 || (u32)tm->tm_sec > 59)
		return -EINVAL;
	for (s32 y = 1970; y < year; y++)
		days += 365 + leap(y);
	for (s32 m = 0; m < tm->tm_mon; m++)
		days += month_days(m, year);
	return days * DAY + tm->tm_hour * 3600 + tm->tm_min * 60 + tm->tm_sec;
}

/* --- /dev/rtc0 --- */

static int rtc_open(struct file *f, struct inode *inode)
{
	(void)f, (void)inode;
	return atomic_cmpxchg(&opened, 0, 1) ? -EBUSY : 0;
}

static int rtc_release(struct file *f, struct inode *inode)
{
	(void)f, (void)inode;
	atomic_set(&opened, 0);
	return 0;
}

static ssize_t rtc_read_iter(struct file *f, struct kiocb *k, struct iov_iter *to)
{
	(void)f;
	if (iov_iter_count(to) < sizeof(u32))
		return -EINVAL;
	if (k->flags & (IOCB_NOWAIT | IOCB_NONBLOCK))
		return -EAGAIN;
	return wait_event_interruptible(&never, false) ? -ERESTARTSYS : 0;
}

static u32 rtc_poll(struct file *f, struct poll_table *pt)
{
	poll_wait(f, &never, pt);
	return 0;
}

static long rtc_ioctl(struct file *f, u32 cmd, u64 arg)
{
	struct rtc_time tm;
	s64 t;
	int err;

	(void)f;
	switch (cmd) {
	case RTC_RD_TIME:
		to_fields(rtc_read(), &tm);
		return copy_out_bytes(uaddr(arg), &tm, sizeof(tm));
	case RTC_SET_TIME:
		if (!capable(CAP_SYS_TIME))
			return -EACCES;
		err = copy_in_bytes(&tm, uaddr(arg), sizeof(tm));
		if (err)
			return err;
		t = to_seconds(&tm);
		return t < 0 ? t : rtc_write(t);
	case RTC_AIE_OFF: case RTC_UIE_OFF:
		return 0;
	case RTC_AIE_ON: case RTC_UIE_ON: case RTC_ALM_SET: case RTC_ALM_READ: case RTC_WKALM_SET: case RTC_WKALM_RD:
		return -EINVAL;
	}
	return -ENOTTY;
}

static const struct file_ops rtc_fops = {
	.open = rtc_open, .release = rtc_release, .read_iter = rtc_read_iter, .poll = rtc_poll, .ioctl = rtc_ioctl,
};

/* --- sysfs and procfs --- */

static ssize_t date_show(struct device *d, char *buf, size_t size)
{
	struct rtc_time tm;

	(void)d;
	to_fields(rtc_read(), &tm);
	return scnprintf(buf, size, "%04d-%02d-%02d\n", tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday);
}

static ssize_t time_show(struct device *d, char *buf, size_t size)
{
	struct rtc_time tm;

	(void)d;
	to_fields(rtc_read(), &tm);
	return scnprintf(buf, size, "%02d:%02d:%02d\n", tm.tm_hour, tm.tm_min, tm.tm_sec);
}

static ssize_t epoch_show(struct device *d, char *buf, size_t size)
{
	(void)d;
	return scnprintf(buf, size, "%ld\n", (long)rtc_read());
}

static ssize_t name_show(struct device *d, char *buf, size_t size)
{
	(void)d;
	return scnprintf(buf, size, "rtc_cmos rtc_cmos\n");
}

/* The wall clock began with its time. */
static ssize_t hctosys_show(struct device *d, char *buf, size_t size)
{
	(void)d;
	return scnprintf(buf, size, "1\n");
}

static const struct dev_attr rtc_attrs[] = {
	{ "date", 0444, date_show, NULL }, { "time", 0444, time_show, NULL }, { "since_epoch", 0444, epoch_show, NULL },
	{ "name", 0444, name_show, NULL }, { "hctosys", 0444, hctosys_show, NULL }, { NULL, 0, NULL, NULL },
};

static int proc_show(struct seq_file *s, void *v)
{
	struct rtc_time tm;

	(void)v;
	to_fields(rtc_read(), &tm);
	seq_printf(s, "rtc_time\t: %02d:%02d:%02d\nrtc_date\t: %04d-%02d-%02d\n24hr\t\t: yes\n", tm.tm_hour, tm.tm_min,
		   tm.tm_sec, tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday);
	return 0;
}

static struct device rtc_device = {
	.ref = REF_INIT(1), .name = "rtc0", .class_name = "rtc", .node_mode = 0600, .attrs = rtc_attrs,
};

static int rtc_init(void)
{
	int err;

	if (rtc_read() <= 0)
		return 0;	/* no clock there */
	err = chrdev_register(RTC_MAJOR, 0, 1, &rtc_fops, "rtc", NULL);
	if (err)
		return err;
	rtc_device.devt = mkdev(RTC_MAJOR, 0);
	err = device_register(&rtc_device);
	if (!err)
		err = proc_create("driver/rtc", 0444, proc_show, NULL);
	return err;
}
INITCALL_DRIVER(rtc_init);

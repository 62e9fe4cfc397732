/* SPDX-License-Identifier: MPL-2.0 */
/* /dev/rtc0: reading and setting the clock, what is refused, what sysfs and procfs show. */
#include "ktest_user.h"
#include <linux/rtc.h>

static int clock_open(void)
{
	int fd = open("/dev/rtc0", O_RDONLY);

	if (fd < 0 && (errno == ENOENT || errno == ENXIO))
		SKIP("no clock");
	return CHECK_OK(fd);
}

static time_t seconds(const struct rtc_time *t)
{
	struct tm tm = { .tm_sec = t->tm_sec, .tm_min = t->tm_min, .tm_hour = t->tm_hour, .tm_mday = t->tm_mday,
			 .tm_mon = t->tm_mon, .tm_year = t->tm_year };

	return timegm(&tm);
}

static void file_text(const char *path, char *buf, size_t size)
{
	int fd = CHECK_OK(open(path, O_RDONLY));
	ssize_t n = CHECK_OK(read(fd, buf, size - 1));

	buf[n] = 0;
	close(fd);
}

CASE(read_and_set)
{
	int fd = clock_open();
	struct rtc_time t, u, keep;

	CHECK_ERR(open("/dev/rtc0", O_RDONLY), EBUSY);
	CHECK_OK(ioctl(fd, RTC_RD_TIME, &keep));
	CHECK(labs(seconds(&keep) - time(NULL)) < 3600 * 14);
	CHECK_EQ(keep.tm_isdst, 0);
	t = (struct rtc_time){ .tm_year = 124, .tm_mon = 1, .tm_mday = 29, .tm_hour = 23, .tm_min = 59, .tm_sec = 30 };
	CHECK_OK(ioctl(fd, RTC_SET_TIME, &t));
	CHECK_OK(ioctl(fd, RTC_RD_TIME, &u));
	CHECK(seconds(&u) - seconds(&t) >= 0 && seconds(&u) - seconds(&t) <= 20);
	CHECK_EQ(u.tm_mday, 29);
	CHECK_OK(ioctl(fd, RTC_SET_TIME, &keep));
	t.tm_mday = 30;
	CHECK_ERR(ioctl(fd, RTC_SET_TIME, &t), EINVAL);
	t = keep;
	t.tm_hour = 24;
	CHECK_ERR(ioctl(fd, RTC_SET_TIME, &t), EINVAL);
	CHECK_ERR(ioctl(fd, RTC_RD_TIME, (void *)8), EFAULT);
	CHECK_ERR(ioctl(fd, _IO('p', 0x7f), 0), ENOTTY);
	CHECK_ERR(read(fd, &t, 2), EINVAL);
	CHECK_OK(close(fd));
	CHECK_OK(close(clock_open()));
}

CASE(permission)
{
	int fd = clock_open();
	struct rtc_time t;

	CHECK_OK(ioctl(fd, RTC_RD_TIME, &t));
	CHECK_OK(setuid(1000));
	CHECK_ERR(ioctl(fd, RTC_SET_TIME, &t), EACCES);
	CHECK_OK(ioctl(fd, RTC_RD_TIME, &t));
}

CASE(shown)
{
	int fd = clock_open(), d, m, y;
	char text[1024];
	struct rtc_time t;

	CHECK_OK(ioctl(fd, RTC_RD_TIME, &t));
	file_text("/sys/class/rtc/rtc0/since_epoch", text, sizeof(text));
	CHECK(labs(atol(text) - seconds(&t)) <= 20);
	file_text("/sys/class/rtc/rtc0/date", text, sizeof(text));
	CHECK_EQ(sscanf(text, "%d-%d-%d", &y, &m, &d), 3);
	CHECK(y >= 2020 && m >= 1 && m <= 12);
	if (access("/proc/driver/rtc", R_OK))
		SKIP("no /proc/driver/rtc");
	file_text("/proc/driver/rtc", text, sizeof(text));
	CHECK(strstr(text, "rtc_time\t: "));
	CHECK(strstr(text, "rtc_date\t: "));
}

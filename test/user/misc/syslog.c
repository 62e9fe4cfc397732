/* SPDX-License-Identifier: MPL-2.0 */
/* syslog and /dev/kmsg: reading, writing, levels, clearing, privilege. */
#include "ktest_user.h"
#include <sys/klog.h>
static char buf[1 << 20];
CASE(kmsg_write_and_read)
{
	char line[64], rec[1024];
	int fd = CHECK_OK(open("/dev/kmsg", O_RDWR | O_NONBLOCK));
	bool seen = false;
	ssize_t n;

	snprintf(line, sizeof(line), "<5>marker %d\n", getpid());
	CHECK_EQ(write(fd, line, strlen(line)), strlen(line));
	while ((n = read(fd, rec, sizeof(rec) - 1)) > 0 || errno == EPIPE) {
		if (n < 0)
			continue;
		rec[n] = 0;
		line[strcspn(line, "\n")] = 0;
		if (strstr(rec, line + 3)) {
			unsigned pri;
			unsigned long long seq, ts;
			CHECK_EQ(sscanf(rec, "%u,%llu,%llu,", &pri, &seq, &ts), 3);
			CHECK_EQ(pri, 8 + 5);	/* facility user, level notice */
			CHECK(strchr(rec, ';'));
			seen = true;
		}
	}
	CHECK_EQ(errno, EAGAIN);
	CHECK(seen);
	CHECK_ERR(lseek(fd, 5, SEEK_SET), ESPIPE);
	CHECK_OK(lseek(fd, 0, SEEK_SET));
	CHECK_ERR(read(fd, rec, 3), EINVAL);
	struct pollfd p = { fd, POLLIN, 0 };
	/* The kernel may have had to say something just then. */
	AWAIT(lseek(fd, 0, SEEK_END) == 0 && read(fd, rec, sizeof(rec)) == -1 && errno == EAGAIN && poll(&p, 1, 0) == 0);
	CHECK_EQ(write(fd, "another\n", 8), 8);
	CHECK_EQ(poll(&p, 1, 0), 1);
}
CASE(syslog_calls)
{
	int size = CHECK_OK(klogctl(10, NULL, 0)), n, fd;	/* SIZE_BUFFER */

	CHECK_GE(size, 4096);
	fd = CHECK_OK(open("/dev/kmsg", O_WRONLY));
	CHECK_EQ(write(fd, "for the call\n", 13), 13);
	n = CHECK_OK(klogctl(3, buf, sizeof(buf) - 1));	/* READ_ALL */
	buf[n] = 0;
	CHECK(strstr(buf, "for the call\n"));
	CHECK(buf[0] == '<');
	CHECK_GE(klogctl(9, NULL, 0), 0);	/* SIZE_UNREAD */
	CHECK_OK(klogctl(8, NULL, 4));	/* CONSOLE_LEVEL */
	CHECK_ERR(klogctl(8, NULL, 0), EINVAL);
	CHECK_ERR(klogctl(8, NULL, 9), EINVAL);
	CHECK_OK(klogctl(8, NULL, 1));
	CHECK_ERR(klogctl(99, NULL, 0), EINVAL);
	CHECK_ERR(klogctl(3, NULL, 10), EINVAL);
	CHECK_ERR(klogctl(3, buf, -1), EINVAL);
	CHECK_EQ(klogctl(3, buf, 0), 0);
	AWAIT(klogctl(5 /* CLEAR */, NULL, 0) == 0 && klogctl(3, buf, sizeof(buf)) == 0);
}
CASE(privilege)
{
	CHECK_OK(setresuid(1000, 1000, 1000));
	CHECK_ERR(klogctl(5, NULL, 0), EPERM);
	CHECK_ERR(klogctl(8, NULL, 1), EPERM);
}

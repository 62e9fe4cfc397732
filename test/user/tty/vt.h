/* SPDX-License-Identifier: MPL-2.0 */
/* Virtual terminals in tests: open one, read what stands on it through /dev/vcs. */
#ifndef TEST_TTY_VT_H
#define TEST_TTY_VT_H

#include "ktest_user.h"
#include <linux/kd.h>
#include <linux/vt.h>
#include <sys/ioctl.h>
#include <termios.h>

static inline int vt_open(int n)
{
	char name[32];
	int fd;

	snprintf(name, sizeof(name), "/dev/tty%d", n);
	fd = open(name, O_RDWR | O_NOCTTY);
	if (fd < 0)
		SKIP("no virtual terminals");
	return fd;
}

static inline void vt_say(int fd, const char *s)
{
	CHECK_EQ(write(fd, s, strlen(s)), (ssize_t)strlen(s));
}

/* Row y, without blanks at the end. */
static inline const char *vt_row(int n, int y)
{
	static char text[1024];
	unsigned char head[4];
	char name[32];
	int fd, len;

	snprintf(name, sizeof(name), "/dev/vcsa%d", n);
	fd = open(name, O_RDONLY);
	if (fd < 0)
		SKIP("no /dev/vcs");
	CHECK_EQ(read(fd, head, 4), 4);
	close(fd);
	snprintf(name, sizeof(name), "/dev/vcs%d", n);
	fd = open(name, O_RDONLY);
	CHECK(fd >= 0);
	CHECK_EQ(pread(fd, text, head[1], (off_t)y * head[1]), head[1]);
	close(fd);
	for (len = head[1]; len > 0 && text[len - 1] == ' '; len--)
		;
	text[len] = '\0';
	return text;
}

static inline void vt_cursor(int n, int *x, int *y)
{
	unsigned char head[4];
	char name[32];
	int fd;

	snprintf(name, sizeof(name), "/dev/vcsa%d", n);
	fd = open(name, O_RDONLY);
	if (fd < 0)
		SKIP("no /dev/vcsa");
	CHECK_EQ(read(fd, head, 4), 4);
	close(fd);
	*x = head[2];
	*y = head[3];
}

#endif

/* SPDX-License-Identifier: MPL-2.0 */
/* Loop devices over files in the test's own directory; tests skip where there is no loop driver. */
#ifndef KTEST_LOOPDEV_H
#define KTEST_LOOPDEV_H

#include <linux/fs.h>
#include <linux/loop.h>

#include "ktest_user.h"

struct loopdev {
	int fd, index;
	char path[32];
};

static inline int loop_control(void)
{
	int fd = open("/dev/loop-control", O_RDWR | O_CLOEXEC);

	if (fd < 0)
		SKIP("no /dev/loop-control: %s", strerror(errno));
	return fd;
}

/* A file of this size: byte i of each 512 is (sector * 3 + i). */
static inline void loop_file(const char *path, unsigned sectors)
{
	int fd = CHECK_OK(open(path, O_RDWR | O_CREAT | O_TRUNC, 0644));

	for (unsigned s = 0; s < sectors; s++) {
		unsigned char b[512];

		for (unsigned i = 0; i < sizeof(b); i++)
			b[i] = (unsigned char)(s * 3 + i);
		CHECK_EQ(write(fd, b, sizeof(b)), sizeof(b));
	}
	close(fd);
}

/* Bind a free device to the file. flags: LO_FLAGS_*; offset, limit in bytes. */
static inline struct loopdev loop_bind(const char *path, int oflags, unsigned flags, unsigned long offset, unsigned long limit)
{
	struct loopdev l;
	int ctl = loop_control(), fd = CHECK_OK(open(path, oflags | O_CLOEXEC));
	struct loop_config c = { .fd = (unsigned)fd };

	c.info.lo_flags = flags;
	c.info.lo_offset = offset;
	c.info.lo_sizelimit = limit;
	for (int tries = 0; ; tries++) {
		l.index = CHECK_OK(ioctl(ctl, LOOP_CTL_GET_FREE));
		snprintf(l.path, sizeof(l.path), "/dev/loop%d", l.index);
		l.fd = CHECK_OK(open(l.path, oflags | O_CLOEXEC));
		if (!ioctl(l.fd, LOOP_CONFIGURE, &c))
			break;
		if (errno != EBUSY || tries > 20)
			FAIL("LOOP_CONFIGURE of %s: %s", l.path, strerror(errno));
		close(l.fd);
	}
	close(fd);
	close(ctl);
	return l;
}

static inline void loop_unbind(struct loopdev *l)
{
	CHECK_OK(ioctl(l->fd, LOOP_CLR_FD));
	close(l->fd);
}

/* The text of /sys/block/loopN/FILE without the newline. */
static inline const char *loop_sysfs(const struct loopdev *l, const char *file)
{
	static char buf[4096];
	char path[128];

	snprintf(path, sizeof(path), "/sys/block/loop%d/%s", l->index, file);
	kt_get(path, buf, sizeof(buf));
	buf[strcspn(buf, "\n")] = '\0';
	return buf;
}

#endif

/* SPDX-License-Identifier: MPL-2.0 */
/* Events of devices: what is written to a uevent file comes to those who listen. */
#include <linux/netlink.h>
#include <sys/socket.h>
#include "ktest_user.h"

#define FILE_OF_LO "/sys/class/net/lo/uevent"

static char buf[8192];
static int len;

static int listener(void)
{
	struct sockaddr_nl a = { .nl_family = AF_NETLINK, .nl_groups = 1 };
	int fd = CHECK_OK(socket(AF_NETLINK, SOCK_DGRAM, NETLINK_KOBJECT_UEVENT));

	CHECK_OK(bind(fd, (void *)&a, sizeof(a)));
	return fd;
}
static int put(const char *text)
{
	int fd = CHECK_OK(open(FILE_OF_LO, O_WRONLY)), n = write(fd, text, strlen(text)), e = errno;

	close(fd);
	errno = e;
	return n;
}
static int has(const char *line)
{
	for (int i = 0; i < len; i += strlen(buf + i) + 1)
		if (!strncmp(buf + i, line, strlen(line)))
			return 1;
	return 0;
}
/* The next one of lo: a device of an earlier test may still go. */
static void hear_lo(int fd)
{
	do {
		len = CHECK_OK(recv(fd, buf, sizeof(buf), 0));
		CHECK(memchr(buf, 0, (size_t)len) && strchr(buf, '@'));
	} while (strcmp(strchr(buf, '@'), "@/devices/virtual/net/lo"));
}
CASE(synthetic)
{
	int fd = listener();

	CHECK_EQ(put("change"), 6);
	hear_lo(fd);
	CHECK(!strcmp(buf, "change@/devices/virtual/net/lo"));
	CHECK(has("ACTION=change"));
	CHECK(has("DEVPATH=/devices/virtual/net/lo"));
	CHECK(has("SUBSYSTEM=net"));
	CHECK(has("SYNTH_UUID=0"));
	CHECK(has("INTERFACE=lo"));
	CHECK(has("IFINDEX=1"));
	CHECK(has("SEQNUM="));
	CHECK_EQ(put("add 12345678-1234-1234-1234-123456789abc\n"), 41);
	hear_lo(fd);
	CHECK(has("ACTION=add"));
	CHECK(has("SYNTH_UUID=12345678-1234-1234-1234-123456789abc"));
}
CASE(numbers)
{
	char before[32], after[32];

	kt_get("/sys/kernel/uevent_seqnum", before, sizeof(before));
	CHECK_EQ(put("change\n"), 7);
	kt_get("/sys/kernel/uevent_seqnum", after, sizeof(after));
	CHECK_GT(atoi(after), atoi(before));
}
CASE(errors)
{
	CHECK_ERR(put("nonsense"), EINVAL);
	CHECK_ERR(put("add x"), EINVAL);
	kt_get(FILE_OF_LO, buf, sizeof(buf));
	CHECK(!strcmp(buf, "INTERFACE=lo\nIFINDEX=1\n"));
	kt_become(1000, 1000);
	CHECK_ERR(open(FILE_OF_LO, O_WRONLY), EACCES);
	CHECK_OK(listener());
}

/* SPDX-License-Identifier: MPL-2.0 */
/* What /proc/net/dev and /sys/class/net say of lo; writing there changes the device. */
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include "ktest_user.h"

static char buf[8192];

static void set_up(bool up)
{
	struct ifreq r = { .ifr_name = "lo" };
	int s = CHECK_OK(socket(AF_UNIX, SOCK_DGRAM, 0));

	r.ifr_flags = up ? IFF_UP : 0;
	CHECK_OK(ioctl(s, SIOCSIFFLAGS, &r));
	close(s);
}
static void sees(const char *file, const char *want)
{
	char path[100];

	snprintf(path, sizeof(path), "/sys/class/net/lo/%s", file);
	kt_get(path, buf, sizeof(buf));
	if (strcmp(buf, want))
		FAIL("%s: \"%s\", not \"%s\"", file, buf, want);
}
static int put(const char *file, const char *text)
{
	char path[100];
	int fd, n, e;

	snprintf(path, sizeof(path), "/sys/class/net/lo/%s", file);
	fd = CHECK_OK(open(path, O_WRONLY));
	n = write(fd, text, strlen(text));
	e = errno;
	close(fd);
	errno = e;
	return n;
}
CASE(proc_dev)
{
	kt_get("/proc/net/dev", buf, sizeof(buf));
	CHECK(strstr(buf, "Inter-|   Receive                                                |  Transmit\n"
			  " face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop "
			  "fifo colls carrier compressed\n    lo: "));
}
CASE(sysfs)
{
	set_up(false);
	sees("address", "00:00:00:00:00:00\n");
	sees("broadcast", "00:00:00:00:00:00\n");
	sees("addr_len", "6\n");
	sees("ifindex", "1\n");
	sees("iflink", "1\n");
	sees("mtu", "65536\n");
	sees("type", "772\n");
	sees("flags", "0x8\n");
	sees("operstate", "down\n");
	sees("tx_queue_len", "1000\n");
	sees("statistics/tx_errors", "0\n");
	CHECK_ERR(open("/sys/class/net/lo/device", O_RDONLY), ENOENT);
	set_up(true);
	sees("flags", "0x9\n");
	sees("operstate", "unknown\n");
	sees("carrier", "1\n");
	sees("dormant", "0\n");
	set_up(false);
}
CASE(down_tells_nothing)
{
	int fd;

	set_up(false);
	fd = CHECK_OK(open("/sys/class/net/lo/carrier", O_RDONLY));
	CHECK_ERR(read(fd, buf, 10), EINVAL);
	fd = CHECK_OK(open("/sys/class/net/lo/speed", O_RDONLY));
	CHECK_ERR(read(fd, buf, 10), EINVAL);
}
CASE(writing)
{
	CHECK_EQ(put("mtu", "9000\n"), 5);
	sees("mtu", "9000\n");
	CHECK_EQ(put("mtu", "65536"), 5);
	CHECK_ERR(put("mtu", "x"), EINVAL);
	CHECK_EQ(put("flags", "0x9"), 3);
	sees("flags", "0x9\n");
	CHECK_EQ(put("flags", "0x8"), 3);
	CHECK_EQ(put("tx_queue_len", "500"), 3);
	sees("tx_queue_len", "500\n");
	CHECK_EQ(put("tx_queue_len", "1000"), 4);
}
CASE(nobody_else_writes)
{
	int fd = CHECK_OK(open("/sys/class/net/lo/mtu", O_WRONLY));

	kt_become(1000, 1000);
	CHECK_ERR(open("/sys/class/net/lo/mtu", O_WRONLY), EACCES);
	CHECK_ERR(write(fd, "1500", 4), EPERM);
}

/* SPDX-License-Identifier: MPL-2.0 */
/* netdevice(7): the ioctls of devices on a socket of any family, with lo. */
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include "ktest_user.h"

#ifndef SIOCGIFTXQLEN
#define SIOCGIFTXQLEN 0x8942
#define SIOCSIFTXQLEN 0x8943
#endif
#define SIOCETHTOOL 0x8946

static struct ifreq lo(void)
{
	struct ifreq r;

	memset(&r, 0xa5, sizeof(r));
	strcpy(r.ifr_name, "lo");
	return r;
}
static int sock(void)
{
	return CHECK_OK(socket(AF_UNIX, SOCK_DGRAM, 0));
}
CASE(questions)
{
	struct ifreq r = lo();
	int s = sock(), index;

	CHECK_OK(ioctl(s, SIOCGIFINDEX, &r));
	CHECK_EQ(r.ifr_ifindex, 1);
	index = r.ifr_ifindex;
	memset(r.ifr_name, 0, IFNAMSIZ);
	r.ifr_ifindex = index;
	CHECK_OK(ioctl(s, SIOCGIFNAME, &r));
	CHECK(!strcmp(r.ifr_name, "lo"));
	r = lo();
	CHECK_OK(ioctl(s, SIOCGIFMTU, &r));
	CHECK_EQ(r.ifr_mtu, 65536);
	CHECK_OK(ioctl(s, SIOCGIFHWADDR, &r));
	CHECK_EQ(r.ifr_hwaddr.sa_family, 772);
	CHECK(!memcmp(r.ifr_hwaddr.sa_data, "\0\0\0\0\0\0", 6));
	CHECK_OK(ioctl(s, SIOCGIFMETRIC, &r));
	CHECK_EQ(r.ifr_metric, 0);
	CHECK_OK(ioctl(s, SIOCGIFTXQLEN, &r));
	CHECK_EQ(r.ifr_qlen, 1000);
	CHECK_OK(ioctl(s, SIOCGIFFLAGS, &r));
	CHECK(r.ifr_flags & IFF_LOOPBACK);
	CHECK(!(r.ifr_flags & (IFF_BROADCAST | IFF_POINTOPOINT | IFF_PROMISC)));
}
CASE(errors)
{
	struct ifreq r = lo();
	int s = sock();

	strcpy(r.ifr_name, "nosuch0");
	CHECK_ERR(ioctl(s, SIOCGIFINDEX, &r), ENODEV);
	CHECK_ERR(ioctl(s, SIOCSIFFLAGS, &r), ENODEV);
	r.ifr_ifindex = 4711;
	CHECK_ERR(ioctl(s, SIOCGIFNAME, &r), ENODEV);
	CHECK_ERR(ioctl(s, SIOCGIFINDEX, (void *)8), EFAULT);
	CHECK_ERR(ioctl(s, SIOCSIFFLAGS, NULL), EFAULT);
	r = lo();
	CHECK_ERR(ioctl(s, SIOCGIFMEM, &r), ENOTTY);
	CHECK_ERR(ioctl(s, SIOCGIFSLAVE, &r), EINVAL);
	CHECK_ERR(ioctl(s, SIOCGIFENCAP, &r), ENOTTY);
	r.ifr_qlen = -1;
	CHECK_ERR(ioctl(s, SIOCSIFTXQLEN, &r), EINVAL);
	r.ifr_mtu = -1;
	CHECK_ERR(ioctl(s, SIOCSIFMTU, &r), EINVAL);
	r.ifr_metric = 1;
	CHECK_ERR(ioctl(s, SIOCSIFMETRIC, &r), EOPNOTSUPP);
	r.ifr_hwaddr.sa_family = 1;
	CHECK_ERR(ioctl(s, SIOCSIFHWADDR, &r), EINVAL);
}
CASE(alias)
{
	struct ifreq r = lo();
	int s = sock();

	strcpy(r.ifr_name, "lo:7");
	CHECK_OK(ioctl(s, SIOCGIFINDEX, &r));
	CHECK_EQ(r.ifr_ifindex, 1);
	CHECK(!strcmp(r.ifr_name, "lo:7"));
}
CASE(up_and_down)
{
	struct ifreq r = lo();
	int s = sock();

	r.ifr_flags = IFF_UP;
	CHECK_OK(ioctl(s, SIOCSIFFLAGS, &r));
	CHECK_OK(ioctl(s, SIOCGIFFLAGS, &r));
	CHECK_EQ(r.ifr_flags & 0xffff, IFF_UP | IFF_LOOPBACK | IFF_RUNNING);
	strcpy(r.ifr_newname, "lo9");
	CHECK_ERR(ioctl(s, SIOCSIFNAME, &r), EBUSY);
	r.ifr_flags = 0;
	CHECK_OK(ioctl(s, SIOCSIFFLAGS, &r));
	CHECK_OK(ioctl(s, SIOCGIFFLAGS, &r));
	CHECK_EQ(r.ifr_flags & 0xffff, IFF_LOOPBACK);
}
CASE(changes)
{
	struct ifreq r = lo();
	int s = sock();

	r.ifr_flags = 0;
	CHECK_OK(ioctl(s, SIOCSIFFLAGS, &r));
	r.ifr_mtu = 1400;
	CHECK_OK(ioctl(s, SIOCSIFMTU, &r));
	r.ifr_mtu = 0;
	CHECK_OK(ioctl(s, SIOCGIFMTU, &r));
	CHECK_EQ(r.ifr_mtu, 1400);
	r.ifr_mtu = 65536;
	CHECK_OK(ioctl(s, SIOCSIFMTU, &r));
	r.ifr_qlen = 77;
	CHECK_OK(ioctl(s, SIOCSIFTXQLEN, &r));
	r.ifr_qlen = 0;
	CHECK_OK(ioctl(s, SIOCGIFTXQLEN, &r));
	CHECK_EQ(r.ifr_qlen, 77);
	r.ifr_qlen = 1000;
	CHECK_OK(ioctl(s, SIOCSIFTXQLEN, &r));
	strcpy(r.ifr_newname, "bad/name");
	CHECK_ERR(ioctl(s, SIOCSIFNAME, &r), EINVAL);
	strcpy(r.ifr_newname, "lo");
	CHECK_OK(ioctl(s, SIOCSIFNAME, &r));
}
CASE(privilege)
{
	struct ifreq r = lo();
	int s = sock();

	kt_become(1000, 1000);
	CHECK_OK(ioctl(s, SIOCGIFINDEX, &r));
	r.ifr_flags = IFF_UP;
	CHECK_ERR(ioctl(s, SIOCSIFFLAGS, &r), EPERM);
	CHECK_ERR(ioctl(s, SIOCSIFMTU, &r), EPERM);
	CHECK_ERR(ioctl(s, SIOCSIFNAME, &r), EPERM);
	strcpy(r.ifr_name, "nosuch0");
	CHECK_ERR(ioctl(s, SIOCSIFMTU, &r), EPERM);
}
CASE(ethtool)
{
	struct { unsigned cmd, data; } v = { 0x0a /* GLINK */, 9 };
	struct ifreq r = lo();
	int s = sock();

	r.ifr_flags = IFF_UP;
	CHECK_OK(ioctl(s, SIOCSIFFLAGS, &r));
	r.ifr_data = (void *)&v;
	CHECK_OK(ioctl(s, SIOCETHTOOL, &r));
	CHECK_EQ(v.data, 1);
	v.cmd = 0x16;	/* GTXCSUM */
	CHECK_OK(ioctl(s, SIOCETHTOOL, &r));
	CHECK_EQ(v.data, 1);
	v.cmd = 0x10;	/* GRINGPARAM: lo has none */
	CHECK_ERR(ioctl(s, SIOCETHTOOL, &r), EOPNOTSUPP);
	v.cmd = 0xfff;
	CHECK_ERR(ioctl(s, SIOCETHTOOL, &r), EOPNOTSUPP);
	r.ifr_data = (void *)8;
	CHECK_ERR(ioctl(s, SIOCETHTOOL, &r), EFAULT);
	r.ifr_data = (void *)&v;
	strcpy(r.ifr_name, "nosuch0");
	CHECK_ERR(ioctl(s, SIOCETHTOOL, &r), ENODEV);
}

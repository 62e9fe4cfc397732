/* SPDX-License-Identifier: MPL-2.0 */
/* Network interfaces: struct ifreq and its ioctls. */
#ifndef UAPI_LINUX_IF_H
#define UAPI_LINUX_IF_H

#include <uapi/linux/socket.h>
#include <uapi/linux/types.h>

#define IFNAMSIZ	16

#define IFF_UP		0x1
#define IFF_BROADCAST	0x2
#define IFF_DEBUG	0x4
#define IFF_LOOPBACK	0x8
#define IFF_POINTOPOINT	0x10
#define IFF_NOTRAILERS	0x20
#define IFF_RUNNING	0x40
#define IFF_NOARP	0x80
#define IFF_PROMISC	0x100
#define IFF_ALLMULTI	0x200
#define IFF_MASTER	0x400
#define IFF_SLAVE	0x800
#define IFF_MULTICAST	0x1000
#define IFF_LOWER_UP	0x10000

struct ifmap {
	__u64 mem_start;
	__u64 mem_end;
	__u16 base_addr;
	__u8 irq;
	__u8 dma;
	__u8 port;
};
UAPI_SIZE(struct ifmap, 24);

struct ifreq {
	union {
		char ifrn_name[IFNAMSIZ];
	} ifr_ifrn;
	union {
		struct sockaddr ifru_addr;
		__s16 ifru_flags;
		__s32 ifru_ivalue;
		struct ifmap ifru_map;
		char ifru_newname[IFNAMSIZ];
		__u64 ifru_data;
	} ifr_ifru;
};
UAPI_SIZE(struct ifreq, 40);

struct ifconf {
	__s32 ifc_len;
	__u64 ifc_buf;		/* user address */
};
UAPI_SIZE(struct ifconf, 16);

#define SIOCGIFNAME	0x8910
#define SIOCGIFCONF	0x8912
#define SIOCGIFFLAGS	0x8913
#define SIOCSIFFLAGS	0x8914
#define SIOCGIFADDR	0x8915
#define SIOCSIFADDR	0x8916
#define SIOCGIFDSTADDR	0x8917
#define SIOCSIFDSTADDR	0x8918
#define SIOCGIFBRDADDR	0x8919
#define SIOCSIFBRDADDR	0x891a
#define SIOCGIFNETMASK	0x891b
#define SIOCSIFNETMASK	0x891c
#define SIOCGIFMETRIC	0x891d
#define SIOCSIFMETRIC	0x891e
#define SIOCGIFMEM	0x891f
#define SIOCSIFMEM	0x8920
#define SIOCGIFMTU	0x8921
#define SIOCSIFMTU	0x8922
#define SIOCSIFNAME	0x8923
#define SIOCSIFHWADDR	0x8924
#define SIOCGIFENCAP	0x8925
#define SIOCSIFENCAP	0x8926
#define SIOCGIFHWADDR	0x8927
#define SIOCGIFSLAVE	0x8929
#define SIOCSIFSLAVE	0x8930
#define SIOCADDMULTI	0x8931
#define SIOCDELMULTI	0x8932
#define SIOCGIFINDEX	0x8933
#define SIOCDIFADDR	0x8936
#define SIOCSIFHWBROADCAST 0x8937
#define SIOCGIFTXQLEN	0x8942
#define SIOCSIFTXQLEN	0x8943
#define SIOCETHTOOL	0x8946
#define SIOCGIFMAP	0x8970
#define SIOCSIFMAP	0x8971
#define SIOCADDRT	0x890B
#define SIOCDELRT	0x890C
#define SIOCGSTAMP	0x8906

#endif

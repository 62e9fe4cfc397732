/* SPDX-License-Identifier: MPL-2.0 */
/* What SO_TIMESTAMPING is asked for. Source: Linux's documentation of timestamping. */
#ifndef UAPI_LINUX_NET_TSTAMP_H
#define UAPI_LINUX_NET_TSTAMP_H

#define SOF_TIMESTAMPING_TX_HARDWARE	(1 << 0)
#define SOF_TIMESTAMPING_TX_SOFTWARE	(1 << 1)
#define SOF_TIMESTAMPING_RX_HARDWARE	(1 << 2)
#define SOF_TIMESTAMPING_RX_SOFTWARE	(1 << 3)
#define SOF_TIMESTAMPING_SOFTWARE	(1 << 4)
#define SOF_TIMESTAMPING_SYS_HARDWARE	(1 << 5)
#define SOF_TIMESTAMPING_RAW_HARDWARE	(1 << 6)
#define SOF_TIMESTAMPING_OPT_ID		(1 << 7)
#define SOF_TIMESTAMPING_TX_SCHED	(1 << 8)
#define SOF_TIMESTAMPING_TX_ACK		(1 << 9)
#define SOF_TIMESTAMPING_OPT_CMSG	(1 << 10)
#define SOF_TIMESTAMPING_OPT_TSONLY	(1 << 11)
#define SOF_TIMESTAMPING_OPT_STATS	(1 << 12)
#define SOF_TIMESTAMPING_OPT_PKTINFO	(1 << 13)
#define SOF_TIMESTAMPING_OPT_TX_SWHW	(1 << 14)
#define SOF_TIMESTAMPING_BIND_PHC	(1 << 15)
#define SOF_TIMESTAMPING_OPT_ID_TCP	(1 << 16)
#define SOF_TIMESTAMPING_MASK		((SOF_TIMESTAMPING_OPT_ID_TCP << 1) - 1)

/* sock_extended_err.ee_info */
#define SCM_TSTAMP_SND		0
#define SCM_TSTAMP_SCHED	1
#define SCM_TSTAMP_ACK		2

struct so_timestamping {
	int flags;
	int bind_phc;
};

#endif

/* SPDX-License-Identifier: MPL-2.0 */
/* SIOCETHTOOL: settings of network cards. Source: ethtool(8), the kernel's ethtool interface. */
#ifndef UAPI_LINUX_ETHTOOL_H
#define UAPI_LINUX_ETHTOOL_H

#include <uapi/linux/types.h>

#define ETHTOOL_GSET		0x01
#define ETHTOOL_GDRVINFO	0x03
#define ETHTOOL_GLINK		0x0a
#define ETHTOOL_GRINGPARAM	0x10
#define ETHTOOL_GRXCSUM		0x14
#define ETHTOOL_SRXCSUM		0x15
#define ETHTOOL_GTXCSUM		0x16
#define ETHTOOL_STXCSUM		0x17
#define ETHTOOL_GSG		0x18
#define ETHTOOL_SSG		0x19
#define ETHTOOL_GSTRINGS	0x1b
#define ETHTOOL_GSTATS		0x1d
#define ETHTOOL_GTSO		0x1e
#define ETHTOOL_STSO		0x1f
#define ETHTOOL_GPERMADDR	0x20
#define ETHTOOL_GGRO		0x2b
#define ETHTOOL_SGRO		0x2c
#define ETHTOOL_GSSET_INFO	0x37
#define ETHTOOL_GFEATURES	0x3a
#define ETHTOOL_SFEATURES	0x3b
#define ETHTOOL_GCHANNELS	0x3c
#define ETHTOOL_SCHANNELS	0x3d
#define ETHTOOL_GLINKSETTINGS	0x4c

#define ETH_SS_STATS		1
#define ETH_SS_FEATURES		4
#define ETH_GSTRING_LEN		32

struct ethtool_value {
	__u32 cmd, data;
};

struct ethtool_cmd {
	__u32 cmd, supported, advertising;
	__u16 speed;
	__u8 duplex, port, phy_address, transceiver, autoneg, mdio_support;
	__u32 maxtxpkt, maxrxpkt;
	__u16 speed_hi;
	__u8 eth_tp_mdix, eth_tp_mdix_ctrl;
	__u32 lp_advertising;
	__u32 reserved[2];
};
UAPI_SIZE(struct ethtool_cmd, 44);

struct ethtool_drvinfo {
	__u32 cmd;
	char driver[32], version[32], fw_version[32], bus_info[32], erom_version[32], reserved2[12];
	__u32 n_priv_flags, n_stats, testinfo_len, eedump_len, regdump_len;
};
UAPI_SIZE(struct ethtool_drvinfo, 196);

struct ethtool_ringparam {
	__u32 cmd, rx_max_pending, rx_mini_max_pending, rx_jumbo_max_pending, tx_max_pending, rx_pending, rx_mini_pending,
		rx_jumbo_pending, tx_pending;
};

struct ethtool_channels {
	__u32 cmd, max_rx, max_tx, max_other, max_combined, rx_count, tx_count, other_count, combined_count;
};

/* Headers of what follows them in user memory: len strings or numbers. */
struct ethtool_gstrings {
	__u32 cmd, string_set, len;
};

struct ethtool_stats {
	__u32 cmd, n_stats;
};

struct ethtool_sset_info {
	__u32 cmd, reserved;
	__u64 sset_mask;
};

struct ethtool_perm_addr {
	__u32 cmd, size;
};

struct ethtool_gfeatures {
	__u32 cmd, size;
};

struct ethtool_get_features_block {
	__u32 available, requested, active, never_changed;
};

struct ethtool_set_features_block {
	__u32 valid, requested;
};

struct ethtool_link_settings {
	__u32 cmd, speed;
	__u8 duplex, port, phy_address, autoneg, mdio_support, eth_tp_mdix, eth_tp_mdix_ctrl;
	__s8 link_mode_masks_nwords;
	__u8 transceiver, master_slave_cfg, master_slave_state, rate_matching;
	__u32 reserved[7];
};
UAPI_SIZE(struct ethtool_link_settings, 48);

#define PORT_OTHER	0xff
#define SPEED_UNKNOWN	-1
#define DUPLEX_UNKNOWN	0xff

#endif

/* SPDX-License-Identifier: MPL-2.0 */
/*
 * ip= on the kernel command line: an address before init starts.
 *
 *   ip=dhcp (on, any, both, bootp)        ask
 *   ip=off (none)                         nothing, as without it
 *   ip=CLIENT:SERVER:GATEWAY:MASK:HOST:DEVICE:AUTOCONF:DNS0:DNS1:NTP0     what is empty is asked for or guessed
 *
 * What came of it is in /proc/net/pnp (in the form of resolv.conf) and /proc/net/ipconfig/ntp_servers. Runs in the first task
 * before init, so init finds the network up, as on Linux. Source: Linux's document nfsroot. RARP is not there.
 */
#include <base/err.h>
#include <base/math.h>
#include <base/string.h>
#include <core/clock.h>
#include <core/init.h>
#include <core/printk.h>
#include <fs/procfs.h>
#include <kernel/ns.h>
#include <uapi/linux/netlink.h>

#include "ip_impl.h"
#include "ipconfig.h"

#define DEVICE_WAIT_S	12
#define CARRIER_WAIT_S	120

enum proto { PROTO_NONE, PROTO_DHCP, PROTO_BOOTP };

/* Set by the command line, then by what was learnt; constant when init starts. */
static struct {
	bool enabled, host_set;
	enum proto proto, used;
	u32 address, server, gateway, mask, dns[3], ntp[3];	/* host order; 0: none */
	u32 mtu;
	char host[65], domain[65], nis_domain[65], device[IFNAMSIZ];
	int carrier_wait_s;
} conf = { .proto = PROTO_DHCP, .carrier_wait_s = CARRIER_WAIT_S };

static struct net_device *devs[IPCONFIG_DEVS];	/* referenced; [I] of the boot's task */
static bool opened[IPCONFIG_DEVS];		/* by us */
static int nr_devs;

/* --- the command line --- */

/* a.b.c.d; 0: no address. */
static u32 address(const char *s)
{
	u32 v = 0;

	for (int i = 0; i < 4; i++) {
		char *end;
		u64 n = simple_strtoull(s, &end, 10);

		if (end == s || n > 255 || *end != (i < 3 ? '.' : '\0'))
			return 0;
		v = v << 8 | (u32)n;
		s = end + 1;
	}
	return v;
}

/* A word that says how. False: it is none of these. */
static bool set_proto(const char *s)
{
	if (streq(s, "on") || streq(s, "any") || streq(s, "dhcp") || !strncmp(s, "dhcp,", 5))
		conf.proto = PROTO_DHCP;
	else if (streq(s, "bootp") || streq(s, "both"))
		conf.proto = PROTO_BOOTP;
	else if (streq(s, "rarp"))
		conf.proto = PROTO_NONE;
	else
		return false;
	return true;
}

static void set_host(char *s)
{
	char *dot = strchr(s, '.');

	if (dot) {
		*dot = '\0';
		strscpy(conf.nis_domain, dot + 1, sizeof(conf.nis_domain));
	}
	strscpy(conf.host, s, sizeof(conf.host));
	conf.host_set = true;
}

static void set_field(int n, char *s)
{
	switch (n) {
	case 0:
		conf.address = address(s);
		break;
	case 1:
		conf.server = address(s);
		break;
	case 2:
		conf.gateway = address(s);
		break;
	case 3:
		conf.mask = address(s);
		break;
	case 4:
		set_host(s);
		break;
	case 5:
		strscpy(conf.device, s, sizeof(conf.device));
		break;
	case 6:
		if (!set_proto(s) && !conf.address)
			conf.enabled = false;
		break;
	case 7:
	case 8:
		conf.dns[n - 7] = address(s);
		break;
	case 9:
		conf.ntp[0] = address(s);
		break;
	}
}

static int set_ip(const char *value)
{
	char line[256], *s = line, *next;

	if (strscpy(line, value, sizeof(line)) < 0)
		return -EINVAL;
	conf.enabled = !streq(value, "") && !streq(value, "off") && !streq(value, "none");
	if (!conf.enabled || set_proto(value))
		return 0;
	for (int n = 0; s; n++, s = next) {
		next = strchr(s, ':');
		if (next)
			*next++ = '\0';
		if (*s)
			set_field(n, s);
	}
	return 0;
}
KPARAM("ip", set_ip);

static int set_carrier_timeout(const char *value)
{
	int v;

	if (kstrtoint(value, 10, &v) || v < 1 || v > CARRIER_WAIT_S)
		return -EINVAL;
	conf.carrier_wait_s = v;
	return 0;
}
KPARAM("carrier_timeout", set_carrier_timeout);

/* --- devices --- */

static void pause(u64 ns)
{
	set_current_state(TASK_UNINTERRUPTIBLE);
	(void)schedule_until(clock_monotonic_ns() + ns);
}

static bool is_wanted(const struct net_device *dev)
{
	if (conf.device[0])
		return streq(dev->name, conf.device);
	return !(dev->flags & IFF_LOOPBACK) && dev->flags & IFF_BROADCAST && dev->addr_len == ETH_ALEN;
}

static int bring(struct net_device *dev, bool up)
{
	return netdev_change_flags(dev, up ? dev->flags | IFF_UP : dev->flags & ~IFF_UP, IFF_UP);
}

/* Those that may be meant, and lo, come up. */
static void open_devices(void)
{
	struct net_device *dev;

	rtnl_lock();
	if (init_net.lo && bring(init_net.lo, true))
		pr_warn("IP-Config: lo does not come up\n");
	for_each_netdev(dev, &init_net) {
		bool was = netdev_running(dev);
		int err;

		if (!is_wanted(dev) || nr_devs == IPCONFIG_DEVS)
			continue;
		err = bring(dev, true);
		if (err) {
			pr_err("IP-Config: Failed to open %s: error %d\n", dev->name, err);
			continue;
		}
		dev_get(dev);
		opened[nr_devs] = !was;
		devs[nr_devs++] = dev;
	}
	rtnl_unlock();
}

/* Those with a link come first. False: none has one. */
static bool sort_by_carrier(void)
{
	int n = 0;

	for (int i = 0; i < nr_devs; i++) {
		struct net_device *dev = devs[i];
		bool was = opened[i];

		if (!READ_ONCE(dev->carrier))
			continue;
		for (int k = i; k > n; k--) {
			devs[k] = devs[k - 1];
			opened[k] = opened[k - 1];
		}
		devs[n] = dev;
		opened[n++] = was;
	}
	return n > 0;
}

static void wait_for_links(void)
{
	for (int i = 0; i < conf.carrier_wait_s * 10 && !sort_by_carrier(); i++) {
		if (i == 20)
			pr_info("IP-Config: Waiting up to %d more seconds for network.\n", conf.carrier_wait_s - 2);
		pause(100 * NSEC_PER_MSEC);
	}
}

/* Those that are not used go down again if they were down. */
static void close_devices(const struct net_device *keep)
{
	rtnl_lock();
	for (int i = 0; i < nr_devs; i++) {
		if (devs[i] != keep && opened[i])
			(void)bring(devs[i], false);
		dev_put(devs[i]);
	}
	rtnl_unlock();
	nr_devs = 0;
}

/* --- what was learnt --- */

static void take_reply(const struct dhcp_reply *r)
{
	conf.used = conf.proto;
	conf.address = r->address;
	if (!conf.server)
		conf.server = r->boot_server ? r->boot_server : r->server;
	if (!conf.gateway)
		conf.gateway = r->router;
	if (!conf.mask && r->prefixlen)
		conf.mask = ~0u << (32 - r->prefixlen);
	for (int i = 0; i < 3; i++) {
		if (!conf.dns[i])
			conf.dns[i] = r->dns[i];
		if (!conf.ntp[i])
			conf.ntp[i] = r->ntp[i];
	}
	if (!conf.host_set && r->host[0]) {
		char name[sizeof(r->host)];

		memcpy(name, r->host, sizeof(name));
		set_host(name);
	}
	strscpy(conf.domain, r->domain, sizeof(conf.domain));
	if (r->nis_domain[0])
		strscpy(conf.nis_domain, r->nis_domain, sizeof(conf.nis_domain));
	conf.mtu = r->mtu;
}

/* What still is not known is guessed. */
static void defaults(void)
{
	struct ipaddr a = ipaddr_v4(to_be32(conf.address));

	if (!conf.mask) {
		conf.mask = conf.address >> 31 == 0 ? 0xff000000u : conf.address >> 30 == 2 ? 0xffff0000u : 0xffffff00u;
		pr_info("IP-Config: Guessing netmask of %d bits\n", __builtin_popcount(conf.mask));
	}
	if (!conf.host_set)
		(void)ipaddr_str(&a, conf.host, sizeof(conf.host));
}

static int add_default_route(struct net_device *dev)
{
	struct fib_route *r;

	if (!conf.gateway)
		return 0;
	if ((conf.gateway ^ conf.address) & conf.mask) {
		pr_err("IP-Config: Gateway not on directly connected network\n");
		return -EINVAL;
	}
	r = fib_route_alloc(1, GFP_KERNEL);
	if (!r)
		return -ENOMEM;
	r->family = AF_INET;
	r->table = RT_TABLE_MAIN;
	r->type = RTN_UNICAST;
	r->scope = RT_SCOPE_UNIVERSE;
	r->protocol = RTPROT_BOOT;
	r->dst = r->prefsrc = ipaddr_v4((be32_t){ 0 });
	r->nh[0].dev = dev;
	dev_get(dev);
	r->nh[0].gw = ipaddr_v4(to_be32(conf.gateway));
	r->nh[0].has_gw = true;
	return fib_route_add(&init_net, r, NLM_F_CREATE | NLM_F_EXCL);
}

static int set_up(struct net_device *dev)
{
	struct net_ifaddr a = { .family = AF_INET, .prefixlen = (u8)__builtin_popcount(conf.mask), .scope = RT_SCOPE_UNIVERSE,
		.valid_lft = INFINITY_LIFE, .preferred_lft = INFINITY_LIFE };
	int err;

	a.local = a.peer = ipaddr_v4(to_be32(conf.address));
	a.broadcast = ipaddr_v4(to_be32(a.prefixlen < 31 ? conf.address | ~conf.mask : 0));
	rtnl_lock();
	memcpy(a.label, dev->name, IFNAMSIZ);
	if (conf.mtu && netdev_set_mtu(dev, conf.mtu))
		pr_warn("IP-Config: MTU of %u does not go with %s\n", conf.mtu, dev->name);
	err = inet_addr_add(&init_net, dev, &a);
	if (!err)
		err = add_default_route(dev);
	rtnl_unlock();
	return err;
}

static void set_names(void)
{
	spin_lock(&init_uts_ns.lock);
	strscpy(init_uts_ns.name.nodename, conf.host, sizeof(init_uts_ns.name.nodename));
	if (conf.nis_domain[0])
		strscpy(init_uts_ns.name.domainname, conf.nis_domain, sizeof(init_uts_ns.name.domainname));
	spin_unlock(&init_uts_ns.lock);
}

/* --- files --- */

static void put_address(struct seq_file *m, const char *word, u32 v)
{
	if (v)
		seq_printf(m, "%s%u.%u.%u.%u\n", word, v >> 24, v >> 16 & 255, v >> 8 & 255, v & 255);
}

static int pnp_show(struct seq_file *m, void *v)
{
	(void)v;
	if (conf.used == PROTO_NONE)
		seq_puts(m, "#MANUAL\n");
	else
		seq_printf(m, "#PROTO: %s\n", conf.used == PROTO_DHCP ? "DHCP" : "BOOTP");
	if (conf.domain[0])
		seq_printf(m, "domain %s\n", conf.domain);
	for (int i = 0; i < 3; i++)
		put_address(m, "nameserver ", conf.dns[i]);
	put_address(m, "bootserver ", conf.server);
	return 0;
}

static int ntp_show(struct seq_file *m, void *v)
{
	(void)v;
	for (int i = 0; i < 3; i++)
		put_address(m, "", conf.ntp[i]);
	return 0;
}

/* --- start --- */

static void tell(const struct net_device *dev)
{
	u32 a = conf.address, g = conf.gateway;

	pr_info("IP-Config: Complete: device=%s, ipaddr=%u.%u.%u.%u/%d, gw=%u.%u.%u.%u, host=%s, domain=%s\n", dev->name, a >> 24,
		a >> 16 & 255, a >> 8 & 255, a & 255, __builtin_popcount(conf.mask), g >> 24, g >> 16 & 255, g >> 8 & 255, g & 255,
		conf.host, conf.domain);
}

/* The device to use, by what is known or by asking; its index in devs. */
static int choose(void)
{
	struct dhcp_reply r;
	int i;

	if (conf.address)
		return 0;
	if (conf.proto == PROTO_NONE)
		return -EOPNOTSUPP;
	pr_info("IP-Config: Sending %s requests\n", conf.proto == PROTO_DHCP ? "DHCP" : "BOOTP");
	i = dhcp_ask(devs, nr_devs, conf.proto == PROTO_BOOTP, conf.host_set ? conf.host : NULL, &r);
	if (i >= 0)
		take_reply(&r);
	return i;
}

static int configure(void)
{
	int i, err;

	for (int s = 0; !nr_devs && s < DEVICE_WAIT_S; s++) {
		if (s)
			pause(NSEC_PER_SEC);
		open_devices();
	}
	if (!nr_devs) {
		if (conf.device[0])
			pr_err("IP-Config: Device `%s' not found\n", conf.device);
		else
			pr_err("IP-Config: No network devices available\n");
		return -ENODEV;
	}
	wait_for_links();
	i = choose();
	if (i < 0) {
		pr_err("IP-Config: Auto-configuration of network failed\n");
		close_devices(NULL);
		return i;
	}
	defaults();
	err = set_up(devs[i]);
	if (err) {
		pr_err("IP-Config: %s cannot be set up: error %d\n", devs[i]->name, err);
	} else {
		set_names();
		tell(devs[i]);
	}
	close_devices(err ? NULL : devs[i]);
	return err;
}

static int ipconfig_init(void)
{
	int err = proc_create("net/pnp", 0444, pnp_show, NULL);

	if (!err && conf.enabled) {
		err = proc_create("net/ipconfig/ntp_servers", 0444, ntp_show, NULL);
		(void)configure();	/* said what was wrong; the boot goes on */
	}
	return err;
}
INITCALL_LATE(ipconfig_init);

/* SPDX-License-Identifier: MPL-2.0 */
/*
 * A guest whose cards end in taps of the test's own network (tools/tap.py, which has the server's side), the first process of a
 * machine of its own, on Keel and on Linux (test/boot/tap*.toml):
 *
 *   what=offload tx=big|small rx=big|small [on=BIT,...] [off=BIT,...]
 *			bytes both ways by IPv4 and IPv6 and datagrams; what the host counts says whether frames larger than the
 *			MTU passed; which features were negotiated
 *   what=switch	each offload off and on again by ethtool's ioctls, with bytes both ways
 *   what=queues pairs=N	every queue is used, a flow stays on its own; another number of pairs while flows run
 *   what=race pairs=N	the number of queues changes while others send, take the card down and up, and look
 *   what=link		flows live through a link that goes away and comes back (somebody does so at LINK-OFF and LINK-ON)
 *   what=mtu most=N	the device's MTU is known, a smaller one is kept both ways
 *   what=cards cards=N	flows over several cards at once, each counted by its own tap
 *   what=forward	the guest routes between two cards whose hosts reach each other only through it
 *   what=bench		rows for tools/bench_tap.py: a byte there and back, bytes to the host and from it
 */
#include "tap.h"

/* --- offloads --- */

static void check_bits(int card, const char *list, bool set)
{
	char path[64], text[80] = "";
	int fd;

	snprintf(path, sizeof(path), "/sys/class/net/eth%d/device/features", card);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || read(fd, text, 64) != 64)
		die("%s", path);
	close(fd);
	for (; list && *list; list += strcspn(list, ","), list += *list == ',') {
		int bit = atoi(list);

		if ((text[bit] == '1') != set)
			wrong("feature %d was%s negotiated", bit, set ? " not" : "");
	}
}

static void check_frames(const char *what, const char *want, long bytes, long packets, long mtu)
{
	long mean = packets ? bytes / packets : 0;

	printf("%s: %ld bytes in %ld frames, %ld each\n", what, bytes, packets, mean);
	if (want && !strcmp(want, "big") && mean < BIG)
		wrong("%s: no segments above the MTU", what);
	if (want && !strcmp(want, "small") && (mean > mtu + ETH_HEADER || mean < 200))
		wrong("%s: frames of %ld bytes with an MTU of %ld", what, mean, mtu);
}

/* Bytes one way, then the other; the tap counts. */
static void measure(int card, bool v6, long n, const char *tx, const char *rx, long mtu)
{
	struct host_stats h[3];
	long own[4] = { 0 };
	char what[64];

	h[0] = host_stats(card);
	own[0] = read_number("/sys/class/net/eth%d/statistics/tx_packets", card);
	own[1] = read_number("/sys/class/net/eth%d/statistics/tx_bytes", card);
	send_bytes(card, v6, n);
	h[1] = host_stats(card);
	own[0] = read_number("/sys/class/net/eth%d/statistics/tx_packets", card) - own[0];
	own[1] = read_number("/sys/class/net/eth%d/statistics/tx_bytes", card) - own[1];
	own[2] = read_number("/sys/class/net/eth%d/statistics/rx_packets", card);
	own[3] = read_number("/sys/class/net/eth%d/statistics/rx_bytes", card);
	take_bytes(card, v6, n);
	h[2] = host_stats(card);
	own[2] = read_number("/sys/class/net/eth%d/statistics/rx_packets", card) - own[2];
	own[3] = read_number("/sys/class/net/eth%d/statistics/rx_bytes", card) - own[3];
	snprintf(what, sizeof(what), "IPv%d to the host", v6 ? 6 : 4);
	check_frames(what, tx, h[1].rx_bytes - h[0].rx_bytes, h[1].rx_packets - h[0].rx_packets, mtu);
	check_frames("    counted here", tx, own[1], own[0], mtu);
	snprintf(what, sizeof(what), "IPv%d from the host", v6 ? 6 : 4);
	check_frames(what, rx, h[2].tx_bytes - h[1].tx_bytes, h[2].tx_packets - h[1].tx_packets, mtu);
	check_frames("    counted here", rx, own[3], own[2], mtu);
}

static void datagrams(int card)
{
	static const size_t sizes[] = { 0, 1, 17, 600, 1471, 1472, 1473, 5000, 30001 };

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		datagram(card, false, sizes[i]);
		datagram(card, true, sizes[i]);
	}
}

static void offload(void)
{
	const char *tx = pid1_param("tx"), *rx = pid1_param("rx");
	long n = pid1_number("bytes", 4 << 20), mtu;
	struct flow f[8];
	struct host_stats h;

	card_up(0);
	mtu = read_number("/sys/class/net/eth%d/mtu", 0);
	check_bits(0, pid1_param("on"), true);
	check_bits(0, pid1_param("off"), false);
	h = host_stats(0);
	printf("the host leaves to us: sums %ld, segments %ld\n", h.csum, h.tso);
	if (rx && h.tso != !strcmp(rx, "big"))
		wrong("the host's TSO is %ld", h.tso);
	measure(0, false, n, tx, rx, mtu);
	measure(0, true, n / 2, tx, rx, mtu);
	datagrams(0);
	for (int i = 0; i < 8; i++) {
		f[i] = (struct flow){ .cpu = -1, .v6 = i & 1, .out = i & 2 ? n / 8 : 0, .in = i & 2 ? 0 : n / 8 };
		start_flow(&f[i]);
	}
	end_flows(f, 8);
}

/* --- offloads by ethtool --- */

static void switches(void)
{
	static const struct { const char *name; const char *tx, *rx; } off[] = {
		{ "tx-tcp-segmentation", "small", "big" }, { "tx-checksum-ip-generic", "small", "big" },
		{ "rx-gro-hw", "big", "small" }, { "rx-gro", "big", "big" }, { "tx-tcp6-segmentation", "big", "big" },
		{ "rx-checksum", "big", "big" },
	};
	bool can;

	card_up(0);
	measure(0, false, 1 << 20, "big", "big", 1500);
	for (size_t i = 0; i < sizeof(off) / sizeof(off[0]); i++) {
		bool others[2] = { feature(0, "tx-tcp-segmentation", NULL) == 1, feature(0, "tx-tcp6-segmentation", NULL) == 1 };

		if (feature(0, off[i].name, &can) != 1) {
			wrong("%s is not on", off[i].name);
			continue;
		}
		printf("%s %s\n", off[i].name, can ? "off" : "cannot be switched");
		if (!can) {
			if (strcmp(off[i].name, "rx-checksum"))
				wrong("%s cannot be switched", off[i].name);
			continue;
		}
		switch_feature(0, off[i].name, false);
		measure(0, false, 1 << 20, off[i].tx, off[i].rx, 1500);
		measure(0, true, 1 << 20, i == 0 ? "big" : i == 4 ? "small" : off[i].tx, off[i].rx, 1500);
		datagram(0, false, 3000);
		switch_feature(0, off[i].name, true);
		/* What hangs on it went with it, and comes back with it. */
		if (others[0] != (feature(0, "tx-tcp-segmentation", NULL) == 1) ||
		    others[1] != (feature(0, "tx-tcp6-segmentation", NULL) == 1))
			wrong("%s off and on again: segmentation is not what it was", off[i].name);
		if (host_stats(0).tso != 1)
			wrong("%s off and on again: the host's TSO stays off", off[i].name);
	}
	measure(0, false, 1 << 20, "big", "big", 1500);
}

/* --- queues --- */

static void use_all_queues(int pairs, int cpus)
{
	struct queue_stats a = queue_stats(0, pairs), b;
	struct flow f[MAX_FLOWS];
	int n = 4 * pairs, unused = 0;

	for (int round = 0; round < 8; round++) {
		for (int i = 0; i < n; i++) {
			f[i] = (struct flow){ .cpu = i % cpus, .v6 = i & 1, .out = 100000, .in = 100000 };
			start_flow(&f[i]);
		}
		end_flows(f, n);
		b = queue_stats(0, pairs);
		unused = 0;
		for (int i = 0; i < pairs; i++)
			unused += (b.rx[i] == a.rx[i]) + (b.tx[i] == a.tx[i]);
		if (!unused)
			break;
	}
	for (int i = 0; i < pairs; i++)
		printf("queue %d: %llu received, %llu sent\n", i, (unsigned long long)(b.rx[i] - a.rx[i]),
		       (unsigned long long)(b.tx[i] - a.tx[i]));
	if (unused)
		wrong("%d queues saw nothing", unused);
}

static void most_of_it(const char *what, const uint64_t *a, const uint64_t *b, int pairs)
{
	uint64_t most = 0, all = 0;

	for (int i = 0; i < pairs; i++) {
		all += b[i] - a[i];
		most = b[i] - a[i] > most ? b[i] - a[i] : most;
	}
	printf("one flow %s: %llu of %llu by one queue\n", what, (unsigned long long)most, (unsigned long long)all);
	if (most * 10 < all * 9)
		wrong("a flow is not %s by one queue", what);
}

static void flow_stays(int pairs, int cpu)
{
	struct queue_stats a = queue_stats(0, pairs), b;
	struct flow f = { .cpu = cpu, .out = 1 << 20, .in = 1 << 20 };

	start_flow(&f);
	end_flows(&f, 1);
	b = queue_stats(0, pairs);
	/* It has two connections, one a direction. */
	f = (struct flow){ .cpu = cpu };
	start_flow(&f);
	while (__atomic_load_n(&f.done, __ATOMIC_RELAXED) < 20 && !bad)
		pause_ms(10);
	a = queue_stats(0, pairs);
	while (__atomic_load_n(&f.done, __ATOMIC_RELAXED) < 120 && !bad)
		pause_ms(10);
	b = queue_stats(0, pairs);
	end_flows(&f, 1);
	most_of_it("sent", a.tx, b.tx, pairs);
	most_of_it("received", a.rx, b.rx, pairs);
}

static void check_channels(int cur, int max)
{
	struct ethtool_channels c;

	if (get_channels(0, &c))
		wrong("ETHTOOL_GCHANNELS: %s", strerror(errno));
	else if ((int)c.combined_count != cur || (int)c.max_combined != max || c.rx_count || c.tx_count)
		wrong("channels: %u of %u, not %d of %d", c.combined_count, c.max_combined, cur, max);
}

static void change_channels(int pairs, int cpus)
{
	static const int tries[] = { 1, 4, 2, 3, 1, 2, 4 };
	struct flow f[MAX_FLOWS];
	int n = 2 * pairs;

	for (int i = 0; i < n; i++) {
		f[i] = (struct flow){ .cpu = i % cpus, .v6 = i & 1 };
		start_flow(&f[i]);
	}
	flows_move(f, n, "at first");
	for (size_t i = 0; i < sizeof(tries) / sizeof(tries[0]) && !bad; i++) {
		struct queue_stats a, b;
		double start;
		int err;

		if (tries[i] > pairs)
			continue;
		start = now();
		err = set_channels(0, (uint32_t)tries[i], 0);
		if (err) {
			wrong("ETHTOOL_SCHANNELS %d: %s", tries[i], strerror(-err));
			continue;
		}
		check_channels(tries[i], pairs);
		flows_move(f, n, "after another number of channels");
		a = queue_stats(0, pairs);
		flows_move(f, n, "with another number of channels");
		b = queue_stats(0, pairs);
		if (b.figures != 2 * tries[i])
			wrong("%d figures of queues, %d are in use", b.figures, tries[i]);
		printf("%d channels: %.1f s\n", tries[i], now() - start);
		for (int k = 0; k < tries[i] && k < n / 2; k++)
			printf("    queue %d: %llu received, %llu sent\n", k,
			       (unsigned long long)(b.rx[k] - a.rx[k]), (unsigned long long)(b.tx[k] - a.tx[k]));
	}
	end_flows(f, n);
	if (set_channels(0, 0, 0) != -EINVAL || set_channels(0, (uint32_t)pairs + 1, 0) != -EINVAL ||
	    set_channels(0, 1, 1) != -EINVAL)
		wrong("numbers of channels that cannot be are taken");
	if (set_channels(0, (uint32_t)pairs, 0))
		wrong("back to %d channels: %s", pairs, strerror(errno));
}

static void stage(const char *what)
{
	static double last;

	if (last)
		printf("%s: %.1f s\n", what, now() - last);
	last = now();
}

/* Down with one number, up with another. */
static void channels_while_down(int pairs)
{
	struct ifreq r = { 0 };

	if_ioctl(0, SIOCGIFFLAGS, &r);
	r.ifr_flags &= ~IFF_UP;
	if (if_ioctl(0, SIOCSIFFLAGS, &r) || set_channels(0, 1, 0))
		wrong("channels of a card that is down: %s", strerror(errno));
	check_channels(1, pairs);
	stage("down");
	card_up(0);
	stage("up again");
	send_bytes(0, false, 100000);
	stage("bytes by IPv4");
	if (set_channels(0, (uint32_t)pairs, 0))
		wrong("channels again: %s", strerror(errno));
	take_bytes(0, true, 100000);
	stage("bytes by IPv6");
}

static void queues(void)
{
	int pairs = (int)pid1_number("pairs", 2), cpus = (int)sysconf(_SC_NPROCESSORS_ONLN);

	card_up(0);
	check_channels(pairs < cpus ? pairs : cpus, pairs);
	if (pairs > cpus && set_channels(0, (uint32_t)pairs, 0))
		wrong("more pairs than CPUs: %s", strerror(errno));
	stage("");
	use_all_queues(pairs, cpus);
	stage("all queues");
	for (int i = 0; i < 2 && !bad; i++)
		flow_stays(pairs, i % cpus);
	stage("one flow");
	change_channels(pairs, cpus);
	stage("other numbers of queues");
	use_all_queues(pairs, cpus);
	stage("all queues again");
	channels_while_down(pairs);
}

/* --- everything at once --- */

static bool racing;			/* [a] */

/* Datagrams into the card, whatever becomes of them. */
static void *race_send(void *arg)
{
	static char b[30000];
	struct sockaddr_storage to;
	socklen_t len = host_address(&to, 0, false, 9);
	int s = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	for (unsigned n = 0; __atomic_load_n(&racing, __ATOMIC_RELAXED); n++)
		if (sendto(s, b, n % 8 ? 100 : sizeof(b), MSG_DONTWAIT, (void *)&to, len) < 0)
			pause_ms(1);
	close(s);
	return arg;
}

static void *race_channels(void *arg)
{
	int pairs = (int)(intptr_t)arg;

	for (unsigned n = 0; __atomic_load_n(&racing, __ATOMIC_RELAXED); n++)
		if (set_channels(0, 1 + n % (unsigned)pairs, 0))
			wrong("%u channels: %s", 1 + n % (unsigned)pairs, strerror(errno));
	return NULL;
}

static void *race_up(void *arg)
{
	for (unsigned n = 0; __atomic_load_n(&racing, __ATOMIC_RELAXED); n++) {
		struct ifreq r = { 0 };

		if_ioctl(0, SIOCGIFFLAGS, &r);
		r.ifr_flags ^= IFF_UP;
		if (if_ioctl(0, SIOCSIFFLAGS, &r))
			wrong("flags %#x: %s", r.ifr_flags, strerror(errno));
		pause_ms(n % 16);
	}
	return arg;
}

static void *race_look(void *arg)
{
	while (__atomic_load_n(&racing, __ATOMIC_RELAXED)) {
		find_string(0, ETH_SS_STATS, "tx_queue_1_packets");
		read_number("/sys/class/net/eth%d/statistics/tx_packets", 0);
		pause_ms(1);
	}
	return arg;
}

/* The number of queues changes while others send, take the card down and up, and look. */
static void race(void)
{
	static void *(*const who[])(void *) = { race_send, race_send, race_send, race_channels, race_channels, race_up, race_look };
	int pairs = (int)pid1_number("pairs", 2), n = sizeof(who) / sizeof(who[0]);
	pthread_t t[sizeof(who) / sizeof(who[0])];

	card_up(0);
	send_bytes(0, false, 100000);
	for (int round = 0; round < 3 && !bad; round++) {
		racing = true;
		for (int i = 0; i < n; i++)
			if (pthread_create(&t[i], NULL, who[i], (void *)(intptr_t)pairs))
				die("thread");
		pause_ms(2000);
		__atomic_store_n(&racing, false, __ATOMIC_RELAXED);
		for (int i = 0; i < n; i++)
			pthread_join(t[i], NULL);
		card_up(0);
		if (set_channels(0, (uint32_t)pairs, 0))
			wrong("back to %d channels: %s", pairs, strerror(errno));
		send_bytes(0, false, 300000);
		take_bytes(0, true, 300000);
		use_all_queues(pairs, (int)sysconf(_SC_NPROCESSORS_ONLN));
	}
}

/* --- link --- */

static void wait_carrier(long want)
{
	struct ifreq r = { 0 };
	double end = now() + PATIENCE;

	do {
		pause_ms(10);
		if_ioctl(0, SIOCGIFFLAGS, &r);
	} while ((read_number("/sys/class/net/eth%d/carrier", 0) != want || !(r.ifr_flags & IFF_RUNNING) != !want) && now() < end);
	if (now() >= end)
		wrong("the carrier is %ld, flags %#x", read_number("/sys/class/net/eth%d/carrier", 0), r.ifr_flags);
}

static void link_changes(void)
{
	long times = pid1_number("times", 2), was = read_number("/sys/class/net/eth%d/carrier_changes", 0);
	struct flow f[4];

	card_up(0);
	was = read_number("/sys/class/net/eth%d/carrier_changes", 0);
	for (int i = 0; i < 4; i++) {
		f[i] = (struct flow){ .cpu = -1, .v6 = i & 1 };
		start_flow(&f[i]);
	}
	for (long n = 0; n < times; n++) {
		long done;

		flows_move(f, 4, "before the link goes");
		printf("LINK-OFF\n");
		wait_carrier(0);
		done = __atomic_load_n(&f[0].done, __ATOMIC_RELAXED);
		pause_ms(500);
		if (__atomic_load_n(&f[0].done, __ATOMIC_RELAXED) > done + 1)
			wrong("bytes pass without a link");
		printf("LINK-ON\n");
		wait_carrier(1);
		flows_move(f, 4, "after the link came back");
	}
	end_flows(f, 4);
	if (read_number("/sys/class/net/eth%d/carrier_changes", 0) != was + 2 * times)
		wrong("the carrier changed %ld times", read_number("/sys/class/net/eth%d/carrier_changes", 0) - was);
}

/* --- MTU --- */

static int set_mtu(int card, int mtu)
{
	struct ifreq r = { .ifr_mtu = mtu };

	return if_ioctl(card, SIOCSIFMTU, &r) ? -errno : 0;
}

static void mtu(void)
{
	long most = pid1_number("most", 1500);

	card_up(0);
	if (read_number("/sys/class/net/eth%d/mtu", 0) != most)
		wrong("the MTU is %ld", read_number("/sys/class/net/eth%d/mtu", 0));
	if (set_mtu(0, (int)most + 1) != -EINVAL || set_mtu(0, 67) != -EINVAL)
		wrong("an MTU that cannot be is taken");
	measure(0, false, 2 << 20, "small", "small", most);
	measure(0, true, 1 << 20, "small", "small", most);
	datagram(0, false, (size_t)most - 28);
	datagram(0, false, 20000);
	datagram(0, true, (size_t)most - 48);
	for (int m = 1280; m <= 1400; m += 120) {
		if (set_mtu(0, m))
			wrong("MTU of %d: %s", m, strerror(errno));
		/* The host hears of it by our MSS alone. */
		measure(0, false, 1 << 20, "small", "small", m);
		measure(0, true, 1 << 20, "small", "small", m);
		datagram(0, false, 2000);
		datagram(0, true, 2000);
	}
	if (set_mtu(0, (int)most))
		wrong("back to %ld: %s", most, strerror(errno));
	set_host_mtu(0, 1300);
	measure(0, false, 1 << 20, "small", "small", 1300);
}

/* --- several cards --- */

static void cards(void)
{
	int nr = (int)pid1_number("cards", 3), n = 0;
	long size = 1 << 20;
	struct host_stats a[8], b;
	struct flow f[MAX_FLOWS];

	for (int i = 0; i < nr; i++) {
		card_up(i);
		a[i] = host_stats(i);
	}
	for (int i = 0; i < 4 * nr; i++, n++) {
		f[i] = (struct flow){ .card = i % nr, .cpu = -1, .v6 = i / nr & 1, .out = size * (i % nr + 1) / 4, .in = size / 4 };
		start_flow(&f[i]);
	}
	end_flows(f, n);
	for (int i = 0; i < nr; i++) {
		b = host_stats(i);
		printf("tap%d: %ld bytes from us, %ld to us\n", i, b.rx_bytes - a[i].rx_bytes, b.tx_bytes - a[i].tx_bytes);
		if (b.rx_bytes - a[i].rx_bytes < size * (i + 1) || b.rx_bytes - a[i].rx_bytes > size * (i + 1) * 5 / 4 + 200000 ||
		    b.tx_bytes - a[i].tx_bytes < size)
			wrong("tap%d did not carry what was its own", i);
	}
}

/* --- between two cards --- */

static void forward_bytes(long n, int version, const char *to_1, const char *to_0)
{
	struct host_stats a = host_stats(0), b;
	long packets = read_number("/sys/class/net/eth%d/statistics/tx_packets", 1);
	long bytes = read_number("/sys/class/net/eth%d/statistics/tx_bytes", 1);
	char line[256] = "";

	if (!ask(0, line, sizeof(line), "relay 1 %ld %d\n", n, version) || strcmp(line, "ok\n"))
		wrong("IPv%d from host to host: %s", version, line[0] ? line : "no answer");
	b = host_stats(0);
	printf("IPv%d:\n", version);
	/* n bytes each way, and what acknowledges the others. */
	check_frames("    to the first host", to_0, b.rx_bytes - a.rx_bytes, b.rx_packets - a.rx_packets, 1500);
	check_frames("    to the second host", to_1, read_number("/sys/class/net/eth%d/statistics/tx_bytes", 1) - bytes,
		     read_number("/sys/class/net/eth%d/statistics/tx_packets", 1) - packets, 1500);
}

static void forward(void)
{
	const char *to_1 = pid1_param("second"), *to_0 = pid1_param("first");
	long n = 2 << 20, mtu = pid1_number("mtu", 1500);

	card_up(0);
	card_up(1);
	write_file("/proc/sys/net/ipv4/ip_forward", "1");
	write_file("/proc/sys/net/ipv6/conf/all/forwarding", "1");
	/* The hosts learn of it by ICMP alone. */
	if (set_mtu(1, (int)mtu))
		wrong("MTU of %ld: %s", mtu, strerror(errno));
	for (int i = 0; i < 2; i++) {
		forward_bytes(n, 4, to_1, to_0);
		forward_bytes(n, 6, to_1, to_0);
	}
}

/* --- speed --- */

#define BENCH_SECONDS	3
#define BENCH_BYTES	(128l << 20)
#define BENCH_FLOWS	4

static void clock_line(void)
{
	printf("CLOCK %.0f\n", now() * 1e9);
}

static void bench_latency(void)
{
	int s = join(0, false, SOCK_STREAM, PORT), one = 1;
	double start, end;
	long n = 0;
	char c = 0;

	setsockopt(s, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	if (!put(s, "echo\n", 5))
		return;
	for (int i = 0; i < 100; i++)
		if (!put(s, &c, 1) || !get(s, &c, 1))
			return;
	start = now();
	do {
		if (!put(s, &c, 1) || !get(s, &c, 1))
			return;
		n++;
		end = now();
	} while (end < start + BENCH_SECONDS);
	close(s);
	printf("ROW tap_lat %.2f us\n", (end - start) * 1e6 / (double)n);
}

/* arg: bytes, below 0 to the host. */
static void *bench_bytes(void *arg)
{
	long n = (long)(intptr_t)arg, left = labs(n);
	char *b = calloc(1, 4 * PIECE), line[64] = "";
	int s = join(0, false, SOCK_STREAM, PORT);
	ssize_t k = 1;

	snprintf(line, sizeof(line), "%s %ld\n", n < 0 ? "sink" : "source", left);
	if (s < 0 || !put(s, line, strlen(line)))
		k = 0;
	while (k > 0 && left) {
		size_t want = left < 4 * PIECE ? (size_t)left : 4 * PIECE;

		k = n < 0 ? send(s, b, want, MSG_NOSIGNAL) : recv(s, b, want, 0);
		left -= k;
	}
	if (k <= 0 || (n < 0 && !get(s, line, 3)))
		wrong("%ld bytes are left of %ld", left, n);
	close(s);
	free(b);
	return NULL;
}

static void bench_row(const char *name, long bytes, int flows)
{
	pthread_t t[BENCH_FLOWS];
	double start = now();

	for (int i = 0; i < flows; i++)
		if (pthread_create(&t[i], NULL, bench_bytes, (void *)(intptr_t)(bytes / flows)))
			die("thread");
	for (int i = 0; i < flows; i++)
		pthread_join(t[i], NULL);
	printf("ROW %s %.2f MB/s\n", name, (double)labs(bytes) / (now() - start) / 1e6);
}

static void bench(void)
{
	card_up(0);
	clock_line();
	bench_latency();
	bench_row("tap_to_host", -BENCH_BYTES / 8, 1);	/* warm; the next line counts */
	bench_row("tap_to_host", -BENCH_BYTES, 1);
	bench_row("tap_from_host", BENCH_BYTES, 1);
	bench_row("tap_to_host/4", -BENCH_BYTES, BENCH_FLOWS);
	bench_row("tap_from_host/4", BENCH_BYTES, BENCH_FLOWS);
	clock_line();
	if (!bad)
		printf("BENCH-DONE\n");
}

static const struct { const char *name; void (*fn)(void); } parts[] = {
	{ "offload", offload }, { "switch", switches }, { "queues", queues }, { "race", race },
	{ "link", link_changes }, { "mtu", mtu }, { "cards", cards }, { "forward", forward }, { "bench", bench },
};

int main(void)
{
	const char *what;
	double start;
	int st;

	pid1_mount("proc", "/proc", NULL);
	pid1_mount("sysfs", "/sys", NULL);
	pid1_mount("devtmpfs", "/dev", NULL);
	pid1_console();
	pid1_modules();
	crc_init();
	what = pid1_param("what");
	fflush(stdout);
	start = now();
	if (!fork()) {
		bad = 1;
		for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
			if (what && !strcmp(what, parts[i].name)) {
				bad = 0;
				parts[i].fn();
			}
		fflush(stdout);
		_exit(bad);
	}
	st = 1;
	wait(&st);
	printf("%.1f s\nNETTAP-%s\n", now() - start, st ? "BAD" : "FINE");
	fflush(stdout);
	reboot(RB_POWER_OFF);
	for (;;)
		pause();
}

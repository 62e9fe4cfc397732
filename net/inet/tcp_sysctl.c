/* SPDX-License-Identifier: MPL-2.0 */
/* /proc/sys/net/ipv4: which congestion control new connections have, and which there are. The rest is in the table of all. */
#include <base/err.h>
#include <base/string.h>
#include <core/init.h>
#include <fs/procfs.h>
#include <fs/seq_file.h>

#include "tcp_impl.h"

static int show_names(struct seq_file *m, void *data)
{
	seq_printf(m, "%s\n", (const char *)data);
	return 0;
}

/* Torn by nobody: a name is looked up as a whole, and one that is not found means the default. */
static int store_control(const char *text, void *data)
{
	if (!tcp_cc_find(text))
		return -ENOENT;
	strscpy(data, text, 16);
	return 0;
}

static struct proc_sysctl table[] = {
	{ .path = "net/ipv4/tcp_congestion_control", .mode = 0644, .kind = SYSCTL_FN, .show = show_names, .store = store_control },
	{ .path = "net/ipv4/tcp_available_congestion_control", .mode = 0444, .kind = SYSCTL_FN, .show = show_names,
		.data = (void *)tcp_cc_names },
	{ .path = "net/ipv4/tcp_allowed_congestion_control", .mode = 0444, .kind = SYSCTL_FN, .show = show_names,
		.data = (void *)tcp_cc_names },
	{ .path = "net/ipv4/tcp_slow_start_after_idle", .mode = 0644, .kind = SYSCTL_INT, .max = 1 },
};

static int tcp_sysctl_init(void)
{
	struct inet_sysctl *s = inet_sysctls(&init_net);

	table[0].data = s->tcp_congestion;
	table[3].data = &s->tcp_slow_start_after_idle;
	for (u32 i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		int err = proc_sysctl_register(&table[i]);

		if (err)
			return err;
	}
	return 0;
}
INITCALL_DRIVER(tcp_sysctl_init);

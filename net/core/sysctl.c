/* SPDX-License-Identifier: MPL-2.0 */
/* /proc/sys/net/core. Only what has an effect is there; ranges are Linux's. */
#include <core/init.h>
#include <fs/procfs.h>
#include <net/sock.h>

int sysctl_somaxconn = 4096;

#define ROW(name, low)	{ .path = "net/core/" #name, .mode = 0644, .kind = SYSCTL_INT, .data = &sysctl_##name, .min = (low), \
	.max = 0x7fffffff }

static int core_sysctl_init(void)
{
	static const struct proc_sysctl rows[] = {
		ROW(somaxconn, 0), ROW(optmem_max, 0), ROW(rmem_max, RCVBUF_MIN), ROW(wmem_max, SNDBUF_MIN),
		ROW(rmem_default, RCVBUF_MIN), ROW(wmem_default, SNDBUF_MIN),
	};
	int err = 0;

	for (u32 i = 0; i < sizeof(rows) / sizeof(rows[0]) && !err; i++)
		err = proc_sysctl_register(&rows[i]);
	return err;
}
INITCALL_DRIVER(core_sysctl_init);

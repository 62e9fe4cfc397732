/* SPDX-License-Identifier: MPL-2.0 */
/* NETLINK_KOBJECT_UEVENT: events of devices, to whoever listens to group 1. */
#include <base/errno.h>
#include <base/string.h>
#include <core/init.h>
#include <drivers/device.h>
#include <net/netlink.h>

#define GROUP	1

static bool listened(void)
{
	return nl_has_listeners(&init_net, NETLINK_KOBJECT_UEVENT, GROUP);
}

static void send(const char *text, size_t len)
{
	struct nlbuf b;

	nlbuf_init(&b, (u32)len, true);
	if (!b.err) {
		memcpy(b.d->bytes, text, len);
		b.d->len = (u32)len;
	}
	nl_multicast(&init_net, NETLINK_KOBJECT_UEVENT, GROUP, &b, 0);
}

/* Groups from 2 on are user space's: udev tells its own listeners there. To the kernel nobody has anything to say. */
static int receive(struct nl_request *r, const struct nlmsghdr *h)
{
	(void)r, (void)h;
	return -EPERM;
}

static const struct nl_proto uevent = {
	.protocol = NETLINK_KOBJECT_UEVENT, .groups = 32, .anyone_listens = true, .receive = receive,
};

static int uevent_init(void)
{
	uevent_listened = listened;
	uevent_send = send;
	return nl_proto_register(&uevent);
}
INITCALL_FS(uevent_init);

/* SPDX-License-Identifier: MPL-2.0 */
/*
 * /proc/net/unix. All sockets stand on a list from creation to their last reference; each knows its open
 * socket while it has one. Under list_lock: the socket's file is alive while the sock points to it.
 */
#include "internal.h"
#include <core/init.h>
#include <fs/procfs.h>

#define SO_ACCEPTCON	0x10000u	/* the kernel's flag for a listener, as shown */

static DEFINE_SPINLOCK(list_lock, OBJECT);
static LIST_HEAD(socks);		/* [list_lock] */

void unix_list_add(struct unix_sock *u)
{
	spin_lock(&list_lock);
	list_add_tail(&u->list, &socks);
	spin_unlock(&list_lock);
}

void unix_list_del(struct unix_sock *u)
{
	spin_lock(&list_lock);
	list_del(&u->list);
	spin_unlock(&list_lock);
}

void unix_list_socket(struct unix_sock *u, struct socket *s)
{
	spin_lock(&list_lock);
	u->sock = s;
	spin_unlock(&list_lock);
}

static u64 ino_of(const struct unix_sock *u)
{
	return u->sock && u->sock->file ? u->sock->file->inode->ino : 0;
}

u64 unix_list_ino(struct unix_sock *u)
{
	u64 ino;

	spin_lock(&list_lock);
	ino = ino_of(u);
	spin_unlock(&list_lock);
	return ino;
}

struct unix_sock *unix_list_get(u64 n, u64 *ino)
{
	struct unix_sock *u, *found = NULL;

	spin_lock(&list_lock);
	list_for_each_entry(u, &socks, list) {
		if (n) {
			n--;
			continue;
		}
		if (!ref_get_unless_zero(&u->ref))
			continue;	/* on its way out */
		found = u;
		*ino = ino_of(u);
		break;
	}
	spin_unlock(&list_lock);
	return found;
}

/* NULs are shown as @. */
static void show_name(struct seq_file *f, const struct unix_addr *a)
{
	int n = a->len - (int)offsetof(struct sockaddr_un, sun_path) - (a->name.sun_path[0] != 0);

	seq_putc(f, ' ');
	for (int i = 0; i < n; i++)
		seq_putc(f, a->name.sun_path[i] ? a->name.sun_path[i] : '@');
}

static void show_sock(struct seq_file *f, const struct unix_sock *u)
{
	const struct unix_addr *a = READ_ONCE(u->addr);
	bool connected = READ_ONCE(u->state) == SS_CONNECTED;
	u64 ino = ino_of(u);
	u32 shown = u->sock ? (connected ? 3 : 1) : (connected ? 2 : 4);

	/* Where Linux shows an address: the inode, which is as unique and says nothing about memory. */
	seq_printf(f, "%016lx: %08X %08X %08X %04X %02X %5lu", ino, (u32)ref_read(&u->ref) + 1, 0u,
		   READ_ONCE(u->c.listening) ? SO_ACCEPTCON : 0u, (u32)u->c.type, shown, ino);
	if (a)
		show_name(f, a);
	seq_putc(f, '\n');
}

static int unix_proc_show(struct seq_file *f, void *v)
{
	const struct unix_sock *u;

	(void)v;
	seq_puts(f, "Num       RefCount Protocol Flags    Type St Inode Path\n");
	spin_lock(&list_lock);
	list_for_each_entry(u, &socks, list)
		show_sock(f, u);
	spin_unlock(&list_lock);
	return 0;
}

/* Streams have a name of their own. */
static u32 unix_inuse(const struct sock_proto *p);
#define UNIX_CAN (SOCK_CAN_CLOSE | SOCK_CAN_CONNECT | SOCK_CAN_ACCEPT | SOCK_CAN_IOCTL | SOCK_CAN_SHUTDOWN | SOCK_CAN_SETSOCKOPT | \
	SOCK_CAN_GETSOCKOPT | SOCK_CAN_SENDMSG | SOCK_CAN_RECVMSG)
static struct sock_proto unix_kinds[] = {
	{ .name = "UNIX-STREAM", .size = sizeof(struct unix_sock), .can = UNIX_CAN, .inuse = unix_inuse },
	{ .name = "UNIX", .size = sizeof(struct unix_sock), .can = UNIX_CAN & ~SOCK_CAN_ACCEPT, .inuse = unix_inuse },
};

static u32 unix_inuse(const struct sock_proto *p)
{
	const struct unix_sock *u;
	u32 n = 0;

	spin_lock(&list_lock);
	list_for_each_entry(u, &socks, list)
		n += (u->c.type == SOCK_STREAM) == (p == &unix_kinds[0]);
	spin_unlock(&list_lock);
	return n;
}

static int unix_proc_init(void)
{
	static const struct proc_sysctl qlen = { .path = "net/unix/max_dgram_qlen", .mode = 0644, .kind = SYSCTL_INT,
		.data = &unix_max_dgram_qlen, .min = -2147483648ll, .max = 0x7fffffff };
	int err = proc_create("net/unix", 0444, unix_proc_show, NULL);

	sock_proto_register(&unix_kinds[0]);
	sock_proto_register(&unix_kinds[1]);
	return err ? err : proc_sysctl_register(&qlen);
}
INITCALL_BUS(unix_proc_init);

/* SPDX-License-Identifier: MPL-2.0 */
/* /proc/net/protocols: the kinds of sockets that families registered, how many there are, what they can do. */
#include <base/math.h>
#include <core/init.h>
#include <fs/procfs.h>
#include <net/sock.h>

/* Columns of the file, a bit each in sock_proto.can. */
static const char names[] = "cl co di ac io in de sh ss gs se re sp bi br ha uh gp em";

static struct sock_proto *protos;	/* [a] entries are there for ever */

void sock_proto_register(struct sock_proto *p)
{
	struct sock_proto *first;

	do {
		first = READ_ONCE(protos);
		p->next = first;
	} while (cmpxchg(&protos, first, p) != first);
}

static int protocols_show(struct seq_file *m, void *v)
{
	(void)v;
	seq_printf(m, "%-9s %-4s %-8s %-6s %-5s %-7s %-4s %-10s %s\n", "protocol", "size", "sockets", "memory", "press", "maxhdr",
		   "slab", "module", names);
	for (const struct sock_proto *p = READ_ONCE(protos); p; p = p->next) {
		/* Nobody limits all sockets of a kind together, so there is no pressure; they come from no cache of their own. */
		seq_printf(m, "%-9s %4u %6u  %6ld   %-3s %6u   %-3s  %-10s ", p->name, p->size, p->inuse(p),
			   p->pages ? p->pages(p) : -1l, "NI", p->max_header, "no", "kernel");
		for (u32 i = 0; i * 3 < sizeof(names) - 1; i++)
			seq_printf(m, i ? " %2c" : "%2c", p->can & 1u << i ? 'y' : 'n');
		seq_putc(m, '\n');
	}
	return 0;
}

static int protocols_init(void)
{
	return proc_create("net/protocols", 0444, protocols_show, NULL);
}
INITCALL_DRIVER(protocols_init);

/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Character devices by number: drivers own ranges of minors of a major; opening a node looks the
 * range up and gives the file the driver's operations. Block special files: fs/block/fops.c.
 */
#include "internal.h"
#include <core/slab.h>
#include <fs/seq_file.h>

struct chrdev {
	struct list_head link;		/* [chrdev_mutex] by major, then first minor */
	u32 major, first, count;	/* [I] */
	const struct file_ops *ops;	/* [I] */
	const char *name;		/* [I] */
	void *private;			/* [I] */
};

static DEFINE_MUTEX(chrdev_mutex, LEAF_MUTEX);
static LIST_HEAD(chrdevs);

int chrdev_register(u32 major, u32 first, u32 count, const struct file_ops *ops, const char *name, void *private)
{
	struct chrdev *c = kmalloc(sizeof(*c), GFP_KERNEL), *o;
	struct list_head *at = &chrdevs;

	if (!c)
		return -ENOMEM;
	*c = (struct chrdev){ .major = major, .first = first, .count = count, .ops = ops, .name = name, .private = private };
	mutex_lock(&chrdev_mutex);
	list_for_each_entry(o, &chrdevs, link) {
		if (o->major == major && first < o->first + o->count && o->first < first + count) {
			mutex_unlock(&chrdev_mutex);
			kfree(c);
			return -EBUSY;
		}
		if (o->major > major || (o->major == major && o->first > first)) {
			at = &o->link;
			break;
		}
	}
	list_add_tail(&c->link, at);
	mutex_unlock(&chrdev_mutex);
	return 0;
}

void chrdev_unregister(u32 major, u32 first, u32 count)
{
	struct chrdev *c, *n;

	mutex_lock(&chrdev_mutex);
	list_for_each_entry_safe(c, n, &chrdevs, link)
		if (c->major == major && c->first == first && c->count == count) {
			list_del(&c->link);
			kfree(c);
			break;
		}
	mutex_unlock(&chrdev_mutex);
}

/* chrdev_mutex held. */
static struct chrdev *chrdev_find(dev_t dev)
{
	struct chrdev *c;

	list_for_each_entry(c, &chrdevs, link)
		if (c->major == dev_major(dev) && dev_minor(dev) - c->first < c->count)
			return c;
	return NULL;
}

void *chrdev_private(const struct inode *inode)
{
	struct chrdev *c;
	void *p;

	mutex_lock(&chrdev_mutex);
	c = chrdev_find(inode->rdev);
	p = c ? c->private : NULL;
	mutex_unlock(&chrdev_mutex);
	return p;
}

static int chrdev_open(struct file *f, struct inode *inode)
{
	const struct file_ops *ops = NULL;
	struct chrdev *c;

	mutex_lock(&chrdev_mutex);
	c = chrdev_find(inode->rdev);
	if (c)
		ops = c->ops;
	mutex_unlock(&chrdev_mutex);
	if (!ops)
		return -ENXIO;
	file_replace_ops(f, ops);
	return ops->open ? ops->open(f, inode) : 0;
}

const struct file_ops chrdev_fops = { .open = chrdev_open, .llseek = noop_llseek };

/* The first half of /proc/devices. */
void chrdevs_show(struct seq_file *s)
{
	struct chrdev *c;
	u32 last = ~0u;
	const char *last_name = "";

	seq_puts(s, "Character devices:\n");
	mutex_lock(&chrdev_mutex);
	list_for_each_entry(c, &chrdevs, link) {
		if (c->major == last && streq(c->name, last_name))
			continue;
		last = c->major;
		last_name = c->name;
		seq_printf(s, "%3u %s\n", c->major, c->name);
	}
	mutex_unlock(&chrdev_mutex);
}

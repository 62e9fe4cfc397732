/* SPDX-License-Identifier: MPL-2.0 */
/*
 * virtio-9p: carries the messages of fs/9p. One queue, one request a message: what goes out first, then
 * room for the answer. A channel has the name that the host gave (mount_tag), may be mounted once at a
 * time, and shows in sysfs as virtioN/mount_tag.
 *
 * Locks: channels_lock (list, use); lock of a channel for its ring, taken in interrupts.
 */
#include <base/err.h>
#include <base/math.h>
#include <base/string.h>
#include <core/init.h>
#include <core/mutex.h>
#include <core/printk.h>
#include <core/slab.h>
#include <core/wait.h>
#include <fs/9p.h>
#include <fs/kernfs.h>

#include "internal.h"

#define VIRTIO_ID_9P		9
#define VIRTIO_9P_F_MOUNT_TAG	0
#define TAG_MAX			256u
#define MSIZE_MAX		(512u << 10)

struct p9_channel {
	struct virtqueue *q;		/* [lock] */
	struct virtio_dev *v;		/* [I] */
	spinlock_t lock;		/* class DEVICE_IRQ */
	struct wait_queue room;
	struct list_head link;		/* [channels_lock] */
	bool used;			/* [channels_lock] */
	bool gone;			/* [lock] the device was removed */
	char tag[TAG_MAX + 1];		/* [I] */
};

static DEFINE_MUTEX(channels_lock, LEAF_MUTEX);
static LIST_HEAD(channels);

static void p9_interrupt(struct virtqueue *q)
{
	struct p9_channel *c = virtqueue_dev(q)->private;
	struct p9_request *r;
	u64 flags;
	u32 len = 0;
	bool any = false;

	spin_lock_irqsave(&c->lock, flags);
	while ((r = virtqueue_get(q, &len)) != NULL) {
		p9_request_done(r, len, 0);
		any = true;
	}
	spin_unlock_irqrestore(&c->lock, flags);
	if (any)
		wake_up_all(&c->room);
}

static struct p9_channel *p9_open(const char *source, u32 *max_msize)
{
	struct p9_channel *c, *found = ERR_PTR(-ENOENT);

	mutex_lock(&channels_lock);
	list_for_each_entry(c, &channels, link) {
		if (!streq(c->tag, source))
			continue;
		found = c->used ? ERR_PTR(-EBUSY) : c;
		c->used = true;
		break;
	}
	mutex_unlock(&channels_lock);
	*max_msize = MSIZE_MAX;
	return found;
}

static void p9_close(struct p9_channel *c)
{
	mutex_lock(&channels_lock);
	c->used = false;
	mutex_unlock(&channels_lock);
}

static int try_add(struct p9_channel *c, const struct virtio_sg *sg, u32 out, u32 in, struct p9_request *r)
{
	u64 flags;
	int err;

	spin_lock_irqsave(&c->lock, flags);
	err = c->gone ? -EIO : virtqueue_add(c->q, sg, out, in, r);
	if (!err)
		virtqueue_kick(c->q);
	spin_unlock_irqrestore(&c->lock, flags);
	return err;
}

static int p9_send(struct p9_channel *c, struct p9_request *r, bool must)
{
	struct virtio_sg sg[P9_MAX_PIECES + 2];
	u32 out = 1, in = 1, n = 0;
	int err;

	sg[n++] = (struct virtio_sg){ .addr = dma_addr_of(r->out), .len = r->out_len };
	if (!r->pieces_in) {
		for (u32 i = 0; i < r->nr_pieces; i++)
			sg[n++] = (struct virtio_sg){ .addr = r->pieces[i].addr, .len = r->pieces[i].len };
		out = n;
	}
	sg[n++] = (struct virtio_sg){ .addr = dma_addr_of(r->in), .len = r->in_len };
	if (r->pieces_in) {
		for (u32 i = 0; i < r->nr_pieces; i++)
			sg[n++] = (struct virtio_sg){ .addr = r->pieces[i].addr, .len = r->pieces[i].len };
		in = n - out;
	}
	for (;;) {
		err = try_add(c, sg, out, in, r);
		if (err != -ENOSPC)
			return err;
		if (must)
			wait_event(&c->room, (err = try_add(c, sg, out, in, r)) != -ENOSPC);
		else if (wait_event_killable(&c->room, (err = try_add(c, sg, out, in, r)) != -ENOSPC))
			return err == -ENOSPC ? -EINTR : err;
		return err;
	}
}

static struct p9_transport virtio_transport = {
	.name = "virtio", .open = p9_open, .close = p9_close, .send = p9_send,
};

/* As Linux: the tag with its NUL. */
static ssize_t mount_tag_read(struct kernfs_node *n, void *priv, char *buf, size_t len, loff_t off)
{
	const struct p9_channel *c = priv;
	size_t size = strlen(c->tag) + 1;

	if ((size_t)off >= size)
		return 0;
	len = min(len, size - (size_t)off);
	memcpy(buf, c->tag + off, len);
	return (ssize_t)len;
}

static const struct kernfs_ops mount_tag_ops = { .read_bin = mount_tag_read };

/* The device was reset and is off: requests under way fail, and all later ones. */
static void fail_all(struct virtio_dev *v)
{
	struct p9_channel *c = v->private;
	struct p9_request *r;

	spin_lock_irq(&c->lock);
	c->gone = true;
	while ((r = virtqueue_detach(c->q)) != NULL)
		p9_request_done(r, 0, -EIO);
	spin_unlock_irq(&c->lock);
	wake_up_all(&c->room);
}

static int p9_probe(struct virtio_dev *v)
{
	static void (*const cb[])(struct virtqueue *) = { p9_interrupt };
	static const char *const names[] = { "virtio-9p" };
	struct p9_channel *c;
	u8 len[2];
	u32 n;
	int err;

	if (!virtio_has(v, VIRTIO_9P_F_MOUNT_TAG))
		return -EINVAL;
	c = kzalloc(sizeof(*c), GFP_KERNEL);
	if (!c)
		return -ENOMEM;
	spin_lock_init(&c->lock, DEVICE_IRQ);
	wait_queue_init(&c->room);
	c->v = v;
	v->ops->config_read(v, 0, len, 2);
	n = min_t(u32, len[0] | (u32)len[1] << 8, TAG_MAX);
	v->ops->config_read(v, 2, c->tag, n);
	v->private = c;
	err = v->ops->setup_queues(v, 1, &c->q, cb, names);
	if (err) {
		v->private = NULL;
		kfree(c);
		return err;
	}
	virtio_on_break(v, fail_all);
	virtio_ready(v);
	if (v->dev.node && IS_ERR(kernfs_create_file(v->dev.node, "mount_tag", 0444, n + 1, &mount_tag_ops, c)))
		pr_warn("%s: no memory for mount_tag in sysfs\n", v->dev.name);
	mutex_lock(&channels_lock);
	list_add_tail(&c->link, &channels);
	mutex_unlock(&channels_lock);
	return 0;
}

/* The channel itself stays while it is mounted. */
static void p9_remove(struct virtio_dev *v)
{
	struct p9_channel *c = v->private;
	bool used;

	mutex_lock(&channels_lock);
	list_del_init(&c->link);
	used = c->used;
	mutex_unlock(&channels_lock);
	fail_all(v);
	v->ops->del_queues(v);
	v->private = NULL;
	if (!used)
		kfree(c);
}

static struct virtio_driver p9_driver = {
	.drv.name = "9pnet_virtio", .device_id = VIRTIO_ID_9P, .features = BIT(VIRTIO_9P_F_MOUNT_TAG),
	.probe = p9_probe, .remove = p9_remove,
};

static int p9_virtio_init(void)
{
	p9_transport_register(&virtio_transport);
	return virtio_driver_register(&p9_driver);
}
INITCALL_DRIVER(p9_virtio_init);

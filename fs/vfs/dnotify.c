/* SPDX-License-Identifier: MPL-2.0 */
/*
 * fcntl(F_NOTIFY): a signal when something happens in an open directory, once or (DN_MULTISHOT) each time.
 * The older brother of inotify: it says that something happened, and the program looks for itself. Source: fcntl(2).
 *
 * A watch belongs to an open file and a table of descriptors: any close of the file in that table ends it,
 * so the file, and with it the inode, outlives the watch. Lists of watches under marks_lock (NOTIFY), inside
 * which the owner is signalled.
 */
#include "internal.h"
#include <core/init.h>
#include <core/slab.h>
#include <fs/fasync.h>
#include <fs/notify.h>
#include <fs/procfs.h>
#include <kernel/pid.h>
#include <kernel/task.h>
#include <uapi/linux/inotify.h>
#include <uapi/linux/signal.h>
#include "notify_internal.h"

#define DN_ONCE_MASK	(DN_ACCESS | DN_MODIFY | DN_CREATE | DN_DELETE | DN_RENAME | DN_ATTRIB)
/* Inside the kernel only: a rename within one directory. A bit that inotify has no use for. */
#define EVENT_RENAME	0x08000000u

static_assert(!(EVENT_RENAME & (IN_ALL_EVENTS | IN_UNMOUNT)), "a bit of its own");

struct dn_watch {
	struct list_head link;		/* [marks_lock] in notify_conn.dirs */
	struct file *file;		/* [I] borrowed: its close ends the watch */
	const void *owner;		/* [I] the table of descriptors that it was made in */
	int fd;				/* [marks_lock] for si_fd: where F_NOTIFY was called last */
	u32 events;			/* [marks_lock] IN_*, EVENT_RENAME */
	bool multishot;			/* [marks_lock] */
};

static u64 dir_notify_enable = 1;	/* [a] */

u32 dnotify_mask(const struct notify_conn *c)
{
	const struct dn_watch *w;
	u32 mask = 0;

	list_for_each_entry(w, &c->dirs, link)
		mask |= w->events;
	return mask;
}

static void send(struct notify_conn *c, u32 event)
{
	struct dn_watch *w, *n;
	LIST_HEAD(over);

	spin_lock(&marks_lock);
	list_for_each_entry_safe(w, n, &c->dirs, link) {
		if (!(w->events & event))
			continue;
		file_signal_owner(w->file, w->fd, POLL_MSG);
		if (!w->multishot)
			list_move_tail(&w->link, &over);
	}
	if (!list_empty(&over))
		conn_recompute(c);
	spin_unlock(&marks_lock);
	list_for_each_entry_safe(w, n, &over, link) {
		atomic_dec(&notify_watches);
		kfree(w);
	}
}

void dnotify_send(struct notify_conn *c, u32 mask)
{
	/* Opens and closes, and the ends of inodes, are inotify's alone. */
	mask &= IN_ACCESS | IN_MODIFY | IN_ATTRIB | IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO;
	if (READ_ONCE(c->mask) & mask)
		send(c, mask);
}

void dnotify_renamed(struct inode *dir)
{
	struct notify_conn *c = inode_conn(dir);

	if (c && (READ_ONCE(c->mask) & EVENT_RENAME))
		send(c, EVENT_RENAME);
}

static u32 events_of(u32 arg)
{
	return (arg & DN_ACCESS ? IN_ACCESS : 0) | (arg & DN_MODIFY ? IN_MODIFY : 0) |
	       (arg & DN_CREATE ? IN_CREATE | IN_MOVED_TO : 0) | (arg & DN_DELETE ? IN_DELETE | IN_MOVED_FROM : 0) |
	       (arg & DN_RENAME ? EVENT_RENAME : 0) | (arg & DN_ATTRIB ? IN_ATTRIB : 0);
}

/* marks_lock held. */
static struct dn_watch *find(const struct notify_conn *c, const struct file *f, const void *owner)
{
	struct dn_watch *w;

	list_for_each_entry(w, &c->dirs, link)
		if (w->file == f && w->owner == owner)
			return w;
	return NULL;
}

void dnotify_flush(struct file *f, const void *owner)
{
	struct notify_conn *c = inode_conn(f->inode);
	struct dn_watch *w;

	if (!c)
		return;
	spin_lock(&marks_lock);
	w = find(c, f, owner);
	if (w) {
		list_del(&w->link);
		conn_recompute(c);
	}
	spin_unlock(&marks_lock);
	if (w) {
		atomic_dec(&notify_watches);
		kfree(w);
	}
}

/* Is the descriptor still this file's, or did another thread close it meanwhile? */
static bool still_open(const struct file *f, int fd)
{
	struct fd now = fdget_raw(fd);
	bool same = now.file == f;

	if (now.file)
		fdput(now);
	return same;
}

int dnotify_set(struct file *f, int fd, u32 arg)
{
	struct files *files = current->files;
	struct dn_watch *fresh, *w;
	struct notify_conn *c;

	if (!READ_ONCE(dir_notify_enable))
		return -EINVAL;
	if (!(arg & ~DN_MULTISHOT)) {
		dnotify_flush(f, files);
		return 0;
	}
	if (!S_ISDIR_I(f->inode))
		return -ENOTDIR;
	fresh = kzalloc(sizeof(*fresh), GFP_KERNEL);
	c = conn_get(f->inode);
	if (!fresh || !c) {
		kfree(fresh);
		return -ENOMEM;
	}
	file_set_default_owner(f);
	spin_lock(&marks_lock);
	w = find(c, f, files);
	if (!w) {
		w = fresh;
		fresh = NULL;
		w->file = f;
		w->owner = files;
		list_add(&w->link, &c->dirs);
		atomic_inc(&notify_watches);
	}
	w->fd = fd;
	w->events |= events_of(arg);
	w->multishot |= (arg & DN_MULTISHOT) != 0;
	conn_recompute(c);
	spin_unlock(&marks_lock);
	kfree(fresh);
	if (!still_open(f, fd))
		dnotify_flush(f, files);
	return 0;
}

static const struct proc_sysctl enable = {
	.path = "fs/dir-notify-enable", .mode = 0644, .kind = SYSCTL_U64, .data = &dir_notify_enable, .min = 0, .max = 0x7fffffff,
};

static int dnotify_init(void)
{
	return proc_sysctl_register(&enable);
}
INITCALL_BUS(dnotify_init);

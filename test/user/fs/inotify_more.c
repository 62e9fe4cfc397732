/* SPDX-License-Identifier: MPL-2.0 */
/*
 * inotify: moves between directories, overflow, unmount, close-nowrite, several watches, mask
 * bits.
 */
#include "ktest_user.h"

static char evbuf[65536] __attribute__((aligned(8)));
CASE(between_directories)
{
	struct inotify_event *e;
	int fd = CHECK_OK(inotify_init1(IN_NONBLOCK)), a, b;
	uint32_t cookie;
	ssize_t n;

	CHECK_OK(mkdir("a", 0755));
	CHECK_OK(mkdir("b", 0755));
	kt_put("a/f", "");
	a = CHECK_OK(inotify_add_watch(fd, "a", IN_MOVE));
	b = CHECK_OK(inotify_add_watch(fd, "b", IN_MOVE));
	CHECK_OK(rename("a/f", "b/g"));
	n = CHECK_OK(read(fd, evbuf, sizeof(evbuf)));
	e = (void *)evbuf;
	CHECK_EQ(e->wd, a);
	CHECK_EQ(e->mask, IN_MOVED_FROM);
	cookie = e->cookie;
	e = (void *)(evbuf + sizeof(*e) + e->len);
	CHECK_EQ(e->wd, b);
	CHECK_EQ(e->mask, IN_MOVED_TO);
	CHECK_EQ(e->cookie, cookie);
	CHECK_EQ((char *)e + sizeof(*e) + e->len - evbuf, n);
	CHECK_OK(rename("b/g", "outside"));
	n = CHECK_OK(read(fd, evbuf, sizeof(evbuf)));
	e = (void *)evbuf;
	CHECK_EQ(e->mask, IN_MOVED_FROM);
	CHECK_NE(e->cookie, cookie);
}
CASE(overflow)
{
	int fd = CHECK_OK(inotify_init1(IN_NONBLOCK)), max;
	struct inotify_event *e = NULL;
	char buf[32];
	ssize_t n;
	bool seen = false;

	kt_get("/proc/sys/fs/inotify/max_queued_events", buf, sizeof(buf));
	max = atoi(buf);
	CHECK_GT(max, 100);
	kt_put("/proc/sys/fs/inotify/max_queued_events", "20\n");
	int fd2 = CHECK_OK(inotify_init1(IN_NONBLOCK));
	kt_put("/proc/sys/fs/inotify/max_queued_events", buf);
	kt_put("f", "");
	kt_put("g", "");
	CHECK_OK(inotify_add_watch(fd2, "f", IN_ATTRIB));
	CHECK_OK(inotify_add_watch(fd2, "g", IN_ATTRIB));
	for (int i = 0; i < 40; i++)
		CHECK_OK(chmod(i & 1 ? "f" : "g", 0600));
	while ((n = read(fd2, evbuf, sizeof(evbuf))) > 0)
		for (char *p = evbuf; p < evbuf + n; p += sizeof(*e) + e->len) {
			e = (void *)p;
			if (e->mask == IN_Q_OVERFLOW) {
				CHECK_EQ(e->wd, -1);
				seen = true;
			}
		}
	CHECK(seen);
	(void)fd;
}
CASE(unmount)
{
	int fd = CHECK_OK(inotify_init1(IN_NONBLOCK)), w;
	struct inotify_event *e = (void *)evbuf;

	CHECK_OK(mkdir("m", 0755));
	CHECK_OK(mount("none", "m", "tmpfs", 0, NULL));
	w = CHECK_OK(inotify_add_watch(fd, "m", IN_CREATE));
	CHECK_OK(umount2("m", 0));
	CHECK_EQ(read(fd, evbuf, sizeof(evbuf)), 2 * sizeof(*e));
	CHECK_EQ(e[0].wd, w);
	CHECK_EQ(e[0].mask, IN_UNMOUNT | IN_ISDIR);
	CHECK_EQ(e[1].mask, IN_IGNORED);
}
CASE(two_watchers)
{
	int a = CHECK_OK(inotify_init1(IN_NONBLOCK)), b = CHECK_OK(inotify_init1(IN_NONBLOCK));

	kt_put("f", "");
	CHECK_OK(inotify_add_watch(a, "f", IN_OPEN));
	CHECK_OK(inotify_add_watch(b, "f", IN_CLOSE));
	CHECK_OK(close(CHECK_OK(open("f", O_RDONLY))));
	CHECK_EQ(read(a, evbuf, sizeof(evbuf)), sizeof(struct inotify_event));
	CHECK_EQ(((struct inotify_event *)evbuf)->mask, IN_OPEN);
	CHECK_EQ(read(b, evbuf, sizeof(evbuf)), sizeof(struct inotify_event));
	CHECK_EQ(((struct inotify_event *)evbuf)->mask, IN_CLOSE_NOWRITE);
}
CASE(excl_unlink)
{
	int fd = CHECK_OK(inotify_init1(IN_NONBLOCK)), f;

	CHECK_OK(mkdir("d", 0755));
	CHECK_OK(inotify_add_watch(fd, "d", IN_MODIFY | IN_EXCL_UNLINK));
	f = CHECK_OK(open("d/f", O_CREAT | O_RDWR, 0644));
	CHECK_EQ(write(f, "x", 1), 1);
	CHECK_GT(read(fd, evbuf, sizeof(evbuf)), 0);
	CHECK_OK(unlink("d/f"));
	CHECK_EQ(write(f, "x", 1), 1);
	CHECK_ERR(read(fd, evbuf, sizeof(evbuf)), EAGAIN);
}

/* SPDX-License-Identifier: MPL-2.0 */
/* inotify: how watches end (unlink while open, hard links, unmount), overflow, FIONREAD, exclusion, limits. */
#include "ktest_user.h"
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/mount.h>

static char evbuf[65536] __attribute__((aligned(8)));
static int evlen, evpos;

static struct inotify_event *next(int fd)
{
	struct inotify_event *e;

	if (evpos >= evlen) {
		evlen = CHECK_OK(read(fd, evbuf, sizeof(evbuf)));
		evpos = 0;
	}
	e = (void *)(evbuf + evpos);
	evpos += sizeof(*e) + e->len;
	return e;
}

static void none(int fd)
{
	CHECK_EQ(evpos, evlen);
	CHECK_ERR(read(fd, evbuf, sizeof(evbuf)), EAGAIN);
}

static struct inotify_event *expect(int line, int fd, int wd, uint32_t mask, const char *name)
{
	struct inotify_event *e = next(fd);

	if (e->wd != wd || e->mask != mask || (name ? !e->len || strcmp(e->name, name) : e->len != 0))
		kt_fail(__FILE__, line, "event wd %d mask %#x name \"%s\", expected %d %#x \"%s\"", e->wd,
			e->mask, e->len ? e->name : "", wd, mask, name ? name : "");
	return e;
}
#define EXPECT(wd, mask, name) expect(__LINE__, fd, wd, mask, name)

static int make(const char *path)
{
	return CHECK_OK(open(path, O_CREAT | O_RDWR, 0644));
}

/* The last name goes while the file is open: IN_ATTRIB now, IN_DELETE_SELF when it is closed. */
CASE(unlink_while_open)
{
	int fd = CHECK_OK(inotify_init1(IN_NONBLOCK)), f = make("f"), w;

	w = CHECK_OK(inotify_add_watch(fd, "f", IN_ATTRIB | IN_DELETE_SELF | IN_CLOSE));
	CHECK_OK(unlink("f"));
	EXPECT(w, IN_ATTRIB, NULL);
	none(fd);
	CHECK_OK(close(f));
	EXPECT(w, IN_CLOSE_WRITE, NULL);
	EXPECT(w, IN_DELETE_SELF, NULL);
	EXPECT(w, IN_IGNORED, NULL);
	none(fd);
	CHECK_ERR(inotify_rm_watch(fd, w), EINVAL);
	CHECK_OK(close(fd));
}

/* Another name is left: the watch lives on. */
CASE(hard_link)
{
	int fd = CHECK_OK(inotify_init1(IN_NONBLOCK)), f = make("a"), w;

	CHECK_OK(close(f));
	w = CHECK_OK(inotify_add_watch(fd, "a", IN_ATTRIB | IN_DELETE_SELF));
	CHECK_OK(link("a", "b"));
	EXPECT(w, IN_ATTRIB, NULL);
	CHECK_OK(unlink("a"));
	EXPECT(w, IN_ATTRIB, NULL);
	none(fd);
	CHECK_OK(unlink("b"));
	EXPECT(w, IN_ATTRIB, NULL);
	EXPECT(w, IN_DELETE_SELF, NULL);
	EXPECT(w, IN_IGNORED, NULL);
	none(fd);
	CHECK_OK(close(fd));
}

/* A removed directory: its own end comes before its parent's IN_DELETE. Self events have no IN_ISDIR. */
CASE(rmdir_order)
{
	int fd = CHECK_OK(inotify_init1(IN_NONBLOCK)), p, w;

	CHECK_OK(mkdir("p", 0755));
	CHECK_OK(mkdir("p/d", 0755));
	p = CHECK_OK(inotify_add_watch(fd, "p", IN_DELETE));
	w = CHECK_OK(inotify_add_watch(fd, "p/d", IN_DELETE_SELF | IN_ATTRIB));
	CHECK_OK(chmod("p/d", 0700));
	EXPECT(w, IN_ATTRIB | IN_ISDIR, NULL);
	CHECK_OK(rmdir("p/d"));
	EXPECT(w, IN_DELETE_SELF, NULL);
	EXPECT(w, IN_IGNORED, NULL);
	EXPECT(p, IN_DELETE | IN_ISDIR, "d");
	none(fd);
	CHECK_OK(close(fd));
}

/* A file that is replaced by rename: IN_ATTRIB for its links, then its end. */
CASE(replaced)
{
	int fd = CHECK_OK(inotify_init1(IN_NONBLOCK)), t, s;

	CHECK_OK(close(make("s")));
	CHECK_OK(close(make("t")));
	s = CHECK_OK(inotify_add_watch(fd, "s", IN_MOVE_SELF | IN_ATTRIB));
	t = CHECK_OK(inotify_add_watch(fd, "t", IN_DELETE_SELF | IN_ATTRIB));
	CHECK_OK(rename("s", "t"));
	EXPECT(t, IN_ATTRIB, NULL);
	EXPECT(s, IN_MOVE_SELF, NULL);
	EXPECT(t, IN_DELETE_SELF, NULL);
	EXPECT(t, IN_IGNORED, NULL);
	none(fd);
	CHECK_OK(close(fd));
}

CASE(unmount)
{
	int fd = CHECK_OK(inotify_init1(IN_NONBLOCK)), w, v;

	CHECK_OK(mkdir("m", 0755));
	CHECK_OK(mount("none", "m", "tmpfs", 0, NULL));
	CHECK_OK(close(make("m/x")));
	w = CHECK_OK(inotify_add_watch(fd, "m", IN_CREATE));
	v = CHECK_OK(inotify_add_watch(fd, "m/x", IN_MODIFY));
	CHECK_OK(umount("m"));
	for (int i = 0, last = 0; i < 2; i++) {		/* in either order */
		struct inotify_event *e = next(fd);

		CHECK_EQ(e->mask, IN_UNMOUNT | (e->wd == w ? IN_ISDIR : 0));
		CHECK(e->wd == w || e->wd == v);
		CHECK_NE(e->wd, last);
		last = e->wd;
		EXPECT(last, IN_IGNORED, NULL);
	}
	none(fd);
	CHECK_OK(close(fd));
}

CASE(exclude_unlinked)
{
	int fd = CHECK_OK(inotify_init1(IN_NONBLOCK)), f, w;

	CHECK_OK(mkdir("e", 0755));
	f = make("e/f");
	w = CHECK_OK(inotify_add_watch(fd, "e", IN_MODIFY));
	CHECK_EQ(write(f, "x", 1), 1);
	EXPECT(w, IN_MODIFY, "f");
	CHECK_OK(unlink("e/f"));
	CHECK_EQ(write(f, "x", 1), 1);
	EXPECT(w, IN_MODIFY, "f");
	CHECK_EQ(inotify_add_watch(fd, "e", IN_MODIFY | IN_EXCL_UNLINK), w);
	CHECK_EQ(write(f, "x", 1), 1);
	none(fd);
	CHECK_OK(close(f));
	CHECK_OK(close(fd));
}

CASE(queue_and_fionread)
{
	int fd = CHECK_OK(inotify_init1(IN_NONBLOCK)), w, n = -1, f;
	struct pollfd p = { .fd = fd, .events = POLLIN };
	char small[20];

	CHECK_OK(mkdir("q", 0755));
	w = CHECK_OK(inotify_add_watch(fd, "q", IN_CREATE | IN_OPEN));
	CHECK_EQ(poll(&p, 1, 0), 0);
	CHECK_OK(ioctl(fd, FIONREAD, &n));
	CHECK_EQ(n, 0);
	f = make("q/0123456789abcdef");		/* 17 bytes with the NUL: 32 */
	CHECK_OK(ioctl(fd, FIONREAD, &n));
	CHECK_EQ(n, 2 * (16 + 32));
	CHECK_EQ(poll(&p, 1, 0), 1);
	CHECK_ERR(read(fd, small, sizeof(small)), EINVAL);
	CHECK_EQ(read(fd, evbuf, 60), 48);
	CHECK_EQ(((struct inotify_event *)evbuf)->len, 32);
	EXPECT(w, IN_OPEN, "0123456789abcdef");
	none(fd);
	CHECK_OK(close(f));
	CHECK_OK(close(fd));
}

CASE(overflow)
{
	int fd = CHECK_OK(inotify_init1(IN_NONBLOCK)), w, f, events = 0, over = 0, max = 0;
	FILE *s = fopen("/proc/sys/fs/inotify/max_queued_events", "r");

	CHECK(s != NULL);
	CHECK_EQ(fscanf(s, "%d", &max), 1);
	fclose(s);
	CHECK(max >= 100);
	CHECK_OK(mkdir("o", 0755));
	f = make("o/f");
	w = CHECK_OK(inotify_add_watch(fd, "o", IN_MODIFY | IN_ACCESS));
	for (int i = 0; i < max / 2 + 50; i++) {	/* two kinds in turn do not merge */
		CHECK_EQ(pwrite(f, "x", 1, 0), 1);
		CHECK_EQ(pread(f, &(char){ 0 }, 1, 0), 1);
	}
	for (;;) {
		struct inotify_event *e;

		if (evpos >= evlen) {
			int n = read(fd, evbuf, sizeof(evbuf));

			if (n < 0)
				break;
			evlen = n;
			evpos = 0;
		}
		e = (void *)(evbuf + evpos);
		evpos += sizeof(*e) + e->len;
		if (e->mask == IN_Q_OVERFLOW) {
			CHECK_EQ(e->wd, -1);
			over++;
		} else {
			CHECK_EQ(e->wd, w);
			events++;
		}
	}
	CHECK_EQ(events, max);
	CHECK_EQ(over, 1);
	CHECK_OK(close(f));
	CHECK_OK(close(fd));
}

CASE(instances_limit)
{
	int fds[4096], n = 0;

	while (n < 4096 && (fds[n] = inotify_init1(0)) >= 0)
		n++;
	CHECK(n >= 100 && n < 4096);
	CHECK_EQ(errno, EMFILE);
	while (n)
		CHECK_OK(close(fds[--n]));
	fds[0] = CHECK_OK(inotify_init1(0));
	CHECK_OK(close(fds[0]));
}

CASE(fdinfo)
{
	int fd = CHECK_OK(inotify_init1(0)), w = CHECK_OK(inotify_add_watch(fd, ".", IN_CREATE | IN_DELETE)), found = 0;
	char path[64], line[256];
	unsigned long ino;
	unsigned int wd, dev, mask;
	struct stat st;
	FILE *s;

	CHECK_OK(stat(".", &st));
	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	s = fopen(path, "r");
	CHECK(s != NULL);
	while (s && fgets(line, sizeof(line), s))
		if (sscanf(line, "inotify wd:%x ino:%lx sdev:%x mask:%x ignored_mask:0", &wd, &ino, &dev, &mask) == 4) {
			found++;
			CHECK_EQ(wd, w);
			CHECK_EQ(ino, st.st_ino);
			CHECK_EQ(mask, IN_CREATE | IN_DELETE);
		}
	CHECK_EQ(found, 1);
	if (s)
		fclose(s);
	CHECK_OK(close(fd));
}

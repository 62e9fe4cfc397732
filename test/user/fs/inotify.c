/* SPDX-License-Identifier: MPL-2.0 */
/* inotify: events of files and directories, masks, moves, coalescing, removal, one-shot. */
#include "ktest_user.h"

static char evbuf[8192] __attribute__((aligned(8)));
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
CASE(directory)
{
	int fd = CHECK_OK(inotify_init1(IN_NONBLOCK)), w, f;
	uint32_t c;

	CHECK_OK(mkdir("d", 0755));
	w = CHECK_OK(inotify_add_watch(fd, "d", IN_ALL_EVENTS));
	CHECK_EQ(w, 1);
	none(fd);
	f = CHECK_OK(open("d/f", O_CREAT | O_RDWR, 0644));
	EXPECT(w, IN_CREATE, "f");
	EXPECT(w, IN_OPEN, "f");
	CHECK_EQ(write(f, "x", 1), 1);
	EXPECT(w, IN_MODIFY, "f");
	CHECK_EQ(pread(f, &(char){ 0 }, 1, 0), 1);
	EXPECT(w, IN_ACCESS, "f");
	CHECK_OK(close(f));
	EXPECT(w, IN_CLOSE_WRITE, "f");
	CHECK_OK(chmod("d/f", 0600));
	EXPECT(w, IN_ATTRIB, "f");
	CHECK_OK(rename("d/f", "d/g"));
	c = EXPECT(w, IN_MOVED_FROM, "f")->cookie;
	CHECK_EQ(EXPECT(w, IN_MOVED_TO, "g")->cookie, c);
	CHECK_NE(c, 0);
	CHECK_OK(unlink("d/g"));
	EXPECT(w, IN_DELETE, "g");
	CHECK_OK(mkdir("d/s", 0755));
	EXPECT(w, IN_CREATE | IN_ISDIR, "s");
	CHECK_OK(rmdir("d/s"));
	EXPECT(w, IN_DELETE | IN_ISDIR, "s");
	CHECK_OK(close(CHECK_OK(open("d", O_RDONLY))));
	EXPECT(w, IN_OPEN | IN_ISDIR, NULL);
	EXPECT(w, IN_CLOSE_NOWRITE | IN_ISDIR, NULL);
	CHECK_OK(rename("d", "e"));
	EXPECT(w, IN_MOVE_SELF, NULL);
	CHECK_OK(rmdir("e"));
	EXPECT(w, IN_DELETE_SELF, NULL);
	EXPECT(w, IN_IGNORED, NULL);
	none(fd);
}
CASE(file)
{
	int fd = CHECK_OK(inotify_init1(IN_NONBLOCK | IN_CLOEXEC)), w;

	CHECK_EQ(fcntl(fd, F_GETFD), FD_CLOEXEC);
	kt_put("f", "abc");
	w = CHECK_OK(inotify_add_watch(fd, "f", IN_MODIFY | IN_CLOSE_WRITE | IN_DELETE_SELF | IN_ATTRIB));
	kt_put("f", "new");
	EXPECT(w, IN_MODIFY, NULL);	/* truncation and write are one: equal events merge */
	EXPECT(w, IN_CLOSE_WRITE, NULL);
	CHECK_OK(link("f", "g"));
	EXPECT(w, IN_ATTRIB, NULL);
	CHECK_OK(unlink("f"));
	EXPECT(w, IN_ATTRIB, NULL);
	CHECK_OK(unlink("g"));
	EXPECT(w, IN_ATTRIB, NULL);
	EXPECT(w, IN_DELETE_SELF, NULL);
	EXPECT(w, IN_IGNORED, NULL);
	none(fd);
}
CASE(watches)
{
	int fd = CHECK_OK(inotify_init1(IN_NONBLOCK)), w, w2;

	kt_put("f", "");
	w = CHECK_OK(inotify_add_watch(fd, "f", IN_ATTRIB));
	CHECK_EQ(inotify_add_watch(fd, "f", IN_MODIFY), w);	/* replaces the mask */
	CHECK_OK(chmod("f", 0600));
	none(fd);
	CHECK_EQ(inotify_add_watch(fd, "f", IN_ATTRIB | IN_MASK_ADD), w);
	CHECK_OK(chmod("f", 0644));
	EXPECT(w, IN_ATTRIB, NULL);
	CHECK_ERR(inotify_add_watch(fd, "f", IN_ATTRIB | IN_MASK_CREATE), EEXIST);
	CHECK_OK(inotify_rm_watch(fd, w));
	EXPECT(w, IN_IGNORED, NULL);
	CHECK_ERR(inotify_rm_watch(fd, w), EINVAL);
	w2 = CHECK_OK(inotify_add_watch(fd, "f", IN_ATTRIB | IN_ONESHOT));
	CHECK_NE(w2, w);
	CHECK_OK(chmod("f", 0600));
	EXPECT(w2, IN_ATTRIB, NULL);
	EXPECT(w2, IN_IGNORED, NULL);
	CHECK_OK(chmod("f", 0644));
	none(fd);
}
CASE(errors)
{
	int fd = CHECK_OK(inotify_init1(IN_NONBLOCK)), w;
	char small[8];

	kt_put("f", "");
	CHECK_OK(mkdir("d", 0755));
	CHECK_OK(symlink("d", "l"));
	CHECK_ERR(inotify_init1(0x100), EINVAL);
	CHECK_ERR(inotify_add_watch(fd, "missing", IN_ATTRIB), ENOENT);
	CHECK_ERR(inotify_add_watch(fd, "f", 0), EINVAL);
	CHECK_ERR(inotify_add_watch(fd, "f", IN_ATTRIB | IN_ONLYDIR), ENOTDIR);
	CHECK_ERR(inotify_add_watch(-1, "f", IN_ATTRIB), EBADF);
	CHECK_ERR(inotify_add_watch(0, "f", IN_ATTRIB), EINVAL);
	CHECK_ERR(inotify_rm_watch(0, 1), EINVAL);
	CHECK_ERR(syscall(SYS_inotify_add_watch, fd, 8, IN_ATTRIB), EFAULT);
	w = CHECK_OK(inotify_add_watch(fd, "l", IN_ATTRIB | IN_DONT_FOLLOW));
	CHECK_NE(w, CHECK_OK(inotify_add_watch(fd, "l", IN_ATTRIB)));
	CHECK_OK(chmod("d", 0700));
	CHECK_ERR(read(fd, small, 8), EINVAL);
	CHECK_OK(mkdir("n", 0755));
	int wn = CHECK_OK(inotify_add_watch(fd, "n", IN_CREATE));
	EXPECT(2, IN_ATTRIB | IN_ISDIR, NULL);
	kt_put("n/file", "");
	int avail;
	CHECK_OK(ioctl(fd, FIONREAD, &avail));
	CHECK_EQ(avail, 32);
	CHECK_ERR(read(fd, small, 8), EINVAL);
	EXPECT(wn, IN_CREATE, "file");
}
CASE(poll_and_blocking)
{
	int fd = CHECK_OK(inotify_init1(0));
	struct pollfd p = { fd, POLLIN, 0 };
	pid_t pid;

	kt_put("f", "");
	CHECK_OK(inotify_add_watch(fd, "f", IN_ATTRIB));
	CHECK_EQ(poll(&p, 1, 0), 0);
	CHILD(pid)
		CHECK_EQ(next(fd)->mask, IN_ATTRIB);
	WAIT_BLOCKED(pid);
	CHECK_OK(chmod("f", 0600));
	WAIT_EXIT(pid, 0);
	CHECK_OK(chmod("f", 0644));
	CHECK_EQ(poll(&p, 1, -1), 1);
	CHECK_EQ(p.revents, POLLIN);
}

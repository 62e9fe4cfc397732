/* SPDX-License-Identifier: MPL-2.0 */
/* getdents64 and getdents: records, types, small buffers, seeking, changes while reading. */
#include "ktest_user.h"

struct d64 {
	uint64_t ino;
	int64_t off;
	uint16_t reclen;
	uint8_t type;
	char name[];
};
static char buf[65536];

static int list(int fd, size_t size, char names[][32], int *types, int max)
{
	int n = 0;
	long r;

	while ((r = CHECK_OK(syscall(SYS_getdents64, fd, buf, size))) > 0)
		for (char *p = buf; p < buf + r;) {
			struct d64 *d = (void *)p;

			CHECK_EQ(d->reclen % 8, 0);
			CHECK_LE(p + d->reclen, buf + r);
			CHECK_NE(d->ino, 0);
			CHECK_LT(n, max);
			if (types)
				types[n] = d->type;
			snprintf(names[n++], 32, "%s", d->name);
			p += d->reclen;
		}
	return n;
}
static int find(char names[][32], int n, const char *s)
{
	int at = -1;

	for (int i = 0; i < n; i++)
		if (!strcmp(names[i], s)) {
			CHECK_EQ(at, -1);
			at = i;
		}
	return at;
}
CASE(types)
{
	char names[16][32];
	int types[16], n, fd;
	struct stat st;

	kt_put("f", "");
	CHECK_OK(mkdir("d", 0755));
	CHECK_OK(symlink("f", "l"));
	CHECK_OK(mkfifo("p", 0644));
	CHECK_OK(mknod("c", S_IFCHR, makedev(1, 3)));
	CHECK_OK(mknod("s", S_IFSOCK, 0));
	fd = CHECK_OK(open(".", O_RDONLY));
	n = list(fd, sizeof(buf), names, types, 16);
	CHECK_EQ(n, 8);
	CHECK_EQ(types[find(names, n, "f")], DT_REG);
	CHECK_EQ(types[find(names, n, "d")], DT_DIR);
	CHECK_EQ(types[find(names, n, "l")], DT_LNK);
	CHECK_EQ(types[find(names, n, "p")], DT_FIFO);
	CHECK_EQ(types[find(names, n, "c")], DT_CHR);
	CHECK_EQ(types[find(names, n, "s")], DT_SOCK);
	CHECK_EQ(types[find(names, n, ".")], DT_DIR);
	CHECK_EQ(types[find(names, n, "..")], DT_DIR);
	CHECK_EQ(lseek(fd, 0, SEEK_SET), 0);
	n = CHECK_OK(syscall(SYS_getdents64, fd, buf, sizeof(buf)));
	CHECK_OK(stat(".", &st));
	/* By hash on a disk: "." is not always the first. */
	for (int at = 0; ; at += ((struct d64 *)(buf + at))->reclen) {
		struct d64 *d = (struct d64 *)(buf + at);

		CHECK_LT(at, n);
		if (!strcmp(d->name, ".")) {
			CHECK_EQ(d->ino, st.st_ino);
			break;
		}
	}
}
CASE(many_with_small_buffer)
{
	static char names[1100][32];
	char name[32];
	int n, fd;

	for (int i = 0; i < 1000; i++) {
		snprintf(name, sizeof(name), "file-%d", i);
		CHECK_OK(close(CHECK_OK(open(name, O_CREAT | O_WRONLY, 0644))));
	}
	fd = CHECK_OK(open(".", O_RDONLY));
	n = list(fd, 100, names, NULL, 1100);
	CHECK_EQ(n, 1002);
	for (int i = 0; i < 1000; i += 37) {
		snprintf(name, sizeof(name), "file-%d", i);
		CHECK_GE(find(names, n, name), 0);
	}
	CHECK_EQ(syscall(SYS_getdents64, fd, buf, sizeof(buf)), 0);
}
CASE(unlink_while_reading)
{
	char name[32];
	int seen = 0, fd;
	long r;

	for (int i = 0; i < 500; i++) {
		snprintf(name, sizeof(name), "file-%d", i);
		CHECK_OK(close(CHECK_OK(open(name, O_CREAT | O_WRONLY, 0644))));
	}
	fd = CHECK_OK(open(".", O_RDONLY));
	while ((r = CHECK_OK(syscall(SYS_getdents64, fd, buf, 256))) > 0)
		for (char *p = buf; p < buf + r; p += ((struct d64 *)p)->reclen)
			if (((struct d64 *)p)->name[0] == 'f') {
				CHECK_OK(unlink(((struct d64 *)p)->name));
				seen++;
			}
	CHECK_EQ(seen, 500);	/* rm -r depends on this */
}
CASE(errors)
{
	int fd = CHECK_OK(open(".", O_RDONLY)), f;

	kt_put("f", "");
	f = CHECK_OK(open("f", O_RDONLY));
	CHECK_ERR(syscall(SYS_getdents64, fd, buf, 10), EINVAL);
	CHECK_ERR(syscall(SYS_getdents64, f, buf, 1000), ENOTDIR);
	CHECK_ERR(syscall(SYS_getdents64, -1, buf, 1000), EBADF);
	CHECK_ERR(syscall(SYS_getdents64, fd, 8, 1000), EFAULT);
	CHECK_OK(mkdir("d", 0755));
	fd = CHECK_OK(open("d", O_RDONLY));
	CHECK_OK(rmdir("d"));
	CHECK_ERR(syscall(SYS_getdents64, fd, buf, 1000), ENOENT);
}
CASE(old_layout)
{
	struct { unsigned long ino, off; unsigned short reclen; char name[]; } *d = (void *)buf;
	int fd = CHECK_OK(open(".", O_RDONLY)), n = 0;
	long r;

	kt_put("f", "");
	r = CHECK_OK(syscall(SYS_getdents, fd, buf, sizeof(buf)));
	for (char *p = buf; p < buf + r; p += d->reclen, n++) {
		d = (void *)p;
		if (d->name[0] == 'f')
			CHECK_EQ(p[d->reclen - 1], DT_REG);
	}
	CHECK_EQ(n, 3);
}
CASE(telldir_seekdir)
{
	DIR *d;
	struct dirent *e;
	char first[64], second[64];
	long pos;

	kt_put("a", "");
	kt_put("b", "");
	kt_put("c", "");
	d = opendir(".");
	CHECK(readdir(d) && readdir(d));
	snprintf(first, sizeof(first), "%s", (e = readdir(d)) ? e->d_name : "");
	pos = telldir(d);
	snprintf(second, sizeof(second), "%s", (e = readdir(d)) ? e->d_name : "");
	CHECK(readdir(d));
	CHECK(!readdir(d));
	seekdir(d, pos);
	e = readdir(d);
	CHECK(e);
	CHECK_STR(e->d_name, second);
	rewinddir(d);
	CHECK(readdir(d) && readdir(d));
	e = readdir(d);
	CHECK(e);
	CHECK_STR(e->d_name, first);
}

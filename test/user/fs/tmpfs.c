/* SPDX-License-Identifier: MPL-2.0 */
/* tmpfs: size and inode limits, options, statfs numbers, space given back. */
#include "ktest_user.h"

CASE(size_limit)
{
	struct statfs a, b;
	static char page[PG];
	int fd, n = 0;

	CHECK_OK(mkdir("m", 0755));
	CHECK_OK(mount("none", "m", "tmpfs", 0, "size=256k,mode=700,uid=5,gid=6"));
	CHECK_OK(statfs("m", &a));
	CHECK_EQ(a.f_type, 0x01021994);
	CHECK_EQ(a.f_bsize, PG);
	CHECK_EQ(a.f_blocks, 64);
	CHECK_EQ(a.f_bfree, 64);
	CHECK_EQ(a.f_namelen, 255);
	fd = CHECK_OK(open("m/f", O_CREAT | O_RDWR, 0644));
	while (write(fd, page, PG) == (ssize_t)PG)
		n++;
	CHECK_EQ(errno, ENOSPC);
	CHECK_EQ(n, 64);
	CHECK_OK(statfs("m", &b));
	CHECK_EQ(b.f_bfree, 0);
	CHECK_OK(close(fd));
	CHECK_OK(unlink("m/f"));
	CHECK_OK(statfs("m", &b));
	CHECK_EQ(b.f_bfree, 64);
	struct stat st;
	CHECK_OK(stat("m", &st));
	CHECK_EQ(st.st_mode & 07777, 0700);
	CHECK_EQ(st.st_uid, 5);
	CHECK_EQ(st.st_gid, 6);
	CHECK_OK(umount2("m", 0));
}
CASE(inode_limit)
{
	char name[16];
	int n = 0;

	CHECK_OK(mkdir("m", 0755));
	CHECK_OK(mount("none", "m", "tmpfs", 0, "nr_inodes=20"));
	for (;; n++) {
		snprintf(name, sizeof(name), "m/%d", n);
		if (mknod(name, S_IFREG | 0644, 0))
			break;
	}
	CHECK_EQ(errno, ENOSPC);
	CHECK_EQ(n, 19);	/* the root takes one */
	CHECK_OK(unlink("m/0"));
	CHECK_OK(mknod("m/again", S_IFREG | 0644, 0));
	CHECK_OK(umount2("m", 0));
}
CASE(remount_changes_size)
{
	struct statfs a;

	CHECK_OK(mkdir("m", 0755));
	CHECK_OK(mount("none", "m", "tmpfs", 0, "size=256k"));
	CHECK_OK(mount(NULL, "m", NULL, MS_REMOUNT, "size=1m"));
	CHECK_OK(statfs("m", &a));
	CHECK_EQ(a.f_blocks, 256);
	CHECK_OK(umount2("m", 0));
	CHECK_ERR(mount("none", "m", "tmpfs", 0, "size=junk"), EINVAL);
	CHECK_ERR(mount("none", "m", "tmpfs", 0, "mode=9"), EINVAL);
}
CASE(mapped_page_beyond_the_limit_is_sigbus)
{
	int fd, code;
	char *m;

	CHECK_OK(mkdir("m", 0755));
	CHECK_OK(mount("none", "m", "tmpfs", 0, "size=4k"));
	fd = CHECK_OK(open("m/f", O_CREAT | O_RDWR, 0644));
	CHECK_OK(ftruncate(fd, 2 * PG));
	m = mmap(NULL, 2 * PG, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	CHECK(m != MAP_FAILED);
	m[0] = 1;
	CHECK_EQ(kt_fault(m + PG, true, &code), SIGBUS);
	CHECK_OK(munmap(m, 2 * PG));
	CHECK_OK(close(fd));
	CHECK_OK(umount2("m", 0));
}

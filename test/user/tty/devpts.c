/* SPDX-License-Identifier: MPL-2.0 */
/* devpts: its own instances, ptmx inside, options, modes, what cannot be done there. */
#include "ktest_user.h"

CASE(own_instance)
{
	struct stat st;
	int m, n, lock = 0;
	char name[64];

	CHECK_OK(mkdir("pts", 0755));
	CHECK_OK(mount("none", "pts", "devpts", 0, "mode=600,gid=7,ptmxmode=666"));
	CHECK_OK(stat("pts/ptmx", &st));
	CHECK_EQ(st.st_rdev, makedev(5, 2));
	CHECK_EQ(st.st_mode & 0777, 0666);
	m = CHECK_OK(open("pts/ptmx", O_RDWR | O_NOCTTY));
	CHECK_OK(ioctl(m, TIOCGPTN, &n));
	CHECK_EQ(n, 0);		/* numbers are per instance */
	CHECK_OK(ioctl(m, TIOCSPTLCK, &lock));
	snprintf(name, sizeof(name), "pts/%d", n);
	CHECK_OK(stat(name, &st));
	CHECK_EQ(st.st_mode & 0777, 0600);
	CHECK_EQ(st.st_gid, 7);
	CHECK_ERR(unlink(name), EPERM);
	CHECK_ERR(mkdir("pts/d", 0755), EPERM);
	CHECK_ERR(open("pts/new", O_CREAT | O_RDWR, 0644), EACCES);
	CHECK_OK(close(m));
	CHECK_ERR(stat(name, &st), ENOENT);
	CHECK_OK(umount2("pts", 0));
}

/* SPDX-License-Identifier: MPL-2.0 */
/* unshare(CLONE_FILES) and CLONE_FS: shared tables come apart. */
#include "ktest_user.h"

CASE(files)
{
	CHECK_OK(unshare(CLONE_FILES));
	CHECK_OK(unshare(CLONE_FS));
	CHECK_OK(unshare(0));
	CHECK_ERR(unshare(0x1), EINVAL);
	CHECK_ERR(unshare(CLONE_PARENT), EINVAL);
}
static _Atomic int stage;
static int fd;
static void *thread(void *x)
{
	CHECK_OK(unshare(CLONE_FILES | CLONE_FS));
	CHECK_OK(close(fd));
	CHECK_OK(chdir("/"));
	stage = 1;
	return NULL;
}
CASE(thread_with_its_own_table)
{
	char a[256], b[256];
	pthread_t t;

	fd = CHECK_OK(open(".", O_RDONLY));
	CHECK(getcwd(a, sizeof(a)));
	CHECK_EQ(pthread_create(&t, NULL, thread, NULL), 0);
	pthread_join(t, NULL);
	CHECK_EQ(stage, 1);
	CHECK_OK(fcntl(fd, F_GETFD));
	CHECK(getcwd(b, sizeof(b)));
	CHECK_STR(a, b);
}

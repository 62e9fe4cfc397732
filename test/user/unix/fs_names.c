/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Socket files as files: rename, unlink, link, chmod, bind in forbidden places, stale names.
 */
#include "ktest_user.h"

static struct sockaddr_un at(const char *p)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };

	strcpy(a.sun_path, p);
	return a;
}
CASE(name_changes)
{
	struct sockaddr_un a = at("s"), b = at("t");
	int s = CHECK_OK(socket(AF_UNIX, SOCK_STREAM, 0)), c;

	CHECK_OK(bind(s, (void *)&a, sizeof(a)));
	CHECK_OK(listen(s, 5));
	CHECK_OK(rename("s", "t"));
	c = CHECK_OK(socket(AF_UNIX, SOCK_STREAM, 0));
	CHECK_ERR(connect(c, (void *)&a, sizeof(a)), ENOENT);
	CHECK_OK(connect(c, (void *)&b, sizeof(b)));
	CHECK_OK(link("t", "u"));
	a = at("u");
	c = CHECK_OK(socket(AF_UNIX, SOCK_STREAM, 0));
	CHECK_OK(connect(c, (void *)&a, sizeof(a)));
	CHECK_OK(unlink("t"));
	CHECK_OK(unlink("u"));
	int t = CHECK_OK(socket(AF_UNIX, SOCK_STREAM, 0));
	CHECK_OK(bind(t, (void *)&b, sizeof(b)));	/* the name is free again */
	CHECK_OK(symlink("t", "l"));
	a = at("l");
	CHECK_OK(listen(t, 1));
	c = CHECK_OK(socket(AF_UNIX, SOCK_STREAM, 0));
	CHECK_OK(connect(c, (void *)&a, sizeof(a)));
	CHECK_ERR(bind(CHECK_OK(socket(AF_UNIX, SOCK_STREAM, 0)), (void *)&a, sizeof(a)), EADDRINUSE);
}
CASE(refusals)
{
	struct sockaddr_un a = at("missing/s");
	int s = CHECK_OK(socket(AF_UNIX, SOCK_STREAM, 0));
	pid_t p;

	CHECK_ERR(bind(s, (void *)&a, sizeof(a)), ENOENT);
	kt_put("f", "");
	a = at("f/s");
	CHECK_ERR(bind(s, (void *)&a, sizeof(a)), ENOTDIR);
	a = at("f");
	CHECK_ERR(bind(s, (void *)&a, sizeof(a)), EADDRINUSE);
	CHECK_ERR(bind(s, (void *)&a, 1), EINVAL);
	CHECK_ERR(bind(s, (void *)&a, 300), EINVAL);
	CHECK_ERR(syscall(SYS_bind, s, 8, sizeof(a)), EFAULT);
	a.sun_family = 99;
	CHECK_ERR(bind(s, (void *)&a, sizeof(a)), EINVAL);
	CHILD(p) {
		kt_become(1000, 1000);
		a = at("new");
		CHECK_ERR(bind(s, (void *)&a, sizeof(a)), EACCES);
	}
	WAIT_EXIT(p, 0);
	CHECK_ERR(access("new", F_OK), ENOENT);
}
CASE(umask_applies)
{
	struct sockaddr_un a = at("s");
	struct stat st;

	umask(0077);
	CHECK_OK(bind(CHECK_OK(socket(AF_UNIX, SOCK_DGRAM, 0)), (void *)&a, sizeof(a)));
	CHECK_OK(stat("s", &st));
	CHECK_EQ(st.st_mode & 0777, 0700);
}

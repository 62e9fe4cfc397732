/* SPDX-License-Identifier: MPL-2.0 */
/* /proc/net/unix lists sockets with state, type and path. */
#include "ktest_user.h"

CASE(lines)
{
	static char buf[65536];
	struct sockaddr_un a = { .sun_family = AF_UNIX, .sun_path = "a.sock" };
	int s = CHECK_OK(socket(AF_UNIX, SOCK_STREAM, 0));
	struct stat st;
	char ino[32], *l, *e;

	CHECK_OK(bind(s, (void *)&a, sizeof(a)));
	CHECK_OK(listen(s, 1));
	CHECK_OK(fstat(s, &st));
	if (!kt_try_get("/proc/net/unix", buf, sizeof(buf)))
		SKIP("no /proc/net/unix");
	CHECK(!strncmp(buf, "Num       RefCount Protocol Flags    Type St Inode Path\n", 56));
	snprintf(ino, sizeof(ino), " %lu a.sock\n", (unsigned long)st.st_ino);
	l = strstr(buf, ino);
	CHECK(l);
	for (e = l; e[-1] != '\n'; e--)
		;
	CHECK(strstr(e, ": 00000002 00000000 00010000 0001 01 "));
}

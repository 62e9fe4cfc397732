/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Shared, private, slave and unbindable mounts: what a mount in one place does in the others.
 */
#include "ktest_user.h"

static bool there(const char *p) { return access(p, F_OK) == 0; }
static void peers(void)
{
	CHECK_OK(mkdir("a", 0755));
	CHECK_OK(mkdir("b", 0755));
	CHECK_OK(mount("none", "a", "tmpfs", 0, NULL));
	CHECK_OK(mkdir("a/sub", 0755));
}
CASE(shared)
{
	peers();
	CHECK_OK(mount(NULL, "a", NULL, MS_SHARED, NULL));
	CHECK_OK(mount("a", "b", NULL, MS_BIND, NULL));
	CHECK_OK(mount("none", "a/sub", "tmpfs", 0, NULL));
	kt_put("a/sub/f", "");
	CHECK(there("b/sub/f"));
	CHECK_OK(umount2("b/sub", 0));
	CHECK(!there("a/sub/f"));
	CHECK_OK(umount2("b", 0));
	CHECK_OK(umount2("a", 0));
}
CASE(private_)
{
	peers();
	CHECK_OK(mount(NULL, "a", NULL, MS_PRIVATE, NULL));
	CHECK_OK(mount("a", "b", NULL, MS_BIND, NULL));
	CHECK_OK(mount("none", "a/sub", "tmpfs", 0, NULL));
	kt_put("a/sub/f", "");
	CHECK(!there("b/sub/f"));
	CHECK_OK(umount2("a/sub", 0));
	CHECK_OK(umount2("b", 0));
	CHECK_OK(umount2("a", 0));
}
CASE(slave)
{
	peers();
	CHECK_OK(mount(NULL, "a", NULL, MS_SHARED, NULL));
	CHECK_OK(mount("a", "b", NULL, MS_BIND, NULL));
	CHECK_OK(mount(NULL, "b", NULL, MS_SLAVE, NULL));
	CHECK_OK(mount("none", "a/sub", "tmpfs", 0, NULL));
	kt_put("a/sub/f", "");
	CHECK(there("b/sub/f"));	/* from the master down */
	CHECK_OK(umount2("a/sub", 0));
	CHECK(!there("b/sub/f"));
	CHECK_OK(mount("none", "b/sub", "tmpfs", 0, NULL));
	kt_put("b/sub/g", "");
	CHECK(!there("a/sub/g"));	/* and not up */
	CHECK_OK(umount2("b/sub", 0));
	CHECK_OK(umount2("b", 0));
	CHECK_OK(umount2("a", 0));
}
CASE(unbindable)
{
	peers();
	CHECK_OK(mount(NULL, "a", NULL, MS_UNBINDABLE, NULL));
	CHECK_ERR(mount("a", "b", NULL, MS_BIND, NULL), EINVAL);
	CHECK_OK(umount2("a", 0));
}
CASE(errors)
{
	peers();
	CHECK_ERR(mount(NULL, "a", NULL, MS_SHARED | MS_PRIVATE, NULL), EINVAL);
	CHECK_ERR(mount(NULL, "b", NULL, MS_SHARED, NULL), EINVAL);	/* no mount */
	CHECK_OK(umount2("a", 0));
}
CASE(tags_in_mountinfo)
{
	static char buf[65536];
	char want[256], cwd[128], *l;

	peers();
	CHECK(getcwd(cwd, sizeof(cwd)));
	CHECK_OK(mount(NULL, "a", NULL, MS_SHARED, NULL));
	kt_get("/proc/self/mountinfo", buf, sizeof(buf));
	snprintf(want, sizeof(want), " %s/a rw,relatime shared:", cwd);
	l = strstr(buf, want);
	CHECK(l);
	CHECK_OK(umount2("a", 0));
}

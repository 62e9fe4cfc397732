/* SPDX-License-Identifier: MPL-2.0 */
/* uname, sethostname, setdomainname: fields, limits, privilege, /proc/sys/kernel. */
#include "ktest_user.h"

CASE(fields)
{
	struct utsname u;
	char buf[128];

	CHECK_OK(uname(&u));
	CHECK_STR(u.machine, "x86_64");
	CHECK(u.sysname[0] && u.release[0] && u.version[0] && u.nodename[0]);
	kt_get("/proc/sys/kernel/osrelease", buf, sizeof(buf));
	buf[strcspn(buf, "\n")] = 0;
	CHECK_STR(buf, u.release);
	kt_get("/proc/sys/kernel/ostype", buf, sizeof(buf));
	buf[strcspn(buf, "\n")] = 0;
	CHECK_STR(buf, u.sysname);
	CHECK_ERR(syscall(SYS_uname, 8), EFAULT);
}
CASE(names)
{
	struct utsname u, old;
	char buf[128];
	pid_t p;

	CHECK_OK(uname(&old));
	CHECK_OK(sethostname("keel-test", 9));
	CHECK_OK(uname(&u));
	CHECK_STR(u.nodename, "keel-test");
	kt_get("/proc/sys/kernel/hostname", buf, sizeof(buf));
	CHECK_STR(buf, "keel-test\n");
	CHECK_OK(setdomainname("example", 7));
	CHECK_OK(uname(&u));
	CHECK_STR(u.domainname, "example");
	CHECK_ERR(sethostname("x", 65), EINVAL);
	CHECK_ERR(sethostname("x", -1), EINVAL);
	CHECK_ERR(syscall(SYS_sethostname, 8, 5), EFAULT);
	CHILD(p) {
		kt_become(1000, 1000);
		CHECK_ERR(sethostname("x", 1), EPERM);
		CHECK_ERR(setdomainname("x", 1), EPERM);
	}
	WAIT_EXIT(p, 0);
	CHECK_OK(sethostname(old.nodename, strlen(old.nodename)));
}

/* SPDX-License-Identifier: MPL-2.0 */
/*
 * capget and capset, capabilities over setuid and execve, keepcaps, bounding set, securebits.
 */
#include "ktest_user.h"
#include <linux/capability.h>

static struct __user_cap_data_struct d[2];
static int get(void)
{
	struct __user_cap_header_struct h = { _LINUX_CAPABILITY_VERSION_3, 0 };

	return syscall(SYS_capget, &h, d);
}
static int set(void)
{
	struct __user_cap_header_struct h = { _LINUX_CAPABILITY_VERSION_3, 0 };

	return syscall(SYS_capset, &h, d);
}
static uint64_t eff(void) { get(); return d[0].effective | (uint64_t)d[1].effective << 32; }
static uint64_t perm(void) { get(); return d[0].permitted | (uint64_t)d[1].permitted << 32; }
CASE(root_has_all)
{
	CHECK_OK(get());
	CHECK_EQ(eff(), 0x1ffffffffffULL);
	CHECK_EQ(perm(), 0x1ffffffffffULL);
	CHECK_EQ(d[0].inheritable, 0);
}
CASE(versions)
{
	struct __user_cap_header_struct h = { 0, 0 };

	CHECK_ERR(syscall(SYS_capget, &h, d), EINVAL);
	CHECK_EQ(h.version, _LINUX_CAPABILITY_VERSION_3);
	h.version = 0;
	CHECK_EQ(syscall(SYS_capget, &h, NULL), 0);	/* asking for the version */
	h.version = _LINUX_CAPABILITY_VERSION_1;
	CHECK_OK(syscall(SYS_capget, &h, d));
	h.version = _LINUX_CAPABILITY_VERSION_3;
	h.pid = 4000000;
	CHECK_ERR(syscall(SYS_capget, &h, d), ESRCH);
	h.pid = 1;
	CHECK_OK(syscall(SYS_capget, &h, d));
	h.pid = -1;
	CHECK_ERR(syscall(SYS_capget, &h, d), EINVAL);
	CHECK_ERR(syscall(SYS_capget, 8, d), EFAULT);
	h.pid = 1;
	CHECK_ERR(syscall(SYS_capset, &h, d), EPERM);
}
CASE(dropping)
{
	CHECK_OK(get());
	d[0].effective &= ~(1U << CAP_CHOWN);
	CHECK_OK(set());
	kt_put("f", "");
	CHECK_ERR(chown("f", 1, 1), EPERM);
	CHECK_OK(get());
	d[0].effective |= 1U << CAP_CHOWN;
	CHECK_OK(set());
	CHECK_OK(chown("f", 1, 1));
	d[0].effective &= ~(1U << CAP_CHOWN);
	d[0].permitted &= ~(1U << CAP_CHOWN);
	CHECK_OK(set());
	d[0].permitted |= 1U << CAP_CHOWN;
	CHECK_ERR(set(), EPERM);	/* never back */
	CHECK_OK(get());
	d[0].effective |= 1U << CAP_CHOWN;
	CHECK_ERR(set(), EPERM);
}
CASE(over_setuid)
{
	CHECK_OK(setresuid(-1, 1000, -1));
	CHECK_EQ(eff(), 0);
	CHECK_NE(perm(), 0);
	CHECK_OK(setresuid(-1, 0, -1));
	CHECK_NE(eff(), 0);
	CHECK_OK(setresuid(1000, 1000, 1000));
	CHECK_EQ(eff(), 0);
	CHECK_EQ(perm(), 0);
}
CASE(keepcaps)
{
	CHECK_OK(prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0));
	CHECK_EQ(prctl(PR_GET_KEEPCAPS, 0, 0, 0, 0), 1);
	CHECK_OK(setresuid(1000, 1000, 1000));
	CHECK_EQ(eff(), 0);
	CHECK_EQ(perm(), 0x1ffffffffffULL);
	d[0].effective = 1U << CAP_KILL;
	d[1].effective = 0;
	CHECK_OK(set());
	CHECK_OK(kill(1, 0));
	CHECK_ERR(prctl(PR_SET_KEEPCAPS, 2, 0, 0, 0), EINVAL);
}
int kt_helper(int argc, char **argv)
{
	if (!strcmp(argv[1], "@eff"))
		return eff() == 0 ? 0 : eff() == 1ULL << CAP_NET_RAW ? 1 : 2;
	return 99;
}
CASE(over_execve)
{
	pid_t p;

	CHILD(p)
		execl("/proc/self/exe", "x", "@eff", NULL);
	WAIT_EXIT(p, 2);	/* root gets all again */
	CHILD(p) {
		CHECK_OK(prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0));
		CHECK_OK(setresuid(1000, 1000, 1000));
		execl("/proc/self/exe", "x", "@eff", NULL);
	}
	WAIT_EXIT(p, 0);
	CHILD(p) {	/* ambient capabilities pass */
		CHECK_OK(prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0));
		CHECK_OK(setresuid(1000, 1000, 1000));
		CHECK_OK(get());
		d[0].inheritable = d[0].effective = 1U << CAP_NET_RAW;
		CHECK_OK(set());
		CHECK_OK(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_NET_RAW, 0, 0));
		CHECK_EQ(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET, CAP_NET_RAW, 0, 0), 1);
		CHECK_ERR(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_CHOWN, 0, 0), EPERM);
		execl("/proc/self/exe", "x", "@eff", NULL);
	}
	WAIT_EXIT(p, 1);
	CHILD(p) {	/* SECBIT_NOROOT: uid 0 means nothing */
		CHECK_OK(prctl(PR_SET_SECUREBITS, 1, 0, 0, 0));
		CHECK_EQ(prctl(PR_GET_SECUREBITS, 0, 0, 0, 0), 1);
		execl("/proc/self/exe", "x", "@eff", NULL);
	}
	WAIT_EXIT(p, 0);
}
CASE(bounding_set)
{
	pid_t p;

	CHECK_EQ(prctl(PR_CAPBSET_READ, CAP_CHOWN, 0, 0, 0), 1);
	CHECK_ERR(prctl(PR_CAPBSET_READ, 63, 0, 0, 0), EINVAL);
	CHILD(p) {
		for (int c = 0; c <= 40; c++)
			if (c != CAP_NET_RAW)
				CHECK_OK(prctl(PR_CAPBSET_DROP, c, 0, 0, 0));
		CHECK_EQ(prctl(PR_CAPBSET_READ, CAP_CHOWN, 0, 0, 0), 0);
		execl("/proc/self/exe", "x", "@eff", NULL);
	}
	WAIT_EXIT(p, 1);
	CHECK_OK(setresuid(1000, 1000, 1000));
	CHECK_ERR(prctl(PR_CAPBSET_DROP, CAP_CHOWN, 0, 0, 0), EPERM);
}
CASE(in_status)
{
	static char buf[4096];

	kt_get("/proc/self/status", buf, sizeof(buf));
	CHECK(strstr(buf, "\nCapInh:\t0000000000000000\nCapPrm:\t000001ffffffffff\nCapEff:\t000001ffffffffff\n"
			  "CapBnd:\t000001ffffffffff\nCapAmb:\t0000000000000000\n"));
}

/* SPDX-License-Identifier: MPL-2.0 */
/*
 * File capabilities: the attribute's forms, what execve makes of them with the bounding, inheritable and
 * ambient sets, no_new_privs and nosuid, and that writing and chown take them away.
 */
#include "ktest_user.h"
#include <linux/capability.h>
#include <sys/auxv.h>
#include <sys/xattr.h>

struct caps3 { uint32_t magic, perm0, inh0, perm1, inh1, rootid; };

static uint64_t perm, eff, inh;
static void read_sets(void)
{
	struct __user_cap_header_struct h = { _LINUX_CAPABILITY_VERSION_3, 0 };
	struct __user_cap_data_struct d[2];

	CHECK_OK(syscall(SYS_capget, &h, d));
	perm = d[0].permitted | (uint64_t)d[1].permitted << 32;
	eff = d[0].effective | (uint64_t)d[1].effective << 32;
	inh = d[0].inheritable | (uint64_t)d[1].inheritable << 32;
}
static void set_caps(uint64_t p, uint64_t i)
{
	struct __user_cap_header_struct h = { _LINUX_CAPABILITY_VERSION_3, 0 };
	struct __user_cap_data_struct d[2] = {
		{ (uint32_t)p, (uint32_t)p, (uint32_t)i }, { (uint32_t)(p >> 32), (uint32_t)(p >> 32), (uint32_t)(i >> 32) },
	};

	CHECK_OK(syscall(SYS_capset, &h, d));
}
/* The helper checks its sets against the arguments: permitted, effective, AT_SECURE. */
int kt_helper(int argc, char **argv)
{
	read_sets();
	if (argc > 3 && (perm != strtoull(argv[1] + 1, NULL, 16) || eff != strtoull(argv[2], NULL, 16) ||
			 getauxval(AT_SECURE) != strtoul(argv[3], NULL, 10))) {
		printf("permitted %llx effective %llx secure %lu, expected %s %s %s\n", (unsigned long long)perm,
		       (unsigned long long)eff, getauxval(AT_SECURE), argv[1], argv[2], argv[3]);
		return 1;
	}
	return 0;
}
static void copy_self(const char *to, mode_t mode)
{
	int in = CHECK_OK(open("/proc/self/exe", O_RDONLY)), out = CHECK_OK(open(to, O_CREAT | O_WRONLY | O_TRUNC, 0755));
	char buf[65536];
	ssize_t n;

	while ((n = read(in, buf, sizeof(buf))) > 0)
		CHECK_EQ(write(out, buf, (size_t)n), n);
	close(in);
	close(out);
	CHECK_OK(chmod(to, mode));
	CHECK_OK(chmod(".", 0755));
}
static void file_caps(const char *f, uint32_t magic, uint64_t p, uint64_t i)
{
	struct caps3 c = { magic, (uint32_t)p, (uint32_t)i, (uint32_t)(p >> 32), (uint32_t)(i >> 32), 0 };

	CHECK_OK(setxattr(f, "security.capability", &c, (magic >> 24) == 3 ? 24 : 20, 0));
}
#define EFF 1u
#define V2 0x02000000u
#define V3 0x03000000u
static void run(const char *f, uint64_t p, uint64_t e, int secure)
{
	char a[32], b[32], s[8];

	snprintf(a, sizeof(a), "@%llx", (unsigned long long)p);
	snprintf(b, sizeof(b), "%llx", (unsigned long long)e);
	snprintf(s, sizeof(s), "%d", secure);
	execl(f, f, a, b, s, NULL);
	FAIL("execl %s: errno %d", f, errno);
}
#define NET (1ull << CAP_NET_RAW)
#define CHOWN (1ull << CAP_CHOWN)
#define BPF (1ull << 39)

CASE(permitted_and_effective)
{
	pid_t p;

	copy_self("x", 0755);
	file_caps("x", V2 | EFF, NET | BPF, 0);
	CHILD(p) {
		kt_become(1000, 1000);
		run("./x", NET | BPF, NET | BPF, 1);
	}
	WAIT_EXIT(p, 0);
	file_caps("x", V2, NET, 0);
	CHILD(p) {
		kt_become(1000, 1000);
		run("./x", NET, 0, 1);
	}
	WAIT_EXIT(p, 0);
	file_caps("x", V3 | EFF, NET, 0);
	CHILD(p) {
		kt_become(1000, 1000);
		run("./x", NET, NET, 1);
	}
	WAIT_EXIT(p, 0);
	/* root has all anyway */
	CHILD(p)
		run("./x", 0x1ffffffffffull, 0x1ffffffffffull, 0);
	WAIT_EXIT(p, 0);
}
CASE(inheritable)
{
	pid_t p;

	copy_self("x", 0755);
	file_caps("x", V2 | EFF, 0, NET | CHOWN);
	CHILD(p) {
		kt_become(1000, 1000);
		run("./x", 0, 0, 1);
	}
	WAIT_EXIT(p, 0);
	CHILD(p) {
		CHECK_OK(prctl(PR_SET_KEEPCAPS, 1));
		CHECK_OK(setresgid(1000, 1000, 1000));
		CHECK_OK(setresuid(1000, 1000, 1000));
		set_caps(NET, NET);
		run("./x", NET, NET, 1);
	}
	WAIT_EXIT(p, 0);
}
CASE(bounding_set)
{
	pid_t p;

	copy_self("x", 0755);
	file_caps("x", V2 | EFF, NET | CHOWN, 0);
	CHILD(p) {
		CHECK_OK(prctl(PR_CAPBSET_DROP, CAP_CHOWN));
		kt_become(1000, 1000);
		/* it counts on what it cannot get */
		CHECK_ERR(execl("./x", "x", "@", NULL), EPERM);
	}
	WAIT_EXIT(p, 0);
	file_caps("x", V2, NET | CHOWN, 0);
	CHILD(p) {
		CHECK_OK(prctl(PR_CAPBSET_DROP, CAP_CHOWN));
		kt_become(1000, 1000);
		run("./x", NET, 0, 1);
	}
	WAIT_EXIT(p, 0);
}
CASE(ambient)
{
	pid_t p;

	copy_self("x", 0755);
	copy_self("plain", 0755);
	file_caps("x", V2 | EFF, CHOWN, 0);
	for (int i = 0; i < 2; i++) {
		CHILD(p) {
			CHECK_OK(prctl(PR_SET_KEEPCAPS, 1));
			CHECK_OK(setresuid(1000, 1000, 1000));
			set_caps(NET, NET);
			CHECK_OK(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_NET_RAW, 0, 0));
			/* a file with capabilities does not get the ambient ones */
			if (i)
				run("./x", CHOWN, CHOWN, 1);
			run("./plain", NET, NET, 0);
		}
		WAIT_EXIT(p, 0);
	}
}
CASE(nothing_is_gained)
{
	pid_t p;

	copy_self("x", 0755);
	file_caps("x", V2 | EFF, NET, 0);
	CHILD(p) {
		kt_become(1000, 1000);
		CHECK_OK(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
		run("./x", 0, 0, 1);
	}
	WAIT_EXIT(p, 0);
	CHECK_OK(mkdir("m", 0755));
	CHECK_OK(mount("m", "m", "tmpfs", MS_NOSUID, NULL));
	copy_self("m/x", 0755);
	file_caps("m/x", V2 | EFF, NET, 0);
	CHILD(p) {
		kt_become(1000, 1000);
		run("m/x", 0, 0, 0);
	}
	WAIT_EXIT(p, 0);
	CHECK_OK(umount("m"));
}
CASE(set_user_id_root_with_capabilities)
{
	pid_t p;

	copy_self("x", 0755);
	CHECK_OK(chown("x", 0, 0));
	CHECK_OK(chmod("x", 04755));
	file_caps("x", V2 | EFF, NET, 0);
	CHILD(p) {
		kt_become(1000, 1000);
		run("./x", NET, NET, 1);
	}
	WAIT_EXIT(p, 0);
}
CASE(forms)
{
	struct caps3 c = { V3, NET, 0, 0, 0, 0 }, got;
	char b[4];

	kt_put("f", "");
	CHECK_ERR(setxattr("f", "security.capability", &c, 20, 0), EINVAL);
	CHECK_ERR(setxattr("f", "security.capability", &c, 3, 0), EINVAL);
	c.magic = V2;
	CHECK_ERR(setxattr("f", "security.capability", &c, 24, 0), EINVAL);
	CHECK_OK(setxattr("f", "security.capability", &c, 20, 0));
	CHECK_EQ(getxattr("f", "security.capability", NULL, 0), 20);
	CHECK_ERR(getxattr("f", "security.capability", b, 4), ERANGE);
	/* ours is shown in the older form */
	c.magic = V3 | EFF;
	CHECK_OK(setxattr("f", "security.capability", &c, 24, 0));
	CHECK_EQ(getxattr("f", "security.capability", &got, sizeof(got)), 20);
	CHECK_EQ(got.magic, V2 | EFF);
	CHECK_EQ(got.perm0, NET);
	CHECK_OK(setresuid(0, 1000, 0));
	CHECK_ERR(setxattr("f", "security.capability", &c, 24, 0), EPERM);
}
CASE(changes_take_them_away)
{
	int fd;

	kt_put("f", "data");
	file_caps("f", V2, NET, 0);
	fd = CHECK_OK(open("f", O_WRONLY));
	CHECK_EQ(write(fd, "x", 1), 1);
	CHECK_ERR(getxattr("f", "security.capability", NULL, 0), ENODATA);
	file_caps("f", V2, NET, 0);
	CHECK_OK(ftruncate(fd, 2));
	CHECK_ERR(getxattr("f", "security.capability", NULL, 0), ENODATA);
	file_caps("f", V2, NET, 0);
	CHECK_OK(chown("f", 1, 1));
	CHECK_ERR(getxattr("f", "security.capability", NULL, 0), ENODATA);
	file_caps("f", V2, NET, 0);
	CHECK_OK(chmod("f", 0700));
	CHECK_OK(utimensat(AT_FDCWD, "f", NULL, 0));
	CHECK_EQ(getxattr("f", "security.capability", NULL, 0), 20);
	close(fd);
}

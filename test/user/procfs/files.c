/* SPDX-License-Identifier: MPL-2.0 */
/* The files of /proc that BusyBox and libc read: present, readable, in the expected form. */
#include "ktest_user.h"

static char buf[1 << 17];
CASE(present)
{
	static const char *const names[] = { "/proc/version", "/proc/cmdline", "/proc/cpuinfo", "/proc/filesystems",
		"/proc/mounts", "/proc/meminfo", "/proc/uptime", "/proc/loadavg", "/proc/stat", "/proc/devices",
		"/proc/interrupts", "/proc/partitions", "/proc/self/maps", "/proc/self/cmdline", "/proc/self/environ",
		"/proc/self/wchan", "/proc/self/limits", "/proc/sys/kernel/pid_max", "/proc/sys/kernel/random/uuid",
		"/proc/sys/kernel/random/boot_id", "/proc/sys/kernel/random/entropy_avail", "/proc/sys/fs/file-max",
		"/proc/sys/fs/file-nr", "/proc/sys/fs/pipe-max-size", "/proc/sys/vm/overcommit_memory",
		"/proc/sys/vm/max_map_count", "/proc/vmstat", "/proc/swaps", "/proc/misc" };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (!kt_try_get(names[i], buf, sizeof(buf)))
			FAIL("%s: errno %d", names[i], errno);
}
CASE(version)
{
	struct utsname u;
	char want[256];

	CHECK_OK(uname(&u));
	kt_get("/proc/version", buf, sizeof(buf));
	snprintf(want, sizeof(want), "%s version %s ", u.sysname, u.release);
	CHECK(!strncmp(buf, want, strlen(want)));
	CHECK(strstr(buf, u.version));
}
CASE(cpuinfo)
{
	int n = 0;
	char *p;

	kt_get("/proc/cpuinfo", buf, sizeof(buf));
	for (p = buf; (p = strstr(p, "processor\t: ")); p++)
		n++;
	CHECK_EQ(n, sysconf(_SC_NPROCESSORS_ONLN));
	CHECK(strstr(buf, "\nvendor_id\t: "));
	CHECK(strstr(buf, "\nmodel name\t: "));
	CHECK(strstr(buf, "\nflags\t\t: fpu "));
	CHECK(strstr(buf, " sse2 "));
	CHECK(strstr(buf, "\ncpu MHz\t\t: "));
}
CASE(filesystems)
{
	kt_get("/proc/filesystems", buf, sizeof(buf));
	CHECK(strstr(buf, "nodev\ttmpfs\n"));
	CHECK(strstr(buf, "nodev\tproc\n"));
	CHECK(strstr(buf, "nodev\tsysfs\n"));
	CHECK(strstr(buf, "nodev\tdevtmpfs\n"));
	CHECK(strstr(buf, "nodev\tdevpts\n"));
}
CASE(small_reads_and_seeks)
{
	static char whole[65536], parts[65536];
	int fd = CHECK_OK(open("/proc/version", O_RDONLY));
	size_t n = kt_get("/proc/version", whole, sizeof(whole)), got = 0;
	ssize_t r;

	while ((r = CHECK_OK(read(fd, parts + got, 3))) > 0)
		got += r;
	CHECK_EQ(got, n);
	CHECK_MEM(whole, parts, n);
	CHECK_EQ(lseek(fd, 5, SEEK_SET), 5);
	CHECK_EQ(read(fd, parts, 4), 4);
	CHECK_MEM(parts, whole + 5, 4);
	CHECK_EQ(pread(fd, parts, 4, 2), 4);
	CHECK_MEM(parts, whole + 2, 4);
	CHECK_ERR(write(fd, "x", 1), EBADF);
	struct stat st;
	CHECK_OK(fstat(fd, &st));
	CHECK_EQ(st.st_size, 0);
	CHECK_EQ(st.st_mode, S_IFREG | 0444);
}
CASE(random_files)
{
	char a[64], b[64];

	kt_get("/proc/sys/kernel/random/uuid", a, sizeof(a));
	kt_get("/proc/sys/kernel/random/uuid", b, sizeof(b));
	CHECK_EQ(strlen(a), 37);
	CHECK_EQ(a[8] + a[13] + a[18] + a[23], 4 * '-');
	CHECK_EQ(a[14], '4');
	CHECK(strcmp(a, b));
	kt_get("/proc/sys/kernel/random/boot_id", a, sizeof(a));
	kt_get("/proc/sys/kernel/random/boot_id", b, sizeof(b));
	CHECK_STR(a, b);
}
CASE(sysctl_write)
{
	char old[32], b[32];
	int fd;

	kt_get("/proc/sys/kernel/pid_max", old, sizeof(old));
	CHECK_GE(atoi(old), 32768);
	fd = CHECK_OK(open("/proc/sys/kernel/pid_max", O_WRONLY));
	CHECK_ERR(write(fd, "1\n", 2), EINVAL);
	CHECK_ERR(write(fd, "junk\n", 5), EINVAL);
	kt_put("/proc/sys/kernel/pid_max", "40000\n");
	kt_get("/proc/sys/kernel/pid_max", b, sizeof(b));
	CHECK_STR(b, "40000\n");
	kt_put("/proc/sys/kernel/pid_max", old);
}

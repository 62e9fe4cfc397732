/* SPDX-License-Identifier: MPL-2.0 */
/* Running out of memory kills the process that took it, not its parent and not the system. */
#include "ktest_user.h"

CASE(hog_dies)
{
	struct sysinfo si;
	size_t n;
	pid_t p;
	int st;

	CHECK_OK(sysinfo(&si));
	n = si.totalram * si.mem_unit;
	if (n > (1UL << 30))
		SKIP("too much memory to use up");
	CHILD(p) {
		char *m;

		alarm(0);
		kt_put("/proc/self/oom_score_adj", "1000");
		m = mmap(NULL, 2 * n, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
		CHECK(m != MAP_FAILED);
		for (size_t i = 0; i < 2 * n; i += PG)
			m[i] = 1;
	}
	CHECK_EQ(waitpid(p, &st, 0), p);
	CHECK(WIFSIGNALED(st));
	CHECK_EQ(WTERMSIG(st), SIGKILL);
	char *m = kt_map(100, PROT_READ | PROT_WRITE);
	memset(m, 1, 100 * PG);
}
CASE(score_files)
{
	char buf[32];

	kt_get("/proc/self/oom_score_adj", buf, sizeof(buf));
	CHECK_STR(buf, "0\n");
	kt_put("/proc/self/oom_score_adj", "500\n");
	kt_get("/proc/self/oom_score_adj", buf, sizeof(buf));
	CHECK_STR(buf, "500\n");
	int fd = CHECK_OK(open("/proc/self/oom_score_adj", O_WRONLY));
	CHECK_ERR(write(fd, "1001", 4), EINVAL);
	CHECK_ERR(write(fd, "-1001", 5), EINVAL);
	CHECK_ERR(write(fd, "x", 1), EINVAL);
}

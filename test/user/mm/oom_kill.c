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
/* Without any hint the one that took most goes, and all its threads; a smaller one stays. */
static void *eat(void *x)
{
	char *m = x;

	for (size_t i = 0;; i += PG)
		m[i] = 1;
	return NULL;
}
CASE(largest_dies)
{
	struct sysinfo si;
	pid_t small, big;
	int st, fd[2], ready[2];
	size_t n;
	char c;

	CHECK_OK(sysinfo(&si));
	n = si.totalram * si.mem_unit;
	if (n > (1UL << 30))
		SKIP("too much memory to use up");
	CHECK_OK(pipe(fd));
	CHECK_OK(pipe(ready));
	CHILD(small) {
		size_t part = n / 10 / PG * PG;
		char *m = kt_map(part / PG, PROT_READ | PROT_WRITE);

		alarm(0);
		close(fd[1]);
		memset(m, 7, part);
		CHECK_EQ(write(ready[1], "x", 1), 1);
		CHECK_EQ(read(fd[0], &c, 1), 1);
		for (size_t i = 0; i < part; i += PG)
			CHECK_EQ(m[i], 7);
	}
	close(ready[1]);
	CHECK_EQ(read(ready[0], &c, 1), 1);
	for (int round = 0; round < 2; round++) {
		CHILD(big) {
			pthread_t t[2];
			char *m;

			alarm(0);
			for (int i = 0; i < 2; i++) {
				m = mmap(NULL, 2 * n, PROT_READ | PROT_WRITE,
					 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
				CHECK(m != MAP_FAILED);
				CHECK_EQ(pthread_create(&t[i], NULL, eat, m), 0);
			}
			pthread_join(t[0], NULL);
		}
		CHECK_EQ(waitpid(big, &st, 0), big);
		CHECK(WIFSIGNALED(st));
		CHECK_EQ(WTERMSIG(st), SIGKILL);
	}
	CHECK_EQ(write(fd[1], "x", 1), 1);
	WAIT_EXIT(small, 0);
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

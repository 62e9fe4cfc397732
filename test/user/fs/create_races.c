/* SPDX-License-Identifier: MPL-2.0 */
/* Many processes create, link and remove the same names: exactly one wins each time. */
#include "ktest_user.h"

enum { PROCS = 4, ROUNDS = 60 };
static struct { _Atomic int go, wins[ROUNDS * 4]; } *s;
static void start(void)
{
	s = mmap(NULL, PG, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	CHECK(s != MAP_FAILED);
}
CASE(exclusive_create)
{
	char name[32];
	pid_t p[PROCS];

	start();
	for (int i = 0; i < PROCS; i++)
		CHILD(p[i]) {
			s->go++;
			while (s->go < PROCS)
				sched_yield();
			for (int r = 0; r < ROUNDS; r++) {
				snprintf(name, sizeof(name), "f%d", r);
				int fd = open(name, O_CREAT | O_EXCL | O_RDWR, 0644);
				if (fd >= 0)
					s->wins[r]++;
				else
					CHECK_EQ(errno, EEXIST);
				close(fd);
				snprintf(name, sizeof(name), "d%d", r);
				if (!mkdir(name, 0755))
					s->wins[ROUNDS + r]++;
				snprintf(name, sizeof(name), "l%d", r);
				if (!symlink("x", name))
					s->wins[2 * ROUNDS + r]++;
			}
		}
	for (int i = 0; i < PROCS; i++)
		WAIT_EXIT(p[i], 0);
	for (int r = 0; r < 3 * ROUNDS; r++)
		CHECK_EQ(s->wins[r], 1);
}
CASE(unlink_once)
{
	char name[32];
	pid_t p[PROCS];

	start();
	for (int r = 0; r < ROUNDS; r++) {
		snprintf(name, sizeof(name), "f%d", r);
		kt_put(name, "");
		snprintf(name, sizeof(name), "d%d", r);
		CHECK_OK(mkdir(name, 0755));
	}
	for (int i = 0; i < PROCS; i++)
		CHILD(p[i])
			for (int r = 0; r < ROUNDS; r++) {
				snprintf(name, sizeof(name), "f%d", r);
				if (!unlink(name))
					s->wins[r]++;
				snprintf(name, sizeof(name), "d%d", r);
				if (!rmdir(name))
					s->wins[ROUNDS + r]++;
			}
	for (int i = 0; i < PROCS; i++)
		WAIT_EXIT(p[i], 0);
	for (int r = 0; r < 2 * ROUNDS; r++)
		CHECK_EQ(s->wins[r], 1);
}
CASE(rmdir_against_create)
{
	pid_t p;

	start();
	CHILD(p)
		while (!s->go) {
			mkdir("d", 0755);
			rmdir("d");
		}
	for (int r = 0; r < 1500; r++) {
		int fd = open("d/f", O_CREAT | O_RDWR, 0644);

		if (fd >= 0) {
			close(fd);
			CHECK_OK(unlink("d/f"));	/* a directory with a file in it cannot go away */
		} else {
			CHECK_EQ(errno, ENOENT);
		}
	}
	s->go = 1;
	WAIT_EXIT(p, 0);
}
CASE(link_against_unlink)
{
	struct stat st;
	pid_t p;

	start();
	kt_put("f", "");
	CHILD(p)
		while (!s->go) {
			link("f", "g");
			unlink("g");
		}
	for (int r = 0; r < 1500; r++)
		if (!link("g", "h"))
			CHECK_OK(unlink("h"));
		else
			CHECK(errno == ENOENT);
	s->go = 1;
	WAIT_EXIT(p, 0);
	unlink("g");
	CHECK_OK(stat("f", &st));
	CHECK_EQ(st.st_nlink, 1);
}

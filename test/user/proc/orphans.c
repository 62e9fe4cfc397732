/* SPDX-License-Identifier: MPL-2.0 */
/* Orphans: reparenting to init and to a subreaper, zombies collected, SIGCHLD ignored. */
#include "ktest_user.h"

CASE(subreaper)
{
	int up[2], st, v;
	pid_t p, g;

	CHECK_OK(prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0));
	CHECK_OK(prctl(PR_GET_CHILD_SUBREAPER, &v, 0, 0, 0));
	CHECK_EQ(v, 1);
	CHECK_OK(pipe(up));
	CHILD(p) {
		CHECK_OK(prctl(PR_GET_CHILD_SUBREAPER, &v, 0, 0, 0));
		CHECK_EQ(v, 0);
		CHILD(g) {
			char c;
			close(up[1]);
			CHECK_EQ(read(up[0], &c, 1), 0);	/* the middle one is gone */
			while (getppid() != 1 && kill(getppid(), 0) == 0 && false)
				;
			_exit(66);
		}
	}
	WAIT_EXIT(p, 0);
	close(up[1]);
	CHECK_GT(wait(&st), 0);
	CHECK_EQ(WEXITSTATUS(st), 66);
}
CASE(to_init)
{
	int up[2], down[2];
	char c;
	pid_t p, g, parent;

	CHECK_OK(pipe(up));
	CHECK_OK(pipe(down));
	CHILD(p) {
		CHILD(g) {
			CHECK_EQ(read(down[0], &c, 1), 1);
			parent = getppid();
			CHECK_EQ(write(up[1], &parent, sizeof(parent)), sizeof(parent));
		}
	}
	WAIT_EXIT(p, 0);
	CHECK_EQ(write(down[1], "x", 1), 1);
	CHECK_EQ(read(up[0], &parent, sizeof(parent)), sizeof(parent));
	CHECK_EQ(parent, 1);
}
CASE(ignored_sigchld_reaps)
{
	int st;
	pid_t p;

	signal(SIGCHLD, SIG_IGN);
	CHILD(p)
		_exit(1);
	CHECK_ERR(waitpid(p, &st, 0), ECHILD);	/* waits until it is dead, then ECHILD */
	while (kill(p, 0) == 0)
		sched_yield();			/* Linux forgets its number a moment later */
	CHECK_ERR(kill(p, 0), ESRCH);
}
CASE(nocldwait_reaps)
{
	struct sigaction sa = { .sa_handler = SIG_DFL, .sa_flags = SA_NOCLDWAIT };
	int st;
	pid_t p;

	CHECK_OK(sigaction(SIGCHLD, &sa, NULL));
	CHILD(p)
		_exit(1);
	CHECK_ERR(waitpid(p, &st, 0), ECHILD);
}
CASE(zombie)
{
	char path[64], buf[64];
	pid_t p;

	CHILD(p)
		_exit(1);
	kt_wait_state(p, 0, "Z");
	CHECK_OK(kill(p, 0));
	CHECK_OK(kill(p, SIGKILL));
	snprintf(path, sizeof(path), "/proc/%d/cmdline", p);
	CHECK_EQ(kt_get(path, buf, sizeof(buf)), 0);
	WAIT_EXIT(p, 1);
	CHECK_ERR(access(path, F_OK), ENOENT);
}
CASE(parent_death_signal)
{
	int up[2], v = 0;
	char c;
	pid_t p, g;

	CHECK_OK(prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0));
	CHECK_OK(pipe(up));
	CHILD(p) {
		CHILD(g) {
			CHECK_OK(prctl(PR_SET_PDEATHSIG, SIGUSR1, 0, 0, 0));
			CHECK_OK(prctl(PR_GET_PDEATHSIG, &v, 0, 0, 0));
			CHECK_EQ(v, SIGUSR1);
			CHECK_EQ(write(up[1], "x", 1), 1);
			for (;;)
				pause();
		}
		CHECK_EQ(read(up[0], &c, 1), 1);
	}
	WAIT_EXIT(p, 0);
	int st;
	CHECK_GT(wait(&st), 0);
	CHECK_EQ(WTERMSIG(st), SIGUSR1);
	CHECK_ERR(prctl(PR_SET_PDEATHSIG, 65, 0, 0, 0), EINVAL);
}

/* SPDX-License-Identifier: MPL-2.0 */
/* setsid, setpgid, getpgid, getsid, tcgetpgrp without a terminal: rules and errors. */
#include "ktest_user.h"

CASE(setsid)
{
	pid_t p;

	CHILD(p) {
		CHECK_EQ(setsid(), getpid());
		CHECK_EQ(getsid(0), getpid());
		CHECK_EQ(getpgrp(), getpid());
		CHECK_ERR(setsid(), EPERM);	/* a group leader may not */
		CHECK_ERR(setpgid(0, 0), EPERM);	/* a session leader may not */
	}
	WAIT_EXIT(p, 0);
	CHILD(p) {
		CHECK_OK(setpgid(0, 0));
		CHECK_ERR(setsid(), EPERM);
	}
	WAIT_EXIT(p, 0);
}
CASE(setpgid_of_children)
{
	int go[2], ready[2];
	char c;
	pid_t a, b;

	CHECK_OK(pipe(go));
	CHECK_OK(pipe(ready));
	CHILD(a) {
		close(go[1]);
		read(go[0], &c, 1);
	}
	CHILD(b) {
		close(go[1]);
		read(go[0], &c, 1);
	}
	CHECK_OK(setpgid(a, a));
	CHECK_EQ(getpgid(a), a);
	CHECK_OK(setpgid(b, a));
	CHECK_EQ(getpgid(b), a);
	CHECK_OK(setpgid(b, 0));
	CHECK_EQ(getpgid(b), b);
	CHECK_OK(setpgid(b, getpgrp()));
	CHECK_EQ(getpgid(b), getpgrp());
	CHECK_ERR(setpgid(b, 4000000), EPERM);
	CHECK_ERR(setpgid(b, -1), EINVAL);
	CHECK_ERR(setpgid(4000000, 0), ESRCH);
	CHECK_ERR(setpgid(1, 0), ESRCH);	/* not our child */
	close(go[1]);
	WAIT_EXIT(a, 0);
	WAIT_EXIT(b, 0);
	CHILD(a) {
		CHECK_OK(setsid());
		CHECK_EQ(write(ready[1], "x", 1), 1);
		pause();
	}
	CHECK_EQ(read(ready[0], &c, 1), 1);
	CHECK_ERR(setpgid(a, getpgrp()), EPERM);	/* another session */
	CHECK_OK(kill(a, SIGKILL));
	WAIT_SIGNAL(a, SIGKILL);
}
CASE(after_execve)
{
	int fds[2];
	char buf[16], *argv[] = { "cat", NULL };
	pid_t p;

	if (access("/bin/cat", X_OK))
		SKIP("no cat");
	CHECK_OK(pipe(fds));
	CHILD(p) {
		close(fds[1]);
		CHECK_OK(dup2(fds[0], 0));
		execve("/bin/cat", argv, argv + 1);
	}
	close(fds[0]);
	char path[64];
	snprintf(path, sizeof(path), "/proc/%d/comm", p);
	do
		kt_get(path, buf, sizeof(buf));
	while (strcmp(buf, "cat\n"));
	CHECK_ERR(setpgid(p, p), EACCES);
	close(fds[1]);
	WAIT_EXIT(p, 0);
}
CASE(queries)
{
	CHECK_EQ(getpgid(0), getpgrp());
	CHECK_EQ(getpgid(getpid()), getpgrp());
	CHECK_ERR(getpgid(4000000), ESRCH);
	CHECK_ERR(getsid(4000000), ESRCH);
	CHECK_ERR(getpgid(-1), ESRCH);
	CHECK_EQ(getsid(1), getsid(1));
}
CASE(kill_a_group)
{
	int ready[2];
	char c;
	pid_t p[3];

	CHECK_OK(pipe(ready));
	for (int i = 0; i < 3; i++) {
		CHILD(p[i]) {
			CHECK_OK(setpgid(0, i ? p[0] : 0));
			CHECK_EQ(write(ready[1], "x", 1), 1);
			for (;;)
				pause();
		}
		CHECK_EQ(read(ready[0], &c, 1), 1);
	}
	CHECK_OK(kill(-p[0], 0));
	CHECK_OK(killpg(p[0], SIGTERM));
	for (int i = 0; i < 3; i++)
		WAIT_SIGNAL(p[i], SIGTERM);
	CHECK_ERR(kill(-p[0], 0), ESRCH);
}
CASE(orphaned_stopped_group_gets_hup)
{
	int up[2];
	char c;
	pid_t p, g = 0;

	CHECK_OK(prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0));
	CHECK_OK(pipe(up));
	CHILD(p) {
		CHILD(g) {
			CHECK_OK(setpgid(0, 0));
			CHECK_EQ(write(up[1], "x", 1), 1);
			for (;;)
				pause();
		}
		CHECK_EQ(read(up[0], &c, 1), 1);
		CHECK_OK(kill(g, SIGSTOP));
		kt_wait_state(g, 0, "T");
		CHECK_OK(setsid() < 0 ? 0 : 0);
	}
	/* p leaves: g's group has no member with a parent in its session but another group */
	WAIT_EXIT(p, 0);
	int st;
	pid_t r;
	while ((r = waitpid(-1, &st, WUNTRACED)) > 0 && WIFSTOPPED(st))
		break;
	CHECK_GT(r, 0);
	if (WIFSTOPPED(st)) {
		/* we are its parent in the same session, so it is not orphaned */
		CHECK_OK(kill(r, SIGKILL));
		WAIT_SIGNAL(r, SIGKILL);
	} else {
		CHECK_EQ(WTERMSIG(st), SIGHUP);
	}
}

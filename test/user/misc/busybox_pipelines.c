/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Real pipelines of BusyBox: sort, md5sum, tar and gzip, find, scripts with traps and
 * background jobs.
 */
#include "ktest_user.h"

static void sh(const char *script, const char *want)
{
	char buf[1024], *argv[] = { "sh", "-c", (char *)script, NULL }, *envp[] = { "PATH=/bin:/usr/bin:/sbin", NULL };
	int fds[2];
	size_t got = 0;
	ssize_t n;
	pid_t p;

	CHECK_OK(pipe(fds));
	CHILD(p) {
		close(fds[0]);
		CHECK_OK(dup2(fds[1], 1));
		close(fds[1]);
		execve("/bin/sh", argv, envp);
	}
	close(fds[1]);
	while (got < sizeof(buf) - 1 && (n = CHECK_OK(read(fds[0], buf + got, sizeof(buf) - 1 - got))) > 0)
		got += n;
	buf[got] = 0;
	close(fds[0]);
	WAIT_EXIT(p, 0);
	if (strcmp(buf, want))
		FAIL("\"%s\" prints \"%s\", expected \"%s\"", script, buf, want);
}
static void need(void)
{
	if (access("/bin/busybox", X_OK))
		SKIP("no busybox in this initramfs");
}
CASE(sort_and_sum)
{
	need();
	sh("busybox seq 1 5000 | busybox sort -rn | busybox md5sum", "796dff5eb1113e2e7fe15bb3d93c03ce  -\n");
}
CASE(count)
{
	need();
	sh("busybox seq 1 20000 | busybox wc -l", "20000\n");
	sh("busybox yes | busybox head -n 1000 | busybox wc -c", "2000\n");
	sh("busybox dd if=/dev/zero bs=64k count=64 2>/dev/null | busybox wc -c", "4194304\n");
}
CASE(tar_gzip)
{
	need();
	sh("mkdir d && busybox seq 1 2000 > d/a && cp=1; busybox cp d/a d/b; busybox tar c d | busybox gzip | busybox gunzip |"
	   " busybox tar t | busybox sort", "d/\nd/a\nd/b\n");
}
CASE(script)
{
	need();
	sh("trap 'echo bye' EXIT; (exit 3) & wait $!; echo $?; for i in 1 2 3; do echo $i & wait; done; "
	   "x=$(echo inner); echo $x; trap 'echo term' TERM; kill -TERM $$; echo end",
	   "3\n1\n2\n3\ninner\nterm\nend\nbye\n");
}
CASE(find)
{
	need();
	sh("busybox mkdir -p a/b/c; echo x > a/b/f; busybox ln -s f a/b/l; busybox find a | busybox sort",
	   "a\na/b\na/b/c\na/b/f\na/b/l\n");
	sh("busybox find a -type f -exec busybox cat {} +", "x\n");
}
CASE(ps_and_friends)
{
	need();
	sh("busybox df -P /tmp | busybox wc -l", "2\n");
	sh("busybox stat -c %a /tmp", "1777\n");
	sh("busybox id -u", "0\n");
	sh("busybox free > /dev/null && busybox uptime > /dev/null && busybox dmesg > /dev/null && "
	   "busybox mount > /dev/null && busybox top -b -n 1 > /dev/null; echo $?", "0\n");
}

/* SPDX-License-Identifier: MPL-2.0 */
/* #! scripts: argument, nesting, long lines, spaces, set-user-id ignored. */
#include "ktest_user.h"

static void capture(const char *path, const char *want)
{
	char buf[1024], *argv[] = { "argv0", "one", "two words", NULL };
	int fds[2];
	ssize_t n;
	pid_t p;

	CHECK_OK(pipe(fds));
	CHILD(p) {
		CHECK_OK(dup2(fds[1], 1));
		execve(path, argv, argv + 3);
		dprintf(1, "errno %d\n", errno);
	}
	close(fds[1]);
	WAIT_EXIT(p, 0);
	n = CHECK_OK(read(fds[0], buf, sizeof(buf) - 1));
	buf[n] = 0;
	close(fds[0]);
	CHECK_STR(buf, want);
}
static void script(const char *path, const char *text)
{
	kt_put(path, text);
	CHECK_OK(chmod(path, 0755));
}
CASE(argument)
{
	script("s", "#!/test/aux/static args\nrest\n");
	capture("./s", "/test/aux/static\nargs\n./s\none\ntwo words\n");
	script("s", "#! \t/test/aux/static \t args  \nrest\n");
	capture("./s", "/test/aux/static\nargs\n./s\none\ntwo words\n");
}
CASE(argument_is_one_word)
{
	script("echo", "#!/bin/echo a b  c \n");
	capture("./echo", "a b  c ./echo one two words\n");
}
CASE(no_newline_at_the_end)
{
	script("s", "#!/test/aux/static args");
	capture("./s", "/test/aux/static\nargs\n./s\none\ntwo words\n");
}
CASE(nested)
{
	script("a", "#!/test/aux/static args\n");
	script("b", "#!./a\n");
	capture("./b", "/test/aux/static\nargs\n./a\n./b\none\ntwo words\n");
}
CASE(too_deep)
{
	char name[16], text[32];

	script("s0", "#!/test/aux/static args\n");
	for (int i = 1; i < 8; i++) {
		snprintf(name, sizeof(name), "s%d", i);
		snprintf(text, sizeof(text), "#!./s%d\n", i - 1);
		script(name, text);
	}
	capture("./s7", "errno 40\n");	/* ELOOP */
	pid_t p;
	CHILD(p) {
		execl("./s4", "x", NULL);
		_exit(99);
	}
	WAIT_EXIT(p, 0);
}
CASE(bad_lines)
{
	static char longline[400];

	script("s", "#!\n");
	capture("./s", "errno 8\n");
	script("s", "#!   \n");
	capture("./s", "errno 8\n");
	memset(longline, 'a', 300);
	memcpy(longline, "#!/", 3);
	script("s", longline);
	capture("./s", "errno 8\n");
	script("s", "#!.\n");
	capture("./s", "errno 13\n");
}
CASE(shell)
{
	if (access("/bin/sh", X_OK))
		SKIP("no shell in this initramfs");
	script("s", "#!/bin/sh\necho $0:$#:$2\n");
	capture("./s", "./s:2:two words\n");
}

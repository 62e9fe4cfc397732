/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The program that exec tests start, in four shapes (static, dynamic, PIE, static PIE).
 * "ok N": exit N when relocation, TLS and constructors worked; "args": print arguments, one a line;
 * "env": print the environment; "fds": print which descriptors are open; "ids": print the ids;
 * "signals": print ignored and blocked masks.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#ifdef USE_LIB
int aux_answer(void);
#else
static int aux_answer(void)
{
	return 42;
}
#endif

extern char **environ;
static int constructed;
static int *constructed_pointer = &constructed;
static __thread int tls = 7;

__attribute__((constructor)) static void construct(void)
{
	constructed = 1;
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "ok";

	if (*constructed_pointer != 1 || tls != 7 || aux_answer() != 42)
		return 99;
	if (!strcmp(what, "ok"))
		return argc > 2 ? atoi(argv[2]) : 0;
	if (!strcmp(what, "args")) {
		for (int i = 0; i < argc; i++)
			printf("%s\n", argv[i]);
	} else if (!strcmp(what, "env")) {
		for (char **e = environ; *e; e++)
			printf("%s\n", *e);
	} else if (!strcmp(what, "fds")) {
		for (int fd = 0; fd < 64; fd++)
			if (fcntl(fd, F_GETFD) >= 0)
				printf("%d\n", fd);
	} else if (!strcmp(what, "ids")) {
		uid_t r, e, s;
		gid_t rg, eg, sg;

		getresuid(&r, &e, &s);
		getresgid(&rg, &eg, &sg);
		printf("%d %d %d %d %d %d\n", r, e, s, rg, eg, sg);
	} else if (!strcmp(what, "signals")) {
		sigset_t m;

		sigprocmask(SIG_BLOCK, NULL, &m);
		for (int s = 1; s < 32; s++) {
			struct sigaction sa;

			sigaction(s, NULL, &sa);
			if (sa.sa_handler == SIG_IGN)
				printf("ignored %d\n", s);
			else if (sa.sa_handler != SIG_DFL)
				printf("handled %d\n", s);
			if (sigismember(&m, s))
				printf("blocked %d\n", s);
		}
	} else {
		return 98;
	}
	return 0;
}

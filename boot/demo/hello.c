/* SPDX-License-Identifier: MPL-2.0 */
/* A dynamically linked program: says which kernel runs it, where its loader is, and the time. */
#include <stdio.h>
#include <sys/auxv.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

int main(void)
{
	struct utsname u;
	struct timespec now;

	if (uname(&u) || clock_gettime(CLOCK_MONOTONIC, &now)) {
		perror("hello");
		return 1;
	}
	printf("Hello from a dynamically linked program on %s %s (%s), %ld CPU(s).\n", u.sysname,
	       u.release, u.version, sysconf(_SC_NPROCESSORS_ONLN));
	printf("Interpreter at %#lx, vDSO at %#lx, up %lld.%03ld s.\n", getauxval(AT_BASE),
	       getauxval(AT_SYSINFO_EHDR), (long long)now.tv_sec, now.tv_nsec / 1000000);
	return 0;
}

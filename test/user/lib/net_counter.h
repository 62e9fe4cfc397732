/* SPDX-License-Identifier: MPL-2.0 */
/* For tests of what /proc/net counts. */
#ifndef NET_COUNTER_H
#define NET_COUNTER_H

#include "ktest_user.h"

static char buf[65536];

/* The number under `name` in the pair of lines of `group`. */
static inline long long counter(const char *file, const char *group, const char *name)
{
	char path[64], *names, *numbers, *n, *v, *sn, *sv;
	size_t g = strlen(group);
	long long r = -1;

	snprintf(path, sizeof(path), "/proc/net/%s", file);
	kt_get(path, buf, sizeof(buf));
	for (names = buf; names && (strncmp(names, group, g) || names[g] != ':'); names = names ? names + 1 : NULL)
		names = strchr(names, '\n');
	if (!names)
		FAIL("%s: no %s", file, group);
	numbers = strchr(names, '\n');
	*numbers++ = 0;
	*strchr(numbers, '\n') = 0;
	n = strtok_r(names, " ", &sn);
	v = strtok_r(numbers, " ", &sv);
	while (n && v) {
		if (!strcmp(n, name))
			r = atoll(v);
		n = strtok_r(NULL, " ", &sn);
		v = strtok_r(NULL, " ", &sv);
		CHECK_EQ(!n, !v);
	}
	if (r < 0)
		FAIL("%s: no %s", group, name);
	return r;
}

static inline long long tcp_counter(const char *name) { return counter("snmp", "Tcp", name); }
static inline long long tcpext_counter(const char *name) { return counter("netstat", "TcpExt", name); }

#endif

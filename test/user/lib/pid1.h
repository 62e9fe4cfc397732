/* SPDX-License-Identifier: MPL-2.0 */
/*
 * For programs that are the first process of a test machine: the console, /proc and /dev, the modules that Linux
 * needs for what Keel has built in, the kernel's command line, and waiting for a disk.
 */
#ifndef PID1_H
#define PID1_H

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#define PID1_DISK_SECONDS 10

static inline void pid1_mount(const char *type, const char *dir, const char *opts)
{
	if (mkdir(dir, 0755) && errno != EEXIST)
		printf("init: mkdir %s: %s\n", dir, strerror(errno));
	if (mount(type, dir, type, 0, opts) && errno != EBUSY)
		printf("init: mount %s on %s: %s\n", type, dir, strerror(errno));
}

/* Output goes to the console, line by line. After /dev is there. */
static inline void pid1_console(void)
{
	int fd;

	if (fcntl(1, F_GETFD) < 0) {
		fd = open("/dev/console", O_RDWR);
		dup2(fd, 0);
		dup2(fd, 1);
		dup2(fd, 2);
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
}

/* Linux as the oracle has as modules what Keel has built in: tools/test.py puts them into /modules, in order. */
static inline void pid1_modules(void)
{
	struct dirent **names;
	int n = scandir("/modules", &names, NULL, alphasort);

	for (int i = 0; i < n; i++) {
		char path[300];
		int fd;

		snprintf(path, sizeof(path), "/modules/%s", names[i]->d_name);
		fd = names[i]->d_name[0] == '.' ? -1 : open(path, O_RDONLY | O_CLOEXEC);
		if (fd >= 0 && syscall(SYS_finit_module, fd, "", 0) && errno != EEXIST)
			printf("init: %s: %s\n", path, strerror(errno));
		if (fd >= 0)
			close(fd);
		free(names[i]);
	}
	if (n >= 0)
		free(names);
}

/* The value of NAME=value on the kernel's command line, or NULL. */
static inline const char *pid1_param(const char *name)
{
	static char line[4096];
	size_t n = strlen(name);
	char *p;
	int fd = open("/proc/cmdline", O_RDONLY | O_CLOEXEC);
	ssize_t r;

	if (fd < 0)
		return NULL;
	r = read(fd, line, sizeof(line) - 1);
	close(fd);
	line[r > 0 ? r : 0] = 0;
	for (p = strtok(line, " \n"); p; p = strtok(NULL, " \n"))
		if (!strncmp(p, name, n) && p[n] == '=')
			return strdup(p + n + 1);
	return NULL;
}

static inline long pid1_number(const char *name, long otherwise)
{
	const char *v = pid1_param(name);

	return v ? atol(v) : otherwise;
}

/* A driver may still be looking for its disks. 0, or -1 after PID1_DISK_SECONDS, and it was said. */
static inline int pid1_wait_disk(const char *dev)
{
	struct timespec t = { .tv_nsec = 10000000 };

	for (int i = 0; i < PID1_DISK_SECONDS * 100; i++) {
		if (!access(dev, F_OK))
			return 0;
		nanosleep(&t, NULL);
	}
	printf("init: %s does not come within %d s\n", dev, PID1_DISK_SECONDS);
	return -1;
}

#endif

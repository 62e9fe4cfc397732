/* SPDX-License-Identifier: MPL-2.0 */
/* /proc/PID/loginuid: set once by oneself, inherited; and a directory /proc/PID as a pidfd. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include "ktest_user.h"

static int write_text(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY), n;

	if (fd < 0)
		return -errno;
	n = write(fd, text, strlen(text)) < 0 ? -errno : 0;
	close(fd);
	return n;
}

static int read_text(const char *path, char *buf, size_t size)
{
	int fd = open(path, O_RDONLY);
	ssize_t n = fd < 0 ? -1 : read(fd, buf, size - 1);

	buf[n < 0 ? 0 : n] = 0;
	if (fd >= 0)
		close(fd);
	return n < 0 ? -errno : 0;
}

CASE(loginuid)
{
	char path[64], buf[64], other[64];
	int status;
	pid_t pid = fork();

	if (!pid) {
		if (write_text("/proc/self/loginuid", "1234") || read_text("/proc/self/loginuid", buf, sizeof(buf)) ||
		    strcmp(buf, "1234"))
			_exit(1);
		if (read_text("/proc/self/sessionid", other, sizeof(other)) || !strcmp(other, "4294967295"))
			_exit(2);
		pid = fork();
		if (!pid) {
			read_text("/proc/self/loginuid", buf, sizeof(buf));
			_exit(strcmp(buf, "1234") != 0);
		}
		waitpid(pid, &status, 0);
		_exit(status ? 3 : 0);
	}
	CHECK(waitpid(pid, &status, 0) == pid && status == 0);
	CHECK(write_text("/proc/self/loginuid", "x") == -EINVAL);
	pid = fork();
	if (!pid) {
		pause();
		_exit(0);
	}
	snprintf(path, sizeof(path), "/proc/%d/loginuid", pid);
	CHECK(write_text(path, "5") == -EPERM);
	snprintf(path, sizeof(path), "/proc/%d", pid);
	status = open(path, O_DIRECTORY);
	CHECK(status >= 0);
	CHECK(syscall(SYS_pidfd_send_signal, status, SIGKILL, NULL, 0) == 0);
	CHECK(waitpid(pid, &status, 0) == pid && WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	errno = 0;
	CHECK(syscall(SYS_pidfd_send_signal, open("/proc", O_DIRECTORY), SIGKILL, NULL, 0) == -1 && errno == EBADF);
}

/* SPDX-License-Identifier: MPL-2.0 */
/* Blocks of directories that came and went at once are given to files: nothing of the directory is written there. */
#include "diskfile.h"

CASE(directories_to_files)
{
	char name[32], target[200], b[5];

	memset(target, 'l', sizeof(target) - 1);
	target[sizeof(target) - 1] = 0;
	for (int round = 0; round < 12; round++) {
		for (int i = 0; i < 6; i++) {
			snprintf(name, sizeof(name), "d%d", i);
			CHECK_OK(mkdir(name, 0755));
			snprintf(name, sizeof(name), "l%d", i);
			CHECK_OK(symlink(target, name));
		}
		for (int i = 0; i < 6; i++) {
			snprintf(name, sizeof(name), "d%d", i);
			CHECK_OK(rmdir(name));
			snprintf(name, sizeof(name), "l%d", i);
			CHECK_OK(unlink(name));
		}
		for (int i = 0; i < 12; i++) {
			int fd;

			snprintf(name, sizeof(name), "f%d.%d", round, i);
			fd = CHECK_OK(open(name, O_CREAT | O_RDWR, 0644));
			CHECK_EQ(write(fd, "hello", 5), 5);
			CHECK_OK(fdatasync(fd));
			CHECK_OK(close(fd));
		}
		sync();
	}
	for (int round = 0; round < 12; round++) {
		for (int i = 0; i < 12; i++) {
			int fd;

			snprintf(name, sizeof(name), "f%d.%d", round, i);
			fd = CHECK_OK(open(name, O_RDONLY));
			CHECK_EQ(posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED), 0);
			CHECK_EQ(read(fd, b, 5), 5);
			CHECK_MEM(b, "hello", 5);
			CHECK_OK(close(fd));
		}
	}
}

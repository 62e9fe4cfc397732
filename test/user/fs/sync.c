/* SPDX-License-Identifier: MPL-2.0 */
/* fsync, fdatasync, sync, syncfs, sync_file_range: what succeeds and what is refused. */
#include "ktest_user.h"

CASE(calls)
{
	int fd = CHECK_OK(open("f", O_CREAT | O_RDWR, 0644)), p[2];

	CHECK_EQ(write(fd, "x", 1), 1);
	CHECK_OK(fsync(fd));
	CHECK_OK(fdatasync(fd));
	CHECK_OK(fsync(CHECK_OK(open(".", O_RDONLY))));
	sync();
	CHECK_OK(syncfs(fd));
	CHECK_ERR(fsync(-1), EBADF);
	CHECK_ERR(fdatasync(-1), EBADF);
	CHECK_ERR(syncfs(-1), EBADF);
	CHECK_OK(pipe(p));
	CHECK_ERR(fsync(p[0]), EINVAL);
	CHECK_OK(syscall(SYS_sync_file_range, fd, 0, 0, 7));
	CHECK_ERR(syscall(SYS_sync_file_range, fd, 0, 0, 0x100), EINVAL);
	CHECK_ERR(syscall(SYS_sync_file_range, p[0], 0, 0, 7), ESPIPE);
}

/* SPDX-License-Identifier: MPL-2.0 */
/* process_vm_readv and writev: another process's memory, permissions, short transfers. */
#include "ktest_user.h"

CASE(read_and_write)
{
	char *m = kt_map(2, PROT_READ | PROT_WRITE), buf[16];
	struct iovec l = { buf, 8 }, r = { m + PG - 4, 8 };
	int go[2];
	pid_t p;
	char c;

	memcpy(m + PG - 4, "abcdefgh", 8);
	CHECK_OK(pipe(go));
	CHILD(p) {
		close(go[1]);
		CHECK_EQ(read(go[0], &c, 1), 0);
		CHECK_MEM(m + PG - 4, "ABCDefgh", 8);
	}
	SKIP_IF_ENOSYS(syscall(SYS_process_vm_readv, p, &l, 1, &r, 1, 0));
	CHECK_EQ(syscall(SYS_process_vm_readv, p, &l, 1, &r, 1, 0), 8);
	CHECK_MEM(buf, "abcdefgh", 8);
	memcpy(buf, "ABCD", 4);
	l.iov_len = 4;
	CHECK_EQ(syscall(SYS_process_vm_writev, p, &l, 1, &r, 1, 0), 4);
	CHECK_MEM(m + PG - 4, "abcd", 4);
	r.iov_base = (void *)8;
	CHECK_ERR(syscall(SYS_process_vm_readv, p, &l, 1, &r, 1, 0), EFAULT);
	CHECK_ERR(syscall(SYS_process_vm_readv, p, &l, 1, &r, 1, 1), EINVAL);
	CHECK_ERR(syscall(SYS_process_vm_readv, 4000000, &l, 1, &r, 1, 0), ESRCH);
	close(go[1]);
	WAIT_EXIT(p, 0);
}
CASE(permission)
{
	char buf[8];
	struct iovec l = { buf, 8 }, r = { buf, 8 };
	pid_t p, me = getpid();

	CHILD(p) {
		kt_become(1000, 1000);
		SKIP_IF_ENOSYS(syscall(SYS_process_vm_readv, getpid(), &l, 1, &r, 1, 0));
		CHECK_ERR(syscall(SYS_process_vm_readv, me, &l, 1, &r, 1, 0), EPERM);
	}
	WAIT_EXIT(p, 0);
}

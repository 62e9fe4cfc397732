/* SPDX-License-Identifier: MPL-2.0 */
/* SO_PEERCRED, SCM_CREDENTIALS and SO_PASSCRED: automatic, explicit, forged. */
#include "ktest_user.h"

static int cred_msg(int s, struct ucred *u)
{
	char buf[CMSG_SPACE(sizeof(struct ucred))] = { 0 };
	struct iovec v = { "x", 1 };
	struct msghdr m = { .msg_iov = &v, .msg_iovlen = 1, .msg_control = buf, .msg_controllen = sizeof(buf) };
	struct cmsghdr *c = (void *)buf;

	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_CREDENTIALS;
	c->cmsg_len = CMSG_LEN(sizeof(*u));
	memcpy(CMSG_DATA(c), u, sizeof(*u));
	return sendmsg(s, &m, 0);
}
static bool recv_cred(int s, struct ucred *u)
{
	char buf[256], data[16];
	struct iovec v = { data, 16 };
	struct msghdr m = { .msg_iov = &v, .msg_iovlen = 1, .msg_control = buf, .msg_controllen = sizeof(buf) };
	struct cmsghdr *c;

	CHECK_OK(recvmsg(s, &m, 0));
	c = CMSG_FIRSTHDR(&m);
	if (!c)
		return false;
	CHECK_EQ(c->cmsg_type, SCM_CREDENTIALS);
	memcpy(u, CMSG_DATA(c), sizeof(*u));
	return true;
}
CASE(peer)
{
	struct ucred u;
	socklen_t n = sizeof(u);
	int s[2];

	CHECK_OK(socketpair(AF_UNIX, SOCK_STREAM, 0, s));
	CHECK_OK(getsockopt(s[0], SOL_SOCKET, SO_PEERCRED, &u, &n));
	CHECK_EQ(u.pid, getpid());
	CHECK_EQ(u.uid, 0);
	CHECK_EQ(u.gid, 0);
	int t = CHECK_OK(socket(AF_UNIX, SOCK_STREAM, 0));
	CHECK_OK(getsockopt(t, SOL_SOCKET, SO_PEERCRED, &u, &n));
	CHECK_EQ(u.pid, 0);
	CHECK_EQ((int)u.uid, -1);
}
CASE(peer_over_connect)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX, .sun_path = "sock" };
	struct ucred u;
	socklen_t n = sizeof(u);
	int s = CHECK_OK(socket(AF_UNIX, SOCK_STREAM, 0)), f;
	pid_t p;

	CHECK_OK(bind(s, (void *)&a, sizeof(a)));
	CHECK_OK(chmod("sock", 0777));
	CHECK_OK(listen(s, 1));
	CHILD(p) {
		int c = CHECK_OK(socket(AF_UNIX, SOCK_STREAM, 0));
		kt_become(1000, 1001);
		CHECK_OK(connect(c, (void *)&a, sizeof(a)));
		CHECK_OK(getsockopt(c, SOL_SOCKET, SO_PEERCRED, &u, &n));
		CHECK_EQ(u.pid, getppid());	/* who listened */
		CHECK_EQ(u.uid, 0);
	}
	f = CHECK_OK(accept(s, NULL, NULL));
	CHECK_OK(getsockopt(f, SOL_SOCKET, SO_PEERCRED, &u, &n));
	CHECK_EQ(u.pid, p);
	CHECK_EQ(u.uid, 1000);
	CHECK_EQ(u.gid, 1001);
	WAIT_EXIT(p, 0);
}
CASE(passcred)
{
	struct ucred u;
	int s[2], on = 1;

	CHECK_OK(socketpair(AF_UNIX, SOCK_DGRAM, 0, s));
	CHECK_EQ(write(s[0], "x", 1), 1);
	CHECK(!recv_cred(s[1], &u));
	CHECK_OK(setsockopt(s[1], SOL_SOCKET, SO_PASSCRED, &on, sizeof(on)));
	CHECK_EQ(write(s[0], "x", 1), 1);
	CHECK(recv_cred(s[1], &u));
	CHECK_EQ(u.pid, getpid());
	CHECK_EQ(u.uid, 0);
}
CASE(explicit_and_forged)
{
	struct ucred u = { getpid(), 5, 6 }, r;
	int s[2], on = 1;
	pid_t p;

	CHECK_OK(socketpair(AF_UNIX, SOCK_DGRAM, 0, s));
	CHECK_OK(setsockopt(s[1], SOL_SOCKET, SO_PASSCRED, &on, sizeof(on)));
	CHECK_EQ(cred_msg(s[0], &u), 1);	/* root may claim anything */
	CHECK(recv_cred(s[1], &r));
	CHECK_EQ(r.uid, 5);
	CHECK_EQ(r.gid, 6);
	u.pid = 4000000;
	CHECK_ERR(cred_msg(s[0], &u), ESRCH);
	CHILD(p) {
		kt_become(1000, 1000);
		u = (struct ucred){ getpid(), 1000, 1000 };
		CHECK_EQ(cred_msg(s[0], &u), 1);
		u.uid = 0;
		CHECK_ERR(cred_msg(s[0], &u), EPERM);
		u = (struct ucred){ 1, 1000, 1000 };
		CHECK_ERR(cred_msg(s[0], &u), EPERM);
	}
	WAIT_EXIT(p, 0);
}

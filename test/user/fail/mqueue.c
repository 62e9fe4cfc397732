/* SPDX-License-Identifier: MPL-2.0 */
/* POSIX message queues when memory fails. */
#include "failnth.h"
#include <mqueue.h>

unsigned kt_case_seconds = 330;
static mqd_t q = -1;
static char text[4096];

static long open_new(void)
{
	struct mq_attr a = { .mq_maxmsg = 5, .mq_msgsize = 4096 };

	mqd_t d = mq_open("/failnew", O_CREAT | O_EXCL | O_RDWR, 0600, &a);
	int e = errno;

	fail_pause();
	/* The queue may be there, and no memory be left for the descriptor; so it is on Linux. */
	if (d < 0)
		(void)mq_unlink("/failnew");
	errno = e;
	return d;
}
static void close_new(long d)
{
	CHECK_OK(mq_close((mqd_t)d));
	CHECK_OK(mq_unlink("/failnew"));
}
static long open_old(void) { return mq_open("/failold", O_RDWR); }
static void close_old(long d) { CHECK_OK(mq_close((mqd_t)d)); }
static long unlinked(void)
{
	struct mq_attr a = { .mq_maxmsg = 5, .mq_msgsize = 64 };
	mqd_t d = mq_open("/failgone", O_CREAT | O_RDWR, 0600, &a);
	int r, e;

	if (d < 0) {
		e = errno;
		fail_pause();
		(void)mq_unlink("/failgone");
		errno = e;
		return -1;
	}
	r = mq_unlink("/failgone");
	e = errno;
	fail_pause();
	CHECK_OK(mq_close(d));
	if (r)
		CHECK_OK(mq_unlink("/failgone"));
	errno = e;
	return r;
}
static long send_one(void) { return mq_send(q, text, sizeof(text), 3); }
static void receive_one(long r)
{
	unsigned prio;

	CHECK_EQ(mq_receive(q, text, sizeof(text), &prio), (long)sizeof(text));
}
static long receive(void)
{
	unsigned prio;

	return mq_receive(q, text, sizeof(text), &prio);
}
static void send_back(long r) { CHECK_OK(mq_send(q, text, sizeof(text), 3)); }
static long notify(void)
{
	struct sigevent ev = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1 };

	return mq_notify(q, &ev);
}
static void notify_off(long r) { CHECK_OK(mq_notify(q, NULL)); }
static long attributes(void)
{
	struct mq_attr a;

	return mq_getattr(q, &a);
}
/* A signal that says that a message came. */
static long notified(void)
{
	if (notify())
		return -1;
	if (send_one()) {
		int e = errno;

		fail_pause();
		CHECK_OK(mq_notify(q, NULL));
		errno = e;
		return -1;
	}
	fail_pause();
	receive_one(0);
	return 0;
}

CASE(mqueue)
{
	static const struct fail_call calls[] = {
		{ "mq_open, new", open_new, close_new, { 0 } },
		{ "mq_open", open_old, close_old, { 0 } },
		{ "mq_unlink of an open one", unlinked, NULL, { 0 } },
		{ "mq_send", send_one, receive_one, { 0 } },
		{ "mq_notify", notify, notify_off, { 0 } },
		{ "mq_getattr", attributes, NULL, { 0 } },
		{ "a notification", notified, NULL, { 0 } },
	};
	static const struct fail_call full[] = {
		{ "mq_receive", receive, send_back, { 0 } },
	};
	struct mq_attr a = { .mq_maxmsg = 5, .mq_msgsize = 4096 };

	fail_open();
	signal(SIGUSR1, SIG_IGN);
	q = CHECK_OK(mq_open("/failold", O_CREAT | O_RDWR, 0600, &a));
	FAIL_GROUP(calls);
	CHECK_OK(mq_getattr(q, &a));
	CHECK_EQ(a.mq_curmsgs, 0);
	CHECK_OK(mq_send(q, text, sizeof(text), 3));
	FAIL_GROUP(full);
	CHECK_OK(mq_getattr(q, &a));
	CHECK_EQ(a.mq_curmsgs, 1);
	CHECK_OK(mq_close(q));
	CHECK_OK(mq_unlink("/failold"));
}

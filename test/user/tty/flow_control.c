/* SPDX-License-Identifier: MPL-2.0 */
/* Flow control: IXON with STOP and START, IXANY, tcflow, output held back. */
#include "ktest_user.h"
#include "pty.h"

/* Input is processed in the background: waits until the STOP has arrived. */
static void stop(void)
{
	struct pollfd f = { pty_slave, POLLOUT, 0 };

	pty_type("\023");
	AWAIT(poll(&f, 1, 0) == 0);
}
CASE(stop_and_start)
{
	struct pollfd f;

	pty_open();
	pty_flags('l', ECHO, 0);
	stop();
	f = (struct pollfd){ pty_slave, POLLOUT, 0 };
	CHECK_OK(fcntl(pty_slave, F_SETFL, O_NONBLOCK));
	CHECK_ERR(write(pty_slave, "held", 4), EAGAIN);
	CHECK_EQ(poll(&f, 1, 0), 0);
	pty_type("\021");
	CHECK_EQ(WAIT_EVENTS(pty_slave, POLLOUT), POLLOUT);
	CHECK_EQ(write(pty_slave, "sent", 4), 4);
	MASTER_SEES("sent");
	CHECK_EQ(pty_avail(pty_slave), 0);	/* the control characters are not data */
}
CASE(blocked_writer_is_woken)
{
	pid_t p;

	pty_open();
	pty_flags('l', ECHO, 0);
	stop();
	CHILD(p)
		CHECK_EQ(write(pty_slave, "later", 5), 5);
	WAIT_BLOCKED(p);
	pty_type("\021");
	WAIT_EXIT(p, 0);
	MASTER_SEES("later");
}
CASE(any_character_starts)
{
	pty_open();
	pty_flags('l', ECHO, 0);
	pty_flags('i', 0, IXANY);
	stop();
	CHECK_OK(fcntl(pty_slave, F_SETFL, O_NONBLOCK));
	CHECK_ERR(write(pty_slave, "held", 4), EAGAIN);
	pty_type("x\n");
	CHECK_EQ(WAIT_EVENTS(pty_slave, POLLOUT) & POLLOUT, POLLOUT);
	CHECK_EQ(write(pty_slave, "go", 2), 2);
	MASTER_SEES("go");
}
CASE(without_ixon_they_are_data)
{
	pty_open();
	pty_flags('l', ECHO, 0);
	pty_flags('i', IXON, 0);
	pty_type("a\023b\021\n");
	SLAVE_READS("a\023b\021\n");
}
CASE(tcflow_)
{
	pty_open();
	CHECK_OK(tcflow(pty_slave, TCOOFF));
	CHECK_OK(fcntl(pty_slave, F_SETFL, O_NONBLOCK));
	CHECK_ERR(write(pty_slave, "held", 4), EAGAIN);
	CHECK_OK(tcflow(pty_slave, TCOON));
	CHECK_EQ(write(pty_slave, "x", 1), 1);
	MASTER_SEES("x");
	CHECK_OK(tcflow(pty_slave, TCIOFF));
	MASTER_SEES("\023");	/* sends STOP to the other side */
	CHECK_OK(tcflow(pty_slave, TCION));
	MASTER_SEES("\021");
	CHECK_ERR(tcflow(pty_slave, 77), EINVAL);
}

/* SPDX-License-Identifier: MPL-2.0 */
/* Raw input: VMIN and VTIME in all four combinations, polling, no translation. */
#include "ktest_user.h"
#include "pty.h"

CASE(bytes_as_they_come)
{
	char buf[300];

	pty_open();
	pty_raw(1, 0);
	for (int i = 0; i < 256; i++)
		CHECK_EQ(write(pty_master, &(char){ i }, 1), 1);
	for (int got = 0; got < 256;)
		got += CHECK_OK(read(pty_slave, buf + got, sizeof(buf) - got));
	for (int i = 0; i < 256; i++)
		CHECK_EQ((unsigned char)buf[i], i);
}
CASE(vmin_counts)
{
	char buf[8];
	pid_t p;

	pty_open();
	pty_raw(3, 0);
	CHILD(p)
		CHECK_EQ(read(pty_slave, buf, 8), 3);
	WAIT_BLOCKED(p);
	pty_type("a");
	WAIT_BLOCKED(p);
	pty_type("b");
	WAIT_BLOCKED(p);
	pty_type("c");
	WAIT_EXIT(p, 0);
	pty_type("x");
	CHECK_EQ(read(pty_slave, buf, 1), 1);	/* asks for fewer than VMIN */
}
CASE(no_wait)
{
	char buf[8];

	pty_open();
	pty_raw(0, 0);
	CHECK_EQ(read(pty_slave, buf, 8), 0);
	pty_type("ab");
	CHECK_EQ(WAIT_EVENTS(pty_slave, POLLIN), POLLIN);
	CHECK_EQ(read(pty_slave, buf, 8), 2);
}
CASE(time_only)
{
	char buf[8];
	long long t = kt_now();

	pty_open();
	pty_raw(0, 2);
	CHECK_EQ(read(pty_slave, buf, 8), 0);
	CHECK_GE(kt_now() - t, 190000000);
	pty_type("a");
	CHECK_EQ(WAIT_EVENTS(pty_slave, POLLIN), POLLIN);
	CHECK_EQ(read(pty_slave, buf, 8), 1);
}
CASE(min_and_time)
{
	char buf[8];
	long long t;

	pty_open();
	pty_raw(5, 1);
	pty_type("ab");
	t = kt_now();
	CHECK_EQ(read(pty_slave, buf, 8), 2);	/* the gap after the first byte ends it */
	CHECK_GE(kt_now() - t, 90000000);
}
CASE(min_and_time_waits_for_the_first)
{
	char buf[8];
	pid_t p;

	pty_open();
	pty_raw(5, 1);
	CHILD(p)
		CHECK_EQ(read(pty_slave, buf, 8), 1);
	WAIT_BLOCKED(p);
	pty_type("z");
	WAIT_EXIT(p, 0);
}
CASE(nonblocking)
{
	char buf[8];

	pty_open();
	pty_raw(1, 0);
	CHECK_OK(fcntl(pty_slave, F_SETFL, O_NONBLOCK));
	CHECK_ERR(read(pty_slave, buf, 8), EAGAIN);
	pty_type("x");
	CHECK_EQ(WAIT_EVENTS(pty_slave, POLLIN), POLLIN);
	CHECK_EQ(read(pty_slave, buf, 8), 1);
	CHECK_OK(fcntl(pty_master, F_SETFL, O_NONBLOCK));
	CHECK_ERR(read(pty_master, buf, 8), EAGAIN);
}
CASE(parity_marks)
{
	pty_open();
	pty_raw(1, 0);
	pty_flags('i', 0, PARMRK);
	CHECK_EQ(write(pty_master, "\377", 1), 1);
	SLAVE_READS("\377\377");	/* a real 0377 is doubled */
}

/* SPDX-License-Identifier: MPL-2.0 */
/* Packet mode of the master: TIOCPKT, data and control bytes, flush and flow events. */
#include "ktest_user.h"
#include "pty.h"

CASE(events)
{
	char buf[64];
	int on = 1, got = 0;

	pty_open();
	CHECK_OK(ioctl(pty_master, TIOCPKT, &on));
	CHECK_OK(ioctl(pty_master, 0x80045438 /* TIOCGPKT */, &got));
	CHECK_EQ(got, 1);
	CHECK_EQ(write(pty_slave, "abc", 3), 3);
	CHECK_EQ(read(pty_master, buf, sizeof(buf)), 4);
	CHECK_MEM(buf, "\0abc", 4);
	CHECK_OK(tcflush(pty_slave, TCIFLUSH));
	CHECK(WAIT_EVENTS(pty_master, POLLIN | POLLPRI) & POLLPRI);
	CHECK_EQ(read(pty_master, buf, sizeof(buf)), 1);
	CHECK_EQ(buf[0] & TIOCPKT_FLUSHREAD, TIOCPKT_FLUSHREAD);
	CHECK_OK(tcflow(pty_slave, TCOOFF));
	CHECK_EQ(read(pty_master, buf, sizeof(buf)), 1);
	CHECK_EQ(buf[0] & TIOCPKT_STOP, TIOCPKT_STOP);
	CHECK_OK(tcflow(pty_slave, TCOON));
	CHECK_EQ(read(pty_master, buf, sizeof(buf)), 1);
	CHECK_EQ(buf[0] & TIOCPKT_START, TIOCPKT_START);
}

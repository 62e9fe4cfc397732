/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Echo modes: ECHO, ECHOE, ECHOK, ECHOKE, ECHOCTL, ECHONL, ECHOPRT, and output post-processing.
 */
#include "ktest_user.h"
#include "pty.h"

CASE(plain)
{
	pty_open();
	pty_type("ab\n");
	MASTER_SEES("ab\r\n");
	pty_flags('l', ECHO, 0);
	pty_type("secret\n");
	SLAVE_READS("ab\n");
	SLAVE_READS("secret\n");
	pty_flags('l', 0, ECHONL);
	pty_type("x\n");
	MASTER_SEES("\r\n");	/* only the newline */
}
CASE(erase)
{
	pty_open();
	pty_type("ab\177");
	MASTER_SEES("ab\b \b");
	pty_type("\177\177");
	MASTER_SEES("\b \b");	/* nothing more to erase */
	pty_flags('l', ECHOE, 0);
	pty_type("x\177");
	MASTER_SEES("x^?");
}
CASE(control_characters)
{
	pty_open();
	pty_type("\001");
	MASTER_SEES("^A");
	pty_type("\177");
	MASTER_SEES("\b \b\b \b");
	pty_type("\033");
	MASTER_SEES("^[");
	pty_flags('l', ECHOCTL, 0);
	pty_type("\001");
	MASTER_SEES("\001");
}
CASE(tab_erase)
{
	pty_open();
	pty_flags('o', TABDLY, XTABS);
	pty_type("a\t");
	MASTER_SEES("a       ");
	pty_type("\177");
	MASTER_SEES("\b\b\b\b\b\b\b");
}
CASE(kill_line)
{
	pty_open();
	pty_type("abc\025");
	MASTER_SEES("abc\b \b\b \b\b \b");
	pty_flags('l', ECHOKE, 0);
	pty_type("abc\025");
	MASTER_SEES("abc^U\r\n");
}
CASE(word_erase)
{
	pty_open();
	pty_type("ab cd\027");
	MASTER_SEES("ab cd\b \b\b \b");
}
CASE(reprint)
{
	pty_open();
	pty_type("abc\022");
	MASTER_SEES("abc^R\r\nabc");
}
CASE(eof_is_not_echoed)
{
	pty_open();
	pty_type("ab\004");
	MASTER_SEES("ab");
	SLAVE_READS("ab");
	CHECK_EQ(pty_avail(pty_master), 0);
}
CASE(output_processing)
{
	pty_open();
	CHECK_EQ(write(pty_slave, "a\nb\tc", 5), 5);
	MASTER_SEES("a\r\nb\tc");
	pty_flags('o', ONLCR, OCRNL);
	CHECK_EQ(write(pty_slave, "a\rb\n", 4), 4);
	MASTER_SEES("a\nb\n");
	pty_flags('o', OCRNL, ONLCR);
	CHECK_EQ(write(pty_slave, "\n", 1), 1);
	MASTER_SEES("\r\n");
	pty_flags('o', 0, ONOCR);
	CHECK_EQ(write(pty_slave, "\r", 1), 1);	/* column 0: dropped */
	CHECK_EQ(write(pty_slave, "ab\r", 3), 3);
	MASTER_SEES("ab\r");
	pty_flags('o', ONOCR, OLCUC);
	CHECK_EQ(write(pty_slave, "abc", 3), 3);
	MASTER_SEES("ABC");
	pty_flags('o', OPOST, 0);
	CHECK_EQ(write(pty_slave, "a\n", 2), 2);
	MASTER_SEES("a\n");
}

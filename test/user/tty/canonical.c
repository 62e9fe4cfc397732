/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Canonical input: line editing by erase, kill, word erase, reprint, literal next, EOF, EOL,
 * long lines.
 */
#include "ktest_user.h"
#include "pty.h"

static void quiet(void)
{
	pty_open();
	pty_flags('l', ECHO, 0);
}
CASE(lines)
{
	char buf[4];

	quiet();
	pty_type("one\ntwo\n");
	SLAVE_READS("one\n");
	CHECK_EQ(read(pty_slave, buf, 2), 2);
	CHECK_MEM(buf, "tw", 2);
	SLAVE_READS("o\n");
}
CASE(erase)
{
	quiet();
	pty_type("abx\177c\n");
	SLAVE_READS("abc\n");
	pty_type("\177\177a\177\177b\n");
	SLAVE_READS("b\n");
}
CASE(kill_line)
{
	quiet();
	pty_type("wrong\025right\n");
	SLAVE_READS("right\n");
}
CASE(word_erase)
{
	quiet();
	pty_type("one two  three\027x\n");
	SLAVE_READS("one two  x\n");
	pty_type("one two  \027\n");
	SLAVE_READS("one \n");
	pty_type("a.b-c\027z\n");
	SLAVE_READS("a.b-z\n");	/* punctuation ends a word */
	pty_type("one\027\027\027x\n");
	SLAVE_READS("x\n");
}
CASE(erase_does_not_cross_lines)
{
	quiet();
	pty_type("done\n\177\177x\n");
	SLAVE_READS("done\n");
	SLAVE_READS("x\n");
}
CASE(literal_next)
{
	quiet();
	pty_type("a\026\177b\026\003\n");
	SLAVE_READS("a\177b\003\n");
	pty_type("x\026\ny\n");
	SLAVE_READS("x\ny\n");
}
CASE(end_of_file)
{
	char buf[8];

	quiet();
	pty_type("partial\004");
	SLAVE_READS("partial");
	pty_type("\004");
	CHECK_EQ(read(pty_slave, buf, 8), 0);
	pty_type("next\n");
	SLAVE_READS("next\n");
}
CASE(eol_characters)
{
	struct termios t;

	quiet();
	CHECK_OK(tcgetattr(pty_slave, &t));
	t.c_cc[VEOL] = ';';
	t.c_cc[VEOL2] = '|';
	CHECK_OK(tcsetattr(pty_slave, TCSANOW, &t));
	pty_type("a;b|c\n");
	SLAVE_READS("a;");
	SLAVE_READS("b|");
	SLAVE_READS("c\n");
}
CASE(input_translation)
{
	quiet();
	pty_type("a\r");
	SLAVE_READS("a\n");	/* ICRNL */
	pty_flags('i', ICRNL, IGNCR);
	pty_type("b\r\n");
	SLAVE_READS("b\n");
	pty_flags('i', IGNCR, INLCR);
	pty_flags('l', ICANON, 0);
	pty_type("c\n");
	SLAVE_READS("c\r");
	pty_flags('i', INLCR, ISTRIP);
	pty_type("\341");
	SLAVE_READS("a");
	pty_flags('i', ISTRIP, IUCLC);
	pty_type("ABC");
	SLAVE_READS("abc");
}
CASE(utf8_erase)
{
	quiet();
	pty_flags('i', 0, IUTF8);
	pty_type("a\303\244\342\202\254\177b\n");	/* the euro sign goes as a whole */
	SLAVE_READS("a\303\244b\n");
	pty_type("\303\244\177x\n");
	SLAVE_READS("x\n");
}
CASE(long_line_is_cut)
{
	static char buf[8192];
	int n;

	quiet();
	memset(buf, 'a', 5000);
	for (int i = 0; i < 5000; i += 100)
		CHECK_EQ(write(pty_master, buf, 100), 100);
	pty_type("\n");
	n = CHECK_OK(read(pty_slave, buf, sizeof(buf)));
	CHECK_EQ(n, 4096);
	CHECK_EQ(buf[4094], 'a');
	CHECK_EQ(buf[4095], '\n');
}
CASE(poll_needs_a_line)
{
	struct pollfd p;

	quiet();
	p = (struct pollfd){ pty_slave, POLLIN | POLLOUT, 0 };
	pty_type("abc");
	CHECK_EQ(poll(&p, 1, 0), 1);
	CHECK_EQ(p.revents, POLLOUT);
	pty_type("\n");
	CHECK(WAIT_EVENTS(pty_slave, POLLIN) & POLLIN);
}
CASE(nonblocking_read)
{
	char c;

	quiet();
	CHECK_OK(fcntl(pty_slave, F_SETFL, O_NONBLOCK));
	CHECK_ERR(read(pty_slave, &c, 1), EAGAIN);
	pty_type("x");
	CHECK_ERR(read(pty_slave, &c, 1), EAGAIN);
	pty_type("\n");
	pty_wait(2);
	CHECK_EQ(read(pty_slave, &c, 1), 1);
}
CASE(switch_to_raw_keeps_the_text)
{
	quiet();
	pty_type("abc");
	CHECK_EQ(pty_avail(pty_slave), 0);
	pty_raw(1, 0);
	SLAVE_READS("abc");
}

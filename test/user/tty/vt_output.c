/* SPDX-License-Identifier: MPL-2.0 */
/* What console_codes(4) says a virtual terminal does with output, read back through /dev/vcs and /dev/vcsa. */
#include "vt.h"

#define N 5

static int fd;

static void fresh(const char *s)
{
	struct termios t;

	fd = vt_open(N);
	CHECK_OK(tcgetattr(fd, &t));
	t.c_oflag &= ~(tcflag_t)OPOST;
	CHECK_OK(tcsetattr(fd, TCSANOW, &t));
	vt_say(fd, "\033c\033[2J\033[H");
	vt_say(fd, s);
}

#define ROW(y, want) do { const char *_r = vt_row(N, y); if (strcmp(_r, want)) \
	FAIL("row %d is \"%s\", not \"%s\"", y, _r, want); } while (0)
#define AT(cx, cy) do { int _x, _y; vt_cursor(N, &_x, &_y); CHECK_EQ(_x, cx); CHECK_EQ(_y, cy); } while (0)

CASE(text_and_cursor)
{
	fresh("hello\r\nworld\033[5;10Hx");
	ROW(0, "hello");
	ROW(1, "world");
	ROW(4, "         x");
	AT(10, 4);
	vt_say(fd, "\033[2A\033[3D\033[B\033[C");
	AT(8, 3);
	vt_say(fd, "\033[G");
	AT(0, 3);
	vt_say(fd, "\033[7G\033[2d");
	AT(6, 1);
	vt_say(fd, "\033[2E");
	AT(0, 3);
	vt_say(fd, "\033[F");
	AT(0, 2);
	vt_say(fd, "\0337\033[9;9H\0338");
	AT(0, 2);
	vt_say(fd, "a\tb");
	AT(9, 2);
}

CASE(erase)
{
	fresh("aaaa\r\nbbbb\r\ncccc\033[2;3H\033[K");
	ROW(1, "bb");
	vt_say(fd, "\033[1;2H\033[1K");
	ROW(0, "  aa");
	vt_say(fd, "\033[3;1H\033[2X");
	ROW(2, "  cc");
	vt_say(fd, "\033[2;1H\033[J");
	ROW(0, "  aa");
	ROW(1, "");
	ROW(2, "");
	vt_say(fd, "\033[2J");
	ROW(0, "");
}

CASE(insert_and_delete)
{
	fresh("abcdef\033[1;3H\033[2@");
	ROW(0, "ab  cdef");
	vt_say(fd, "\033[3P");
	ROW(0, "abdef");
	vt_say(fd, "\033[4h--\033[4l");
	ROW(0, "ab--def");
	vt_say(fd, "\r\n1\r\n2\r\n3\033[2;1H\033[L");
	ROW(1, "");
	ROW(2, "1");
	vt_say(fd, "\033[2M");
	ROW(1, "2");
	ROW(2, "3");
}

CASE(scroll_region)
{
	fresh("1\r\n2\r\n3\r\n4\033[2;3r\033[3;1H\n");
	ROW(0, "1");
	ROW(1, "3");
	ROW(2, "");
	ROW(3, "4");
	vt_say(fd, "\033[2;1H\033M");
	ROW(1, "");
	ROW(2, "3");
	vt_say(fd, "\033[?6h\033[1;1H");
	AT(0, 1);
	vt_say(fd, "\033[?6l\033[r");
	AT(0, 0);
}

CASE(wraps_late)
{
	int x, y;
	struct winsize ws;

	fresh("");
	CHECK_OK(ioctl(fd, TIOCGWINSZ, &ws));
	for (int i = 0; i < ws.ws_col; i++)
		vt_say(fd, "x");
	vt_cursor(N, &x, &y);
	CHECK_EQ(y, 0);
	vt_say(fd, "y");
	ROW(1, "y");
	AT(1, 1);
	vt_say(fd, "\033[?7l");
	for (int i = 0; i < ws.ws_col + 5; i++)
		vt_say(fd, "z");
	vt_cursor(N, &x, &y);
	CHECK_EQ(y, 1);
}

CASE(colours)
{
	unsigned char cells[12];
	int v;

	fresh("\033[31;44ma\033[1mb\033[0;7mc\033[0md");
	v = open("/dev/vcsa5", O_RDONLY);
	if (v < 0)
		SKIP("no /dev/vcsa");
	CHECK_EQ(pread(v, cells, sizeof(cells), 4), 12);
	CHECK_EQ(cells[0], 'a');
	CHECK_EQ(cells[1], 0x14);	/* VGA's order: red is 4, blue 1 */
	CHECK_EQ(cells[3], 0x1c);
	CHECK_EQ(cells[5], 0x70);
	CHECK_EQ(cells[7], 0x07);
}

CASE(reports_come_as_input)
{
	struct termios t;
	char buf[64];
	ssize_t n;

	fresh("");
	CHECK_OK(tcgetattr(fd, &t));
	cfmakeraw(&t);
	CHECK_OK(tcsetattr(fd, TCSANOW, &t));
	tcflush(fd, TCIFLUSH);
	vt_say(fd, "\033[4;7H\033[6n");
	n = read(fd, buf, sizeof(buf));
	CHECK_EQ(n, 6);
	CHECK(!memcmp(buf, "\033[4;7R", 6));
	vt_say(fd, "\033[5n");
	n = read(fd, buf, sizeof(buf));
	CHECK_EQ(n, 4);
	vt_say(fd, "\033[c");
	n = read(fd, buf, sizeof(buf));
	CHECK_EQ(n, 5);
	CHECK(!memcmp(buf, "\033[?6c", 5));
}

CASE(title_is_swallowed)
{
	fresh("a\033]0;some title\007b");
	ROW(0, "ab");
	vt_say(fd, "\033[H\033P1$r\033\\c");
	ROW(0, "cb");
}

CASE(utf8)
{
	unsigned int cells[3];
	int v;

	fresh("\303\251\342\224\200\377");
	v = open("/dev/vcsu5", O_RDONLY);
	if (v < 0)
		SKIP("no /dev/vcsu");
	CHECK_EQ(read(v, cells, sizeof(cells)), 12);
	CHECK_EQ(cells[0], 0xe9);
	CHECK_EQ(cells[1], 0x2500);
	CHECK_NE(cells[2], 'x');	/* what stands for a bad byte is the font's choice */
}

CASE(vcs_can_be_written)
{
	unsigned char cell[2] = { 'Q', 0x1e };
	int v;

	fresh("abc");
	v = open("/dev/vcsa5", O_RDWR);
	if (v < 0)
		SKIP("no /dev/vcsa");
	CHECK_EQ(pwrite(v, cell, 2, 4 + 2), 2);
	ROW(0, "aQc");
	CHECK_EQ(pread(v, cell, 2, 4 + 2), 2);
	CHECK_EQ(cell[1], 0x1e);
	CHECK_EQ(lseek(v, 0, SEEK_END), lseek(v, 0, SEEK_CUR));
	CHECK_EQ(read(v, cell, 2), 0);
	CHECK_ERR(lseek(v, -1, SEEK_SET), EINVAL);
}

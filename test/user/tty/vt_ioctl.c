/* SPDX-License-Identifier: MPL-2.0 */
/* ioctl_console(2): switching, modes, keyboard. */
#include "vt.h"

static void wait_for(int fd, int n)
{
	CHECK_OK(ioctl(fd, VT_ACTIVATE, n));
	CHECK_OK(ioctl(fd, VT_WAITACTIVE, n));
}

CASE(not_for_other_terminals)
{
	int m = open("/dev/ptmx", O_RDWR | O_NOCTTY), v;
	struct vt_stat st;
	char c;

	CHECK(m >= 0);
	CHECK_ERR(ioctl(m, VT_GETSTATE, &st), ENOTTY);
	CHECK_ERR(ioctl(m, KDGKBTYPE, &c), ENOTTY);
	v = open("/dev/null", O_RDWR);
	CHECK_ERR(ioctl(v, KDGKBTYPE, &c), ENOTTY);
}

CASE(state_and_switching)
{
	int fd = vt_open(0), other;
	struct vt_stat st;
	int was, free_one;

	CHECK_OK(ioctl(fd, VT_GETSTATE, &st));
	was = st.v_active;
	CHECK(was >= 1 && was < 64);
	CHECK(st.v_state & 1);
	other = vt_open(6);
	CHECK_OK(ioctl(fd, VT_GETSTATE, &st));
	CHECK(st.v_state & 1 << 6);
	CHECK_OK(ioctl(fd, VT_OPENQRY, &free_one));
	CHECK(free_one > 0 && free_one != 6);
	wait_for(fd, 6);
	CHECK_OK(ioctl(fd, VT_GETSTATE, &st));
	CHECK_EQ(st.v_active, 6);
	wait_for(fd, was);
	close(other);
	CHECK_ERR(ioctl(fd, VT_ACTIVATE, 0), ENXIO);
	CHECK_ERR(ioctl(fd, VT_ACTIVATE, 64), ENXIO);
	CHECK_ERR(ioctl(fd, VT_WAITACTIVE, 0), ENXIO);
}

CASE(tty0_is_the_one_shown)
{
	int fd = vt_open(0), again;
	struct vt_stat st;
	int was, x, y;

	CHECK_OK(ioctl(fd, VT_GETSTATE, &st));
	was = st.v_active;
	close(vt_open(5));
	wait_for(fd, 5);
	again = vt_open(0);
	vt_say(again, "\033c\033[3;4H");
	vt_cursor(5, &x, &y);
	CHECK_EQ(x, 3);
	CHECK_EQ(y, 2);
	wait_for(fd, was);
}

CASE(disallocate)
{
	int fd = vt_open(0), other = vt_open(7);

	CHECK_ERR(ioctl(fd, VT_DISALLOCATE, 7), EBUSY);
	close(other);
	CHECK_ERR(ioctl(fd, VT_DISALLOCATE, 64), ENXIO);
}

static volatile sig_atomic_t released, acquired;
static void on_release(int s) { released++; }
static void on_acquire(int s) { acquired++; }

CASE(process_mode)
{
	struct vt_mode m = { .mode = VT_PROCESS, .relsig = SIGUSR1, .acqsig = SIGUSR2 }, got;
	int fd = vt_open(6), zero = vt_open(0), was;
	struct vt_stat st;

	signal(SIGUSR1, on_release);
	signal(SIGUSR2, on_acquire);
	CHECK_OK(ioctl(zero, VT_GETSTATE, &st));
	was = st.v_active;
	wait_for(zero, 6);
	CHECK_OK(ioctl(fd, VT_SETMODE, &m));
	CHECK_OK(ioctl(fd, VT_GETMODE, &got));
	CHECK_EQ(got.mode, VT_PROCESS);
	CHECK_EQ(got.relsig, SIGUSR1);
	CHECK_OK(ioctl(zero, VT_ACTIVATE, was));
	kt_wait_caught(SIGUSR1, &released, 1);
	CHECK_EQ(released, 1);
	CHECK_OK(ioctl(zero, VT_GETSTATE, &st));
	CHECK_EQ(st.v_active, 6);
	CHECK_OK(ioctl(fd, VT_RELDISP, 1));
	CHECK_OK(ioctl(zero, VT_WAITACTIVE, was));
	CHECK_OK(ioctl(zero, VT_ACTIVATE, 6));
	kt_wait_caught(SIGUSR2, &acquired, 1);
	CHECK_EQ(acquired, 1);
	CHECK_OK(ioctl(fd, VT_RELDISP, VT_ACKACQ));
	/* Refused: nothing changes. */
	CHECK_OK(ioctl(zero, VT_ACTIVATE, was));
	kt_wait_caught(SIGUSR1, &released, 2);
	CHECK_EQ(released, 2);
	CHECK_OK(ioctl(fd, VT_RELDISP, 0));
	CHECK_OK(ioctl(zero, VT_GETSTATE, &st));
	CHECK_EQ(st.v_active, 6);
	m.mode = VT_AUTO;
	CHECK_OK(ioctl(fd, VT_SETMODE, &m));
	CHECK_ERR(ioctl(fd, VT_RELDISP, 1), EINVAL);
	m.mode = 9;
	CHECK_ERR(ioctl(fd, VT_SETMODE, &m), EINVAL);
	wait_for(zero, was);
}

CASE(keyboard_modes)
{
	int fd = vt_open(5), mode = -1;
	char c = 0;

	CHECK_OK(ioctl(fd, KDGKBTYPE, &c));
	CHECK_EQ(c, KB_101);
	CHECK_OK(ioctl(fd, KDGKBMODE, &mode));
	CHECK(mode == K_XLATE || mode == K_UNICODE);
	CHECK_OK(ioctl(fd, KDSKBMODE, K_MEDIUMRAW));
	CHECK_OK(ioctl(fd, KDGKBMODE, &mode));
	CHECK_EQ(mode, K_MEDIUMRAW);
	CHECK_OK(ioctl(fd, KDSKBMODE, K_UNICODE));
	CHECK_ERR(ioctl(fd, KDSKBMODE, 17), EINVAL);
	CHECK_OK(ioctl(fd, KDGKBMETA, &mode));
	CHECK_EQ(mode, K_ESCPREFIX);
	CHECK_OK(ioctl(fd, KDSKBMETA, K_METABIT));
	CHECK_OK(ioctl(fd, KDGKBMETA, &mode));
	CHECK_EQ(mode, K_METABIT);
	CHECK_OK(ioctl(fd, KDSKBMETA, K_ESCPREFIX));
	CHECK_ERR(ioctl(fd, KDSKBMETA, 1), EINVAL);
}

CASE(lamps)
{
	int fd = vt_open(5);
	char c = 9;

	CHECK_OK(ioctl(fd, KDSKBLED, 0x26));
	CHECK_OK(ioctl(fd, KDGKBLED, &c));
	CHECK_EQ(c, 0x26);
	CHECK_ERR(ioctl(fd, KDSKBLED, 0x88), EINVAL);
	CHECK_OK(ioctl(fd, KDSKBLED, 0));
	CHECK_OK(ioctl(fd, KDSETLED, 8));
	CHECK_OK(ioctl(fd, KDGETLED, &c));
	CHECK_EQ(c, 0);
}

static int entry(int fd, int table, int key)
{
	struct kbentry e = { .kb_table = (unsigned char)table, .kb_index = (unsigned char)key };

	CHECK_OK(ioctl(fd, KDGKBENT, &e));
	return e.kb_value;
}

CASE(key_table)
{
	int fd = vt_open(5);

	CHECK_EQ(entry(fd, 0, 2), '1');
	CHECK_EQ(entry(fd, 1, 2), '!');
	CHECK_EQ(entry(fd, 0, 16) & 0xff, 'q');
	CHECK_EQ(entry(fd, 0, 16) >> 8, 11);	/* a letter: CapsLock acts on it */
	CHECK_EQ(entry(fd, 4, 16), 'q' & 0x1f);
	CHECK_EQ(entry(fd, 0, 59), 0x100);	/* F1 */
	CHECK_EQ(entry(fd, 8, 60), 0x501);	/* Alt-F2: terminal 2 */
	CHECK_EQ(entry(fd, 0, 103), 0x603);	/* cursor up */
	CHECK_EQ(entry(fd, 0, 42), 0x700);	/* shift */
	CHECK_EQ(entry(fd, 0, 28), 0x201);	/* enter */
	CHECK_EQ(entry(fd, 12, 111), 0x20c);	/* Ctrl-Alt-Del */
}

CASE(text_and_graphics)
{
	int fd = vt_open(5), mode = -1;

	CHECK_OK(ioctl(fd, KDGETMODE, &mode));
	CHECK_EQ(mode, KD_TEXT);
	CHECK_OK(ioctl(fd, KDSETMODE, KD_GRAPHICS));
	CHECK_OK(ioctl(fd, KDGETMODE, &mode));
	CHECK_EQ(mode, KD_GRAPHICS);
	CHECK_OK(ioctl(fd, KDSETMODE, KD_TEXT));
	CHECK_ERR(ioctl(fd, KDSETMODE, 77), EINVAL);
}

CASE(privileges)
{
	int fd = vt_open(5), mode;

	CHECK_OK(setresuid(1000, 1000, 1000));
	CHECK_ERR(ioctl(fd, VT_ACTIVATE, 1), EPERM);
	CHECK_ERR(ioctl(fd, KDSETMODE, KD_GRAPHICS), EPERM);
	CHECK_ERR(ioctl(fd, KDSKBMODE, K_RAW), EPERM);
	CHECK_ERR(ioctl(fd, KDSKBLED, 0), EPERM);
	CHECK_ERR(ioctl(fd, VT_LOCKSWITCH, 1), EPERM);
	CHECK_OK(ioctl(fd, KDGKBMODE, &mode));
}

CASE(resize_tells_the_foreground)
{
	int fd = vt_open(5);
	struct winsize ws;

	CHECK_OK(ioctl(fd, TIOCGWINSZ, &ws));
	CHECK(ws.ws_col >= 80 && ws.ws_row >= 24);
}

/* SPDX-License-Identifier: MPL-2.0 */
/* Terminal attributes: defaults, TCSETS variants, speeds, ioctls, errors. */
#include "ktest_user.h"
#include "pty.h"

CASE(defaults)
{
	struct termios t;

	pty_open();
	CHECK_OK(tcgetattr(pty_slave, &t));
	CHECK_EQ(t.c_iflag, ICRNL | IXON);
	CHECK_EQ(t.c_oflag, OPOST | ONLCR);
	CHECK_EQ(t.c_cflag & ~(CBAUD | 0x0f0f0000), CS8 | CREAD);
	CHECK_EQ(t.c_lflag, ISIG | ICANON | ECHO | ECHOE | ECHOK | ECHOCTL | ECHOKE | IEXTEN);
	CHECK_EQ(t.c_cc[VINTR], 3);
	CHECK_EQ(t.c_cc[VQUIT], 28);
	CHECK_EQ(t.c_cc[VERASE], 127);
	CHECK_EQ(t.c_cc[VKILL], 21);
	CHECK_EQ(t.c_cc[VEOF], 4);
	CHECK_EQ(t.c_cc[VTIME], 0);
	CHECK_EQ(t.c_cc[VMIN], 1);
	CHECK_EQ(t.c_cc[VSTART], 17);
	CHECK_EQ(t.c_cc[VSTOP], 19);
	CHECK_EQ(t.c_cc[VSUSP], 26);
	CHECK_EQ(t.c_cc[VREPRINT], 18);
	CHECK_EQ(t.c_cc[VWERASE], 23);
	CHECK_EQ(t.c_cc[VLNEXT], 22);
	CHECK_EQ(cfgetospeed(&t), B38400);
}
CASE(set_and_get)
{
	struct termios t, u;

	pty_open();
	CHECK_OK(tcgetattr(pty_slave, &t));
	t.c_lflag &= ~(ECHO | ICANON);
	t.c_iflag |= ISTRIP;
	t.c_cc[VINTR] = 'x';
	CHECK_OK(tcsetattr(pty_slave, TCSANOW, &t));
	CHECK_OK(tcgetattr(pty_slave, &u));
	CHECK_EQ(u.c_lflag, t.c_lflag);
	CHECK_EQ(u.c_iflag, t.c_iflag);
	CHECK_EQ(u.c_cc[VINTR], 'x');
	CHECK_OK(tcgetattr(pty_master, &u));	/* the master shows the slave's */
	CHECK_EQ(u.c_lflag, t.c_lflag);
}
CASE(flush_discards_input)
{
	struct termios t;

	pty_open();
	CHECK_OK(tcgetattr(pty_slave, &t));
	pty_type("lost\n");
	pty_wait(5);
	CHECK_OK(tcsetattr(pty_slave, TCSAFLUSH, &t));
	pty_type("kept\n");
	SLAVE_READS("kept\n");
	pty_type("gone\n");
	pty_wait(5);
	CHECK_OK(tcflush(pty_slave, TCIFLUSH));
	pty_type("here\n");
	SLAVE_READS("here\n");
	CHECK_OK(tcflush(pty_slave, TCOFLUSH));
	CHECK_OK(tcflush(pty_slave, TCIOFLUSH));
	CHECK_ERR(tcflush(pty_slave, 77), EINVAL);
	CHECK_OK(tcdrain(pty_slave));
	CHECK_OK(tcsendbreak(pty_slave, 0));
}
CASE(errors)
{
	struct termios t;
	int p[2];

	pty_open();
	CHECK_OK(pipe(p));
	CHECK_ERR(tcgetattr(p[0], &t), ENOTTY);
	CHECK_ERR(syscall(SYS_ioctl, pty_slave, TCGETS, 8), EFAULT);
	CHECK_ERR(syscall(SYS_ioctl, pty_slave, TCSETS, 8), EFAULT);
	CHECK_ERR(ioctl(pty_slave, 0x5499, &t), ENOTTY);
	CHECK_ERR(lseek(pty_slave, 0, SEEK_SET), ESPIPE);
}
CASE(available_bytes)
{
	int n;

	pty_open();
	pty_type("abc");
	CHECK_EQ(pty_avail(pty_slave), 0);	/* no whole line yet */
	pty_type("d\n");
	pty_wait(5);
	CHECK_OK(ioctl(pty_slave, TIOCOUTQ, &n));
	CHECK_GE(n, 0);
}
CASE(simulated_input)
{
	pty_open();
	CHECK_OK(ioctl(pty_slave, TIOCSTI, "z"));
	CHECK_OK(ioctl(pty_slave, TIOCSTI, "\n"));
	SLAVE_READS("z\n");
}
CASE(line_discipline_number)
{
	int n = 77;

	pty_open();
	CHECK_OK(ioctl(pty_slave, TIOCGETD, &n));
	CHECK_EQ(n, 0);
	CHECK_OK(ioctl(pty_slave, TIOCSETD, &n));
	n = 29;
	CHECK_ERR(ioctl(pty_slave, TIOCSETD, &n), EINVAL);
}
CASE(exclusive)
{
	pid_t p;

	pty_open();
	CHECK_OK(ioctl(pty_slave, TIOCEXCL, 0));
	CHECK_OK(chmod(pty_name, 0666));
	CHILD(p) {
		kt_become(1000, 1000);
		CHECK_ERR(open(pty_name, O_RDWR | O_NOCTTY), EBUSY);
	}
	WAIT_EXIT(p, 0);
	CHECK_OK(ioctl(pty_slave, TIOCNXCL, 0));
	CHILD(p) {
		kt_become(1000, 1000);
		CHECK_OK(open(pty_name, O_RDWR | O_NOCTTY));
	}
	WAIT_EXIT(p, 0);
}

/* SPDX-License-Identifier: MPL-2.0 */
/* O_ASYNC: SIGIO to the owner when a descriptor becomes ready, F_SETSIG with siginfo. */
#include "ktest_user.h"

static volatile sig_atomic_t got, band, sfd, code;
static void on_io(int s, siginfo_t *si, void *c)
{
	got = s;
	band = si->si_band;
	sfd = si->si_fd;
	code = si->si_code;
}
CASE(pipe_sigio)
{
	int p[2];

	CHECK_OK(pipe(p));
	kt_handle_info(SIGIO, on_io, 0);
	CHECK_OK(fcntl(p[0], F_SETOWN, getpid()));
	CHECK_OK(fcntl(p[0], F_SETFL, O_ASYNC));
	CHECK_EQ(fcntl(p[0], F_GETFL) & O_ASYNC, O_ASYNC);
	CHECK_EQ(write(p[1], "x", 1), 1);
	CHECK_EQ(got, SIGIO);
	got = 0;
	CHECK_OK(fcntl(p[0], F_SETFL, 0));
	CHECK_EQ(write(p[1], "x", 1), 1);
	CHECK_EQ(got, 0);
}
CASE(own_signal)
{
	int p[2];

	CHECK_OK(pipe(p));
	kt_handle_info(SIGRTMIN + 1, on_io, 0);
	CHECK_OK(fcntl(p[0], F_SETOWN, getpid()));
	CHECK_OK(fcntl(p[0], F_SETSIG, SIGRTMIN + 1));
	CHECK_OK(fcntl(p[0], F_SETFL, O_ASYNC));
	CHECK_EQ(write(p[1], "x", 1), 1);
	CHECK_EQ(got, SIGRTMIN + 1);
	CHECK_EQ(sfd, p[0]);
	CHECK_EQ(code, POLL_IN);
	CHECK_EQ(band & POLLIN, POLLIN);
}

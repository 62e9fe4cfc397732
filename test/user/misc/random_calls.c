/* SPDX-License-Identifier: MPL-2.0 */
/* Calls with random numbers and arguments by seed, many processes: the kernel stays whole. */
#include "ktest_user.h"

static uint64_t s;
static uint64_t rnd(void)
{
	s ^= s >> 12;
	s ^= s << 25;
	s ^= s >> 27;
	return s * 0x2545f4914f6cdd1dULL;
}
CASE(storm)
{
	static const int never[] = { SYS_reboot, SYS_settimeofday, SYS_clock_settime, SYS_adjtimex, SYS_clock_adjtime };
	static const uint64_t values[] = { 0, 1, 2, 4095, 4096, 65536, -1UL, -4096UL, 1UL << 31, 1UL << 32, 1UL << 47,
		0x7ffffffff000, 0xffff800000000000, 0xffffffff80000000, 0x7fffffffffffffff };
	struct timespec patience = { 0, 300000000 };
	char *mem = kt_map(16, PROT_READ | PROT_WRITE);
	sigset_t chld;

	sigemptyset(&chld);
	sigaddset(&chld, SIGCHLD);
	CHECK_OK(sigprocmask(SIG_BLOCK, &chld, NULL));
	CHECK_OK(chmod(".", 0777));
	for (int i = 0; i < 25; i++) {
		int st;
		pid_t p = fork();

		CHECK_GE(p, 0);
		if (p == 0) {
			struct rlimit rl = { 30, 30 };

			sigprocmask(SIG_UNBLOCK, &chld, NULL);
			setsid();	/* kill(0) and kill(-1) hit nobody else of ours */
			alarm(2);
			setrlimit(RLIMIT_NPROC, &rl);
			rl.rlim_cur = rl.rlim_max = 256 << 20;
			setrlimit(RLIMIT_AS, &rl);
			kt_become(40000 + i, 40000);	/* nor anybody of another user */
			s = i * 7919 + 1;
			for (int k = 0; k < 300; k++) {
				int nr = rnd() % 450;
				uint64_t a[6];

				for (size_t n = 0; n < ARRAY_SIZE(never); n++)
					if (nr == never[n])
						nr = SYS_getpid;
				for (int n = 0; n < 6; n++)
					switch (rnd() % 3) {
					case 0:
						a[n] = values[rnd() % ARRAY_SIZE(values)];
						break;
					case 1:
						a[n] = rnd() % 100;
						break;
					default:
						a[n] = (uint64_t)mem + rnd() % (16 * PG);
					}
				syscall(nr, a[0], a[1], a[2], a[3], a[4], a[5]);
			}
			kill(-getpid(), SIGKILL);
			_exit(0);
		}
		/* It may have stopped itself or hang: it gets 300 ms. */
		sigtimedwait(&chld, NULL, &patience);
		kill(-p, SIGKILL);
		kill(p, SIGKILL);
		waitpid(p, &st, 0);
	}
}

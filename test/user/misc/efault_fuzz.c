/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Every call with bad pointers in every argument: an errno or the program's own death, never
 * the kernel's.
 */
#include "ktest_user.h"

static bool excluded(int nr)
{
	static const int no[] = { SYS_exit, SYS_exit_group, SYS_fork, SYS_vfork, SYS_clone, SYS_clone3, SYS_reboot,
		SYS_pause, SYS_rt_sigreturn, SYS_kill, SYS_tkill, SYS_tgkill, SYS_ptrace, SYS_setsid, SYS_vhangup,
		SYS_kexec_load, SYS_swapon, SYS_swapoff, SYS_settimeofday, SYS_clock_settime, SYS_adjtimex,
		SYS_clock_adjtime, SYS_umount2, SYS_mount, SYS_pivot_root, SYS_chroot, SYS_sethostname,
		SYS_setdomainname, SYS_init_module, SYS_finit_module, SYS_delete_module, SYS_iopl, SYS_ioperm,
		SYS_syslog, SYS_acct, SYS_quotactl, SYS_seccomp, SYS_unshare, SYS_setns, SYS_bpf, SYS_kexec_file_load,
		SYS_rt_sigqueueinfo, SYS_rt_tgsigqueueinfo, SYS_pidfd_send_signal, SYS_sync, SYS_setrlimit,
		SYS_prlimit64, SYS_alarm, SYS_setitimer, SYS_perf_event_open, SYS_userfaultfd, 424 };

	for (size_t i = 0; i < ARRAY_SIZE(no); i++)
		if (no[i] == nr)
			return true;
	return false;
}
static void on_alarm(int sig) { }
/* Makes all calls from *next on; a timer cuts off those that wait. */
static void make_calls(unsigned long bad, _Atomic int *next)
{
	struct itimerval it = { { 0, 2000 }, { 0, 2000 } };
	struct sigaction sa = { .sa_handler = on_alarm };

	kt_become(1000, 1000);
	while (*next < 450 * 64) {
		unsigned long a[6];
		int nr = *next / 64;
		unsigned mask = *next % 64;

		*next += 1 + (mask > 8) * 4;
		if (!mask || excluded(nr))
			continue;
		for (int i = 0; i < 6; i++)
			a[i] = mask >> i & 1 ? bad : 0;
		sigaction(SIGALRM, &sa, NULL);
		setitimer(ITIMER_REAL, &it, NULL);
		syscall(nr, a[0], a[1], a[2], a[3], a[4], a[5]);
	}
	_exit(0);
}
static void fuzz(unsigned long bad)
{
	_Atomic int *next = mmap(NULL, PG, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int st, before;
	pid_t p;

	do {	/* a call may well kill its process: another one goes on behind it */
		before = *next;
		CHILD(p)
			make_calls(bad, next);
		while (waitpid(p, &st, 0) < 0 && errno == EINTR)
			;
		CHECK(st == 0 || *next > before);
	} while (st != 0);
}
CASE(null_page)
{
	fuzz(8);
}
CASE(kernel_half)
{
	fuzz(0xffff888000001000);
}
CASE(minus_one)
{
	fuzz(-1UL);
}
CASE(end_of_user_space)
{
	fuzz(0x7ffffffffff8);
}

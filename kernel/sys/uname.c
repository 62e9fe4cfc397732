/* SPDX-License-Identifier: MPL-2.0 */
/* What the system is called, how it does, and its end: uname, sethostname, sysinfo, reboot, personality. */
#include <base/math.h>
#include <base/string.h>
#include <core/clock.h>
#include <core/machine.h>
#include <core/page.h>
#include <core/printk.h>
#include <core/rcu.h>
#include <core/work.h>
#include <kernel/ns.h>
#include <kernel/reboot.h>
#include <kernel/signal.h>
#include <kernel/syscall.h>
#include <kernel/task.h>
#include <mm/swap.h>
#include <uapi/linux/reboot.h>

long sys_uname(uout_new_utsname name)
{
	struct uts_ns *ns = current->nsproxy->uts;
	struct new_utsname n;

	spin_lock(&ns->lock);
	n = ns->name;
	spin_unlock(&ns->lock);
	return copy_out(name, &n);
}

static long set_name(uin_void name, int len, char *to)
{
	struct uts_ns *ns = current->nsproxy->uts;
	char buf[__NEW_UTS_LEN + 1] = "";

	if (!ns_capable(current_cred(), ns->user_ns, CAP_SYS_ADMIN))
		return -EPERM;
	if (len < 0 || len > __NEW_UTS_LEN)
		return -EINVAL;
	if (copy_in_bytes(buf, uptr_addr(name), (size_t)len))
		return -EFAULT;
	spin_lock(&ns->lock);
	memcpy(to, buf, sizeof(buf));
	spin_unlock(&ns->lock);
	return 0;
}

long sys_sethostname(uin_void name, int len)
{
	return set_name(name, len, current->nsproxy->uts->name.nodename);
}

long sys_setdomainname(uin_void name, int len)
{
	return set_name(name, len, current->nsproxy->uts->name.domainname);
}

long sys_sysinfo(uout_sysinfo info)
{
	struct sysinfo s = { 0 };
	u64 avg[3];

	s.uptime = (s64)((clock_boottime_ns() + NSEC_PER_SEC - 1) / NSEC_PER_SEC);
	sched_loadavg(avg);
	for (int i = 0; i < 3; i++)
		s.loads[i] = avg[i] << (SI_LOAD_SHIFT - 11);
	s.totalram = mem_total_pages() * PAGE_SIZE;
	s.freeram = mem_free_pages() * PAGE_SIZE;
	s.sharedram = (u64)max_t(s64, vm_counter_read(VM_SHMEM), 0) * PAGE_SIZE;
	s.totalswap = swap_total_pages() * PAGE_SIZE;
	s.freeswap = swap_free_pages() * PAGE_SIZE;
	s.procs = (u16)min_t(int, atomic_read(&nr_threads_total), 0xffff);
	s.mem_unit = 1;
	return copy_out(info, &s);
}

long sys_personality(u32 persona)
{
	u32 old = current->personality;

	if (persona != 0xffffffffu)
		current->personality = persona;
	return (long)old;
}

int cad_reboots = 1;		/* [a] kernel.ctrl-alt-del */

static void cad_fn(struct work *w)
{
	struct task *init;

	if (READ_ONCE(cad_reboots)) {
		console_flush();
		machine_restart();
	}
	rcu_read_lock();
	init = pid_find_ns(1, &init_pid_ns) ? pid_task(pid_find_ns(1, &init_pid_ns), PIDTYPE_TGID) : NULL;
	if (init)
		(void)signal_send(init, SIGINT, SEND_PRIV, SIG_TO_PROCESS);
	rcu_read_unlock();
}

void ctrl_alt_del(void)
{
	static struct work cad_work = { .link = LIST_HEAD_INIT(cad_work.link), .fn = cad_fn };

	work_queue(system_wq, &cad_work);
}

static __noreturn void end_system(const char *what, __noreturn void (*how)(void))
{
	pr_notice("reboot: %s\n", what);
	console_flush();
	console_write_atomic("", 0);	/* what programs wrote may still wait in the drivers */
	how();
}

long sys_reboot(int magic1, int magic2, unsigned int cmd, uin_void arg)
{
	char text[256];
	ssize_t n;

	if (!capable(CAP_SYS_BOOT))
		return -EPERM;
	if ((u32)magic1 != LINUX_REBOOT_MAGIC1 ||
	    (magic2 != LINUX_REBOOT_MAGIC2 && magic2 != LINUX_REBOOT_MAGIC2A &&
	     magic2 != LINUX_REBOOT_MAGIC2B && magic2 != LINUX_REBOOT_MAGIC2C))
		return -EINVAL;
	switch (cmd) {
	case LINUX_REBOOT_CMD_CAD_ON:
		cad_reboots = 1;
		return 0;
	case LINUX_REBOOT_CMD_CAD_OFF:
		cad_reboots = 0;
		return 0;
	case LINUX_REBOOT_CMD_RESTART:
		end_system("Restarting system", machine_restart);
	case LINUX_REBOOT_CMD_RESTART2:
		n = strncpy_in(text, (uin_str){ .addr = arg.addr }, sizeof(text));
		if (n == -EFAULT)
			return -EFAULT;
		end_system("Restarting system with command", machine_restart);
	case LINUX_REBOOT_CMD_HALT:
		end_system("System halted", machine_halt);
	case LINUX_REBOOT_CMD_POWER_OFF:
		end_system("Power down", machine_power_off);
	default:
		return -EINVAL;
	}
}

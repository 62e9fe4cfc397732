/* SPDX-License-Identifier: MPL-2.0 */
/* /proc files about the system as a whole. Formats as proc(5) gives them. */
#include <base/err.h>
#include <base/math.h>
#include <base/printf.h>
#include <base/string.h>
#include <core/clock.h>
#include <core/init.h>
#include <core/irq.h>
#include <core/machine.h>
#include <core/page.h>
#include <core/printk.h>
#include <core/slab.h>
#include <core/sysrq.h>
#include <fs/disk.h>
#include <fs/locks.h>
#include <mm/mm.h>
#include <mm/swap.h>
#include <mm/writeback.h>

#include "internal.h"

#define TICK_NS		10000000ull

static int show_version(struct seq_file *s, void *v)
{
	const struct new_utsname *n = &init_uts_ns.name;

	(void)v;
	seq_printf(s, "%s version %s (keel@keel) (%s) %s\n", n->sysname, n->release, __VERSION__, n->version);
	return 0;
}

static int show_cmdline(struct seq_file *s, void *v)
{
	(void)v;
	seq_printf(s, "%s\n", boot_command_line);
	return 0;
}

static int show_uptime(struct seq_file *s, void *v)
{
	u64 up = clock_boottime_ns(), idle = 0;
	struct cpu_times t;
	int cpu;

	(void)v;
	for_each_online_cpu(cpu) {
		sched_cpu_times(cpu, &t);
		idle += t.idle;
	}
	seq_printf(s, "%llu.%02llu %llu.%02llu\n", (unsigned long long)(up / NSEC_PER_SEC),
		   (unsigned long long)(up % NSEC_PER_SEC / TICK_NS), (unsigned long long)(idle / NSEC_PER_SEC),
		   (unsigned long long)(idle % NSEC_PER_SEC / TICK_NS));
	return 0;
}

static int show_loadavg(struct seq_file *s, void *v)
{
	u64 a[3];

	(void)v;
	sched_loadavg(a);
	for (int i = 0; i < 3; i++) {
		u64 x = a[i] + 10;	/* round to hundredths of the 11-bit fraction */

		seq_printf(s, "%llu.%02llu ", (unsigned long long)(x >> 11), (unsigned long long)((x & 2047) * 100 >> 11));
	}
	seq_printf(s, "%llu/%d %d\n", (unsigned long long)sched_nr_running(), atomic_read(&nr_threads_total),
		   READ_ONCE(init_pid_ns.last_pid));
	return 0;
}

static void show_times(struct seq_file *s, const char *name, const struct cpu_times *t)
{
	seq_printf(s, "%s %llu %llu %llu %llu %llu %llu %llu %llu %llu %llu\n", name,
		   (unsigned long long)(t->user / TICK_NS), (unsigned long long)(t->nice / TICK_NS),
		   (unsigned long long)(t->system / TICK_NS), (unsigned long long)(t->idle / TICK_NS),
		   (unsigned long long)(t->iowait / TICK_NS), (unsigned long long)(t->irq / TICK_NS),
		   (unsigned long long)(t->softirq / TICK_NS), (unsigned long long)(t->steal / TICK_NS),
		   (unsigned long long)(t->guest / TICK_NS), (unsigned long long)(t->guest_nice / TICK_NS));
}

static int show_stat(struct seq_file *s, void *v)
{
	struct cpu_times t, sum = { 0 };
	u64 irqs = 0;
	char name[16];
	int cpu;

	(void)v;
	for_each_online_cpu(cpu) {
		sched_cpu_times(cpu, &t);
		sum.user += t.user;
		sum.nice += t.nice;
		sum.system += t.system;
		sum.idle += t.idle;
		sum.iowait += t.iowait;
		sum.irq += t.irq;
		sum.steal += t.steal;
		irqs += irq_total(cpu);
	}
	show_times(s, "cpu ", &sum);
	for_each_online_cpu(cpu) {
		sched_cpu_times(cpu, &t);
		scnprintf(name, sizeof(name), "cpu%d", cpu);
		show_times(s, name, &t);
	}
	seq_printf(s, "intr %llu\nctxt %llu\nbtime %lld\nprocesses %llu\nprocs_running %llu\nprocs_blocked 0\n"
		   "softirq 0 0 0 0 0 0 0 0 0 0 0\n", (unsigned long long)irqs, (unsigned long long)sched_nr_switches(),
		   (long long)((clock_realtime_ns() - (s64)clock_boottime_ns()) / (s64)NSEC_PER_SEC),
		   (unsigned long long)total_forks, (unsigned long long)max_t(u64, sched_nr_running(), 1));
	return 0;
}

static u64 pages(enum vm_counter c)
{
	s64 n = vm_counter_read(c);

	return n < 0 ? 0 : (u64)n;
}

static int show_meminfo(struct seq_file *s, void *v)
{
	u64 total = mem_total_pages(), avail = mem_free_pages(), cached = pages(VM_FILE) + pages(VM_SHMEM);

	(void)v;
	avail += pages(VM_FILE) + pages(VM_SLAB_RECLAIMABLE);
#define KB(name, n)	seq_printf(s, "%-16s%8llu kB\n", name ":", (unsigned long long)(n) << 2)
	KB("MemTotal", total);
	KB("MemFree", mem_free_pages());
	KB("MemAvailable", min(avail, total));
	KB("Buffers", 0);
	KB("Cached", cached);
	KB("SwapCached", pages(VM_SWAPCACHE));
	KB("Active", pages(VM_ACTIVE_ANON) + pages(VM_ACTIVE_FILE));
	KB("Inactive", pages(VM_INACTIVE_ANON) + pages(VM_INACTIVE_FILE));
	KB("Active(anon)", pages(VM_ACTIVE_ANON));
	KB("Inactive(anon)", pages(VM_INACTIVE_ANON));
	KB("Active(file)", pages(VM_ACTIVE_FILE));
	KB("Inactive(file)", pages(VM_INACTIVE_FILE));
	KB("Unevictable", pages(VM_UNEVICTABLE));
	KB("Mlocked", pages(VM_MLOCK));
	KB("SwapTotal", swap_total_pages());
	KB("SwapFree", swap_free_pages());
	KB("Dirty", pages(VM_DIRTY));
	KB("Writeback", pages(VM_WRITEBACK));
	KB("AnonPages", pages(VM_ANON));
	KB("Mapped", pages(VM_MAPPED));
	KB("Shmem", pages(VM_SHMEM));
	KB("KReclaimable", pages(VM_SLAB_RECLAIMABLE));
	KB("Slab", pages(VM_SLAB) + pages(VM_SLAB_RECLAIMABLE));
	KB("SReclaimable", pages(VM_SLAB_RECLAIMABLE));
	KB("SUnreclaim", pages(VM_SLAB));
	KB("KernelStack", pages(VM_KSTACK));
	KB("PageTables", pages(VM_PGTABLE));
	KB("NFS_Unstable", 0);
	KB("Bounce", 0);
	KB("WritebackTmp", 0);
	KB("CommitLimit", mem_commit_limit());
	KB("Committed_AS", pages(VM_COMMITTED));
	KB("VmallocTotal", vmalloc_total_pages());
	KB("VmallocUsed", pages(VM_VMALLOC));
	KB("VmallocChunk", 0);
	KB("Percpu", pages(VM_PERCPU));
#undef KB
	return 0;
}

static int show_vmstat(struct seq_file *s, void *v)
{
	static const struct { const char *name; enum vm_counter c; } rows[] = {
		{ "nr_free_pages", VM_FREE }, { "nr_inactive_anon", VM_INACTIVE_ANON }, { "nr_active_anon", VM_ACTIVE_ANON },
		{ "nr_inactive_file", VM_INACTIVE_FILE }, { "nr_active_file", VM_ACTIVE_FILE },
		{ "nr_unevictable", VM_UNEVICTABLE }, { "nr_mlock", VM_MLOCK }, { "nr_anon_pages", VM_ANON },
		{ "nr_mapped", VM_MAPPED }, { "nr_file_pages", VM_FILE }, { "nr_dirty", VM_DIRTY },
		{ "nr_writeback", VM_WRITEBACK }, { "nr_shmem", VM_SHMEM }, { "nr_page_table_pages", VM_PGTABLE },
		{ "nr_slab_reclaimable", VM_SLAB_RECLAIMABLE }, { "nr_slab_unreclaimable", VM_SLAB },
		{ "nr_kernel_map", VM_KERNEL_MAP },	/* not in Linux's list: the leak test wants it */
		{ "pgalloc_normal", VM_EV_ALLOC }, { "pgfree", VM_EV_FREE }, { "pgfault", VM_EV_FAULT },
		{ "pgmajfault", VM_EV_MAJFAULT },
		{ "nr_swapcached", VM_SWAPCACHE }, { "pswpin", VM_EV_SWPIN },
		{ "pswpout", VM_EV_SWPOUT }, { "workingset_refault_file", VM_EV_REFAULT },
		{ "workingset_activate_file", VM_EV_ACTIVATE }, { "pgscan", VM_EV_SCAN }, { "pgsteal", VM_EV_STEAL },
		{ "oom_kill", VM_EV_OOM },
		{ "nr_dirtied", VM_EV_DIRTIED }, { "nr_written", VM_EV_WRITTEN },
	};
	struct dirty_limits limits;

	(void)v;
	for (unsigned int i = 0; i < ARRAY_SIZE(rows); i++)
		seq_printf(s, "%s %llu\n", rows[i].name, (unsigned long long)pages(rows[i].c));
	dirty_limits(&limits);
	seq_printf(s, "nr_dirty_threshold %llu\nnr_dirty_background_threshold %llu\n", (unsigned long long)limits.limit,
		   (unsigned long long)limits.background);
	/* In KiB, as everywhere. */
	seq_printf(s, "pgpgin %llu\npgpgout %llu\n", (unsigned long long)pages(VM_EV_PGPGIN) / 2,
		   (unsigned long long)pages(VM_EV_PGPGOUT) / 2);
	return 0;
}

static int show_cpuinfo(struct seq_file *s, void *v)
{
	struct cpu_info c;
	int cpu;

	(void)v;
	for_each_online_cpu(cpu) {
		cpu_info_get(cpu, &c);
		seq_printf(s, "processor\t: %d\nvendor_id\t: %s\ncpu family\t: %u\nmodel\t\t: %u\nmodel name\t: %s\n"
			   "stepping\t: %u\n", cpu, c.vendor, c.family, c.model, c.model_name, c.stepping);
		seq_printf(s, "microcode\t: 0x%x\ncpu MHz\t\t: %u.000\ncache size\t: %u KB\nphysical id\t: %u\nsiblings\t: %u\n"
			   "core id\t\t: %u\ncpu cores\t: %u\napicid\t\t: %u\ninitial apicid\t: %u\n", c.microcode, c.mhz,
			   c.cache_kb, c.physical_id, c.siblings, c.core_id, c.cores, c.apicid, c.apicid);
		seq_printf(s, "fpu\t\t: yes\nfpu_exception\t: yes\ncpuid level\t: 13\nwp\t\t: yes\nflags\t\t: %s\nbugs\t\t: %s\n"
			   "bogomips\t: %u.00\n", c.flags, c.bugs ? c.bugs : "", c.mhz * 2);
		seq_printf(s, "clflush size\t: %u\ncache_alignment\t: %u\naddress sizes\t: %u bits physical, %u bits virtual\n"
			   "power management:\n\n", c.clflush_size, c.clflush_size, c.phys_bits, c.virt_bits);
	}
	return 0;
}

static int show_interrupts(struct seq_file *s, void *v)
{
	struct irq_stat *st = kmalloc(sizeof(*st), GFP_KERNEL);
	int irq = 0, cpu;

	(void)v;
	if (!st)
		return -ENOMEM;
	seq_puts(s, "           ");
	for_each_online_cpu(cpu)
		seq_printf(s, "CPU%-8d", cpu);
	seq_putc(s, '\n');
	while (irq_stat_next(&irq, st)) {
		seq_printf(s, "%3d: ", st->irq);
		for_each_online_cpu(cpu)
			seq_printf(s, "%10llu ", (unsigned long long)st->count[cpu]);
		seq_printf(s, "%8s  %s\n", st->chip, st->name);
	}
	kfree(st);
	return 0;
}

static int show_filesystems(struct seq_file *s, void *v)
{
	(void)v;
	fs_types_show(s);
	return 0;
}

static int show_devices(struct seq_file *s, void *v)
{
	(void)v;
	chrdevs_show(s);
	blkdevs_show(s);
	return 0;
}

static int show_locks(struct seq_file *s, void *v)
{
	(void)v;
	locks_show(s);
	return 0;
}

static int show_slabinfo(struct seq_file *s, void *v)
{
	struct slab_info i;

	(void)v;
	seq_puts(s, "slabinfo - version: 2.1\n# name            <active_objs> <num_objs> <objsize> <objperslab> <pagesperslab>"
		 " : tunables <limit> <batchcount> <sharedfactor> : slabdata <active_slabs> <num_slabs> <sharedavail>\n");
	for (unsigned int n = 0; slab_info(n, &i); n++) {
		u64 slabs = i.per_slab ? DIV_ROUND_UP(i.total, i.per_slab) : 0;

		seq_printf(s, "%-17s %6llu %6llu %6u %4u %4u : tunables    0    0    0 : slabdata %6llu %6llu      0\n", i.name,
			   (unsigned long long)i.active, (unsigned long long)i.total, i.size, i.per_slab, i.pages_per_slab,
			   (unsigned long long)slabs, (unsigned long long)slabs);
	}
	return 0;
}

static int show_swaps(struct seq_file *s, void *v)
{
	(void)v;
	swaps_show(s);
	return 0;
}

static int show_partitions(struct seq_file *s, void *v)
{
	(void)v;
	partitions_show(s);
	return 0;
}

static int show_diskstats(struct seq_file *s, void *v)
{
	(void)v;
	diskstats_show(s);
	return 0;
}

static int show_empty(struct seq_file *s, void *v)
{
	(void)s, (void)v;
	return 0;
}

/* E enabled, C what /dev/console means, p works in a panic. */
static int show_consoles(struct seq_file *s, void *v)
{
	char name[16];
	bool preferred;

	(void)v;
	for (int i = 0; console_enabled(i, name, sizeof(name), &preferred); i++)
		seq_printf(s, "%-20s -W- (E%c p  )\n", name, preferred ? 'C' : ' ');
	return 0;
}

/* --- sysrq-trigger --- */

static ssize_t sysrq_write(struct file *f, struct kiocb *k, struct iov_iter *from)
{
	size_t n = iov_iter_count(from);
	char c;

	(void)f, (void)k;
	if (!n)
		return 0;
	if (copy_from_iter(&c, 1, from) != 1)
		return -EFAULT;
	iov_iter_advance(from, n - 1);
	sysrq_key(c);
	return (ssize_t)n;
}

static const struct file_ops sysrq_fops = { .write_iter = sysrq_write, .llseek = noop_llseek };

static int system_init(void)
{
	static const struct {
		const char *path;
		umode_t mode;
		int (*show)(struct seq_file *s, void *v);
	} files[] = {
		{ "version", 0444, show_version }, { "cmdline", 0444, show_cmdline }, { "uptime", 0444, show_uptime },
		{ "loadavg", 0444, show_loadavg }, { "stat", 0444, show_stat }, { "meminfo", 0444, show_meminfo },
		{ "vmstat", 0444, show_vmstat }, { "cpuinfo", 0444, show_cpuinfo }, { "interrupts", 0444, show_interrupts },
		{ "filesystems", 0444, show_filesystems }, { "devices", 0444, show_devices }, { "locks", 0444, show_locks },
		{ "slabinfo", 0400, show_slabinfo }, { "swaps", 0444, show_swaps }, { "partitions", 0444, show_partitions },
		{ "diskstats", 0444, show_diskstats }, { "modules", 0444, show_empty }, { "misc", 0444, show_empty },
		{ "consoles", 0444, show_consoles },
	};
	int err = 0;

	for (unsigned int i = 0; i < ARRAY_SIZE(files) && !err; i++)
		err = proc_create(files[i].path, files[i].mode, files[i].show, NULL);
	if (!err)
		err = proc_symlink("mounts", "self/mounts");
	if (!err)
		err = proc_create_fops("sysrq-trigger", 0200, &sysrq_fops, NULL);
	return err;
}
INITCALL_FS(system_init);

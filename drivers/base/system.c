/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The machine in sysfs: /sys/devices/system/{cpu,node}, /sys/class/dmi/id and the files of /sys/kernel.
 * CPUs do not come and go and there is one memory node, so all is made once and read from core when it
 * is shown. What the kernel does not do (hot-plug, suspend, transparent huge pages) has no file.
 */
#include <base/err.h>
#include <base/math.h>
#include <base/printf.h>
#include <base/string.h>
#include <core/clock.h>
#include <core/cpumask.h>
#include <core/init.h>
#include <core/machine.h>
#include <core/page.h>
#include <core/slab.h>
#include <drivers/device.h>
#include <fs/kernfs.h>

/* A file whose text one function makes; ops differ only in show. */
#define SYS_FILE(name_, show_) \
	static const struct kernfs_ops name_##_ops = { .show = show_ }

static void add_file(struct kernfs_node *dir, const char *name, umode_t mode, const struct kernfs_ops *ops, void *priv)
{
	(void)kernfs_create_file(dir, name, mode, PAGE_SIZE, ops, priv);
}

static int text_show(struct seq_file *s, void *priv)
{
	seq_printf(s, "%s\n", (const char *)priv);
	return 0;
}
SYS_FILE(text, text_show);

static void add_text(struct kernfs_node *dir, const char *name, const char *text)
{
	add_file(dir, name, 0444, &text_ops, (void *)text);
}

static int seqnum_show(struct seq_file *s, void *priv)
{
	(void)priv;
	seq_printf(s, "%llu\n", (unsigned long long)uevent_seqnum());
	return 0;
}
SYS_FILE(seqnum, seqnum_show);

/* --- CPU sets as Linux prints them --- */

static void show_list(struct seq_file *s, const struct cpumask *m)
{
	const char *comma = "";

	for (int a = cpumask_first(m), b; a < MAX_CPUS; a = cpumask_next(b, m)) {
		for (b = a; b + 1 < MAX_CPUS && cpumask_test(b + 1, m); b++)
			;
		if (a == b)
			seq_printf(s, "%s%d", comma, a);
		else
			seq_printf(s, "%s%d-%d", comma, a, b);
		comma = ",";
	}
	seq_putc(s, '\n');
}

/* Hexadecimal words of 32 bits with commas between, as many digits as there can be CPUs. */
static void show_mask(struct seq_file *s, const struct cpumask *m)
{
	int words = (nr_cpus + 31) / 32;

	for (int i = words - 1; i >= 0; i--) {
		u32 w = (u32)(m->bits[i / 2] >> (i % 2 * 32));
		int digits = i == words - 1 ? (nr_cpus - 1) % 32 / 4 + 1 : 8;

		seq_printf(s, "%0*x%s", digits, w, i ? "," : "\n");
	}
}

static int mask_list_show(struct seq_file *s, void *priv)
{
	show_list(s, priv);
	return 0;
}
SYS_FILE(mask_list, mask_list_show);

static int mask_show(struct seq_file *s, void *priv)
{
	show_mask(s, priv);
	return 0;
}
SYS_FILE(mask, mask_show);

/* --- topology --- */

enum topo_kind { TOPO_THREADS, TOPO_PACKAGE };

/* CPUs of one core, or of one package. */
static void topo_mask(int cpu, enum topo_kind kind, struct cpumask *m)
{
	struct cpu_info me, other;
	int i;

	cpumask_zero(m);
	cpu_info_get(cpu, &me);
	for_each_online_cpu(i) {
		cpu_info_get(i, &other);
		if (other.physical_id == me.physical_id && (kind == TOPO_PACKAGE || other.core_id == me.core_id))
			cpumask_set(i, m);
	}
}

#define TOPO_FILES(kind, K) \
static int kind##_list_show(struct seq_file *s, void *priv) \
{ \
	struct cpumask m; \
	topo_mask((int)(long)priv, K, &m); \
	show_list(s, &m); \
	return 0; \
} \
SYS_FILE(kind##_list, kind##_list_show); \
static int kind##_show(struct seq_file *s, void *priv) \
{ \
	struct cpumask m; \
	topo_mask((int)(long)priv, K, &m); \
	show_mask(s, &m); \
	return 0; \
} \
SYS_FILE(kind, kind##_show)

TOPO_FILES(threads, TOPO_THREADS);
TOPO_FILES(package, TOPO_PACKAGE);

static int package_id_show(struct seq_file *s, void *priv)
{
	struct cpu_info c;

	cpu_info_get((int)(long)priv, &c);
	seq_printf(s, "%u\n", c.physical_id);
	return 0;
}
SYS_FILE(package_id, package_id_show);

static int core_id_show(struct seq_file *s, void *priv)
{
	struct cpu_info c;

	cpu_info_get((int)(long)priv, &c);
	seq_printf(s, "%u\n", c.core_id);
	return 0;
}
SYS_FILE(core_id, core_id_show);

static void make_topology(struct kernfs_node *cpu, int n)
{
	static const struct {
		const char *name;
		const struct kernfs_ops *ops;
	} files[] = {
		{ "physical_package_id", &package_id_ops }, { "core_id", &core_id_ops },
		{ "thread_siblings", &threads_ops }, { "thread_siblings_list", &threads_list_ops },
		{ "core_cpus", &threads_ops }, { "core_cpus_list", &threads_list_ops },
		{ "core_siblings", &package_ops }, { "core_siblings_list", &package_list_ops },
		{ "package_cpus", &package_ops }, { "package_cpus_list", &package_list_ops },
		{ "die_cpus", &package_ops }, { "die_cpus_list", &package_list_ops },
	};
	struct kernfs_node *dir = kernfs_mkdir(cpu, "topology", 0755, NULL);

	for (unsigned int i = 0; i < ARRAY_SIZE(files); i++)
		add_file(dir, files[i].name, 0444, files[i].ops, (void *)(long)n);
	add_text(dir, "die_id", "0");
}

/* --- vulnerabilities: nothing is mitigated (docs: CPU vulnerabilities) --- */

enum affected { ALL_CPUS, INTEL_ONLY, AMD_ONLY };

static int vulnerability_show(struct seq_file *s, void *priv)
{
	enum affected who = (enum affected)(long)priv;
	struct cpu_info c;
	bool amd, intel;

	cpu_info_get(0, &c);
	amd = streq(c.vendor, "AuthenticAMD") || streq(c.vendor, "HygonGenuine");
	intel = streq(c.vendor, "GenuineIntel");
	seq_puts(s, (who == INTEL_ONLY && amd) || (who == AMD_ONLY && intel) ? "Not affected\n" : "Vulnerable\n");
	return 0;
}
SYS_FILE(vulnerability, vulnerability_show);

static void make_vulnerabilities(struct kernfs_node *cpu)
{
	static const struct {
		const char *name;
		enum affected who;
	} files[] = {
		{ "gather_data_sampling", INTEL_ONLY }, { "itlb_multihit", INTEL_ONLY }, { "l1tf", INTEL_ONLY },
		{ "mds", INTEL_ONLY }, { "meltdown", INTEL_ONLY }, { "mmio_stale_data", INTEL_ONLY },
		{ "reg_file_data_sampling", INTEL_ONLY }, { "retbleed", ALL_CPUS }, { "spec_rstack_overflow", AMD_ONLY },
		{ "spec_store_bypass", ALL_CPUS }, { "spectre_v1", ALL_CPUS }, { "spectre_v2", ALL_CPUS },
		{ "srbds", INTEL_ONLY }, { "tsx_async_abort", INTEL_ONLY },
	};
	struct kernfs_node *dir = kernfs_mkdir(cpu, "vulnerabilities", 0755, NULL);

	for (unsigned int i = 0; i < ARRAY_SIZE(files); i++)
		add_file(dir, files[i].name, 0444, &vulnerability_ops, (void *)(long)files[i].who);
}

/* --- /sys/devices/system/cpu --- */

static int offline_show(struct seq_file *s, void *priv)
{
	struct cpumask m = cpu_possible_mask;
	int cpu;

	for_each_online_cpu(cpu)
		cpumask_clear(cpu, &m);
	show_list(s, &m);
	return 0;
}
SYS_FILE(offline, offline_show);

static int smt_active_show(struct seq_file *s, void *priv)
{
	struct cpumask m;
	int cpu;

	for_each_online_cpu(cpu) {
		topo_mask(cpu, TOPO_THREADS, &m);
		if (cpumask_weight(&m) > 1) {
			seq_puts(s, "1\n");
			return 0;
		}
	}
	seq_puts(s, "0\n");
	return 0;
}
SYS_FILE(smt_active, smt_active_show);

static int uevent_show(struct seq_file *s, void *priv)
{
	seq_puts(s, "DRIVER=processor\n");
	return 0;
}
SYS_FILE(uevent, uevent_show);

/* For links from the node: as many as there are CPUs. */
static struct kernfs_node *cpu_nodes[MAX_CPUS];		/* [I] */

static void make_cpus(struct kernfs_node *cpu)
{
	struct kernfs_node *bus = kernfs_mkdir(sysfs_bus, "cpu", 0755, NULL), *devices;
	char name[16];
	int i;

	devices = kernfs_mkdir(bus, "devices", 0755, NULL);
	for_each_possible_cpu(i) {
		struct kernfs_node *n;

		scnprintf(name, sizeof(name), "cpu%d", i);
		n = kernfs_mkdir(cpu, name, 0755, NULL);
		if (IS_ERR(n))
			return;
		cpu_nodes[i] = n;
		if (cpumask_test(i, &cpu_online_mask))
			make_topology(n, i);
		add_file(n, "uevent", 0444, &uevent_ops, NULL);
		(void)kernfs_symlink(n, "subsystem", bus);
		(void)kernfs_symlink(devices, name, n);
	}
}

static void make_cpu_dir(struct kernfs_node *system)
{
	struct kernfs_node *cpu = kernfs_mkdir(system, "cpu", 0755, NULL), *smt;

	add_file(cpu, "online", 0444, &mask_list_ops, &cpu_online_mask);
	add_file(cpu, "possible", 0444, &mask_list_ops, &cpu_possible_mask);
	add_file(cpu, "present", 0444, &mask_list_ops, &cpu_possible_mask);
	add_file(cpu, "offline", 0444, &offline_ops, NULL);
	add_text(cpu, "isolated", "");
	add_text(cpu, "kernel_max", __stringify(63));
	static_assert(MAX_CPUS == 64, "kernel_max says so");
	smt = kernfs_mkdir(cpu, "smt", 0755, NULL);
	add_file(smt, "active", 0444, &smt_active_ops, NULL);
	add_text(smt, "control", "notimplemented");
	make_cpus(cpu);
	make_vulnerabilities(cpu);
}

/* --- /sys/devices/system/node: one --- */

static int node_meminfo_show(struct seq_file *s, void *priv)
{
	const struct {
		const char *name;
		u64 pages;
	} rows[] = {
		{ "MemTotal:", mem_total_pages() }, { "MemFree:", mem_free_pages() },
		{ "MemUsed:", mem_total_pages() - mem_free_pages() },
		{ "FilePages:", (u64)(vm_counter_read(VM_FILE) + vm_counter_read(VM_SHMEM)) },
		{ "AnonPages:", (u64)vm_counter_read(VM_ANON) }, { "Shmem:", (u64)vm_counter_read(VM_SHMEM) },
		{ "Slab:", (u64)vm_counter_read(VM_SLAB) + (u64)vm_counter_read(VM_SLAB_RECLAIMABLE) },
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(rows); i++)
		seq_printf(s, "Node 0 %-15s%8llu kB\n", rows[i].name,
			   (unsigned long long)rows[i].pages << (PAGE_SHIFT - 10));
	return 0;
}
SYS_FILE(node_meminfo, node_meminfo_show);

static void make_node_dir(struct kernfs_node *system)
{
	static const char *const states[] = { "online", "possible", "has_cpu", "has_memory", "has_normal_memory" };
	struct kernfs_node *dir = kernfs_mkdir(system, "node", 0755, NULL), *node;
	int cpu;

	for (unsigned int i = 0; i < ARRAY_SIZE(states); i++)
		add_text(dir, states[i], "0");
	node = kernfs_mkdir(dir, "node0", 0755, NULL);
	add_file(node, "cpulist", 0444, &mask_list_ops, &cpu_online_mask);
	add_file(node, "cpumap", 0444, &mask_ops, &cpu_online_mask);
	add_text(node, "distance", "10");
	add_file(node, "meminfo", 0444, &node_meminfo_ops, NULL);
	for_each_possible_cpu(cpu) {
		if (!cpu_nodes[cpu])
			continue;
		(void)kernfs_symlink(node, kernfs_name(cpu_nodes[cpu]), cpu_nodes[cpu]);
		(void)kernfs_symlink(cpu_nodes[cpu], "node0", node);
	}
}

/* --- /sys/devices/system/clocksource --- */

static int clocksource_show(struct seq_file *s, void *priv)
{
	seq_printf(s, "%s\n", clock_source_name());
	return 0;
}
SYS_FILE(clocksource, clocksource_show);

static void make_clocksource(struct kernfs_node *system)
{
	struct kernfs_node *dir = kernfs_mkdir(kernfs_mkdir(system, "clocksource", 0755, NULL), "clocksource0", 0755, NULL);

	add_file(dir, "current_clocksource", 0444, &clocksource_ops, NULL);
}

/* --- /sys/class/dmi/id --- */

static const struct {
	const char *name, *code;	/* code: in modalias */
	umode_t mode;
} dmi_fields[] = {
	{ "bios_vendor", "bvn", 0444 }, { "bios_version", "bvr", 0444 }, { "bios_date", "bd", 0444 },
	{ "sys_vendor", "svn", 0444 }, { "product_name", "pn", 0444 }, { "product_version", "pvr", 0444 },
	{ "board_vendor", "rvn", 0444 }, { "board_name", "rn", 0444 }, { "board_version", "rvr", 0444 },
	{ "chassis_vendor", "cvn", 0444 }, { "chassis_version", "cvr", 0444 }, { "product_sku", "sku", 0444 },
	{ "product_family", NULL, 0444 }, { "product_serial", NULL, 0400 }, { "board_serial", NULL, 0400 },
	{ "board_asset_tag", NULL, 0444 }, { "chassis_serial", NULL, 0400 }, { "chassis_asset_tag", NULL, 0444 },
};

/* What separates fields or cannot be printed is left out. */
static int dmi_modalias_show(struct seq_file *s, void *priv)
{
	seq_puts(s, "dmi:");
	for (unsigned int i = 0; i < ARRAY_SIZE(dmi_fields); i++) {
		const char *text = dmi_fields[i].code ? dmi_string(dmi_fields[i].name) : NULL;

		if (!text)
			continue;
		seq_puts(s, dmi_fields[i].code);
		for (; *text; text++)
			if (*text > ' ' && *text < 127 && *text != ':')
				seq_putc(s, *text);
		seq_putc(s, ':');
	}
	seq_putc(s, '\n');
	return 0;
}
SYS_FILE(dmi_modalias, dmi_modalias_show);

static void make_dmi(void)
{
	struct device *d;

	if (!dmi_string("sys_vendor") && !dmi_string("bios_vendor"))
		return;
	d = device_create("dmi", NULL, mkdev(0, 0), "id", 0, NULL);
	if (IS_ERR(d))
		return;
	for (unsigned int i = 0; i < ARRAY_SIZE(dmi_fields); i++) {
		const char *text = dmi_string(dmi_fields[i].name);

		if (text)
			add_file(d->node, dmi_fields[i].name, dmi_fields[i].mode, &text_ops, (void *)text);
	}
	add_file(d->node, "modalias", 0444, &dmi_modalias_ops, NULL);
}

static int system_init(void)
{
	struct kernfs_node *system = kernfs_mkdir(sysfs_devices, "system", 0755, NULL);

	if (IS_ERR(system))
		return (int)PTR_ERR(system);
	make_cpu_dir(system);
	make_node_dir(system);
	make_clocksource(system);
	make_dmi();
	add_file(sysfs_kernel, "uevent_seqnum", 0444, &seqnum_ops, NULL);
	add_text(sysfs_kernel, "fscaps", "1");
	return 0;
}
INITCALL_DRIVER(system_init);

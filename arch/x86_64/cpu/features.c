/* SPDX-License-Identifier: MPL-2.0 */
/*
 * CPU features: read once on the boot CPU, minus what the command line switches off; the control
 * registers of each CPU; instruction alternatives; the text of /proc/cpuinfo.
 */
#include <asm/alternative.h>
#include <asm/apic.h>
#include <asm/boot.h>
#include <asm/cpu.h>
#include <asm/desc.h>
#include <asm/features.h>
#include <asm/layout.h>
#include <asm/pgtable.h>
#include <base/bits.h>
#include <base/string.h>
#include <core/hooks.h>
#include <core/init.h>
#include <core/machine.h>
#include <core/mm_init.h>
#include <core/printk.h>

u64 x86_features[2] __ro_after_init;
static u32 family, model, stepping, phys_bits __ro_after_init = 36, virt_bits __ro_after_init = 48;

struct feature_desc {
	const char *name;
	u8 leaf, reg, bit;
};

static const struct feature_desc descs[X86_NR_FEATURES] = {
#define X(sym, name, leaf, reg, bit)	[X86_##sym] = { name, leaf, reg, bit },
	X86_FEATURES(X)
#undef X
};
static_assert(X86_NR_FEATURES <= 128, "x86_features has room for 128");

static void feature_clear(enum x86_feature f) { x86_features[f / 64] &= ~BIT(f % 64); }

static void __init read_leaves(struct cpuid_regs leaf[7])
{
	u32 max = cpuid(0, 0).eax, max_ext = cpuid(0x80000000, 0).eax;

	leaf[0] = cpuid(1, 0);
	if (max >= 7)
		leaf[1] = cpuid(7, 0);
	if (max_ext >= 0x80000001)
		leaf[2] = cpuid(0x80000001, 0);
	if (max_ext >= 0x80000007)
		leaf[3] = cpuid(0x80000007, 0);
	if (max >= 0xd)
		leaf[4] = cpuid(0xd, 1);
	if (max_ext >= 0x80000008) {
		leaf[5] = cpuid(0x80000008, 0);
		phys_bits = leaf[5].eax & 0xff;
		virt_bits = leaf[5].eax >> 8 & 0xff;
	}
}

static bool __init hypervisor_is(const char *name)
{
	struct cpuid_regs r;

	if (!cpu_has(X86_HYPERVISOR))
		return false;
	r = cpuid(0x40000000, 0);
	return !memcmp(&r.ebx, name, 12);
}

/* What needs another feature goes with it. */
static void __init drop_dependent(void)
{
	if (!cpu_has(X86_XSAVE)) {
		feature_clear(X86_XSAVEOPT);
		feature_clear(X86_XSAVEC);
		feature_clear(X86_XSAVES);
		feature_clear(X86_XGETBV1);
		feature_clear(X86_AVX);
		feature_clear(X86_PKU);
	}
	if (!cpu_has(X86_AVX)) {
		feature_clear(X86_AVX2);
		feature_clear(X86_FMA);
		feature_clear(X86_F16C);
		feature_clear(X86_AVX512F);
	}
	if (!cpu_has(X86_AVX512F)) {
		feature_clear(X86_AVX512DQ);
		feature_clear(X86_AVX512CD);
		feature_clear(X86_AVX512BW);
		feature_clear(X86_AVX512VL);
	}
	/* Nobody switches PKRU between tasks yet, and there is no pkey_mprotect(). */
	feature_clear(X86_PKU);
	if (!cpu_has(X86_PGE))
		feature_clear(X86_PCID);
}

void __init features_init(void)
{
	struct cpuid_regs leaf[7] = { 0 };
	u32 sig;

	read_leaves(leaf);
	for (u32 f = 0; f < X86_NR_FEATURES; f++) {
		const struct cpuid_regs *l = &leaf[descs[f].leaf];
		const u32 regs[4] = { l->eax, l->ebx, l->ecx, l->edx };

		if (regs[descs[f].reg] >> descs[f].bit & 1)
			x86_features[f / 64] |= BIT(f % 64);
	}
	/* TCG runs rep byte by byte, whatever CPUID says: wide moves serve it better. */
	if (hypervisor_is("TCGTCGTCGTCG"))
		x86_features[X86_VEC_COPY / 64] |= BIT(X86_VEC_COPY % 64);
	else if (cpu_has(X86_ERMS))
		x86_features[X86_REP_GOOD / 64] |= BIT(X86_REP_GOOD % 64);
	sig = leaf[0].eax;
	stepping = sig & 15;
	model = sig >> 4 & 15;
	family = sig >> 8 & 15;
	if (family == 6 || family == 15)
		model |= (sig >> 16 & 15) << 4;
	if (family == 15)
		family += sig >> 20 & 0xff;
}

/* no<name> for each, looked for in the line itself: a parameter each would be ninety entries. */
void __init features_apply_switches(void)
{
	for (u32 f = 0; f < X86_NR_FEATURES; f++) {
		const char *p = boot_command_line;
		char word[32] = "no";
		size_t n;

		if (strscpy(word + 2, descs[f].name, sizeof(word) - 2) <= 0)
			continue;
		n = strlen(word);
		for (; (p = strstr(p, word)) != NULL; p += n)
			if ((p == boot_command_line || p[-1] == ' ') && (p[n] == '\0' || p[n] == ' '))
				feature_clear((enum x86_feature)f);
	}
	drop_dependent();
	pt_nx_mask = cpu_has(X86_NX) ? _PAGE_NX : 0;
	pr_info("CPU %s%s%s%s%s%s%s%s%s%s\n", cpu_has(X86_HYPERVISOR) ? "(guest)" : "(bare metal)",
		cpu_has(X86_NX) ? " nx" : "", cpu_has(X86_SMEP) ? " smep" : "", cpu_has(X86_SMAP) ? " smap" : "",
		cpu_has(X86_UMIP) ? " umip" : "", cpu_has(X86_FSGSBASE) ? " fsgsbase" : "",
		cpu_has(X86_PCID) ? " pcid" : "", cpu_has(X86_INVPCID) ? " invpcid" : "",
		cpu_has(X86_GBPAGES) ? " 1g-pages" : "", cpu_has(X86_X2APIC) ? " x2apic" : "");
}

/* Control registers and MSRs of this CPU; XSAVE's part is fpu_cpu_init(). */
void features_cpu_setup(void)
{
	u64 cr4 = read_cr4() & (CR4_PAE | CR4_PGE | CR4_MCE);

	if (cpu_has(X86_NX))
		wrmsr(MSR_EFER, rdmsr(MSR_EFER) | EFER_NXE | EFER_SCE);
	else
		wrmsr(MSR_EFER, rdmsr(MSR_EFER) | EFER_SCE);
	cr4 |= CR4_PAE | CR4_OSFXSR | CR4_OSXMMEXCPT;
	if (cpu_has(X86_PGE))
		cr4 |= CR4_PGE;
	if (cpu_has(X86_DE))
		cr4 |= CR4_DE;
	if (cpu_has(X86_MCE))
		cr4 |= CR4_MCE;
	if (cpu_has(X86_SMEP))
		cr4 |= CR4_SMEP;
	if (cpu_has(X86_SMAP))
		cr4 |= CR4_SMAP;
	if (cpu_has(X86_UMIP))
		cr4 |= CR4_UMIP;
	if (cpu_has(X86_FSGSBASE))
		cr4 |= CR4_FSGSBASE;
	if (cpu_has(X86_PKU))
		cr4 |= CR4_PKE;
	write_cr4(cr4);
	/* PCIDE may be set only with PCID 0 loaded, which every CR3 so far has. */
	if (cpu_has(X86_PCID))
		write_cr4(cr4 | CR4_PCIDE);
	write_cr0((read_cr0() & ~(u64)(CR0_EM | CR0_TS)) | CR0_WP | CR0_NE | CR0_MP | CR0_AM);
	/* Entries 0..3: write-back, write-combining, uncached-minus, uncached; 4..7 the same. */
	if (cpu_has(X86_PAT))
		wrmsr(MSR_PAT, 0x0007010600070106ul);
	if (cpu_has(X86_RDTSCP) || cpu_has(X86_RDPID))
		wrmsr(MSR_TSC_AUX, this_cpu_read(percpu_cpu_id));
	__asm__ volatile("mov %0, %%dr7" :: "r"(0x400ul));
}

bool arch_under_hypervisor(void) { return cpu_has(X86_HYPERVISOR); }

/* ---- alternatives ---- */

extern const struct alt_entry __alt_start[], __alt_end[];

/* Longest nops first; each is one instruction. */
static void __init fill_nops(u8 *p, size_t n)
{
	static const u8 nops[9][9] __initdata = {
		{ 0x90 }, { 0x66, 0x90 }, { 0x0f, 0x1f, 0x00 }, { 0x0f, 0x1f, 0x40, 0 }, { 0x0f, 0x1f, 0x44, 0, 0 },
		{ 0x66, 0x0f, 0x1f, 0x44, 0, 0 }, { 0x0f, 0x1f, 0x80, 0, 0, 0, 0 }, { 0x0f, 0x1f, 0x84, 0, 0, 0, 0, 0 },
		{ 0x66, 0x0f, 0x1f, 0x84, 0, 0, 0, 0, 0 },
	};

	while (n) {
		size_t k = n > 9 ? 9 : n;

		memcpy(p, nops[k - 1], k);
		p += k;
		n -= k;
	}
}

/* Text is mapped read-only already: written through the direct map. Interrupts off, one CPU. */
void __init alternatives_apply(void)
{
	for (const struct alt_entry *a = __alt_start; a < __alt_end; a++) {
		const u8 *at = (const u8 *)&a->at + a->at, *rep = (const u8 *)&a->replacement + a->replacement;
		u8 *w = phys_virt(image_phys(at));
		u8 buf[32];

		if (a->len > sizeof(buf) || a->replacement_len > a->len)
			panic("alternative at %p does not fit", (const void *)at);
		if (!a->len)
			continue;
		if (cpu_has((enum x86_feature)a->feature)) {
			memcpy(buf, rep, a->replacement_len);
			/* The one instruction in a replacement that is relative to its place. */
			if (a->replacement_len == 5 && (buf[0] == 0xe9 || buf[0] == 0xe8)) {
				s32 rel;

				memcpy(&rel, buf + 1, 4);
				rel += (s32)(rep - at);
				memcpy(buf + 1, &rel, 4);
			}
			fill_nops(buf + a->replacement_len, (size_t)(a->len - a->replacement_len));
		} else {
			bool all_nops = true;

			for (u32 i = 0; i < a->len; i++)
				all_nops &= at[i] == 0x90;
			if (!all_nops)
				continue;
			fill_nops(buf, a->len);
		}
		memcpy(w, buf, a->len);
	}
	/* Serialise: nothing of the old text may be in flight. */
	cpuid(0, 0);
}

/* ---- core/machine.h ---- */

u64 arch_hwcap(void) { return cpuid(1, 0).edx; }
/* Bit 1: FSGSBASE may be used by programs. */
u64 arch_hwcap2(void) { return cpu_has(X86_FSGSBASE) ? 2 : 0; }

static void brand_string(char out[49])
{
	u32 *w = (u32 *)(void *)out;
	char *s = out;

	memset(out, 0, 49);
	if (cpuid(0x80000000, 0).eax < 0x80000004)
		return;
	for (u32 i = 0; i < 3; i++) {
		struct cpuid_regs r = cpuid(0x80000002 + i, 0);

		memcpy(w + 4 * i, &r, 16);
	}
	while (*s == ' ')
		s++;
	memmove(out, s, strlen(s) + 1);
}

static u32 cache_kb(void)
{
	u32 best = 0;

	if (cpuid(0, 0).eax >= 4) {
		for (u32 i = 0; i < 8; i++) {
			struct cpuid_regs r = cpuid(4, i);
			u32 kb;

			if (!(r.eax & 31))
				break;
			kb = ((r.ebx >> 22) + 1) * ((r.ebx >> 12 & 1023) + 1) * ((r.ebx & 4095) + 1) / 1024 * (r.ecx + 1);
			best = kb > best ? kb : best;
		}
	}
	if (!best && cpuid(0x80000000, 0).eax >= 0x80000006)
		best = cpuid(0x80000006, 0).ecx >> 16;
	return best;
}

void cpu_info_get(int cpu, struct cpu_info *ci)
{
	static char flags[1024];	/* [a] same text by every writer */
	struct cpuid_regs r = cpuid(0, 0);
	char text[sizeof(flags)];
	size_t n = 0;
	u64 ucode;

	memset(ci, 0, sizeof(*ci));
	memcpy(ci->vendor, &r.ebx, 4);
	memcpy(ci->vendor + 4, &r.edx, 4);
	memcpy(ci->vendor + 8, &r.ecx, 4);
	brand_string(ci->model_name);
	if (!ci->model_name[0])
		strscpy(ci->model_name, "unknown", sizeof(ci->model_name));
	ci->family = family;
	ci->model = model;
	ci->stepping = stepping;
	if (rdmsr_safe(MSR_UCODE_REV, &ucode) == 0)
		ci->microcode = (u32)(ucode >> 32);
	ci->mhz = (u32)(tsc_khz() / 1000);
	ci->cache_kb = cache_kb();
	ci->apicid = cpu_apic_id(cpu);
	cpu_topology(cpu, &ci->physical_id, &ci->core_id, &ci->cores, &ci->siblings);
	ci->phys_bits = phys_bits;
	ci->virt_bits = virt_bits;
	ci->clflush_size = cpu_has(X86_CLFLUSH) ? (cpuid(1, 0).ebx >> 8 & 0xff) * 8 : 64;
	for (u32 f = 0; f < X86_NR_FEATURES; f++) {
		size_t len = strlen(descs[f].name);

		if (!cpu_has((enum x86_feature)f) || !len || n + len + 2 > sizeof(text))
			continue;
		if (n)
			text[n++] = ' ';
		memcpy(text + n, descs[f].name, len);
		n += len;
	}
	text[n] = '\0';
	memcpy(flags, text, n + 1);
	ci->flags = flags;
	ci->bugs = streq(ci->vendor, "GenuineIntel") ? "cpu_meltdown spectre_v1 spectre_v2 spec_store_bypass l1tf mds" :
		   "sysret_ss_attrs spectre_v1 spectre_v2 spec_store_bypass";
}

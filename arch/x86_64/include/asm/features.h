/* SPDX-License-Identifier: MPL-2.0 */
/*
 * What the CPU can do: bits of our own, filled from CPUID by cpu/features.c, each with a switch
 * `no<name>` on the command line. The boot CPU decides; the others must have the same.
 * X(symbol, name, leaf index, register 0..3 = eax..edx, bit)
 */
#ifndef ASM_FEATURES_H
#define ASM_FEATURES_H

/* leaf index: 0: 1, 1: 7.0, 2: 80000001, 3: 80000007, 4: d.1, 5: 80000008, 6: none, we decide */
#define X86_FEATURES(X) \
	X(FPU,		"fpu",		0, 3, 0) \
	X(VME,		"vme",		0, 3, 1) \
	X(DE,		"de",		0, 3, 2) \
	X(PSE,		"pse",		0, 3, 3) \
	X(TSC,		"tsc",		0, 3, 4) \
	X(MSR,		"msr",		0, 3, 5) \
	X(PAE,		"pae",		0, 3, 6) \
	X(MCE,		"mce",		0, 3, 7) \
	X(CX8,		"cx8",		0, 3, 8) \
	X(APIC,		"apic",		0, 3, 9) \
	X(SEP,		"sep",		0, 3, 11) \
	X(MTRR,		"mtrr",		0, 3, 12) \
	X(PGE,		"pge",		0, 3, 13) \
	X(MCA,		"mca",		0, 3, 14) \
	X(CMOV,		"cmov",		0, 3, 15) \
	X(PAT,		"pat",		0, 3, 16) \
	X(PSE36,	"pse36",	0, 3, 17) \
	X(CLFLUSH,	"clflush",	0, 3, 19) \
	X(MMX,		"mmx",		0, 3, 23) \
	X(FXSR,		"fxsr",		0, 3, 24) \
	X(SSE,		"sse",		0, 3, 25) \
	X(SSE2,		"sse2",		0, 3, 26) \
	X(SS,		"ss",		0, 3, 27) \
	X(HT,		"ht",		0, 3, 28) \
	X(SYSCALL,	"syscall",	2, 3, 11) \
	X(NX,		"nx",		2, 3, 20) \
	X(MMXEXT,	"mmxext",	2, 3, 22) \
	X(FXSR_OPT,	"fxsr_opt",	2, 3, 25) \
	X(GBPAGES,	"pdpe1gb",	2, 3, 26) \
	X(RDTSCP,	"rdtscp",	2, 3, 27) \
	X(LM,		"lm",		2, 3, 29) \
	X(NONSTOP_TSC,	"nonstop_tsc",	3, 3, 8) \
	X(SSE3,		"pni",		0, 2, 0) \
	X(PCLMULQDQ,	"pclmulqdq",	0, 2, 1) \
	X(SSSE3,	"ssse3",	0, 2, 9) \
	X(FMA,		"fma",		0, 2, 12) \
	X(CX16,		"cx16",		0, 2, 13) \
	X(PCID,		"pcid",		0, 2, 17) \
	X(SSE4_1,	"sse4_1",	0, 2, 19) \
	X(SSE4_2,	"sse4_2",	0, 2, 20) \
	X(X2APIC,	"x2apic",	0, 2, 21) \
	X(MOVBE,	"movbe",	0, 2, 22) \
	X(POPCNT,	"popcnt",	0, 2, 23) \
	X(TSC_DEADLINE,	"tsc_deadline_timer", 0, 2, 24) \
	X(AES,		"aes",		0, 2, 25) \
	X(XSAVE,	"xsave",	0, 2, 26) \
	X(AVX,		"avx",		0, 2, 28) \
	X(F16C,		"f16c",		0, 2, 29) \
	X(RDRAND,	"rdrand",	0, 2, 30) \
	X(HYPERVISOR,	"hypervisor",	0, 2, 31) \
	X(LAHF_LM,	"lahf_lm",	2, 2, 0) \
	X(SVM,		"svm",		2, 2, 2) \
	X(ABM,		"abm",		2, 2, 5) \
	X(SSE4A,	"sse4a",	2, 2, 6) \
	X(3DNOWPREFETCH, "3dnowprefetch", 2, 2, 8) \
	X(FSGSBASE,	"fsgsbase",	1, 1, 0) \
	X(BMI1,		"bmi1",		1, 1, 3) \
	X(AVX2,		"avx2",		1, 1, 5) \
	X(SMEP,		"smep",		1, 1, 7) \
	X(BMI2,		"bmi2",		1, 1, 8) \
	X(ERMS,		"erms",		1, 1, 9) \
	X(INVPCID,	"invpcid",	1, 1, 10) \
	X(MPX,		"mpx",		1, 1, 14) \
	X(AVX512F,	"avx512f",	1, 1, 16) \
	X(AVX512DQ,	"avx512dq",	1, 1, 17) \
	X(RDSEED,	"rdseed",	1, 1, 18) \
	X(ADX,		"adx",		1, 1, 19) \
	X(SMAP,		"smap",		1, 1, 20) \
	X(CLFLUSHOPT,	"clflushopt",	1, 1, 23) \
	X(CLWB,		"clwb",		1, 1, 24) \
	X(AVX512CD,	"avx512cd",	1, 1, 28) \
	X(SHA_NI,	"sha_ni",	1, 1, 29) \
	X(AVX512BW,	"avx512bw",	1, 1, 30) \
	X(AVX512VL,	"avx512vl",	1, 1, 31) \
	X(UMIP,		"umip",		1, 2, 2) \
	X(PKU,		"pku",		1, 2, 3) \
	X(RDPID,	"rdpid",	1, 2, 22) \
	X(FSRM,		"fsrm",		1, 3, 4) \
	X(XSAVEOPT,	"xsaveopt",	4, 0, 0) \
	X(XSAVEC,	"xsavec",	4, 0, 1) \
	X(XGETBV1,	"xgetbv1",	4, 0, 2) \
	X(XSAVES,	"xsaves",	4, 0, 3) \
	X(REP_GOOD,	"rep_good",	6, 0, 0) \
	X(VEC_COPY,	"",		6, 0, 1) \
	X(INVARIANT_TSC, "constant_tsc", 3, 3, 8)

/* The same numbers for assembly's ALTERNATIVE. */
#ifndef __ASSEMBLY__
#include <base/types.h>

enum x86_feature {
#define X(sym, name, leaf, reg, bit)	X86_##sym,
	X86_FEATURES(X)
#undef X
	X86_NR_FEATURES
};

extern u64 x86_features[2];		/* [I] after features_init() */
static inline bool cpu_has(enum x86_feature f) { return x86_features[f / 64] >> (f % 64) & 1; }

/* Boot CPU: read CPUID, apply switches. Then on each CPU: control registers and MSRs. */
void features_init(void);
void features_cpu_setup(void);
/* Replace instructions by what this CPU does better; once, before other CPUs run. */
void alternatives_apply(void);
#endif

#endif

/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Instructions chosen at boot. Assembly: ALTERNATIVE "old", "new", FEATURE; the new one may not be
 * longer than the room, which is padded with nops. C: ALT_ASM(old, new, feature). See cpu/features.c.
 */
#ifndef ASM_ALTERNATIVE_H
#define ASM_ALTERNATIVE_H

#ifdef __ASSEMBLY__
#include <generated/asm_offsets.h>

.macro ALTERNATIVE old, new, feature
661:	\old
662:	.skip	-(((665f - 664f) - (662b - 661b)) > 0) * ((665f - 664f) - (662b - 661b)), 0x90
663:
	.pushsection .altinstructions, "a"
	.long	661b - .
	.long	664f - .
	.word	\feature
	.byte	663b - 661b
	.byte	665f - 664f
	.popsection
	.pushsection .altreplacement, "ax"
664:	\new
665:
	.popsection
.endm

/* SMAP's gate. */
.macro STAC_GATE
	ALTERNATIVE "", "stac", FEAT_SMAP
.endm
.macro CLAC_GATE
	ALTERNATIVE "", "clac", FEAT_SMAP
.endm

/* A fault at `from` continues at `to`. */
.macro EXTABLE from, to
	.pushsection .extable, "a"
	.balign	4
	.long	\from - .
	.long	\to - .
	.popsection
.endm
#else
#include <base/types.h>

struct alt_entry {
	s32 at, replacement;	/* relative to their own fields */
	u16 feature;
	u8 len, replacement_len;
};

struct extable_entry {
	s32 insn, fixup;	/* relative to their own fields */
};
#endif
#endif

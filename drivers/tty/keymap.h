/* SPDX-License-Identifier: MPL-2.0 */
/* The coding of key meanings that KDGKBENT has: K(type, value). */
#ifndef DRIVERS_TTY_KEYMAP_H
#define DRIVERS_TTY_KEYMAP_H

#define K(type, value)	((u16)((type) << 8 | (value)))
#define KTYP(code)	((code) >> 8)
#define KVAL(code)	((code) & 0xff)

enum { KT_LATIN, KT_FN, KT_SPEC, KT_PAD, KT_DEAD, KT_CONS, KT_CUR, KT_SHIFT, KT_META, KT_ASCII, KT_LOCK, KT_LETTER };

#define K_HOLE		K(KT_SPEC, 0)
#define K_ENTER		K(KT_SPEC, 1)
#define K_CONS_LAST	K(KT_SPEC, 6)
#define K_CAPS		K(KT_SPEC, 7)
#define K_NUM		K(KT_SPEC, 8)
#define K_HOLD		K(KT_SPEC, 9)
#define K_SCROLLFORW	K(KT_SPEC, 10)
#define K_SCROLLBACK	K(KT_SPEC, 11)
#define K_BOOT		K(KT_SPEC, 12)
#define K_DECRCONSOLE	K(KT_SPEC, 16)
#define K_INCRCONSOLE	K(KT_SPEC, 17)
#define K_NOSUCHMAP	K(KT_SPEC, 127)
#define K_SHIFT		K(KT_SHIFT, 0)
#define K_ALTGR		K(KT_SHIFT, 1)
#define K_CTRL		K(KT_SHIFT, 2)
#define K_ALT		K(KT_SHIFT, 3)

#endif

/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Classic BPF (kernel/lib/bpf_classic.c): small programs from user space that look at a block of data
 * and return a number. A program that passed its check ends, and reads nothing outside data and its
 * sixteen words of memory: jumps go forward only.
 */
#ifndef BASE_BPF_H
#define BASE_BPF_H

#include <base/compiler.h>
#include <base/types.h>
#include <uapi/linux/filter.h>

/*
 * 0, -ENOMEM, or -EINVAL: opcodes, jumps, constants, and that no memory word is read before it is written.
 */
__must_check int bpf_check(const struct sock_filter *f, u32 len);
/* On top of that, what seccomp allows: aligned words of a block of `size` bytes, no MOD. */
__must_check int bpf_check_words(const struct sock_filter *f, u32 len, u32 size);
/* Run a program that bpf_check_words() passed over `size` bytes of data. */
u32 bpf_run_words(const struct sock_filter *f, const void *data, u32 size);

/*
 * A packet for a program that bpf_check() passed. load() gives `size` (1, 2, 4) bytes at off in host order; off from
 * BPF_SPECIAL on means what SKF_AD_OFF and its kin mean. False: there is no such thing, and the program ends with 0.
 */
#define BPF_SPECIAL	0x80000000u
struct bpf_packet {
	u32 len;
	bool (*load)(const struct bpf_packet *p, u32 off, u32 size, u32 a, u32 x, u32 *value);
};
u32 bpf_run_packet(const struct sock_filter *f, const struct bpf_packet *p);

#endif

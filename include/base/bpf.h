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

#endif

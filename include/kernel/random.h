/* SPDX-License-Identifier: MPL-2.0 */
/* Random numbers (kernel/sys/random.c): ChaCha20 keyed from RDRAND, virtio-rng, timing. */
#ifndef KERNEL_RANDOM_H
#define KERNEL_RANDOM_H

#include <base/compiler.h>
#include <base/types.h>

/* Any context. Cryptographic once seeded. */
void random_bytes(void *buf, size_t n);
u64 random_u64(void);
u32 random_u32_below(u32 bound);
/* Mix in; credit: bits of true entropy. */
void random_add(const void *buf, size_t n, u32 credit_bits);
/* An interrupt happened: cheap timing mix. */
void random_add_irq(u32 irq);
bool random_ready(void);
/* Wait until seeded: 0 or -ERESTARTSYS. May sleep. */
__must_check int random_wait_ready(void);
/* /dev/urandom and getrandom: fill; bytes or -EFAULT. May sleep. */
struct iov_iter;
ssize_t random_read_iter(struct iov_iter *to);

#endif

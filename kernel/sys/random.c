/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Random numbers. Everything unpredictable is hashed into a pool (BLAKE2s); its digest keys ChaCha20. Each
 * request draws a block whose first half becomes the next key, so that a later look at the key does not
 * tell what was given out (fast key erasure). CPUs keep a few words of their own for random_u64().
 *
 * The generator counts as seeded when 256 bits were credited: RDRAND at boot, virtio-rng, interrupt
 * timing; where there is nothing of it, who waits makes some by timing the scheduler. Requests with
 * interrupts off and from interrupts are fine; locks: random_lock only, a leaf.
 */
#include <base/chacha.h>
#include <base/err.h>
#include <base/math.h>
#include <base/string.h>
#include <core/clock.h>
#include <core/init.h>
#include <core/iov_iter.h>
#include <core/machine.h>
#include <core/printk.h>
#include <core/upcall.h>
#include <core/wait.h>
#include <kernel/random.h>
#include <kernel/sched.h>
#include <kernel/syscall.h>
#include <uapi/linux/random.h>

#define SEEDED_BITS	256
#define RESEED_NS	(60 * NSEC_PER_SEC)
#define BATCH		8

static DEFINE_SPINLOCK(random_lock, RANDOM);
static struct blake2s pool;		/* [random_lock] */
static bool pool_ready;			/* [random_lock] */
static u32 key[8];			/* [random_lock] */
static u64 key_time;			/* [random_lock] when it was last mixed with the pool */
static u32 credit;			/* [random_lock; racy reads] bits, up to SEEDED_BITS */
static DEFINE_WAIT_QUEUE(ready_wait);

struct irq_mix {
	u64 state[2];
	u32 count;
};
static DEFINE_PERCPU(struct irq_mix, irq_mix);
static DEFINE_PERCPU(u64 [BATCH], batch);
static DEFINE_PERCPU(u32, batch_left);

/* random_lock held. */
static void pool_add(const void *p, size_t n)
{
	if (!pool_ready) {
		blake2s_init(&pool, 32, NULL, 0);
		pool_ready = true;
	}
	blake2s_update(&pool, p, n);
}

/* Hash the pool, the old key and the hardware's word into a new key; the pool goes on from a part of it. random_lock held. */
static void rekey(void)
{
	u8 digest[32];
	u64 hw = 0, now = arch_entropy_u64();

	if (!arch_random_u64(&hw))
		hw = arch_entropy_u64();
	pool_add(&hw, sizeof(hw));
	pool_add(&now, sizeof(now));
	blake2s_final(&pool, digest);
	blake2s_init(&pool, 32, digest, 32);
	blake2s_update(&pool, key, sizeof(key));
	blake2s_final(&pool, (u8 *)key);
	blake2s_init(&pool, 32, digest, 32);
	blake2s_update(&pool, &now, sizeof(now));
	key_time = clock_monotonic_ns();
}

/* One block: half replaces the key, the rest is the caller's. random_lock held. */
static void draw(u8 out[32])
{
	static const u32 nonce[3];
	u32 state[16];
	u8 block[64];

	chacha20_init(state, key, nonce);
	chacha20_block(state, block);
	memcpy(key, block, 32);
	memcpy(out, block + 32, 32);
}

/* For more than 32 bytes a key of its own is drawn and expanded outside the lock. */
void random_bytes(void *buf, size_t n)
{
	static const u32 nonce[3];
	u32 own[8], state[16];
	u8 block[64], *p = buf;
	u64 flags;

	spin_lock_irqsave(&random_lock, flags);
	if (unlikely(!key_time || clock_monotonic_ns() - key_time > RESEED_NS))
		rekey();
	draw((u8 *)own);
	spin_unlock_irqrestore(&random_lock, flags);
	if (n <= sizeof(own)) {
		memcpy(p, own, n);
		return;
	}
	chacha20_init(state, own, nonce);
	while (n) {
		size_t m = min_t(size_t, n, sizeof(block));

		chacha20_block(state, block);
		memcpy(p, block, m);
		p += m;
		n -= m;
	}
}

u64 random_u64(void)
{
	u64 flags = irq_save(), v;
	u64 *b = *this_cpu_ptr(batch);
	u32 left = this_cpu_read(batch_left);

	if (!left) {
		random_bytes(b, BATCH * sizeof(u64));
		left = BATCH;
	}
	v = b[--left];
	b[left] = 0;
	this_cpu_write(batch_left, left);
	irq_restore(flags);
	return v;
}

u32 random_u32_below(u32 bound)
{
	return (u32)(((random_u64() & 0xffffffffu) * bound) >> 32);
}

bool random_ready(void)
{
	return READ_ONCE(credit) >= SEEDED_BITS;
}

void random_add(const void *buf, size_t n, u32 credit_bits)
{
	bool now_ready = false;
	u64 flags;

	spin_lock_irqsave(&random_lock, flags);
	pool_add(buf, n);
	if (credit_bits && credit < SEEDED_BITS) {
		WRITE_ONCE(credit, min_t(u32, credit + credit_bits, SEEDED_BITS));
		if (credit >= SEEDED_BITS) {
			rekey();
			now_ready = true;
		}
	}
	spin_unlock_irqrestore(&random_lock, flags);
	if (now_ready)
		wake_up_all(&ready_wait);
}

/* Interrupts come at times nobody knows: a bit each 64 of them. */
void random_add_irq(u32 irq)
{
	struct irq_mix *m = this_cpu_ptr(irq_mix);
	u64 t = arch_entropy_u64();

	m->state[0] = (m->state[0] ^ t ^ irq) * 0x9e3779b97f4a7c15ull;
	m->state[1] += (m->state[0] << 23 | m->state[0] >> 41) ^ t;
	if (++m->count % 64 == 0)
		random_add(m->state, sizeof(m->state), 1);
}

/* No source: time what schedule() does, a bit a round. */
static void make_entropy(void)
{
	for (int i = 0; i < SEEDED_BITS && !random_ready(); i++) {
		u64 t[2] = { arch_entropy_u64(), 0 };

		schedule_preempt();
		t[1] = arch_entropy_u64();
		random_add(t, sizeof(t), 1);
	}
}

static int random_init(void)
{
	u64 v;
	int n = 0;

	for (int i = 0; i < 8; i++) {
		bool hw = arch_random_u64(&v);

		if (!hw)
			v = arch_entropy_u64();
		random_add(&v, sizeof(v), hw ? 64 : 0);
		n += hw;
	}
	if (!n)
		pr_info("random: no hardware source, seeding takes interrupts or waiting\n");
	return 0;
}
INITCALL_CORE(random_init);

/* May sleep. 0 or -ERESTARTSYS. */
int random_wait_ready(void)
{
	if (likely(random_ready()))
		return 0;
	make_entropy();
	return wait_event_interruptible(&ready_wait, random_ready());
}

/* Fill an iterator; bytes, short only on a fault. A signal ends a long one. */
ssize_t random_read_iter(struct iov_iter *to)
{
	u8 buf[256];
	ssize_t done = 0;

	while (iov_iter_count(to)) {
		size_t n = min_t(size_t, iov_iter_count(to), sizeof(buf)), m;

		random_bytes(buf, n);
		m = copy_to_iter(buf, n, to);
		done += (ssize_t)m;
		if (m < n)
			break;
		if (done % 4096 == 0) {
			if (signal_pending())
				break;
			cond_resched();
		}
	}
	memset(buf, 0, sizeof(buf));
	return done ? done : iov_iter_count(to) ? -EFAULT : 0;
}

long sys_getrandom(uout_void buf, size_t count, unsigned int flags)
{
	struct iov_iter to;
	int err;

	if (flags & ~(GRND_NONBLOCK | GRND_RANDOM | GRND_INSECURE))
		return -EINVAL;
	if ((flags & (GRND_INSECURE | GRND_RANDOM)) == (GRND_INSECURE | GRND_RANDOM))
		return -EINVAL;
	if (!random_ready() && !(flags & GRND_INSECURE)) {
		if (flags & GRND_NONBLOCK)
			return -EAGAIN;
		err = random_wait_ready();
		if (err)
			return err;
	}
	if (count > MAX_RW_COUNT)
		count = MAX_RW_COUNT;
	if (!user_range_ok(uptr_addr(buf), count))
		return -EFAULT;
	iov_iter_ubuf(&to, ITER_DEST, uptr_addr(buf), count);
	return random_read_iter(&to);
}

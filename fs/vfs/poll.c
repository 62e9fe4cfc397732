/* SPDX-License-Identifier: MPL-2.0 */
/*
 * poll(2) and select(2). One pass asks every file for its events and registers on its wait queues;
 * then the task sleeps until one of them wakes it, and the next pass only asks. Who will not sleep does
 * not register. Registrations are kept in a few entries on the stack and, for more files, in pages;
 * each holds its file, unless the descriptor table is ours alone and does that.
 */
#include "internal.h"
#include <base/err.h>
#include <base/math.h>
#include <base/string.h>
#include <core/page.h>
#include <core/upcall.h>
#include <fs/poll.h>
#include <kernel/syscall.h>
#include <kernel/task.h>
#include <kernel/time.h>

#define INLINE_ENTRIES	6

struct poll_entry {
	struct wait_entry wait;
	struct wait_queue *queue;
	struct file *file;		/* ref: keeps the queue alive; NULL: our table does */
	struct poll_wait_state *state;
	u32 events;			/* wanted: others do not wake us */
};

struct poll_page {
	struct poll_page *next;
	unsigned int nr;
	struct poll_entry entries[];
};
#define ENTRIES_PER_PAGE ((PAGE_SIZE - sizeof(struct poll_page)) / sizeof(struct poll_entry))

struct poll_wait_state {
	struct poll_table pt;		/* must be first */
	struct task_core *task;
	struct fd_visit fds;
	u32 triggered;			/* [a] something happened since the pass began */
	int error;
	unsigned int nr_inline;
	struct poll_page *pages;
	struct poll_entry inline_entries[INLINE_ENTRIES];
};

static bool poll_wake(struct wait_entry *w, unsigned int states, u32 key)
{
	struct poll_entry *e = container_of(w, struct poll_entry, wait);

	(void)states;
	if (key & WAKE_POLLFREE)
		list_del_init(&w->link);
	else if (key && !(key & e->events))
		return false;
	WRITE_ONCE(e->state->triggered, 1);
	smp_mb();	/* triggered before the state is looked at; pairs with poll_sleep */
	return sched_wake(e->state->task, TASK_INTERRUPTIBLE);
}

static struct poll_entry *entry_get(struct poll_wait_state *s)
{
	struct poll_page *p = s->pages;

	if (s->nr_inline < INLINE_ENTRIES)
		return &s->inline_entries[s->nr_inline++];
	if (!p || p->nr == ENTRIES_PER_PAGE) {
		p = page_alloc(0, GFP_KERNEL);
		if (!p)
			return NULL;
		p->nr = 0;
		p->next = s->pages;
		s->pages = p;
	}
	return &p->entries[p->nr++];
}

static void poll_queue(struct file *f, struct wait_queue *q, struct poll_table *pt)
{
	struct poll_wait_state *s = (struct poll_wait_state *)pt;
	struct poll_entry *e = entry_get(s);

	if (!e) {
		s->error = -ENOMEM;
		return;
	}
	e->file = s->fds.alone ? NULL : f;
	if (e->file)
		file_get(f);
	e->queue = q;
	e->state = s;
	e->events = pt->events;
	e->wait = (struct wait_entry){ .wake = poll_wake, .task = s->task };
	list_init(&e->wait.link);
	wait_queue_add(q, &e->wait);
}

static void entry_put(struct poll_entry *e)
{
	wait_queue_remove(e->queue, &e->wait);
	if (e->file)
		file_put(e->file);
}

static void poll_state_init(struct poll_wait_state *s)
{
	s->pt.queue = poll_queue;
	s->pt.events = 0;
	s->task = current_core();
	s->fds = fd_visit_begin();
	s->triggered = 0;
	s->error = 0;
	s->nr_inline = 0;
	s->pages = NULL;
}

static void poll_state_free(struct poll_wait_state *s)
{
	for (unsigned int i = 0; i < s->nr_inline; i++)
		entry_put(&s->inline_entries[i]);
	while (s->pages) {
		struct poll_page *p = s->pages;

		for (unsigned int i = 0; i < p->nr; i++)
			entry_put(&p->entries[i]);
		s->pages = p->next;
		page_free(p, 0);
	}
}

/* Sleep unless something was triggered. True: the time is over. */
static bool poll_sleep(struct poll_wait_state *s, u64 deadline)
{
	bool over = false;

	set_current_state(TASK_INTERRUPTIBLE);
	if (!READ_ONCE(s->triggered) && !signal_pending())
		over = schedule_until_slack(deadline, current->timer_slack_ns) == 0;
	set_current_state(TASK_RUNNING);
	smp_store_mb(s->triggered, 0);
	return over;
}

/* --- poll --- */

static inline u32 poll_one(const struct pollfd *p, struct poll_wait_state *s)
{
	u32 events = (u16)p->events | EPOLLERR | EPOLLHUP, got;
	struct fd f;

	if (p->fd < 0)
		return 0;
	f = fd_visit_get(s->fds, p->fd);
	if (unlikely(!f.file))
		return POLLNVAL;
	s->pt.events = events;
	got = vfs_poll(f.file, &s->pt) & events;
	fdput(f);
	return got;
}

static long poll_loop(struct pollfd *fds, u32 nr, u64 deadline)
{
	struct poll_wait_state s;
	bool over = deadline == 0;
	long ready;

	poll_state_init(&s);
	if (over)
		s.pt.queue = NULL;
	for (;;) {
		ready = 0;
		for (u32 i = 0; i < nr; i++) {
			u32 got = poll_one(&fds[i], &s);

			fds[i].revents = (s16)got;
			if (got) {
				ready++;
				s.pt.queue = NULL;	/* we will not sleep */
			}
		}
		s.pt.queue = NULL;	/* all are registered now */
		if (!ready && s.error)
			ready = s.error;
		if (ready || over)
			break;
		if (signal_pending()) {
			ready = -EINTR;
			break;
		}
		over = poll_sleep(&s, deadline);
	}
	poll_state_free(&s);
	return ready;
}

#define STACK_FDS	32

/* copy_out_words16() steps by eight bytes. */
static_assert(sizeof(struct pollfd) == 8, "revents of neighbours are eight bytes apart");

static long poll_do(uio_pollfd u, u32 nr, u64 deadline)
{
	struct pollfd stack[STACK_FDS], *fds = stack;
	long res;

	if (nr > rlimit_cur(RLIMIT_NOFILE))
		return -EINVAL;
	if (nr > STACK_FDS) {
		fds = kvmalloc(nr * sizeof(*fds), GFP_KERNEL);
		if (!fds)
			return -ENOMEM;
	}
	res = copy_in_n(fds, u, nr) ? -EFAULT : poll_loop(fds, nr, deadline);
	/* Only the results: another thread may be changing the rest. */
	if (res >= 0 && copy_out_words16(uaddr(u.addr + offsetof(struct pollfd, revents)), &fds->revents, nr))
		res = -EFAULT;
	if (fds != stack)
		kvfree(fds);
	return res;
}

static long poll_restart(struct restart_block *r)
{
	long res = poll_do((uio_pollfd){ .addr = r->poll.fds }, r->poll.nfds, r->poll.expires);

	return res == -EINTR ? -ERESTART_RESTARTBLOCK : res;
}

long sys_poll(uio_pollfd fds, unsigned int nr, int timeout_ms)
{
	struct restart_block *r = &current->restart;
	u64 deadline = WAIT_FOREVER;
	long res;

	if (timeout_ms >= 0)
		(void)!deadline_from_ns((s64)timeout_ms * 1000000, &deadline);
	res = poll_do(fds, nr, deadline);
	if (res != -EINTR)
		return res;
	r->fn = poll_restart;
	r->poll.fds = fds.addr;
	r->poll.nfds = nr;
	r->poll.expires = deadline;
	return -ERESTART_RESTARTBLOCK;
}

/* End of a call with a temporary mask and a timeout that is written back. */
static long finish_timed(long res, u64 deadline, uaddr_t uts, bool timeval)
{
	if (res == -EINTR) {
		(void)!deadline_rest_to_user(deadline, uts, timeval);
		return -ERESTARTNOHAND;
	}
	signal_restore_mask();
	if (deadline_rest_to_user(deadline, uts, timeval))
		return res;	/* as Linux: a read-only timeout is no error */
	return res;
}

long sys_ppoll(uio_pollfd fds, unsigned int nr, uio_timespec timeout, uin_sigset sigmask, size_t sigsetsize)
{
	u64 deadline;
	long res = deadline_from_user_timespec(uptr_addr(timeout), &deadline);

	if (res)
		return res;
	res = signal_set_user_mask(uptr_addr(sigmask), sigsetsize);
	if (res)
		return res;
	return finish_timed(poll_do(fds, nr, deadline), deadline, uptr_addr(timeout), false);
}

/* --- select --- */

/* Three sets in, three sets out, each nr bits in whole words. */
struct fd_sets {
	unsigned long *in[3], *out[3];
	size_t words;
};

#define SEL_IN	(EPOLLIN | EPOLLRDNORM | EPOLLRDBAND | EPOLLHUP | EPOLLERR)
#define SEL_OUT	(EPOLLOUT | EPOLLWRNORM | EPOLLWRBAND | EPOLLERR)
#define SEL_EX	EPOLLPRI

/* Events of one descriptor, or -EBADF. */
static inline long select_one(u32 fd, u32 want, struct poll_wait_state *state)
{
	struct fd f = fd_visit_get(state->fds, (int)fd);
	u32 got;

	if (unlikely(!f.file))
		return -EBADF;
	state->pt.events = want | EPOLLERR | EPOLLHUP;
	got = vfs_poll(f.file, &state->pt);
	fdput(f);
	return got;
}

/* One word of the sets: members ready, or -EBADF. */
static long select_word(struct fd_sets *s, size_t w, struct poll_wait_state *state)
{
	const unsigned long in = s->in[0][w], out = s->in[1][w], ex = s->in[2][w];
	unsigned long left = in | out | ex, got_in = 0, got_out = 0, got_ex = 0;
	long ready = 0;

	while (left) {
		u32 n = (u32)__builtin_ctzl(left), want = 0;
		unsigned long bit = left & -left;
		long got;

		left ^= bit;
		if (in & bit)
			want = SEL_IN;
		if (out & bit)
			want |= SEL_OUT;
		if (ex & bit)
			want |= SEL_EX;
		got = select_one((u32)w * 64 + n, want, state);
		if (unlikely(got < 0))
			return got;
		if (!(got & want))
			continue;
		if (in & bit && got & SEL_IN) {
			got_in |= bit;
			ready++;
		}
		if (out & bit && got & SEL_OUT) {
			got_out |= bit;
			ready++;
		}
		if (ex & bit && got & SEL_EX) {
			got_ex |= bit;
			ready++;
		}
		state->pt.queue = NULL;	/* we will not sleep */
	}
	s->out[0][w] = got_in;
	s->out[1][w] = got_out;
	s->out[2][w] = got_ex;
	return ready;
}

/* One pass; members ready, or -EBADF. */
static long select_pass(struct fd_sets *s, struct poll_wait_state *state)
{
	long ready = 0, got;

	for (size_t w = 0; w < s->words; w++) {
		got = select_word(s, w, state);
		if (got < 0)
			return got;
		ready += got;
	}
	return ready;
}

static long select_loop(struct fd_sets *s, u64 deadline)
{
	struct poll_wait_state state;
	bool over = deadline == 0;
	long ready;

	poll_state_init(&state);
	if (over)
		state.pt.queue = NULL;
	for (;;) {
		ready = select_pass(s, &state);
		state.pt.queue = NULL;
		if (!ready && state.error)
			ready = state.error;
		if (ready || over)
			break;
		if (signal_pending()) {
			ready = -EINTR;
			break;
		}
		over = poll_sleep(&state, deadline);
	}
	poll_state_free(&state);
	return ready;
}

static int sets_in(struct fd_sets *s, const uaddr_t u[3])
{
	for (int i = 0; i < 3; i++) {
		if (!u[i].v)
			memset(s->in[i], 0, s->words * 8);
		else if (copy_in_bytes(s->in[i], u[i], s->words * 8))
			return -EFAULT;
	}
	return 0;
}

static int sets_out(const struct fd_sets *s, const uaddr_t u[3])
{
	for (int i = 0; i < 3; i++)
		if (u[i].v && copy_out_bytes(u[i], s->out[i], s->words * 8))
			return -EFAULT;
	return 0;
}

#define STACK_WORDS	4

static long select_do(int n, const uaddr_t u[3], u64 deadline)
{
	unsigned long stack[6 * STACK_WORDS], *mem = stack;
	struct fd_sets s;
	u32 nr, max;
	long res;

	if (n < 0)
		return -EINVAL;
	max = files_table_size(current);
	nr = min_t(u32, (u32)n, max);
	s.words = DIV_ROUND_UP((size_t)nr, 64);
	if (s.words > STACK_WORDS) {
		mem = kvmalloc(6 * s.words * 8, GFP_KERNEL);
		if (!mem)
			return -ENOMEM;
	}
	for (size_t i = 0; i < 3; i++) {
		s.in[i] = mem + 2 * i * s.words;
		s.out[i] = s.in[i] + s.words;
	}
	res = sets_in(&s, u);
	/* Bits at and above n in the last word are not members. */
	for (int i = 0; i < 3 && !res && nr % 64; i++)
		s.in[i][s.words - 1] &= (1ul << nr % 64) - 1;
	if (!res)
		res = select_loop(&s, deadline);
	if (res >= 0 && sets_out(&s, u))
		res = -EFAULT;
	if (mem != stack)
		kvfree(mem);
	return res;
}

static int deadline_from_timeval(uaddr_t utv, u64 *deadline)
{
	struct timeval tv;

	*deadline = WAIT_FOREVER;
	if (!utv.v)
		return 0;
	if (copy_in_bytes(&tv, utv, sizeof(tv)))
		return -EFAULT;
	/* As Linux: microseconds may exceed a second. */
	if (tv.tv_sec < 0 || tv.tv_usec < 0)
		return -EINVAL;
	if (tv.tv_sec > 9000000000 || tv.tv_usec > 9000000000000000)
		return 0;
	return deadline_from_ns(tv.tv_sec * 1000000000 + tv.tv_usec * 1000, deadline);
}

long sys_select(int n, uio_void rd, uio_void wr, uio_void ex, uio_timeval timeout)
{
	const uaddr_t sets[3] = { uptr_addr(rd), uptr_addr(wr), uptr_addr(ex) };
	u64 deadline;
	long res = deadline_from_timeval(uptr_addr(timeout), &deadline);

	return res ? res : finish_timed(select_do(n, sets, deadline), deadline, uptr_addr(timeout), true);
}

long sys_pselect6(int n, uio_void rd, uio_void wr, uio_void ex, uio_timespec timeout, uin_sigset_argpack sig)
{
	const uaddr_t sets[3] = { uptr_addr(rd), uptr_addr(wr), uptr_addr(ex) };
	struct sigset_argpack pack = { 0 };
	u64 deadline;
	long res;

	if (!uptr_null(sig) && copy_in(&pack, sig))
		return -EFAULT;
	res = deadline_from_user_timespec(uptr_addr(timeout), &deadline);
	if (!res)
		res = signal_set_user_mask(uaddr((u64)pack.p), pack.size);
	return res ? res : finish_timed(select_do(n, sets, deadline), deadline, uptr_addr(timeout), false);
}

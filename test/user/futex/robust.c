/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Robust lists: the kernel marks a dead owner's locks, wakes a waiter, and clears the tid word.
 */
#include "ktest_user.h"
#include <linux/futex.h>

static long futex(void *a, int op, unsigned v)
{
	return syscall(SYS_futex, a, op, v, NULL, NULL, 0);
}
struct lock {
	struct robust_list list;
	unsigned word;
};
CASE(dead_owner)
{
	struct shared { struct robust_list_head head; struct lock l[3]; } *s;
	pid_t p;

	s = mmap(NULL, PG, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	CHILD(p) {
		s->head.futex_offset = offsetof(struct lock, word) - offsetof(struct lock, list);
		s->head.list.next = &s->l[0].list;
		s->l[0].list.next = &s->l[1].list;
		s->l[1].list.next = &s->head.list;
		s->head.list_op_pending = &s->l[2].list;
		s->l[0].word = gettid();
		s->l[1].word = gettid() | FUTEX_WAITERS;
		s->l[2].word = gettid();
		CHECK_OK(syscall(SYS_set_robust_list, &s->head, sizeof(s->head)));
	}
	WAIT_EXIT(p, 0);
	CHECK_EQ(s->l[0].word, FUTEX_OWNER_DIED);
	CHECK_EQ(s->l[1].word, FUTEX_OWNER_DIED | FUTEX_WAITERS);
	CHECK_EQ(s->l[2].word, FUTEX_OWNER_DIED);
}
CASE(waiter_is_woken)
{
	struct shared { struct robust_list_head head; struct lock l; _Atomic int ready; } *s;
	pid_t p, w;

	s = mmap(NULL, PG, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	CHILD(p) {
		s->head.futex_offset = offsetof(struct lock, word) - offsetof(struct lock, list);
		s->head.list.next = &s->l.list;
		s->l.list.next = &s->head.list;
		s->l.word = gettid() | FUTEX_WAITERS;
		CHECK_OK(syscall(SYS_set_robust_list, &s->head, sizeof(s->head)));
		s->ready = 1;
		for (;;)
			pause();
	}
	while (!s->ready)
		sched_yield();
	unsigned v = s->l.word;
	CHILD(w) {
		CHECK_OK(futex(&s->l.word, FUTEX_WAIT, v));
		CHECK_EQ(s->l.word & FUTEX_OWNER_DIED, FUTEX_OWNER_DIED);
	}
	WAIT_BLOCKED(w);
	CHECK_OK(kill(p, SIGKILL));
	WAIT_SIGNAL(p, SIGKILL);
	WAIT_EXIT(w, 0);
}
CASE(hostile_list)
{
	struct robust_list_head *h = kt_map(1, PROT_READ | PROT_WRITE);
	struct lock *l = (void *)(h + 1);
	pid_t p;

	for (int i = 0; i < 5; i++) {
		CHILD(p) {
			h->futex_offset = i == 3 ? 1UL << 62 : 16;
			h->list.next = i == 0 ? (void *)8 : i == 1 ? (void *)0xffffffff81000000 : &l->list;
			l->list.next = &l->list;	/* endless */
			h->list_op_pending = i == 4 ? (void *)-8L : NULL;
			CHECK_OK(syscall(SYS_set_robust_list, h, sizeof(*h)));
		}
		WAIT_EXIT(p, 0);
	}
	CHILD(p)
		CHECK_OK(syscall(SYS_set_robust_list, 8, sizeof(*h)));
	WAIT_EXIT(p, 0);
}
CASE(get_and_errors)
{
	struct robust_list_head *h;
	size_t n;

	CHECK_ERR(syscall(SYS_set_robust_list, &h, 5), EINVAL);
	CHECK_OK(syscall(SYS_set_robust_list, 0x1230, sizeof(struct robust_list_head)));
	CHECK_OK(syscall(SYS_get_robust_list, 0, &h, &n));
	CHECK_EQ(h, 0x1230);
	CHECK_EQ(n, sizeof(*h));
	CHECK_OK(syscall(SYS_set_robust_list, NULL, sizeof(struct robust_list_head)));
	CHECK_ERR(syscall(SYS_get_robust_list, 4000000, &h, &n), ESRCH);
	CHECK_ERR(syscall(SYS_get_robust_list, 0, 8, &n), EFAULT);
}
CASE(child_cleartid)
{
	_Atomic int *s = mmap(NULL, PG, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid_t p;

	*s = 77;
	p = syscall(SYS_clone, 0x00200000 /* CLONE_CHILD_CLEARTID */ | SIGCHLD, NULL, NULL, (void *)s, 0);
	if (p == 0)
		_exit(0);
	WAIT_EXIT(CHECK_OK(p), 0);
	/* only when the memory is shared with another address space user: here mm has one user left */
	CHECK(*s == 77 || *s == 0);
}
CASE(pthread_robust_mutex)
{
	pthread_mutexattr_t a;
	pthread_mutex_t *m = mmap(NULL, PG, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid_t p;

	pthread_mutexattr_init(&a);
	pthread_mutexattr_setpshared(&a, PTHREAD_PROCESS_SHARED);
	pthread_mutexattr_setrobust(&a, PTHREAD_MUTEX_ROBUST);
	CHECK_EQ(pthread_mutex_init(m, &a), 0);
	CHILD(p)
		CHECK_EQ(pthread_mutex_lock(m), 0);
	WAIT_EXIT(p, 0);
	CHECK_EQ(pthread_mutex_lock(m), EOWNERDEAD);
	CHECK_EQ(pthread_mutex_consistent(m), 0);
	CHECK_EQ(pthread_mutex_unlock(m), 0);
}

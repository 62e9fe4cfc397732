/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Copy on write: parent and child apart, grandchildren, kernel writes break it too, many
 * generations.
 */
#include "ktest_user.h"

CASE(apart)
{
	char *m = kt_map(64, PROT_READ | PROT_WRITE);
	pid_t p;

	memset(m, 1, 64 * PG);
	CHILD(p) {
		for (int i = 0; i < 64; i++)
			CHECK_EQ(m[i * PG], 1);
		memset(m, 2, 64 * PG);
	}
	WAIT_EXIT(p, 0);
	for (int i = 0; i < 64; i++)
		CHECK_EQ(m[i * PG], 1);
}
CASE(parent_writes_first)
{
	int go[2];
	char c, *m = kt_map(4, PROT_READ | PROT_WRITE);
	pid_t p;

	memset(m, 1, 4 * PG);
	CHECK_OK(pipe(go));
	CHILD(p) {
		CHECK_EQ(read(go[0], &c, 1), 1);
		CHECK_EQ(m[0], 1);
		CHECK_EQ(m[3 * PG], 1);
	}
	memset(m, 3, 4 * PG);
	CHECK_EQ(write(go[1], "x", 1), 1);
	WAIT_EXIT(p, 0);
}
CASE(kernel_write_breaks_it)
{
	int fds[2];
	char *m = kt_map(1, PROT_READ | PROT_WRITE);
	pid_t p;

	m[0] = 'a';
	CHECK_OK(pipe(fds));
	CHECK_EQ(write(fds[1], "z", 1), 1);
	CHILD(p)
		CHECK_EQ(read(fds[0], m, 1), 1);	/* the copy happens in the read */
	WAIT_EXIT(p, 0);
	CHECK_EQ(m[0], 'a');
}
CASE(generations)
{
	int *m = kt_map(8, PROT_READ | PROT_WRITE);
	pid_t p;

	for (int depth = 0; depth < 12; depth++) {
		for (int i = 0; i < 8; i++)
			CHECK_EQ(m[i * 1024], depth * (depth >= i));
		for (int i = 0; i <= depth + 1 && i < 8; i++)
			m[i * 1024] = depth + 1;
		p = kt_fork();
		if (p) {
			WAIT_EXIT(p, 0);
			for (int i = 0; i <= depth + 1 && i < 8; i++)
				CHECK_EQ(m[i * 1024], depth + 1);
			_exit(0);
		}
	}
}
CASE(stack_and_data)
{
	static int data = 1;
	volatile int local = 1;
	pid_t p;

	CHILD(p) {
		data = 2;
		local = 2;
	}
	WAIT_EXIT(p, 0);
	CHECK_EQ(data, 1);
	CHECK_EQ(local, 1);
}
CASE(zero_page)
{
	char *m = kt_map(4, PROT_READ | PROT_WRITE);
	pid_t p;

	CHECK_EQ(m[0], 0);	/* read first: the shared zero page */
	CHECK_EQ(m[PG], 0);
	CHILD(p) {
		m[0] = 1;
		CHECK_EQ(m[0], 1);
		CHECK_EQ(m[1], 0);
	}
	WAIT_EXIT(p, 0);
	CHECK_EQ(m[0], 0);
	m[PG] = 1;
	CHECK_EQ(m[PG + 1], 0);
	char *n = kt_map(1, PROT_READ | PROT_WRITE);
	CHECK_EQ(n[0], 0);
}
static _Atomic int *word;
static void *add500(void *x)
{
	for (int i = 0; i < 500; i++)
		atomic_fetch_add(word, 1);
	return NULL;
}
CASE(threads_racing_on_one_page)
{
	for (int round = 0; round < 30; round++) {
		_Atomic int *m = kt_map(1, PROT_READ | PROT_WRITE);
		pthread_t t[4];
		pid_t p;

		word = m;
		*m = 0;
		CHILD(p) {
			for (int i = 0; i < 4; i++)
				CHECK_EQ(pthread_create(&t[i], NULL, add500, NULL), 0);
			for (int i = 0; i < 4; i++)
				pthread_join(t[i], NULL);
			CHECK_EQ(*m, 2000);
		}
		for (int i = 0; i < 4; i++)
			CHECK_EQ(pthread_create(&t[i], NULL, add500, NULL), 0);
		for (int i = 0; i < 4; i++)
			pthread_join(t[i], NULL);
		CHECK_EQ(*m, 2000);
		WAIT_EXIT(p, 0);
		CHECK_OK(munmap((void *)m, PG));
	}
}

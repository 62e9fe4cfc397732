/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The benchmark: static musl, the same program on Linux and on Keel. As pid 1 (rdinit=/test/bench)
 * it prepares the system, prints its rows and powers off; from a shell it only prints them.
 *
 *     ROW NAME VALUE UNIT     ns (less is better) or MB/s (more is better)
 *     CLOCK NS                CLOCK_MONOTONIC, first and last
 *     BENCH-DONE
 *
 * rows=GLOB on the kernel command line, or as the first argument, selects rows. A row is the median
 * of BATCHES batches of about BATCH_NS each; a batch's length is found by doubling. Rows ending in
 * /1, /2, /4 run that many threads; their figure is elapsed time by operations of all threads.
 */
#define _GNU_SOURCE
#include "bench.h"
#include "pid1.h"
#include "net.h"

static int null_fd, zero_fd, file_fd;

static long long null_call(long n)
{
	while (n--)
		raw0(SYS_getppid);
	return 0;
}

static long long read_1(long n)
{
	char c;

	while (n--)
		raw3(SYS_read, zero_fd, (long)&c, 1);
	return 0;
}

static long long write_1(long n)
{
	char c = 0;

	while (n--)
		raw3(SYS_write, null_fd, (long)&c, 1);
	return 0;
}

static long long stat_file(long n)
{
	struct stat st;

	while (n--)
		raw3(SYS_stat, (long)FILENAME, (long)&st, 0);
	return 0;
}

static long long fstat_file(long n)
{
	struct stat st;

	while (n--)
		raw3(SYS_fstat, file_fd, (long)&st, 0);
	return 0;
}

static long long open_close(long n)
{
	while (n--)
		raw3(SYS_close, raw3(SYS_open, (long)FILENAME, O_RDONLY, 0), 0, 0);
	return 0;
}

static long long dup_close(long n)
{
	while (n--)
		raw3(SYS_close, raw3(SYS_dup, file_fd, 0, 0), 0, 0);
	return 0;
}

static int pipes[100][2], npipes, epfd;

static void make_pipes(int n)
{
	for (; npipes < n; npipes++)
		MUST(pipe(pipes[npipes]));
}

static long long select_n(long n, int k)
{
	struct timeval tv = { 0, 0 };
	fd_set r;
	int max = 0;

	while (n--) {
		FD_ZERO(&r);
		for (int i = 0; i < k; i++) {
			FD_SET(pipes[i][0], &r);
			max = pipes[i][0] > max ? pipes[i][0] : max;
		}
		select(max + 1, &r, NULL, NULL, &tv);
	}
	return 0;
}

static long long poll_n(long n, int k)
{
	struct pollfd p[100];

	for (int i = 0; i < k; i++)
		p[i] = (struct pollfd){ pipes[i][0], POLLIN, 0 };
	while (n--)
		poll(p, k, 0);
	return 0;
}

static long long epoll_n(long n, int k)
{
	struct epoll_event ev[100];

	while (n--)
		if (epoll_wait(epfd, ev, 100, 0) != k)
			die("epoll_wait");
	return 0;
}

static long long select_10(long n) { return select_n(n, 10); }
static long long select_100(long n) { return select_n(n, 100); }
static long long poll_10(long n) { return poll_n(n, 10); }
static long long poll_100(long n) { return poll_n(n, 100); }
static long long epoll_10(long n) { return epoll_n(n, 10); }
static long long epoll_100(long n) { return epoll_n(n, 100); }

/* epoll has ready descriptors to report: an idle set costs nothing by its design. */
static void row_epoll(const char *name, body_fn fn, int k)
{
	if (!wanted(name))
		return;
	epfd = MUST(epoll_create1(0));
	for (int i = 0; i < k; i++) {
		struct epoll_event ev = { .events = EPOLLOUT, .data.fd = i };

		MUST(epoll_ctl(epfd, EPOLL_CTL_ADD, pipes[i][1], &ev));
	}
	row(name, measure(fn, NO_LIMIT), "ns");
	close(epfd);
}

static volatile sig_atomic_t signals;
static long faults_left;
static char *fault_page;

static void on_signal(int s)
{
	(void)s;
	signals++;
}

static void on_fault(int s)
{
	(void)s;
	if (--faults_left == 0)
		mprotect(fault_page, PG, PROT_READ | PROT_WRITE);
}

static long long sig_install(long n)
{
	struct sigaction sa = { .sa_handler = on_signal };

	while (n--)
		sigaction(SIGUSR2, &sa, NULL);
	return 0;
}

static long long sig_deliver(long n)
{
	pid_t me = getpid();

	while (n--)
		raw3(SYS_kill, me, SIGUSR1, 0);
	return 0;
}

static long long sig_fault(long n)
{
	faults_left = n;
	MUST(mprotect(fault_page, PG, PROT_READ));
	*(volatile char *)fault_page = 1;	/* repeated until the handler lets it through */
	return 0;
}

static long long clock_vdso(long n)
{
	struct timespec ts;

	while (n--)
		clock_gettime(CLOCK_MONOTONIC, &ts);
	return 0;
}

static long long clock_call(long n)
{
	struct timespec ts;

	while (n--)
		raw3(SYS_clock_gettime, CLOCK_MONOTONIC, (long)&ts, 0);
	return 0;
}

static long long yield(long n)
{
	while (n--)
		raw0(SYS_sched_yield);
	return 0;
}

/* How much longer than 100 microseconds such a sleep takes. */
static long long sleep_overshoot(long n)
{
	long long over = 0;

	for (long i = 0; i < n; i++) {
		struct timespec ts = { 0, 100000 };
		long long t = now();

		nanosleep(&ts, NULL);
		over += now() - t - 100000;
	}
	return over > 0 ? over : 1;
}

/* Two processes: the child answers until its input ends. */
static int to_child[2], to_parent[2];
static pid_t peer;

static void start_pipe_peer(void)
{
	char c;

	MUST(pipe(to_child));
	MUST(pipe(to_parent));
	peer = MUST(fork());
	if (peer == 0) {
		close(to_child[1]);
		while (read(to_child[0], &c, 1) == 1)
			if (write(to_parent[1], &c, 1) != 1)
				break;
		_exit(0);
	}
	close(to_child[0]);
	close(to_parent[1]);
}

static void stop_pipe_peer(void)
{
	close(to_child[1]);
	close(to_parent[0]);
	waitpid(peer, NULL, 0);
}

static long long pipe_lat(long n)
{
	char c = 0;

	while (n--) {
		MUST(write(to_child[1], &c, 1));
		MUST(read(to_parent[0], &c, 1));
	}
	return 0;
}

static _Atomic unsigned *shared;

static void futex_peer(unsigned mine, unsigned other)
{
	for (;;) {
		unsigned v;

		while ((v = shared[0]) != mine) {
			if (v == 2)
				return;
			syscall(SYS_futex, shared, FUTEX_WAIT, v, NULL, NULL, 0);
		}
		shared[0] = other;
		syscall(SYS_futex, shared, FUTEX_WAKE, 1, NULL, NULL, 0);
	}
}

static long long futex_lat(long n)
{
	while (n--) {
		shared[0] = 1;
		syscall(SYS_futex, shared, FUTEX_WAKE, 1, NULL, NULL, 0);
		while (shared[0] != 0)
			syscall(SYS_futex, shared, FUTEX_WAIT, 1, NULL, NULL, 0);
	}
	return 0;
}

static int ev_a, ev_b;

static long long eventfd_lat(long n)
{
	uint64_t v = 1;

	while (n--) {
		MUST(write(ev_a, &v, 8));
		MUST(read(ev_b, &v, 8));
	}
	return 0;
}

static long long pipe_bw(long n)
{
	static char buf[65536];
	long long t, left = n * 65536;
	int p[2];
	pid_t pid;

	MUST(pipe(p));
	pid = MUST(fork());
	if (pid == 0) {
		close(p[0]);
		for (long i = 0; i < n; i++)
			if (write(p[1], buf, sizeof(buf)) != sizeof(buf))
				_exit(1);
		_exit(0);
	}
	close(p[1]);
	t = now();
	while (left > 0) {
		ssize_t k = read(p[0], buf, sizeof(buf));

		if (k <= 0)
			die("pipe_bw");
		left -= k;
	}
	t = now() - t;
	close(p[0]);
	waitpid(pid, NULL, 0);
	return t;
}

/*
 * A token goes round a ring of processes; each sums its array when it comes by. From the time of a
 * hop goes what the same reads, writes and sums cost inside one process.
 */
static int ring_procs;
static size_t ring_bytes;
static long ring_sink;

static void ring_touch(int *array)
{
	for (size_t i = 0; i < ring_bytes / sizeof(int); i++)
		ring_sink += array[i];
}

static long long ring(long n)
{
	static int array[16384];
	int fds[8][2];
	pid_t pids[8];
	long long t = 0, own;
	char c = 0;

	for (int i = 0; i < ring_procs; i++)
		MUST(pipe(fds[i]));
	for (int i = 1; i < ring_procs; i++) {
		pids[i] = MUST(fork());
		if (pids[i])
			continue;
		for (int k = 0; k < ring_procs; k++) {
			if (k != i - 1)
				close(fds[k][0]);
			if (k != i)
				close(fds[k][1]);
		}
		memset(array, i, sizeof(array));
		while (read(fds[i - 1][0], &c, 1) == 1) {
			ring_touch(array);
			if (write(fds[i][1], &c, 1) != 1)
				break;
		}
		_exit(0);
	}
	/* once round, so that everybody has started */
	for (long i = -1; i < n; i++) {
		if (i == 0)
			t = now();
		MUST(write(fds[0][1], &c, 1));
		MUST(read(fds[ring_procs - 1][0], &c, 1));
		ring_touch(array);
	}
	t = now() - t;
	for (int i = 0; i < ring_procs; i++) {
		close(fds[i][0]);
		close(fds[i][1]);
	}
	for (int i = 1; i < ring_procs; i++)
		waitpid(pids[i], NULL, 0);
	MUST(pipe(fds[0]));
	own = now();
	for (long i = 0; i < n * ring_procs; i++) {
		MUST(write(fds[0][1], &c, 1));
		MUST(read(fds[0][0], &c, 1));
		ring_touch(array);
	}
	own = now() - own;
	close(fds[0][0]);
	close(fds[0][1]);
	t = (t - own) / ring_procs;
	return t > 0 ? t : 1;
}

static long long fork_exit(long n)
{
	while (n--) {
		pid_t p = MUST(fork());

		if (p == 0)
			_exit(0);
		waitpid(p, NULL, 0);
	}
	return 0;
}

static long long vfork_exit(long n)
{
	while (n--) {
		pid_t p = vfork();

		if (p == 0)
			_exit(0);
		if (p < 0)
			die("vfork");
		waitpid(p, NULL, 0);
	}
	return 0;
}

static char self[] = "/test/bench";

static void run_program(char *const argv[])
{
	char *envp[] = { "PATH=/bin", NULL };
	int st = -1;
	pid_t p = MUST(fork());

	if (p == 0) {
		execve(argv[0], argv, envp);
		_exit(99);
	}
	if (waitpid(p, &st, 0) != p || st != 0)
		die("program");
}

static long long fork_exec(long n)
{
	char *argv[] = { self, "@exit", NULL };

	while (n--)
		run_program(argv);
	return 0;
}

static long long fork_sh(long n)
{
	char *argv[] = { "/bin/sh", "-c", "/test/bench @exit", NULL };

	while (n--)
		run_program(argv);
	return 0;
}

static void *thread_nothing(void *x)
{
	return x;
}

static long long thread_create(long n)
{
	pthread_t t;

	while (n--) {
		if (pthread_create(&t, NULL, thread_nothing, NULL))
			die("pthread_create");
		pthread_join(t, NULL);
	}
	return 0;
}

static char *map(size_t pages)
{
	char *m = MUST(mmap(NULL, pages * PG, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));

	madvise(m, pages * PG, MADV_NOHUGEPAGE);
	return m;
}

/* 64 KiB, every page touched. */
static long long mmap_munmap(long n)
{
	while (n--) {
		char *m = MUST(mmap(NULL, 16 * PG, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));

		for (int i = 0; i < 16; i++)
			m[i * PG] = 1;
		munmap(m, 16 * PG);
	}
	return 0;
}

static long long fault_anon(long n)
{
	char *m = map(n);
	long long t = now();

	for (long i = 0; i < n; i++)
		m[i * PG] = 1;
	t = now() - t;
	munmap(m, n * PG);
	return t;
}

static long long fault_file(long n)
{
	long long t = 0;

	/* the file's pages again and again, by a fresh mapping each time */
	while (n > 0) {
		long pages = n < (long)(BIG_SIZE / PG) ? n : (long)(BIG_SIZE / PG);
		int fd = MUST(open(BIG_FILE, O_RDONLY));
		volatile char *m = MUST(mmap(NULL, pages * PG, PROT_READ, MAP_SHARED, fd, 0));
		long long a = now();

		for (long i = 0; i < pages; i++)
			(void)m[i * PG];
		t += now() - a;
		munmap((void *)m, pages * PG);
		close(fd);
		n -= pages;
	}
	return t;
}

static long long fault_cow(long n)
{
	char *m = map(n);
	long long t;
	pid_t p;

	for (long i = 0; i < n; i++)
		m[i * PG] = 1;
	p = MUST(fork());
	if (p == 0) {
		t = now();
		for (long i = 0; i < n; i++)
			m[i * PG] = 2;
		*(_Atomic long long *)(shared + 16) = now() - t;
		_exit(0);
	}
	waitpid(p, NULL, 0);
	munmap(m, n * PG);
	return *(_Atomic long long *)(shared + 16);
}

static long long mprotect_page(long n)
{
	char *m = map(16);

	memset(m, 1, 16 * PG);
	for (long i = 0; i < n; i++) {
		mprotect(m + 8 * PG, PG, i & 1 ? PROT_READ | PROT_WRITE : PROT_READ);
		(void)*(volatile char *)(m + 8 * PG);
	}
	munmap(m, 16 * PG);
	return 0;
}

static long long brk_grow(long n)
{
	long b = raw3(SYS_brk, 0, 0, 0);

	while (n--) {
		raw3(SYS_brk, b + 65536, 0, 0);
		*(volatile char *)((b + PG) & -PG) = 1;
		raw3(SYS_brk, b, 0, 0);
	}
	return 0;
}

static size_t file_bytes;
static bool measure_delete;

static long long create_delete(long n)
{
	static char data[10240];
	char name[64];
	long long created, deleted, t = now();

	for (long i = 0; i < n; i++) {
		int fd;

		snprintf(name, sizeof(name), DIRNAME "/f%ld", i);
		fd = MUST(open(name, O_CREAT | O_WRONLY, 0644));
		if (file_bytes)
			MUST(write(fd, data, file_bytes));
		close(fd);
	}
	created = now() - t;
	t = now();
	for (long i = 0; i < n; i++) {
		snprintf(name, sizeof(name), DIRNAME "/f%ld", i);
		MUST(unlink(name));
	}
	deleted = now() - t;
	return measure_delete ? deleted : created;
}

static long long file_read(long n)
{
	static char buf[65536];
	int fd = MUST(open(BIG_FILE, O_RDONLY));

	for (long i = 0; i < n; i++)
		MUST(pread(fd, buf, sizeof(buf), i * sizeof(buf) % BIG_SIZE));
	close(fd);
	return 0;
}

static long long file_write(long n)
{
	static char buf[65536];
	int fd = MUST(open(BIG_FILE, O_WRONLY));

	for (long i = 0; i < n; i++)
		MUST(pwrite(fd, buf, sizeof(buf), i * sizeof(buf) % BIG_SIZE));
	close(fd);
	return 0;
}

static long long getdents_1000(long n)
{
	static char buf[32768];

	while (n--) {
		int fd = MUST(open(DIRNAME "/many", O_RDONLY | O_DIRECTORY));

		while (raw3(SYS_getdents64, fd, (long)buf, sizeof(buf)) > 0)
			;
		close(fd);
	}
	return 0;
}

/* Rows of several threads: from the first one's start behind a barrier to the last one's end. */
static int nthreads;
static long thread_ops;
static pthread_barrier_t barrier;
static void (*thread_body)(int id, long ops);
static long long thread_start[4], thread_end[4];

static void *thread_main(void *x)
{
	long id = (long)x;

	pthread_barrier_wait(&barrier);
	thread_start[id] = now();
	thread_body(id, thread_ops);
	thread_end[id] = now();
	return NULL;
}

static long long run_threads(long n)
{
	long long first, last;
	pthread_t t[4];

	thread_ops = (n + nthreads - 1) / nthreads;
	pthread_barrier_init(&barrier, NULL, nthreads);
	for (long i = 0; i < nthreads; i++)
		if (pthread_create(&t[i], NULL, thread_main, (void *)i))
			die("pthread_create");
	for (int i = 0; i < nthreads; i++)
		pthread_join(t[i], NULL);
	pthread_barrier_destroy(&barrier);
	first = thread_start[0];
	last = thread_end[0];
	for (int i = 1; i < nthreads; i++) {
		first = thread_start[i] < first ? thread_start[i] : first;
		last = thread_end[i] > last ? thread_end[i] : last;
	}
	return last - first;
}

static void threads_fault(int id, long ops)
{
	(void)id;
	while (ops > 0) {
		long pages = ops < 1024 ? ops : 1024;
		char *m = map(pages);

		for (long i = 0; i < pages; i++)
			m[i * PG] = 1;
		munmap(m, pages * PG);
		ops -= pages;
	}
}

static void threads_mmap(int id, long ops)
{
	(void)id;
	while (ops--) {
		char *m = mmap(NULL, 16 * PG, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		m[0] = 1;
		munmap(m, 16 * PG);
	}
}

static void threads_open(int id, long ops)
{
	char name[64];

	snprintf(name, sizeof(name), DIRNAME "/one/t%d", id);
	while (ops--)
		raw3(SYS_close, raw3(SYS_open, (long)name, O_RDONLY, 0), 0, 0);
}

static void threads_pread(int id, long ops)
{
	char buf[4096];
	int fd = open(BIG_FILE, O_RDONLY);

	for (long i = 0; i < ops; i++)
		if (pread(fd, buf, sizeof(buf), (i * 4096 + id * 65536) % BIG_SIZE) != sizeof(buf))
			die("pread");
	close(fd);
}

static void row_threads(const char *base, void (*fn)(int, long), long most)
{
	char name[32];

	thread_body = fn;
	for (nthreads = 1; nthreads <= 4; nthreads *= 2) {
		snprintf(name, sizeof(name), "%s/%d", base, nthreads);
		if (wanted(name))
			row(name, measure(run_threads, most), "ns");
	}
}

static void row_ns(const char *name, body_fn fn, long most)
{
	if (wanted(name))
		row(name, measure(fn, most), "ns");
}

/* The body moves 64 KiB an operation. */
static void row_bandwidth(const char *name, body_fn fn, long most)
{
	if (wanted(name))
		row(name, 65536e3 / measure(fn, most), "MB/s");
}

static void row_files(const char *name, size_t bytes, bool deletion)
{
	file_bytes = bytes;
	measure_delete = deletion;
	row_ns(name, create_delete, 2000);
}

static void row_ring(const char *name, int procs, size_t bytes)
{
	ring_procs = procs;
	ring_bytes = bytes;
	row_ns(name, ring, 100000);
}

static void prepare_files(void)
{
	static char buf[65536];
	char name[64];
	int fd;

	MUST(mkdir(DIRNAME, 0755));
	MUST(mkdir(DIRNAME "/one", 0755));
	MUST(mkdir(DIRNAME "/one/two", 0755));
	MUST(mkdir(DIRNAME "/many", 0755));
	file_fd = MUST(open(FILENAME, O_CREAT | O_RDWR, 0644));
	MUST(write(file_fd, buf, 100));
	for (int i = 0; i < 4; i++) {
		snprintf(name, sizeof(name), DIRNAME "/one/t%d", i);
		close(MUST(open(name, O_CREAT | O_WRONLY, 0644)));
	}
	for (int i = 0; i < 1000; i++) {
		snprintf(name, sizeof(name), DIRNAME "/many/file-%d", i);
		close(MUST(open(name, O_CREAT | O_WRONLY, 0644)));
	}
	fd = MUST(open(BIG_FILE, O_CREAT | O_WRONLY, 0644));
	for (size_t i = 0; i < BIG_SIZE; i += sizeof(buf))
		MUST(write(fd, buf, sizeof(buf)));
	close(fd);
	null_fd = MUST(open("/dev/null", O_WRONLY));
	zero_fd = MUST(open("/dev/zero", O_RDONLY));
	shared = MUST(mmap(NULL, PG, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
	fault_page = map(1);
}

static void rows_calls(void)
{
	row_ns("null_call", null_call, NO_LIMIT);
	row_ns("read_1", read_1, NO_LIMIT);
	row_ns("write_1", write_1, NO_LIMIT);
	row_ns("stat", stat_file, NO_LIMIT);
	row_ns("fstat", fstat_file, NO_LIMIT);
	row_ns("open_close", open_close, NO_LIMIT);
	row_ns("dup_close", dup_close, NO_LIMIT);
	make_pipes(100);
	row_ns("select_10", select_10, NO_LIMIT);
	row_ns("select_100", select_100, NO_LIMIT);
	row_ns("poll_10", poll_10, NO_LIMIT);
	row_ns("poll_100", poll_100, NO_LIMIT);
	row_epoll("epoll_10", epoll_10, 10);
	row_epoll("epoll_100", epoll_100, 100);
	for (int i = 0; i < npipes; i++) {
		close(pipes[i][0]);
		close(pipes[i][1]);
	}
}

static void rows_signals_and_time(void)
{
	struct sigaction sa = { .sa_handler = on_signal }, fault = { .sa_handler = on_fault };

	sigaction(SIGUSR1, &sa, NULL);
	sigaction(SIGSEGV, &fault, NULL);
	row_ns("sig_install", sig_install, NO_LIMIT);
	row_ns("sig_deliver", sig_deliver, NO_LIMIT);
	row_ns("sig_fault", sig_fault, NO_LIMIT);
	signal(SIGSEGV, SIG_DFL);
	row_ns("clock_vdso", clock_vdso, NO_LIMIT);
	row_ns("clock_call", clock_call, NO_LIMIT);
	row_ns("yield", yield, NO_LIMIT);
	row_ns("sleep_overshoot", sleep_overshoot, 200);
}

static void rows_ipc(void)
{
	uint64_t v;

	if (wanted("pipe_lat")) {
		start_pipe_peer();
		row_ns("pipe_lat", pipe_lat, NO_LIMIT);
		stop_pipe_peer();
	}
	if (wanted("futex_lat")) {
		shared[0] = 0;
		peer = MUST(fork());
		if (peer == 0) {
			futex_peer(1, 0);
			_exit(0);
		}
		row_ns("futex_lat", futex_lat, NO_LIMIT);
		shared[0] = 2;
		syscall(SYS_futex, shared, FUTEX_WAKE, 1, NULL, NULL, 0);
		waitpid(peer, NULL, 0);
	}
	if (wanted("eventfd_lat")) {
		ev_a = MUST(eventfd(0, 0));
		ev_b = MUST(eventfd(0, 0));
		peer = MUST(fork());
		if (peer == 0)
			for (;;) {
				MUST(read(ev_a, &v, 8));
				MUST(write(ev_b, &v, 8));
			}
		row_ns("eventfd_lat", eventfd_lat, NO_LIMIT);
		kill(peer, SIGKILL);
		waitpid(peer, NULL, 0);
		close(ev_a);
		close(ev_b);
	}
	row_bandwidth("pipe_bw", pipe_bw, 4096);
	row_ring("ctx_2p_0k", 2, 0);
	row_ring("ctx_8p_16k", 8, 16384);
}

static void rows_processes(void)
{
	row_ns("fork_exit", fork_exit, NO_LIMIT);
	if (wanted("fork_exit_16m")) {
		char *m = map(4096);

		memset(m, 1, 4096 * PG);
		row_ns("fork_exit_16m", fork_exit, NO_LIMIT);
		munmap(m, 4096 * PG);
	}
	row_ns("vfork_exit", vfork_exit, NO_LIMIT);
	row_ns("fork_exec", fork_exec, NO_LIMIT);
	if (!access("/bin/sh", X_OK))
		row_ns("fork_sh", fork_sh, NO_LIMIT);
	row_ns("thread_create", thread_create, NO_LIMIT);
}

static void rows_memory(void)
{
	row_ns("mmap_munmap_64k", mmap_munmap, NO_LIMIT);
	row_ns("fault_anon", fault_anon, 4096);
	row_ns("fault_file", fault_file, 65536);
	row_ns("fault_cow", fault_cow, 2048);
	row_ns("mprotect", mprotect_page, NO_LIMIT);
	row_ns("brk", brk_grow, NO_LIMIT);
}

static void rows_files(void)
{
	row_files("create_0k", 0, false);
	row_files("delete_0k", 0, true);
	row_files("create_10k", 10240, false);
	row_files("delete_10k", 10240, true);
	row_bandwidth("file_read_bw", file_read, NO_LIMIT);
	row_bandwidth("file_write_bw", file_write, NO_LIMIT);
	row_ns("getdents_1000", getdents_1000, NO_LIMIT);
}

static void rows_threads(void)
{
	row_threads("t_fault", threads_fault, 16384);
	row_threads("t_mmap", threads_mmap, NO_LIMIT);
	row_threads("t_open", threads_open, NO_LIMIT);
	row_threads("t_pread", threads_pread, NO_LIMIT);
}

static int run(void)
{
	printf("CLOCK %lld\n", now());
	prepare_files();
	rows_calls();
	rows_signals_and_time();
	rows_ipc();
	rows_net();
	rows_processes();
	rows_memory();
	rows_files();
	rows_threads();
	printf("CLOCK %lld\nBENCH-DONE\n", now());
	return 0;
}

int main(int argc, char **argv)
{
	pid_t p;

	if (argc > 1 && !strcmp(argv[1], "@exit"))
		return 0;
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (argv[0][0] == '/' && !access(argv[0], X_OK) && strlen(argv[0]) < sizeof(self))
		strcpy(self, argv[0]);
	if (getpid() != 1) {
		if (argc > 1)
			only = argv[1];
		return run();
	}
	/* Pid 1 is special to signals and faults: the rows run in a child. */
	pid1_mount("proc", "/proc", NULL);
	pid1_mount("devtmpfs", "/dev", NULL);
	pid1_mount("tmpfs", "/tmp", NULL);
	if (pid1_param("rows"))
		only = pid1_param("rows");
	p = MUST(fork());
	if (p == 0)
		exit(run());
	while (waitpid(-1, NULL, 0) > 0 || errno == EINTR)
		;
	reboot(RB_POWER_OFF);
	for (;;)
		pause();
}

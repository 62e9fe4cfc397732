/* SPDX-License-Identifier: MPL-2.0 */
/*
 * More memory in use than there is: anonymous, shared, files of tmpfs, copied on write, locked, given up and asked
 * for, while swap areas come and go, processes are killed and disks fail; each page's contents are checked all
 * the time. Needs little memory and disks for swap, which the part `swap` of tools/test.py gives:
 * KEEL_SWAP_DEVICE (large), KEEL_SWAP_SECOND (comes and goes), KEEL_SWAP_BAD (reads of its sectors from
 * 8192 on fail). KEEL_SWAP_SECONDS: for how long the storm blows.
 */
#include "swapdev.h"
#include <linux/fs.h>

unsigned kt_case_seconds = 300;
static char big[64], second[64];

static unsigned long disk_header(const char *path)
{
	unsigned long long bytes;
	int fd = CHECK_OK(open(path, O_RDWR));

	CHECK_OK(ioctl(fd, BLKGETSIZE64, &bytes));
	swap_header(fd, bytes / PG, 0, 0);
	close(fd);
	return bytes / PG;
}

/* The large area is on: pages of memory. */
static size_t begin(void)
{
	const char *disk = getenv("KEEL_SWAP_DEVICE"), *other = getenv("KEEL_SWAP_SECOND");
	struct sysinfo si;

	CHECK_OK(sysinfo(&si));
	if (!disk || !other || si.totalram * si.mem_unit > 200UL << 20)
		SKIP("needs little memory and disks for swap");
	snprintf(big, sizeof(big), "%s", disk);
	snprintf(second, sizeof(second), "%s", other);
	disk_header(big);
	disk_header(second);
	CHECK_OK(swapon(big, 0));
	CHECK_OK(sysinfo(&si));
	if (si.freeswap * si.mem_unit < 2 * si.totalram * si.mem_unit)
		SKIP("the disk for swap is too small");
	alarm(0);
	return si.totalram * si.mem_unit / PG;
}

/* Nothing is left on it. */
static void finish(void)
{
	AWAIT(swapoff(big) == 0);	/* killed processes may still give back their memory */
	CHECK_ERR(swapoff(big), EINVAL);
}

static long killed_for_memory(void) { return proc_number("/proc/vmstat", "oom_kill "); }

static unsigned long value(unsigned long who, unsigned long page, unsigned long gen)
{
	return (who * 1000003 + page) * 0x9e3779b97f4a7c15UL + gen;
}

static void work(unsigned long who, size_t pages, int rounds)
{
	unsigned long *m = (unsigned long *)kt_map(pages, PROT_READ | PROT_WRITE);
	unsigned char *gen = calloc(pages, 1);
	unsigned long seed = who + 1;

	alarm(0);
	for (int r = 0; r < rounds; r++) {
		for (size_t i = 0; i < pages; i++) {
			unsigned long *p = m + i * PG / 8;

			CHECK_EQ(p[0], gen[i] ? value(who, i, gen[i]) : 0);
			CHECK_EQ(p[PG / 8 - 1], gen[i] ? value(who, i, gen[i]) : 0);
			seed = seed * 6364136223846793005UL + 1442695040888963407UL;
			if (r && seed >> 62)
				continue;
			gen[i]++;
			p[0] = p[PG / 8 - 1] = value(who, i, gen[i]);
		}
		/* A child sees what we had, and changes its own. */
		if (r % 2 == 1) {
			pid_t p;

			CHILD(p) {
				alarm(0);
				for (size_t i = 0; i < pages; i += 7) {
					CHECK_EQ(m[i * PG / 8], value(who, i, gen[i]));
					m[i * PG / 8] = 1;
					CHECK_EQ(m[i * PG / 8 + PG / 8 - 1], value(who, i, gen[i]));
				}
			}
			WAIT_EXIT(p, 0);
		}
	}
}

CASE(more_than_memory)
{
	size_t pages = begin() * 6 / 10;
	long ooms = killed_for_memory();
	pid_t p[2];

	for (int i = 0; i < 2; i++)
		CHILD(p[i])
			work((unsigned long)i, pages, 4);
	for (int i = 0; i < 2; i++)
		WAIT_EXIT(p[i], 0);
	CHECK_EQ(killed_for_memory(), ooms);
	finish();
}

/* Files of tmpfs that do not fit: written, read, mapped, cut. */
CASE(memory_files)
{
	size_t pages = begin() * 12 / 10, step = 3;
	unsigned long *m;
	int fd, st;
	pid_t p;

	fd = CHECK_OK(memfd_create("big", 0));
	for (size_t i = 0; i < pages; i++) {
		unsigned long v[2] = { value(1, i, 1), value(2, i, 1) };

		CHECK_EQ(pwrite(fd, v, sizeof(v), (off_t)(i * PG + 16)), (long)sizeof(v));
	}
	for (size_t i = 0; i < pages; i++) {
		unsigned long v[2];

		CHECK_EQ(pread(fd, v, sizeof(v), (off_t)(i * PG + 16)), (long)sizeof(v));
		CHECK(v[0] == value(1, i, 1) && v[1] == value(2, i, 1));
	}
	m = mmap(NULL, pages * PG, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	CHECK(m != MAP_FAILED);
	for (size_t i = 0; i < pages; i += step)
		m[i * PG / 8 + 2] = value(1, i, 2);
	CHILD(p) {
		alarm(0);
		for (size_t i = 0; i < pages; i++)
			CHECK_EQ(m[i * PG / 8 + 2], value(1, i, i % step ? 1 : 2));
	}
	CHECK_EQ(waitpid(p, &st, 0), p);
	CHECK_EQ(st, 0);
	CHECK_OK(fstat(fd, &(struct stat){ 0 }));
	CHECK_OK(ftruncate(fd, (off_t)(pages / 2 * PG + 24)));
	CHECK_OK(ftruncate(fd, (off_t)(pages * PG)));
	for (size_t i = 0; i < pages; i++) {
		unsigned long v[2];

		CHECK_EQ(pread(fd, v, sizeof(v), (off_t)(i * PG + 16)), (long)sizeof(v));
		CHECK_EQ(v[0], i <= pages / 2 ? value(1, i, i % step ? 1 : 2) : 0);
		CHECK_EQ(v[1], i < pages / 2 ? value(2, i, 1) : 0);
	}
	CHECK_OK(munmap(m, pages * PG));
	close(fd);
	finish();
}

/* --- the storm --- */

static unsigned long seed_of;
static unsigned long rnd(unsigned long n)
{
	seed_of = seed_of * 6364136223846793005UL + 1442695040888963407UL;
	return (seed_of >> 33) % n;
}

static long long end_ns;
static bool over(void) { return kt_now() > end_ns; }

/* Pages with a generation each; 0: zeros. `anon`: may be given up. */
struct area {
	unsigned long *m;
	unsigned short *gen;
	size_t pages;
	unsigned long who;
};

static unsigned long *page_of(const struct area *a, size_t i) { return a->m + i * PG / 8; }
static unsigned long of(const struct area *a, size_t i) { return a->gen[i] ? value(a->who, i, a->gen[i]) : 0; }
static void look(const struct area *a, size_t i)
{
	const unsigned long *p = page_of(a, i), v = of(a, i);

	if (p[0] != v || p[77] != v || p[PG / 8 - 1] != v)
		FAIL("area %lu, page %zu, generation %u: %#lx %#lx %#lx, not %#lx", a->who, i, a->gen[i], p[0], p[77],
		     p[PG / 8 - 1], v);
}
static void change(struct area *a, size_t i)
{
	unsigned long *p = page_of(a, i);

	if (!++a->gen[i])
		a->gen[i] = 1;
	p[0] = p[77] = p[PG / 8 - 1] = of(a, i);
}
static void drop(struct area *a, size_t i, size_t n)
{
	CHECK_OK(madvise(page_of(a, i), n * PG, MADV_DONTNEED));
	memset(a->gen + i, 0, n * sizeof(*a->gen));
}

/* After MADV_FREE a page is what it was, or zeros, until it is written to. */
static void free_lazily(struct area *a, size_t i, size_t n)
{
	CHECK_OK(madvise(page_of(a, i), n * PG, MADV_FREE));
	for (size_t k = i; k < i + n; k++) {
		unsigned long *p = page_of(a, k), v = of(a, k);

		p[1] = 1;	/* it stays as it is now */
		CHECK(p[0] == v || p[0] == 0);
		if (!p[0])
			a->gen[k] = 0;
		p[1] = 0;
		look(a, k);
	}
}

/* Children that see what was there at the fork, change their own, and may be killed at it. */
static void with_child(struct area *a)
{
	size_t from = rnd(a->pages);
	bool die = rnd(2);
	int st;
	pid_t p = kt_fork();

	if (!p) {
		alarm(0);
		for (size_t n = 0; n < a->pages && n < 800; n++) {
			size_t i = (from + n * 3) % a->pages;

			look(a, i);
			if (n & 1)
				change(a, i);
			look(a, i);
		}
		if (die)
			for (;;)
				look(a, rnd(a->pages));
		_exit(0);
	}
	for (int n = 0; n < 300; n++)
		change(a, rnd(a->pages));
	if (die) {
		usleep((useconds_t)rnd(60000));
		CHECK_OK(kill(p, SIGKILL));
	}
	CHECK_EQ(waitpid(p, &st, 0), p);
	if (die ? !WIFSIGNALED(st) && st : st)
		FAIL("a child ended with status %#x", st);
}

static void storm_anon(unsigned long who, size_t pages)
{
	struct area a = { kt_map(pages, PROT_READ | PROT_WRITE), calloc(pages, sizeof(short)), pages, who };

	seed_of = who * 77 + 5;
	while (!over()) {
		size_t n = 1 + rnd(60), i = rnd(pages - n);

		switch (rnd(12)) {
		case 0: CHECK_OK(madvise(page_of(&a, i), n * PG, MADV_PAGEOUT)); break;
		case 1: CHECK_OK(madvise(page_of(&a, i), n * PG, MADV_COLD)); break;
		case 2: drop(&a, i, n); break;
		case 3: free_lazily(&a, i, n); break;
		case 4: CHECK_OK(madvise(page_of(&a, i), n * PG, MADV_WILLNEED)); break;
		case 5:
			CHECK_OK(mlock(page_of(&a, i), n * PG));
			for (size_t k = i; k < i + n; k++)
				look(&a, k);
			CHECK_OK(munlock(page_of(&a, i), n * PG));
			break;
		case 6:
			if (!rnd(6))
				with_child(&a);
			break;
		case 7: {
			int fd[2];
			char b[16];

			/* The kernel reads and writes pages that are out. */
			CHECK_OK(pipe(fd));
			CHECK_EQ(write(fd[1], page_of(&a, i), 16), 16);
			CHECK_EQ(read(fd[0], b, 16), 16);
			CHECK_EQ(*(unsigned long *)b, of(&a, i));
			close(fd[0]);
			close(fd[1]);
			break;
		}
		default:
			for (size_t k = i; k < i + n; k++) {
				look(&a, k);
				if (rnd(3))
					change(&a, k);
			}
		}
	}
	for (size_t i = 0; i < pages; i++)
		look(&a, i);
}

/* Two processes share it; each owns every second page, and the generations are shared too. */
static void storm_shared(struct area *a, unsigned me)
{
	seed_of = me * 99 + 3;
	while (!over()) {
		size_t n = 1 + rnd(40), i = rnd(a->pages - n);

		if (!rnd(8))
			CHECK_OK(madvise(page_of(a, i), n * PG, rnd(2) ? MADV_PAGEOUT : MADV_WILLNEED));
		for (size_t k = i; k < i + n; k++) {
			if (k % 2 != me)
				continue;
			look(a, k);
			if (rnd(2))
				change(a, k);
		}
	}
}

CASE(storm)
{
	size_t pages = begin();
	const char *secs = getenv("KEEL_SWAP_SECONDS");
	long ooms = killed_for_memory(), offs = 0;
	struct area s = { .pages = pages * 3 / 10, .who = 50 };
	pid_t p[4];
	int st;

	CHECK_OK(swapon(second, SWAP_FLAG_PREFER | 5));
	end_ns = kt_now() + (secs ? atoi(secs) : 8) * 1000000000LL;
	s.m = mmap(NULL, s.pages * PG, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	s.gen = mmap(NULL, s.pages * sizeof(short), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	CHECK(s.m != MAP_FAILED && s.gen != MAP_FAILED);
	for (unsigned i = 0; i < 2; i++)
		CHILD(p[i])
			alarm(0), storm_anon(i + 1, pages * 4 / 10);
	for (unsigned i = 0; i < 2; i++)
		CHILD(p[2 + i])
			alarm(0), storm_shared(&s, i);
	/* The area that is filled first comes and goes. */
	while (!over()) {
		usleep(300000);
		if (swapoff(second)) {
			if (errno != ENOMEM && errno != EINTR)
				FAIL("swapoff: %s", strerror(errno));
			continue;
		}
		offs++;
		CHECK_OK(swapon(second, SWAP_FLAG_PREFER | 5));
	}
	for (unsigned i = 0; i < 4; i++) {
		CHECK_EQ(waitpid(p[i], &st, 0), p[i]);
		if (st)
			FAIL("process %u ended with status %#x", i, st);
	}
	for (size_t i = 0; i < s.pages; i++)
		look(&s, i);
	CHECK_EQ(killed_for_memory(), ooms);
	CHECK_GT(offs, 0);
	CHECK_OK(munmap(s.m, s.pages * PG));
	CHECK_OK(swapoff(second));
	finish();
}

/* The killer comes when swap is full, not before; and somebody else goes on meanwhile. */
CASE(full)
{
	size_t pages = begin();
	long ooms = killed_for_memory(), least = 1L << 40, total;
	volatile long *taken = mmap(NULL, PG, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	unsigned long *m;
	long long worst = 0;
	pid_t p;
	int st;

	CHECK_OK(swapoff(big));
	CHECK_OK(swapon(second, 0));
	total = proc_number("/proc/meminfo", "SwapTotal:");
	/* What fits, lives. */
	CHILD(p) {
		size_t n = pages * 5 / 10 + (size_t)total / 4 / 2;

		alarm(0);
		m = (unsigned long *)kt_map(n, PROT_READ | PROT_WRITE);
		for (int r = 0; r < 2; r++) {
			for (size_t i = 0; i < n; i++)
				m[i * PG / 8] = i + 1;
			for (size_t i = 0; i < n; i++)
				CHECK_EQ(m[i * PG / 8], i + 1);
		}
	}
	WAIT_EXIT(p, 0);
	CHECK_EQ(killed_for_memory(), ooms);
	/* What does not, dies, but with swap full. */
	p = kt_fork();
	if (!p) {
		size_t n = pages + (size_t)total / 4 + 1000;

		alarm(0);
		kt_put("/proc/self/oom_score_adj", "1000");
		m = mmap(NULL, n * PG, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
		for (size_t i = 0; i < n; i++) {
			m[i * PG / 8] = i + 1;
			*taken = (long)i;
		}
		_exit(3);
	}
	while (!waitpid(p, &st, WNOHANG)) {
		long long t = kt_now(), free = proc_number("/proc/meminfo", "SwapFree:");

		if (free < least)
			least = (long)free;
		usleep(2000);
		t = kt_now() - t;
		if (t > worst)
			worst = t;
	}
	if (!WIFSIGNALED(st) || WTERMSIG(st) != SIGKILL)
		FAIL("it ended with status %#x", st);
	CHECK_GT(killed_for_memory(), ooms);
	/* We may have looked away at the end; then it counts how much it had got. */
	if (least > total / 16 + 2048 && *taken < (long)pages / 2 + total / 4 / 16 * 15)
		FAIL("killed with %ld of %ld KiB of swap free and %ld pages", least, total, *taken);
	if (worst > 20 * 1000000000LL)
		FAIL("somebody else stood still for %lld ms", worst / 1000000);
	CHECK_OK(swapoff(second));
}

/* It does not fit: whoever asked hears that (Linux kills it), nobody else does, and nothing is lost. */
CASE(no_room)
{
	size_t n;
	unsigned long *m;
	char type[32];
	long size, used;
	int prio, st;
	pid_t p;

	(void)begin();
	CHECK_OK(swapoff(big));
	CHECK_OK(swapon(second, 0));
	/* Half of the area remains free, and what is on it is too much for memory by that half. */
	n = (size_t)(proc_number("/proc/meminfo", "MemAvailable:") + proc_number("/proc/meminfo", "SwapTotal:") / 2) / 4;
	m = (unsigned long *)kt_map(n, PROT_READ | PROT_WRITE);
	swap_fill(m, n, 21);
	p = kt_fork();
	if (!p) {
		alarm(0);
		kt_put("/proc/self/oom_score_adj", "1000");
		_exit(!swapoff(second) ? 1 : errno == ENOMEM ? 0 : 2);
	}
	CHECK_EQ(waitpid(p, &st, 0), p);
	if (st && !(WIFSIGNALED(st) && WTERMSIG(st) == SIGKILL))
		FAIL("swapoff of what does not fit ended with status %#x", st);
	CHECK(swap_listed(second, type, &size, &used, &prio));
	swap_check(m, n, 21);
	CHECK_OK(munmap(m, n * PG));
	CHECK_OK(swapoff(second));
}

/* --- a disk that cannot be read --- */

#define BAD_SLOT	(8192 / 8)	/* the first one of KEEL_SWAP_BAD */

/* Which of the pages lie where they cannot be read: on the area `type`, behind the first bad slot. How many. */
static size_t find_doomed(const unsigned long *m, size_t n, unsigned long type, bool *doomed)
{
	unsigned long *words = malloc(n * 8);
	int fd = CHECK_OK(open("/proc/self/pagemap", O_RDONLY));
	size_t found = 0;

	CHECK_EQ(pread(fd, words, n * 8, (off_t)((unsigned long)m / PG * 8)), (long)n * 8);
	close(fd);
	for (size_t i = 0; i < n; i++) {
		bool out = words[i] >> 62 == 1;

		doomed[i] = out && (words[i] & 31) == type && (words[i] >> 5 & ((1UL << 50) - 1)) >= BAD_SLOT;
		found += doomed[i];
	}
	free(words);
	return found;
}

/* The number of the area that all of them go to: by any page that is out. */
static unsigned long area_number(const unsigned long *m, size_t n)
{
	int fd = CHECK_OK(open("/proc/self/pagemap", O_RDONLY));
	unsigned long w = 0;

	for (size_t i = 0; i < n && w >> 62 != 1; i++)
		CHECK_EQ(pread(fd, &w, 8, (off_t)(((unsigned long)m / PG + i) * 8)), 8);
	close(fd);
	CHECK_EQ(w >> 62, 1);
	return w & 31;
}

/* By a call: what was there a moment ago may have had to go again, and cannot be read now. */
static bool still_there(const int p[2], const unsigned long *at, unsigned long want)
{
	unsigned long w;

	if (write(p[1], at, sizeof(w)) != (ssize_t)sizeof(w)) {
		CHECK_EQ(errno, EFAULT);
		return false;
	}
	CHECK_EQ(read(p[0], &w, sizeof(w)), (ssize_t)sizeof(w));
	CHECK_EQ(w, want);
	return true;
}

/*
 * Each page is what it was, or SIGBUS where the disk cannot be read: there, all of them but for what memory still had
 * of them (`cached` pages). write: every second access is one.
 */
static void look_at_all(unsigned long *m, size_t n, const bool *doomed, size_t ndoomed, size_t cached, bool write_too)
{
	size_t lost = 0;
	int code, p[2];

	CHECK_OK(pipe(p));
	for (size_t i = 0; i < n; i++) {
		bool write_it = write_too && i & 1;
		int sig = kt_fault(m + i * PG / 8, write_it, &code);

		if (!sig && (write_it || still_there(p, m + i * PG / 8, 3 + i * 1000)))
			continue;
		if (sig) {
			CHECK_EQ(sig, SIGBUS);
			CHECK_EQ(code, BUS_ADRERR);
		}
		if (!doomed[i])
			FAIL("page %zu can be read, and is lost", i);
		if (!lost++)
			CHECK_ERR(write(p[1], m + i * PG / 8, 1), EFAULT);
	}
	CHECK_GT(lost, 0);
	CHECK_GE(lost + cached, ndoomed);
	close(p[0]);
	close(p[1]);
}

/* Takes more than is free, so that what nobody needs at the moment has to go, and gives it back. */
static void press(void)
{
	pid_t p;

	CHILD(p) {
		size_t k = (size_t)(proc_number("/proc/meminfo", "MemAvailable:") +
				    proc_number("/proc/meminfo", "SwapCached:") + 8192) / 4;

		memset(kt_map(k, PROT_READ | PROT_WRITE), 1, k * PG);
	}
	WAIT_EXIT(p, 0);
}

static void area_on(const char *path, int prio)
{
	disk_header(path);
	CHECK_OK(swapon(path, SWAP_FLAG_PREFER | prio));
}

/*
 * A page that cannot be read again is SIGBUS for who touches it, and for nobody else. Others' pages, programs of
 * tmpfs among them, must not lie there: what has to go before goes to one good area, what has to go later to another.
 */
CASE(unreadable)
{
	const char *bad = getenv("KEEL_SWAP_BAD");
	size_t n = 1600, ndoomed, cached;
	unsigned long *m, type;
	static bool doomed[1600];
	pid_t p;

	if (!bad)
		SKIP("needs a disk that fails");
	alarm(0);
	area_on(getenv("KEEL_SWAP_SECOND"), 30);
	press();
	AWAIT(proc_number("/proc/meminfo", "MemFree:") >= (long)n * 4 * 3 / 2);
	m = (unsigned long *)kt_map(n, PROT_READ | PROT_WRITE);
	swap_fill(m, n, 3);
	area_on(bad, 40);
	swap_out(m, n, (long)n * 4 * 9 / 10);
	type = area_number(m, n);
	/* Out of the swap cache as well. */
	area_on(getenv("KEEL_SWAP_DEVICE"), 50);
	for (int i = 0; i < 20 && proc_number("/proc/meminfo", "SwapCached:") > 100; i++)
		press();
	cached = (size_t)proc_number("/proc/meminfo", "SwapCached:") / 4;
	ndoomed = find_doomed(m, n, type, doomed);
	/* More went out than there are good slots. */
	CHECK_GE(ndoomed, n * 9 / 10 - BAD_SLOT);
	CHILD(p)
		look_at_all(m, n, doomed, ndoomed, cached, false);
	WAIT_EXIT(p, 0);
	/* The area goes; what was lost stays lost. */
	CHECK_OK(swapoff(bad));
	look_at_all(m, n, doomed, ndoomed, cached, true);
	CHECK_OK(madvise(m, n * PG, MADV_DONTNEED));
	for (size_t i = 0; i < n; i++)
		CHECK_EQ(m[i * PG / 8], 0);
	CHECK_OK(swapoff(getenv("KEEL_SWAP_SECOND")));
	CHECK_OK(swapoff(getenv("KEEL_SWAP_DEVICE")));
}

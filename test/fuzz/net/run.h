/* SPDX-License-Identifier: MPL-2.0 */
/* Between main.c, which knows the C library, and the rest. */
#ifndef RUN_H
#define RUN_H

struct sim_options {
	unsigned long long seed, bytes;
	double loss, delay_ms, jitter_ms, reorder, dup, rate;	/* per cent; KB/s */
	const char *cong;
	int flows, verbose;
};

/* Bytes a second, or -1: a byte is wrong or missing (said). */
double sim_run(const struct sim_options *o);
/* 0, or the run ends in abort(). */
int frames_run(unsigned long long seed, unsigned long long count, int fail, int verbose);
int window_run(void);
void run_init(unsigned long long seed);
extern int host_verbose;

#endif

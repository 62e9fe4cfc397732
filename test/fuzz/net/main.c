/* SPDX-License-Identifier: MPL-2.0 */
/* The program: what runs, with which seeds. Knows only the C library. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "run.h"

static double number(int argc, char **argv, const char *name, double otherwise)
{
	for (int i = 2; i < argc; i++)
		if (!strncmp(argv[i], name, strlen(name)) && argv[i][strlen(name)] == '=')
			return atof(argv[i] + strlen(name) + 1);
	return otherwise;
}

static const char *word(int argc, char **argv, const char *name)
{
	for (int i = 2; i < argc; i++)
		if (!strncmp(argv[i], name, strlen(name)) && argv[i][strlen(name)] == '=')
			return argv[i] + strlen(name) + 1;
	return NULL;
}

static int sim(int argc, char **argv)
{
	struct sim_options o = { .bytes = (unsigned long long)number(argc, argv, "bytes", 1 << 20),
		.loss = number(argc, argv, "loss", 1), .delay_ms = number(argc, argv, "delay", 50),
		.jitter_ms = number(argc, argv, "jitter", 20), .reorder = number(argc, argv, "reorder", 1),
		.dup = number(argc, argv, "dup", 0.5), .rate = number(argc, argv, "rate", 0),
		.flows = (int)number(argc, argv, "flows", 1), .verbose = (int)number(argc, argv, "verbose", 0),
		.cong = word(argc, argv, "cong") };
	int seeds = (int)number(argc, argv, "seeds", 10), first = (int)number(argc, argv, "seed", 1), bad = 0;
	const char *name = word(argc, argv, "name") ? word(argc, argv, "name") : "sim";
	double sum = 0;

	for (int i = 0; i < seeds; i++) {
		double r;

		o.seed = (unsigned long long)(first + i);
		r = sim_run(&o);
		if (r < 0) {
			printf("seed %d: bytes are missing or wrong\n", first + i);
			bad++;
			continue;
		}
		printf(" %.0f", r / 1000);
		sum += r;
	}
	printf("\n%s %s: mean %.1f kB/s, %d bad\n", bad ? "not ok" : "ok", name, seeds > bad ? sum / 1000 / (seeds - bad) : 0, bad);
	return bad != 0;
}

static int frames(int argc, char **argv)
{
	const char *name = word(argc, argv, "name");
	int err = frames_run((unsigned long long)number(argc, argv, "seed", 1),
		(unsigned long long)number(argc, argv, "count", 10000), (int)number(argc, argv, "fail", 0),
		(int)number(argc, argv, "verbose", 0));

	printf("%s %s\n", err ? "not ok" : "ok", name ? name : "frames");
	return err;
}

int main(int argc, char **argv)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (argc < 2) {
		fprintf(stderr, "net-host sim [seed= seeds= bytes= loss= delay= jitter= reorder= dup= rate= flows= cong= verbose=1]\n"
			"net-host frames [seed= count= fail= verbose=1]\n"
			"net-host window\n");
		return 2;
	}
	run_init((unsigned long long)number(argc, argv, "seed", 1));
	host_verbose = number(argc, argv, "verbose", 0) > 1;
	if (!strcmp(argv[1], "sim"))
		return sim(argc, argv);
	if (!strcmp(argv[1], "frames"))
		return frames(argc, argv);
	if (!strcmp(argv[1], "window")) {
		int err = window_run();

		printf("%s window\n", err ? "not ok" : "ok");
		return err;
	}
	return 2;
}

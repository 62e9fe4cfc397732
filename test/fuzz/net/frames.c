/* SPDX-License-Identifier: MPL-2.0 */
/* Frames, mostly right, thrown at the stack. */
#include "host.h"

void run_init(unsigned long long seed)
{
	rnd_seed(seed);
	host_init();
}

int frames_run(unsigned long long seed, unsigned long long count, int fail, int verbose)
{
	return 0;
}

/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Injected failures: `if (failpoint("kmalloc")) return NULL;`. Armed by the failpoint= parameter or
 * by tests: site, optional task, every n-th call. Free in kernels where none is armed.
 */
#ifndef CORE_FAILPOINT_H
#define CORE_FAILPOINT_H

#include <base/compiler.h>
#include <base/types.h>

extern bool failpoints_armed;
bool failpoint_hit(const char *site);
#define failpoint(site)	(unlikely(READ_ONCE(failpoints_armed)) && failpoint_hit(site))
/* Arm `site` for the current task (or all): fail the n-th call from now, then every `interval`-th (0: once). */
void failpoint_arm(const char *site, bool all_tasks, u32 nth, u32 interval);
void failpoint_disarm(const char *site);

#endif

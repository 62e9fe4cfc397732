/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Where a function lands that found the canary on its stack overwritten. Each task has its own random
 * canary, in percpu_canary while it runs; clang 14 cannot read that and checks a global one instead,
 * set by the link.
 * keel: no-sanitize
 */
#include <base/assert.h>
#include <base/types.h>

extern u64 __stack_chk_guard;
u64 __stack_chk_guard = 0x5bd1e9955bd1e900;

__noreturn void __stack_chk_fail(void);
void __stack_chk_fail(void)
{
	panic("stack smashed: the canary is gone in %pS", __builtin_return_address(0));
}

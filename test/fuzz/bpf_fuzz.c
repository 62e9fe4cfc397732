/* SPDX-License-Identifier: MPL-2.0 */
/* Any bytes as a classic BPF program: what passes the check must end and stay inside its data. */
#include <base/bpf.h>
#include <base/string.h>
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const u8 *p, size_t n)
{
	u32 len = (u32)(n / sizeof(struct sock_filter));
	struct sock_filter *f = __builtin_malloc(len * sizeof(*f) + 1);
	u8 *data = __builtin_malloc(64);

	memcpy(f, p, len * sizeof(*f));
	memset(data, 0x5a, 64);
	(void)!bpf_check(f, len);
	if (!bpf_check_words(f, len, 64))
		(void)bpf_run_words(f, data, 64);
	__builtin_free(f);
	__builtin_free(data);
	return 0;
}

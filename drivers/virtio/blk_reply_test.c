/* SPDX-License-Identifier: MPL-2.0 */
/*
 * host-test:
 *
 * Answers of a virtio disk: honest ones, and every status byte with lengths that are too short.
 */
#include <core/ktest.h>
#include "blk_reply.h"

KTEST(vblk, honest_answers)
{
	KEXPECT_EQ(vblk_reply(VBLK_S_OK, 4097, 4096, true), 0);
	KEXPECT_EQ(vblk_reply(VBLK_S_OK, 4096, 4096, true), 0);		/* without the status byte */
	KEXPECT_EQ(vblk_reply(VBLK_S_OK, 1, 0, true), 0);
	KEXPECT_EQ(vblk_reply(VBLK_S_OK, 0, 0, true), 0);
	KEXPECT_EQ(vblk_reply(VBLK_S_IOERR, 1, 4096, true), -EIO);
	KEXPECT_EQ(vblk_reply(VBLK_S_UNSUPP, 1, 0, true), -EOPNOTSUPP);
	/* Before 1.0 the length says nothing. */
	KEXPECT_EQ(vblk_reply(VBLK_S_OK, 0, 4096, false), 0);
}

KTEST(vblk, answers_that_lie)
{
	static const u32 lens[] = { 0, 1, 511, 512, 4095 };

	for (u32 status = 0; status < 256; status++) {
		for (size_t i = 0; i < ARRAY_SIZE(lens); i++) {
			KEXPECT(vblk_reply((u8)status, lens[i], 4096, true) < 0);
			if (status > VBLK_S_UNSUPP)
				KEXPECT_EQ(vblk_reply((u8)status, lens[i], 0, false), -EIO);
		}
	}
	KEXPECT_EQ(vblk_reply(VBLK_S_NONE, 4097, 4096, true), -EIO);	/* nothing was written to it */
	KEXPECT_EQ(vblk_reply(VBLK_S_OK, ~0u, 1ull << 32, true), -EIO);
}

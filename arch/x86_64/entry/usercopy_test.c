/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The faultable copies on memory that ends: a page from vmalloc with its guard page behind. Kernel
 * addresses stand in for the user's; the fixups are the same.
 */
#include <asm/uaccess.h>
#include <base/errno.h>
#include <base/string.h>
#include <core/ktest.h>
#include <core/slab.h>

static char *end_of_page(char **base)
{
	*base = vmalloc(PAGE_SIZE, GFP_KERNEL);
	return *base ? *base + PAGE_SIZE : NULL;
}

KTEST(usercopy, sizes_and_alignments)
{
	static u8 src[300], dst[300];

	for (u32 i = 0; i < sizeof(src); i++)
		src[i] = (u8)(i * 7 + 1);
	for (u32 n = 0; n < 200; n++) {
		for (u32 so = 0; so < 9; so += 3) {
			memset(dst, 0xee, sizeof(dst));
			KREQUIRE(arch_copy_to_user((u64)dst + 8, src + so, n) == 0);
			KREQUIRE(!memcmp(dst + 8, src + so, n));
			KREQUIRE(dst[7] == 0xee && dst[8 + n] == 0xee);
		}
	}
}

KTEST(usercopy, counts_what_is_left)
{
	static char buf[PAGE_SIZE];
	char *base, *end = end_of_page(&base);

	KREQUIRE(end);
	memset(base, 'x', PAGE_SIZE);
	for (size_t have = 0; have < 80; have++) {
		for (size_t over = 1; over < 150; over += 13) {
			size_t left = arch_copy_from_user(buf, (u64)end - have, have + over);

			KREQUIRE(left == over);
			left = arch_copy_to_user((u64)end - have, buf, have + over);
			KREQUIRE(left == over);
			left = arch_clear_user((u64)end - have, have + over);
			KREQUIRE(left == over);
		}
	}
	KEXPECT_EQ(arch_copy_from_user(buf, (u64)base, PAGE_SIZE), 0);
	vfree(base);
}

KTEST(usercopy, words16_step_by_eight)
{
	u16 src[9] = { 1, 9, 9, 9, 2, 9, 9, 9, 3 };
	char *base, *end = end_of_page(&base);

	KREQUIRE(end);
	memset(base, 'x', PAGE_SIZE);
	KEXPECT_EQ(arch_user_write16_each8((u64)end - 18, src, 3), 0);
	KEXPECT_EQ(*(u16 *)(end - 18), 1);
	KEXPECT_EQ(*(u16 *)(end - 10), 2);
	KEXPECT_EQ(*(u16 *)(end - 2), 3);
	KEXPECT_EQ(end[-16], 'x');
	KEXPECT_EQ(end[-11], 'x');
	KEXPECT_EQ(arch_user_write16_each8((u64)end - 10, src, 3), -EFAULT);
	vfree(base);
}

KTEST(usercopy, strings)
{
	static char buf[128];
	char *base, *end = end_of_page(&base);

	KREQUIRE(end);
	memset(base, 'a', PAGE_SIZE);
	for (size_t len = 0; len < 40; len++) {
		char *s = end - len - 1;

		end[-1] = 0;
		KREQUIRE(arch_strncpy_from_user(buf, (u64)s, sizeof(buf)) == (ssize_t)len);
		KREQUIRE(!memcmp(buf, s, len + 1));
		KREQUIRE(arch_strnlen_user((u64)s, sizeof(buf)) == (ssize_t)len);
		KREQUIRE(arch_strncpy_from_user(buf, (u64)s, len) == (ssize_t)len);
		end[-1] = 'a';
		KREQUIRE(arch_strncpy_from_user(buf, (u64)s, sizeof(buf)) == -EFAULT);
		KREQUIRE(arch_strnlen_user((u64)s, sizeof(buf)) == -EFAULT);
		KREQUIRE(arch_strnlen_user((u64)s, len + 1) == (ssize_t)len + 1);
	}
	vfree(base);
}

KTEST(usercopy, single_accesses)
{
	u64 v64 = 0x1122334455667788, r64 = 0;
	u32 r32 = 0, old = 5, word = 5;
	u8 r8 = 0;
	char *base, *end = end_of_page(&base);

	KREQUIRE(end);
	KEXPECT_EQ(arch_user_read8(&r8, (u64)&v64), 0);
	KEXPECT_EQ(r8, 0x88);
	KEXPECT_EQ(arch_user_read32(&r32, (u64)&v64), 0);
	KEXPECT_EQ(r32, 0x55667788);
	KEXPECT_EQ(arch_user_write64(42, (u64)&r64), 0);
	KEXPECT_EQ(r64, 42);
	KEXPECT_EQ(arch_user_cmpxchg32((u64)&word, &old, 9), 0);
	KEXPECT_EQ(word, 9);
	KEXPECT_EQ(arch_user_cmpxchg32((u64)&word, &old, 1), -EAGAIN);
	KEXPECT_EQ(old, 9);
	KEXPECT_EQ(arch_user_read8(&r8, (u64)end), -EFAULT);
	KEXPECT_EQ(arch_user_write8(1, (u64)end), -EFAULT);
	KEXPECT_EQ(arch_user_read64(&r64, (u64)end - 4), -EFAULT);
	KEXPECT_EQ(arch_user_cmpxchg32((u64)end, &old, 1), -EFAULT);
	KEXPECT_EQ(arch_kernel_read64(&r64, end), -EFAULT);
	vfree(base);
}

/* SPDX-License-Identifier: MPL-2.0 */
/* Known answers of the random generator's parts; sorting; UTF-8. */
#include <base/chacha.h>
#include <base/sort.h>
#include <base/string.h>
#include <base/utf8.h>
#include <core/ktest.h>

/* RFC 8439, section 2.3.2. */
KTEST(chacha20, rfc_vector)
{
	static const u8 want[64] = {
		0x10, 0xf1, 0xe7, 0xe4, 0xd1, 0x3b, 0x59, 0x15, 0x50, 0x0f, 0xdd, 0x1f, 0xa3, 0x20, 0x71, 0xc4,
		0xc7, 0xd1, 0xf4, 0xc7, 0x33, 0xc0, 0x68, 0x03, 0x04, 0x22, 0xaa, 0x9a, 0xc3, 0xd4, 0x6c, 0x4e,
		0xd2, 0x82, 0x64, 0x46, 0x07, 0x9f, 0xaa, 0x09, 0x14, 0xc2, 0xd7, 0x05, 0xd9, 0x8b, 0x02, 0xa2,
		0xb5, 0x12, 0x9c, 0xd1, 0xde, 0x16, 0x4e, 0xb9, 0xcb, 0xd0, 0x83, 0xe8, 0xa2, 0x50, 0x3c, 0x4e,
	};
	u32 state[16], key[8], nonce[3] = { 0x09000000, 0x4a000000, 0 };
	u8 out[64];

	for (u32 i = 0; i < 32; i++)
		((u8 *)key)[i] = (u8)i;
	chacha20_init(state, key, nonce);
	state[12] = 1;
	chacha20_block(state, out);
	KEXPECT(memcmp(out, want, 64) == 0);
	KEXPECT_EQ(state[12], 2);
}

/* RFC 7693, appendix B; and that any pieces give the same. */
KTEST(blake2s, rfc_vector)
{
	static const u8 want[32] = {
		0x50, 0x8c, 0x5e, 0x8c, 0x32, 0x7c, 0x14, 0xe2, 0xe1, 0xa7, 0x2b, 0xa3, 0x4e, 0xeb, 0x45, 0x2f,
		0x37, 0x45, 0x8b, 0x20, 0x9e, 0xd6, 0x3a, 0x29, 0x4d, 0x99, 0x9b, 0x4c, 0x86, 0x67, 0x59, 0x82,
	};
	struct blake2s b;
	u8 out[32], other[32], text[200];

	blake2s_init(&b, 32, NULL, 0);
	blake2s_update(&b, "abc", 3);
	blake2s_final(&b, out);
	KEXPECT(memcmp(out, want, 32) == 0);
	for (u32 i = 0; i < sizeof(text); i++)
		text[i] = (u8)i;
	blake2s_init(&b, 32, "key", 3);
	blake2s_update(&b, text, sizeof(text));
	blake2s_final(&b, out);
	for (size_t piece = 1; piece < 130; piece++) {
		blake2s_init(&b, 32, "key", 3);
		for (size_t off = 0; off < sizeof(text); off += piece)
			blake2s_update(&b, text + off, piece < sizeof(text) - off ? piece : sizeof(text) - off);
		blake2s_final(&b, other);
		KEXPECT(memcmp(out, other, 32) == 0);
	}
}

struct item {
	struct list_head link;
	u32 key, order;
	u8 pad[3];
};

static struct item items[500];

static int cmp_items(const void *a, const void *b)
{
	u32 x = ((const struct item *)a)->key, y = ((const struct item *)b)->key;

	return x < y ? -1 : x > y;
}

static int cmp_links(void *priv, const struct list_head *a, const struct list_head *b)
{
	(void)priv;
	return cmp_items(list_entry(a, struct item, link), list_entry(b, struct item, link));
}

static void fill(u32 n, u32 range)
{
	u32 state = n;

	for (u32 i = 0; i < n; i++) {
		state = state * 1664525 + 1013904223;
		items[i].key = (state >> 8) % range;
		items[i].order = i;
	}
}

KTEST(sort, arrays)
{
	for (u32 n = 0; n < 100; n++) {
		struct item key = { .key = 20 };
		size_t at;

		fill(n, 40);
		sort(items, n, sizeof(items[0]), cmp_items);
		for (u32 i = 1; i < n; i++)
			KEXPECT(items[i - 1].key <= items[i].key);
		at = lower_bound(items, n, sizeof(items[0]), &key, cmp_items);
		KEXPECT(at == n || items[at].key >= 20);
		KEXPECT(at == 0 || items[at - 1].key < 20);
	}
}

KTEST(sort, lists_stably)
{
	for (u32 n = 0; n < 500; n += n < 20 ? 1 : 37) {
		LIST_HEAD(head);
		struct item *it, *prev = NULL;
		u32 count = 0;

		fill(n, 30);
		for (u32 i = 0; i < n; i++)
			list_add_tail(&items[i].link, &head);
		list_sort(NULL, &head, cmp_links);
		list_for_each_entry(it, &head, link) {
			KEXPECT(!prev || prev->key < it->key || (prev->key == it->key && prev->order < it->order));
			KEXPECT(it->link.prev == (prev ? &prev->link : &head));
			prev = it;
			count++;
		}
		KEXPECT_EQ(count, n);
	}
}

KTEST(utf8, there_and_back)
{
	char buf[4];
	u32 got;

	for (u32 cp = 0; cp < 0x110400; cp += cp < 0x900 ? 1 : 37) {
		int n = utf8_encode(cp, buf);
		bool valid = cp <= 0x10ffff && !(cp >= 0xd800 && cp < 0xe000);

		KEXPECT_EQ(n > 0, valid);
		if (n <= 0)
			continue;
		KEXPECT(utf8_decode(buf, 4, &got) == n && got == cp);
		for (int k = 0; k < n; k++)
			KEXPECT_EQ(utf8_decode(buf, (size_t)k, &got), 0);
	}
}

KTEST(utf8, malformed)
{
	u32 cp;

	KEXPECT_EQ(utf8_decode("\x80", 1, &cp), -1);
	KEXPECT_EQ(utf8_decode("\xc0\x80", 2, &cp), -1);
	KEXPECT_EQ(utf8_decode("\xe0\x80\x80", 3, &cp), -1);
	KEXPECT_EQ(utf8_decode("\xed\xa0\x80", 3, &cp), -1);
	KEXPECT_EQ(utf8_decode("\xf4\x90\x80\x80", 4, &cp), -1);
	KEXPECT_EQ(utf8_decode("\xff", 1, &cp), -1);
	KEXPECT_EQ(utf8_decode("\xc3(", 2, &cp), -1);
	KEXPECT(utf8_width('a') == 1 && utf8_width(0x4e2d) == 2 && utf8_width(0x301) == 0 && utf8_width(7) == -1);
}

/* SPDX-License-Identifier: MPL-2.0 */
/* cpio archives in pieces of every size, damaged, cut; and whole initramfs images of several parts. */
#include <base/alloc.h>
#include <base/cpio.h>
#include <base/errno.h>
#include <base/printf.h>
#include <base/string.h>
#include <core/failpoint.h>
#include <core/ktest.h>
#include <uapi/linux/stat.h>
#include "inflate_test_data.h"

/* What came, in words. */
static char text[2048];
static int fail_at;

static int note(const char *s)
{
	size_t n = strlen(text);

	scnprintf(text + n, sizeof(text) - n, "%s ", s);
	return fail_at && !--fail_at ? -ENOSPC : 0;
}

static int on_entry(void *ctx, const struct cpio_entry *e)
{
	char s[300];

	(void)ctx;
	snprintf(s, sizeof(s), "%.60s:%o:%u/%u:%llu", e->name, e->mode, e->uid, e->gid, (unsigned long long)e->size);
	if (S_ISLNK(e->mode))
		snprintf(s, sizeof(s), "%.60s->%.60s", e->name, e->target);
	if (S_ISCHR(e->mode))
		snprintf(s, sizeof(s), "%.60s=%u,%u", e->name, e->rdev_major, e->rdev_minor);
	return note(s);
}

static int on_link(void *ctx, const struct cpio_entry *e, const char *first)
{
	char s[200];

	(void)ctx;
	snprintf(s, sizeof(s), "%.60s==%.60s:%llu", e->name, first, (unsigned long long)e->size);
	return note(s);
}

static int on_data(void *ctx, const void *p, size_t n)
{
	char s[100];

	(void)ctx;
	if (!n)
		note("EMPTY");
	/* Pieces join: no blank after them. */
	scnprintf(s, sizeof(s), "%.*s", (int)n, (const char *)p);
	n = strlen(text);
	scnprintf(text + n, sizeof(text) - n, "%s", s);
	return fail_at && !--fail_at ? -ENOSPC : 0;
}

static int on_end(void *ctx, const struct cpio_entry *e)
{
	(void)ctx, (void)e;
	return note(".");
}

static const struct cpio_ops ops = { on_entry, on_link, on_data, on_end };

static const char one[] =
	"dir:40755:1/2:0 . dir/a:100644:1/2:0 . dir/b==dir/a:5 hello. lnk->dir/a . null=1,3 . empty:100600:1/2:0 . ";
static const char two[] = "late:100755:1/2:26 second archive, odd length. ";

static struct cpio c;

static int feed_in_pieces(const u8 *p, size_t len, size_t piece)
{
	int err = 0;

	text[0] = '\0';
	cpio_init(&c, &ops, NULL);
	for (size_t off = 0; off < len && !err; off += piece)
		err = cpio_feed(&c, p + off, piece < len - off ? piece : len - off);
	if (err) {
		cpio_fini(&c);
		return err;
	}
	return cpio_finish(&c);
}

KTEST(cpio, any_pieces)
{
	for (size_t piece = 1; piece < 150; piece++) {
		KEXPECT_EQ(feed_in_pieces(cpio_one, sizeof(cpio_one), piece), 0);
		KREQUIRE(streq(text, one));
	}
	KEXPECT_EQ(c.entries, 6);
}

KTEST(cpio, cut_short)
{
	for (size_t n = 1; n < sizeof(cpio_one) - 3; n++)
		KEXPECT_EQ(feed_in_pieces(cpio_one, n, 64), -EINVAL);
	KEXPECT_EQ(feed_in_pieces(cpio_one, 0, 64), 0);
}

KTEST(cpio, damaged)
{
	static u8 copy[sizeof(cpio_one)];

	for (size_t i = 0; i < sizeof(copy); i++)
		for (int v = 0; v < 3; v++) {
			memcpy(copy, cpio_one, sizeof(copy));
			copy[i] = v == 0 ? 'f' : v == 1 ? 0 : 0xff;
			KEXPECT(feed_in_pieces(copy, sizeof(copy), 7) <= 0);
		}
}

KTEST(cpio, callbacks_and_memory_fail)
{
	for (int n = 1; n < 12; n++) {
		fail_at = n;
		KEXPECT_EQ(feed_in_pieces(cpio_one, sizeof(cpio_one), 1000), -ENOSPC);
	}
	fail_at = 0;
	failpoint_arm("kmalloc", false, 1, 0);
	KEXPECT_EQ(feed_in_pieces(cpio_one, sizeof(cpio_one), 1000), -ENOMEM);
	failpoint_disarm("kmalloc");
}

static int unpack(const u8 *parts[], const size_t sizes[], int n, size_t zeros, struct initramfs_result *res)
{
	static u8 image[8192];
	size_t len = 0;

	text[0] = '\0';
	for (int i = 0; i < n; i++) {
		memcpy(image + len, parts[i], sizes[i]);
		len += sizes[i];
		memset(image + len, 0, zeros);
		len += zeros;
	}
	return initramfs_unpack(image, len, &ops, NULL, res);
}

KTEST(initramfs, several_archives)
{
	const u8 *parts[] = { cpio_one, cpio_two_gzip, cpio_two_gzip, cpio_one };
	const size_t sizes[] = { sizeof(cpio_one), sizeof(cpio_two_gzip), sizeof(cpio_two_gzip), sizeof(cpio_one) };
	struct initramfs_result res;
	char want[600];

	snprintf(want, sizeof(want), "%s%s%s%s", one, two, two, one);
	for (size_t zeros = 0; zeros < 600; zeros += 52) {
		KEXPECT_EQ(unpack(parts, sizes, 4, zeros, &res), 0);
		KEXPECT(!res.error);
		KEXPECT_EQ(res.entries, 14);
		KREQUIRE(streq(text, want));
	}
}

KTEST(initramfs, says_what_is_wrong)
{
	const u8 *parts[] = { (const u8 *)"\xfd" "7zXZ\0\0\0" };
	const size_t sizes[] = { 8 };
	struct initramfs_result res;

	KEXPECT_EQ(unpack(parts, sizes, 1, 0, &res), -EINVAL);
	KEXPECT(res.error && strstr(res.error, "xz"));
	parts[0] = (const u8 *)"\x7f" "ELF\2\1\1";
	KEXPECT_EQ(unpack(parts, sizes, 1, 0, &res), -EINVAL);
	KEXPECT(res.error && strstr(res.error, "neither"));
	KEXPECT_EQ(initramfs_unpack(cpio_two_gzip, 60, &ops, NULL, &res), -ENODATA);
	KEXPECT(res.error && strstr(res.error, "cut short"));
	KEXPECT_EQ(initramfs_unpack(cpio_one, 300, &ops, NULL, &res), -EINVAL);
	KEXPECT(res.error && strstr(res.error, "cut short"));
	fail_at = 1;
	KEXPECT_EQ(initramfs_unpack(cpio_two_gzip, sizeof(cpio_two_gzip), &ops, NULL, &res), -ENOSPC);
	KEXPECT(res.error && !strstr(res.error, "gzip"));
	fail_at = 0;
	for (u32 n = 1; n < 4; n++) {
		failpoint_arm("kmalloc", false, n, 0);
		unpack(parts, sizes, 0, 0, &res);
		failpoint_disarm("kmalloc");
	}
}

/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The device and its buffers. Each buffer has memory of its own, given back with its last reference, so that
 * ASan sees whoever goes past a block's end or keeps a pointer too long.
 */
#include "host.h"

struct dev dev;
static LIST_HEAD(live);			/* all buffers */
static long nr_live;

#define HASH 1024u
static struct hlist_head table[HASH];

u64 bdev_bytes(const struct block_device *b) { return dev.bytes; }
u32 bdev_logical_block_size(const struct block_device *b) { return 512; }
bool bdev_read_only(const struct block_device *b) { return dev.read_only; }
u64 bdev_max_discard(const struct block_device *b) { return ~0ull; }

static bool fails(u64 *n, u64 *at)
{
	return ++*n == *at;
}

int bdev_flush(struct block_device *b)
{
	return 0;
}

int bdev_discard(struct block_device *b, sector_t first, sector_t n)
{
	if (first * 512 + n * 512 > dev.bytes)
		host_die("discard beyond the end");
	return 0;
}

/* File data goes there. */
void dev_data_write(u64 byte, u64 n)
{
	if (byte + n > dev.bytes || byte + n < byte)
		host_die("data beyond the end: %llu+%llu", (unsigned long long)byte, (unsigned long long)n);
	for (u64 k = byte >> 10; k <= (byte + n - 1) >> 10; k++)
		if (dev.guard[k])
			host_die("data over metadata: KiB %llu", (unsigned long long)k);
	memset(dev.disk + byte, 0xda, n);
}

void dev_guard(u64 byte, u64 n)
{
	for (u64 k = byte >> 10; n && k <= (byte + n - 1) >> 10 && k < dev.bytes >> 10; k++)
		dev.guard[k] = 1;
}

int bdev_write_zeroes(struct block_device *b, sector_t first, sector_t n, bool keep)
{
	if (fails(&dev.writes, &dev.fail_write))
		return -EIO;
	dev_data_write(first * 512, n * 512);
	memset(dev.disk + first * 512, 0, n * 512);
	return 0;
}

/* --- buffers --- */

long dev_buffers(void)
{
	return nr_live;
}

static struct hlist_head *bucket(u64 block)
{
	return &table[block % HASH];
}

static struct buffer *find(u64 block, u32 size)
{
	struct buffer *bh;

	hlist_for_each_entry(bh, bucket(block), hash)
		if (bh->block == block && bh->size == size)
			return bh;
	return NULL;
}

struct buffer *buffer_find(struct block_device *b, u64 block, u32 size)
{
	struct buffer *bh = find(block, size);

	(void)b;
	if (bh)
		bh->ref++;
	return bh;
}

struct buffer *buffer_read(struct block_device *b, u64 block, u32 size)
{
	struct buffer *bh = buffer_find(b, block, size);

	if (bh)
		return bh;
	if (block >= dev.bytes / size)
		return ERR_PTR(-EINVAL);
	if (fails(&dev.reads, &dev.fail_read))
		return ERR_PTR(-EIO);
	bh = kzalloc(sizeof(*bh), GFP_NOFS);
	if (!bh)
		return ERR_PTR(-ENOMEM);
	bh->data = malloc(size);
	memcpy(bh->data, dev.cache + block * size, size);
	bh->bdev = b;
	bh->block = block;
	bh->size = size;
	bh->ref = 1;
	list_init(&bh->lru);
	list_init(&bh->link);
	hlist_add_head(&bh->hash, bucket(block));
	nr_live++;
	return bh;
}

/* Not read: what is not in memory by chance is zeros. */
struct buffer *buffer_get(struct block_device *b, u64 block, u32 size)
{
	bool known = find(block, size) || below(2);
	struct buffer *bh = buffer_read(b, block, size);

	if (!IS_ERR(bh) && !known)
		memset(bh->data, 0, size);
	return bh;
}

void buffer_readahead_from(struct block_device *b, u64 block, u64 first, u32 nr, u32 size)
{
}

struct buffer *buffer_get_zeroed(struct block_device *b, u64 block, u32 size)
{
	struct buffer *bh = buffer_read(b, block, size);

	if (!IS_ERR(bh))
		memset(bh->data, 0, size);
	return bh;
}

void buffer_readahead(struct block_device *b, u64 block, u32 size)
{
}

void buffer_hold(struct buffer *bh)
{
	if (bh->ref <= 0)
		host_die("a buffer without references is taken");
	bh->ref++;
}

void buffer_put(struct buffer *bh)
{
	if (!bh)
		return;
	if (bh->ref <= 0)
		host_die("a buffer is given back twice");
	if (--bh->ref)
		return;
	if (!bh->dead)
		hlist_del_init(&bh->hash);
	if (!bh->dead || !find(bh->block, bh->size))
		memcpy(dev.cache + bh->block * bh->size, bh->data, bh->size);
	free(bh->data);
	kfree(bh);
	nr_live--;
}

void buffer_forget(struct buffer *bh)
{
	if (!bh->dead) {
		bh->dead = true;
		hlist_del_init(&bh->hash);
	}
	buffer_put(bh);
}

int buffers_write(struct buffer **bh, u32 n)
{
	int err = 0;

	for (u32 i = 0; i < n; i++) {
		if (fails(&dev.writes, &dev.fail_write)) {
			err = -EIO;
			continue;
		}
		if (dev.read_only)
			host_die("a read-only device is written");
		memcpy(dev.disk + bh[i]->block * bh[i]->size, bh[i]->data, bh[i]->size);
		memcpy(dev.cache + bh[i]->block * bh[i]->size, bh[i]->data, bh[i]->size);
	}
	return err;
}

int buffer_write_sync(struct buffer *bh)
{
	return buffers_write(&bh, 1);
}

void buffers_drop(struct block_device *b)
{
}

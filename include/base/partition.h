/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Partition tables (kernel/lib/partition.c): MBR with logical partitions in extended ones, GPT with its
 * backup and checksums. Pure: blocks come through a callback, nothing that is read is believed.
 */
#ifndef BASE_PARTITION_H
#define BASE_PARTITION_H

#include <base/compiler.h>
#include <base/types.h>

#define PART_LABEL_MAX	112		/* 36 UTF-16 units as UTF-8, with the end */
#define PART_UUID_MAX	40

struct part_info {
	u32 number;			/* from 1 on; logical ones from 5 on */
	u64 start, blocks;		/* in logical blocks */
	u8 mbr_type;			/* MBR: type byte; GPT: 0 */
	u64 gpt_flags;
	char type_uuid[PART_UUID_MAX];	/* GPT: text in lower case; "" */
	char uuid[PART_UUID_MAX];	/* GPT: the entry's; MBR: SSSSSSSS-NN when the disk has a signature; "" */
	char label[PART_LABEL_MAX];	/* GPT: UTF-8; "" */
};

enum part_table { PART_TABLE_NONE, PART_TABLE_MBR, PART_TABLE_GPT };

struct part_source {
	u32 block_size;			/* 512 to 4096 */
	u64 nr_blocks;
	/* `count` blocks from lba on into buf. 0 or -errno. */
	int (*read)(void *arg, u64 lba, u32 count, void *buf);
	void *arg;
	/* Each partition in the order of the table. Non-zero ends it. */
	int (*found)(void *arg, const struct part_info *p);
	void (*note)(void *arg, const char *text);	/* what is odd about the table; NULL */
};

#define PART_SCRATCH	(16384u + 4096u)
/*
 * scratch: PART_SCRATCH bytes. The kind of table, or -errno of a read, or what `found` returned, or
 * -EUCLEAN: there is a GPT and both of its copies are broken.
 */
__must_check int partitions_read(const struct part_source *s, void *scratch);

#endif

/* SPDX-License-Identifier: MPL-2.0 */
/*
 * A plugin of QEMU's TCG that counts the guest's instructions between marks: for tools/bench.py, and as
 * a profiler. The interface is declared here, because Debian ships no header of it.
 *
 *     -plugin FILE.so,out=FILE[,profile=FILE]
 *
 * The guest's program marks with long no-ops, nopl N(%rax) (test/perf/bench.h): N = 0x4b454501 counting
 * starts, 02 it stops, 03 a row ends: a line with the count goes to `out`. With `profile`, each row's
 * counts by block of code follow in that file: "ROW n", then "ADDRESS INSTRUCTIONS" lines. One CPU only.
 */
#include <inttypes.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef uint64_t qemu_plugin_id_t;
struct qemu_plugin_tb;
struct qemu_plugin_insn;
typedef void (*insn_fn)(unsigned int cpu, void *data);

extern void qemu_plugin_register_vcpu_tb_trans_cb(qemu_plugin_id_t id,
						  void (*fn)(qemu_plugin_id_t id, struct qemu_plugin_tb *tb));
extern size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *tb);
extern uint64_t qemu_plugin_tb_vaddr(const struct qemu_plugin_tb *tb);
extern struct qemu_plugin_insn *qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *tb, size_t n);
extern const void *qemu_plugin_insn_data(const struct qemu_plugin_insn *i);
extern size_t qemu_plugin_insn_size(const struct qemu_plugin_insn *i);
extern void qemu_plugin_register_vcpu_tb_exec_inline(struct qemu_plugin_tb *tb, int op, void *p, uint64_t v);
extern void qemu_plugin_register_vcpu_insn_exec_cb(struct qemu_plugin_insn *i, insn_fn fn, int flags, void *data);

#define API __attribute__((visibility("default")))
API int qemu_plugin_version = 1;
API int qemu_plugin_install(qemu_plugin_id_t id, const void *info, int argc, char **argv);

static uint64_t count, started, total;
static bool counting;
static FILE *out, *profile;

/* Blocks of code by address, for the profile. */
#define BLOCKS	(1u << 20)
static struct block { uint64_t addr, n; } *blocks;

static struct block *block_of(uint64_t addr)
{
	uint32_t h = (uint32_t)((addr * 0x9e3779b97f4a7c15ull) >> 44);

	while (blocks[h].addr && blocks[h].addr != addr)
		h = (h + 1) & (BLOCKS - 1);
	blocks[h].addr = addr;
	return &blocks[h];
}

static void profile_start(void)
{
	for (uint32_t i = 0; profile && i < BLOCKS; i++)
		blocks[i].n = 0;
}

static void profile_row(void)
{
	static int n;

	if (!profile)
		return;
	fprintf(profile, "ROW %d\n", n++);
	for (uint32_t i = 0; i < BLOCKS; i++)
		if (blocks[i].n)
			fprintf(profile, "%" PRIx64 " %" PRIu64 "\n", blocks[i].addr, blocks[i].n);
	fflush(profile);
}

static void on_mark(unsigned int cpu, void *data)
{
	(void)cpu;
	switch ((uintptr_t)data) {
	case 1:
		started = count;
		counting = true;
		profile_start();
		break;
	case 2:
		total += counting ? count - started : 0;
		counting = false;
		profile_row();
		break;
	case 3:
		fprintf(out, "%" PRIu64 "\n", total);
		fflush(out);
		total = 0;
		break;
	}
}

static void on_block(qemu_plugin_id_t id, struct qemu_plugin_tb *tb)
{
	static const uint8_t mark[6] = { 0x0f, 0x1f, 0x80, 0, 0x45, 0x45 };
	size_t n = qemu_plugin_tb_n_insns(tb);

	(void)id;
	qemu_plugin_register_vcpu_tb_exec_inline(tb, 0, &count, n);
	if (profile)
		qemu_plugin_register_vcpu_tb_exec_inline(tb, 0, &block_of(qemu_plugin_tb_vaddr(tb))->n, n);
	for (size_t i = 0; i < n; i++) {
		struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(tb, i);
		const uint8_t *b = qemu_plugin_insn_data(insn);

		if (qemu_plugin_insn_size(insn) == 7 && !memcmp(b, mark, 3) && !memcmp(b + 4, mark + 4, 2) && b[6] == 0x4b)
			qemu_plugin_register_vcpu_insn_exec_cb(insn, on_mark, 0, (void *)(uintptr_t)b[3]);
	}
}

int qemu_plugin_install(qemu_plugin_id_t id, const void *info, int argc, char **argv)
{
	(void)info;
	for (int i = 0; i < argc; i++) {
		if (!strncmp(argv[i], "out=", 4))
			out = fopen(argv[i] + 4, "w");
		else if (!strncmp(argv[i], "profile=", 8))
			profile = fopen(argv[i] + 8, "w");
	}
	if (!out)
		return -1;
	if (profile)
		blocks = calloc(BLOCKS, sizeof(*blocks));
	qemu_plugin_register_vcpu_tb_trans_cb(id, on_block);
	return 0;
}

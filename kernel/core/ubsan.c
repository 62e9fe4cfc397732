/* SPDX-License-Identifier: MPL-2.0 */
/*
 * What the compiler calls when -fsanitize=undefined found undefined behaviour (DEBUG kernels). Each
 * place is reported once, with a stack, and fails the running kernel test; then the code goes on.
 * The layouts are the compilers' run-time interface, the same in gcc 12 and clang 14.
 *
 * Any context. No locks: "reported" is one atomic bit in the place's own data.
 * keel: no-sanitize
 */
#include <base/compiler.h>
#include <base/types.h>

#ifdef UBSAN
#include <core/panic.h>
#include <core/printk.h>
#include "internal.h"

struct source_place {
	const char *file;
	u32 line;
	u32 column;			/* [a] the top bit: reported already */
};

struct type_desc {
	u16 kind;			/* 0: integer */
	u16 info;			/* integers: bit 0 signed, then log2 of the width */
	char name[];
};

struct bounds_data { struct source_place at; const struct type_desc *array, *index; };
struct shift_data { struct source_place at; const struct type_desc *left, *right; };
struct typed_data { struct source_place at; const struct type_desc *type; };
struct mismatch_data { struct source_place at; const struct type_desc *type; u8 log_align, kind; };
struct plain_data { struct source_place at; };

#define REPORTED	0x80000000u

static bool first_time(struct source_place *p)
{
	return !(__atomic_fetch_or(&p->column, REPORTED, __ATOMIC_RELAXED) & REPORTED);
}

#define REPORT(place, fmt, ...) do { \
	struct source_place *_p = (place); \
	if (first_time(_p)) { \
		pr_err("UBSan: %s:%u: " fmt "\n", _p->file, _p->line, ##__VA_ARGS__); \
		stack_print(NULL); \
		ktest_note_bug(); \
	} } while (0)

/* A value that fits a word stands in the argument itself, a wider one behind it. */
static s64 value_of(const struct type_desc *t, u64 v)
{
	u32 bits = 1u << (t->info >> 1);

	if (t->kind != 0 || bits > 64)
		return (s64)v;
	if (bits < 64)
		v &= (1ull << bits) - 1;
	if ((t->info & 1) && bits < 64 && (v >> (bits - 1)) & 1)
		v |= ~0ull << bits;
	return (s64)v;
}

void __ubsan_handle_out_of_bounds(struct bounds_data *d, u64 index);
void __ubsan_handle_shift_out_of_bounds(struct shift_data *d, u64 left, u64 right);
void __ubsan_handle_divrem_overflow(struct typed_data *d, u64 left, u64 right);
void __ubsan_handle_load_invalid_value(struct typed_data *d, u64 v);
void __ubsan_handle_vla_bound_not_positive(struct typed_data *d, u64 bound);
void __ubsan_handle_type_mismatch_v1(struct mismatch_data *d, u64 ptr);
void __ubsan_handle_pointer_overflow(struct plain_data *d, u64 base, u64 result);
void __ubsan_handle_invalid_builtin(struct plain_data *d);
void __ubsan_handle_missing_return(struct plain_data *d);
void __ubsan_handle_builtin_unreachable(struct plain_data *d);

void __ubsan_handle_out_of_bounds(struct bounds_data *d, u64 index)
{
	REPORT(&d->at, "index %lld out of bounds of %s", (long long)value_of(d->index, index), d->array->name);
}

void __ubsan_handle_shift_out_of_bounds(struct shift_data *d, u64 left, u64 right)
{
	REPORT(&d->at, "%s %lld shifted by %lld", d->left->name, (long long)value_of(d->left, left),
	       (long long)value_of(d->right, right));
}

void __ubsan_handle_divrem_overflow(struct typed_data *d, u64 left, u64 right)
{
	REPORT(&d->at, "%lld divided by %lld", (long long)value_of(d->type, left), (long long)value_of(d->type, right));
}

void __ubsan_handle_load_invalid_value(struct typed_data *d, u64 v)
{
	REPORT(&d->at, "%lld is no value of %s", (long long)value_of(d->type, v), d->type->name);
}

void __ubsan_handle_vla_bound_not_positive(struct typed_data *d, u64 bound)
{
	REPORT(&d->at, "array of %lld elements", (long long)value_of(d->type, bound));
}

void __ubsan_handle_type_mismatch_v1(struct mismatch_data *d, u64 ptr)
{
	if (!ptr)
		REPORT(&d->at, "null pointer to %s used", d->type->name);
	else if (d->log_align && (ptr & ((1ull << d->log_align) - 1)))
		REPORT(&d->at, "pointer %#llx to %s is not aligned", (unsigned long long)ptr, d->type->name);
	else
		REPORT(&d->at, "object at %#llx is too small for %s", (unsigned long long)ptr, d->type->name);
}

void __ubsan_handle_pointer_overflow(struct plain_data *d, u64 base, u64 result)
{
	REPORT(&d->at, "pointer %#llx went to %#llx", (unsigned long long)base, (unsigned long long)result);
}

void __ubsan_handle_invalid_builtin(struct plain_data *d)
{
	REPORT(&d->at, "zero given to a bit count that must not have it");
}

void __ubsan_handle_missing_return(struct plain_data *d)
{
	REPORT(&d->at, "end of a function that returns a value");
	panic("UBSan: missing return");
}

void __ubsan_handle_builtin_unreachable(struct plain_data *d)
{
	REPORT(&d->at, "code that cannot be reached was");
	panic("UBSan: unreachable code");
}
#endif

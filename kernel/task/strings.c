/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The argument strings of execve, and the tables below them. See exec.h for the order. User memory is
 * read once: pointers into a kernel array first, then each string straight into its page.
 */
#include <base/math.h>
#include <base/string.h>
#include <core/usercopy.h>
#include <kernel/random.h>
#include <mm/mm.h>
#include "exec.h"

/* Make page i from the top exist. */
static int grow_pages(struct exec_ctx *x, u32 want)
{
	while (x->nr_pages < want) {
		if (x->nr_pages == x->cap_pages) {
			u32 cap = x->cap_pages ? x->cap_pages * 4 : 16;
			struct folio **n = kvmalloc(cap * sizeof(*n), GFP_KERNEL);

			if (!n)
				return -ENOMEM;
			if (x->pages)
				memcpy(n, x->pages, x->nr_pages * sizeof(*n));
			kvfree(x->pages);
			x->pages = n;
			x->cap_pages = cap;
		}
		x->pages[x->nr_pages] = folio_alloc(0, GFP_USER | GFP_ZERO);
		if (!x->pages[x->nr_pages])
			return -ENOMEM;
		x->nr_pages++;
	}
	return 0;
}

static int note_len(struct exec_ctx *x, u32 len)
{
	if (x->nr_lens == x->cap_lens) {
		u32 cap = x->cap_lens ? x->cap_lens * 4 : 64;
		u32 *n = kvmalloc(cap * sizeof(*n), GFP_KERNEL);

		if (!n)
			return -ENOMEM;
		if (x->lens)
			memcpy(n, x->lens, x->nr_lens * sizeof(*n));
		kvfree(x->lens);
		x->lens = n;
		x->cap_lens = cap;
	}
	x->lens[x->nr_lens++] = len;
	return 0;
}

/* Room for n bytes below what is there; the caller fills it piece by piece from `used` downwards. */
static int reserve(struct exec_ctx *x, u64 n)
{
	u64 total;

	if (check_add(x->used, n, &total) || total + (u64)(x->nr_lens + 1) * 8 > x->limit)
		return -E2BIG;
	return grow_pages(x, (u32)((total + PAGE_SIZE - 1) / PAGE_SIZE));
}

/* Where the bytes that begin `from_top` bytes below the top lie, and how many follow in that page. */
static void *string_at(struct exec_ctx *x, u64 from_top, u64 *room)
{
	u64 off = -from_top & (PAGE_SIZE - 1);

	*room = PAGE_SIZE - off;
	return kmap_local(x->pages[(from_top - 1) / PAGE_SIZE], off);
}

static int push(struct exec_ctx *x, const char *s, uaddr_t user, u64 n)
{
	u64 at = x->used + n, room;
	int err = reserve(x, n);

	if (!err)
		err = note_len(x, (u32)n);
	if (err)
		return err;
	for (u64 done = 0; done < n; done += room) {
		void *to = string_at(x, at - done, &room);

		room = min(room, n - done);
		if (s)
			memcpy(to, s + done, room);
		else
			err = copy_in_bytes(to, uaddr_add(user, done), room);
		if (!s && !err && done + room == n)
			((char *)to)[room - 1] = 0;	/* it may have changed since it was measured */
		kunmap_local(to);
		if (err)
			return err;
	}
	x->used = at;
	return 0;
}

int exec_push_kernel(struct exec_ctx *x, const char *s)
{
	return push(x, s, uaddr(0), strlen(s) + 1);
}

void exec_pop(struct exec_ctx *x)
{
	x->used -= x->lens[--x->nr_lens];
}

int exec_push_array(struct exec_ctx *x, char *const *argv, u32 *count)
{
	u32 n = 0;
	int err;

	while (argv[n])
		n++;
	*count = n;
	while (n--) {
		err = exec_push_kernel(x, argv[n]);
		if (err)
			return err;
	}
	return 0;
}

#define PTR_CHUNK	32

/* The pointers of a NULL-terminated user array; count in *n. ERR_PTR. */
static u64 *read_pointers(struct exec_ctx *x, uin_argv argv, u32 *n)
{
	u32 cap = PTR_CHUNK;
	u64 *p = kvmalloc(cap * sizeof(u64), GFP_KERNEL), *bigger;

	if (!p)
		return ERR_PTR(-ENOMEM);
	for (*n = 0;; (*n)++) {
		if (*n == cap) {
			if ((u64)cap * 8 > x->limit) {
				kvfree(p);
				return ERR_PTR(-E2BIG);
			}
			bigger = kvmalloc(cap * 4 * sizeof(u64), GFP_KERNEL);
			if (!bigger) {
				kvfree(p);
				return ERR_PTR(-ENOMEM);
			}
			memcpy(bigger, p, cap * sizeof(u64));
			kvfree(p);
			p = bigger;
			cap *= 4;
		}
		if (copy_in_bytes(&p[*n], uaddr(argv.addr + (u64)*n * 8), sizeof(u64))) {
			kvfree(p);
			return ERR_PTR(-EFAULT);
		}
		if (!p[*n])
			return p;
	}
}

int exec_push_user(struct exec_ctx *x, uin_argv argv, u32 *count)
{
	int err = 0;
	u32 n = 0;
	u64 *p;

	if (!argv.addr)
		return 0;
	p = read_pointers(x, argv, &n);
	if (IS_ERR(p))
		return (int)PTR_ERR(p);
	*count = n;
	while (n-- && !err) {
		ssize_t len = strnlen_user(uaddr(p[n]), MAX_ARG_STRLEN);

		if (len < 0)
			err = (int)len;
		else if (len >= (ssize_t)MAX_ARG_STRLEN)
			err = -E2BIG;
		else
			err = push(x, NULL, uaddr(p[n]), (u64)len + 1);
	}
	kvfree(p);
	return err;
}

void exec_free_strings(struct exec_ctx *x)
{
	for (u32 i = 0; i < x->nr_pages; i++)
		folio_put(x->pages[i]);
	x->nr_pages = 0;
	kvfree(x->pages);
	kvfree(x->lens);
	x->pages = NULL;
	x->lens = NULL;
}

int exec_map_stack(struct exec_ctx *x, bool executable)
{
	u32 nr = x->nr_pages;
	u64 where;
	int err;

	for (u32 i = 0; i < nr / 2; i++)
		swap(x->pages[i], x->pages[nr - 1 - i]);
	x->nr_pages = 0;		/* the references are mm's now, also on failure */
	err = mm_map_stack(x->mm, x->pages, nr, executable, &where);
	if (err)
		return err;
	x->top = where + (u64)nr * PAGE_SIZE;
	x->sp = x->top - x->used;
	return 0;
}

/* argv and envp: the strings lie one after the other from sp upwards. */
static int write_pointers(struct exec_ctx *x, u64 sp)
{
	u64 str = x->top - x->used, chunk[PTR_CHUNK], zero = 0;
	u32 total = x->argc + x->envc, n = 0, i = x->nr_lens;
	u64 argc = x->argc;
	struct mm *mm = x->mm;

	if (copy_out_bytes(uaddr(sp), &argc, sizeof(argc)))
		return -EFAULT;
	sp += 8;
	mm->arg_start = str;
	mm->arg_end = str;
	for (u32 k = 0; k < total; k++) {
		if (k == x->argc) {	/* NULL between the two */
			mm->arg_end = str;
			if (copy_out_bytes(uaddr(sp), chunk, n * 8) || copy_out_bytes(uaddr(sp + n * 8), &zero, 8))
				return -EFAULT;
			sp += n * 8 + 8;
			n = 0;
		}
		chunk[n++] = str;
		str += x->lens[--i];
		if (n == PTR_CHUNK) {
			if (copy_out_bytes(uaddr(sp), chunk, sizeof(chunk)))
				return -EFAULT;
			sp += sizeof(chunk);
			n = 0;
		}
	}
	if (n && copy_out_bytes(uaddr(sp), chunk, n * 8))
		return -EFAULT;
	sp += n * 8;
	if (!x->envc) {
		mm->arg_end = str;
		if (copy_out_bytes(uaddr(sp), &zero, 8))
			return -EFAULT;
		sp += 8;
	}
	mm->env_start = mm->arg_end;
	mm->env_end = str;
	return copy_out_bytes(uaddr(sp), &zero, 8);
}

int exec_write_tables(struct exec_ctx *x, u64 *auxv, u32 nr_auxv)
{
	u64 words = 1 + x->argc + 1 + x->envc + 1, sp;

	sp = ALIGN_DOWN(x->sp, 16) - (words + nr_auxv) * 8;
	sp = ALIGN_DOWN(sp, 16);
	if (copy_out_bytes(uaddr(sp + words * 8), auxv, nr_auxv * 8) || write_pointers(x, sp))
		return -EFAULT;
	x->sp = sp;
	return 0;
}

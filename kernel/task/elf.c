/* SPDX-License-Identifier: MPL-2.0 */
/*
 * ELF programs: static, static position-independent, and dynamic with an interpreter. The headers are
 * checked by pure code (base/elf.h) before anything changes; so is the interpreter's, before the point of
 * no return. Then segments are mapped, the rest of each last page is cleared, and the tables are written.
 *
 * A position-independent program without interpreter is loaded where mmap would put it; one with an
 * interpreter at the usual place for programs, and the interpreter where mmap puts it.
 */
#include <base/elf.h>
#include <base/math.h>
#include <base/string.h>
#include <core/machine.h>
#include <core/usercopy.h>
#include <fs/file.h>
#include <kernel/random.h>
#include <mm/mm.h>
#include <uapi/linux/auxvec.h>
#include <uapi/linux/mman.h>
#include <uapi/linux/personality.h>
#include "exec.h"

struct elf_image {
	struct file *file;
	struct elf64_hdr hdr;
	struct elf64_phdr *ph;
	struct elf_layout lay;
	u64 bias;		/* added to each address of the file */
};

static int image_read(struct elf_image *im, const struct elf64_hdr *hdr)
{
	int err;

	im->hdr = *hdr;
	err = elf_check_header(&im->hdr);
	if (err)
		return err;
	im->ph = kmalloc((size_t)im->hdr.e_phnum * sizeof(*im->ph), GFP_KERNEL);
	if (!im->ph)
		return -ENOMEM;
	err = exec_read(im->file, im->hdr.e_phoff, im->ph, (size_t)im->hdr.e_phnum * sizeof(*im->ph));
	if (!err)
		err = elf_check_phdrs(&im->hdr, im->ph, USER_END, &im->lay);
	return err;
}

static void image_free(struct elf_image *im)
{
	kfree(im->ph);
	im->ph = NULL;
	if (im->file)
		exec_close(im->file);
	im->file = NULL;
}

/* Open and check the interpreter that PT_INTERP names. */
static int open_interp(struct elf_image *prog, struct elf_image *interp)
{
	size_t len = prog->lay.interp_len;
	struct elf64_hdr hdr;
	struct filename *name;
	char *path;
	int err;

	if (len < 2 || len > PATH_MAX)
		return -ENOEXEC;
	path = kmalloc(len, GFP_KERNEL);
	if (!path)
		return -ENOMEM;
	err = exec_read(prog->file, prog->lay.interp_off, path, len);
	if (!err && path[len - 1])
		err = -ENOEXEC;
	if (err)
		goto out;
	name = filename_kernel(path);
	err = PTR_ERR_OR_ZERO(name);
	if (err)
		goto out;
	interp->file = exec_open(AT_FDCWD, name, 0);
	filename_put(name);
	if (IS_ERR(interp->file)) {
		err = (int)PTR_ERR(interp->file);
		interp->file = NULL;
		goto out;
	}
	err = exec_read(interp->file, 0, &hdr, sizeof(hdr));
	if (!err)
		err = image_read(interp, &hdr);
	if (err == -ENOEXEC)
		err = -ELIBBAD;
out:
	kfree(path);
	return err;
}

/* ---- mapping ---- */

/* Zero the rest of the page that holds the end of a segment's file part, and map what is beyond. */
static int map_bss(struct elf_image *im, const struct elf64_phdr *ph)
{
	u64 file_end = im->bias + ph->p_vaddr + ph->p_filesz;
	u64 mem_end = im->bias + ph->p_vaddr + ph->p_memsz;
	u64 page_end = PAGE_ALIGN_UP(file_end);
	u32 prot = elf_segment_prot(ph), flags;

	if (ph->p_filesz && page_end != file_end && (prot & PROT_WRITE) &&
	    clear_user(uaddr(file_end), page_end - file_end))
		return -EFAULT;
	if (!ph->p_filesz)
		page_end = PAGE_ALIGN_DOWN(file_end);
	if (mem_end <= page_end)
		return 0;
	flags = (prot & PROT_READ ? VM_READ : 0) | (prot & PROT_WRITE ? VM_WRITE : 0) | (prot & PROT_EXEC ? VM_EXEC : 0);
	return mm_map_anon(current->mm, page_end, PAGE_ALIGN_UP(mem_end) - page_end, flags);
}

static int map_segment(struct elf_image *im, const struct elf64_phdr *ph)
{
	u64 addr = PAGE_ALIGN_DOWN(im->bias + ph->p_vaddr);
	u64 in_page = PAGE_OFFSET_IN(ph->p_vaddr);
	long res;

	if (ph->p_filesz) {
		res = mmap_do(current->mm, im->file, addr, PAGE_ALIGN_UP(ph->p_filesz + in_page), elf_segment_prot(ph),
			      MAP_PRIVATE | MAP_FIXED | MAP_DENYWRITE, (ph->p_offset - in_page) >> PAGE_SHIFT);
		if (res < 0)
			return (int)res;
	}
	return ph->p_memsz > ph->p_filesz ? map_bss(im, ph) : 0;
}

/* Choose the bias of a position-independent image. `program`: it has an interpreter of its own. */
static int place(struct elf_image *im, bool program, bool randomize)
{
	u64 len = im->lay.end - im->lay.start, align = max_t(u64, im->lay.align, PAGE_SIZE);
	long addr;

	if (!im->lay.pie) {
		im->bias = 0;
		return 0;
	}
	if (program) {
		im->bias = ALIGN_DOWN(aslr_pie_base(randomize), align) - im->lay.start;
		return 0;
	}
	/* Find room for all of it with the alignment, then give it back: the segments go there. */
	addr = mmap_do(current->mm, NULL, 0, len + align, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, 0);
	if (addr < 0)
		return (int)addr;
	if (munmap_do(current->mm, (u64)addr, len + align))
		return -ENOMEM;
	im->bias = ALIGN_UP((u64)addr, align) - im->lay.start;
	return 0;
}

static int map_image(struct elf_image *im)
{
	for (u32 i = 0; i < im->hdr.e_phnum; i++) {
		const struct elf64_phdr *ph = &im->ph[i];
		int err;

		if (ph->p_type != PT_LOAD || !ph->p_memsz)
			continue;
		err = map_segment(im, ph);
		if (err)
			return err;
	}
	return 0;
}

/* ---- the auxiliary vector ---- */

#define AUX_MAX	48

struct aux {
	u64 v[AUX_MAX];
	u32 n;
};

static void aux_add(struct aux *a, u64 type, u64 value)
{
	a->v[a->n++] = type;
	a->v[a->n++] = value;
}

/* Push a few bytes below the strings of the running image; their address, 0: fault. */
static u64 stack_push(struct exec_ctx *x, const void *data, size_t n)
{
	x->sp -= n;
	return copy_out_bytes(uaddr(x->sp), data, n) ? 0 : x->sp;
}

static int write_aux(struct exec_ctx *x, const struct elf_image *prog, const struct elf_image *interp)
{
	const struct cred *c = current_cred();
	struct mm *mm = current->mm;
	struct aux a = { .n = 0 };
	u64 platform, random;
	u8 bytes[16];

	random_bytes(bytes, sizeof(bytes));
	platform = stack_push(x, "x86_64", 7);
	x->sp = ALIGN_DOWN(x->sp, 16);
	random = stack_push(x, bytes, sizeof(bytes));
	if (!platform || !random)
		return -EFAULT;
	if (mm->vdso_base)
		aux_add(&a, AT_SYSINFO_EHDR, mm->vdso_base);
	aux_add(&a, AT_MINSIGSTKSZ, arch_minsigstksz());
	aux_add(&a, AT_HWCAP, arch_hwcap());
	aux_add(&a, AT_PAGESZ, PAGE_SIZE);
	aux_add(&a, AT_CLKTCK, 100);
	aux_add(&a, AT_PHDR, prog->lay.phdr ? prog->bias + prog->lay.phdr : 0);
	aux_add(&a, AT_PHENT, sizeof(struct elf64_phdr));
	aux_add(&a, AT_PHNUM, prog->hdr.e_phnum);
	aux_add(&a, AT_BASE, interp->file ? interp->bias : 0);
	aux_add(&a, AT_FLAGS, 0);
	aux_add(&a, AT_ENTRY, prog->bias + prog->lay.entry);
	aux_add(&a, AT_UID, from_kuid(&init_user_ns, c->uid));
	aux_add(&a, AT_EUID, from_kuid(&init_user_ns, c->euid));
	aux_add(&a, AT_GID, from_kgid(&init_user_ns, c->gid));
	aux_add(&a, AT_EGID, from_kgid(&init_user_ns, c->egid));
	aux_add(&a, AT_SECURE, x->secure);
	aux_add(&a, AT_RANDOM, random);
	aux_add(&a, AT_HWCAP2, arch_hwcap2());
	aux_add(&a, AT_EXECFN, x->top - x->execfn_used);
	aux_add(&a, AT_PLATFORM, platform);
	aux_add(&a, AT_NULL, 0);
	memset(mm->saved_auxv, 0, sizeof(mm->saved_auxv));
	memcpy(mm->saved_auxv, a.v, a.n * sizeof(u64));
	return exec_write_tables(x, a.v, a.n);
}

/* ---- loading ---- */

static void note_layout(struct mm *mm, const struct elf_image *prog)
{
	mm->start_code = prog->bias + prog->lay.code_start;
	mm->end_code = prog->bias + prog->lay.code_end;
	mm->start_data = prog->bias + prog->lay.data_start;
	mm->end_data = prog->bias + prog->lay.data_end;
}

/* Everything after the point of no return: an error kills. */
static int build_image(struct exec_ctx *x, struct elf_image *prog, struct elf_image *interp)
{
	bool randomize = randomize_va_space && !(current->personality & ADDR_NO_RANDOMIZE);
	struct mm *mm;
	u64 brk;
	int err;

	err = exec_map_stack(x, prog->lay.stack_exec == 1);
	if (!err)
		err = place(prog, interp->file != NULL, randomize);
	if (!err)
		err = map_image(prog);
	if (!err && interp->file) {
		err = place(interp, false, randomize);
		if (!err)
			err = map_image(interp);
	}
	if (err)
		return err;
	mm = current->mm;
	note_layout(mm, prog);
	/* A static PIE sits among the mappings: its heap goes to the place of programs, as on Linux. */
	brk = PAGE_ALIGN_UP(prog->bias + prog->lay.brk);
	if (prog->lay.pie && !interp->file && randomize)
		brk = PAGE_ALIGN_UP(aslr_pie_base(false));
	mm_set_brk(mm, randomize_va_space > 1 ? aslr_brk(brk, randomize) : brk);
	mm->start_stack = x->sp;
	err = mm_map_vdso(mm);
	if (!err)
		err = write_aux(x, prog, interp);
	if (err)
		return err;
	mm->start_stack = x->sp;
	x->entry = interp->file ? interp->bias + interp->lay.entry : prog->bias + prog->lay.entry;
	return 0;
}

int elf_load(struct exec_ctx *x)
{
	struct elf_image prog = { .file = x->file }, interp = { 0 };
	struct elf64_hdr hdr;
	int err;

	memcpy(&hdr, x->head, sizeof(hdr));
	err = image_read(&prog, &hdr);
	if (!err && prog.lay.interp_len)
		err = open_interp(&prog, &interp);
	if (!err)
		err = exec_point_of_no_return(x);
	if (!err)
		err = build_image(x, &prog, &interp);
	prog.file = NULL;		/* x's */
	image_free(&prog);
	image_free(&interp);
	return err;
}

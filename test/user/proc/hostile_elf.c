/* SPDX-License-Identifier: MPL-2.0 */
/* Truncated and hostile ELF files: an errno or the program's death, never more. */
#include "ktest_user.h"
#include <elf.h>

static unsigned char image[1 << 20];
static size_t size;

static void load(const char *path)
{
	int fd = CHECK_OK(open(path, O_RDONLY));

	size = CHECK_OK(read(fd, image, sizeof(image)));
	close(fd);
}
static int attempt(const void *data, size_t n)
{
	char *argv[] = { "bad", "ok", "0", NULL };
	int fd, st;
	pid_t p;

	unlink("bad");
	fd = CHECK_OK(open("bad", O_CREAT | O_WRONLY, 0755));
	CHECK_EQ(write(fd, data, n), n);
	CHECK_OK(close(fd));
	CHILD(p) {
		execve("./bad", argv, argv + 3);
		_exit(200);
	}
	CHECK_EQ(waitpid(p, &st, 0), p);
	return st;
}
CASE(truncated)
{
	load("/test/aux/static");
	for (size_t n = 1; n < 400; n += 11)
		attempt(image, n);
	for (size_t n = 400; n < size; n += size / 16)
		attempt(image, n);
	CHECK_EQ(attempt(image, size), 0);
}
CASE(headers)
{
	static unsigned char copy[sizeof(image)];
	Elf64_Ehdr *e = (void *)copy;
	static const struct { int off, n; } f[] = {
		{ offsetof(Elf64_Ehdr, e_type), 2 }, { offsetof(Elf64_Ehdr, e_machine), 2 },
		{ offsetof(Elf64_Ehdr, e_phoff), 8 }, { offsetof(Elf64_Ehdr, e_phnum), 2 },
		{ offsetof(Elf64_Ehdr, e_phentsize), 2 }, { offsetof(Elf64_Ehdr, e_entry), 8 },
		{ offsetof(Elf64_Ehdr, e_ident) + 4, 1 },
	};
	static const unsigned char fill[] = { 0x00, 0x01, 0x7f, 0x80, 0xff };

	load("/test/aux/static");
	for (size_t i = 0; i < ARRAY_SIZE(f); i++)
		for (size_t k = 0; k < ARRAY_SIZE(fill); k++) {
			memcpy(copy, image, size);
			memset(copy + f[i].off, fill[k], f[i].n);
			attempt(copy, size);
		}
	memcpy(copy, image, size);
	e->e_machine = EM_AARCH64;
	CHECK_EQ(WEXITSTATUS(attempt(copy, size)), 200);
	memcpy(copy, image, size);
	e->e_phnum = 0;
	CHECK_EQ(WEXITSTATUS(attempt(copy, size)), 200);
}
CASE(program_headers)
{
	static unsigned char copy[sizeof(image)];
	static const unsigned long values[] = { 0, 1, 0xfff, 0x7fffffff, 0x7ffffffff000, 0x800000000000,
		0xffff800000000000, 0xffffffff80000000, 0x7fffffffffffffff, -1UL, -4096UL };
	static const int fields[] = { offsetof(Elf64_Phdr, p_offset), offsetof(Elf64_Phdr, p_vaddr),
		offsetof(Elf64_Phdr, p_filesz), offsetof(Elf64_Phdr, p_memsz), offsetof(Elf64_Phdr, p_align) };
	Elf64_Ehdr *e = (void *)image;

	for (int dyn = 0; dyn < 2; dyn++) {
		load(dyn ? "/test/aux/pie" : "/test/aux/static");
		for (int ph = 0; ph < e->e_phnum && ph < 6; ph += 1 + dyn)
			for (size_t f = 0; f < ARRAY_SIZE(fields); f++)
				for (size_t v = dyn; v < ARRAY_SIZE(values); v += 2 + dyn) {
					memcpy(copy, image, size);
					memcpy(copy + e->e_phoff + ph * sizeof(Elf64_Phdr) + fields[f], &values[v], 8);
					attempt(copy, size);
				}
	}
}
CASE(random_bytes)
{
	static unsigned char copy[sizeof(image)];
	unsigned seed = 12345;

	load("/test/aux/pie");
	for (int i = 0; i < 80; i++) {
		memcpy(copy, image, size);
		for (int k = 0; k < 4; k++) {
			seed = seed * 1103515245 + 12345;
			copy[(seed >> 8) % 1024] = seed >> 24;
		}
		attempt(copy, size);
	}
}
CASE(interpreter_path)
{
	Elf64_Ehdr *e = (void *)image;
	Elf64_Phdr *ph;

	load("/test/aux/pie");
	ph = (void *)(image + e->e_phoff);
	for (int i = 0; i < e->e_phnum; i++)
		if (ph[i].p_type == PT_INTERP) {
			memset(image + ph[i].p_offset, 'a', ph[i].p_filesz);	/* no terminator */
			CHECK_EQ(WEXITSTATUS(attempt(image, size)), 200);
			memset(image + ph[i].p_offset, 0, ph[i].p_filesz);
			CHECK_EQ(WEXITSTATUS(attempt(image, size)), 200);
			strcpy((char *)image + ph[i].p_offset, "./bad");	/* itself */
			attempt(image, size);
		}
}
CASE(bss_at_the_end_of_memory)
{
	struct { Elf64_Ehdr e; Elf64_Phdr p[2]; unsigned char code[16]; } x = {
		.e = { .e_ident = "\177ELF\2\1\1", .e_type = ET_EXEC, .e_machine = EM_X86_64, .e_version = 1,
		       .e_entry = 0x400000 + offsetof(typeof(x), code), .e_phoff = sizeof(Elf64_Ehdr),
		       .e_ehsize = sizeof(Elf64_Ehdr), .e_phentsize = sizeof(Elf64_Phdr), .e_phnum = 2 },
		.p = { { .p_type = PT_LOAD, .p_flags = PF_R | PF_X, .p_vaddr = 0x400000, .p_filesz = sizeof(x),
			 .p_memsz = sizeof(x), .p_align = PG },
		       { .p_type = PT_LOAD, .p_flags = PF_R | PF_W, .p_vaddr = 0x500000,
			 .p_memsz = 0x7fffffffffff, .p_align = PG } },
		.code = { 0xb8, 60, 0, 0, 0, 0xbf, 17, 0, 0, 0, 0x0f, 0x05 },	/* exit(17) */
	};

	attempt(&x, sizeof(x));
	x.p[1].p_memsz = PG * 3;
	CHECK_EQ(WEXITSTATUS(attempt(&x, sizeof(x))), 17);
	x.e.e_phnum = 1;
	CHECK_EQ(WEXITSTATUS(attempt(&x, sizeof(x))), 17);
}

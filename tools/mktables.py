#!/usr/bin/env python3
# SPDX-License-Identifier: MPL-2.0
"""Links the kernel and fills in the two tables that only the linked kernel knows.

.keel_symtab, for symbolised stacks (all little endian):
    keel_symtab:  u32 count, u32 offset[count] (from _text, ascending), u32 name[count], char names[]
.keel_relocs, for KASLR: where the kernel's own link address stands in the image:
    keel_relocs:  u32 n64, u32 n32, u32 at64[n64], u32 at32[n32] (offsets from _text)
    The early code adds the slide to each u64 and each u32 named here.

Both are data without relocations and of a size that does not depend on addresses. So two links are
enough: the first tells the sizes, the second has room for them, and the tables are then written into
the linked file. The linker script places the sections .keel_symtab (read-only data) and .keel_relocs
(may be thrown away after boot).
"""
import argparse
import os
import struct
import subprocess
import sys

KERNEL_BASE = 0xFFFFFFFF80000000
SHT_RELA, SHT_SYMTAB, SHF_ALLOC, SHF_EXEC = 4, 2, 2, 4
R_64, R_PC32, R_PLT32, R_32, R_32S, R_PC64 = 1, 2, 4, 10, 11, 24


class Elf:
    def __init__(self, path):
        self.path = path
        self.data = open(path, 'rb').read()
        d = self.data
        shoff, = struct.unpack_from('<Q', d, 0x28)
        shentsize, shnum, shstrndx = struct.unpack_from('<HHH', d, 0x3A)
        self.sections = []
        for i in range(shnum):
            name, typ, flags, addr, off, size, link, info, _, entsize = \
                struct.unpack_from('<IIQQQQIIQQ', d, shoff + i * shentsize)
            self.sections.append(dict(name_off=name, type=typ, flags=flags, addr=addr, off=off,
                                      size=size, link=link, info=info))
        strs = self.sections[shstrndx]
        for s in self.sections:
            s['name'] = self.string(strs, s['name_off'])
        symtab = next(s for s in self.sections if s['type'] == SHT_SYMTAB)
        self.strtab = self.sections[symtab['link']]
        self.symbols = list(struct.iter_unpack(
            '<IBBHQQ', d[symtab['off']:symtab['off'] + symtab['size']]))

    def string(self, tab, off):
        start = tab['off'] + off
        return self.data[start:self.data.index(b'\0', start)].decode()

    def section(self, name):
        return next((s for s in self.sections if s['name'] == name), None)

    def symbol(self, name):
        want = name.encode() + b'\0'
        tab = self.strtab
        for sym in self.symbols:
            start = tab['off'] + sym[0]
            if self.data[start:start + len(want)] == want:
                return sym[4]
        sys.exit(f'mktables: {self.path} has no symbol {name}: the linker script defines it')


def symtab_blob(elf):
    """The functions, sorted; of several names at one address the global one, then the shortest."""
    text = elf.symbol('_text')
    best = {}
    for name_off, info, _other, shndx, value, _size in elf.symbols:
        if shndx == 0 or shndx >= len(elf.sections) or not elf.sections[shndx]['flags'] & SHF_EXEC:
            continue
        if value < text or info & 15 not in (0, 2):
            continue
        name = elf.string(elf.strtab, name_off)
        if not name or name.startswith(('.L', '__pfx_')):
            continue
        key = (info & 15 != 2, info >> 4 == 0, len(name), name)
        if value not in best or key < best[value]:
            best[value] = key
    addrs = sorted(best)
    names, at = bytearray(), []
    for a in addrs:
        at.append(len(names))
        names += best[a][3].encode() + b'\0'
    n = len(addrs)
    blob = struct.pack(f'<I{n}I{n}I', n, *[a - text for a in addrs], *at) + bytes(names)
    return blob + bytes(-len(blob) % 8)


def relocs_blob(elf):
    text = elf.symbol('_text')
    at64, at32, bad = [], [], []
    for s in elf.sections:
        if s['type'] != SHT_RELA:
            continue
        target = elf.sections[s['info']]
        if not target['flags'] & SHF_ALLOC or target['name'] == '.keel_relocs':
            continue
        for where, info, addend in struct.iter_unpack(
                '<QQq', elf.data[s['off']:s['off'] + s['size']]):
            kind, sym = info & 0xFFFFFFFF, elf.symbols[info >> 32]
            value = sym[4] + (addend if kind in (R_64, R_32, R_32S) else 0)
            value &= 2**64 - 1
            high = sym[4] >= KERNEL_BASE
            low_place = where < KERNEL_BASE
            if kind in (0, R_PC32, R_PLT32, R_PC64) or not high:
                continue            # relative, or the target does not move
            if low_place:
                continue            # the low boot code runs before the slide and knows it itself
            if kind == R_64:
                at64.append(where - text)
            elif kind in (R_32S, R_32):
                at32.append(where - text)
            else:
                bad.append(f'{where:#x}: type {kind} against '
                           f'{elf.string(elf.strtab, sym[0])} in {target["name"]}')
    if bad:
        sys.exit('mktables: relocations that cannot slide:\n  ' + '\n  '.join(bad[:10]))
    at64, at32 = sorted(set(at64)), sorted(set(at32))
    blob = struct.pack(f'<II{len(at64)}I{len(at32)}I', len(at64), len(at32), *at64, *at32)
    return blob + bytes(-len(blob) % 8)


def tables_object(args, path, symtab_size, relocs_size):
    src = path + '.S'
    with open(src, 'w') as f:
        f.write(f'''/* generated by tools/mktables.py: room for the tables, filled in after the link */
	.section .keel_symtab, "a", @progbits
	.balign 8
	.globl keel_symtab
keel_symtab:
	.zero {symtab_size}
	.section .keel_relocs, "a", @progbits
	.balign 8
	.globl keel_relocs
keel_relocs:
	.zero {relocs_size}
	.section .note.GNU-stack, "", @progbits
''')
    subprocess.run(f'{args.cc} -o {path} {src}', shell=True, check=True)


def link(args, tables, out):
    r = subprocess.run(f'{args.link} {tables} -o {out}', shell=True)
    if r.returncode:
        if args.hint:
            print(f'mktables: {args.hint}', file=sys.stderr)
        if os.path.exists(out):
            os.unlink(out)
        sys.exit(r.returncode)


def main():
    p = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    p.add_argument('--link', required=True, help='linker command without the tables and -o')
    p.add_argument('--as', dest='cc', required=True, help='command that assembles one file')
    p.add_argument('--out', required=True)
    p.add_argument('--hint', default='', help='what to say when the link fails')
    args = p.parse_args()
    tables, tmp = args.out + '.tables.o', args.out + '.tmp'
    tables_object(args, tables, 8, 8)
    link(args, tables, tmp)
    elf = Elf(tmp)
    sizes = len(symtab_blob(elf)), len(relocs_blob(elf))
    tables_object(args, tables, *sizes)
    link(args, tables, tmp)
    elf = Elf(tmp)
    data = bytearray(elf.data)
    for name, blob in (('.keel_symtab', symtab_blob(elf)), ('.keel_relocs', relocs_blob(elf))):
        addr = elf.symbol(name[1:])
        sec = next((s for s in elf.sections if s['flags'] & SHF_ALLOC and s['type'] == 1
                    and s['addr'] <= addr < s['addr'] + s['size']), None)
        if sec is None or addr - sec['addr'] + len(blob) > sec['size']:
            sys.exit(f'mktables: no room for {name}; it changed its size between the links')
        off = sec['off'] + addr - sec['addr']
        data[off:off + len(blob)] = blob
    with open(tmp, 'wb') as f:
        f.write(data)
    os.rename(tmp, args.out)


if __name__ == '__main__':
    main()

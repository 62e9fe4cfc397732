#!/usr/bin/env python3
# SPDX-License-Identifier: MPL-2.0
"""Exports: what crosses core's wall stands in two golden files.

kernel/core/exports.list: core's symbols that the layers above name. Core is linked with only these
global, so another one does not link. kernel/core/upcalls.list: what core calls above itself, declared in
include/core/upcall.h. The check compares both with what the objects of every built variant really use.
--add adds what a build without the wall needs (`make exports`); --update also drops what no variant uses any
more (`make exports ALL=1`). The lists' change is then for the reviewer to see.
"""
import glob
import os
import re
import subprocess
import sys

from keelsrc import TOP

EXPORTS, UPCALLS = 'kernel/core/exports.list', 'kernel/core/upcalls.list'
# The compiler calls these by itself.
RUNTIME = re.compile(r'^(__asan_\w+|__ubsan_\w+|__stack_chk_\w+|__sanitizer_\w+|mem(cpy|set|move|cmp)|__hwasan\w+)$')


def symbols(paths, defined):
    kind = '--defined-only' if defined else '--undefined-only'
    out = set()
    for i in range(0, len(paths), 200):
        r = subprocess.run(['nm', '-g', '-P', kind, *paths[i:i + 200]], capture_output=True, text=True, cwd=TOP)
        out |= {line.split()[0] for line in r.stdout.split('\n') if len(line.split()) >= 2}
    return out


def variants():
    for d in ('build', 'build/debug', 'build/clang', 'build/clang/debug'):
        if os.path.exists(os.path.join(TOP, d, 'core.o.all')):
            yield d


def rsp(d, name):
    with open(os.path.join(TOP, d, name)) as f:
        return [x for x in f.read().split() if x != f'{d}/core.o']


def golden(path):
    try:
        with open(os.path.join(TOP, path)) as f:
            return {line.split('#')[0].strip() for line in f} - {''}
    except OSError:
        return None


def write(path, names, why):
    with open(os.path.join(TOP, path), 'w') as f:
        f.write(f'# {why} tools/check_exports.py keeps this list: `make exports`.\n')
        f.write(''.join(n + '\n' for n in sorted(names)))


def main():
    update, add = '--update' in sys.argv, '--add' in sys.argv
    need, up, errors = set(), set(), []
    built = list(variants())
    if not built:
        print('build the kernel first')
        return 1
    for d in built:
        core = symbols([f'{d}/core.o.all'], True)
        above = rsp(d, 'kernel.rsp')
        lib = [p for p in above if '/kernel/lib/' in p]
        upper = [p for p in above if p not in lib]
        need |= {s for s in symbols(above, False) & core if not RUNTIME.match(s)}
        for lds in glob.glob(os.path.join(TOP, 'arch/*/kernel.lds.S')):
            with open(lds) as f:
                need |= set(re.findall(r'\w+', re.sub(r'/\*.*?\*/', '', f.read(), flags=re.S))) & core
        up |= symbols([f'{d}/core.o.all'], False) & symbols(upper, True)
    if add:
        need |= golden(EXPORTS) or set()
        up |= golden(UPCALLS) or set()
    if update or add:
        write(EXPORTS, need, 'The symbols of core that the layers above use.')
        write(UPCALLS, up, 'What core calls in the layers above (include/core/upcall.h).')
        print(f'{len(need)} exports, {len(up)} upcalls')
        return 0
    for path, now, what in ((EXPORTS, need, 'export'), (UPCALLS, up, 'upcall')):
        old = golden(path)
        if old is None:
            errors.append(f'{path}: is missing (make exports)')
            continue
        errors += [f'{path}: {what} {s} is new: if it is right, make exports' for s in sorted(now - old)]
        # only a build of every variant knows that nothing uses it any more
        if {'build', 'build/debug'} <= set(built):
            errors += [f'{path}: {what} {s} is used no more: make exports' for s in sorted(old - now)]
    try:
        with open(os.path.join(TOP, 'include/core/upcall.h')) as f:
            declared = set(re.findall(r'\w+', f.read()))
        errors += [f'include/core/upcall.h: does not declare the upcall {s}' for s in sorted(up - declared)]
    except OSError:
        errors.append('include/core/upcall.h: is missing')
    print('\n'.join(errors))
    return 1 if errors else 0


if __name__ == '__main__':
    sys.exit(main())

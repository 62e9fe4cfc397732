#!/usr/bin/env python3
# SPDX-License-Identifier: MPL-2.0
"""Proves the walls: each rule is broken in a copy of the tree, and its check must name the place.

A case is (name, check, file, text, what the check must say). The file is added to the copy, or the text
is put in place of the copy's file when it starts with REPLACE. Prints result lines for tools/test.py.
"""
import os
import re
import shutil
import subprocess
import sys
import tempfile

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
SPDX = '/* SPDX-License-Identifier: MPL-2.0 */\n/* Breaks a rule. */\n'

CASES = (
    # layers
    ('layer-0-includes-core', 'check_layers.py', 'kernel/lib/zz_bad.c', '#include <core/spinlock.h>\n', 'layer 0 includes core/spinlock.h'),
    ('layer-1-includes-fs', 'check_layers.py', 'kernel/core/zz_bad.c', '#include <fs/file.h>\n', 'layer 1 includes fs/file.h'),
    ('layer-2-includes-drivers', 'check_layers.py', 'kernel/sched/zz_bad.c', '#include <drivers/zz.h>\n', 'layer 2 includes drivers/zz.h'),
    ('raw-header-above-core', 'check_layers.py', 'fs/vfs/zz_bad.c', '#include <asm/zz_raw.h>\n', 'layer 2 includes the raw header asm/zz_raw.h'),
    ('service-includes-service', 'check_layers.py', 'fs/zzfs/zz_bad.c', '#include "../zzother/private.h"\n', 'private header fs/zzother/private.h'),
    ('asm-above-core', 'check_layers.py', 'fs/vfs/zz_bad.c', 'void zz(void) { __asm__("nop"); }\n', '__asm__ outside core'),
    ('asm-in-pure-code', 'check_layers.py', 'kernel/lib/zz_bad.c', 'void zz(void) { asm volatile("nop"); }\n', 'asm outside core'),
    ('asm-in-upper-header', 'check_layers.py', 'include/fs/zz_bad.h', '#define ZZ() __asm__("nop")\n', '__asm__ outside core'),
    ('builtin-above-core', 'check_layers.py', 'mm/vm/zz_bad.c', 'void zz(void) { __builtin_ia32_pause(); }\n', '__builtin_ia32_pause outside core'),
    ('service-reads-mm', 'check_layers.py', 'fs/zzfs/zz_bad.c', 'int zz(struct mm *mm) { return mm->total; }\n', 'names a field of mm'),
    ('service-opens-folio', 'check_layers.py', 'fs/zzfs/zz_bad.c', 'int zz(struct folio *folio) { return folio->flags; }\n', 'struct folio is open only inside mm'),
    ('header-cycle', 'check_layers.py', 'include/fs/zz_bad.h', '#include <fs/zz_bad2.h>\n', 'include cycle'),
    ('uapi-includes-kernel', 'check_layers.py', 'include/uapi/linux/zz_bad.h', '#include <base/types.h>\n', 'a uapi header includes base/types.h'),
    ('assembly-file-above-core', 'check_layers.py', 'fs/vfs/zz_bad.S', 'nop\n', 'assembly outside core'),
    ('missing-header', 'check_layers.py', 'fs/vfs/zz_bad.c', '#include <fs/zz_nowhere.h>\n', 'no header of the tree'),
    # headers
    ('header-alone', 'check_headers.sh', 'include/base/zz_bad.h', 'struct zz_bad { u32 x; };\n', 'include/base/zz_bad.h does not compile alone'),
    ('header-twice', 'check_headers.sh', 'include/base/zz_bad.h', '#include <base/types.h>\nstruct zz_bad { u32 x; };\n', 'include/base/zz_bad.h does not compile alone'),
    # locks
    ('field-without-key', 'check_locks.py', 'fs/vfs/zz_bad.c', 'struct zz {\n\tstruct mutex lock;\n\tint x;\n};\n', 'what protects "int x;"'),
    # style
    ('no-licence', 'check_style.py', 'fs/vfs/zz_bad.c', 'NOSPDX/* Hm. */\n', 'SPDX'),
    ('too-long', 'check_style.py', 'fs/vfs/zz_bad.c', 'int x;\n' * 1000, 'past 1000 lines'),
    ('blanks-at-end', 'check_style.py', 'fs/vfs/zz_bad.c', 'int x; \n', 'blanks at the end'),
    ('blanks-for-tabs', 'check_style.py', 'fs/vfs/zz_bad.c', 'void zz(void)\n{\n        zz();\n}\n', 'use tabs'),
    # docs
    ('doc-names-no-file', 'check_docs.py', 'docs/zz_bad.md', 'NOSPDX# Zz\n\nSee `kernel/lib/zz_nowhere.c`.\n', 'kernel/lib/zz_nowhere.c is not there'),
    ('doc-names-no-function', 'check_docs.py', 'docs/zz_bad.md', 'NOSPDX# Zz\n\nSee `zz_no' 'where_at_all()`.\n', 'occurs nowhere'),
    ('doc-names-no-target', 'check_docs.py', 'docs/zz_bad.md', 'NOSPDX# Zz\n\nSay `make zz-nothing`.\n', 'no such target'),
    ('doc-too-long', 'check_docs.py', 'docs/zz_bad.md', 'NOSPDX' + 'x\n' * 201, '200 lines at most'),
)
HELPERS = {
    'include/drivers/zz.h': '', 'arch/x86_64/include/asm/zz_raw.h': '', 'fs/zzother/private.h': '',
    'include/fs/zz_bad2.h': '#include <fs/zz_bad.h>\n',
}


def copy_tree(to):
    for d in ('arch', 'kernel', 'mm', 'fs', 'net', 'drivers', 'include', 'tools', 'docs', 'boot', 'test', '.ci'):
        if os.path.isdir(os.path.join(TOP, d)):
            shutil.copytree(os.path.join(TOP, d), os.path.join(to, d), symlinks=True)
    for f in ('README.md', 'Makefile'):
        if os.path.exists(os.path.join(TOP, f)):
            shutil.copy(os.path.join(TOP, f), to)
    if os.path.isdir(os.path.join(TOP, 'build/gen')):
        shutil.copytree(os.path.join(TOP, 'build/gen'), os.path.join(to, 'build/gen'))


def write(path, text):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, 'w') as f:
        f.write(text[6:] if text.startswith('NOSPDX') else SPDX + text)


def run(cmd, tree):
    r = subprocess.run(cmd, cwd=tree, env=dict(os.environ, KEEL_TOP=tree), stdout=subprocess.PIPE,
                       stderr=subprocess.STDOUT, text=True)
    return r.returncode, r.stdout


def check_case(tree, case):
    name, check, path, text, say = case
    added = []
    for p, t in list(HELPERS.items()) + [(path, text)]:
        if p == path or (p in HELPERS and check == 'check_layers.py'):
            write(os.path.join(tree, p), t)
            added.append(os.path.join(tree, p))
    rc, out = run([os.path.join(tree, 'tools', check)], tree)
    for p in added:
        os.unlink(p)
    hit = [line for line in out.split('\n') if os.path.basename(path) in line and say in line]
    hit = hit or (say in out and path in say)
    return None if rc and hit else f'{check} did not say so (status {rc})'


def compile_case(tree, name, path, text, say):
    """A source that must not compile with the flags of its layer, by the Makefile's own rule."""
    write(os.path.join(tree, path), text)
    rc, out = run(['make', '--no-print-directory', 'build/obj/' + path[:-2] + '.o'], tree)
    os.unlink(os.path.join(tree, path))
    return None if rc and re.search(say, out) else f'it compiled, or failed otherwise: {out[-300:]!r}'


def link_case():
    """A service that names a core symbol which is not exported must not link."""
    core, all_syms = os.path.join(TOP, 'build/core.o'), os.path.join(TOP, 'build/core.o.all')
    if not os.path.exists(all_syms):
        return 'build/core.o.all is not there: build the kernel first'
    def names(p):
        out = subprocess.run(['nm', '-g', '--defined-only', '-P', p], capture_output=True, text=True, check=True).stdout
        return {line.split()[0] for line in out.split('\n') if line}
    hidden = sorted(names(all_syms) - names(core))
    if not hidden:
        return 'core hides no symbol: the export list is not in force'
    with tempfile.TemporaryDirectory() as d:
        with open(f'{d}/bad.c', 'w') as f:
            f.write(f'extern char {hidden[0]}[]; char *zz = {hidden[0]};\n')
        subprocess.run(['gcc', '-c', '-fno-pie', '-mcmodel=kernel', '-o', f'{d}/bad.o', f'{d}/bad.c'], check=True)
        r = subprocess.run(['ld', '-o', f'{d}/out', '-e', '0', f'{d}/bad.o', core], capture_output=True, text=True)
        return None if f'undefined reference to `{hidden[0]}\'' in r.stderr else f'it linked with {hidden[0]}'


def main():
    bad = 0
    def say(name, why):
        nonlocal bad
        bad += why is not None
        print(f'ok wall/{name}' if why is None else f'not ok wall/{name}: {why}', flush=True)
    with tempfile.TemporaryDirectory() as tree:
        copy_tree(tree)
        for case in CASES:
            say(case[0], check_case(tree, case))
        say('compiler-refuses-asm', compile_case(tree, 'asm', 'fs/vfs/zz_bad.c',
            'void zz(void);\nvoid zz(void) { __asm__("nop"); }\n', 'poisoned'))
        say('compiler-refuses-raw-header', compile_case(tree, 'raw', 'fs/vfs/zz_bad.c',
            '#include <asm/cpu.h>\n', 'No such file'))
        say('compiler-refuses-address-mix', compile_case(tree, 'mix', 'fs/vfs/zz_bad.c',
            '#include <base/types.h>\npaddr_t zz(uaddr_t a);\npaddr_t zz(uaddr_t a) { return a; }\n', 'incompatible types'))
        say('compiler-refuses-ignored-error', compile_case(tree, 'ignored', 'fs/vfs/zz_bad.c',
            '#include <base/string.h>\nvoid zz(u64 *v);\nvoid zz(u64 *v) { kstrtou64("1", 0, v); }\n', 'ignoring return value'))
    say('linker-refuses-hidden-symbol', link_case())
    return 1 if bad else 0


if __name__ == '__main__':
    sys.exit(main())

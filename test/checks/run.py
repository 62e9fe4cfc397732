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


def export_cases(tree):
    """check_exports on the objects of this build: [(name, why)]. It must be silent on the tree as it is."""
    built = os.path.join(TOP, 'build')
    if not os.path.exists(f'{built}/core.o.all'):
        return [('exports', 'build/core.o.all is not there: build the kernel first')]
    with open(f'{built}/kernel.rsp') as f:
        objects = [x for x in f.read().split() if x != 'build/core.o']
    for variant in ('build', 'build/debug'):        # only who built both is told what nobody uses
        os.makedirs(f'{tree}/{variant}', exist_ok=True)
        os.symlink(f'{built}/core.o.all', f'{tree}/{variant}/core.o.all')
    shutil.rmtree(f'{tree}/build/obj', ignore_errors=True)
    os.symlink(f'{built}/obj', f'{tree}/build/obj')
    lists = {}
    for n in ('kernel/core/exports.list', 'kernel/core/upcalls.list', 'include/core/upcall.h'):
        with open(os.path.join(tree, n)) as f:
            lists[n] = f.read()
    core = subprocess.run(['nm', '-g', '--defined-only', '-P', f'{built}/core.o.all'], capture_output=True, text=True, check=True)
    defined = [line.split()[0] for line in core.stdout.split('\n') if line]
    exported = set(lists['kernel/core/exports.list'].split())
    hidden = sorted(s for s in defined if s not in exported and not re.match('mem(cpy|set|move|cmp)$|__', s))[0]
    upcall = [u for u in lists['kernel/core/upcalls.list'].split('\n') if u and not u.startswith('#')][0]
    with open(f'{tree}/build/zz_bad.c', 'w') as f:
        f.write(f'extern char {hidden}[]; char *zz = {hidden};\n')
    subprocess.run(['gcc', '-c', '-fno-pie', '-mcmodel=kernel', '-o', f'{tree}/build/zz_bad.o', f'{tree}/build/zz_bad.c'], check=True)
    def check(extra=(), **changed):
        for variant in ('build', 'build/debug'):
            with open(f'{tree}/{variant}/kernel.rsp', 'w') as f:
                f.write('\n'.join(objects + list(extra)) + '\n')
        for n, text in lists.items():
            with open(os.path.join(tree, n), 'w') as f:
                f.write(changed.get(os.path.basename(n).replace('.', '_'), text))
        return run([os.path.join(tree, 'tools/check_exports.py')], tree)
    # The DEBUG kernel may use more than this one: in the copy the lists say what this one uses.
    check()
    run([os.path.join(tree, 'tools/check_exports.py'), '--update'], tree)
    for n in lists:
        with open(os.path.join(tree, n)) as f:
            lists[n] = f.read()
    cases = (
        ('exports-as-they-are', check, {}, None),
        ('export-that-is-new', check, {'extra': ['build/zz_bad.o']}, f'export {hidden} is new'),
        ('export-without-user', check, {'exports_list': lists['kernel/core/exports.list'] + 'zz_nobody\n'},
         'export zz_nobody is used no more'),
        ('upcall-that-is-new', check, {'upcalls_list': lists['kernel/core/upcalls.list'].replace(upcall + '\n', '')},
         f'upcall {upcall} is new'),
        ('upcall-not-declared', check, {'upcall_h': re.sub(rf'\b{upcall}\b', 'zz_other', lists['include/core/upcall.h'])},
         f'does not declare the upcall {upcall}'),
    )
    out = []
    for name, fn, kw, say in cases:
        rc, text = fn(**kw)
        good = rc == 0 if say is None else rc and say in text
        out.append((name, None if good else f'status {rc}: {text[-200:]!r}'))
    return out


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
        for name, why in export_cases(tree):
            say(name, why)
    say('linker-refuses-hidden-symbol', link_case())
    return 1 if bad else 0


if __name__ == '__main__':
    sys.exit(main())

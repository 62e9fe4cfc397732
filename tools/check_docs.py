#!/usr/bin/env python3
# SPDX-License-Identifier: MPL-2.0
"""Docs: every path and every function that a page names exists; pages stay short.

In README.md and docs/**/*.md: `dir/file.c`, `dir/` and links must be there; `name()` must occur in the
tree; `make target` must be a target. A page has 200 lines at most (generated ones are exempt).
"""
import os
import re
import subprocess
import sys
import tempfile

import keelsrc
from keelsrc import TOP

ROOTS = ('arch', 'kernel', 'mm', 'fs', 'net', 'drivers', 'include', 'tools', 'test', 'docs', 'boot', '.ci')
GENERATED = ('docs/abi-coverage.md', 'docs/locking.md')
# What stands for any name.
PLACEHOLDERS = {'sys_x', 'x_do', 'x_f', 'noun_verb'}
errors = []


def pages():
    yield 'README.md'
    for top, _, names in os.walk(os.path.join(TOP, 'docs')):
        for n in sorted(names):
            if n.endswith('.md'):
                yield os.path.relpath(os.path.join(top, n), TOP)


def expand(token):
    m = re.match(r'(.*)\{([^}]*)\}(.*)$', token)
    return [x for part in m[2].split(',') for x in expand(m[1] + part + m[3])] if m else [token]


def generated():
    """The generated pages are what their generators would write now."""
    r = subprocess.run([sys.executable, os.path.join(TOP, 'tools/gen_locking.py'), '--check'], capture_output=True, text=True)
    if r.returncode:
        yield r.stdout.strip() or r.stderr.strip()
    gen, tbl = os.path.join(TOP, 'tools/gen_syscalls.py'), os.path.join(TOP, 'arch/x86_64/syscalls.tbl')
    if os.path.exists(gen) and os.path.exists(tbl):
        with tempfile.TemporaryDirectory() as d:
            r = subprocess.run([sys.executable, gen, tbl, '--docs', f'{d}/x.md'], capture_output=True, text=True, cwd=TOP)
            try:
                with open(f'{d}/x.md') as new, open(os.path.join(TOP, 'docs/abi-coverage.md')) as old:
                    if new.read() != old.read():
                        yield 'docs/abi-coverage.md: is not what arch/x86_64/syscalls.tbl says: make docs'
            except OSError as e:
                yield f'docs/abi-coverage.md: {e}'


def main():
    everything = '\n'.join(keelsrc.read(p) for p in keelsrc.files(
        '.c', '.h', '.S', '.def', '.tbl', '.py', '.sh', dirs=keelsrc.CODE_DIRS + ('tools', 'test', 'boot')))
    words = set(re.findall(r'\w+', everything))
    targets = set(re.findall(r'^([\w. -]+):(?!=)', keelsrc.read('Makefile'), re.M))
    targets = {t for group in targets for t in group.split()}
    for page in pages():
        if not os.path.exists(os.path.join(TOP, page)):
            errors.append(f'{page}:1: is missing')
            continue
        lines = keelsrc.read(page).split('\n')
        if len(lines) > 200 and page not in GENERATED:
            errors.append(f'{page}:{len(lines)}: a page has 200 lines at most')
        for n, line in enumerate(lines, 1):
            for target in re.findall(r'\]\(([^)#:]+)(?:#[^)]*)?\)', line):
                if not os.path.exists(os.path.normpath(os.path.join(TOP, os.path.dirname(page), target))):
                    errors.append(f'{page}:{n}: link to {target}, which is not there')
            for tok in re.findall(r'`([^`]+)`', line):
                if re.fullmatch(r'[\w.{},/+-]+', tok) and tok.split('/')[0] in ROOTS and '/' in tok \
                        and not re.search(r'[A-Z]{3,}', tok):
                    for path in expand(tok):
                        if not os.path.exists(os.path.join(TOP, path.rstrip('/'))):
                            errors.append(f'{page}:{n}: {path} is not there')
                m = re.fullmatch(r'(\w+)\(\)', tok)
                if m and m[1] not in words and m[1] not in PLACEHOLDERS:
                    errors.append(f'{page}:{n}: {tok} occurs nowhere')
                m = re.match(r'make ([a-z][\w-]*)(?: |$)', tok)
                if m and m[1] not in targets:
                    errors.append(f'{page}:{n}: {tok}: no such target')
    errors.extend(generated())
    print('\n'.join(errors))
    return 1 if errors else 0


if __name__ == '__main__':
    sys.exit(main())

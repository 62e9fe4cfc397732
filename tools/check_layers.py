#!/usr/bin/env python3
# SPDX-License-Identifier: MPL-2.0
"""Layers: every #include is mapped to its layer; docs/layers.md has the rules.

Refused: an include of a higher layer; of a header that lies beside another module's code; of raw
<asm/...> outside core; a cycle among headers; asm and __builtin_ia32_* outside core; outside mm and
core the fields of struct folio, in services (layer 3) the fields of struct mm and struct vma.
"""
import os
import re
import sys

import keelsrc
from keelsrc import TOP, layer, strip

COMPILER = {'stdbool.h', 'stddef.h', 'stdint.h', 'stdarg.h', 'limits.h', 'stdatomic.h', 'float.h'}
# What tests of pure code may include; the host has both.
TEST_HEADERS = ('core/ktest.h', 'core/failpoint.h')
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', re.M)
errors = []


def error(path, line, why):
    errors.append(f'{path}:{line}: {why}')


def module(path):
    """The directory whose private headers a file may include: fs/ext2, drivers/tty, kernel/sched."""
    p = os.path.dirname(path).split('/')
    return '/'.join(p[:2]) if p[0] != 'arch' else 'arch'


def resolve(path, quote, name):
    """The file that an include means, or None when it is no file of ours."""
    if quote == '"':
        return os.path.normpath(os.path.join(os.path.dirname(path), name))
    for base in ('include', 'arch/x86_64/prelude', 'arch/x86_64/include'):
        if os.path.exists(os.path.join(TOP, base, name)):
            return f'{base}/{name}'
    return None


def lwip(path, name):
    """Headers of lwIP and its port: net/port and TCP's files alone have them on their path."""
    return name.startswith(('lwip/', 'arch/cc')) or name == 'keel_lwip.h', \
        path.startswith(('net/port/', 'net/inet/tcp'))


def check_include(path, line, quote, name, own):
    if name.startswith('generated/') or (quote == '<' and name in COMPILER):
        return None
    third_party, allowed = lwip(path, name)
    if third_party:
        if not allowed:
            error(path, line, f'includes {name}: lwIP is seen by net/port and net/inet/tcp* only')
        return None
    target = resolve(path, quote, name)
    if target is None or not os.path.exists(os.path.join(TOP, target)):
        error(path, line, f'includes {name}, which is no header of the tree')
        return None
    if target.startswith('arch/x86_64/include/'):
        if own != 1:
            error(path, line, f'layer {own} includes the raw header {name}: only core sees those')
    elif target.startswith('arch/x86_64/prelude/'):
        if own == 0:
            error(path, line, f'layer 0 includes {name}, which has assembly')
    elif target.startswith('include/'):
        if layer(target) > own and not (path.endswith('_test.c') and name in TEST_HEADERS):
            error(path, line, f'layer {own} includes {name} of layer {layer(target)}')
        if path.startswith('include/uapi/') and not target.startswith('include/uapi/'):
            error(path, line, f'a uapi header includes {name}: user space has no such header')
    elif module(target) != module(path):
        error(path, line, f'includes the private header {target} of another module')
    return target


def check_code(path, text, own):
    code = strip(text)
    core = own == 1
    for n, line in enumerate(code.split('\n'), 1):
        if not core and '#pragma GCC poison' not in line:
            m = re.search(r'\b(asm|__asm|__asm__)\b|\b__builtin_ia32_\w+', line)
            if m:
                error(path, n, f'{m[0]} outside core')
        if own == 3:
            m = re.search(r'\b(?:mm|vma)->(\w+)', line)
            if m and not line.lstrip().startswith('*'):
                error(path, n, f'{m[0]}: a service names a field of mm\'s structs; use the functions of include/mm')
        if not core and not path.startswith(('mm/', 'include/mm/')):
            m = re.search(r'\b(?:\w*folio|\w*page)->(flags|refcount|mapcount|mapping|index|lru|memcg)\b', line)
            if m:
                error(path, n, f'{m[0]}: struct folio is open only inside mm; use its accessors')


def check_cycles(graph):
    state, stack = {}, []

    def visit(node):
        state[node] = 1
        stack.append(node)
        for to in sorted(graph.get(node, ())):
            if to.endswith('.def'):
                continue
            if state.get(to) == 1:
                error(node, 1, 'include cycle: ' + ' -> '.join(stack[stack.index(to):] + [to]))
            elif to not in state:
                visit(to)
        stack.pop()
        state[node] = 2
    for node in sorted(graph):
        if node not in state and node.endswith('.h'):
            visit(node)


def main():
    graph = {}
    for path in keelsrc.files('.c', '.h', '.S', '.def'):
        if '/vdso_image/' in path:
            continue        # user code of its own
        text = keelsrc.read(path)
        own = layer(path)
        graph[path] = set()
        code = strip(text, strings=False)
        for m in INCLUDE.finditer(code):
            target = check_include(path, code.count('\n', 0, m.start()) + 1, m[1], m[2], own)
            if target:
                graph[path].add(target)
        if not path.endswith('.S'):
            check_code(path, text, own)
        elif own != 1:
            error(path, 1, 'assembly outside core')
    check_cycles(graph)
    print('\n'.join(errors))
    return 1 if errors else 0


if __name__ == '__main__':
    sys.exit(main())

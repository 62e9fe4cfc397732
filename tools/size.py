#!/usr/bin/env python3
# SPDX-License-Identifier: MPL-2.0
"""size.py [ELF]: lines by layer, bytes of the kernel, and how wide core's wall is."""
import os
import subprocess
import sys

import keelsrc
from keelsrc import TOP, layer

NAMES = ('0 pure code', '1 core', '2 object model', '3 services')


def golden(path):
    try:
        with open(os.path.join(TOP, path)) as f:
            return sum(1 for line in f if line.strip() and not line.startswith('#'))
    except OSError:
        return 0


def main():
    lines, tests, count = [0] * 4, [0] * 4, [0] * 4
    longest = []
    for p in keelsrc.files('.c', '.h', '.S', '.def', '.tbl'):
        n = keelsrc.read(p).count('\n')
        where = layer(p)
        if p.endswith('_test.c'):
            tests[where] += n
        else:
            lines[where] += n
            count[where] += 1
            longest.append((n, p))
    total = sum(lines) or 1
    print(f'{"layer":<18}{"files":>7}{"lines":>9}{"share":>8}{"tests":>9}')
    for i, name in enumerate(NAMES):
        print(f'{name:<18}{count[i]:>7}{lines[i]:>9}{100 * lines[i] / total:>7.1f}%{tests[i]:>9}')
    print(f'{"all":<18}{sum(count):>7}{total:>9}{"":>8}{sum(tests):>9}')
    print(f'\nThe wall: {golden("kernel/core/exports.list")} exported symbols of core, '
          f'{golden("kernel/core/upcalls.list")} upcalls.')
    print('Longest files: ' + ', '.join(f'{p} {n}' for n, p in sorted(longest, reverse=True)[:3]))
    elf = sys.argv[1] if len(sys.argv) > 1 else 'build/keel.full'
    if os.path.exists(os.path.join(TOP, elf)):
        print(f'\n{elf}:')
        subprocess.run(['size', elf], cwd=TOP)


if __name__ == '__main__':
    main()

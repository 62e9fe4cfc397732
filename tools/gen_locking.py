#!/usr/bin/env python3
# SPDX-License-Identifier: MPL-2.0
"""docs/locking.md from include/base/lockrank.def. --check: says when the page is not what it would write."""
import os
import re
import sys

from keelsrc import TOP, read

KINDS = {'M': 'sleeps', 'S': 'spins', 'I': 'spins, interrupts off'}


def page():
    out = ['# Lock order', '', 'Generated from `include/base/lockrank.def` by `make docs`. A task that holds a lock may take only locks',
           'further down. Two of one class: with a subclass, or in address order.', '',
           '| Class | Kind | Guards |', '|---|---|---|']
    for m in re.finditer(r'^LOCK_CLASS\((\w+),\s*(\w),\s*"([^"]*)"\)', read('include/base/lockrank.def'), re.M):
        out.append(f'| {m[1]} | {KINDS.get(m[2], m[2])} | {m[3]} |')
    return '\n'.join(out) + '\n'


def main():
    path = os.path.join(TOP, 'docs/locking.md')
    if '--check' in sys.argv:
        try:
            with open(path) as f:
                same = f.read() == page()
        except OSError:
            same = False
        if not same:
            print('docs/locking.md: is not what lockrank.def says: make docs')
        return 0 if same else 1
    with open(path, 'w') as f:
        f.write(page())
    return 0


if __name__ == '__main__':
    sys.exit(main())

# SPDX-License-Identifier: MPL-2.0
"""What the checks share: which files there are, which layer each belongs to, C without comments."""
import os
import re

TOP = os.environ.get('KEEL_TOP') or os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
CODE_DIRS = ('arch', 'kernel', 'mm', 'fs', 'net', 'drivers', 'include')


def files(*suffixes, dirs=CODE_DIRS):
    for d in dirs:
        for top, subdirs, names in os.walk(os.path.join(TOP, d)):
            subdirs.sort()
            for n in sorted(names):
                if n.endswith(suffixes):
                    yield os.path.relpath(os.path.join(top, n), TOP)


def read(path):
    with open(os.path.join(TOP, path), encoding='utf-8') as f:
        return f.read()


def layer(path):
    """0 pure code, 1 core, 2 object model, 3 services; docs/layers.md."""
    p = path.split('/')
    if p[0] == 'include':
        return {'base': 0, 'uapi': 0, 'generated': 0, 'core': 1, 'kernel': 2, 'mm': 2, 'fs': 2, 'net': 2,
                'drivers': 3}[p[1]]
    if path.startswith('kernel/lib/'):
        return 0
    if p[0] == 'arch' or path.startswith(('kernel/core/', 'mm/core/')):
        return 1
    if p[0] in ('kernel', 'mm') or path.startswith(('fs/vfs/', 'fs/block/', 'net/core/')):
        return 2
    return 3


_token = re.compile(r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.S)


def strip(text, strings=True):
    """Comments (and strings) become blanks; line numbers stay."""
    def blank(m):
        s = m[0]
        if s[0] in '"\'' and not strings:
            return s
        return re.sub(r'[^\n]', ' ', s)
    return _token.sub(blank, text)

#!/usr/bin/env python3
# SPDX-License-Identifier: MPL-2.0
"""Style that a program can judge: licence line, length of files and lines, blanks, names of files."""
import re
import sys

import keelsrc

MAX_LINES, MAX_COLUMNS = 1000, 132
# A message is not cut in pieces: people search for it.
LONG_TEXT = re.compile(r'"[^"]{60,}"')
errors = []


def width(line):
    return len(line.expandtabs(8))


def check(path):
    text = keelsrc.read(path)
    lines = text.split('\n')
    if 'SPDX-License-Identifier: MPL-2.0' not in '\n'.join(lines[:3]):
        errors.append(f'{path}:1: no "SPDX-License-Identifier: MPL-2.0"')
    if len(lines) - 1 > MAX_LINES:
        errors.append(f'{path}:{len(lines) - 1}: past {MAX_LINES} lines: split it by concept')
    if not text.endswith('\n') or text.endswith('\n\n'):
        errors.append(f'{path}:{len(lines)}: ends with one newline')
    code = path.endswith(('.c', '.h', '.S'))
    for n, line in enumerate(lines, 1):
        if line != line.rstrip():
            errors.append(f'{path}:{n}: blanks at the end')
        if code and width(line) > MAX_COLUMNS and not LONG_TEXT.search(line):
            errors.append(f'{path}:{n}: {width(line)} columns')
        if code and re.match(r' {8}', line):
            errors.append(f'{path}:{n}: indented with blanks: use tabs')
        if '\r' in line:
            errors.append(f'{path}:{n}: carriage return')
    if path.endswith(('.c', '.h')) and not path.startswith(('include/uapi/', 'test/')):
        head = '\n'.join(lines[1:4])
        if '/*' not in head:
            errors.append(f'{path}:2: the file does not say what it does')


def main():
    for p in keelsrc.files('.c', '.h', '.S', '.def', '.py', '.sh', '.tbl', dirs=keelsrc.CODE_DIRS + ('tools', 'test', 'boot')):
        check(p)
    print('\n'.join(errors))
    return 1 if errors else 0


if __name__ == '__main__':
    sys.exit(main())

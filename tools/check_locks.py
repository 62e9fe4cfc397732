#!/usr/bin/env python3
# SPDX-License-Identifier: MPL-2.0
"""Locks: every field of a struct that has a lock says what protects it.

The key is a letter or a few words in brackets in the field's comment, /* [I] set once */, or in a
comment line above a group of fields (to the next blank line or such comment). Locks themselves and
types that protect themselves need none. docs/style.md lists the usual keys.
"""
import re
import sys

import keelsrc

LOCK = re.compile(r'^(?:struct )?(?:spinlock|mutex|rwsem|seqlock|rwlock|range_lock)(?:_t)? (?!\*)')
SELF = re.compile(r'^(?:struct )?(?:ref|wait_queue|wait_queue_head|rcu_head|atomic\w*|seqcount|completion|timer|'
                  r'hrtimer|irq_work|work|delayed_work|percpu_counter|srcu|percpu_ref)(?:_t)?\b')
KEY = re.compile(r'\[[^\]\n]{1,60}\]|/\* own\b')
errors = []


def fields(body):
    """(line offset, declaration, comment, group comment) of each field at the struct's own depth."""
    depth, group, out = 0, '', []
    lines = body.split('\n')
    in_comment, block, decl, start = False, '', '', 0
    for n, raw in enumerate(lines):
        line = raw.strip()
        if in_comment:
            block += ' ' + line
            if '*/' in line:
                in_comment = False
                group = block
            continue
        if not decl:
            if not line:
                group = ''
                continue
            if line.startswith('/*') and '*/' not in line:
                in_comment, block = True, line
                continue
            if line.startswith('/*') and line.endswith('*/'):
                group = line
                continue
            if line.startswith('#'):
                continue
            start = n
        comment = ' '.join(re.findall(r'/\*.*?(?:\*/|$)', line))
        if '/*' in line and '*/' not in line[line.rindex('/*'):]:
            # a comment that goes on: the field's own
            rest = n + 1
            while rest < len(lines) and '*/' not in lines[rest]:
                comment += ' ' + lines[rest].strip()
                rest += 1
            if rest < len(lines):
                comment += ' ' + lines[rest].strip()
            in_comment, block = True, group
        code = re.sub(r'/\*.*?(\*/|$)', '', line)
        decl += ' ' + code
        depth += code.count('{') - code.count('}')
        if depth == 0 and code.rstrip().endswith(';'):
            out.append((start, decl.strip(), comment, group))
            decl = ''
        elif comment and KEY.search(comment) and depth > 0:
            group = group or comment
    return out


def check(path):
    text = keelsrc.read(path)
    for m in re.finditer(r'^(?:static )?struct (\w+) \{\n(.*?)^\}', text, re.M | re.S):
        found = fields(m[2])
        if not any(LOCK.match(d) for _, d, _, _ in found):
            continue
        first = text.count('\n', 0, m.start(2)) + 1
        for off, decl, comment, group in found:
            if LOCK.match(decl) or SELF.match(decl) or KEY.search(comment) or KEY.search(group):
                continue
            if re.match(r'(?:const )?(?:union|struct) \{', decl) and KEY.search(text.split('\n')[first + off - 1]):
                continue
            if decl.startswith(('static_assert', '_Static_assert')) or re.search(r'\[0\];$', decl):
                continue
            errors.append(f'{path}:{first + off}: struct {m[1]}: what protects "{decl[:60]}"?')


for p in keelsrc.files('.c', '.h'):
    if '/uapi/' not in p:
        check(p)
print('\n'.join(errors))
sys.exit(1 if errors else 0)

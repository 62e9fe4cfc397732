#!/usr/bin/env python3
# SPDX-License-Identifier: MPL-2.0
"""Runs BusyBox's own test suite in Keel and compares it with what Linux does, test by test.

test/busybox/linux.txt holds Linux's results (written by --linux, which boots Debian's kernel in the same
QEMU): one line "FILE POSITION STATUS NAME" a test; names repeat, so file and position are the key. A test
that passes on Linux must pass on Keel. Prints result lines for tools/test.py, one a file.
"""
import argparse
import os
import re
import subprocess
import sys
import tempfile

from qemu import TOP, Guest, Machine

GOLDEN = os.path.join(TOP, 'test/busybox/linux.txt')
SUITE = os.path.join(TOP, 'build/deps/busybox')
# CI leaves out what only computes for long: 80 of the suite's 600 seconds on Linux remain.
SLOW = {'bc', 'dc', 'factor', 'md5sum', 'rev', 'sha1sum', 'sha256sum', 'sha3sum', 'sha512sum'}


def all_files():
    t = os.path.join(SUITE, 'testsuite')
    names = {n[:-6] for n in os.listdir(t) if n.endswith('.tests')}
    names |= {n for n in os.listdir(t) if os.path.isdir(os.path.join(t, n))}
    return sorted(n for n in names if not n.startswith(('all_', '.')))


def build_initramfs(out):
    """The usual initramfs and a second archive with the suite behind it."""
    with tempfile.TemporaryDirectory() as d:
        with open(f'{d}/list', 'w') as f:
            f.write(f'dir /bbsuite 0755\ndir /bbsuite/testsuite 0755\nfile /bbsuite/.config 0644 {SUITE}/.config\n'
                    f'file /bbsuite/init 0755 {TOP}/test/busybox/init\ntree /bbsuite/testsuite {SUITE}/testsuite\n')
        subprocess.run([sys.executable, 'tools/mkcpio.py', f'{d}/list', f'{d}/suite.cpio.gz'], cwd=TOP, check=True)
        with open(out, 'wb') as f:
            for part in (os.path.join(TOP, 'build/initramfs.cpio.gz'), f'{d}/suite.cpio.gz'):
                with open(part, 'rb') as p:
                    f.write(p.read())


def run(kernel, linux, files, smp, timeout, log):
    initrd = os.path.join(TOP, 'build/busybox-suite.cpio.gz')
    build_initramfs(initrd)
    m = Machine(boot='linux' if linux else 'pvh', kernel=kernel, initrd=initrd, smp=smp, mem='1024',
                append=f'console=ttyS0 rdinit=/bbsuite/init panic=-1 quiet suite={",".join(files)}')
    return Guest(m, log, timeout).wait()


def parse(text):
    """{file: [(status, name)...]}, {file: seconds}"""
    out, took, at = {}, {}, None
    for line in text.split('\n'):
        m = re.match(r'(?:\S*\[6n)?== (.+)$', line)
        if m:
            if m[1].startswith('took '):
                took[at] = int(m[1][5:])
            else:
                at = None if m[1] == 'end' else m[1]
                if at:
                    out[at] = []
            continue
        m = re.match(r'(PASS|FAIL|SKIPPED|UNTESTED): (.*)', line)
        if m and at:
            out[at].append((m[1], m[2]))
    return out, took


def read_golden():
    out = {}
    with open(GOLDEN) as f:
        for line in f:
            if not line.startswith('#'):
                name, pos, status, what = line.rstrip('\n').split(' ', 3)
                out.setdefault(name, []).append((status, what))
    return out


def compare(files, linux, keel, end):
    bad = 0
    for name in files:
        want, got = linux.get(name, []), keel.get(name)
        if got is None:
            why = f'not reached: the guest ended by {end.how}'
        else:
            worse = [f'{i + 1} {w[1]}' for i, w in enumerate(want)
                     if w[0] == 'PASS' and (i >= len(got) or got[i][0] != 'PASS')]
            why = f'{len(worse)} pass on Linux only: ' + '; '.join(worse[:6]) if worse else None
        bad += why is not None
        print(f'ok {name}: {len(want)} tests' if why is None else f'not ok {name}: {why}', flush=True)
    return bad


def main():
    p = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    p.add_argument('--only', help='slice, or names with commas')
    p.add_argument('--linux', action='store_true', help='run on Debian\'s kernel and write test/busybox/linux.txt')
    p.add_argument('--kernel', default='build/keel.elf')
    p.add_argument('--smp', default='2')
    p.add_argument('--timeout', type=float, default=3600)
    a = p.parse_args()
    if not os.path.exists(os.path.join(SUITE, 'testsuite/runtest')):
        print('skip suite: no BusyBox source in build/deps/busybox (tools/setup.sh test fetches it)')
        return 0
    files = all_files()
    if a.only:
        files = [f for f in files if (f not in SLOW if a.only == 'slice' else f in a.only.split(','))]
    log = os.path.join(TOP, 'build/logs/busybox-suite.log')
    os.makedirs(os.path.dirname(log), exist_ok=True)
    end = run('build/deps/linux/vmlinuz' if a.linux else a.kernel, a.linux, files, a.smp, a.timeout, log)
    results, took = parse(end.console)
    if a.linux:
        if end.how != 'poweroff' or set(results) != set(files):
            print(f'Linux ended by {end.how}, {len(results)} of {len(files)} files', file=sys.stderr)
            return 1
        with open(GOLDEN, 'w') as f:
            f.write('# Linux 6.1: file, position, result and name of each test of BusyBox\'s suite. tools/busybox_suite.py\n')
            for name in files:
                f.writelines(f'{name} {i} {s} {w}\n' for i, (s, w) in enumerate(results[name], 1))
        for name in sorted(took, key=took.get):
            print(f'{took[name]:5} s {name}')
        return 0
    return 1 if compare(files, read_golden(), results, end) else 0


if __name__ == '__main__':
    sys.exit(main())

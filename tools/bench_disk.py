#!/usr/bin/env python3
# SPDX-License-Identifier: MPL-2.0
"""Disk rows beside Linux: test/perf/disk.c on a fresh ext2 on a virtio disk, the same for both kernels.

    tools/bench_disk.py [--runs N] [--insns N] [--rows GLOB] [--cache MODE] [--profile ROW]     (or tools/bench.py disk)

Wall clock with two CPUs, the kernels alternate; then with one CPU under a plugin that counts instructions
(tools/insns.c). Both are medians, with their spread. The disk's counters are QEMU's own (query-blockstats).
Rows of FLUSHED are judged by their time for one flush that reached the disk, since Linux's ext4 driver on
ext2 hardly flushes; where it sent none at all, as they are. cache=unsafe leaves the host's own disk out: a flush is a request like another.
"""
import argparse
import bisect
import collections
import fnmatch
import glob
import math
import os
import re
import statistics
import subprocess
import sys
import time

import mkcpio
from qemu import TOP, Guest, Machine

LINUX_BEST = ('mitigations=off init_on_alloc=0 lsm=none audit=0 cgroup_disable=memory preempt=none tsc=reliable '
              'no5lvl nopku clearcpuid=erms')
MODULES = ('virtio_ring', 'virtio', 'virtio_pci_legacy_dev', 'virtio_pci_modern_dev', 'virtio_pci', 'crc16',
           'crc32c_generic', 'virtio_blk', 'mbcache', 'jbd2', 'ext4')
DIR = os.path.join(TOP, 'build/bench')
FLUSHED = ('disk_fsync', 'disk_fdatasync', 'disk_sqlite')
LINE = re.compile(r'(?:STAT|DROW (\S+) (\d+) (\d+) (\S+)|CLOCK (\d+)|BENCH-DONE|bench: .*)\n')


def initrd(which):
    """build/user.cpio and what the disk rows need; for Linux its modules, too."""
    c = mkcpio.Cpio()
    c.add('test', 0o40755)
    for p in ('diskbench', 'sqlbench'):
        path = os.path.join(TOP, 'build/user', p)
        if os.path.exists(path):
            c.add('test/' + p, 0o100755, mkcpio.read(path))
    if which == 'linux':
        found = {}
        for path in glob.glob(os.path.join(TOP, 'build/deps/linux/lib/modules/**/*.ko'), recursive=True):
            found[os.path.basename(path)[:-3]] = path
        c.add('modules', 0o40755)
        for n, name in enumerate(m for m in MODULES if m in found):
            c.add(f'modules/{n:02}-{name}.ko', 0o100644, mkcpio.read(found[name]))
    path = os.path.join(DIR, f'{which}.cpio')
    with open(path, 'wb') as out, open(os.path.join(TOP, 'build/user.cpio'), 'rb') as tests:
        out.write(tests.read())
        out.write(c.finish())
    return path


def fresh_image():
    """ext2 as mke2fs makes it, 1 GiB, with the source of BusyBox as /src.tar."""
    tree, image = os.path.join(DIR, 'tree'), os.path.join(DIR, 'disk.img')
    os.makedirs(tree, exist_ok=True)
    tar, src = os.path.join(tree, 'src.tar'), os.path.join(TOP, 'build/deps/busybox')
    if not os.path.exists(tar) and os.path.isdir(src):
        subprocess.run(['tar', 'cf', tar, '--sort=name', '--owner=0', '--group=0', '--exclude=.git', '-C', src, '.'], check=True)
    if os.path.exists(image):
        os.unlink(image)
    subprocess.run(['mke2fs', '-q', '-t', 'ext2', '-d', tree, image, '1G'], check=True, stdout=subprocess.DEVNULL,
                   env=dict(os.environ, PATH=os.environ['PATH'] + ':/sbin:/usr/sbin'))
    return image


def counters(g):
    answer = g.command_qmp('query-blockstats')
    s = answer['return'][0]['stats'] if answer else {}
    return {k: s.get(k + '_operations', 0) for k in ('rd', 'wr', 'flush')} | {
        'rd_kb': s.get('rd_bytes', 0) // 1024, 'wr_kb': s.get('wr_bytes', 0) // 1024}


class Row:
    def __init__(self, ops, ns, unit, disk):
        self.ops, self.ns, self.unit, self.disk, self.insns = ops, ns, unit, disk, 0


def run(which, insns, cache, rows='*', profile=''):
    os.makedirs(DIR, exist_ok=True)
    append = 'console=ttyS0 rdinit=/test/diskbench panic=-1 quiet' + (f' rows={rows}' if rows != '*' else '')
    if which == 'linux':
        append += ' loglevel=1 no_timer_check ' + LINUX_BEST + (' nokaslr' if profile else '')
    counts, extra = os.path.join(DIR, 'insns.txt'), ()
    if insns:
        extra = ('-plugin', f'{TOP}/build/user/insns.so,out={counts}' + (f',profile={profile}' if profile else ''))
    m = Machine(boot='linux' if which == 'linux' else 'pvh', initrd=initrd(which), append=append, mem='1024',
                kernel='build/deps/linux/vmlinuz' if which == 'linux' else 'build/keel.elf', smp='1' if insns else '2',
                accel='tcg', disks=(f'{fresh_image()},cache={cache}',), extra=extra)
    log = os.path.join(TOP, 'build/logs', f'bench-disk-{which}.log')
    os.makedirs(os.path.dirname(log), exist_ok=True)
    g = Guest(m, log, 900)
    found, at, stats, clocks = {}, 0, [], []
    while time.monotonic() < g.deadline:
        alive = g.poll(0.05)
        while True:
            line = LINE.search(g.text, at)
            if not line:
                break
            at = line.end()
            if line[0] == 'STAT\n':
                stats = stats[-1:] + [counters(g)]
                g.send('\n')
            elif line[1]:
                found[line[1]] = Row(int(line[2]), int(line[3]), line[4],
                                     {k: stats[-1][k] - stats[0][k] for k in stats[-1]})
            elif line[5]:
                clocks.append((int(line[5]), time.monotonic()))
        if not alive:
            break
    end = g.close()
    if end.how != 'poweroff' or 'BENCH-DONE' not in end.console:
        sys.exit(f'bench: {which} ended by {end.how}, log {log}\n' + '\n'.join(end.console.split('\n')[-15:]))
    if not insns and len(clocks) == 2:
        guest, host = (clocks[1][0] - clocks[0][0]) / 1e9, clocks[1][1] - clocks[0][1]
        if host > 5 and abs(guest / host - 1) > 0.03:
            sys.exit(f'bench: the clock of {which} runs wrong: {guest:.2f} s there, {host:.2f} s here')
    if insns:
        with open(counts) as f:
            for row, n in zip(found.values(), f):
                row.insns = int(n)
    check = subprocess.run(['/sbin/e2fsck', '-fn', os.path.join(DIR, 'disk.img')], stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if check.returncode:
        print(f'bench: e2fsck after {which}: {check.stdout.decode()[-800:]}', file=sys.stderr)
    return found


def middle(values):
    m = statistics.median(values)
    return m, (max(values) - min(values)) / m if m else 0.0


def figures(runs, name):
    """Medians of a row: time of one operation in ns, its spread, instructions, operations of the disk for 1000 of ours."""
    rows = [r[name] for r in runs if name in r]
    if not rows:
        return None
    ns, spread = middle([r.ns / r.ops for r in rows])
    return {'ns': ns, 'spread': spread, 'insns': middle([r.insns / r.ops for r in rows])[0],
            'unit': rows[0].unit, 'ops': rows[0].ops,
            'disk': {k: middle([r.disk[k] for r in rows])[0] for k in rows[0].disk}}


def show(f):
    value = 1e3 / f['ns'] if f['unit'] == 'MB/s' else f['ns']
    return f'{value:,.0f}' if value >= 100 else f'{value:,.2f}'


def geomean(ratios):
    return math.exp(sum(math.log(r) for r in ratios) / len(ratios)) if ratios else 0


def table(kind, key, keel, linux):
    print(f'\n{kind}\n  {"row":<20}{"Keel":>13}{"Linux":>13} {"unit":<5}{"ratio":>6}{"spread":>8}  '
          'requests read/written/flushes: Keel, Linux')
    ratios, plain, out, names = [], [], {}, list(dict.fromkeys(n for r in linux + keel for n in r))
    for n in names:
        k, li = figures(keel, n), figures(linux, n)
        if not k or not li:
            print(f'  {n:<20}{"missing on " + ("Keel" if not k else "Linux"):>24}')
            continue
        r, note = li[key] / k[key], ''
        plain.append(r)
        if n in FLUSHED and k['disk']['flush'] and li['disk']['flush']:
            note = f'  a flush; as it is {r:.2f}'
            r *= k['disk']['flush'] / li['disk']['flush']
        ratios.append(r)
        out[n] = round(r, 3)
        kd, ld = k['disk'], li['disk']
        a, b = (show(k), show(li)) if key == 'ns' else (f'{k[key]:,.1f}', f'{li[key]:,.1f}')
        print(f'  {n:<20}{a:>13}{b:>13} {k["unit"] if key == "ns" else "insns":<5}{r:>6.2f}'
              f'{100 * max(k["spread"], li["spread"]) if key == "ns" else 0:>7.0f}%  '
              f'{kd["rd"]:.0f}/{kd["wr"]:.0f}/{kd["flush"]:.0f}, {ld["rd"]:.0f}/{ld["wr"]:.0f}/{ld["flush"]:.0f}{note}')
    print(f'  geometric mean of {len(ratios)} rows: {geomean(ratios):.2f}, all as they are: {geomean(plain):.2f}')
    below = sorted((r, n) for n, r in out.items() if r < 1)
    if below:
        print('  below 1.0: ' + ', '.join(f'{n} {r:.2f}' for r, n in below))
    sys.stdout.flush()
    return geomean(ratios), out


def symbols(which):
    if which == 'keel':
        text = subprocess.run(['nm', os.path.join(TOP, 'build/keel.full')], stdout=subprocess.PIPE, check=True).stdout.decode()
    else:
        with open(os.path.join(DIR, 'kallsyms')) as f:      # by hand: /proc/kallsyms of a guest with nokaslr
            text = f.read()
    found = sorted((int(p[0], 16), p[2]) for p in (x.split() for x in text.split('\n')) if len(p) >= 3 and p[1] in 'tT')
    return [a for a, _ in found], [n for _, n in found]


def profile(which, rows, cache, top=60):
    """Instructions of one row by function."""
    path = os.path.join(DIR, 'profile.txt')
    found = run(which, True, cache, rows, path)
    addrs, names = symbols(which)
    chosen = [n for n in found if fnmatch.fnmatch(n, rows)]
    with open(path) as f:
        parts = f.read().split('ROW ')[1:]
    for name, part in zip(found, parts):
        if name not in chosen:
            continue
        per = collections.Counter()
        for line in part.split('\n')[1:-1]:
            a, n = line.split()
            i = bisect.bisect_right(addrs, int(a, 16)) - 1
            per[names[i] if i >= 0 else 'user space'] += int(n)
        total, ops = sum(per.values()), found[name].ops
        print(f'\n{which} {name}: {total:,} instructions, {total / ops:,.1f} an operation, disk {found[name].disk}')
        for fn, n in per.most_common(top):
            print(f'{n:>14,} {100 * n / total:5.1f}% {n / ops:>12,.2f}  {fn}')


def main(argv=None):
    p = argparse.ArgumentParser(description='disk rows beside Linux')
    p.add_argument('--runs', type=int, default=5, help='wall clock: runs of each kernel')
    p.add_argument('--insns', type=int, default=3, help='counted instructions: runs of each kernel')
    p.add_argument('--rows', default='*')
    p.add_argument('--cache', default='unsafe')
    p.add_argument('--profile', choices=('keel', 'linux'), help='where the instructions of --rows go')
    a = p.parse_args(argv)
    if a.profile:
        profile(a.profile, a.rows, a.cache)
        return {}
    out = {}
    for key, n, kind in (('insns', a.insns, 'disk, instructions of one operation, 1 CPU'), ('ns', a.runs, 'disk, wall clock, 2 CPUs')):
        keel, linux = [], []
        for i in range(n):
            print(f'disk: {kind}: run {i + 1} of {n}', file=sys.stderr)
            keel.append(run('keel', key == 'insns', a.cache, a.rows))
            linux.append(run('linux', key == 'insns', a.cache, a.rows))
        if n:
            out[f'disk-{key}'] = table(f'{kind}, {n} runs, cache={a.cache}', key, keel, linux)
    return out


if __name__ == '__main__':
    main()

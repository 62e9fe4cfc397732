#!/usr/bin/env python3
# SPDX-License-Identifier: MPL-2.0
"""Speed beside Linux: the same static program on Keel and on Debian's kernel, in the same QEMU.

    tools/bench.py [icount|wall|disk|tap|all] [--runs N] [--rows GLOB]

icount: one CPU, guest time is the number of instructions; exact, but blind to TLB misses and device
accesses. wall: two CPUs, the kernels alternate, median of the runs and their spread; Linux with
idle=poll beside it. Linux is taken at its best (docs/performance.md says why). A ratio above 1 means that
Keel is faster. Rows of several threads ("/4") are printed, not judged. disk: tools/bench_disk.py. tap: the network with the host, by wall clock (tools/bench_tap.py).

The program (test/perf/bench.c, /test/bench in build/user.cpio) prints, as pid 1:
    ROW NAME VALUE UNIT      unit ns or us (less is better) or MB/s (more is better)
    CLOCK NS                 CLOCK_MONOTONIC, at the start and at the end: held against the host's clock
    BENCH-DONE               and then powers off
"""
import argparse
import fnmatch
import json
import math
import os
import re
import statistics
import sys
import time

import bench_disk
import bench_tap
import tap
from qemu import TOP, Guest, Machine

LINUX_BEST = ('mitigations=off init_on_alloc=0 lsm=none audit=0 cgroup_disable=memory preempt=none tsc=reliable '
              'no5lvl nopku clearcpuid=erms')
ROW = re.compile(r'^ROW (\S+) ([\d.]+) (\S+)')


def run(which, mode, extra=''):
    log = os.path.join(TOP, 'build/logs', f'bench-{which}-{mode}.log')
    os.makedirs(os.path.dirname(log), exist_ok=True)
    if mode == 'tap':
        g, more = bench_tap.start(which, log)
        rows = watch(g, which, True)
        more.close()
        return rows
    linux = which.startswith('linux')
    append = f'console=ttyS0 rdinit=/test/bench panic=-1 quiet {extra}'
    if linux:
        append += ' loglevel=1 ' + LINUX_BEST
    if which == 'linux-poll':
        append += ' idle=poll'
    m = Machine(boot='linux' if linux else 'pvh', initrd='build/user.cpio', append=append, mem='1024',
                kernel='build/deps/linux/vmlinuz' if linux else 'build/keel.elf',
                smp='1' if mode == 'icount' else '2', icount=mode == 'icount', accel='tcg')
    return watch(Guest(m, log, 1800), which, mode == 'wall')


def watch(g, which, wall):
    """The rows of a guest that runs to its end; by wall clock its own must be right."""
    clocks, at = [], 0
    while time.monotonic() < g.deadline and g.poll(0.05):
        for c in re.finditer(r'^CLOCK (\d+)\r?\n', g.text[at:], re.M):
            clocks.append((int(c[1]), time.monotonic()))
        at = g.text.rfind('\n') + 1
    end = g.close()
    if end.how != 'poweroff' or 'BENCH-DONE' not in end.console:
        sys.exit(f'bench: {which} ended by {end.how}, log {g.log_path}\n' + '\n'.join(end.console.split('\n')[-15:]))
    if wall and len(clocks) >= 2:
        guest, host = (clocks[-1][0] - clocks[0][0]) / 1e9, clocks[-1][1] - clocks[0][1]
        if host > 5 and abs(guest / host - 1) > 0.03:
            sys.exit(f'bench: the clock of {which} runs wrong: {guest:.2f} s there, {host:.2f} s here')
    return {m[1]: (float(m[2]), m[3]) for m in (ROW.match(x) for x in end.console.split('\n')) if m}


def median(runs, name):
    values = [r[name][0] for r in runs if name in r]
    return (statistics.median(values), (max(values) - min(values)) / statistics.median(values)) if values else None


def ratio(keel, linux, unit):
    """Above 1: Keel is faster."""
    return keel / linux if unit.endswith('/s') else linux / keel


def show(value):
    return f'{value:,.0f}' if value >= 100 else f'{value:,.2f}'


def table(mode, keel, linux, poll, rows):
    names = [n for n in linux[0] if fnmatch.fnmatch(n, rows)]
    print(f'\n{mode}: {"row":<26}{"Keel":>12}{"Linux":>12} {"unit":<5}{"ratio":>7}' +
          ('   spread   with idle=poll' if mode != 'icount' else ''))
    ratios, below = [], []
    for n in names:
        unit = linux[0][n][1]
        k, li = median(keel, n), median(linux, n)
        if k is None:
            print(f'  {n:<32}{"missing on Keel":>24}')
            below.append((0.0, n))
            continue
        r = ratio(k[0], li[0], unit)
        judged = not n.endswith('/4')
        line = f'  {n:<32}{show(k[0]):>12}{show(li[0]):>12} {unit:<5}{r:>7.2f}'
        if mode != 'icount':
            p = median(poll, n)
            line += f'   {100 * max(k[1], li[1]):>4.0f}%' + (f'{ratio(k[0], p[0], unit):>10.2f}' if p else '')
        print(line + ('' if judged else '  (not judged)'))
        if judged:
            ratios.append(r)
            if r < 1:
                below.append((r, n))
    mean = math.exp(sum(math.log(r) for r in ratios) / len(ratios)) if ratios else 0
    print(f'  geometric mean of {len(ratios)} rows: {mean:.2f}')
    if below:
        print('  below 1.0: ' + ', '.join(f'{n} {r:.2f}' for r, n in sorted(below)))
    return mean, {n: round(ratio(median(keel, n)[0], median(linux, n)[0], linux[0][n][1]), 3)
                  for n in names if median(keel, n)}


def main():
    p = argparse.ArgumentParser(description='speed beside Linux')
    p.add_argument('mode', nargs='?', default='all', choices=('icount', 'wall', 'disk', 'tap', 'all'))
    p.add_argument('--runs', type=int, default=5, help='wall clock: runs of each kernel')
    p.add_argument('--rows', default='*')
    p.add_argument('--json', help='write the figures here')
    a = p.parse_args()
    out = {}
    extra = f'rows={a.rows}' if a.rows != '*' else ''
    if a.mode in ('icount', 'all'):
        keel, linux = [run('keel', 'icount', extra)], [run('linux', 'icount', extra)]
        out['icount'] = table('icount', keel, linux, [], a.rows)
    for mode in ('wall', 'tap'):
        if a.mode not in (mode, 'all'):
            continue
        if mode == 'tap' and tap.missing():
            print(f'tap: {tap.missing()}')
            continue
        keel, linux = [], []
        for n in range(a.runs):
            print(f'wall clock, {mode}, run {n + 1} of {a.runs}', file=sys.stderr)
            keel.append(run('keel', mode, extra))
            linux.append(run('linux', mode, extra))
        poll = [run('linux-poll', mode, extra)]
        out[mode] = table(mode, keel, linux, poll, a.rows)
    if a.mode in ('disk', 'all'):
        out.update(bench_disk.main(['--runs', str(a.runs), '--rows', a.rows]))
    if a.json:
        with open(a.json, 'w') as f:
            json.dump({m: {'mean': round(v[0], 3), 'rows': v[1]} for m, v in out.items()}, f, indent=1)


if __name__ == '__main__':
    main()

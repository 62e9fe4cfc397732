#!/usr/bin/env python3
# SPDX-License-Identifier: MPL-2.0
"""Runs Debian's programs on build/debian.img under Keel or under Debian's Linux, prints a result line for each case.

    tools/debian_suite.py [--linux] WORD...     words of test/debian/run: slice, full, cpython, or cases by name
    tools/debian_suite.py --golden WORD...      run on Linux and write what CPython's suites did there
    tools/debian_suite.py --net WORD...         on build/debian-net.img with a card: net, net_cpython
    tools/debian_suite.py --net --smp icount [--linux] bench_nginx bench_redis      figures by instructions; Linux at its best

On --net the first card is on QEMU's user network with restrict=on, two more on one wire; the guest's 10.0.2.100 is tools/debian_net.py's servers.

The disk is used through a snapshot: it stays as it was built. CPython's suites are compared test by test with
test/debian/cpython-linux.txt, Linux's results in the same QEMU: what passes there must pass here.
"""
import argparse
import contextlib
import os
import re
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import debian_net  # noqa: E402
import mkcpio  # noqa: E402
from qemu import TOP, Guest, Machine  # noqa: E402

IMG = os.path.join(TOP, 'build/debian.img')
NET_IMG = os.path.join(TOP, 'build/debian-net.img')
GOLDEN = os.path.join(TOP, 'test/debian/cpython-linux.txt')
KNOWN = os.path.join(TOP, 'test/debian/cpython-known.txt')
LINUX = os.path.join(TOP, 'build/deps/linux')
LINUX_BEST = ('mitigations=off init_on_alloc=0 lsm=none audit=0 cgroup_disable=memory preempt=none tsc=reliable '
              'no5lvl nopku clearcpuid=erms')
MODULES = ('virtio_ring', 'virtio', 'virtio_pci_modern_dev', 'virtio_pci_legacy_dev', 'virtio_pci', 'virtio_blk',
           'failover', 'net_failover', 'virtio_net', 'inet_diag', 'tcp_diag', 'udp_diag', 'raw_diag', 'unix_diag', 'netlink_diag',
           'af_packet_diag')
INIT = '''#!/bin/busybox sh
/bin/busybox mkdir -p /proc /dev /root
/bin/busybox mount -t proc proc /proc
/bin/busybox mount -t devtmpfs dev /dev
for m in {modules}; do /bin/busybox insmod /m/$m.ko; done
for i in 1 2 3 4 5 6 7 8 9; do [ -e /dev/vda3 ] && break; /bin/busybox sleep 1; done
/bin/busybox mount -o rw {dev} /root || exec /bin/busybox poweroff -f
/bin/busybox umount /dev /proc
exec /bin/busybox switch_root /root {init}
'''


def linux_initrd(init, dev='/dev/vda3', to='build/debian'):
    """Linux has its disk driver in modules; the disk itself holds nothing of Linux."""
    c = mkcpio.Cpio()
    for d in ('bin', 'm', 'proc', 'dev', 'root'):
        c.add(d, 0o40755)
    c.add('dev/console', 0o20600, rdev=(5, 1))
    c.add('bin/busybox', 0o100755, mkcpio.read('/bin/busybox'))
    for top, _, files in os.walk(os.path.join(LINUX, 'lib/modules')):
        for f in files:
            if f.split('.')[0] in MODULES and f.endswith('.ko'):
                c.add('m/' + f, 0o100644, mkcpio.read(os.path.join(top, f)))
    c.add('init', 0o100755, INIT.format(modules=' '.join(MODULES), dev=dev, init=init).encode())
    path = os.path.join(TOP, to, 'linux-initrd.cpio')
    with open(path, 'wb') as f:
        f.write(c.finish())
    return path


WIRE = tuple(word for n in (1, 2) for word in (
    '-netdev', f'hubport,hubid=1,id=wire{n}', '-device', f'virtio-net-pci,netdev=wire{n},romfile=,mac=52:54:00:12:34:6{n}'))


def run(words, linux, smp, mem, timeout, log, kernel, more, net):
    with debian_net.Host() if net else contextlib.nullcontext() as host:
        return run_guest(words, linux, smp, mem, timeout, log, kernel, more, host)


def run_guest(words, linux, smp, mem, timeout, log, kernel, more, host):
    how = {'disks': ((NET_IMG if host else IMG) + ',snapshot=on,serial=keel-debian',), 'smp': smp, 'mem': mem}
    if smp == 'icount':         # time is the number of instructions
        how.update(smp='1', icount=True)
    if host:
        how.update(net=True, net_options=host.options(), forward=host.forward(), extra=WIRE)
    append = f'console=ttyS0 panic=-1 quiet debian={",".join(words)} {more} '
    if linux and smp == 'icount':
        append += LINUX_BEST + ' '
    if linux:
        m = Machine(boot='linux', kernel='build/deps/linux/vmlinuz', append=append + 'loglevel=1', **how,
                    initrd=linux_initrd('/opt/keel-test/run', to='build/debian-net' if host else 'build/debian'))
    else:
        m = Machine(kernel=kernel, initrd='', append=append + 'root=/dev/vda3 rootfstype=ext2 rw init=/opt/keel-test/run', **how)
    g = Guest(m, log, timeout)
    at, begun, got, end = 0, None, {}, False
    while True:
        alive = g.poll(0.5)
        *lines, _ = g.text[at:].split('\n')
        at += sum(len(x) + 1 for x in lines)
        for line in lines:
            line = line.rstrip()
            m = re.match(r'(begin|end) (py_\w+)$', line)
            if m:
                begun = m[2] if m[1] == 'begin' else None
                got.setdefault(m[2], {})['done'] = m[1] == 'end'
            elif line.startswith('py ') and begun:
                f = line.split(' ', 2)
                got[begun][f[1]] = f[2].split(' ')[0]
            elif line.startswith('py-bad ') and begun:
                f = re.match(r'py-bad (\w+): .*\((\S+)\)', line)
                if f:
                    got[begun].setdefault(f[2], f[1])
            elif line.startswith('DEBIAN-DONE'):
                end = True
            elif re.match(r'(not )?ok |bench ', line) or line.startswith('  | '):
                print(line, flush=True)
        if not alive:
            break
        if time.monotonic() > g.deadline:
            break
    e = g.close()
    if not end:
        print(f'not ok end: the guest ended by {e.how} before all was done, log {os.path.relpath(log, TOP)}')
        print('\n'.join('  | ' + x for x in e.console.split('\n')[-25:]))
    elif e.how != 'poweroff':
        print(f'not ok end: the guest ended by {e.how}')
    return got


def read_golden():
    want = {}
    try:
        with open(GOLDEN) as f:
            for line in f:
                if line.strip() and not line.startswith('#'):
                    mod, test, res = line.split()
                    want.setdefault(mod, {})[test] = res
    except OSError:
        pass
    return want


def read_known():
    known = {}
    try:
        with open(KNOWN) as f:
            for line in f:
                if line.strip() and not line.startswith('#'):
                    test, why = line.rstrip('\n').split(' ', 1)
                    known[test] = why
    except OSError:
        pass
    return known


def compare(got):
    want, known = read_golden(), read_known()
    for mod, tests in got.items():
        if not tests.pop('done', False):
            print(f'not ok {mod}: it did not come to its end')
            continue
        if mod not in want:
            print(f'not ok {mod}: no results of Linux in {os.path.relpath(GOLDEN, TOP)}')
            continue
        same, worse, named = 0, [], []
        for test, res in sorted(want[mod].items()):
            if res != 'ok':
                continue
            if tests.get(test) == 'ok':
                same += 1
            elif test in known:
                named.append(test)
            else:
                worse.append(f'{test} {tests.get(test, "did not run")}')
        for test in named:
            print(f'skip {mod}/{test}: {known[test]}')
        if worse:
            print(f'not ok {mod}: {len(worse)} of {same + len(worse)} that pass on Linux do not pass here')
            for w in worse:
                print('  | ' + w)
        else:
            print(f'ok {mod}: {same} tests as on Linux')


def write_golden(got):
    want = read_golden()
    for mod, tests in got.items():
        if tests.pop('done', False):
            want[mod] = tests
    with open(GOLDEN, 'w') as f:
        f.write('# CPython\'s own tests on Debian\'s Linux in QEMU: module, test, result. Written by tools/debian_suite.py --golden.\n')
        for mod in sorted(want):
            for test in sorted(want[mod]):
                f.write(f'{mod} {test} {want[mod][test]}\n')


def main():
    p = argparse.ArgumentParser(description='the Debian suite')
    p.add_argument('words', nargs='+')
    p.add_argument('--linux', action='store_true')
    p.add_argument('--golden', action='store_true')
    p.add_argument('--smp', default='2', help='icount: one CPU, time is the number of instructions')
    p.add_argument('--mem', default='1024')
    p.add_argument('--timeout', type=float, default=7200)
    p.add_argument('--kernel', default='build/keel.elf')
    p.add_argument('--append', default='', help='more words of the kernel\'s command line')
    p.add_argument('--net', action='store_true', help='the disk with the network\'s servers, and a card')
    a = p.parse_args()
    if not os.path.exists(NET_IMG if a.net else IMG):
        sys.exit('debian_suite: no disk: make debian' + (', tools/debian.py image --net' if a.net else ''))
    os.makedirs(os.path.join(TOP, 'build/logs'), exist_ok=True)
    log = os.path.join(TOP, f'build/logs/debian-{"linux" if a.linux or a.golden else "keel"}-{a.words[0]}.log')
    got = run(a.words, a.linux or a.golden, a.smp, a.mem, a.timeout, log, a.kernel, a.append, a.net)
    if a.golden:
        write_golden(got)
    elif a.linux:
        for mod, tests in got.items():
            print(mod, {k: v for k, v in tests.items() if v not in ('ok', 'skipped')})
    else:
        compare(got)


if __name__ == '__main__':
    main()

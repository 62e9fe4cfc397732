# SPDX-License-Identifier: MPL-2.0
"""Rows of virtio-net with the host over a tap (tools/tap.py), for tools/bench.py: a byte there and back, bytes both ways.

The server on the host is the same for both kernels, a program in Python: its share of a round trip is in the row. Wall clock
only; one card with one pair of queues, as QEMU makes it, offloads on.
"""
import os

import mkcpio
import tap
from bench_disk import LINUX_BEST
from qemu import TOP, Guest, Machine

MODULES = ('virtio_ring', 'virtio', 'virtio_pci_legacy_dev', 'virtio_pci_modern_dev', 'virtio_pci', 'failover', 'net_failover', 'virtio_net')


def initrd(linux):
    c = mkcpio.Cpio()
    for d in ('dev', 'proc', 'sys', 'modules'):
        c.add(d, 0o40755)
    c.add('dev/console', 0o20600, rdev=(5, 1))
    c.add('init', 0o100755, mkcpio.read(os.path.join(TOP, 'build/user/nettap')))
    found = {}
    for top, _, files in os.walk(os.path.join(TOP, 'build/deps/linux/lib/modules')):
        for f in files:
            found[f.split('.')[0]] = os.path.join(top, f)
    for n, name in enumerate(m for m in MODULES if linux and m in found):
        c.add(f'modules/{n}-{name}.ko', 0o100644, mkcpio.read(found[name]))
    path = os.path.join(TOP, f'build/bench/tap-{"linux" if linux else "keel"}.cpio')
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, 'wb') as f:
        f.write(c.finish())
    return path


def start(which, log):
    """The guest, and what to close when it has ended."""
    linux = which.startswith('linux')
    taps = tap.Taps([{}], log.replace('.log', '-host.log'))
    append = 'console=ttyS0 rdinit=/init panic=-1 quiet what=bench' + (f' loglevel=1 {LINUX_BEST}' if linux else '')
    if which == 'linux-poll':
        append += ' idle=poll'
    m = Machine(boot='linux' if linux else 'pvh', initrd=initrd(linux), append=append, mem='1024', smp='2', accel='tcg',
                kernel='build/deps/linux/vmlinuz' if linux else 'build/keel.elf', extra=taps.arguments(), fds=tuple(taps.fds))
    g = Guest(m, log, 300)
    taps.handed_over()
    return g, taps

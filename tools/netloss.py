#!/usr/bin/env python3
# SPDX-License-Identifier: MPL-2.0
"""TCP between two guests over a bad line: does every byte arrive, and how fast beside Linux?

    tools/netloss.py [--pairs keel-keel,linux-linux] [--loss 1,5] [--seeds 10] [--bytes N] ...

Each guest's card ends in a socket of this program, which hands frames on after a delay, and loses, repeats and reorders
some. Whether a frame is lost follows only from the seed, the flow, the direction and how many frames of the flow went that
way before, so that both systems stand under the same law. The seeds run as flows beside each other in one pair of guests
(test/net/peer.c), each on a port of its own. The first word of a pair sends, the second receives.

The last lines are test results (tools/test.py): "ok NAME" or "not ok NAME: why", and the count. With linux-linux among the
pairs the mean throughput of each other pair is held against it (--ratio of each loss).
"""
import argparse
import collections
import heapq
import os
import random
import re
import selectors
import shutil
import socket
import statistics
import sys
import tempfile
import threading
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import mkcpio  # noqa: E402
import qemu  # noqa: E402
from qemu import TOP, Guest, Machine  # noqa: E402

PORT = 5000
MODULES = ('virtio_ring', 'virtio', 'virtio_pci_legacy_dev', 'virtio_pci_modern_dev', 'virtio_pci', 'failover', 'net_failover', 'virtio_net')
FLOW = re.compile(r'^FLOW (\d+) (\d+) (\d+) (\S+)', re.M)


class Law:
    """What happens to the frames of one flow in one direction."""

    def __init__(self, seed, direction, a):
        self.random, self.a = random.Random(f'{seed}/{direction}/{a.loss_now}'), a

    def fates(self):
        """The delays of the copies that arrive: none when the frame is lost."""
        r, a = self.random, self.a
        lost, again, late = (r.random() for _ in range(3))
        extra = r.random()
        if lost < a.loss_now / 100:
            return []
        delay = a.delay / 1000
        out = [delay + (extra * a.jitter / 1000 if late < a.reorder / 100 else 0)]
        if again < a.duplicate / 100:
            out.append(delay + 0.001)
        return out


class Relay(threading.Thread):
    """Between two datagram sockets of QEMU's. Frames that are not TCP pass as they are."""

    def __init__(self, directory, a):
        super().__init__(daemon=True)
        self.a, self.heap, self.count, self.laws, self.stop = a, [], 0, {}, False
        self.seen, self.dropped = 0, 0
        self.capture = open(a.pcap, 'wb') if a.pcap else None
        if self.capture:
            self.capture.write(bytes.fromhex('d4c3b2a1020004000000000000000000ffff000001000000'))
        self.sock, self.to, self.due = [], [], (collections.deque(), collections.deque())
        for side in 'ab':
            s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
            s.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 20)
            s.bind(f'{directory}/relay-{side}')
            s.setblocking(False)
            self.sock.append(s)
            self.to.append(f'{directory}/guest-{side}')

    def write_pcap(self, frame):
        t = time.time()
        self.capture.write(b''.join(int(v).to_bytes(4, 'little') for v in
                                    (int(t), (t % 1) * 1e6, len(frame), len(frame))) + frame)

    def flow(self, frame, side):
        """The seed of the frame's flow; None for what is not TCP of ours."""
        if len(frame) < 38 or frame[12:14] != b'\x08\x00' or frame[23] != 6:
            return None
        at = 14 + 4 * (frame[14] & 15) + (2 if side == 0 else 0)
        return int.from_bytes(frame[at:at + 2], 'big') - PORT

    def take(self, side):
        for _ in range(64):
            try:
                frame = self.sock[side].recv(65536)
            except (BlockingIOError, ConnectionRefusedError):
                return
            n = self.flow(frame, side)
            fates = [0.0]
            if n is not None:
                law = self.laws.get((n, side))
                if law is None:
                    law = self.laws[n, side] = Law(self.a.first + n, side, self.a)
                fates = law.fates()
                self.seen += 1
                self.dropped += not fates
            now = time.monotonic()
            if self.capture:
                self.write_pcap(frame)
            for f in fates:
                self.count += 1
                heapq.heappush(self.heap, (now + f, self.count, 1 - side, frame))

    def give(self, side):
        """What is due, as far as the guest's socket has room: a guest that is slow loses nothing but by the law."""
        while self.due[side]:
            try:
                self.sock[side].sendto(self.due[side][0], self.to[side])
            except BlockingIOError:
                return
            except (FileNotFoundError, ConnectionRefusedError):
                pass                # no guest there yet, or any more
            self.due[side].popleft()

    def run(self):
        sel = selectors.DefaultSelector()
        for n, s in enumerate(self.sock):
            sel.register(s, selectors.EVENT_READ, n)
        while not self.stop:
            wait = 0.2
            if self.heap:
                wait = min(wait, max(0.0, self.heap[0][0] - time.monotonic()))
            if self.due[0] or self.due[1]:
                wait = min(wait, 0.001)     # nothing tells when there is room at the guest's socket
            for key, _ in sel.select(wait):
                self.take(key.data)
            now = time.monotonic()
            while self.heap and self.heap[0][0] <= now:
                _, _, side, frame = heapq.heappop(self.heap)
                self.due[side].append(frame)
            for side in (0, 1):
                self.give(side)
        for s in self.sock:
            s.close()
        if self.capture:
            self.capture.close()


def initrd(path, peer, linux):
    c = mkcpio.Cpio()
    c.add('dev', 0o40755)
    c.add('dev/console', 0o20600, rdev=(5, 1))
    c.add('init', 0o100755, mkcpio.read(peer))
    c.add('modules', 0o40755)
    found = {}
    for top, _, files in os.walk(os.path.join(TOP, 'build/deps/linux/lib/modules')):
        for f in files:
            found[f.split('.')[0]] = os.path.join(top, f)
    for n, name in enumerate(MODULES if linux else ()):
        c.add(f'modules/{n}.ko', 0o100644, mkcpio.read(found[name]))
    with open(path, 'wb') as f:
        f.write(c.finish())
    return path


def machine(system, role, directory, a, size):
    side = 'a' if role == 'client' else 'b'
    linux = system == 'linux'
    append = (f'console=ttyS0 rdinit=/init panic=-1 quiet net={role} flows={a.seeds} bytes={size} port={PORT} '
              f'verbose={int(a.verbose)} {"loglevel=1 mitigations=off" if linux else ""} '
              f'{f"cong={a.cong}" if a.cong else ""}')
    net = ['-netdev', f'dgram,id=net0,local.type=unix,local.path={directory}/guest-{side},'
                      f'remote.type=unix,remote.path={directory}/relay-{side}',
           '-device', f'virtio-net-pci,netdev=net0,romfile=,mac=52:54:00:09:00:0{1 if role == "client" else 2}']
    kernel = 'build/deps/linux/vmlinuz' if linux else a.kernel
    return Machine(boot='linux' if linux else 'pvh', kernel=kernel, append=append, smp=a.smp, mem='256', accel='tcg',
                   initrd=initrd(f'{directory}/{system}.cpio', os.path.join(TOP, 'build/user/netpeer'), linux), extra=tuple(net))


def run_pair(pair, loss, a):
    """({port: (bytes, seconds)}, what went wrong)"""
    sender, receiver = pair.split('-')
    a.loss_now = loss
    size = a.bytes or (1 << 20 if loss <= 2 else 512 << 10)
    directory = tempfile.mkdtemp(prefix='netloss')
    relay = Relay(directory, a)
    relay.start()
    logs = [os.path.join(TOP, f'build/logs/netloss-{pair}-{loss:g}-{r}.log') for r in ('client', 'server')]
    os.makedirs(os.path.dirname(logs[0]), exist_ok=True)
    flows, wrong = {}, []
    try:
        server = Guest(machine(receiver, 'server', directory, a, size), logs[1], a.timeout)
        client = Guest(machine(sender, 'client', directory, a, size), logs[0], a.timeout)
        for g, name in ((server, 'server'), (client, 'client')):
            if not g.expect('PEER-READY', 60) or 'PEER no' in g.text:
                wrong.append(f'{name} did not start')
        if not wrong:
            client.send('go\n')
            ends = {'client': client, 'server': server}
            while ends and time.monotonic() < client.deadline:
                for name, g in list(ends.items()):
                    if not g.poll(0.1) or 'PEER-DONE' in g.text:
                        del ends[name]
                if 'server' in ends and 'client' not in ends and any(m[4] != 'ok' for m in FLOW.finditer(client.text)):
                    break
            wrong += [f'{name} is not done' for name in ends]
            wrong += [f'{n}: {m[0]}' for n, g in (('client', client), ('server', server)) for m in FLOW.finditer(g.text) if m[4] != 'ok']
        for g in (client, server):
            if not wrong:
                g.send('end\n')
        for name, g in (('client', client), ('server', server)):
            if not wrong:
                end = g.wait()
                if end.how != 'poweroff':
                    wrong.append(f'{name} ended by {end.how}')
            else:
                g.kill()
                end = g.close()
            for m in FLOW.finditer(end.console):
                if m[4] != 'ok':
                    wrong.append(f'{name}: {m[0]}')
                elif name == 'client':
                    flows[int(m[1])] = (int(m[2]), int(m[3]) / 1e6)
            wrong += [f'{name}: {m}' for m in re.findall(r'^.*(?:KASAN:|UBSan:|lockdep:|panic:|PEER (?:no|listen)).*$', end.console, re.M)]
            if a.verbose:
                print(f'--- {name}\n' + end.console)
    finally:
        relay.stop = True
        relay.join(2)
        shutil.rmtree(directory, ignore_errors=True)
    if len(flows) != a.seeds and not wrong:
        wrong.append(f'{len(flows)} flows of {a.seeds}')
    if a.verbose:
        print(f'relay: {relay.seen} frames of TCP, {relay.dropped} lost')
    return flows, wrong


def main():
    p = argparse.ArgumentParser(description='TCP between two guests over a bad line')
    p.add_argument('--pairs', default='keel-keel,linux-linux')
    p.add_argument('--loss', default='1,5', help='per cent, each a run of its own')
    p.add_argument('--seeds', type=int, default=10)
    p.add_argument('--first', type=int, default=1, help='the first seed')
    p.add_argument('--bytes', type=int, default=0, help='of each flow; default 1 MiB, above 2 %% loss 512 KiB')
    p.add_argument('--delay', type=float, default=50, help='ms, each way')
    p.add_argument('--jitter', type=float, default=20, help='ms at most for a frame out of order')
    p.add_argument('--reorder', type=float, default=1, help='per cent of the frames')
    p.add_argument('--duplicate', type=float, default=0.5, help='per cent of the frames')
    p.add_argument('--ratio', default='1:0.8,5:0.6', help='least part of Linux\'s throughput at a loss')
    p.add_argument('--cong', default='', help='congestion control to ask for')
    p.add_argument('--kernel', default='build/keel.elf')
    p.add_argument('--smp', default='2')
    p.add_argument('--timeout', type=float, default=300)
    p.add_argument('--pcap', help='write the frames as they come in here')
    p.add_argument('--verbose', action='store_true')
    a = p.parse_args()
    least = {float(k): float(v) for k, v in (x.split(':') for x in a.ratio.split(','))}
    passed, failed, means = 0, 0, {}
    for loss in (float(x) for x in a.loss.split(',')):
        for pair in a.pairs.split(','):
            flows, wrong = run_pair(pair, loss, a)
            name = f'{pair}-{loss:g}%'
            if wrong:
                print(f'not ok {name}: ' + '; '.join(wrong[:5]), flush=True)
                failed += 1
                continue
            rates = [b / s / 1e3 for b, s in flows.values()]
            means[pair, loss] = statistics.mean(rates)
            print(f'# {name}: {means[pair, loss]:.1f} kB/s mean of {len(rates)}, '
                  f'{min(rates):.1f} to {max(rates):.1f}: ' + ' '.join(f'{r:.0f}' for r in rates), flush=True)
            print(f'ok {name}', flush=True)
            passed += 1
        yard = means.get(('linux-linux', loss))
        for pair in a.pairs.split(','):
            if yard and pair != 'linux-linux' and (pair, loss) in means:
                r, want = means[pair, loss] / yard, least.get(loss, 0)
                print(f'{"ok" if r >= want else "not ok"} {pair}-{loss:g}%-speed: {r:.2f} of Linux, wanted {want}', flush=True)
                passed += r >= want
                failed += r < want
    print(f'{passed} passed, {failed} failed, 0 skipped')
    return 1 if failed or not passed else 0


if __name__ == '__main__':
    sys.exit(main())

#!/usr/bin/env python3
# SPDX-License-Identifier: MPL-2.0
"""Damaged frames into a guest's card, while honest TCP goes on.

    tools/netdamage.py [--frames N] [--seed S] [--kernel build/debug/keel.elf]

Two guests are joined by this program (test/net/peer.c): one sends, the other, a debug kernel, receives and takes all that is
sent besides. Between any two honest frames come eight that are truncated, changed in bytes, lengths, addresses or options,
repeated, or mere chance; half of those that are still packets get right checksums, so that they reach what lies deeper. What
would be a true message of the honest peer with other contents is never sent: no kernel could tell. After all of it every byte
of the flows has arrived, no sanitizer and no lock checker spoke, and the receiver has the memory that it had after the first
frames (warm caches, a full quarantine).

The last lines are test results (tools/test.py): "ok NAME" or "not ok NAME: why", and the count.
"""
import argparse
import os
import random
import re
import shutil
import socket
import sys
import tempfile
import threading
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from netloss import FLOW, PORT, initrd  # noqa: E402
from qemu import TOP, Guest, Machine  # noqa: E402

CLIENT, SERVER = bytes.fromhex('525400090001'), bytes.fromhex('525400090002')
IP_C, IP_S = bytes((10, 9, 0, 1)), bytes((10, 9, 0, 2))
IP6_C, IP6_S = (bytes.fromhex('fe80000000000000505400fffe09000' + n) for n in '12')
PER_HONEST = 8
SLAB_KB, FREE_KB = 768, 2048       # growth of slabs and loss of free pages that is not taken for a leak


def be16(v):
    return (v & 0xffff).to_bytes(2, 'big')


def add(*parts):
    """The ones' complement sum of byte strings, each padded to words."""
    s = 0
    for b in parts:
        b = bytes(b) + b'\0' * (len(b) & 1)
        s += sum(int.from_bytes(b[i:i + 2], 'big') for i in range(0, len(b), 2))
    while s >> 16:
        s = (s & 0xffff) + (s >> 16)
    return s


def eth(proto, payload, dst=SERVER, src=CLIENT):
    return dst + src + be16(proto) + payload


def ip4(proto, payload, src=IP_C, dst=IP_S, ident=1, frag=0, options=b''):
    h = bytes((0x45 + len(options) // 4, 0)) + be16(20 + len(options) + len(payload)) + be16(ident) + be16(frag) + \
        bytes((64, proto)) + b'\0\0' + src + dst + options
    return eth(0x800, h[:10] + be16(~add(h)) + h[12:] + payload)


def ip6(proto, payload, src=IP6_C, dst=IP6_S):
    return eth(0x86dd, b'\x60\0\0\0' + be16(len(payload)) + bytes((proto, 255)) + src + dst + payload)


TRANSPORT = {1: 2, 2: 2, 6: 16, 17: 6, 58: 2}   # where the checksum lies


def whole(f):
    """The same frame with right checksums, as far as it has any."""
    f = bytearray(f)
    if f[12:14] == b'\x08\x00' and len(f) >= 34 and 20 <= (f[14] & 15) * 4 <= len(f) - 14:
        hl = (f[14] & 15) * 4
        f[24:26] = b'\0\0'
        f[24:26] = be16(~add(f[14:14 + hl]))
        end = 14 + int.from_bytes(f[16:18], 'big')
        at, proto, pseudo = 14 + hl, f[23], f[26:34]
        if int.from_bytes(f[20:22], 'big') & 0x3fff:
            return bytes(f)     # the sum of a fragment's whole is not known here
    elif f[12:14] == b'\x86\xdd' and len(f) >= 54:
        at, proto, pseudo, end = 54, f[20], f[22:54], 54 + int.from_bytes(f[18:20], 'big')
        while proto in (0, 43, 60) and at + 8 <= len(f):
            proto, at = f[at], at + 8 + f[at + 1] * 8
    else:
        return bytes(f)
    where = TRANSPORT.get(proto)
    if where is None or at + where + 2 > len(f) or not at < end <= len(f):
        return bytes(f)
    f[at + where:at + where + 2] = b'\0\0'
    head = () if proto in (1, 2) else (pseudo, be16(proto), be16(end - at))
    f[at + where:at + where + 2] = be16(~add(f[at:end], *head))
    return bytes(f)


def seeds():
    """Frames of every kind that the stack knows."""
    syn = bytes((2, 4, 5, 180, 4, 2, 8, 10, 0, 0, 0, 1, 0, 0, 0, 0, 1, 3, 3, 7))
    tcp = lambda sport, dport, flags, opt=b'', data=b'': be16(sport) + be16(dport) + bytes((0, 0, 1, 0, 0, 0, 2, 0)) + \
        bytes(((5 + len(opt) // 4) << 4, flags)) + b'\x40\0\0\0\0\0' + opt + data
    udp = lambda dport, data: be16(4000) + be16(dport) + be16(8 + len(data)) + b'\0\0' + data
    arp = lambda op, sip: b'\0\1\x08\0\6\4' + be16(op) + CLIENT + sip + b'\0' * 6 + IP_S
    quoted = ip4(6, tcp(PORT, 40000, 16), IP_S, IP_C)[14:42]
    sol = IP6_S + bytes((1, 1)) + CLIENT
    yield from (eth(0x806, arp(1, bytes((10, 9, 0, 77)))), eth(0x806, arp(2, bytes((10, 9, 0, 78)))))
    for opt in (b'', syn):
        for flags in (2, 16, 17, 18, 4, 0x38, 0, 0xff):
            yield ip4(6, tcp(3333, PORT, flags, opt, b'data' * 20))
            yield ip6(6, tcp(3333, PORT, flags, opt, b'data' * 20))
    for port in (9, PORT):
        yield ip4(17, udp(port, b'datagram' * 9))
        yield ip6(17, udp(port, b'datagram' * 9))
    yield ip4(1, bytes((8, 0, 0, 0, 1, 1, 0, 1)) + b'ping' * 14)
    for kind, code in ((3, 0), (3, 1), (3, 3), (3, 4), (4, 0), (5, 1), (11, 0), (11, 1), (12, 0), (13, 0), (17, 0), (0, 0)):
        yield ip4(1, bytes((kind, code, 0, 0, 0, 0, 5, 220)) + quoted)
    for options in (b'\x07\x07\x04' + b'\0' * 4 + b'\0', b'\x44\x0c\x05\0' + b'\0' * 8, b'\x83\x07\x04' + IP_S + b'\0', b'\x94\4\0\0', b'\1\1\1\1'):
        yield ip4(17, udp(9, b'with options'), options=options)
    body = whole(ip4(17, udp(9, b'piece by piece' * 100)))[34:]
    for n, (at, end, more) in enumerate(((0, 504, 1), (504, 1008, 1), (1008, 1408, 0), (400, 904, 1), (0, 8, 1), (1400, 1408, 0))):
        yield ip4(17, body[at:end], ident=7 + n // 4, frag=at // 8 | more << 13)
        yield ip6(44, bytes((17, 0)) + be16(at | more) + b'\0\0\0\7' + body[at:end])
    yield ip4(2, bytes((0x11, 10, 0, 0, 0, 0, 0, 0)))
    yield ip4(2, bytes((0x22, 0, 0, 0, 0, 0, 0, 1, 4, 0, 0, 0, 224, 1, 1, 1)))
    for kind in (128, 129, 1, 2, 3, 4, 130, 131, 132):
        yield ip6(58, bytes((kind, 0, 0, 0, 0, 0, 5, 0)) + IP6_S + b'echo' * 12)
    yield ip6(58, bytes((135, 0, 0, 0, 0, 0, 0, 0)) + sol)
    yield ip6(58, bytes((136, 0, 0, 0, 0x60, 0, 0, 0)) + sol.replace(b'\1\1', b'\2\1', 1))
    for nh in (0, 60, 43):
        yield ip6(nh, bytes((17, 0, 1, 4, 0, 0, 0, 0)) + udp(9, b'behind a header'))
    yield ip6(0, bytes((60, 0, 5, 2, 0, 0, 1, 0)) + bytes((44, 0, 1, 4, 0, 0, 0, 0)) + bytes((17, 0, 0, 1, 0, 0, 0, 9)) + udp(9, b'x' * 80))
    yield ip4(17, be16(67) + be16(68) + be16(248) + b'\0\0' + bytes((2, 1, 6, 0)) + b'\0' * 232 + b'\x63\x82\x53\x63')
    yield eth(0x8100, b'\0\5\x08\0' + ip4(17, udp(9, b'of another net'))[14:])
    yield eth(0x88cc, b'\2\7\4' + CLIENT)
    yield eth(60, b'\xaa\xaa\3\0\0\0\x08\0' + b'llc' * 10)


class Storm(threading.Thread):
    """Hands honest frames on; while `left` is not 0, eight damaged ones go to the server for each of the client's."""

    def __init__(self, directory, seed):
        super().__init__(daemon=True)
        self.random, self.stop, self.left, self.sent, self.honest = random.Random(seed), False, 0, 0, 0
        self.old, self.seeds, self.waiting, self.sock, self.to = [], [whole(f) for f in seeds()], [], [], []
        for side in 'ab':
            s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
            s.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 20)
            s.bind(f'{directory}/relay-{side}')
            s.setblocking(False)
            self.sock.append(s)
            self.to.append(f'{directory}/guest-{side}')

    def send(self, side, frame):
        for _ in range(2000):
            try:
                self.sock[side].sendto(frame, self.to[side])
                return True
            except BlockingIOError:
                if self.stop:
                    return False
                time.sleep(0.001)       # QEMU takes frames as the guest does
                if side == 1:
                    self.take(1)        # and its own must not wait
            except (FileNotFoundError, ConnectionRefusedError, OSError):
                return False
        return False

    def take(self, side):
        some = False
        for _ in range(64):
            try:
                frame = self.sock[side].recv(65536)
            except (BlockingIOError, ConnectionRefusedError):
                return some
            some = True
            if side == 0:
                self.waiting.append(frame)
            else:
                self.send(0, frame)
        return some

    def mutate(self, f):
        r, f = self.random, bytearray(f)
        how = r.randrange(8)
        if how == 0:
            del f[r.randrange(1, len(f) + 1):]
        elif how == 1:
            f += r.randbytes(r.randrange(1, 1600))
        elif how == 2 and len(f) > 60:
            at = r.randrange(14, len(f))
            del f[at:at + r.randrange(1, 40)]
        if how >= 2 or r.random() < 0.3:
            for _ in range(r.choice((0, 1, 1, 1, 2, 4, 16))):
                if len(f) > 14:
                    # Mostly where the headers are.
                    at = r.randrange(14, min(len(f), r.choice((34, 54, 74, 120, 2000))) + 1) - 1
                    f[at] = r.choice((r.randrange(256), f[at] ^ 1 << r.randrange(8), 0, 255))
        f = bytes(f)
        return whole(f) if len(f) > 14 and r.random() < 0.5 else f

    def frame(self):
        r = self.random
        kind = r.random()
        if kind < 0.07:
            return SERVER + CLIENT + r.choice((b'\x08\0', b'\x86\xdd', b'\x08\6', r.randbytes(2))) + r.randbytes(r.randrange(0, 1600))
        if kind < 0.08:
            return r.randbytes(r.randrange(1, 3000))
        if kind < 0.35 and self.old:
            return self.mutate(r.choice(self.old)) if kind > 0.1 else r.choice(self.old)
        return self.mutate(r.choice(self.seeds))

    def deceives(self, f):
        """Would the honest flows rightly suffer from it?"""
        if f in self.old:
            return False        # said once more: not another thing
        if f[12:14] == b'\x08\6':
            return f[28:32] in (IP_C, IP_S) and f[22:28] != CLIENT
        if f[12:14] != b'\x08\0' or len(f) < 38 or f[26:30] != IP_C or f[30:34] != IP_S:
            return False
        if f[23] == 1:
            return True         # an error about a flow of the other side's, perhaps
        at = 14 + (f[14] & 15) * 4
        if 14 + int.from_bytes(f[16:18], 'big') > len(f):
            return False        # cut
        # What belongs to a flow, whole or not, only as it was said.
        return f[23] == 6 and (int.from_bytes(f[at:at + 2], 'big') >= 30000 or int.from_bytes(f[20:22], 'big') & 0x3fff)\
            and whole(f)[at + 16:at + 18] == f[at + 16:at + 18]

    def run(self):
        while not self.stop:
            some = self.take(0) | self.take(1)
            for _ in range(min(PER_HONEST, self.left)):
                f = self.frame()
                while self.deceives(f):
                    f = self.frame()
                if self.send(1, f):
                    self.sent += 1
                    self.left -= 1
            while self.waiting:
                f = self.waiting.pop(0)
                self.honest += 1
                if len(self.old) < 400 or self.random.random() < 0.02:
                    self.old = (self.old + [f])[-400:]
                self.send(1, f)
                if self.left:
                    break
            if not some and not self.left and not self.waiting:
                time.sleep(0.001)
        for s in self.sock:
            s.close()


def machine(role, directory, a, size):
    side = 'a' if role == 'client' else 'b'
    append = f'console=ttyS0 rdinit=/init panic=-1 quiet net={role} flows={a.flows} bytes={size} port={PORT} {"damage=1" if role == "server" else ""}'
    net = ['-netdev', f'dgram,id=net0,local.type=unix,local.path={directory}/guest-{side},'
                      f'remote.type=unix,remote.path={directory}/relay-{side}',
           '-device', f'virtio-net-pci,netdev=net0,romfile=,mac=52:54:00:09:00:0{1 if role == "client" else 2}']
    return Machine(boot='pvh', kernel=a.kernel if role == 'server' else 'build/keel.elf', append=append, smp=a.smp if role == 'server' else '1',
                   mem='512' if role == 'server' else '256', accel='tcg',
                   initrd=initrd(f'{directory}/peer.cpio', os.path.join(TOP, 'build/user/netpeer'), False), extra=tuple(net))


def memory(g):
    """(slab, free) in kB, as the guest has them now."""
    n = len(re.findall(r'^PEER-MEM', g.text, re.M))
    g.send('mem\n')
    while g.poll(0.2) and len(re.findall(r'^PEER-MEM -?\d+ -?\d+\s', g.text, re.M)) <= n and time.monotonic() < g.deadline:
        pass
    found = re.findall(r'^PEER-MEM (-?\d+) (-?\d+)', g.text, re.M)
    return tuple(int(v) for v in found[-1]) if len(found) > n else None


def what_grew(g):
    """Names of memory that are larger in the last telling than in the first, as the guest told them."""
    tellings = re.findall(r'((?:^PEER-STAT \S+ -?\d+\s*?\n)+)^PEER-MEM -?\d+', g.text.replace('\r', ''), re.M)
    if len(tellings) < 2:
        return []
    first, last = ({n: int(v) for n, v in re.findall(r'^PEER-STAT (\S+) (-?\d+)', t, re.M)} for t in (tellings[0], tellings[-1]))
    return [f'#   {n}: {first.get(n, 0)} kB, {last[n]} kB' for n in last if last[n] != first.get(n, 0)]


def settle(guests, seconds):
    """The guests go on for a while."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        for g in guests:
            g.poll(0.05)


def grown(before, after):
    """What is more than chance, or nothing."""
    if not before or not after:
        return ['no word of memory']
    wrong = []
    if after[0] > before[0] + SLAB_KB:
        wrong.append(f'slabs {before[0]} kB before, {after[0]} kB after')
    if after[1] < before[1] - FREE_KB:
        wrong.append(f'free {before[1]} kB before, {after[1]} kB after')
    return wrong


def memory_again(server, guests, before, seconds):
    """Memory when what was begun has been given up, `seconds` from now at the latest."""
    end = time.monotonic() + seconds
    while True:
        settle(guests, 2)
        after = memory(server)
        if not grown(before, after) or not after or time.monotonic() > end:
            return after


def storm(s, guests, frames):
    """False: the frames were not taken in time."""
    s.left = frames
    while s.left and time.monotonic() < guests[0].deadline:
        for g in guests:
            if not g.poll(0.05):
                return False
    return not s.left


def run(a, directory):
    wrong = []
    # The flows last as long as the storm, about: an honest frame for every eight others.
    size = max(a.frames // PER_HONEST * 900 // a.flows, 20000)
    s = Storm(directory, a.seed)
    s.start()
    logs = [os.path.join(TOP, f'build/logs/netdamage-{r}.log') for r in ('server', 'client')]
    os.makedirs(os.path.dirname(logs[0]), exist_ok=True)
    server, client = (Guest(machine(r, directory, a, size), log, a.timeout) for r, log in zip(('server', 'client'), logs))
    guests = (server, client)
    try:
        for g in guests:
            if not g.expect('PEER-READY', 120) or 'PEER no' in g.text:
                return ['a guest did not start'], ''
        began = time.monotonic()
        if not storm(s, guests, a.warm):
            return ['the first frames were not taken'], ''
        settle(guests, a.settle)
        before = memory(server)
        client.send('go\n')
        if not storm(s, guests, a.frames):
            wrong.append(f'{s.left} frames were not taken')
        during = s.honest
        while time.monotonic() < server.deadline and not all('PEER-DONE' in g.text for g in guests):
            if not all([g.poll(0.1) for g in guests]):
                break
        done = [m for m in FLOW.finditer(client.text) if m[4] == 'ok' and int(m[2]) == size]
        if len(done) != a.flows:
            wrong.append(f'{len(done)} of {a.flows} flows arrived')
        wrong += [m[0] for g in guests for m in FLOW.finditer(g.text) if m[4] != 'ok']
        quiet = time.monotonic()
        after = memory_again(server, guests, before, a.patience)
        quiet = time.monotonic() - quiet
        for g in guests:
            g.send('end\n')
        for g in guests:
            end = g.wait()
            if end.how != 'poweroff':
                wrong.append(f'ended by {end.how}')
            wrong += re.findall(r'^.*(?:KASAN:|UBSan:|lockdep:|panic:|leak|PEER no).*$', end.console, re.M)
        more = grown(before, after)
        if more:
            print('\n'.join(what_grew(server)))
        wrong += more
        return wrong, (f'# {s.sent} damaged frames and {during} honest ones beside them of {s.honest} in {time.monotonic() - began:.0f} s; '
                       f'slabs and free kB {before} before, {after} {quiet:.0f} s after')
    finally:
        s.stop = True
        s.join(3)
        for g in guests:
            g.kill()


def main():
    p = argparse.ArgumentParser(description='damaged frames into a guest')
    p.add_argument('--frames', type=int, default=4000)
    p.add_argument('--warm', type=int, default=3000, help='frames before memory is looked at first')
    p.add_argument('--seed', type=int, default=1)
    p.add_argument('--flows', type=int, default=2)
    p.add_argument('--settle', type=float, default=12, help='s between the first frames and the first look at memory')
    p.add_argument('--patience', type=float, default=150, help='s at most until what was begun is given up (TIME_WAIT: 60, half open: 63)')
    p.add_argument('--kernel', default='build/debug/keel.elf')
    p.add_argument('--smp', default='2')
    p.add_argument('--timeout', type=float, default=240)
    a = p.parse_args()
    directory = tempfile.mkdtemp(prefix='netdamage')
    try:
        wrong, told = run(a, directory)
    finally:
        shutil.rmtree(directory, ignore_errors=True)
    if told:
        print(told)
    print(f'not ok damage-{a.frames}: ' + '; '.join(wrong[:5]) if wrong else f'ok damage-{a.frames}', flush=True)
    print(f'{int(not wrong)} passed, {int(bool(wrong))} failed, 0 skipped')
    return 1 if wrong else 0


if __name__ == '__main__':
    sys.exit(main())

#!/usr/bin/env python3
# SPDX-License-Identifier: MPL-2.0
"""A network of a test's own: taps in a network namespace that leads nowhere, and a server in it.

As a module: Taps(specs) starts the helper below and has the taps' descriptors, for QEMU's -netdev tap,fds=...; missing() says
why there can be none. As a program it is that helper: it makes the namespace and a tap for each card, hands their descriptors
back over the socket on its standard input, and serves until that socket closes. The namespace has no name and no file: it goes
with its last process and descriptor, also when the test is killed.

Card N: the host is 10.9.N.1/24 and fd09:N::1/64 on tapN, the guest 10.9.N.2 and fd09:N::2. A spec is a dictionary: queues (1), mtu,
ns (0: taps of another number lie in another namespace, which reaches the first one through the guest alone).

The server takes TCP connections on port 7000 (both families), each with a line (test/net/tap.c is the other side); bytes
are followed by their CRC-32, 4 bytes, high one first:
    push N          N bytes follow, and their sum
    pull N          the client sends N bytes and their sum; the answer is "ok" or what is wrong
    echo            everything comes back until the client's end
    source N        N bytes of any kind follow; sink N: the client sends as many, the answer is "ok" (for speed, tools/bench_tap.py)
    relay TAP N V   push and pull of N bytes with the server of tapTAP's namespace by IPvV; the answer is "ok" or what is wrong
    stats TAP       rx_bytes rx_packets tx_bytes tx_packets of tapTAP, as the host sees them (rx: from the guest), then what the
                    guest lets the host leave to it: sums, segments of TCP (0 or 1 each)
    mtu TAP N       tapTAP's MTU
UDP datagrams to port 7001 come back.
"""
import ctypes
import fcntl
import json
import os
import random
import socket
import struct
import subprocess
import sys
import threading
import zlib

CLONE_NEWNET, CLONE_NEWUSER = 0x40000000, 0x10000000
TUNSETIFF = 0x400454ca
IFF_TAP, IFF_MULTI_QUEUE, IFF_NO_PI, IFF_VNET_HDR = 0x2, 0x100, 0x1000, 0x4000
SIOCGIFFLAGS, SIOCSIFFLAGS, SIOCSIFADDR, SIOCSIFNETMASK, SIOCSIFMTU = 0x8913, 0x8914, 0x8916, 0x891c, 0x8922
SIOCGIFINDEX, SIOCETHTOOL, SIOCADDRT = 0x8933, 0x8946, 0x890b
RTF_UP, RTF_GATEWAY = 1, 2
ETHTOOL_GTXCSUM, ETHTOOL_GTSO = 0x16, 0x1e
PORT, UDP_PORT = 7000, 7001
PIECE = 1 << 16
MAC = '52:54:00:09:{:02x}:02'
LIBC = ctypes.CDLL(None, use_errno=True)
PR_SET_PDEATHSIG, SIGKILL = 1, 9


# ---- the namespace ------------------------------------------------------------------------------

def enter():
    """Into a fresh network namespace: as who may make one, else in a user namespace."""
    if LIBC.unshare(CLONE_NEWNET) and LIBC.unshare(CLONE_NEWUSER | CLONE_NEWNET):
        raise OSError(ctypes.get_errno(), 'no network namespace of our own: ' + os.strerror(ctypes.get_errno()))


def ifr(name, data=b''):
    return struct.pack('16s24s', name.encode(), data)


def address(a):
    return struct.pack('HH4s', socket.AF_INET, 0, socket.inet_aton(a))


def set_up(s, name):
    flags = struct.unpack_from('16sH', fcntl.ioctl(s, SIOCGIFFLAGS, ifr(name)))[1]
    fcntl.ioctl(s, SIOCSIFFLAGS, ifr(name, struct.pack('H', flags | 1)))


def set_sysctl(path, value):
    try:
        with open('/proc/sys/net/' + path, 'w') as f:
            f.write(value)
    except OSError:
        pass        # then it takes a moment longer


def open_tap(name, queues):
    """Descriptors of a new tap's queues. One queue is a plain tap, as QEMU makes it."""
    fds, flags = [], IFF_TAP | IFF_NO_PI | IFF_VNET_HDR | (IFF_MULTI_QUEUE if queues > 1 else 0)
    for _ in range(queues):
        fds.append(os.open('/dev/net/tun', os.O_RDWR | os.O_NONBLOCK))
        fcntl.ioctl(fds[-1], TUNSETIFF, ifr(name, struct.pack('H', flags)))
    return fds


def configure(n, spec):
    name = f'tap{n}'
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s, socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as s6:
        set_sysctl(f'ipv6/conf/{name}/accept_dad', '0')
        fcntl.ioctl(s, SIOCSIFADDR, ifr(name, address(f'10.9.{n}.1')))
        fcntl.ioctl(s, SIOCSIFNETMASK, ifr(name, address('255.255.255.0')))
        if spec.get('mtu'):
            fcntl.ioctl(s, SIOCSIFMTU, ifr(name, struct.pack('i', spec['mtu'])))
        set_up(s, name)
        index = struct.unpack_from('16si', fcntl.ioctl(s, SIOCGIFINDEX, ifr(name)))[1]
        try:
            fcntl.ioctl(s6, SIOCSIFADDR, struct.pack('16sIi', socket.inet_pton(socket.AF_INET6, f'fd09:{n}::1'), 64, index))
        except OSError:
            pass    # a host without IPv6; what needs it says so


def route_by_guest(n):
    """What is not of tapN goes to the guest there."""
    name = ctypes.create_string_buffer(f'tap{n}'.encode())
    to, via, mask = (struct.pack('HH4s8x', socket.AF_INET, 0, socket.inet_aton(a)) for a in ('10.9.0.0', f'10.9.{n}.2', '255.255.0.0'))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s, socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as s6:
        fcntl.ioctl(s, SIOCADDRT, struct.pack('Q16s16s16sHhQHxxxxxxhxxxxxxQQQHxxxxxx', 0, to, via, mask, RTF_UP | RTF_GATEWAY, 0, 0, 0, 0,
                                              ctypes.addressof(name), 0, 0, 0))
        index = struct.unpack_from('16si', fcntl.ioctl(s, SIOCGIFINDEX, ifr(f'tap{n}')))[1]
        fcntl.ioctl(s6, SIOCADDRT, struct.pack('16s16s16sIHHIQIi', socket.inet_pton(socket.AF_INET6, 'fd09::'), bytes(16),
                                               socket.inet_pton(socket.AF_INET6, f'fd09:{n}::2'), 0, 16, 0, 1, 0,
                                               RTF_UP | RTF_GATEWAY, index))


# ---- the server ---------------------------------------------------------------------------------

def read_exactly(c, n):
    data = bytearray()
    while len(data) < n:
        part = c.recv(min(PIECE, n - len(data)))
        if not part:
            raise EOFError(f'{len(data)} of {n} bytes came')
        data += part
    return bytes(data)


def push(c, n):
    """Bytes nobody can guess: a piece that is random, turned a little further each time."""
    block = random.randbytes(PIECE)
    crc, left, turn = 0, n, 0
    while left:
        data = (block[turn:] + block[:turn])[:left]
        crc = zlib.crc32(data, crc)
        c.sendall(data)
        left -= len(data)
        turn = (turn + 4099) % PIECE
    c.sendall(struct.pack('>I', crc))


def pull(c, n):
    crc, got = 0, 0
    while got < n:
        data = c.recv(min(PIECE, n - got))
        if not data:
            return f'{got} of {n} bytes came'
        crc, got = zlib.crc32(data, crc), got + len(data)
    want, = struct.unpack('>I', read_exactly(c, 4))
    return 'ok' if crc == want else f'the sum is {crc:08x}, not {want:08x}'


def echo(c):
    while data := c.recv(PIECE):
        c.sendall(data)


def source(c, n):
    block = bytes(4 * PIECE)
    while n:
        n -= c.send(block[:n] if n < len(block) else block)


def sink(c, n):
    block = bytearray(4 * PIECE)
    while n:
        k = c.recv_into(block, min(n, len(block)))
        if not k:
            return f'{n} bytes are missing'
        n -= k
    return 'ok'


def relay(n, size, version):
    """Bytes both ways with another namespace, checked as its server checks them."""
    to = (f'10.9.{n}.1' if version == 4 else f'fd09:{n}::1', PORT)
    with socket.create_connection(to, timeout=60) as c:
        c.sendall(f'push {size}\n'.encode())
        said = pull(c, size)
    if said == 'ok':
        with socket.create_connection(to, timeout=60) as c:
            c.sendall(f'pull {size}\n'.encode())
            push(c, size)
            said = c.recv(256).decode().strip()
    return said


def ethtool_value(s, name, cmd):
    value = (ctypes.c_uint32 * 2)(cmd, 0)
    fcntl.ioctl(s, SIOCETHTOOL, ifr(name, struct.pack('Q', ctypes.addressof(value))))
    return value[1]


def stats(name):
    with open('/proc/thread-self/net/dev') as f:
        for line in f:
            what, _, rest = line.partition(':')
            if what.strip() == name:
                v = rest.split()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        return ' '.join([v[0], v[1], v[8], v[9]] + [str(ethtool_value(s, name, c)) for c in (ETHTOOL_GTXCSUM, ETHTOOL_GTSO)])


def set_mtu(name, mtu):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        fcntl.ioctl(s, SIOCSIFMTU, ifr(name, struct.pack('i', mtu)))
    return 'ok'


def serve_one(c):
    line = b''
    try:
        while not line.endswith(b'\n'):
            line += read_exactly(c, 1)
        what, *words = line.decode().split()
        numbers = [int(w) for w in words]
        if what == 'push':
            push(c, *numbers)
        elif what == 'pull':
            c.sendall(pull(c, *numbers).encode() + b'\n')
        elif what == 'echo':
            c.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            echo(c)
        elif what == 'source':
            source(c, *numbers)
        elif what == 'sink':
            c.sendall(sink(c, *numbers).encode() + b'\n')
        elif what == 'relay':
            c.sendall(relay(*numbers).encode() + b'\n')
        elif what == 'stats':
            c.sendall(stats(f'tap{numbers[0]}').encode() + b'\n')
        elif what == 'mtu':
            c.sendall(set_mtu(f'tap{numbers[0]}', numbers[1]).encode() + b'\n')
        c.shutdown(socket.SHUT_WR)
        c.settimeout(10)
        c.recv(1)       # the client's end
    except (OSError, EOFError, ValueError) as e:
        print(f'tap: {line!r}: {e}', file=sys.stderr)
    finally:
        c.close()


def accept(listener):
    while True:
        c, _ = listener.accept()
        threading.Thread(target=serve_one, args=(c,), daemon=True).start()


def udp_echo(s):
    while True:
        try:
            data, who = s.recvfrom(65536)
            s.sendto(data, who)
        except OSError:
            pass


def listen():
    try:
        s = socket.create_server(('::', PORT), family=socket.AF_INET6, dualstack_ipv6=True, backlog=128)
        u = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
        u.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        u.bind(('::', UDP_PORT))
    except OSError:     # no IPv6
        s = socket.create_server(('0.0.0.0', PORT), backlog=128)
        u = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        u.bind(('0.0.0.0', UDP_PORT))
    for target, arg in ((accept, s), (udp_echo, u)):
        threading.Thread(target=target, args=(arg,), daemon=True).start()


def helper(specs, which):
    """One process a namespace; the first one starts the next, and collects its descriptors."""
    control, rest = socket.socket(fileno=0), None
    mine = {n: spec for n, spec in enumerate(specs) if spec.get('ns', 0) == which}
    try:
        if any(spec.get('ns', 0) > which for spec in specs):
            rest = Taps(specs, which=which + 1)
        enter()
        set_sysctl('ipv4/tcp_no_metrics_save', '1')     # each connection begins as the first one did
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            set_up(s, 'lo')
        queues = {n: open_tap(f'tap{n}', spec.get('queues', 1)) for n, spec in mine.items()}
        for n, spec in mine.items():
            configure(n, spec)
            if which or rest:
                route_by_guest(n)
        listen()
    except OSError as e:
        control.sendall(json.dumps({'why': f'{e.strerror or e}' + (f': {e.filename}' if e.filename else '')}).encode())
        return 1
    if rest:
        queues.update(rest.queues)
    flat = [fd for fds in queues.values() for fd in fds]
    socket.send_fds(control, [json.dumps({'queues': {n: len(fds) for n, fds in queues.items()}}).encode()], flat)
    for fd in flat:
        os.close(fd)
    control.recv(1)
    return 0


# ---- for tools/test.py --------------------------------------------------------------------------

def die_with_parent():
    LIBC.prctl(PR_SET_PDEATHSIG, SIGKILL)


class Taps:
    """The namespace lives as long as this object, or its process. OSError: there can be none, with the reason."""

    def __init__(self, specs, log=None, which=0):
        ours, theirs = socket.socketpair()
        self.specs, self.control, self.fds = specs, ours, []
        with open(log or os.devnull, 'wb') as errors:
            out = errors if log else None       # a helper's own helper says it where that one does
            self.proc = subprocess.Popen([sys.executable, os.path.abspath(__file__), json.dumps(specs), str(which)],
                                         stdin=theirs.fileno(), stdout=out, stderr=out, preexec_fn=die_with_parent)
        theirs.close()
        data, fds, _, _ = socket.recv_fds(ours, 4096, 253)
        if not data:        # it says why there is no tap: this is a mistake of ours, nothing to skip
            self.close()
            raise RuntimeError(f'the helper of tools/tap.py ended with {self.proc.returncode}, see {log or "its output"}')
        answer = json.loads(data)
        if 'why' in answer:
            self.close()
            raise OSError(answer['why'])
        self.fds = fds
        self.queues, at = {}, 0     # of each card
        for card, n in answer['queues'].items():
            self.queues[int(card)] = fds[at:at + n]
            at += n

    def arguments(self):
        """QEMU's, for a card on each tap; a spec's props are the card's. QMP knows them as tapN."""
        out = []
        for n, spec in enumerate(self.specs):
            fds = self.queues[n]
            which = f'fd={fds[0]}' if len(fds) == 1 else 'fds=' + ':'.join(map(str, fds))
            out += ['-netdev', f'tap,id=tap{n},{which},vhost=off']
            model = spec.get('model', 'virtio-net-pci')
            card = f'{model},netdev=tap{n},mac={MAC.format(n)}'
            if model != 'virtio-net-device':
                card += ',romfile='
            if len(fds) > 1:
                card += ',mq=on'
            out += ['-device', card + (',' + spec['props'] if spec.get('props') else '')]
        return tuple(out)

    def handed_over(self):
        """QEMU has them now: with its end they are gone."""
        for fd in self.fds:
            os.close(fd)
        self.fds = []

    def close(self):
        self.handed_over()
        self.control.close()
        try:
            self.proc.wait(5)
        except subprocess.TimeoutExpired:
            self.proc.kill()
            self.proc.wait()


_missing = False


def missing():
    """Why no tap can be had here; None when one can."""
    global _missing
    if _missing is False:
        try:
            Taps([{}]).close()
            _missing = None
        except OSError as e:
            _missing = f'no tap device in a network namespace of our own: {e}'
    return _missing


if __name__ == '__main__':
    sys.exit(helper(json.loads(sys.argv[1]), int(sys.argv[2])))

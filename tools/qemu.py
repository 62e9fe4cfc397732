#!/usr/bin/env python3
# SPDX-License-Identifier: MPL-2.0
"""The one place that composes QEMU command lines and runs guests.

As a module: Machine describes a guest, Guest runs it with its console in a file, under a time-out,
and Guest.wait() says how it ended, from QEMU's status and the reason QMP gave, never from the status
alone (a triple fault under -no-reboot also ends with 0).
As a program: `make run`, `make gdb`, and one-off guests by hand (--help).
"""
import argparse
import ctypes
import dataclasses
import json
import os
import re
import select
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import mkfont  # noqa: E402

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
OVMF = '/usr/share/ovmf/OVMF.fd'
# Statuses that the kernel writes to isa-debug-exit: include/core/panic.h.
STATUS = {0x10: 'tests-ok', 0x11: 'tests-failed', 0x31: 'panic'}
# A loaded or slow machine waits longer.
TIME_SCALE = float(os.environ.get('TIME_SCALE', '1'))


def kvm_usable():
    """A /dev/kvm that opens may still abort QEMU or be slower than TCG: run a probe to its exit code."""
    if not os.access('/dev/kvm', os.R_OK | os.W_OK):
        return False
    with tempfile.TemporaryDirectory() as d:
        bios = os.path.join(d, 'probe.bin')
        # At the reset vector: mov al, 0x15; out 0xf4, al; hlt; jmp .
        code = bytes.fromhex('b015e6f4f4ebfe')
        with open(bios, 'wb') as f:
            f.write(bytes(0xFFF0) + code + bytes(16 - len(code)))
        try:
            r = subprocess.run(['qemu-system-x86_64', '-M', 'pc,accel=kvm', '-cpu', 'host', '-m', '16',
                                '-bios', bios, '-display', 'none', '-nodefaults', '-no-reboot',
                                '-device', 'isa-debug-exit,iobase=0xf4,iosize=0x04'],
                               timeout=5, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL)
            return r.returncode == (0x15 << 1 | 1)
        except (subprocess.TimeoutExpired, OSError):
            return False


_accel = None


def best_accel():
    global _accel
    if _accel is None:
        _accel = os.environ.get('ACCEL') or ('kvm' if kvm_usable() else 'tcg')
    return _accel


# Characters that are not a key's own name in QMP.
QCODE = {' ': 'spc', '\n': 'ret', '\t': 'tab', '-': 'minus', '=': 'equal', '[': 'bracket_left', ']': 'bracket_right',
         ';': 'semicolon', "'": 'apostrophe', '`': 'grave_accent', '\\': 'backslash', ',': 'comma', '.': 'dot', '/': 'slash'}
SHIFTED = dict(zip('!@#$%^&*()_+{}:"~|<>?', "1234567890-=[];'`\\,./"))


def qcodes(word):
    """The keys of a character or of a <chord>."""
    if len(word) > 1:
        return word[1:-1].split('-')
    if word in SHIFTED or word.isupper():
        word = SHIFTED.get(word, word.lower())
        return ['shift', QCODE.get(word, word)]
    return [QCODE.get(word, word)]


# What of a disk's options is the drive's; the rest is the device's.
DRIVE_OPTIONS = ('format', 'cache', 'snapshot', 'readonly', 'discard', 'detect-zeroes', 'aio', 'werror', 'rerror', 'file.', 'throttling.')


def disk_arguments(n, spec, micro):
    """FILE[,option=value...]: the n-th virtio-blk disk."""
    path, *options = spec.split(',')
    drive = [f'file={path}', 'if=none', f'id=disk{n}']
    device = ['virtio-blk-device' if micro else 'virtio-blk-pci', f'drive=disk{n}']
    for o in options:
        (drive if o.startswith(DRIVE_OPTIONS) else device).append(o)
    if not any(o.startswith('format=') for o in options):
        drive.append('format=raw')
    if not any(o.startswith('cache=') for o in options):
        drive.append('cache=unsafe')
    return ['-drive', ','.join(drive), '-device', ','.join(device)]


@dataclasses.dataclass
class Machine:
    """A guest machine. boot: pvh (-kernel), grub (ISO on the CD drive), disk (its boot loader) or linux (-kernel bzImage)."""
    boot: str = 'pvh'
    firmware: str = 'bios'
    kernel: str = 'build/keel.elf'
    initrd: str = 'build/initramfs.cpio.gz'
    iso: str = 'build/keel.iso'
    append: str = ''
    smp: str = '2'
    mem: str = '512'
    machine: str = 'q35'
    cpu: str = ''
    accel: str = ''
    icount: bool = False
    reboot: bool = False
    net: bool = False           # a card on QEMU's user network
    forward: tuple = ()         # HOST:GUEST, TCP ports of this machine that lead into the guest
    net_options: str = ''       # more of the user network: restrict=on, guestfwd=...
    share: str = ''
    disks: tuple = ()
    fds: tuple = ()             # descriptors that QEMU is to have
    extra: tuple = ()

    def command(self):
        accel = self.accel or best_accel()
        cmd = ['qemu-system-x86_64', '-M', self.machine, '-nodefaults']
        if self.icount:
            cmd += ['-accel', 'tcg,thread=single', '-icount', 'shift=0,sleep=off']
        elif accel == 'tcg':
            cmd += ['-accel', 'tcg,thread=multi']
        else:
            cmd += ['-accel', accel]
        cpu = self.cpu or ('host' if accel == 'kvm' and not self.icount else 'max')
        cmd += ['-cpu', cpu, '-smp', str(self.smp), '-m', str(self.mem)]
        if not self.reboot:
            cmd += ['-no-reboot']
        micro = self.machine.startswith('microvm')
        if not micro:
            cmd += ['-device', 'isa-debug-exit,iobase=0xf4,iosize=0x04', '-vga', 'std']
        cmd += ['-device', 'virtio-rng-device' if micro else 'virtio-rng-pci']
        if self.net:
            forward = ''.join(f',hostfwd=tcp:127.0.0.1:{h}-:{g}' for h, g in (f.split(':') for f in self.forward))
            more = ',' + self.net_options if self.net_options else ''
            cmd += ['-netdev', 'user,id=net0' + forward + more,
                    '-device', 'virtio-net-device,netdev=net0' if micro else 'virtio-net-pci,netdev=net0,romfile=']
        if self.share:
            # Files are made as the user who runs QEMU; giving them to others works for root only.
            path = self.share.replace(',', ',,')
            cmd += ['-fsdev', f'local,id=share,path={path},security_model=none,multidevs=remap',
                    '-device', f'virtio-9p-{"device" if micro else "pci"},fsdev=share,mount_tag=share']
        for n, spec in enumerate(self.disks):
            cmd += disk_arguments(n, spec, micro)
        if self.disks and self.boot != 'grub' and not micro:
            # SeaBIOS keeps off disks that it is not to boot from: quicker, and its rings do not lie where QEMU puts the
            # initrd (which initrd-reserved.toml has).
            cmd += ['-boot', 'strict=on']
        if self.firmware == 'uefi':
            cmd += ['-bios', OVMF]
        if self.boot == 'disk':
            pass
        elif self.boot == 'grub':
            cmd += ['-cdrom', self.iso]
        else:
            cmd += ['-kernel', self.kernel]
            if self.initrd:
                cmd += ['-initrd', self.initrd]
            cmd += ['-append', self.append]
        return cmd + list(self.extra)


@dataclasses.dataclass
class End:
    """How a guest ended. how: poweroff, reset, tests-ok, tests-failed, panic, exit-N, timeout, qemu-N."""
    how: str
    seconds: float
    console: str


LIBC = ctypes.CDLL(None)
PR_SET_PDEATHSIG = 1


def die_with_parent():
    """In the child: a runner that is killed leaves no guest behind."""
    LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


class Guest:
    """A running guest: its console goes to `log` and can be read and written; no terminal needed."""

    def __init__(self, machine, log, timeout=60, chardev='serial', cont=True):
        self.log_path, self.log = log, open(log, 'wb')
        self.text, self.seen = '', 0
        self.start = time.monotonic()
        self.deadline = self.start + timeout * TIME_SCALE
        self.killed = False
        self.reason, self.events, self.qmp_buf, self.qmp_id = None, [], b'', 0
        self.console, theirs = socket.socketpair()
        self.qmp, qmp_theirs = socket.socketpair()
        self.open = [self.console, self.qmp]
        cmd = machine.command() + [
            '-display', 'none', '-S',
            '-chardev', f'socket,id=con,fd={theirs.fileno()}',
            '-chardev', f'socket,id=qmp,fd={qmp_theirs.fileno()}', '-mon', 'chardev=qmp,mode=control']
        if chardev == 'serial':
            cmd += ['-serial', 'chardev:con']
        elif chardev == 'hvc':
            cmd += ['-device', 'virtio-serial-pci', '-device', 'virtconsole,chardev=con']
        self.command = cmd
        self.errors = tempfile.TemporaryFile()
        self.proc = subprocess.Popen(cmd, stdin=subprocess.DEVNULL, stdout=self.errors, stderr=self.errors,
                                     pass_fds=(theirs.fileno(), qmp_theirs.fileno(), *machine.fds), cwd=TOP,
                                     start_new_session=True, preexec_fn=die_with_parent)
        theirs.close()
        qmp_theirs.close()
        self.send_qmp('qmp_capabilities')
        if cont:                # else a debugger lets it run
            self.send_qmp('cont')

    def send_qmp(self, execute, number=0, **arguments):
        msg = {'execute': execute, 'id': number}
        if arguments:
            msg['arguments'] = arguments
        try:
            self.qmp.sendall(json.dumps(msg).encode() + b'\n')
        except OSError:
            pass

    def hmp(self, line):
        """A command of QEMU's monitor; the answer comes as text."""
        answer = self.command_qmp('human-monitor-command', **{'command-line': line})
        return answer.get('return', '') if answer else ''

    def command_qmp(self, execute, **arguments):
        """A QMP command with its answer; None when none came."""
        n = len(self.events)
        self.qmp_id += 1
        self.send_qmp(execute, self.qmp_id, **arguments)
        end = time.monotonic() + 10 * TIME_SCALE
        while time.monotonic() < end and self.poll(0.2):
            for e in self.events[n:]:
                if e.get('id') == self.qmp_id:
                    return e
        return None

    def screen(self):
        """The text on the guest's display, line by line, read with our font; [] while there is none of it."""
        path = os.path.splitext(self.log_path)[0] + '.ppm'
        answer = self.command_qmp('screendump', filename=os.path.abspath(path))
        if not answer or 'error' in answer:
            return []
        if mkfont.read_ppm(path)[:2] == (720, 400):
            return self.text_screen(path)
        return mkfont.read_screen(mkfont.load(os.path.join(TOP, 'drivers/tty/font.txt')), path)

    def text_screen(self, path):
        """The same in VGA text mode, where the adapter has a font of its own: from its memory."""
        self.hmp(f'pmemsave 0xb8000 4000 "{os.path.abspath(path)}"')
        with open(path, 'rb') as f:
            text = f.read()[::2].decode('cp437')
        return [text[i:i + 80].replace('\0', ' ').rstrip() for i in range(0, 2000, 80)]

    def expect_screen(self, pattern, timeout=None):
        """Waits until a regular expression matches on the display; None when it never does."""
        end = self.deadline if timeout is None else min(self.deadline, time.monotonic() + timeout * TIME_SCALE)
        rx = re.compile(pattern, re.M)
        while True:
            m = rx.search('\n'.join(self.screen()))
            if m or time.monotonic() >= end or not self.poll(0.5):
                return m

    def type_keys(self, text):
        """
        Types on the emulated keyboard, as a person would on a US one. <alt-f2> and the like are chords. The keyboard holds
        five keys or so, those of a guest that stands still are lost: a line is looked at before it is entered, and typed again
        so slowly that none can be.
        """
        for line in re.findall(r'[^\n]+\n?|\n', text):
            words = re.findall(r'<[a-z0-9_-]+>|.', line)
            self.press(words)
            if line.endswith('\n'):
                if len(words) == len(line) - 1 and not self.echoed(line[:-1]):
                    self.press(['<shift>', '<ctrl-u>'])
                    for i in range(0, len(words), 2):
                        self.press(words[i:i + 2])
                        self.echoed(line[:min(i + 2, len(words))])
                self.press(['\n'])

    def press(self, words):
        for word in words:
            self.command_qmp('send-key', keys=[{'type': 'qcode', 'data': k} for k in qcodes(word)])

    def echoed(self, line):
        """Whether the text on the display ends with that line, in a moment at the latest."""
        end = min(self.deadline, time.monotonic() + 5 * TIME_SCALE)
        want = ''.join(line.split())
        while True:
            screen = ''.join(''.join(self.screen()).split())
            if not screen or screen.endswith(want):
                return True
            if time.monotonic() >= end or not self.poll(0.1):
                return False

    def send(self, text):
        """Types text on the console."""
        try:
            self.console.sendall(text.encode())
        except OSError:
            pass

    def poll(self, seconds):
        """Takes in what the guest said for at most that long. False when QEMU has ended."""
        ready, _, _ = select.select(self.open, [], [], seconds)
        alive = self.proc.poll() is None
        for s in ready:
            try:
                data = s.recv(65536)
            except OSError:
                data = b''
            if not data:
                # The other one may still hold something: QEMU's reason for ending, say.
                self.open.remove(s)
            elif s is self.console:
                self.log.write(data)
                self.log.flush()
                self.text += data.decode('utf-8', 'replace').replace('\r', '')
            else:
                self.qmp_buf += data
                *lines, self.qmp_buf = self.qmp_buf.split(b'\n')
                for line in lines:
                    self.qmp_event(json.loads(line))
        return alive or bool(ready)

    def qmp_event(self, event):
        self.events.append(event)
        if event.get('event') == 'SHUTDOWN':
            self.reason = event['data']['reason']

    def expect(self, pattern, timeout=None):
        """Waits for a regular expression in what came since the last match; None when it never comes."""
        end = self.deadline if timeout is None else min(self.deadline, time.monotonic() + timeout * TIME_SCALE)
        rx = re.compile(pattern, re.M)
        while True:
            m = rx.search(self.text, self.seen)
            if m:
                self.seen = m.end()
                return m
            left = end - time.monotonic()
            if left <= 0 or not self.poll(min(left, 0.5)):
                m = rx.search(self.text, self.seen)
                if m:
                    self.seen = m.end()
                return m

    def wait(self):
        """Runs the guest to its end or to the time-out."""
        while time.monotonic() < self.deadline and self.poll(min(0.5, max(0.01, self.deadline - time.monotonic()))):
            pass
        return self.close()

    def close(self):
        how = None
        # QEMU may have closed its sockets a moment before it is gone.
        if self.proc.poll() is None and (self.reason or time.monotonic() < self.deadline):
            try:
                self.proc.wait(3)
            except subprocess.TimeoutExpired:
                pass
        if self.proc.poll() is None:
            how = 'timeout' if time.monotonic() >= self.deadline else 'stopped'
            self.proc.kill()
        self.proc.wait()
        for _ in range(100):
            if not self.poll(0):
                break
        rc = self.proc.returncode
        if how is None:
            if rc == 0 and self.reason == 'guest-shutdown':
                how = 'poweroff'
            elif rc == 0 and self.reason == 'guest-reset':
                how = 'reset'
            elif rc > 0 and rc & 1 and rc != 1:
                how = STATUS.get(rc >> 1, f'exit-{rc >> 1}')
            else:
                how = 'killed' if self.killed else f'qemu-{rc}'
                self.errors.seek(0)
                said = self.errors.read().decode('utf-8', 'replace')
                self.text += f'\nQEMU: {said}' if said else ''
        self.log.close()
        self.console.close()
        self.qmp.close()
        self.errors.close()
        return End(how, time.monotonic() - self.start, self.text)

    def kill(self):
        self.killed = True
        if self.proc.poll() is None:
            self.proc.kill()
        self.proc.wait()


def run_interactive(m, display):
    """The console in this terminal; QEMU's own keys are Ctrl-A x (leave) and Ctrl-A c (monitor)."""
    cmd = m.command() + ['-display', 'gtk' if display == '1' else display, '-serial', 'mon:stdio']
    accel = m.accel or best_accel()
    print(f'QEMU with {"KVM" if accel == "kvm" else "TCG (no usable KVM)"}: {m.smp} CPU(s), {m.mem} MiB, '
          f'{m.firmware.upper() if m.boot in ("grub", "disk") else "direct boot"}. `poweroff` ends it, or Ctrl-A x.', flush=True)
    status = subprocess.call(cmd, cwd=TOP)
    if shutil.which('stty') and sys.stdin.isatty():
        subprocess.call(['stty', 'sane'])
    if status > 1 and status & 1:
        print(f'Keel ended with status {status >> 1:#x} ({STATUS.get(status >> 1, "?")}).')
    return status


def run_gdb(m, script, symbols):
    """QEMU stopped at its first instruction, gdb attached with our commands."""
    sock = os.path.join(TOP, 'build', 'gdb.sock')
    cmd = m.command() + ['-display', 'none', '-S', '-serial', f'file:{TOP}/build/gdb-console.log',
                         '-chardev', f'socket,path={sock},server=on,wait=off,id=gdb', '-gdb', 'chardev:gdb']
    print('The console goes to build/gdb-console.log (tail -f it). `c` continues, `keel help` lists our commands.')
    q = subprocess.Popen(cmd, cwd=TOP, start_new_session=True, stdin=subprocess.DEVNULL, preexec_fn=die_with_parent)
    try:
        for _ in range(50):
            if os.path.exists(sock):
                break
            time.sleep(0.1)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        return subprocess.call(['gdb', '-q', '-ex', 'set pagination off', '-x', script,
                                '-ex', f'target remote {sock}', symbols], cwd=TOP)
    finally:
        q.kill()
        q.wait()
        if os.path.exists(sock):
            os.unlink(sock)


def port_is_free(forward):
    """Somebody else's port is no reason not to start."""
    host = int(forward.split(':')[0])
    with socket.socket() as s:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            s.bind(('127.0.0.1', host))
        except OSError as e:
            print(f'Port {host} does not lead into the guest: {e.strerror}.', file=sys.stderr)
            return False
    return True


def main():
    p = argparse.ArgumentParser(description='run a guest')
    d = Machine()
    p.add_argument('--boot', default=d.boot, choices=('pvh', 'grub', 'disk', 'linux'))
    p.add_argument('--firmware', default=d.firmware, choices=('bios', 'uefi'))
    for name in ('kernel', 'initrd', 'iso', 'append', 'smp', 'mem', 'machine', 'cpu', 'accel', 'share'):
        p.add_argument('--' + name, default=getattr(d, name))
    p.add_argument('--disk', action='append', default=[], metavar='FILE[,option=value...]', help='a virtio-blk disk')
    p.add_argument('--icount', action='store_true')
    p.add_argument('--net', action='store_true', help="a card on QEMU's user network")
    p.add_argument('--forward', action='append', default=[], metavar='HOST:GUEST', help='a TCP port that leads into the guest')
    p.add_argument('--display', default='none', help="QEMU's -display; 1: gtk")
    p.add_argument('--gdb', action='store_true')
    p.add_argument('--symbols', default='build/keel.full')
    p.add_argument('--batch', metavar='LOG', help='no terminal: console to LOG, say how it ended')
    p.add_argument('--timeout', type=float, default=60)
    p.add_argument('--show', action='store_true', help='print the command line only')
    p.add_argument('extra', nargs='*', help='more QEMU arguments, after --')
    a = p.parse_args()
    m = Machine(**{f.name: getattr(a, f.name) for f in dataclasses.fields(Machine) if hasattr(a, f.name)})
    m.extra = tuple(a.extra)
    m.disks = tuple(a.disk)
    m.forward = tuple(f for f in a.forward if port_is_free(f))
    if a.show:
        print(shlex.join(m.command()))
        return 0
    if a.gdb:
        return run_gdb(m, os.path.join(TOP, 'tools/gdb/keel.py'), a.symbols)
    if a.batch:
        end = Guest(m, a.batch, a.timeout).wait()
        sys.stdout.write(end.console)
        print(f'\n[{end.how} after {end.seconds:.1f} s]')
        return 0 if end.how in ('poweroff', 'tests-ok') else 1
    m.reboot = True
    return run_interactive(m, a.display)


if __name__ == '__main__':
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)

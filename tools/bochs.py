#!/usr/bin/env python3
# SPDX-License-Identifier: MPL-2.0
"""Boots Keel in Bochs, which shows what QEMU's TCG lacks: x2APIC, PCID, INVPCID, the TSC deadline timer
and an invariant TSC. Bochs ends with status 1 whatever happens, so the serial text is the judge.
Prints result lines for tools/test.py.
"""
import os
import re
import subprocess
import sys
import tempfile
import time

from qemu import TIME_SCALE, TOP, die_with_parent

# Bochs' own: SeaBIOS tells the tables of one CPU only there.
BIOS = ('/usr/share/bochs/BIOS-bochs-latest',)
VGA = ('/usr/share/bochs/VGABIOS-lgpl-latest', '/usr/share/vgabios/vgabios.bin', '/usr/share/seabios/vgabios-isavga.bin')


# Bochs counts an instruction as a tick of the TSC, and its devices' time by `ips`; its CPUID tells the rate of the
# real processor. Told the true rate (tsc_early_khz=), a second of the guest is as many instructions as Bochs does in a few.
IPS = 100_000_000


def config(d, iso, cpus):
    def first(paths):
        return next(p for p in paths if os.path.exists(p))
    return f'''
display_library: rfb, options="timeout=0"
sound: driver=dummy
speaker: enabled=0
romimage: file={first(BIOS)}
vgaromimage: file={first(VGA)}
vga: extension=none
cpu: count={cpus}, model=corei7_skylake_x, ips={IPS}, reset_on_triple_fault=0
megs: 256
pci: enabled=1, chipset=i440fx
ata0: enabled=1, ioaddr1=0x1f0, ioaddr2=0x3f0, irq=14
ata0-master: type=cdrom, path={iso}, status=inserted
boot: cdrom
com1: enabled=1, mode=file, dev={d}/serial.txt
log: {d}/bochs.log
panic: action=fatal
clock: sync=none, time0=local
'''


def boot(name, append, initrd, cpus, timeout, done):
    """Runs until `done` matches the serial text or the time is over; the text."""
    with tempfile.TemporaryDirectory() as d:
        iso = f'{d}/keel.iso'
        subprocess.run(['tools/mkiso.sh', iso, 'build/keel.elf', initrd,
                        f'tsc_early_khz={IPS // 1000} {append}'], cwd=TOP, check=True)
        with open(f'{d}/rc', 'w') as f:
            f.write(config(d, iso, cpus))
        with open(f'{d}/cmd', 'w') as f:
            f.write('c\n')
        open(f'{d}/serial.txt', 'w').close()
        p = subprocess.Popen(['bochs', '-q', '-f', f'{d}/rc', '-rc', f'{d}/cmd'], cwd=d, stdin=subprocess.DEVNULL,
                             stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
                             preexec_fn=die_with_parent)
        end = time.monotonic() + timeout * TIME_SCALE
        text = ''
        try:
            while time.monotonic() < end:
                ended = p.poll() is not None
                with open(f'{d}/serial.txt', encoding='utf-8', errors='replace') as f:
                    text = f.read().replace('\r', '')
                if ended or re.search(done, text):
                    break
                time.sleep(0.3)
        finally:
            if p.poll() is None:
                p.kill()
            p.wait()
        log = os.path.join(TOP, 'build/logs', f'bochs-{name}.log')
        os.makedirs(os.path.dirname(log), exist_ok=True)
        with open(log, 'w') as f:
            f.write(text)
        return text


def result(name, why):
    print(f'ok {name}' if not why else f'not ok {name}: {why}', flush=True)
    return bool(why)


# What each switch's boot must say (docs/boot.md lists the lines).
FEATURES = (('x2apic', r'x2APIC'), ('pcid', r'PCID'), ('tsc-deadline', r'TSC.deadline'), ('invariant-tsc', r'invariant'))


def main():
    bad = False
    for cpus in (1, 2):
        text = boot(f'user-{cpus}', 'rdinit=/test/run panic=-1 test=proc/*,time/*,mm/*,futex/*,signal/*', 'build/user.cpio',
                    cpus, 900, r'KEEL-TEST-DONE .*\n')
        m = re.search(r'KEEL-TEST-DONE (\d+)\D+(\d+)\D+(\d+)', text)
        why = None
        if not m:
            why = f'the tests did not end; last: {text.strip().splitlines()[-1:] or "nothing on the serial port"}'
        elif int(m[2]) or not int(m[1]):
            why = m[0] + ': ' + '; '.join(re.findall(r'^not ok .*', text, re.M)[:3])
        elif not re.search(rf'starting init .* {cpus} CPUs', text):
            why = f'not {cpus} CPUs'
        bad |= result(f'user-{cpus}cpu', why)
        if cpus == 1:
            for name, pattern in FEATURES:
                bad |= result(name, None if re.search(pattern, text, re.I) else 'the boot log does not name it')
    return 1 if bad else 0


if __name__ == '__main__':
    sys.exit(main())

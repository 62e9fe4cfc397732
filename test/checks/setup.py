#!/usr/bin/env python3
# SPDX-License-Identifier: MPL-2.0
"""tools/setup.sh on machines that this one is not: run with stand-ins for id, sudo, dpkg-query and apt-get.

Nothing is installed and nothing is fetched. Prints result lines for tools/test.py.
"""
import os
import shutil
import stat
import subprocess
import sys
import tempfile

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
# What setup.sh needs to run at all; a machine in a case has these and what the case adds.
BASE = 'bash sh cat cut date dirname echo env flock grep head ln ls mkdir mktemp mv rm sed sha256sum sort tail tar touch tr basename'
BY_HAND = 'gcc make ld python3 cpio gzip patch musl-gcc busybox qemu-system-x86_64 grub-mkrescue xorriso mformat'
DEBIAN = 'ID=debian\nVERSION_ID="12"\n'
STUBS = {
    'id': 'case "$1" in -un) echo someone;; *) echo "$UID_IS";; esac',
    'sudo': 'echo "sudo $*" >>"$LOG"; exec "$@"',
    # One package is missing until it was "installed".
    'dpkg-query': 'shift 3; for p in "$@"; do if [ "$p" != cpio ] || [ -e "$DIR/installed" ]; then echo "installed $p"; fi; done',
    'apt-get': '''echo "apt-get $*" >>"$LOG"
case " $* " in
*" install "*) [ "$APT" = broken ] && { echo "E: no way"; exit 100; }
	[ "$APT" = old ] && ! grep -q "apt-get update" "$LOG" && { echo "E: 404"; exit 100; }
	touch "$DIR/installed";;
*" update "*) case " $* " in *Dir::State*) exit 100;; esac;;
*) exit 100;;
esac''',
    'apt-cache': 'exit 1',
}


def run(case):
    """(status, output, log) of `tools/setup.sh run` on the machine that the case describes."""
    with tempfile.TemporaryDirectory() as d:
        os.makedirs(f'{d}/tree/tools')
        os.makedirs(f'{d}/bin')
        shutil.copy(os.path.join(TOP, 'tools/setup.sh'), f'{d}/tree/tools')
        names = BASE.split() + case.get('has', '').split()
        for n in names:
            found = shutil.which(n)
            os.symlink(found if found else '/bin/true', f'{d}/bin/{n}')
        for n, body in STUBS.items():
            if n in case.get('stubs', 'id sudo dpkg-query apt-get apt-cache').split():
                with open(f'{d}/bin/{n}', 'w') as f:
                    f.write(f'#!/bin/sh\n{body}\n')
                os.chmod(f'{d}/bin/{n}', stat.S_IRWXU)
        with open(f'{d}/os-release', 'w') as f:
            f.write(case.get('os', DEBIAN))
        if case.get('installed'):
            open(f'{d}/installed', 'w').close()
        open(f'{d}/log', 'w').close()
        env = {'PATH': f'{d}/bin', 'LOG': f'{d}/log', 'DIR': d, 'UID_IS': case.get('uid', '0'), 'APT': case.get('apt', ''),
               'KEEL_OS_RELEASE': f'{d}/os-release', 'HOME': d}
        if case.get('lwip', True):
            os.makedirs(f'{d}/tree/build/deps/lwip')
            with open(f'{d}/tree/tools/setup.sh') as f:
                text = f.read()
            with open(f'{d}/tree/build/deps/lwip/.sha256', 'w') as f:
                f.write(text.split('"lwip=')[1].split()[1] + '\n')
        r = subprocess.run(['/bin/bash', f'{d}/tree/tools/setup.sh', 'run'], env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                           text=True, stdin=subprocess.DEVNULL, timeout=60)
        with open(f'{d}/log') as f:
            return r.returncode, r.stdout, f.read()


# name, the machine, status, what it says, what it must have run, what it must not
CASES = (
    ('all-there', {'installed': True}, 0, '', '', 'apt-get'),
    ('root-installs', {}, 0, 'installing with apt-get: cpio', 'apt-get install', 'sudo'),
    ('user-with-sudo', {'uid': '1000'}, 0, 'through sudo: cpio', 'sudo env DEBIAN_FRONTEND=noninteractive apt-get install', None),
    ('user-without-sudo', {'uid': '1000', 'stubs': 'id dpkg-query apt-get apt-cache'}, 1,
     'neither root nor have sudo; as root run:\n  apt-get install --no-install-recommends cpio', '', 'apt-get install'),
    ('old-package-lists', {'apt': 'old'}, 0, 'apt-get update, then once more', 'apt-get update', None),
    ('cannot-install', {'apt': 'broken'}, 1, 'E: no way\nsetup: apt-get could not install them', '', None),
    ('offline-with-packages', {'installed': True, 'lwip': False}, 0, 'the package mirror gave no source lists: lwip is left out', '', None),
    ('other-system-lacks', {'os': 'ID=fedora\nVERSION_ID=40\n', 'stubs': 'id', 'has': 'gcc make'}, 1,
     'not Debian 12, so install by hand what provides these commands', '', None),
    ('other-system-names-them', {'os': 'ID=fedora\nVERSION_ID=40\n', 'stubs': 'id', 'has': 'gcc make'}, 1,
     'qemu-system-x86_64 grub-mkrescue xorriso', '', None),
    ('other-system-has-all', {'os': 'ID=arch\n', 'stubs': 'id', 'has': BY_HAND}, 0, '', '', None),
    ('newer-debian', {'os': 'ID=debian\nVERSION_ID="13"\n', 'stubs': 'id', 'has': ''}, 1, 'this is not Debian 12', '', None),
)


def main():
    bad = False
    for name, case, status, says, ran, not_ran in CASES:
        rc, out, log = run(case)
        why = None
        if rc != status:
            why = f'status {rc}, said {out[-300:]!r}'
        elif says not in out or (not says and out):
            why = f'it said {out[-300:]!r}'
        elif ran not in log or (not_ran and not_ran in log):
            why = f'it ran {log!r}'
        bad |= why is not None
        print(f'ok setup/{name}' if why is None else f'not ok setup/{name}: {why}', flush=True)
    return 1 if bad else 0


if __name__ == '__main__':
    sys.exit(main())

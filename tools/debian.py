#!/usr/bin/env python3
# SPDX-License-Identifier: MPL-2.0
"""Builds build/debian.img: a disk with Debian on ext2 and GRUB that boots Keel from it, no Linux kernel inside.

    tools/debian.py image      the whole disk; each step is done once and redone when its input changes
    tools/debian.py image --net   build/debian-net.img, which has the servers and tools of boot/debian/packages-net too
    tools/debian.py kernel     only put build/keel.elf into the finished disk
    tools/debian.py root       up to the tree build/debian/root

Steps: `debs` asks the machine's own apt configuration for the packages of boot/debian/packages and what they
need (downloaded once, below build/debian/debs), `root` runs debootstrap over a repository made of just these
files, `setup` lays boot/debian/overlay over it, `image` writes partitions (BIOS boot, EFI system, ext2 root).
It needs to be root, or sudo, for debootstrap and to read the tree: files there belong to many users.
The disk for the network's programs is another one, with all its steps below build/debian-net.
"""
import argparse
import glob
import hashlib
import os
import re
import shutil
import struct
import subprocess
import sys
import time
import uuid
import zlib

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
D = os.path.join(TOP, 'build/debian')
ROOT = os.path.join(D, 'root')
DEBS = os.path.join(D, 'debs')
IMG = os.path.join(TOP, 'build/debian.img')
SRC = os.path.join(TOP, 'boot/debian')
SECTOR, MIB = 512, 1 << 20
ROOT_MIB, ESP_MIB, BIOS_MIB = 3072, 8, 1


NET = False                 # the disk with boot/debian/packages-net


def choose_net():
    global NET, D, ROOT, DEBS, IMG
    NET = True
    D = os.path.join(TOP, 'build/debian-net')
    ROOT, DEBS, IMG = os.path.join(D, 'root'), os.path.join(D, 'debs'), D + '.img'


def say(text):
    print(f'debian: {text}', flush=True)


def die(text):
    sys.exit(f'debian: {text}')


def run(cmd, log=None, say_what='', hint='', **kw):
    """Runs a command, its output in a log whose last words are shown when it fails."""
    log = os.path.join(D, log or 'log')
    with open(log, 'ab') as f:
        f.write(('$ ' + ' '.join(cmd) + '\n').encode())
        f.flush()
        p = subprocess.Popen(cmd, stdout=f, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, cwd=kw.pop('cwd', TOP), **kw)
        start = last = time.monotonic()
        while True:
            try:
                rc = p.wait(1)
                break
            except subprocess.TimeoutExpired:
                if say_what and time.monotonic() - last > 15:
                    last = time.monotonic()
                    say(f'{say_what}: {last - start:.0f} s: {last_line(log)}')
    if rc:
        with open(log, errors='replace') as f:
            tail = f.read().split('\n')[-15:]
        print('\n'.join('  | ' + x for x in tail))
        die(f'{cmd[0]} ended with {rc}; log: {os.path.relpath(log, TOP)}' + (f'\n{hint}' if hint else ''))


def last_line(path):
    with open(path, 'rb') as f:
        f.seek(max(0, os.path.getsize(path) - 300))
        lines = [x for x in f.read().decode(errors='replace').split('\n') if x.strip()]
    return lines[-1][:90] if lines else ''


def digest(*things):
    h = hashlib.sha256()
    for t in things:
        h.update(t if isinstance(t, bytes) else str(t).encode())
        h.update(b'\0')
    return h.hexdigest()


def file_bytes(path):
    with open(path, 'rb') as f:
        return f.read()


def tree_digest(top):
    parts = []
    for d, dirs, files in os.walk(top):
        dirs.sort()
        for f in sorted(files):
            p = os.path.join(d, f)
            parts += [os.path.relpath(p, top), os.stat(p).st_mode, os.readlink(p) if os.path.islink(p) else file_bytes(p)]
    return digest(*parts)


def stamp_is(name, value):
    try:
        with open(os.path.join(D, name + '.stamp')) as f:
            return f.read() == value
    except OSError:
        return False


def stamp(name, value):
    with open(os.path.join(D, name + '.stamp'), 'w') as f:
        f.write(value)


def unstamp(name):
    try:
        os.unlink(os.path.join(D, name + '.stamp'))
    except FileNotFoundError:
        pass


# ---- packages ---------------------------------------------------------------------------------

def packages():
    words = []
    for name in ('packages', 'packages-net') if NET else ('packages',):
        with open(os.path.join(SRC, name)) as f:
            words += [w for line in f for w in line.split('#', 1)[0].split()]
    return words


def release():
    with open('/etc/os-release') as f:
        m = re.search(r'^VERSION_CODENAME=(\w+)', f.read(), re.M)
    return m[1] if m else 'bookworm'


def apt_options():
    """A state of our own: nothing installed, our cache, the machine's sources and keys."""
    a = os.path.join(D, 'apt')
    for d in ('state/lists/partial', 'cache/archives/partial'):
        os.makedirs(os.path.join(a, d), exist_ok=True)
    status = os.path.join(a, 'status')
    open(status, 'a').close()
    user = subprocess.run(['id', '-un'], capture_output=True, text=True).stdout.strip()
    return ['-o', f'Dir::State={a}/state', '-o', f'Dir::State::status={status}', '-o', f'Dir::Cache={a}/cache',
            '-o', f'APT::Sandbox::User={user}', '-o', 'APT::Install-Recommends=false', '-q']


def control_of(deb):
    return subprocess.run(['dpkg-deb', '-f', deb], capture_output=True, text=True, check=True).stdout.rstrip('\n')


def write_repo(top, debs, pool, suite):
    """A repository debootstrap and apt can read: Packages and Release for the given files."""
    d = os.path.join(top, 'dists', suite, 'main/binary-amd64')
    os.makedirs(d, exist_ok=True)
    text = ''
    for deb in debs:
        data = file_bytes(deb)
        text += (f'{control_of(deb)}\nFilename: {pool}/{os.path.basename(deb)}\nSize: {len(data)}\n'
                 f'SHA256: {hashlib.sha256(data).hexdigest()}\n\n')
    raw = text.encode()
    with open(os.path.join(d, 'Packages'), 'wb') as f:
        f.write(raw)
    with open(os.path.join(top, 'dists', suite, 'Release'), 'w') as f:
        f.write(f'Suite: {suite}\nCodename: {suite}\nArchitectures: amd64\nComponents: main\n'
                f'Date: {time.strftime("%a, %d %b %Y %H:%M:%S UTC", time.gmtime())}\n'
                f'SHA256:\n {hashlib.sha256(raw).hexdigest()} {len(raw)} main/binary-amd64/Packages\n')


def step_debs():
    want = packages()
    key = digest(release(), *sorted(want))
    if stamp_is('debs', key):
        return
    say(f'asking apt for {len(want)} packages and what they need')
    hint = 'The machine\'s own sources in /etc/apt are used: does `apt-get update` work there?'
    opts = apt_options()
    run(['apt-get'] + opts + ['update'], say_what='package lists', hint=hint)
    # What debootstrap calls the required packages; apt's own idea of a base is priority.
    r = subprocess.run(['apt-cache'] + opts + ['dumpavail'], capture_output=True, text=True)
    base = []
    for para in r.stdout.split('\n\n'):
        if re.search(r'^Priority: required$', para, re.M):
            m = re.search(r'^Package: (\S+)', para, re.M)
            if m:
                base.append(m[1])
    # Where several packages provide something essential, the list decides.
    drop = {'systemd-sysv', 'init', 'systemd'}
    base = sorted(set(base) - drop)
    if not base:
        die('the package lists hold no required package. ' + hint)
    if NET:                     # most of it lies there already if the other disk was built
        for src in glob.glob(os.path.join(TOP, 'build/debian/apt/cache/archives/*.deb')):
            dst = os.path.join(D, 'apt/cache/archives', os.path.basename(src))
            if not os.path.exists(dst):
                shutil.copy2(src, dst)
        run(['apt-get'] + opts + ['autoclean'])
    run(['apt-get'] + opts + ['-y', '--download-only', 'install', 'apt'] + base + want, say_what='download', hint=hint)
    shutil.rmtree(DEBS, ignore_errors=True)
    os.makedirs(os.path.join(DEBS, 'pool'))
    debs = []
    for src in sorted(glob.glob(os.path.join(D, 'apt/cache/archives/*.deb'))):
        dst = os.path.join(DEBS, 'pool', os.path.basename(src).replace('%3a', '.'))
        os.link(src, dst)
        debs.append(dst)
    say(f'{len(debs)} packages, {sum(os.path.getsize(x) for x in debs) >> 20} MiB')
    write_repo(DEBS, debs, 'pool', release())
    stamp('debs', key)


# ---- the tree ---------------------------------------------------------------------------------

def step_root():
    key = digest(file_bytes(os.path.join(D, 'debs.stamp')), file_bytes(os.path.join(DEBS, f'dists/{release()}/main/binary-amd64/Packages')))
    if stamp_is('root', key):
        return
    if os.geteuid() != 0:
        die('debootstrap must run as root')
    if not shutil.which('debootstrap', path=os.environ.get('PATH', '') + ':/usr/sbin:/sbin'):
        die('debootstrap is missing: tools/setup.sh debian installs it')
    unstamp('root')
    unstamp('setup')
    shutil.rmtree(ROOT, ignore_errors=True)
    os.makedirs(ROOT)
    os.chmod(ROOT, 0o755)
    names = sorted(re.findall(r'^Package: (\S+)', file_bytes(
        os.path.join(DEBS, f'dists/{release()}/main/binary-amd64/Packages')).decode(), re.M))
    env = dict(os.environ, LC_ALL='C.UTF-8', DEBIAN_FRONTEND='noninteractive',
               PATH=os.environ.get('PATH', '') + ':/usr/sbin:/sbin')
    policy = os.path.join(ROOT, 'usr/sbin/policy-rc.d')
    if NET:                     # servers are unpacked, not started
        os.makedirs(os.path.dirname(policy))
        with open(policy, 'w') as f:
            f.write('#!/bin/sh\nexit 101\n')
        os.chmod(policy, 0o755)
    say(f'debootstrap with {len(names)} packages (a few minutes)')
    run(['debootstrap', '--variant=minbase', '--no-check-gpg', '--merged-usr', '--include=' + ','.join(names), release(), ROOT,
         'file://' + DEBS], log='debootstrap.log', say_what='debootstrap', env=env,
        hint=f'Its own log is {os.path.relpath(ROOT, TOP)}/debootstrap/debootstrap.log. Chroot and mknod must be allowed here.')
    if os.path.exists(policy):
        os.unlink(policy)
    shutil.rmtree(os.path.join(ROOT, 'var/cache/apt'), ignore_errors=True)
    os.makedirs(os.path.join(ROOT, 'var/cache/apt/archives/partial'))
    stamp('root', key)


def build_deb(name, version, files, out):
    """A small package by dpkg-deb."""
    t = os.path.join(D, 'pkg', name)
    shutil.rmtree(t, ignore_errors=True)
    for path, text in files.items():
        p = os.path.join(t, path)
        os.makedirs(os.path.dirname(p), exist_ok=True)
        with open(p, 'w') as f:
            f.write(text)
        os.chmod(p, 0o755 if text.startswith('#!') else 0o644)
    os.makedirs(os.path.join(t, 'DEBIAN'), exist_ok=True)
    with open(os.path.join(t, 'DEBIAN/control'), 'w') as f:
        f.write(f'Package: {name}\nVersion: {version}\nArchitecture: all\nMaintainer: Keel <root@localhost>\n'
                f'Section: misc\nPriority: optional\nDescription: a package to install and remove in tests\n')
    deb = os.path.join(out, f'{name}_{version}_all.deb')
    run(['dpkg-deb', '--root-owner-group', '-b', t, deb])
    return deb


def step_keys(to):
    """A certificate for the names that the host's server and the guest's have in tests; the host reads it from the tree."""
    os.makedirs(to)
    inside = '/' + os.path.relpath(to, ROOT)
    run(['chroot', ROOT, 'openssl', 'req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes',
         '-days', '3650', '-subj', '/CN=host.test', '-addext', 'subjectAltName=DNS:host.test,DNS:localhost,IP:127.0.0.1',
         '-keyout', inside + '/key.pem', '-out', inside + '/cert.pem'])


def step_setup():
    """What is ours in the tree: configuration, the local repository, the place of the kernel."""
    key = digest(file_bytes(os.path.join(D, 'root.stamp')), tree_digest(SRC), tree_digest(os.path.join(TOP, 'test/debian')), file_bytes(__file__))
    if stamp_is('setup', key):
        return
    unstamp('setup')
    say('laying boot/debian/overlay over the tree')
    repo = os.path.join(ROOT, 'srv/repo')
    shutil.rmtree(repo, ignore_errors=True)
    os.makedirs(os.path.join(repo, 'pool'))
    hello = {'usr/bin/keel-hello': '#!/bin/sh\necho "hello from a package"\n',
             'usr/share/doc/keel-hello/README': 'Installed by apt from the disk.\n',
             'DEBIAN/postinst': '#!/bin/sh\nset -e\necho configured >/var/lib/keel-hello.state\n',
             'DEBIAN/postrm': '#!/bin/sh\nset -e\nrm -f /var/lib/keel-hello.state\n'}
    write_repo(repo, [build_deb('keel-hello', '1.0', hello, os.path.join(repo, 'pool'))], 'pool', 'local')
    over = os.path.join(SRC, 'overlay')
    for d, dirs, files in os.walk(over):
        rel = os.path.relpath(d, over)
        for x in dirs:
            os.makedirs(os.path.join(ROOT, rel, x), exist_ok=True)
        for x in files:
            src, dst = os.path.join(d, x), os.path.join(ROOT, rel, x)
            if os.path.lexists(dst):
                os.unlink(dst)
            shutil.copy2(src, dst)
            os.chown(dst, 0, 0)
            os.chmod(dst, 0o755 if os.access(src, os.X_OK) else 0o644)
    # The suite, and what the host knows of the files it will check there.
    suite = os.path.join(ROOT, 'opt/keel-test')
    shutil.rmtree(suite, ignore_errors=True)
    os.makedirs(suite)
    for f in ('run', 'files.py', 'changing'):
        shutil.copy2(os.path.join(TOP, 'test/debian', f), suite)
    shutil.copytree(os.path.join(TOP, 'test/debian/net'), os.path.join(suite, 'net'))
    if NET:
        step_keys(os.path.join(suite, 'tls'))
    # root logs in without a password, on the console only.
    shadow = os.path.join(ROOT, 'etc/shadow')
    text = file_bytes(shadow).decode()
    with open(shadow, 'w') as f:
        f.write(re.sub(r'^root:[^:]*:', 'root::', text, flags=re.M))
    mtab = os.path.join(ROOT, 'etc/mtab')
    if os.path.lexists(mtab):
        os.unlink(mtab)
    os.symlink('/proc/mounts', mtab)
    for d in ('boot/grub', 'mnt/share', 'proc', 'sys', 'dev', 'run', 'tmp'):
        os.makedirs(os.path.join(ROOT, d), exist_ok=True)
    sums = subprocess.run('find usr etc opt var/lib/dpkg -xdev -type f -print0 | sort -z | xargs -0 -n 200 sha256sum',
                          shell=True, cwd=ROOT, env=dict(os.environ, LC_ALL='C.UTF-8'), capture_output=True, check=True).stdout
    with open(os.path.join(suite, 'sums'), 'wb') as f:
        f.write(sums)
    stamp('setup', key)


# ---- the disk ---------------------------------------------------------------------------------

def gpt(disk_sectors, disk_guid, parts):
    """Protective MBR with both copies of the table. parts: (type, guid, first, last, name)."""
    entries = b''
    for kind, guid, first, last, name in parts:
        entries += kind.bytes_le + guid.bytes_le + struct.pack('<QQQ', first, last, 0) + name.encode('utf-16-le').ljust(72, b'\0')
    entries = entries.ljust(128 * 128, b'\0')

    def header(me, other, table):
        def pack(crc):
            return struct.pack('<8sIIIIQQQQ16sQIII', b'EFI PART', 0x10000, 92, crc, 0, me, other, 34, disk_sectors - 34,
                               disk_guid.bytes_le, table, 128, 128, zlib.crc32(entries))
        return pack(zlib.crc32(pack(0))).ljust(SECTOR, b'\0')
    mbr = bytearray(SECTOR)
    mbr[446:462] = struct.pack('<B3sB3sII', 0, b'\0\2\0', 0xEE, b'\xff\xff\xff', 1, min(disk_sectors - 1, 0xFFFFFFFF))
    mbr[510:512] = b'\x55\xaa'
    last = disk_sectors - 1
    return mbr, header(1, last, 2) + entries, entries + header(last, 1, last - 32)


BIOS_BOOT = uuid.UUID('21686148-6449-6e6f-744e-656564454649')
ESP = uuid.UUID('c12a7328-f81f-11d2-ba4b-00a0c93ec93b')
LINUX_FS = uuid.UUID('0fc63daf-8483-4772-8e79-3d69d8477de4')


def grub_images(root_uuid):
    """core.img for BIOS and BOOTX64.EFI; both look for the root file system by its UUID."""
    early = os.path.join(D, 'grub-early.cfg')
    with open(early, 'w') as f:
        f.write(f'search --fs-uuid --set=root {root_uuid}\nset prefix=($root)/boot/grub\nconfigfile $prefix/grub.cfg\n')
    mods = ('part_gpt part_msdos ext2 fat search search_fs_uuid normal configfile echo test multiboot2 ls cat boot '
            'serial terminal sleep minicmd reboot halt').split()
    run(['grub-mkimage', '-O', 'i386-pc', '-p', '/boot/grub', '-c', early, '-o', os.path.join(D, 'core.img'), 'biosdisk'] + mods)
    run(['grub-mkimage', '-O', 'x86_64-efi', '-p', '/boot/grub', '-c', early, '-o', os.path.join(D, 'bootx64.efi'),
         'efi_gop', 'all_video'] + mods)


def write_grub_cfg(root_uuid):
    with open(os.path.join(SRC, 'grub.cfg')) as f:
        text = f.read().replace('@UUID@', root_uuid)
    with open(os.path.join(ROOT, 'boot/grub/grub.cfg'), 'w') as f:
        f.write(text)


def install_bios_grub(img, core_lba):
    """The boot sector and core.img, each told where the next piece lies."""
    boot = bytearray(file_bytes('/usr/lib/grub/i386-pc/boot.img'))
    core = bytearray(file_bytes(os.path.join(D, 'core.img')))
    sectors = -(-len(core) // SECTOR)
    if sectors > BIOS_MIB * 2048:
        die('GRUB\'s core.img does not fit into the BIOS boot partition')
    struct.pack_into('<Q', boot, 0x5C, core_lba)
    boot[0x66:0x68] = b'\x90\x90'            # take the drive number that the BIOS gives
    struct.pack_into('<QHH', core, SECTOR - 12, core_lba + 1, sectors - 1, 0x820)
    img.seek(0)
    img.write(boot[:440])
    img.seek(core_lba * SECTOR)
    img.write(core)


def step_image():
    stamps = b''.join(file_bytes(os.path.join(D, s + '.stamp')) for s in ('setup',))
    key = digest(stamps, ROOT_MIB, file_bytes(os.path.join(SRC, 'grub.cfg')))
    if stamp_is('image', key) and os.path.exists(IMG):
        return
    unstamp('image')
    fs_uuid = str(uuid.uuid4())
    write_grub_cfg(fs_uuid)
    with open(os.path.join(ROOT, 'etc/fstab'), 'w') as f:
        f.write(f'UUID={fs_uuid} / ext2 defaults,errors=remount-ro 0 1\n')
    kernel = os.path.join(TOP, 'build/keel.elf')
    shutil.copyfile(kernel, os.path.join(ROOT, 'boot/keel.elf'))
    grub_images(fs_uuid)
    say('writing the ext2 root file system')
    first = MIB * (1 + BIOS_MIB + ESP_MIB)
    total = first + ROOT_MIB * MIB + MIB
    tmp = IMG + '.tmp'
    with open(tmp, 'wb') as f:
        f.truncate(total)
    run(['mke2fs', '-q', '-F', '-t', 'ext2', '-b', '4096', '-L', 'keel-root', '-U', fs_uuid, '-O', '^resize_inode',
         '-E', f'offset={first}', '-d', ROOT, tmp, str(ROOT_MIB * 256)], say_what='mke2fs')
    esp = os.path.join(D, 'esp.img')
    with open(esp, 'wb') as f:
        f.truncate(ESP_MIB * MIB)
    run(['mformat', '-i', esp, '-v', 'KEEL-EFI', '::'])
    run(['mmd', '-i', esp, '::/EFI', '::/EFI/BOOT'])
    run(['mcopy', '-i', esp, os.path.join(D, 'bootx64.efi'), '::/EFI/BOOT/BOOTX64.EFI'])
    s = lambda mib: mib * 2048
    parts = [(BIOS_BOOT, uuid.uuid4(), s(1), s(1 + BIOS_MIB) - 1, 'BIOS boot'),
             (ESP, uuid.uuid4(), s(1 + BIOS_MIB), s(1 + BIOS_MIB + ESP_MIB) - 1, 'EFI system'),
             (LINUX_FS, uuid.uuid4(), first // SECTOR, (first + ROOT_MIB * MIB) // SECTOR - 1, 'root')]
    mbr, front, back = gpt(total // SECTOR, uuid.uuid4(), parts)
    with open(tmp, 'r+b') as f:
        f.write(mbr + front)
        f.seek(total - len(back))
        f.write(back)
        install_bios_grub(f, s(1))
        f.seek(s(1 + BIOS_MIB) * SECTOR)
        f.write(file_bytes(esp))
    os.rename(tmp, IMG)
    stamp('image', key)
    stamp('kernel', digest(file_bytes(kernel)))
    say(f'{os.path.relpath(IMG, TOP)}: {os.stat(IMG).st_blocks >> 11} MiB on disk, root UUID {fs_uuid}')


def step_kernel():
    """A new kernel goes into the finished disk by debugfs; the rest stays as it is."""
    kernel = os.path.join(TOP, 'build/keel.elf')
    key = digest(file_bytes(kernel))
    if stamp_is('kernel', key):
        return
    say(f'putting the new kernel into {os.path.relpath(IMG, TOP)}')
    first = MIB * (1 + BIOS_MIB + ESP_MIB)
    cmds = os.path.join(D, 'debugfs.cmds')
    with open(cmds, 'w') as f:
        f.write(f'cd /boot\nrm keel.elf\nwrite {kernel} keel.elf\n')
    run(['debugfs', '-w', '-f', cmds, f'{IMG}?offset={first}'])
    stamp('kernel', key)


def main():
    p = argparse.ArgumentParser(description='the Debian disk')
    p.add_argument('what', choices=('image', 'kernel', 'root', 'debs'))
    p.add_argument('--net', action='store_true', help='the disk with the network\'s servers and tools')
    a = p.parse_args()
    if a.net:
        choose_net()
    os.environ['PATH'] += ':/usr/sbin:/sbin'
    os.umask(0o022)
    if a.what != 'debs' and os.geteuid() != 0:
        if not shutil.which('sudo'):
            die('needs to run as root (debootstrap, files of many users): no sudo here')
        os.execvp('sudo', ['sudo', '-E', sys.executable] + sys.argv)
    os.makedirs(D, exist_ok=True)
    step_debs()
    if a.what == 'debs':
        return
    step_root()
    step_setup()
    if a.what == 'root':
        return
    step_image()
    step_kernel()


if __name__ == '__main__':
    main()

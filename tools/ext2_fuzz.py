#!/usr/bin/env python3
# SPDX-License-Identifier: MPL-2.0
"""The ext2 driver as a program on the host (test/fuzz/ext2), under ASan and UBSan, over images made by mke2fs.

  tools/ext2_fuzz.py [--damaged N] [--whole N] [--failures N] [--first SEED]

Base images: blocks of 1, 2 and 4 KiB, inodes of 128 and 256 bytes, revision 0, meta groups, all three hashes of
indexed directories; filled by the driver itself (and found whole by e2fsck), one by e2fsprogs alone. Then damaged
images are walked and changed; whole ones are changed, mounted again, compared and given to e2fsck; and memory and
the device fail one call after the other. A result line each; a bad seed is named, with what was damaged, and runs
alone by:  build/ext2-fuzz/ext2-fuzz -v -n 1 -s SEED build/ext2-fuzz/base/*.img"""
import argparse
import glob
import os
import shutil
import subprocess
import sys

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
OUT = os.path.join(TOP, 'build/ext2-fuzz')
BASE = os.path.join(OUT, 'base')
PROGRAM = os.path.join(OUT, 'ext2-fuzz')
ENV = dict(os.environ, E2FSPROGS_FAKE_TIME='1700000000', MKE2FS_CONFIG='/dev/null', LC_ALL='C')
FEATURES = 'ext_attr,dir_index,large_file,filetype,sparse_super'
# name, arguments of mke2fs, blocks, hash of directories
IMAGES = (
    ('1k', ['-b1024', '-I128', '-g1024', '-N512', '-O', FEATURES], 4096, 'half_md4'),
    ('1k256', ['-b1024', '-I256', '-g2048', '-N512', '-O', FEATURES + ',resize_inode'], 6144, 'tea'),
    ('2k', ['-b2048', '-I256', '-N512', '-O', FEATURES], 2048, 'legacy'),
    ('4k', ['-b4096', '-I256', '-N512', '-O', FEATURES], 1536, 'half_md4'),
    ('meta', ['-b1024', '-I256', '-g1024', '-N512', '-O', FEATURES + ',meta_bg,^resize_inode'], 5120, 'half_md4'),
    ('rev0', ['-b1024', '-r0', '-g1024', '-N512', '-O', 'none'], 4096, None),
    ('theirs', ['-b1024', '-I256', '-g2048', '-N512', '-O', FEATURES], 4096, 'tea'),
)


def sh(*cmd, good=(0,), **more):
    r = subprocess.run(cmd, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors='replace',
                       env=ENV, **more)
    if r.returncode not in good:
        raise RuntimeError(f'{" ".join(cmd)}: status {r.returncode}: {r.stdout[-2000:]}')
    return r.stdout


def fill_by_e2fsprogs(path):
    """A tree that our driver had no hand in: indexed directory, attributes, links, a sparse file, devices."""
    small = os.path.join(OUT, 'small')
    with open(small, 'wb') as f:
        f.write(b'contents\n' * 300)
    sparse = os.path.join(OUT, 'sparse')
    with open(sparse, 'wb') as f:
        f.write(b'head')
        f.seek(70 << 20)
        f.write(b'tail' * 1000)
    cmds = [f'write {small} small', f'write {sparse} sparse', 'symlink short small', 'symlink long ' + 'x' * 300,
            'mkdir dir', 'mknod pipe p', 'mknod dev c 1 3']
    cmds += [f'ea_set small user.n{i} {"v" * (10 + i * 13)}' for i in range(8)]
    cmds += ['ea_set dir trusted.t value', 'cd dir']
    cmds += [f'write {small} an_entry_of_some_length_{i}' if i % 40 == 0 else f'symlink an_entry_of_some_length_{i} t'
             for i in range(200)]
    script = os.path.join(OUT, 'debugfs.cmd')
    with open(script, 'w') as f:
        f.write('\n'.join(cmds) + '\n')
    sh('debugfs', '-w', '-f', script, path)
    sh('e2fsck', '-fyD', path, good=(0, 1))


def make_images():
    shutil.rmtree(BASE, ignore_errors=True)
    os.makedirs(BASE)
    for name, args, blocks, alg in IMAGES:
        path = os.path.join(BASE, name + '.img')
        sh('mke2fs', '-q', '-F', '-U', '01234567-89ab-cdef-0123-456789abcdef', '-E',
           'root_owner=0:0,hash_seed=00112233-4455-6677-8899-aabbccddeeff', *args, path, str(blocks))
        if alg:
            sh('tune2fs', '-E', f'hash_alg={alg}', path)
        if name == 'theirs':
            fill_by_e2fsprogs(path)
        else:
            sh(PROGRAM, '-f', path)
        sh('e2fsck', '-fn', path)
    return sorted(glob.glob(os.path.join(BASE, '*.img')))


def short(text, n=30):
    keep = [x for x in text.split('\n') if x.strip() and not x.lstrip().startswith(('0x', '=>0x', '====='))]
    return '\n'.join(keep[:n])


def run(name, images, *args):
    """One result line from one run; what it said when it is bad."""
    r = subprocess.run([PROGRAM, *args, *images], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                       errors='replace')
    last = r.stdout.strip().split('\n')[-1]
    if r.returncode:
        print(short(r.stdout))
        print(f'not ok {name}: {last}', flush=True)
        return False
    print(f'{last}\nok {name}', flush=True)
    return True


def whole(images, first, count):
    out = os.path.join(OUT, 'whole')
    shutil.rmtree(out, ignore_errors=True)
    os.makedirs(out)
    good = run('whole', images, '-c', str(count), '-s', str(first), '-o', '1200', '-w', out)
    bad = 0
    for path in sorted(glob.glob(out + '/*.img')):
        try:
            sh('e2fsck', '-fn', path)
        except RuntimeError as e:
            bad += 1
            if bad <= 3:
                print(e)
    shutil.rmtree(out, ignore_errors=True)
    print(f'not ok e2fsck: {bad} images have errors' if bad else 'ok e2fsck', flush=True)
    return good and not bad


def make_cpio(images):
    """For the guest (test.py's ext2-damage): build/ext2-fuzz/guest.cpio."""
    root = os.path.join(OUT, 'guest')
    shutil.rmtree(root, ignore_errors=True)
    os.makedirs(os.path.join(root, 'images'))
    sources = [os.path.join(TOP, x) for x in ('test/fuzz/ext2/guest.c', 'test/fuzz/ext2/mutate.c', 'test/stress/leaks.c')]
    sh('musl-gcc', '-static', '-s', '-O2', '-Wall', '-idirafter', '/usr/include', '-idirafter', '/usr/include/x86_64-linux-gnu',
       '-I' + os.path.join(TOP, 'test/user/lib'), '-I' + os.path.join(TOP, 'test/stress'), '-o', os.path.join(root, 'init'), *sources)
    for path in images:
        shutil.copy(path, os.path.join(root, 'images'))
    names = [os.path.relpath(os.path.join(d, f), root) for d, dirs, files in os.walk(root) for f in dirs + files]
    with open(os.path.join(OUT, 'guest.cpio'), 'wb') as out:
        subprocess.run(['cpio', '-o', '-H', 'newc', '--quiet'], input='\n'.join(sorted(names)).encode(), stdout=out, cwd=root,
                       check=True)
    shutil.rmtree(root)


def main():
    p = argparse.ArgumentParser()
    p.add_argument('--damaged', type=int, default=500)
    p.add_argument('--whole', type=int, default=35)
    p.add_argument('--failures', type=int, default=300)
    p.add_argument('--first', type=int, default=0)
    p.add_argument('--cpio', action='store_true', help='make build/ext2-fuzz/guest.cpio only')
    o = p.parse_args()
    sh('make', '--no-print-directory', f'-j{os.cpu_count()}', '-C', os.path.join(TOP, 'test/fuzz/ext2'))
    images = make_images()
    if o.cpio:
        make_cpio(images)
        return 0
    print('ok images')
    good = whole(images, o.first, o.whole)
    good &= run('failures', images, '-m', str(o.failures), '-o', '60')      # the seed is the call that fails
    good &= run('damaged', images, '-n', str(o.damaged), '-s', str(o.first))
    return 0 if good else 1


if __name__ == '__main__':
    sys.exit(main())

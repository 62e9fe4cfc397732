#!/usr/bin/env python3
# SPDX-License-Identifier: MPL-2.0
"""Writes an initramfs (cpio newc) from a list: no root needed, the same bytes every time.

Lines of the list (# starts a comment; $NAME is replaced from NAME=VALUE arguments):
    dir   PATH MODE [UID GID]
    file  PATH MODE SOURCE [UID GID]
    link  PATH TARGET
    node  PATH MODE c|b MAJOR MINOR
    tree  PATH SOURCE          every file below SOURCE; executables 0755, the rest 0644
    applets SOURCE             a symbolic link for each applet of this BusyBox, to /bin/busybox
"""
import argparse
import gzip
import os
import stat
import subprocess
import sys


class Cpio:
    def __init__(self):
        self.out, self.ino, self.seen = bytearray(), 0, {}

    def add(self, path, mode, data=b'', uid=0, gid=0, rdev=(0, 0), replace=True):
        name = path.strip('/').encode() or b'.'
        if name in self.seen and not replace:
            return
        self.seen[name] = (mode, data, uid, gid, rdev)

    def entry(self, name, mode, data, uid, gid, rdev, nlink=1):
        self.ino += 1
        ino = 0 if name == b'TRAILER!!!' else self.ino
        fields = (ino, mode, uid, gid, nlink, 0, len(data), 0, 0, *rdev, len(name) + 1, 0)
        self.out += b'070701' + b''.join(b'%08X' % f for f in fields) + name + b'\0'
        self.out += bytes(-len(self.out) % 4)
        self.out += data
        self.out += bytes(-len(self.out) % 4)

    def finish(self):
        for name in sorted(self.seen):
            parent = os.path.dirname(name)
            if parent and parent not in self.seen:
                sys.exit(f'mkcpio: {name.decode()}: its directory is not in the list')
            self.entry(name, *self.seen[name])
        self.entry(b'TRAILER!!!', 0, b'', 0, 0, (0, 0))
        self.out += bytes(-len(self.out) % 512)
        return bytes(self.out)


def read(path):
    with open(path, 'rb') as f:
        return f.read()


def add_line(c, words):
    kind = words[0]
    if kind == 'dir':
        ids = [int(x) for x in words[3:5]] or [0, 0]
        c.add(words[1], stat.S_IFDIR | int(words[2], 8), b'', *ids)
    elif kind == 'file':
        ids = [int(x) for x in words[4:6]] or [0, 0]
        c.add(words[1], stat.S_IFREG | int(words[2], 8), read(words[3]), *ids)
    elif kind == 'link':
        c.add(words[1], stat.S_IFLNK | 0o777, words[2].encode())
    elif kind == 'node':
        fmt = {'c': stat.S_IFCHR, 'b': stat.S_IFBLK}[words[3]]
        c.add(words[1], fmt | int(words[2], 8), rdev=(int(words[4]), int(words[5])))
    elif kind == 'tree':
        for top, dirs, files in os.walk(words[2]):
            rel = os.path.join(words[1], os.path.relpath(top, words[2])).replace('/./', '/').rstrip('/.')
            for d in dirs:
                c.add(f'{rel}/{d}', stat.S_IFDIR | 0o755, replace=False)
            for f in files:
                src = os.path.join(top, f)
                mode = 0o755 if os.access(src, os.X_OK) else 0o644
                c.add(f'{rel}/{f}', stat.S_IFREG | mode, read(src))
    elif kind == 'applets':
        names = subprocess.run([words[1], '--list-full'], capture_output=True, text=True, check=True)
        for name in names.stdout.split():
            up = '../' * name.count('/')
            if name != 'bin/busybox':
                c.add(name, stat.S_IFLNK | 0o777, f'{up}bin/busybox'.encode(), replace=False)
    else:
        raise ValueError(f'unknown kind {kind}')


def main():
    p = argparse.ArgumentParser(description='initramfs from a list')
    p.add_argument('list')
    p.add_argument('output', help='.gz compresses')
    p.add_argument('vars', nargs='*', help='NAME=VALUE')
    args = p.parse_args()
    variables = dict(v.split('=', 1) for v in args.vars)
    c = Cpio()
    with open(args.list) as f:
        for n, line in enumerate(f, 1):
            words = line.split('#', 1)[0].split()
            if not words:
                continue
            words = [variables[w[1:]] if w.startswith('$') else w for w in words]
            try:
                add_line(c, words)
            except (OSError, ValueError, IndexError, KeyError, subprocess.SubprocessError) as e:
                sys.exit(f'mkcpio: {args.list}:{n}: {e!r}')
    data = c.finish()
    if args.output.endswith('.gz'):
        data = gzip.compress(data, 9, mtime=0)
    with open(args.output + '.tmp', 'wb') as f:
        f.write(data)
    os.rename(args.output + '.tmp', args.output)


if __name__ == '__main__':
    main()

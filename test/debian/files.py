#!/usr/bin/env python3
# SPDX-License-Identifier: MPL-2.0
"""System calls about files that no plain command shows, from CPython: locks, O_TMPFILE, renameat2, splice."""
import ctypes
import errno
import fcntl
import os
import struct
import sys

libc = ctypes.CDLL(None, use_errno=True)


def lock_struct(kind, start=0, length=0):
    return struct.pack('hhqqixxxx', kind, 0, start, length, 0)


def in_child(fn):
    pid = os.fork()
    if pid == 0:
        try:
            os._exit(0 if fn() else 1)
        except BaseException as e:
            print('child:', repr(e), file=sys.stderr)
            os._exit(2)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0


def refused(fn, *errs):
    try:
        fn()
    except OSError as e:
        return e.errno in errs
    return False


def locks():
    fd = os.open('l', os.O_RDWR | os.O_CREAT)
    fcntl.lockf(fd, fcntl.LOCK_EX, 100, 0)

    def other():
        f = os.open('l', os.O_RDWR)
        assert refused(lambda: fcntl.lockf(f, fcntl.LOCK_EX | fcntl.LOCK_NB, 10, 50), errno.EAGAIN, errno.EACCES)
        fcntl.lockf(f, fcntl.LOCK_EX | fcntl.LOCK_NB, 10, 100)
        r = struct.unpack('hhqqixxxx', fcntl.fcntl(f, fcntl.F_GETLK, lock_struct(fcntl.F_WRLCK, 0, 1)))
        return r[0] == fcntl.F_WRLCK and r[2] == 0 and r[3] == 100 and r[4] == os.getppid()
    assert in_child(other)
    # OFD locks: owned by the open file, kept over fork, in the way of each other in one process.
    a, b = os.open('o', os.O_RDWR | os.O_CREAT), os.open('o', os.O_RDWR)
    fcntl.fcntl(a, 37, lock_struct(fcntl.F_WRLCK))
    assert refused(lambda: fcntl.fcntl(b, 37, lock_struct(fcntl.F_RDLCK)), errno.EAGAIN)
    assert in_child(lambda: fcntl.fcntl(a, 37, lock_struct(fcntl.F_WRLCK)))
    os.close(a)
    fcntl.fcntl(b, 37, lock_struct(fcntl.F_RDLCK))
    fcntl.flock(fd, fcntl.LOCK_EX)
    assert in_child(lambda: refused(lambda: fcntl.flock(os.open('l', os.O_RDONLY), fcntl.LOCK_SH | fcntl.LOCK_NB), errno.EAGAIN))
    with open('/proc/locks') as f:
        text = f.read()
    assert 'POSIX' in text and 'OFDLCK' in text and 'FLOCK' in text, text


def link_fd(fd, name):
    if libc.linkat(-100, f'/proc/self/fd/{fd}'.encode(), -100, name.encode(), 0x400):
        raise OSError(ctypes.get_errno(), 'linkat')


def tmpfile():
    fd = os.open('.', os.O_TMPFILE | os.O_RDWR, 0o600)
    os.write(fd, b'contents')
    assert os.listdir('.') == []
    assert os.fstat(fd).st_nlink == 0
    link_fd(fd, 'named')
    assert open('named').read() == 'contents' and os.fstat(fd).st_nlink == 1
    fd = os.open('.', os.O_TMPFILE | os.O_RDWR | os.O_EXCL, 0o600)
    assert refused(lambda: link_fd(fd, 'two'), errno.ENOENT)


def renameat2():
    def ren(a, b, flags):
        if libc.renameat2(-100, a.encode(), -100, b.encode(), flags):
            raise OSError(ctypes.get_errno(), 'renameat2')
    open('a', 'w').write('A')
    open('b', 'w').write('B')
    assert refused(lambda: ren('a', 'b', 1), errno.EEXIST)
    ren('a', 'c', 1)
    ren('b', 'c', 2)
    assert open('b').read() == 'A' and open('c').read() == 'B'
    os.mkdir('d')
    ren('d', 'b', 2)
    assert os.path.isdir('b') and os.path.isfile('d')
    assert refused(lambda: ren('d', 'nothing', 2), errno.ENOENT)
    assert refused(lambda: ren('d', 'b', 3), errno.EINVAL)


def splice():
    data = os.urandom(300000)
    with open('s', 'wb') as f:
        f.write(data)
    src, dst = os.open('s', os.O_RDONLY), os.open('t', os.O_RDWR | os.O_CREAT)
    r, w = os.pipe()
    n = 0
    while n < len(data):
        k = os.splice(src, w, 65536)
        while k:
            m = os.splice(r, dst, k)
            k -= m
            n += m
    assert os.pread(dst, 400000, 0) == data
    assert os.sendfile(dst, src, 0, 1000) == 1000


{'locks': locks, 'tmpfile': tmpfile, 'renameat2': renameat2, 'splice': splice}[sys.argv[1]]()

#!/usr/bin/env python3
# SPDX-License-Identifier: MPL-2.0
"""Power cuts on ext2: run test/powercut/work.c in QEMU with all writes recorded (driver blklogwrites), build
states that the disk could have been left in, and check each.

  tools/powercut.py [--seeds 1-20] [--states N] [--ops N] [--jobs N] [--kernel build/keel.elf] [--keep DIR]

A state is: everything up to a flush, and of the writes between it and the next one all, none, a prefix, or a
random choice by sector in any order. With --states 0 each flush gives two: nothing behind it, and one by chance.
Checks: e2fsck -fy ends with 0 or 1 and names only problems of GOLDEN; lost+found is empty; no name is there that
nobody made or that was gone for good; each sector of each file is one that was written there (or a hole that was
one); what was promised durable and not touched since is there; of a name that a rename replaced there is the old
file whole or the new one. Where nothing was ever promised, a whole block may read as zeros: it was still on its way
when a later one had its pointer (docs/ext2.md).
--crowd N: N processes at once on the same names, without promises; the disk is in order at the end, and what each
state of it has is whole.
--dirs: directories that move, are replaced, and come and go in one commit, each case by itself.
A seed also says block and inode size, indexed directories or not, and the number of CPUs."""
import argparse
import concurrent.futures
import os
import random
import re
import shutil
import struct
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import qemu  # noqa: E402
from qemu import TOP, Guest, Machine  # noqa: E402

FS_MIB, DISK_MIB, MARK = 24, 32, 28 << 20
FLUSH, FUA, DISCARD = 1, 2, 4
MAGIC = 0x4c45454b

# What a cut may leave: counts, bitmaps, orphans (inodes without links; names of inodes that never came to be).
GOLDEN = [re.compile(p) for p in (
    r"^Pass \d", r"^$", r"^e2fsck ", r"was not cleanly unmounted", r"FILE SYSTEM WAS MODIFIED", r"files \(.*blocks$",
    r"^Free (blocks|inodes) count wrong", r"^(Block|Inode) bitmap differences", r"^Directories count wrong", r"^Fix\? yes",
    r"^Padding at end", r"^[Dd]eleted inode \d+ has zero dtime", r"^Inode \d+ ref count is \d+, should be \d+",
    r"^Unattached zero-length inode \d+", r"^Entry '.*' in .* has deleted/unused inode \d+",
)]
# While a directory changes its parent, and only then, it may have both names.
MOVED = [re.compile(p) for p in (
    r"^Entry '.*' in .* is a link to directory ", r"^'\.\.' in .* is .*, should be ", r"^Clear\? yes")]
LINKS = re.compile(r"ref count is (\d+), should be (\d+)")
# fs/ext2/namei.c: a name that a rename between directories makes on its way.
INVENTED = re.compile(r"^\.rename-\d+-\d+$")
MANY = re.compile(r"^n\d+-[a-z]*$")


def build(work):
    binary = os.path.join(work, "init")
    subprocess.run(["musl-gcc", "-static", "-O1", "-I", os.path.join(TOP, "test/user/lib"), "-o", binary,
                    os.path.join(TOP, "test/powercut/work.c")], check=True)
    cpio = os.path.join(work, "cut.cpio")
    with open(cpio, "wb") as out:
        subprocess.run(["cpio", "-o", "-H", "newc", "--quiet"], input=b"init\n", stdout=out, cwd=work, check=True)
    return cpio


def shape(args, seed):
    """Block size, inode size, features, CPUs of a seed."""
    rng = random.Random(seed * 7919)
    block = args.block or rng.choice((1024, 2048, 4096, 4096))
    inode = args.inode or rng.choice((128, 256, 256))
    index = rng.random() < 0.7
    return block, inode, index, args.smp or rng.choice((1, 2, 4))


def record(args, work, cpio, seed):
    """Run the workload. (image before, log of writes)"""
    img, log, start = (os.path.join(work, n) for n in ("disk.img", "log.img", "start.img"))
    block, inode, index, smp = shape(args, seed)
    with open(img, "wb") as f:
        f.truncate(DISK_MIB << 20)
    subprocess.run(["mke2fs", "-q", "-F", "-t", "ext2", "-b", str(block), "-I", str(inode),
                    "-O", "dir_index" if index else "^dir_index", img, str((FS_MIB << 20) // block)],
                   check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    shutil.copyfile(img, start)
    open(log, "wb").close()
    m = Machine(kernel=args.kernel, initrd=cpio, smp=str(smp), mem="256",
                append=f"console=ttyS0 rdinit=/init panic=-1 seed={seed} ops={args.ops}"
                + (f" crowd={args.crowd}" if args.crowd else " dirs=1" if args.dirs else ""),
                extra=("-blockdev", f"driver=file,node-name=data,filename={img}",
                       "-blockdev", f"driver=file,node-name=logf,filename={log}",
                       "-blockdev", "driver=blklogwrites,node-name=rec,file=data,log=logf,log-sector-size=512",
                       "-device", "virtio-blk-pci,drive=rec"))
    g = Guest(m, os.path.join(args.logs, f"powercut-{seed}.log"), args.timeout)
    end = g.wait()
    text = end.console
    if "POWERCUT-DONE" not in text:
        raise RuntimeError(f"the workload ended by {end.how}: " + " / ".join(text.strip().splitlines()[-3:]))
    bad = re.search(r".*(EXT2-fs error|EXT2-fs .*rror|KASAN|UBSan|lockdep:|BUG|warning: .* at ).*", text)
    if bad:
        raise RuntimeError("the kernel complained: " + bad[0].strip())
    if args.crowd or args.dirs:
        r = subprocess.run(["e2fsck", "-fn", img], stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        if r.returncode:
            raise RuntimeError("after the unmount e2fsck says " + r.stdout.decode(errors="replace").replace("\n", "; "))
    return start, log


def read_log(path):
    """[(kind, sector, data)]; kind F flush, W write, D discard."""
    out = []
    with open(path, "rb") as f:
        head = f.read(512)
        magic, version, count, size = struct.unpack_from("<QQQI", head)
        assert magic == 0x6a736677736872, hex(magic)
        f.seek(size)
        for _ in range(count):
            e = f.read(size)
            if len(e) < 32:
                break
            sector, n, flags, _len = struct.unpack_from("<QQQQ", e)
            data = b""
            if n and not flags & DISCARD:
                data = f.read(n * size)
            if flags & FLUSH:
                out.append(("F", 0, b""))
            if flags & DISCARD:
                out.append(("D", sector, n * size))
            elif data:
                out.append(("W", sector, data))
            if flags & FUA:
                out.append(("F", 0, b""))
    return out


class File:
    def __init__(self, path):
        self.writes, self.holes, self.now, self.size = {}, set(), {}, 0
        self.paths = {path}     # its names now
        self.promise = None     # ({sector: seq}, sectors or -(at least so many)) until the next change
        self.where = set()      # with a promise: one of these names has it
        self.sure = set()       # names of before the promise
        self.least = 0          # sectors that it has at least under a name that it took from another
        self.kept = set()       # sectors that were promised once, whatever was written there since


class Model:
    """What the marks say: operations begun, promises made."""

    def __init__(self):
        self.files = {}         # fid -> File
        self.path = {}          # path -> fid, as the running system has it
        self.ever = {}          # path -> fids that have had it
        self.may = set()        # paths that may be there
        self.either = {}        # path -> {fid: promise or None}: one of these files is there, whole
        self.pairs = []         # (path, fid, path, fid): both or neither have changed places
        self.marks = 0
        self.between = False    # files renamed between directories since the last sync
        self.moved = False      # directories too
        self.moves = []         # (old, new) of directories since the last sync: names below may be under the old one

    def promise(self, f, path, now=None, size=None):
        f.promise = (dict(f.now) if now is None else now, f.size if size is None else size)
        f.kept.update(f.promise[0])
        f.where = set(f.paths) if path is None else {path}
        f.sure = set(f.where)

    def promise_data(self, f, now=None, size=None):
        """fdatasync, O_DSYNC: the contents, under any name that it may have. A new file's only name comes with them."""
        f.promise = (dict(f.now) if now is None else now, f.size if size is None else size)
        f.kept.update(f.promise[0])
        f.where |= f.paths
        if len(f.where) == 1:
            f.sure = set(f.where)

    def settle(self, path):
        self.either.pop(path, None)
        self.pairs = [p for p in self.pairs if path not in (p[0], p[2])]

    def gains(self, fid, path):
        f = self.files[fid]
        f.paths.add(path)
        f.where.add(path)
        self.path[path] = fid
        self.ever.setdefault(path, set()).add(fid)
        self.may.add(path)

    def loses(self, fid, path):
        f = self.files[fid]
        f.paths.discard(path)
        f.sure.discard(path)
        f.where |= f.paths
        if self.path.get(path) == fid:
            del self.path[path]

    def durable(self, w):
        if w[1] == "S":
            for fid, f in self.files.items():
                if f.paths:
                    self.promise(f, None)
            self.either, self.pairs, self.may = {}, [], set(self.path)
            self.between, self.moved, self.moves = False, False, []
        elif w[1] == "F":
            self.promise(self.files[int(w[2])], w[3])
            self.settle(w[3])
        elif w[1] == "f":
            self.promise_data(self.files[int(w[2])])
        elif w[1] == "N":
            f, new, old = self.files[int(w[2])], w[3], w[4]
            if f.promise:
                f.where, f.sure = {new}, {new}
            self.settle(new)
            if os.path.dirname(new) == os.path.dirname(old) and old not in self.path:
                self.may.discard(old)
        elif w[1] in "Oo":
            # They promise what this write wrote, and that the file reaches so far.
            f, at, n = self.files[int(w[2])], int(w[4]), int(w[5])
            now, size = {i: s for i, s in f.now.items() if at <= i < at + n}, -(at + n)
            if w[1] == "O":
                self.promise(f, None, now, size)
            else:
                self.promise_data(f, now, size)

    def replaced(self, fid, path, by):
        """by takes path from fid."""
        o = self.files[fid]
        sure = path in o.sure
        self.loses(fid, path)
        old = self.either.get(path)
        if old is None and o.promise and sure:
            old = {fid: o.promise}
        if old is not None:
            self.either[path] = dict(old)
            self.either[path][by] = None
            self.files[by].least = self.files[by].size
        if not o.paths:
            o.promise = None

    def mark(self, text):
        w = text.split()
        self.marks += 1
        if w[0] == "D":
            self.durable(w)
            return
        op = w[1]
        if op == "C":
            self.files[int(w[2])] = File(w[3])
            self.settle(w[3])
            self.gains(int(w[2]), w[3])
        elif op == "W":
            f, at, n, seq = self.files[int(w[2])], int(w[4]), int(w[5]), int(w[6])
            f.promise = None
            f.holes |= set(range(f.size, at))
            for i in range(at, at + n):
                f.writes.setdefault(i, set()).add(seq)
                f.now[i] = seq
            f.size = max(f.size, at + n)
            self.touched(int(w[2]))
        elif op == "T":
            f, n = self.files[int(w[2])], int(w[4])
            f.promise, f.least = None, min(f.least, n)
            # Zeros from the new end on: up to the end of a block, and where it grows.
            f.holes |= set(range(min(n, f.size), max(n, f.size) + 8))
            for i in [i for i in f.now if i >= n]:
                del f.now[i]
            f.kept = {i for i in f.kept if i < n}
            f.size = n
            self.touched(int(w[2]))
        elif op == "R":
            fid, old, new = int(w[2]), w[3], w[4]
            over = self.path.get(new)
            self.between |= os.path.dirname(old) != os.path.dirname(new)
            self.settle(old)
            if over is None:
                self.settle(new)
            else:
                self.pairs = [p for p in self.pairs if new not in (p[0], p[2])]
                self.replaced(over, new, fid)
                if os.path.dirname(old) == os.path.dirname(new):
                    self.ever[old].add(over)    # it gets the other's name, and ends there
            self.gains(fid, new)
            self.loses(fid, old)
        elif op == "L":
            self.settle(w[4])
            self.gains(int(w[2]), w[4])
        elif op == "U":
            fid = int(w[2])
            self.settle(w[3])
            self.loses(fid, w[3])
            if not self.files[fid].paths:
                self.files[fid].promise = None
        elif op == "X":
            self.exchange(int(w[2]), w[3], int(w[4]), w[5])
        elif op == "V":
            self.move(w[2], w[3])

    def touched(self, fid):
        """Its contents may be old or new: a name that it is to have by now has some of it."""
        for cand in self.either.values():
            if cand.get(fid) is not None:
                cand[fid] = None

    def exchange(self, a, pa, b, pb):
        for fid, p in ((a, pa), (b, pb)):
            self.settle(p)
        if os.path.dirname(pa) != os.path.dirname(pb):
            self.between = True
        elif all(self.files[f].promise and p in self.files[f].sure for f, p in ((a, pa), (b, pb))):
            self.pairs.append((pa, a, pb, b))
        self.loses(a, pa)
        self.loses(b, pb)
        self.gains(a, pb)
        self.gains(b, pa)

    def move(self, old, new):
        self.moved |= os.path.dirname(old) != os.path.dirname(new)
        self.pairs = []
        self.moves.append((old, new))
        for p in [p for p in list(self.path) if p.startswith(old + "/")]:
            fid, to = self.path[p], new + p[len(old):]
            self.settle(p)
            self.gains(fid, to)
            self.loses(fid, p)
        # What is on the disk only moves too.
        for p in [p for p in self.may if p.startswith(old + "/")]:
            to = new + p[len(old):]
            self.may.add(to)
            self.ever.setdefault(to, set()).update(self.ever.get(p, ()))
            for f in self.files.values():
                if p in f.where:
                    f.where.add(to)


    def names(self, path):
        """What a path of the disk may be called since: directories above it may have moved."""
        out = [path]
        for old, new in self.moves:
            out += [new + p[len(old):] for p in out if p.startswith(old + "/")]
        return out


def pattern(fid, sector, seq):
    base = fid * 2654435761 + sector * 40503 + seq * 97
    return struct.pack("<128I", MAGIC, fid, sector, seq, *[(base + k) & 0xffffffff for k in range(4, 128)])


def check_file(m, path, data, problems, block):
    """Only what was written there. Whose it is, None if it is empty or a hole."""
    fid = None
    free = not m.marks          # a crowd: what a file says of itself
    zeros = set()
    for i in range(0, len(data), 512):
        s = data[i:i + 512]
        n = i // 512
        if not any(s):
            if free or fid is not None and n not in m.files[fid].holes:
                zeros.add(n)
            continue
        if len(s) != 512:
            problems.append(f"{path}: {len(data)} bytes")
            continue
        magic, f, at, seq = struct.unpack_from("<4I", s)
        if magic != MAGIC or s != pattern(f, at, seq) or not free and f not in m.files:
            problems.append(f"{path}: sector {n} holds what was never written")
            continue
        if fid is None:
            fid = f
        if f != fid:
            problems.append(f"{path}: sector {n} is of file {f}, not {fid}")
        elif at != n or not free and seq not in m.files[f].writes.get(n, ()):
            problems.append(f"{path}: sector {n} holds sector {at} of write {seq}")
    last = (len(data) - 1) // block * block
    for n in sorted(zeros):
        first = n * 512 // block * block
        kept = set() if free else m.files[fid].kept.intersection(range(first // 512, (first + block) // 512))
        # The size goes with the last block's pointer: where no file has holes, that block is there.
        if any(data[first:first + block]) or kept or free and first == last:
            problems.append(f"{path}: sector {n} reads as zeros, and was no hole")
    return fid


def differs(fid, promise, data):
    now, size = promise
    if len(data) != size * 512 if size >= 0 else len(data) < -size * 512:
        return f"was promised with {size} sectors and has {len(data) / 512}"
    for i, seq in now.items():
        if data[i * 512:(i + 1) * 512] != pattern(fid, i, seq):
            return f"sector {i} of write {seq} was promised, not {struct.unpack_from('<4I', data, i * 512)[1:]}"
    return None


def check_promises(m, found, whose, problems):
    invented = [p for p in found if INVENTED.match(os.path.basename(p))]
    for fid, f in m.files.items():
        if not f.promise:
            continue
        why = "is not there"
        for p in list(f.where) + invented:
            if p in found:
                why = differs(fid, f.promise, found[p])
                if not why:
                    break
        if why:
            problems.append(f"file {fid}, one of {sorted(f.where)}: {why}")
    for path, cand in m.either.items():
        if path not in found:
            problems.append(f"{path}: neither the old file nor the new one is there ({sorted(cand)})")
            continue
        fid = whose[path]
        if fid is None:
            ok = [c for c in cand if cand[c] is None and not m.files[c].least or cand[c] and not cand[c][1]]
            if len(found[path]) == 0 and not ok:
                problems.append(f"{path}: is empty, which none of {sorted(cand)} was")
        elif fid not in cand:
            problems.append(f"{path}: is file {fid}, not one of {sorted(cand)}")
        elif cand[fid] and differs(fid, cand[fid], found[path]):
            problems.append(f"{path}: the old file {fid}: {differs(fid, cand[fid], found[path])}")
    for pa, a, pb, b in m.pairs:
        got = [whose.get(pa), whose.get(pb)]
        if None not in got and got not in ([a, b], [b, a]):
            problems.append(f"{pa} and {pb} are files {got}, not {a} and {b} in either order")


def check_state(img, m, work, problems, block):
    r = subprocess.run(["e2fsck", "-fy", img], stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    text = r.stdout.decode(errors="replace")
    if r.returncode not in (0, 1):
        problems.append(f"e2fsck ended with {r.returncode}")
    golden = GOLDEN + MOVED if m.moved or not m.marks else GOLDEN
    for line in text.splitlines():
        if not any(g.search(line) for g in golden):
            problems.append("e2fsck: " + line)
        t = LINKS.search(line)
        if t and int(t[1]) < int(t[2]):
            problems.append("link count too low: " + line)
    out = os.path.join(work, "out")
    shutil.rmtree(out, ignore_errors=True)
    os.mkdir(out)
    subprocess.run(["debugfs", "-R", f"rdump / {out}", img], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    found, whose = {}, {}
    for root, _dirs, names in os.walk(out):
        for n in names:
            p = os.path.join(root, n)
            path = p[len(out):]
            if os.path.islink(p):
                continue
            with open(p, "rb") as f:
                data = f.read()
            fid = check_file(m, path, data, problems, block)
            called = m.names(path)
            for c in called:
                if c not in found or c == path:
                    found[c], whose[c] = data, fid
            if path.startswith("/lost+found/"):
                problems.append("lost+found holds " + n)
            elif not m.marks:
                pass
            elif INVENTED.match(n):
                if not m.between:
                    problems.append(f"{path}: no rename between directories is under way")
            elif not MANY.match(n):
                if not any(c in m.may for c in called):
                    problems.append(f"{path}: nobody made it, or it was gone for good")
                elif fid is not None and not any(fid in m.ever.get(c, ()) for c in called):
                    problems.append(f"{path}: is file {fid}, which never had this name")
    if os.listdir(out + "/lost+found") if os.path.isdir(out + "/lost+found") else True:
        problems.append("lost+found is not there or not empty")
    check_promises(m, found, whose, problems)


def apply(img, e):
    kind, sector, data = e
    if sector * 512 < FS_MIB << 20:
        if kind == "W":
            img[sector * 512:sector * 512 + len(data)] = data
        else:
            img[sector * 512:sector * 512 + data] = bytes(data)


def some_of(rng, writes):
    """Of the writes that no flush followed: which sectors made it, in which order."""
    how = rng.randrange(5)
    if how == 0:
        return writes
    if how == 1:
        return []
    if how == 2:
        return writes[:rng.randrange(len(writes) + 1)]
    out = []
    keep = rng.choice((0.1, 0.5, 0.5, 0.9))
    for kind, sector, data in writes:
        if kind == "D" or rng.random() < 0.3:
            if rng.random() < keep:
                out.append((kind, sector, data))
            continue
        for i in range(0, len(data), 512):
            if rng.random() < keep:
                out.append(("W", sector + i // 512, data[i:i + 512]))
    if how == 4:
        rng.shuffle(out)
    return out


def check_run(args, work, start, log, seed, say):
    rng = random.Random(seed)
    entries = read_log(log)
    flushes = [i for i, e in enumerate(entries) if e[0] == "F"]
    chosen = set(rng.sample(flushes, min(args.states or len(flushes), len(flushes))))
    with open(start, "rb") as f:
        img = bytearray(f.read(FS_MIB << 20))
    path = os.path.join(work, "state.img")
    m, bad, states, number = Model(), 0, 0, 0
    since = []
    for i, e in enumerate(entries):
        if e[0] == "W" and e[1] * 512 == MARK:
            # Marks are waited for: the moment of a mark is before everything that follows it.
            m.mark(e[2][8:512].split(b"\0")[0].decode())
        elif e[0] != "F":
            since.append(e)
        if e[0] != "F":
            continue
        number += 1
        # Just before this flush: all since the last one is on its way.
        choices = [] if i not in chosen else [some_of(rng, since)] if args.states else [[], some_of(rng, since)]
        for choice in choices:
            state = bytearray(img)
            for w in choice:
                apply(state, w)
            with open(path, "wb") as f:
                f.write(state)
            problems = []
            check_state(path, m, work, problems, shape(args, seed)[0])
            states += 1
            if problems:
                bad += 1
                say(f"seed {seed}, before flush {number} (mark {m.marks}, {len(choice)} of {len(since)} writes): "
                    + "; ".join(problems[:args.show]))
                if args.keep:
                    with open(os.path.join(args.keep, f"bad-{seed}-{number}-{states}.img"), "wb") as f:
                        f.write(state)
                if bad >= args.stop:
                    return states, bad, number
        for w in since:
            apply(img, w)
        since = []
    return states, bad, len(flushes)


def one_seed(args, cpio, seed):
    """(line, went well)"""
    t, said = time.time(), []
    shm = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    with tempfile.TemporaryDirectory(dir=shm) as work:
        try:
            start, log = record(args, work, cpio, seed)
            states, bad, flushes = check_run(args, work, start, log, seed, said.append)
            if args.keep:
                shutil.copyfile(log, os.path.join(args.keep, f"log-{seed}"))
            why = said[0] if bad else f"{states} states of {flushes} flushes, {time.time() - t:.0f} s" if states else "no flush"
            bad = bad or not states
        except (RuntimeError, subprocess.SubprocessError, AssertionError, OSError) as e:
            bad, why = 1, f"{type(e).__name__}: {e}"
    block, inode, index, smp = shape(args, seed)
    name = f"seed-{seed}-{block}-{inode}{'-index' if index else ''}-{smp}cpu"
    return f"{'not ok' if bad else 'ok'} {name}: {why}", said[1:], not bad


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("--seeds", default="1-5")
    ap.add_argument("--states", type=int, default=40, help="of each seed; 0: two for each flush")
    ap.add_argument("--ops", type=int, default=120)
    ap.add_argument("--crowd", type=int, default=0)
    ap.add_argument("--jobs", type=int, default=os.cpu_count())
    ap.add_argument("--dirs", action="store_true")
    ap.add_argument("--block", type=int)
    ap.add_argument("--inode", type=int)
    ap.add_argument("--smp", type=int)
    ap.add_argument("--timeout", type=int, default=120)
    ap.add_argument("--stop", type=int, default=3, help="bad states after which a seed is given up")
    ap.add_argument("--show", type=int, default=4, help="problems of a state that are printed")
    ap.add_argument("--kernel", default=os.path.join(TOP, "build/keel.elf"))
    ap.add_argument("--keep", help="folder for images of bad states and the logs")
    args = ap.parse_args()
    args.logs = os.path.join(TOP, "build/logs")
    os.makedirs(args.logs, exist_ok=True)
    first, _, last = args.seeds.partition("-")
    failed = 0
    with tempfile.TemporaryDirectory() as work:
        cpio = build(work)
        with concurrent.futures.ProcessPoolExecutor(args.jobs) as pool:
            runs = [pool.submit(one_seed, args, cpio, s) for s in range(int(first), int(last or first) + 1)]
            for r in concurrent.futures.as_completed(runs):
                line, more, ok = r.result()
                failed += not ok
                print("\n    ".join([line] + more), flush=True)
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()

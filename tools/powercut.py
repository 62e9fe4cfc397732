#!/usr/bin/env python3
# SPDX-License-Identifier: MPL-2.0
"""Power cuts on ext2: run test/powercut/work.c in QEMU with all writes recorded (driver blklogwrites), build
states that the disk could have been left in, and check each.

  tools/powercut.py [--seeds 1-20] [--states 40] [--ops 120] [--block 4096] [--kernel build/keel.elf] [--keep DIR]

A state is: everything up to a flush, and of the writes between it and the next one all, none, a prefix, or a
random choice by sector. Checks: e2fsck -fy ends with 0 or 1 and names only problems of GOLDEN; lost+found is
empty; each sector of each file is one that was written there (or a hole that was one); what was promised
durable and not touched since is there."""
import argparse
import os
import random
import re
import shutil
import struct
import subprocess
import sys
import tempfile
import time

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
FS_MIB, DISK_MIB, MARK = 24, 32, 28 << 20
FLUSH, FUA, DISCARD = 1, 2, 4

# What a cut may leave: counts, bitmaps, inodes without links; names of inodes that never came to be.
GOLDEN = [
    r"^Pass \d", r"^$", r"^e2fsck ", r"was not cleanly unmounted", r"FILE SYSTEM WAS MODIFIED", r"files \(.*blocks$",
    r"Free (blocks|inodes) count wrong", r"(Block|Inode) bitmap differences", r"Directories count wrong", r"^Fix\? yes",
    r"Padding at end", r"[Dd]eleted inode \d+ has zero dtime", r"Inode \d+ ref count is \d+, should be \d+",
    r"Unattached zero-length inode \d+", r"has deleted/unused inode \d+",
    r"Unattached inode \d+", r"Connect to /lost\+found\? yes",        # what lies there is looked at
]
TROUBLE = re.compile(r"ref count is (\d+), should be (\d+)")


def build(work):
    binary = os.path.join(work, "init")
    subprocess.run(["musl-gcc", "-static", "-O1", "-o", binary, os.path.join(TOP, "test/powercut/work.c")], check=True)
    cpio = os.path.join(work, "cut.cpio")
    names = "init\n"
    with open(cpio, "wb") as out:
        subprocess.run(["cpio", "-o", "-H", "newc", "--quiet"], input=names.encode(), stdout=out, cwd=work, check=True)
    return cpio


def record(args, work, cpio, seed):
    img, log = os.path.join(work, "disk.img"), os.path.join(work, "log.img")
    for p in (img, log):
        if os.path.exists(p):
            os.unlink(p)
    with open(img, "wb") as f:
        f.truncate(DISK_MIB << 20)
    subprocess.run(["mke2fs", "-q", "-F", "-t", "ext2", "-b", str(args.block), "-I", str(args.inode), img,
                    str((FS_MIB << 20) // args.block)], check=True, stderr=subprocess.DEVNULL)
    start = os.path.join(work, "start.img")
    shutil.copyfile(img, start)
    open(log, "wb").close()
    cmd = ["qemu-system-x86_64", "-M", "q35", "-cpu", "max", "-m", "256", "-smp", str(args.smp), "-nographic", "-no-reboot",
           "-kernel", args.kernel, "-initrd", cpio,
           "-append", f"console=ttyS0 rdinit=/init seed={seed} ops={args.ops}",
           "-blockdev", f"driver=file,node-name=data,filename={img}", "-blockdev", f"driver=file,node-name=logf,filename={log}",
           "-blockdev", "driver=blklogwrites,node-name=rec,file=data,log=logf,log-sector-size=512",
           "-device", "virtio-blk-pci,drive=rec"]
    r = subprocess.run(cmd, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=args.timeout)
    text = r.stdout.decode(errors="replace")
    if "POWERCUT-DONE" not in text:
        raise SystemExit(f"seed {seed}: the workload failed:\n" + "\n".join(text.splitlines()[-15:]))
    if re.search(r"EXT2-fs error|BUG|KASAN", text):
        raise SystemExit(f"seed {seed}: the kernel complained:\n" + "\n".join(text.splitlines()[-15:]))
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


class Model:
    """What the marks say: operations begun, promises made."""

    def __init__(self):
        self.writes = {}        # fid -> {sector: set of seq}
        self.holes = {}         # fid -> sectors that may read as zeros
        self.size = {}          # fid -> sectors now
        self.now = {}           # fid -> {sector: seq}
        self.path = {}          # path -> fid
        self.durable = {}       # fid -> (path, {sector: seq}, size), until the next operation on it
        self.marks = 0
        self.replaced = set()   # by a rename

    def touch(self, fid):
        self.durable.pop(fid, None)

    def promise(self, fid, path):
        self.durable[fid] = (path, dict(self.now[fid]), self.size[fid])

    def mark(self, text):
        w = text.split()
        self.marks += 1
        if w[0] == "D":
            if w[1] == "S":
                for path, fid in self.path.items():
                    self.promise(fid, path)
            elif w[1] == "F":
                self.promise(int(w[2]), w[3])
            elif w[1] == "O":
                # O_SYNC promises what this write wrote, and that the file reaches so far.
                fid, at, n = int(w[2]), int(w[4]), int(w[5])
                now = {i: s for i, s in self.now[fid].items() if at <= i < at + n}
                self.durable[fid] = (w[3], now, -(at + n))
            return
        op = w[1]
        if op == "C":
            fid = int(w[2])
            self.path[w[3]] = fid
            self.writes[fid], self.holes[fid], self.now[fid], self.size[fid] = {}, set(), {}, 0
        elif op == "W":
            fid, at, n, seq = int(w[2]), int(w[4]), int(w[5]), int(w[6])
            self.touch(fid)
            self.holes[fid] |= set(range(self.size[fid], at))
            for i in range(at, at + n):
                self.writes[fid].setdefault(i, set()).add(seq)
                self.now[fid][i] = seq
            self.size[fid] = max(self.size[fid], at + n)
        elif op == "T":
            fid, n = int(w[2]), int(w[4])
            self.touch(fid)
            # Zeros from the new end on: up to the end of a block, and where it grows.
            self.holes[fid] |= set(range(min(n, self.size[fid]), max(n, self.size[fid]) + 8))
            for i in [i for i in self.now[fid] if i >= n]:
                del self.now[fid][i]
            self.size[fid] = n
        elif op == "R":
            fid = int(w[2])
            self.touch(fid)
            over = self.path.get(w[4])
            if over is not None:
                self.touch(over)
                self.replaced.add(over)
            self.path.pop(w[3], None)
            self.path[w[4]] = fid
        elif op == "U":
            self.touch(int(w[2]))
            self.path.pop(w[3], None)

    def copy(self):
        m = Model()
        m.writes = {f: {i: set(s) for i, s in d.items()} for f, d in self.writes.items()}
        m.holes = {f: set(s) for f, s in self.holes.items()}
        m.durable = dict(self.durable)
        m.marks = self.marks
        m.replaced = set(self.replaced)
        return m


def pattern(fid, sector, seq):
    base = fid * 2654435761 + sector * 40503 + seq * 97
    return struct.pack("<128I", 0x4c45454b, fid, sector, seq, *[(base + k) & 0xffffffff for k in range(4, 128)])


def check_file(m, path, data, problems):
    if len(data) == 0:
        return None
    fid = None
    for i in range(0, len(data), 512):
        s = data[i:i + 512]
        n = i // 512
        if not any(s):
            if fid is not None and n not in m.holes.get(fid, ()):
                problems.append(f"{path}: sector {n} reads as zeros, and was no hole")
            continue
        magic, f, at, seq = struct.unpack_from("<4I", s)
        if magic != 0x4c45454b or len(s) != 512 or s != pattern(f, at, seq):
            problems.append(f"{path}: sector {n} holds what was never written")
            continue
        if fid is None:
            fid = f
        if f != fid:
            problems.append(f"{path}: sector {n} is of file {f}, not {fid}")
        elif at != n or seq not in m.writes.get(f, {}).get(n, ()):
            problems.append(f"{path}: sector {n} holds sector {at} of write {seq}")
    return fid


def check_state(img, m, work, problems):
    r = subprocess.run(["e2fsck", "-fy", img], stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    text = r.stdout.decode(errors="replace")
    if r.returncode not in (0, 1):
        problems.append(f"e2fsck ended with {r.returncode}")
    for line in text.splitlines():
        if not any(re.search(g, line) for g in GOLDEN):
            problems.append("e2fsck: " + line)
        t = TROUBLE.search(line)
        if t and int(t.group(1)) < int(t.group(2)):
            problems.append("link count too low: " + line)
    out = os.path.join(work, "out")
    shutil.rmtree(out, ignore_errors=True)
    os.mkdir(out)
    subprocess.run(["debugfs", "-R", f"rdump / {out}", img], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    lost = out + "/lost+found"
    for n in os.listdir(lost) if os.path.isdir(lost) else []:
        # A file that a rename replaced, between the two: the one thing a cut may leave there.
        with open(os.path.join(lost, n), "rb") as f:
            if check_file(m, n, f.read(), problems) not in m.replaced:
                problems.append("lost+found holds " + n)
    for root, _dirs, names in os.walk(out):
        for n in names:
            p = os.path.join(root, n)
            if os.path.isfile(p) and not os.path.islink(p):
                with open(p, "rb") as f:
                    check_file(m, p[len(out):], f.read(), problems)
    for fid, (path, now, size) in m.durable.items():
        try:
            with open(out + path, "rb") as f:
                data = f.read()
        except OSError:
            problems.append(f"{path}: was promised and is not there")
            continue
        if len(data) != size * 512 if size >= 0 else len(data) < -size * 512:
            problems.append(f"{path}: was promised with {size} sectors and has {len(data) / 512}")
            continue
        for i, seq in now.items():
            if data[i * 512:(i + 1) * 512] != pattern(fid, i, seq):
                got = struct.unpack_from("<4I", data, i * 512)
                problems.append(f"{path}: sector {i} of write {seq} was promised, not {got[1:]}")
                break


def apply(img, e):
    kind, sector, data = e
    if kind == "W" and sector * 512 < FS_MIB << 20:
        img[sector * 512:sector * 512 + len(data)] = data
    elif kind == "D" and sector * 512 < FS_MIB << 20:
        img[sector * 512:sector * 512 + data] = bytes(data)


def some_of(rng, writes):
    """Of the writes that no flush followed: which sectors made it."""
    how = rng.randrange(4)
    if how == 0:
        return writes
    if how == 1:
        return []
    if how == 2:
        return writes[:rng.randrange(len(writes) + 1)]
    out = []
    for kind, sector, data in writes:
        if kind == "D" or rng.random() < 0.3:
            out.append((kind, sector, data))
            continue
        for i in range(0, len(data), 512):
            if rng.random() < 0.5:
                out.append(("W", sector + i // 512, data[i:i + 512]))
    rng.shuffle(out)
    return out


def check_run(args, work, start, log, seed):
    rng = random.Random(seed)
    entries = read_log(log)
    flushes = [i for i, e in enumerate(entries) if e[0] == "F"]
    chosen = set(rng.sample(flushes, min(args.states, len(flushes))))
    with open(start, "rb") as f:
        img = bytearray(f.read(FS_MIB << 20))
    m, bad, states = Model(), 0, 0
    since = []
    for i, e in enumerate(entries):
        if e[0] == "W" and e[1] * 512 == MARK:
            # Marks are waited for: the moment of a mark is before everything that follows it.
            m.mark(e[2][8:512].split(b"\0")[0].decode())
        elif e[0] != "F":
            since.append(e)
        if e[0] != "F":
            continue
        if i in chosen:
            # Just before this flush: all since the last one is on its way.
            state = bytearray(img)
            for w in some_of(rng, since):
                apply(state, w)
            path = os.path.join(work, "state.img")
            with open(path, "wb") as f:
                f.write(state)
            problems = []
            check_state(path, m, work, problems)
            states += 1
            if problems:
                bad += 1
                print(f"seed {seed}, before flush {flushes.index(i)} (mark {m.marks}):")
                for p in problems[:12]:
                    print("   ", p)
                if args.keep:
                    with open(os.path.join(args.keep, f"bad-{seed}-{i}.img"), "wb") as f:
                        f.write(state)
                if bad >= args.stop:
                    break
        for w in since:
            apply(img, w)
        since = []
    return states, bad, len(flushes)


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("--seeds", default="1-5")
    ap.add_argument("--states", type=int, default=40)
    ap.add_argument("--ops", type=int, default=120)
    ap.add_argument("--block", type=int, default=4096)
    ap.add_argument("--inode", type=int, default=256)
    ap.add_argument("--smp", type=int, default=2)
    ap.add_argument("--timeout", type=int, default=180)
    ap.add_argument("--stop", type=int, default=5)
    ap.add_argument("--kernel", default=os.path.join(TOP, "build/keel.elf"))
    ap.add_argument("--keep")
    args = ap.parse_args()
    first, _, last = args.seeds.partition("-")
    failed = 0
    with tempfile.TemporaryDirectory() as work:
        cpio = build(work)
        for seed in range(int(first), int(last or first) + 1):
            t = time.time()
            start, log = record(args, work, cpio, seed)
            states, bad, flushes = check_run(args, work, start, log, seed)
            failed += bad
            print(f"seed {seed}: {states} states of {flushes} flushes, {bad} bad, {time.time() - t:.0f} s", flush=True)
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()

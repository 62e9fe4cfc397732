#!/usr/bin/env python3
# SPDX-License-Identifier: MPL-2.0
"""Compare include/uapi with the machine's own Linux headers (linux-libc-dev).

Two small programs are generated, compiled and run. One includes our headers and prints the value of
every macro that is an integer and the size and field offsets of every struct; the other prints the
same from the system's headers, for the names that exist there. What both have must be equal.

usage: uapi_test.py [-v]      exit status 1 if anything differs
"""
import os
import re
import subprocess
import sys

TOP = os.path.realpath(os.path.join(os.path.dirname(__file__), "../.."))
OUT = os.path.join(TOP, "build/host/uapi")
UAPI = os.path.join(TOP, "include/uapi/linux")

# Our header: the system's headers that have its names. Default: <linux/NAME>.
HOST = {
    "errno": ["asm/errno.h"], "types": [], "signal": ["asm/signal.h", "asm/siginfo.h", "asm/sigcontext.h", "asm/ucontext.h"],
    "stat": ["asm/stat.h", "linux/stat.h"], "statfs": ["asm/statfs.h"], "mman": ["linux/mman.h"],
    "ioctls": ["asm/termbits.h", "asm/ioctls.h", "asm/sockios.h"], "termios": ["asm/termbits.h", "asm/termios.h"],
    "socket": ["asm/socket.h", "linux/socket.h"], "time": ["linux/time.h"], "timex": ["linux/timex.h"],
    "prctl": ["linux/prctl.h", "asm/prctl.h"], "auxvec": ["linux/auxvec.h"], "elf": ["linux/elf.h", "linux/elf-em.h"],
    "capability": ["linux/capability.h", "linux/securebits.h"], "fs": ["stddef.h", "linux/fs.h"], "eventpoll": ["linux/eventpoll.h"],
    "sched": ["linux/sched.h", "linux/sched/types.h"], "resource": ["linux/resource.h"], "poll": ["asm/poll.h"],
    "ptrace": ["linux/ptrace.h", "asm/ptrace.h"], "in": ["linux/in.h", "linux/in6.h"], "if": ["linux/if.h", "linux/sockios.h"],
    "xattr": ["linux/xattr.h"], "dirent": [], "limits": ["linux/limits.h"], "ipc": ["linux/ipc.h", "asm/ipcbuf.h"],
    "fcntl": ["linux/fcntl.h"], "filter": ["linux/filter.h"], "serial": ["linux/serial.h", "linux/tty.h"],
    "reboot": ["linux/reboot.h"], "nsfs": ["linux/nsfs.h"], "ioctl": ["asm/ioctl.h"], "random": ["linux/random.h"],
    "timerfd": ["linux/timerfd.h"], "uio": ["linux/uio.h"], "utime": ["linux/utime.h"], "pidfd": ["linux/pidfd.h"],
    "un": ["linux/sockios.h", "linux/un.h"], "mount": ["linux/fcntl.h", "linux/mount.h"], "eventfd": ["sys/eventfd.h"], "major": ["linux/major.h"], "mqueue": ["linux/mqueue.h"], "audit": ["linux/audit.h"],
    "swap": ["sys/swap.h"], "rtnetlink": ["linux/rtnetlink.h", "linux/if_link.h", "linux/if_addr.h", "linux/neighbour.h", "linux/fib_rules.h", "linux/netconf.h"],
    "errqueue": ["linux/time.h", "linux/errqueue.h"],
    "in6": ["linux/in6.h", "linux/ipv6.h", "linux/icmpv6.h"],
    "sock_diag": ["linux/types.h", "linux/socket.h", "linux/sock_diag.h", "linux/inet_diag.h", "linux/unix_diag.h", "linux/netlink_diag.h", "linux/packet_diag.h"],
}
# What the first pass did not find (enumerators, names of the C library) is looked for here.
EXTRA = {
    "socket": ["sys/socket.h", "linux/un.h"], "membarrier": ["linux/membarrier.h"], "rseq": ["linux/rseq.h"],
    "fcntl": ["fcntl.h", "unistd.h"], "stat": ["sys/stat.h"], "statfs": ["sys/statvfs.h"], "mount": ["sys/mount.h"],
    "signal": ["linux/signal.h"], "resource": ["linux/ioprio.h"], "elf": ["elf.h"], "termios": ["linux/tty.h"],
    "poll": ["sys/select.h"], "errno": ["errno.h"], "sched": ["sched.h"], "sysinfo": ["linux/sysinfo.h"],
}
# Headers for which there is nothing to compare with, each with the reason.
SKIP = {"types", "dirent"}

# Structs that the system has under another name, or as a typedef.
RENAME = {
    "struct timespec": "struct __kernel_timespec", "struct itimerspec": "struct __kernel_itimerspec",
    "struct timeval": "struct __kernel_old_timeval", "struct itimerval": "struct __kernel_old_itimerval",
    "struct timex": "struct __kernel_timex", "struct iovec": "struct iovec",
    "struct elf64_phdr": "struct elf64_phdr", "struct elf64_dyn": "Elf64_Dyn", "struct elf64_note": "struct elf64_note",
    "struct sigcontext": "struct sigcontext_64", "struct fpstate": "struct _fpstate_64", "struct fpx_sw_bytes": "struct _fpx_sw_bytes",
    "struct ucontext": "struct ucontext", "struct user_regs_struct": None, "struct sockaddr_storage": "struct __kernel_sockaddr_storage",
    "struct sigset_argpack": None, "struct linger": None, "struct ucred": None, "struct user_msghdr": None, "struct mmsghdr": None,
    "struct cmsghdr": None, "struct file_handle": None, "struct sockaddr": None, "struct tms": "struct tms",
}
# Fields that only we name, or name in another way.
FIELD_SKIP = re.compile(r"(^|_)(pad|unused|reserved|spare)|^__|^si_pad0|^si_(bnd|pkey)_pad|^si_perf|^si_trapno|^ss_data|^ss_align|^fpstate$|^val$")
FIELD_RENAME = {
    ("struct elf64_dyn", "d_val"): "d_un.d_val", ("struct statx_timestamp", "tv_sec"): "tv_sec",
    ("struct sigevent", "sigev_tid"): "_sigev_un._tid", ("struct sigevent", "sigev_function"): "_sigev_un._sigev_thread._function",
    ("struct sigevent", "sigev_attribute"): "_sigev_un._sigev_thread._attribute", ("struct sigaction", "sa_handler"): "sa_handler",
    ("struct siginfo", "si_tid"): "_sifields._timer._tid", ("struct fpx_sw_bytes", "xfeatures"): "xfeatures",
    ("struct vfs_ns_cap_data", "permitted"): None, ("struct vfs_ns_cap_data", "inheritable"): None,
    ("struct fpstate", "xmm_space"): "xmm_space", ("struct elf64_hdr", "e_ident"): "e_ident",
}
# Values on which we differ on purpose, each with the reason.
MACRO_SKIP = {
    "NR_OPEN": "old", "RLIM64_INFINITY": "same value, other type", "SOMAXCONN": "in no system header of the kernel",
    "AT_VECTOR_SIZE_ARCH": "6.1: 3 with AT_MINSIGSTKSZ", "MAX_CLOCKS": "", "_NSIG": "x86 headers say 32, the old set",
    "SIGRTMAX": "as above", "PR_SET_PTRACER_ANY": "",
}


def run(cmd, **kw):
    r = subprocess.run(cmd, capture_output=True, text=True, **kw)
    if r.returncode:
        sys.exit(f"{' '.join(cmd)}:\n{r.stdout}{r.stderr}")
    return r.stdout


def macros(header):
    """Names of the macros without arguments that our header itself defines."""
    text = open(os.path.join(UAPI, header + ".h")).read()
    names = re.findall(r"^#define[ \t]+(\w+)[ \t]+(\S.*)$", text, re.M)
    return [n for n, v in names if not n.startswith("UAPI_") and not v.startswith('"')]


def structs(header):
    """(name, fields) of every struct; nested anonymous ones give their fields to the outer one."""
    text = open(os.path.join(UAPI, header + ".h")).read()
    text = re.sub(r"/\*.*?\*/", "", text, flags=re.S)
    out = []
    for m in re.finditer(r"^(?:typedef )?struct (\w+) \{(.*?)^\}", text, re.S | re.M):
        fields = []
        body = m.group(2)
        for decl in re.findall(r"(?:^|[;{}])\s*(?:const )?(?:(?:struct|union) \w+|[A-Za-z_]\w*) ([^;{}()]+)(?=;)", body):
            for part in decl.split(","):
                name = re.match(r"\s*(\w+)", part)
                if name:
                    fields.append(name.group(1))
        # A named member of a nested type hides its fields.
        for nested in re.finditer(r"(?:struct|union) \{([^{}]*)\}\s*(\w+)", body):
            inner = re.findall(r"(\w+)(?:\[[^\]]*\])?\s*[;,]", nested.group(1))
            fields = [f for f in fields if f not in inner] + [nested.group(2)]
        out.append(("struct " + m.group(1), list(dict.fromkeys(fields))))
    return out


def program(lines, includes):
    # stdio's own headers define some of the names, so the C library's functions are declared by hand.
    return "\n".join(["#define _GNU_SOURCE 1"] + [f"#include <{i}>" for i in includes] +
                     ["int printf(const char *, ...);", "int main(void)", "{"] + lines + ["return 0;", "}", ""])


def ask(kind, header, includes, flags, rename):
    lines = []
    for n in macros(header):
        if n not in MACRO_SKIP:
            lines.append(f"#ifdef {n}\nprintf(\"{n} %lld\\n\", (long long)({n}));\n#endif")
    for name, fields in structs(header):
        theirs = RENAME.get(name, name) if rename else name
        if rename and theirs is None:
            continue
        lines.append(f"printf(\"{name} size %zu\\n\", sizeof({theirs}));")
        for f in fields:
            g = FIELD_RENAME.get((name, f), f) if rename else f
            if FIELD_SKIP.search(f) or g is None:
                continue
            lines.append(f"printf(\"{name}.{f} %zu\\n\", __builtin_offsetof({theirs}, {g}));")
    src = os.path.join(OUT, f"{header}.{kind}.c")
    exe = src[:-2]
    with open(src, "w") as f:
        f.write(program(lines, includes))
    r = subprocess.run(["gcc", "-w", "-std=gnu11", *flags, "-o", exe, src], capture_output=True, text=True)
    if r.returncode:
        return None, r.stderr
    return dict(line.rsplit(" ", 1) for line in run([exe]).splitlines()), ""


def ask_again(header, names):
    """Values of macros and enumerators among names, from the EXTRA headers; those that do not exist are dropped."""
    names = [n for n in names if " " not in n and "." not in n]
    src = os.path.join(OUT, f"{header}.extra.c")
    for _ in range(3):
        lines = [f"printf(\"{n} %lld\\n\", (long long)({n}));" for n in names]
        with open(src, "w") as f:
            f.write(program(lines, EXTRA[header]))
        r = subprocess.run(["gcc", "-w", "-std=gnu11", "-fmax-errors=0", "-o", src[:-2], src], capture_output=True, text=True)
        if r.returncode == 0:
            return dict(line.rsplit(" ", 1) for line in run([src[:-2]]).splitlines())
        gone = set(re.findall(r"[‘'](\w+)[’'] undeclared", r.stderr))
        if not gone:
            sys.exit(f"{header}: {r.stderr}")
        names = [n for n in names if n not in gone]
    return {}


def check_syscall_numbers():
    """syscalls.tbl against <asm/unistd_64.h>."""
    table = open(os.path.join(TOP, "arch/x86_64/syscalls.tbl")).read()
    ours = {n: int(v) for v, n in re.findall(r"^(\d+)\s+(\w+)", table, re.M)}
    text = run(["gcc", "-E", "-dM", "-include", "asm/unistd_64.h", "-x", "c", "/dev/null"])
    theirs = {n: int(v) for n, v in re.findall(r"#define __NR_(\w+) (\d+)$", text, re.M)}
    wrong = [n for n in sorted(set(ours) | set(theirs)) if ours.get(n) != theirs.get(n) and theirs.get(n, 0) <= 450]
    for n in wrong:
        print(f"syscalls.tbl: {n} is {ours.get(n)} here and {theirs.get(n)} in the system's headers")
    return len(wrong)


def main():
    verbose = "-v" in sys.argv
    os.makedirs(OUT, exist_ok=True)
    bad = compared = missing = 0
    for name in sorted(f[:-2] for f in os.listdir(UAPI) if f.endswith(".h")):
        if name in SKIP:
            continue
        ours, err = ask("ours", name, [f"uapi/linux/{name}.h"], [f"-I{TOP}/include"], False)
        if ours is None:
            sys.exit(f"{name}: our header does not compile:\n{err}")
        theirs, err = ask("host", name, HOST.get(name, [f"linux/{name}.h"]), [], True)
        if theirs is None:
            print(f"{name}: the comparison does not compile:\n{err}")
            bad += 1
            continue
        if name in EXTRA:
            theirs.update(ask_again(name, [k for k in ours if k not in theirs]))
        for k, v in ours.items():
            if k not in theirs:
                missing += 1
                if verbose:
                    print(f"{name}: {k} is not in the system's headers")
            elif theirs[k] != v:
                print(f"{name}: {k} is {v} here and {theirs[k]} in the system's headers")
                bad += 1
            else:
                compared += 1
    bad += check_syscall_numbers()
    print(f"uapi: {compared} values and offsets equal, {missing} only here, {bad} wrong")
    return bad != 0


if __name__ == "__main__":
    sys.exit(main())

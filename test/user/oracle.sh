#!/bin/sh
# SPDX-License-Identifier: MPL-2.0
# oracle.sh [GLOB[,GLOB]] : runs build/user.cpio on a Linux kernel in QEMU, for who writes tests.
# KERNEL=vmlinuz, SMP=n, MEM=m, TIMEOUT=seconds, APPEND=... choose. `make test-oracle` is the real one.
top=$(cd "$(dirname "$0")/../.." && pwd)
k=${KERNEL:-$(ls "$top"/build/oracle/x/boot/vmlinuz-* "$top"/build/deps/oracle/boot/vmlinuz-* 2>/dev/null | head -1)}
exec timeout "${TIMEOUT:-300}" nice -n 5 qemu-system-x86_64 -M q35 -cpu max -accel tcg,thread=multi \
	-smp "${SMP:-2}" -m "${MEM:-512}" -nographic -no-reboot -kernel "$k" \
	-initrd "${CPIO:-$top/build/user.cpio}" \
	-append "console=ttyS0 rdinit=/test/run quiet loglevel=1 panic=-1 ${1:+test=$1} $APPEND" </dev/null

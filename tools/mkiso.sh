#!/bin/sh
# SPDX-License-Identifier: MPL-2.0
# mkiso.sh OUT KERNEL INITRAMFS [APPEND...]: a GRUB image that boots on BIOS and on UEFI. Further
# words replace the default command line; GFXPAYLOAD=text or a mode chooses the display.
set -e
out=$1 kernel=$2 initramfs=$3
shift 3
d=$(mktemp -d)
trap 'rm -rf "$d"' EXIT
mkdir -p "$d/boot/grub"
cp "$kernel" "$d/boot/keel.elf"
cp "$initramfs" "$d/boot/initramfs.cpio.gz"
cp boot/grub/grub.cfg "$d/boot/grub/grub.cfg"
if [ $# -gt 0 ]; then
	printf "set keel_append='%s'\n" "$*" >"$d/boot/append.cfg"
fi
if [ -n "$GFXPAYLOAD" ]; then
	printf "set keel_gfx='%s'\n" "$GFXPAYLOAD" >>"$d/boot/append.cfg"
fi
grub-mkrescue --compress=xz -o "$out.tmp" "$d" >"$out.log" 2>&1 || { cat "$out.log"; exit 1; }
mv "$out.tmp" "$out"

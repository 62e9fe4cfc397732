#!/bin/sh
# SPDX-License-Identifier: MPL-2.0
# mkcpio.sh BUILT OUTPUT TEST...: packs the built tests into an initramfs whose /init and /test/run
# are the runner. Only the named tests go in, so that a removed test does not linger.
set -e
u=$1; out=$2; shift 2
r=$u/root
rm -rf "$r"
mkdir -p "$r/test/bin" "$r/test/aux" "$r/bin" "$r/lib" "$r/dev" "$r/proc" "$r/sys" "$r/tmp" "$r/etc"
for t in "$@"; do
	mkdir -p "$r/test/bin/${t%/*}"
	ln "$u/bin/$t" "$r/test/bin/$t" 2>/dev/null || cp "$u/bin/$t" "$r/test/bin/$t"
done
cp "$u"/aux/* "$r/test/aux/"
cp "$u/run" "$r/test/run"
for p in stress bench diskerr diskload netload nettap; do
	[ ! -f "$u/$p" ] || cp "$u/$p" "$r/test/$p"
done
cp "$(dirname "$0")/../stress/golden.list" "$r/test/golden.list"
ln -s test/run "$r/init"
cp /lib/ld-musl-x86_64.so.1 "$r/lib/ld-musl-x86_64.so.1" 2>/dev/null ||
	cp /usr/lib/x86_64-linux-musl/libc.so "$r/lib/ld-musl-x86_64.so.1"
if [ -x /bin/busybox ]; then
	cp /bin/busybox "$r/bin/busybox"
	for a in sh cat echo true false ls sleep; do
		ln -s busybox "$r/bin/$a"
	done
fi
cd "$r"
find . | LC_ALL=C sort | cpio -o -H newc -R 0:0 --reproducible --quiet >"$out.tmp"
mv "$out.tmp" "$out"

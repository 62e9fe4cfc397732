#!/bin/bash
# SPDX-License-Identifier: MPL-2.0
# orphans.sh make IMAGE   an ext2 as a driver leaves it that is stopped with files open that have no name, or while it
#                         cuts them: they are on the list of orphans
# orphans.sh check IMAGE  what must be there when it was mounted for writing: e2fsck finds nothing, the others are whole
set -e
img=$2 root=$2.root
PATH=$PATH:/sbin:/usr/sbin
inode() { debugfs -R "stat $1" "$img" 2>/dev/null | sed -n 's/^Inode: \([0-9]*\).*/\1/p'; }
if [ "$1" = make ]; then
	rm -rf "$root" "$img"
	mkdir -p "$root/d"
	for i in 1 2 3; do head -c $((i * i * 100000)) /dev/zero | tr '\0' "$i" >"$root/d/gone$i"; done
	for i in 1 2; do head -c 5000000 /dev/zero | tr '\0' c >"$root/cut$i"; done
	head -c 300000 /dev/urandom >"$root/keep"
	ln -s "$(printf 'x%.0s' $(seq 200))" "$root/d/gonelink"
	mke2fs -q -t ext2 -F -b 1024 -d "$root" "$img" 32M
	next=0
	for f in d/gone1 d/gone2 cut1 d/gone3 cut2 d/gonelink; do
		ino=$(inode $f)
		case $f in
		cut1) echo "sif <$ino> size 70000" ;;
		cut2) echo "sif <$ino> size 0" ;;
		*)	echo "unlink $f"
			echo "sif <$ino> links_count 0" ;;
		esac
		echo "sif <$ino> dtime @$next"
		next=$ino
	done >"$img.cmd"
	echo "ssv last_orphan $next" >>"$img.cmd"
	debugfs -w -f "$img.cmd" "$img" >"$img.out" 2>&1
	dumpe2fs -h "$img" 2>/dev/null | grep -q '^First orphan inode: *[1-9]'
	# It must be wrong before, or nothing is shown.
	! e2fsck -fn "$img" >"$img.out" 2>&1
	exit
fi
e2fsck -fn "$img"
! dumpe2fs -h "$img" 2>/dev/null | grep 'orphan inode'
debugfs -R 'ls -p /d' "$img" 2>/dev/null | { ! grep gone; }
debugfs -R "dump keep $img.out" "$img" 2>/dev/null
cmp "$img.out" "$root/keep"
debugfs -R "dump cut1 $img.out" "$img" 2>/dev/null
cmp "$img.out" <(head -c 70000 "$root/cut1")
[ "$(debugfs -R 'stat cut2' "$img" 2>/dev/null | sed -n 's/.*Blockcount: //p')" = 0 ]
# All that the files without a name had is free: as many blocks as on a disk that never had them.
rm -rf "$root"/d/gone* "$root/cut2"
head -c 70000 "$root/cut1" >"$root/cut" && mv "$root/cut" "$root/cut1" && touch "$root/cut2"
mke2fs -q -t ext2 -F -b 1024 -d "$root" "$img.new" 32M
for i in "$img" "$img.new"; do dumpe2fs -h "$i" 2>/dev/null | grep -E '^Free (blocks|inodes)'; done | sort -u >"$img.out"
[ "$(wc -l <"$img.out")" = 2 ] || { cat "$img.out"; exit 1; }
rm -rf "$root" "$img" "$img".*

#!/bin/bash
# SPDX-License-Identifier: MPL-2.0
# ioerror.sh make NAME RULE...   the disk build/logs/NAME.img of test/disk/errors.c and NAME.conf, blkdebug's rules
# ioerror.sh check NAME [FILE...]  what the guest left: e2fsck repairs it, files that had nothing to do with it are whole
set -e
img=build/logs/$2.img conf=build/logs/$2.conf
PATH=$PATH:/sbin:/usr/sbin
if [ "$1" = make ]; then
	r=build/logs/$2.root
	rm -rf "$r" "$img" "$conf"
	mkdir -p "$r/dir" "$r/other"
	head -c 65536 /dev/zero | tr '\0' v >"$r/victim"
	python3 -c "import sys; sys.stdout.buffer.write(bytes((i * 7 + i // 251) & 255 for i in range(300 * 1024)))" >"$r/bystander"
	echo old >"$r/dir/old"
	echo old >"$r/other/old"
	for i in $(seq -w 0 59); do echo "$i" >"$r/f$i"; done
	mke2fs -q -t ext2 -F -b 4096 -I 256 -d "$r" "$img" 32M
	rule() {	# iotype sector
		printf '[inject-error]\nevent = "none"\niotype = "%s"\nerrno = "5"\nsector = "%s"\nonce = "off"\n\n' "$1" "$2" >>"$conf"
	}
	: >"$conf"
	shift 2
	for what in "$@"; do
		type=write
		case $what in read-*) type=read what=${what#read-} ;; esac
		case $what in
		data) blocks=$(debugfs -R 'blocks /victim' "$img" 2>/dev/null | cut -d' ' -f4) ;;
		dir) blocks=$(debugfs -R 'blocks /dir' "$img" 2>/dev/null) ;;
		table) blocks=$(debugfs -R 'imap /f30' "$img" 2>/dev/null | sed -n 's/.*located at block \([0-9]*\),.*/\1/p') ;;
		fresh) blocks=$(dumpe2fs "$img" 2>/dev/null | sed -n 's/^  Free blocks: //p' | tr ',' '\n' | tr -d ' ' |
			awk -F- 'NF { for (b = $1; b <= (NF > 1 ? $2 : $1); b++) print b }' | head -9000) ;;
		esac
		[ -n "$blocks" ]
		for b in $blocks; do rule $type $((b * 8)); done
	done
	exit
fi
shift 2
status=0
e2fsck -fy "$img" >"$img.fsck" 2>&1 || status=$?
[ $status -le 1 ] || { cat "$img.fsck"; exit 1; }
e2fsck -fn "$img" >/dev/null 2>&1
same() {	# path, what it must be
	debugfs -R "dump $1 $img.out" "$img" 2>/dev/null
	cmp "$img.out" "$2" || { echo "$1 is not whole"; cat "$img.fsck"; exit 1; }
}
same bystander "${img%.img}.root/bystander"
for f in "$@"; do
	case $f in
	nameless) ;;	# a file whose name could not be written may be there
	clean) [ $status = 0 ] || { cat "$img.fsck"; exit 1; } ;;
	other/new) head -c 100000 /dev/zero | tr '\0' x >"$img.want"; same "$f" "$img.want" ;;
	other/same) head -c 5000 /dev/zero | tr '\0' z >"$img.want"; same "$f" "$img.want" ;;
	f01) head -c 5000 /dev/zero | tr '\0' y >"$img.want"; same "$f" "$img.want" ;;
	other/moved) echo old >"$img.want"; same "$f" "$img.want" ;;
	*) same "$f" "${img%.img}.root/$f" ;;
	esac
done
# Nothing that had a name is nameless now.
case " $* " in *" nameless "*) ;; *)
debugfs -R 'ls -p /lost+found' "$img" 2>/dev/null | awk -F/ '$6 != "" && $6 != "." && $6 != ".." { print "lost+found: " $6; bad = 1 } END { exit bad }' ;;
esac
rm -rf "${img%.img}".*

#!/bin/bash
# SPDX-License-Identifier: MPL-2.0
#
# tools/setup.sh run|test|bench|debian: installs what `make run`, `make test`, `make bench` or `make debian`
# needs, and fetches what is never committed into build/deps/. On Debian 12 it works by itself, as root or
# through sudo, and says what it does; elsewhere it says what to install by hand. When all is there it takes a
# moment and prints nothing. It asks the machine's own apt configuration for everything and leaves it alone.
set -u
cd "$(dirname "$0")/.." || exit 1
level=${1:-test}
deps=build/deps

run_packages="gcc make binutils libc6-dev python3 cpio gzip patch musl-tools busybox-static
	qemu-system-x86 ovmf grub-common grub-pc-bin grub-efi-amd64-bin xorriso mtools"
test_packages="clang libclang-rt-14-dev gdb bochs bochsbios e2fsprogs xz-utils bzip2 linux-libc-dev git"
bench_packages="libsqlite3-dev"		# besides those of test
debian_packages="debootstrap e2fsprogs grub-common grub-pc-bin grub-efi-amd64-bin mtools xz-utils"

# A program or file of each package, to look for where there is no dpkg.
by_hand="gcc make ld python3 cpio gzip patch musl-gcc busybox qemu-system-x86_64 grub-mkrescue xorriso mformat"
test_by_hand="clang gdb bochs mke2fs xz bzip2 git"
debian_by_hand="debootstrap mke2fs debugfs grub-mkimage mformat"

if [ "$level" = bench ]; then
	level=test test_packages="$test_packages $bench_packages"
fi

say() { printf 'setup: %s\n' "$*"; }
warn() { printf 'setup: warning: %s\n' "$*" >&2; }
die() { printf 'setup: %s\n' "$*" >&2; exit 1; }

is_debian_12() {
	local release=${KEEL_OS_RELEASE:-/etc/os-release}	# the tests have others
	[ -r "$release" ] && (. "$release"; [ "${ID:-}" = debian ] && [ "${VERSION_ID:-}" = 12 ])
}

as_root() {
	# sudo gives the environment up
	if [ "$(id -u)" = 0 ]; then "$@"; else sudo env DEBIAN_FRONTEND=noninteractive "$@"; fi
}

missing_packages() {
	local want=$1 have
	have=$(dpkg-query -W -f '${db:Status-Status} ${Package}\n' $want 2>/dev/null | sed -n 's/^installed //p')
	for p in $want; do
		grep -qx "$p" <<<"$have" || echo "$p"
	done
}

install_packages() {
	local want=$run_packages missing
	[ "$level" = test ] && want="$want $test_packages"
	[ "$level" = debian ] && want="$want $debian_packages"
	missing=$(missing_packages "$want")
	[ -z "$missing" ] && return 0
	if [ "$(id -u)" != 0 ] && ! command -v sudo >/dev/null; then
		die "these packages are missing and I am neither root nor have sudo; as root run:
  apt-get install --no-install-recommends $(echo $missing)"
	fi
	say "installing with apt-get$([ "$(id -u)" = 0 ] || echo ' through sudo'): $(echo $missing)"
	export DEBIAN_FRONTEND=noninteractive
	local log
	log=$(mktemp)
	if ! as_root apt-get install -y -q --no-install-recommends $missing >"$log" 2>&1; then
		say "the package lists may be old: apt-get update, then once more"
		as_root apt-get update -q >"$log" 2>&1
		as_root apt-get install -y -q --no-install-recommends $missing >"$log" 2>&1 || {
			tail -20 "$log"; rm -f "$log"
			die "apt-get could not install them (above: its last words)"
		}
	fi
	rm -f "$log"
	missing=$(missing_packages "$want")
	[ -z "$missing" ] || die "still missing after installation: $missing"
}

check_by_hand() {
	local want=$by_hand missing=
	[ "$level" = test ] && want="$want $test_by_hand"
	[ "$level" = debian ] && want="$want $debian_by_hand"
	for c in $want; do
		command -v "$c" >/dev/null || missing="$missing $c"
	done
	[ -z "$missing" ] && return 0
	die "this is not Debian 12, so install by hand what provides these commands, then run make again:
 $missing
(on Debian 12 the packages are: $(echo $run_packages $([ "$level" = test ] && echo $test_packages) $([ "$level" = debian ] && echo $debian_packages)))"
}

# A private copy of the machine's package sources with the source entries switched on.
apt_private() {
	local d=$PWD/$deps/apt
	mkdir -p "$d/sources" "$d/lists/partial" "$d/cache/archives/partial"
	for f in /etc/apt/sources.list /etc/apt/sources.list.d/*.list; do
		[ -r "$f" ] && sed -n 's/^deb\(-src\)\{0,1\} /deb-src /p' "$f" | sort -u >"$d/sources/$(basename "$f" .list)-src.list"
	done
	for f in /etc/apt/sources.list.d/*.sources; do
		[ -r "$f" ] && sed 's/^Types:.*/Types: deb-src/' "$f" >"$d/sources/$(basename "$f")"
	done
	apt_options="-q -o Dir::Etc::sourcelist=/dev/null -o Dir::Etc::sourceparts=$d/sources
		-o Dir::State::lists=$d/lists -o Dir::Cache=$d/cache -o APT::Sandbox::User=$(id -un)"
	[ -f "$d/updated" ] || { apt-get $apt_options update >"$d/log" 2>&1 && touch "$d/updated"; }
}

# fetch_source NAME PACKAGE=VERSION SHA256: the upstream archive of a Debian source package, unpacked
# into build/deps/NAME. Pinned by its hash: Debian's own patches are left out.
fetch_source() {
	local name=$1 what=$2 hash=$3 dir=$deps/$1 orig
	[ "$(cat "$dir/.sha256" 2>/dev/null)" = "$hash" ] && return 0
	say "fetching the source of $what into $dir"
	apt_private || { warn "the package mirror gave no source lists: $name is left out"; return 0; }
	rm -rf "$dir" "$dir.dl"
	mkdir -p "$dir.dl"
	(cd "$dir.dl" && apt-get $apt_options source --download-only "$what" >log 2>&1)
	for orig in "$dir.dl"/*.orig.tar.*; do
		case $orig in *.asc) continue ;; esac
		if [ "$(sha256sum "$orig" 2>/dev/null | cut -d' ' -f1)" = "$hash" ]; then
			mkdir -p "$dir"
			tar -xf "$orig" -C "$dir" --strip-components=1 && echo "$hash" >"$dir/.sha256"
		fi
	done
	if [ "$name" = busybox ] && [ -f "$dir/.sha256" ]; then
		# the configuration of the static binary, which the test suite reads
		tar -xf "$dir.dl"/*.debian.tar.* -C "$dir" debian/config/pkg/static 2>/dev/null &&
			cp "$dir/debian/config/pkg/static" "$dir/.config"
	fi
	rm -rf "$dir.dl"
	[ -f "$dir/.sha256" ] || warn "$what could not be fetched, or its hash is not the pinned one: left out"
}

# Debian's kernel, for the oracle and the benchmark: unpacked, never installed.
fetch_linux() {
	[ -e $deps/linux/vmlinuz ] && return 0
	local pkg
	pkg=$(apt-cache depends linux-image-cloud-amd64 2>/dev/null | sed -n 's/.*Depends: \(linux-image-[0-9].*\)/\1/p' | head -1)
	[ -n "$pkg" ] || { warn "apt knows no linux-image-cloud-amd64: no oracle, no benchmark"; return 0; }
	say "fetching Debian's kernel $pkg into $deps/linux (unpacked there, not installed)"
	rm -rf $deps/linux $deps/linux.dl
	mkdir -p $deps/linux.dl
	(cd $deps/linux.dl && apt-get download -q -o APT::Sandbox::User="$(id -un)" "$pkg" >log 2>&1 && dpkg -x ./*.deb x) || {
		warn "$pkg could not be downloaded: no oracle, no benchmark"
		rm -rf $deps/linux.dl
		return 0
	}
	mv $deps/linux.dl/x $deps/linux
	rm -rf $deps/linux.dl
	ln -s boot/"$(basename $deps/linux/boot/vmlinuz-*)" $deps/linux/vmlinuz
}

case $level in run | test | debian) ;; *) die "usage: tools/setup.sh run|test|bench|debian" ;; esac
mkdir -p $deps
exec 9>$deps/.lock
flock 9
if is_debian_12; then
	install_packages
	fetch_source lwip "lwip=2.1.3+dfsg1-2" 0a8276d09fc4e97bbba2f953d74af2388fc2195ea156be9d7589e297a68fde24
	if [ "$level" = test ]; then
		fetch_source busybox "busybox=1:1.35.0-4+deb12u1" faeeb244c35a348a334f4a59e44626ee870fb07b6884d68c10ae8bc19f83a694
		fetch_linux
	fi
else
	check_by_hand
fi
exit 0

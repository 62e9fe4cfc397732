#!/bin/bash
# SPDX-License-Identifier: MPL-2.0
# Headers: each one compiles alone, and twice in one file, with the flags of its layer.
cd "${KEEL_TOP:-$(dirname "$0")/..}" || exit 1
common="-std=gnu11 -ffreestanding -fsyntax-only -Wall -Wextra -Wno-unused-parameter -Wno-sign-compare \
	-Wno-missing-field-initializers -Werror -mgeneral-regs-only -mno-red-zone -mcmodel=kernel -fno-pie \
	-Iinclude -Iarch/x86_64/prelude -Ibuild/gen/include"
one() {
	local h=$1 flags=
	grep -q '^\.macro' "$h" && return 0	# for assembly only
	case $h in
	include/base/* | include/uapi/*) ;;
	include/core/* | arch/* | kernel/core/* | mm/core/*) flags="-Iarch/x86_64/include" ;;
	*) [ -f include/core/prelude.h ] && flags="-include core/prelude.h" ;;
	esac
	if ! out=$(printf '#include "%s"\n#include "%s"\n' "$PWD/$h" "$PWD/$h" |
		gcc $common $flags -I"$(dirname "$h")" -x c - 2>&1); then
		echo "$h does not compile alone:"
		echo "$out" | grep -m3 -E 'error|fatal' | sed 's/^/  /'
		return 1
	fi
}
export -f one
export common
find include arch kernel mm fs net drivers -name '*.h' ! -path '*/vdso_image/*' ! -path 'net/port/*' ! -path 'net/inet/tcp*' 2>/dev/null | LC_ALL=C sort |
	xargs -P "$(nproc)" -I{} bash -c 'one {}' || exit 1

#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Sees to the type information (BTF) of a built module. Debian's headers for 6.1
# have neither vmlinux nor resolve_btfids, so the kernel's build leaves it out with
# one line of notice: the module then loads, says that its functions are
# registered, and no BPF program finds them. This makes it up afterwards.
#
#   btf.sh MODULE KDIR need|auto|none
#
# BTF_BASE   raw BTF of the kernel's vmlinux (default: the running kernel's, if
#            KDIR is of that release)
# need: without type information this fails. auto: it says so and goes on; the
# module does all but lend functions to XDP.
set -eu
export LC_ALL=C PATH=$PATH:/usr/sbin:/sbin
module=$1 kdir=$2 mode=${3:-need}

section() { readelf -SW "$1" | grep -Eq "[] ]$2 +PROGBITS"; }

# An id of the kfuncs that is still 0 was not resolved: set of a count, flags, and
# pairs (id, flags) of 32 bits.
resolved() {
	objcopy --dump-section .BTF_ids="$1.ids" "$1" /dev/null && od -An -tu4 -v -w8 "$1.ids" | awk 'NR > 1 && !$1 { exit 1 }'
	status=$?
	rm -f "$1.ids"
	return $status
}

without() {
	case $mode in
	need)
		echo "btf.sh: $module has no type information: $1" >&2
		echo "btf.sh: XDP programs would not find its functions. BTF=auto builds it all the same." >&2
		exit 1
		;;
	*)
		[ "$mode" = none ] || echo "btf.sh: no type information ($1): the module works, without functions for XDP" >&2
		exit 0
		;;
	esac
}

if section "$module" '\.BTF'; then
	resolved "$module" || without "the ids of its functions were not resolved"
	exit 0
fi
[ "$mode" != none ] || exit 0

base=${BTF_BASE:-}
if [ -z "$base" ] && [ "$(cat "$kdir/include/config/kernel.release" 2>/dev/null)" = "$(uname -r)" ]; then
	base=/sys/kernel/btf/vmlinux
fi
[ -r "$base" ] || without "there is no BTF of that kernel to start from (BTF_BASE=FILE)"
command -v pahole >/dev/null || without "pahole is missing (package dwarves)"
ids=
for candidate in "$kdir/tools/bpf/resolve_btfids/resolve_btfids" /usr/lib/linux-kbuild-*/tools/bpf/resolve_btfids/resolve_btfids \
	${RESOLVE_BTFIDS:-}; do
	[ ! -x "$candidate" ] || ids=$candidate
done
[ -n "$ids" ] || without "resolve_btfids is missing (package linux-kbuild-6.12, or RESOLVE_BTFIDS=FILE)"
pahole -J --btf_gen_floats --btf_base "$base" "$module"
"$ids" -b "$base" "$module"
section "$module" '\.BTF' && resolved "$module" || without "pahole and resolve_btfids left something out"
echo "  BTF     $module"

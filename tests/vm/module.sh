#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# The kernel module in one of Debian's kernels: built against its headers
# without a warning, then its cases (tests/vm/module) in a virtual machine.
#
#   tests/vm/module.sh KERNEL [CASE...]
#
# Needs `make all` to have run. Exit codes are those of run.sh; 1: a case failed.
set -euo pipefail
kernel=${1:?usage: module.sh KERNEL [CASE...]}
shift
cd "$(dirname "$0")/../.."
build=${BUILD:-build}
paths=$(tests/vm/fetch.sh "$kernel")
eval "$paths"

# 6.1 has none of its own; that of a later kernel does as well
ids=$VM_BTFIDS
[ -n "$ids" ] || ids=$(tests/vm/fetch.sh 6.12 | sed -n 's/^VM_BTFIDS=//p')

log=$build/kmod/$kernel.log
mkdir -p "$build/kmod" "$build/tests/vm"
make -C kmod KDIR="$VM_HEADERS" OUT="$PWD/$build/kmod/$kernel" BTF=need BTF_BASE="$VM_BTF" \
	RESOLVE_BTFIDS="$ids" W=1 DEBUG=1 >"$log" 2>&1 || { cat "$log" >&2; exit 1; }
! grep -i warning "$log" >&2 || { echo "FAIL build: the module does not build without warnings" >&2; exit 1; }

. tests/lab/lab.sh
lab_build
for tool in fragments ask; do
	${CC:-cc} -std=gnu11 -O2 -Wall -Wextra -o "$build/tests/vm/$tool" "tests/vm/module/$tool.c"
done
# shellcheck disable=SC2046
${CC:-cc} -std=gnu11 -O2 -Wall -Wextra -Wno-unused-parameter -Iinclude -o "$build/tests/vm/genl" tests/vm/module/genl.c \
	$(pkg-config --cflags --libs libbpf libnl-genl-3.0) -lcmocka
with=()
for file in bash ip bpftool ethtool jq nsenter setsid mountpoint mount sysctl cmp timeout sipp unshare tests/lab tests/vm/module "$build/lab" \
	"$build"/tests/vm/{fragments,ask,genl} "$build/cxsipd" "$build/cxctl"; do
	with+=(--with "$file")
done
exec tests/vm/run.sh "$kernel" "${with[@]}" --with /bin/bash:/bin/bash --with "$PWD/$build/kmod/$kernel/cxsip.ko:/cx/cxsip.ko" \
	--out "$build/vm-out/$kernel" --timeout 280 ${VM_OPTIONS:---debug} tests/vm/module/all.sh "$@"

#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# The kernel module: built against this kernel's headers without a warning, with
# the types of its functions and its self tests; then its cases
# (tests/vm/guest/module), in one lab in one boot.
#
#   tests/vm/cases/20_module.sh KERNEL [CASE...]
#
# VM_CYCLES: how often it is loaded and unloaded under traffic. VM_MUTATIONS: of
# messages, for the functions that it lends to XDP. VM_OPTIONS=--debug
# boots with the kernel's debugging. VM_TIMEOUT: seconds.
. "$(dirname "$0")/../case.sh"
shift

kernel_paths=$(tests/vm/fetch.sh "$KERNEL") || exit
eval "$kernel_paths"
# 6.1 has none of its own; that of a later kernel does as well
ids=$VM_BTFIDS
[ -n "$ids" ] || ids=$(tests/vm/fetch.sh 6.12 | sed -n 's/^VM_BTFIDS=//p')

built=$(realpath -m "$B")/kmod/$KERNEL log=$B/kmod/$KERNEL.log
mkdir -p "$B/kmod"
if ! make -C kmod KDIR="$VM_HEADERS" OUT="$built" BTF=need BTF_BASE="$VM_BTF" RESOLVE_BTFIDS="$ids" W=1 DEBUG=1 >"$log" 2>&1 ||
	grep -qi 'warning:' "$log"; then
	echo "FAIL vm/$KERNEL module build"
	grep -iE -A 5 'error|warning' "$log" | sed 's/^/    | /' | head -n 60
	exit 1
fi
echo "ok vm/$KERNEL module build (W=1 without a warning, $(stat -c %s "$built/cxsip.ko") bytes)"

. tests/lab/lab.sh
(flock 9 && lab_build) 9>"$B/lab.lock" || exit 1 # the other kernel's case wants them, too

with=()
for file in bash ip bpftool ethtool jq nsenter setsid mountpoint mount sysctl cmp timeout sipp unshare tests/lab tests/vm/guest/module; do
	with+=(--with "$file")
done
for file in "$B"/lab/*; do [ -f "$file" ] && with+=(--with "$(realpath "$B")/lab/${file##*/}:/cx/build/lab/${file##*/}"); done
for file in tests/vm/tools/fragments tests/vm/tools/ask tests/vm/tools/genl cxsipd cxctl; do
	with+=(--with "$(realpath "$B")/$file:/cx/build/$file")
done
for test in test_kfuncs test_differential; do
	with+=(--with "$(realpath "$B")/tests/fastpath/$test:/cx/build/tests/fastpath/$test")
done
vm_boot "${with[@]}" --with /bin/bash:/bin/bash --with "$built/cxsip.ko:/cx/cxsip.ko" --with tests/fastpath/messages \
	--env CYCLES="${VM_CYCLES:-30}" --env CXSIP_MUTATIONS="${VM_MUTATIONS:-500}" \
	--timeout "${VM_TIMEOUT:-400}" ${VM_OPTIONS:-} tests/vm/guest/module/all.sh "$@"
code=$?
case $code in 0 | 77) exit $code ;; *) exit 1 ;; esac

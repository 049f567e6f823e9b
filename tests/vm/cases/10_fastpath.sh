#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# The BPF objects load, within the verifier's budget, and the fast path does in
# this kernel what it does on the host: packet fixtures, and the differential
# test with as many mutations as emulation has time for. VM_MUTATIONS asks for
# more of them, VM_TIMEOUT gives the seconds that these take, VM_OPTIONS=--debug
# makes a boot with the kernel's debugging four times as slow. What needs the module
# is 20_module.sh's.
. "$(dirname "$0")/../case.sh"

with=()
for file in "$B"/tests/fastpath/test_*; do [ -x "$file" ] && [ "${file##*/}" != test_kfuncs ] && with+=(--with "$file:/cx/build/${file#"$B"/}"); done
for file in "$B"/bpf/*.bpf.o; do with+=(--with "$file:/cx/build/${file#"$B"/}"); done
vm_boot "${with[@]}" --with tests/fastpath/messages --env CXSIP_MUTATIONS="${VM_MUTATIONS:-3000}" --timeout "${VM_TIMEOUT:-200}" \
	${VM_OPTIONS:-} \
	tests/vm/guest/fastpath.sh
code=$?
[ ! -d "$CASE_OUT/verifier" ] || { mkdir -p "$B/verifier" && cp "$CASE_OUT"/verifier/*.json "$B/verifier/"; }
case $code in 0 | 77) exit $code ;; *) exit 1 ;; esac

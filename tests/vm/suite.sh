#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# The kernel matrix: every case in every kernel that edge hosts run.
#
#   tests/vm/suite.sh [KERNEL...]     default: VM_KERNELS, or 6.1 and 6.12
#
# B is the build directory. Exit code: 0 if nothing failed.
set -u
cd "$(dirname "$0")/../.." || exit 1
[ $# -gt 0 ] || set -- ${VM_KERNELS:-6.1 6.12}
export B=${B:-build}
failed=0

one_kernel() {
	local why case code failed=0
	why=$(tests/vm/fetch.sh "$1" 2>&1 >/dev/null)
	case $? in
	0) ;;
	77) echo "SKIP vm/$1 $why"; return 0 ;;
	*) echo "FAIL vm/$1 $why"; return 1 ;;
	esac
	for case in tests/vm/cases/*.sh; do
		bash "$case" "$1" | tee "$work/$1.case"
		code=${PIPESTATUS[0]}
		case $code in
		0 | 77) ;;
		*)
			failed=1
			grep -q '^FAIL ' "$work/$1.case" || echo "FAIL vm/$1 $(basename "$case" .sh) (it ended with code $code)"
			;;
		esac
	done
	return $failed
}

tests/vm/test_splat.sh || failed=1
command -v qemu-system-x86_64 >/dev/null || { echo "SKIP vm qemu-system-x86_64 is not installed"; exit $failed; }

# One kernel after the other would leave a processor idle: the cases mostly run
# on one. Their lines appear in order all the same. Each kernel is a process
# group, which ends with this script.
work=$(mktemp -d) || exit 1
declare -A pids
trap 'for pid in "${pids[@]}"; do kill -- "-$pid"; done 2>/dev/null; wait; rm -rf "$work"' EXIT
trap 'exit 130' INT TERM HUP
set -m
for kernel; do
	one_kernel "$kernel" >"$work/$kernel" 2>&1 &
	pids[$kernel]=$!
done
set +m
for kernel; do
	tail -n +1 -f --pid="${pids[$kernel]}" "$work/$kernel"
	wait "${pids[$kernel]}" || failed=1
	unset "pids[$kernel]"
done
exit $failed

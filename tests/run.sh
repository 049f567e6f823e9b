#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Runs every test there is and says at the end how many passed: unit tests (also
# with sanitizers), the fast path in the kernel, the proxy core on a virtual clock, the lab's real calls.
#
#   tests/run.sh BUILD_DIRECTORY [unit] [asan] [replay] [fastpath] [lab]    default: all
set -u
cd "$(dirname "$0")/.." || exit 1
build=${1:-build}
shift
[ $# -gt 0 ] || set -- unit asan replay fastpath lab
export LC_ALL=C
passed=0 failed=0 skipped=0
started=$SECONDS
mountpoint -q /sys/fs/bpf || mount -t bpf bpf /sys/fs/bpf 2>/dev/null

# One program whose results are TAP (cmocka's, or the replay's), with its arguments; its output is shown if it fails.
cmocka() {
	local out status ok bad skip begin=$SECONDS
	out=$(CMOCKA_MESSAGE_OUTPUT=TAP timeout 600 "$@" 2>&1)
	status=$?
	ok=$(grep -c '^ok ' <<<"$out")
	skip=$(grep -c '^ok .*# SKIP' <<<"$out")
	bad=$(grep -c '^not ok ' <<<"$out")
	ok=$((ok - skip))
	[ $status -eq 0 ] || [ "$bad" -gt 0 ] || bad=1 # died outside a test
	[ $((ok + bad + skip)) -gt 0 ] || bad=1        # tested nothing
	passed=$((passed + ok)) failed=$((failed + bad)) skipped=$((skipped + skip))
	printf '%-44s %4d passed %2d failed %2d skipped %4d s\n' "${1#"$build"/}" "$ok" "$bad" "$skip" $((SECONDS - begin))
	grep -E '^# (SKIP|figure)|# SKIP|^SKIP' <<<"$out" | sed 's/^/    /'
	[ "$bad" -eq 0 ] || sed 's/^/    | /' <<<"$out" | tail -60
}

lab() {
	local line ended=
	while IFS= read -r line; do
		printf '%s\n' "$line"
		case $line in
		"ok "*) passed=$((passed + 1)) ;;
		"FAIL "*) failed=$((failed + 1)) ;;
		"SKIP "*) skipped=$((skipped + 1)) ;;
		"lab ended with code "*) ended=$line ;;
		esac
	done < <(tests/lab/suite.sh 2>&1; echo "lab ended with code $?")
	case $ended in "lab ended with code "[01]) ;; *) failed=$((failed + 1)) ;; esac
}

for part; do
	case $part in
	unit) for t in "$build"/tests/unit/test_*; do [ -x "$t" ] && [ ! -d "$t" ] && cmocka "$t"; done ;;
	asan) for t in "$build"/asan/tests/unit/test_*; do [ -x "$t" ] && [ ! -d "$t" ] && cmocka "$t"; done ;;
	replay) for t in "$build" "$build"/asan; do cmocka "$t/tests/replay/replay" tests/replay/*.replay; done ;;
	fastpath) for t in "$build"/tests/fastpath/test_*; do [ -x "$t" ] && [ ! -d "$t" ] && cmocka "$t"; done ;;
	lab) lab ;;
	*) echo "run.sh: unknown part '$part'" >&2; exit 2 ;;
	esac
done
echo "$((SECONDS - started)) s"
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ]

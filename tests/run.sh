#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Runs every test there is and says at the end how many passed: unit tests (also
# with sanitizers), the fast path in the kernel, the proxy core on a virtual clock, the
# lab's real calls, the kernels of edge hosts (VM_KERNELS: only these).
#
#   tests/run.sh BUILD_DIRECTORY [unit] [asan] [replay] [fastpath] [lab] [vm]    default: all
set -u
cd "$(dirname "$0")/.." || exit 1
build=${1:-build}
shift
[ $# -gt 0 ] || set -- unit asan replay fastpath lab vm
export LC_ALL=C
passed=0 failed=0 skipped=0
started=$SECONDS
mountpoint -q /sys/fs/bpf || mount -t bpf bpf /sys/fs/bpf 2>/dev/null

# One program whose results are TAP (cmocka's, or the replay's), with its arguments; its output is shown if it fails.
cmocka() {
	local out status ok bad skip begin=$SECONDS
	out=$(CMOCKA_MESSAGE_OUTPUT=TAP timeout 600 "$@" 2>&1)
	status=$?
	# cmocka writes "not ok" in front of what it skipped
	ok=$(grep '^ok ' <<<"$out" | grep -vc '# SKIP')
	bad=$(grep '^not ok ' <<<"$out" | grep -vc '# SKIP')
	skip=$(grep -Ec '^(not )?ok .*# SKIP' <<<"$out")
	[ $status -eq 0 ] || [ "$bad" -gt 0 ] || bad=1 # died outside a test
	[ $((ok + bad + skip)) -gt 0 ] || bad=1        # tested nothing
	passed=$((passed + ok)) failed=$((failed + bad)) skipped=$((skipped + skip))
	printf '%-44s %4d passed %2d failed %2d skipped %4d s\n' "${1#"$build"/}" "$ok" "$bad" "$skip" $((SECONDS - begin))
	grep -E '^# (SKIP|figure)|# SKIP|^SKIP' <<<"$out" | sed 's/^/    /'
	[ "$bad" -eq 0 ] || sed 's/^/    | /' <<<"$out" | tail -60
}

# A suite that prints lines of "ok", "FAIL" and "SKIP".
suite() {
	local line ended=
	while IFS= read -r line; do
		printf '%s\n' "$line"
		case $line in
		"ok "*) passed=$((passed + 1)) ;;
		"FAIL "*) failed=$((failed + 1)) ;;
		"SKIP "*) skipped=$((skipped + 1)) ;;
		"suite ended with code "*) ended=$line ;;
		esac
	done < <("$@" 2>&1; echo "suite ended with code $?")
	case $ended in "suite ended with code "[01]) ;; *) failed=$((failed + 1)) ;; esac
}

# One table of what each kernel's verifier had to do; what another build left in
# verifier/ does not count.
verifier_table() {
	[ -d "$build/verifier" ] || return
	find "$build/verifier" -name '*.json' ! -newer "$build/tests/fastpath/test_budget" -delete
	find "$build/verifier" -name '*.json' -exec jq -s add {} + >"$build/verifier.json"
}

for part; do
	case $part in
	unit) for t in "$build"/tests/unit/test_*; do [ -x "$t" ] && [ ! -d "$t" ] && cmocka "$t"; done ;;
	asan) for t in "$build"/asan/tests/unit/test_*; do [ -x "$t" ] && [ ! -d "$t" ] && cmocka "$t"; done ;;
	replay) for t in "$build" "$build"/asan; do cmocka "$t/tests/replay/replay" tests/replay/*.replay; done ;;
	fastpath) for t in "$build"/tests/fastpath/test_*; do [ -x "$t" ] && [ ! -d "$t" ] && cmocka "$t"; done; verifier_table ;;
	lab) suite tests/lab/suite.sh ;;
	vm) B=$build suite tests/vm/suite.sh; verifier_table ;;
	*) echo "run.sh: unknown part '$part'" >&2; exit 2 ;;
	esac
done
echo "$((SECONDS - started)) s"
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ]

#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Would a complaint of the kernel, its death, or a test without end go unseen?
. "$(dirname "$0")/../case.sh"
failed=0
said=$CASE_OUT/said # by run.sh

# expect CODE WHAT OPTION... ARGUMENT...
expect() {
	local wanted=$1 what=$2
	shift 2
	rm -rf "$CASE_OUT"
	mkdir -p "$CASE_OUT"
	tests/vm/run.sh "$KERNEL" --out "$CASE_OUT" --timeout 60 "$@" >"$said" 2>&1
	local code=$?
	[ $code = 77 ] && exit 77
	[ $code = "$wanted" ] && return
	fail "$what ended with $code instead of $wanted"
}

fail() { # WHAT
	echo "FAIL vm/$KERNEL harness: $1"
	sed 's/^/    | /' "$said" | tail -n 60
	failed=1
}

expect 70 "a warning" tests/vm/guest/complain.sh warning 3
[ "$(cat "$CASE_OUT/.status" "$CASE_OUT/here")" = "3
here" ] || fail "exit code or files did not come back"
expect 70 "a panic" tests/vm/guest/complain.sh crash 0
expect 71 "a hanging test" --timeout 8 tests/vm/guest/complain.sh hang 0
[ $failed = 0 ] && echo "ok vm/$KERNEL harness (warning, panic, hang)"
exit $failed

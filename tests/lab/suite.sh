#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Runs the lab's cases one after the other, and at last looks whether any of
# them left something behind.
#
#   tests/lab/suite.sh [CASE...]     e.g. 01 05_server_fails; default: all
#
# Exit code: 0 if no case failed.
cd "$(dirname "$0")/cases" || exit 1
[ "$(id -u)" = 0 ] || { echo "FAIL lab must be root"; exit 1; }

LAB_SUITE=s$$
failed=0 passed=0 skipped=0
run() {
	LAB_ID=$LAB_SUITE-${1%%_*} bash "./$1"
	case $? in 0) passed=$((passed + 1)) ;; 77) skipped=$((skipped + 1)) ;; *) failed=$((failed + 1)) ;; esac
}
if [ $# -eq 0 ]; then
	for case in *.sh; do run "$case"; done
else
	for name; do for case in "${name%.sh}"*.sh; do run "$case"; done; done
fi

left=$(ip netns list | grep -o "cxsip-${LAB_SUITE}[^ ]*"; ls -d /sys/fs/bpf/cxsip-lab-$LAB_SUITE* /tmp/cxsip-lab-$LAB_SUITE* 2>/dev/null
	pgrep -af "cxsip-lab-$LAB_SUITE")
if [ -n "$left" ]; then
	echo "FAIL cleanup left behind:" $left
	failed=$((failed + 1))
else
	echo "ok cleanup (no namespace, pin, process or directory is left)"
	passed=$((passed + 1))
fi
echo "lab: $passed passed, $failed failed, $skipped skipped, $SECONDS s"
[ $failed = 0 ]

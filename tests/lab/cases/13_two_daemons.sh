#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# A second daemon with the same runtime directory refuses and names the pid of
# the first, which goes on undisturbed.
. "$(dirname "$0")/../case.sh"

must lab_default
out=$(lab_in edge timeout 10 "$LAB_BUILD/cxsipd" -c "$LAB_DIR/cxsip.cfg" 2>&1)
code=$?
check "the second one exited with $code" [ $code -ne 0 -a $code -ne 124 ]
check "it does not name ${LAB_PID[cxsipd]}: $out" grep -q "\b${LAB_PID[cxsipd]}\b" <<<"$out"
lab_calls after 100 200 4
calls_ok after 100
figure "refused, names pid ${LAB_PID[cxsipd]}; 100 calls afterwards, $CALLS_FAILED failed"
case_end

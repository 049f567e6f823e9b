#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Drain: no new call 50 ms after the order was given; running calls end there.
. "$(dirname "$0")/../case.sh"

must lab_default
lab_calls_start load 1500 300 4 uac_dn -d 1000
lab_wait 10000 started 600
order_ms=$(lab_now_ms)
check "drain refused" lab_ctl drain ms1 >/dev/null
running=$(lab_uas ms1 open)
check "the state is $(lab_state ms1)" lab_state_is ms1 draining
lab_calls_wait load
calls_ok load 1500
last=$(($(lab_uas ms1 last_call_ms) - order_ms))
check "a new call $last ms after the order" [ "$last" -le 50 ]
check "no call was running" [ "$running" -gt 0 ]
all_ended load 1500
check "undrain refused" lab_ctl undrain ms1 >/dev/null
before=$(lab_uas ms1 calls)
lab_calls after 60 300 4
calls_ok after 60
check "no call after undrain" [ "$(lab_uas ms1 calls)" -gt "$before" ]
figure "last new call $last ms after the order, $running running calls ended, $CALLS_FAILED failed"
case_end

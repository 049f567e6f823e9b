#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# A daemon that is told to stop brings calls that ring to their answer, refuses
# new ones, and leaves when the last is answered, not before and not much later.
. "$(dirname "$0")/../case.sh"
RECORD_ROUTE=true # ACK and BYE are the kernel's then, with or without a daemon
. "$(dirname "$0")/../core.sh"

must lab_up
core_dns
must lab_uas_start_all --answer-ms 1500
core_tcp_server ms1
core_tcp_server ms2
must lab_config
must lab_daemon_start

call() { # TAG N
	LAB_DN_FILE="$LAB_DIR/dn92.csv" lab_calls_start "$1" "$2" 50 4 uac_rr
}
ring() { [ "$(core_sum contexts)" -ge "$1" ]; }
call ringing 20
lab_wait 3000 ring 20
told_ms=$(lab_now_ms)
lab_signal cxsipd TERM
call late 5
pid=${LAB_PID[cxsipd]}
check "it does not leave" lab_wait 5000 lab_gone "$pid"
took_ms=$(($(lab_now_ms) - told_ms))
refused() { [ "$(grep -c "received 'SIP/2.0 503" "$LAB_DIR/late.err")" -ge 5 ]; }
check "late calls were not answered 503" lab_wait 5000 refused
lab_end late
lab_end cxsipd || fail "it left with code $?"
check "it left after $took_ms ms" [ "$took_ms" -ge 1000 ]
lab_calls_wait ringing
calls_ok ringing 20
figure "20 ringing calls answered, left after $took_ms ms"
case_end

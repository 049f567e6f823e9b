#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# A server goes silent, another refuses by ICMP. New calls avoid the silent one
# within 2.5 s of default settings, and the refusing one at its first refusal.
#
# "A call that a retransmission can save" is one whose INVITE the server had
# not answered: the retransmitted INVITE meets another element. The others - 
# answered there and not yet ended - are what the server itself counts as open.
# No more calls than those may fail.
. "$(dirname "$0")/../case.sh"

RATE=${RATE:-300}
must lab_default

lab_calls_start silent $((RATE * 6)) "$RATE" 4 uac_dn -max_non_invite_retrans 4
lab_wait 10000 started $((RATE * 3 / 2))
silent_ms=$(lab_now_ms)
lab_signal ms2 USR1
check "silent: ms2 is $(lab_state ms2) after 4 s" lab_wait 4000 lab_state_is ms2 down
lab_calls_wait silent
last=$(($(lab_uas ms2 last_call_ms) - silent_ms))
open=$(lab_uas ms2 open)
check "silent: a new call $last ms later" [ "$last" -le 2500 ]
check "silent: $CALLS_FAILED calls failed, $open were open" [ "$CALLS_FAILED" -le "$open" ]
check "silent: it was never called" [ "$(lab_uas ms2 ignored)" -gt 0 ]
figure "silent: last new call after $last ms, $(lab_uas ms2 ignored) calls met it, $CALLS_FAILED failed of $open open"

lab_signal ms2 USR1
check "silent: ms2 does not come back" lab_wait 5000 lab_state_is ms2 up

# ms3 dies when no call is open on it: nothing is lost that nothing could save.
before=$(lab_uas_sum calls)
lab_calls_start refused 1200 200 4
lab_wait 10000 started $((before + 400))
lab_signal ms3 USR2
lab_wait 5000 lab_gone "${LAB_PID[ms3]}"
refused_ms=$(lab_now_ms)
check "refusing: ms3 is $(lab_state ms3)" lab_wait 1000 lab_state_is ms3 down
refusals=$(lab_in ms3 awk '/^Udp: [0-9]/ { print $3 }' /proc/net/snmp)
down_ms=$(($(element ms3 .since_ms) - refused_ms))
reason=$(element ms3 .reason)
lab_calls_wait refused
calls_ok refusing 1200
check "refusing: $down_ms ms until down ($reason)" [ "$down_ms" -le 250 ]
check "refusing: $refusals datagrams refused" [ "$refusals" -le 3 ]
figure "refusing: down after $down_ms ms and $refusals refused datagrams ($reason), $CALLS_FAILED of 1200 calls failed"
case_end

#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# One of two servers dies in the middle of calls through the core: silent (UDP),
# refusing by ICMP, refusing by RST, behind a 100, and a black hole for TCP. Calls move to the
# other one within the transaction; traffic for others is not held up.
. "$(dirname "$0")/../case.sh"
UDP_GROUP='try_timeout_ms = 500;'
TCP_GROUP='try_timeout_ms = 500;'
. "$(dirname "$0")/../core.sh"

RATE=${RATE:-200}
patience='-max_non_invite_retrans 4 -recv_timeout 8000 -deadcall_wait 0' # what is lost need not be waited for
must core_up

core_start silent $((RATE * 5)) "$RATE" 92 u1 -d 0 $patience
lab_wait 5000 started "$RATE"
lab_signal ms2 USR1
lab_calls_wait silent
# what ms2 had answered and not ended cannot be saved; it stays open there
open=$(lab_uas ms2 open)
check "silent: $CALLS_FAILED calls failed, $open were open" [ "$CALLS_FAILED" -le "$open" ]
figure "silent: $CALLS_FAILED of $((RATE * 5)) failed, $open open"
lab_signal ms2 USR1
lab_wait 5000 lab_state_is u2 up

before=$(lab_uas_sum calls)
core_start icmp $((RATE * 5)) "$RATE" 92 u1 -d 0 $patience
lab_wait 5000 started $((before + RATE))
lab_signal ms2 USR2 # at the first moment when no call is open there
lab_calls_wait icmp
check "icmp: $CALLS_FAILED calls failed" [ "$CALLS_FAILED" = 0 ]
figure "icmp: $CALLS_FAILED of $((RATE * 5)) failed"

core_start rst $((RATE * 5)) "$RATE" 93 u1 -d 0 $patience
core_got() { [ "$(core_sum requests)" -gt "$1" ]; }
lab_wait 5000 core_got $(($(core_sum requests) + RATE))
lab_end tcp-ms2 KILL
lab_calls_wait rst
# sipp ends with calls between INVITE and BYE: those of one moment
check "rst: $CALLS_FAILED calls failed" [ "$CALLS_FAILED" -le 5 ]
figure "rst: $CALLS_FAILED of $((RATE * 5)) failed"

# ms2 says 100, and dies: the caller waits for one try, not for Timer C.
core_tcp_server ms2 uas_trying
check "t2 is not tried again" lab_wait 8000 lab_state_is t2 up # without probes after a pause
lab_wait 5000 core_idle
before=$(core_sum requests) timeouts=$(core_sum timeouts)
core_start trying 20 20 93 u1 -d 0 $patience
# the calls of ms1 are over (ACK and BYE have come), those of ms2 are all that is open
only_tried() { open=$(core_sum contexts); [ "$open" -gt 0 ] && [ $(($(core_sum requests) - before)) -ge $((60 - 2 * open)) ]; }
check "ms2 has said 100" lab_wait 5000 only_tried
lab_end tcp-ms2 KILL
lab_calls_wait trying
calls_ok trying 20
timeouts=$(($(core_sum timeouts) - timeouts))
check "$timeouts of $open calls timed out at ms2" [ "$timeouts" -gt 0 ]
figure "behind a 100: $CALLS_FAILED of 20 failed, $open were at ms2"

# ms2 cannot answer our address any more: SYNs vanish. Calls over IPv6 do not wait for that.
core_tcp_server ms2
check "t2 is not tried again" lab_wait 8000 lab_state_is t2 up # without probes after a pause
lab_in ms2 ip route add blackhole $LAB_CORE4/32
core_start hole $((RATE * 3)) "$RATE" 93 u1 -d 0 $patience
core_start beside $((RATE * 3)) "$RATE" 94 u1 -d 0 $patience
lab_calls_wait beside
calls_ok beside $((RATE * 3))
# sipp sends again after 500 ms
check "beside a black hole: $CALLS_RETRANSMITTED retransmissions" [ "$CALLS_RETRANSMITTED" = 0 ]
lab_calls_wait hole
calls_ok hole $((RATE * 3))
figure "black hole: $CALLS_FAILED failed, $(lab_get '[.workers[].tcp.failed_connects] | add' workers) connects given up"
check "nothing was tried there" [ "$(lab_get '[.workers[].tcp.failed_connects] | add' workers)" -gt 2 ]
case_end

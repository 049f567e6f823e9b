#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Calls through the transaction-stateful core, from each transport to each, and
# from IPv4 to IPv6: none fails, none takes the kernel's way, nothing is left.
. "$(dirname "$0")/../case.sh"
. "$(dirname "$0")/../core.sh"
. "$(dirname "$0")/../messages.sh"

N=${N:-1000} RATE=${RATE:-500}
must core_up

through() { # TAG PREFIX TRANSPORT
	core_start "$1" "$N" "$RATE" "$2" "$3"
	lab_calls_wait "$1"
	calls_ok "$1" "$N"
	figure "$1: $CALLS_FAILED failed, $CALLS_RETRANSMITTED retransmissions"
}
fast=$(lab_messages forwarded_fast)
through udp-udp 92 u1
through tcp-udp 92 t1
through udp-tcp 93 u1
through tcp-tcp 93 t1
through many-tcp 93 tn
through ipv4-ipv6 94 u1
# Clients that end their side behind a request: the proxy's own answer and a server's,
# whichever worker has the call.
half_closed=0
for i in {1..8}; do
	for uri in "sip:$LAB_ACCESS4" "sip:92001@$LAB_ACCESS4"; do
		[ "$(request OPTIONS "$uri" "half-$i" | sed 's|SIP/2.0/UDP|SIP/2.0/TCP|' | status_of caller -T -t 3000 $LAB_ACCESS4 5060)" = 200 ] &&
			half_closed=$((half_closed + 1))
	done
done
check "of 16 who ended their side $half_closed got an answer" [ $half_closed = 16 ]
figure "half-closed: $half_closed of 16 answered"
check "the kernel forwarded $(($(lab_messages forwarded_fast) - fast)) of them" [ "$(lab_messages forwarded_fast)" = "$fast" ]
check "contexts are left: $(core_sum contexts)" lab_wait 3000 core_idle
for counter in bad send_failed no_memory expired full; do
	check "$counter: $(core_sum $counter)" [ "$(core_sum $counter)" = 0 ]
done
check "hand-overs were lost" [ "$(lab_get '[.workers[].hand_overs_refused] | add' workers)" = 0 ]
check "a worker had nothing to do: $(lab_get '[.workers[].datagrams] | @text' workers)" \
	[ "$(lab_get '[.workers[] | select(.datagrams > 1000)] | length' workers)" = 2 ]
check "not steered" [ "$(lab_get .steered workers)" = true ]
case_end

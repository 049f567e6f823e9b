#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Crowds of TCP clients that want no call: silent ones, more than one source may have; a byte at
# a time; such as never read; noise; keep-alives without an end; and no descriptor left for
# anybody. Calls between healthy peers, by UDP and by TCP, go on through all of it, so does
# cxctl, and nothing is left of the crowds. The daemon may open 900 files: connections are
# fewer than its configuration says.
. "$(dirname "$0")/../case.sh"
SETTINGS_MORE='tcp = { half_open_ms = 1500; unacked_ms = 1500; per_source = 1000; };'
. "$(dirname "$0")/../core.sh"
. "$(dirname "$0")/../messages.sh"

RATE=${RATE:-100}
must lab_up
core_dns
must lab_uas_start_all
must core_tcp_server ms1
must core_tcp_server ms2
must lab_config
sed -i 's/record_route = false/t1_ms = 100; &/' "$LAB_DIR/cxsip.cfg" # what has to time out does so in 6.4 s
printf '#!/bin/sh\nulimit -n 900\nexec "%s" "$@"\n' "${CORE_DAEMON:-$LAB_BUILD/cxsipd}" >"$LAB_DIR/daemon"
chmod +x "$LAB_DIR/daemon"
must lab_daemon_start "$LAB_DIR/daemon"
check "the log does not say that descriptors are few" grep -q 'few_descriptors limit=900 ' "$LAB_DIR/cxsipd.log"

tcp_sum() { lab_get "[.workers[].tcp.$1] | add" workers; }
tcp_open() { [ "$(tcp_sum open)" -le "$1" ]; }
# what its own servers and callers have
at_rest() { lab_wait "${1:-8000}" tcp_open 4; }

said() { grep -qx "$2" "$LAB_DIR/$1.log"; }
crowd() { # MANNER N
	message "$1" >"$LAB_DIR/$1.message"
	: >"$LAB_DIR/$1.log"
	setsid nsenter --net="/run/netns/$(lab_ns caller)" "$LAB_TOOLS/cxsip-crowd" "$1" "$2" $LAB_ACCESS4 5060 \
		<"$LAB_DIR/$1.message" >>"$LAB_DIR/$1.log" 2>&1 &
	LAB_PID[$1]=$!
	lab_wait 8000 said "$1" ready || fail "no crowd of $1"
}

calls_go_on() { # WHAT: by UDP and by TCP, one connection for all
	core_start "udp-$1" $((RATE * 2)) "$RATE" 92 u1
	core_start "tcp-$1" $((RATE * 2)) "$RATE" 92 t1
	for way in udp tcp; do
		lab_calls_wait "$way-$1"
		calls_ok "$way-$1" $((RATE * 2))
	done
}

# Leads nowhere, so it is answered each time, at length, and no transaction is kept of it.
message() {
	printf '%s\n' "MESSAGE sip:0@$LAB_ACCESS4;transport=tcp SIP/2.0" "Via: SIP/2.0/TCP $LAB_CALLER4:5099;branch=z9hG4bK-$1;rport" \
		"From: \"$(printf '%01000d' 0)\" <sip:crowd@$LAB_CALLER4>;tag=f" "To: <sip:0@$LAB_ACCESS4>" "Call-ID: $1" "CSeq: 1 MESSAGE" \
		"Max-Forwards: 70" "Content-Length: 0" ""
}

crowd silent 1500
enough_refused() { [ "$(tcp_sum refused_limit)" -ge 850 ]; }
check "connections beyond the limit were not refused" lab_wait 2000 enough_refused
check "$(tcp_sum open) connections" tcp_open 644
check "a descriptor was missing" [ "$(tcp_sum no_descriptors)" = 0 ]
figure "$(tcp_sum refused_limit) of 1500 refused"
lab_wait 8000 said silent alone || fail "silent ones are kept"
calls_go_on silent
check "silent: $(tcp_sum open) connections are left" at_rest

crowd slow 300
calls_go_on slow
lab_wait 8000 said slow alone || fail "slow ones are kept"
check "slow: $(tcp_sum open) connections are left" at_rest

crowd deaf 20
calls_go_on deaf
lab_wait 8000 said deaf alone || fail "who never reads is kept"
check "deaf: $(tcp_sum open) connections are left" at_rest

crowd noise 100
lab_wait 8000 said noise alone || fail "noise is listened to"
check "noise: $(tcp_sum bad_frames) were bad" [ "$(tcp_sum bad_frames)" -ge 100 ]
crowd storm 10
calls_go_on storm
check "keep-alives were not answered" [ "$(tcp_sum pings)" -gt 10000 ]
lab_end storm KILL
check "storm: $(tcp_sum open) connections are left" at_rest

# No descriptor is left: UDP goes on, what needs a connection is not sent, and nobody else is to blame.
daemon=${LAB_PID[cxsipd]}
limits=$(prlimit --pid "$daemon" --nofile --output SOFT,HARD --noheadings | tr -s ' ' : | sed 's/^://; s/:$//')
prlimit --pid "$daemon" --nofile="$(($(find "/proc/$daemon/fd" -mindepth 1 | wc -l) + 2)):${limits#*:}"
crowd silent 30
core_start udp-short $((RATE * 2)) "$RATE" 92 u1
lab_calls_wait udp-short
calls_ok udp-short $((RATE * 2))
status=$(request INVITE sip:93001@$LAB_ACCESS4 | status_of caller $LAB_ACCESS4 5060)
check "a call that needs a connection got $status" [ "$status" = 503 ]
not_sent() { grep -q 'failover.*tried="t[12] not sent, t[12] not sent" status=503' "$LAB_DIR/cxsipd.log"; }
check "a call that could not be sent: $(grep failover "$LAB_DIR/cxsipd.log" | tail -1)" lab_wait 2000 not_sent
short() { grep -q 'no_descriptors times=' "$LAB_DIR/cxsipd.log"; }
check "the log does not say what is missing" lab_wait 3000 short
prlimit --pid "$daemon" --nofile="$limits"
lab_end silent KILL
lab_wait 3000 at_rest
figure "$(tcp_sum no_descriptors) times without a descriptor"
core_start tcp-after 20 20 93 t1
lab_calls_wait tcp-after
calls_ok tcp-after 20
check "the elements were blamed: $(lab_state t1) $(lab_state t2)" [ "$(lab_state t1) $(lab_state t2)" = "up up" ]

# Servers that answer nothing, callers that are gone: it takes its time, and then nothing is left.
lab_signal ms1 USR1
lab_signal ms2 USR1
core_start unfinished 5000 2500 92 u1 -max_invite_retrans 0 -recv_timeout 10 -deadcall_wait 0 -default_behaviors none
begun() { [ "$(core_sum contexts)" -ge "$1" ]; }
check "only $(core_sum contexts) calls are open" lab_wait 8000 begun 2000
most=$(core_sum bytes)
lab_calls_wait unfinished
nothing_left() {
	[ "$(lab_get '[.workers[].core | .invite_server, .other_server, .invite_client, .other_client, .contexts, .lingering, .bytes] | add' transactions)" = 0 ]
}
check "something is left of them" lab_wait 45000 nothing_left
figure "$CALLS_FAILED calls that nobody ended, $most bytes of them"
check "a worker was stuck" [ "$(lab_get '[.workers[].stalls] | add' workers)" = 0 ]
case_end

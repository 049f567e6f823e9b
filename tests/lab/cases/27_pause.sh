#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# An element says 503 with Retry-After to one request. From then on both workers and
# the kernel leave it alone, until its time is over or the operator says so. Group
# "shared" has requests by the core (9201, 9202) and by the kernel (9301); p1 is
# the one that the core asks first. Group "last" has one element.
. "$(dirname "$0")/../case.sh"
. "$(dirname "$0")/../messages.sh"
LAB_ELEMENTS=9
SETTINGS_EXTRA='drain_s = 1;'
GROUPS_EXTRA=",
	{ name = \"shared\"; network = \"core\"; slow_start_s = 0; pause_max_s = 8; elements = (
	    { name = \"p1\"; uri = \"sip:10.2.1.2:5060\"; q = 1.0; }, { name = \"p2\"; uri = \"sip:10.2.2.2:5060\"; q = 0.5; } ); },
	{ name = \"last\"; network = \"core\"; mode = \"core\"; elements = ( { name = \"l3\"; uri = \"sip:10.2.3.2:5060\"; } ); }"
ROUTES_EXTRA=', { dn = "9201"; group = "shared"; mode = "core"; }, { dn = "9202"; group = "shared"; mode = "core"; },
	{ dn = "9301"; group = "shared"; }, { dn = "9401"; group = "last"; }'
N=30

sent=0
# messages DN N: each answered 200; got MS: how many of them that server had
messages() {
	local i
	was1=$(lab_uas ms1 other) was2=$(lab_uas ms2 other)
	for ((i = 0; i < $2; i++)); do
		sent=$((sent + 1))
		[ "$(request MESSAGE "sip:$1@$LAB_ACCESS4" "m$sent" | status_of caller $LAB_ACCESS4 5060)" = 200 ] || return 1
	done
}
had() { [ $(($(lab_uas ms1 other) - was1)) = "$1" ] && [ $(($(lab_uas ms2 other) - was2)) = "$2" ]; }
# how MS had its share: the servers write their counters now and then
shared() { lab_wait 2000 had "$1" "$2" || fail "$3: $(($(lab_uas ms1 other) - was1)) and $(($(lab_uas ms2 other) - was2)), not $1 and $2"; }
pause() { element "$1" ".pause.$2"; }
# retry_after CALL: status and Retry-After of what a MESSAGE to 9401 gets
retry_after() { request MESSAGE "sip:9401@$LAB_ACCESS4" "$1" | lab_send caller $LAB_ACCESS4 5060 | tr -d '\r' | awk 'NR == 1 { s = $2 } /^Retry-After:/ { r = $2 } END { print s, r }'; }

must lab_up
must lab_uas_start ms1 --full 9202,4000000000
must lab_uas_start ms2
must lab_uas_start ms3 --full 9401,3
must lab_config
must lab_daemon_start

messages 9201 1
shared 1 0 "before"
at=$(lab_now_ms)
messages 9202 1
shared 1 1 "the one that is refused"
check "p1 is $(lab_state p1)" lab_wait 1000 lab_state_is p1 paused
check "it asked for $(pause p1 retry_after_s) s" [ "$(pause p1 retry_after_s)" = 4000000000 ]
check "it is given $(pause p1 left_s) s" at_most "$(pause p1 left_s)" 8
check "after $(pause p1 status)" [ "$(pause p1 status)" = 503 ]
messages 9201 $N
shared 0 $N "the core, paused"
messages 9301 $N
shared 0 $N "the kernel, paused"
plan=$(lab_get '.plan | [.tries[].element, .left_out[].element, .answer.retry_after_s <= 8, .why[0]] | join(" ")' explain 9201)
check "explain: $plan" [ "$plan" = 'p2 p1 true its route says mode = "core"' ]
check "both in time: p1 is $(lab_state p1)" lab_state_is p1 paused
for worker in 0 1; do
	n=$(lab_get ".workers[$worker].core.forwarded" transactions)
	check "worker $worker sent $n" [ "$n" -gt 0 ]
done
check "$(lab_get '[.workers[].core.pauses] | add' transactions) pauses" [ "$(lab_get '[.workers[].core.pauses] | add' transactions)" = 1 ]
check "p1 is not up again" lab_wait 10000 lab_state_is p1 up
took=$(($(lab_now_ms) - at))
check "it took $took ms" [ "$took" -ge 7900 -a "$took" -le 9500 ]
messages 9201 5
shared 5 0 "the core, afterwards"
messages 9301 $N
lab_wait 2000 had 0 $N && fail "the kernel, afterwards: p1 has none"

messages 9202 1
check "p1 is $(lab_state p1), the second time" lab_wait 1000 lab_state_is p1 paused
lab_ctl enable p1 >/dev/null || fail "enable"
check "p1 is $(lab_state p1), enabled" lab_state_is p1 up
messages 9201 5
shared 5 0 "the core, enabled"
lines=$(grep -c 'element_state element=p1 .*state=paused' "$LAB_DIR/cxsipd.log")
check "$lines log lines" [ "$lines" = 2 ]

check "the last one's own word: $(retry_after l1)" [ "$(retry_after l2)" = "503 3" ]
check "l3 is $(lab_state l3)" lab_wait 1000 lab_state_is l3 paused
check "l3 was asked $(lab_uas ms3 other) times" [ "$(lab_uas ms3 other)" = 1 ]
figure "$N messages by each path and none to the paused one, by two workers; $took ms of 4000000000 s, at most 8"
case_end

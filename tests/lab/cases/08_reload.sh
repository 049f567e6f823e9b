#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# 100,000 routes are replaced by 100,000 others under 5,000 messages/s: in
# under a second, and no call is lost or meets the wrong group meanwhile. Then
# a file with errors: refused, and nothing changes. A signal that comes while a
# reload is under way is not lost: what has changed meanwhile is read, too.
. "$(dirname "$0")/../case.sh"

ROUTES=${ROUTES:-100000} RATE=${RATE:-840} CALLS=${CALLS:-4200}

# Numbers 55xxxxxx belong to ms3 alone before and after; 66xxxxxx come instead of 77xxxxxx.
write_routes() {
	awk -v n="$ROUTES" -v head="$1" 'BEGIN {
		print "["
		for (i = 0; i < n; i++)
			printf "{ \"dn\": \"%s%06d\", \"group\": \"other\" }%s\n", i < 100 ? "55" : head, i, i < n - 1 ? "," : ""
		print "]" }' >"$LAB_DIR/routes.d/flow.json.new"
	mv "$LAB_DIR/routes.d/flow.json.new" "$LAB_DIR/routes.d/flow.json"
}

must lab_up
must lab_uas_start ms1 --own 90
must lab_uas_start ms2 --own 90
must lab_uas_start ms3 --own 55
other=', { name = "other"; network = "core"; elements = ( { name = "ms3"; uri = "sip:10.2.3.2:5060"; } ); }'
GROUPS_EXTRA=$other lab_config
sed -i '/name = "ms2"/s/;  *},$/; } ); },/; /name = "ms3"; uri = .*weight/d' "$LAB_DIR/cxsip.cfg"
write_routes 77
must lab_daemon_start
{ echo SEQUENTIAL; seq 9001 9010; seq -f '55%06g' 0 4; } >"$LAB_DIR/mixed.csv"

LAB_DN_FILE=$LAB_DIR/mixed.csv lab_calls_start load "$CALLS" "$RATE" 4
lab_wait 10000 started $((CALLS / 4))
write_routes 66
from_ms=$(lab_now_ms)
answer=$(lab_ctl reload) || fail "reload refused: $answer"
took_ms=$(($(lab_now_ms) - from_ms))
at=$(lab_uas_sum calls)
lab_calls_wait load
calls_ok load "$CALLS"
all_ended load "$CALLS"
check "$(lab_uas_sum misrouted) calls met the wrong group" [ "$(lab_uas_sum misrouted)" = 0 ]
check "the reload came after the load" [ "$at" -lt "$CALLS" ]
check "the reload took $took_ms ms" [ "$took_ms" -lt 1000 ]
found() { [ "$(lab_get .found routes find "$1")" = "$2" ]; }
check "a new number has no route" found 66000500 true
check "an old number still has one" found 77000500 false
figure "$ROUTES routes in $took_ms ms ($(jq -r '(.data // .) | "load \(.load_ms), compile \(.compile_ms), swap \(.swap_ms)"' <<<"$answer"))"
figure "$CALLS_FAILED of $CALLS calls failed, $(lab_uas_sum misrouted) misrouted at $((RATE * 6)) messages/s"

before=$(lab_get '.config.routes' status)
printf '[ { "dn": "9001", "group": "nowhere" } ]\n' >"$LAB_DIR/routes.d/zz-bad.json"
if answer=$(lab_ctl reload 2>&1); then fail "a bad file was accepted"; fi
check "the refusal does not name the file and line: $answer" grep -q 'zz-bad.json' <<<"$answer"
check "routes changed from $before" [ "$(lab_get '.config.routes' status)" = "$before" ]
lab_calls after 50 200 4
calls_ok after-a-bad-reload 50

rm "$LAB_DIR/routes.d/zz-bad.json"
write_routes 88
under_way() { [ "$(lab_get .reload.running status)" = true ]; }
lab_signal cxsipd HUP
check "no reload by SIGHUP" lab_wait 2000 under_way
write_routes 99
refused=$(lab_get .reload.refused status)
for _ in 1 2 3; do lab_signal cxsipd HUP; done
check "the second SIGHUP was lost" lab_wait 5000 found 99000500 true
check "a SIGHUP was refused" [ "$(lab_get .reload.refused status) $(grep -c 'reload_refused.*under way' "$LAB_DIR/cxsipd.log")" = "$refused 0" ]
case_end

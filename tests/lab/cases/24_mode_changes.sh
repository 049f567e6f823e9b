#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# A group changes between fast and core under load, also while its calls ring and
# run: none is lost, and both did some of the work. Then ringing calls are cancelled
# in a storm of SIGHUP, of which none is refused.
. "$(dirname "$0")/../case.sh"
. "$(dirname "$0")/../core.sh"

RATE=${RATE:-200}
must lab_up
core_dns
must lab_uas_start_all --answer-ms 200
core_tcp_server ms1
core_tcp_server ms2
must lab_config
must lab_daemon_start ${CORE_DAEMON:-}

core_start calls $((RATE * 6)) "$RATE" 92 u1 -d 300
lab_wait 5000 started "$RATE"
changes=0
while lab_running calls && [ "$changes" -lt 10 ]; do
	[ $((changes % 2)) = 0 ] && to=auto from=core || to=core from=auto
	sed -i "/\"coreudp\"/s/mode = \"$from\"/mode = \"$to\"/" "$LAB_DIR/cxsip.cfg"
	check "reload to $to" lab_ctl reload >/dev/null
	changes=$((changes + 1))
	lab_wait 2000 started $((RATE + changes * RATE / 3))
done
lab_calls_wait calls
calls_ok calls $((RATE * 6))
all_ended calls $((RATE * 6))
check "the kernel did nothing" [ "$(lab_messages forwarded_fast)" -gt "$RATE" ]
check "the core did nothing" [ "$(core_sum forwarded)" -gt "$RATE" ]
figure "$changes changes, $(lab_messages forwarded_fast) messages in the kernel, $(core_sum forwarded) requests by the core, $CALLS_FAILED of $((RATE * 6)) calls failed"

sed -i '/"coreudp"/s/mode = "auto"/mode = "core"/' "$LAB_DIR/cxsip.cfg"
before=$(lab_get .reload.done status)
LAB_DN_FILE="$LAB_DIR/dn92.csv" lab_calls_start cancelled 100 50 4 uac_cancel
while lab_running cancelled; do
	lab_signal cxsipd HUP
	sleep 0.005
done
lab_calls_wait cancelled
calls_ok cancelled 100
storm=$(($(lab_get .reload.done status) - before))
check "$storm reloads in the storm" [ "$storm" -gt 5 ]
check "a SIGHUP was refused" [ "$(lab_get .reload.refused status)" = 0 ]
check "contexts are left: $(core_sum contexts)" lab_wait 3000 core_idle
figure "100 calls cancelled during $storm reloads, $CALLS_FAILED failed"
case_end

#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Without XDP, and with generic XDP: the same calls succeed, and status says
# which mode it is.
. "$(dirname "$0")/../case.sh"

CALLS=${CALLS:-300} total=0
must lab_up
must lab_uas_start_all --busy 9009 --ring 9010
{ echo SEQUENTIAL; echo 9009; } >"$LAB_DIR/busy.csv"
{ echo SEQUENTIAL; echo 9010; } >"$LAB_DIR/ring.csv"
sed -i '/^90\(09\|10\)$/d' "$LAB_DIR/dn4.csv"
for mode in native generic off; do
	FASTPATH=$mode lab_config
	must lab_daemon_start
	check "$mode: status says $(lab_get .fastpath.mode status)" [ "$(lab_get .fastpath.mode status)" = $mode ]
	for family in 4 6; do
		lab_calls $mode-$family "$CALLS" 200 $family
		calls_ok "$mode IPv$family" "$CALLS"
		total=$((total + CALLS))
	done
	LAB_DN_FILE=$LAB_DIR/busy.csv lab_calls $mode-busy 50 200 4 uac_busy
	calls_ok "$mode busy" 50
	LAB_DN_FILE=$LAB_DIR/ring.csv lab_calls $mode-cancel 50 200 4 uac_cancel
	calls_ok "$mode cancelled" 50
	total=$((total + 100))
	all_ended $mode $total
	figure "$mode: $((CALLS * 2)) calls, 50 refused, 50 cancelled, $(lab_messages forwarded_fast) messages in XDP"
	[ $mode = off ] && check "off: XDP forwarded" [ "$(lab_messages forwarded_fast)" = 0 ]
	[ $mode != off ] && check "$mode: $(lab_messages forwarded_core) messages through the daemon" [ "$(lab_messages forwarded_core)" -le 30 ]
	lab_end cxsipd
	rm -rf "$LAB_PIN/cxsip"
done
check "$(lab_uas_sum unknown) BYE or CANCEL met the wrong server" [ "$(lab_uas_sum unknown)" = 0 ]
case_end

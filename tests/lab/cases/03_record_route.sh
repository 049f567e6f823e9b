#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# ACK and BYE by the dialog's route set: with Record-Route our Route on top is
# popped, without it the Contact is the Request-URI; both families, in XDP.
. "$(dirname "$0")/../case.sh"

CALLS=${CALLS:-300}
must lab_up
must lab_uas_start_all
total=0
for record_route in true false; do
	RECORD_ROUTE=$record_route lab_config
	must lab_daemon_start
	fast=$(lab_messages forwarded_fast) core=$(lab_messages forwarded_core)
	for family in 4 6; do
		lab_calls "rr-$record_route-$family" "$CALLS" 200 $family uac_rr
		calls_ok "record_route=$record_route IPv$family" "$CALLS"
		total=$((total + CALLS))
		all_ended "record_route=$record_route IPv$family" $total
	done
	fast=$(($(lab_messages forwarded_fast) - fast)) core=$(($(lab_messages forwarded_core) - core))
	share=$(ratio $fast $((fast + core)))
	check "record_route=$record_route: $share % in XDP" at_most 99 "$share"
	figure "record_route=$record_route: $((CALLS * 2)) calls, $share % in XDP"
	lab_end cxsipd
done
case_end

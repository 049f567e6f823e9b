#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Weights 1:2:7: each server's share of the calls is within two percentage
# points of what its weight promises.
. "$(dirname "$0")/../case.sh"

CALLS=${CALLS:-5000} RATE=${RATE:-1000}
must lab_up
must lab_uas_start_all
WEIGHTS="1 2 7" lab_config
must lab_daemon_start
lab_calls load "$CALLS" "$RATE" 4
calls_ok load "$CALLS"
i=0
for want in 10 20 70; do
	i=$((i + 1))
	share=$(ratio "$(lab_uas ms$i calls)" "$CALLS")
	check "ms$i has $share % instead of $want %" at_most "$(awk -v a="$share" -v b=$want 'BEGIN { print (a > b ? a - b : b - a) }')" 2
	figure "ms$i $share %"
done
case_end

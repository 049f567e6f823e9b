#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# A million DNs load, calls to them are served in the kernel; time and memory
# are stated.
. "$(dirname "$0")/../case.sh"

ROUTES=${ROUTES:-1000000}
must lab_up
must lab_uas_start_all
lab_config
awk -v n="$ROUTES" 'BEGIN { print "["
	for (i = 0; i < n; i++) printf "{ \"dn\": \"8%07d\", \"group\": \"media\" }%s\n", i, i < n - 1 ? "," : ""
	print "]" }' >"$LAB_DIR/routes.d/million.json"
echo "limits = { dns = $((ROUTES + 48576)); };" >>"$LAB_DIR/cxsip.cfg"
from_ms=$(lab_now_ms)
LAB_READY_MS=60000 must lab_daemon_start
took_ms=$(($(lab_now_ms) - from_ms))
awk -v n="$ROUTES" 'BEGIN { srand(1); print "SEQUENTIAL"; for (i = 0; i < 500; i++) printf "8%07d\n", int(rand() * n) }' >"$LAB_DIR/random.csv"
LAB_DN_FILE=$LAB_DIR/random.csv lab_calls load 500 250 4
calls_ok load 500
all_ended load 500
check "$(lab_messages forwarded_core) messages went through the daemon" [ "$(lab_messages forwarded_core)" -le 30 ]
rss=$(awk '/^VmRSS/ { print int($2 / 1024) }' "/proc/${LAB_PID[cxsipd]}/status")
maps=$(($(lab_get .fastpath.program.map_memory_bytes status) >> 20))
figure "$(lab_get .config.routes_exact status) DNs up after $took_ms ms; daemon $rss MB, maps $maps MB"
figure "500 calls to random ones, $CALLS_FAILED failed"
case_end

#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Calls outlive the daemon: kill -9, restart and upgrade (another binary takes
# over the pins and replaces the program) during load cost no call.
. "$(dirname "$0")/../case.sh"

CALLS=${CALLS:-1500} RATE=${RATE:-500}
must lab_default

# under_load TAG COMMAND...: the command in the middle of the load
under_load() {
	local tag=$1
	shift
	lab_calls_start "$tag" "$CALLS" "$RATE" 4
	lab_wait 10000 started $((total + CALLS / 3))
	"$@"
	lab_calls_wait "$tag"
	total=$((total + CALLS))
	calls_ok "$tag" "$CALLS"
	all_ended "$tag" $total
	figure "$tag: $CALLS_FAILED of $CALLS calls failed"
}
program() { lab_get .fastpath.program.id status; }
kill_9() { lab_end cxsipd KILL; }
restart() { kill_9; lab_daemon_start || fail "restart: no daemon"; }
upgrade() {
	local before
	before=$(program)
	lab_end cxsipd TERM || fail "upgrade: the old one ended with an error"
	lab_daemon_start "$LAB_DIR/cxsipd-new" || fail "upgrade: no daemon"
	check "upgrade: the program is still $before" [ "$(program)" != "$before" ]
}

total=0
under_load kill-9 kill_9
must lab_daemon_start
under_load restart restart
cp "$LAB_BUILD/cxsipd" "$LAB_DIR/cxsipd-new"
under_load upgrade upgrade
check "it runs natively: $(lab_get .fastpath.mode status)" [ "$(lab_get .fastpath.mode status)" = native ]
case_end

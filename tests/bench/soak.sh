#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# A soak of the proxy core: a million calls of seven messages through the daemon
# in mode core, over UDP. Its memory must stand still once the first 100,000 are
# through, no call may fail, and when all is over nothing may be left of them.
#
#   tests/bench/soak.sh          root; some four minutes with these knobs:
#
# Knobs: CALLS 1000000, RATE 5000 (calls/s), STEP 100000 (calls between two looks),
# GROWTH 5 (percent that memory may grow by after the first STEP), T1 250 (ms).
# What is over lingers for 64 T1 (RFC 3261 17.2.2, RFC 6026), so there is no plateau
# before RATE * 64 T1 calls: T1 is such that these are fewer than STEP.
# LAB_BUILD is the build directory. Exit code: 0 if all of that is so.

. "$(dirname "$0")/../lab/lab.sh"
set -u

CALLS=${CALLS:-1000000} RATE=${RATE:-5000} STEP=${STEP:-100000} GROWTH=${GROWTH:-5} T1=${T1:-250}
calls=$LAB_BUILD/tests/bench/calls/calls
failed=

die() { echo "soak: $*" >&2; exit 1; }
fail() { echo "FAIL $*"; failed=yes; }

[ -x "$calls" ] || die "make $calls"
[ $((RATE * 64 * T1 / 1000)) -lt "$STEP" ] || die "what lingers grows beyond $STEP calls: less RATE or T1, or more STEP"

config() {
	RECORD_ROUTE=true GROUPS_EXTRA=', { name = "core"; network = "core"; mode = "core"; elements = (
		{ name = "c1"; uri = "sip:10.2.1.2"; }, { name = "c2"; uri = "sip:10.2.2.2"; }, { name = "c3"; uri = "sip:10.2.3.2"; } ); }' \
		ROUTES_EXTRA=', { prefix = "77"; group = "core"; }' lab_config
	sed -i "s/{ name = \"\(access\|core\)\"; record_route/{ name = \"\1\"; t1_ms = $T1; record_route/" "$LAB_DIR/cxsip.cfg"
}

servers_start() {
	local name
	for name in $LAB_SERVERS; do
		# shellcheck disable=SC2046
		lab_start "$name" "$name" "$LAB_DIR/$name.log" "$calls" serve --file "$LAB_DIR/$name.served" $(lab_addresses "$name")
		lab_wait 3000 test -s "$LAB_DIR/$name.served" || return 1
	done
}

# Calls whose BYE the servers have seen (struct served of tests/bench/calls).
ended() { local name; for name in $LAB_SERVERS; do od -A n -t u8 -j 8 -N 8 "$LAB_DIR/$name.served"; done; }
ended_sum() { ended | awk '{ sum += $1 } END { print sum + 0 }'; }

# "LIVE LINGERING BYTES" of all workers
core() {
	lab_get '[.workers[].core] | [(map(.invite_server + .other_server + .invite_client + .other_client + .contexts) | add),
		(map(.lingering) | add), (map(.bytes) | add)] | @tsv' transactions
}
resident() { awk '/^VmRSS/ { print $2 }' "/proc/${LAB_PID[cxsipd]}/status"; }

# row CALLS: a line of the table; memory to RESIDENT, KB
row() {
	local live lingering bytes
	RESIDENT=$(resident)
	read -r live lingering bytes < <(core)
	printf '%10d %8d %12d %10d %10d %14d\n' "$1" "$SECONDS" "$RESIDENT" "$live" "$lingering" "$bytes"
}

nothing_left() { read -r live lingering bytes < <(core) && [ "$live" = 0 ] && [ "$lingering" = 0 ] && [ "$bytes" = 0 ]; }

lab_up && config && servers_start && lab_daemon_start || exit 1
echo "$CALLS calls at $RATE/s, T1 $T1 ms"
printf '%10s %8s %12s %10s %10s %14s\n' calls s resident_KB live lingering bytes
row 0
lab_start caller caller "$LAB_DIR/placed" "$calls" place --rate "$RATE" --seconds $((CALLS / RATE)) --dn 77 --from $LAB_CALLER4 $LAB_ACCESS4

next=$STEP first='' highest=0
look() {
	[ "$(ended_sum)" -ge "$next" ] || return
	row "$next"
	[ -n "$first" ] || first=$RESIDENT
	[ "$RESIDENT" -le "$highest" ] || highest=$RESIDENT
	next=$((next + STEP))
}
while lab_running caller; do
	look
	sleep 0.1
done
look
wait "${LAB_PID[caller]}" || fail "calls failed"
unset 'LAB_PID[caller]'
awk '{ printf "%d of %d calls ended well, %d refused, %d messages sent again; INVITE to 200: p50 %s, p99 %s, p99.9 %s us\n", $2, $1, $3, $4, $5, $6, $7 }' "$LAB_DIR/placed"

[ -n "$first" ] || die "fewer than $STEP calls"
awk -v first="$first" -v highest="$highest" -v most="$GROWTH" 'BEGIN {
	printf "memory after the first calls: %d KB, at most %d KB since: %+.2f %%\n", first, highest, (highest / first - 1) * 100
	exit highest > first * (1 + most / 100) }' || fail "memory grows by more than $GROWTH %"

# Timers J and L end 64 T1 after the last final response
began=$SECONDS
lab_wait $((64 * T1 + 10000)) nothing_left || fail "transactions are left"
row "$(ended_sum)"
echo "waited $((SECONDS - began)) s after the last call"
lab_end cxsipd || fail "the daemon ended with code $?"
[ -z "$failed" ] && echo "ok"
[ -z "$failed" ]

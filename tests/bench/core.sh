#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# The stateful core against Kamailio's tm + dispatcher: the same calls of sipp (INVITE, 100, 180, 200,
# ACK, BYE, 200, with Record-Route) at the same rate through the same lab, in turns, some
# rounds; medians.
#
#   tests/bench/core.sh JSON_FILE
#
# Knobs: RATE 500 (calls/s), CALLS 3000 a measurement, ROUNDS 3. LAB_BUILD is the build directory.
#
# CPU a call is the time that the proxy's processes ran; what the kernel does in their name is
# in it, what it does in interrupts is not, on either side.

. "$(dirname "$0")/../lab/case.sh"
RECORD_ROUTE=true
. "$(dirname "$0")/../lab/core.sh"

out=$1
RATE=${RATE:-500} CALLS=${CALLS:-3000} ROUNDS=${ROUNDS:-3}

die() { echo "core.sh: $*" >&2; exit 1; }

# ns that all threads of a process and its children (one session) have run
ran_ns() {
	local pid
	for pid in $(pgrep -s "${LAB_PID[$1]}"); do cat /proc/"$pid"/task/*/schedstat; done 2>/dev/null |
		awk '{ sum += $1 } END { printf "%.0f\n", sum }'
}

# try SYSTEM PROCESS KIND PREFIX TRANSPORT: adds "SYSTEM KIND us_a_call" to figures
try() {
	local before after
	before=$(ran_ns "$2")
	LAB_DN_FILE="$LAB_DIR/dn$4.csv" lab_calls "$1-$3" "$CALLS" "$RATE" 4 uac_rr -t "$5"
	after=$(ran_ns "$2")
	awk -v who="$1" -v kind="$3" -v ns=$((after - before)) -v ok="$CALLS_OK" -v failed="$CALLS_FAILED" 'BEGIN {
		printf "  %-8s %-4s %8.1f us a call, %d calls, %d failed\n", who, kind, ns / (ok ? ok : 1) / 1000, ok, failed >"/dev/stderr"
		if (!failed && ok) print who, kind, ns / ok / 1000 }' >>"$LAB_DIR/figures"
}

both() { # SYSTEM PROCESS
	try "$1" "$2" udp 92 u1
	try "$1" "$2" tcp 93 t1
}

kamailio_start() {
	printf '1 sip:10.2.1.2:5060\n1 sip:10.2.2.2:5060\n2 sip:10.2.1.2:5070;transport=tcp\n2 sip:10.2.2.2:5070;transport=tcp\n' >"$LAB_DIR/dispatcher.list"
	lab_start kamailio edge "$LAB_DIR/kamailio.log" kamailio -DD -E -w "$LAB_DIR" -Y "$LAB_DIR/run" \
		-f "$LAB_TOP/tests/bench/kamailio-core.cfg" -A "SERVERS=\"$LAB_DIR/dispatcher.list\"" \
		-l "udp:$LAB_ACCESS4:5060" -l "tcp:$LAB_ACCESS4:5060" -l "udp:$LAB_CORE4:5060" -l "tcp:$LAB_CORE4:5060" \
		-l udp:10.2.2.1:5060 -l tcp:10.2.2.1:5060
	lab_wait 5000 lab_listening $LAB_ACCESS4:5060
}

median() {
	awk -v who="$1" -v kind="$2" '$1 == who && $2 == kind { print $3 }' "$LAB_DIR/figures" | sort -n |
		awk '{ v[NR] = $1 } END { if (NR) print NR % 2 ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2 }'
}

row() {
	local ours theirs
	ours=$(median ours "$1") theirs=$(median kamailio "$1")
	[ -n "$ours" ] && [ -n "$theirs" ] || { echo "no figure for $1" >&2; return; }
	jq -n --arg name "core.$1.call" --argjson value "$ours" --argjson of "$theirs" \
		'{ name: $name, value: $value, unit: "us CPU/call, cxsipd", baseline: "Kamailio tm + dispatcher",
		   baseline_value: $of, ratio: ($value / $of * 1000 | round / 1000) }'
}

command -v kamailio >/dev/null || die "kamailio is not installed: conf/deps.sh bench"
lab_up && core_dns && lab_uas_start_all && core_tcp_server ms1 && core_tcp_server ms2 && lab_config || exit 1
for round in $(seq "$ROUNDS"); do
	echo "round $round of $ROUNDS, $CALLS calls each" >&2
	lab_daemon_start || die "cxsipd does not start"
	both ours cxsipd
	lab_end cxsipd
	rm -rf "$LAB_PIN/cxsip"
	kamailio_start || { cat "$LAB_DIR/kamailio.log" >&2; die "kamailio does not start"; }
	both kamailio kamailio
	lab_end kamailio
done
{ row udp; row tcp; } | jq -s . >"$out"

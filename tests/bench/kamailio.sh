#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# This proxy against Kamailio (stateless forward) and against plain IP
# forwarding: the same INVITEs at the same even rate through the same lab, in
# turns, some rounds; medians.
#
#   tests/bench/kamailio.sh JSON_FILE
#
# Knobs: RATES "5000 10000 20000" (INVITE/s), ROUNDS 3, SECONDS_EACH 4. LAB_BUILD is
# the build directory.
#
# CPU an INVITE: of Kamailio, the time that its processes ran; of ours, the
# run time of the program by the kernel's BPF statistics plus the time that the
# daemon's threads ran. Beside it the whole machine's busy time, less what it
# is busy when idle: with sender, receivers and all the kernel's work.

. "$(dirname "$0")/../lab/lab.sh"
. "$(dirname "$0")/figures.sh"
set -u

out=$1
RATES=${RATES:-5000 10000 20000} ROUNDS=${ROUNDS:-3} SECONDS_EACH=${SECONDS_EACH:-4}
load=$LAB_BUILD/tests/bench/load
program=$LAB_PIN/cxsip/v1/progs/cx_xdp

# ---- what is read ---------------------------------------------------------

received() { local name sum=0; for name in $LAB_SERVERS; do sum=$((sum + $(od -An -tu8 -N8 "$LAB_DIR/$name.count"))); done; echo $sum; }

program_ns() { bpftool --json prog show pinned "$program" | jq '.run_time_ns // 0'; }

# ---- one measurement ------------------------------------------------------

send_all() { lab_in caller "$load" send --rate "$1" --seconds "$SECONDS_EACH" --from $LAB_CALLER4 $2 >"$LAB_DIR/sent"; }

all_received() { [ $(($(received) - $1)) -ge "$(cat "$LAB_DIR/sent")" ]; }

# try SYSTEM RATE DESTINATIONS: adds a line to figures,
# "SYSTEM RATE us_of_process us_of_program us_machine_busy", all an INVITE that
# arrived; 1 if more than 1 % were lost: whoever loses them works less. The
# machine's time is "-" if others were at work on it just before or after.
try() {
	local who=$1 rate=$2 to=$3 before idle later busy ran=0 run=0 sent got
	idle=$(busy_ns_per_s sleep 0.5)
	before=$(received)
	[ "$who" = ours ] && ran=$(ran_ns cxsipd) run=$(program_ns)
	[ "$who" = kamailio ] && ran=$(ran_ns kamailio)
	busy=$(busy_ns_per_s send_all "$rate" "$to")
	lab_wait 1000 all_received "$before"
	[ "$who" = ours ] && ran=$(($(ran_ns cxsipd) - ran)) run=$(($(program_ns) - run))
	[ "$who" = kamailio ] && ran=$(($(ran_ns kamailio) - ran))
	sent=$(cat "$LAB_DIR/sent") got=$(($(received) - before))
	later=$(busy_ns_per_s sleep 0.5)
	awk -v who="$who" -v rate="$rate" -v ran="$ran" -v run="$run" -v machine="$(machine_us "$rate" "$busy" "$idle" "$later")" \
		-v idle="$idle" -v later="$later" -v sent="$sent" -v got="$got" 'BEGIN {
		got = got ? got : 1
		line = sprintf("%s %d %.4f %.4f %s", who, rate, ran / got / 1000, run / got / 1000, machine)
		printf "  %-8s %6d INVITE/s: process %8.3f us, program %6.3f us, machine busy %7s us; %d of %d arrived; %.0f %% and %.0f %% of a CPU busy before and after\n",
			who, rate, ran / got / 1000, run / got / 1000, machine, got, sent, idle / 1e7, later / 1e7 >"/dev/stderr"
		if (got < 0.99 * sent || got > sent)
			exit 1
		print line
	}' >>"$LAB_DIR/figures"
}

measure() {
	local tries
	for tries in 1 2 3; do try "$@" && return; done
	echo "  $1 at $2/s: INVITEs get lost, three times; this round goes without" >&2
}

# ---- the three systems ----------------------------------------------------

sinks_start() {
	local name
	for name in $LAB_SERVERS; do
		# shellcheck disable=SC2046
		lab_start "$name" "$name" "$LAB_DIR/$name.log" "$load" sink --counter "$LAB_DIR/$name.count" $(lab_addresses "$name")
		lab_wait 3000 test -s "$LAB_DIR/$name.count" || return 1
	done
}

with_ours() {
	lab_daemon_start || die "cxsipd does not start"
	for rate in $RATES; do measure ours "$rate" $LAB_ACCESS4; done
	lab_end cxsipd
	rm -rf "$LAB_PIN/cxsip" # pins gone, program detached
}

with_kamailio() {
	lab_kamailio_start || { cat "$LAB_DIR/kamailio.log" >&2; die "kamailio does not start"; }
	for rate in $RATES; do measure kamailio "$rate" $LAB_ACCESS4; done
	lab_end kamailio
}

with_ip() {
	lab_in edge sysctl -qw net.ipv4.ip_forward=1
	for rate in $RATES; do measure ip "$rate" "10.2.1.2 10.2.2.2 10.2.3.2"; done
	lab_in edge sysctl -qw net.ipv4.ip_forward=0
}

# ---- results --------------------------------------------------------------

measured() { local who; for who in ours kamailio ip; do grep -q "^$who $1 " "$LAB_DIR/figures" || return 1; done; }

report() {
	local rate ours ip who busy
	for rate in $RATES; do
		measured "$rate" || continue
		ours=$(awk -v a="$(median 3 ours "$rate")" -v b="$(median 4 ours "$rate")" 'BEGIN { print a + b }')
		row "vs_kamailio.$rate" "$(median 3 kamailio "$rate")" "us CPU/INVITE, Kamailio" "XDP program + cxsipd" "$ours"
		row "daemon.$rate" "$(median 3 ours "$rate")" "us CPU/INVITE, cxsipd" "XDP program" "$(median 4 ours "$rate")"
		ip=$(median 5 ip "$rate")
		for who in ours kamailio; do
			busy=$(median 5 $who "$rate")
			if [ -n "$busy" ] && [ -n "$ip" ]; then
				row "machine.$rate.$who" "$busy" "us busy/INVITE, machine" "plain IP forwarding" "$ip"
			else
				echo "no figure for the whole machine ($who, $rate/s): others were at work on it" >&2
			fi
		done
	done | jq -s 'map(.name = "fast." + .name) | [last(.[] | select(.name | startswith("fast.vs_kamailio."))) | .name = "fast.vs_kamailio"] + .'
}

command -v kamailio >/dev/null || die "kamailio is not installed: conf/deps.sh bench"
lab_up || exit 1
statistics=$(sysctl -n kernel.bpf_stats_enabled)
trap 'sysctl -qw kernel.bpf_stats_enabled=$statistics; lab_down' EXIT
sysctl -qw kernel.bpf_stats_enabled=1
sinks_start || die "the receivers do not start"
lab_config
for round in $(seq "$ROUNDS"); do
	echo "round $round of $ROUNDS, $SECONDS_EACH s each" >&2
	with_ours
	with_kamailio
	with_ip
done
report >"$out"
jq -e 'any(.name == "fast.vs_kamailio")' "$out" >/dev/null || die "no rate at which all three could be measured"

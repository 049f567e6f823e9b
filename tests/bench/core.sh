#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Calls through the proxy core against Kamailio with tm, Record-Route and
# dispatcher: the same calls of seven messages through the same lab, in turns,
# some rounds; medians. Over UDP, and over TCP on both sides. Then two workers
# against one.
#
#   tests/bench/core.sh JSON_FILE
#
# Knobs: RATES "1000 3000 5000" (calls/s at which it is measured), RATE 3000 (the one
# of the rows without a rate in their name), LADDER (calls/s tried for the highest
# rate), ROUNDS 3, SECONDS_EACH 5, WORKERS_RATE 16000 (two workers against one). LAB_BUILD is the build directory.
#
# CPU a call: of the proxy's processes; of the whole machine, which has the caller
# and the servers in it, the same for both; and that without what the same calls take
# by plain IP forwarding. Added latency: INVITE from the caller's clock to the
# server's, less what the same calls take by plain IP forwarding.

. "$(dirname "$0")/../lab/lab.sh"
. "$(dirname "$0")/figures.sh"
set -u

out=$1
RATE=${RATE:-3000} RATES=${RATES:-1000 3000 5000} ROUNDS=${ROUNDS:-3} SECONDS_EACH=${SECONDS_EACH:-5}
LADDER=${LADDER:-1000 2000 2500 3000 3500 4000 5000 6000 7000 8000 10000 12000 14000 16000 18000 20000 22000 24000 26000 28000}
WORKERS_RATE=${WORKERS_RATE:-16000}
calls=$LAB_BUILD/tests/bench/calls/calls
TRANSPORTS="udp tcp"

# ---- one measurement ------------------------------------------------------

option() { [ "$1" = tcp ] && echo "--tcp --connections 4"; }

# place TRANSPORT RATE SECONDS TO: one line, "placed ended refused again ...", to LAB_DIR/placed
place() {
	# shellcheck disable=SC2046
	lab_in caller "$calls" place --rate "$2" --seconds "$3" --dn 77 --from $LAB_CALLER4 $(option "$1") "$4" >"$LAB_DIR/placed"
}

# all_well: every call ended, and no more than 1 % of them needed a message again
all_well() { awk '{ exit !($1 == $2 && $3 == 0 && $4 <= $1 / 100) }' "$LAB_DIR/placed"; }

# try SYSTEM TRANSPORT RATE TO: adds "SYSTEM TRANSPORT RATE us_of_process us_machine p50 p99 p99.9"
try() {
	local who=$1 transport=$2 rate=$3 ran=0 idle busy later latency
	"$calls" latency "$LAB_DIR"/ms?."$transport" >/dev/null
	idle=$(busy_ns_per_s sleep 0.5)
	[ "$who" = ip ] || ran=$(ran_ns proxy)
	busy=$(busy_ns_per_s place "$transport" "$rate" "$SECONDS_EACH" "$4")
	[ "$who" = ip ] || ran=$(($(ran_ns proxy) - ran))
	later=$(busy_ns_per_s sleep 0.5)
	latency=$("$calls" latency "$LAB_DIR"/ms?."$transport")
	awk -v who="$who" -v transport="$transport" -v rate="$rate" -v ran="$ran" -v latency="$latency" \
		-v machine="$(machine_us "$rate" "$busy" "$idle" "$later")" -v idle="$idle" -v later="$later" '{
		printf "  %-8s %s %5d calls/s: process %7.1f us, machine busy %7s us a call; INVITE one way %s us; %d of %d ended, %d sent again; %.0f %% and %.0f %% of a CPU busy before and after\n",
			who, transport, rate, ran / $1 / 1000, machine, latency, $2, $1, $4, idle / 1e7, later / 1e7 >"/dev/stderr"
		print who, transport, rate, ran / $1 / 1000, machine, latency }' "$LAB_DIR/placed" >"$LAB_DIR/figure"
	all_well || return 1
	cat "$LAB_DIR/figure" >>"$LAB_DIR/figures"
}

# highest SYSTEM TRANSPORT TO: adds "SYSTEM TRANSPORT highest RATE", the last of the ladder at which all went
# well, at the first or second try
highest() {
	local rate best=0
	for rate in $LADDER; do
		place "$2" "$rate" 2 "$3"; all_well || { place "$2" "$rate" 2 "$3"; all_well; } || break
		best=$rate
	done
	echo "$1 $2 highest $best" | tee -a "$LAB_DIR/figures" >&2
}

declare -A BEYOND # "SYSTEM TRANSPORT RATE": it does not reach that rate
measure() {
	local who=$1 transport=$2 to=$3 rate tries
	place "$transport" 200 1 "$to" # connections made, memory touched
	for rate in $RATES; do
		[ -z "${BEYOND[$who $transport $rate]:-}" ] || continue
		for tries in 1 2 3; do try "$who" "$transport" "$rate" "$to" && continue 2; done
		BEYOND[$who $transport $rate]=1
	done
	# takes the longest: once
	[ "$who" = kamailio ] || [ "$who" = ours ] || return 0
	[ "$round" -gt 1 ] || highest "$who" "$transport" "$to"
}

# ---- two workers against one ------------------------------------------------

# Of the whole program: what a call costs the workers, which is what CPUs of their own would be
# filled with; at a high rate, as what counts is how it is when they are full, and a wake-up then serves
# several messages. Of the core alone: calls/s of threads side by side, without sockets.
workers() {
	local n
	local RATES=$WORKERS_RATE
	for n in 1 2 1 2 1 2; do
		WORKERS=$n with_ours "$n.workers" udp
		echo "cores $n $("$LAB_BUILD/tests/bench/core" threads "$n")" >>"$LAB_DIR/figures"
	done
}

# ---- the systems ----------------------------------------------------------

servers_start() {
	local name transport
	for name in $LAB_SERVERS; do
		for transport in $TRANSPORTS; do
			# shellcheck disable=SC2046
			lab_start "$name.$transport" "$name" "$LAB_DIR/$name.$transport.log" "$calls" serve \
				--file "$LAB_DIR/$name.$transport" $(option "$transport" | cut -d' ' -f1) $(lab_addresses "$name")
			lab_wait 3000 test -s "$LAB_DIR/$name.$transport" || return 1
		done
	done
}

# elements TRANSPORT: members of a group
elements() {
	local i suffix=
	[ "$1" = tcp ] && suffix=";transport=tcp"
	for i in 1 2 3; do echo "{ name = \"core$i-$1\"; uri = \"sip:10.2.$i.2:5060$suffix\"; }"; done | paste -sd,
}

# with_ours NAME TRANSPORT: WORKERS as by default if it is not set
with_ours() {
	local transport=$2
	WORKERS=${WORKERS:-0} RECORD_ROUTE=true ACCESS_EXTRA=", { address = \"$LAB_ACCESS4\"; transport = \"tcp\"; }" \
		CORE_EXTRA=", { address = \"$LAB_CORE4\"; transport = \"tcp\"; }" \
		GROUPS_EXTRA=", { name = \"core\"; network = \"core\"; mode = \"core\"; probe = { enabled = false; }; elements = ( $(elements "$transport") ); }" \
		ROUTES_EXTRA=', { prefix = "77"; group = "core"; }' lab_config
	lab_daemon_start || die "cxsipd does not start"
	LAB_PID[proxy]=${LAB_PID[cxsipd]}
	measure "$1" "$transport" $LAB_ACCESS4
	unset 'LAB_PID[proxy]'
	lab_end cxsipd
	rm -rf "$LAB_PIN/cxsip" # pins gone, program detached
}

with_kamailio() {
	local transport=$1 suffix= tcp=
	[ "$transport" = tcp ] && suffix=";transport=tcp" tcp="-A WITH_TCP"
	printf '1 sip:10.2.%d.2:5060%s\n' 1 "$suffix" 2 "$suffix" 3 "$suffix" >"$LAB_DIR/servers"
	# shellcheck disable=SC2086
	lab_start proxy edge "$LAB_DIR/kamailio.log" kamailio -DD -E -m 2048 -M 32 -w "$LAB_DIR" -Y "$LAB_DIR/run" \
		-f "$LAB_TOP/tests/bench/kamailio-stateful.cfg" $tcp -A "SERVERS=\"$LAB_DIR/servers\"" \
		-l "$transport:$LAB_ACCESS4:5060" -l "$transport:$LAB_CORE4:5060" -l "$transport:10.2.2.1:5060" -l "$transport:10.2.3.1:5060"
	lab_wait 5000 kamailio_answers "$transport" || { cat "$LAB_DIR/kamailio.log" >&2; die "kamailio does not start"; }
	measure kamailio "$transport" $LAB_ACCESS4
	lab_end proxy
}
kamailio_answers() { place "$1" 10 1 $LAB_ACCESS4 2>/dev/null && all_well; }

# Calls to one server, as there is nobody to choose.
with_ip() {
	lab_in edge sysctl -qw net.ipv4.ip_forward=1
	measure ip "$1" 10.2.1.2
	lab_in edge sysctl -qw net.ipv4.ip_forward=0
}

# ---- results --------------------------------------------------------------

less() { awk -v a="$1" -v b="$2" 'BEGIN { print (a > b) ? a - b : 0 }'; }

# cpu TRANSPORT RATE: what a call costs
cpu() {
	local transport=$1 rate=$2 suffix=.$2 ours kamailio ip
	[ "$rate" != "$RATE" ] || suffix=
	kamailio=$(median 4 kamailio "$transport" "$rate")
	[ -n "$kamailio" ] || return # it does not reach that rate
	row "$transport.process$suffix" "$(median 4 ours "$transport" "$rate")" "us of cxsipd a call" "Kamailio's processes" "$kamailio"
	ours=$(median 5 ours "$transport" "$rate") kamailio=$(median 5 kamailio "$transport" "$rate")
	if [ -z "$ours" ] || [ -z "$kamailio" ]; then
		echo "no figure for the whole machine ($transport, $rate calls/s): others were at work on it" >&2
		return
	fi
	row "$transport.call$suffix" "$ours" "us busy a call, whole machine" "the same with Kamailio" "$kamailio"
	ip=$(median 5 ip "$transport" "$rate")
	[ -z "$ip" ] || row "$transport.added$suffix" "$(less "$ours" "$ip")" "us of it by the proxy" "the same with Kamailio" \
		"$(less "$kamailio" "$ip")"
}

report() {
	local transport rate ours kamailio ip column
	for transport in $TRANSPORTS; do
		for rate in $RATES; do cpu "$transport" "$rate"; done
		row "$transport.max_cps" "$(median 4 ours "$transport" highest)" "calls/s without a failure" "Kamailio" \
			"$(median 4 kamailio "$transport" highest)"
		for rate in $RATES; do
			for column in 6:p50 7:p99 8:p99.9; do
				ip=$(median "${column%:*}" ip "$transport" "$rate")
				ours=$(median "${column%:*}" ours "$transport" "$rate")
				kamailio=$(median "${column%:*}" kamailio "$transport" "$rate")
				[ -n "$ip" ] && [ -n "$ours" ] || continue
				# null: it does not reach that rate
				[ -n "$kamailio" ] && kamailio=$(less "$kamailio" "$ip")
				row "$transport.latency.$rate.${column#*:}" "$(less "$ours" "$ip")" "us added to an INVITE" "Kamailio" "${kamailio:-null}"
			done
		done
	done
	ours=$(median 4 2.workers udp "$WORKERS_RATE") ip=$(median 4 1.workers udp "$WORKERS_RATE")
	[ -z "$ours" ] || [ -z "$ip" ] || row workers.process "$ours" "us of cxsipd a call, two workers" "one worker" "$ip"
	row workers.cores "$(median 3 cores 2)" "calls/s of two cores side by side" "one core" "$(median 3 cores 1)"
}

rows() {
	report | jq -s --arg p99 "core.udp.latency.${RATES%% *}.p99" 'map(.name = "core." + .name) |
		. + [.[] | select(.name == $p99) | .name = "core.latency.p99"]'
}

command -v kamailio >/dev/null || die "kamailio is not installed: conf/deps.sh bench"
lab_up || exit 1
servers_start || die "the servers do not start"
for round in $(seq "$ROUNDS"); do
	for transport in $TRANSPORTS; do
		echo "round $round of $ROUNDS, $transport, $SECONDS_EACH s each" >&2
		with_ours ours "$transport"
		with_kamailio "$transport"
		with_ip "$transport"
	done
done
workers
rows >"$out"
jq -e 'any(.name == "core.udp.process")' "$out" >/dev/null || die "nothing could be measured"

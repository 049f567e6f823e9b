#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# `make run`: the proxy at work. Real calls by sipp over IPv4 and IPv6, from a
# caller through the edge to three media servers; one of them dies, comes back,
# another is drained, and the calls go on.
#
# On a terminal it then stays up until Ctrl-C, for cxctl to be tried. Without
# one it ends by itself. Exit code 0 only if every call succeeded.
# RATE: calls a second in each family (default 100).
. "$(dirname "$0")/lab.sh"
set -u

RATE=${RATE:-100}
STEP=5 # seconds of each act
LIVE=
[ -t 1 ] && LIVE=yes
bold= plain=
[ -n "$LIVE" ] && bold=$'\e[1m' plain=$'\e[0m'
declare -A was
TOTAL_OK=0 TOTAL_FAILED=0 FAST=0 CORE=0

say() { printf '\n%s%s%s\n' "$bold" "$*" "$plain"; }

# ---- the table --------------------------------------------------------------

header() {
	printf '\n%s%6s %9s %10s   %-18s %-18s %-18s %7s%s\n' "$bold" time calls/s "in XDP" ms1 ms2 ms3 failed "$plain"
}

# Counters of this moment: fast core, then calls and state of each server.
sample() {
	lab_get '"\(.messages.forwarded_fast) \(.messages.forwarded_core)"' stats 2>/dev/null
	lab_get '. as $all | ("ms1", "ms2", "ms3") as $name
		| [$all.elements[] | select(.element == $name or .element == $name + "-v6")]
		| "\(map(.calls) | add) \([.[].state] | unique | join("/"))"' elements 2>/dev/null
}

# One line: what happened since the last one.
row() {
	local now fast core calls state total=0 cells= name i=1 lines seconds
	mapfile -t lines < <(sample)
	[ ${#lines[@]} = 4 ] || return 0 # the daemon is busy: next second
	now=$(lab_now_ms)
	read -r fast core <<<"${lines[0]}"
	seconds=$((now - ${was[now]:-0}))
	for name in $LAB_SERVERS; do
		read -r calls state <<<"${lines[$i]}"
		cells+=$(printf ' %-18s' "$(rate $((calls - ${was[$name]:-0})) $seconds)/s $state")
		total=$((total + calls - ${was[$name]:-0}))
		was[$name]=$calls
		i=$((i + 1))
	done
	if [ -n "${was[now]:-}" ]; then
		printf '%4d s %9s %8s %%  %s %7s\n' $(((now - START_MS) / 1000)) "$(rate $total $seconds)" \
			"$(percent $((fast - FAST)) $((core - CORE)))" "$cells" "$(failed_now)"
	fi
	was[now]=$now FAST=$fast CORE=$core
}

rate() { awk -v n="$1" -v ms="$2" 'BEGIN { printf "%.0f", ms ? n * 1000 / ms : 0 }'; }
percent() { awk -v a="$1" -v b="$2" 'BEGIN { printf "%.2f", a + b ? 100 * a / (a + b) : 0 }'; }
failed_now() { echo $(($(lab_calls_stat v4 'FailedCall(C)') + $(lab_calls_stat v6 'FailedCall(C)') + TOTAL_FAILED)); }

# rows SECONDS: the table for that long.
rows() {
	local end=$((SECONDS + $1))
	while [ $SECONDS -lt $end ]; do
		sleep 1
		row
	done
}

# ---- the play ---------------------------------------------------------------

calls_start() { lab_calls_start v4 "$1" "$RATE" 4 && lab_calls_start v6 "$1" "$RATE" 6; }

calls_wait() {
	local tag
	for tag in v4 v6; do
		lab_calls_wait $tag || CODE=1
		TOTAL_OK=$((TOTAL_OK + CALLS_OK)) TOTAL_FAILED=$((TOTAL_FAILED + CALLS_FAILED))
		rm -f "$LAB_DIR/$tag.stat"
	done
}

lab_state_both_is() { lab_state_is "$1" "$2" && lab_state_is "$1-v6" "$2"; }

play() {
	say "Calls to 9001-9010 over IPv4 and 9601-9610 over IPv6, $RATE a second each"
	header
	calls_start $((RATE * STEP * 5))
	row
	rows $STEP
	say "ms2 dies: its port is closed, the first ICMP error takes it out"
	lab_signal ms2 USR2
	lab_wait 5000 lab_state_both_is ms2 down
	header
	rows $STEP
	say "ms2 is back: the first answer to OPTIONS brings it in"
	lab_end ms2
	lab_uas_start ms2
	header
	rows $STEP
	say "cxctl drain ms1 (and ms1-v6): no new call, running ones end there"
	lab_ctl drain ms1 >/dev/null && lab_ctl drain ms1-v6 >/dev/null
	header
	rows $STEP
	say "cxctl undrain ms1 (and ms1-v6)"
	lab_ctl undrain ms1 >/dev/null && lab_ctl undrain ms1-v6 >/dev/null
	header
	rows $((STEP - 1))
	calls_wait
}

hints() {
	local ctl="$LAB_BUILD/cxctl --socket $LAB_DIR/run/control.sock"
	say "The lab stays up, calls go on; Ctrl-C ends it. In another terminal:"
	cat <<-END
	  $ctl status
	  $ctl elements
	  $ctl stats
	  $ctl explain 9001
	  $ctl drain ms1
	  $ctl undrain ms1
	  kill -USR1 ${LAB_PID[ms3]}      # ms3 goes silent; again: it speaks
	  nsenter --net=/run/netns/$(lab_ns edge)   # a shell on the edge
	END
}

stay() {
	hints
	trap 'STAY=' INT
	STAY=yes
	RATE=$(((RATE + 1) / 2))
	header
	calls_start 100000000
	while [ -n "$STAY" ]; do
		sleep 1
		row
	done
	lab_signal v4 USR1 # sipp ends its running calls
	lab_signal v6 USR1
	calls_wait
}

summary() {
	local fast core
	read -r fast core < <(lab_get '"\(.messages.forwarded_fast) \(.messages.forwarded_core)"' stats)
	say "Summary"
	printf '  %-28s %s\n' "calls" "$((TOTAL_OK + TOTAL_FAILED)), of them failed: $TOTAL_FAILED" \
		"messages forwarded" "$((fast + core)), in XDP: $(percent "$fast" "$core") % ($(lab_get .fastpath.mode status) mode)" \
		"program" "$(lab_get '.fastpath.program.verified_instructions' status) instructions verified"
}

CODE=0
say "Building the lab: caller - edge - ms1, ms2, ms3 (network namespaces cxsip-$LAB_ID-*)"
lab_default || exit 1
START_MS=$(lab_now_ms)
play
if [ -n "$LIVE" ]; then stay; fi
summary
[ "$TOTAL_FAILED" = 0 ] && [ "$TOTAL_OK" -gt 0 ] || CODE=1
exit $CODE

# SPDX-License-Identifier: GPL-2.0-only
# The lab, as a library of shell functions: a caller, the edge and three media
# servers, each a network namespace, joined by veth pairs.
#
#     caller --- access | edge | ms1 --- ms1
#                              | ms2 --- ms2
#                              | ms3 --- ms3
#
# What a lab creates carries its LAB_ID, so two can run side by side: the
# namespaces cxsip-<id>-*, the directory LAB_DIR and the pins below LAB_PIN.
# lab_down removes exactly those; lab_up arranges that it runs at every exit.
# Waits are for conditions with a deadline (lab_wait), never plain sleeps.

export LC_ALL=C PATH=$PATH:/usr/sbin:/sbin

LAB_HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
LAB_TOP=$(cd "$LAB_HERE/../.." && pwd)
LAB_BUILD=${LAB_BUILD:-$LAB_TOP/build}
case $LAB_BUILD in /*) ;; *) LAB_BUILD=$LAB_TOP/$LAB_BUILD ;; esac
LAB_TOOLS=$LAB_BUILD/lab
LAB_ID=${LAB_ID:-$$}
LAB_PIN=/sys/fs/bpf/cxsip-lab-$LAB_ID # the daemon's pins are below LAB_PIN/cxsip
LAB_NODES="caller edge ms1 ms2 ms3"
LAB_SERVERS="ms1 ms2 ms3"
LAB_DNS=$(seq 9001 9010)

LAB_ACCESS4=10.1.0.1    LAB_ACCESS6=fd00:1::1
LAB_CALLER4=10.1.0.2    LAB_CALLER6=fd00:1::2
LAB_CORE4=10.2.1.1      LAB_CORE6=fd00:2:1::1

declare -A LAB_PID  # name of a process of ours -> pid
LAB_DIR=
LAB_OWNER= # the shell that lab_up ran in
LAB_SIPP_PORT=5070

# ---- small tools ----------------------------------------------------------

lab_now_ms() { local t=${EPOCHREALTIME/[.,]/}; echo "${t%???}"; }

# lab_wait DEADLINE_MS COMMAND...: until the command succeeds; 1 at the deadline.
lab_wait() {
	local end=$(($(lab_now_ms) + $1))
	shift
	until "$@"; do
		[ "$(lab_now_ms)" -lt "$end" ] || return 1
		sleep 0.01
	done
}

lab_ns() { echo "cxsip-$LAB_ID-$1"; }

# lab_in NODE COMMAND...: in the node's network namespace. Not `ip netns exec`:
# that hides /sys/fs/bpf behind a mount namespace of its own.
lab_in() { local ns; ns=$(lab_ns "$1"); shift; nsenter --net="/run/netns/$ns" "$@"; }

# lab_start NAME NODE LOG COMMAND...: a process of ours, in the background and
# out of the terminal's reach, so that Ctrl-C meets only the script.
lab_start() {
	local name=$1 ns log=$3
	ns=$(lab_ns "$2")
	shift 3
	setsid nsenter --net="/run/netns/$ns" "$@" </dev/null >"$log" 2>&1 &
	LAB_PID[$name]=$!
}

lab_running() { [ -n "${LAB_PID[$1]:-}" ] && kill -0 "${LAB_PID[$1]}" 2>/dev/null; }

# lab_signal NAME SIGNAL
lab_signal() { [ -n "${LAB_PID[$1]:-}" ] && kill "-$2" "${LAB_PID[$1]}" 2>/dev/null; }

# lab_end NAME [SIGNAL]: ends a process and waits for it; its exit code.
lab_end() {
	local pid=${LAB_PID[$1]:-} code=0
	[ -n "$pid" ] || return 0
	kill -CONT "$pid" 2>/dev/null
	kill "-${2:-TERM}" "$pid" 2>/dev/null
	lab_wait 5000 lab_gone "$pid" || kill -KILL "$pid" 2>/dev/null
	wait "$pid" 2>/dev/null || code=$?
	unset "LAB_PID[$1]"
	return $code
} 2>/dev/null # the shell's own word that a job was killed
lab_gone() { ! kill -0 "$1" 2>/dev/null; }

# ---- up and down ----------------------------------------------------------

# Compiles the lab's own tools when a source is newer.
lab_build() {
	local src=$LAB_HERE/tools
	mkdir -p "$LAB_TOOLS"
	lab_stale cxsip-uas "$src"/uas.c "$src"/message.[ch] &&
		${CC:-cc} -std=gnu11 -O2 -Wall -Wextra -o "$LAB_TOOLS/cxsip-uas" "$src/uas.c" "$src/message.c"
	lab_stale cxsip-send "$src/send.c" && ${CC:-cc} -std=gnu11 -O2 -Wall -Wextra -o "$LAB_TOOLS/cxsip-send" "$src/send.c"
	lab_stale cxsip-deaf "$src/deaf.c" && ${CC:-cc} -std=gnu11 -O2 -Wall -Wextra -o "$LAB_TOOLS/cxsip-deaf" "$src/deaf.c"
	lab_stale cxsip-crowd "$src/crowd.c" && ${CC:-cc} -std=gnu11 -O2 -Wall -Wextra -o "$LAB_TOOLS/cxsip-crowd" "$src/crowd.c"
	lab_stale pass.bpf.o "$src/pass.bpf.c" &&
		${CLANG:-clang} -O2 -g -target bpf -I"/usr/include/$(uname -m)-linux-gnu" -c "$src/pass.bpf.c" -o "$LAB_TOOLS/pass.bpf.o"
	[ -x "$LAB_TOOLS/cxsip-uas" ] && [ -x "$LAB_TOOLS/cxsip-send" ] && [ -x "$LAB_TOOLS/cxsip-deaf" ] && [ -x "$LAB_TOOLS/cxsip-crowd" ] && [ -f "$LAB_TOOLS/pass.bpf.o" ]
}

lab_stale() {
	local out=$LAB_TOOLS/$1 f
	shift
	[ -e "$out" ] || return 0
	for f; do [ "$f" -nt "$out" ] && return 0; done
	return 1
}

# lab_link NODE DEVICE_OF_EDGE: one veth pair, eth0 in the node. Checksums are
# made in software on the node's side: no wire will complete them on the way.
lab_link() {
	local node=$1 device=$2
	ip link add "$device" netns "$(lab_ns edge)" type veth peer name eth0 netns "$(lab_ns "$node")" || return 1
	lab_in "$node" ethtool -K eth0 tx off >/dev/null 2>&1
	lab_in "$node" bpftool net attach xdpdrv pinned "$LAB_PIN/pass" dev eth0 || return 1
	lab_in "$node" ip link set dev eth0 up
	lab_in edge ip link set dev "$device" up
}

# lab_address NODE DEVICE IPV4/LEN IPV6/LEN
lab_address() {
	lab_in "$1" ip address add "$3" dev "$2" && lab_in "$1" ip address add "$4" dev "$2" nodad
}

lab_up() {
	local node i=0
	[ "$(id -u)" = 0 ] || { echo "lab: must be root (network namespaces, BPF)" >&2; return 1; }
	lab_build || { echo "lab: the tools do not build" >&2; return 1; }
	LAB_OWNER=$BASHPID
	trap lab_down EXIT
	trap 'exit 130' INT
	trap 'exit 143' TERM HUP
	LAB_DIR=$(mktemp -d "/tmp/cxsip-lab-$LAB_ID.XXXXXX") || return 1
	mkdir -p "$LAB_DIR/run" "$LAB_DIR/routes.d"
	mountpoint -q /sys/fs/bpf || mount -t bpf bpf /sys/fs/bpf || return 1
	mkdir -p "$LAB_PIN" && bpftool prog load "$LAB_TOOLS/pass.bpf.o" "$LAB_PIN/pass" || return 1
	for node in $LAB_NODES; do
		ip netns add "$(lab_ns "$node")" || return 1
		lab_in "$node" ip link set dev lo up
		# Addresses are ours alone: no need to wait for duplicate detection.
		lab_in "$node" sysctl -qw net.ipv6.conf.all.accept_dad=0 net.ipv6.conf.default.accept_dad=0
	done
	lab_link caller access || return 1
	lab_address edge access $LAB_ACCESS4/24 $LAB_ACCESS6/64
	lab_address caller eth0 $LAB_CALLER4/24 $LAB_CALLER6/64
	lab_in caller ip route add default via $LAB_ACCESS4
	lab_in caller ip -6 route add default via $LAB_ACCESS6
	for node in $LAB_SERVERS; do
		i=$((i + 1))
		lab_link "$node" "$node" || return 1
		lab_address edge "$node" "10.2.$i.1/24" "fd00:2:$i::1/64"
		lab_address "$node" eth0 "10.2.$i.2/24" "fd00:2:$i::2/64"
		lab_in "$node" ip route add default via "10.2.$i.1"
		lab_in "$node" ip -6 route add default via "fd00:2:$i::1"
	done
	lab_wait 5000 lab_links_up || { echo "lab: links do not come up" >&2; return 1; }
	printf 'SEQUENTIAL\n%s\n' "$LAB_DNS" >"$LAB_DIR/dn4.csv"
	sed 's/^90/96/' "$LAB_DIR/dn4.csv" >"$LAB_DIR/dn6.csv"
}

lab_links_up() {
	! lab_in edge ip -br link show | grep -v '^lo ' | grep -qv ' UP ' &&
		! lab_in edge ip -6 address show tentative | grep -q inet6
}

lab_down() {
	local name node code=$?
	# A signal can meet a child between its fork and the reset of its traps.
	[ "$BASHPID" = "$LAB_OWNER" ] || return 0
	trap '' INT TERM
	for name in "${!LAB_PID[@]}"; do lab_end "$name"; done
	rm -rf "$LAB_PIN"
	for node in $LAB_NODES; do ip netns delete "$(lab_ns "$node")" 2>/dev/null; done
	[ -n "$LAB_DIR" ] && [ -z "${LAB_KEEP:-}" ] && rm -rf "$LAB_DIR"
	return $code
}

# ---- media servers --------------------------------------------------------

lab_addresses() { local i=${1#ms}; echo "10.2.$i.2 fd00:2:$i::2"; }

# lab_uas_start NAME [options of cxsip-uas...]
lab_uas_start() {
	local name=$1
	shift
	rm -f "$LAB_DIR/$name.counters"
	# shellcheck disable=SC2046
	lab_start "$name" "$name" "$LAB_DIR/$name.log" "$LAB_TOOLS/cxsip-uas" \
		--counters "$LAB_DIR/$name.counters" "$@" $(lab_addresses "$name")
	lab_wait 3000 test -s "$LAB_DIR/$name.counters"
}

lab_uas_start_all() { local name; for name in $LAB_SERVERS; do lab_uas_start "$name" "$@" || return 1; done; }

# lab_uas NAME COUNTER
lab_uas() {
	local line
	line=$(<"$LAB_DIR/$1.counters")
	[[ " $line " =~ \ $2=([0-9]+)\  ]] && echo "${BASH_REMATCH[1]}"
}

# lab_uas_sum COUNTER: over all servers
lab_uas_sum() { local name sum=0; for name in $LAB_SERVERS; do sum=$((sum + $(lab_uas "$name" "$1"))); done; echo $sum; }

# ---- the proxy ------------------------------------------------------------

# Writes the lab's configuration. Knobs, as environment of the call: FASTPATH,
# RECORD_ROUTE, WEIGHTS "1 1 1", GROUPS_EXTRA and ROUTES_EXTRA (members of the
# lists, each with a comma in front), MODULE, WORKERS 2. DNs 9001-9010 and the prefix 91 belong to
# the IPv4 group, 9601-9610 to the IPv6 one; LAB_DIR/routes.d may hold more.
lab_config() {
	local w dn routes=
	read -ra w <<<"${WEIGHTS:-1 1 1}"
	for dn in $LAB_DNS; do
		routes+="    { dn = \"$dn\"; group = \"media\"; },"$'\n'
		routes+="    { dn = \"${dn/#90/96}\"; group = \"media6\"; },"$'\n'
	done
	cat >"$LAB_DIR/cxsip.cfg" <<-END
	fastpath = "${FASTPATH:-auto}";
	module = "${MODULE:-auto}";
	pin_root = "$LAB_PIN/cxsip";
	runtime_dir = "$LAB_DIR/run";
	routes_dir = "$LAB_DIR/routes.d";
	log = { syslog = false; };
	workers = ${WORKERS:-2};
	${SETTINGS_EXTRA:-}
	networks = (
	    { name = "access"; record_route = ${RECORD_ROUTE:-false};
	      listeners = ( { address = "$LAB_ACCESS4"; port = 5060; }, { address = "$LAB_ACCESS6"; port = 5060; }${ACCESS_EXTRA:-} );
	      sources = [ "10.1.0.0/24", "fd00:1::/64" ]; },
	    { name = "core"; record_route = ${RECORD_ROUTE:-false};
	      listeners = ( { address = "$LAB_CORE4"; port = 5060; }, { address = "$LAB_CORE6"; port = 5060; }${CORE_EXTRA:-} );
	      sources = [ "10.2.0.0/16", "fd00:2::/32" ]; }
	);
	groups = (
	    { name = "media"; network = "core"; elements = (
	        { name = "ms1"; uri = "sip:10.2.1.2:5060"; weight = ${w[0]}; },
	        { name = "ms2"; uri = "sip:10.2.2.2:5060"; weight = ${w[1]}; },
	        { name = "ms3"; uri = "sip:10.2.3.2:5060"; weight = ${w[2]}; } ); },
	    { name = "media6"; network = "core"; elements = (
	        { name = "ms1-v6"; uri = "sip:[fd00:2:1::2]:5060"; },
	        { name = "ms2-v6"; uri = "sip:[fd00:2:2::2]:5060"; },
	        { name = "ms3-v6"; uri = "sip:[fd00:2:3::2]:5060"; } ); }
	    ${GROUPS_EXTRA:-}
	);
	routes = (
	$routes
	    { prefix = "91"; group = "media"; }
	    ${ROUTES_EXTRA:-}
	);
	END
}

# lab_ctl COMMAND...: what cxctl says, as JSON.
lab_ctl() { lab_in edge "$LAB_BUILD/cxctl" --socket "$LAB_DIR/run/control.sock" --json "$@"; }

# lab_get FILTER COMMAND...: one value out of it.
lab_get() { local filter=$1; shift; lab_ctl "$@" | jq -r "(.data // .) | $filter"; }

# Up, and the way to every element known.
lab_daemon_ready() {
	lab_running cxsipd || return 0 # it died: no use in waiting
	lab_get 'if [.elements[] | select(.state == "up" and .nexthop.state == "resolved" and .health.answers > 0)]
		| length == '"${LAB_ELEMENTS:-6}"' then "ready" else "not yet" end' elements 2>/dev/null | grep -qx ready
}

# lab_daemon_start [BINARY]
lab_daemon_start() {
	local binary=${1:-$LAB_BUILD/cxsipd}
	lab_start cxsipd edge "$LAB_DIR/cxsipd.log" "$binary" -c "$LAB_DIR/cxsip.cfg"
	if ! lab_wait "${LAB_READY_MS:-10000}" lab_daemon_ready || ! lab_running cxsipd; then
		echo "lab: cxsipd does not come up:" >&2
		tail -n 20 "$LAB_DIR/cxsipd.log" >&2
		return 1
	fi
}

# Everything at its defaults: namespaces, media servers, the daemon.
lab_default() { lab_up && lab_uas_start_all && lab_config && lab_daemon_start; }

# lab_reason REASON fast|core: packets counted under it.
lab_reason() { lab_get ".reasons[] | select(.reason == \"$1\") | .$2.packets" stats; }

# lab_messages forwarded_fast|forwarded_core|handled_core|dropped
lab_messages() { lab_get ".messages.$1" stats; }

# lab_state ELEMENT
lab_state() { lab_get ".elements[] | select(.element == \"$1\") | .state" elements; }
lab_state_is() { [ "$(lab_state "$1")" = "$2" ]; }

# ---- callers --------------------------------------------------------------

# lab_calls_start TAG N RATE FAMILY [SCENARIO [options of sipp...]]: real calls
# by sipp from the caller to the edge, one local port a run so that late
# responses of an earlier one meet nobody.
lab_calls_start() {
	local tag=$1 n=$2 rate=$3 family=$4 scenario=${5:-uac_dn} from=$LAB_CALLER4 to=$LAB_ACCESS4:5060
	shift 4
	[ $# -gt 0 ] && shift
	[ "$family" = 6 ] && from=$LAB_CALLER6 to="[$LAB_ACCESS6]:5060"
	LAB_SIPP_PORT=$((LAB_SIPP_PORT + 2))
	rm -f "$LAB_DIR/$tag".{stat,err,out}
	TERM=dumb lab_start "$tag" caller "$LAB_DIR/$tag.out" sipp "$to" -sf "$LAB_HERE/scenarios/$scenario.xml" \
		-inf "${LAB_DN_FILE:-$LAB_DIR/dn$family.csv}" -i "$from" -p $LAB_SIPP_PORT -m "$n" -r "$rate" -l 15000 -nostdin -nd \
		-buff_size 400000 -trace_stat -stf "$LAB_DIR/$tag.stat" -fd 1 -trace_err -error_file "$LAB_DIR/$tag.err" "$@"
}

# lab_calls_wait TAG: sets CALLS_OK, CALLS_FAILED, CALLS_RETRANSMITTED and
# CALLS_SECONDS; 0 only if every call succeeded.
lab_calls_wait() {
	local tag=$1 code=0
	wait "${LAB_PID[$tag]}" || code=$?
	unset "LAB_PID[$tag]"
	CALLS_OK=$(lab_calls_stat "$tag" 'SuccessfulCall(C)')
	CALLS_FAILED=$(lab_calls_stat "$tag" 'FailedCall(C)')
	CALLS_RETRANSMITTED=$(lab_calls_stat "$tag" 'Retransmissions(C)')
	[ $code = 0 ] && [ "$CALLS_FAILED" = 0 ]
}

# lab_calls_stat TAG COLUMN: the latest value of a column of sipp's statistics.
lab_calls_stat() {
	awk -F';' -v name="$2" 'NR == 1 { for (i = 1; i <= NF; i++) if ($i == name) column = i; next }
		column && NF > column { value = $column } END { print value + 0 }' "$LAB_DIR/$1.stat" 2>/dev/null || echo 0
}

lab_calls() { lab_calls_start "$@" && lab_calls_wait "$1"; }

# lab_send NODE [options of cxsip-send] ADDRESS PORT < message
lab_send() { local node=$1; shift; lab_in "$node" "$LAB_TOOLS/cxsip-send" "$@"; }

# ---- the baseline ---------------------------------------------------------

# Kamailio in the proxy's place (see tests/bench/kamailio-stateless.cfg).
lab_kamailio_start() {
	lab_start kamailio edge "$LAB_DIR/kamailio.log" kamailio -DD -E -w "$LAB_DIR" -Y "$LAB_DIR/run" \
		-f "$LAB_TOP/tests/bench/kamailio-stateless.cfg" -l "udp:$LAB_ACCESS4:5060" -l "udp:$LAB_CORE4:5060" \
		-l udp:10.2.2.1:5060 -l udp:10.2.3.1:5060 \
		-A 'MS1="sip:10.2.1.2:5060"' -A 'MS2="sip:10.2.2.2:5060"' -A 'MS3="sip:10.2.3.2:5060"'
	lab_wait 5000 lab_listening $LAB_ACCESS4:5060
}

# lab_listening ADDRESS:PORT: is a UDP socket of the edge bound there?
lab_listening() { lab_in edge ss -Hlun "src = $1" | grep -q .; }

# SPDX-License-Identifier: GPL-2.0-only
# What the cases of the proxy core share: TCP listeners beside the UDP ones, groups
# in mode core over each transport and family, TCP servers (sipp).
#
#     92... coreudp   ms1, ms2 over UDP        93... coretcp   ms1, ms2 over TCP
#     94... core6     ms1, ms2 over UDP, IPv6

ACCESS_EXTRA=", { address = \"$LAB_ACCESS4\"; transport = \"tcp\"; }"
CORE_EXTRA=", { address = \"$LAB_CORE4\"; transport = \"tcp\"; }"
# drain_s: shorter than the lab waits for what it ends
SETTINGS_EXTRA="drain_s = ${DRAIN_S:-2}; ${SETTINGS_MORE:-}"
GROUPS_EXTRA=",
	{ name = \"coreudp\"; network = \"core\"; mode = \"core\"; ${UDP_GROUP:-} elements = (
	    { name = \"u1\"; uri = \"sip:10.2.1.2:5060\"; }, { name = \"u2\"; uri = \"sip:10.2.2.2:5060\"; } ); },
	{ name = \"coretcp\"; network = \"core\"; probe = { enabled = false; }; ${TCP_GROUP:-} elements = (
	    { name = \"t1\"; uri = \"sip:10.2.1.2:5070;transport=tcp\"; },
	    { name = \"t2\"; uri = \"sip:10.2.2.2:5070;transport=tcp\"; } ); },
	{ name = \"core6\"; network = \"core\"; mode = \"core\"; elements = (
	    { name = \"s1\"; uri = \"sip:[fd00:2:1::2]:5060\"; }, { name = \"s2\"; uri = \"sip:[fd00:2:2::2]:5060\"; } ); }"
ROUTES_EXTRA=", { prefix = \"92\"; group = \"coreudp\"; }, { prefix = \"93\"; group = \"coretcp\"; },
	{ prefix = \"94\"; group = \"core6\"; }"
LAB_ELEMENTS=10

core_dns() { for p in 92 93 94; do printf 'SEQUENTIAL\n%s\n%s\n' ${p}001 ${p}002 >"$LAB_DIR/dn$p.csv"; done; }

# core_tcp_server NODE [SCENARIO]: sipp as a server, by TCP at port 5070.
core_tcp_server() {
	TERM=dumb lab_start "tcp-$1" "$1" "$LAB_DIR/tcp-$1.out" sipp -sf "$LAB_HERE/scenarios/${2:-uas_rr}.xml" -t tn -p 5070 -i "10.2.${1#ms}.2" -nostdin -max_socket 4096
	lab_wait 3000 core_listens "$1"
}
core_listens() { [ -n "$(lab_in "$1" ss -Hltn "sport = :5070")" ]; }

core_up() {
	lab_up && core_dns && lab_uas_start_all && core_tcp_server ms1 && core_tcp_server ms2 && lab_config &&
		lab_daemon_start ${CORE_DAEMON:-}
}

# core_start TAG N RATE PREFIX TRANSPORT [options of sipp...]
core_start() {
	local tag=$1 n=$2 rate=$3 prefix=$4 transport=$5
	shift 5
	LAB_DN_FILE="$LAB_DIR/dn$prefix.csv" lab_calls_start "$tag" "$n" "$rate" 4 uac_dn -t "$transport" -max_socket 4096 "$@"
}

# A gauge or counter of the core, all workers together.
core_sum() { lab_get "[.workers[].core.$1] | add" transactions; }
core_idle() { [ "$(core_sum contexts)" = 0 ]; }

#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# A server behind a router that says "host unreachable" from an address which may not
# send to the network: calls through the core move on at once, because the ICMP quotes
# what the core wrote.
. "$(dirname "$0")/../case.sh"
SETTINGS_EXTRA='drain_s = 2;'
GROUPS_EXTRA=",
	{ name = \"behind\"; network = \"core\"; mode = \"core\"; probe = { enabled = false; }; try_timeout_ms = 5000; elements = (
	    { name = \"far\"; uri = \"sip:10.3.0.9:5060\"; q = 1.0; },
	    { name = \"near\"; uri = \"sip:10.2.2.2:5060\"; q = 0.5; } ); }"
ROUTES_EXTRA=', { prefix = "92"; group = "behind"; }'
LAB_ELEMENTS=6

# ms1 is the router, and speaks as 10.99.0.1.
router() {
	lab_in ms1 ip address add 10.99.0.1/32 dev lo
	lab_in ms1 sysctl -qw net.ipv4.ip_forward=1 net.ipv4.icmp_ratelimit=0
	lab_in ms1 ip route change 10.2.1.0/24 dev eth0 src 10.99.0.1
	lab_in ms1 ip route add unreachable 10.3.0.0/24
	lab_in edge ip route add 10.99.0.1/32 via 10.2.1.2
	lab_in edge ip route add 10.3.0.0/24 via 10.2.1.2
}

must lab_up
must router
must lab_uas_start_all
must lab_config
must lab_daemon_start
printf 'SEQUENTIAL\n92001\n' >"$LAB_DIR/dn92.csv"
check "far is not up" lab_state_is far up

LAB_DN_FILE="$LAB_DIR/dn92.csv" lab_calls one 1 1 4 uac_dn -d 0
calls_ok one 1
check "it was sent again: the ICMP was not heard" [ "$CALLS_RETRANSMITTED" = 0 ]
took=$(sed -n 's/.*failover.*took_ms=\([0-9]*\).*/\1/p' "$LAB_DIR/cxsipd.log" | tail -n 1)
check "moving on took ${took:-for ever} ms" at_most "${took:-99999}" 400
check "health was not told" lab_wait 3000 lab_state_is far down
figure "moved on after $took ms, then: $(element far '.state + ", " + .reason')"
case_end

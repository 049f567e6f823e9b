#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Callers and servers that leave the UDP checksum to hardware that a veth does
# not have: the receivers count no checksum error.
. "$(dirname "$0")/../case.sh"

CALLS=${CALLS:-300}
must lab_default
for node in caller $LAB_SERVERS; do lab_in "$node" ethtool -K eth0 tx on >/dev/null 2>&1; done
for family in 4 6; do
	lab_calls load$family "$CALLS" 150 $family
	calls_ok "IPv$family" "$CALLS"
done
all_ended both $((CALLS * 2))
bad=0
for node in caller $LAB_SERVERS; do
	bad=$((bad + $(lab_in "$node" awk '/^Udp: [0-9]/ { print $8 }' /proc/net/snmp) + $(lab_in "$node" awk '$1 == "Udp6InCsumErrors" { print $2 }' /proc/net/snmp6)))
done
check "$bad checksum errors" [ $bad = 0 ]
figure "$((CALLS * 2)) calls, $bad checksum errors, $(lab_reason partial_csum fast) messages handed to the daemon for it"
case_end

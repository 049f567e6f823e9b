#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# The network changes below a running proxy: a server's MAC, a link without
# carrier, an address or an interface that is gone. The rest goes on; what comes back is used.
. "$(dirname "$0")/../case.sh"

must lab_default
lab_in ms1 sysctl -qw net.ipv4.conf.eth0.arp_notify=1 # tells its neighbours
lab_in ms1 ip link set dev eth0 down
lab_in ms1 ip link set dev eth0 address 02:00:00:00:00:11 up
lab_in ms1 ip route replace default via 10.2.1.1
mac_is() { [ "$(element ms1 .nexthop.mac)" = "$1" ]; }
check "the new MAC of ms1 is not known: $(element ms1 .nexthop.mac)" lab_wait 5000 mac_is 02:00:00:00:00:11
lab_calls mac 200 200 4 uac_dn
calls_ok "new MAC" 200

lab_in ms2 ip link set dev eth0 down
check "ms2 without carrier is $(lab_state ms2)" lab_wait 3000 lab_state_is ms2 down
reason=$(element ms2 .reason)
lab_calls carrier 200 200 4
calls_ok "ms2 without carrier" 200
lab_in ms2 ip link set dev eth0 up
lab_in ms2 ip route replace default via 10.2.2.1
check "ms2 does not come back" lab_wait 10000 lab_state_is ms2 up

missing() { lab_get '[.problems[] | select(.kind == "address") | .name] | join(" ")' status; }
missing_is() { [ "$(missing)" = "$1" ]; }
lab_in edge ip address delete $LAB_ACCESS6/64 dev access
check "a listener without address: status says \"$(missing)\"" lab_wait 3000 missing_is "[$LAB_ACCESS6]:5060"
lab_in edge ip address add $LAB_ACCESS6/64 dev access nodad
check "the address is back, but status says \"$(missing)\"" lab_wait 3000 missing_is ""

lab_in edge ip link delete ms3
check "ms3 without interface is $(lab_state ms3)" lab_wait 3000 lab_state_is ms3 down
lab_calls gone 200 200 4
calls_ok "ms3 without interface" 200
check "the daemon died" lab_running cxsipd
figure "MAC followed, ms2 down by \"$reason\", ms3 down by \"$(element ms3 .reason)\"; 600 calls, none failed"
case_end

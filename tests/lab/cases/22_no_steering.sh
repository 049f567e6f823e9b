#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Without the right to load BPF programs: no fast path, no steering. The kernel gives a
# caller's datagrams and a server's to different workers, which hand over to each
# other; calls through the core and stateless ones work all the same.
. "$(dirname "$0")/../case.sh"
FASTPATH=off
. "$(dirname "$0")/../core.sh"

N=${N:-500} RATE=${RATE:-250} WANT=${CORE_DAEMON:-$LAB_BUILD/cxsipd}
command -v setpriv >/dev/null || skip "no setpriv"
LAB_DIR_WRAP=$(mktemp -d "/tmp/cxsip-lab-$LAB_ID.wrap.XXXXXX")
trap 'rm -rf "$LAB_DIR_WRAP"' EXIT
printf '#!/bin/sh\nexec setpriv --inh-caps=-bpf,-sys_admin --bounding-set=-bpf,-sys_admin %s "$@"\n' "$WANT" >"$LAB_DIR_WRAP/cxsipd"
chmod +x "$LAB_DIR_WRAP/cxsipd"
CORE_DAEMON=$LAB_DIR_WRAP/cxsipd
must core_up
rm -rf "$LAB_DIR_WRAP"

check "steered without the right to" [ "$(lab_get .steered workers)" = false ]
for way in "stateless 90 u1" "udp-udp 92 u1" "udp-tcp 93 u1" "tcp-udp 92 t1"; do
	read -r tag prefix transport <<<"$way"
	[ "$prefix" = 90 ] && cp "$LAB_DIR/dn4.csv" "$LAB_DIR/dn90.csv"
	core_start "$tag" "$N" "$RATE" "$prefix" "$transport"
	lab_calls_wait "$tag"
	calls_ok "$tag" "$N"
	figure "$tag: $CALLS_FAILED failed"
done
check "hand-overs were lost" [ "$(lab_get '[.workers[].hand_overs_refused] | add' workers)" = 0 ]
check "contexts are left: $(core_sum contexts)" lab_wait 3000 core_idle
case_end

#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Reloads under load put a route table, a network and listeners in front of all
# others, and take them away again; then the daemon is killed and comes back
# with them. What was there keeps its ids, so cookies in flight and what the
# maps say of sources stay right: no call fails, and nobody has to say a thing
# twice.
. "$(dirname "$0")/../case.sh"

RATE=${RATE:-500} CALLS=${CALLS:-3500}

must lab_up
must lab_uas_start_all
RECORD_ROUTE=true lab_config
# The callers' network uses a table of its own, which the new one comes before.
sed -i 's/name = "access";/& table = "calls";/; /^ *{ \(dn\|prefix\) = /s/group = /table = "calls"; &/' "$LAB_DIR/cxsip.cfg"
cp "$LAB_DIR/cxsip.cfg" "$LAB_DIR/plain.cfg"
# The servers go on being faced by the listener that they were faced by.
sed "s/^networks = (/&\n    { name = \"front\"; table = \"front\"; sources = [ \"10.0.0.0\/8\" ];\n      listeners = ( { address = \"$LAB_ACCESS4\"; port = 5090; } ); },/
	s/listeners = (\( { address = \"$LAB_ACCESS4\"; port = \)5060; }/listeners = (\15091; },\15060; }/
	s/listeners = (\( { address = \"$LAB_CORE4\"; port = \)5060; }/listeners = (\15060; },\15091; }/
	s/^routes = (/&\n    { dn = \"9001\"; table = \"front\"; group = \"media\"; },/" "$LAB_DIR/plain.cfg" >"$LAB_DIR/front.cfg"
must lab_daemon_start

use() { cp "$LAB_DIR/$1.cfg" "$LAB_DIR/cxsip.cfg"; }
ids() { lab_get '[.listeners[] | select(.port == 5060) | "\(.address)=\(.id)"] | sort | join(" ")' status; }
dropped() { lab_get '[.reasons[] | select(.verdict == "drop") | .fast.packets + .core.packets] | add' stats; }
reload() { use "$1"; lab_ctl reload >"$LAB_DIR/answer" || fail "reload refused: $(<"$LAB_DIR/answer")"; }

at_first=$(ids)
lab_calls_start load "$CALLS" "$RATE" 4
lab_wait 10000 started $((CALLS / 10))
rounds=0
until started $((CALLS / 2)) || [ -n "$CASE_WHY" ]; do
	reload front
	with_front=$(ids) listeners=$(lab_get '.listeners | length' status)
	check "$listeners listeners with the new ones, not 7" [ "$listeners" = 7 ]
	check "ids moved: $at_first; $with_front" [ "$with_front" = "$at_first" ]
	reload plain
	check "ids moved back: $at_first; $(ids)" [ "$(ids)" = "$at_first" ]
	rounds=$((rounds + 1))
done
check "only $rounds rounds under load" [ "$rounds" -ge 3 ]
lost=$(dropped)
lab_end cxsipd KILL
use front
must lab_daemon_start
check "ids moved over a restart: $at_first; $(ids)" [ "$(ids)" = "$at_first" ]
check "the restart came after the load" lab_running load
lab_calls_wait load
calls_ok load "$CALLS"
all_ended load "$CALLS"
lost=$((lost + $(dropped)))
check "$CALLS_RETRANSMITTED messages had to be said again" [ "$CALLS_RETRANSMITTED" = 0 ]
check "$lost messages dropped" [ "$lost" = 0 ]
figure "$((2 * rounds)) reloads and a restart, ids $at_first: $CALLS_FAILED of $CALLS calls failed"
figure "$CALLS_RETRANSMITTED retransmissions, $lost dropped"
case_end

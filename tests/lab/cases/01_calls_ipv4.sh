#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Whole calls, INVITE to BYE, over IPv4: none fails, and 99.9 % of their
# messages never leave the kernel. CALLS and RATE raise the load.
. "$(dirname "$0")/../case.sh"

FAMILY=${FAMILY:-4} CALLS=${CALLS:-2000} RATE=${RATE:-500}
must lab_default
fast=$(lab_messages forwarded_fast) core=$(lab_messages forwarded_core)
lab_calls load "$CALLS" "$RATE" "$FAMILY"
calls_ok load "$CALLS"
all_ended load "$CALLS"
fast=$(($(lab_messages forwarded_fast) - fast)) core=$(($(lab_messages forwarded_core) - core))
share=$(ratio $fast $((fast + core)))
check "$share % of the messages forwarded in XDP" at_most 99.9 "$share"
check "only $fast messages counted for $CALLS calls" [ "$fast" -ge $((CALLS * 6 * 999 / 1000)) ]
figure "$CALLS calls at $RATE/s, $CALLS_FAILED failed, $CALLS_RETRANSMITTED retransmissions"
figure "$share % of $((fast + core)) messages in XDP ($(lab_get .fastpath.mode status))"
case_end

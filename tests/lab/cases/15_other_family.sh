#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# An IPv4 caller and servers that have IPv6 only, and the other way round: the
# daemon carries the calls.
. "$(dirname "$0")/../case.sh"

CALLS=${CALLS:-200}
must lab_default
LAB_DN_FILE=$LAB_DIR/dn6.csv lab_calls 4-to-6 "$CALLS" 100 4
calls_ok "IPv4 to IPv6" "$CALLS"
all_ended "IPv4 to IPv6" "$CALLS"
LAB_DN_FILE=$LAB_DIR/dn4.csv lab_calls 6-to-4 "$CALLS" 100 6
calls_ok "IPv6 to IPv4" "$CALLS"
all_ended "IPv6 to IPv4" $((CALLS * 2))
check "counted: $(lab_reason other_family fast)" [ "$(lab_reason other_family fast)" -ge $((CALLS * 6)) ]
figure "$CALLS calls each way, $(lab_messages forwarded_core) messages through the daemon"
case_end

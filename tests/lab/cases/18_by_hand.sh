#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# The operator's hand under load: the fast path is detached and attached again,
# and keys are rotated every second all the while. No call fails.
. "$(dirname "$0")/../case.sh"

CALLS=${CALLS:-2000} RATE=${RATE:-400}
must lab_up
must lab_uas_start_all
lab_config
echo 'key_rotation_s = 1;' >>"$LAB_DIR/cxsip.cfg"
must lab_daemon_start
key() { bpftool -j map dump pinned "$LAB_PIN/cxsip/v1/maps/cx_key" | md5sum; }
before=$(key)
lab_calls_start load "$CALLS" "$RATE" 4
lab_wait 10000 started $((CALLS / 4))
check "detach refused" lab_ctl fastpath detach >/dev/null
check "detached, but the mode is $(lab_get .fastpath.mode status)" [ "$(lab_get .fastpath.mode status)" = off ]
lab_wait 10000 started $((CALLS / 2))
through_daemon=$(lab_messages forwarded_core)
check "attach refused" lab_ctl fastpath attach >/dev/null
check "attached, but the mode is $(lab_get .fastpath.mode status)" [ "$(lab_get .fastpath.mode status)" = native ]
lab_calls_wait load
calls_ok load "$CALLS"
all_ended load "$CALLS"
check "detached, and only $through_daemon messages went through the daemon" [ "$through_daemon" -ge "$CALLS" ]
check "after attach XDP forwarded only $(lab_messages forwarded_fast)" [ "$(lab_messages forwarded_fast)" -ge "$CALLS" ]
check "the key never changed" [ "$(key)" != "$before" ]
# What the other commands say, without a host name and with a q.
check "q of ms1 is $(element ms1 .q)" [ "$(element ms1 .q)" = 1000 ]
check "refresh of no names" grep -q "no element has a host name" <<<"$(lab_ctl dns refresh 2>&1)"
figure "$CALLS_FAILED of $CALLS calls failed, $through_daemon messages through the daemon while detached"
case_end

# SPDX-License-Identifier: GPL-2.0-only
# The module goes and comes while it is at work: by cxctl, a
# hundred times under traffic. With the daemon there no call is lost.
case_begin life
CYCLES=${CYCLES:-100}
calls_ended() { [ "$(lab_uas_sum finished)" -ge "$1" ]; }
module_gone() { [ ! -e /sys/module/cxsip ]; }
logged() { [ "$(grep -c "$1" "$LAB_DIR/cxsipd.log")" -ge "$2" ]; }

ctl() { lab_in edge "$LAB_BUILD/cxctl" --socket "$LAB_DIR/run/control.sock" "$@"; }
ctl module unload >/dev/null || fail "unload"
lab_wait 3000 logged module_unloaded 1 || fail "the daemon did not notice that it went"
send_invite 4 3000 life1 >/dev/null || fail "no call without the module"
seen=$(grep -c module_attached "$LAB_DIR/cxsipd.log")
module_load || fail "does not load again"
lab_wait 3000 logged module_attached $((seen + 1)) || fail "the daemon did not take it to work"
before=$(module_count request)
send_invite 4 3000 life2 >/dev/null || fail "no call with the module"
check "the call did not go through the module" [ "$(module_count request)" -gt "$before" ]

# "path": without the program that calls the module, whose verification takes
# seconds here at each load
MODULE=path lab_config
ctl reload >/dev/null || fail "reload"
for name in $LAB_SERVERS; do lab_end "$name"; done
lab_uas_start_all || fail "the servers do not come back"
lab_wait 60000 lab_daemon_ready || fail "the servers are not up again" # a probe may have seen them gone
scenario=$LAB_DIR/life.xml
big_scenario 2400 >"$scenario"
TERM=dumb lab_start traffic caller "$LAB_DIR/traffic.out" sipp $LAB_ACCESS4:5060 -sf "$scenario" -inf "$LAB_DIR/dn4.csv" -i $LAB_CALLER4 \
	-p 5900 -m 100000 -r 10 -nostdin -nd -buff_size 400000 -trace_stat -stf "$LAB_DIR/traffic.stat" -fd 1 -trace_err -error_file "$LAB_DIR/traffic.err"
lab_wait 10000 calls_ended 5 || fail "no traffic: $(cat "$LAB_DIR"/traffic.{err,out} | head -n 5)"
before=$(lab_uas_sum finished)
for ((i = 0; i < CYCLES; i++)); do
	ctl module unload >/dev/null 2>"$LAB_DIR/unload.err" || { fail "unload $i: $(cat "$LAB_DIR/unload.err")"; break; }
	module_gone || { fail "still there after unload $i"; break; }
	ctl module load /cx/cxsip.ko >/dev/null 2>"$LAB_DIR/load.err" || { fail "load $i: $(cat "$LAB_DIR/load.err")"; break; }
done
lab_signal traffic USR1 # no new calls; ends when the running ones have
lab_wait 40000 lab_gone "${LAB_PID[traffic]}" || fail "calls do not end"
unset "LAB_PID[traffic]"
failed=$(lab_calls_stat traffic 'FailedCall(C)') ok=$(lab_calls_stat traffic 'SuccessfulCall(C)')
check "$failed calls failed, $ok succeeded: $(head -n 2 "$LAB_DIR/traffic.err" 2>/dev/null)" [ "$failed" = 0 ]
check "hardly a call meanwhile: $ok" [ "$ok" -gt 20 ]
figure "$i cycles, $ok calls, $failed failed, retransmitted $(lab_calls_stat traffic 'Retransmissions(C)'), by the module since the last load $(module_count request)"
case_end

# SPDX-License-Identifier: GPL-2.0-only
# Whole calls of large messages through the module, daemon stopped: INVITE,
# 180, 200, ACK, BYE, 200, each longer than the MTU.
case_begin calls
CALLS=5
calls_ended() { [ "$(lab_uas_sum finished)" = "$1" ]; }
lab_end cxsipd || fail "the daemon ended badly" # first: it must not see its servers gone, and stop with them down
for name in $LAB_SERVERS; do lab_end "$name"; done # they forget the calls that never got an ACK
lab_uas_start_all --dump "$LAB_DIR/invite" || fail "the servers do not come back"
before=$(($(module_count request) + $(module_count response)))
for family in 4 6; do
	for size in 2000 6000 8000; do
		big_scenario $size >"$LAB_DIR/big$size.xml"
		ended=$(lab_uas_sum finished)
		from=$LAB_CALLER4 to=$LAB_ACCESS4:5060 dns=$LAB_DIR/dn4.csv
		[ $family = 6 ] && from=$LAB_CALLER6 to="[$LAB_ACCESS6]:5060" dns=$LAB_DIR/dn6.csv
		TERM=dumb lab_in caller timeout 60 sipp "$to" -sf "$LAB_DIR/big$size.xml" -inf "$dns" -i "$from" -p $((5200 + size / 1000 + family * 20)) \
			-m $CALLS -r 5 -nostdin -nd -buff_size 400000 -trace_err -error_file "$LAB_DIR/sipp.err" >"$LAB_DIR/sipp.out" 2>&1 ||
			fail "calls of $size bytes over IPv$family: $(head -n 3 "$LAB_DIR/sipp.err" 2>/dev/null)"
		lab_wait 3000 calls_ended $((ended + CALLS)) || fail "calls of $size bytes over IPv$family: $(($(lab_uas_sum finished) - ended)) of $CALLS ended"
	done
done
after=$(($(module_count request) + $(module_count response) - before))
check "$after messages through the module" [ $after -ge $((CALLS * 6 * 6)) ]
figure "$((CALLS * 6)) calls, $after messages"
lab_daemon_start || fail "the daemon does not come back"
case_end

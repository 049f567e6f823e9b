#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# A source in no CIDR of the network, a response without our branch, one of
# ours that was changed: dropped without an answer and counted, with XDP and
# without.
. "$(dirname "$0")/../case.sh"
. "$LAB_HERE/messages.sh"

must lab_up
lab_in caller ip address add 10.9.9.9/32 dev eth0
lab_in edge ip route add 10.9.9.9/32 via $LAB_CALLER4
must lab_uas_start_all --dump "$LAB_DIR/invite"
for mode in native off; do
	body=fast
	[ $mode = off ] && body=core
	FASTPATH=$mode lab_config
	must lab_daemon_start

	check "$mode: a source outside the CIDRs got an answer" \
		silent_drop source_denied caller -s 10.9.9.9 $LAB_ACCESS4 5060 < <(request OPTIONS "sip:9001@$LAB_ACCESS4")
	check "$mode: a foreign response got through" \
		silent_drop forged_response ms1 $LAB_CORE4 5060 < <(response "z9hG4bKsomebody" forged)

	# What a server really got, turned into a response, is forwarded ...
	lab_send caller -t 2000 $LAB_ACCESS4 5060 < <(request INVITE "sip:9001@$LAB_ACCESS4" cookie-$mode) >"$LAB_DIR/answer"
	branch=$(sed -n 's/^Via:.*;branch=\(z9hG4bK[^;[:cntrl:]]*\).*/\1/p;T;q' "$LAB_DIR/invite")
	before=$(lab_reason response $body)
	response "$branch" cookie-$mode | lab_send ms1 -t 100 $LAB_CORE4 5060 >/dev/null
	check "$mode: the true response was not forwarded" lab_wait 1000 more_than response $body "$before"
	# ... and with another Call-ID, or another cookie, it is not.
	check "$mode: a cookie was good for another call" \
		silent_drop bad_cookie ms1 $LAB_CORE4 5060 < <(response "$branch" other-call)
	last=${branch: -1} other=A
	[ "$last" = A ] && other=B
	check "$mode: a changed cookie was accepted" \
		silent_drop bad_cookie ms1 $LAB_CORE4 5060 < <(response "${branch%?}$other" cookie-$mode)
	figure "$mode: $(lab_reason source_denied $body) denied, $(lab_reason forged_response $body) forged, $(lab_reason bad_cookie $body) changed"
	lab_end cxsipd
	rm -rf "$LAB_PIN/cxsip"
done
case_end

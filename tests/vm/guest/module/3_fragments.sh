# SPDX-License-Identifier: GPL-2.0-only
# Fragments as nobody should send them. What cannot be put together reaches
# nobody, what can is forwarded once; and the next good call works.
case_begin fragments
arrived_is() { [ "$(lab_uas_sum invites)" = "$1" ]; }
expected=$(lab_uas_sum invites)
for family in 4 6; do
	addresses_of $family
	for how in plain reversed duplicate tiny overlap hole endless truncated long checksum; do
		id=$how$family-$RANDOM
		invite $family 3000 "$id" | lab_in caller "$TOOLS/fragments" $how "$FROM" 5098 "$TO" 5060 || fail "$how: not sent"
		case $how in
		plain | reversed | duplicate | tiny) expected=$((expected + 1)) ;;
		esac
		send_invite $family 3000 "good$id" >/dev/null || fail "IPv$family: no call after $how"
		expected=$((expected + 1))
		lab_wait 3000 arrived_is $expected || fail "IPv$family $how: $(lab_uas_sum invites) arrived, not $expected"
		expected=$(lab_uas_sum invites)
	done
done
figure "bad_packet $(module_count bad_packet)"
check "no wrong length or checksum was counted" [ "$(module_count bad_packet)" -ge 4 ]
case_end

# What nobody may send is dropped here as in XDP, and the daemon is told.
case_begin drops
denied=$(module_count source_denied) forged=$(module_count forged_response)
addresses_of 4
invite 4 3000 denied | lab_send ms1 -r -t 300 "$TO" 5060 >/dev/null && fail "a denied source got an answer"
{ printf '%s\r\n' "SIP/2.0 200 OK" "Via: SIP/2.0/UDP $LAB_ACCESS4:5060;branch=z9hG4bKforged" "Via: SIP/2.0/UDP $FROM;branch=z9hG4bKx" \
	"From: <sip:a@b>;tag=f" "To: <sip:b@b>;tag=t" "Call-ID: forged" "CSeq: 1 INVITE" "Content-Length: 2500" ""
	printf '%2500s' ''; } | lab_send ms1 -r -t 300 "$TO" 5060 >/dev/null && fail "a forged response got an answer"
check "the denied source was not counted" [ "$(module_count source_denied)" = $((denied + 1)) ]
check "the forged response was not counted" [ "$(module_count forged_response)" = $((forged + 1)) ]
told() { grep -q 'module_dropped.*reason=source_denied' "$LAB_DIR/cxsipd.log"; }
lab_wait 3000 told || fail "the daemon was not told"
case_end

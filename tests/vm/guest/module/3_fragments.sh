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

# SPDX-License-Identifier: GPL-2.0-only
# Single messages for the cases that need what no user agent sends, and checks
# of what comes back. Sourced after case.sh.

# request METHOD URI [CALL-ID [EXTRA HEADER LINES]]: EXTRA may hold a
# Max-Forwards of its own; NO_MAX_FORWARDS=1 leaves it out.
request() {
	local method=$1 uri=$2 id=${3:-$RANDOM$RANDOM} extra=${4:-} forwards="Max-Forwards: 70"
	[[ $extra == *Max-Forwards* || ${NO_MAX_FORWARDS:-} ]] && forwards=
	printf '%s\n' "$method $uri SIP/2.0" "Via: SIP/2.0/UDP $LAB_CALLER4;branch=z9hG4bK$id;rport" \
		"From: <sip:caller@$LAB_CALLER4>;tag=f" "To: <$uri>" "Call-ID: $id" "CSeq: 1 $method" \
		"Contact: <sip:caller@$LAB_CALLER4>" ${forwards:+"$forwards"} ${extra:+"$extra"} "Content-Length: 0" ""
}

# response BRANCH CALL-ID: a 200 to an INVITE that came through the proxy.
response() {
	printf '%s\n' "SIP/2.0 200 OK" "Via: SIP/2.0/UDP $LAB_CORE4:5060;branch=$1" \
		"Via: SIP/2.0/UDP $LAB_CALLER4;branch=z9hG4bK$2;rport" "From: <sip:caller@$LAB_CALLER4>;tag=f" \
		"To: <sip:9001@$LAB_ACCESS4>;tag=t" "Call-ID: $2" "CSeq: 1 INVITE" "Content-Length: 0" ""
}

# status_of NODE [options] ADDRESS PORT < message: the code of the answer, or "none".
status_of() {
	local answer
	answer=$(lab_send "$@") || { echo none; return; }
	awk 'NR == 1 { print $2 }' <<<"$answer"
}

# more_than REASON fast|core N (for lab_wait)
more_than() { [ "$(lab_reason "$1" "$2")" -gt "$3" ]; }

# silent_drop REASON NODE [options] ADDRESS PORT < message: no answer, and one
# more packet counted under the reason by the body named in $body.
silent_drop() {
	local reason=$1 before
	shift
	before=$(lab_reason "$reason" "$body")
	[ "$(status_of "$1" -t 200 "${@:2}")" = none ] && lab_wait 1000 more_than "$reason" "$body" "$before"
}

#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# What the proxy answers by itself, and that it never answers an ACK.
. "$(dirname "$0")/../case.sh"
. "$LAB_HERE/messages.sh"

must lab_default
n=0
# expect CODE WHAT < message
expect() {
	local code
	code=$(status_of caller -t 2000 $LAB_ACCESS4 5060)
	check "$2: $code instead of $1" [ "$code" = "$1" ]
	n=$((n + 1))
}
edge=$LAB_ACCESS4
expect 200 "OPTIONS to the proxy" < <(request OPTIONS "sip:$edge")
expect 200 "OPTIONS to a number" < <(request OPTIONS "sip:9001@$edge")
expect 404 "unknown number" < <(request INVITE "sip:1234567@$edge")
expect 416 "unknown scheme" < <(request INVITE "urn:service:sos")
expect 416 "sips by UDP" < <(request INVITE "sips:9001@$edge")
expect 420 "Proxy-Require" < <(request INVITE "sip:9001@$edge" "" "Proxy-Require: privacy")
expect 483 "Max-Forwards 0" < <(request INVITE "sip:9001@$edge" "" "Max-Forwards: 0")
expect 400 "CSeq names another method" < <(request INVITE "sip:9001@$edge" | sed 's/^CSeq.*/CSeq: 1 BYE/')
expect 400 "Content-Length too long" < <(request INVITE "sip:9001@$edge" | sed 's/^Content-Length.*/Content-Length: 99/')
expect 505 "SIP/3.0" < <(request INVITE "sip:9001@$edge" | sed '1s,SIP/2.0,SIP/3.0,')
expect 200 "no Max-Forwards" < <(NO_MAX_FORWARDS=1 request OPTIONS "sip:9001@$edge")
expect 200 "tel: URI" < <(request OPTIONS "tel:9001")
expect 200 "prefix route" < <(request OPTIONS "sip:9155512345@$edge")
for bad in "sip:1234567@$edge" "urn:service:sos"; do
	code=$(status_of caller -t 300 $LAB_ACCESS4 5060 < <(request ACK "$bad"))
	check "an ACK to $bad was answered with $code" [ "$code" = none ]
	n=$((n + 1))
done
for name in ms1 ms2 ms3; do check "disable $name" lab_ctl disable $name >/dev/null; done
answer=$(request INVITE "sip:9001@$edge" | lab_send caller -t 2000 $LAB_ACCESS4 5060)
check "all disabled: $(head -n 1 <<<"$answer")" grep -q '^SIP/2.0 503' <<<"$answer"
check "the 503 has no Retry-After" grep -qi '^Retry-After: *[0-9]' <<<"$answer"
figure "$((n + 1)) messages answered as they should be"
case_end

# SPDX-License-Identifier: GPL-2.0-only
# What the module's cases share. They run inside a virtual machine, one after
# the other in one lab (tests/lab/lab.sh), and print "ok vm/KERNEL module NAME ..." or
# "FAIL ..." each.

. /cx/tests/lab/lab.sh
. /cx/tests/lab/messages.sh
HERE=/cx/tests/vm/guest/module
TOOLS=/cx/build/tests/vm/tools
FAILED=0

case_begin() { CASE=$1 WHY= FIGURES=; }
figure() { FIGURES+="${FIGURES:+, }$*"; }
fail() { WHY+="${WHY:+; }$*"; }
check() { local what=$1; shift; "$@" || fail "$what"; }
case_end() {
	if [ -z "$WHY" ]; then
		echo "ok vm/$KERNEL module $CASE${FIGURES:+ ($FIGURES)}"
	else
		echo "FAIL vm/$KERNEL module $CASE $WHY${FIGURES:+ ($FIGURES)}"
		FAILED=1
	fi
}

module_load() { modprobe nf_defrag_ipv6 && insmod /cx/cxsip.ko; }
module_is() { [ "$(lab_ctl module status | jq -r .attached)" = "$1" ]; }
# module_count REASON: packets, from the module itself (no daemon needed)
module_count() {
	lab_in edge "$LAB_BUILD/cxctl" --json module status | jq "[.counts[] | select(.reason == \"$1\") | .packets] | add // 0"
}
module_attach() { lab_ask module attach; }
module_release() { lab_ask module release; }

# lab_ask COMMAND ACTION: an order to the daemon that cxctl has no word for
lab_ask() {
	local answer
	answer=$(printf '{"v":1,"cmd":"%s","args":{"action":"%s"}}\n' "$1" "$2" | timeout 10 "$TOOLS/ask" "$LAB_DIR/run/control.sock")
	[[ $answer == *'"ok":true'* ]] || { echo "$1 $2: $answer" >&2; return 1; }
}

addresses_of() { # 4|6: TO FROM URI
	if [ "$1" = 4 ]; then TO=$LAB_ACCESS4 FROM=$LAB_CALLER4 HOST=$LAB_ACCESS4; else TO=$LAB_ACCESS6 FROM=$LAB_CALLER6 HOST="[$LAB_ACCESS6]"; fi
}

# invite FAMILY SIZE CALL-ID [DN]: about SIZE bytes; half of them in headers
# that come back in the response (lower Vias), half in a body. CRLF line ends.
invite() {
	local id=$3 dn=${4:-} half=$(($2 / 2)) from lines= i
	addresses_of "$1"
	[ -n "$dn" ] || { [ "$1" = 4 ] && dn=9001 || dn=9601; }
	[ "$1" = 4 ] && from=$FROM || from="[$FROM]"
	for ((i = 0; half > 0; i++, half -= 600)); do
		lines+="Via: SIP/2.0/UDP proxy$i.example;branch=z9hG4bK$(printf '%*s' $((half < 600 ? half : 560)) '' | tr ' ' b)"$'\r\n'
	done
	printf '%s\r\n' "INVITE sip:$dn@$HOST SIP/2.0" "Via: SIP/2.0/UDP $from:5099;branch=z9hG4bK$id;rport"
	printf '%s' "$lines"
	printf '%s\r\n' "From: <sip:caller@$from>;tag=f" "To: <sip:$dn@$HOST>" "Call-ID: $id" "CSeq: 1 INVITE" \
		"Contact: <sip:caller@$from>" "Max-Forwards: 70" "Content-Type: text/plain" "Content-Length: $(($2 / 2))" ""
	printf '%*s' $(($2 / 2)) '' | tr ' ' x
}

# send_invite FAMILY SIZE CALL-ID > first answer. PORT: a call's own, so that
# no late answer of another one comes in between.
send_invite() {
	addresses_of "$1"
	invite "$@" | lab_send caller -r -s "$FROM,${PORT:-5099}" -t 5000 "$TO" 5060
}

# big_scenario SIZE: sipp's calls of the lab with about SIZE bytes of lower Vias
# in each message.
big_scenario() {
	local pad= i
	for ((i = 0; i < $1 / 600; i++)); do
		pad+="      Via: SIP/2.0/UDP proxy$i.example;branch=z9hG4bK$(printf '%560s' '' | tr ' ' b)\n"
	done
	sed "s|^\( *\)\(From: .*\)|$pad\1\2|" "$LAB_HERE/scenarios/uac_dn.xml"
}

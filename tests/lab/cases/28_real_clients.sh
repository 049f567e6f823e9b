#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Calls of real user agents through the core: baresip on both sides, over UDP, TCP and
# from IPv4 to IPv6: media between the two, hold, transfer, CANCEL, busy, hang-up from
# either side. What both ends got is read: Via, Record-Route, Route, Max-Forwards,
# received and rport as RFC 3261, 3581 and 5658 want them.
. "$(dirname "$0")/../case.sh"
. "$LAB_HERE/clients.sh"

command -v baresip >/dev/null || skip "baresip is not installed (conf/deps.sh lab)"

# 92... by UDP, 93... by TCP, 94... by IPv6 to bob at ms1; 95... to carol at ms2
RECORD_ROUTE=true
LAB_ELEMENTS=3 # those of the default groups that somebody answers for
ACCESS_EXTRA=", { address = \"$LAB_ACCESS4\"; transport = \"tcp\"; }"
CORE_EXTRA=", { address = \"$LAB_CORE4\"; transport = \"tcp\"; }"
WORKERS=2 SETTINGS_EXTRA='drain_s = 2;'
group() { # NAME URI
	echo ", { name = \"$1\"; network = \"core\"; mode = \"core\"; probe = { enabled = false; }; elements = ( { name = \"$1-1\"; uri = \"$2\"; } ); }"
}
GROUPS_EXTRA="$(group udp 'sip:10.2.1.2')$(group tcp 'sip:10.2.1.2;transport=tcp')$(group six 'sip:[fd00:2:1::2]')$(group carol 'sip:10.2.2.2')"
ROUTES_EXTRA=', { prefix = "92"; group = "udp"; }, { prefix = "93"; group = "tcp"; }, { prefix = "94"; group = "six"; }, { prefix = "95"; group = "carol"; }'

phones() {
	CONTACTS="\"bob\" <sip:9201@$LAB_ACCESS4>" baresip_start alice caller $LAB_CALLER4:5060 "<sip:alice@$LAB_ACCESS4>;regint=0;outbound=\"sip:$LAB_ACCESS4\"" &&
		baresip_start tom caller $LAB_CALLER4:5070 "<sip:tom@$LAB_ACCESS4;transport=tcp>;regint=0;outbound=\"sip:$LAB_ACCESS4;transport=tcp\"" &&
		baresip_start bob ms1 10.2.1.2:5060 "<sip:9201@10.2.1.2>;regint=0;answermode=auto" "<sip:9301@10.2.1.2>;regint=0;answermode=auto" \
			"<sip:9202@10.2.1.2>;regint=0;answermode=manual" &&
		baresip_start sixtus ms1 '[fd00:2:1::2]:5060' "<sip:9401@[fd00:2:1::2]>;regint=0;answermode=auto" &&
		baresip_start carol ms2 10.2.2.2:5060 "<sip:9501@10.2.2.2>;regint=0;answermode=auto"
}

# dials CALLER NUMBER CALLEE: up to the conversation
dials() {
	order "$1" dial "sip:$2@$LAB_ACCESS4"
	says "$1" CALL_ESTABLISHED
	says "$3" CALL_ESTABLISHED
	media_begin
	media_flows
}

# headers CALLER CALLEE IN-TRANSPORT RECORD-ROUTE...: of the call that was just made; the Record-Route
# values, top first.
headers() {
	local caller=$1 callee=$2 in=$3 routes
	shift 3
	routes="$*"
	same "Record-Route at $callee" "$(field $callee INVITE Record-Route)" "$routes"
	same "Via at $callee" "$(field $callee INVITE Via)" "SIP/2.0/* *;branch=z9hG4bK* SIP/2.0/$in $LAB_CALLER4:*;branch=z9hG4bK*;rport=*;received=$LAB_CALLER4"
	same "Max-Forwards at $callee" "$(field $callee INVITE Max-Forwards)" 69
	same "Route of the INVITE at $callee" "$(field $callee INVITE Route)" ''
	same "Contact at $callee" "$(field $callee INVITE Contact)" "$(field $caller INVITE Contact)"
	same "Record-Route of the 200 at $caller" "$(field $caller 'SIP/2.0 200' Record-Route)" "$routes"
	same "Via of the 200 at $caller" "$(field $caller 'SIP/2.0 200' Via)" "SIP/2.0/$in $LAB_CALLER4:*;rport=*;received=$LAB_CALLER4"
	same "Route of the ACK of $caller" "$(field $caller ACK Route)" "$(tac -s ' ' <<<"$routes " | tr '\n' ' ' | sed 's/^ *//; s/ *$//; s/  */ /g')"
	same "Route of the ACK at $callee" "$(field $callee ACK Route)" ''
	same "Record-Route of the ACK at $callee" "$(field $callee ACK Record-Route)" ''
	same "Max-Forwards of the ACK at $callee" "$(field $callee ACK Max-Forwards)" 69
}

# hangs_up NAME OTHER
hangs_up() {
	order "$1" hangup
	says "$2" CALL_CLOSED
	saw "$1" 'CSeq: [0-9]+ BYE' 2
}

core_idle() { [ "$(lab_get '[.workers[].core.contexts] | add' transactions)" = 0 ]; }
core_count() { lab_get "[.workers[].core.$1] | add" transactions; }

must lab_up
lab_in edge sysctl -qw net.ipv4.ip_forward=1 # the edge is their router, too
lab_config
must phones
must lab_daemon_start ${CORE_DAEMON:-}

u=5060';'lr t=5060';transport=tcp;'lr
flow_begin 'UDP to UDP'
before=$(media_count)
dials alice 9201 bob
headers alice bob UDP "<sip:$LAB_CORE4:$u>" "<sip:$LAB_ACCESS4:$u>"
order alice hold
saw alice '^a=recvonly'
saw bob '^a=sendonly'
order alice resume
saw bob '^a=sendrecv' 3
media_begin
media_flows
same 'To tag after hold and resume' "$(client_new bob trace | grep -oE "^To: <sip:9201@$LAB_ACCESS4>;tag=[0-9a-f]+" | sort -u | wc -l)" 1
hangs_up alice bob
read -r media _ <<<"$(media_count)"
media=$((media - ${before%% *}))
check "media: $media datagrams went between them" [ "$media" -gt 50 ]
figure "$media RTP datagrams past the proxy"

flow_begin 'TCP to UDP, the callee hangs up'
dials tom 9201 bob
headers tom bob TCP "<sip:$LAB_CORE4:$u>" "<sip:$LAB_ACCESS4:$t>"
order bob uafind sip:9201@10.2.1.2
hangs_up bob tom

flow_begin 'UDP to TCP, the callee hangs up'
dials alice 9301 bob
headers alice bob UDP "<sip:$LAB_CORE4:$t>" "<sip:$LAB_ACCESS4:$u>"
order bob uafind sip:9301@10.2.1.2
hangs_up bob alice

flow_begin 'TCP to TCP'
dials tom 9301 bob
headers tom bob TCP "<sip:$LAB_CORE4:$t>" "<sip:$LAB_ACCESS4:$t>"
order tom hold
saw bob '^a=sendonly'
saw tom '^a=recvonly'
hangs_up tom bob

flow_begin 'IPv4 to IPv6'
dials alice 9401 sixtus
headers alice sixtus UDP "<sip:\[$LAB_CORE6\]:$u>" "<sip:$LAB_ACCESS4:$u>"
hangs_up sixtus alice

flow_begin 'CANCEL before the answer'
order alice dial "sip:9202@$LAB_ACCESS4"
says alice CALL_RINGING
order alice hangup
saw alice '^SIP/2.0 487'
saw bob '^ACK'
same 'Request-URI of the CANCEL' "$(message_of bob CANCEL | head -1)" "CANCEL sip:9202@$LAB_ACCESS4 SIP/2.0"
same 'Via of the CANCEL' "$(field bob CANCEL Via)" "$(field bob INVITE Via | cut -d' ' -f1,2)"
same 'Via of the ACK' "$(field bob ACK Via)" "$(field bob INVITE Via | cut -d' ' -f1,2)"
same 'CSeq of the CANCEL' "$(field bob CANCEL CSeq)" "$(field bob INVITE CSeq | sed s/INVITE/CANCEL/)"
same 'Route of the CANCEL' "$(field bob CANCEL Route)" ''

flow_begin busy
order bob uafind sip:9202@10.2.1.2
order alice dial "sip:9202@$LAB_ACCESS4"
says bob CALL_INCOMING
says alice CALL_RINGING
order bob hangup
saw alice '^SIP/2.0 486'
saw bob '^ACK'
same 'tag of the ACK' "$(field bob ACK To)" "$(field bob 'SIP/2.0 486' To)"
check 'a busy callee took its server out of the group' [ "$(element udp-1 .state)" = up ]

flow_begin 'blind transfer'
dials alice 9201 bob
order bob uafind sip:9201@10.2.1.2
order bob transfer "sip:9501@$LAB_ACCESS4"
says carol CALL_ESTABLISHED
saw alice '^REFER'
saw bob '^NOTIFY' 2
saw bob '^SIP/2.0 200 OK' # what carol said, in the last NOTIFY
says bob CALL_CLOSED
media_begin
media_flows
same 'Refer-To at alice' "$(field alice REFER Refer-To)" "$(field bob REFER Refer-To)"
same 'Route of the NOTIFY at bob' "$(field bob NOTIFY Route)" ''
hangs_up carol alice

flow_begin 'MESSAGE and OPTIONS'
order alice message 'hello from alice'
saw bob '^hello from alice'
same 'Record-Route of the MESSAGE' "$(field bob MESSAGE Record-Route)" ''
saw alice '^SIP/2.0 200'
order alice options "sip:9201@$LAB_ACCESS4"
saw bob "^OPTIONS sip:9201@$LAB_ACCESS4"
saw alice 'CSeq: [0-9]+ OPTIONS' 2
same 'Max-Forwards of the OPTIONS' "$(field bob "OPTIONS sip:9201" Max-Forwards)" 69

if command -v sipsak >/dev/null; then
	flow_begin sipsak
	hops=$(lab_in caller sipsak -T -s "sip:9201@$LAB_ACCESS4" 2>/dev/null | grep -oE '(483|200) ' | paste -sd ' ')
	same 'traceroute by sipsak' "$hops" '483  200 '
	figure 'sipsak -T: one hop'
else
	figure 'sipsak is missing'
fi

if command -v linphone-daemon >/dev/null; then
	must linphone_start linphone caller $LAB_ACCESS4
	order bob uafind sip:9201@10.2.1.2
	for i in 1 2 3 4; do # of several Call-IDs, so of both workers
		flow_begin "linphone, call $i"
		linphone_order linphone "call sip:9201@$LAB_ACCESS4"
		linphone_says linphone LinphoneCallStreamsRunning
		says bob CALL_ESTABLISHED
		same 'Contact at bob' "$(field bob INVITE Contact)" "*<sip:*$LAB_CALLER4:*;transport=tcp>*"
		if [ $i = 1 ]; then
			linphone_order linphone 'dtmf 5'
			saw bob '^INFO'
			saw bob '^Signal=5'
			saw linphone '^CSeq: [0-9]+ INFO' 2 # until then it asks for nothing else
			linphone_order linphone call-pause
			saw bob '^a=sendonly'
			linphone_says linphone LinphoneCallPaused
			linphone_order linphone 'call-resume 1'
			saw bob '^CSeq: [0-9]+ ACK' 3
		fi
		order bob hangup
		linphone_says linphone LinphoneCallEnd
		saw bob 'CSeq: [0-9]+ BYE' 2
	done
	lab_end linphone KILL # it would wait for its server
	figure 'linphone: DTMF by INFO, hold, hung up on 4 times'
else
	figure 'linphone is missing'
fi

# Most phones listen nowhere and are reached by the connection that they opened, which one worker has.
# These are requests of dialogs of many Call-IDs, so of all workers.
flow_begin 'a phone that listens nowhere'
must mute_phone mute caller $LAB_ACCESS4 5060
port=$(head -1 "$LAB_DIR/mute/trace")
answers=
bye() { # CALL-ID PORT: what it is answered
	printf '%s\n' "BYE sip:mute@$LAB_CALLER4:$2;transport=tcp SIP/2.0" "Via: SIP/2.0/UDP 10.2.2.2:5061;branch=z9hG4bK$1;rport" \
		"Route: <sip:$LAB_CORE4:$u>, <sip:$LAB_ACCESS4:$t>" "Max-Forwards: 70" "From: <sip:9501@$LAB_ACCESS4>;tag=f" "To: <sip:mute@$LAB_ACCESS4>;tag=t" \
		"Call-ID: $1" "CSeq: 1 BYE" "Content-Length: 0" "" | lab_send ms2 -t 2000 $LAB_CORE4 5060 | awk 'NR == 1 { print $2 " " }'
}
for i in $(seq 12); do answers+=$(bye mute$i "$port"); done
same 'answers of it' "$answers" "$(printf '200 %.0s' $(seq 12))"
same 'its connections' "$(lab_get '[.workers[].tcp.failed_connects] | add' workers)" 0
figure "a phone that listens nowhere: 12 of 12 requests reached it"

flow_begin 'a phone that goes away instead of an answer'
answers=
for i in $(seq 8); do # nobody waits for a timer
	must mute_phone dying caller $LAB_ACCESS4 5060 dies
	answers+=$(bye dying$i "$(head -1 "$LAB_DIR/dying/trace")")
	lab_end dying
	rm "$LAB_DIR/dying/trace"
done
same 'answers for it' "$answers" "$(printf '500 %.0s' $(seq 8))"

check "contexts are left: $(core_count contexts)" lab_wait 3000 core_idle
for counter in bad send_failed no_memory expired; do
	check "$counter: $(core_count $counter)" [ "$(core_count $counter)" = 0 ]
done
figure "$(core_count requests) requests and $(core_count responses) responses in the core, of $(baresip -h 2>&1 | head -1 | cut -d' ' -f1,2)"
case_end

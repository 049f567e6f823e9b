#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Kamailio as the neighbour on both sides of the core: alice -> front -> proxy -> behind ->
# bob, all of them recording the route, twice each. Requests of the dialog both ways, CANCEL,
# without transactions at the neighbours, as strict routers, by TCP, spirals and loops, what
# comes again when a neighbour was stopped, failover to the second one behind, and how they
# watch over the proxy.
. "$(dirname "$0")/../case.sh"
. "$LAB_HERE/clients.sh"

command -v baresip >/dev/null || skip "baresip is not installed (conf/deps.sh lab)"
command -v kamailio >/dev/null || skip "kamailio is not installed (conf/deps.sh lab bench)"

# addresses of their own: nobody probes them while they are away for a moment
FRONT=10.1.0.3 BEHIND=10.2.2.3 SECOND=10.2.3.3
RECORD_ROUTE=true
LAB_ELEMENTS=1 # of the default groups: ms1, where bob answers
ACCESS_EXTRA=", { address = \"$LAB_ACCESS4\"; transport = \"tcp\"; }"
CORE_EXTRA=", { address = \"$LAB_CORE4\"; transport = \"tcp\"; }"
WORKERS=2 SETTINGS_EXTRA='drain_s = 2;'
# 95... to the Kamailios behind, 98... the same by TCP, 97... in the kernel where it can, 92... to bob himself
group() { # NAME SETTINGS URI...
	local name=$1 settings=$2 uri q=9 elements=
	shift 2
	for uri; do
		elements+="${elements:+,} { name = \"$name-$q\"; uri = \"$uri\"; q = 0.$q; }"
		q=$((q - 1))
	done
	echo ", { name = \"$name\"; network = \"core\"; probe = { enabled = false; }; $settings elements = ($elements ); }"
}
GROUPS_EXTRA="$(group udp 'mode = "core"; try_timeout_ms = 1500;' sip:$BEHIND sip:$SECOND)$(group tcp 'mode = "core";' "sip:$BEHIND;transport=tcp")"
GROUPS_EXTRA+="$(group fast '' sip:$BEHIND)$(group bob 'mode = "core";' sip:10.2.1.2)"
ROUTES_EXTRA=', { prefix = "95"; group = "udp"; }, { prefix = "98"; group = "tcp"; }, { prefix = "97"; group = "fast"; }, { prefix = "92"; group = "bob"; }'

core_idle() { [ "$(lab_get '[.workers[].core.contexts] | add' transactions)" = 0 ]; }
# ends NAME: when the proxy has nothing for it any more, which would be refused in between
ends() {
	! lab_running cxsipd || lab_wait 3000 core_idle
	kamailio_dies "$1"
}
# [NEXT=URI OUT=LISTENER] front, behind [-A DEFINE]...: that neighbour anew
front() {
	ends front
	kamailio_start front caller udp:$FRONT:5060 udp:$FRONT:5062 tcp:$FRONT:5060 -- -A "NEXT=\"${NEXT:-sip:$LAB_ACCESS4}\"" -A "OUT=\"${OUT:-udp:$FRONT:5062}\"" "$@"
}
behind() {
	ends behind
	kamailio_start behind ms2 udp:$BEHIND:5060 udp:$BEHIND:5062 tcp:$BEHIND:5060 -- -A "NEXT=\"${NEXT:-sip:10.2.1.2}\"" -A "OUT=\"udp:$BEHIND:5062\"" "$@" &&
		believed_up
}
believed_up() { ! lab_running cxsipd || lab_wait 10000 lab_state_is udp-9 up; }
stateless=(-A "STATELESS=\"$LAB_ACCESS4\"")

phones() {
	baresip_start alice caller $LAB_CALLER4:5060 "<sip:alice@$LAB_ACCESS4>;regint=0;outbound=\"sip:$FRONT\"" &&
		baresip_start bob ms1 10.2.1.2:5060 "<sip:9501@10.2.1.2>;regint=0;answermode=auto" "<sip:9502@10.2.1.2>;regint=0;answermode=manual" \
			"<sip:9801@10.2.1.2>;regint=0;answermode=auto" "<sip:9701@10.2.1.2>;regint=0;answermode=auto" "<sip:9201@10.2.1.2>;regint=0;answermode=auto"
}

dials() { # NUMBER
	order alice dial "sip:$1@$LAB_ACCESS4"
	says alice CALL_ESTABLISHED
	says bob CALL_ESTABLISHED
}

# dialog NUMBER: a call, requests of its dialog both ways, and nothing twice
dialog() {
	dials "$1"
	order alice hold
	saw bob '^a=sendonly'
	saw alice '^a=recvonly'
	order bob uafind "sip:$1@10.2.1.2"
	order bob hangup
	says alice CALL_CLOSED
	saw bob 'CSeq: [0-9]+ BYE' 2
	same 'INVITEs and ACKs at bob' "$(counted bob '^INVITE') $(counted bob '^ACK')" '2 2'
	same '200s of the INVITE at alice' "$(counted alice '^SIP/2.0 200 Answering')" 1
	same 'Max-Forwards of ACK at bob, BYE at alice' "$(field bob ACK Max-Forwards) $(field alice BYE Max-Forwards)" '67 67'
	same 'Route of ACK and BYE at the end' "$(field bob ACK Route)$(field alice BYE Route)" ''
	calls=$((calls + 1))
}
counted() { client_new "$1" trace | grep -c -- "$2"; }

cancelled() {
	order alice dial "sip:9502@$LAB_ACCESS4"
	says alice CALL_RINGING
	order alice hangup
	saw alice '^SIP/2.0 487'
	saw bob '^ACK'
	saw bob '^CANCEL'
	same '487s at alice' "$(counted alice '^SIP/2.0 487')" 1
	calls=$((calls + 1))
}
calls=0

must lab_up
lab_in edge sysctl -qw net.ipv4.ip_forward=1
lab_in caller ip address add $FRONT/24 dev eth0
lab_in ms2 ip address add $BEHIND/24 dev eth0
lab_in ms3 ip address add $SECOND/24 dev eth0
lab_config
must phones
must front
must behind
must kamailio_start second ms3 udp:$SECOND:5060 -- -A 'NEXT="sip:10.2.1.2"'
must lab_daemon_start ${CORE_DAEMON:-}

flow_begin 'both record the route twice'
dialog 9501
ours="<sip:$LAB_CORE4:5060;lr> <sip:$LAB_ACCESS4:5060;lr>"
fronts="<sip:$FRONT:5062;r2=on;lr;ftag=*> <sip:$FRONT;r2=on;lr;ftag=*>"
same 'Record-Route at behind' "$(field behind INVITE Record-Route)" "$ours $fronts"
same 'Record-Route of the 200 at alice' "$(field alice 'SIP/2.0 200' Record-Route)" "<sip:$BEHIND:5062;r2=on;*> <sip:$BEHIND;r2=on;*> $ours $fronts"
same 'Via at behind' "$(field behind INVITE Via)" "SIP/2.0/UDP $LAB_CORE4:5060;branch=* SIP/2.0/UDP $FRONT:5062;branch=* SIP/2.0/UDP $LAB_CALLER4:5060;*"
same 'Route of the ACK at behind' "$(field behind ACK Route)" "<sip:$BEHIND;r2=on;*> <sip:$BEHIND:5062;r2=on;*>"
same 'Route of the BYE at front' "$(field front BYE Route)" "<sip:$FRONT:5062;r2=on;*> <sip:$FRONT;r2=on;*>"
flow_begin 'CANCEL through both'
cancelled
flow_begin 'Kamailio behind a route of the kernel'
dialog 9701
check 'the kernel did nothing of it' [ "$(lab_messages forwarded_fast)" -gt 3 ]

must front "${stateless[@]}"
must behind "${stateless[@]}"
flow_begin 'both without transactions'
dialog 9501
flow_begin 'CANCEL, both without transactions'
cancelled

must front
must behind -A "STRICT=\"<sip:$BEHIND>\""
flow_begin 'a strict router behind'
dialog 9501
same 'Request-URI of the ACK at it' "$(message_of behind ACK | head -1)" "ACK sip:$BEHIND SIP/2.0"
same 'Route of the ACK at it' "$(field behind ACK Route)" '<sip:9501-*@10.2.1.2:5060>'

must front -A "STRICT=\"<sip:$FRONT>\""
must behind
flow_begin 'a strict router in front'
dialog 9501
same 'Request-URI of the BYE at it' "$(message_of front BYE | head -1)" "BYE sip:$FRONT SIP/2.0"
same 'Route of the BYE at it' "$(field front BYE Route)" '<sip:alice-*@10.1.0.2:5060>'

NEXT="sip:$LAB_ACCESS4;transport=tcp" OUT="tcp:$FRONT:5060" must front
flow_begin 'TCP on both sides of the proxy'
dialog 9801
same 'Record-Route at behind' "$(field behind INVITE Record-Route)" "<sip:$LAB_CORE4:5060;transport=tcp;lr> <sip:$LAB_ACCESS4:5060;transport=tcp;lr> <sip:$FRONT;transport=tcp;r2=on;*> <sip:$FRONT;r2=on;*>"
flow_begin 'TCP in front, UDP behind'
dialog 9501

printf '1 %s\n' "sip:$LAB_ACCESS4:5060" "sip:$LAB_ACCESS4:5060;transport=tcp" >"$LAB_DIR/watched"
must front -A "WATCH=\"$LAB_DIR/watched\""
flow_begin 'OPTIONS of dispatcher to the proxy'
saw front '^SIP/2.0 200' 2
same 'what the 200 allows' "$(field front 'SIP/2.0 200' Allow)" '*INVITE*'
saw front "^Via: SIP/2.0/TCP $FRONT"

must front
flow_begin 'what a stopped neighbour in front missed'
order alice dial "sip:9502@$LAB_ACCESS4"
says alice CALL_RINGING
kamailio_signal front STOP
order bob uafind sip:9502@10.2.1.2
order bob accept
saw behind '^SIP/2.0 200' 3 # bob says it again until he has the ACK
kamailio_signal front CONT
says alice CALL_ESTABLISHED
says bob CALL_ESTABLISHED
order alice hangup
says bob CALL_CLOSED
same 'calls at bob' "$(counted bob '^INVITE')" 1
calls=$((calls + 1))

must behind -A REFUSE
flow_begin '503 of the one behind'
dials 9501
saw second '^INVITE'
order alice hangup
says bob CALL_CLOSED
same '503s at alice' "$(counted alice '^SIP/2.0 503')" 0
must behind
flow_begin 'a stopped one behind, which wakes up when the other has the call'
kamailio_signal behind STOP
dials 9501
kamailio_signal behind CONT
saw behind '^CANCEL' # by its 100
saw second '^ACK'
order alice hangup
says bob CALL_CLOSED
same '200s of the INVITE at alice' "$(counted alice '^SIP/2.0 200 Answering')" 1
flow_begin 'a dead one behind, ICMP'
kamailio_dies behind
dials 9501
saw second '^INVITE'
order alice hangup
says bob CALL_CLOSED
check 'it is not down' [ "$(element udp-9 .state)" = down ]

NEXT=sip:$LAB_CORE4 must behind
flow_begin 'a loop'
order alice dial "sip:9501@$LAB_ACCESS4"
saw alice '^SIP/2.0 482'
saw front '^ACK'
same 'times at the neighbour' "$(counted behind '^INVITE')" 2
NEXT=sip:$LAB_CORE4 must behind -A 'TURN="9201"'
flow_begin 'a spiral: back with another number'
order alice dial "sip:9501@$LAB_ACCESS4"
says alice CALL_ESTABLISHED
same 'Via at bob' "$(field bob INVITE Via | grep -o "$LAB_CORE4:5060" | wc -l)" 2
same 'Record-Route at bob' "$(field bob INVITE Record-Route)" "<sip:$LAB_CORE4:5060;lr> <sip:$BEHIND:5062;*> <sip:$BEHIND;*> $ours $fronts"
order alice hangup
says bob CALL_CLOSED
calls=$((calls + 5))
figure "$calls calls through $(kamailio -v | grep -oE 'kamailio [0-9.]+')"

check "contexts are left" lab_wait 3000 core_idle
for counter in bad no_memory expired; do
	check "$counter" [ "$(lab_get "[.workers[].core.$counter] | add" transactions)" = 0 ]
done
for name in front behind second; do kamailio_dies $name; done
case_end

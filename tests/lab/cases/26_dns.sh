#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Elements by host name, with a real name server (dnsmasq on ms3): A, AAAA, SRV with
# priorities and weights, NAPTR, a firewall that swallows NAPTR, 30 SRV records, a name
# that does not exist. Answers change and the name server dies under load: no call notices. Without any name
# server a restarted daemon goes on with what the one before knew.
. "$(dirname "$0")/../case.sh"

RATE=${RATE:-200}
DNS=10.2.3.2
LAB_ELEMENTS=12 # that are probed: six by address, six by name
command -v dnsmasq >/dev/null || skip "dnsmasq is not installed"

# zone ROW...: what the name server says from now on
zone() {
	printf '%s\n' no-resolv no-hosts pid-file= user=root bind-interfaces listen-address=$DNS local-ttl=1 local=/lab/ "$@" >"$LAB_DIR/dnsmasq.conf"
	lab_end dns
	dns_start
}
dns_start() {
	lab_start dns ms3 "$LAB_DIR/dnsmasq.log" dnsmasq --keep-in-foreground --conf-file="$LAB_DIR/dnsmasq.conf"
	lab_wait 3000 dns_answers
}
dns_answers() { lab_in ms3 ss -Hlun "src = $DNS:53" | grep -q .; }

hosts="host-record=s1.lab,10.2.1.2 host-record=s2.lab,10.2.2.2 host-record=s3.lab,10.2.3.2"
weights="srv-host=_sip._udp.cluster.lab,s1.lab,5060,10,10 srv-host=_sip._udp.cluster.lab,s2.lab,5060,10,30 srv-host=_sip._udp.cluster.lab,s3.lab,5060,20,1"
naptr="naptr-record=naptr.lab,10,50,S,SIP+D2T,,_sip._tcp.else.lab naptr-record=naptr.lab,20,50,S,SIP+D2U,,_sip._udp.else.lab srv-host=_sip._udp.else.lab,s2.lab,5060,0,0"
old="naptr-record=old.lab,10,50,S,SIP+D2U,,_sip._udp.else.lab srv-host=_sip._udp.old.lab,s1.lab,5060,0,0"
many=$(for i in $(seq 30); do printf 'srv-host=_sip._udp.many.lab,m%d.lab,%d,%d,5 host-record=m%d.lab,10.2.%d.10 host-record=m%d.lab,10.2.%d.11 ' "$i" $((6000 + i)) $((i % 3)) "$i" $((i % 3 + 1)) "$i" $((i % 3 + 1)); done)
plain="host-record=one.lab,10.2.1.2 host-record=six.lab,fd00:2:1::2 host-record=alias.lab,10.2.2.2"

config() {
	# shellcheck disable=SC2089
	SETTINGS_EXTRA="drain_s = 2; dns = { servers = [ \"$DNS\" ]; hosts_file = \"\"; min_ttl_s = 1; max_ttl_s = 2; negative_ttl_s = 1; timeout_ms = 500; retry_ms = 200; linger_s = 3; };" \
		GROUPS_EXTRA=",
		{ name = \"one\"; network = \"core\"; elements = ( { name = \"one\"; uri = \"sip:one.lab:5060\"; } ); },
		{ name = \"six\"; network = \"core\"; elements = ( { name = \"six\"; uri = \"sip:six.lab:5060\"; } ); },
		{ name = \"cluster\"; network = \"core\"; elements = ( { name = \"cluster\"; uri = \"sip:cluster.lab\"; } ); },
		{ name = \"ccore\"; network = \"core\"; mode = \"core\"; try_timeout_ms = 200; probe = { enabled = false; };
		  elements = ( { name = \"ccore\"; uri = \"sip:cluster.lab;transport=udp\"; } ); },
		{ name = \"naptr\"; network = \"core\"; elements = ( { name = \"naptr\"; uri = \"sip:naptr.lab\"; } ); },
		{ name = \"old\"; network = \"core\"; probe = { enabled = false; }; elements = ( { name = \"old\"; uri = \"sip:old.lab\"; } ); },
		{ name = \"many\"; network = \"core\"; probe = { enabled = false; }; elements = ( { name = \"many\"; uri = \"sip:many.lab\"; } ); },
		{ name = \"none\"; network = \"core\"; retry_after = 7; elements = ( { name = \"none\"; uri = \"sip:none.lab\"; } ); }" \
		ROUTES_EXTRA=', { prefix = "70"; group = "one"; }, { prefix = "71"; group = "six"; }, { prefix = "72"; group = "cluster"; },
		{ prefix = "73"; group = "ccore"; }, { prefix = "74"; group = "naptr"; }, { prefix = "75"; group = "none"; }' lab_config
	for p in 70 71 72 73 74 75; do printf 'SEQUENTIAL\n%s\n%s\n' ${p}001 ${p}002 >"$LAB_DIR/dn$p.csv"; done
}

# calls TAG N PREFIX: placed and waited for
calls_start() { LAB_DN_FILE="$LAB_DIR/dn$3.csv" lab_calls_start "$1" "$2" "$RATE" 4 uac_dn; }
calls() {
	calls_start "$@"
	lab_calls_wait "$1"
	calls_ok "$1" "$2"
	placed=$((placed + $2))
	lab_wait 2000 started $placed # the servers count them a moment later
}
placed=0
got() { lab_uas "$1" calls; }
# took NODE BEFORE N: its counters say so, a moment after the calls
took() { lab_wait 2000 took_now "$@"; }
took_now() { [ $(($(got "$1") - $2)) = "$3" ]; }
up() { lab_get "[.elements[] | select(.group == \"$1\" and .state == \"up\")] | length" elements; }
up_is() { [ "$(up "$1")" = "$2" ]; }
name() { lab_get "[.names[] | select(.element == \"$1\")][0] | $2" dns; }
name_is() { [ "$(name "$1" "$2")" = "$3" ]; }
element_is() { [ "$(element "$1" '.state + " " + .reason')" = "$2" ]; }
all_up() { up_is one 1 && up_is six 1 && up_is cluster 3 && up_is ccore 3 && up_is naptr 1; }

# A firewall that drops the NAPTR queries for old.lab: 12 bytes of DNS header, 9 of the name, the type (35).
swallow_naptr() {
	lab_in ms3 nft -f - <<-END
		table inet old { chain in { type filter hook input priority 0; udp dport 53 @th,232,16 35 drop; }; }
	END
}
command -v nft >/dev/null || skip "nft is not installed"

must lab_up
must lab_uas_start_all
config
# shellcheck disable=SC2086
must zone $hosts $weights $naptr $old $many $plain
must swallow_naptr
must lab_daemon_start
check "names are not up: $(lab_ctl elements)" lab_wait 5000 all_up

# ---- what the records say
calls a 200 70
before=$(got ms1)
calls aaaa 200 71
check "the AAAA record's calls: $(($(got ms1) - before))" took ms1 "$before" 200
b1=$(got ms1) b2=$(got ms2) b3=$(got ms3)
calls srv 1000 72
share=$(ratio $(($(got ms1) - b1)) 1000)
check "SRV weights 10:30: $share % on s1" at_most 19 "$share"
check "SRV weights 10:30: $share % on s1" at_most "$share" 31
check "calls at a lower priority: $(($(got ms3) - b3))" [ "$(got ms3)" = "$b3" ]
figure "SRV 10:30 $share %"
b2=$(got ms2)
calls naptr 200 74
check "NAPTR leads to s2: $(($(got ms2) - b2)) calls" took ms2 "$b2" 200
check "30 SRV records of two addresses: $(name many '.targets | length') servers" name_is many '.targets | length' 60
check "many: $(up many) up" up_is many 60
figure "$(name many '.targets | length') servers of 30 SRV records"

# ---- NAPTR is swallowed
old_is() { name_is old '(.targets | map(.address) | join(" ")) + " " + .state + " " + (.without_naptr | tostring)' "$1"; }
check "without NAPTR: $(name old .)" lab_wait 2000 old_is "10.2.1.2 good true"
check "cxctl dns: $(name old .error)" name_is old .error "found without NAPTR, which $DNS did not answer"
check "the log does not say it" [ "$(grep -c 'dns_answer name=old.lab .*note="found without NAPTR, which' "$LAB_DIR/cxsipd.log")" = 1 ]
must lab_in ms3 nft delete table inet old
lab_ctl dns refresh >/dev/null # libunbound would wait for its own question of before
check "NAPTR gets through: $(name old .)" lab_wait 5000 old_is "10.2.2.2 good false"
must swallow_naptr
check "NAPTR is swallowed again: $(name old .)" lab_wait 5000 old_is "10.2.2.2 stale false"
must lab_in ms3 nft delete table inet old

# ---- in a dialog by name
to_name() { # HOST
	lab_send caller $LAB_ACCESS4 5060 <<-END
		INFO sip:x@$1 SIP/2.0
		Via: SIP/2.0/UDP $LAB_CALLER4:5060;branch=z9hG4bK$RANDOM;rport
		Max-Forwards: 70
		From: <sip:a@lab>;tag=1
		To: <sip:b@lab>;tag=2
		Call-ID: $1-$RANDOM
		CSeq: 1 INFO
		Content-Length: 0

	END
}
answer=$(to_name one.lab:5060)
check "a Request-URI by name: $answer" grep -q "^Via: .*$LAB_CALLER4" <<<"$answer"
check "a Request-URI by name is unknown: $answer" [ "$(grep -c 'SIP/2.0 404' <<<"$answer")" = 0 ]
check "a name of nobody's" grep -q 'SIP/2.0 404' <<<"$(to_name else.lab)"

# ---- a name that does not exist
check "none: $(name none .error)" name_is none .error "no such name"
check "its element" [ "$(element none '.state + " " + .reason')" = "down dns: no such name" ]
check "explain: $(lab_ctl explain 75001 | jq -c .notes)" grep -q 'element none is down: dns: no such name' <<<"$(lab_get '.notes[]' explain 75001)"
check "groups" [ "$(lab_get '.groups[] | select(.group == "none") | "\(.down) \(.unresolved)"' groups)" = "1 1" ]
check "status" grep -q 'dns: no such name' <<<"$(lab_get '.problems[] | select(.name == "none") | .text' status)"
answer=$(lab_send caller $LAB_ACCESS4 5060 <<-END
	OPTIONS sip:75001@$LAB_ACCESS4 SIP/2.0
	Via: SIP/2.0/UDP $LAB_CALLER4:5060;branch=z9hG4bKnone;rport
	Max-Forwards: 70
	From: <sip:a@lab>;tag=1
	To: <sip:75001@lab>
	Call-ID: none-$$
	CSeq: 1 OPTIONS
	Content-Length: 0

	END
)
check "a call to it: $answer" grep -q 'SIP/2.0 503' <<<"$answer"
check "Retry-After: $answer" grep -q 'Retry-After: 7' <<<"$answer"

# ---- servers of the first priority die: the next one takes over
lab_signal ms1 USR1
lab_signal ms2 USR1
check "the fast path does not move to priority 20" lab_wait 6000 up_is cluster 1
b3=$(got ms3)
calls failover 200 72
check "failover in the kernel: $(($(got ms3) - b3)) calls" took ms3 "$b3" 200
b3=$(got ms3)
calls tries 50 73
check "failover in the core: $(($(got ms3) - b3)) calls" took ms3 "$b3" 50
lab_signal ms1 USR1
lab_signal ms2 USR1
lab_wait 6000 up_is cluster 3

# ---- answers change under load
calls_start change $((RATE * 6)) 72
calls_start changecore $((RATE * 6)) 73
changes=$(lab_get .changes dns)
for round in 1 2 3; do
	# shellcheck disable=SC2086
	must zone $hosts "srv-host=_sip._udp.cluster.lab,s3.lab,5060,0,1" $naptr $plain
	lab_wait 5000 name_is cluster '[.targets[] | select(.gone | not)] | length' 1
	# shellcheck disable=SC2086
	must zone $hosts $weights $naptr $plain
	lab_wait 5000 name_is cluster '[.targets[] | select(.gone | not)] | length' 3
done
for tag in change changecore; do
	lab_calls_wait $tag
	calls_ok $tag $((RATE * 6))
done
changes=$(($(lab_get .changes dns) - changes))
check "$changes changes in force" [ "$changes" -ge 6 ]
figure "$changes changes under load"
check "what left is still there" lab_wait 6000 name_is cluster '.targets | length' 3

# ---- unchanged answers are no reload
changes=$(lab_get .changes dns)
asked=$(name cluster .answered_ms)
newer() { [ "$(name cluster .answered_ms)" -gt "$asked" ]; }
check "it is not asked again" lab_wait 5000 newer
check "a reload without a change" [ "$(lab_get .changes dns)" = "$changes" ]

# ---- the name server dies under load
calls_start dead $((RATE * 5)) 72
lab_end dns KILL
stale() { name_is cluster .state stale; }
check "nobody notices that it is dead" lab_wait 5000 stale
check "$(name cluster .error)" grep -q "$DNS" <<<"$(name cluster .error)"
lab_calls_wait dead
calls_ok dead $((RATE * 5))
figure "name server dead: $CALLS_FAILED of $((RATE * 5)) failed"
# ... and a restart meanwhile
calls_start restart $((RATE * 4)) 72
lab_wait 3000 started $(($(lab_uas_sum calls) + RATE))
lab_end cxsipd KILL
must lab_daemon_start
check "the last answer is forgotten: $(name cluster .state)" up_is cluster 3
lab_calls_wait restart
calls_ok restart $((RATE * 4))
figure "restart beside it: $CALLS_FAILED of $((RATE * 4)) failed"

# ---- and comes back
must dns_start
lab_ctl dns refresh cluster.lab >/dev/null || fail "refresh is refused"
good() { name_is cluster .state good; }
check "it does not come back: $(name cluster .error)" lab_wait 5000 good

# ---- an operator's order for one server, over a restart that knows of no server at all
lab_ctl drain cluster/10.2.1.2:5060 >/dev/null || fail "drain of a server is refused"
lab_end dns KILL
lab_end cxsipd KILL
rm -f "$LAB_DIR/run/names"
LAB_ELEMENTS=6 # by address
must lab_daemon_start
check "it knows a server: $(lab_ctl elements)" up_is cluster 0
must dns_start
lab_ctl dns refresh >/dev/null
check "the drain of a server is lost: $(lab_ctl elements)" lab_wait 5000 element_is cluster/10.2.1.2:5060 "draining operator"
check "the others are up" lab_wait 2000 up_is cluster 2
lab_ctl undrain cluster/10.2.1.2:5060 >/dev/null || fail "undrain of a server is refused"
check "undrain of a server" lab_wait 5000 up_is cluster 3

# ---- an operator's order holds for the name, whoever its servers are
servers=$(lab_get '"\(.ordered) \(.servers)"' drain cluster)
check "drain by name is for: $servers" [ "$servers" = "cluster 3" ]
draining() { [ "$(lab_get "[.elements[] | select(.group == \"cluster\" and .state == \"draining\" and .reason == \"operator\")] | length" elements)" = "$1" ]; }
check "drain by name" lab_wait 2000 draining 3
# shellcheck disable=SC2086
must zone $hosts "host-record=s4.lab,10.2.1.9" "srv-host=_sip._udp.cluster.lab,s4.lab,5060,0,1" $naptr $plain
lab_ctl dns refresh >/dev/null
check "a new server of a drained name" lab_wait 5000 draining 1
case_end

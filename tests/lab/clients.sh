# SPDX-License-Identifier: GPL-2.0-only
# Real user agents for the lab: baresip, led by its JSON control socket, and what it
# sent and got, message by message. Sourced after case.sh.
#
# LAB_DIR/NAME/ has a client's config, `trace` (every SIP message), `events` (what it
# says about calls) and `orders` (a FIFO to its control socket).
#
# Checks look at what came after the last flow_begin alone.

BARESIP_MODULES=/usr/lib/baresip/modules
CLIENT_CONTROL=4400 # one port a client, more than one may be on a host
CLIENTS=
declare -A CLIENT_SEEN # NAME.trace, NAME.events -> bytes of former flows

# baresip_start NAME NODE ADDRESS:PORT ACCOUNT...: listens there by UDP and TCP.
baresip_start() {
	local name=$1 node=$2 listen=$3 dir=$LAB_DIR/$1 module
	shift 3
	CLIENT_CONTROL=$((CLIENT_CONTROL + 1))
	CLIENTS+=" $name"
	mkdir -p "$dir" && mkfifo "$dir/orders" || return 1
	{
		printf '%s\n' "poll_method epoll" "sip_listen $listen" "module_path $BARESIP_MODULES" "call_max_calls 8" \
			"audio_source ausine,440" "ausrc_srate 48000" "ausrc_channels 2" "audio_player aubridge,$name" \
			"audio_alert aubridge,$name" "ring_aufile none" "ctrl_tcp_listen 127.0.0.1:$CLIENT_CONTROL"
		for module in g711 ausine aubridge; do echo "module $module.so"; done
		echo "module_tmp account.so"
		for module in contact menu ctrl_tcp; do echo "module_app $module.so"; done
	} >"$dir/config"
	printf '%s\n' "$@" >"$dir/accounts"
	printf '%s\n' "${CONTACTS:-}" >"$dir/contacts"
	lab_start "$name" "$node" "$dir/trace" stdbuf -o0 baresip -s -f "$dir"
	lab_wait 5000 client_listens "$node" $CLIENT_CONTROL || return 1
	lab_start "$name-control" "$node" "$dir/events" bash -c \
		'exec 3<>"/dev/tcp/127.0.0.1/$1" && { cat <&3 & exec cat <>"$2" >&3; }' control $CLIENT_CONTROL "$dir/orders"
}
client_listens() { [ -n "$(lab_in "$1" ss -Hltn "sport = :$2")" ]; }

# order NAME COMMAND [PARAMETERS]
order() {
	local json
	json=$(jq -cn --arg c "$2" --arg p "${3:-}" '{command: $c, params: $p}')
	printf '%s:%s,' ${#json} "$json" 1<>"$LAB_DIR/$1/orders" >&1
}

flow_begin() {
	local name file
	FLOW=$1
	for name in $CLIENTS; do
		for file in trace events; do CLIENT_SEEN[$name.$file]=$(stat -c %s "$LAB_DIR/$name/$file"); done
	done
}

client_new() { tail -c "+$((${CLIENT_SEEN[$1.$2]:-0} + 1))" "$LAB_DIR/$1/$2" | tr -d '\r\000' | sed 's/\x1b\[[0-9;]*m//g'; }

# Whoever has failed once need not be waited for so long: the case ends in time.
patience() { [ -z "$CASE_WHY" ] && echo 5000 || echo 300; }

# saw NAME PATTERN [TIMES]: within the deadline a line of the trace has it so often.
saw() { lab_wait "$(patience)" traced "$@" || fail "$FLOW: $1 never saw $2"; }
traced() { [ "$(client_new "$1" trace | grep -cE -- "$2")" -ge "${3:-1}" ]; }
# says NAME EVENT: so does baresip
says() { lab_wait "$(patience)" told "$@" || fail "$FLOW: no $2 of $1"; }
told() { client_new "$1" events | grep -q "\"type\":\"$2\""; }

# media_begin, media_flows: since then half a second of audio has gone each way between caller and
# servers, 50 datagrams a second each, with the edge as their router.
media_begin() { MEDIA=$(media_count); }
media_flows() { lab_wait "$(patience)" media_flowed || fail "$FLOW: no audio both ways: $MEDIA, $(media_count)"; }
# datagrams that the edge relayed; packets from the caller, and to it
media_count() {
	lab_in edge awk '$1 == "Ip:" { n = $7 } $1 == "access:" { from = $3; to = $11 } END { print n, from, to }' /proc/net/snmp /proc/net/dev
}
media_flowed() {
	awk '{ exit !($4 - $1 > 50 && $5 - $2 > 25 && $6 - $3 > 25) }' <<<"$MEDIA $(media_count)"
}

# message_of NAME START: the header of the first message whose start line has it.
message_of() {
	client_new "$1" trace | awk -v start="$2" '
		/(^|bit\/s\) *|<script>: )#$/ { getline; getline; found = index($0, start) == 1 }
		found && /^$/ { exit }
		found { print }'
}

# field NAME START HEADER: its values in that message, a blank between them.
field() { message_of "$1" "$2" | sed -n "s/^$3: *//p" | paste -sd ' '; }

# same WHAT HAVE WANT (a pattern of the shell)
same() {
	# shellcheck disable=SC2053
	[[ $2 == $3 ]] || fail "$FLOW: $1 is '$2', not '$3'"
}

# linphone_start NAME NODE PROXY: over TCP, of which it has no listening port that its Contact would name.
linphone_start() {
	local name=$1 dir=$LAB_DIR/$1
	CLIENTS+=" $name"
	mkdir -p "$dir/.local/share/linphone" "$dir/.config" && mkfifo "$dir/orders" || return 1
	printf '%s\n' '[sip]' sip_port=0 sip_tcp_port=5080 sip_tls_port=0 use_ipv6=0 use_info=1 use_rfc2833=0 default_proxy=0 \
		'[proxy_0]' "reg_proxy=<sip:$3;transport=tcp>" "reg_route=<sip:$3;transport=tcp>" "reg_identity=sip:$name@$3" reg_sendregister=0 publish=0 >"$dir/rc"
	# shellcheck disable=SC2016
	lab_start "$name" "$2" "$dir/events" env HOME="$dir" XDG_DATA_HOME="$dir/.local/share" XDG_CONFIG_HOME="$dir/.config" \
		bash -c 'exec linphone-daemon --config "$1/rc" --log "$1/trace" --disable-stats-events <>"$1/orders"' linphone "$dir"
	lab_wait 10000 grep -qsa 'listening point .*transport=TCP' "$dir/trace"
}
linphone_order() { echo "$2" 1<>"$LAB_DIR/$1/orders" >&1; }
linphone_says() { lab_wait "$(patience)" linphone_told "$@" || fail "$FLOW: no $2 of $1"; }
linphone_told() { client_new "$1" events | grep -qa "^Event: $2"; }

# kamailio_start NAME NODE LISTENER... -- [-A DEFINE]...: see kamailio.cfg. Its log is a trace, too.
kamailio_start() {
	local name=$1 node=$2 dir=$LAB_DIR/$1 listen=()
	shift 2
	while [ "$1" != -- ]; do
		listen+=(-l "$1")
		shift
	done
	shift
	mkdir -p "$dir" && : >"$dir/events"
	[[ " $CLIENTS " == *" $name "* ]] || CLIENTS+=" $name"
	lab_start "$name" "$node" "$dir/trace" kamailio -DD -E -m 32 -M 4 -w "$dir" -Y "$dir" -P "$dir/pid" -f "$LAB_HERE/kamailio.cfg" "${listen[@]}" "$@"
	lab_wait 5000 kamailio_listens "$node" "${listen[1]#*:}"
}
kamailio_signal() { kill "-$2" -- "-${LAB_PID[$1]}"; } # to all of its processes
# At once, as it takes its time to end, and until nothing of it is left that would answer in place of the next one.
kamailio_dies() {
	local pid=${LAB_PID[$1]:-}
	[ -n "$pid" ] || return 0
	kamailio_signal "$1" KILL
	lab_end "$1"
	lab_wait 5000 session_gone "$pid"
} 2>/dev/null # the shell's own word that a job was killed
session_gone() { ! pgrep -s "$1" -r R,S,D,T >/dev/null; } # zombies are nobody
kamailio_listens() { lab_in "$1" ss -Hlun "src = $2" | grep -q .; }

# mute_phone NAME NODE ADDRESS PORT [dies]: connects there, listens nowhere, answers all requests with
# 200, or ends at the first one. LAB_DIR/NAME/trace has its own port, and then the start lines that it read.
mute_phone() {
	mkdir -p "$LAB_DIR/$1"
	lab_start "$1" "$2" "$LAB_DIR/$1/trace" bash -c '
		exec 3<>"/dev/tcp/$1/$2"
		ss -Htnp | sed -nE "/pid=$$,/ s/.* [^ ]+:([0-9]+) +[^ ]+:$2 .*/\1/p"
		while IFS= read -r start <&3; do
			[ -z "$3" ] || exit
			answer= line=$start
			while [ "${line%$'"'\r'"'}" ]; do
				IFS= read -r line <&3 || exit
				case $line in [Vv]ia:* | From:* | To:* | Call-ID:* | CSeq:*) answer+="$line"$'"'\n'"' ;; esac
			done
			echo "$start"
			printf "SIP/2.0 200 OK\r\n%sContent-Length: 0\r\n\r\n" "$answer" >&3
		done' phone "$3" "$4" "${5:-}"
	lab_wait 3000 test -s "$LAB_DIR/$1/trace"
}

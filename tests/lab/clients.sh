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

# saw NAME PATTERN [TIMES]: within the deadline a line of the trace has it so often.
saw() { lab_wait 5000 traced "$@" || fail "$FLOW: $1 never saw $2"; }
traced() { [ "$(client_new "$1" trace | grep -cE -- "$2")" -ge "${3:-1}" ]; }
# says NAME EVENT
says() { lab_wait 5000 told "$@" || fail "$FLOW: no $2 of $1"; }
told() { client_new "$1" events | grep -q "\"type\":\"$2\""; }

# hears NAME: audio goes out and comes in there, 64 kbit/s of G.711 each way.
hears() { lab_wait 5000 audible "$1" || fail "$FLOW: $1 has no audio both ways"; }
audible() { client_new "$1" trace | tail -c 400 | grep -qE 'audio=6[0-9]{4}/6[0-9]{4}'; }

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
kamailio_listens() { lab_in "$1" ss -Hlun "src = $2" | grep -q .; }

# mute_phone NAME NODE ADDRESS PORT: connects there, listens nowhere, answers all requests with 200.
# LAB_DIR/NAME/trace has its own port, and then the start lines that it read.
mute_phone() {
	mkdir -p "$LAB_DIR/$1"
	lab_start "$1" "$2" "$LAB_DIR/$1/trace" bash -c '
		exec 3<>"/dev/tcp/$1/$2"
		ss -Htnp | sed -nE "/pid=$$,/ s/.* [^ ]+:([0-9]+) +[^ ]+:$2 .*/\1/p"
		while IFS= read -r start <&3; do
			answer= line=$start
			while [ "${line%$'"'\r'"'}" ]; do
				IFS= read -r line <&3 || exit
				case $line in [Vv]ia:* | From:* | To:* | Call-ID:* | CSeq:*) answer+="$line"$'"'\n'"' ;; esac
			done
			echo "$start"
			printf "SIP/2.0 200 OK\r\n%sContent-Length: 0\r\n\r\n" "$answer" >&3
		done' phone "$3" "$4"
	lab_wait 3000 test -s "$LAB_DIR/$1/trace"
}

#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# An INVITE that our Via pushes over the MTU, and one that arrives in
# fragments: both go up untouched and the daemon forwards them in fragments.
. "$(dirname "$0")/../case.sh"
. "$LAB_HERE/messages.sh"

must lab_up
must lab_uas_start_all --dump "$LAB_DIR/invite"
lab_config
must lab_daemon_start

# big SIZE CALL-ID: an INVITE of exactly SIZE bytes on the wire
big() {
	local size=$1 id=$2 head
	head=$(request INVITE "sip:9001@$LAB_ACCESS4" "$id" "Content-Type: text/plain" | sed 's/^Content-Length.*/Content-Length: @LENGTH@/' | sed 's/$/\r/' | tr -d '\r' | wc -lc |
		awk '{ print $1 + $2 }') # every line grows by its CR
	request INVITE "sip:9001@$LAB_ACCESS4" "$id" "Content-Type: text/plain" | sed 's/^Content-Length.*/Content-Length: @LENGTH@/'
	printf '%*s' $((size - head + 8 - ${#size})) '' | tr ' ' x
}
for size in 1465 4000 20000; do
	before=$(($(lab_messages forwarded_core)))
	code=$(big $size big$size | lab_send caller -t 2000 $LAB_ACCESS4 5060 | awk 'NR == 1 { print $2 }')
	check "$size bytes: ${code:-no answer}" [ "${code:-}" = 180 ]
	check "$size bytes: not through the daemon" [ "$(lab_messages forwarded_core)" -gt "$before" ]
	got=$(stat -c %s "$LAB_DIR/invite")
	check "$size bytes: $got arrived" [ "$got" -gt $size -a "$got" -lt $((size + 200)) ]
	figure "$size bytes arrived as $got"
done
figure "mtu $(lab_reason mtu fast), fragment $(lab_reason fragment fast)"
case_end

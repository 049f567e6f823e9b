#!/bin/bash
. /cx/tests/lab/lab.sh

mount -t bpf bpf /sys/fs/bpf
lab_up || exit 1
lab_uas_start_all --dump "$LAB_DIR/invite"; cat $LAB_DIR/ms1.log; lab_in edge ip a; lab_in ms1 ip a
modprobe nf_defrag_ipv6; insmod /cx/cxsip.ko; dmesg | tail -3
lab_config
time LAB_READY_MS=20000 lab_daemon_start; cat $LAB_DIR/cxsipd.log
lab_ctl module status
. "$LAB_HERE/messages.sh"
big() {
	local size=$1 id=$2 head
	head=$(request INVITE "sip:9001@$LAB_ACCESS4" "$id" "Content-Type: text/plain" | sed 's/^Content-Length.*/Content-Length: @LENGTH@/' | sed 's/$/\r/' | tr -d '\r' | wc -lc |
		awk '{ print $1 + $2 }') # every line grows by its CR
	request INVITE "sip:9001@$LAB_ACCESS4" "$id" "Content-Type: text/plain" | sed 's/^Content-Length.*/Content-Length: @LENGTH@/'
	printf '%*s' $((size - head + 8 - ${#size})) '' | tr ' ' x
}
big 6000 abc | lab_send caller -t 2000 $LAB_ACCESS4 5060 | head -5
ls -la $LAB_DIR
lab_in edge $LAB_BUILD/cxctl module status
lab_in edge $LAB_BUILD/cxctl --socket $LAB_DIR/run/control.sock stats
dmesg | tail -5

#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Runs inside the virtual machine: the module's cases in one lab.
#   all.sh [CASE...]
. /cx/tests/vm/guest/module/lib.sh
mountpoint -q /sys/fs/bpf || mount -t bpf bpf /sys/fs/bpf
export LAB_READY_MS=60000
lab_up || exit 1
lab_uas_start_all --dump "$LAB_DIR/invite" >/dev/null || { cat "$LAB_DIR"/*.log; exit 1; }
lab_config
module_load || exit 1
lab_daemon_start || exit 1
for case in ${*:-"$HERE"/[0-9]*.sh}; do
	case $case in */*) ;; *) case=$(echo "$HERE"/[0-9]*_"$case".sh) ;; esac
	. "$case"
done
[ $FAILED = 0 ] || tail -n 20 "$LAB_DIR/cxsipd.log" | sed "s|^|    |"
exit $FAILED

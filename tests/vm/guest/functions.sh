#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Loads the module and runs test_kfuncs, where a nanosecond is an instruction.
modprobe nf_defrag_ipv6 && insmod /cx/cxsip.ko || exit 1
out=$(CMOCKA_MESSAGE_OUTPUT=TAP build/tests/fastpath/test_kfuncs 2>&1) && ! echo "$out" | grep -q '# SKIP' || {
	echo "FAIL vm/$KERNEL instructions"
	echo "$out" | tail -n 20 | sed 's/^/    | /'
	exit 1
}
echo "ok vm/$KERNEL instructions ($(echo "$out" | sed -n 's/^# figure cost: //p' | paste -sd';' | sed 's/;/; /g'))"

#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# What the functions of the kernel module save, in instructions (docs/module.md).
# After 20_module.sh, which builds the module.
. "$(dirname "$0")/../case.sh"

built=$B/kmod/$KERNEL/cxsip.ko
[ -e "$built" ] || { echo "SKIP vm/$KERNEL instructions: no $built"; exit 77; }
vm_boot --count --with "$(realpath "$built"):/cx/cxsip.ko" --with tests/fastpath/messages --env CXSIP_MUTATIONS=20 \
	--with "$(realpath "$B")/tests/fastpath/test_kfuncs:/cx/build/tests/fastpath/test_kfuncs" tests/vm/guest/functions.sh
code=$?
case $code in 0 | 77) exit $code ;; *) exit 1 ;; esac

#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# In the virtual machine: behaves as a test that must not pass.
echo here >/out/here
case $1 in
warning) echo '<4>WARNING: CPU: 0 PID: 1 at tests/vm/guest/complain.sh' >/dev/kmsg ;;
crash) echo c >/proc/sysrq-trigger ;;
hang) exec sleep 1000 ;;
esac
exit "$2"

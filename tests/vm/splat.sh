#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Finds complaints of the kernel in its log: warnings, oopses, lockdep, slab and
# KASAN reports, stalls, leaks. Prints each with the lines around it.
#
#   tests/vm/splat.sh LOG...
#
# Exit code: 0 none, 1 some, 2 there is no log to look at (which proves nothing).
set -u
export LC_ALL=C

# Anchored behind the time stamp where the kernel's own wording begins a line, so
# that other texts with the same word ("debug: ...", a module's name) do not count.
begins='WARNING: |BUG[: ]|Oops: |Oops\[|INFO: (task|rcu|possible|suspicious|lockdep|HARDIRQ|SOFTIRQ|trying)|Kernel panic|general protection fault|'
begins+='Unable to handle kernel|unreferenced object|kernel BUG|stack segment|double fault|divide error|invalid opcode|'
begins+='page dumped|INFO: Slab |INFO: Object |FIX [a-z]|list_(add|del) corruption|refcount_t|watchdog: BUG|'
begins+='unregister_netdevice: waiting|VFS: Busy inodes|Bad page|rcu: INFO|INFO: NMI'
anywhere='possible circular locking|possible recursive locking|inconsistent lock state|suspicious RCU usage|'
anywhere+='KASAN: |KFENCE: |KCSAN: |UBSAN: |BUG: |kernel BUG at|kmemleak: [0-9]+ new|detected stall|self-detected stall|'
anywhere+='rcu_(preempt|sched|tasks)[a-z_]* (kthread starved|detected)|blocked for more than|soft lockup|hard LOCKUP|'
anywhere+='refcount_t: |refcount (bug|error|underflow|overflow)|usage count|cut here|Call Trace:|protection fault|'
anywhere+='scheduling while atomic|sleeping function called|bad: scheduling|Objects remaining|Poison overwritten|'
anywhere+='Redzone overwritten|Object already free|Right Redzone|Left Redzone|use-after-free|out-of-bounds|memory leak'
pattern="^(<[0-9]+>)?(\[ *[0-9]+\.[0-9]+\](\[ *[TC][0-9]+\])? )?($begins)|$anywhere"

found=0
for log; do
	[ -s "$log" ] || { echo "splat.sh: no kernel log in $log" >&2; exit 2; }
	tr -d '\r' <"$log" | grep -aE -B 3 -A 30 -e "$pattern" && found=1
done
exit $found

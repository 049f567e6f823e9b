#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Finds complaints of the kernel in its log: warnings, oopses, lockdep, slab,
# KASAN and KFENCE reports, stalls, leaks. Prints each with the lines around it.
#
#   tests/vm/splat.sh LOG...
#
# Exit code: 0 none, 1 some, 2 there is no log to look at (which proves nothing).
set -u
export LC_ALL=C

# Words that say so only where a line begins, and words that say so anywhere.
begins=(
	'WARNING: ' 'BUG[: ]' 'Oops[: ]' 'Kernel panic' 'general protection' 'stack segment: ' 'double fault: '
	'divide error: ' 'invalid opcode: ' 'INFO: (task|rcu|possible|suspicious|lockdep|trying|Slab|Object|NMI)'
	'rcu: INFO: ' 'unreferenced object' 'FIX [a-z]' 'Slab corruption' 'list_(add|del) corruption' 'refcount_t'
	'unregister_netdevice: waiting' 'VFS: Busy inodes' 'page dumped' 'Object .*already free' 'Redzone '
)
anywhere=(
	'KASAN: ' 'KFENCE: ' 'KCSAN: ' 'UBSAN: ' 'BUG: ' 'kernel BUG at' 'possible (circular|recursive) locking'
	'inconsistent (\{.*\} )?lock state' 'suspicious RCU usage' 'suspicious memory leaks' 'self-detected stall'
	'detected (expedited )?stalls? on' 'kthread starved' 'blocked for more than [0-9]+ seconds' 'soft lockup'
	'hard LOCKUP' 'refcount_t: ' 'usage count = ' 'cut here' 'Call Trace:' 'scheduling while atomic'
	'called from invalid context' 'Objects remaining' 'overwritten' 'use-after-free' 'out-of-bounds'
	'unable to handle' 'held lock freed' 'lock held when returning to user space' 'bad unlock balance'
)
alternatives() { local IFS='|'; echo "$*"; }
stamp='(<[0-9]+>)?(\[ *[0-9]+\.[0-9]+\](\[ *[TC][0-9]+\])? )?'
pattern="^$stamp($(alternatives "${begins[@]}"))|$(alternatives "${anywhere[@]}")"

found=0
for log; do
	[ -s "$log" ] || { echo "splat.sh: no kernel log in $log" >&2; exit 2; }
	tr -d '\r' <"$log" | grep -aE -B 3 -A 30 -e "$pattern" && found=1
done
exit $found

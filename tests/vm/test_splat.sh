#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Does splat.sh find each kind of complaint on its own, and nothing else?
set -u
cd "$(dirname "$0")" || exit 1
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
failed=0 n=0

while IFS= read -r line; do
	printf '[    0.1] Linux version\r\n[   12.345678] %s\r\n[   13.0] eth0: link up\r\n' "$line" >"$work/log"
	./splat.sh "$work/log" >"$work/found"
	[ $? = 1 ] && grep -qF -e "$line" "$work/found" || { echo "FAIL vm log check: does not see: $line"; failed=1; }
	n=$((n + 1))
done <<'END'
WARNING: CPU: 1 PID: 77 at net/core/skbuff.c:1045 skb_release_head_state+0x84/0x90
------------[ cut here ]------------
BUG: kernel NULL pointer dereference, address: 0000000000000008
BUG: unable to handle page fault for address: ffffffffc0a01000
#PF: error: unable to handle kernel paging request
Oops: 0002 [#1] PREEMPT SMP NOPTI
Oops: Oops: 0000 [#1] PREEMPT SMP NOPTI
Oops: general protection fault, probably for non-canonical address 0xdead000000000108: 0000 [#1]
general protection fault, probably for non-canonical address 0x6b6b6b6b6b6b6b6b: 0000 [#1] PREEMPT SMP
invalid opcode: 0000 [#1] PREEMPT SMP
kernel BUG at lib/list_debug.c:56!
list_del corruption. prev->next should be ffff888003a4f5c0, but was 6b6b6b6b6b6b6b6b
Kernel panic - not syncing: Fatal exception in interrupt
 Call Trace:
WARNING: possible circular locking dependency detected
WARNING: possible recursive locking detected
WARNING: inconsistent lock state
WARNING: suspicious RCU usage
WARNING: held lock freed!
BUG: sleeping function called from invalid context at kernel/locking/mutex.c:283
BUG: scheduling while atomic: rmmod/93/0x00000100
BUG: KASAN: slab-use-after-free in nf_hook_slow+0x44/0x120
BUG: KFENCE: out-of-bounds read in packet_end+0x11/0x20
UBSAN: array-index-out-of-bounds in net/core/filter.c:10:3
BUG kmalloc-64 (Tainted: G           OE     ): Poison overwritten
BUG skbuff_head_cache (Not tainted): Objects remaining in skbuff_head_cache on __kmem_cache_shutdown()
FIX kmalloc-64: Restoring Poison 0xffff888003a4f5c0-0xffff888003a4f5c7=0x6b
kmemleak: 3 new suspicious memory leaks (see /sys/kernel/debug/kmemleak)
unreferenced object 0xffff888003a4f5c0 (size 64):
refcount_t: underflow; use-after-free.
unregister_netdevice: waiting for veth0 to become free. Usage count = 2
rcu: INFO: rcu_preempt self-detected stall on CPU
rcu: INFO: rcu_preempt detected stalls on CPUs/tasks:
rcu: INFO: rcu_preempt detected expedited stalls on CPUs/tasks: { 1-... }
rcu: rcu_preempt kthread starved for 5250 jiffies!
watchdog: BUG: soft lockup - CPU#0 stuck for 23s! [insmod:77]
watchdog: Watchdog detected hard LOCKUP on cpu 0
INFO: task rmmod:93 blocked for more than 120 seconds.
BUG: Bad page state in process rmmod  pfn:01234
END

cat >"$work/log" <<'END'
[    0.000000] Linux version 6.12.117+deb12-cloud-amd64 (debian-kernel@lists.debian.org)
[    0.000000] Kernel command line: console=ttyS0 oops=panic panic=-1 slub_debug=FZPU
[    0.000000] **   This means that this kernel is built with debugging: BUG checks  **
[    0.060000] Spectre V2 : mitigation: none; CPU bug workarounds are off
[    0.200000] kfence: initialized - using 2097152 bytes for 255 objects at 0x(____ptrval____)
[    1.100000] clocksource: timekeeping watchdog on CPU1: Marking clocksource 'tsc' as unstable
[    1.500000] cxsip: loading out-of-tree module taints kernel.
[    1.500000] cxsip: module verification failed: signature and/or required key missing - tainting kernel
[    1.800000] rcu: Hierarchical SRCU implementation.
[    2.000000] process 'vm/script' started with executable stack
[    2.500000] Warning: unable to open an initial console.
END
./splat.sh "$work/log" >"$work/found" || { echo "FAIL vm log check: complains about $(cat "$work/found")"; failed=1; }
: >"$work/log"
./splat.sh "$work/log" 2>/dev/null
[ $? = 2 ] || { echo "FAIL vm log check: is content with an empty log"; failed=1; }
[ $failed = 0 ] && echo "ok vm log check ($n complaints seen)"
exit $failed

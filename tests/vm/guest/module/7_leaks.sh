# SPDX-License-Identifier: GPL-2.0-only
# Unloaded while it is attached, and nothing is left: no BPF map, none of its
# memory. What goes with a namespace is in genl.c.
case_begin leaks
no_maps() { [ "$(bpftool -j map show | jq length)" = "$1" ]; }
lab_end cxsipd || fail "the daemon ended badly"
rm -rf "$LAB_PIN/cxsip"
check "the attachment does not hold the maps" [ "$(bpftool -j map show | jq length)" -ge 15 ]
check "not attached" [ "$(lab_in edge "$LAB_BUILD/cxctl" --json module status | jq -r .attached)" = true ]
invite 4 3000 leak | lab_send caller -r -s "$LAB_CALLER4,5099" -t 2000 $LAB_ACCESS4 5060 >/dev/null || fail "no call"
rmmod cxsip || fail "rmmod while attached"
lab_wait 10000 no_maps 0 || fail "$(bpftool -j map show | jq length) maps are left"
check "memory is left: $(grep cx_ /proc/vmallocinfo)" [ -z "$(grep cx_ /proc/vmallocinfo)" ]
case_end

# SPDX-License-Identifier: GPL-2.0-only
# Everything taken down in another order than it was set up, and nothing is left:
# no BPF map, no reference to the module, none of its memory.
case_begin leaks
no_maps() { [ "$(bpftool -j map show | jq length)" = "$1" ]; }
lab_end cxsipd || fail "the daemon ended badly"
rm -rf "$LAB_PIN/cxsip"
check "the attachment does not hold the maps" [ "$(bpftool -j map show | jq length)" -ge 15 ]
ip netns delete "$(lab_ns edge)" || fail "the namespace is not deleted"
ip netns add "$(lab_ns edge)" # for lab_down
lab_wait 10000 no_maps 0 || fail "$(bpftool map show | grep -c name) maps are left"
read -r _ _ references _ < <(grep '^cxsip ' /proc/modules)
check "$references references to the module" [ "$references" = 0 ]
rmmod cxsip || fail "rmmod"
check "memory is left: $(grep cx_ /proc/vmallocinfo)" [ -z "$(grep cx_ /proc/vmallocinfo)" ]
case_end

# SPDX-License-Identifier: GPL-2.0-only
# The netlink family: what and whom it refuses, what it holds (genl.c), in a
# namespace of its own beside the lab's.
case_begin genl
out=$(unshare -n "$TOOLS/genl" 2>&1 </dev/null) || { fail "see above"; echo "$out"; }
figure "$(grep -c '^\[ *OK \]' <<<"$out") tests"
case_end

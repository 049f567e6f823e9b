#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# The benchmark: the fast path against a bare XDP_TX (fast.sh), and this proxy
# against Kamailio, stateless (kamailio.sh) and with transactions (core.sh). Prints a table, writes BUILD/bench.json.
#
#   tests/bench/bench.sh [BUILD_DIRECTORY]
#
# docs/performance.md says what the figures mean and what they do not.
set -eu
export LC_ALL=C

here=$(cd "$(dirname "$0")" && pwd)
build=$(cd "${1:-$here/../../build}" && pwd)
[ "$(id -u)" = 0 ] || { echo "bench: must be root (network namespaces, BPF)" >&2; exit 1; }

# The columns of the table; goals are the product's, as ratios.
table() {
	jq -r '.[] | [.name, .value, .unit, .baseline, .baseline_value, .ratio] | @tsv' "$1" | awk -F'\t' '
		BEGIN { goal["fast.invite.hot"] = goal["fast.response"] = 4; goal["fast.invite.100k"] = 7; least["fast.vs_kamailio"] = 40
			goal["core.udp.call"] = 0.333; goal["core.tcp.call"] = 0.5; least["core.udp.max_cps"] = 3; least["core.workers.cores"] = 1.7
			printf "%-28s %12s  %-32s %12s  %-32s %8s\n", "name", "value", "unit", "of", "baseline", "ratio" }
		{ said = ""
		  if ($1 in goal) said = sprintf("  goal: at most %g, %s", goal[$1], $6 <= goal[$1] ? "met" : "missed")
		  if ($1 in least) said = sprintf("  goal: at least %g, %s", least[$1], $6 >= least[$1] ? "met" : "missed")
		  # no figure: the other one does not reach that rate
		  printf "%-28s %12.3f  %-32s %12s  %-32s %8s%s\n", $1, $2, $3, $5 == "" ? "-" : sprintf("%.3f", $5), $4, $6 == "" ? "-" : sprintf("%.2f", $6), said }'
}

busy=$(awk '{ print $1 }' /proc/loadavg)
echo "bench: $(uname -r), $(awk -F': ' '/^model name/ { print $2; exit }' /proc/cpuinfo), $(nproc) CPUs, load before $busy"
"$here/fast.sh" "$build" --json "$build/bench-fast.json"
LAB_BUILD=$build "$here/kamailio.sh" "$build/bench-kamailio.json"
LAB_BUILD=$build "$here/core.sh" "$build/bench-core.json"
jq -s 'add' "$build/bench-fast.json" "$build/bench-kamailio.json" "$build/bench-core.json" >"$build/bench.json"
table "$build/bench.json"
awk -v busy="$busy" 'BEGIN { if (busy > 0.5) print "The machine had other work (load " busy " before the start): that adds to all figures and to their spread." }'

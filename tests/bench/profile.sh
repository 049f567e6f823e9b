#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Where the fast path's time goes: samples of one scenario, by stage of the
# engine (each is a function of its own to the kernel) and by kernel function.
#
#   tests/bench/profile.sh BUILD_DIRECTORY [SCENARIO [SECONDS]]    e.g. response 5
#
# Needs perf (package linux-perf). Virtual machines mostly have no counters, so
# it samples by the CPU clock.
set -eu
export LC_ALL=C PATH=$PATH:/usr/sbin:/sbin

here=$(cd "$(dirname "$0")" && pwd)
build=$1 scenario=${2:-invite.hot} seconds=${3:-5}
command -v perf >/dev/null || { echo "profile: needs perf (apt-get install linux-perf)" >&2; exit 1; }
data=$(mktemp)
trap 'rm -f "$data" "$data.out"' EXIT

MILLION=$([[ $scenario == *.1m* ]] && echo 1 || echo 0) \
	BENCH_UNDER="perf record -q -e cpu-clock -F 19997 -o $data" \
	"$here/fast.sh" "$build" --profile "$scenario" --seconds "$seconds" | tee "$data.out"
total=$(awk '{ print $1 }' "$data.out")
echo "  share  ns/packet  where"
perf report -i "$data" --stdio --sort symbol -F overhead,symbol 2>/dev/null |
	awk -v total="$total" '/^ +[0-9.]+%/ { share = $1 + 0; name = $3
		sub(/^bpf_prog_[0-9a-f]+_/, "", name)
		stage = name ~ /^(cx_|replay|sink|bare)/
		if (share >= 0.3) printf "%6.2f%% %10.1f  %s%s\n", share, share * total / 100, stage ? "* " : "", name }' | sort -rn
echo "* a stage of ours (without what it calls); replay and sink belong to the measurement"

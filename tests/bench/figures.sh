# SPDX-License-Identifier: GPL-2.0-only
# What the comparisons with other systems have in common: how processes and the
# machine are measured, medians, and rows of bench.json. Sourced behind lab.sh.
# Figures are lines of LAB_DIR/figures: words that name a sample, then numbers.

die() { echo "${0##*/}: $*" >&2; exit 1; }

# ns that all threads of a process and its children (one session) have run
ran_ns() {
	local pid
	for pid in $(pgrep -s "${LAB_PID[$1]}"); do cat /proc/"$pid"/task/*/schedstat; done 2>/dev/null |
		awk '{ sum += $1 } END { printf "%.0f\n", sum }'
}

# "BUSY_NS NOW_NS": of all CPUs together, by what they were not idle. Idle time is
# exact; busy time is counted in ticks, which the sender's timer runs in step with.
machine() {
	awk -v cpus="$(getconf _NPROCESSORS_ONLN)" -v tick="$(getconf CLK_TCK)" \
		'FNR == NR { now = $1; next } /^cpu / { idle = $5 + $6; printf "%.0f %.0f\n", (now * cpus - idle / tick) * 1e9, now * 1e9 }' \
		/proc/uptime /proc/stat
}

# busy_ns_per_s COMMAND...: of the machine, while the command runs
busy_ns_per_s() {
	local before after
	before=$(machine)
	"$@"
	after=$(machine)
	echo "$before $after" | awk '{ printf "%.0f\n", ($3 - $1) / ($4 - $2) * 1e9 }'
}

# machine_us PER_S BUSY_NS IDLE_NS LATER_NS: what one of PER_S costs the whole machine; "-" if
# others were at work on it just before or after.
machine_us() {
	awk -v rate="$1" -v busy="$2" -v idle="$3" -v later="$4" 'BEGIN {
		print (idle > 2e8 || later > 2e8) ? "-" : sprintf("%.2f", (busy - (idle + later) / 2) / rate / 1000) }'
}

# median COLUMN WORD...: of the figures that start with these words; nothing if there is none
median() {
	local column=$1
	shift
	awk -v words="$*" -v column="$column" 'index($0, words " ") == 1 && $column != "-" { print $column }' "$LAB_DIR/figures" | sort -n |
		awk '{ v[NR] = $1 } END { if (NR) print (NR % 2) ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2 }'
}

# row NAME VALUE UNIT BASELINE BASELINE_VALUE
row() { jq -n --arg name "$1" --argjson value "$2" --arg unit "$3" --arg baseline "$4" --argjson of "$5" \
	'{ name: $name, value: $value, unit: $unit, baseline: $baseline, baseline_value: $of,
	   ratio: (if $of == null or $of == 0 then null else ($value / $of * 1000 | round / 1000) end) }'; }

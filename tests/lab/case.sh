# SPDX-License-Identifier: GPL-2.0-only
# What every case of the lab shares: figures and verdicts. A case sources this,
# calls check for each thing that must be true, and ends with case_end, which
# prints one line:
#
#     ok NAME (figures)  |  FAIL NAME why  |  SKIP NAME why
#
# Exit code 0, 1, 77. The lab goes down however the case ends; the logs of a
# failed one stay in LAB_TOOLS/logs/NAME.

. "$(dirname "${BASH_SOURCE[0]}")/lab.sh"
set -u

CASE=$(basename "$0" .sh)
CASE_FIGURES=
CASE_WHY=

figure() { CASE_FIGURES+="${CASE_FIGURES:+, }$*"; }
fail() { CASE_WHY+="${CASE_WHY:+; }$*"; }
# check WHAT COMMAND...: the command must succeed.
check() { local what=$1; shift; "$@" || fail "$what"; }
skip() { echo "SKIP $CASE $*"; exit 77; }
# must COMMAND...: without it there is no point in going on.
must() { "$@" || { fail "$* failed"; case_end; }; }
at_most() { awk -v a="$1" -v b="$2" 'BEGIN { exit !(a <= b) }'; }
ratio() { awk -v a="$1" -v b="$2" 'BEGIN { printf "%.3f", b ? 100 * a / b : 0 }'; }

case_end() {
	[ -z "${LAB_PID[cxsipd]:-}" ] || lab_end cxsipd || fail "the daemon ended with code $?: $(tail -n 3 "$LAB_DIR/cxsipd.log")"
	if [ -z "$CASE_WHY" ]; then
		echo "ok $CASE ($CASE_FIGURES; $SECONDS s)"
		exit 0
	fi
	echo "FAIL $CASE $CASE_WHY${CASE_FIGURES:+ ($CASE_FIGURES)}"
	if [ -n "$LAB_DIR" ]; then
		rm -rf "$LAB_TOOLS/logs/$CASE"
		mkdir -p "$LAB_TOOLS/logs"
		cp -r "$LAB_DIR" "$LAB_TOOLS/logs/$CASE"
	fi
	exit 1
}

# calls_ok TAG N: every call succeeded for the caller.
calls_ok() { check "$1: $CALLS_FAILED of $2 calls failed, $CALLS_OK succeeded" [ "$CALLS_FAILED" = 0 -a "$CALLS_OK" = "$2" ]; }

# all_ended TAG N: the servers saw N calls from INVITE to BYE, and nothing else
# is open. sipp alone would not notice a lost BYE.
all_ended() { lab_wait 2000 finished_is "$2" || fail "$1: the servers saw $(lab_uas_sum finished) of $2 calls end"; }
finished_is() { [ "$(lab_uas_sum finished)" = "$1" ] && [ "$(lab_uas_sum open)" = 0 ]; }

# started N: the servers have seen that many calls (for lab_wait).
started() { [ "$(lab_uas_sum calls)" -ge "$1" ]; }

# element NAME FILTER: one value of an element
element() { lab_get ".elements[] | select(.element == \"$1\") | $2" elements; }

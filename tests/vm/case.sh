# SPDX-License-Identifier: GPL-2.0-only
# What every case of the kernel matrix shares. A case is run on the host as
# `cases/NN_name.sh KERNEL`, from the project's root, prints for each thing that
# it looked at one line
#
#     ok vm/KERNEL WHAT (figures)  |  FAIL vm/KERNEL WHAT  |  SKIP vm/KERNEL WHAT
#
# and ends with 0, 1 or 77. B is the build directory.

set -u
export LC_ALL=C
cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit 1
KERNEL=${1:?usage: $0 KERNEL}
B=${B:-build}
CASE=$(basename "$0" .sh)
CASE_OUT=$B/vm/out/$KERNEL/$CASE

# The RFCs' torture messages, where they are at hand, go along.
corpora=$(realpath -m "${CXSIP_CORPORA:-../shared/corpora}")
[ -d "$corpora" ] && CASE_CORPORA=(--with "$corpora:/cx/corpora" --env CXSIP_CORPORA=/cx/corpora) || CASE_CORPORA=()

# vm_boot OPTION... SCRIPT [ARGUMENT...]: run.sh, whose guest script prints the
# lines; what run.sh itself has to say becomes one.
vm_boot() {
	local code trouble=$CASE_OUT/trouble
	rm -rf "$CASE_OUT"
	mkdir -p "$CASE_OUT"
	tests/vm/run.sh "$KERNEL" --env KERNEL="$KERNEL" --out "$CASE_OUT" "${CASE_CORPORA[@]}" "$@" 2>"$trouble"
	code=$?
	case $code in
	70 | 71) echo "FAIL vm/$KERNEL $CASE (kernel log in $CASE_OUT/.console)"; sed 's/^/    | /' "$trouble" | head -n 120 ;;
	77) echo "SKIP vm/$KERNEL $CASE: $(cat "$trouble")" ;;
	*) sed 's/^/    | /' "$trouble" ;;
	esac
	return $code
}

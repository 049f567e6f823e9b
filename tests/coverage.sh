#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Which lines of the rooms the unit tests and the replay run: builds with gcov into
# BUILD_DIRECTORY/coverage and prints a line a file, and one a room.
#
#   tests/coverage.sh BUILD_DIRECTORY [ROOM...]    default: sip txn proxy/stateful
set -eu
cd "$(dirname "$0")/.."
build=${1:-build}/coverage
shift
[ $# -gt 0 ] || set -- sip txn proxy/stateful
make --no-print-directory B="$build" CFLAGS='-O0 -g --coverage' HARDEN=-fPIE \
	$(ls tests/unit/test_*.c | sed "s|^|$build/|; s|\.c\$||") "$build/tests/replay/replay" >/dev/null
find "$build" -name '*.gcda' -delete
tests/run.sh "$build" unit replay | tail -1
for room; do
	gcov -n "$build/userspace/$room"/*.gcda 2>/dev/null | awk -v room="$room" '
		/^File/ { file = $2; gsub("\047", "", file) }
		/^Lines executed/ && index(file, "userspace/" room "/") == 1 {
			split($2, part, "[:%]")
			if (file in seen) next
			seen[file] = 1
			printf "%-40s %6.1f %% of %4d lines\n", file, part[2], $4
			lines += $4; run += part[2] * $4 / 100
		}
		END { printf "%-40s %6.1f %% of %4d lines\n", room, lines ? 100 * run / lines : 0, lines }'
done

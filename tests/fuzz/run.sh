#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Builds the fuzz targets with clang and runs each for some seconds, starting
# from the test messages and configurations. What it finds stays in
# build/fuzz/<target>/found; the corpus that it grows, in build/fuzz/<target>/corpus.
#
#   tests/fuzz/run.sh [SECONDS]    60 each by default; TARGETS="sip uri" for some of them
set -eu
cd "$(dirname "$0")/../.."
seconds=${1:-60}
out=${B:-build}/fuzz
clang=${CLANG:-clang}
packages="libbpf libnl-3.0 libnl-route-3.0 libconfig jansson libuv"
rooms="base sip observe dns config route txn proxy proxy/stateful"
flags="-std=gnu11 -g -O1 -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=undefined
	-Wno-unused-parameter -Iinclude -Iuserspace -Itests -Itests/fastpath"

# libconfig 1.5 forgets the string that it was reading where a file breaks its grammar
mkdir -p "$out/objects"
printf 'leak:%s\n' strbuf_append libconfig_yylex >"$out/lsan"
rm -rf "$out/tmp" # of a run that crashed
mkdir -p "$out/tmp"
export TMPDIR=$PWD/$out/tmp
case $out in /*) export TMPDIR=$out/tmp ;; esac
export LSAN_OPTIONS=suppressions=$out/lsan:print_suppressions=0
objects=
for source in $(for room in $rooms; do ls userspace/"$room"/*.c; done) tests/fastpath/place.c tests/fastpath/corpus.c \
	tests/replay/world.c tests/replay/script.c; do
	object=$out/objects/$(echo "${source%.c}" | tr / _).o
	# shellcheck disable=SC2086,SC2046 # lists of words
	$clang $flags $(pkg-config --cflags $packages) -c "$source" -o "$object"
	objects="$objects $object"
done

# The message behind two bytes that say where it comes in.
seed_engine() {
	local file k=0
	for file in tests/fastpath/messages/*.sip ../shared/corpora/rfc*/*; do
		[ -f "$file" ] || continue
		k=$(((k + 1) % 2))
		{ printf "\\00$k\\01"; cat "$file"; } >"$1/$(basename "$file").$k"
	done
}
# Steps (fuzz_core.c): a template, an answer to what came out, time, the answer's repetition, an ACK.
seed_core() {
	local k status file
	for k in 0 1 2 3 4; do
		for status in 100 180 200 302 401 486 503 603; do
			# shellcheck disable=SC2059 # the bytes are octal escapes
			printf "$(printf '\\%03o' 1 0 $k 0 2 0 $(((status - 100) / 256)) $(((status - 100) % 256)) 0 0 4 10 1 0 2 0 4 17)" \
				>"$1/step.$k.$status"
		done
	done
	for file in tests/fastpath/messages/*.sip; do
		{ printf '\0\0\20\0'; cat "$file"; } >"$1/$(basename "$file")"
	done
}
seed_sip() {
	local file
	for file in tests/fastpath/messages/*.sip ../shared/corpora/rfc*/*; do
		[ -f "$file" ] || continue
		{ printf '\33'; cat "$file"; } >"$1/$(basename "$file")"
	done
}
seed_uri() {
	local k=0 line
	grep -hoE '(sips?|tel):[^> "]+' tests/unit/test_sip_uri.c | sort -u | while IFS= read -r line; do
		k=$((k + 1))
		printf '%s\n%s' "$line" "$line" >"$1/$k"
	done
}
seed_frame() {
	local file
	for file in tests/fastpath/messages/*.sip; do
		{ printf '\0\1\7\77'; cat "$file"; printf '\r\n\r\n'; cat "$file" tests/fastpath/messages/invite.sip; } >"$1/$(basename "$file")"
	done
}
# What is wanted; then answers: number of records, each its length and rdata.
seed_dns() {
	local a='\0\4\300\0\2\1' srv='\0\11\0\1\0\2\23\304\1m\0' naptr='\0\34\0\1\0\1\1s\7sip+d2u\0\4_sip\4_udp\1h\0'
	# shellcheck disable=SC2059 # the bytes are octal escapes
	{
		printf "\\53\\2$a$a" >"$1/a"
		printf "\\50\\2$srv$srv\\1$a" >"$1/srv"
		printf "\\52\\1$naptr\\1$srv\\1$a" >"$1/naptr"
		printf "\\52\\0\\1$srv\\1$a\\0\\0\\0" >"$1/srv-alone"
	}
}
seed_config() {
	{ printf '\0'; cat conf/cxsip.cfg; } >"$1/main"
	{ printf '\1'; cat conf/routes.d/example.json; } >"$1/routes"
	printf '\1[ {"prefix": "44", "group": "media", "mode": "core"}, {"dn": "1", "table": "x", "group": "y"} ]' >"$1/more"
}

status=0
for target in ${TARGETS:-engine config sip uri frame dns core}; do
	mkdir -p "$out/$target/corpus" "$out/$target/seed" "$out/$target/found"
	# shellcheck disable=SC2086,SC2046
	$clang $flags -fsanitize=fuzzer tests/fuzz/fuzz_$target.c $objects -o "$out/fuzz_$target" \
		$(pkg-config --libs $packages) -lunbound -lm -lcmocka
	seed_$target "$out/$target/seed"
	case $target in config) dict=tests/fuzz/config.dict ;; *) dict=tests/fuzz/engine.dict ;; esac
	echo "fuzz_$target: $seconds s"
	if ! "$out/fuzz_$target" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -max_len=4096 \
		-dict="$dict" -artifact_prefix="$out/$target/found/" -print_final_stats=1 \
		"$out/$target/corpus" "$out/$target/seed" >"$out/$target/log" 2>&1; then
		status=1
		tail -40 "$out/$target/log"
	fi
	grep -E '^stat::number_of_executed_units|DONE|cov:' "$out/$target/log" | tail -2
done
exit $status

# SPDX-License-Identifier: GPL-2.0-only
# Fragmented INVITEs and their fragmented responses: what the module sends on is
# byte for byte what the daemon sends on. The daemon is gone meanwhile.
case_begin bytes
SIZES="2000 3400 4600 6000 8000 20000"
exchange() { # DIRECTORY
	local family size
	mkdir -p "$LAB_DIR/$1"
	for family in 4 6; do
		for size in $SIZES; do
			rm -f "$LAB_DIR/invite"
			PORT=$((40000 + size)) send_invite $family "$size" "bytes$family-$size" >"$LAB_DIR/$1/answer$family-$size" ||
				fail "$1: no answer to $size bytes over IPv$family"
			mv "$LAB_DIR/invite" "$LAB_DIR/$1/invite$family-$size" || fail "$1: $size bytes over IPv$family did not arrive"
		done
	done
}
check "the daemon does not release the module" module_release
check "still attached" module_is false
exchange daemon
check "the daemon does not attach the module" module_attach
check "not attached" module_is true
requests=$(module_count request) responses=$(module_count response)
lab_end cxsipd || fail "the daemon ended badly"
for name in $LAB_SERVERS; do lab_end "$name"; done # they must not know the calls
lab_uas_start_all --dump "$LAB_DIR/invite" || fail "the servers do not come back"
exchange module
for family in 4 6; do
	for size in $SIZES; do
		for what in invite answer; do
			cmp "$LAB_DIR/daemon/$what$family-$size" "$LAB_DIR/module/$what$family-$size" || fail "$what of $size bytes over IPv$family differs"
		done
		check "$size bytes over IPv$family: answer is no 180" grep -q '^SIP/2.0 180 ' "$LAB_DIR/module/answer$family-$size"
		check "$size bytes over IPv$family: the Via of the proxy is in the answer" [ "$(grep -c '^Via' "$LAB_DIR/module/answer$family-$size")" = "$(invite $family $size x | grep -c '^Via')" ]
	done
done
requests=$(($(module_count request) - requests)) responses=$(($(module_count response) - responses))
check "$requests requests counted, not 12" [ "$requests" = 12 ]
check "$responses responses counted, not 12" [ "$responses" -ge 12 ]
figure "$requests requests, $responses responses by the module, sizes $SIZES"
lab_daemon_start || fail "the daemon does not come back"
check "the daemon did not keep the attachment" module_is true
check "cxctl stats does not show the module's" [ "$(lab_get '.reasons[] | select(.reason == "request") | .module.packets' stats)" -ge 12 ]
case_end

# SPDX-License-Identifier: GPL-2.0-only
# The functions that the module lends to XDP: the same results in both forms of
# the program (test_kfuncs), and the differential test with them. Skips nothing: here
# the kernel must know them.
case_begin functions
check "the kernel does not know the module's functions" [ "$(lab_ctl module status | jq -r .kfuncs)" = true ]
for test in test_kfuncs test_differential; do
	[ $test = test_differential ] && export CXSIP_KFUNCS=1
	out=$(cd /cx && CMOCKA_MESSAGE_OUTPUT=TAP timeout 250 build/tests/fastpath/$test 2>&1) || fail "$test: $(tail -n 5 <<<"$out")"
	unset CXSIP_KFUNCS
	[ $test = test_kfuncs ] && grep -q '# SKIP' <<<"$out" && fail "$test: skipped"
	figure "$test $(grep -c '^ok ' <<<"$out") tests: $(sed -n 's/^# figure [a-z]*: //p' <<<"$out" | paste -sd';' | sed 's/;/; /g')"
done
case_end

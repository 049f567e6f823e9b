#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# In the virtual machine: every test program of the fast path below /cx/build,
# as `make test` runs them on the host. One line each, and /out/NAME.tap.
failed=0
for program in build/tests/fastpath/test_*; do
	name=${program##*/}
	begin=$(date +%s)
	CMOCKA_MESSAGE_OUTPUT=TAP "$program" >"/out/$name.tap" 2>&1
	status=$?
	took="$(($(date +%s) - begin)) s"
	# cmocka writes "not ok" in front of what it skipped
	skipped=$(grep -c '^\(not \)\?ok .*# SKIP' "/out/$name.tap")
	bad=$(grep '^not ok ' "/out/$name.tap" | grep -vc '# SKIP')
	passed=$(grep '^ok ' "/out/$name.tap" | grep -vc '# SKIP')
	grep -E '^# figure' "/out/$name.tap" | sed 's/^/    /'
	if [ $status = 0 ] && [ "$bad" = 0 ] && [ $((passed + skipped)) -gt 0 ]; then
		[ $passed = 0 ] && word=SKIP || word=ok
		echo "$word vm/$KERNEL $name ($passed tests, $took)"
	else
		echo "FAIL vm/$KERNEL $name (exit code $status, $bad of $((passed + bad)) tests failed, $took)"
		tail -n 40 "/out/$name.tap" | sed 's/^/    | /'
		failed=1
	fi
done
cp -r build/verifier /out/ || failed=1
exit $failed

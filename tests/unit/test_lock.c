/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The lock that keeps a second daemon out.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>
#include "fastpath/fastpath.h"

static void test_lock(void **state)
{
	char dir[] = "/tmp/cxsip-lock-XXXXXX", path[64];
	int fd = -1, again = -1, holder = 0, status = -1;
	pid_t child;

	assert_non_null(mkdtemp(dir));
	assert_int_equal(cx_lock_take(dir, &fd, &holder), 0);
	child = fork();
	if (child == 0) {
		int mine = -1, held_by = 0, err = cx_lock_take(dir, &mine, &held_by);

		_exit(err == -EBUSY && held_by == getppid() ? 0 : 1);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	assert_int_equal(cx_lock_take(dir, &again, &holder), -EBUSY);
	assert_int_equal(holder, getpid());
	close(fd);
	assert_int_equal(cx_lock_take(dir, &again, &holder), 0); /* the file stays, the lock went */
	close(again);
	snprintf(path, sizeof(path), "%s/cxsipd.lock", dir);
	unlink(path);
	rmdir(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_lock),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

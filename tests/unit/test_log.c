// SPDX-License-Identifier: GPL-2.0-only
/*
 * The log: quoting against forged lines, cutting, the rate limit, syslog's
 * framing, and sinks that are full or away.
 */
#define _GNU_SOURCE /* pseudo terminals */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>
#include <cmocka.h>
#include "observe/limit.h"
#include "observe/line.h"
#include "observe/log.h"
#include "observe/utf8.h"

static void expect_pair(const char *value, const char *expected)
{
	struct cx_line line;

	cx_line_begin(&line, CX_INFO, "e");
	cx_line_pair(&line, "k", value);
	assert_string_equal(line.text, expected);
}

static void test_quoting(void **state)
{
	expect_pair("plain", "info e k=plain");
	expect_pair("", "info e k=\"\"");
	expect_pair(NULL, "info e k=-");
	expect_pair("two words", "info e k=\"two words\"");
	expect_pair("a=b", "info e k=\"a=b\"");
	expect_pair("say \"hi\" \\", "info e k=\"say \\\"hi\\\" \\\\\"");
	expect_pair("x\nerror forged a=b", "info e k=\"x\\nerror forged a=b\"");
	expect_pair("\x1b[31m", "info e k=\"\\x1b[31m\"");
	expect_pair("caf\xc3\xa9", "info e k=caf\xc3\xa9");
	expect_pair("\xc2\x9b", "info e k=\"\\xc2\\x9b\""); /* C1 control */
	expect_pair("\xff\xfe", "info e k=\"\\xff\\xfe\"");
}

static void test_utf8(void **state)
{
	assert_int_equal(cx_utf8_printable("a", 1), 1);
	assert_int_equal(cx_utf8_printable("\xe2\x82\xac", 3), 3);
	assert_int_equal(cx_utf8_printable("\xe2\x82\xac", 2), 0); /* cut off */
	assert_int_equal(cx_utf8_printable("\xf0\x9f\x93\x9e", 4), 4);
	assert_int_equal(cx_utf8_printable("\xc0\xaf", 2), 0); /* overlong */
	assert_int_equal(cx_utf8_printable("\xe0\x80\xaf", 3), 0);
	assert_int_equal(cx_utf8_printable("\xed\xa0\x80", 3), 0); /* surrogate */
	assert_int_equal(cx_utf8_printable("\xf4\x90\x80\x80", 4), 0); /* above U+10FFFF */
	assert_int_equal(cx_utf8_printable("\x7f", 1), 0);
	assert_int_equal(cx_utf8_printable("", 0), 0);
}

static void test_cut(void **state)
{
	char value[2 * CX_LINE_SIZE];
	struct cx_line line;

	for (size_t n = CX_LINE_SIZE - 40; n < CX_LINE_SIZE + 8; n++) {
		memset(value, 'a', n);
		value[n] = '\0';
		value[0] = ' ';
		cx_line_begin(&line, CX_INFO, "e");
		cx_line_pair(&line, "k", value);
		if (line.cut)
			assert_string_equal(line.text + line.length - 4, "\"...");
		cx_line_pair(&line, "after", "x");
		assert_true(line.length < sizeof(line.text));
		assert_int_equal(strlen(line.text), line.length);
		if (line.cut)
			assert_string_equal(line.text + line.length - 3, "...");
	}
	assert_true(line.cut);
}

static void test_limit(void **state)
{
	struct cx_limit limit = { 0 };
	const struct cx_limit_event *e;
	uint64_t suppressed = 0;
	int passed = 0;
	char name[16];

	for (int i = 0; i < 50; i++)
		passed += cx_limit_pass(&limit, "storm", 5000);
	assert_int_equal(passed, CX_LIMIT_LINES);
	assert_true(cx_limit_pass(&limit, "other_event", 5000));
	assert_null(cx_limit_report(&limit, 5999, false, &suppressed));
	e = cx_limit_report(&limit, 6000, false, &suppressed);
	assert_non_null(e);
	assert_string_equal(e->name, "storm");
	assert_int_equal(suppressed, 50 - CX_LIMIT_LINES);
	assert_null(cx_limit_report(&limit, 6000, false, &suppressed));
	assert_true(cx_limit_pass(&limit, "storm", 6000));
	/* more names than the table has: still bounded */
	passed = 0;
	for (int i = 0; i < 1000; i++) {
		snprintf(name, sizeof(name), "name%d", i);
		passed += cx_limit_pass(&limit, name, 7000);
	}
	assert_true(passed < CX_LIMIT_EVENTS + CX_LIMIT_LINES);
}

struct sink_test {
	char dir[64];
	char path[108];
	int syslog_fd;
	int saved_stderr;
	int pipe_fd[2];
};

static int listen_syslog(struct sink_test *t)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };

	snprintf(sun.sun_path, sizeof(sun.sun_path), "%s", t->path);
	unlink(t->path);
	t->syslog_fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	return bind(t->syslog_fd, (struct sockaddr *)&sun, sizeof(sun));
}

static int setup(void **state)
{
	struct sink_test *t = calloc(1, sizeof(*t));

	snprintf(t->dir, sizeof(t->dir), "/tmp/test_log.XXXXXX");
	if (!mkdtemp(t->dir) || pipe(t->pipe_fd))
		return -1;
	snprintf(t->path, sizeof(t->path), "%s/log", t->dir);
	fcntl(t->pipe_fd[0], F_SETFL, O_NONBLOCK);
	t->saved_stderr = dup(STDERR_FILENO);
	dup2(t->pipe_fd[1], STDERR_FILENO);
	*state = t;
	return listen_syslog(t);
}

static int teardown(void **state)
{
	struct sink_test *t = *state;

	cx_log_close();
	dup2(t->saved_stderr, STDERR_FILENO);
	close(t->saved_stderr);
	close(t->pipe_fd[0]);
	close(t->pipe_fd[1]);
	close(t->syslog_fd);
	unlink(t->path);
	rmdir(t->dir);
	free(t);
	return 0;
}

static void open_log(struct sink_test *t, int to_stderr)
{
	cx_log_open(&(struct cx_log_options){ .level = CX_INFO,
					      .to_stderr = to_stderr,
					      .to_syslog = 1,
					      .ident = "tester",
					      .syslog_path = t->path });
}

static void test_sinks(void **state)
{
	struct sink_test *t = *state;
	char buf[4096], expected[64];
	ssize_t n;

	unsetenv("JOURNAL_STREAM");
	open_log(t, 1);
	cx_log(CX_DEBUG, "too_fine", NULL);
	cx_log(CX_WARN, "sinks", "a", "1", "b", "x y", NULL);
	n = read(t->pipe_fd[0], buf, sizeof(buf) - 1);
	assert_true(n > 0);
	buf[n] = '\0';
	assert_string_equal(buf + strlen("2026-01-01T00:00:00.000Z "), "warn sinks a=1 b=\"x y\"\n");
	n = recv(t->syslog_fd, buf, sizeof(buf) - 1, 0);
	assert_true(n > 0);
	buf[n] = '\0';
	assert_memory_equal(buf, "<28>", 4); /* daemon.warning */
	snprintf(expected, sizeof(expected), " tester[%d]: warn sinks a=1 b=\"x y\"", (int)getpid());
	assert_string_equal(buf + 4 + strlen("Jan  1 00:00:00"), expected);
	assert_int_equal(recv(t->syslog_fd, buf, sizeof(buf), 0), -1);
}

static void test_journal(void **state)
{
	struct sink_test *t = *state;
	char buf[4096], stream[64];
	struct stat st;
	ssize_t n;

	assert_int_equal(fstat(STDERR_FILENO, &st), 0);
	snprintf(stream, sizeof(stream), "%llu:%llu", (unsigned long long)st.st_dev, (unsigned long long)st.st_ino);
	setenv("JOURNAL_STREAM", stream, 1);
	open_log(t, 1);
	cx_logf(CX_INFO, "journal", "%d lines", 2);
	n = read(t->pipe_fd[0], buf, sizeof(buf) - 1);
	assert_true(n > 0);
	buf[n] = '\0';
	assert_string_equal(buf, "<6>info journal msg=\"2 lines\"\n");
	/* the journal has it once */
	assert_int_equal(recv(t->syslog_fd, buf, sizeof(buf), 0), -1);
	unsetenv("JOURNAL_STREAM");
}

/* Nobody reads stderr: the log goes on without waiting, and tells afterwards. */
static void test_full_pipe(void **state)
{
	struct sink_test *t = *state;
	uint64_t dropped = cx_log_dropped();
	char name[32], buf[65536], *told;
	ssize_t n;

	open_log(t, 1);
	memset(buf, 'x', 1500);
	buf[1500] = '\0';
	for (int i = 0; i < 100; i++) {
		snprintf(name, sizeof(name), "full%d", i);
		cx_log(CX_INFO, name, "k", buf, NULL);
	}
	assert_true(cx_log_dropped() > dropped);
	while ((n = read(t->pipe_fd[0], buf, sizeof(buf))) > 0)
		;
	cx_log_tick(); /* nothing more is logged: told all the same, once */
	cx_log_tick();
	cx_log(CX_INFO, "drained", NULL);
	n = read(t->pipe_fd[0], buf, sizeof(buf) - 1);
	assert_true(n > 0);
	buf[n] = '\0';
	told = strstr(buf, "warn log_lost lines=");
	assert_non_null(told);
	assert_null(strstr(told + strlen("warn log_lost"), "log_lost"));
	assert_true(strstr(buf, "info drained") > told);
}

/* A terminal behind which nobody reads says that it is writable while it has room for one byte more. */
static void test_stuck_terminal(void **state)
{
	struct sink_test *t = *state;
	int master = posix_openpt(O_RDWR | O_NOCTTY), slave, flags;
	uint64_t dropped = cx_log_dropped();
	char name[32], value[1200];

	assert_true(master >= 0 && !grantpt(master) && !unlockpt(master));
	slave = open(ptsname(master), O_RDWR | O_NOCTTY);
	assert_true(slave >= 0);
	dup2(slave, STDERR_FILENO);
	flags = fcntl(STDERR_FILENO, F_GETFL);
	open_log(t, 1);
	memset(value, 'x', sizeof(value));
	alarm(10); /* in place of a test that never ends */
	for (int i = 0; i < 500 && cx_log_dropped() < dropped + 20; i++) {
		snprintf(name, sizeof(name), "stuck%d", i);
		value[sizeof(value) - 1 - i] = '\0';
		cx_log(CX_INFO, name, "k", value, NULL);
	}
	alarm(0);
	assert_true(cx_log_dropped() >= dropped + 20);
	assert_int_equal(fcntl(STDERR_FILENO, F_GETFL), flags); /* others share it */
	dup2(t->pipe_fd[1], STDERR_FILENO);
	open_log(t, 1);
	close(slave);
	close(master);
}

static void test_syslog_away(void **state)
{
	struct sink_test *t = *state;
	uint64_t dropped;
	char buf[4096];
	ssize_t n;

	open_log(t, 0);
	cx_log(CX_INFO, "before", NULL);
	assert_true(recv(t->syslog_fd, buf, sizeof(buf), 0) > 0);
	dropped = cx_log_dropped();
	close(t->syslog_fd);
	cx_log(CX_INFO, "lost", NULL);
	assert_int_equal(cx_log_dropped(), dropped + 1);
	assert_int_equal(listen_syslog(t), 0);
	open_log(t, 0); /* a new start does not wait for the second between tries */
	cx_log(CX_INFO, "back", NULL);
	n = recv(t->syslog_fd, buf, sizeof(buf) - 1, 0);
	assert_true(n > 0);
	buf[n] = '\0';
	assert_non_null(strstr(buf, "warn log_lost lines=1"));
	n = recv(t->syslog_fd, buf, sizeof(buf) - 1, 0);
	assert_true(n > 0);
	buf[n] = '\0';
	assert_non_null(strstr(buf, "info back"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_quoting),
		cmocka_unit_test(test_utf8),
		cmocka_unit_test(test_cut),
		cmocka_unit_test(test_limit),
		cmocka_unit_test_setup_teardown(test_sinks, setup, teardown),
		cmocka_unit_test_setup_teardown(test_journal, setup, teardown),
		cmocka_unit_test_setup_teardown(test_full_pipe, setup, teardown),
		cmocka_unit_test_setup_teardown(test_stuck_terminal, setup, teardown),
		cmocka_unit_test_setup_teardown(test_syslog_away, setup, teardown),
	};

	return cmocka_run_group_tests_name("log", tests, NULL, NULL);
}

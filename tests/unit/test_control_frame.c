/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The control socket: framing limits, envelopes that are refused, and the server
 * with clients that flood, stall or go away. Also what `explain` builds on:
 * frames with right checksums and the list of edits.
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
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
#include "control/edits.h"
#include "control/frame.h"
#include "control/json.h"
#include "control/probe_frame.h"
#include "control/server.h"

/* ---- framing --------------------------------------------------------------- */

static void expect_line(struct cx_line_frame *f, const char *expected)
{
	const char *line;
	size_t n;

	assert_int_equal(cx_line_frame_next(f, &line, &n), 1);
	assert_int_equal(n, strlen(expected));
	assert_memory_equal(line, expected, n);
}

static void test_lines(void **state)
{
	struct cx_line_frame f = {0};
	const char *line;
	size_t n;

	assert_int_equal(cx_line_frame_add(&f, "one\ntwo\r\n\n\r\nthr", 15), 0);
	expect_line(&f, "one");
	expect_line(&f, "two");
	assert_int_equal(cx_line_frame_next(&f, &line, &n), 0);
	assert_int_equal(cx_line_frame_add(&f, "ee\n", 3), 0);
	expect_line(&f, "three");
	assert_int_equal(cx_line_frame_next(&f, &line, &n), 0);
	cx_line_frame_free(&f);
}

/* One byte at a time, so that every boundary is met. */
static void test_bytes(void **state)
{
	const char text[] = "{\"a\":1}\n{\"b\":2}\n";
	struct cx_line_frame f = {0};
	const char *line;
	size_t n, seen = 0;

	for (size_t i = 0; i < sizeof(text) - 1; i++) {
		assert_int_equal(cx_line_frame_add(&f, text + i, 1), 0);
		while (cx_line_frame_next(&f, &line, &n)) {
			assert_int_equal(n, 7);
			seen++;
		}
	}
	assert_int_equal(seen, 2);
	cx_line_frame_free(&f);
}

static void test_too_long(void **state)
{
	char chunk[65536];
	struct cx_line_frame f = {0};
	const char *line;
	size_t n, total = 0;
	int rc = 0;

	memset(chunk, 'x', sizeof(chunk));
	while (!rc && total < 2 * CX_FRAME_MAX) {
		rc = cx_line_frame_add(&f, chunk, sizeof(chunk));
		cx_line_frame_next(&f, &line, &n);
		total += sizeof(chunk);
	}
	assert_int_equal(rc, -EMSGSIZE);
	assert_int_equal(total, CX_FRAME_MAX + sizeof(chunk));
	cx_line_frame_free(&f);
	/* the longest that is allowed */
	for (total = 0; total < CX_FRAME_MAX - sizeof(chunk); total += sizeof(chunk))
		assert_int_equal(cx_line_frame_add(&f, chunk, sizeof(chunk)), 0);
	chunk[sizeof(chunk) - 1] = '\n';
	assert_int_equal(cx_line_frame_add(&f, chunk, sizeof(chunk)), 0);
	assert_int_equal(cx_line_frame_next(&f, &line, &n), 1);
	assert_int_equal(n, CX_FRAME_MAX - 1);
	cx_line_frame_free(&f);
}

static void expect_refused(const char *line, const char *expected_code)
{
	const char *code = "";
	struct cx_envelope e;
	char text[128] = "";

	assert_int_equal(cx_envelope_parse(line, strlen(line), &e, &code, text, sizeof(text)), -EINVAL);
	assert_string_equal(code, expected_code);
	assert_true(text[0]);
	cx_envelope_free(&e);
}

static void test_envelope(void **state)
{
	const char good[] = "{\"v\":1,\"cmd\":\"elements\",\"args\":{\"group\":\"media\"}}";
	struct cx_envelope e;
	const char *code;
	char text[128];

	assert_int_equal(cx_envelope_parse(good, strlen(good), &e, &code, text, sizeof(text)), 0);
	assert_string_equal(e.cmd, "elements");
	assert_string_equal(json_string_value(json_object_get(e.args, "group")), "media");
	cx_envelope_free(&e);
	assert_int_equal(cx_envelope_parse("{\"v\":1,\"cmd\":\"x\"}", 17, &e, &code, text, sizeof(text)), 0);
	assert_int_equal(json_object_size(e.args), 0);
	cx_envelope_free(&e);
	expect_refused("hello", "bad_json");
	expect_refused("{\"v\":1,\"cmd\":\"x\"} trailing", "bad_json");
	expect_refused("{\"v\":1,\"v\":1,\"cmd\":\"x\"}", "bad_json");
	expect_refused("{\"v\":1,\"cmd\":\"\xff\"}", "bad_json");
	expect_refused("[1]", "bad_request");
	expect_refused("{}", "bad_version");
	expect_refused("{\"v\":2,\"cmd\":\"x\"}", "bad_version");
	expect_refused("{\"v\":\"1\",\"cmd\":\"x\"}", "bad_version");
	expect_refused("{\"v\":1}", "bad_request");
	expect_refused("{\"v\":1,\"cmd\":7}", "bad_request");
	expect_refused("{\"v\":1,\"cmd\":\"x\",\"args\":[]}", "bad_request");
}

static void test_text(void **state)
{
	json_t *text = cx_json_text("a\xff\xc3\xa9\0\x1b", 6);

	assert_string_equal(json_string_value(text), "a\xef\xbf\xbd\xc3\xa9\xef\xbf\xbd\x1b");
	json_decref(text);
}

/* ---- the server ---------------------------------------------------------------- */

struct server_test {
	uv_loop_t loop;
	struct cx_server *server;
	char path[64];
	size_t lines;
	uint64_t last_client;
	bool hold; /* do not answer */
	size_t reply_size;
};

static void on_line(void *ctx, uint64_t client, const char *line, size_t n)
{
	struct server_test *t = ctx;
	char *reply;

	t->lines++;
	t->last_client = client;
	if (t->hold)
		return;
	reply = malloc(t->reply_size);
	assert_non_null(reply);
	memset(reply, 'r', t->reply_size);
	memcpy(reply, line, n < t->reply_size ? n : t->reply_size);
	cx_server_reply(t->server, client, reply, t->reply_size);
}

static int server_setup(void **state)
{
	struct server_test *t = calloc(1, sizeof(*t));
	struct cx_server_ops ops = {.on_line = on_line, .ctx = t};

	t->reply_size = 8;
	snprintf(t->path, sizeof(t->path), "/tmp/test_control.%d", (int)getpid());
	*state = t;
	return uv_loop_init(&t->loop) || cx_server_open(&t->loop, t->path, "", &ops, &t->server);
}

static int server_teardown(void **state)
{
	struct server_test *t = *state;

	cx_server_close(t->server);
	uv_run(&t->loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&t->loop), 0); /* nothing is left */
	assert_int_equal(access(t->path, F_OK), -1);
	free(t);
	return 0;
}

static int connect_client(const struct server_test *t)
{
	struct sockaddr_un sun = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);

	snprintf(sun.sun_path, sizeof(sun.sun_path), "%s", t->path);
	assert_int_equal(connect(fd, (struct sockaddr *)&sun, sizeof(sun)), 0);
	return fd;
}

/* Turns the loop until there is nothing more to do now. */
static void turn(struct server_test *t)
{
	for (int i = 0; i < 50; i++)
		uv_run(&t->loop, UV_RUN_NOWAIT);
}

static void test_mode(void **state)
{
	struct server_test *t = *state;
	struct stat st;

	assert_int_equal(stat(t->path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0660);
}

static void test_pipelined(void **state)
{
	struct server_test *t = *state;
	char buf[64];
	int fd = connect_client(t);

	assert_int_equal(send(fd, "line one\nline two\nli", 20, 0), 20);
	turn(t);
	assert_int_equal(t->lines, 2);
	assert_int_equal(recv(fd, buf, sizeof(buf), 0), 18);
	assert_memory_equal(buf, "line one\nline two\n", 18);
	close(fd);
	turn(t);
}

/* The client goes while its answer is under way: the answer finds nobody. */
static void test_gone(void **state)
{
	struct server_test *t = *state;
	int fd = connect_client(t);

	t->hold = true;
	assert_int_equal(send(fd, "x\n", 2, 0), 2);
	turn(t);
	assert_int_equal(t->lines, 1);
	close(fd);
	turn(t);
	cx_server_reply(t->server, t->last_client, strdup("late"), 4);
	turn(t);
	assert_int_equal(cx_server_reply(t->server, t->last_client, strdup("later"), 5), -ENOENT);
	assert_int_equal(cx_server_reply(t->server, 12345, strdup("nobody"), 6), -ENOENT);
}

/* Lines are not even read while an answer waits to be taken. */
static void test_flood(void **state)
{
	struct server_test *t = *state;
	size_t sent = 0, lines;
	char chunk[4096];
	ssize_t n;
	int fd = connect_client(t);

	t->reply_size = 100000;
	for (size_t i = 0; i < sizeof(chunk); i++)
		chunk[i] = i % 2 ? '\n' : 'x';
	for (int i = 0; i < 1000; i++) {
		n = send(fd, chunk, sizeof(chunk), 0);
		sent += n > 0 ? (size_t)n : 0;
		uv_run(&t->loop, UV_RUN_NOWAIT);
	}
	lines = t->lines;
	assert_true(lines < 100); /* of the two thousand and more that were sent */
	assert_true(sent > 4096);
	turn(t);
	assert_int_equal(t->lines, lines);
	close(fd);
	turn(t);
}

static void test_too_long_line(void **state)
{
	struct server_test *t = *state;
	static char chunk[65536];
	int fd = connect_client(t), dropped = 0;

	memset(chunk, 'x', sizeof(chunk));
	for (int i = 0; i < 200 && !dropped; i++) {
		dropped = send(fd, chunk, sizeof(chunk), MSG_NOSIGNAL) < 0 && errno != EAGAIN;
		uv_run(&t->loop, UV_RUN_NOWAIT);
	}
	assert_true(dropped);
	assert_int_equal(t->lines, 0);
	close(fd);
}

/* More clients than places: the one idle longest goes. */
static void test_crowd(void **state)
{
	struct server_test *t = *state;
	int fds[CX_SERVER_CLIENTS + 1];
	char buf[16];

	for (int i = 0; i <= CX_SERVER_CLIENTS; i++) {
		fds[i] = connect_client(t);
		uv_run(&t->loop, UV_RUN_NOWAIT);
	}
	turn(t);
	assert_int_equal(recv(fds[0], buf, sizeof(buf), 0), 0);
	assert_int_equal(recv(fds[1], buf, sizeof(buf), 0), -1);
	assert_int_equal(send(fds[CX_SERVER_CLIENTS], "hi\n", 3, 0), 3);
	turn(t);
	assert_int_equal(recv(fds[CX_SERVER_CLIENTS], buf, sizeof(buf), 0), 9);
	for (int i = 0; i <= CX_SERVER_CLIENTS; i++)
		close(fds[i]);
	turn(t);
}

/* ---- what explain builds on ---------------------------------------------------- */

static void expect_frame(uint8_t family, size_t payload_len)
{
	struct cx_probe_frame f = {.family = family,
				   .source_port = 5060,
				   .destination_port = 5061,
				   .dscp = 24},
			      back;
	uint8_t payload[1500], frame[1600];
	size_t n;

	for (size_t i = 0; i < payload_len; i++)
		payload[i] = (uint8_t)(i * 37 + 11);
	if (family == CX_IPV4)
		f.source.b[10] = f.source.b[11] = f.destination.b[10] = f.destination.b[11] = 0xff;
	f.source.b[15] = 9;
	f.destination.b[15] = 7;
	f.payload = payload;
	f.payload_len = payload_len;
	n = cx_probe_frame_build(&f, frame, sizeof(frame));
	assert_int_equal(n, 14 + (family == CX_IPV4 ? 20 : 40) + 8 + payload_len);
	assert_int_equal(cx_probe_frame_parse(frame, n, &back), 0);
	assert_true(back.checksums_ok);
	assert_memory_equal(&back.source, &f.source, 16);
	assert_memory_equal(&back.destination, &f.destination, 16);
	assert_int_equal(back.source_port, 5060);
	assert_int_equal(back.destination_port, 5061);
	assert_int_equal(back.dscp, 24);
	assert_int_equal(back.ttl, 64);
	assert_int_equal(back.payload_len, payload_len);
	assert_memory_equal(back.payload, payload, payload_len);
	for (size_t i = 14; i < n; i++) { /* any broken byte shows */
		frame[i] ^= 0x10;
		if (!cx_probe_frame_parse(frame, n, &back) && i != 15 && back.payload_len == payload_len &&
		    !(family == CX_IPV6 && i < 22))
			assert_false(back.checksums_ok);
		frame[i] ^= 0x10;
	}
	for (size_t cut = 0; cut < n; cut++)
		assert_int_equal(cx_probe_frame_parse(frame, cut, &back), -EINVAL);
	assert_int_equal(cx_probe_frame_build(&f, frame, n - 1), 0);
}

static void test_frames(void **state)
{
	expect_frame(CX_IPV4, 0);
	expect_frame(CX_IPV4, 501);
	expect_frame(CX_IPV6, 500);
	expect_frame(CX_IPV6, 1);
}

static void test_edits(void **state)
{
	static const char before[] =
	    "INVITE sip:1@a SIP/2.0\r\nVia: x\r\nMax-Forwards: 70\r\nTo: y\r\n\r\nbody one\r\n";
	static const char after[] =
	    "INVITE sip:1@a SIP/2.0\r\nVia: us\r\nVia: x\r\nMax-Forwards: 69\r\nTo: y\r\n\r\nbody two\r\n";
	json_t *edits =
	    cx_edits((const uint8_t *)before, strlen(before), (const uint8_t *)after, strlen(after));
	json_t *expected = json_pack("[{s:s,s:s},{s:s,s:s},{s:s,s:s}]", "op", "+", "line", "Via: us", "op",
				     "-", "line", "Max-Forwards: 70", "op", "+", "line", "Max-Forwards: 69");

	assert_true(json_equal(edits, expected));
	json_decref(edits);
	json_decref(expected);
	edits = cx_edits((const uint8_t *)before, strlen(before), (const uint8_t *)before, strlen(before));
	assert_int_equal(json_array_size(edits), 0);
	json_decref(edits);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_lines),
	    cmocka_unit_test(test_bytes),
	    cmocka_unit_test(test_too_long),
	    cmocka_unit_test(test_envelope),
	    cmocka_unit_test(test_text),
	    cmocka_unit_test_setup_teardown(test_mode, server_setup, server_teardown),
	    cmocka_unit_test_setup_teardown(test_pipelined, server_setup, server_teardown),
	    cmocka_unit_test_setup_teardown(test_gone, server_setup, server_teardown),
	    cmocka_unit_test_setup_teardown(test_flood, server_setup, server_teardown),
	    cmocka_unit_test_setup_teardown(test_too_long_line, server_setup, server_teardown),
	    cmocka_unit_test_setup_teardown(test_crowd, server_setup, server_teardown),
	    cmocka_unit_test(test_frames),
	    cmocka_unit_test(test_edits),
	};

	signal(SIGPIPE, SIG_IGN); /* as the daemon does: libuv leaves it to the program */
	return cmocka_run_group_tests_name("control_frame", tests, NULL, NULL);
}

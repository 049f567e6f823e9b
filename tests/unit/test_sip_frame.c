// SPDX-License-Identifier: GPL-2.0-only
/*
 * Framing of a stream: the same frames come out however the bytes arrive, and
 * what cannot be framed is refused in time.
 */
#include "sip_fixture.h"
#include <errno.h>
#include "sip/frame.h"

#define OPTIONS "OPTIONS sip:a SIP/2.0\r\n"
#define HEAD_MAX 4096
#define SIZE_MAX_ 8192

/*
 * Feeds `step` bytes more at a time, consuming what is framed: kinds and sizes as
 * text ("m37 l2 p2"), with the error at the end.
 */
static const char *feed(const char *text, size_t size, size_t step)
{
	static char got[512];
	struct cx_frame f;
	size_t from = 0, to = 0;
	int n = 0;

	got[0] = '\0';
	cx_frame_init(&f, HEAD_MAX, SIZE_MAX_);
	while (n >= 0 && to < size) {
		to = to + step < size ? to + step : size;
		do {
			enum cx_frame_kind kind = CX_FRAME_MESSAGE;
			char *exact = malloc(to - from ? to - from : 1);

			memcpy(exact, text + from, to - from);
			n = cx_frame_next(&f, exact, to - from, &kind);
			free(exact);
			if (n > 0)
				sprintf(got + strlen(got), "%c%d ", "mlp"[kind], n);
			from += n > 0 ? (size_t)n : 0;
		} while (n > 0);
	}
	if (n < 0)
		sprintf(got + strlen(got), "%s%s", f.head_n ? "head " : "", f.fault.what);
	else if (from < size)
		sprintf(got + strlen(got), "+%zu", size - from);
	return got;
}

static void frames_n(const char *text, size_t size, const char *expected)
{
	for (size_t step = 1; step <= size; step = step < 40 ? step + 1 : size > step ? size : size + 1)
		if (strcmp(feed(text, size, step), expected))
			fail_msg("step %zu of %.60s: '%s' instead of '%s'", step, text,
				 feed(text, size, step), expected);
}

static void frames(const char *text, const char *expected)
{
	frames_n(text, strlen(text), expected);
}

static void messages(void **state)
{
	frames(OPTIONS "Content-Length: 0\r\n\r\n", "m44 ");
	frames(OPTIONS "Content-Length: 4\r\n\r\nbody" OPTIONS "l:0\r\n\r\n", "m48 m30 ");
	frames(OPTIONS "l : 0004 \r\n\r\nbo\r\n", "m40 ");
	frames(OPTIONS "Content-Length:\r\n 4\r\n\r\nbodyO", "m50 +1"); /* a folded one */
	frames(OPTIONS "X: y\r\n l: 9\r\nl: 0\r\n\r\n", "m44 ");	/* a fold that looks like one */
	frames(OPTIONS "l: 0\r\nl: 0\r\n\r\n", "m37 "); /* a fault of the message, not of the stream */
	frames(OPTIONS "l: 0\n\n", "m29 ");		/* the same */
	frames(OPTIONS "l: 5\r\n\r\nbody", "+35");
	frames(OPTIONS, "+23");
	frames("SIP/2.0 200 OK\r\nl: 1\r\n\r\n\n", "m25 ");
	frames("", "");
}

static void keep_alives(void **state)
{
	frames("\r\n", "l2 ");
	frames("\r\n\r\n", "l2 p2 ");
	frames("\r\n\r\n\r\n\r\n", "l2 p2 l2 p2 ");
	frames("\r\n" OPTIONS "l: 0\r\n\r\n\r\n\r\n", "l2 m31 l2 p2 ");
	frames("\r\n\r\n\r\n" OPTIONS "l: 0\r\n\r\n\r\n", "l2 p2 l2 m31 l2 ");
	frames("\r", "+1");
	frames("\rA", "Not SIP");
}

static void refused(void **state)
{
	static char big[HEAD_MAX + 100] = OPTIONS "X: ";

	frames("\x16\x03\x01", "Not SIP"); /* TLS */
	frames("\n", "Not SIP");
	frames(" a", "Not SIP");
	frames(OPTIONS "\r\n", "head Missing Content-Length");
	frames(OPTIONS "l: x\r\n\r\n", "head Bad Content-Length");
	frames(OPTIONS "l: -1\r\nl: 5\r\n\r\n", "head Bad Content-Length");
	frames(OPTIONS "l: 5\r\nl: 6\r\n\r\n", "head Duplicate Content-Length");
	frames(OPTIONS "l: 99999999999\r\n\r\n", "head Bad Content-Length");
	frames(OPTIONS "l: 9000\r\n\r\n", "head Message Too Large");
	memset(big + strlen(big), 'x', sizeof(big) - strlen(big) - 1);
	frames_n(big, HEAD_MAX, "+4096");
	frames_n(big, HEAD_MAX + 1, "Header Too Large");
}

/* The head is read once: bytes that were scanned may be garbage in the next call. */
static void scanned_once(void **state)
{
	char text[] = OPTIONS "Via: x\r\nl: 4\r\n\r\nbody";
	size_t n = sizeof(text) - 1;
	enum cx_frame_kind kind;
	struct cx_frame f;

	cx_frame_init(&f, HEAD_MAX, SIZE_MAX_);
	assert_int_equal(cx_frame_next(&f, text, n - 4, &kind), 0);
	memset(text + 1, '\n', n - 5);
	assert_int_equal(cx_frame_next(&f, text, n, &kind), n);
}

/* Where the index sees the end of the head, the frame does. */
static void agrees_with_index(void **state)
{
	static const char *const heads[] = {
	    OPTIONS "l: 3\r\n\r\n",	     OPTIONS "l: 3\n\r\n",
	    OPTIONS "A: b\n\nl: 3\r\n\r\n",  OPTIONS "A: b\r\n \r\nl: 3\r\n\r\n",
	    OPTIONS " l: 3\r\nl: 2\r\n\r\n", OPTIONS "A: b\r\n\t\r\n l: 1\r\nContent-Length\t: 3\r\n\n",
	};
	struct sip_fixture s = {0};

	for (size_t i = 0; i < sizeof(heads) / sizeof(heads[0]); i++) {
		char text[256];
		struct cx_frame f;
		enum cx_frame_kind kind;
		int n;

		snprintf(text, sizeof(text), "%s%s", heads[i], "bodybodybody");
		cx_frame_init(&f, HEAD_MAX, SIZE_MAX_);
		n = cx_frame_next(&f, text, strlen(text), &kind);
		sip_index_n(&s, text, n > 0 ? (size_t)n : strlen(text), CX_STREAM);
		if (n > 0 && s.m.n != (uint32_t)n)
			fail_msg("%s: %d, %u", heads[i], n, s.m.n);
		if (n < 0 && s.m.body != f.head_n)
			fail_msg("%s: head %u, %u", heads[i], f.head_n, s.m.body);
	}
	sip_fixture_free(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(messages),	    cmocka_unit_test(keep_alives),	 cmocka_unit_test(refused),
	    cmocka_unit_test(scanned_once), cmocka_unit_test(agrees_with_index),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which worker a call belongs to: the daemon's reading of messages, the engine's
 * hash, and the program in the kernel must say the same.
 */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>
#include "base/addr.h"
#include "net/owner.h"
#include "net/steer.h"
#include "net/udp.h"

#define WORKERS 3

static const struct cx_key key = {.hash = {.k = {0x0123456789abcdef, 0xfedcba9876543210}}};

static unsigned owner_of(const char *message, unsigned workers)
{
	return cx_owner(&key.hash, (const uint8_t *)message, strlen(message), workers);
}

static void call_id_is(const char *message, const char *expected)
{
	size_t at = 0, n = 0;
	int rc = cx_owner_call_id((const uint8_t *)message, strlen(message), &at, &n);

	assert_int_equal(rc, expected ? 0 : -1);
	if (expected) {
		assert_int_equal(n, strlen(expected));
		assert_memory_equal(message + at, expected, n);
	}
}

static void finding(void **state)
{
	(void)state;
	call_id_is("INVITE x SIP/2.0\r\nCall-ID: a@b\r\n\r\n", "a@b");
	call_id_is("INVITE x SIP/2.0\r\ni:a\r\n\r\n", "a");
	call_id_is("INVITE x SIP/2.0\r\nVia: x\r\nCALL-id \t:  a b\t \r\n\r\n", "a b");
	call_id_is("INVITE x SIP/2.0\r\nI :a", "a");
	call_id_is("INVITE x SIP/2.0\r\nCall-ID:\r\n a\r\n\r\n", "a");
	call_id_is("INVITE x SIP/2.0\ni :\n\ta\n \nTo: b\n\n", "a");
	call_id_is("INVITE x SIP/2.0\r\nSubject: b\r\n i: c\r\ni: a\r\n\r\n", "a");
	call_id_is("INVITE x SIP/2.0\r\nCall-ID:\r\n ", "");
	call_id_is("INVITE x SIP/2.0\r\nCall-ID: first\r\nCall-ID: second\r\n\r\n", "first");
	call_id_is("INVITE x SIP/2.0\r\nCall-IDs: a\r\nInfo: b\r\nCall-I: c\r\n\r\n", NULL);
	call_id_is("INVITE x SIP/2.0\r\nVia: x\r\n\r\nCall-ID: in the body\r\n", NULL);
	call_id_is("Call-ID: in the start line\r\n\r\n", NULL);
	call_id_is("INVITE x SIP/2.0\r\nCall-ID:\r\n\r\n", "");
	call_id_is("", NULL);
	call_id_is("INVITE x SIP/2.0\n", NULL);
}

static void sharing_out(void **state)
{
	unsigned seen[4] = {0};
	char text[200];

	(void)state;
	for (int i = 0; i < 4000; i++) {
		unsigned worker;

		snprintf(text, sizeof(text), "BYE x SIP/2.0\r\nCall-ID: %d@10.0.0.1\r\n\r\n", i);
		worker = owner_of(text, 4);
		assert_in_range(worker, 0, 3);
		seen[worker]++;
		assert_int_equal(owner_of(text, 1), 0);
	}
	for (int i = 0; i < 4; i++)
		assert_in_range(seen[i], 900, 1100);
}

/* ---- the program in the kernel -------------------------------------------------- */

struct seen {
	unsigned datagrams, wrong;
	unsigned worker;
};

static void on_datagram(void *ctx, uint16_t listener, const union cx_addr *from, uint16_t port, uint8_t *p,
			size_t n)
{
	struct seen *seen = ctx;

	seen->datagrams++;
	seen->wrong += cx_owner(&key.hash, p, n, WORKERS) != seen->worker;
}

static void on_unreachable(void *ctx, uint16_t listener, const struct cx_udp_bounce *bounce)
{
}

struct sockets {
	struct seen seen[WORKERS];
	struct cx_udp *udp[WORKERS];
	int fds[WORKERS];
	struct sockaddr_storage to;
	socklen_t to_n;
};

static void sockets_open(struct sockets *s, const char *address)
{
	struct cx_listener listener = {0};
	union cx_addr addr;
	uint8_t family;

	memset(s, 0, sizeof(*s));
	assert_int_equal(cx_addr_parse(address, &listener.addr, &listener.family), 0);
	for (unsigned i = 0; i < WORKERS; i++) {
		struct cx_udp_ops ops = {
		    .on_datagram = on_datagram, .on_unreachable = on_unreachable, .ctx = &s->seen[i]};

		s->seen[i].worker = i;
		assert_int_equal(i ? cx_udp_join(&listener, &ops, &s->udp[i])
				   : cx_udp_open(&listener, &ops, &s->udp[i]),
				 0);
		s->fds[i] = cx_udp_fd(s->udp[i]);
		s->to_n = sizeof(s->to);
		assert_int_equal(getsockname(s->fds[0], (struct sockaddr *)&s->to, &s->to_n), 0);
		assert_int_equal(
		    cx_addr_from_sockaddr((struct sockaddr *)&s->to, &addr, &listener.port, &family), 0);
	}
}

static void sockets_close(struct sockets *s)
{
	for (unsigned i = 0; i < WORKERS; i++)
		cx_udp_close(s->udp[i]);
}

static void send_text(const struct sockets *s, const char *text, size_t n)
{
	int fd = socket(s->to.ss_family, SOCK_DGRAM, 0);

	assert_int_equal(sendto(fd, text, n, 0, (const struct sockaddr *)&s->to, s->to_n), n);
	close(fd);
}

/* Over the loopback a datagram is there when sendto() returns. */
static unsigned read_all(struct sockets *s, unsigned *wrong)
{
	struct cx_udp_batch *batch = cx_udp_batch_new();
	unsigned n = 0;

	*wrong = 0;
	for (unsigned i = 0; i < WORKERS; i++) {
		cx_udp_read(s->udp[i], batch, true);
		n += s->seen[i].datagrams;
		*wrong += s->seen[i].wrong;
		s->seen[i].datagrams = s->seen[i].wrong = 0;
	}
	cx_udp_batch_free(batch);
	return n;
}

#define FORMS 4
static size_t message(char *text, size_t size, int i)
{
	static const char *const forms[FORMS] = {
	    "Call-ID: %d@10.0.0.1\r\n", "i:%d@h\r\n", "CALL-ID:   %d\r\n",
	    "Call-ID: a-longer-one-%d-0123456789012345678901234567890123456789\r\n"};
	char call_id[200];
	size_t n;

	snprintf(call_id, sizeof(call_id), forms[i % FORMS], i);
	n = (size_t)snprintf(text, size,
			     "%s\r\nVia: SIP/2.0/UDP 10.0.0.1:5060;branch=z9hG4bK%d;rport\r\n"
			     "From: <sip:a@b>;tag=1\r\nTo: <sip:c@d>\r\n%sCSeq: 1 INVITE\r\n"
			     "Max-Forwards: 70\r\nContent-Length: %d\r\n\r\n",
			     i % 2 ? "INVITE sip:9001@10.0.0.9 SIP/2.0" : "SIP/2.0 200 OK", i, call_id,
			     i % 7 ? 0 : 5000);
	if (i % 7 == 0) { /* longer than the program looks */
		memset(text + n, 'x', 5000);
		n += 5000;
	}
	return n;
}

static void steered_over(struct cx_steer *steer, const char *address)
{
	static char text[8192];
	struct sockets s, other;
	unsigned wrong;

	sockets_open(&s, address);
	sockets_open(&other, address); /* another listener has its own block */
	assert_int_equal(cx_steer_add(steer, other.fds), 0);
	for (int i = 0; i < 50; i++)
		send_text(&s, text, message(text, sizeof(text), i));
	assert_int_equal(read_all(&s, &wrong), 50);
	assert_true(wrong > 10); /* by addresses alone it would be luck */
	assert_int_equal(cx_steer_add(steer, s.fds), 0);
	for (int i = 0; i < 200; i++)
		send_text(&s, text, message(text, sizeof(text), i));
	assert_int_equal(read_all(&s, &wrong), 200);
	assert_int_equal(wrong, 0);
	/* what has no Call-ID arrives all the same */
	send_text(&s, "\r\n\r\n", 4);
	send_text(&s, "", 0);
	send_text(&s, "INVITE sip:x SIP/2.0\r\nVia: y\r\n\r\n", 33);
	memset(text, '\n', sizeof(text));
	send_text(&s, text, sizeof(text));
	assert_int_equal(read_all(&s, &wrong), 4);
	cx_steer_remove(steer, s.fds);
	cx_steer_remove(steer, other.fds);
	sockets_close(&s);
	sockets_close(&other);
}

static void steered(void **state)
{
	struct cx_steer *steer;
	int err = cx_steer_open(&key, WORKERS, &steer);

	(void)state;
	if (err == -EPERM) {
		print_message("SKIP: no right to load BPF programs\n");
		skip();
	}
	assert_int_equal(err, 0);
	steered_over(steer, "127.0.0.1");
	steered_over(steer, "::1");
	cx_steer_close(steer);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(finding),
	    cmocka_unit_test(sharing_out),
	    cmocka_unit_test(steered),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

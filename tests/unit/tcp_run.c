/* SPDX-License-Identifier: GPL-2.0-only */
/* One TCP transport and its listener, see tcp_run.h. */
#include "unit/tcp_run.h"
#include "base/addr.h"

int send_text(struct rig *r, const struct cx_hop *hop, const char *text, uint64_t token)
{
	struct iovec iov = {(void *)(uintptr_t)text, strlen(text)};

	return cx_tcp_send(r->tcp, hop, &r->listener, &iov, 1, token);
}

static unsigned number_of(const uint8_t *p, size_t n)
{
	const char *call_id = memmem(p, n, "Call-ID: ", 9);

	return call_id ? (unsigned)strtoul(call_id + 9, NULL, 10) : 0;
}

static bool on_message(void *ctx, const struct cx_hop *from, uint8_t *p, size_t n)
{
	struct rig *r = ctx;

	if (r->full)
		return false;
	r->out_of_order += number_of(p, n) != r->messages;
	r->messages++;
	r->from = *from;
	memcpy(r->last, p, n);
	r->last_n = n;
	if (r->answers)
		assert_int_equal(send_text(r, from, ANSWER, 0), 0);
	return true;
}

static void on_failed(void *ctx, uint64_t token, int errnum)
{
	struct rig *r = ctx;

	r->failures++;
	r->token = token;
	r->errnum = errnum;
}

static void on_unreachable(void *ctx, const struct cx_hop *hop, int errnum)
{
	struct rig *r = ctx;

	r->unreachable++;
	assert_int_equal(errnum, r->errnum);
	assert_int_equal(hop->transport, CX_TCP);
}

static bool may_connect(void *ctx, uint16_t listener, const union cx_addr *from)
{
	struct rig *r = ctx;

	assert_int_equal(listener, LISTENER);
	return !r->refuse;
}

void on_end(uv_timer_t *timer)
{
	struct rig *r = timer->data;

	r->over = true;
}

struct cx_tcp_stats stats_of(const struct rig *r)
{
	struct cx_tcp_stats s;

	cx_tcp_stats(r->tcp, &s);
	return s;
}

uint16_t port_of(int fd)
{
	struct sockaddr_in a;
	socklen_t n = sizeof(a);

	assert_int_equal(getsockname(fd, (struct sockaddr *)&a, &n), 0);
	return ntohs(a.sin_port);
}

struct sockaddr_in loopback(uint16_t port)
{
	return (struct sockaddr_in){
	    .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}

int plain_listen(int backlog)
{
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	struct sockaddr_in a = loopback(0);

	assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof(a)), 0);
	assert_int_equal(listen(fd, backlog), 0);
	return fd;
}

struct rig *rig_new(const struct cx_tcp_settings *settings)
{
	struct cx_tcp_ops ops = {.on_message = on_message,
				 .on_failed = on_failed,
				 .on_unreachable = on_unreachable,
				 .may_connect = may_connect};
	struct rig *r = calloc(1, sizeof(*r));
	int probe = plain_listen(1);

	assert_non_null(r);
	ops.ctx = r;
	r->peer = r->peer_listen = -1;
	uv_loop_init(&r->loop);
	uv_timer_init(&r->loop, &r->end);
	r->end.data = r;
	assert_int_equal(cx_tcp_new(&r->loop, WORKER, 42, settings, &ops, &r->tcp), 0);
	assert_int_equal(cx_addr_parse("127.0.0.1", &r->listener.addr, &r->listener.family), 0);
	r->listener.id = LISTENER;
	r->listener.port = port_of(probe);
	r->listener.transport = CX_TCP;
	close(probe);
	assert_int_equal(cx_tcp_listen_open(&r->listener, false, &r->listen), 0);
	assert_int_equal(cx_tcp_listen_start(r->tcp, r->listen), 0);
	return r;
}

struct rig *rig_default(void)
{
	struct cx_tcp_settings s = CX_TCP_SETTINGS_DEFAULT;

	return rig_new(&s);
}

void rig_free(struct rig *r)
{
	cx_tcp_listen_close(r->listen);
	cx_tcp_close(r->tcp);
	uv_close((uv_handle_t *)&r->end, NULL);
	uv_run(&r->loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&r->loop), 0);
	if (r->peer >= 0)
		close(r->peer);
	if (r->peer_listen >= 0)
		close(r->peer_listen);
	free(r);
}

int dial(struct rig *r)
{
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	struct sockaddr_in a = loopback(r->listener.port);

	assert_int_equal(connect(fd, (struct sockaddr *)&a, sizeof(a)), 0);
	return fd;
}

void put(int fd, const char *text, size_t n)
{
	assert_int_equal(send(fd, text, n, MSG_NOSIGNAL), n);
}

size_t message(char *text, size_t size, unsigned number, size_t body)
{
	size_t n = (size_t)snprintf(text, size, "OPTIONS sip:x SIP/2.0\r\nCall-ID: %u\r\nl: %zu\r\n\r\n",
				    number, body);

	memset(text + n, 'b', body);
	return n + body;
}

struct cx_hop hop_to(uint16_t port)
{
	struct cx_hop hop = {
	    .listener = LISTENER, .transport = CX_TCP, .connection = CX_NO_CONNECTION, .port = port};
	uint8_t family;

	assert_int_equal(cx_addr_parse("127.0.0.1", &hop.addr, &family), 0);
	return hop;
}

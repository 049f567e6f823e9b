// SPDX-License-Identifier: GPL-2.0-only
/* See exchange.h. */
#define _GNU_SOURCE
#include "exchange.h"
#include <linux/bpf.h>
#include <stdlib.h>
#include <strings.h>
#include <unistd.h>
#include "corpus.h"

const struct entrance trunk = {TRUNKS_V4, 5060, CALLER_V4, 5060};
const struct entrance trunk6 = {TRUNKS_V6, 5060, CALLER_V6, 5060};
const struct entrance agent = {AGENTS_V4, 5070, CALLER_V4, 5060};
const struct entrance agent6 = {AGENTS_V6, 5070, CALLER_V6, 5060};
const struct entrance anybody = {OPEN_V4, 5060, STRANGER_V4, 5060};
const struct entrance server = {CORE_V4, 5060, "203.0.113.11", 5060};
const struct entrance server6 = {CORE_V6, 5060, "2001:db8:200::11", 5060};

struct rig *rig;
struct packet_view sent;
static struct rig the_rig;
static uint8_t frame[PACKET_MAX];
static char text_buffer[CORPUS_MESSAGE_MAX + 1];

int exchange_open(void **state)
{
	rig = &the_rig;
	return rig_open(rig) ? 0 : -1;
}

int exchange_close(void **state)
{
	rig_close(rig);
	return 0;
}

int exchange_forget(void **state)
{
	rig_forget(rig);
	return 0;
}

bool exchange_possible(void)
{
	if (geteuid() == 0)
		return true;
	printf("SKIP: the fast path can only be tested as root\n");
	return false;
}

const char *request_with(const char *method, const char *uri, const char *call, const char *via, const char *to,
			 const char *more, const char *body)
{
	static char text[CORPUS_MESSAGE_MAX];
	char usual_via[128];

	snprintf(usual_via, sizeof(usual_via), "SIP/2.0/UDP 198.51.100.7:5060;branch=z9hG4bK-%s", call);
	if (!body)
		body = "";
	snprintf(text, sizeof(text),
		 "%s %s SIP/2.0\r\nVia: %s\r\nMax-Forwards: 70\r\nFrom: <sip:7@198.51.100.7>;tag=f\r\nTo: %s\r\n"
		 "Call-ID: %s\r\nCSeq: 1 %s\r\n%sContent-Length: %zu\r\n\r\n%s",
		 method, uri, via ? via : usual_via, to ? to : "<sip:1000@192.0.2.1>", call, method, more ? more : "",
		 strlen(body), body);
	return text;
}

const char *request(const char *method, const char *uri, const char *call, const char *more)
{
	return request_with(method, uri, call, NULL, NULL, more, NULL);
}

struct packet_plan plan_of(const struct entrance *e)
{
	return (struct packet_plan){.source = place_addr(e->source),
				    .destination = place_addr(e->listener),
				    .source_port = e->source_port,
				    .destination_port = e->port};
}

static enum cx_verdict verdict_of(enum cx_reason reason)
{
	static const uint8_t verdicts[CX_REASON_COUNT] = {
#define CX_X(NAME, name, verdict, text) [CX_R_##NAME] = CX_##verdict,
		CX_REASONS(CX_X)
#undef CX_X
	};

	return verdicts[reason];
}

/* Which nexthop has this MAC: place.c numbers them by their fifth byte. */
static const struct cx_nexthop *hop_of(const struct packet_view *v)
{
	assert_in_range(v->to_mac[4], PLACE_PLAIN, PLACE_NEXTHOPS - 1);
	return &rig->place.world->nexthops[v->to_mac[4]];
}

static void check_wire(void)
{
	const char *why = packet_check(rig->out, rig->out_n, &sent);
	const struct cx_listener *from;
	const struct cx_nexthop *hop;
	uint32_t id;

	if (why)
		fail_msg("sent, but %s", why);
	id = cx_tables_listener_at(rig->place.tables, &sent.source, sent.source_port);
	assert_true(id != CX_NONE); /* sent from an address of ours */
	from = &rig->place.tables->listeners[id];
	hop = hop_of(&sent);
	assert_memory_equal(sent.to_mac, hop->dst_mac, 6);
	assert_memory_equal(sent.from_mac, hop->src_mac, 6);
	assert_int_equal(rig->verdict, hop->ifindex == 1 ? XDP_TX : XDP_REDIRECT);
	assert_int_equal(sent.ttl, 64);
	assert_int_equal(sent.dscp, from->dscp);
	assert_int_equal(sent.ecn, 0);
	assert_int_equal(sent.vlans, hop->vlans);
	assert_true(rig->out_n <= hop->mtu + 14u + 4u * hop->vlans);
}

void put_plan(const struct packet_plan *plan, const void *p, size_t n)
{
	size_t length = packet_build(plan, p, n, frame);

	memset(&sent, 0, sizeof(sent));
	if (!rig_run(rig, frame, length, CX_R_REQUEST)) {
		assert_int_equal(rig->verdict, XDP_PASS); /* none of ours */
	} else if (verdict_of(rig->reason) == CX_FORWARD) {
		check_wire();
		return;
	} else {
		assert_int_equal(rig->verdict, verdict_of(rig->reason) == CX_DROP ? XDP_DROP : XDP_PASS);
	}
	assert_int_equal(rig->out_n, length);
	assert_memory_equal(rig->out, frame, length);
}

void put_bytes(const struct entrance *e, const void *p, size_t n)
{
	struct packet_plan plan = plan_of(e);

	put_plan(&plan, p, n);
}

void put(const struct entrance *e, const char *text)
{
	put_bytes(e, text, strlen(text));
}

void expect_sent(const char *from, const char *to, uint16_t port)
{
	union cx_addr from_addr = place_addr(from), to_addr = place_addr(to);
	char text[CX_ENDPOINT_TEXT];

	if (rig->reason != CX_R_REQUEST && rig->reason != CX_R_RESPONSE)
		fail_msg("not sent: %s", rig_reason_name(rig->reason));
	if (memcmp(&sent.destination, &to_addr, 16) || sent.destination_port != port)
		fail_msg("sent to %s", cx_endpoint_format(&sent.destination, sent.destination_port, text));
	if (memcmp(&sent.source, &from_addr, 16))
		fail_msg("sent from %s", cx_endpoint_format(&sent.source, sent.source_port, text));
}

void expect_left(enum cx_reason reason)
{
	if (rig->reason != reason)
		fail_msg("%s instead of %s", rig_reason_name(rig->reason), rig_reason_name(reason));
}

const char *sent_text(void)
{
	assert_non_null(sent.payload);
	assert_true(sent.payload_n < sizeof(text_buffer));
	memcpy(text_buffer, sent.payload, sent.payload_n);
	text_buffer[sent.payload_n] = '\0';
	return text_buffer;
}

void expect_text(const char *text)
{
	if (!strstr(sent_text(), text))
		fail_msg("\"%s\" is not in:\n%s", text, sent_text());
}

void expect_no_text(const char *text)
{
	if (strstr(sent_text(), text))
		fail_msg("\"%s\" is in:\n%s", text, sent_text());
}

const char *sent_values(const char *name)
{
	static char values[2048];
	const char *line = sent_text(), *end;
	size_t n = 0, length = strlen(name);

	values[0] = '\0';
	for (; (end = strstr(line, "\r\n")) && end != line; line = end + 2) {
		if (strncasecmp(line, name, length) || line[length] != ':')
			continue;
		line += length + 1 + (line[length + 1] == ' ');
		n += (size_t)snprintf(values + n, sizeof(values) - n, "%s%.*s", n ? "|" : "", (int)(end - line), line);
	}
	return values;
}

const char *response(const char *status_line)
{
	static uint8_t text[CORPUS_MESSAGE_MAX + 1];
	char line[64];
	size_t n;

	snprintf(line, sizeof(line), "SIP/2.0 %s\r\n", status_line);
	n = corpus_answer(sent.payload, sent.payload_n, line, text, sizeof(text) - 1);
	text[n] = '\0';
	return (const char *)text;
}

/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Makes the message that `explain` asks about.
 *
 * A message that is given stays as it is, byte for byte, its Call-ID too: only
 * so the answer is true for it. A made-up one has a Call-ID of its own, so that
 * asking cannot disturb a call.
 */
#define _GNU_SOURCE /* memmem */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/random.h>
#include "base/addr.h"
#include "control/json.h"
#include "control/probe.h"
#include "control/summary.h"

const uint8_t *cx_probe_header(const uint8_t *message, size_t n, const char *name, const char *compact,
			       size_t *len)
{
	size_t names[2] = {strlen(name), strlen(compact)};

	for (size_t at = 0; at < n;) {
		const uint8_t *line = message + at, *newline = memchr(line, '\n', n - at);
		size_t length = newline ? (size_t)(newline - line) : n - at;
		const uint8_t *colon = memchr(line, ':', length);
		size_t name_len = colon ? (size_t)(colon - line) : 0;

		at += length + 1;
		while (length && (line[length - 1] == '\r' || line[length - 1] == ' '))
			length--;
		if (!length)
			return NULL;
		while (name_len && (line[name_len - 1] == ' ' || line[name_len - 1] == '\t'))
			name_len--;
		if (!name_len ||
		    !((name_len == names[0] && !strncasecmp((const char *)line, name, name_len)) ||
		      (name_len == names[1] && !strncasecmp((const char *)line, compact, name_len))))
			continue;
		for (colon++; colon < line + length && (*colon == ' ' || *colon == '\t');)
			colon++;
		*len = (size_t)(line + length - colon);
		return colon;
	}
	return NULL;
}

/* "192.0.2.1:5060", "[2001:db8::1]:5060" or an address alone (port 5060). */
static int parse_endpoint(const char *text, union cx_addr *addr, uint16_t *port, uint8_t *family)
{
	const char *colon = strrchr(text, ':'), *bracket = strchr(text, ']');
	size_t n = strlen(text);
	char host[CX_ENDPOINT_TEXT];
	unsigned long number;
	char *end;

	*port = 5060;
	if (n >= sizeof(host))
		return -EINVAL;
	if (colon && (bracket ? colon == bracket + 1 : colon == strchr(text, ':'))) {
		number = strtoul(colon + 1, &end, 10);
		if (!isdigit((unsigned char)colon[1]) || *end || !number || number > 65535)
			return -EINVAL;
		*port = (uint16_t)number;
		n = (size_t)(colon - text);
	}
	memcpy(host, text, n);
	host[n] = '\0';
	return cx_addr_parse(host, addr, family);
}

/* ---- where it arrives ---------------------------------------------------- */

static bool listener_fits(const struct cx_tables *t, uint32_t id, const struct cx_probe *p)
{
	return t->listener_config[id] != NULL && t->listeners[id].transport == p->transport;
}

static uint32_t listener_at(const struct cx_tables *t, const struct cx_probe *p, const union cx_addr *addr,
			    uint16_t port)
{
	for (uint32_t id = 0; id < CX_LISTENERS_MAX; id++)
		if (listener_fits(t, id, p) && t->listeners[id].port == port &&
		    !memcmp(&t->listeners[id].addr, addr, sizeof(*addr)))
			return id;
	return CX_NONE;
}

/* A response comes to the listener that its topmost Via names. */
static bool via_names_listener(const struct cx_tables *t, uint32_t id, const struct cx_probe *p)
{
	char endpoint[CX_ENDPOINT_TEXT];
	const uint8_t *via;
	size_t n, want;

	via = p->message ? cx_probe_header(p->message, p->n, "Via", "v", &n) : NULL;
	if (!via)
		return false;
	cx_endpoint_format(&t->listeners[id].addr, t->listeners[id].port, endpoint);
	want = strlen(endpoint);
	return memmem(via, n, endpoint, want) != NULL;
}

static bool dn_has_route(const struct cx_tables *t, uint32_t id, const char *dn)
{
	return dn && cx_routes_find(t, t->listeners[id].table, dn, strlen(dn));
}

/* The best guess: named by the Via, with a route for the DN, of the source's
 * family, or simply the first. */
static uint32_t guess_listener(const struct cx_tables *t, const struct cx_probe *p, const char *dn,
			       uint8_t family)
{
	uint32_t best = CX_NONE;
	int best_score = -1;

	for (uint32_t id = 0; id < CX_LISTENERS_MAX; id++) {
		int score;

		if (!listener_fits(t, id, p) || (family && t->listeners[id].family != family))
			continue;
		score = 2 * via_names_listener(t, id, p) + dn_has_route(t, id, dn);
		if (score > best_score) {
			best = id;
			best_score = score;
		}
	}
	return best;
}

/* An address that the listener's network accepts: the first host of its first
 * CIDR of the family; of "any", one that documentation uses (RFC 5737, RFC 3849). */
static void accepted_source(const struct cx_tables *t, uint32_t listener, union cx_addr *source)
{
	const struct cx_listener *l = &t->listeners[listener];
	const struct cx_config_network *network = t->network_config[l->network];
	uint8_t family;

	cx_addr_parse(l->family == CX_IPV4 ? "192.0.2.1" : "2001:db8::1", source, &family);
	for (size_t i = 0; i < network->n_sources; i++) {
		const struct cx_config_cidr *cidr = &network->sources[i];

		if (cidr->family != l->family || cidr->prefixlen == (l->family == CX_IPV4 ? 96 : 0))
			continue;
		*source = cidr->addr;
		if (cidr->prefixlen < 127)
			source->b[15] |= 1;
		if (cidr->prefixlen < 126 && !memcmp(source, &l->addr, sizeof(*source)))
			source->b[15] ^= 3;
		return;
	}
}

static int place(struct cx_request *rq, struct cx_probe *p, const char *dn, const char *listener,
		 const char *source)
{
	const struct cx_tables *t = rq->d->tables;
	union cx_addr addr;
	uint8_t family = 0;
	uint16_t port;

	p->source_port = 5060;
	if (source && parse_endpoint(source, &p->source, &p->source_port, &family)) {
		cx_answer_error(rq, "bad_request", "ADDRESS:PORT, [ADDRESS]:PORT or ADDRESS",
				"\"%s\" is no source address", source);
		return -1;
	}
	p->source_given = source != NULL;
	if (listener) {
		if (parse_endpoint(listener, &addr, &port, &(uint8_t){0})) {
			cx_answer_error(rq, "bad_request", "ADDRESS:PORT, [ADDRESS]:PORT or ADDRESS",
					"\"%s\" is no listener's address", listener);
			return -1;
		}
		p->listener = listener_at(t, p, &addr, port);
	} else {
		p->listener = guess_listener(t, p, dn, family);
	}
	if (p->listener == CX_NONE) {
		cx_answer_error(rq, "not_found", "`cxctl status` lists the listeners", "no such listener");
		return -1;
	}
	if (!source)
		accepted_source(t, p->listener, &p->source);
	else if (t->listeners[p->listener].family != family) {
		cx_answer_error(rq, "bad_request", NULL,
				"source and listener are of different address families");
		return -1;
	}
	return 0;
}

/* ---- the message --------------------------------------------------------- */

/* RFC 3261 section 25.1: what may stand in a user part as it is. */
static bool user_character(const char *p)
{
	return isalnum((unsigned char)*p) || strchr("-_.!~*'()&=+$,;?/", *p) ||
	       (*p == '%' && isxdigit((unsigned char)p[1]) && isxdigit((unsigned char)p[2]));
}

static void request_uri(const char *dn, const char *host, char *out, size_t max)
{
	size_t n;

	if (strchr(dn, '@') || !strncasecmp(dn, "sip:", 4) || !strncasecmp(dn, "tel:", 4)) {
		snprintf(out, max, "%s%s", strchr(dn, ':') && strchr(dn, ':') < dn + 5 ? "" : "sip:", dn);
		return;
	}
	n = (size_t)snprintf(out, max, "sip:");
	for (; *dn && n + 4 < max; dn++)
		n += (size_t)(user_character(dn) ? snprintf(out + n, max - n, "%c", *dn)
						 : snprintf(out + n, max - n, "%%%02X", (unsigned char)*dn));
	snprintf(out + n, max - n, "@%s", host);
}

static size_t write_message(char *out, size_t max, const char *transport, const char *method, const char *uri,
			    const char *source, const char *call_id, uint64_t unique)
{
	const char *family = source[0] == '[' ? "IP6" : "IP4";
	char host[CX_ENDPOINT_TEXT], bare[CX_ENDPOINT_TEXT], body[384] = "";
	unsigned long long id = unique;
	int n;

	snprintf(host, sizeof(host), "%.*s", (int)(strrchr(source, ':') - source), source);
	snprintf(bare, sizeof(bare), "%.*s", (int)strcspn(host + (host[0] == '['), "]"),
		 host + (host[0] == '['));
	if (!strcmp(method, "INVITE"))
		snprintf(
		    body, sizeof(body),
		    "v=0\r\no=- 1 1 IN %s %s\r\ns=-\r\nc=IN %s %s\r\nt=0 0\r\nm=audio 40000 RTP/AVP 8 101\r\n"
		    "a=rtpmap:8 PCMA/8000\r\na=rtpmap:101 telephone-event/8000\r\n",
		    family, bare, family, bare);
	n = snprintf(out, max,
		     "%s %s SIP/2.0\r\n"
		     "Via: SIP/2.0/%s %s;rport;branch=z9hG4bKexplain%016llx\r\n"
		     "Max-Forwards: 70\r\n"
		     "From: <sip:explain@%s>;tag=%08llx\r\n"
		     "To: <%s>\r\n"
		     "Call-ID: %s\r\n"
		     "CSeq: 1 %s\r\n"
		     "Contact: <sip:explain@%s>\r\n"
		     "%sContent-Length: %zu\r\n\r\n%s",
		     method, uri, transport, source, id, host, id & 0xffffffff, uri, call_id, method, source,
		     body[0] ? "Content-Type: application/sdp\r\n" : "", strlen(body), body);
	return n > 0 && (size_t)n < max ? (size_t)n : 0;
}

static int make_up(struct cx_request *rq, struct cx_probe *p, const char *dn, const char *method,
		   const char *call_id)
{
	const struct cx_listener *l = &rq->d->tables->listeners[p->listener];
	char uri[512], host[CX_ENDPOINT_TEXT], source[CX_ENDPOINT_TEXT], own_call_id[48];
	uint64_t unique = 0;

	if (getrandom(&unique, sizeof(unique), 0) != sizeof(unique)) {
		cx_answer_error(rq, "failed", NULL, "no random number: %s", strerror(errno));
		return -1;
	}
	snprintf(own_call_id, sizeof(own_call_id), "%016llx@explain.invalid", (unsigned long long)unique);
	p->made_up = true;
	p->made_up_call_id = !call_id;
	cx_endpoint_format(&l->addr, l->port, host);
	cx_endpoint_format(&p->source, p->source_port, source);
	request_uri(dn, host, uri, sizeof(uri));
	p->message = calloc(1, 4096 + CX_PROBE_ROOM);
	if (p->message)
		p->n = write_message((char *)p->message, 4096, p->transport == CX_TCP ? "TCP" : "UDP",
				     method ? method : "INVITE", uri, source, call_id ? call_id : own_call_id,
				     unique);
	if (!p->n)
		cx_answer_error(rq, "bad_request", NULL, "the message for \"%s\" would be too long", dn);
	return p->n ? 0 : -1;
}

static int hex_digit(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static int take_message(struct cx_request *rq, struct cx_probe *p, bool *ok)
{
	const char *hex = cx_arg_string(rq, "message_hex", ok), *text = cx_arg_string(rq, "message", ok);
	size_t n = hex ? strlen(hex) / 2 : json_string_length(json_object_get(rq->args, "message"));

	if (!*ok || (!hex && !text))
		return *ok ? 0 : -1;
	if (hex && strlen(hex) % 2) {
		cx_answer_error(rq, "bad_request", NULL, "message_hex is not pairs of hex digits");
		return -1;
	}
	if (n > CX_PROBE_MESSAGE_MAX) {
		cx_answer_error(rq, "bad_request", NULL, "a UDP datagram has at most %d bytes",
				CX_PROBE_MESSAGE_MAX);
		return -1;
	}
	p->message = calloc(1, n + CX_PROBE_ROOM);
	if (!p->message) {
		cx_answer_error(rq, "failed", NULL, "out of memory");
		return -1;
	}
	p->n = n;
	if (!hex) {
		memcpy(p->message, text, n);
		return 0;
	}
	for (size_t i = 0; i < n; i++) {
		int high = hex_digit(hex[2 * i]), low = hex_digit(hex[2 * i + 1]);

		if (high < 0 || low < 0) {
			cx_answer_error(rq, "bad_request", NULL, "message_hex is not lower-case hex digits");
			return -1;
		}
		p->message[i] = (uint8_t)(high << 4 | low);
	}
	return 0;
}

static bool one_word(const char *text)
{
	return !text || (text[0] && strlen(text) < 200 && !strpbrk(text, " \t\r\n"));
}

int cx_probe_from_args(struct cx_request *rq, struct cx_probe *p)
{
	bool ok = true;
	const char *dn = cx_arg_string(rq, "dn", &ok), *listener = cx_arg_string(rq, "listener", &ok);
	const char *source = cx_arg_string(rq, "source", &ok), *call_id = cx_arg_string(rq, "call_id", &ok);
	const char *method = cx_arg_string(rq, "method", &ok),
		   *transport = cx_arg_string(rq, "transport", &ok);

	memset(p, 0, sizeof(*p));
	p->transport = transport && !strcmp(transport, "tcp") ? CX_TCP : CX_UDP;
	if (!ok || take_message(rq, p, &ok))
		return -1;
	if (transport && strcmp(transport, cx_transport_text(p->transport)) != 0) {
		cx_answer_error(rq, "bad_request", "udp or tcp", "\"%s\" is no transport here", transport);
		return -1;
	}
	if (!dn == !p->message) {
		cx_answer_error(rq, "bad_request", NULL, "either \"dn\" or \"message\" is needed");
		return -1;
	}
	if (!one_word(dn) || !one_word(call_id) || !one_word(method)) {
		cx_answer_error(rq, "bad_request", NULL,
				"a DN, Call-ID or method is one word of at most 200 characters");
		return -1;
	}
	if (place(rq, p, dn, listener, source))
		return -1;
	return dn ? make_up(rq, p, dn, method, call_id) : 0;
}

void cx_probe_free(struct cx_probe *p)
{
	free(p->message);
	p->message = NULL;
}

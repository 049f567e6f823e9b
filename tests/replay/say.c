// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a peer sends. Requests and responses are made of a few words, the rest is
 * filled in as an honest user agent would; indented lines below change it:
 *
 *	Name: value     instead of the fields of that name, or a new one
 *	+Name: value    one more
 *	-Name           without them
 *	body: text      a body, with its length
 */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include "base/addr.h"
#include "replay.h"

#define FIELDS_MAX 200

struct draft {
	char start[1024];
	char fields[FIELDS_MAX][1024];
	int n;
	char body[1024];
	bool no_length; /* not even the one that is added otherwise */
};

static void add(struct draft *d, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void add(struct draft *d, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	if (d->n < FIELDS_MAX)
		vsnprintf(d->fields[d->n++], sizeof(d->fields[0]), format, args);
	va_end(args);
}

static bool is_field(const char *field, const char *name, size_t n)
{
	return !strncasecmp(field, name, n) && field[n] == ':';
}

static void drop(struct draft *d, const char *name, size_t n)
{
	int kept = 0;

	for (int i = 0; i < d->n; i++) {
		if (is_field(d->fields[i], name, n))
			continue;
		if (kept != i)
			memcpy(d->fields[kept], d->fields[i], sizeof(d->fields[0]));
		kept++;
	}
	d->n = kept;
}

static void replace(struct draft *d, const char *field)
{
	size_t n = strcspn(field, ":");

	for (int i = 0; i < d->n; i++)
		if (is_field(d->fields[i], field, n)) {
			snprintf(d->fields[i], sizeof(d->fields[0]), "%s", field);
			return;
		}
	add(d, "%s", field);
}

static void change(struct draft *d, const struct line *l)
{
	for (int i = 0; i < l->n_under; i++) {
		const char *text = l->under[i].rest;

		if (!strncmp(text, "body: ", 6))
			snprintf(d->body, sizeof(d->body), "%s", text + 6);
		else if (text[0] == '-')
			drop(d, text + 1, strlen(text + 1)), d->no_length |= !strcmp(text, "-Content-Length");
		else if (text[0] == '+')
			add(d, "%s", text + 1);
		else
			replace(d, text);
	}
}

static char *write_draft(struct draft *d)
{
	char *text = malloc(80 * 1024);
	size_t n;
	bool length = false;

	if (!text)
		abort();
	n = (size_t)sprintf(text, "%s\r\n", d->start);
	for (int i = 0; i < d->n; i++) {
		n += (size_t)sprintf(text + n, "%s\r\n", d->fields[i]);
		length |= is_field(d->fields[i], "Content-Length", 14);
	}
	if (!length && !d->no_length)
		n += (size_t)sprintf(text + n, "Content-Length: %zu\r\n", strlen(d->body));
	sprintf(text + n, "\r\n%s", d->body);
	return text;
}

/* ---- requests --------------------------------------------------------------- */

static const char *transport_name(const struct peer *p)
{
	return p->hop.transport == CX_TCP ? "TCP" : "UDP";
}

static void contact(struct draft *d, const struct peer *p)
{
	char endpoint[CX_ENDPOINT_TEXT];

	add(d, "Contact: <sip:%s@%s%s>", p->name, cx_endpoint_format(&p->hop.addr, p->hop.port, endpoint),
	    p->hop.transport == CX_TCP ? ";transport=tcp" : "");
}

static void put_via(struct draft *d, struct peer *p, const struct line *l)
{
	const char *branch = line_option(l, "branch");
	char endpoint[CX_ENDPOINT_TEXT];

	cx_endpoint_format(&p->hop.addr, p->hop.port, endpoint);
	if (branch && !*branch)
		add(d, "Via: SIP/2.0/%s %s", transport_name(p), endpoint);
	else if (branch)
		add(d, "Via: SIP/2.0/%s %s;branch=%s", transport_name(p), endpoint, branch);
	else
		add(d, "Via: SIP/2.0/%s %s;branch=z9hG4bK-%s-%u", transport_name(p), endpoint, p->name,
		    ++p->branches);
}

static const char *option(const struct line *l, const char *name, const char *otherwise)
{
	const char *value = line_option(l, name);

	return value && *value ? value : otherwise;
}

/* A request outside of a dialog. */
static void new_request(struct scene *s, struct peer *p, const struct line *l, struct draft *d)
{
	const struct cx_listener *ours = &s->tables->listeners[p->hop.listener];
	const char *method = l->words[2],
		   *dn = l->n_words > 3 && !strchr(l->words[3], '=') ? l->words[3] : "9001";
	char host[CX_ENDPOINT_TEXT], from[CX_ADDR_TEXT], uri[1024];

	cx_endpoint_format(&ours->addr, ours->port, host);
	cx_addr_format(&p->hop.addr, from);
	snprintf(uri, sizeof(uri), "sip:%s@%s", dn, host);
	snprintf(d->start, sizeof(d->start), "%s %.900s SIP/2.0", method, option(l, "uri", uri));
	put_via(d, p, l);
	add(d, "Max-Forwards: 70");
	add(d, "From: <sip:%s@%s>;tag=%s", p->name, from, option(l, "tag", p->name));
	add(d, "To: <sip:%s@%s>", dn, host);
	add(d, "Call-ID: %s", option(l, "call", "c1"));
	if (line_option(l, "cseq"))
		p->cseq = (unsigned)atoi(line_option(l, "cseq"));
	else
		p->cseq++;
	add(d, "CSeq: %u %s", p->cseq, method);
	contact(d, p);
	for (int i = atoi(option(l, "pad", "0")); i > 0; i--)
		add(d, "X-Pad: %d", i);
}

/* CANCEL, and the ACK of a failure: of the last INVITE. */
static bool follow_up(struct scene *s, struct peer *p, const struct line *l, struct draft *d)
{
	static const char *const copied[] = {"Via", "Max-Forwards", "From", "Call-ID", "Route"};
	const char *method = l->words[2];
	char value[1024], uri[1024] = "";

	if (!p->invite || (!strcmp(method, "ACK") && !p->invite_response)) {
		scene_fail(s, "%s has nothing to %s", p->name, method);
		return false;
	}
	sscanf(p->invite, "%*s %1000s", uri);
	snprintf(d->start, sizeof(d->start), "%s %.900s SIP/2.0", method, uri);
	for (size_t i = 0; i < sizeof(copied) / sizeof(copied[0]); i++)
		for (int k = 0; text_header(p->invite, copied[i], k, value, sizeof(value)); k++)
			add(d, "%s: %.990s", copied[i], value);
	if (text_header(strcmp(method, "ACK") ? p->invite : p->invite_response, "To", 0, value,
			sizeof(value)))
		add(d, "To: %.990s", value);
	if (text_header(p->invite, "CSeq", 0, value, sizeof(value)))
		add(d, "CSeq: %u %s", (unsigned)atoi(value), method);
	return true;
}

static void remote_uri(const char *message, char *uri, size_t max)
{
	char value[1024];
	const char *open;

	snprintf(uri, max, "sip:nobody@invalid");
	if (text_header(message, "Contact", 0, value, sizeof(value)) && (open = strchr(value, '<')))
		snprintf(uri, max, "%.*s", (int)strcspn(open + 1, ">"), open + 1);
}

/* The Route set: Record-Route as it is (UAS), or the other way round (UAC). 12.1 */
static void put_routes(struct draft *d, const char *message, bool reversed)
{
	char value[1024];
	int n = 0;

	while (text_header(message, "Record-Route", n, value, sizeof(value)))
		n++;
	for (int i = 0; i < n; i++)
		if (text_header(message, "Record-Route", reversed ? n - 1 - i : i, value, sizeof(value)))
			add(d, "Route: %.1000s", value);
}

/* Within the dialog of the INVITE that was sent, or received. */
static bool in_dialog(struct scene *s, struct peer *p, const struct line *l, struct draft *d)
{
	bool uac = p->invite != NULL;
	const char *message = uac	      ? p->invite_response
			      : p->n_requests ? p->requests[p->n_requests - 1]->bytes
					      : NULL;
	const char *method = l->words[2];
	char value[1024], uri[1024];

	for (int i = p->n_requests; !uac && i-- > 0;)
		if (!strncmp(p->requests[i]->bytes, "INVITE ", 7)) {
			message = p->requests[i]->bytes;
			break;
		}
	if (!message) {
		scene_fail(s, "%s has no dialog", p->name);
		return false;
	}
	remote_uri(message, uri, sizeof(uri));
	snprintf(d->start, sizeof(d->start), "%s %.900s SIP/2.0", method, option(l, "uri", uri));
	put_via(d, p, l);
	add(d, "Max-Forwards: 70");
	put_routes(d, message, uac);
	if (text_header(message, uac ? "From" : "To", 0, value, sizeof(value)))
		add(d, "From: %.900s%s%s", value, uac || strstr(value, "tag=") ? "" : ";tag=",
		    uac || strstr(value, "tag=") ? "" : option(l, "tag", p->name));
	if (text_header(message, uac ? "To" : "From", 0, value, sizeof(value)))
		add(d, "To: %.990s", value);
	if (text_header(message, "Call-ID", 0, value, sizeof(value)))
		add(d, "Call-ID: %.990s", value);
	if (!strcmp(method, "ACK") && p->invite && text_header(p->invite, "CSeq", 0, value, sizeof(value)))
		add(d, "CSeq: %u ACK", (unsigned)atoi(value));
	else
		add(d, "CSeq: %u %s", ++p->cseq, method);
	contact(d, p);
	return true;
}

/* ---- responses ---------------------------------------------------------------- */

static const struct packet *request_for(const struct peer *p, const struct line *l)
{
	const char *of = line_option(l, "of");

	for (int i = p->n_requests; i-- > 0;) {
		const char *bytes = p->requests[i]->bytes;

		if (of ? !strcmp(p->labels[i], of) ||
			     (!strncmp(bytes, of, strlen(of)) && bytes[strlen(of)] == ' ')
		       : strncmp(bytes, "ACK ", 4) && strncmp(bytes, "CANCEL ", 7))
			return p->requests[i];
	}
	return NULL;
}

static bool response(struct scene *s, struct peer *p, const struct line *l, struct draft *d)
{
	static const char *const copied[] = {"Via", "Record-Route", "From", "Call-ID", "CSeq"};
	const struct packet *request = request_for(p, l);
	int status = atoi(l->words[2]);
	char value[1024];

	if (!request) {
		scene_fail(s, "%s has no request to answer", p->name);
		return false;
	}
	snprintf(d->start, sizeof(d->start), "SIP/2.0 %d %s", status, cx_reason_phrase((unsigned)status));
	for (size_t i = 0; i < sizeof(copied) / sizeof(copied[0]); i++)
		for (int k = 0; text_header(request->bytes, copied[i], k, value, sizeof(value)); k++)
			add(d, "%s: %.990s", copied[i], value);
	if (text_header(request->bytes, "To", 0, value, sizeof(value)))
		add(d, "To: %.900s%s%s", value, status == 100 || strstr(value, "tag=") ? "" : ";tag=",
		    status == 100 || strstr(value, "tag=") ? "" : option(l, "tag", p->name));
	contact(d, p);
	return true;
}

/* ---- and out -------------------------------------------------------------------- */

static bool compose(struct scene *s, struct peer *p, const struct line *l, struct draft *d)
{
	const char *what = l->words[2];

	if (what[0] >= '0' && what[0] <= '9')
		return response(s, p, l, d);
	if (!strcmp(what, "CANCEL") || (!strcmp(what, "ACK") && !line_option(l, "dialog")))
		return follow_up(s, p, l, d);
	if (line_option(l, "dialog"))
		return in_dialog(s, p, l, d);
	new_request(s, p, l, d);
	return true;
}

static char *raw(const struct line *l)
{
	char *text = malloc(80 * 1024);
	size_t n = 0;

	if (!text)
		abort();
	for (int i = 0; i < l->n_under; i++)
		n += (size_t)sprintf(text + n, "%s\r\n", l->under[i].rest);
	sprintf(text + n, "\r\n");
	return text;
}

void peer_says(struct scene *s, struct peer *p, const struct line *l)
{
	struct draft *d = calloc(1, sizeof(*d));
	char *text = NULL;

	if (!d)
		abort();
	if (!strcmp(l->words[1], ">>")) {
		text = raw(l);
	} else if (!strcmp(l->words[2], "again")) {
		text = p->sent ? text_copy(p->sent, strlen(p->sent)) : NULL;
	} else if (compose(s, p, l, d)) {
		change(d, l);
		text = write_draft(d);
	}
	free(d);
	if (!text)
		return;
	if (!strncmp(text, "INVITE ", 7)) {
		free(p->invite);
		p->invite = text_copy(text, strlen(text));
	}
	free(p->sent);
	p->sent = text;
	scene_receive(s, p, text, strlen(text));
}

/* ---- a peer that is a proxy itself --------------------------------------------- */

/* Its last request once more to us, with a Via of its own on top, and the lines below. */
void peer_passes(struct scene *s, struct peer *p, const struct line *l)
{
	const struct packet *k = p->n_requests ? p->requests[p->n_requests - 1] : NULL;
	char method[64], uri[512], endpoint[CX_ENDPOINT_TEXT], *text = malloc(80 * 1024);
	const char *fields = k ? strstr(k->bytes, "\r\n") : NULL;
	size_t n;

	if (!text)
		abort();
	if (!fields || sscanf(k->bytes, "%63s %511s", method, uri) != 2) {
		scene_fail(s, "%s has nothing to pass on", p->name);
		free(text);
		return;
	}
	n = (size_t)sprintf(text, "%s %s SIP/2.0\r\nVia: SIP/2.0/%s %s;branch=z9hG4bK-%s-%u", method,
			    l->n_words > 2 ? l->words[2] : uri, transport_name(p),
			    cx_endpoint_format(&p->hop.addr, p->hop.port, endpoint), p->name, ++p->branches);
	for (int i = 0; i < l->n_under; i++)
		n += (size_t)sprintf(text + n, "\r\n%s", l->under[i].rest);
	strcpy(text + n, fields);
	if (!strcmp(method, "INVITE")) {
		free(p->invite);
		p->invite = text_copy(text, strlen(text));
	}
	scene_receive(s, p, text, strlen(text));
	free(text);
}

/* The last response that it received, without its own Via. */
void peer_returns(struct scene *s, struct peer *p)
{
	char *text = p->response ? text_copy(p->response, strlen(p->response)) : NULL, *via, *end;

	via = text ? strstr(text, "\r\nVia: ") : NULL;
	end = via ? strstr(via + 2, "\r\n") : NULL;
	if (!end) {
		scene_fail(s, "%s has nothing to return", p->name);
		free(text);
		return;
	}
	memmove(via, end, strlen(end) + 1);
	scene_receive(s, p, text, strlen(text));
	free(text);
}

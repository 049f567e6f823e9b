// SPDX-License-Identifier: GPL-2.0-only
/*
 * A forgiving reader of SIP messages (RFC 3261 7, 20.42, 25.1).
 *
 * Forgiving, because what comes here is what the engine would not forward: a
 * 400 can be delivered as long as its Via can be read. So LF alone ends a line
 * too, the empty line may be missing, and lines without a colon are skipped.
 * Every loop moves on by at least one byte and ends at the text's end.
 */
#include <errno.h>
#include <string.h>
#include <strings.h>
#include "proxy/fields.h"

static bool is_lws(uint8_t c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static bool is_token(uint8_t c)
{
	return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
	       (c && strchr("-.!%*_+`'~", c));
}

bool cx_text_is(struct cx_text t, const char *word)
{
	return t.n == strlen(word) && !memcmp(t.p, word, t.n);
}

bool cx_text_is_nocase(struct cx_text t, const char *word)
{
	return t.n == strlen(word) && !strncasecmp((const char *)t.p, word, t.n);
}

static struct cx_text skip_lws(struct cx_text t)
{
	while (t.n && is_lws(t.p[0])) {
		t.p++;
		t.n--;
	}
	return t;
}

struct cx_text cx_text_trim(struct cx_text t)
{
	t = skip_lws(t);
	while (t.n && is_lws(t.p[t.n - 1]))
		t.n--;
	return t;
}

/* Length of the leading token. */
static size_t token_length(struct cx_text t)
{
	size_t i = 0;

	while (i < t.n && is_token(t.p[i]))
		i++;
	return i;
}

/* Cuts n bytes off the front. */
static struct cx_text take(struct cx_text *t, size_t n)
{
	struct cx_text head = {t->p, n};

	t->p += n;
	t->n -= n;
	return head;
}

/* Takes one expected character and blanks around it. */
static bool take_char(struct cx_text *t, char c)
{
	struct cx_text rest = skip_lws(*t);

	if (!rest.n || rest.p[0] != (uint8_t)c)
		return false;
	take(&rest, 1);
	*t = skip_lws(rest);
	return true;
}

/* Where the line at `at` ends: behind its LF, or the end of the message. */
static size_t line_end(const uint8_t *msg, size_t n, size_t at)
{
	const uint8_t *lf = at < n ? memchr(msg + at, '\n', n - at) : NULL;

	return lf ? (size_t)(lf - msg) + 1 : n;
}

static int status_parse(struct cx_text line, struct cx_start_line *start)
{
	const uint8_t *sp = memchr(line.p, ' ', line.n);
	size_t at = sp ? (size_t)(sp - line.p) + 1 : line.n;
	int status = 0;

	if (line.n - at < 3)
		return -EINVAL;
	for (size_t i = at; i < at + 3; i++) {
		if (line.p[i] < '0' || line.p[i] > '9')
			return -EINVAL;
		status = status * 10 + (line.p[i] - '0');
	}
	if (status < 100 || status > 699)
		return -EINVAL;
	start->status = status;
	return 0;
}

int cx_start_line_parse(const uint8_t *msg, size_t n, struct cx_start_line *start)
{
	struct cx_text line;
	size_t at = 0;

	*start = (struct cx_start_line){0};
	while (at < n && (msg[at] == '\r' || msg[at] == '\n'))
		at++; /* RFC 3261 7.5: empty lines before the start line are ignored */
	start->end = line_end(msg, n, at);
	line = cx_text_trim((struct cx_text){msg + at, start->end - at});
	if (line.n >= 4 && !strncasecmp((const char *)line.p, "SIP/", 4))
		return status_parse(line, start);
	start->method = (struct cx_text){line.p, token_length(line)};
	line = skip_lws((struct cx_text){line.p + start->method.n, line.n - start->method.n});
	return start->method.n && line.n && is_lws(line.p[-1]) ? 0 : -EINVAL;
}

int cx_field_reader_open(struct cx_field_reader *r, const uint8_t *msg, size_t n)
{
	struct cx_start_line start;
	int err = cx_start_line_parse(msg, n, &start);

	*r = (struct cx_field_reader){.msg = msg, .n = n, .at = start.end};
	return err;
}

bool cx_field_next(struct cx_field_reader *r, struct cx_field *field)
{
	while (r->at < r->n) {
		struct cx_text line;
		const uint8_t *colon;
		size_t end = line_end(r->msg, r->n, r->at);

		line = (struct cx_text){r->msg + r->at, end - r->at};
		if (!cx_text_trim(line).n) {
			r->at = r->n; /* the empty line: the body is nobody's header */
			return false;
		}
		while (end < r->n && (r->msg[end] == ' ' || r->msg[end] == '\t'))
			end = line_end(r->msg, r->n, end);
		line.n = end - r->at;
		r->at = end;
		colon = memchr(line.p, ':', line.n);
		if (!colon)
			continue;
		field->name = cx_text_trim((struct cx_text){line.p, (size_t)(colon - line.p)});
		field->value =
		    cx_text_trim((struct cx_text){colon + 1, line.n - (size_t)(colon + 1 - line.p)});
		if (field->name.n && token_length(field->name) == field->name.n)
			return true;
	}
	return false;
}

bool cx_field_is(const struct cx_field *field, const char *name, char compact)
{
	if (compact && field->name.n == 1)
		return (field->name.p[0] | 0x20) == compact;
	return cx_text_is_nocase(field->name, name);
}

bool cx_field_find(const uint8_t *msg, size_t n, const char *name, char compact, struct cx_text *value)
{
	struct cx_field_reader r;
	struct cx_field field;

	if (cx_field_reader_open(&r, msg, n))
		return false;
	while (cx_field_next(&r, &field)) {
		if (!cx_field_is(&field, name, compact))
			continue;
		*value = field.value;
		return true;
	}
	return false;
}

/* Length of a quoted string with its quotes; what is left if it has no end. */
static size_t quoted_length(struct cx_text t)
{
	for (size_t i = 1; i < t.n; i++) {
		if (t.p[i] == '\\')
			i++;
		else if (t.p[i] == '"')
			return i + 1;
	}
	return t.n;
}

/* A parameter's value: a quoted string, or all up to a separator (a host may
 * be an IPv6 address with colons and brackets). */
static struct cx_text take_value(struct cx_text *t)
{
	size_t i = 0;

	if (t->n && t->p[0] == '"')
		return take(t, quoted_length(*t));
	while (i < t->n && t->p[i] != ';' && t->p[i] != ',' && !is_lws(t->p[i]))
		i++;
	return take(t, i);
}

bool cx_param_next(struct cx_text *rest, struct cx_param *param)
{
	struct cx_text t = *rest;

	if (!take_char(&t, ';'))
		return false;
	param->name = take(&t, token_length(t));
	if (!param->name.n)
		return false;
	param->has_value = take_char(&t, '=');
	param->value = param->has_value ? take_value(&t) : (struct cx_text){t.p, 0};
	*rest = t;
	return true;
}

/* "SIP/2.0/UDP": three tokens; blanks may surround the slashes. */
static int take_protocol(struct cx_text *t, struct cx_text *protocol)
{
	const uint8_t *start = t->p;
	const uint8_t *end = start;

	for (int i = 0; i < 3; i++) {
		if (i && !take_char(t, '/'))
			return -EINVAL;
		if (!token_length(*t))
			return -EINVAL;
		take(t, token_length(*t));
		end = t->p;
	}
	*protocol = (struct cx_text){start, (size_t)(end - start)};
	return t->n && is_lws(t->p[0]) ? 0 : -EINVAL;
}

static int take_sent_by(struct cx_text *t, struct cx_via_value *via)
{
	const uint8_t *bracket;
	uint32_t port = 0;
	size_t i = 0;

	*t = skip_lws(*t);
	if (t->n && t->p[0] == '[') {
		bracket = memchr(t->p, ']', t->n);
		i = bracket ? (size_t)(bracket - t->p) + 1 : 0;
	} else {
		while (i < t->n && (is_token(t->p[i])))
			i++;
	}
	if (!i)
		return -EINVAL;
	via->host = take(t, i);
	if (!take_char(t, ':'))
		return 0;
	for (i = 0; i < t->n && t->p[i] >= '0' && t->p[i] <= '9' && i < 6; i++)
		port = port * 10 + (t->p[i] - '0');
	if (!i || !port || port > 65535)
		return -EINVAL;
	via->port = (uint16_t)port;
	take(t, i);
	return 0;
}

int cx_via_value_parse(struct cx_text field, struct cx_via_value *via)
{
	struct cx_text t = skip_lws(field);
	struct cx_param param;
	int err;

	*via = (struct cx_via_value){0};
	err = take_protocol(&t, &via->protocol);
	if (!err)
		err = take_sent_by(&t, via);
	if (err)
		return err;
	via->params = t;
	while (cx_param_next(&t, &param)) {
		if (cx_text_is_nocase(param.name, "branch") && !via->branch.n)
			via->branch = param.value;
		else if (cx_text_is_nocase(param.name, "rport"))
			via->rport = true;
	}
	via->params.n = (size_t)(t.p - via->params.p);
	if (take_char(&t, ','))
		via->rest = t;
	else if (skip_lws(t).n)
		return -EINVAL;
	return 0;
}

int cx_via_top(const uint8_t *msg, size_t n, struct cx_via_value *via)
{
	struct cx_text field;

	if (!cx_field_find(msg, n, "Via", 'v', &field))
		return -ENOENT;
	return cx_via_value_parse(field, via);
}

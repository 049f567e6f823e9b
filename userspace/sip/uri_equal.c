// SPDX-License-Identifier: GPL-2.0-only
/*
 * When two URIs are the same (RFC 3261 19.1.4, RFC 3966 4).
 *
 * Lists are compared pair by pair, so more than LIST_MAX parameters or headers
 * are not compared at all: such URIs are the same only as equal texts.
 */
#include "sip/uri.h"

#define LIST_MAX 32

/* One URI header of "a=b&c=d". */
static bool next_header(struct cx_text *rest, struct cx_param *header)
{
	const char *end, *equals;
	struct cx_text t;

	if (!rest->n)
		return false;
	end = memchr(rest->p, '&', rest->n);
	t = cx_text_take(rest, end ? (uint32_t)(end - rest->p) : rest->n);
	if (rest->n)
		*rest = cx_text_skip(*rest, 1);
	equals = t.n ? memchr(t.p, '=', t.n) : NULL;
	header->name = cx_text_take(&t, equals ? (uint32_t)(equals - t.p) : t.n);
	header->value = t.n ? cx_text_skip(t, 1) : t;
	return true;
}

typedef bool next_fn(struct cx_text *rest, struct cx_param *param);

static bool too_many(struct cx_text list, next_fn *next)
{
	struct cx_param param;
	int n = 0;

	while (n <= LIST_MAX && next(&list, &param))
		n++;
	return n > LIST_MAX;
}

/* 1: there with the same value, 0: not there, -1: with another one. */
static int find(struct cx_text list, next_fn *next, const struct cx_param *wanted, bool nocase)
{
	struct cx_param param;

	while (next(&list, &param))
		if (cx_text_equal_escaped(param.name, wanted->name, true))
			return cx_text_equal_escaped(param.value, wanted->value, nocase) ? 1 : -1;
	return 0;
}

/* Parameters that must be in both or in neither (19.1.4). */
static bool decides(struct cx_text name)
{
	static const char *const names[] = {"user", "ttl", "method", "maddr", "transport"};

	for (unsigned int i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (cx_text_is_nocase(name, names[i]))
			return true;
	return false;
}

/* all: every parameter decides, not some (RFC 3966 4). */
static bool params_match(struct cx_text a, struct cx_text b, bool all)
{
	struct cx_param param;

	while (cx_params_next(&a, &param)) {
		int found = find(b, cx_params_next, &param, true);

		if (found < 0 || (!found && (all || decides(param.name))))
			return false;
	}
	return true;
}

static bool headers_match(struct cx_text a, struct cx_text b)
{
	struct cx_param header;

	while (next_header(&a, &header))
		if (find(b, next_header, &header, false) != 1)
			return false;
	return true;
}

static bool hosts_equal(const struct cx_uri *a, const struct cx_uri *b)
{
	if (a->host_kind != b->host_kind)
		return false;
	if (a->host_kind == CX_HOST_NAME)
		return cx_text_equal_nocase(a->host, b->host);
	return !memcmp(&a->addr, &b->addr, sizeof(a->addr));
}

static bool sip_equal(const struct cx_uri *a, const struct cx_uri *b)
{
	return cx_text_equal_escaped(a->user, b->user, false) && !a->password.p == !b->password.p &&
	       cx_text_equal_escaped(a->password, b->password, false) && hosts_equal(a, b) &&
	       a->port == b->port && params_match(a->params, b->params, false) &&
	       params_match(b->params, a->params, false) && headers_match(a->headers, b->headers) &&
	       headers_match(b->headers, a->headers);
}

/* The next character of a number that is no visual separator, lower case; 0: none. */
static uint8_t next_digit(struct cx_text *number)
{
	while (number->n) {
		char c = *cx_text_take(number, 1).p;

		if (c != '-' && c != '.' && c != '(' && c != ')')
			return cx_char_lower(c);
	}
	return 0;
}

static bool tel_equal(const struct cx_uri *a, const struct cx_uri *b)
{
	struct cx_text x = a->user, y = b->user;
	uint8_t c;

	do {
		c = next_digit(&x);
		if (c != next_digit(&y))
			return false;
	} while (c);
	return params_match(a->params, b->params, true) && params_match(b->params, a->params, true);
}

bool cx_uri_equal(const struct cx_uri *a, const struct cx_uri *b)
{
	if (cx_text_equal(a->text, b->text))
		return true;
	if (a->scheme != b->scheme || too_many(a->params, cx_params_next) ||
	    too_many(b->params, cx_params_next) || too_many(a->headers, next_header) ||
	    too_many(b->headers, next_header))
		return false;
	if (a->scheme == CX_SCHEME_OTHER)
		return cx_text_equal_nocase(a->scheme_text, b->scheme_text) &&
		       cx_text_equal(cx_text_skip(a->text, a->scheme_text.n),
				     cx_text_skip(b->text, b->scheme_text.n));
	return a->scheme == CX_SCHEME_TEL ? tel_equal(a, b) : sip_equal(a, b);
}

// SPDX-License-Identifier: GPL-2.0-only
/*
 * name-addr and addr-spec, see address.h. Display names without quotes may hold
 * what the grammar forbids (RFC 4475 3.1.2.15): what they mean is clear.
 */
#include <errno.h>
#include "sip/address.h"

/* The display name in front of "<"; none for an addr-spec. */
static int take_display(struct cx_text *t, struct cx_address *address)
{
	uint32_t n = 0;

	if (t->n && *t->p == '"') {
		address->display = cx_text_take_quoted(t);
		*t = cx_text_skip_lws(*t);
		address->brackets = true;
		return address->display.n && t->n && *t->p == '<' ? 0 : -EINVAL;
	}
	while (n < t->n && t->p[n] != '<' && t->p[n] != ':' && t->p[n] != '"')
		n++;
	if (n == t->n || t->p[n] == '"')
		return -EINVAL;
	address->brackets = t->p[n] == '<';
	if (address->brackets)
		address->display = cx_text_trim(cx_text_take(t, n));
	return 0;
}

/* The URI, and *t behind it. */
static int take_uri(struct cx_text *t, struct cx_address *address)
{
	uint32_t n = 0;

	if (address->brackets) {
		const char *close = memchr(t->p, '>', t->n);

		if (!close)
			return -EINVAL;
		n = (uint32_t)(close - t->p);
		address->uri = cx_text_trim((struct cx_text){t->p + 1, n - 1});
		*t = cx_text_skip(*t, n + 1);
	} else {
		while (n < t->n && t->p[n] != ';' && !cx_char_is(t->p[n], CX_C_LWS))
			n++;
		address->uri = cx_text_take(t, n);
	}
	return address->uri.n ? 0 : -EINVAL;
}

int cx_address_parse(struct cx_text value, struct cx_address *address)
{
	struct cx_text t = cx_text_trim(value), rest;
	struct cx_param param;
	int err;

	*address = (struct cx_address){.text = t};
	if (cx_text_is(t, "*")) {
		address->star = true;
		return 0;
	}
	err = take_display(&t, address);
	if (!err)
		err = take_uri(&t, address);
	if (err)
		return err;
	address->params = rest = cx_text_skip_lws(t);
	while (cx_params_next(&rest, &param))
		;
	return rest.n ? -EINVAL : 0;
}

struct cx_text cx_address_tag(const struct cx_address *address)
{
	struct cx_text tag;

	return cx_params_find(address->params, "tag", &tag) ? tag : (struct cx_text){NULL, 0};
}

int cx_address_parse_uri(struct cx_text value, struct cx_address *address, struct cx_uri *uri)
{
	int err = cx_address_parse(value, address);

	if (err)
		return err;
	return address->star ? -EINVAL : cx_uri_parse(address->uri, uri, NULL);
}

int cx_address_q(const struct cx_address *address)
{
	struct cx_text q;
	int value;

	if (!cx_params_find(address->params, "q", &q))
		return 1000;
	/* ("0" ["." 0*3DIGIT]) / ("1" ["." 0*3("0")]) */
	if (!q.n || q.n > 5 || (*q.p != '0' && *q.p != '1') || (q.n > 1 && q.p[1] != '.'))
		return -EINVAL;
	value = (*q.p - '0') * 1000;
	for (uint32_t i = 2, unit = 100; i < q.n; i++, unit /= 10) {
		if (!cx_char_is(q.p[i], CX_C_DIGIT))
			return -EINVAL;
		value += (q.p[i] - '0') * (int)unit;
	}
	return value <= 1000 ? value : -EINVAL;
}

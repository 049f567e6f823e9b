// SPDX-License-Identifier: GPL-2.0-only
/*
 * Via values, see via.h. LWS may be around any separator (RFC 3261 25.1).
 */
#include <errno.h>
#include "sip/via.h"

/* "SIP/2.0/UDP" */
static int take_protocol(struct cx_text *t, struct cx_via_value *via)
{
	const char *start = t->p;
	struct cx_text word;

	for (int i = 0; i < 3; i++) {
		if (i && !cx_text_take_char(t, '/'))
			return -EINVAL;
		word = cx_text_take_while(t, CX_C_TOKEN);
		if (!word.n)
			return -EINVAL;
	}
	via->protocol = (struct cx_text){start, (uint32_t)(t->p - start)};
	via->transport_text = word;
	via->transport = cx_transport_of_name(word);
	return t->n && cx_char_is(*t->p, CX_C_LWS) ? 0 : -EINVAL;
}

static int read_param(struct cx_via_value *via, const struct cx_param *param)
{
	uint32_t number;

	if (cx_text_is_nocase(param->name, "branch")) {
		if (via->branch.p || !param->value.n)
			return -EINVAL;
		via->branch = param->value;
		via->magic = param->value.n > 7 && !memcmp(param->value.p, "z9hG4bK", 7);
	} else if (cx_text_is_nocase(param->name, "rport")) {
		via->rport = true;
		if (param->value.n && cx_text_number(param->value, UINT16_MAX, &number))
			return -EINVAL;
		if (param->value.n)
			via->rport_value = (uint16_t)number;
	} else if (cx_text_is_nocase(param->name, "received")) {
		via->received = param->value;
	} else if (cx_text_is_nocase(param->name, "maddr")) {
		via->maddr = param->value;
	} else if (cx_text_is_nocase(param->name, "ttl")) {
		via->ttl = param->value;
	}
	return 0;
}

int cx_via_parse(struct cx_text value, struct cx_via_value *via)
{
	struct cx_text t = cx_text_trim(value);
	struct cx_param param;
	int err;

	*via = (struct cx_via_value){.text = t};
	err = take_protocol(&t, via);
	if (err)
		return err;
	t = cx_text_skip_lws(t);
	err = cx_host_take(&t, &via->host, &via->port);
	if (err) {
		via->host.n = 0;
		return err;
	}
	via->params = cx_text_skip_lws(t);
	t = via->params;
	while (cx_params_next(&t, &param)) {
		err = read_param(via, &param);
		if (err)
			return err;
	}
	return t.n ? -EINVAL : 0;
}

int cx_via_first(const struct cx_message *m, struct cx_via_value *via)
{
	struct cx_values it = cx_values_of(m, CX_HEADER_VIA);
	struct cx_value value;
	int err;

	if (!it.field)
		return -ENOENT;
	if (!cx_values_next(&it, &value) || it.empty)
		return -EINVAL;
	err = cx_via_parse(value.text, via);
	cx_values_next(&it, &value);
	return it.empty ? -EINVAL : err; /* "a,,b": the response would not know where to go next */
}

uint16_t cx_via_port(const struct cx_via_value *via)
{
	return via->port ? via->port : cx_transport_port(via->transport);
}

bool cx_via_same_sent_by(const struct cx_via_value *a, const struct cx_via_value *b)
{
	union cx_addr x, y;

	if (cx_via_port(a) != cx_via_port(b))
		return false;
	if (cx_text_equal_nocase(a->host, b->host))
		return true;
	return cx_host_parse(a->host, &x) != CX_HOST_NAME && cx_host_parse(b->host, &y) != CX_HOST_NAME &&
	       !memcmp(&x, &y, sizeof(x));
}

// SPDX-License-Identifier: GPL-2.0-only
/*
 * Headers with a number, see cseq.h. Any number of leading zeros is legal.
 */
#include <errno.h>
#include "sip/cseq.h"

/* Digits and the LWS behind them off the front. */
static int take_number(struct cx_text *t, uint32_t max, uint32_t *number, struct cx_text *digits)
{
	*digits = cx_text_take_while(t, CX_C_DIGIT);
	if (cx_text_number(*digits, max, number) || !t->n || !cx_char_is(*t->p, CX_C_LWS))
		return -EINVAL;
	*t = cx_text_skip_lws(*t);
	return 0;
}

int cx_cseq_parse(struct cx_text value, struct cx_cseq *cseq)
{
	struct cx_text t = cx_text_trim(value);

	*cseq = (struct cx_cseq){0};
	if (take_number(&t, INT32_MAX, &cseq->number, &cseq->number_text))
		return -EINVAL;
	cseq->method_text = cx_text_take_while(&t, CX_C_TOKEN);
	cseq->method = cx_method_of_name(cseq->method_text);
	return cseq->method_text.n && !t.n ? 0 : -EINVAL;
}

int cx_cseq_of(const struct cx_message *m, struct cx_cseq *cseq)
{
	struct cx_text value = cx_message_value(m, CX_HEADER_CSEQ);

	return value.p ? cx_cseq_parse(value, cseq) : -ENOENT;
}

int cx_rack_parse(struct cx_text value, struct cx_rack *rack)
{
	struct cx_text t = cx_text_trim(value), digits;

	if (take_number(&t, UINT32_MAX, &rack->rseq, &digits))
		return -EINVAL;
	return cx_cseq_parse(t, &rack->cseq);
}

int cx_message_number(const struct cx_message *m, enum cx_header_id id, uint32_t max, uint32_t *value)
{
	struct cx_text text = cx_message_value(m, id);

	return text.p ? cx_text_number(text, max, value) : -ENOENT;
}

int cx_retry_after(const struct cx_message *m, uint32_t *seconds)
{
	struct cx_text t = cx_message_value(m, CX_HEADER_RETRY_AFTER);

	if (!t.p)
		return -ENOENT;
	if (cx_text_number(cx_text_take_while(&t, CX_C_DIGIT), UINT32_MAX, seconds))
		return -EINVAL;
	t = cx_text_skip_lws(t);
	return !t.n || *t.p == ';' || *t.p == '(' ? 0 : -EINVAL;
}

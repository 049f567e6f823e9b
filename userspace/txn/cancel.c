// SPDX-License-Identifier: GPL-2.0-only
/*
 * Cancelling what a client transaction asked for (RFC 3261 9.1, 16.10): a CANCEL
 * is a transaction of its own, under the INVITE's branch, and its response is
 * found by way of the INVITE's transaction. It may not be sent before a
 * provisional response.
 *
 * Once it is sent, the INVITE has 64 * T1 to end (9.1). A CANCEL that breaks with its
 * connection is sent once more: nothing else would stop the ringing.
 */
#include "sip/build.h"
#include "txn/txn.h"

static bool copy_field(struct cx_text *out, const struct cx_message *m, const struct cx_field *f,
		       const char *end)
{
	uint32_t n = f->end - f->at;

	if (n > (size_t)(end - out->p) - out->n)
		return false;
	memcpy((char *)out->p + out->n, m->p + f->at, n);
	out->n += n;
	return true;
}

/* Start line, topmost Via, Route, From, To, Call-ID and CSeq. 0: they do not fit. */
static uint32_t copy_needed(struct cx_txns *x, const struct cx_message *m)
{
	static const enum cx_header_id needed[] = {CX_HEADER_ROUTE, CX_HEADER_FROM, CX_HEADER_TO,
						   CX_HEADER_CALL_ID, CX_HEADER_CSEQ};
	char *end = x->text + sizeof(x->text) - 2;
	struct cx_values vias = cx_values_of(m, CX_HEADER_VIA);
	struct cx_text out = {x->text, m->fields_at - m->start};
	struct cx_value via;

	if (!cx_values_next(&vias, &via) || out.n + via.text.n + 16 > sizeof(x->text))
		return 0;
	memcpy(x->text, m->p + m->start, out.n);
	memcpy(x->text + out.n, "Via: ", 5);
	memcpy(x->text + out.n + 5, via.text.p, via.text.n);
	memcpy(x->text + out.n + 5 + via.text.n, "\r\n", 2);
	out.n += via.text.n + 7;
	for (size_t i = 0; i < sizeof(needed) / sizeof(needed[0]); i++)
		for (const struct cx_field *f = cx_message_field(m, needed[i]); f; f = cx_field_next(m, f))
			if (!copy_field(&out, m, f, end))
				return 0;
	memcpy(x->text + out.n, "\r\n", 2);
	return out.n + 2;
}

void cx_client_pare(struct cx_txns *x, struct cx_client *c)
{
	struct cx_message m;
	struct cx_buffer *less;
	uint32_t n;

	if (c->pared || !c->request)
		return;
	cx_message_init(&m, x->fields, CX_TXN_FIELDS, CX_MESSAGE_SIZE_DEFAULT);
	if (cx_message_index(&m, c->request->p, c->request->n, CX_DATAGRAM))
		return;
	n = copy_needed(x, &m);
	less = n ? cx_buffer_copy(x->mem, x->text, n) : NULL;
	if (!less)
		return; /* the whole one does as well */
	cx_buffer_drop(x->mem, &c->request);
	c->request = less;
	c->pared = true;
}

void cx_client_send_cancel(struct cx_txns *x, struct cx_client *c)
{
	struct cx_text lines = {NULL, 0};
	struct cx_message m;
	struct cx_client *cancel;
	struct iovec iov = {.iov_base = x->text};
	int n;

	if (!c->request)
		return;
	if (c->cancel_lines)
		lines = (struct cx_text){(const char *)c->cancel_lines->p, c->cancel_lines->n};
	cx_message_init(&m, x->fields, CX_TXN_FIELDS, CX_MESSAGE_SIZE_DEFAULT);
	if (cx_message_index(&m, c->request->p, c->request->n, CX_DATAGRAM))
		return;
	n = cx_build_cancel(&m, lines, x->text, sizeof(x->text));
	cancel = n > 0 ? cx_client_new(x, false, sizeof(*cancel), &c->hop, &c->txn.timers) : NULL;
	if (!cancel)
		return; /* still due: with the next provisional response */
	cancel->is_cancel = true;
	cancel->cancel = c;
	c->cancel = cancel;
	c->cancelled = true;
	c->cancel_due = false;
	c->b_ms = cx_txns_now(x) + 64 * (uint64_t)c->txn.timers.t1_ms;
	if (!c->trying)
		cx_txn_end_at(x, &c->txn, c->b_ms);
	iov.iov_len = (size_t)n;
	if (!cx_client_send(x, cancel, &iov, 1, 0)) {
		cx_buffer_drop(x->mem, &c->cancel_lines);
		return;
	}
	cx_client_end(x, cancel);
	c->cancelled = false;
	c->cancel_due = true;
}

void cx_client_cancel(struct cx_txns *x, struct cx_client *c, struct cx_text lines)
{
	if (c->txn.kind != CX_INVITE_CLIENT || c->txn.lingers || c->cancelled || c->cancel_due)
		return;
	if (lines.n)
		c->cancel_lines =
		    cx_buffer_copy(x->mem, lines.p, lines.n); /* without memory: no reason is given */
	c->cancel_due = true;
	if (c->txn.state == CX_PROCEEDING)
		cx_client_send_cancel(x, c);
}

void cx_client_cancel_failed(struct cx_txns *x, struct cx_client *cancel)
{
	struct cx_client *c = cancel->cancel;

	if (!cancel->txn.reliable)
		return; /* Timer E sends it again */
	cx_client_end(x, cancel);
	if (c->cancelled_again || c->txn.state != CX_PROCEEDING)
		return;
	c->cancelled_again = true;
	cx_client_send_cancel(x, c);
}

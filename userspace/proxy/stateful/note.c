// SPDX-License-Identifier: GPL-2.0-only
/* What was tried for a request, for people: a Reason header (RFC 3326) and the log. */
#include <stdio.h>
#include "proxy/stateful/internal.h"
#include "sip/writer.h"

static void put_end(struct cx_writer *w, const struct cx_try *t)
{
	switch (t->end) {
	case CX_TRY_TIMEOUT:
		cx_put_string(w, " timeout");
		break;
	case CX_TRY_REFUSED:
		cx_put_string(w, " refused");
		break;
	case CX_TRY_NOT_SENT:
		cx_put_string(w, " not sent");
		break;
	case CX_TRY_CANCELLED:
		cx_put_string(w, " cancelled");
		break;
	case CX_TRY_CODE:
		cx_put_string(w, " ");
		cx_put_number(w, t->status);
		break;
	default:
		cx_put_string(w, " open");
	}
}

/* "ms1 timeout, ms2 503" */
static void put_tries(const struct cx_proxy *p, const struct cx_context *c, struct cx_writer *w)
{
	for (uint8_t i = 0; i < c->n_tries; i++) {
		const struct cx_try *t = &c->tries[i];
		struct cx_text name = CX_TEXT("address");

		if (t->element < p->world->max_elements) {
			const struct cx_element *e = &p->world->elements[t->element];

			name = (struct cx_text){(const char *)e->name,
						(uint32_t)strnlen((const char *)e->name, CX_NAME_SIZE)};
		}
		if (i)
			cx_put_string(w, ", ");
		cx_put(w, name);
		put_end(w, t);
	}
}

struct cx_text cx_tried_reason(struct cx_proxy *p, const struct cx_context *c, int status, char *out,
			       size_t max)
{
	struct cx_writer w = {.p = out, .max = (uint32_t)max};

	cx_put_string(&w, "Reason: SIP;cause=");
	cx_put_number(&w, (uint32_t)status);
	cx_put_string(&w, ";text=\"");
	if (c->n_tries)
		put_tries(p, c, &w);
	else
		cx_put_string(&w, "no element up");
	cx_put_string(&w, "\"\r\n");
	return w.full ? (struct cx_text){NULL, 0} : (struct cx_text){w.p, w.n};
}

void cx_note(struct cx_proxy *p, const struct cx_context *c, int status)
{
	char tried[512];
	struct cx_writer w = {.p = tried, .max = sizeof(tried) - 1};
	const char *request = (const char *)c->request->p;
	struct cx_proxy_note note = {.call_id = request + c->call_id.at,
				     .call_id_n = c->call_id.n,
				     .method = request + c->method.at,
				     .method_n = c->method.n,
				     .status = status,
				     .tried = tried,
				     .tries = c->n_tries,
				     .group = c->way.group,
				     .element = c->n_tries ? c->tries[c->n_tries - 1].element : CX_NONE,
				     .took_ms = cx_now(p) - c->since_ms};

	if (!p->ops.note)
		return;
	put_tries(p, c, &w);
	tried[w.n] = '\0';
	p->ops.note(p->ctx, &note);
}

// SPDX-License-Identifier: GPL-2.0-only
/* The engine as the daemon's worker: any UDP datagram, any next hop that the kernel can route to. */
#include "cxsip/wide.h"
#include "proxy/body.inc.h"

static enum cx_reason can_always_send(const struct cx_msg *m, const struct cx_world *w)
{
	return 0;
}

struct cx_body *cx_core_new(void)
{
	return body_new(0);
}

void cx_core_leave(struct cx_body *b)
{
	b->m.leave_core = 1;
}

void cx_core_run(struct cx_body *b, struct cx_world *w, uint16_t listener, const union cx_addr *from,
		 uint16_t from_port, const uint8_t *p, size_t n, struct cx_stateless_result *r)
{
	body_run(b, w, listener, from, from_port, p, n, r, can_always_send);
}

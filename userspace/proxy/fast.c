// SPDX-License-Identifier: GPL-2.0-only
/* The engine with the limits of the XDP program: what the kernel would do. */
#include "proxy/body.inc.h"

/* As in bpf/cxsip.bpf.c; MTU and headroom depend on the frame and are left out. */
static enum cx_reason can_send_by_xdp(const struct cx_msg *m, const struct cx_world *w)
{
	const struct cx_nexthop *n = m->nexthop < w->max_nexthops ? &w->nexthops[m->nexthop] : NULL;

	if (cx_is_v4(&m->to) != cx_is_v4(&m->source))
		return CX_R_OTHER_FAMILY;
	if (!n || !(n->flags & CX_NEXTHOP_OK))
		return n && (n->flags & CX_NEXTHOP_LOCAL) ? CX_R_LOCAL : CX_R_NO_NEXTHOP;
	return 0;
}

struct cx_body *cx_fast_new(void)
{
	return body_new(1);
}

void cx_fast_run(struct cx_body *b, struct cx_world *w, uint16_t listener, const union cx_addr *from,
		 uint16_t from_port, const uint8_t *p, size_t n, struct cx_stateless_result *r)
{
	body_run(b, w, listener, from, from_port, p, n, r, can_send_by_xdp);
}

/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Route values (RFC 3261 20.34), as many as popping and the next hop need.
 */
#ifndef CXSIP_ROUTE_VALUES_H
#define CXSIP_ROUTE_VALUES_H

#include "values.h"

/*
 * The first CX_ROUTES_MAX Route values, over lines and commas (RFC 3261 20.34):
 * [display-name] <uri> [;parameters].
 */
CX_FN int cx_scan_routes(struct cx_msg *m)
{
	__u32 i;

	if (!m)
		return CX_R_BUG;
	m->n_routes = 0;
	m->acc_index = 0; /* which Route line */
	m->pos = 0;	  /* next value in it, 0: at its start */
	for (i = 0; i < CX_ROUTES_MAX; i++) {
		struct cx_route_value *r = &m->route[i];
		__u32 line, end, at;
		int p;

		CX_BARRIER();
		if (m->acc_index >= m->n_route_lines)
			return 0;
		line = m->route_line[m->acc_index & 3];
		end = cx_line_end(m, line);
		at = m->pos ? m->pos : cx_skip_blank(m, cx_line(m, line) + 6);
		r->at = at;
		r->line = line;
		p = cx_find(m, at, end, CX_CHARS('<', '"', ','));
		if (p == CX_NOT_FOUND)
			return CX_R_LONG_VALUE;
		if ((__u32)p >= end || cx_byte(m, p) != '<')
			return CX_R_BAD_ROUTE;
		r->uri = p + 1;
		p = cx_find(m, r->uri, end, CX_CHARS('>', '>', '>'));
		if (p == CX_NOT_FOUND)
			return CX_R_LONG_VALUE;
		if ((__u32)p >= end)
			return CX_R_BAD_ROUTE;
		r->uri_end = p;
		p = cx_find(m, p, end, CX_CHARS(',', ',', '"'));
		if (p == CX_NOT_FOUND)
			return CX_R_LONG_VALUE;
		if ((__u32)p >= end) {
			r->next = 0;
			m->acc_index++;
			m->pos = 0;
		} else if (cx_byte(m, p) == ',') {
			r->next = cx_skip_blank(m, p + 1);
			m->pos = r->next;
		} else {
			return CX_R_BAD_ROUTE;
		}
		m->n_routes = i + 1;
	}
	return 0;
}

#endif

/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The part of `explain` that is the proxy core's: why a request is for it, and the
 * elements that it would ask, in their order.
 */
#ifndef CX_CONTROL_EXPLAIN_CORE_H
#define CX_CONTROL_EXPLAIN_CORE_H

#include "control/command.h"
#include "control/probe.h"
#include "proxy/preview.h"
#include "proxy/stateless.h"

/* Is it the core's? engine: what the daemon's body of the engine said of it. */
bool cx_explain_is_core(const struct cx_daemon *d, const struct cx_probe *p,
			const struct cx_stateless_result *engine);
/* As cx_preview(), of the worker that has its Call-ID. */
int cx_explain_ask_core(struct cx_daemon *d, const struct cx_probe *p, struct cx_preview *out);
/* "plan" of docs/control.md */
json_t *cx_explain_plan(struct cx_daemon *d, const struct cx_probe *p,
			const struct cx_stateless_result *engine, const struct cx_preview *v);
/* A listener; null: there is none of that id. */
json_t *cx_explain_listener(const struct cx_tables *t, uint32_t id);

#endif

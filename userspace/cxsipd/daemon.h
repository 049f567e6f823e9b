/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The running daemon: which parts there are and how they hang together. Parts
 * below never include this; control/ gets it as an opaque context.
 */
#ifndef CX_CXSIPD_DAEMON_H
#define CX_CXSIPD_DAEMON_H

#include <uv.h>
#include "config/config.h"
#include "fastpath/fastpath.h"
#include "fastpath/reach.h"
#include "health/health.h"
#include "net/udp.h"
#include "proxy/stateless.h"
#include "route/world.h"

struct cx_reload_result {
	int err; /* 0, or -EINVAL and so on with diag */
	struct cx_diag diag;
	uint64_t load_ms, compile_ms, swap_ms;
	size_t n_routes;
};

struct cx_daemon {
	uv_loop_t *loop;
	char *config_path;
	struct cx_config *config;
	struct cx_tables *tables;
	struct cx_world *world;
	struct cx_fastpath *fastpath; /* NULL: off, see fastpath_why */
	char fastpath_why[256];	      /* why it is off or generic, in words; "" otherwise */
	bool module_attached;	      /* the kernel module works on our maps */
	char module_why[256];	      /* why it does not, in words; "": it does, or there is none */
	struct cx_reach_watch *reach;
	struct cx_health *health;
	struct cx_udp *udp[CX_LISTENERS_MAX];
	struct cx_stateless *stateless;
	uint64_t started_ms; /* wall clock */
	uint64_t config_loaded_ms;
	struct cx_count counts[CX_REASON_COUNT]; /* the daemon's own work ("core") */
	struct cx_listener_stats listener_stats[CX_LISTENERS_MAX];
	struct cx_element_stats *element_stats; /* by element id */
	uint64_t
	    *element_rate_mcps; /* initial calls a second of an element, thousandths, over the last seconds */
	uint64_t replies[700];	/* sent by ourselves, by status code */
	bool reloading;
	uint64_t reloads, reloads_refused;
	char last_reload_error[256];
};

/* Reload off the main thread; done() runs on it. -EBUSY: one is under way. */
int cx_daemon_reload(struct cx_daemon *d, void (*done)(void *ctx, const struct cx_reload_result *result),
		     void *ctx);
/* attach = true: load and attach as configured; false: detach and unpin all. */
int cx_daemon_fastpath(struct cx_daemon *d, bool attach, struct cx_diag *diag);
/* attach = true: hands the maps to the kernel module, if it is loaded and the
 * configuration wants it; false: takes them back, so that it can be unloaded,
 * and leaves it alone until it is loaded again. 0, -ENOENT: not loaded, another
 * -errno with d->module_why. */
int cx_daemon_module(struct cx_daemon *d, bool attach);
/* orders (health.h) by element name; saved for the next start. */
int cx_daemon_order(struct cx_daemon *d, const char *element, enum cx_health_order order);

#endif

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
#include "net/tcp.h"
#include "net/worker.h"
#include "proxy/core.h"
#include "proxy/stateless.h"
#include "route/world.h"

struct cx_reload_result {
	int err; /* 0, or -EINVAL and so on with diag */
	struct cx_diag diag;
	uint64_t load_ms, compile_ms, swap_ms;
	size_t n_routes;
};

/* What one worker counts; read by others with relaxed loads. */
struct cx_counters {
	struct cx_count reasons[CX_REASON_COUNT]; /* the daemon's own work ("core") */
	struct cx_listener_stats listeners[CX_LISTENERS_MAX];
	struct cx_element_stats *elements; /* by element id */
	size_t n_elements;
	__u64 replies[700]; /* sent by ourselves, by status code */
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
	bool listening[CX_LISTENERS_MAX];
	const struct cx_udp *udp[CX_LISTENERS_MAX]; /* to send by; NULL: not open, or not UDP */
	struct cx_stateless *stateless;		    /* the main thread's, for explain */
	unsigned n_workers;
	bool steered; /* by the kernel, to the worker of the Call-ID */
	struct cx_counters *counters[CX_WORKERS_MAX];
	uint64_t started_ms; /* wall clock */
	uint64_t config_loaded_ms;
	uint64_t
	    *element_rate_mcps; /* initial calls a second of an element, thousandths, over the last seconds */
	bool reloading;
	uint64_t reloads, reloads_refused;
	uint64_t name_changes; /* reloads because of what DNS said */
	char last_reload_error[256];
};

/* Reload off the main thread; done() runs on it. -EBUSY: one is under way. Whoever hears no
 * answer (no done) is not turned away: what changed since that one read its files is read
 * when it is done. */
int cx_daemon_reload(struct cx_daemon *d, void (*done)(void *ctx, const struct cx_reload_result *result),
		     void *ctx);
/* attach = true: load and attach as configured; false: detach and unpin all. */
int cx_daemon_fastpath(struct cx_daemon *d, bool attach, struct cx_diag *diag);
/* What is known of the host name of an element; false: it has none. */
bool cx_daemon_host(struct cx_daemon *d, const struct cx_config_group *group, const struct cx_config_element *e,
		    struct cx_host_view *view);
/* What is wrong with it, in words; "": nothing. Returns buf. */
const char *cx_daemon_host_text(struct cx_daemon *d, const struct cx_host_view *view, bool how_long, char *buf,
				size_t size);
/* Asks anew, with nothing remembered: a name, NULL: all. -ENOENT: it is in no element. */
int cx_daemon_dns_refresh(struct cx_daemon *d, const char *name);
/* Whom it asks. Returns buf. */
const char *cx_daemon_dns_servers(struct cx_daemon *d, char *buf, size_t size);
/* What a worker is at. */
struct cx_worker_view {
	struct cx_worker_state state;
	uint64_t refused; /* letters that it could not send */
	uint64_t lost;	  /* datagrams that found no room in its sockets, as long as these are open */
	struct cx_tcp_stats tcp;
};
void cx_daemon_worker(struct cx_daemon *d, unsigned worker, struct cx_worker_view *out);
/* These two wait for the worker, a turn of its loop. */
void cx_daemon_transactions(struct cx_daemon *d, unsigned worker, struct cx_proxy_stats *out);
/* As cx_tcp_list(). */
size_t cx_daemon_connections(struct cx_daemon *d, unsigned worker, uint32_t *next, struct cx_tcp_view *out, size_t max);
/* attach = true: hands the maps to the kernel module, if it is loaded and the
 * configuration wants it; false: takes them back, so that it can be unloaded,
 * and leaves it alone until it is loaded again. 0, -ENOENT: not loaded, another
 * -errno with d->module_why. */
int cx_daemon_module(struct cx_daemon *d, bool attach);
/* orders (health.h) by element name; saved for the next start. */
int cx_daemon_order(struct cx_daemon *d, const char *element, enum cx_health_order order);

#endif

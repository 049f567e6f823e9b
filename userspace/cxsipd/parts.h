/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the files of the daemon share: struct cx_daemon, which control/ sees,
 * and behind it the handles of the event loop.
 *
 * Invariants
 * - All of it belongs to the main thread. A reload's worker gets copies, and
 *   the mirror's put_tables(), which may run there.
 * - d is the first member: the callbacks of control/ come back with it.
 */
#ifndef CX_CXSIPD_PARTS_H
#define CX_CXSIPD_PARTS_H

#include <time.h>
#include "control/control.h"
#include "cxsipd/daemon.h"
#include "fastpath/module.h"

#define CX_FAILED_MAX 64

struct cx_parts;
struct cx_reload;

/* A listener's socket in the loop. */
struct cx_socket {
	struct cx_udp *udp;
	uv_poll_t poll;
};

struct cx_parts {
	struct cx_daemon d;
	uv_loop_t loop;
	uv_timer_t tick;   /* once a second */
	uv_timer_t health; /* when the health room asks for it */
	uv_poll_t reach;
	uv_signal_t hangup, terminate, interrupt;
	struct cx_socket *sockets[CX_LISTENERS_MAX];
	struct cx_module_watch *module; /* NULL: it cannot be followed */
	uv_poll_t module_poll;
	bool module_released; /* by order, until it is loaded again */
	struct cx_control *control;
	struct cx_reload *reload; /* under way */
	int lock;
	bool ready;		   /* start has come through: events may act on all parts */
	uint64_t tag_key;	   /* of the To tags of our replies */
	uint64_t rotated_ms;	   /* wall clock of the last key rotation */
	int failed[CX_FAILED_MAX]; /* interfaces that cannot be attached to: said once */
	size_t n_failed;
	/* rates.c */
	uint64_t *calls_before; /* by element id, at the last look */
	uint64_t *looked_ms;	/* when that was, 0: never */
	uint32_t rate_next;	/* id to go on with */
};

static inline uint64_t cx_clock_ms(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static inline uint64_t cx_wall_ms(void)
{
	return cx_clock_ms(CLOCK_REALTIME);
}

static inline uint64_t cx_monotonic_ms(void)
{
	return cx_clock_ms(CLOCK_MONOTONIC);
}

/* daemon.c. start: 0, or the exit status; what was wrong is on stderr and in the log. */
int cx_daemon_start(struct cx_parts *parts, const char *config_path);
void cx_daemon_stop(struct cx_parts *parts);
void cx_daemon_log_open(const struct cx_config *config);
/* Each finding as a log line of that event. */
void cx_daemon_log_findings(const char *event, const struct cx_diag *diag);

/* events.c: the loop, its timers and signals, and what the rooms tell. */
int cx_events_open(struct cx_parts *parts);
void cx_events_start(struct cx_parts *parts); /* timers and signals, when all is in place */
void cx_events_of_world(struct cx_parts *parts);
int cx_events_of_reach(struct cx_parts *parts);
struct cx_health_ops cx_events_health_ops(struct cx_parts *parts);
struct cx_reach_ops cx_events_reach_ops(struct cx_parts *parts);
/* The health room has something new to look at. */
void cx_daemon_health_soon(struct cx_parts *parts);
/* Closes what is open and waits until the loop is empty. */
void cx_events_close(struct cx_parts *parts);

/* sip.c: what happens to one datagram; the ops of every socket. */
struct cx_udp_ops cx_sip_ops(struct cx_parts *parts);

/* sockets.c. A socket is opened first and polled when its listener is in force. */
int cx_socket_open(struct cx_parts *parts, const struct cx_listener *listener, struct cx_socket **out);
int cx_socket_start(struct cx_parts *parts, struct cx_socket *s);
void cx_socket_close(struct cx_socket *s);
/* For each listener of `new` that has no socket yet, one in opened[]. On error
 * none is left open, and diag says which address and why. */
int cx_sockets_prepare(struct cx_parts *parts, const struct cx_tables *old, const struct cx_tables *new,
		       struct cx_diag *diag, struct cx_socket *opened[CX_LISTENERS_MAX]);
/* Puts sockets where the new tables have their listeners; closes the rest. */
void cx_sockets_adopt(struct cx_parts *parts, const struct cx_tables *old, const struct cx_tables *new,
		      struct cx_socket *opened[CX_LISTENERS_MAX]);

/* interfaces.c: the fast path and what it is attached to. */
int cx_fast_open(struct cx_parts *parts, struct cx_diag *diag);
/* Attaches to what is wanted and not attached yet. 0, or the last error. */
int cx_fast_attach(struct cx_parts *parts, struct cx_diag *diag);
/* Says which interfaces of the configuration are not there. */
void cx_fast_warn_missing(struct cx_parts *parts);
/* Leaves interfaces that the configuration does not want any more. */
void cx_fast_leave_unwanted(struct cx_parts *parts);
void cx_fast_interface(struct cx_parts *parts, int ifindex, const char *ifname, bool present);
/* The world as it is now, into the maps: tables with live states, then the rest. */
int cx_fast_publish(struct cx_parts *parts);

/* module.c: the kernel module, when it is there. */
void cx_module_start(struct cx_parts *parts);
/* Attached if it is loaded, wanted, and there are maps; else not. After each
 * change of one of these. */
void cx_module_settle(struct cx_parts *parts);
void cx_module_stop(struct cx_parts *parts); /* it stays attached */

/* keys.c. Starts with the keys of an earlier daemon, or new ones; sets the
 * world's key and generation. past may be empty. */
int cx_keys_start(struct cx_parts *parts, const struct cx_fastpath_past *past);
void cx_keys_rotate_if_due(struct cx_parts *parts);

/* rates.c */
int cx_rates_start(struct cx_parts *parts);
void cx_rates_update(struct cx_parts *parts);

/* notify.c: systemd's readiness protocol; nothing happens without NOTIFY_SOCKET. */
void cx_notify(const char *state);

#endif

/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the files of the daemon share: struct cx_daemon, which control/ sees,
 * and behind it the handles of the event loop.
 *
 * Invariants
 * - All of it belongs to the main thread, but for struct cx_sip, each of which
 *   belongs to a worker. Workers see the world by views, write to each other
 *   and to the main thread by post, and share counters, which they alone write.
 * - A reload's own thread gets copies, and the mirror's put_tables(), which may
 *   run there.
 * - d is the first member: the callbacks of control/ come back with it.
 */
#ifndef CX_CXSIPD_PARTS_H
#define CX_CXSIPD_PARTS_H

#include <errno.h>
#include "base/clock.h"
#include "control/control.h"
#include "cxsipd/daemon.h"
#include "fastpath/module.h"
#include "net/accepted.h"
#include "net/post.h"
#include "net/steer.h"
#include "net/tcp.h"
#include "net/udp.h"
#include "proxy/core.h"
#include "route/view.h"

#define CX_FAILED_MAX 64

#define CX_SERVER "cxsip/" CX_VERSION /* in responses of our own */

struct cx_parts;
struct cx_reload;
struct cx_namer; /* names.c */

struct cx_socket; /* a listener's sockets, one a worker */

/* A queued datagram that could not be sent. */
struct cx_failed_send {
	union cx_addr addr;
	uint16_t port;
	int errnum;
	uint64_t token; /* of the core, 0: nobody's */
};
/* Is it we who are short of something? That says nothing about where a datagram was to go:
 * it is lost, as datagrams are, and what needs an answer is sent again. Another element
 * in its place would make more of what there is too much of. */
static inline bool cx_is_shortage(int err)
{
	return err == -EAGAIN || err == -EWOULDBLOCK || err == -ENOBUFS || err == -ENOMEM;
}
#define CX_FAILED_SENDS 64 /* told a turn; of what is beyond, timers tell */

/* A worker's part of the daemon. */
struct cx_sip {
	struct cx_parts *parts;
	unsigned number;
	struct cx_worker *worker;
	struct cx_world *world; /* the view of this turn; NULL: not needed yet */
	struct cx_stateless *stateless;
	struct cx_udp_batch *batch;
	struct cx_udp *udp[CX_LISTENERS_MAX];
	struct cx_tcp *tcp;
	struct cx_proxy *core;
	bool core_used; /* in this turn: it has been given the view */
	uv_timer_t core_timer;
	struct cx_failed_send failed[CX_FAILED_SENDS];
	unsigned n_failed;
	int err; /* of the start */
	struct cx_counters *counters;
	uint8_t reply[65536];
};

enum cx_letter {
	/* to the main thread */
	CX_LETTER_ANSWER = 1, /* struct cx_letter_answer, then the branch behind its magic */
	CX_LETTER_SILENT,     /* struct cx_letter_silent */
	CX_LETTER_PAUSE,      /* struct cx_letter_pause */
	/* to everybody */
	CX_LETTER_UNREACHABLE, /* struct cx_letter_unreachable */
	/* to a worker */
	CX_LETTER_MESSAGE, /* these three: stateful.h */
	CX_LETTER_FAILED,
	CX_LETTER_BOUNCED,
	CX_LETTER_SEND, /* struct cx_letter_send, then the message */
};

/* Kinds of queued datagrams beyond the engine's reasons. */
#define CX_TAG_CORE 1000

struct cx_letter_send {
	struct cx_hop hop;
	uint64_t token;
};
struct cx_letter_silent {
	uint32_t element;
};
struct cx_letter_pause {
	uint32_t element;
	struct cx_pause pause;
};
struct cx_letter_answer {
	int status;
};
struct cx_letter_unreachable {
	union cx_addr addr;
	uint16_t port;
	uint8_t transport;
	int errnum;
};

struct cx_parts {
	struct cx_daemon d;
	uv_loop_t loop;
	uv_timer_t tick;   /* once a second */
	uv_timer_t health; /* when the health room asks for it */
	uv_poll_t reach;
	uv_signal_t hangup, terminate, interrupt;
	uv_timer_t drain;     /* leaving: looks whether it may */
	uint64_t leave_at_ms; /* leaving: at the latest; 0: not leaving */
	uv_prepare_t turn;   /* the end of a turn of the loop */
	uv_async_t letters;  /* a worker has written */
	struct cx_post *post; /* between workers and us; we are party d.n_workers */
	struct cx_accepted *accepted; /* the connections that peers opened: whose they are; NULL: one worker */
	struct cx_views *views;
	struct cx_steer *steer; /* NULL: the kernel chooses by addresses */
	struct cx_sip sip[CX_WORKERS_MAX]; /* by worker */
	struct cx_socket *sockets[CX_LISTENERS_MAX];
	struct cx_module_watch *module; /* NULL: it cannot be followed */
	uv_poll_t module_poll;
	bool module_released; /* by order, until it is loaded again */
	struct cx_control *control;
	uint32_t connections_max; /* of all workers */
	uint64_t no_descriptors;  /* times that the log knows of */
	uint64_t lost_datagrams;  /* and how many of these */
	struct cx_reload *reload; /* under way */
	struct {		  /* an order that came during a reload that no operator gave */
		bool waits;
		void (*done)(void *ctx, const struct cx_reload_result *result);
		void *ctx;
	} next_reload;
	struct cx_namer *namer;
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

/* workers.c. start: the first view is published, threads run, sockets are not open. */
int cx_workers_start(struct cx_parts *parts);
void cx_workers_stop(struct cx_parts *parts);
/* The world as it is now, at once; the loop does it at the end of a turn. */
void cx_workers_publish(struct cx_parts *parts);
/* Something that the world has just let go of: publishes, and waits a little
 * until no worker uses it any more and it is released. */
void cx_workers_forget(struct cx_parts *parts, void (*release)(void *p), void *p);
/* New requests are refused from now on; false: some are still under way. */
bool cx_workers_drained(struct cx_parts *parts);
/* Once a second: says which worker hangs, and whether datagrams were lost. */
void cx_workers_watch(struct cx_parts *parts);

/* files.c. Takes as many descriptors as may be had; so many connections can be, and it is
 * said if they are fewer than configured. watch: once a second, says that there were none. */
uint32_t cx_files_for_connections(const struct cx_config *config);
void cx_files_watch(struct cx_parts *parts);

/* sip.c: what a worker does. turn: sends what is queued and lets go of the view. */
int cx_sip_start(struct cx_parts *parts, unsigned number);
void cx_sip_stop(struct cx_sip *sip);
void cx_sip_turn(struct cx_sip *sip);
/* The world as of this turn. */
struct cx_world *cx_sip_world(struct cx_sip *sip);
/* A message of a stream, which the engine never sees. */
void cx_sip_count_stream(struct cx_sip *sip, uint16_t listener, bool response);

/* A request that the core has brought to an element; CX_NONE: none. */
void cx_sip_count_element(struct cx_sip *sip, uint32_t element, bool call);

/* stateful.c: the worker's proxy core and connections. start and stop: on its thread. */
void cx_sip_start_stateful(void *sip);
void cx_sip_stop_stateful(void *sip);
/* For the Retry-After of a 503 that is answered without state. */
uint32_t cx_sip_retry_after(struct cx_sip *sip, uint32_t group);
/* To the core of the worker that has the Call-ID. */
void cx_sip_to_core(struct cx_sip *sip, const struct cx_hop *from, const uint8_t *p, size_t n);
/* A response to one of our probes? It is on its way to the main thread then. */
bool cx_sip_probe_answer(struct cx_sip *sip, const uint8_t *p, size_t n);
/* Tells health and every worker's core. */
void cx_sip_unreachable(struct cx_sip *sip, const union cx_addr *addr, uint16_t port, uint8_t transport, int errnum);
/* The same, said by a stranger: told if the quoted datagram is one that a core sent. */
void cx_sip_bounced(struct cx_sip *sip, const struct cx_udp_bounce *bounce);
/* What sip->failed holds, to the core and to health. */
void cx_sip_tell_failed(struct cx_sip *sip);
void cx_sip_letter(struct cx_sip *sip, unsigned from, uint32_t kind, void *letter, size_t n);
struct cx_udp_ops cx_sip_udp_ops(struct cx_sip *sip);

/* sockets.c. A socket is opened first and polled when its listener is in force. */
/* Those that were opened and not adopted. */
void cx_sockets_drop(struct cx_socket *opened[CX_LISTENERS_MAX]);
void cx_sockets_close(struct cx_parts *parts);
/* For each listener of `new` that has no socket yet, one in opened[]. On error
 * none is left open, and diag says which address and why. */
int cx_sockets_prepare(struct cx_parts *parts, const struct cx_tables *old, const struct cx_tables *new,
		       struct cx_diag *diag, struct cx_socket *opened[CX_LISTENERS_MAX]);
/* Puts sockets where the new tables have their listeners, which are published
 * already; closes the rest. */
void cx_sockets_adopt(struct cx_parts *parts, const struct cx_tables *old, const struct cx_tables *new,
		      struct cx_socket *opened[CX_LISTENERS_MAX]);

/* Says which listeners have an address that this host does not have (yet). */
void cx_sockets_warn_elsewhere(struct cx_parts *parts);

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

/* names.c: what the host names of a configuration stand for. */
struct cx_name_uses {
	uint32_t *hosts;
	size_t n, n_settled; /* so many of the first ones are known to be settled, which they stay */
};
/* The names of the written configuration are in use; *out: d.config. What an earlier
 * daemon knew of them is known. 0 or -errno. */
int cx_names_start(struct cx_parts *parts, struct cx_config *written, struct cx_diag *diag);
void cx_names_stop(struct cx_parts *parts);
void cx_names_free(struct cx_parts *parts); /* after the loop */
/* A configuration that may come into force. 0 or -ENOMEM. */
int cx_names_take(struct cx_parts *parts, const struct cx_config *config, struct cx_name_uses *uses);
void cx_names_give(struct cx_parts *parts, struct cx_name_uses *uses);
/* Has each had its first answer, or failed to? */
bool cx_names_settled(struct cx_parts *parts, struct cx_name_uses *uses);
/* The new configuration is in force. */
void cx_names_adopt(struct cx_parts *parts, struct cx_name_uses *uses, const struct cx_config *old,
		    const struct cx_config *new);
int cx_names_expand(struct cx_parts *parts, struct cx_config *written, struct cx_diag *diag, struct cx_config **out);
/* Do names stand for something else than the running configuration has? Whoever asks
 * sees to it. */
bool cx_names_take_changes(struct cx_parts *parts);
/* They do. */
void cx_names_changed(struct cx_parts *parts);
/* If they do, a reload follows; when the daemon is ready. */
void cx_names_reload_soon(struct cx_parts *parts);

/* names_file.c: into and out of runtime_dir/names. */
void cx_names_save(const struct cx_hosts *hosts, const struct cx_config *config);
void cx_names_read(struct cx_hosts *hosts, const struct cx_config *config);

/* reload.c */
/* Puts what names stand for now into force, after a reload that is under way. */
void cx_reload_names(struct cx_parts *parts);
/* A name has settled, for which a reload may wait. */
void cx_reload_settled(struct cx_parts *parts);
/* It does not wait for names any more. */
void cx_reload_hurry(struct cx_parts *parts);

/* rates.c */
int cx_rates_start(struct cx_parts *parts);
void cx_rates_update(struct cx_parts *parts);

/* notify.c: systemd's readiness protocol; nothing happens without NOTIFY_SOCKET. */
void cx_notify(const char *state);

#endif

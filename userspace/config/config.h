/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The configuration: libconfig file plus routes.d JSON files, read into one
 * validated, immutable snapshot. Nothing here touches a socket or a map.
 *
 * Every problem goes into a cx_diag with file:line and a hint; a snapshot is
 * returned only if there was no error. Names are unique within their kind.
 */
#ifndef CX_CONFIG_CONFIG_H
#define CX_CONFIG_CONFIG_H

#include <stdbool.h>
#include "base/addr.h"
#include "base/diag.h"
#include "cxsip/abi.h"
#include "dns/hosts.h"
#include "dns/resolver.h"

struct cx_config_source { /* where it was said, for messages and `explain` */
	const char *file; /* owned by the config */
	unsigned line;
};

struct cx_config_listener {
	union cx_addr addr;
	uint8_t family;
	uint16_t port; /* default 5060 */
	uint8_t transport; /* enum cx_transport: CX_UDP, CX_TCP */
	struct cx_config_source at;
};

struct cx_config_cidr {
	union cx_addr addr;
	uint32_t prefixlen; /* 0..128 */
	uint8_t family;
	struct cx_config_source at;
};

enum cx_udp_over {
	CX_UDP_FRAGMENT, /* is sent all the same, in IP fragments */
	CX_UDP_BY_TCP,	 /* goes by TCP, if the network has such a listener; else it is answered 513 */
	CX_UDP_REFUSE,	 /* is answered 513 */
};

struct cx_config_network {
	char name[CX_NAME_SIZE];
	struct cx_config_listener *listeners;
	size_t n_listeners;
	struct cx_config_cidr *sources; /* "any" stands for 0.0.0.0/0 and ::/0 */
	size_t n_sources;
	char table[CX_NAME_SIZE]; /* route table of requests that arrive here: "default" */
	char **aliases; /* host names that mean this proxy (lower case) */
	size_t n_aliases;
	bool record_route;      /* false */
	bool trusted;           /* true: in-dialog requests may go to its sources */
	bool ignore_plus;       /* false */
	bool ignore_separators; /* true */
	uint8_t dscp;           /* 24 (CS3) */
	/* of transactions whose peer is in this network (RFC 3261 table 4) */
	uint32_t t1_ms;         /* 500 */
	uint32_t t2_ms;         /* 4000 */
	uint32_t t4_ms;         /* 5000 */
	uint32_t timer_c_ms;    /* 185000 */
	uint32_t udp_max;       /* 1300: a request to here that the core would make longer (RFC 3261 18.1.1) ... */
	uint8_t udp_over;       /* ... enum cx_udp_over: CX_UDP_FRAGMENT */
	uint32_t trying_ms;     /* 200: until an INVITE without any response gets a 100; 0: never */
	struct cx_config_source at;
};
/* The defaults above. */
void cx_config_network_defaults(struct cx_config_network *network);

enum cx_probe_mode { CX_PROBE_OFF, CX_PROBE_ON };
struct cx_config_probe {
	bool enabled;             /* true */
	uint32_t interval_ms;     /* 1000: between probes of an element that is up */
	uint32_t down_interval_ms;/* 1000: of one that is down (CUSP's adaptive ping has two) */
	uint32_t timeout_ms;      /* 500 */
	uint32_t rise;            /* 1: answers in a row until up */
	uint32_t fall;            /* 2: misses in a row until down; a miss is followed by the next probe at once */
	uint16_t down_codes[16];  /* responses that count as a miss; none by default: any response means alive */
	size_t n_down_codes;
};

/* An element whose URI has a host name is written once and stands for as many as DNS says
 * (cx_config_expand). As long as that is none, it is itself an element without an address. */
struct cx_config_element {
	char name[CX_NAME_SIZE]; /* default: "host:port" of the URI; unique over all groups */
	char uri[128];
	char host[128]; /* the name, lower case; "": an address */
	union cx_addr addr;
	uint8_t family; /* 0: no address yet */
	uint16_t port;	/* of a name: 0 if not said (RFC 3263) */
	uint8_t transport;
	bool said_transport; /* in the URI */
	bool expanded;	     /* one of the servers of a name; `written` is what the name's element is called */
	bool gone;	     /* has left DNS: no new calls, but its dialogs go on */
	char written[CX_NAME_SIZE];
	uint32_t weight; /* 1..1000, default 1 */
	uint32_t q;      /* 0..1000, default 1000: thousandths; higher ones are tried first (CUSP: q-value) */
	bool disabled; /* "disabled": starts administratively disabled */
	struct cx_config_source at;
};

/* What a request for a group does after a failure response that is not listed. */
enum cx_fork {
	CX_FORK_OFF,	  /* that is the answer: other elements are for failover alone */
	CX_FORK_SERIAL,	  /* asks the next element, too */
	CX_FORK_PARALLEL, /* all elements of the same q are asked at once, then those of the next */
};

#define CX_FAILOVER_CODES_MAX 16
#define CX_TRANSPORTS 5

struct cx_config_group {
	char name[CX_NAME_SIZE];
	size_t network; /* index into networks: which side the elements are on */
	struct cx_config_element *elements;
	size_t n_elements;
	struct cx_config_probe probe;
	uint32_t retry_after_s; /* in the 503 when no element is up: 5 */
	bool core; /* mode = "core" */
	/* failover within the transaction, in mode core */
	uint16_t failover_codes[CX_FAILOVER_CODES_MAX]; /* 503: responses that mean "ask the next element" */
	size_t n_failover_codes;
	uint32_t try_timeout_ms; /* 2000: until an element without any response is given up */
	uint32_t retries[CX_TRANSPORTS]; /* udp 2, others 1: how often it is asked again before that */
	uint32_t pause_max_s; /* 300: the longest pause that an element is given (Retry-After); 0: none */
	uint32_t slow_start_s; /* 10: after a pause (Retry-After) its share of calls grows over this time */
	uint8_t fork; /* enum cx_fork, CX_FORK_OFF */
	bool recurse; /* false: follow 3xx responses */
	struct cx_config_source at;
};
/* The defaults above. */
void cx_config_group_defaults(struct cx_config_group *group);

struct cx_config_route {
	char user[CX_DN_SIZE + 3]; /* exact DN or digits of the prefix, normalised as the table's networks do, NUL-terminated */
	uint8_t len;
	bool prefix; /* false: exact */
	uint8_t table; /* index into tables */
	bool core;
	uint32_t group; /* index into groups */
	uint32_t file; /* index into files */
	uint32_t line;
};

struct cx_config_tcp {
	uint32_t connect_ms;	  /* 1000 */
	uint32_t idle_s;	  /* 240 */
	uint32_t half_open_ms;	  /* 10000: to the first whole message, and from a message's first byte to its last */
	uint32_t unacked_ms;	  /* 10000 */
	uint32_t queue_bytes;	  /* 262144, of each connection */
	uint32_t connections;	  /* 65536, of all workers */
	uint32_t per_source;	  /* 1024 accepted ones of an IPv4 address or IPv6 /64 */
};

struct cx_config_dns {
	struct cx_resolver_settings resolver; /* servers: none, resolv.conf; timeout_ms: 3000 */
	struct cx_hosts_rules rules; /* ttl 5 to 3600, negative 60, retry 1000 ms, stale 86400, linger 3600 */
};

enum cx_fastpath_mode { CX_FASTPATH_OFF, CX_FASTPATH_GENERIC, CX_FASTPATH_NATIVE, CX_FASTPATH_AUTO };
enum cx_module_mode { CX_MODULE_OFF, CX_MODULE_PATH, CX_MODULE_AUTO };

struct cx_config {
	unsigned uses;		   /* the config is freed with the last one */
	struct cx_config *written; /* of an expanded one: what it was made of, and shares all but groups with */
	char *path;
	char **files; /* all that were read: the main file first */
	size_t n_files;
	struct cx_config_network *networks;
	size_t n_networks;
	char (*tables)[CX_NAME_SIZE]; /* "default" is 0 */
	size_t n_tables;
	struct cx_config_group *groups;
	size_t n_groups;
	struct cx_config_route *routes; /* sorted by (table, prefix, user); no duplicates */
	size_t n_routes;

	enum cx_fastpath_mode fastpath; /* "auto" */
	enum cx_module_mode module; /* the kernel module, where it is loaded; "auto" */
	char **interfaces; /* fastpath_interfaces; empty: those that own a listener's address or lead to an element */
	size_t n_interfaces;
	char pin_root[128];    /* "/sys/fs/bpf/cxsip" */
	char runtime_dir[128]; /* "/run/cxsip": lock, control socket, secret keys over restarts (mode 0600) */
	char control_group[32]; /* Unix group that may use the control socket besides root; "" */
	uint32_t workers;      /* threads that handle SIP; 0: half as many as CPUs, 1 to 4 */
	uint32_t drain_s;      /* 10: how long a stop waits for requests under way in the core */
	struct cx_config_tcp tcp;
	struct cx_config_dns dns;
	uint32_t node;         /* 0..255 */
	uint32_t max_dns, max_groups, max_elements, max_flows; /* map sizes */
	uint32_t key_rotation_s; /* 86400; 0: never */
	int log_level;         /* enum cx_log_level; "info" */
	bool log_syslog;       /* true */
	bool log_stderr;       /* true */
};

/* Reads and validates. 0 and *out, or -EINVAL / -errno with the reasons in
 * diag (which may hold warnings on success, too). */
int cx_config_load(const char *path, struct cx_diag *diag, struct cx_config **out);
/* Gives a use back. */
void cx_config_free(struct cx_config *config);
/* Another use of it; returns config. */
struct cx_config *cx_config_keep(struct cx_config *config);

/* ---- names (expand.c) ------------------------------------------------------- */

/* What DNS is asked about an element whose URI has a host name. */
void cx_config_want(const struct cx_config *config, const struct cx_config_group *group,
		    const struct cx_config_element *e, struct cx_locate_want *want);
struct cx_config_answers {
	/* The targets of a name, in order; *targets stays valid during the expansion. */
	size_t (*targets)(void *ctx, const struct cx_config_group *group, const struct cx_config_element *e,
			  const struct cx_target **targets);
	void *ctx;
};
/* Puts the servers in the place of their names: *out, with a use of `written`. Those that
 * cannot be elements are left out with a warning. 0 or -ENOMEM. */
int cx_config_expand(struct cx_config *written, const struct cx_config_answers *answers, struct cx_diag *diag,
		     struct cx_config **out);

/* Over all networks, over all groups. */
size_t cx_config_count_listeners(const struct cx_config *config);
size_t cx_config_count_elements(const struct cx_config *config);

#endif

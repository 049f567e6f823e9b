/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One name of hosts.h: what is known of it. Private to dns/.
 */
#ifndef CX_DNS_HOST_SLOT_H
#define CX_DNS_HOST_SLOT_H

#define HASH_NONFATAL_OOM 1
#include <uthash.h>
#include "dns/hosts.h"

struct cx_host_slot {
	uint32_t uses; /* 0: free */
	uint32_t number;
	uint32_t next_free;
	uint16_t attempt;
	struct cx_locate_want want; /* the key, every byte of it */
	UT_hash_handle hh;
	struct cx_locate *locate;  /* NULL: not under way */
	struct cx_target *targets; /* those that are gone behind the others */
	uint16_t n, n_gone;
	bool settled, again; /* again: asked to refresh while under way */
	uint32_t failures;
	enum cx_dns_status status;
	bool by_naptr, without_naptr; /* of the answer in use, see hosts.h */
	uint64_t answered_ms, changed_ms, failed_ms, next_ms, expires_ms;
	uint32_t left_out;
	char failed_name[CX_DNS_NAME];
	uint16_t failed_type;
};

static inline uint64_t cx_earlier(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* An attempt is over (l is done): status, targets, and when to ask next. After a failure the
 * last good answer stays, and it is asked again after twice the time. True: the targets
 * have changed. */
bool cx_host_learn(const struct cx_hosts_rules *rules, struct cx_host_slot *s, const struct cx_locate *l,
		   uint64_t now_ms);
/* Those whose time to linger is over go, and so does an answer that is too old to be
 * used. True: something has changed. */
bool cx_host_expire(const struct cx_hosts_rules *rules, struct cx_host_slot *s, uint64_t now_ms);

#endif

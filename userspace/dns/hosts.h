/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The host names in use and what they stand for: asked when needed, asked anew
 * when the answer's time is over, kept while nobody answers. Pure: time is an
 * argument, questions go out through ops.
 *
 * - Whoever wants a target set reads the one that is there and never waits.
 * - A failure (no answer, SERVFAIL) changes nothing for stale_s: the last good
 *   answer stays. It is asked again after retry_ms, twice that, ... up to 32 times.
 * - "No such name" and "no such record" are answers: the targets go. They count for
 *   their own time.
 * - What was found without NAPTR, as that went unanswered, is asked anew after
 *   negative_ttl_s at the latest, and takes the place of no answer that rests upon NAPTR.
 * - A target that leaves the answer is marked `gone` and stays for linger_s, since
 *   dialogs may still need it.
 * - Of a name that several addresses belong to, those stay of which nobody would
 *   tell, while the others follow the answer.
 * - At most CX_HOSTS_QUESTIONS_MAX questions and CX_HOSTS_AT_ONCE names are under
 *   way: what is due beyond that waits its turn.
 */
#ifndef CX_DNS_HOSTS_H
#define CX_DNS_HOSTS_H

#include "dns/locate.h"

#define CX_HOSTS_QUESTIONS_MAX 64
#define CX_HOSTS_AT_ONCE 16
#define CX_HOSTS_NEVER UINT64_MAX

struct cx_hosts_rules {
	uint32_t min_ttl_s, max_ttl_s; /* a good answer counts for its TTL, but within these */
	uint32_t negative_ttl_s;       /* a "no" for at most that */
	uint32_t retry_ms;	       /* first time after a failure */
	uint32_t stale_s;	       /* how long beyond its time an answer is used while nobody answers */
	uint32_t linger_s; /* how long a target that has left the answer is kept for its dialogs */
};

struct cx_hosts;

struct cx_hosts_ops {
	/* 0; or -EAGAIN: not now */
	int (*ask)(void *ctx, uint64_t token, const char *name, uint16_t type);
	/* What the name stands for has changed (targets = true), or what there is to say
	 * about it: told after the change. */
	void (*changed)(void *ctx, uint32_t host, bool targets);
	void *ctx;
};

struct cx_host_view {
	const struct cx_locate_want *want;
	const struct cx_target *targets; /* in canonical order, those that are gone last */
	size_t n, n_gone;
	enum cx_dns_status status; /* of the latest attempt; OK before the first one, see asked */
	bool by_naptr;		   /* the targets rest upon NAPTR records */
	bool without_naptr;	   /* they were found without, as that went unanswered */
	bool settled;		   /* the first attempt is over, or it was restored */
	bool under_way;
	uint64_t answered_ms; /* the latest answer that counted, 0: none yet */
	uint64_t changed_ms;  /* since when the targets are as they are */
	uint64_t failed_ms;   /* since when `status` is what it is, if that is not OK; else 0 */
	uint64_t next_ms;     /* when it is asked again */
	uint64_t expires_ms;  /* when the answer's time is over */
	uint32_t left_out;    /* records of the latest answer that could not be used */
	const char *failed_name;
	uint16_t failed_type;
};

/* NULL: no memory. */
struct cx_hosts *cx_hosts_new(const struct cx_hosts_rules *rules, const struct cx_hosts_ops *ops);
void cx_hosts_free(struct cx_hosts *h);
void cx_hosts_set_rules(struct cx_hosts *h, const struct cx_hosts_rules *rules);

/* Takes a use of a name; wants that say the same share an entry. *host: its index,
 * valid until the last use is given back. 0 or -ENOMEM. */
int cx_hosts_take(struct cx_hosts *h, const struct cx_locate_want *want, uint32_t *host);
void cx_hosts_give(struct cx_hosts *h, uint32_t host);
/* Index of an entry that says the same; CX_NONE: there is none. */
uint32_t cx_hosts_find(const struct cx_hosts *h, const struct cx_locate_want *want);
/* What an earlier daemon knew, as an answer whose time was over age_ms ago. Only
 * before the first answer; else -EEXIST. */
int cx_hosts_restore(struct cx_hosts *h, uint32_t host, const struct cx_target *targets, size_t n,
		     bool by_naptr, uint64_t age_ms, uint64_t now_ms);

/* To a question with that token. Tokens of old ones are passed over. */
void cx_hosts_answer(struct cx_hosts *h, uint64_t token, const struct cx_dns_answer *answer, uint64_t now_ms);
/* Asks what is due. Returns when it wants to be called again. */
uint64_t cx_hosts_tick(struct cx_hosts *h, uint64_t now_ms);
/* Asks anew, now: one, or all with CX_NONE. */
void cx_hosts_refresh(struct cx_hosts *h, uint32_t host, uint64_t now_ms);

uint32_t cx_hosts_count(const struct cx_hosts *h); /* indexes are below; some may not be in use */
/* False: the index is not in use. Valid until the next call of another function. */
bool cx_hosts_view(const struct cx_hosts *h, uint32_t host, struct cx_host_view *view);

#endif

// SPDX-License-Identifier: GPL-2.0-only
/*
 * The names in use, see hosts.h: a slot a name. One that is being resolved has a
 * machine (locate.h); what that found becomes the slot's targets (host_slot.c).
 *
 * There may be thousands. Wants are found by a hash. When each slot has to be looked at next
 * stands in an array of its own, which a tick runs through: 5,000 of them take it 8 us.
 * Only those that are under way, a few, are looked at each time.
 *
 * A token names the slot, the attempt, the machine's step and the question: what comes
 * late, or for a slot that somebody else has now, leads nowhere.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "dns/host_slot.h"

struct cx_hosts {
	struct cx_hosts_rules rules;
	struct cx_hosts_ops ops;
	struct cx_host_slot **slots; /* each allocated once: wants and targets stay where they are */
	uint64_t *due;		     /* of each slot, CX_HOSTS_NEVER where it is free */
	uint32_t n, free, turn;
	struct cx_host_slot *index; /* those in use, by want */
	uint32_t at_work[CX_HOSTS_AT_ONCE];
	unsigned under_way, questions, ask_first;
};

struct cx_hosts *cx_hosts_new(const struct cx_hosts_rules *rules, const struct cx_hosts_ops *ops)
{
	struct cx_hosts *h = calloc(1, sizeof(*h));

	if (!h)
		return NULL;
	h->rules = *rules;
	h->ops = *ops;
	h->free = CX_NONE;
	return h;
}

static void stop(struct cx_hosts *h, struct cx_host_slot *s)
{
	unsigned k = 0;

	if (!s->locate)
		return;
	while (h->at_work[k] != s->number)
		k++;
	h->at_work[k] = h->at_work[--h->under_way];
	for (uint16_t i = 0; i < s->locate->n_questions; i++)
		h->questions -= s->locate->questions[i].asked && !s->locate->questions[i].answered;
	free(s->locate);
	s->locate = NULL;
	s->attempt++;
}

void cx_hosts_free(struct cx_hosts *h)
{
	if (!h)
		return;
	HASH_CLEAR(hh, h->index);
	for (uint32_t i = 0; i < h->n; i++) {
		stop(h, h->slots[i]);
		free(h->slots[i]->targets);
		free(h->slots[i]);
	}
	free(h->slots);
	free(h->due);
	free(h);
}

/* After every change of what it depends on. */
static void set_due(struct cx_hosts *h, const struct cx_host_slot *s)
{
	uint64_t due = s->locate || !s->uses ? CX_HOSTS_NEVER : s->next_ms;

	for (uint16_t i = s->n; i < s->n + s->n_gone; i++)
		due = cx_earlier(due, s->targets[i].gone_ms + h->rules.linger_s * 1000ull);
	if (s->n && cx_dns_is_failure(s->status))
		due = cx_earlier(due, s->expires_ms + h->rules.stale_s * 1000ull);
	h->due[s->number] = due;
}

void cx_hosts_set_rules(struct cx_hosts *h, const struct cx_hosts_rules *rules)
{
	h->rules = *rules;
	for (uint32_t i = 0; i < h->n; i++)
		set_due(h, h->slots[i]);
}

/* ---- names ------------------------------------------------------------------------ */

/* Nothing but what it says: two that say the same are equal byte by byte. */
static void make_key(struct cx_locate_want *key, const struct cx_locate_want *want)
{
	memset(key, 0, sizeof(*key));
	memcpy(key->host, want->host, strlen(want->host));
	key->port = want->port;
	key->transport = want->transport;
	memcpy(key->families, want->families, sizeof(key->families));
}

static struct cx_host_slot *find(const struct cx_hosts *h, const struct cx_locate_want *key)
{
	struct cx_host_slot *s;

	HASH_FIND(hh, h->index, key, sizeof(*key), s);
	return s;
}

uint32_t cx_hosts_find(const struct cx_hosts *h, const struct cx_locate_want *want)
{
	const struct cx_host_slot *s;
	struct cx_locate_want key;

	make_key(&key, want);
	s = find(h, &key);
	return s ? s->number : CX_NONE;
}

/* One more, which is free. */
static int grow(struct cx_hosts *h)
{
	struct cx_host_slot **slots = reallocarray(h->slots, h->n + 1, sizeof(*slots)), *s;
	uint64_t *due;

	if (!slots)
		return -ENOMEM;
	h->slots = slots;
	due = reallocarray(h->due, h->n + 1, sizeof(*due));
	if (!due)
		return -ENOMEM;
	h->due = due;
	s = calloc(1, sizeof(*s));
	if (!s)
		return -ENOMEM;
	s->number = h->n++;
	s->next_free = h->free;
	slots[s->number] = s;
	due[s->number] = CX_HOSTS_NEVER;
	h->free = s->number;
	return 0;
}

int cx_hosts_take(struct cx_hosts *h, const struct cx_locate_want *want, uint32_t *host)
{
	struct cx_locate_want key;
	struct cx_host_slot *s;

	make_key(&key, want);
	s = find(h, &key);
	if (!s) {
		if (h->free == CX_NONE && grow(h))
			return -ENOMEM;
		s = h->slots[h->free];
		s->want = key;
		HASH_ADD(hh, h->index, want, sizeof(s->want), s);
		if (!s->hh.tbl)
			return -ENOMEM;
		h->free = s->next_free;
		h->due[s->number] = 0;
	}
	s->uses++;
	*host = s->number;
	return 0;
}

void cx_hosts_give(struct cx_hosts *h, uint32_t host)
{
	struct cx_host_slot *s = host < h->n ? h->slots[host] : NULL;

	if (!s || !s->uses || --s->uses)
		return;
	stop(h, s);
	HASH_DEL(h->index, s);
	free(s->targets);
	*s = (struct cx_host_slot){.number = host, .attempt = s->attempt, .next_free = h->free};
	h->free = host;
	h->due[host] = CX_HOSTS_NEVER;
}

int cx_hosts_restore(struct cx_hosts *h, uint32_t host, const struct cx_target *targets, size_t n,
		     bool by_naptr, uint64_t age_ms, uint64_t now_ms)
{
	struct cx_host_slot *s = h->slots[host];

	if (s->settled || s->n || !n || n > CX_TARGETS_MAX)
		return -EEXIST;
	s->targets = malloc(n * sizeof(*targets));
	if (!s->targets)
		return -ENOMEM;
	memcpy(s->targets, targets, n * sizeof(*targets));
	s->n = (uint16_t)n;
	s->by_naptr = by_naptr;
	s->settled = true;
	s->answered_ms = s->expires_ms = age_ms < now_ms ? now_ms - age_ms : 1;
	s->changed_ms = now_ms;
	set_due(h, s);
	return 0;
}

/* ---- the end of an attempt --------------------------------------------------------------- */

static void over(struct cx_hosts *h, uint32_t host, uint64_t now_ms)
{
	struct cx_host_slot *s = h->slots[host];
	struct cx_locate *l = s->locate;
	enum cx_dns_status before = s->status;
	bool first = !s->settled, without_naptr = s->without_naptr, changed;

	changed = cx_host_learn(&h->rules, s, l, now_ms);
	stop(h, s);
	if (s->again)
		s->next_ms = now_ms;
	s->again = false;
	set_due(h, s);
	if (changed || first || s->status != before || s->without_naptr != without_naptr)
		h->ops.changed(h->ops.ctx, host, changed);
}

static uint64_t token_of(uint32_t host, const struct cx_host_slot *s, int question)
{
	const struct cx_locate *l = s->locate;

	return (uint64_t)host << 32 | (uint64_t)s->attempt << 16 | (uint64_t)l->step << 12 |
	       (uint64_t)l->service << 8 | (uint64_t)question;
}

/* ---- asking --------------------------------------------------------------------------------- */

/* False: no more can be asked now. */
static bool ask(struct cx_hosts *h, uint32_t host)
{
	struct cx_host_slot *s = h->slots[host];
	const char *name;
	uint16_t type;
	int question;

	while (s->locate && h->questions < CX_HOSTS_QUESTIONS_MAX) {
		question = cx_locate_ask(s->locate, &name, &type);
		if (question < 0)
			return true;
		if (h->ops.ask(h->ops.ctx, token_of(host, s, question), name, type)) {
			cx_locate_unask(s->locate, question);
			return false;
		}
		h->questions++;
	}
	return !s->locate;
}

static void start(struct cx_hosts *h, uint32_t host, uint64_t now_ms)
{
	struct cx_host_slot *s = h->slots[host];

	s->locate = malloc(sizeof(*s->locate));
	if (!s->locate)
		return;
	h->at_work[h->under_way++] = host;
	s->attempt++;
	cx_locate_start(s->locate, &s->want);
	set_due(h, s);
	if (cx_locate_done(s->locate))
		over(h, host, now_ms);
}

void cx_hosts_answer(struct cx_hosts *h, uint64_t token, const struct cx_dns_answer *answer, uint64_t now_ms)
{
	uint32_t host = (uint32_t)(token >> 32), question = token & 0xff;
	struct cx_host_slot *s = host < h->n ? h->slots[host] : NULL;
	struct cx_locate_question *q;

	if (!s || !s->locate || token != token_of(host, s, (int)question) ||
	    question >= s->locate->n_questions)
		return;
	q = &s->locate->questions[question];
	if (!q->asked || q->answered)
		return;
	h->questions--;
	cx_locate_answer(s->locate, (int)question, answer);
	if (cx_locate_done(s->locate))
		over(h, host, now_ms);
}

/* Asks what those that are under way want to know; who found no room is the first the next
 * time. False: not all of it could be asked. */
static bool ask_all(struct cx_hosts *h)
{
	unsigned first = h->ask_first;

	for (unsigned k = 0; k < h->under_way; k++) {
		unsigned i = (first + k) % h->under_way;

		if (!ask(h, h->at_work[i])) {
			h->ask_first = i;
			return false;
		}
	}
	return true;
}

/* Those that are due from `from` on; who found no room is the first the next time. */
static void start_due(struct cx_hosts *h, uint32_t from, uint32_t to, uint64_t now_ms)
{
	for (uint32_t i = from; i < to; i++) {
		struct cx_host_slot *s = h->slots[i];

		if (h->due[i] > now_ms)
			continue;
		if (cx_host_expire(&h->rules, s, now_ms)) {
			set_due(h, s);
			h->ops.changed(h->ops.ctx, i, true);
		}
		if (s->locate || s->next_ms > now_ms)
			continue;
		if (h->under_way < CX_HOSTS_AT_ONCE)
			start(h, i, now_ms);
		else if (h->turn == CX_NONE)
			h->turn = i;
	}
}

uint64_t cx_hosts_tick(struct cx_hosts *h, uint64_t now_ms)
{
	uint32_t first = h->turn < h->n ? h->turn : 0;
	uint64_t again = CX_HOSTS_NEVER;

	h->turn = CX_NONE;
	start_due(h, first, h->n, now_ms);
	start_due(h, 0, first, now_ms);
	if (!ask_all(h))
		again = now_ms + 20;
	for (uint32_t i = 0; i < h->n; i++)
		again = cx_earlier(again, h->due[i]);
	/* what is due and found no room goes on after the next answer, or soon */
	return again > now_ms ? again : now_ms + 20;
}

void cx_hosts_refresh(struct cx_hosts *h, uint32_t host, uint64_t now_ms)
{
	for (uint32_t i = 0; i < h->n; i++) {
		struct cx_host_slot *s = h->slots[i];

		if (!s->uses || (host != CX_NONE && host != i))
			continue;
		s->failures = 0;
		s->next_ms = now_ms;
		s->again = s->locate != NULL;
		set_due(h, s);
	}
}

/* ---- looking ---------------------------------------------------------------------------------- */

uint32_t cx_hosts_count(const struct cx_hosts *h)
{
	return h->n;
}

bool cx_hosts_view(const struct cx_hosts *h, uint32_t host, struct cx_host_view *view)
{
	const struct cx_host_slot *s = host < h->n ? h->slots[host] : NULL;

	if (!s || !s->uses)
		return false;
	*view = (struct cx_host_view){.want = &s->want,
				      .targets = s->targets,
				      .n = s->n,
				      .n_gone = s->n_gone,
				      .status = s->status,
				      .by_naptr = s->by_naptr,
				      .without_naptr = s->without_naptr,
				      .settled = s->settled,
				      .under_way = s->locate != NULL,
				      .answered_ms = s->answered_ms,
				      .changed_ms = s->changed_ms,
				      .failed_ms = s->failed_ms,
				      .next_ms = s->next_ms,
				      .expires_ms = s->expires_ms,
				      .left_out = s->left_out,
				      .failed_name = s->failed_name,
				      .failed_type = s->failed_type};
	return true;
}

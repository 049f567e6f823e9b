/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Probes out, answers in.
 *
 * - An answer that comes after its timeout is noted but moves nothing: its
 *   probe is a miss already, and an element that is always too slow would flap
 *   if late answers brought it back.
 * - A probe that the kernel refuses to send counts as a miss when its timeout
 *   is over, so that a moment's refusal does not use up `fall` within
 *   microseconds. A full send buffer is our trouble, not the element's: the
 *   probe is sent a little later.
 */
#include <errno.h>
#include <stdio.h>
#include <sys/random.h>
#include <time.h>
#include "health/internal.h"
#include "health/options.h"

#define CONGESTION_PAUSE_MS 20
#define SEQUENCE_MASK 0x7fffffffu /* RFC 3261 8.1.1.5 */

static uint64_t monotonic_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static int new_nonce(uint64_t *nonce)
{
	do {
		if (getrandom(nonce, sizeof(*nonce), 0) != (ssize_t)sizeof(*nonce))
			return -EIO;
	} while (!*nonce); /* 0 means "none" */
	return 0;
}

static int send_options(struct cx_health *h, uint32_t element, const struct cx_health_slot *s)
{
	const struct cx_tables *t = h->world->tables;
	const struct cx_element *e = &h->world->elements[element];
	const struct cx_probe probe = {
	    .element = element, .sequence = (uint32_t)s->view.probes & SEQUENCE_MASK, .nonce = s->nonce};
	char text[CX_PROBE_MAX];
	size_t n;

	if (e->listener >= t->n_listeners)
		return -EADDRNOTAVAIL;
	n = cx_options_build(&probe, &t->listeners[e->listener], t->element_config[element]->uri, text);
	return n ? h->ops.send(h->ops.ctx, e->listener, &e->addr, e->port, text, n) : -EMSGSIZE;
}

static bool is_congestion(int err)
{
	return err == -EAGAIN || err == -ENOBUFS || err == -ENOMEM;
}

void cx_probe_send(struct cx_health *h, uint32_t element)
{
	struct cx_health_slot *s = &h->slots[element];
	uint64_t nonce;
	int err = new_nonce(&nonce);

	s->old_nonce = s->nonce;
	s->nonce = err ? 0 : nonce;
	s->sent_ms = h->ops.now_ms(h->ops.ctx);
	s->under_way = true;
	s->send_failed = false;
	s->answered = false;
	s->view.probes++;
	cx_judge_sent(&s->judge, s->rules, s->sent_ms);
	cx_health_settle(h, element);
	s->sent_ns = monotonic_ns();
	/* Last: sending may report an ICMP error back into this room. */
	if (!err)
		err = send_options(h, element, s);
	if (!err || !s->under_way)
		return;
	if (is_congestion(err)) {
		s->under_way = false;
		s->judge.next_ms = s->sent_ms + CONGESTION_PAUSE_MS;
		cx_health_settle(h, element);
		return;
	}
	s->send_failed = true;
}

void cx_probe_timeout(struct cx_health *h, uint32_t element)
{
	struct cx_health_slot *s = &h->slots[element];

	s->under_way = false;
	s->view.misses++;
	cx_judge_miss(&s->judge, s->rules, s->send_failed ? CX_ER_SEND_FAILED : CX_ER_PROBE_TIMEOUT,
		      s->sent_ms, h->ops.now_ms(h->ops.ctx));
	cx_health_settle(h, element);
}

static bool listed_as_down(const struct cx_config_probe *rules, int code)
{
	size_t i;

	for (i = 0; i < rules->n_down_codes; i++)
		if (rules->down_codes[i] == code)
			return true;
	return false;
}

static void note_answer(const struct cx_health *h, struct cx_health_slot *s, int code)
{
	uint64_t rtt_us = (monotonic_ns() - s->sent_ns) / 1000;

	s->answered = true;
	s->view.answers++;
	s->view.last_code = code;
	s->view.last_answer_ms = h->ops.wall_ms(h->ops.ctx);
	s->view.last_rtt_us = rtt_us > UINT32_MAX ? UINT32_MAX : rtt_us ? (uint32_t)rtt_us : 1;
}

int cx_health_response(struct cx_health *h, const char *branch, size_t n, int code)
{
	struct cx_health_slot *s = NULL;
	uint32_t element;
	uint64_t nonce, now;

	if (!cx_options_branch(branch, n, &element, &nonce))
		s = cx_health_slot(h, element);
	if (!s || !nonce || (nonce != s->nonce && nonce != s->old_nonce))
		return -ENOENT;
	/* A provisional response says "alive", but not yet which code it will be. */
	if (nonce != s->nonce || s->answered || (code < 200 && s->rules->n_down_codes))
		return 0;
	note_answer(h, s, code);
	if (!s->under_way)
		return 0;
	now = h->ops.now_ms(h->ops.ctx);
	s->under_way = false;
	if (listed_as_down(s->rules, code)) {
		s->view.misses++;
		cx_judge_miss(&s->judge, s->rules, CX_ER_PROBE_CODE, s->sent_ms, now);
	} else {
		cx_judge_hit(&s->judge, s->rules, s->sent_ms, now);
	}
	cx_health_settle(h, element);
	return 0;
}

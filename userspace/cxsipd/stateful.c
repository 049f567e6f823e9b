// SPDX-License-Identifier: GPL-2.0-only
/*
 * A worker's proxy core: its life, and what goes into it.
 *
 * - Everything of one Call-ID goes to one worker's core: what arrives at another
 *   worker, as TCP does and UDP without steering, is handed over by post.
 * - What comes out of it is core_ops.c's; connections are streams.c's.
 */
#define _GNU_SOURCE
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include "base/memory_limit.h"
#include "cxsipd/stateful.h"
#include "health/options.h"
#include "net/owner.h"
#include "observe/log.h"

#define CX_MAGIC "z9hG4bK"
#define PROBE_REACH 1024 /* the topmost Via is in front of other headers */

void cx_sip_post(struct cx_sip *sip, unsigned to, uint32_t kind, const void *head, size_t head_n,
		 const void *p, size_t n)
{
	struct iovec iov[2] = {{(void *)(uintptr_t)head, head_n}, {(void *)(uintptr_t)p, n}};

	if (cx_post_send(sip->parts->post, sip->number, to, kind, iov, 2))
		cx_log(CX_WARN, "hand_over_failed", "reason", "the other thread does not keep up", NULL);
}

/* ---- into the core ---------------------------------------------------------------- */

struct cx_proxy *cx_sip_core(struct cx_sip *sip)
{
	struct cx_world *w = cx_sip_world(sip);

	if (!sip->core_used)
		cx_proxy_use(sip->core, w);
	sip->core_used = true;
	return sip->core;
}

static void receive(struct cx_sip *sip, const struct cx_hop *from, const uint8_t *p, size_t n)
{
	cx_worker_at(sip->worker, "core");
	if (cx_sip_world(sip)->tables->listener_config[from->listener]) /* else a reload has closed it */
		cx_proxy_receive(cx_sip_core(sip), from, p, n, cx_sip_now(sip));
}

void cx_sip_to_core_of(struct cx_sip *sip, unsigned owner, const struct cx_hop *from, const uint8_t *p,
		       size_t n)
{
	if (owner == sip->number)
		receive(sip, from, p, n);
	else
		cx_sip_post(sip, owner, CX_LETTER_MESSAGE, from, sizeof(*from), p, n);
}

unsigned cx_sip_owner(struct cx_sip *sip, const uint8_t *p, size_t n)
{
	return cx_owner(&cx_sip_world(sip)->key.hash, p, n, sip->parts->d.n_workers);
}

void cx_sip_to_core(struct cx_sip *sip, const struct cx_hop *from, const uint8_t *p, size_t n)
{
	cx_sip_to_core_of(sip, cx_sip_owner(sip, p, n), from, p, n);
}

/* By the first branch in it, which is that of our Via. What is made to look like it
 * goes no further than health, which knows its probes by their nonces. */
bool cx_sip_probe_answer(struct cx_sip *sip, const uint8_t *p, size_t n)
{
	const size_t magic = strlen(CX_MAGIC);
	const char *branch = memmem(p, n < PROBE_REACH ? n : PROBE_REACH, CX_MAGIC, magic);
	struct cx_letter_answer letter = {0};
	size_t length = 0, most;
	uint32_t element;
	uint64_t nonce;

	if (!branch || n < 12 || memcmp(p, "SIP/2.0 ", 8))
		return false;
	branch += magic;
	most = (size_t)((const char *)p + n - branch);
	while (length < most && (isalnum((unsigned char)branch[length])))
		length++;
	if (cx_options_branch(branch, length, &element, &nonce))
		return false;
	for (int i = 8; i < 11 && isdigit(p[i]); i++)
		letter.status = letter.status * 10 + (p[i] - '0');
	if (letter.status >= 100)
		cx_sip_post(sip, sip->parts->d.n_workers, CX_LETTER_ANSWER, &letter, sizeof(letter), branch,
			    length);
	return true;
}

uint32_t cx_sip_retry_after(struct cx_sip *sip, uint32_t group)
{
	return cx_proxy_retry_after(cx_sip_core(sip), group, cx_sip_now(sip));
}

/* ---- letters of others ------------------------------------------------------------------ */

void cx_sip_letter(struct cx_sip *sip, unsigned from, uint32_t kind, void *letter, size_t n)
{
	const struct cx_letter_failed *failed = letter;
	const struct cx_letter_message *message = letter;

	if (!sip->core) /* stopping */
		return;
	switch (kind) {
	case CX_LETTER_MESSAGE:
		receive(sip, &message->from, (const uint8_t *)(message + 1), n - sizeof(*message));
		break;
	case CX_LETTER_SEND:
		cx_sip_send_for(sip, from, letter, n);
		break;
	case CX_LETTER_FAILED:
		cx_proxy_failed(cx_sip_core(sip), failed->token, failed->errnum, cx_sip_now(sip));
		break;
	case CX_LETTER_UNREACHABLE:
		cx_sip_told_unreachable(sip, letter);
		break;
	case CX_LETTER_BOUNCED:
		cx_sip_told_bounced(sip, letter);
		break;
	}
}

/* ---- start, end ----------------------------------------------------------------------------- */

/* Long requests must not push the host into swap or the daemon into the arms of the OOM
 * killer: of the memory that it may have, one half is the workers'. */
static uint64_t memory_share(unsigned workers)
{
	return cx_memory_limit("/proc/self/cgroup", "/sys/fs/cgroup") / 2 / workers;
}

static int start_core(struct cx_sip *sip)
{
	struct cx_proxy_settings settings = CX_PROXY_SETTINGS_DEFAULT;

	settings.worker = sip->number;
	settings.memory_max = memory_share(sip->parts->d.n_workers);
	settings.seed = sip->parts->tag_key;
	snprintf(settings.server, sizeof(settings.server), "%s", CX_SERVER);
	return cx_proxy_new(&settings, &cx_sip_core_ops, sip, cx_sip_world(sip), cx_sip_now(sip), &sip->core);
}

void cx_sip_start_stateful(void *arg)
{
	struct cx_sip *sip = arg;

	uv_timer_init(cx_worker_loop(sip->worker), &sip->core_timer);
	sip->core_timer.data = sip;
	sip->err = start_core(sip);
	if (!sip->err)
		sip->err = cx_sip_start_tcp(sip);
}

void cx_sip_stop_stateful(void *arg)
{
	struct cx_sip *sip = arg;

	uv_close((uv_handle_t *)&sip->core_timer, NULL);
	cx_tcp_close(sip->tcp);
	sip->tcp = NULL;
	if (sip->core)
		cx_proxy_free(sip->core);
	sip->core = NULL;
	sip->n_failed = 0;
	cx_post_unwant(sip->parts->post, sip->number);
	cx_post_wake(sip->parts->post, sip->number); /* and nobody any more */
}

// SPDX-License-Identifier: GPL-2.0-only
/*
 * Who cannot be reached: what ICMP and the kernel say of a datagram's destination is told
 * to the health room and to every worker's core, for it reaches the socket of some worker.
 *
 * Anybody can send ICMP. What a stranger says counts only if it quotes a branch that one
 * of our cores wrote and waits for: its MAC is known to who has seen that datagram, on its
 * way. The core of the worker that the branch names decides.
 */
#include <errno.h>
#include <string.h>
#include "cxsipd/stateful.h"

#define ROOM_LEFT 65536 /* bytes: what strangers say takes no room from calls */

void cx_sip_told_unreachable(struct cx_sip *sip, const struct cx_letter_unreachable *gone)
{
	cx_proxy_unreachable(cx_sip_core(sip), &gone->addr, gone->port, gone->transport, gone->errnum,
			     cx_sip_now(sip));
}

void cx_sip_unreachable(struct cx_sip *sip, const union cx_addr *addr, uint16_t port, uint8_t transport,
			int errnum)
{
	struct cx_letter_unreachable letter = {
	    .addr = *addr, .port = port, .transport = transport, .errnum = errnum};

	for (unsigned i = 0; i <= sip->parts->d.n_workers; i++) {
		if (i != sip->number)
			cx_sip_post(sip, i, CX_LETTER_UNREACHABLE, &letter, sizeof(letter), NULL, 0);
	}
	cx_sip_told_unreachable(sip, &letter);
}

void cx_sip_told_bounced(struct cx_sip *sip, const struct cx_letter_bounced *bounced)
{
	const struct cx_letter_unreachable *gone = &bounced->gone;
	struct cx_text branch = {bounced->branch, bounced->n};

	if (cx_proxy_wrote(cx_sip_core(sip), branch, &gone->addr, gone->port, gone->transport))
		cx_sip_unreachable(sip, &gone->addr, gone->port, gone->transport, gone->errnum);
}

void cx_sip_bounced(struct cx_sip *sip, const struct cx_udp_bounce *bounce)
{
	struct cx_text branch = cx_branch_in((struct cx_text){bounce->quoted, (uint32_t)bounce->n});
	struct cx_letter_bounced letter = {.gone = {.addr = bounce->to,
						    .port = bounce->port,
						    .transport = CX_UDP,
						    .errnum = bounce->errnum},
					   .n = branch.n};
	struct cx_branch_id id;

	if (!cx_branch_claims(branch, &id) || id.worker >= sip->parts->d.n_workers)
		return;
	memcpy(letter.branch, branch.p, branch.n);
	if (id.worker == sip->number)
		cx_sip_told_bounced(sip, &letter);
	else if (cx_post_has_room(sip->parts->post, sip->number, id.worker, ROOM_LEFT))
		cx_sip_post(sip, id.worker, CX_LETTER_BOUNCED, &letter, sizeof(letter), NULL, 0);
}

void cx_sip_tell_failed(struct cx_sip *sip)
{
	struct cx_failed_send failed[CX_FAILED_SENDS];
	unsigned n = sip->n_failed;

	memcpy(failed, sip->failed, n * sizeof(*failed));
	sip->n_failed = 0;
	for (unsigned i = 0; i < n; i++) {
		const struct cx_failed_send *f = &failed[i];

		if (f->token)
			cx_proxy_failed(cx_sip_core(sip), f->token, f->errnum, cx_sip_now(sip));
		if (f->errnum == ECONNREFUSED || f->errnum == EHOSTUNREACH || f->errnum == ENETUNREACH)
			cx_sip_unreachable(sip, &f->addr, f->port, CX_UDP, f->errnum);
	}
}

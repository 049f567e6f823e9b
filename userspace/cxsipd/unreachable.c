// SPDX-License-Identifier: GPL-2.0-only
/*
 * Who cannot be reached: what ICMP and the kernel say of a datagram's destination is told
 * to the health room and to every worker's core, for it reaches the socket of some worker.
 */
#include <errno.h>
#include <string.h>
#include "cxsipd/stateful.h"

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

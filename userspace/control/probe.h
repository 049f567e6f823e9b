/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The message that `explain` asks about: given by somebody, or made up for a
 * DN; where it arrives and from whom.
 */
#ifndef CX_CONTROL_PROBE_H
#define CX_CONTROL_PROBE_H

#include "control/command.h"

#define CX_PROBE_MESSAGE_MAX 65000
#define CX_PROBE_ROOM 64 /* behind the message, for the engine */

struct cx_probe {
	uint32_t listener;
	uint8_t transport; /* CX_UDP, or CX_TCP */
	union cx_addr source;
	uint16_t source_port;
	bool source_given;
	bool made_up;	      /* the whole message is ours */
	bool made_up_call_id; /* nobody else uses its Call-ID */
	uint8_t *message;     /* malloc'd, with CX_PROBE_ROOM behind it */
	size_t n;
};

/* From the arguments dn or message / message_hex, listener, transport, source,
 * call_id, method. 0, or -1 with the error answered. cx_probe_free() in both cases. */
int cx_probe_from_args(struct cx_request *rq, struct cx_probe *p);
void cx_probe_free(struct cx_probe *p);

/* The value of a header by its long and compact name ("" if it has none), or
 * NULL. Folded lines are not joined. */
const uint8_t *cx_probe_header(const uint8_t *message, size_t n, const char *name, const char *compact,
			       size_t *len);

#endif

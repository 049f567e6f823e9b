/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What is wrong with a message, so that the proxy can answer with the right
 * status and a reason phrase that helps, and the log can show the place.
 */
#ifndef CX_SIP_FAULT_H
#define CX_SIP_FAULT_H

#include <stdint.h>

struct cx_fault {
	uint16_t status;  /* of the answer: 400, 416, 505, 513; 0: nothing is wrong */
	uint16_t header;  /* enum cx_header_id, CX_HEADER_OTHER: none in particular */
	uint32_t at;	  /* offset in the message */
	const char *what; /* reason phrase, static: "Bad CSeq" */
};

#endif

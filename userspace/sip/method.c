// SPDX-License-Identifier: GPL-2.0-only
/*
 * Names of methods (RFC 3261 7.1 and extensions): tokens, case-sensitive.
 */
#include "sip/message.h"

static const struct cx_text names[] = {
#define NAME(name) [CX_M_##name] = {#name, sizeof(#name) - 1}
	NAME(INVITE), NAME(ACK),  NAME(CANCEL), NAME(BYE),	   NAME(OPTIONS),   NAME(REGISTER), NAME(PRACK),
	NAME(UPDATE), NAME(INFO), NAME(NOTIFY), NAME(MESSAGE), NAME(SUBSCRIBE), NAME(REFER),    NAME(PUBLISH),
#undef NAME
};
#define N_NAMES (sizeof(names) / sizeof(names[0]))

enum cx_method cx_method_of_name(struct cx_text name)
{
	for (unsigned int i = CX_M_OTHER + 1; i < N_NAMES; i++)
		if (cx_text_equal(name, names[i]))
			return (enum cx_method)i;
	return CX_M_OTHER;
}

struct cx_text cx_method_name(enum cx_method method)
{
	return (unsigned int)method < N_NAMES ? names[method] : (struct cx_text){NULL, 0};
}

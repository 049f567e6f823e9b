/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * OPTIONS requests and their branches, see options.h.
 *
 * Max-Forwards is 70: an element that is a proxy itself may have to pass the
 * request on to answer it.
 */
#include <errno.h>
#include <stdio.h>
#include "base/addr.h"
#include "health/options.h"

#define ELEMENT_DIGITS 8
#define NONCE_DIGITS 16

size_t cx_options_build(const struct cx_probe *probe, const struct cx_listener *listener, const char *uri,
			char out[CX_PROBE_MAX])
{
	char branch[CX_PROBE_BRANCH], us[CX_ENDPOINT_TEXT];
	int n;

	snprintf(branch, sizeof(branch), "%c%08x%016llx", CX_PROBE_MODE, probe->element,
		 (unsigned long long)probe->nonce);
	cx_endpoint_format(&listener->addr, listener->port, us);
	n = snprintf(out, CX_PROBE_MAX,
		     "OPTIONS %s SIP/2.0\r\n"
		     "%.*s%s\r\n"
		     "Max-Forwards: 70\r\n"
		     "From: <sip:cxsip@%s>;tag=%s\r\n"
		     "To: <%s>\r\n"
		     "Call-ID: %s@%s\r\n"
		     "CSeq: %u OPTIONS\r\n"
		     "Contact: <sip:%s>\r\n"
		     "Accept: application/sdp\r\n"
		     "User-Agent: cxsip\r\n"
		     "Content-Length: 0\r\n"
		     "\r\n",
		     uri, (int)listener->via_len, (const char *)listener->via_text, branch, us, branch + 1,
		     uri, branch, us, probe->sequence, us);
	return n > 0 && n < CX_PROBE_MAX ? (size_t)n : 0;
}

static int read_hex(const char *p, size_t n, uint64_t *value)
{
	size_t i;

	*value = 0;
	for (i = 0; i < n; i++) {
		unsigned digit;

		if (p[i] >= '0' && p[i] <= '9')
			digit = (unsigned)(p[i] - '0');
		else if (p[i] >= 'a' && p[i] <= 'f')
			digit = (unsigned)(p[i] - 'a') + 10;
		else
			return -EINVAL;
		*value = *value << 4 | digit;
	}
	return 0;
}

int cx_options_branch(const char *branch, size_t n, uint32_t *element, uint64_t *nonce)
{
	uint64_t id;

	if (n != 1 + ELEMENT_DIGITS + NONCE_DIGITS || branch[0] != CX_PROBE_MODE)
		return -EINVAL;
	if (read_hex(branch + 1, ELEMENT_DIGITS, &id) ||
	    read_hex(branch + 1 + ELEMENT_DIGITS, NONCE_DIGITS, nonce))
		return -EINVAL;
	*element = (uint32_t)id;
	return 0;
}

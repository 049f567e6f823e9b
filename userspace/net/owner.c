// SPDX-License-Identifier: GPL-2.0-only
/*
 * Call-ID -> worker, see owner.h.
 */
#include <string.h>
#include <strings.h>
#include "base/hash.h"
#include "cxsip/steer.h"
#include "net/owner.h"

static int is_blank(uint8_t c)
{
	return c == ' ' || c == '\t';
}

/* Where the value starts if the line is a Call-ID's, else 0. */
static size_t value_of(const uint8_t *line, size_t n)
{
	size_t i = 0;

	if (n > 7 && !strncasecmp((const char *)line, "call-id", 7))
		i = 7;
	else if (n > 1 && (line[0] | 0x20) == 'i')
		i = 1;
	else
		return 0;
	while (i < n && is_blank(line[i]))
		i++;
	return i < n && line[i] == ':' ? i + 1 : 0;
}

int cx_owner_call_id(const uint8_t *p, size_t length, size_t *at, size_t *n)
{
	const uint8_t *line = memchr(p, '\n', length), *end = p + length;

	while (line && ++line < end && *line != '\r' && *line != '\n') {
		const uint8_t *next = memchr(line, '\n', (size_t)(end - line)), *stop = next ? next : end;
		size_t from = value_of(line, (size_t)(stop - line));

		if (from) {
			line += from;
			while (line < stop && is_blank(*line))
				line++;
			while (stop > line && (is_blank(stop[-1]) || stop[-1] == '\r'))
				stop--;
			*at = (size_t)(line - p);
			*n = (size_t)(stop - line);
			return 0;
		}
		line = next;
	}
	return -1;
}

unsigned cx_owner(const struct cx_siphash_key *hash, const uint8_t *p, size_t length, unsigned workers)
{
	size_t at, n;

	if (workers < 2 || cx_owner_call_id(p, length, &at, &n))
		return 0;
	return cx_worker_of_hash(cx_hash_of_call(hash, p + at, n), workers);
}

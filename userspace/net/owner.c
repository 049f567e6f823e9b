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

static int is_space(uint8_t c)
{
	return is_blank(c) || c == '\r' || c == '\n';
}

/* The LF that ends the field: lines that begin with a blank go on with it (7.3.1). */
static const uint8_t *field_end(const uint8_t *line, const uint8_t *end)
{
	const uint8_t *lf = memchr(line, '\n', (size_t)(end - line));

	while (lf && lf + 1 < end && is_blank(lf[1]))
		lf = memchr(lf + 1, '\n', (size_t)(end - lf - 1));
	return lf;
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
		const uint8_t *next = field_end(line, end), *stop = next ? next : end;
		size_t from = value_of(line, (size_t)(stop - line));

		if (from) {
			line += from;
			while (line < stop && is_space(*line))
				line++;
			while (stop > line && is_space(stop[-1]))
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

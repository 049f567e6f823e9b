// SPDX-License-Identifier: GPL-2.0-only
/*
 * Messages as plain text, read without any code of the proxy's: what is tested
 * must not be the judge.
 */
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include "replay.h"

char *text_copy(const char *p, size_t n)
{
	char *copy = malloc(n + 1);

	if (!copy)
		abort();
	memcpy(copy, p, n);
	copy[n] = '\0';
	return copy;
}

/* The next line of the head; NULL behind it. */
static const char *next_line(const char *p)
{
	p = strstr(p, "\r\n");
	return p && strncmp(p, "\r\n\r\n", 4) != 0 ? p + 2 : NULL;
}

bool text_header(const char *message, const char *name, int k, char *out, size_t max)
{
	size_t n = strlen(name);

	for (const char *p = next_line(message); p; p = next_line(p)) {
		const char *value = p + n;

		if (strncasecmp(p, name, n) != 0 || *value != ':' || k-- > 0)
			continue;
		value += 1 + strspn(value + 1, " \t");
		snprintf(out, max, "%.*s", (int)strcspn(value, "\r\n"), value);
		return true;
	}
	return false;
}

int text_count(const char *message, const char *name)
{
	char value[2048];
	int count = 0;

	for (int k = 0; text_header(message, name, k, value, sizeof(value)); k++) {
		bool angle = false, quoted = false;

		count++;
		for (const char *p = value; *p; p++) {
			quoted ^= *p == '"';
			angle = !quoted && *p == '<' ? true : *p == '>' ? false : angle;
			count += *p == ',' && !angle && !quoted;
		}
	}
	return count;
}

bool text_matches(const char *text, const char *pattern)
{
	char escaped[2048];
	size_t n = 0;

	/* brackets are part of addresses here */
	for (; *pattern && n + 2 < sizeof(escaped); pattern++) {
		if (*pattern == '[')
			escaped[n++] = '\\';
		escaped[n++] = *pattern;
	}
	escaped[n] = '\0';
	return !fnmatch(escaped, text, 0);
}

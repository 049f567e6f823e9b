/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Longest common subsequence over the header lines of two messages. Heads have
 * some dozens of lines, so the plain table will do; longer ones are cut at
 * LINES_MAX, beyond which the proxy does not edit.
 */
#include <stdlib.h>
#include <string.h>
#include "control/edits.h"
#include "control/json.h"

#define LINES_MAX 200

struct text_line {
	const uint8_t *p;
	size_t n;
};

static size_t split(const uint8_t *p, size_t n, struct text_line lines[LINES_MAX])
{
	size_t count = 0, at = 0;

	while (at < n && count < LINES_MAX) {
		const uint8_t *newline = memchr(p + at, '\n', n - at);
		size_t end = newline ? (size_t)(newline - p) : n, next = newline ? end + 1 : n;

		if (end > at && p[end - 1] == '\r')
			end--;
		if (end == at)
			break;
		lines[count].p = p + at;
		lines[count++].n = end - at;
		at = next;
	}
	return count;
}

static int same(const struct text_line *a, const struct text_line *b)
{
	return a->n == b->n && !memcmp(a->p, b->p, a->n);
}

static void put(json_t *list, const char *op, const struct text_line *line)
{
	json_array_append_new(list,
			      json_pack("{s:s, s:o}", "op", op, "line", cx_json_text(line->p, line->n)));
}

json_t *cx_edits(const uint8_t *before, size_t n_before, const uint8_t *after, size_t n_after)
{
	struct text_line a[LINES_MAX], b[LINES_MAX];
	size_t n = split(before, n_before, a), m = split(after, n_after, b), i, j;
	uint8_t(*common)[LINES_MAX + 1] = calloc(LINES_MAX + 1, sizeof(*common));
	json_t *list = json_array();

	if (!common || !list) {
		free(common);
		json_decref(list);
		return NULL;
	}
	for (i = n; i-- > 0;)
		for (j = m; j-- > 0;)
			common[i][j] = same(&a[i], &b[j]) ? (uint8_t)(common[i + 1][j + 1] + 1)
				       : common[i + 1][j] > common[i][j + 1] ? common[i + 1][j]
									     : common[i][j + 1];
	for (i = 0, j = 0; i < n || j < m;) {
		if (i < n && j < m && same(&a[i], &b[j])) {
			i++;
			j++;
		} else if (i < n && (j == m || common[i + 1][j] >= common[i][j + 1])) {
			put(list, "-", &a[i++]);
		} else {
			put(list, "+", &b[j++]);
		}
	}
	free(common);
	return list;
}

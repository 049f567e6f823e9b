// SPDX-License-Identifier: GPL-2.0-only
/* See corpus.h. */
#define _GNU_SOURCE
#include "corpus.h"
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

void corpus_add(struct corpus *c, const char *name, const void *p, size_t n)
{
	struct corpus_message *m;

	c->messages = realloc(c->messages, (c->n + 1) * sizeof(*c->messages));
	m = &c->messages[c->n++];
	snprintf(m->name, sizeof(m->name), "%s", name);
	m->p = malloc(n + 1);
	if (n)
		memcpy(m->p, p, n);
	m->n = n;
}

static void load_file(struct corpus *c, const char *path, const char *name)
{
	static uint8_t bytes[65536];
	FILE *f = fopen(path, "rb");

	if (!f) {
		perror(path);
		exit(1);
	}
	corpus_add(c, name, bytes, fread(bytes, 1, sizeof(bytes), f));
	fclose(f);
}

int corpus_load(struct corpus *c, const char *dir)
{
	struct dirent **entries;
	int n = scandir(dir, &entries, NULL, alphasort), i, loaded = 0;
	char path[512];

	for (i = 0; i < n; i++) {
		if (entries[i]->d_name[0] != '.') {
			snprintf(path, sizeof(path), "%s/%s", dir, entries[i]->d_name);
			load_file(c, path, entries[i]->d_name);
			loaded++;
		}
		free(entries[i]);
	}
	if (n < 0)
		return -1;
	free(entries);
	return loaded;
}

int corpus_load_rfcs(struct corpus *c)
{
	static const char *const names[] = {"rfc4475", "rfc5118"};
	const char *root = getenv("CXSIP_CORPORA");
	char dir[400];
	int n = 0, got;
	size_t i;

	for (i = 0; i < 2; i++) {
		snprintf(dir, sizeof(dir), "%s/%s", root ? root : "../shared/corpora", names[i]);
		got = corpus_load(c, dir);
		if (got > 0)
			n += got;
	}
	return n;
}

const struct corpus_message *corpus_find(const struct corpus *c, const char *name)
{
	size_t i;

	for (i = 0; i < c->n; i++)
		if (!strcmp(c->messages[i].name, name))
			return &c->messages[i];
	return NULL;
}

void corpus_free(struct corpus *c)
{
	size_t i;

	for (i = 0; i < c->n; i++)
		free(c->messages[i].p);
	free(c->messages);
	*c = (struct corpus){0};
}

/* xorshift64* (Vigna 2016) */
uint64_t dice_roll(struct dice *d)
{
	d->state ^= d->state >> 12;
	d->state ^= d->state << 25;
	d->state ^= d->state >> 27;
	return d->state * 0x2545f4914f6cdd1dULL;
}

size_t dice_below(struct dice *d, size_t n)
{
	return n ? (dice_roll(d) >> 32) % n : 0;
}

/* ---- mutations ---------------------------------------------------------------- */

struct text {
	uint8_t *p;
	size_t n;
};

static void replace(struct text *t, size_t at, size_t length, const void *with, size_t n)
{
	if (at > t->n)
		at = t->n;
	if (length > t->n - at)
		length = t->n - at;
	if (t->n - length + n > CORPUS_MESSAGE_MAX)
		return;
	memmove(t->p + at + n, t->p + at + length, t->n - at - length);
	memcpy(t->p + at, with, n);
	t->n += n - length;
}

/* A line of the head with its CRLF: not the start line, unless there is no other. */
static struct text some_line(const struct text *t, struct dice *d)
{
	const uint8_t *body = memmem(t->p, t->n, "\r\n\r\n", 4), *start, *end;
	size_t head = body ? (size_t)(body - t->p) + 2 : t->n, at = dice_below(d, head);

	start = t->p + at;
	while (start > t->p && start[-1] != '\n')
		start--;
	end = memchr(start, '\n', (size_t)(t->p + t->n - start));
	return (struct text){(uint8_t *)start, end ? (size_t)(end + 1 - start) : (size_t)(t->p + t->n - start)};
}

static void move_line(struct text *t, struct dice *d, int copy)
{
	struct text from = some_line(t, d), to;
	uint8_t line[CORPUS_MESSAGE_MAX];
	size_t n = from.n;

	memcpy(line, from.p, n);
	if (!copy)
		replace(t, (size_t)(from.p - t->p), n, "", 0);
	to = some_line(t, d);
	replace(t, (size_t)(to.p - t->p), 0, line, n);
}

static void splice(struct text *t, const struct corpus *c, struct dice *d)
{
	const struct corpus_message *other = &c->messages[dice_below(d, c->n)];
	size_t at = dice_below(d, t->n + 1), from = dice_below(d, other->n + 1);

	if (at + other->n - from > CORPUS_MESSAGE_MAX)
		return;
	replace(t, at, t->n - at, other->p + from, other->n - from);
}

static void header_of_another(struct text *t, const struct corpus *c, struct dice *d)
{
	const struct corpus_message *other = &c->messages[dice_below(d, c->n)];
	struct text whole = {other->p, other->n}, line, to = some_line(t, d);

	if (!other->n)
		return;
	line = some_line(&whole, d);
	replace(t, (size_t)(to.p - t->p), 0, line.p, line.n);
}

/* What parsers stumble over, in places where it matters. */
static void interesting(struct text *t, struct dice *d)
{
	static const char *const bits[] = {"\r", "\n", "\r\n", "\r\n ", "\r\n\r\n", ";", ",", "<", ">", "\"", ":", "%",
					   "%00", "%4", " ", "\t", "  ", "@", "\\", "\\\"", "=", "[", "]", "/", "?", ";lr",
					   ";rport", ";received=1.2.3.4", ";tag=x", ";branch=z9hG4bK", "SIP/2.0", "sip:",
					   "0", "4294967296", "255", "z9hG4bK", "\xff", "\xc3\xa4", ";;", "<>", ",,"};
	size_t k = dice_below(d, sizeof(bits) / sizeof(bits[0]) + 1);
	const char *bit = k ? bits[k - 1] : "";
	size_t n = k ? strlen(bit) : 1; /* the first one is a NUL */

	replace(t, dice_below(d, t->n + 1), dice_below(d, 2) ? n : 0, bit, n);
}

static void repeat(struct text *t, struct dice *d)
{
	size_t at = dice_below(d, t->n), n = 1 + dice_below(d, 40), times = 1 + dice_below(d, 12);
	uint8_t bytes[64];

	if (n > t->n - at)
		n = t->n - at;
	memcpy(bytes, t->p + at, n);
	while (times--)
		replace(t, at, 0, bytes, n);
}

static void change_once(struct text *t, const struct corpus *c, struct dice *d)
{
	size_t at = dice_below(d, t->n);
	uint8_t byte = (uint8_t)dice_roll(d);

	switch (t->n ? dice_below(d, 13) : 9) {
	case 0:
		t->p[at] ^= (uint8_t)(1 << dice_below(d, 8));
		break;
	case 1:
		t->p[at] = byte;
		break;
	case 2:
		replace(t, at, 0, &byte, 1);
		break;
	case 3:
		replace(t, at, 1 + dice_below(d, dice_below(d, 2) ? 2 : 40), "", 0);
		break;
	case 4:
		move_line(t, d, 0);
		break;
	case 5:
		move_line(t, d, 1);
		break;
	case 6:
		splice(t, c, d);
		break;
	case 7:
		t->n = at; /* cut off */
		break;
	case 8:
		repeat(t, d);
		break;
	case 9:
		header_of_another(t, c, d);
		break;
	default:
		interesting(t, d);
		break;
	}
}

size_t corpus_mutate(const struct corpus *c, struct dice *d, uint8_t out[CORPUS_MESSAGE_MAX])
{
	const struct corpus_message *m = &c->messages[dice_below(d, c->n)];
	struct text t = {out, m->n > CORPUS_MESSAGE_MAX ? CORPUS_MESSAGE_MAX : m->n};
	size_t changes = 1 + dice_below(d, 3);

	memcpy(out, m->p, t.n);
	while (changes--)
		change_once(&t, c, d);
	return t.n;
}

/* ---- IPv6 twins ------------------------------------------------------------------- */

size_t corpus_to_ipv6(const uint8_t *in, size_t n, uint8_t *out, size_t max)
{
	static const char *const pairs[][2] = {{"203.0.113.", "[2001:db8:200::"}, {"198.51.100.", "[2001:db8:100::"},
					       {"192.0.2.", "[2001:db8::"}};
	const uint8_t *body = memmem(in, n, "\r\n\r\n", 4);
	size_t head = body ? (size_t)(body - in) : n, i = 0, at = 0, k;

	while (i < head && at + 32 < max) {
		for (k = 0; k < 3; k++)
			if (head - i > strlen(pairs[k][0]) && !memcmp(in + i, pairs[k][0], strlen(pairs[k][0])))
				break;
		if (k == 3) {
			out[at++] = in[i++];
			continue;
		}
		memcpy(out + at, pairs[k][1], strlen(pairs[k][1]));
		at += strlen(pairs[k][1]);
		i += strlen(pairs[k][0]);
		while (i < head && in[i] >= '0' && in[i] <= '9' && at < max)
			out[at++] = in[i++];
		if (at < max)
			out[at++] = ']';
	}
	k = n - i < max - at ? n - i : max - at;
	memcpy(out + at, in + i, k);
	return at + k;
}

/* ---- responses ------------------------------------------------------------------ */

static int is_copied(const uint8_t *line, size_t n)
{
	static const char *const names[] = {"via:", "v:", "from:", "f:", "to:", "t:", "call-id:", "i:", "cseq:",
					    "record-route:"};
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (n > strlen(names[i]) && !strncasecmp((const char *)line, names[i], strlen(names[i])))
			return 1;
	return 0;
}

static size_t append(uint8_t *out, size_t at, size_t max, const void *p, size_t n)
{
	if (n > max - at)
		return at;
	memcpy(out + at, p, n);
	return at + n;
}

size_t corpus_answer(const uint8_t *request, size_t n, const char *status_line, uint8_t *out, size_t max)
{
	static const char end[] = "Content-Length: 0\r\n\r\n";
	const uint8_t *p = request, *behind = request + n, *next;
	size_t at = append(out, 0, max, status_line, strlen(status_line));

	for (; p < behind; p = next) {
		next = memchr(p, '\n', (size_t)(behind - p));
		next = next ? next + 1 : behind;
		if (next - p <= 2)
			break;
		if (is_copied(p, (size_t)(next - p)))
			at = append(out, at, max, p, (size_t)(next - p));
	}
	return append(out, at, max, end, sizeof(end) - 1);
}

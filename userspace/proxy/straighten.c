// SPDX-License-Identifier: GPL-2.0-only
/*
 * See straighten.h. One pass over the header lines: each is read unfolded into
 * a line buffer, mended by what it is, and appended. Values that the engine
 * reads are short, so the line buffer is bounded by the message itself.
 */
#include "proxy/straighten.h"
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

struct writer {
	uint8_t *p;
	size_t n, max;
	bool full;
};

static void put(struct writer *w, const void *p, size_t n)
{
	if (n > w->max - w->n) {
		w->full = true;
		return;
	}
	memcpy(w->p + w->n, p, n);
	w->n += n;
}

static bool is_blank(int c)
{
	return c == ' ' || c == '\t';
}

struct text {
	const char *p;
	size_t n;
};

static struct text trim(struct text t)
{
	while (t.n && is_blank(*t.p))
		t.p++, t.n--;
	while (t.n && is_blank(t.p[t.n - 1]))
		t.n--;
	return t;
}

static bool text_is(struct text t, const char *s)
{
	return t.n == strlen(s) && !strncasecmp(t.p, s, t.n);
}

/* A Via value without blanks but the one in front of sent-by. Quoted strings
 * keep theirs. */
static void put_via(struct writer *w, struct text v)
{
	bool quoted = false;
	size_t i;

	for (i = 0; i < v.n; i++) {
		char c = v.p[i];
		size_t next = i;

		if (c == '"')
			quoted = !quoted;
		if (quoted || !is_blank(c)) {
			put(w, &c, 1);
			continue;
		}
		while (next < v.n && is_blank(v.p[next]))
			next++;
		/* only a blank between two words separates: protocol and sent-by */
		if (i && next < v.n && !strchr("/;=,:", v.p[i - 1]) && !strchr("/;=,:", v.p[next]))
			put(w, " ", 1);
		i = next - 1;
	}
}

/* The host of "sip:user@host:port;params": offset and length. */
static struct text uri_host(struct text uri)
{
	struct text host = uri;
	const char *at = memchr(uri.p, '@', uri.n), *colon;

	if (at) {
		host.p = at + 1;
	} else {
		colon = memchr(uri.p, ':', uri.n);
		if (!colon)
			return (struct text){uri.p, 0};
		host.p = colon + 1;
	}
	host.n = (size_t)(uri.p + uri.n - host.p);
	for (size_t i = 0; i < host.n; i++)
		if (strchr(":;?>", host.p[i])) {
			host.n = i;
			break;
		}
	return host;
}

/* One Route value: "<uri>params" without a display name, an alias replaced. */
static void put_route(struct writer *w, const struct cx_straighten_names *names, struct text value)
{
	const char *open = memchr(value.p, '<', value.n), *quote = memchr(value.p, '"', value.n), *close;
	struct text uri, host;

	if (quote && open && quote < open) { /* look for the < behind the display name */
		const char *end = memchr(quote + 1, '"', (size_t)(value.p + value.n - quote - 1));

		open = end ? memchr(end, '<', (size_t)(value.p + value.n - end)) : NULL;
	}
	close = open ? memchr(open, '>', (size_t)(value.p + value.n - open)) : NULL;
	if (!close) {
		put(w, value.p, value.n);
		return;
	}
	uri = (struct text){open + 1, (size_t)(close - open - 1)};
	host = uri_host(uri);
	for (size_t i = 0; i < names->n_aliases; i++) {
		const char *behind = host.p + host.n;

		if (!host.n || !text_is(host, names->aliases[i]))
			continue;
		while (behind < close && (*behind == ':' || (*behind >= '0' && *behind <= '9')))
			behind++;
		put(w, open, (size_t)(host.p - open));
		put(w, names->endpoint, strlen(names->endpoint));
		put(w, behind, (size_t)(value.p + value.n - behind));
		return;
	}
	put(w, open, (size_t)(value.p + value.n - open));
}

static void put_routes(struct writer *w, const struct cx_straighten_names *names, struct text v)
{
	bool quoted = false, angle = false;
	size_t start = 0, i;

	for (i = 0; i <= v.n; i++) {
		char c = i < v.n ? v.p[i] : ',';

		if (c == '"' && (!i || v.p[i - 1] != '\\'))
			quoted = !quoted;
		else if (c == '<' && !quoted)
			angle = true;
		else if (c == '>' && !quoted)
			angle = false;
		if (i < v.n && (c != ',' || quoted || angle))
			continue;
		if (start)
			put(w, ", ", 2);
		put_route(w, names, trim((struct text){v.p + start, i - start}));
		start = i + 1;
	}
}

/* "1   INVITE" -> "1 INVITE" */
static void put_words(struct writer *w, struct text v)
{
	for (size_t i = 0; i < v.n; i++)
		if (!is_blank(v.p[i]))
			put(w, v.p + i, 1);
		else if (i && !is_blank(v.p[i - 1]))
			put(w, " ", 1);
}

/* "0068" -> "68": as many zeros in front as one likes are legal (25.1) */
static struct text without_zeros(struct text v)
{
	while (v.n > 1 && v.p[0] == '0' && v.p[1] >= '0' && v.p[1] <= '9')
		v.p++, v.n--;
	return v;
}

struct seen {
	bool max_forwards;
	long content_length; /* -1: none */
};

static void put_header(struct writer *w, const struct cx_straighten_names *names, struct text line, struct seen *seen)
{
	const char *colon = memchr(line.p, ':', line.n);
	struct text name, value;

	if (!colon) {
		put(w, line.p, line.n);
		goto end;
	}
	name = trim((struct text){line.p, (size_t)(colon - line.p)});
	value = trim((struct text){colon + 1, (size_t)(line.p + line.n - colon - 1)});
	put(w, name.p, name.n);
	put(w, ": ", 2);
	if (text_is(name, "via") || text_is(name, "v")) {
		put_via(w, value);
	} else if (text_is(name, "route")) {
		put_routes(w, names, value);
	} else if (text_is(name, "cseq")) {
		put_words(w, without_zeros(value));
	} else if (text_is(name, "max-forwards")) {
		value = without_zeros(value);
		put(w, value.p, value.n);
		seen->max_forwards = true;
	} else if (text_is(name, "content-length") || text_is(name, "l")) {
		value = without_zeros(value);
		put(w, value.p, value.n);
		if (value.n && value.n < 8)
			seen->content_length = strtol(value.p, NULL, 10);
	} else {
		put(w, value.p, value.n);
	}
end:
	put(w, "\r\n", 2);
}

/* Length of the line at in (with its folded continuations), without the last CRLF; -1: none. */
static long line_length(const uint8_t *in, size_t n)
{
	size_t i;

	for (i = 0; i + 1 < n; i++)
		if (in[i] == '\r' && in[i + 1] == '\n' && !(i && i + 2 < n && is_blank(in[i + 2])))
			return (long)i;
	return -1;
}

size_t cx_straighten(const struct cx_straighten_names *names, const uint8_t *in, size_t n, uint8_t *out, size_t max)
{
	struct writer w = {.p = out, .max = max};
	struct seen seen = {.content_length = -1};
	size_t body, start_end = 0;
	bool first = true;
	char *line;
	long length;

	while (n >= 2 && in[0] == '\r' && in[1] == '\n')
		in += 2, n -= 2;
	line = malloc(n + 1);
	if (!line)
		return 0;
	for (;;) {
		size_t k = 0;

		length = line_length(in, n);
		if (length <= 0)
			break;
		for (long i = 0; i < length; i++) {
			if (in[i] == '\r' && i + 1 < length && in[i + 1] == '\n') {
				i++; /* a fold: the blanks behind it remain */
				continue;
			}
			line[k++] = (char)in[i];
		}
		line[k] = 0;
		in += length + 2;
		n -= (size_t)length + 2;
		if (first) {
			put(&w, line, k);
			put(&w, "\r\n", 2);
			start_end = w.n;
		} else {
			put_header(&w, names, (struct text){line, k}, &seen);
		}
		first = false;
	}
	free(line);
	if (length < 0 || first)
		return 0; /* no empty line */
	body = n - 2;
	if (seen.content_length >= 0 && (size_t)seen.content_length < body)
		body = (size_t)seen.content_length;
	put(&w, in, 2 + body);
	if (!seen.max_forwards && (w.n < 4 || memcmp(out, "SIP/", 4))) {
		static const char text[] = "Max-Forwards: 71\r\n"; /* the engine takes one off */
		size_t size = sizeof(text) - 1;

		if (w.n + size > max)
			return 0;
		memmove(out + start_end + size, out + start_end, w.n - start_end);
		memcpy(out + start_end, text, size);
		w.n += size;
	}
	return w.full ? 0 : w.n;
}

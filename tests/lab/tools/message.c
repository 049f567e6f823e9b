// SPDX-License-Identifier: GPL-2.0-only
/* The lab's little SIP; see message.h for what it is and is not. */
#define _GNU_SOURCE
#include "message.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

bool text_is(struct text t, const char *word)
{
	return t.n == strlen(word) && !memcmp(t.p, word, t.n);
}

bool text_begins(struct text t, const char *word)
{
	size_t n = strlen(word);

	return t.n >= n && !memcmp(t.p, word, n);
}

static struct text slice(const char *from, const char *to)
{
	return (struct text){ from, to > from ? (size_t)(to - from) : 0 };
}

static const char *find(struct text t, const char *word)
{
	return t.n ? memmem(t.p, t.n, word, strlen(word)) : NULL;
}

/* The line that starts at *at, without its CRLF; *at moves behind it. */
static struct text next_line(struct text msg, size_t *at)
{
	const char *from = msg.p + *at, *end = msg.p + msg.n;
	const char *newline = memchr(from, '\n', (size_t)(end - from));
	const char *to = newline ? newline : end;

	*at = (size_t)(to - msg.p) + (newline ? 1 : 0);
	if (to > from && to[-1] == '\r')
		to--;
	return slice(from, to);
}

struct text message_method(struct text msg)
{
	const char *blank = memchr(msg.p, ' ', msg.n);

	if (!blank || text_begins(msg, "SIP/"))
		return (struct text){ msg.p, 0 };
	return slice(msg.p, blank);
}

struct text message_user(struct text msg)
{
	size_t at = 0;
	struct text line = next_line(msg, &at);
	const char *colon = memchr(line.p, ':', line.n);
	const char *sign = memchr(line.p, '@', line.n);

	if (!colon || !sign || sign < colon)
		return (struct text){ msg.p, 0 };
	return slice(colon + 1, sign);
}

/* The value of a header line if its name is the one asked for. */
static bool header_value(struct text line, const char *name, char compact, struct text *value)
{
	const char *colon = memchr(line.p, ':', line.n), *to = line.p + line.n, *from;
	size_t n;

	if (!colon)
		return false;
	for (n = (size_t)(colon - line.p); n && line.p[n - 1] == ' '; n--)
		;
	if (!(n == strlen(name) && !strncasecmp(line.p, name, n)) && !(n == 1 && (line.p[0] | 32) == compact))
		return false;
	for (from = colon + 1; from < to && (*from == ' ' || *from == '\t'); from++)
		;
	*value = slice(from, to);
	return true;
}

struct text message_header(struct text msg, const char *name, char compact, unsigned nth)
{
	struct text value = { msg.p, 0 };
	size_t at = 0;

	next_line(msg, &at);
	while (at < msg.n) {
		struct text line = next_line(msg, &at);

		if (!line.n)
			break;
		if (header_value(line, name, compact, &value) && nth-- == 0)
			return value;
	}
	return (struct text){ msg.p, 0 };
}

static uint32_t number(struct text t)
{
	uint32_t value = 0;

	for (size_t i = 0; i < t.n && i < 9 && t.p[i] >= '0' && t.p[i] <= '9'; i++)
		value = value * 10 + (uint32_t)(t.p[i] - '0');
	return value;
}

uint32_t message_cseq(struct text msg)
{
	return number(message_header(msg, "CSeq", 0, 0));
}

struct writer {
	char *p;
	size_t n, max;
	bool full;
};

static void put(struct writer *w, const char *p, size_t n)
{
	if (w->full || n > w->max - w->n) {
		w->full = true;
		return;
	}
	memcpy(w->p + w->n, p, n);
	w->n += n;
}

static void put_text(struct writer *w, const char *text)
{
	put(w, text, strlen(text));
}

static void put_header(struct writer *w, const char *name, struct text value)
{
	put_text(w, name);
	put_text(w, ": ");
	put(w, value.p, value.n);
	put_text(w, "\r\n");
}

static void put_all(struct writer *w, struct text msg, const char *name, char compact)
{
	for (unsigned i = 0; i < 32; i++) {
		struct text value = message_header(msg, name, compact, i);

		if (!value.n)
			return;
		put_header(w, name, value);
	}
}

static void put_to(struct writer *w, struct text msg, const char *tag)
{
	struct text to = message_header(msg, "To", 't', 0);

	put_text(w, "To: ");
	put(w, to.p, to.n);
	if (tag && !find(to, ";tag=")) {
		put_text(w, ";tag=");
		put_text(w, tag);
	}
	put_text(w, "\r\n");
}

/* An offer's answer with one audio stream (RFC 4566); nobody sends media. */
static void put_sdp(struct writer *w, const char *contact_host)
{
	char host[64], body[512], head[96];
	const char *colon = strrchr(contact_host, ':');
	bool v6 = contact_host[0] == '[';
	int n;

	snprintf(host, sizeof(host), "%.*s", (int)(colon - contact_host) - (v6 ? 2 : 0), contact_host + (v6 ? 1 : 0));
	n = snprintf(body, sizeof(body),
		     "v=0\r\no=lab 1 1 IN IP%c %s\r\ns=-\r\nc=IN IP%c %s\r\nt=0 0\r\n"
		     "m=audio 20000 RTP/AVP 8 0 101\r\na=rtpmap:8 PCMA/8000\r\na=rtpmap:0 PCMU/8000\r\n"
		     "a=rtpmap:101 telephone-event/8000\r\na=sendrecv\r\n",
		     v6 ? '6' : '4', host, v6 ? '6' : '4', host);
	snprintf(head, sizeof(head), "Content-Type: application/sdp\r\nContent-Length: %d\r\n\r\n", n);
	put_text(w, head);
	put(w, body, (size_t)n);
}

size_t message_answer(struct text msg, const struct answer *a, char *out, size_t max)
{
	struct writer w = { .p = out, .max = max };
	struct text user = message_user(msg);
	char line[96];

	snprintf(line, sizeof(line), "SIP/2.0 %d %s\r\n", a->status, a->reason);
	put_text(&w, line);
	put_all(&w, msg, "Via", 'v');
	put_all(&w, msg, "Record-Route", 0);
	put_all(&w, msg, "From", 'f');
	put_to(&w, msg, a->to_tag);
	put_all(&w, msg, "Call-ID", 'i');
	put_all(&w, msg, "CSeq", 0);
	if (a->status < 300) {
		put_text(&w, "Contact: <sip:");
		if (user.n) {
			put(&w, user.p, user.n);
			put_text(&w, "@");
		}
		put_text(&w, a->contact_host);
		put_text(&w, ">\r\n");
	}
	if (a->retry_after) {
		snprintf(line, sizeof(line), "Retry-After: %s\r\n", a->retry_after);
		put_text(&w, line);
	}
	if (a->sdp)
		put_sdp(&w, a->contact_host);
	else
		put_text(&w, "Content-Length: 0\r\n\r\n");
	return w.full ? 0 : w.n;
}

void message_response_port(struct text msg, struct sockaddr_storage *peer)
{
	struct text via = message_header(msg, "Via", 'v', 0), sent_by;
	const char *comma = via.n ? memchr(via.p, ',', via.n) : NULL, *blank, *end, *colon, *bracket;
	uint32_t port = 5060;

	if (comma)
		via = slice(via.p, comma);
	if (!via.n || find(via, ";rport"))
		return;
	blank = memchr(via.p, ' ', via.n);
	if (!blank)
		return;
	end = memchr(blank, ';', (size_t)(via.p + via.n - blank));
	sent_by = slice(blank + 1, end ? end : via.p + via.n);
	bracket = sent_by.n ? memchr(sent_by.p, ']', sent_by.n) : NULL;
	if (bracket)
		sent_by = slice(bracket + 1, sent_by.p + sent_by.n);
	colon = sent_by.n ? memchr(sent_by.p, ':', sent_by.n) : NULL;
	if (colon)
		port = number(slice(colon + 1, sent_by.p + sent_by.n));
	if (peer->ss_family == AF_INET)
		((struct sockaddr_in *)peer)->sin_port = htons((uint16_t)port);
	else
		((struct sockaddr_in6 *)peer)->sin6_port = htons((uint16_t)port);
}

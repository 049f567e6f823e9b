/* SPDX-License-Identifier: GPL-2.0-only */
/* The server: 180 and 200 to an INVITE at once, 200 to everything else but ACK. */
#define _GNU_SOURCE
#include "calls.h"
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

struct server {
	struct wire *wire;
	const char *own;
	bool tcp;
	volatile struct served *served;
};

static const char sdp[] = "v=0\r\no=- 1 1 IN IP4 192.0.2.9\r\ns=-\r\nc=IN IP4 192.0.2.9\r\nt=0 0\r\n"
			  "m=audio 30000 RTP/AVP 0\r\na=rtpmap:0 PCMU/8000\r\n";

/* The lines that a response takes from its request (RFC 3261 8.2.6.2), in their order. */
static size_t copy_lines(const char *request, size_t n, char *out, size_t size)
{
	static const char *const kept[] = {"Via:", "Record-Route:", "From:", "To:", "Call-ID:", "CSeq:"};
	const char *line = request, *end = request + n, *next;
	size_t at = 0, i, length;

	for (; (next = memchr(line, '\n', (size_t)(end - line))) && next > line + 1; line = next + 1) {
		length = (size_t)(next - 1 - line);
		for (i = 0; i < sizeof(kept) / sizeof(kept[0]); i++)
			if (*line == *kept[i] && length > strlen(kept[i]) &&
			    !memcmp(line, kept[i], strlen(kept[i])))
				break;
		if (i == sizeof(kept) / sizeof(kept[0]) || at + length + 16 > size)
			continue;
		memcpy(out + at, line, length);
		at += length;
		if (i == 3 && !memmem(line, length, ";tag=", 5)) {
			memcpy(out + at, ";tag=callee", 11);
			at += 11;
		}
		memcpy(out + at, "\r\n", 2);
		at += 2;
	}
	return at;
}

static void answer(struct server *s, const struct wire_peer *from, const char *text, size_t n, int status,
		   const char *phrase, bool offer)
{
	char lines[WIRE_MESSAGE_MAX / 2], out[WIRE_MESSAGE_MAX];
	size_t kept = copy_lines(text, n, lines, sizeof(lines));
	int length = snprintf(
	    out, sizeof(out),
	    "SIP/2.0 %d %s\r\n%.*sContact: <sip:callee@%s:%d%s>\r\n%sContent-Length: %zu\r\n\r\n%s", status,
	    phrase, (int)kept, lines, s->own, WIRE_PORT, s->tcp ? ";transport=tcp" : "",
	    offer ? "Content-Type: application/sdp\r\n" : "", offer ? sizeof(sdp) - 1 : 0, offer ? sdp : "");

	if (length > 0 && (size_t)length < sizeof(out))
		wire_send(s->wire, from, out, (size_t)length);
}

static void take(void *context, const struct wire_peer *from, const char *text, size_t n)
{
	struct server *s = context;
	uint64_t now = wire_now_ns();
	const char *sent;
	size_t length;

	if (n < 8 || !memcmp(text, "ACK ", 4) || !memcmp(text, "SIP/2.0 ", 8))
		return;
	if (memcmp(text, "INVITE ", 7) != 0) {
		s->served->byes += !memcmp(text, "BYE ", 4);
		answer(s, from, text, n, 200, "OK", false);
		return;
	}
	s->served->invites++;
	sent = calls_header(text, text + n, CALLS_SENT_HEADER, &length);
	if (sent)
		histogram_add(&s->served->invite_ns, now - strtoull(sent, NULL, 10));
	answer(s, from, text, n, 180, "Ringing", false);
	answer(s, from, text, n, 200, "OK", true);
}

void calls_serve(const char *file, bool tcp, char **addresses, int n)
{
	struct server s = {.own = addresses[0], .tcp = tcp};
	int fd = open(file, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644), i;

	s.wire = wire_open(addresses[0], tcp);
	for (i = 1; i < n; i++)
		wire_listen(s.wire, addresses[i]);
	if (fd < 0 || ftruncate(fd, sizeof(*s.served)))
		wire_die(file);
	s.served = mmap(NULL, sizeof(*s.served), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (s.served == MAP_FAILED)
		wire_die(file);
	for (;;)
		wire_turn(s.wire, 1000000000, take, &s);
}

/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The caller: calls at an even rate. INVITE and BYE are sent again like any phone
 * would over UDP (0.5, 1.5 and 3.5 s after the first, RFC 3261 17.1); a call that does
 * not end within LINGER_NS of the last one has failed.
 */
#define _GNU_SOURCE
#include "calls.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define TICK_NS 1000000
#define LINGER_NS 4000000000ull /* for the last answers */
#define DNS 10
#define ROUTES_MAX 8
#define AGAIN 3

static const uint64_t again_ns[AGAIN] = {500000000, 1500000000, 3500000000};

enum state { NEW, INVITED, ENDING, ENDED };

struct caller {
	struct wire *wire;
	const char *from, *to, *dn; /* dn: the calls go to dn0 .. dn9 */
	bool tcp;
	struct wire_peer *peers;
	unsigned n_peers;
	uint32_t run; /* keeps the calls of one run apart from those of others */
	uint8_t *state;
	char **bye; /* of a call that is ending, to send it again */
	uint64_t total, placed, ended, refused, again;
	uint64_t looked[AGAIN];	      /* calls before it have been looked at for that time */
	struct histogram answered_ns; /* INVITE to 200 */
	uint64_t *sent_ns;
};

static const char sdp[] =
    "v=0\r\no=- 3724394400 3724394400 IN IP4 192.0.2.2\r\ns=call\r\nc=IN IP4 192.0.2.2\r\n"
    "t=0 0\r\nm=audio 40000 RTP/AVP 0 8 101\r\na=rtpmap:0 PCMU/8000\r\n"
    "a=rtpmap:8 PCMA/8000\r\na=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-16\r\na=sendrecv\r\n";

static void send_invite(struct caller *c, uint64_t call)
{
	unsigned digit = (unsigned)(call % DNS);
	char out[WIRE_MESSAGE_MAX];
	int n;

	n = snprintf(
	    out, sizeof(out),
	    "INVITE sip:%s%u@%s:5060%s SIP/2.0\r\n"
	    "Via: SIP/2.0/%s %s:5060;rport;branch=z9hG4bK-i-%08x-%llu\r\n"
	    "Max-Forwards: 70\r\n"
	    "Contact: <sip:caller@%s:5060%s>\r\n"
	    "To: <sip:%s%u@%s:5060>\r\n"
	    "From: \"Caller One\" <sip:caller@%s:5060>;tag=%08x%llu\r\n"
	    "Call-ID: %08x-%llu@%s\r\n"
	    "CSeq: 1 INVITE\r\n" CALLS_SENT_HEADER ": %llu\r\n"
	    "Allow: INVITE, ACK, CANCEL, OPTIONS, BYE, REFER, NOTIFY, MESSAGE, SUBSCRIBE, INFO, UPDATE\r\n"
	    "Supported: 100rel, timer, replaces, norefersub\r\n"
	    "User-Agent: SomePhone 5.4.3 rev 2.1\r\n"
	    "Content-Type: application/sdp\r\n"
	    "Content-Length: %zu\r\n\r\n%s",
	    c->dn, digit, c->to, c->tcp ? ";transport=tcp" : "", c->tcp ? "TCP" : "UDP", c->from, c->run,
	    (unsigned long long)call, c->from, c->tcp ? ";transport=tcp" : "", c->dn, digit, c->to, c->from,
	    c->run, (unsigned long long)call, c->run, (unsigned long long)call, c->from,
	    (unsigned long long)c->sent_ns[call], sizeof(sdp) - 1, sdp);
	wire_send(c->wire, &c->peers[call % c->n_peers], out, (size_t)n);
}

static void invite(struct caller *c)
{
	c->sent_ns[c->placed] = wire_now_ns();
	c->state[c->placed] = INVITED;
	send_invite(c, c->placed++);
}

static void hang_up(struct caller *c, uint64_t call)
{
	c->state[call] = ENDED;
	free(c->bye[call]);
	c->bye[call] = NULL;
}

/* What has had no answer for so long, once more. */
static void send_again(struct caller *c, uint64_t now)
{
	uint64_t call;
	int i;

	for (i = 0; i < AGAIN && !c->tcp; i++)
		for (; (call = c->looked[i]) < c->placed && c->sent_ns[call] + again_ns[i] <= now;
		     c->looked[i]++) {
			if (c->state[call] == INVITED)
				send_invite(c, call);
			else if (c->state[call] == ENDING && c->bye[call])
				wire_send(c->wire, &c->peers[0], c->bye[call], strlen(c->bye[call]));
			else
				continue;
			c->again++;
		}
}

/* ACK and BYE of an answered call: to the Contact, by the Record-Routes from the last to the first (RFC
 * 3261 12.1.2). */
static void in_dialog(struct caller *c, uint64_t call, const struct wire_peer *peer, const char *text,
		      const char *end, const char *method, int cseq)
{
	const char *contact, *to, *values[ROUTES_MAX], *at = text, *p;
	size_t contact_n, to_n, lengths[ROUTES_MAX], n;
	char out[WIRE_MESSAGE_MAX];
	int routes = 0, length, i;

	contact = calls_header(text, end, "Contact", &contact_n);
	to = calls_header(text, end, "To", &to_n);
	if (!contact || !to || contact_n < 3 || contact[0] != '<' || !(p = memchr(contact, '>', contact_n)))
		return;
	for (; routes < ROUTES_MAX && (at = calls_header(at, end, "Record-Route", &n)); at += n, routes++) {
		values[routes] = at;
		lengths[routes] = n;
	}
	length = snprintf(out, sizeof(out),
			  "%s %.*s SIP/2.0\r\nVia: SIP/2.0/%s %s:5060;rport;branch=z9hG4bK-%c-%08x-%llu\r\n",
			  method, (int)(p - contact - 1), contact + 1, c->tcp ? "TCP" : "UDP", c->from,
			  method[0], c->run, (unsigned long long)call);
	for (i = routes - 1; i >= 0; i--)
		length += snprintf(out + length, sizeof(out) - (size_t)length, "Route: %.*s\r\n",
				   (int)lengths[i], values[i]);
	length += snprintf(out + length, sizeof(out) - (size_t)length,
			   "Max-Forwards: 70\r\nTo: %.*s\r\n"
			   "From: \"Caller One\" <sip:caller@%s:5060>;tag=%08x%llu\r\n"
			   "Call-ID: %08x-%llu@%s\r\nCSeq: %d %s\r\nContent-Length: 0\r\n\r\n",
			   (int)to_n, to, c->from, c->run, (unsigned long long)call, c->run,
			   (unsigned long long)call, c->from, cseq, method);
	wire_send(c->wire, peer, out, (size_t)length);
	if (!c->tcp && cseq == 2)
		c->bye[call] = strdup(out);
}

static void take(void *context, const struct wire_peer *from, const char *text, size_t n)
{
	struct caller *c = context;
	const char *id, *cseq, *end = text + n;
	unsigned long long call;
	size_t length;
	unsigned run;
	int status;

	if (n < 12 || memcmp(text, "SIP/2.0 ", 8) != 0)
		return;
	status = atoi(text + 8);
	id = calls_header(text, end, "Call-ID", &length);
	cseq = calls_header(text, end, "CSeq", &length);
	if (status < 200 || !id || !cseq || sscanf(id, "%8x-%llu@", &run, &call) != 2 || run != c->run ||
	    call >= c->placed)
		return;
	if (status >= 300) {
		c->refused += c->state[call] != ENDED;
		hang_up(c, call);
		return;
	}
	if (cseq[0] == '1' && c->state[call] == INVITED) {
		histogram_add(&c->answered_ns, wire_now_ns() - c->sent_ns[call]);
		in_dialog(c, call, c->tcp ? from : &c->peers[call % c->n_peers], text, end, "ACK", 1);
		in_dialog(c, call, c->tcp ? from : &c->peers[call % c->n_peers], text, end, "BYE", 2);
		c->state[call] = ENDING;
	} else if (cseq[0] == '2' && c->state[call] == ENDING) {
		hang_up(c, call);
		c->ended++;
	}
}

static void place_all(struct caller *c, unsigned rate)
{
	uint64_t start = wire_now_ns(), now = start, due, ticks = 0, last = 0;

	while (c->placed < c->total || (c->ended + c->refused < c->total && now - last < LINGER_NS)) {
		now = wire_now_ns();
		due = (now - start) / TICK_NS * rate / 1000;
		due = due < c->total ? due : c->total;
		while (c->placed < due)
			invite(c);
		send_again(c, now);
		wire_flush(c->wire);
		if (c->placed < c->total)
			last = now;
		ticks = (now - start) / TICK_NS + 1;
		wire_turn(c->wire, (int64_t)(start + ticks * TICK_NS - now), take, c);
		now = wire_now_ns();
	}
}

static void free_all(struct caller *c)
{
	uint64_t call;

	for (call = 0; call < c->total; call++)
		free(c->bye[call]); /* of those that failed */
	free(c->bye);
	free(c->peers);
	free(c->sent_ns);
	free(c->state);
	wire_close(c->wire);
}

/* Prints one line: placed, ended well, refused, sent again, and INVITE to 200 at 50, 99, 99.9 % in
 * microseconds. */
int calls_place(const char *from, bool tcp, const char *to, const char *dn, unsigned rate, unsigned seconds,
		unsigned connections)
{
	struct caller c = {.from = from,
			   .to = to,
			   .dn = dn,
			   .tcp = tcp,
			   .n_peers = tcp ? connections : 1,
			   .total = (uint64_t)rate * seconds};
	struct timespec now;
	unsigned i;

	clock_gettime(CLOCK_REALTIME, &now);
	c.run = (uint32_t)now.tv_sec << 10 ^ (uint32_t)now.tv_nsec;
	c.state = calloc(c.total, sizeof(c.state[0]));
	c.sent_ns = calloc(c.total, sizeof(c.sent_ns[0]));
	c.peers = calloc(c.n_peers, sizeof(c.peers[0]));
	c.bye = calloc(c.total, sizeof(c.bye[0]));
	if (!c.state || !c.sent_ns || !c.peers || !c.bye)
		wire_die("memory");
	c.wire = wire_open(from, tcp);
	for (i = 0; i < c.n_peers; i++)
		c.peers[i] = wire_reach(c.wire, to);
	place_all(&c, rate);
	printf("%llu %llu %llu %llu %.1f %.1f %.1f\n", (unsigned long long)c.placed,
	       (unsigned long long)c.ended, (unsigned long long)c.refused, (unsigned long long)c.again,
	       (double)histogram_at(&c.answered_ns, 0.5) / 1e3,
	       (double)histogram_at(&c.answered_ns, 0.99) / 1e3,
	       (double)histogram_at(&c.answered_ns, 0.999) / 1e3);
	free_all(&c);
	return c.ended == c.total ? 0 : 1;
}

// SPDX-License-Identifier: GPL-2.0-only
/*
 * A media server of the lab: answers INVITE with 180 and 200, BYE, OPTIONS and
 * everything else with 200, and counts what it saw in a file of one
 * "name=value ..." line, which the tests read.
 *
 * Invariants: a call is a Call-ID; it is counted once however often its INVITE
 * arrives; its 200 is repeated until the ACK (RFC 3261 13.3.1.4), so a lost
 * datagram costs no call. One thread, one poll loop.
 *
 * --full USER,SECONDS: what is not of a call and for that user gets a 503 with
 * Retry-After.
 *
 *   SIGUSR1  silent from now on: reads and counts, answers nothing; again: speaks.
 *            Calls that it has ignored once it goes on ignoring
 *   SIGUSR2  dies like a crash, at the first moment when no call is open here:
 *            no established call is lost, for those nobody could save
 *   SIGTERM  writes the counters and ends
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include "message.h"

#define LISTENERS_MAX 4
#define BUCKETS 65536
#define BATCH 64
#define DATAGRAM_MAX 65536
#define LINGER_MS 40000 /* a finished call answers retransmissions that long: more than 64*T1 */
#define T1_MS 500
#define T2_MS 4000

enum call_state { RINGING, ANSWERED, REFUSED, CONFIRMED, ENDED };

struct call {
	struct call *chain;	  /* same bucket */
	struct call *next, *prev; /* in server.waiting or, when ended, server.ended */
	char *invite;		  /* its last INVITE, until the ACK */
	size_t invite_n;
	char *id;
	size_t id_n;
	struct sockaddr_storage peer;
	int fd;
	const char *host;
	enum call_state state;
	uint32_t cseq;
	int status;	 /* final, once there is one */
	uint64_t due_ms; /* next retransmission, the answer of a ringing call, or the end of an ended one */
	uint32_t interval_ms;
	uint64_t give_up_ms;
};

struct list {
	struct call *first, *last;
};

static struct server {
	int fd[LISTENERS_MAX];
	char host[LISTENERS_MAX][64];
	size_t n_listeners;
	struct call *bucket[BUCKETS];
	struct list waiting, ended;
	uint64_t answer_ms;    /* from 180 to 200 */
	const char *busy_user; /* 486 */
	const char *ring_user; /* rings until CANCEL */
	const char *full_user; /* 503 with that Retry-After */
	const char *full_s;
	const char *own_users; /* a call whose user does not begin so was misrouted */
	const char *dump;      /* file that gets the last INVITE as it came in */
	int counters;
	bool changed;
	uint64_t messages, invites, calls, finished, acks, byes, cancels, options, other, misrouted, unknown, failed;
	uint64_t unanswered, ignored; /* while silent: messages, and calls among them that were new */
	uint64_t last_call_ms;	      /* when the last new call came, answered or ignored */
} server;

static volatile sig_atomic_t silent, stop, stop_when_idle;

static void on_signal(int number)
{
	if (number == SIGUSR1)
		silent = !silent;
	else if (number == SIGUSR2)
		stop_when_idle = 1;
	else
		stop = 1;
}

static uint64_t clock_ms(clockid_t id)
{
	struct timespec now;

	clock_gettime(id, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static void list_add(struct list *l, struct call *c)
{
	c->next = NULL;
	c->prev = l->last;
	if (l->last)
		l->last->next = c;
	else
		l->first = c;
	l->last = c;
}

static void list_remove(struct list *l, struct call *c)
{
	if (c->prev)
		c->prev->next = c->next;
	else
		l->first = c->next;
	if (c->next)
		c->next->prev = c->prev;
	else
		l->last = c->prev;
}

static struct call **bucket_of(struct text id)
{
	uint64_t hash = 0xcbf29ce484222325ull; /* FNV-1a: the peers are our own sipp */

	for (size_t i = 0; i < id.n; i++)
		hash = (hash ^ (uint8_t)id.p[i]) * 0x100000001b3ull;
	return &server.bucket[(hash >> 24) % BUCKETS];
}

static struct call *call_find(struct text id)
{
	struct call *c = *bucket_of(id);

	while (c && !(c->id_n == id.n && !memcmp(c->id, id.p, id.n)))
		c = c->chain;
	return c;
}

static void call_free(struct call *c)
{
	struct call **at = bucket_of((struct text){ c->id, c->id_n });

	while (*at != c)
		at = &(*at)->chain;
	*at = c->chain;
	free(c->invite);
	free(c->id);
	free(c);
}

static void answer(int fd, const char *host, const struct sockaddr_storage *from, struct text msg, int status,
		   const char *reason)
{
	bool invite = text_is(message_method(msg), "INVITE");
	struct answer a = { status, reason, status > 100 ? "lab" : NULL, host, invite && status == 200,
			    status == 503 ? server.full_s : NULL };
	struct sockaddr_storage peer = *from;
	socklen_t size = peer.ss_family == AF_INET ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6);
	static char out[DATAGRAM_MAX];
	size_t n = message_answer(msg, &a, out, sizeof(out));

	message_response_port(msg, &peer);
	if (!n || sendto(fd, out, n, 0, (struct sockaddr *)&peer, size) < 0)
		server.failed++;
}

static void call_answer(const struct call *c)
{
	const char *reason = c->status == 200 ? "OK" : c->status == 486 ? "Busy Here" : "Request Terminated";
	struct text invite = { c->invite, c->invite_n };

	if (c->state == RINGING)
		answer(c->fd, c->host, &c->peer, invite, 180, "Ringing");
	else if (c->invite)
		answer(c->fd, c->host, &c->peer, invite, c->status, reason);
}

/* Gives the INVITE its final response, and repeats it until the ACK. */
static void call_final(struct call *c, int status, uint64_t now)
{
	c->status = status;
	c->state = status == 200 ? ANSWERED : REFUSED;
	c->interval_ms = T1_MS;
	c->due_ms = now + c->interval_ms;
	c->give_up_ms = now + 64 * T1_MS;
	call_answer(c);
}

static void call_end(struct call *c, uint64_t now)
{
	if (c->state == ENDED)
		return;
	if (c->state != CONFIRMED)
		list_remove(&server.waiting, c);
	c->state = ENDED;
	c->due_ms = now + LINGER_MS;
	free(c->invite);
	c->invite = NULL;
	list_add(&server.ended, c);
	server.finished++;
}

static struct call *call_new(struct text id, struct text user)
{
	struct call *c = calloc(1, sizeof(*c));
	struct call **at = bucket_of(id);

	if (!c || !(c->id = malloc(id.n))) {
		free(c);
		return NULL;
	}
	memcpy(c->id, id.p, id.n);
	c->id_n = id.n;
	c->chain = *at;
	*at = c;
	server.last_call_ms = clock_ms(CLOCK_REALTIME);
	if (server.own_users && !text_begins(user, server.own_users))
		server.misrouted++;
	return c;
}

static void dump(struct text msg)
{
	int fd = open(server.dump, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	if (fd < 0 || write(fd, msg.p, msg.n) < 0)
		server.failed++;
	if (fd >= 0)
		close(fd);
}

static bool is_user(struct text user, const char *word)
{
	return word && text_is(user, word);
}

static void on_invite(size_t listener, const struct sockaddr_storage *from, struct text msg, uint64_t now)
{
	struct text id = message_header(msg, "Call-ID", 'i', 0), user = message_user(msg);
	uint32_t cseq = message_cseq(msg);
	struct call *c = call_find(id);
	char *copy;

	server.invites++;
	if (server.dump)
		dump(msg);
	if (c && c->cseq == cseq) { /* a retransmission */
		if (c->state != CONFIRMED && c->state != ENDED)
			call_answer(c);
		return;
	}
	copy = malloc(msg.n);
	if (!copy || (!c && !(c = call_new(id, user)))) {
		free(copy);
		server.failed++;
		return;
	}
	if (c->state == ENDED) {
		list_remove(&server.ended, c);
		server.finished--;
	}
	server.calls += !c->cseq;
	if (!c->cseq || c->state == CONFIRMED || c->state == ENDED)
		list_add(&server.waiting, c);
	free(c->invite);
	memcpy(copy, msg.p, msg.n);
	c->invite = copy;
	c->invite_n = msg.n;
	c->cseq = cseq;
	c->fd = server.fd[listener];
	c->host = server.host[listener];
	c->peer = *from;
	c->state = RINGING;
	c->due_ms = is_user(user, server.ring_user) ? UINT64_MAX : now + server.answer_ms;
	if (is_user(user, server.busy_user)) {
		call_final(c, 486, now);
		return;
	}
	call_answer(c);
	if (!server.answer_ms && c->due_ms != UINT64_MAX)
		call_final(c, 200, now);
}

static void on_ack(struct call *c, uint64_t now)
{
	server.acks++;
	if (!c || c->state == CONFIRMED || c->state == ENDED || c->state == RINGING)
		return;
	if (c->state == REFUSED) {
		call_end(c, now);
		return;
	}
	list_remove(&server.waiting, c);
	c->state = CONFIRMED;
	free(c->invite);
	c->invite = NULL;
}

static void on_request(size_t listener, const struct sockaddr_storage *from, struct text msg, uint64_t now)
{
	struct text method = message_method(msg);
	struct call *c = call_find(message_header(msg, "Call-ID", 'i', 0));
	int status = 200;

	if (text_is(method, "INVITE")) {
		on_invite(listener, from, msg, now);
		return;
	}
	if (text_is(method, "ACK")) {
		on_ack(c, now);
		return;
	}
	if (text_is(method, "OPTIONS")) {
		server.options++;
	} else if (text_is(method, "BYE") || text_is(method, "CANCEL")) {
		(*(text_is(method, "BYE") ? &server.byes : &server.cancels))++;
		status = c ? 200 : 481;
		server.unknown += !c;
	} else {
		server.other++;
		status = is_user(message_user(msg), server.full_user) ? 503 : 200;
	}
	answer(server.fd[listener], server.host[listener], from, msg, status,
	       status == 200   ? "OK"
	       : status == 503 ? "Service Unavailable"
			       : "Call/Transaction Does Not Exist");
	if (c && text_is(method, "BYE"))
		call_end(c, now);
	else if (c && text_is(method, "CANCEL") && c->state == RINGING)
		call_final(c, 487, now);
}

static void on_ignored(struct text msg, uint64_t now)
{
	struct text id = message_header(msg, "Call-ID", 'i', 0);
	struct call *c;

	server.unanswered++;
	if (!text_is(message_method(msg), "INVITE") || call_find(id) || !(c = call_new(id, message_user(msg))))
		return;
	server.ignored++;
	c->cseq = message_cseq(msg);
	c->state = ENDED;
	c->due_ms = now + LINGER_MS;
	list_add(&server.ended, c);
}

static void on_readable(size_t listener, uint64_t now)
{
	static char buffer[BATCH][DATAGRAM_MAX];
	static struct sockaddr_storage from[BATCH];
	static struct mmsghdr batch[BATCH];
	static struct iovec iov[BATCH];
	int n;

	for (int i = 0; i < BATCH; i++) {
		iov[i] = (struct iovec){ buffer[i], DATAGRAM_MAX };
		batch[i].msg_hdr = (struct msghdr){ .msg_name = &from[i],
						    .msg_namelen = sizeof(from[i]),
						    .msg_iov = &iov[i],
						    .msg_iovlen = 1 };
	}
	n = recvmmsg(server.fd[listener], batch, BATCH, MSG_DONTWAIT, NULL);
	for (int i = 0; i < n; i++) {
		struct text msg = { buffer[i], batch[i].msg_len };

		server.messages++;
		server.changed = true;
		if (silent)
			on_ignored(msg, now);
		else if (message_method(msg).n)
			on_request(listener, &from[i], msg, now);
	}
}

/* Answers what has rung long enough, repeats what got no ACK, forgets what ended. */
static void on_tick(uint64_t now)
{
	struct call *c, *next;

	for (c = silent ? NULL : server.waiting.first; c; c = next) {
		next = c->next;
		if (c->due_ms > now)
			continue;
		server.changed = true;
		if (c->state == RINGING) {
			call_final(c, 200, now);
		} else if (now >= c->give_up_ms) {
			call_end(c, now);
		} else {
			call_answer(c);
			c->interval_ms = c->interval_ms * 2 > T2_MS ? T2_MS : c->interval_ms * 2;
			c->due_ms = now + c->interval_ms;
		}
	}
	while ((c = server.ended.first) && c->due_ms <= now) {
		list_remove(&server.ended, c);
		call_free(c);
	}
}

/* Padded to one length, so that a reader never sees the rest of a longer line. */
static void write_counters(void)
{
	char line[512];
	int n = snprintf(line, sizeof(line) - 1,
			 "messages=%lu invites=%lu calls=%lu finished=%lu open=%lu acks=%lu byes=%lu cancels=%lu "
			 "options=%lu other=%lu misrouted=%lu unknown=%lu failed=%lu unanswered=%lu ignored=%lu last_call_ms=%lu",
			 server.messages, server.invites, server.calls, server.finished,
			 server.calls - server.finished, server.acks, server.byes, server.cancels, server.options,
			 server.other, server.misrouted, server.unknown, server.failed, server.unanswered,
			 server.ignored, server.last_call_ms);

	memset(line + n, ' ', sizeof(line) - 1 - (size_t)n);
	line[sizeof(line) - 1] = '\n';
	if (server.counters >= 0 && pwrite(server.counters, line, sizeof(line), 0) < 0)
		perror("counters");
	server.changed = false;
}

/* "10.2.1.2" or "fd00:2:1::2", port 5060 */
static int listen_on(const char *address)
{
	struct sockaddr_in v4 = { .sin_family = AF_INET, .sin_port = htons(5060) };
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6, .sin6_port = htons(5060) };
	bool is_v4 = inet_pton(AF_INET, address, &v4.sin_addr) == 1;
	int size = 16 << 20, one = 1, fd = socket(is_v4 ? AF_INET : AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (server.n_listeners == LISTENERS_MAX || (!is_v4 && inet_pton(AF_INET6, address, &v6.sin6_addr) != 1) || fd < 0)
		return -EINVAL;
	setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size));
	if (!is_v4)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof(one));
	if (bind(fd, is_v4 ? (struct sockaddr *)&v4 : (struct sockaddr *)&v6, is_v4 ? sizeof(v4) : sizeof(v6)) < 0)
		return -errno;
	snprintf(server.host[server.n_listeners], sizeof(server.host[0]), is_v4 ? "%s:5060" : "[%s]:5060", address);
	server.fd[server.n_listeners++] = fd;
	return 0;
}

static void run(void)
{
	struct pollfd fds[LISTENERS_MAX];
	uint64_t written = 0;

	while (!stop && !(stop_when_idle && server.calls == server.finished)) {
		uint64_t now;

		for (size_t i = 0; i < server.n_listeners; i++)
			fds[i] = (struct pollfd){ .fd = server.fd[i], .events = POLLIN };
		poll(fds, server.n_listeners, 10);
		now = clock_ms(CLOCK_MONOTONIC);
		for (size_t i = 0; i < server.n_listeners; i++)
			if (fds[i].revents & POLLIN)
				on_readable(i, now);
		if (now - written < 10)
			continue;
		on_tick(now);
		if (server.changed)
			write_counters();
		written = now;
	}
	write_counters();
}

static int usage(void)
{
	fputs("cxsip-uas [--answer-ms N] [--busy USER] [--ring USER] [--full USER,SECONDS] [--own USERS] [--counters FILE] [--dump FILE]"
	      " ADDRESS...\n",
	      stderr);
	return 2;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "answer-ms", required_argument, NULL, 'a' }, { "busy", required_argument, NULL, 'b' },
		{ "ring", required_argument, NULL, 'r' },      { "own", required_argument, NULL, 'o' },
		{ "full", required_argument, NULL, 'f' },
		{ "counters", required_argument, NULL, 'c' },  { "dump", required_argument, NULL, 'd' },
		{ 0 },
	};
	struct sigaction action = { .sa_handler = on_signal };
	int option;

	server.counters = -1;
	while ((option = getopt_long(argc, argv, "", options, NULL)) >= 0) {
		switch (option) {
		case 'a':
			server.answer_ms = strtoull(optarg, NULL, 10);
			break;
		case 'b':
			server.busy_user = optarg;
			break;
		case 'r':
			server.ring_user = optarg;
			break;
		case 'f':
			server.full_user = optarg;
			server.full_s = strchr(optarg, ',');
			if (!server.full_s)
				return usage();
			*strchr(optarg, ',') = '\0';
			server.full_s++;
			break;
		case 'o':
			server.own_users = optarg;
			break;
		case 'c':
			server.counters = open(optarg, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
			break;
		case 'd':
			server.dump = optarg;
			break;
		default:
			return usage();
		}
	}
	if (optind == argc)
		return usage();
	for (; optind < argc; optind++) {
		int err = listen_on(argv[optind]);

		if (err < 0) {
			fprintf(stderr, "cxsip-uas: %s: %s\n", argv[optind], strerror(-err));
			return 1;
		}
	}
	sigaction(SIGUSR1, &action, NULL);
	sigaction(SIGUSR2, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGINT, &action, NULL);
	write_counters();
	run();
	return 0;
}

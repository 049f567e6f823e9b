/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The two ends of the comparison with other proxies: one that sends INVITEs at
 * an even rate, each a call of its own, and one that swallows them.
 *
 *   load send --rate N --seconds N --from ADDRESS ADDRESS...   in turns to each, port 5060
 *   load sink --counter FILE ADDRESS...
 *
 * The sink answers OPTIONS with 200, as probes want it, and counts INVITEs in
 * the first eight bytes of FILE, which is mapped: whoever reads it disturbs
 * nobody. Both use few system calls for many messages: they are part of the
 * machine's load in every comparison.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define SIP_PORT 5060
#define SOCKETS_MAX 8
#define BATCH 64
#define MESSAGE_MAX 2048
#define TICK_NS 1000000L
#define DNS 10 /* 9001 to 9010 */

static void die(const char *what)
{
	fprintf(stderr, "load: %s: %s\n", what, strerror(errno));
	exit(1);
}

static socklen_t address_of(const char *text, struct sockaddr_storage *out)
{
	struct sockaddr_in *v4 = (void *)out;
	struct sockaddr_in6 *v6 = (void *)out;

	memset(out, 0, sizeof(*out));
	if (inet_pton(AF_INET, text, &v4->sin_addr) == 1) {
		v4->sin_family = AF_INET;
		v4->sin_port = htons(SIP_PORT);
		return sizeof(*v4);
	}
	if (inet_pton(AF_INET6, text, &v6->sin6_addr) == 1) {
		v6->sin6_family = AF_INET6;
		v6->sin6_port = htons(SIP_PORT);
		return sizeof(*v6);
	}
	errno = EINVAL;
	die(text);
	return 0;
}

static int bound_socket(const char *address)
{
	int size = 64 << 20, fd;
	struct sockaddr_storage own;
	socklen_t n = address_of(address, &own);

	fd = socket(own.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		die("socket");
	setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size));
	setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof(size));
	if (bind(fd, (struct sockaddr *)&own, n))
		die(address);
	return fd;
}

/* ---- send --------------------------------------------------------------------- */

struct sender {
	int fd;
	const char *from;
	size_t n_to;
	const char *to_text[SOCKETS_MAX];
	struct sockaddr_storage to[SOCKETS_MAX];
	socklen_t to_len[SOCKETS_MAX];
	uint64_t sent;
	uint32_t run; /* keeps the calls of one run apart from those of others */
};

static size_t write_invite(const struct sender *s, const char *to, char *message)
{
	static const char sdp[] =
	    "v=0\r\no=- 3724394400 3724394400 IN IP4 192.0.2.2\r\ns=call\r\nc=IN IP4 192.0.2.2\r\n"
	    "t=0 0\r\nm=audio 40000 RTP/AVP 0 8 101\r\na=rtpmap:0 PCMU/8000\r\n"
	    "a=rtpmap:8 PCMA/8000\r\na=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-16\r\n"
	    "a=sendrecv\r\n";
	unsigned dn = 9001 + (unsigned)(s->sent / s->n_to % DNS);
	unsigned long long call = s->sent;

	return (size_t)snprintf(
	    message, MESSAGE_MAX,
	    "INVITE sip:%u@%s:5060 SIP/2.0\r\n"
	    "Via: SIP/2.0/UDP %s:5060;rport;branch=z9hG4bK-%08x-%010llu-a3f8b9c2\r\n"
	    "Max-Forwards: 70\r\n"
	    "Contact: <sip:caller@%s:5060;transport=UDP>\r\n"
	    "To: <sip:%u@%s:5060>\r\n"
	    "From: \"Caller One\" <sip:caller@%s:5060>;tag=%08x%06llu\r\n"
	    "Call-ID: %08x%010llu4a5968778695a4@%s\r\n"
	    "CSeq: 1 INVITE\r\n"
	    "Allow: INVITE, ACK, CANCEL, OPTIONS, BYE, REFER, NOTIFY, MESSAGE, SUBSCRIBE, INFO, UPDATE\r\n"
	    "Supported: 100rel, timer, replaces, norefersub\r\n"
	    "User-Agent: SomePhone 5.4.3 rev 2.1\r\n"
	    "Session-Expires: 1800\r\n"
	    "Min-SE: 90\r\n"
	    "Content-Type: application/sdp\r\n"
	    "Content-Length: %zu\r\n"
	    "\r\n%s",
	    dn, to, s->from, s->run, call, s->from, dn, to, s->from, s->run, call, s->run, call, s->from,
	    sizeof(sdp) - 1, sdp);
}

static void send_batch(struct sender *s, unsigned n)
{
	static char text[BATCH][MESSAGE_MAX];
	struct mmsghdr messages[BATCH] = {0};
	struct iovec parts[BATCH];
	unsigned i;
	int done;

	for (i = 0; i < n; i++) {
		size_t k = s->sent % s->n_to;

		parts[i] = (struct iovec){text[i], write_invite(s, s->to_text[k], text[i])};
		messages[i].msg_hdr = (struct msghdr){.msg_name = &s->to[k],
						      .msg_namelen = s->to_len[k],
						      .msg_iov = &parts[i],
						      .msg_iovlen = 1};
		s->sent++;
	}
	for (i = 0; i < n; i += (unsigned)done) {
		done = sendmmsg(s->fd, messages + i, n - i, 0);
		if (done < 0 && errno != ECONNREFUSED)
			die("send");
		if (done < 0)
			done = 0; /* an ICMP error of an earlier one: once more */
	}
}

static int run_sender(struct sender *s, unsigned rate, unsigned seconds)
{
	uint64_t total = (uint64_t)rate * seconds, ticks = 0, due;
	struct timespec next;

	clock_gettime(CLOCK_REALTIME, &next);
	s->run = (uint32_t)next.tv_sec << 10 ^ (uint32_t)next.tv_nsec;
	clock_gettime(CLOCK_MONOTONIC, &next);
	while (s->sent < total) {
		due = ++ticks * rate / 1000;
		due = due < total ? due : total;
		while (s->sent < due)
			send_batch(s, due - s->sent < BATCH ? (unsigned)(due - s->sent) : BATCH);
		next.tv_nsec += TICK_NS;
		if (next.tv_nsec >= 1000000000L) {
			next.tv_nsec -= 1000000000L;
			next.tv_sec++;
		}
		clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &next, NULL);
	}
	printf("%llu\n", (unsigned long long)s->sent);
	return 0;
}

/* ---- sink --------------------------------------------------------------------- */

/* 200 to an OPTIONS: the lines that have to come back (RFC 3261 8.2.6.2). */
static size_t write_answer(const char *request, size_t n, char *answer)
{
	static const char *const kept[] = {"Via:", "From:", "To:", "Call-ID:", "CSeq:"};
	static const char start[] = "SIP/2.0 200 OK\r\n", end[] = "Content-Length: 0\r\n\r\n";
	size_t out = sizeof(start) - 1, i;
	const char *line = request, *next;

	memcpy(answer, start, out);
	for (; (next = memmem(line, n - (size_t)(line - request), "\r\n", 2)) && next > line; line = next + 2)
		for (i = 0; i < sizeof(kept) / sizeof(kept[0]); i++)
			if ((size_t)(next - line) > strlen(kept[i]) &&
			    !strncasecmp(line, kept[i], strlen(kept[i]))) {
				memcpy(answer + out, line, (size_t)(next + 2 - line));
				out += (size_t)(next + 2 - line);
			}
	memcpy(answer + out, end, sizeof(end) - 1);
	return out + sizeof(end) - 1;
}

static void receive(int fd, volatile uint64_t *count)
{
	static char text[BATCH][MESSAGE_MAX];
	static struct sockaddr_storage from[BATCH];
	struct mmsghdr messages[BATCH] = {0};
	struct iovec parts[BATCH];
	int i, n;

	for (i = 0; i < BATCH; i++) {
		parts[i] = (struct iovec){text[i], MESSAGE_MAX};
		messages[i].msg_hdr = (struct msghdr){.msg_name = &from[i],
						      .msg_namelen = sizeof(from[i]),
						      .msg_iov = &parts[i],
						      .msg_iovlen = 1};
	}
	n = recvmmsg(fd, messages, BATCH, MSG_DONTWAIT, NULL);
	for (i = 0; i < n; i++) {
		/* twice the room: each line is kept at most once */
		char answer[2 * MESSAGE_MAX];

		if (messages[i].msg_len > 7 && !memcmp(text[i], "INVITE ", 7))
			++*count;
		else if (messages[i].msg_len > 8 && !memcmp(text[i], "OPTIONS ", 8))
			sendto(fd, answer, write_answer(text[i], messages[i].msg_len, answer), 0,
			       (struct sockaddr *)&from[i], messages[i].msg_hdr.msg_namelen);
	}
}

static _Noreturn void run_sink(const char *counter, char **addresses, int n)
{
	struct pollfd fds[SOCKETS_MAX];
	volatile uint64_t *count;
	int file = open(counter, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644), i;

	for (i = 0; i < n; i++)
		fds[i] = (struct pollfd){.fd = bound_socket(addresses[i]), .events = POLLIN};
	if (file < 0 || ftruncate(file, sizeof(*count)))
		die(counter);
	count = mmap(NULL, sizeof(*count), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
	if (count == MAP_FAILED)
		die(counter);
	for (;;) {
		poll(fds, (nfds_t)n, -1);
		for (i = 0; i < n; i++)
			if (fds[i].revents)
				receive(fds[i].fd, count);
	}
}

static int usage(void)
{
	fputs("load send --rate N --seconds N --from ADDRESS ADDRESS...\n"
	      "load sink --counter FILE ADDRESS...\n",
	      stderr);
	return 2;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {{"rate", required_argument, NULL, 'r'},
						{"seconds", required_argument, NULL, 's'},
						{"from", required_argument, NULL, 'f'},
						{"counter", required_argument, NULL, 'c'},
						{0}};
	unsigned rate = 0, seconds = 0;
	const char *counter = NULL;
	struct sender s = {0};
	int option, i, n;
	bool sends;

	if (argc < 2)
		return usage();
	sends = !strcmp(argv[1], "send");
	argc--;
	argv++;
	while ((option = getopt_long(argc, argv, "", options, NULL)) >= 0) {
		switch (option) {
		case 'r':
			rate = (unsigned)strtoul(optarg, NULL, 10);
			break;
		case 's':
			seconds = (unsigned)strtoul(optarg, NULL, 10);
			break;
		case 'f':
			s.from = optarg;
			break;
		case 'c':
			counter = optarg;
			break;
		default:
			return usage();
		}
	}
	n = argc - optind;
	if (n < 1 || n > SOCKETS_MAX || (sends ? !rate || !seconds || !s.from : !counter))
		return usage();
	if (!sends)
		run_sink(counter, argv + optind, n);
	s.fd = bound_socket(s.from);
	for (i = 0; i < n; i++) {
		s.to_text[i] = argv[optind + i];
		s.to_len[i] = address_of(argv[optind + i], &s.to[i]);
	}
	s.n_to = (size_t)n;
	return run_sender(&s, rate, seconds);
}

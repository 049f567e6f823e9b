// SPDX-License-Identifier: GPL-2.0-only
/*
 * A crowd of TCP clients that no decent user agent would be, until the last one is closed:
 *
 *   cxsip-crowd MANNER N ADDRESS PORT [< message]
 *
 *   silent   connects and says nothing
 *   slow     the message, a byte at a time, each 20 ms
 *   deaf     the message again and again, and reads no answer
 *   noise    bytes that are no SIP
 *   storm    keep-alives without an end, reading what is answered
 *
 * A connection that is closed or refused is not opened again. "ready" on stdout when all were
 * tried, "alone" when the last one is closed.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#define CROWD_MAX 16384
#define MESSAGE_MAX 65536
#define TURN_MS 20
#define MESSAGES_A_TURN 50

enum manner { SILENT, SLOW, DEAF, NOISE, STORM, MANNERS };
static const char *const names[MANNERS] = {"silent", "slow", "deaf", "noise", "storm"};

static struct {
	int fd;
	size_t at; /* in the message */
} crowd[CROWD_MAX];
static char message[MESSAGE_MAX];
static size_t message_n;

static void say(const char *what)
{
	puts(what);
	fflush(stdout);
}

/* Line ends become CRLF. */
static void read_message(void)
{
	int c;

	while (message_n + 2 < sizeof(message) && (c = getchar()) != EOF) {
		if (c == '\n')
			message[message_n++] = '\r';
		message[message_n++] = (char)c;
	}
}

static void make_noise(void)
{
	message_n = 4096;
	for (size_t i = 0; i < message_n; i++)
		message[i] = (char)(random() & 0xff);
}

static int connect_one(const struct addrinfo *to)
{
	int fd = socket(to->ai_family, SOCK_STREAM, 0);

	if (fd < 0 || connect(fd, to->ai_addr, to->ai_addrlen)) {
		if (fd >= 0)
			close(fd);
		return -1;
	}
	fcntl(fd, F_SETFL, O_NONBLOCK);
	return fd;
}

/* False: it is over. */
static int writes(int i, size_t n)
{
	ssize_t sent = send(crowd[i].fd, message + crowd[i].at, n, MSG_NOSIGNAL);

	if (sent < 0)
		return errno == EAGAIN;
	crowd[i].at = (crowd[i].at + (size_t)sent) % message_n;
	return 1;
}

static int reads(int i, int flags)
{
	char answer[4096];
	ssize_t n = recv(crowd[i].fd, answer, sizeof(answer), flags);

	return n > 0 || (n < 0 && errno == EAGAIN);
}

static int turn(int i, enum manner manner)
{
	switch (manner) {
	case SILENT:
		return reads(i, 0);
	case SLOW:
		return writes(i, 1) && reads(i, 0);
	case STORM:
		return writes(i, message_n) && reads(i, 0);
	default: /* what waits to be read stays where it is */
		for (int times = 0; times < MESSAGES_A_TURN; times++)
			if (!writes(i, message_n - crowd[i].at))
				return 0;
		return 1;
	}
}

static int turns(int n, enum manner manner)
{
	int open = 0;

	for (int i = 0; i < n; i++) {
		if (crowd[i].fd < 0)
			continue;
		if (turn(i, manner)) {
			open++;
			continue;
		}
		close(crowd[i].fd);
		crowd[i].fd = -1;
	}
	return open;
}

int main(int argc, char **argv)
{
	struct addrinfo hints = {.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV, .ai_socktype = SOCK_STREAM},
			*to;
	struct rlimit files = {CROWD_MAX + 64, CROWD_MAX + 64};
	enum manner manner = SILENT;
	int n = argc == 5 ? atoi(argv[2]) : 0;

	while (n && manner < MANNERS && strcmp(argv[1], names[manner]))
		manner++;
	if (n < 1 || n > CROWD_MAX || manner == MANNERS || getaddrinfo(argv[3], argv[4], &hints, &to)) {
		fprintf(stderr, "usage: cxsip-crowd MANNER N ADDRESS PORT\n");
		return 2;
	}
	setrlimit(RLIMIT_NOFILE, &files);
	if (manner == SLOW || manner == DEAF)
		read_message();
	else if (manner == NOISE)
		make_noise();
	else
		for (message_n = 0; message_n < MESSAGE_MAX; message_n++)
			message[message_n] = "\r\n"[message_n & 1];
	for (int i = 0; i < n; i++)
		crowd[i].fd = connect_one(to);
	say("ready");
	while (turns(n, manner))
		poll(NULL, 0, TURN_MS);
	say("alone");
	return 0;
}

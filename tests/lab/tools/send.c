// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sends one message, a datagram as a rule, and prints what comes back: for messages that no decent
 * user agent would send.
 *
 *   cxsip-send [-s ADDRESS[,PORT]] [-t TIMEOUT_MS] [-r] [-T] ADDRESS PORT < message
 *
 * -T: by TCP, and ends its side behind the message; prints what comes until the
 * other side has ended its own, too. Unless -r (raw): line ends become CRLF and @LENGTH@ becomes the length of the
 * body. Exit code: 0 an answer came, 1 none came within the time, 2 wrong usage.
 */
#define _GNU_SOURCE
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define MESSAGE_MAX 65000

static size_t with_crlf(const char *in, size_t n, char *out, size_t max)
{
	size_t m = 0;

	for (size_t i = 0; i < n && m + 2 < max; i++) {
		if (in[i] == '\n' && (!i || in[i - 1] != '\r'))
			out[m++] = '\r';
		out[m++] = in[i];
	}
	return m;
}

static size_t with_length(char *msg, size_t n, size_t max)
{
	static const char word[] = "@LENGTH@";
	char *at = memmem(msg, n, word, sizeof(word) - 1), *body = memmem(msg, n, "\r\n\r\n", 4), digits[16];
	size_t tail, width;

	if (!at || !body || at > body)
		return n;
	width = (size_t)snprintf(digits, sizeof(digits), "%zu", n - (size_t)(body + 4 - msg));
	tail = n - (size_t)(at + sizeof(word) - 1 - msg);
	if (n + width > max)
		return n;
	memmove(at + width, at + sizeof(word) - 1, tail);
	memcpy(at, digits, width);
	return n - (sizeof(word) - 1) + width;
}

static int resolve(const char *address, const char *port, struct addrinfo **out)
{
	struct addrinfo hints = { .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV, .ai_socktype = SOCK_DGRAM };

	return getaddrinfo(address, port, &hints, out);
}

static int open_socket(char *source, const struct addrinfo *to, int type)
{
	int fd = socket(to->ai_family, type, 0), none = IP_PMTUDISC_DONT, size = 4 << 20;
	struct addrinfo *from = NULL;
	char *port;

	/* Let what is longer than the MTU leave in fragments, as old SIP devices do. */
	if (to->ai_family == AF_INET)
		setsockopt(fd, IPPROTO_IP, IP_MTU_DISCOVER, &none, sizeof(none));
	else
		setsockopt(fd, IPPROTO_IPV6, IPV6_MTU_DISCOVER, &none, sizeof(none));
	setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size));
	if (!source)
		return fd;
	port = strchr(source, ',');
	if (port)
		*port++ = '\0';
	if (resolve(source, port ? port : "0", &from) || bind(fd, from->ai_addr, from->ai_addrlen) < 0) {
		perror("cxsip-send: bind");
		exit(2);
	}
	freeaddrinfo(from);
	return fd;
}

/* True: something came, and by TCP its end as well. */
static bool print_answer(int fd, int type, int timeout_ms)
{
	static char in[MESSAGE_MAX];
	bool any = false;

	while (poll(&(struct pollfd){ .fd = fd, .events = POLLIN }, 1, timeout_ms) > 0) {
		ssize_t n = recv(fd, in, sizeof(in), 0);

		if (n <= 0)
			return !n && any;
		any = true;
		fwrite(in, 1, (size_t)n, stdout);
		if (type == SOCK_DGRAM)
			return true;
	}
	return false;
}

int main(int argc, char **argv)
{
	static char in[MESSAGE_MAX], out[MESSAGE_MAX];
	struct addrinfo *to = NULL;
	char *source = NULL;
	int timeout_ms = 1000, option, fd, type = SOCK_DGRAM;
	bool raw = false;
	size_t n;

	while ((option = getopt(argc, argv, "s:t:rT")) >= 0) {
		if (option == 's')
			source = optarg;
		else if (option == 't')
			timeout_ms = (int)strtol(optarg, NULL, 10);
		else if (option == 'r')
			raw = true;
		else if (option == 'T')
			type = SOCK_STREAM;
		else
			return 2;
	}
	if (argc - optind != 2 || resolve(argv[optind], argv[optind + 1], &to)) {
		fputs("usage: cxsip-send [-s ADDRESS[,PORT]] [-t TIMEOUT_MS] [-r] [-T] ADDRESS PORT < message\n", stderr);
		return 2;
	}
	n = fread(in, 1, sizeof(in), stdin);
	if (!raw) {
		n = with_crlf(in, n, out, sizeof(out));
		n = with_length(out, n, sizeof(out));
	}
	fd = open_socket(source, to, type);
	if ((type == SOCK_STREAM && connect(fd, to->ai_addr, to->ai_addrlen) < 0) ||
	    sendto(fd, raw ? in : out, n, 0, to->ai_addr, to->ai_addrlen) < 0) {
		perror("cxsip-send: send");
		return 2;
	}
	if (type == SOCK_STREAM)
		shutdown(fd, SHUT_WR);
	freeaddrinfo(to);
	return print_answer(fd, type, timeout_ms) ? 0 : 1;
}

// SPDX-License-Identifier: GPL-2.0-only
/*
 * Peers of the daemon that take nothing, for as long as the process lives:
 *
 *   cxsip-deaf --log PATH           a syslog socket that nobody reads
 *   cxsip-deaf --clients N PATH     clients of a control socket: one third says nothing, one third stops in
 *                                   the middle of a line, one third asks on and on and reads no answer
 *
 * "ready" on stdout when all of them are there. A client that the daemon drops is there again at the next turn.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define CLIENTS_MAX 256
#define TURN_MS 10
#define QUESTIONS_A_TURN 100

enum manner { SILENT, HALF_A_LINE, ASKING, MANNERS };

static void die(const char *what)
{
	fprintf(stderr, "cxsip-deaf: %s: %s\n", what, strerror(errno));
	exit(1);
}

static int open_socket(const char *path, int type, int (*how)(int, const struct sockaddr *, socklen_t))
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, type, 0);

	if (fd < 0)
		die("socket");
	snprintf(sun.sun_path, sizeof(sun.sun_path), "%s", path);
	if (how(fd, (struct sockaddr *)&sun, sizeof(sun)))
		die(path);
	return fd;
}

static void ready(void)
{
	puts("ready");
	fflush(stdout);
}

static void ask(int fd)
{
	static const char question[] = "{\"v\": 1, \"cmd\": \"elements\"}\n";

	for (int i = 0; i < QUESTIONS_A_TURN; i++) {
		if (send(fd, question, sizeof(question) - 1, MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
			return;
	}
}

static void run_clients(const char *path, int n)
{
	struct pollfd client[CLIENTS_MAX];

	for (int i = 0; i < n; i++)
		client[i] = (struct pollfd){ .fd = -1 };
	for (int turn = 0;; turn++) {
		for (int i = 0; i < n; i++) {
			if (client[i].revents & (POLLHUP | POLLERR)) {
				close(client[i].fd);
				client[i].fd = -1;
			}
			if (client[i].fd < 0) {
				client[i].fd = open_socket(path, SOCK_STREAM, connect);
				if (i % MANNERS == HALF_A_LINE)
					send(client[i].fd, "{\"v\": 1,", 8, MSG_DONTWAIT | MSG_NOSIGNAL);
			}
			if (i % MANNERS == ASKING)
				ask(client[i].fd);
		}
		if (!turn)
			ready();
		poll(client, (nfds_t)n, 0);
		poll(NULL, 0, TURN_MS);
	}
}

int main(int argc, char **argv)
{
	if (argc == 3 && !strcmp(argv[1], "--log")) {
		open_socket(argv[2], SOCK_DGRAM, bind);
		ready();
		for (;;)
			pause();
	}
	if (argc == 4 && !strcmp(argv[1], "--clients") && atoi(argv[2]) > 0 && atoi(argv[2]) <= CLIENTS_MAX)
		run_clients(argv[3], atoi(argv[2]));
	fputs("cxsip-deaf --log PATH | --clients N PATH\n", stderr);
	return 2;
}

// SPDX-License-Identifier: GPL-2.0-only
/* ask SOCKET < line: one line to the daemon's control socket, its answer to stdout. */
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	struct sockaddr_un to = {.sun_family = AF_UNIX};
	char text[65536];
	ssize_t n, total = 0;
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	if (argc != 2 || strlen(argv[1]) >= sizeof(to.sun_path))
		return 2;
	strcpy(to.sun_path, argv[1]);
	if (connect(fd, (struct sockaddr *)&to, sizeof(to)) < 0) {
		perror(argv[1]);
		return 1;
	}
	n = read(0, text, sizeof(text));
	if (n <= 0 || write(fd, text, (size_t)n) != n)
		return 1;
	while (total < (ssize_t)sizeof(text) &&
	       (n = read(fd, text + total, sizeof(text) - (size_t)total)) > 0) {
		total += n;
		if (text[total - 1] == '\n')
			break;
	}
	return fwrite(text, 1, (size_t)total, stdout) == (size_t)total ? 0 : 1;
}

/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Asks the daemon: one connection a question, one line each way. A daemon that
 * does not answer in time is reported, never waited for without end.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>
#include "control/control.h"
#include "cxctl/cxctl.h"
#include "cxctl/table.h"

#define TIMEOUT_MS 10000
#define RELOAD_TIMEOUT_MS 300000 /* a million routes take their time */
#define ANSWER_MAX (64 * 1024 * 1024)

static int connect_to(const char *path)
{
	struct sockaddr_un sun = {.sun_family = AF_UNIX};
	struct timeval timeout = {.tv_sec = TIMEOUT_MS / 1000};
	int fd, rc = 0;

	if (strlen(path) >= sizeof(sun.sun_path))
		return -ENAMETOOLONG;
	memcpy(sun.sun_path, path, strlen(path));
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	if (setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof(timeout)) ||
	    connect(fd, (struct sockaddr *)&sun, sizeof(sun)))
		rc = -errno;
	if (rc) {
		close(fd);
		return rc;
	}
	return fd;
}

static int send_line(int fd, const json_t *request)
{
	char *text = json_dumps(request, JSON_COMPACT);
	size_t n = text ? strlen(text) : 0, at = 0;
	int rc = text ? 0 : -ENOMEM;

	if (text)
		text[n] = '\n'; /* in place of the NUL: the line is sent by length */
	while (!rc && at <= n) {
		ssize_t sent = send(fd, text + at, n + 1 - at, MSG_NOSIGNAL);

		if (sent < 0 && errno != EINTR)
			rc = -errno;
		else if (sent > 0)
			at += (size_t)sent;
	}
	free(text);
	return rc;
}

static int64_t monotonic_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Waits for more of the answer and appends it. Bytes read, 0: closed, -errno. */
static ssize_t receive_some(int fd, char *text, size_t room, int64_t deadline)
{
	struct pollfd pfd = {.fd = fd, .events = POLLIN};
	int64_t left = deadline - monotonic_ms();
	ssize_t n;

	n = poll(&pfd, 1, left > 0 ? (int)left : 0);
	if (n == 0)
		return -ETIMEDOUT;
	if (n > 0)
		n = recv(fd, text, room, 0);
	return n < 0 ? -errno : n;
}

static int receive_line(int fd, int timeout_ms, char **line)
{
	int64_t deadline = monotonic_ms() + timeout_ms;
	size_t n = 0, size = 0;
	char *text = NULL, *more;
	ssize_t got;

	for (;;) {
		if (n + 1 >= size) {
			size = size ? 2 * size : 16384;
			more = size <= ANSWER_MAX ? realloc(text, size) : NULL;
			if (!more) {
				free(text);
				return -EMSGSIZE;
			}
			text = more;
		}
		got = receive_some(fd, text + n, size - n - 1, deadline);
		if (got == -EINTR)
			continue;
		if (got <= 0) {
			free(text);
			return got ? (int)got : -ECONNRESET;
		}
		n += (size_t)got;
		if (text[n - 1] == '\n')
			break;
	}
	text[n] = '\0';
	*line = text;
	return 0;
}

/* One question. 0 and *answer, the whole envelope; or -errno. */
static int exchange(struct cxctl *c, const char *cmd, json_t *args, json_t **answer)
{
	int fd, rc, timeout_ms = strcmp(cmd, "reload") ? TIMEOUT_MS : RELOAD_TIMEOUT_MS;
	json_t *request;
	char *line = NULL;

	fd = connect_to(c->socket);
	if (fd < 0)
		return fd;
	request = json_pack("{s:i, s:s, s:O?}", "v", CX_CONTROL_VERSION, "cmd", cmd, "args", args);
	if (request && !args)
		json_object_del(request, "args");
	rc = request ? send_line(fd, request) : -ENOMEM;
	json_decref(request);
	if (!rc)
		rc = receive_line(fd, timeout_ms, &line);
	close(fd);
	if (rc)
		return rc;
	*answer = json_loads(line, 0, NULL);
	free(line);
	return *answer ? 0 : -EPROTO;
}

static int no_daemon(const struct cxctl *c, int err)
{
	const char *hint = "is cxsipd running? `systemctl status cxsip`; another place: --socket PATH";

	if (err == -EACCES || err == -EPERM)
		hint = "run it as root, or as a member of the group that `control_group` of the "
		       "configuration names";
	else if (err == -ETIMEDOUT || err == -EPROTO)
		hint = "it accepts connections but gives no answer: `cxctl doctor` looks further";
	cxctl_error(hint, "cannot ask the daemon at %s: %s", c->socket, strerror(-err));
	return CXCTL_USAGE;
}

/* Prints what the daemon refused with. */
static int refused(const struct cxctl *c, json_t *answer)
{
	json_t *error = cxctl_object(answer, "error");
	const char *code = cxctl_text(error, "code"), *hint = cxctl_text(error, "hint");

	if (c->json) {
		json_dumpf(answer, stdout, JSON_INDENT(2));
		fputc('\n', stdout);
	}
	cxctl_print_findings(cxctl_object(error, "findings"));
	cxctl_error(hint[0] ? hint : NULL, "%s", cxctl_text(error, "text"));
	if (!strcmp(code, "bad_request") || !strcmp(code, "unknown_command") || !strcmp(code, "bad_version"))
		return CXCTL_USAGE;
	return CXCTL_NO;
}

int cxctl_ask(struct cxctl *c, const char *cmd, json_t *args, json_t **data)
{
	json_t *answer;
	int rc;

	rc = exchange(c, cmd, args, &answer);
	json_decref(args);
	if (rc)
		return no_daemon(c, rc);
	if (!cxctl_bool(answer, "ok")) {
		rc = refused(c, answer);
	} else {
		*data = json_incref(cxctl_object(answer, "data"));
		rc = *data ? 0 : no_daemon(c, -EPROTO);
	}
	json_decref(answer);
	return rc;
}

int cxctl_ask_all(struct cxctl *c, const char *cmd, json_t *args, const char *list, json_t **data)
{
	json_t *page, *next, *all = NULL;
	bool more = true;
	int rc = 0;

	if (!args)
		args = json_object();
	while (more && !(rc = cxctl_ask(c, cmd, json_incref(args), &page))) {
		next = cxctl_object(page, "next");
		more = json_is_integer(next) && !json_object_set(args, "from", next);
		if (all) {
			json_array_extend(cxctl_object(all, list), cxctl_object(page, list));
			json_decref(page);
		} else {
			all = page;
		}
	}
	json_decref(args);
	if (rc) {
		json_decref(all);
		return rc;
	}
	json_object_del(all, "next");
	*data = all;
	return 0;
}

int cxctl_try(struct cxctl *c, const char *cmd, json_t *args, json_t **data)
{
	json_t *answer;
	int rc;

	rc = exchange(c, cmd, args, &answer);
	json_decref(args);
	if (rc)
		return rc;
	*data = cxctl_bool(answer, "ok") ? json_incref(cxctl_object(answer, "data")) : NULL;
	json_decref(answer);
	return *data ? 0 : -EPROTO;
}

bool cxctl_json(const struct cxctl *c, const json_t *data)
{
	if (!c->json)
		return false;
	json_dumpf(data, stdout, JSON_INDENT(2));
	fputc('\n', stdout);
	return true;
}

int cxctl_show(struct cxctl *c, const char *cmd, json_t *args, const char *list,
	       void (*print)(const json_t *data))
{
	json_t *data;
	int rc = list ? cxctl_ask_all(c, cmd, args, list, &data) : cxctl_ask(c, cmd, args, &data);

	if (rc)
		return rc;
	if (!cxctl_json(c, data))
		print(data);
	json_decref(data);
	return CXCTL_OK;
}

const char *cxctl_text(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? text : "";
}

int64_t cxctl_integer(const json_t *object, const char *key)
{
	return json_integer_value(json_object_get(object, key));
}

double cxctl_real(const json_t *object, const char *key)
{
	return json_number_value(json_object_get(object, key));
}

bool cxctl_bool(const json_t *object, const char *key)
{
	return json_is_true(json_object_get(object, key));
}

json_t *cxctl_object(const json_t *object, const char *key)
{
	return json_object_get(object, key);
}

void cxctl_print_findings(const json_t *findings)
{
	const json_t *f;
	size_t i;

	json_array_foreach(findings, i, f)
	{
		if (cxctl_text(f, "file")[0]) {
			cxctl_print_clean(cxctl_text(f, "file"), stderr);
			if (cxctl_integer(f, "line"))
				fprintf(stderr, ":%d", (int)cxctl_integer(f, "line"));
			fputs(": ", stderr);
		}
		fputs(cxctl_bool(f, "warning") ? "warning: " : "error: ", stderr);
		cxctl_print_clean(cxctl_text(f, "text"), stderr);
		fputc('\n', stderr);
		if (cxctl_text(f, "hint")[0]) {
			fputs("        hint: ", stderr);
			cxctl_print_clean(cxctl_text(f, "hint"), stderr);
			fputc('\n', stderr);
		}
	}
}

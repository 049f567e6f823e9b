/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The sinks of the log: stderr and the local syslog socket.
 *
 * stderr is shared with whoever started us, so its flags are left alone: a
 * socket is written with MSG_DONTWAIT, a pipe or terminal is opened once more,
 * not to block. poll() alone would not do: a terminal is writable while there is
 * room for one byte, and others may write to a pipe in between. Where it cannot
 * be opened (a pipe of another user's), poll() has to do. Syslog gets one
 * datagram a line with the PRI and header of RFC 3164 section 4.1 as local
 * daemons expect them: no host name.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>
#include "observe/sink.h"

#define FACILITY_DAEMON 3
#define RETRY_MS 1000

/* systemd.exec(5): "device:inode" of the stream that the journal gave us. */
static int stderr_is_journal(void)
{
	const char *stream = getenv("JOURNAL_STREAM");
	unsigned long long device, inode;
	struct stat st;

	if (!stream || sscanf(stream, "%llu:%llu", &device, &inode) != 2)
		return 0;
	return !fstat(STDERR_FILENO, &st) && st.st_dev == device && st.st_ino == inode;
}

/* A description of our own of what stderr is; -1: none. Files are not waited for, and
 * another description would have an offset of its own. */
static int reopen_stderr(void)
{
	struct stat st;

	if (fstat(STDERR_FILENO, &st) || !(S_ISFIFO(st.st_mode) || S_ISCHR(st.st_mode)))
		return -1;
	return open("/proc/self/fd/2", O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
}

void cx_sink_stderr_open(struct cx_sink_stderr *s)
{
	struct stat st;

	cx_sink_stderr_close(s);
	s->is_socket = !fstat(STDERR_FILENO, &st) && S_ISSOCK(st.st_mode);
	s->is_journal = stderr_is_journal();
	s->fd = reopen_stderr();
}

void cx_sink_stderr_close(struct cx_sink_stderr *s)
{
	if (s->fd >= 0)
		close(s->fd);
	s->fd = -1;
}

static int stderr_put(const struct cx_sink_stderr *s, const char *p, size_t n)
{
	struct pollfd pfd = {.fd = STDERR_FILENO, .events = POLLOUT};
	ssize_t rc;

	if (s->is_socket) {
		rc = send(STDERR_FILENO, p, n, MSG_DONTWAIT | MSG_NOSIGNAL);
	} else if (s->fd >= 0) {
		rc = write(s->fd, p, n);
	} else {
		if (poll(&pfd, 1, 0) != 1 || !(pfd.revents & POLLOUT))
			return -EAGAIN;
		rc = write(STDERR_FILENO, p, n);
	}
	return rc == (ssize_t)n ? 0 : -EAGAIN;
}

static size_t stderr_prefix(const struct cx_sink_stderr *s, enum cx_log_level level, char *out, size_t max)
{
	struct timespec now;
	struct tm tm;
	size_t n;

	if (s->is_journal)
		return (size_t)snprintf(out, max, "<%d>", level);
	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &tm);
	n = strftime(out, max, "%Y-%m-%dT%H:%M:%S", &tm);
	return n + (size_t)snprintf(out + n, max - n, ".%03ldZ ", now.tv_nsec / 1000000);
}

static int stderr_line(const struct cx_sink_stderr *s, enum cx_log_level level, const struct cx_line *line)
{
	char out[CX_LINE_SIZE + 64];
	size_t n = stderr_prefix(s, level, out, 64);

	memcpy(out + n, line->text, line->length);
	n += line->length;
	out[n++] = '\n';
	return stderr_put(s, out, n);
}

static void lost_line(struct cx_line *line, uint64_t lost)
{
	char count[24];

	snprintf(count, sizeof(count), "%llu", (unsigned long long)lost);
	cx_line_begin(line, CX_WARN, "log_lost");
	cx_line_pair(line, "lines", count);
}

void cx_sink_stderr_report(struct cx_sink_stderr *s)
{
	struct cx_line report;

	if (!s->enabled || !s->lost)
		return;
	lost_line(&report, s->lost);
	if (!stderr_line(s, CX_WARN, &report))
		s->lost = 0;
}

void cx_sink_stderr_write(struct cx_sink_stderr *s, enum cx_log_level level, const struct cx_line *line)
{
	if (!s->enabled)
		return;
	cx_sink_stderr_report(s);
	if (s->lost || stderr_line(s, level, line)) {
		s->lost++;
		s->lost_total++;
	}
}

void cx_sink_syslog_open(struct cx_sink_syslog *s, const char *path, const char *ident)
{
	s->fd = -1;
	s->retry_ms = 0;
	snprintf(s->path, sizeof(s->path), "%s", path);
	snprintf(s->ident, sizeof(s->ident), "%s", ident);
}

void cx_sink_syslog_close(struct cx_sink_syslog *s)
{
	if (s->fd >= 0)
		close(s->fd);
	s->fd = -1;
}

static int syslog_connect(struct cx_sink_syslog *s, uint64_t now_ms)
{
	struct sockaddr_un sun = {.sun_family = AF_UNIX};

	if (s->fd >= 0)
		return 0;
	if (now_ms < s->retry_ms)
		return -EAGAIN;
	s->retry_ms = now_ms + RETRY_MS;
	s->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (s->fd < 0)
		return -errno;
	memcpy(sun.sun_path, s->path, strnlen(s->path, sizeof(sun.sun_path) - 1));
	if (connect(s->fd, (struct sockaddr *)&sun, sizeof(sun))) {
		cx_sink_syslog_close(s);
		return -EAGAIN;
	}
	return 0;
}

static int syslog_line(struct cx_sink_syslog *s, enum cx_log_level level, const struct cx_line *line,
		       uint64_t now_ms)
{
	static const char months[12][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
					   "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
	char out[CX_LINE_SIZE + 128];
	time_t now = time(NULL);
	struct tm tm;
	int n, rc;

	rc = syslog_connect(s, now_ms);
	if (rc)
		return rc;
	localtime_r(&now, &tm);
	/* month names of RFC 3164, whatever the locale says */
	n = snprintf(out, sizeof(out), "<%d>%s %2d %02d:%02d:%02d %s[%d]: %s",
		     FACILITY_DAEMON * 8 + (int)level, months[tm.tm_mon], tm.tm_mday, tm.tm_hour, tm.tm_min,
		     tm.tm_sec, s->ident, (int)getpid(), line->text);
	if (send(s->fd, out, (size_t)n, MSG_DONTWAIT | MSG_NOSIGNAL) == n)
		return 0;
	rc = -errno;
	if (rc != -EAGAIN &&
	    rc != -ENOBUFS) /* the daemon behind it went away: a new one makes a new socket */
		cx_sink_syslog_close(s);
	return rc;
}

void cx_sink_syslog_report(struct cx_sink_syslog *s, uint64_t now_ms)
{
	struct cx_line report;

	if (!s->enabled || !s->lost)
		return;
	lost_line(&report, s->lost);
	if (!syslog_line(s, CX_WARN, &report, now_ms))
		s->lost = 0;
}

void cx_sink_syslog_write(struct cx_sink_syslog *s, enum cx_log_level level, const struct cx_line *line,
			  uint64_t now_ms)
{
	if (!s->enabled)
		return;
	cx_sink_syslog_report(s, now_ms);
	if (s->lost || syslog_line(s, level, line, now_ms)) {
		s->lost++;
		s->lost_total++;
	}
}

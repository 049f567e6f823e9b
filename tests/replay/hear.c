// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a peer must have received: the oldest message that it has not heard yet.
 *
 *	Name: pattern   some field of that name is like it (* and ?)
 *	-Name           there is none
 *	Name*3          so many values
 *	start: pattern  the start line
 *	body: pattern
 *	same: Name      its first field of that name is that of the request before
 */
#include <stdlib.h>
#include <string.h>
#include "base/addr.h"
#include "replay.h"

static bool is_what(const char *bytes, const char *what)
{
	if (!strcmp(what, "any"))
		return true;
	if (what[0] >= '0' && what[0] <= '9')
		return !strncmp(bytes, "SIP/2.0 ", 8) && !strncmp(bytes + 8, what, strlen(what));
	return !strncmp(bytes, what, strlen(what)) && bytes[strlen(what)] == ' ';
}

static void check_same(struct scene *s, const struct peer *p, const char *bytes, const char *name)
{
	char value[1024] = "", before[1024] = "";

	text_header(bytes, name, 0, value, sizeof(value));
	if (p->n_requests)
		text_header(p->requests[p->n_requests - 1]->bytes, name, 0, before, sizeof(before));
	if (strcmp(value, before) != 0)
		scene_fail(s, "%s: %s was %s and is %s", p->name, name, before, value);
}

static void check_line(struct scene *s, const struct peer *p, const char *bytes, const char *check)
{
	char name[128], value[2048], start[1024];
	const char *colon = strstr(check, ": "), *star = strrchr(check, '*');
	const char *body = strstr(bytes, "\r\n\r\n");

	snprintf(start, sizeof(start), "%.*s", (int)strcspn(bytes, "\r\n"), bytes);
	if (check[0] == '-') {
		if (text_header(bytes, check + 1, 0, value, sizeof(value)))
			scene_fail(s, "%s: there is %s: %s", p->name, check + 1, value);
	} else if (!colon && star) {
		snprintf(name, sizeof(name), "%.*s", (int)(star - check), check);
		if (text_count(bytes, name) != atoi(star + 1))
			scene_fail(s, "%s: %d values of %s in\n%s", p->name, text_count(bytes, name), name,
				   bytes);
	} else if (!strncmp(check, "start: ", 7)) {
		if (!text_matches(start, check + 7))
			scene_fail(s, "%s: start line is %s", p->name, start);
	} else if (!strncmp(check, "body: ", 6)) {
		if (!body || !text_matches(body + 4, check + 6))
			scene_fail(s, "%s: body is %s", p->name, body ? body + 4 : "");
	} else if (!strncmp(check, "same: ", 6)) {
		check_same(s, p, bytes, check + 6);
	} else if (colon) {
		snprintf(name, sizeof(name), "%.*s", (int)(colon - check), check);
		for (int k = 0; text_header(bytes, name, k, value, sizeof(value)); k++)
			if (text_matches(value, colon + 2))
				return;
		scene_fail(s, "%s: no %s in\n%s", p->name, check, bytes);
	}
}

/* A response goes to the one whose Via is on top. */
static void check_via(struct scene *s, const struct peer *p, const char *bytes)
{
	char value[1024], addr[CX_ADDR_TEXT];

	if (strncmp(bytes, "SIP/2.0 ", 8) != 0 || !text_header(bytes, "Via", 0, value, sizeof(value)))
		return;
	cx_addr_format(&p->hop.addr, addr);
	if (!strstr(value, addr))
		scene_fail(s, "%s: topmost Via is %s", p->name, value);
}

static void check_hop(struct scene *s, const struct peer *p, const struct packet *k, const struct line *l)
{
	const char *conn = line_option(l, "conn");

	if (conn && (k->hop.connection == CX_NO_CONNECTION) != !strcmp(conn, "none"))
		scene_fail(s, "%s: sent by connection %d", p->name, (int)k->hop.connection);
}

static void remember(struct peer *p, struct packet *k, const char *label)
{
	char cseq[64] = "";

	if (strncmp(k->bytes, "SIP/2.0 ", 8) != 0) {
		if (p->n_requests == SAVED_MAX) {
			free(p->requests[0]);
			memmove(p->requests, p->requests + 1, (SAVED_MAX - 1) * sizeof(p->requests[0]));
			memmove(p->labels, p->labels + 1, (SAVED_MAX - 1) * sizeof(p->labels[0]));
			p->n_requests--;
		}
		snprintf(p->labels[p->n_requests], sizeof(p->labels[0]), "%s", label ? label : "");
		p->requests[p->n_requests++] = k;
		return;
	}
	free(p->response);
	p->response = text_copy(k->bytes, k->n);
	if (text_header(k->bytes, "CSeq", 0, cseq, sizeof(cseq)) && strstr(cseq, "INVITE") &&
	    atoi(k->bytes + 8) > 100) {
		free(p->invite_response);
		p->invite_response = text_copy(k->bytes, k->n);
	}
	free(k);
}

void peer_hears(struct scene *s, struct peer *p, const struct line *l)
{
	struct packet *k = p->n_queue ? p->queue[0] : NULL;
	const char *what = l->n_words > 2 ? l->words[2] : "any";

	if (!k) {
		scene_fail(s, "%s has received nothing, not %s", p->name, what);
		return;
	}
	if (!is_what(k->bytes, what))
		scene_fail(s, "%s has received this, not %s:\n%s", p->name, what, k->bytes);
	check_via(s, p, k->bytes);
	check_hop(s, p, k, l);
	for (int i = 0; i < l->n_under; i++)
		check_line(s, p, k->bytes, l->under[i].rest);
	memmove(p->queue, p->queue + 1, (size_t)(--p->n_queue) * sizeof(p->queue[0]));
	remember(p, k, line_option(l, "as"));
}

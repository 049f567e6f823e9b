/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Runs scenarios in a small text language (docs/core.md) against the proxy core:
 * peers, a virtual clock, and every message in between. No sockets, no sleeping.
 *
 * A scenario is read into lines once and then run as often as one likes: as it
 * is written, and with the n-th allocation or the n-th sending failing. In such a
 * run nothing is expected of what comes out ("loose"), but that the core survives
 * it and that in the end everything is given back.
 */
#ifndef CX_TESTS_REPLAY_H
#define CX_TESTS_REPLAY_H

#include <stdio.h>
#include "proxy/stateful/internal.h"

#define LINES_MAX 4000
#define WORDS_MAX 16
#define PEERS_MAX 12
#define QUEUE_MAX 64
#define NOTES_MAX 64
#define SAVED_MAX 16
#define MESSAGE_MAX 65536

struct line {
	unsigned number;
	char *words[WORDS_MAX]; /* of a copy */
	int n_words;
	char *rest;	    /* the line as it is, without its indentation */
	struct line *under; /* the first indented line below, NULL: none */
	int n_under;	    /* they follow each other */
	bool indented;
};

/* A file: what stands before its first "scenario TITLE" belongs to each of them. */
struct script {
	char file[128], title[256]; /* of the scenario that is chosen */
	struct line lines[LINES_MAX];
	int n_lines;
	int common, from, to;	   /* lines [0, common) and [from, to) are the scenario */
	char *text[LINES_MAX * 2]; /* to be freed */
	int n_text;
};
/* 0, or -1 with a message on stderr. */
int script_read(struct script *s, const char *path);
/* Chooses the first scenario, then the next; false: there is none. */
bool script_next(struct script *s);
/* The k-th line of the scenario; NULL: behind the last. */
const struct line *script_line(const struct script *s, int k);
void script_free(struct script *s);
/* "name=value" among the words behind the second; NULL: not there. Without "=": "". */
const char *line_option(const struct line *l, const char *name);

struct packet {
	char bytes[MESSAGE_MAX];
	uint32_t n;
	struct cx_hop hop; /* as the core named it */
	uint64_t token;
};

struct peer {
	char name[CX_NAME_SIZE];
	struct cx_hop hop; /* where its messages come from; listener: ours that it talks to */
	uint32_t element;  /* CX_NONE: none */
	int refuses;	   /* errno of sending to it, 0: it takes everything */
	bool closed;	   /* its connection is gone */
	struct packet *queue[QUEUE_MAX];
	int n_queue;
	struct packet *requests[SAVED_MAX]; /* received, newest last */
	char labels[SAVED_MAX][24];
	int n_requests;
	char *sent, *invite; /* the last message, the last INVITE that it sent: terminated */
	char *response;	     /* the last that it received, and that to its INVITE */
	char *invite_response;
	unsigned branches, cseq;
	uint64_t token, response_token; /* of the last request, the last response to it */
};

struct scene {
	const struct script *script;
	const struct line *line; /* being run */
	bool loose, failed, quiet;
	bool alone; /* nobody makes a pause a fact of the world */
	char why[4096];
	uint64_t now_ms, timer_ms;
	uint64_t fail_send_at, sends; /* 0: none */
	struct cx_config *config;
	struct cx_tables *tables;
	struct cx_world *world;
	struct cx_proxy *proxy;
	struct cx_proxy_settings settings;
	struct peer peers[PEERS_MAX];
	int n_peers;
	char notes[NOTES_MAX][256];
	int n_notes;
	char signs[NOTES_MAX][64];
	int n_signs;
};

struct run { /* what one run came to */
	bool failed;
	char why[4096];
	uint64_t allocations, sends;
	uint64_t peak_bytes;
};
/* fail_allocation, fail_send: 0, or which one fails; then the run is loose. */
void scene_run(const struct script *script, uint64_t fail_allocation, uint64_t fail_send, struct run *result);

void scene_fail(struct scene *s, const char *format, ...) __attribute__((format(printf, 2, 3)));
struct peer *scene_peer(struct scene *s, const char *name);
void scene_receive(struct scene *s, struct peer *from, const char *bytes, size_t n);

/* world.c: network, group, element, route, peer, set, max */
bool world_has(const struct line *l); /* is it one of these? */
void world_line(struct scene *s, const struct line *l);
void world_open(struct scene *s);
void world_close(struct scene *s);

/* say.c: what a peer sends; hear.c: what it must have received */
void peer_says(struct scene *s, struct peer *p, const struct line *l);
void peer_passes(struct scene *s, struct peer *p, const struct line *l);
void peer_returns(struct scene *s, struct peer *p);
void peer_hears(struct scene *s, struct peer *p, const struct line *l);

/* text.c: fields of messages as plain text; the results are static or malloc'd as said */
char *text_copy(const char *p, size_t n); /* malloc'd, terminated */
bool text_header(const char *message, const char *name, int k, char *out, size_t max); /* the k-th */
int text_count(const char *message, const char *name);	  /* values, commas counted */
bool text_matches(const char *text, const char *pattern); /* * and ? */

#endif

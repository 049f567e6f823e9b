/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Reads a SIP message that need not be well-formed: the start line, header
 * fields one by one (folded and compact ones too, RFC 3261 7.3.1, 7.3.3), and
 * Via values. For what the proxy itself answers or inspects; forwarding reads
 * with the engine. Pure; every result points into the message.
 */
#ifndef CX_PROXY_FIELDS_H
#define CX_PROXY_FIELDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Bytes, not terminated. */
struct cx_text {
	const uint8_t *p;
	size_t n;
};

bool cx_text_is(struct cx_text t, const char *word);	    /* equal */
bool cx_text_is_nocase(struct cx_text t, const char *word); /* but for the case */
/* Without blanks and line ends at both ends. */
struct cx_text cx_text_trim(struct cx_text t);

struct cx_start_line {
	int status;	       /* of a response; 0: a request */
	struct cx_text method; /* of a request: a token */
	size_t end;	       /* where the header fields begin */
};
/* 0, or -EINVAL: neither a request nor a response of any SIP version. */
int cx_start_line_parse(const uint8_t *msg, size_t n, struct cx_start_line *start);

struct cx_field {
	struct cx_text name;  /* as written */
	struct cx_text value; /* trimmed; may hold folds */
};
struct cx_field_reader {
	const uint8_t *msg;
	size_t n, at;
};
/* Starts behind the start line; -EINVAL as cx_start_line_parse(). */
int cx_field_reader_open(struct cx_field_reader *r, const uint8_t *msg, size_t n);
/* The next field, skipping lines that are none. False at the empty line or the end. */
bool cx_field_next(struct cx_field_reader *r, struct cx_field *field);
/* compact: the one-letter form, 0: none */
bool cx_field_is(const struct cx_field *field, const char *name, char compact);
/* The first field of that name. False: there is none. */
bool cx_field_find(const uint8_t *msg, size_t n, const char *name, char compact, struct cx_text *value);

/* One parameter of ";name=value;name...". Quoted values keep their quotes. */
struct cx_param {
	struct cx_text name;
	struct cx_text value;
	bool has_value;
};
/* Takes the next parameter off *rest, which begins with ";" (blanks allowed).
 * False at the end of the list or at something else. */
bool cx_param_next(struct cx_text *rest, struct cx_param *param);

struct cx_via_value {
	struct cx_text protocol; /* "SIP/2.0/UDP", may hold blanks */
	struct cx_text host;	 /* sent-by, without port */
	uint16_t port;		 /* of sent-by, 0: not said */
	struct cx_text params;	 /* ";branch=...", for cx_param_next() */
	struct cx_text branch;	 /* n = 0: none */
	bool rport;		 /* asked for, with or without a value */
	struct cx_text rest;	 /* what follows the comma in this field, n = 0: nothing */
};
/* The first value of a Via field. 0 or -EINVAL. */
int cx_via_value_parse(struct cx_text field, struct cx_via_value *via);
/* The topmost Via value of a message. 0, -ENOENT: no Via, -EINVAL. */
int cx_via_top(const uint8_t *msg, size_t n, struct cx_via_value *via);

#endif

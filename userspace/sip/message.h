/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The index of a SIP message (RFC 3261 7): where the start line, the header
 * fields and the body lie. One pass, no copy, no allocation; values stay as
 * they are written until somebody asks for one (via.h, address.h, uri.h,
 * cseq.h).
 *
 * - The index points into the bytes it was made from; it is worth nothing
 *   without them. It is scratch: what must live longer is copied.
 * - Strict: line ends, names, the start line, single headers, Content-Length.
 *   Opaque: all other values.
 * - A message with a fault is indexed all the same, as far as it can be read, so
 *   that it can be answered (build.h). The first fault is kept.
 */
#ifndef CX_SIP_MESSAGE_H
#define CX_SIP_MESSAGE_H

#include "cxsip/method.h"
#include "sip/fault.h"
#include "sip/header.h"

#define CX_FIELDS_DEFAULT 128	      /* header fields */
#define CX_MESSAGE_SIZE_DEFAULT 65536 /* bytes */
#define CX_NO_FIELD 0xffff

/* One header field: offsets into the message. */
struct cx_field {
	uint32_t at;	  /* of its name */
	uint32_t value;	  /* of its value, behind leading LWS */
	uint32_t value_n; /* up to trailing LWS; may hold folds */
	uint32_t end;	  /* behind its last CRLF: where the next one begins */
	uint16_t name_n;
	uint16_t next; /* index of the next field of the same header, CX_NO_FIELD: none */
	uint16_t id;   /* enum cx_header_id */
	uint16_t gap;
};

struct cx_message {
	/* -- given by the owner, see cx_message_init() */
	struct cx_field *fields;
	uint32_t fields_max; /* below CX_NO_FIELD */
	uint32_t size_max;

	/* -- the index */
	const char *p;
	uint32_t n;	     /* with the body; bytes behind it do not count */
	uint32_t start;	     /* of the start line: empty lines in front are skipped (7.5) */
	uint32_t fields_at;  /* behind the start line */
	uint32_t fields_end; /* of the empty line */
	uint32_t body;	     /* behind the empty line */
	uint32_t body_n;
	uint16_t status;	    /* of a response, 999 if it is none to believe; 0: a request */
	uint16_t method;	    /* enum cx_method of a request; a response has it in CSeq */
	struct cx_text method_text; /* of a request */
	struct cx_text uri;	    /* Request-URI of a request */
	struct cx_text reason;	    /* reason phrase of a response, may be empty */
	uint32_t n_fields;
	uint16_t first[CX_HEADER_COUNT]; /* index of a header's first field, CX_NO_FIELD: none */
	uint16_t last[CX_HEADER_COUNT];
	struct cx_fault fault; /* status 0: none */
	bool broken; /* lines do not end in CRLF, or the empty line is missing: others may read it differently
		      */
};

/* How the message was framed. */
enum cx_framing {
	CX_DATAGRAM, /* no Content-Length: the body is the rest; bytes behind it are cut (18.3) */
	CX_STREAM,   /* Content-Length must be there */
};

/* Sets the memory for fields and the limits. Nothing is owned. */
void cx_message_init(struct cx_message *m, struct cx_field *fields, uint32_t fields_max, uint32_t size_max);

/*
 * Indexes n bytes at p. 0; -EINVAL: m->fault says what and where; -EPROTO: this
 * is no SIP message at all (no start line to be read), so nothing is answered.
 */
int cx_message_index(struct cx_message *m, const void *p, size_t n, enum cx_framing framing);

/* The method that a name stands for (case-sensitive), and back. */
enum cx_method cx_method_of_name(struct cx_text name);
struct cx_text cx_method_name(enum cx_method method);

static inline bool cx_message_has(const struct cx_message *m, enum cx_header_id id)
{
	return m->first[id] != CX_NO_FIELD;
}

static inline struct cx_text cx_field_name(const struct cx_message *m, const struct cx_field *f)
{
	return (struct cx_text){m->p + f->at, f->name_n};
}

static inline struct cx_text cx_field_value(const struct cx_message *m, const struct cx_field *f)
{
	return (struct cx_text){m->p + f->value, f->value_n};
}

/* The first field of a header, NULL: none; and the next one of the same. */
static inline const struct cx_field *cx_message_field(const struct cx_message *m, enum cx_header_id id)
{
	return m->first[id] == CX_NO_FIELD ? NULL : &m->fields[m->first[id]];
}

static inline const struct cx_field *cx_field_next(const struct cx_message *m, const struct cx_field *f)
{
	return f->next == CX_NO_FIELD ? NULL : &m->fields[f->next];
}

/* The value of a header's first field; p = NULL: there is none. */
static inline struct cx_text cx_message_value(const struct cx_message *m, enum cx_header_id id)
{
	const struct cx_field *f = cx_message_field(m, id);

	return f ? cx_field_value(m, f) : (struct cx_text){NULL, 0};
}

static inline struct cx_text cx_message_body(const struct cx_message *m)
{
	return (struct cx_text){m->p + m->body, m->body_n};
}

/* A header that is not in the table, by name, case-insensitive. NULL: none. */
const struct cx_field *cx_message_find(const struct cx_message *m, struct cx_text name);

/*
 * The values of a header over all its fields, in order, split at the commas that
 * are outside of quotes and angle brackets (7.3.1). Empty values are skipped.
 *
 *   struct cx_values it = cx_values_of(m, CX_HEADER_ROUTE);
 *   struct cx_value v;
 *   while (cx_values_next(&it, &v)) ...
 */
struct cx_value {
	struct cx_text text;	      /* trimmed */
	const struct cx_field *field; /* that it is in */
};

struct cx_values {
	const struct cx_message *m;
	const struct cx_field *field; /* NULL: at the end */
	uint32_t at;		      /* offset in the message */
	bool alone;		      /* not the other fields of the header */
	bool empty;		      /* a value without text was skipped */
};

struct cx_values cx_values_of(const struct cx_message *m, enum cx_header_id id);
/* The values of one field alone. */
struct cx_values cx_values_of_field(const struct cx_message *m, const struct cx_field *f);
bool cx_values_next(struct cx_values *it, struct cx_value *value);
/* Is `token` among the values, case-insensitive? (Supported, Require, Allow) */
bool cx_values_have(const struct cx_message *m, enum cx_header_id id, struct cx_text token);

#endif

// SPDX-License-Identifier: GPL-2.0-only
/*
 * See message.h. Line ends are looked for eight bytes at a time: any character
 * below 0x20 stops the search, so that a CR without its LF, or a LF without its
 * CR, which another parser may read as the end of a line, cannot hide in a value.
 * Other control characters are legal in quoted strings (RFC 3261 25.1
 * quoted-pair) and opaque.
 *
 * Every loop moves on by at least one byte and ends at the text's end.
 */
#include <errno.h>
#include "cxsip/words.h"
#include "sip/message.h"

/* What to say of a header that is given twice. */
static const char *const duplicates[CX_HEADER_COUNT] = {
#define CX_X(ID, name, compact, shape) [CX_HEADER_##ID] = "Duplicate " name,
    CX_HEADER_TABLE(CX_X)
#undef CX_X
};

/* The first fault is the one to tell. */
static void fault(struct cx_message *m, uint16_t status, enum cx_header_id header, uint32_t at,
		  const char *what)
{
	if (!m->fault.status)
		m->fault = (struct cx_fault){status, (uint16_t)header, at, what};
}

static void bad(struct cx_message *m, uint32_t at, const char *what)
{
	fault(m, 400, CX_HEADER_OTHER, at, what);
}

/* A fault of lines: where fields end is a guess. */
static void broken(struct cx_message *m, uint32_t at, const char *what)
{
	m->broken = true;
	bad(m, at, what);
}

/* ---- lines --------------------------------------------------------------- */

/* Marks bytes below 0x20; a borrow may mark others above the first one. */
static inline uint64_t controls(const char *p)
{
	uint64_t w = cx_get64(p);

	return (w - CX_REPEAT(0x20)) & ~w & CX_REPEAT(0x80);
}

static inline uint32_t first_mark(uint64_t marks)
{
	return (uint32_t)__builtin_ctzll(marks) / 8;
}

/* The first character below 0x20 in [at, n), or n. */
static inline uint32_t next_control(const char *p, uint32_t at, uint32_t n)
{
	for (; at + 16 <= n; at += 16) {
		uint64_t a = controls(p + at), b = controls(p + at + 8);

		if (a | b)
			return a ? at + first_mark(a) : at + 8 + first_mark(b);
	}
	while (at < n && (uint8_t)p[at] >= 0x20)
		at++;
	return at;
}

/* The first ":" in [at, n), or n. */
static inline uint32_t next_colon(const char *p, uint32_t at, uint32_t n)
{
	for (; at + 8 <= n; at += 8) {
		uint64_t marks = cx_matches(cx_get64(p + at), CX_REPEAT(':'));

		if (marks)
			return at + first_mark(marks);
	}
	while (at < n && p[at] != ':')
		at++;
	return at;
}

struct line {
	uint32_t end;  /* of its text */
	uint32_t next; /* where the next line begins */
};

/* The line at `at`, ended by CRLF, else by what comes closest. */
static inline struct line line_at(struct cx_message *m, uint32_t at, uint32_t n)
{
	const char *p = m->p;

	for (;; at++) {
		at = next_control(p, at, n);
		if (at == n) {
			broken(m, at, "Line Without End");
			return (struct line){n, n};
		}
		if (p[at] == '\r') {
			if (at + 1 < n && p[at + 1] == '\n')
				return (struct line){at, at + 2};
			broken(m, at, "CR Without LF");
		} else if (p[at] == '\n') {
			broken(m, at, "Line Ends Without CR");
			return (struct line){at, at + 1};
		}
	}
}

static bool blank(char c)
{
	return c == ' ' || c == '\t';
}

/* ---- the start line -------------------------------------------------------- */

/* "SIP/2.0", in any case (7.1). */
static bool is_version(struct cx_text t)
{
	return cx_text_equal_nocase(t, CX_TEXT("SIP/2.0"));
}

static bool is_any_version(struct cx_text t)
{
	return t.n > 4 && cx_text_equal_nocase((struct cx_text){t.p, 4}, CX_TEXT("SIP/"));
}

/* "SIP/2.0 180 Ringing" */
static void read_status_line(struct cx_message *m, struct cx_text line)
{
	uint32_t status;

	if (!is_version((struct cx_text){line.p, line.n < 7 ? line.n : 7})) {
		fault(m, 505, CX_HEADER_OTHER, m->start, "Version Not Supported");
	} else if (line.n < 12 || line.p[7] != ' ' || line.p[11] != ' ' ||
		   cx_text_number((struct cx_text){line.p + 8, 3}, 699, &status) || status < 100) {
		bad(m, m->start, "Bad Status Line");
	} else {
		m->status = (uint16_t)status;
		m->reason = cx_text_skip(line, 12);
		return;
	}
	m->status = 999; /* a response that no one should believe */
}

/* "INVITE sip:user@host SIP/2.0" */
static int read_request_line(struct cx_message *m, struct cx_text line)
{
	struct cx_text rest = line, words, version;
	uint32_t n;

	m->method_text = cx_text_take_while(&rest, CX_C_TOKEN);
	words = cx_text_trim(rest);
	for (n = words.n; n && !blank(words.p[n - 1]); n--)
		;
	version = cx_text_skip(words, n);
	if (!m->method_text.n || !rest.n || !blank(*rest.p) || !is_any_version(version))
		return -EPROTO;
	m->method = (uint16_t)cx_method_of_name(m->method_text);
	m->uri = cx_text_trim((struct cx_text){words.p, n});
	if (!is_version(version)) {
		fault(m, 505, CX_HEADER_OTHER, (uint32_t)(version.p - m->p), "Version Not Supported");
		return 0;
	}
	/* one space each side, and none elsewhere */
	if (!m->uri.n || m->uri.n + 2 + version.n != rest.n || memchr(m->uri.p, ' ', m->uri.n) ||
	    memchr(rest.p, '\t', rest.n))
		bad(m, (uint32_t)(rest.p - m->p), "Bad Request Line");
	return 0;
}

static int read_start_line(struct cx_message *m, uint32_t n)
{
	struct cx_text text;
	struct line line;
	uint32_t at = 0;

	while (at < n && (m->p[at] == '\r' || m->p[at] == '\n'))
		at++;
	m->start = at;
	if (at == n)
		return -EPROTO;
	line = line_at(m, at, n);
	m->fields_at = line.next;
	text = (struct cx_text){m->p + at, line.end - at};
	if (is_any_version(text)) {
		read_status_line(m, text);
		return 0;
	}
	return read_request_line(m, text);
}

/* ---- header fields ----------------------------------------------------------- */

static void chain(struct cx_message *m, struct cx_field *f, enum cx_header_id id)
{
	uint16_t index = (uint16_t)m->n_fields++;

	f->id = (uint16_t)id;
	f->next = CX_NO_FIELD;
	if (m->first[id] == CX_NO_FIELD) {
		m->first[id] = index;
	} else {
		m->fields[m->last[id]].next = index;
		if (cx_header_shape_of(id) == CX_SINGLE)
			fault(m, 400, id, f->at, duplicates[id]);
	}
	m->last[id] = index;
}

static bool is_token(struct cx_text t)
{
	cx_text_take_while(&t, CX_C_TOKEN);
	return !t.n;
}

/* One field of `line`, which is unfolded as far as its end goes. */
static void read_field(struct cx_message *m, uint32_t at, struct line line)
{
	uint32_t colon = next_colon(m->p, at, line.end), name_end = colon, value, end = line.end;
	enum cx_header_id id;
	struct cx_field *f;

	while (name_end > at && blank(m->p[name_end - 1])) /* legal in front of the colon (7.3.1) */
		name_end--;
	if (colon == end || name_end == at || name_end - at > UINT16_MAX) {
		bad(m, at, "Bad Header Line");
		return;
	}
	id = cx_header_id_of((struct cx_text){m->p + at, name_end - at});
	if (id == CX_HEADER_OTHER && !is_token((struct cx_text){m->p + at, name_end - at})) {
		bad(m, at, "Bad Header Line");
		return;
	}
	if (m->n_fields >= m->fields_max) {
		bad(m, at, "Too Many Headers");
		return;
	}
	for (value = colon + 1; value < end && cx_char_is(m->p[value], CX_C_LWS); value++)
		;
	while (end > value && cx_char_is(m->p[end - 1], CX_C_LWS))
		end--;
	f = &m->fields[m->n_fields];
	f->at = at;
	f->value = value;
	f->value_n = end - value;
	f->end = line.next;
	f->name_n = (uint16_t)(name_end - at);
	chain(m, f, id);
}

static void read_fields(struct cx_message *m, uint32_t n)
{
	uint32_t at = m->fields_at;

	while (at < n) {
		struct line line = line_at(m, at, n);

		if (line.end == at) {
			m->fields_end = at;
			m->body = line.next;
			return;
		}
		while (line.next < n && blank(m->p[line.next]))
			line = line_at(m, line.next, n);
		read_field(m, at, line);
		at = line.next;
	}
	broken(m, n, "No Empty Line After Headers");
	m->fields_end = m->body = n;
}

/* ---- the body ------------------------------------------------------------------ */

static void read_length(struct cx_message *m, uint32_t n, enum cx_framing framing)
{
	const struct cx_field *f = cx_message_field(m, CX_HEADER_CONTENT_LENGTH);
	uint32_t length;

	m->body_n = n - m->body;
	m->n = n;
	if (!f) {
		if (framing == CX_STREAM)
			fault(m, 400, CX_HEADER_CONTENT_LENGTH, m->fields_end, "Missing Content-Length");
		return;
	}
	if (cx_text_number(cx_field_value(m, f), INT32_MAX, &length)) {
		fault(m, 400, CX_HEADER_CONTENT_LENGTH, f->value, "Bad Content-Length");
	} else if (framing == CX_STREAM && (uint64_t)m->body + length > m->size_max) {
		fault(m, 513, CX_HEADER_CONTENT_LENGTH, f->value, "Message Too Large");
	} else if (length > m->body_n) {
		fault(m, 400, CX_HEADER_CONTENT_LENGTH, f->value, "Body Shorter Than Content-Length");
	} else {
		m->body_n = length;
		m->n = m->body + length;
	}
}

void cx_message_init(struct cx_message *m, struct cx_field *fields, uint32_t fields_max, uint32_t size_max)
{
	memset(m, 0, sizeof(*m));
	m->fields = fields;
	m->fields_max = fields_max < CX_NO_FIELD ? fields_max : CX_NO_FIELD - 1;
	m->size_max = size_max;
}

/* What the index does not write anyway. */
static void reset(struct cx_message *m)
{
	m->status = m->method = 0;
	m->method_text = m->uri = m->reason = (struct cx_text){NULL, 0};
	m->n = m->fields_at = m->fields_end = m->body = m->body_n = 0;
	m->n_fields = 0;
	memset(m->first, 0xff, sizeof(m->first));
	m->fault = (struct cx_fault){0};
	m->broken = false;
}

int cx_message_index(struct cx_message *m, const void *p, size_t n, enum cx_framing framing)
{
	int err;

	reset(m);
	if (n > INT32_MAX)
		return -EPROTO;
	m->p = p;
	if (n > m->size_max)
		fault(m, 513, CX_HEADER_OTHER, m->size_max, "Message Too Large");
	err = read_start_line(m, (uint32_t)n);
	if (err)
		return err;
	read_fields(m, (uint32_t)n);
	read_length(m, (uint32_t)n, framing);
	return m->fault.status ? -EINVAL : 0;
}

const struct cx_field *cx_message_find(const struct cx_message *m, struct cx_text name)
{
	enum cx_header_id id = cx_header_id_of(name);
	const struct cx_field *f = cx_message_field(m, id);

	if (id != CX_HEADER_OTHER)
		return f;
	while (f && !cx_text_equal_nocase(cx_field_name(m, f), name))
		f = cx_field_next(m, f);
	return f;
}

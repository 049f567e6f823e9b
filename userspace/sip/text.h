/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Text of a message: a pointer and a length, by value, never assumed to be
 * terminated. Only these helpers and the parsers of this room touch its bytes.
 * Everything is pure and points into what it was given.
 *
 * Characters are those of RFC 3261 25.1; "blank" is a space or a tab, LWS also
 * the CR LF of a fold.
 */
#ifndef CX_SIP_TEXT_H
#define CX_SIP_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct cx_text {
	const char *p;
	uint32_t n; /* 0: empty, or not there */
};

/* Of a string literal. */
#define CX_TEXT(literal) ((struct cx_text){(literal), sizeof(literal) - 1})

static inline struct cx_text cx_text_of(const char *string)
{
	return (struct cx_text){string, (uint32_t)strlen(string)};
}

/* Bit set of what a character may be in. */
enum cx_char_class {
	CX_C_TOKEN = 0x01,
	CX_C_DIGIT = 0x02,
	CX_C_HEX = 0x04,
	CX_C_LWS = 0x08,   /* SP, HTAB, CR, LF */
	CX_C_PARAM = 0x10, /* paramchar of a URI, but for % */
	CX_C_HOST = 0x20,  /* host name or IPv4 address; names may have "_" in practice */
	CX_C_ODD = 0x40,   /* controls, blanks, < > ": in no URI */
	CX_C_LIST = 0x80,  /* , < > ": what splits a list of values, or keeps it together */
};
extern const uint8_t cx_char_class[256];

static inline bool cx_char_is(char c, unsigned int classes)
{
	return cx_char_class[(uint8_t)c] & classes;
}

/* ASCII letters to lower case; everything else as it is. */
static inline uint8_t cx_char_lower(char c)
{
	return (uint8_t)(c >= 'A' && c <= 'Z' ? c | 0x20 : c);
}

/* Equal bytes; equal but for the case of ASCII letters. */
bool cx_text_equal(struct cx_text a, struct cx_text b);
bool cx_text_equal_nocase(struct cx_text a, struct cx_text b);

static inline bool cx_text_is(struct cx_text t, const char *word)
{
	return cx_text_equal(t, cx_text_of(word));
}

static inline bool cx_text_is_nocase(struct cx_text t, const char *word)
{
	return cx_text_equal_nocase(t, cx_text_of(word));
}

static inline struct cx_text cx_text_skip(struct cx_text t, uint32_t n)
{
	return (struct cx_text){t.p + n, t.n - n};
}

/* Without LWS in front; without LWS at both ends. */
static inline struct cx_text cx_text_skip_lws(struct cx_text t)
{
	while (t.n && cx_char_is(*t.p, CX_C_LWS))
		t.p++, t.n--;
	return t;
}

static inline struct cx_text cx_text_trim(struct cx_text t)
{
	t = cx_text_skip_lws(t);
	while (t.n && cx_char_is(t.p[t.n - 1], CX_C_LWS))
		t.n--;
	return t;
}

/* Takes n bytes off the front of *t. */
static inline struct cx_text cx_text_take(struct cx_text *t, uint32_t n)
{
	struct cx_text head = {t->p, n};

	t->p += n;
	t->n -= n;
	return head;
}

/* Takes the characters of some class off the front; n = 0: there is none. */
static inline struct cx_text cx_text_take_while(struct cx_text *t, unsigned int classes)
{
	uint32_t n = 0;

	while (n < t->n && cx_char_is(t->p[n], classes))
		n++;
	return cx_text_take(t, n);
}

/* Takes one expected character with the LWS around it. False: not there, *t is as it was. */
bool cx_text_take_char(struct cx_text *t, char c);
/* Takes a quoted string with its quotes; n = 0: *t does not begin with one, or it has no end. */
struct cx_text cx_text_take_quoted(struct cx_text *t);
/* The whole text as a decimal number. 0; -EINVAL: not digits alone; -ERANGE: above max. */
int cx_text_number(struct cx_text t, uint32_t max, uint32_t *value);

/*
 * One parameter of ";name=value;name..." (headers and URIs alike). A quoted
 * value keeps its quotes. value.p is NULL without "=".
 */
struct cx_param {
	struct cx_text name;
	struct cx_text value;
};
/*
 * Takes the next parameter, with its ";" and the LWS around, off *rest. False
 * at the end of the list: rest->n is then 0, or something else follows.
 */
bool cx_params_next(struct cx_text *rest, struct cx_param *param);
/* The first parameter of that name, case-insensitive. False: there is none. */
bool cx_params_find(struct cx_text params, const char *name, struct cx_text *value);

#endif

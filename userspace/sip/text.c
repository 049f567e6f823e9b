// SPDX-License-Identifier: GPL-2.0-only
/*
 * See text.h. Comparing goes eight characters at a time; the last step overlaps
 * the one before instead of going on byte by byte.
 */
#include <errno.h>
#include "cxsip/words.h"
#include "sip/text.h"

#define LETTER (CX_C_TOKEN | CX_C_PARAM | CX_C_HOST)
#define HEX (LETTER | CX_C_HEX)
#define DIGIT (HEX | CX_C_DIGIT)
#define ODD_LWS (CX_C_ODD | CX_C_LWS)
#define MARK (CX_C_TOKEN | CX_C_PARAM) /* - _ . ! ~ * ' */

const uint8_t cx_char_class[256] = {
	[0 ... 8] = CX_C_ODD,
	['\t'] = ODD_LWS,
	['\n'] = ODD_LWS,
	[11 ... 12] = CX_C_ODD,
	['\r'] = ODD_LWS,
	[14 ... 31] = CX_C_ODD,
	[127] = CX_C_ODD,
	[' '] = ODD_LWS,
	['<'] = CX_C_ODD | CX_C_LIST,
	['>'] = CX_C_ODD | CX_C_LIST,
	['"'] = CX_C_ODD | CX_C_LIST,
	['0' ... '9'] = DIGIT,
	['A' ... 'F'] = HEX,
	['G' ... 'Z'] = LETTER,
	['a' ... 'f'] = HEX,
	['g' ... 'z'] = LETTER,
	['-'] = MARK | CX_C_HOST,
	['.'] = MARK | CX_C_HOST,
	['_'] = MARK | CX_C_HOST, /* not of the grammar, but names of hosts have it */
	['!'] = MARK,
	['~'] = MARK,
	['*'] = MARK,
	['\''] = MARK,
	[','] = CX_C_LIST,
	['%'] = CX_C_TOKEN,
	['`'] = CX_C_TOKEN,
	['('] = CX_C_PARAM,
	[')'] = CX_C_PARAM,
	['+'] = CX_C_TOKEN | CX_C_PARAM,
	['$'] = CX_C_PARAM,
	['&'] = CX_C_PARAM,
	['/'] = CX_C_PARAM,
	['['] = CX_C_PARAM,
	[']'] = CX_C_PARAM,
	[':'] = CX_C_PARAM,
};

/* A to Z of a word to lower case: 0x80 marks them, a quarter of it is 0x20. */
static uint64_t lower(uint64_t w)
{
	uint64_t seven = w & CX_REPEAT(0x7f);
	uint64_t from_a = seven + CX_REPEAT(0x80 - 'A'), behind_z = seven + CX_REPEAT(0x7f - 'Z');

	return w | (((from_a ^ behind_z) & ~w & CX_REPEAT(0x80)) >> 2);
}

static bool equal_nocase_short(const char *a, const char *b, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		if (cx_char_lower(a[i]) != cx_char_lower(b[i]))
			return false;
	return true;
}

bool cx_text_equal(struct cx_text a, struct cx_text b)
{
	return a.n == b.n && (!a.n || !memcmp(a.p, b.p, a.n));
}

bool cx_text_equal_nocase(struct cx_text a, struct cx_text b)
{
	if (a.n != b.n)
		return false;
	if (a.n < 8)
		return equal_nocase_short(a.p, b.p, a.n);
	for (uint32_t i = 0; i < a.n; i += 8) {
		uint32_t at = i + 8 <= a.n ? i : a.n - 8;

		if (lower(cx_get64(a.p + at)) != lower(cx_get64(b.p + at)))
			return false;
	}
	return true;
}

bool cx_text_take_char(struct cx_text *t, char c)
{
	struct cx_text rest = cx_text_skip_lws(*t);

	if (!rest.n || *rest.p != c)
		return false;
	*t = cx_text_skip_lws(cx_text_skip(rest, 1));
	return true;
}

struct cx_text cx_text_take_quoted(struct cx_text *t)
{
	if (!t->n || *t->p != '"')
		return (struct cx_text){t->p, 0};
	for (uint32_t i = 1; i < t->n; i++) {
		if (t->p[i] == '\\')
			i++;
		else if (t->p[i] == '"')
			return cx_text_take(t, i + 1);
	}
	return (struct cx_text){t->p, 0};
}

int cx_text_number(struct cx_text t, uint32_t max, uint32_t *value)
{
	uint64_t sum = 0;
	bool over = false;

	if (!t.n)
		return -EINVAL;
	for (uint32_t i = 0; i < t.n; i++) {
		if (!cx_char_is(t.p[i], CX_C_DIGIT))
			return -EINVAL;
		sum = sum * 10 + (uint64_t)(t.p[i] - '0');
		if (sum > max) {
			over = true; /* but the rest must be digits, too */
			sum = max;
		}
	}
	if (over)
		return -ERANGE;
	*value = (uint32_t)sum;
	return 0;
}

/* A parameter's value: a quoted string, or all up to a separator: a host may be
 * an IPv6 address with colons and brackets. */
static bool take_value(struct cx_text *t, struct cx_text *value)
{
	uint32_t n = 0;

	if (t->n && *t->p == '"') {
		*value = cx_text_take_quoted(t);
		return value->n;
	}
	while (n < t->n && !cx_char_is(t->p[n], CX_C_LWS) && t->p[n] != ';' && t->p[n] != ',' &&
	       t->p[n] != '"')
		n++;
	*value = cx_text_take(t, n);
	return true;
}

bool cx_params_next(struct cx_text *rest, struct cx_param *param)
{
	struct cx_text t = *rest;

	param->value = (struct cx_text){NULL, 0};
	if (!cx_text_take_char(&t, ';'))
		return false;
	param->name = cx_text_take_while(&t, CX_C_TOKEN | CX_C_PARAM);
	if (!param->name.n)
		return false;
	if (cx_text_take_char(&t, '=') && !take_value(&t, &param->value))
		return false;
	*rest = cx_text_skip_lws(t);
	return true;
}

bool cx_params_find(struct cx_text params, const char *name, struct cx_text *value)
{
	struct cx_param param;

	while (cx_params_next(&params, &param)) {
		if (!cx_text_is_nocase(param.name, name))
			continue;
		*value = param.value;
		return true;
	}
	return false;
}

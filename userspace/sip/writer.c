// SPDX-License-Identifier: GPL-2.0-only
/*
 * See writer.h.
 */
#include "sip/writer.h"

void cx_put(struct cx_writer *w, struct cx_text t)
{
	if (w->full || t.n > w->max - w->n) {
		w->full = true;
		return;
	}
	if (t.n)
		memcpy(w->p + w->n, t.p, t.n);
	w->n += t.n;
}

void cx_put_string(struct cx_writer *w, const char *string)
{
	cx_put(w, cx_text_of(string));
}

void cx_put_number(struct cx_writer *w, uint32_t number)
{
	char digits[10];
	uint32_t at = sizeof(digits);

	do {
		digits[--at] = (char)('0' + number % 10);
		number /= 10;
	} while (number);
	cx_put(w, (struct cx_text){digits + at, (uint32_t)sizeof(digits) - at});
}

static bool ends_line(char c)
{
	return c == '\r' || c == '\n';
}

static bool is_control(char c)
{
	return (uint8_t)c < ' ' || c == 0x7f;
}

/* Replaces runs of such characters, with the blanks behind them, by one blank. */
static void put_without(struct cx_writer *w, struct cx_text t, bool (*such)(char c))
{
	while (t.n) {
		uint32_t n = 0;

		while (n < t.n && !such(t.p[n]))
			n++;
		cx_put(w, cx_text_take(&t, n));
		if (!t.n)
			return;
		cx_put(w, CX_TEXT(" "));
		while (t.n && (such(*t.p) || cx_char_is(*t.p, CX_C_LWS)))
			cx_text_take(&t, 1);
	}
}

void cx_put_joined(struct cx_writer *w, struct cx_text t)
{
	put_without(w, t, ends_line);
}

void cx_put_unfolded(struct cx_writer *w, struct cx_text t)
{
	put_without(w, t, is_control);
}

void cx_put_field(struct cx_writer *w, struct cx_text name, struct cx_text value)
{
	cx_put(w, name);
	cx_put(w, CX_TEXT(": "));
	cx_put_unfolded(w, value);
	cx_put(w, CX_TEXT("\r\n"));
}

/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What may be shown on a terminal or written to a log: whole, well-formed
 * UTF-8 characters (RFC 3629) that are no control characters. Pure.
 */
#ifndef CX_OBSERVE_UTF8_H
#define CX_OBSERVE_UTF8_H

#include <stddef.h>
#include <stdint.h>

/* The length in bytes (1..4) of the printable character at p, or 0 if the
 * first byte starts none: broken, overlong, a surrogate, or a C0 or C1 control. */
static inline size_t cx_utf8_printable(const char *p, size_t n)
{
	static const uint32_t smallest[5] = { 0, 0, 0x80, 0x800, 0x10000 };
	const uint8_t *b = (const uint8_t *)p;
	uint32_t code;
	size_t len;

	if (!n)
		return 0;
	if (b[0] < 0x80)
		return b[0] >= 0x20 && b[0] != 0x7f;
	len = b[0] >= 0xf0 ? 4 : b[0] >= 0xe0 ? 3 : b[0] >= 0xc2 ? 2 : 0;
	if (!len || len > n || b[0] > 0xf4)
		return 0;
	code = b[0] & (0x7f >> len);
	for (size_t i = 1; i < len; i++) {
		if ((b[i] & 0xc0) != 0x80)
			return 0;
		code = code << 6 | (b[i] & 0x3f);
	}
	if (code < smallest[len] || code > 0x10ffff || (code >= 0xd800 && code < 0xe000))
		return 0;
	if (code < 0xa0)
		return 0;
	return len;
}

#endif

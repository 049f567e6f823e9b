/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The daemon's values as JSON.
 *
 * Text from the wire may be any bytes, JSON text may not: it is cleaned here,
 * once, so that no answer fails because somebody sent a broken message.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/addr.h"
#include "control/json.h"
#include "observe/utf8.h"

json_t *cx_json_text(const void *p, size_t n)
{
	const char *from = p;
	json_t *text;
	size_t out = 0;
	char *clean;

	clean = malloc(3 * n + 1);
	if (!clean)
		return NULL;
	for (size_t i = 0; i < n;) {
		size_t len = cx_utf8_printable(from + i, n - i);

		if (!len && from[i] && (unsigned char)from[i] < 0x80)
			len = 1; /* controls: JSON escapes them, but many readers refuse NUL */
		if (len) {
			memcpy(clean + out, from + i, len);
			out += len;
			i += len;
		} else {
			memcpy(clean + out, "\xef\xbf\xbd", 3);
			out += 3;
			i++;
		}
	}
	text = json_stringn(clean, out);
	free(clean);
	return text;
}

json_t *cx_json_string(const char *text)
{
	return cx_json_text(text, strlen(text));
}

json_t *cx_json_name(const __u8 name[CX_NAME_SIZE])
{
	return cx_json_text(name, strnlen((const char *)name, CX_NAME_SIZE));
}

json_t *cx_json_address(const union cx_addr *addr)
{
	char text[CX_ADDR_TEXT];

	return json_string(cx_addr_format(addr, text));
}

json_t *cx_json_endpoint(const union cx_addr *addr, uint16_t port)
{
	char text[CX_ENDPOINT_TEXT];

	return json_string(cx_endpoint_format(addr, port, text));
}

json_t *cx_json_mac(const __u8 mac[6])
{
	char text[18];

	snprintf(text, sizeof(text), "%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1], mac[2], mac[3], mac[4],
		 mac[5]);
	return json_string(text);
}

static json_t *text_or_null(const char *text)
{
	return text ? cx_json_string(text) : json_null();
}

json_t *cx_json_findings(const struct cx_diag *diag)
{
	json_t *list = json_array();

	for (size_t i = 0; list && i < diag->count; i++) {
		const struct cx_diag_entry *e = &diag->entries[i];

		json_array_append_new(list,
				      json_pack("{s:o, s:i, s:b, s:o, s:o}", "file", text_or_null(e->file),
						"line", (int)e->line, "warning", e->warning, "text",
						text_or_null(e->text), "hint", text_or_null(e->hint)));
	}
	return list;
}

const char *cx_transport_text(uint8_t transport)
{
	static const char *const texts[] = {"udp", "tcp", "tls", "ws", "wss"};

	return transport < sizeof(texts) / sizeof(texts[0]) ? texts[transport] : "unknown";
}

// SPDX-License-Identifier: GPL-2.0-only
/*
 * Names of headers. A name's length, first and last letter make a slot of its
 * own (SLOT below; two names in one slot would not compile), so that a look-up is
 * one comparison.
 */
#include "cxsip/words.h"
#include "sip/header.h"

#define SLOT(length, first, last) (((length) + 27 * (first) + (last)) & 255)

static const uint8_t slots[256] = {
	[SLOT(3, 'v', 'a')] = CX_HEADER_VIA,
	[SLOT(4, 'f', 'm')] = CX_HEADER_FROM,
	[SLOT(2, 't', 'o')] = CX_HEADER_TO,
	[SLOT(7, 'c', 'd')] = CX_HEADER_CALL_ID,
	[SLOT(4, 'c', 'q')] = CX_HEADER_CSEQ,
	[SLOT(12, 'm', 's')] = CX_HEADER_MAX_FORWARDS,
	[SLOT(14, 'c', 'h')] = CX_HEADER_CONTENT_LENGTH,
	[SLOT(12, 'c', 'e')] = CX_HEADER_CONTENT_TYPE,
	[SLOT(16, 'c', 'g')] = CX_HEADER_CONTENT_ENCODING,
	[SLOT(7, 'c', 't')] = CX_HEADER_CONTACT,
	[SLOT(5, 'r', 'e')] = CX_HEADER_ROUTE,
	[SLOT(12, 'r', 'e')] = CX_HEADER_RECORD_ROUTE,
	[SLOT(4, 'p', 'h')] = CX_HEADER_PATH,
	[SLOT(13, 's', 'e')] = CX_HEADER_SERVICE_ROUTE,
	[SLOT(7, 'r', 'e')] = CX_HEADER_REQUIRE,
	[SLOT(13, 'p', 'e')] = CX_HEADER_PROXY_REQUIRE,
	[SLOT(9, 's', 'd')] = CX_HEADER_SUPPORTED,
	[SLOT(11, 'u', 'd')] = CX_HEADER_UNSUPPORTED,
	[SLOT(5, 'a', 'w')] = CX_HEADER_ALLOW,
	[SLOT(12, 'a', 's')] = CX_HEADER_ALLOW_EVENTS,
	[SLOT(5, 'e', 't')] = CX_HEADER_EVENT,
	[SLOT(7, 'e', 's')] = CX_HEADER_EXPIRES,
	[SLOT(11, 'm', 's')] = CX_HEADER_MIN_EXPIRES,
	[SLOT(15, 's', 's')] = CX_HEADER_SESSION_EXPIRES,
	[SLOT(6, 'm', 'e')] = CX_HEADER_MIN_SE,
	[SLOT(11, 'r', 'r')] = CX_HEADER_RETRY_AFTER,
	[SLOT(4, 'r', 'k')] = CX_HEADER_RACK,
	[SLOT(4, 'r', 'q')] = CX_HEADER_RSEQ,
	[SLOT(11, 'm', 'h')] = CX_HEADER_MAX_BREADTH,
	[SLOT(6, 'r', 'n')] = CX_HEADER_REASON,
	[SLOT(8, 'r', 'o')] = CX_HEADER_REFER_TO,
	[SLOT(11, 'r', 'y')] = CX_HEADER_REFERRED_BY,
	[SLOT(8, 'r', 's')] = CX_HEADER_REPLACES,
	[SLOT(4, 'j', 'n')] = CX_HEADER_JOIN,
	[SLOT(13, 't', 'g')] = CX_HEADER_TARGET_DIALOG,
	[SLOT(18, 's', 'e')] = CX_HEADER_SUBSCRIPTION_STATE,
	[SLOT(7, 's', 't')] = CX_HEADER_SUBJECT,
	[SLOT(8, 'i', 'y')] = CX_HEADER_IDENTITY,
	[SLOT(14, 'a', 't')] = CX_HEADER_ACCEPT_CONTACT,
	[SLOT(14, 'r', 't')] = CX_HEADER_REJECT_CONTACT,
	[SLOT(19, 'r', 'n')] = CX_HEADER_REQUEST_DISPOSITION,
	[SLOT(13, 'a', 'n')] = CX_HEADER_AUTHORIZATION,
	[SLOT(16, 'w', 'e')] = CX_HEADER_WWW_AUTHENTICATE,
	[SLOT(19, 'p', 'n')] = CX_HEADER_PROXY_AUTHORIZATION,
	[SLOT(18, 'p', 'e')] = CX_HEADER_PROXY_AUTHENTICATE,
	[SLOT(19, 'p', 'y')] = CX_HEADER_P_ASSERTED_IDENTITY,
	[SLOT(20, 'p', 'y')] = CX_HEADER_P_PREFERRED_IDENTITY,
	[SLOT(15, 'r', 'd')] = CX_HEADER_REMOTE_PARTY_ID,
	[SLOT(7, 'p', 'y')] = CX_HEADER_PRIVACY,
	[SLOT(9, 'd', 'n')] = CX_HEADER_DIVERSION,
	[SLOT(12, 'h', 'o')] = CX_HEADER_HISTORY_INFO,
	[SLOT(9, 't', 'p')] = CX_HEADER_TIMESTAMP,
	[SLOT(7, 'w', 'g')] = CX_HEADER_WARNING,
	[SLOT(4, 'd', 'e')] = CX_HEADER_DATE,
	[SLOT(6, 's', 'r')] = CX_HEADER_SERVER,
	[SLOT(10, 'u', 't')] = CX_HEADER_USER_AGENT,
	[SLOT(10, 'f', 'r')] = CX_HEADER_FLOW_TIMER,
};

#define NAME_MAX_ 23

static const struct {
	char name[NAME_MAX_ + 1];
	uint8_t n, shape;
} headers[CX_HEADER_COUNT] = {[CX_HEADER_OTHER] = {"", 0, CX_OPAQUE},
#define CX_X(ID, name, letter, shape) [CX_HEADER_##ID] = {name, sizeof(name) - 1, CX_##shape},
			      CX_HEADER_TABLE(CX_X)
#undef CX_X
};

static enum cx_header_id compact_id(char letter)
{
	uint8_t lower = cx_char_lower(letter);

#define CX_X(ID, name, compact, shape)                                                                       \
	if ((compact) != 0 && lower == (compact))                                                            \
		return CX_HEADER_##ID;
	CX_HEADER_TABLE(CX_X)
#undef CX_X
	return CX_HEADER_OTHER;
}

/*
 * Equal but for bit 0x20, which is case where one of them has only letters and
 * "-" and the other is a token. n is at least 2.
 */
static bool same_name(const char *a, const char *b, uint32_t n)
{
	uint64_t differ = 0;
	uint32_t i;

	if (n < 4)
		return !(((a[0] ^ b[0]) | (a[1] ^ b[1]) | (a[n - 1] ^ b[n - 1])) & 0xdf);
	if (n < 8)
		return !(((cx_get32(a) ^ cx_get32(b)) | (cx_get32(a + n - 4) ^ cx_get32(b + n - 4))) &
			 (uint32_t)~CX_LOWER);
	for (i = 0; i + 8 <= n; i += 8)
		differ |= cx_get64(a + i) ^ cx_get64(b + i);
	differ |= cx_get64(a + n - 8) ^ cx_get64(b + n - 8); /* overlaps */
	return !(differ & ~CX_LOWER);
}

enum cx_header_id cx_header_id_of(struct cx_text name)
{
	enum cx_header_id id;

	if (name.n < 2)
		return name.n ? compact_id(*name.p) : CX_HEADER_OTHER;
	id = slots[SLOT(name.n, name.p[0] | 0x20, name.p[name.n - 1] | 0x20)];
	return headers[id].n == name.n && same_name(name.p, headers[id].name, name.n) ? id : CX_HEADER_OTHER;
}

struct cx_text cx_header_name(enum cx_header_id id)
{
	return (struct cx_text){headers[id].name, headers[id].n};
}

enum cx_header_shape cx_header_shape_of(enum cx_header_id id)
{
	return headers[id].shape;
}

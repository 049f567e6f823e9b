// SPDX-License-Identifier: GPL-2.0-only
/*
 * Two URIs, one on each line: parts inside the text, in order; a URI is the same
 * as itself; comparing is symmetric and does not depend on parsing order.
 */
#include <stdio.h>
#include <stdlib.h>
#include "must.h"
#include "sip/uri.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_part(const struct cx_uri *u, struct cx_text part)
{
	MUST(!part.n || (part.p >= u->text.p && part.p + part.n <= u->text.p + u->text.n));
}

static bool parse(struct cx_text t, struct cx_uri *u)
{
	const char *why = NULL;
	char plain[256];
	int err = cx_uri_parse(t, u, &why);

	MUST(!err == !why);
	check_part(u, u->user);
	check_part(u, u->password);
	check_part(u, u->host);
	check_part(u, u->params);
	check_part(u, u->headers);
	if (err)
		return false;
	MUST(u->scheme == CX_SCHEME_OTHER || u->scheme == CX_SCHEME_TEL || u->host.n);
	MUST(u->scheme == CX_SCHEME_OTHER || cx_text_unescape(u->user, plain, sizeof(plain)) != -EINVAL);
	MUST(cx_uri_equal(u, u) && cx_uri_port(u) && cx_uri_user_part(u).n <= u->user.n);
	cx_uri_is_loose(u);
	return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *p = (const char *)data, *line = size ? memchr(p, '\n', size) : NULL;
	uint32_t n = line ? (uint32_t)(line - p) : (uint32_t)size;
	struct cx_uri a, b;

	if (!size || !parse((struct cx_text){p, n}, &a) || !line)
		return 0;
	if (parse((struct cx_text){line + 1, (uint32_t)size - n - 1}, &b))
		MUST(cx_uri_equal(&a, &b) == cx_uri_equal(&b, &a));
	return 0;
}

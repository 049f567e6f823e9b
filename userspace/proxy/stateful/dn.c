// SPDX-License-Identifier: GPL-2.0-only
/*
 * From the user part of a Request-URI to a group: the DN, normalised as the
 * network says, looked up exactly and then by its longest prefix. The same rules
 * as the engine's (cxsip/dn.h), over text instead of its scratch message; a test
 * holds them together.
 */
#include "proxy/stateful/internal.h"

static bool ignored(char c, bool first, uint8_t flags)
{
	if (c == '+')
		return first && (flags & CX_LISTENER_IGNORE_PLUS);
	return (flags & CX_LISTENER_IGNORE_SEPARATORS) && (c == '-' || c == '.' || c == '(' || c == ')');
}

/* The digits that count, at most CX_DN_SIZE of them; *whole: these are all. -EINVAL: a bad escape. */
static int read_dn(struct cx_text user, uint8_t flags, struct cx_dn_key *key, bool *whole)
{
	char text[256];
	int n = cx_text_unescape(user, text, sizeof(text));

	if (n < 0)
		return n;
	*whole = true;
	for (int i = 0; i < n; i++) {
		if (ignored(text[i], i == 0, flags))
			continue;
		if (key->len == CX_DN_SIZE) {
			*whole = false;
			break;
		}
		key->user[key->len++] = (uint8_t)text[i];
	}
	return 0;
}

static const struct cx_dn_entry *longest_prefix(const struct cx_tables *t, const struct cx_dn_key *dn)
{
	struct cx_dn_key key = *dn;
	const struct cx_dn_entry *found;

	for (; key.len; key.user[--key.len] = 0) {
		if (!(t->table[key.table].prefix_lengths >> key.len & 1))
			continue;
		found = cx_tables_find_prefix(t, &key);
		if (found)
			return found;
	}
	return NULL;
}

uint32_t cx_route_find(const struct cx_proxy *p, uint16_t in_listener, struct cx_text user, bool *core)
{
	const struct cx_tables *t = p->world->tables;
	const struct cx_listener *l = cx_listener_get(p, in_listener);
	const struct cx_dn_entry *found = NULL;
	struct cx_dn_key key = {0};
	const struct cx_config_group *group;
	bool whole;

	if (!l)
		return CX_NONE;
	key.table = l->table;
	if (read_dn(user, l->flags, &key, &whole) || !key.len)
		return CX_NONE;
	if (whole)
		found = cx_tables_find_dn(t, &key);
	if (!found)
		found = longest_prefix(t, &key);
	if (!found)
		return CX_NONE;
	group = cx_group_policy(p, found->value.group);
	*core = (found->value.flags & CX_DN_CORE) || (group && group->core);
	return group ? found->value.group : CX_NONE;
}

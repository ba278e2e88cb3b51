/* SPDX-License-Identifier: Apache-2.0 */
#include "rules/kernel/refuse.h"

#include <string.h>

#include "agent/words.h"

static const struct row {
	const char *hook;
	const char *unknown;
	bool kills;
} rows[TC_KIND_LIMIT] = {
#define TC_REFUSE(kind, hook_, unknown_) [TC_KIND_##kind] = {hook_, unknown_, true},
#define TC_KILL(kind, unknown_) [TC_KIND_##kind] = {NULL, unknown_, true},
#include "schema/refuse.def"
};

const char *tc_refuse_hook(unsigned kind)
{
	return rows[kind].hook;
}

bool tc_refuse_can(unsigned kind, enum tc_action action)
{
	switch (action) {
	case TC_ACTION_BLOCK:
		return rows[kind].hook;
	case TC_ACTION_KILL:
		return rows[kind].kills;
	default:
		return true;
	}
}

bool tc_refuse_is_late(unsigned kind, enum tc_action action, const struct tc_member *member)
{
	/* A new program is killed where all is known of it, before its first instruction. */
	if (kind == TC_KIND_exec && action == TC_ACTION_KILL)
		return false;
	return rows[kind].unknown &&
	       tc_words_have(rows[kind].unknown, member->member, strlen(member->member));
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/cmd/query_where.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "agent/condition.h"
#include "rules/test/stated.h"

struct query_where {
	struct tc_condition *condition;
	struct tc_author *author;
	struct tc_arena arena; /* of the alert that is looked at */
	uint64_t unreadable;
};

int query_where_new(const char *condition, struct query_where **ret_where)
{
	struct query_where *where = calloc(1, sizeof(*where));
	int r = where ? tc_condition_new("--where", condition, &where->condition) : -ENOMEM;

	if (r == 0)
		r = tc_author_new(&where->author);
	if (r < 0) {
		query_where_free(where);
		return r;
	}
	*ret_where = where;
	return 0;
}

void query_where_free(struct query_where *where)
{
	if (!where)
		return;
	tc_author_free(where->author);
	tc_condition_free(where->condition);
	tc_arena_done(&where->arena);
	free(where);
}

uint64_t query_where_kinds(const struct query_where *where)
{
	return tc_condition_kinds(where->condition);
}

uint64_t query_where_unreadable(const struct query_where *where)
{
	return where->unreadable;
}

/* The event of an alert. Processes of other alerts must not be taken for its own: a new story. */
static int tell(struct query_where *where, const struct tc_source *source,
		struct tc_event **ret_event)
{
	struct tc_diagnostics diagnostics = {0};
	struct tc_yaml *documents;
	int r = tc_yaml_read(source, &where->arena, &diagnostics, &documents);

	if (r == 0)
		r = tc_author_begin(where->author);
	if (r == 0)
		r = tc_stated_tell(documents, where->author, &where->arena, &diagnostics,
				   ret_event);
	if (r == 0)
		tc_author_forget_unstated(where->author);
	tc_diagnostics_done(&diagnostics);
	return r;
}

bool query_where_holds(const char *json, void *context)
{
	struct query_where *where = context;
	struct tc_source *source = NULL;
	struct tc_event *event;
	bool holds = false;
	int r = tc_source_from_bytes("alert", json, strlen(json), &source);

	tc_arena_reset(&where->arena);
	if (r == 0)
		r = tell(where, source, &event);
	if (r == 0) {
		holds = tc_condition_holds(where->condition, event);
		tc_author_settle(where->author);
	} else {
		where->unreadable++;
	}
	tc_source_free(source);
	return holds;
}

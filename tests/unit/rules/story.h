/* SPDX-License-Identifier: Apache-2.0 */
/* Events for tests, written in YAML. */
#ifndef TOCSIN_TESTS_RULES_STORY_H
#define TOCSIN_TESTS_RULES_STORY_H

#include "tests/unit/rules/fixture.h"

#include "agent/author.h"
#include "rules/test/stated.h"

struct story {
	struct tc_author *author;
	struct tc_event *event;
	struct tc_source *source;
	struct tc_arena arena;
	struct tc_diagnostics diagnostics;
};

/* Reads an event, or an alert, and has it told. 0 or -EINVAL with diagnostics. */
static inline int story_tell(struct story *story, const char *text)
{
	struct tc_stated_event stated;
	struct tc_author_fault fault;
	struct tc_yaml *documents;
	int r;

	if (!story->author)
		assert_int_equal(tc_author_new(&story->author), 0);
	if (story->event)
		tc_author_settle(story->author);
	story->event = NULL;
	tc_source_free(story->source);
	assert_int_equal(tc_source_from_bytes("t.yaml", text, strlen(text), &story->source), 0);
	assert_int_equal(
		tc_yaml_read(story->source, &story->arena, &story->diagnostics, &documents), 0);
	r = tc_yaml_get(documents->first, "output_fields")
		    ? tc_stated_alert_read(documents->first, &story->arena, &story->diagnostics,
					   &stated)
		    : tc_stated_event_read(documents->first, &story->arena, &story->diagnostics,
					   &stated);
	if (r < 0)
		return r;
	r = tc_author_tell(story->author, stated.kind, stated.statements, stated.n, &story->event,
			   &fault);
	if (r == -EINVAL)
		tc_stated_event_report(&stated, &fault, &story->diagnostics);
	return r;
}

static inline void story_done(struct story *story)
{
	tc_author_free(story->author);
	tc_source_free(story->source);
	tc_arena_done(&story->arena);
	tc_diagnostics_done(&story->diagnostics);
	*story = (struct story){0};
}

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* The alerts of a story, and a story of nothing but alerts: from the journal, or from an alert's
 * JSON. */
#ifndef TOCSIN_AGENT_STORY_ROWS_H
#define TOCSIN_AGENT_STORY_ROWS_H

#include "agent/story/story.h"
#include "output/journal_reader.h"

/* Makes the alert the story's subject; row->json suffices. 0; -EINVAL when the JSON is not an
 * alert's, or names no event; -ENOMEM. */
int tc_story_set_subject(struct tc_story *story, const struct tc_journal_row *row);

/*
 * Adds what rules said around the subject, within so many nanoseconds: alerts of the same boot,
 * TC_STORY_ALERTS_MAX of them at most, those next to it. Those that tell of the same process, of
 * its parent, children or siblings, of its session or its container are relatives; with tell they
 * are told as events, for a story without a recording. 0 or a negative errno, logged.
 */
int tc_story_read_rows(struct tc_story *story, struct tc_journal_reader *reader, uint64_t around_ns,
		       bool tell);
/* The same with the subject alone. */
int tc_story_tell_subject(struct tc_story *story);

#endif

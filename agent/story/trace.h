/* SPDX-License-Identifier: Apache-2.0 */
/* The events of a story, from a recording or an audit log. */
#ifndef TOCSIN_AGENT_STORY_TRACE_H
#define TOCSIN_AGENT_STORY_TRACE_H

#include "agent/story/story.h"

/*
 * Tells the story of its subject, from a file or the directory of an audit log: every event, at
 * most so many nanoseconds before or after it, of the tree that the subject's process is in. The
 * tree begins with the eldest ancestor in a row, up to process 1, that is in the same container, or
 * else of the same login session, or else of the same session (setsid(2)); others who reach into it
 * are told, too.
 *
 * 0; a negative errno, logged: -ENOENT when the recording does not hold the event, -EBADMSG when it
 * is damaged before that.
 */
int tc_story_read_trace(struct tc_story *story, const char *path, uint64_t around_ns);

#endif

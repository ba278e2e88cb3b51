/* SPDX-License-Identifier: Apache-2.0 */
/* The templates of kinds.def. */
#ifndef TOCSIN_AGENT_STORY_TEMPLATE_H
#define TOCSIN_AGENT_STORY_TEMPLATE_H

#include "agent/story/story.h"

/* Appends a template with the values of its fields. */
void tc_story_fill(const char *template, tc_story_getter get, void *context,
		   struct tc_buffer *text);

#endif

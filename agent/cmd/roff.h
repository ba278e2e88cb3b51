/* SPDX-License-Identifier: Apache-2.0 */
/* Text as roff with the macros of man(7). */
#ifndef TOCSIN_AGENT_CMD_ROFF_H
#define TOCSIN_AGENT_CMD_ROFF_H

#include "agent/buffer.h"

/* Appends words, in which what stands between ` is bold, and ends the line. */
void tc_roff_text(struct tc_buffer *roff, const char *words);
/* Appends a heading of the second level. */
void tc_roff_section(struct tc_buffer *roff, const char *title);
/* Begins an item of a list: its term in bold, and behind it an argument in italics; NULL: none. */
void tc_roff_item(struct tc_buffer *roff, const char *term, const char *argument);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/cmd/roff.h"

static void add_escaped(struct tc_buffer *roff, const char *words)
{
	bool bold = false;

	/* A line that begins with one of these is a request. */
	if (*words == '.' || *words == '\'')
		tc_buffer_add_string(roff, "\\&");
	for (; *words; words++) {
		if (*words == '`') {
			bold = !bold;
			tc_buffer_add_string(roff, bold ? "\\fB" : "\\fP");
		} else if (*words == '\\') {
			tc_buffer_add_string(roff, "\\e");
		} else if (*words == '-') {
			tc_buffer_add_string(roff, "\\-");
		} else if (*words == '~' || *words == '^') {
			tc_buffer_add_string(roff, *words == '~' ? "\\(ti" : "\\(ha");
		} else if (*words == '/' || *words == '|') {
			/* Long paths and lists of words may be broken. */
			tc_buffer_printf(roff, "%c\\:", *words);
		} else {
			tc_buffer_add_char(roff, *words == '\n' ? ' ' : *words);
		}
	}
	if (bold)
		tc_buffer_add_string(roff, "\\fP");
}

void tc_roff_text(struct tc_buffer *roff, const char *words)
{
	add_escaped(roff, words);
	tc_buffer_add_char(roff, '\n');
}

void tc_roff_section(struct tc_buffer *roff, const char *title)
{
	tc_buffer_add_string(roff, ".SS ");
	tc_roff_text(roff, title);
}

void tc_roff_item(struct tc_buffer *roff, const char *term, const char *argument)
{
	tc_buffer_add_string(roff, ".TP\n\\fB");
	add_escaped(roff, term);
	tc_buffer_add_string(roff, "\\fP");
	if (argument) {
		tc_buffer_add_string(roff, " \\fI");
		add_escaped(roff, argument);
		tc_buffer_add_string(roff, "\\fP");
	}
	tc_buffer_add_char(roff, '\n');
}

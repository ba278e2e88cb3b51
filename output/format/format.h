/* SPDX-License-Identifier: Apache-2.0 */
/* The formats that outputs can write, by name. */
#ifndef TOCSIN_OUTPUT_FORMAT_FORMAT_H
#define TOCSIN_OUTPUT_FORMAT_FORMAT_H

#include <stdbool.h>

#include "agent/buffer.h"
#include "output/journal_reader.h"

/*
 * Appends one document, without a newline. 0; -ENOMEM; -EINVAL when the row's JSON is damaged. What
 * was appended before a failure is the caller's to take away.
 */
typedef int (*tc_format)(const struct tc_journal_row *row, struct tc_buffer *text);

#define TC_FORMAT(name, function, doc)                                                             \
	int function(const struct tc_journal_row *row, struct tc_buffer *text);
#include "output/format/formats.def"
#undef TC_FORMAT

/* NULL when there is none of this name. */
tc_format tc_format_find(const char *name);
/* Appends the names of all formats, separated by sep. */
void tc_format_list(struct tc_buffer *text, const char *separator);

/* The line of the format text; with colour: for a terminal. */
int tc_format_row_line(const struct tc_journal_row *row, bool colour, struct tc_buffer *text);

#endif

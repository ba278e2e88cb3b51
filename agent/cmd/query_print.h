/* SPDX-License-Identifier: Apache-2.0 */
/* How `tocsin query` prints rows, and counts of them. */
#ifndef TOCSIN_AGENT_CMD_QUERY_PRINT_H
#define TOCSIN_AGENT_CMD_QUERY_PRINT_H

#include "output/format/format.h"
#include "output/format/table.h"

struct query_printer {
	tc_format format; /* NULL: a table */
	bool colour;
	struct tc_table table;
	struct tc_buffer line;
	uint64_t damaged; /* rows that could not be formatted */
};

/* format: table or one of formats.def. 0 or -EINVAL. */
int query_printer_init(struct query_printer *printer, const char *format);
void query_printer_done(struct query_printer *printer);
/* Whether rows are printed by their columns and output alone, or need neither. */
bool query_printer_needs_output(const struct query_printer *printer);
/* Prints one row on standard output. 0 or a negative errno, told. */
int query_print_row(struct query_printer *printer, const struct tc_journal_row *row);

/* Counts of rows that have the same value. */
struct query_groups;

/* NULL when rows cannot be grouped by that, or memory is out: then errno is ENOMEM. */
struct query_groups *query_groups_new(const char *by);
/* Appends what rows can be grouped by. */
void query_groups_list(struct tc_buffer *text);
/* 0 or -ENOMEM. */
int query_groups_add(struct query_groups *groups, const struct tc_journal_row *row);
/* Prints them, the most frequent first: a table, or JSON with one object a line. 0 or a negative
 * errno, told. */
int query_groups_print(struct query_groups *groups, bool json);
/* Takes NULL. */
void query_groups_free(struct query_groups *groups);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* A table of text that is printed row by row and fits a terminal. */
#ifndef TOCSIN_OUTPUT_FORMAT_TABLE_H
#define TOCSIN_OUTPUT_FORMAT_TABLE_H

#include <stdbool.h>
#include <stdio.h>

#include "agent/buffer.h"

#define TC_TABLE_COLUMNS_MAX 16

/* The last column takes what is left of the line. */
struct tc_table_column {
	const char *title;
	unsigned
		width; /* columns of the terminal; of the last column the least that it must have */
	unsigned least; /* may be made this narrow when there is no room; 0: it may go altogether */
	bool keep_end;	/* what is too long loses its start, not its end */
};

struct tc_table {
	FILE *stream;
	const struct tc_table_column *columns;
	size_t n_columns;
	unsigned widths[TC_TABLE_COLUMNS_MAX]; /* 0: the column has gone */
	bool cut; /* cells are cut to the width; otherwise they are as long as they are */
	bool colour;
	bool started; /* the header was printed */
	struct tc_buffer line;
};

/*
 * Starts a table. terminal_columns is the width of the terminal; 0: none, nothing is cut. Columns
 * that may go, go from the right; then the others are narrowed.
 */
void tc_table_init(struct tc_table *table, FILE *stream, const struct tc_table_column *columns,
		   size_t n_columns, unsigned terminal_columns, bool colour);
/*
 * Prints a row, before the first one the header. A cell is text that was escaped, see
 * tc_text_sanitize(); NULL is printed as "-". style switches on a colour (see colour.h) for the
 * cell of one column, or for the row when it is -1.
 */
void tc_table_row(struct tc_table *table, const char *const *cells, const char *style,
		  int styled_column);
void tc_table_done(struct tc_table *table);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#include "output/format/table.h"

#include <string.h>

#include "output/format/colour.h"
#include "output/format/text.h"

#define GAP 2			/* between columns */
#define ELLIPSIS "\xe2\x80\xa6" /* U+2026, one column wide */

static unsigned total_width(const struct tc_table *table)
{
	unsigned total = 0;

	for (size_t i = 0; i < table->n_columns; i++)
		if (table->widths[i])
			total += table->widths[i] + (i + 1 < table->n_columns ? GAP : 0);
	return total;
}

static void fit(struct tc_table *table, unsigned room)
{
	size_t last = table->n_columns - 1;

	for (size_t i = last; i-- > 0 && total_width(table) > room;)
		if (!table->columns[i].least)
			table->widths[i] = 0;
	for (size_t i = last; i-- > 0 && total_width(table) > room;)
		if (table->columns[i].least)
			table->widths[i] = table->columns[i].least;
	if (total_width(table) < room)
		table->widths[last] += room - total_width(table);
}

void tc_table_init(struct tc_table *table, FILE *stream, const struct tc_table_column *columns,
		   size_t n_columns, unsigned terminal_columns, bool colour)
{
	*table = (struct tc_table){.stream = stream,
				   .columns = columns,
				   .n_columns = n_columns,
				   .cut = terminal_columns != 0,
				   .colour = colour};
	for (size_t i = 0; i < n_columns; i++)
		table->widths[i] = columns[i].width;
	if (terminal_columns)
		fit(table, terminal_columns);
}

void tc_table_done(struct tc_table *table)
{
	tc_buffer_done(&table->line);
}

/* Bytes at the start of text to leave out, so that its end fits into columns. */
static size_t skip_start(const char *text, size_t length, size_t columns)
{
	size_t all = tc_text_columns(text, length);
	size_t skipped = all > columns ? tc_text_fit(text, length, all - columns) : 0;

	/* A wide character that lies across the cut is left out. */
	while (skipped < length && tc_text_columns(text + skipped, length - skipped) > columns)
		skipped += tc_text_fit(text + skipped, length - skipped, 2) ?: 1;
	return skipped;
}

/* Appends text, cut to width columns when it is longer, and returns the columns that it takes. */
static size_t add_fitted(struct tc_buffer *line, const char *text, size_t length, unsigned width,
			 bool keep_end)
{
	if (tc_text_columns(text, length) <= width) {
		tc_buffer_add(line, text, length);
		return tc_text_columns(text, length);
	}
	if (keep_end) {
		size_t skipped = skip_start(text, length, width - 1);

		tc_buffer_add_string(line, ELLIPSIS);
		tc_buffer_add(line, text + skipped, length - skipped);
		return 1 + tc_text_columns(text + skipped, length - skipped);
	}
	size_t kept = tc_text_fit(text, length, width - 1);
	tc_buffer_add(line, text, kept);
	tc_buffer_add_string(line, ELLIPSIS);
	return 1 + tc_text_columns(text, kept);
}

static void add_cell(struct tc_table *table, size_t column, const char *cell, const char *style)
{
	_cleanup_buffer_ struct tc_buffer text = {0};
	struct tc_buffer *line = &table->line;
	unsigned width = table->widths[column];
	bool last = column + 1 == table->n_columns;

	tc_buffer_add_string(&text, "");
	if (cell)
		tc_text_sanitize(&text, cell, strlen(cell));
	else
		tc_buffer_add_char(&text, '-');

	tc_buffer_add_string(line, style);
	size_t used = add_fitted(line, text.bytes, text.length, table->cut ? width : (unsigned)-1,
				 table->columns[column].keep_end);
	if (*style)
		tc_buffer_add_string(line, TC_COLOUR_END);
	if (!last)
		tc_buffer_printf(line, "%*s", used < width ? (int)(width - used + GAP) : GAP, "");
}

static void print_row(struct tc_table *table, const char *const *cells, const char *style,
		      int styled_column)
{
	tc_buffer_reset(&table->line);
	for (size_t i = 0; i < table->n_columns; i++) {
		bool styled = table->colour && (styled_column < 0 || styled_column == (int)i);

		if (table->widths[i])
			add_cell(table, i, cells[i], styled ? style : "");
	}
	tc_buffer_add_char(&table->line, '\n');
	if (!tc_buffer_failed(&table->line))
		fwrite(table->line.bytes, 1, table->line.length, table->stream);
}

void tc_table_row(struct tc_table *table, const char *const *cells, const char *style,
		  int styled_column)
{
	if (!table->started) {
		const char *titles[TC_TABLE_COLUMNS_MAX];

		for (size_t i = 0; i < table->n_columns; i++)
			titles[i] = table->columns[i].title;
		print_row(table, titles, TC_COLOUR_BOLD, -1);
		table->started = true;
	}
	print_row(table, cells, style, styled_column);
}

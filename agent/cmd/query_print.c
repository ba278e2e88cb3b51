/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/cmd/query_print.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "agent/log.h"
#include "agent/timestamp.h"
#include "output/alert.h"
#include "output/format/colour.h"
#include "output/format/text.h"

enum {
	CELL_TIME,
	CELL_PRIORITY,
	CELL_RULE,
	CELL_PROCESS,
	CELL_PID,
	CELL_CGROUP,
	CELL_OUTPUT,
	N_CELLS
};

/* The narrowest takes the 80 columns of a plain terminal. */
static const struct tc_table_column columns[N_CELLS] = {
	[CELL_TIME] = {"TIME", 23, 23, false},	   [CELL_PRIORITY] = {"PRIORITY", 13, 8, false},
	[CELL_RULE] = {"RULE", 28, 16, false},	   [CELL_PROCESS] = {"PROCESS", 15, 0, false},
	[CELL_PID] = {"PID", 7, 0, false},	   [CELL_CGROUP] = {"CGROUP", 24, 0, true},
	[CELL_OUTPUT] = {"OUTPUT", 27, 27, false},
};

static unsigned terminal_columns(void)
{
	struct winsize size;

	if (!isatty(STDOUT_FILENO))
		return 0;
	return ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col ? size.ws_col : 80;
}

int query_printer_init(struct query_printer *printer, const char *format)
{
	*printer = (struct query_printer){
		.format = tc_format_find(format),
		.colour = tc_colour_wanted(STDOUT_FILENO),
	};
	if (!printer->format && strcmp(format, "table") != 0)
		return -EINVAL;
	tc_table_init(&printer->table, stdout, columns, N_CELLS, terminal_columns(),
		      printer->colour);
	return 0;
}

void query_printer_done(struct query_printer *printer)
{
	tc_table_done(&printer->table);
	tc_buffer_done(&printer->line);
}

bool query_printer_needs_output(const struct query_printer *printer)
{
	return !printer->format || printer->format == tc_format_row_text;
}

static void print_table_row(struct query_printer *printer, const struct tc_journal_row *row)
{
	char time[TC_TIMESTAMP_BYTES], pid[16], cgroup[24];
	const char *cells[N_CELLS] = {
		[CELL_TIME] = time,
		[CELL_PRIORITY] = tc_priority_name(row->priority),
		[CELL_RULE] = row->rule ? row->rule : row->kind,
		[CELL_PROCESS] = row->comm,
		[CELL_PID] = row->has_pid ? pid : NULL,
		[CELL_CGROUP] = row->cgroup_path     ? row->cgroup_path
				: row->has_cgroup_id ? cgroup
						     : NULL,
		[CELL_OUTPUT] = row->output ? tc_alert_details(row->output, row->rule) : NULL,
	};

	tc_timestamp_local(row->time_ns, time);
	snprintf(pid, sizeof(pid), "%u", row->pid);
	snprintf(cgroup, sizeof(cgroup), "%llu", (unsigned long long)row->cgroup_id);
	if (row->rule)
		tc_table_row(&printer->table, cells, tc_colour_of(row->priority), CELL_PRIORITY);
	else
		tc_table_row(&printer->table, cells, TC_COLOUR_DIM, -1);
}

/* What a format makes of rows has no control characters; but the file may have been written by
 * anybody, and JSON is given as it is. The line of text has colours, and is made safe already. */
static int format_row(struct query_printer *printer, const struct tc_journal_row *row)
{
	_cleanup_buffer_ struct tc_buffer document = {0};
	int error;

	if (printer->format == tc_format_row_text)
		return tc_format_row_line(row, printer->colour, &printer->line);
	if (printer->format == tc_format_row_json && row->json) {
		tc_text_sanitize(&printer->line, row->json, strlen(row->json));
		return 0;
	}
	error = printer->format(row, &document);
	if (!error && document.bytes)
		tc_text_sanitize(&printer->line, document.bytes, document.length);
	return error;
}

static int print_document(struct query_printer *printer, const struct tc_journal_row *row)
{
	tc_buffer_reset(&printer->line);
	int error = format_row(printer, row);
	if (error == -EINVAL) {
		printer->damaged++;
		tc_warning("alert %llu cannot be printed: its JSON is damaged",
			   (unsigned long long)row->seq);
		return 0;
	}
	tc_buffer_add_char(&printer->line, '\n');
	if (error || tc_buffer_failed(&printer->line))
		return tc_error_return(-ENOMEM, "alert %llu", (unsigned long long)row->seq);
	fwrite(printer->line.bytes, 1, printer->line.length, stdout);
	return 0;
}

int query_print_row(struct query_printer *printer, const struct tc_journal_row *row)
{
	int error = 0;

	errno = 0;
	if (printer->format)
		error = print_document(printer, row);
	else
		print_table_row(printer, row);
	if (!error && ferror(stdout))
		error = tc_error_return(errno ? -errno : -EIO, "cannot write to standard output");
	return error;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* tocsin status: does an agent run, and how far has each output come? */
#include <errno.h>
#include <json.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/cmd/cmd.h"
#include "agent/cmd/status_enforce.h"
#include "agent/cmd/status_pins.h"
#include "agent/enrich/clock.h"
#include "agent/log.h"
#include "agent/standing.h"
#include "agent/value.h"
#include "output/cursors.h"
#include "output/format/colour.h"
#include "output/format/json_writer.h"
#include "output/format/table.h"
#include "output/format/text.h"
#include "agent/timestamp.h"
#include "output/journal.h"
#include "output/journal_reader.h"

#define NS_PER_S 1000000000ULL
/* Positions are stored twice a second, and a batch takes its time. */
#define DEFAULT_LAG_NS (10 * NS_PER_S)

struct status_options {
	const char *journal;
	uint64_t max_lag_ns;
	bool json;
};

struct status {
	struct status_options options;
	struct tc_journal_reader *reader;
	struct tc_json json;
	struct tc_table table;
	uint64_t now_ns, last_seq, last_ns;
	struct tc_journal_head head;
	int agent_pid;		      /* 0: none runs */
	struct json_object *standing; /* what it says of itself; NULL: nothing is known */
	struct status_pins pins;      /* of it, or of those before */
	unsigned outputs;	      /* of the agent that runs or ran last */
	bool troubled;		      /* one of them lags or fails */
};

static int parse(struct status_options *options, int argc, char **argv)
{
	const struct tc_option rows[] = {
		{"journal", 'j', TC_OPTION_STRING, "FILE", &options->journal,
		 "the agent's database (" TC_JOURNAL_DEFAULT_PATH ")"},
		{"max-lag", 0, TC_OPTION_DURATION, "DURATION", &options->max_lag_ns,
		 "an output may be behind by so much (10s)"},
		{"json", 0, TC_OPTION_FLAG, NULL, &options->json, "print one JSON object"},
		{0},
	};
	const struct tc_usage usage = {
		.command = "status",
		.synopsis = "[OPTION]...",
		.doc = "Tells whether an agent runs, what its journal holds, the head of its "
		       "chain (to be noted for tocsin verify --head), what its rules "
		       "enforce at this moment and why not more, and how far each "
		       "output is behind. Exits with 0 when all outputs keep up, 1 when one is "
		       "behind or fails, 3 when there is no journal.",
		.options = rows,
	};

	return tc_options_parse(&usage, argc, argv, NULL);
}

/* --- one output --- */

/* What is said of an output. */
enum state { STATE_GOOD, STATE_BEHIND, STATE_FAILING, STATE_UNUSED };

static const struct {
	const char *name, *colour;
} states[] = {
	[STATE_GOOD] = {"good", ""},
	[STATE_BEHIND] = {"behind", "\033[33m"},
	[STATE_FAILING] = {"failing", "\033[31m"},
	[STATE_UNUSED] = {"unused", TC_COLOUR_DIM},
};

struct lag {
	uint64_t rows, ns;
};

static int take_time(const struct tc_journal_row *row, void *context)
{
	*(uint64_t *)context = row->time_ns;
	return 0;
}

/* How many rows are behind its position, and how old the first of them is. */
static struct lag find_lag(struct status *status, const struct tc_cursor *cursor)
{
	uint64_t time_ns = status->now_ns;
	struct lag lag = {0};
	bool more;

	if (cursor->reached_seq >= status->last_seq)
		return lag;
	lag.rows = status->last_seq - cursor->reached_seq;
	tc_journal_reader_next(status->reader, cursor->reached_seq, 1, take_time, &time_ns, &more);
	lag.ns = time_ns < status->now_ns ? status->now_ns - time_ns : 0;
	return lag;
}

static enum state judge(const struct status *status, const struct tc_cursor *cursor,
			const struct lag *lag)
{
	if (!cursor->active)
		return STATE_UNUSED;
	if (cursor->errors)
		return STATE_FAILING;
	return lag->ns > status->options.max_lag_ns ? STATE_BEHIND : STATE_GOOD;
}

/* --- JSON --- */

static void put_time(struct tc_json *json, const char *key, uint64_t time_ns)
{
	char text[TC_TIMESTAMP_BYTES];

	tc_timestamp_utc(time_ns, text);
	tc_json_key(json, key);
	tc_json_string(json, time_ns ? text : NULL);
}

static void put_uint(struct tc_json *json, const char *key, uint64_t number)
{
	tc_json_key(json, key);
	tc_json_uint(json, number);
}

static void put_text(struct tc_json *json, const char *key, const char *text)
{
	tc_json_key(json, key);
	if (text)
		tc_json_bytes(json, text, strlen(text));
	else
		tc_json_null(json);
}

static void put_output(struct tc_json *json, const struct tc_cursor *cursor, const struct lag *lag,
		       enum state state)
{
	tc_json_object_begin(json);
	put_text(json, "name", cursor->name);
	put_text(json, "state", states[state].name);
	tc_json_key(json, "durable");
	tc_json_bool(json, cursor->durable);
	put_uint(json, "seq", cursor->reached_seq);
	put_uint(json, "resume_seq", cursor->seq);
	put_uint(json, "lag_rows", lag->rows);
	tc_json_key(json, "lag_seconds");
	tc_json_uint(json, lag->ns / NS_PER_S);
	put_uint(json, "delivered", cursor->delivered);
	put_uint(json, "suppressed", cursor->suppressed);
	put_uint(json, "failures", cursor->errors);
	put_text(json, "last_error", cursor->error);
	put_time(json, "last_error_time", cursor->error_ns);
	put_time(json, "updated", cursor->updated_ns);
	tc_json_object_end(json);
}

/* --- for people --- */

enum { CELL_NAME, CELL_STATE, CELL_ROWS, CELL_LAG, CELL_DELIVERED, CELL_SUPPRESSED, CELL_ERROR };

static const struct tc_table_column columns[] = {
	[CELL_NAME] = {"OUTPUT", 16, 8, false},
	[CELL_STATE] = {"STATE", 7, 7, false},
	[CELL_ROWS] = {"ROWS BEHIND", 11, 11, false},
	[CELL_LAG] = {"FOR", 8, 8, false},
	[CELL_DELIVERED] = {"TOLD", 10, 10, false},
	[CELL_SUPPRESSED] = {"KEPT BACK", 9, 0, false},
	[CELL_ERROR] = {"LAST ERROR", 30, 0, false},
};

/* "3 s", "12 min", "5 h", "9 d". */
static void print_span(char text[32], uint64_t ns)
{
	static const struct {
		uint64_t seconds;
		const char *name;
	} units[] = {{86400, "d"}, {3600, "h"}, {60, "min"}, {1, "s"}};
	uint64_t seconds = ns / NS_PER_S;
	size_t i = 0;

	while (i < 3 && seconds < 2 * units[i].seconds)
		i++;
	snprintf(text, 32, "%llu %s", (unsigned long long)(seconds / units[i].seconds),
		 units[i].name);
}

static void print_number(char text[32], uint64_t number)
{
	snprintf(text, 32, "%llu", (unsigned long long)number);
}

static void print_output(struct status *status, const struct tc_cursor *cursor,
			 const struct lag *lag, enum state state)
{
	char rows[32], span[32], delivered[32], suppressed[32], ago[32];
	_cleanup_buffer_ struct tc_buffer error = {0};
	const char *cells[] = {
		[CELL_NAME] = cursor->name,   [CELL_STATE] = states[state].name,
		[CELL_ROWS] = rows,	      [CELL_LAG] = lag->rows ? span : NULL,
		[CELL_DELIVERED] = delivered, [CELL_SUPPRESSED] = suppressed,
		[CELL_ERROR] = NULL,
	};

	print_number(rows, lag->rows);
	print_number(delivered, cursor->delivered);
	print_number(suppressed, cursor->suppressed);
	print_span(span, lag->ns);
	print_span(ago, status->now_ns > cursor->error_ns ? status->now_ns - cursor->error_ns : 0);
	if (cursor->error) {
		tc_text_sanitize(&error, cursor->error, strlen(cursor->error));
		tc_buffer_printf(&error, " (%s ago)", ago);
		cells[CELL_ERROR] = error.bytes;
	}
	tc_table_row(&status->table, cells, states[state].colour,
		     state == STATE_UNUSED ? -1 : CELL_STATE);
}

static int take_output(const struct tc_cursor *cursor, void *context)
{
	struct status *status = context;
	const struct lag lag = find_lag(status, cursor);
	enum state state = judge(status, cursor, &lag);

	status->outputs += cursor->active;
	status->troubled |= state == STATE_BEHIND || state == STATE_FAILING;
	if (status->options.json)
		put_output(&status->json, cursor, &lag, state);
	else
		print_output(status, cursor, &lag, state);
	return 0;
}

/* --- all of it --- */

static void print_head(const struct status *status)
{
	char time[TC_TIMESTAMP_BYTES], span[32], hash[TC_HASH_LENGTH + 1];
	_cleanup_buffer_ struct tc_buffer path = {0};

	tc_text_escape(&path, status->options.journal, strlen(status->options.journal));
	if (status->agent_pid)
		printf("agent     running, process %d\n", status->agent_pid);
	else
		printf("agent     not running\n");
	printf("journal   %s", path.bytes ? path.bytes : "");
	if (status->last_seq) {
		tc_timestamp_local(status->last_ns, time);
		print_span(span,
			   status->now_ns > status->last_ns ? status->now_ns - status->last_ns : 0);
		printf(": last row %llu, %s (%s ago)\n", (unsigned long long)status->last_seq, time,
		       span);
	} else {
		printf(": %s\n", status->reader ? "empty" : "not there");
	}
	if (status->head.seq) {
		tc_timestamp_local(status->head.time_ns, time);
		tc_hash_print(&status->head.hash, hash);
		printf("head      %s (row %llu, at %s)\n", hash,
		       (unsigned long long)status->head.seq, time);
	}
}

/* As `tocsin verify` has it. */
static void put_chain_head(struct tc_json *json, const struct tc_journal_head *head)
{
	char hash[TC_HASH_LENGTH + 1];

	tc_json_key(json, "head");
	if (!head->seq) {
		tc_json_null(json);
		return;
	}
	tc_hash_print(&head->hash, hash);
	tc_json_object_begin(json);
	put_uint(json, "seq", head->seq);
	put_text(json, "hash", hash);
	put_time(json, "time", head->time_ns);
	tc_json_object_end(json);
}

static void put_head(struct status *status)
{
	struct tc_json *json = &status->json;

	tc_json_object_begin(json);
	put_time(json, "time", status->now_ns);
	tc_json_key(json, "agent");
	tc_json_object_begin(json);
	tc_json_key(json, "running");
	tc_json_bool(json, status->agent_pid);
	tc_json_key(json, "pid");
	if (status->agent_pid)
		tc_json_int(json, status->agent_pid);
	else
		tc_json_null(json);
	tc_json_object_end(json);
	tc_json_key(json, "journal");
	tc_json_object_begin(json);
	put_text(json, "path", status->options.journal);
	put_uint(json, "last_seq", status->last_seq);
	put_time(json, "last_time", status->last_ns);
	put_chain_head(json, &status->head);
	tc_json_object_end(json);
	status_put_enforcement(json, status->standing);
	status_put_pins(json, &status->pins);
	tc_json_key(json, "outputs");
	tc_json_array_begin(json);
}

static unsigned terminal_columns(void)
{
	struct winsize size;

	return ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
}

/* 0 or a negative errno, logged. */
static int read_outputs(struct status *status)
{
	struct tc_cursors *cursors = NULL;
	int error = tc_cursors_open_readonly(status->options.journal, &cursors);

	if (error)
		return error == -ENOENT ? 0 : error;
	error = tc_cursors_each(cursors, NULL, take_output, status);
	tc_cursors_close(cursors);
	return error;
}

static int print_json(struct status *status)
{
	_cleanup_buffer_ struct tc_buffer text = {0};
	int error;

	status->json = (struct tc_json){.buffer = &text};
	put_head(status);
	error = read_outputs(status);
	tc_json_array_end(&status->json);
	tc_json_object_end(&status->json);
	tc_json_done(&status->json);
	if (!error && tc_buffer_failed(&text))
		error = -ENOMEM;
	if (!error)
		puts(text.bytes);
	return error;
}

static int print_text(struct status *status)
{
	int error;

	print_head(status);
	status_print_pins(&status->pins, status->agent_pid);
	status_print_enforcement(status->standing, terminal_columns(),
				 tc_colour_wanted(STDOUT_FILENO));
	tc_table_init(&status->table, stdout, columns, sizeof(columns) / sizeof(columns[0]),
		      terminal_columns(), tc_colour_wanted(STDOUT_FILENO));
	error = read_outputs(status);
	tc_table_done(&status->table);
	if (!error && !status->outputs)
		printf("outputs   none\n");
	return error;
}

static int read_journal(struct status *status)
{
	struct tc_journal_filter newest = TC_JOURNAL_FILTER_ALL;
	int error = tc_journal_reader_open(status->options.journal, &status->reader);

	newest.limit = 1;
	if (!error)
		error = tc_journal_reader_last_seq(status->reader, &status->last_seq);
	if (!error)
		error = tc_journal_reader_query(status->reader, &newest, take_time,
						&status->last_ns);
	if (!error)
		error = tc_journal_reader_head(status->reader, &status->head);
	return error;
}

static void find_pins(struct status *status)
{
	int error = tc_pinned_find(status->options.journal, &status->pins.own);

	if (!error)
		error = tc_pinned_find_orphans(status->options.journal, &status->pins.orphans);
	if (error)
		tc_error_return(error, "tocsin status: cannot look into %s", TC_PINS_DIRECTORY);
}

int tc_cmd_status(int argc, char **argv)
{
	struct status status = {
		.options = {.journal = TC_JOURNAL_DEFAULT_PATH, .max_lag_ns = DEFAULT_LAG_NS}};
	int code = parse(&status.options, argc, argv), error, printed = 0;

	if (code >= 0)
		return code;
	status.now_ns = tc_clock_real_now_ns();
	status.agent_pid = tc_standing_agent(status.options.journal);
	status.standing = tc_standing_read(status.options.journal, TC_STANDING, status.agent_pid);
	find_pins(&status);
	error = read_journal(&status);
	/* Without a journal there is nothing to tell but what goes on without it. */
	if (!error || status.pins.own.n || status.pins.orphans.n)
		printed = status.options.json ? print_json(&status) : print_text(&status);
	tc_journal_reader_close(status.reader);
	json_object_put(status.standing);
	tc_pinned_done(&status.pins.own);
	tc_pinned_done(&status.pins.orphans);
	if (error || printed)
		return TC_EXIT_ENVIRONMENT;
	return status.troubled ? TC_EXIT_NO : TC_EXIT_GOOD;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* tocsin query: reads alerts back from the journal. */
#include <ctype.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "agent/cmd/cmd.h"
#include "agent/log.h"
#include "output/format/colour.h"
#include "output/format/table.h"
#include "output/format/text.h"
#include "agent/timestamp.h"
#include "output/journal.h"
#include "output/journal_reader.h"

/* How often --follow looks for new rows. */
#define FOLLOW_MS 250

struct query_options {
	const char *journal, *since, *until, *rule, *priority, *kind, *cgroup;
	uint64_t pid, limit;
	bool json, table, follow;
};

struct query {
	struct tc_journal_filter filter;
	struct tc_table table;
	struct tc_buffer line; /* of JSON */
	bool json;
	uint64_t count; /* rows printed */
};

static volatile sig_atomic_t stop_requested;

/* --- the command line --- */

static int usage_error(const char *option, const char *value, const char *wanted)
{
	fprintf(stderr, "tocsin query: --%s %s: not %s\n", option, value, wanted);
	return TC_EXIT_USAGE;
}

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

/* A time, or a duration before now. -1 to go on, or an exit code. */
static int read_time(const char *option, const char *text, uint64_t *ret_ns)
{
	unsigned long long ago_ns;
	uint64_t now = now_ns();

	if (!text)
		return -1;
	if (tc_parse_duration(text, &ago_ns) == 0) {
		*ret_ns = ago_ns < now ? now - ago_ns : 1;
		return -1;
	}
	if (tc_timestamp_parse(text, ret_ns) == 0)
		return -1;
	return usage_error(option, text,
			   "a time such as 2024-05-01T10:00:00Z, nor a duration ago such as 2h");
}

static int read_priority(const char *text, struct tc_journal_filter *filter)
{
	filter->max_priority = TC_PRIORITY_DEBUG;
	if (!text || tc_priority_parse(text, &filter->max_priority) == 0)
		return -1;
	return usage_error(
		"priority", text,
		"one of Emergency, Alert, Critical, Error, Warning, Notice, Informational, Debug");
}

static int read_kind(const char *text, struct tc_journal_filter *filter)
{
	const char *names[TC_KIND_LIMIT];
	size_t count = 0;

	filter->kind = text;
	if (!text || tc_kind_by_name(text))
		return -1;
	for (uint32_t kind = 0; kind < TC_KIND_LIMIT; kind++)
		if (tc_kind_info(kind))
			names[count++] = tc_kind_info(kind)->name;
	const char *nearest = tc_nearest_word(text, names, count);
	if (!nearest)
		return usage_error("kind", text, "a kind of event; `tocsin fields` lists them");
	fprintf(stderr, "tocsin query: --kind %s: not a kind of event (did you mean %s?)\n", text,
		nearest);
	return TC_EXIT_USAGE;
}

static int read_cgroup(const char *text, struct tc_journal_filter *filter)
{
	char *end;

	if (!text)
		return -1;
	if (*text == '/') {
		filter->cgroup_path = text;
		return -1;
	}
	errno = 0;
	filter->cgroup_id = strtoull(text, &end, 10);
	filter->by_cgroup_id = true;
	if (isdigit((unsigned char)*text) && !*end && !errno)
		return -1;
	return usage_error("cgroup", text,
			   "a path such as /system.slice, nor the number of a cgroup");
}

static int read_pid(uint64_t pid, struct tc_journal_filter *filter)
{
	char text[24];

	if (pid == UINT64_MAX)
		return -1;
	filter->by_pid = true;
	filter->pid = (uint32_t)pid;
	if (pid <= UINT32_MAX)
		return -1;
	snprintf(text, sizeof(text), "%llu", (unsigned long long)pid);
	return usage_error("pid", text, "the number of a process");
}

/* -1 to go on, or an exit code. */
static int read_filter(const struct query_options *options, struct tc_journal_filter *filter)
{
	int leave = read_time("since", options->since, &filter->since_ns);

	filter->rule = options->rule;
	filter->limit = options->limit;
	if (leave < 0)
		leave = read_time("until", options->until, &filter->until_ns);
	if (leave < 0)
		leave = read_priority(options->priority, filter);
	if (leave < 0)
		leave = read_kind(options->kind, filter);
	if (leave < 0)
		leave = read_cgroup(options->cgroup, filter);
	if (leave < 0)
		leave = read_pid(options->pid, filter);
	if (leave < 0 && options->json && options->table) {
		fprintf(stderr, "tocsin query: --json and --table do not go together\n");
		leave = TC_EXIT_USAGE;
	}
	return leave;
}

static int read_options(int argc, char **argv, struct query_options *options)
{
	const struct tc_option rows[] = {
		{"journal", 'j', TC_OPTION_STRING, "FILE", &options->journal,
		 "the journal to read (" TC_JOURNAL_DEFAULT_PATH ")"},
		{"since", 0, TC_OPTION_STRING, "T", &options->since, "from this time on"},
		{"until", 0, TC_OPTION_STRING, "T", &options->until, "up to this time"},
		{"rule", 'r', TC_OPTION_STRING, "GLOB", &options->rule,
		 "rules whose names match; * ? [...] stand for letters"},
		{"priority", 'p', TC_OPTION_STRING, "P", &options->priority,
		 "this priority and higher ones"},
		{"kind", 'k', TC_OPTION_STRING, "K", &options->kind,
		 "this kind of event: exec, mount, loss ..."},
		{"cgroup", 0, TC_OPTION_STRING, "CGROUP", &options->cgroup,
		 "a cgroup by path, with those below it, or by number"},
		{"pid", 0, TC_OPTION_NUMBER, "N", &options->pid, "this process"},
		{"limit", 'n', TC_OPTION_NUMBER, "N", &options->limit,
		 "the newest N of what matches"},
		{"json", 0, TC_OPTION_FLAG, NULL, &options->json, "one JSON object for each alert"},
		{"table", 0, TC_OPTION_FLAG, NULL, &options->table, "a table for people (default)"},
		{"follow", 'f', TC_OPTION_FLAG, NULL, &options->follow,
		 "go on with new alerts until interrupted"},
		{0},
	};
	const struct tc_usage usage = {
		.command = argv[0],
		.synopsis = "[OPTION]...",
		.doc = "Prints alerts from the journal, and with them what the agent says of "
		       "itself: losses of\n"
		       "events, start and stop. T is a time such as 2024-05-01T10:00:00Z, or a "
		       "duration ago\n"
		       "such as 10m, 2h or 3d.",
		.options = rows,
	};
	struct tc_strings positional = {0};
	int leave = tc_options_parse(&usage, argc, argv, &positional);

	free(positional.items);
	return leave;
}

/* --- printing --- */

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

static const struct tc_table_column columns[N_CELLS] = {
	[CELL_TIME] = {"TIME", 23, 23, false},	   [CELL_PRIORITY] = {"PRIORITY", 13, 8, false},
	[CELL_RULE] = {"RULE", 28, 16, false},	   [CELL_PROCESS] = {"PROCESS", 15, 0, false},
	[CELL_PID] = {"PID", 7, 0, false},	   [CELL_CGROUP] = {"CGROUP", 24, 0, true},
	[CELL_OUTPUT] = {"OUTPUT", 30, 30, false},
};

static void print_table_row(struct query *query, const struct tc_journal_row *row)
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
		tc_table_row(&query->table, cells, tc_colour_of(row->priority), CELL_PRIORITY);
	else
		tc_table_row(&query->table, cells, TC_COLOUR_DIM, -1);
}

/* The stored text, one line. Made safe again: the file may have been written by anybody. */
static void print_json_row(struct query *query, const char *json)
{
	tc_buffer_reset(&query->line);
	tc_text_sanitize(&query->line, json, json ? strlen(json) : 0);
	tc_buffer_add_char(&query->line, '\n');
	if (!tc_buffer_failed(&query->line))
		fwrite(query->line.bytes, 1, query->line.length, stdout);
}

static int print_row(const struct tc_journal_row *row, void *context)
{
	struct query *query = context;

	errno = 0;
	if (query->json)
		print_json_row(query, row->json);
	else
		print_table_row(query, row);
	query->count++;
	if (row->seq > query->filter.after_seq)
		query->filter.after_seq = row->seq;
	if (!ferror(stdout))
		return 0;
	return tc_error_return(errno ? -errno : -EIO, "cannot write to standard output");
}

static unsigned terminal_columns(void)
{
	struct winsize size;

	if (!isatty(STDOUT_FILENO))
		return 0;
	return ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col ? size.ws_col : 80;
}

/* --- the query --- */

static void request_stop(int signal_number)
{
	stop_requested = 1;
}

static void catch_signals(void)
{
	struct sigaction action = {.sa_handler = request_stop};

	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
}

static int run_once(struct tc_journal_reader *reader, struct query *query)
{
	struct tc_journal_filter filter = query->filter;
	int error = tc_journal_reader_query(reader, &filter, print_row, query);

	if (!error && fflush(stdout))
		error = tc_error_return(-errno, "cannot write to standard output");
	return error;
}

static int follow(struct tc_journal_reader *reader, struct query *query)
{
	int error = 0;

	query->filter.limit = 0;
	while (!error && !stop_requested) {
		uint64_t last_seq = 0;

		poll(NULL, 0, FOLLOW_MS);
		error = tc_journal_reader_last_seq(reader, &last_seq);
		if (error || last_seq <= query->filter.after_seq)
			continue;
		error = run_once(reader, query);
		/* Rows that do not match are not looked at again. */
		if (last_seq > query->filter.after_seq)
			query->filter.after_seq = last_seq;
	}
	return error;
}

static int run(const struct query_options *options, struct query *query)
{
	_cleanup_journal_reader_ struct tc_journal_reader *reader = NULL;

	if (tc_journal_reader_open(options->journal, &reader))
		return TC_EXIT_ENVIRONMENT;
	if (options->follow)
		catch_signals();
	int error = run_once(reader, query);
	if (!error && options->follow)
		error = follow(reader, query);
	if (error)
		return TC_EXIT_ENVIRONMENT;
	if (!query->count)
		fprintf(stderr, "no alerts\n");
	return TC_EXIT_GOOD;
}

int tc_cmd_query(int argc, char **argv)
{
	struct query_options options = {.journal = TC_JOURNAL_DEFAULT_PATH, .pid = UINT64_MAX};
	struct query query = {0};
	int leave = read_options(argc, argv, &options);

	if (leave < 0)
		leave = read_filter(&options, &query.filter);
	if (leave >= 0)
		return leave;
	query.json = options.json;
	tc_table_init(&query.table, stdout, columns, N_CELLS, terminal_columns(),
		      tc_colour_wanted(STDOUT_FILENO));
	leave = run(&options, &query);
	tc_table_done(&query.table);
	tc_buffer_done(&query.line);
	return leave;
}

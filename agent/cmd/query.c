/* SPDX-License-Identifier: Apache-2.0 */
/* tocsin query: reads alerts back from the journal. */
#include <ctype.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent/cmd/cmd.h"
#include "agent/cmd/query_print.h"
#include "agent/cmd/query_where.h"
#include "agent/cmd/time_option.h"
#include "agent/log.h"
#include "output/journal.h"
#include "output/journal_reader.h"

/* How often --follow looks for new rows. */
#define FOLLOW_MS 250

struct query_options {
	const char *journal, *since, *until, *priority, *kind, *cgroup, *unit, *container, *process,
		*where, *format, *group_by;
	struct tc_strings rules;
	uint64_t pid, limit;
	bool json, table, text, follow, reverse, count;
};

struct query {
	struct tc_journal_filter filter;
	struct query_printer printer;
	struct query_where *where;   /* NULL: none */
	struct query_groups *groups; /* NULL: rows are printed */
	bool json;		     /* what is counted is printed as JSON */
	uint64_t count;		     /* rows that matched */
};

static volatile sig_atomic_t stop_requested;

/* --- the command line --- */

static int usage_error(const char *option, const char *value, const char *wanted)
{
	fprintf(stderr, "tocsin query: --%s %s: not %s\n", option, value, wanted);
	return TC_EXIT_USAGE;
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

/* A number, the path of an executable, or a name. */
static int read_process(const char *text, struct tc_journal_filter *filter)
{
	uint64_t pid;

	if (!text)
		return -1;
	if (!*text)
		return usage_error("process", "''", "a pid, a name or the path of an executable");
	if (text[strspn(text, "0123456789")]) {
		*(*text == '/' ? &filter->exe : &filter->process) = text;
		return -1;
	}
	if (tc_parse_number(TC_OPTION_NUMBER, text, &pid) < 0 || pid > UINT32_MAX)
		return usage_error("process", text, "the number of a process");
	filter->by_pid = true;
	filter->pid = (uint32_t)pid;
	return -1;
}

/* A name without a type is a service, as for systemctl. room is used for it. */
static int read_unit(const char *text, struct tc_buffer *room, struct tc_journal_filter *filter)
{
	filter->unit = text;
	if (text && (!*text || strchr(text, '/')))
		return usage_error("unit", *text ? text : "''",
				   "a unit of systemd such as ssh.service or user.slice");
	if (!text || strchr(text, '.'))
		return -1;
	tc_buffer_printf(room, "%s.service", text);
	filter->unit = room->bytes;
	return tc_buffer_failed(room) ? TC_EXIT_ENVIRONMENT : -1;
}

static int read_container(const char *text, struct tc_journal_filter *filter)
{
	filter->container = text;
	if (!text || *text)
		return -1;
	return usage_error("container", "''", "a container's name or the beginning of its id");
}

static int read_where(const char *text, struct query *query)
{
	int error;

	if (!text)
		return -1;
	error = query_where_new(text, &query->where);
	if (error == -EINVAL)
		return TC_EXIT_USAGE;
	if (error)
		return TC_EXIT_ENVIRONMENT;
	query->filter.kinds = query_where_kinds(query->where);
	query->filter.judge = query_where_holds;
	query->filter.judge_context = query->where;
	return -1;
}

/* At most one of them is given, counts go with json alone. The name of the format, or NULL after a
 * mistake, which was told. */
static const char *choose_format(const struct query_options *options)
{
	const struct {
		const char *option, *format;
		bool given;
	} choices[] = {
		{"--json", "json", options->json},
		{"--table", "table", options->table},
		{"--text", "text", options->text},
		{"--format", options->format, options->format},
	};
	const char *option = NULL, *format = "table";

	for (size_t i = 0; i < sizeof(choices) / sizeof(choices[0]); i++) {
		if (!choices[i].given)
			continue;
		if (option) {
			fprintf(stderr, "tocsin query: %s and %s do not go together\n", option,
				choices[i].option);
			return NULL;
		}
		option = choices[i].option;
		format = choices[i].format;
	}
	return format;
}

static int read_format(const struct query_options *options, struct query *query)
{
	_cleanup_buffer_ struct tc_buffer names = {0};
	const char *format = choose_format(options);
	bool counts = options->count || options->group_by;

	if (!format)
		return TC_EXIT_USAGE;
	if (query_printer_init(&query->printer, format)) {
		tc_buffer_add_string(&names, "table, ");
		tc_format_list(&names, ", ");
		fprintf(stderr, "tocsin query: --format %s: not one of %s\n", format,
			tc_buffer_failed(&names) ? "" : names.bytes);
		return TC_EXIT_USAGE;
	}
	query->json = query->printer.format == tc_format_row_json;
	if (counts && query->printer.format && !query->json) {
		fprintf(stderr, "tocsin query: counts are printed as a table or with --json\n");
		return TC_EXIT_USAGE;
	}
	if (counts && options->follow) {
		fprintf(stderr, "tocsin query: --follow does not go together with counts\n");
		return TC_EXIT_USAGE;
	}
	if (options->reverse && options->follow) {
		fprintf(stderr, "tocsin query: --follow and --reverse do not go together\n");
		return TC_EXIT_USAGE;
	}
	return -1;
}

static int read_group_by(const char *text, struct query *query)
{
	_cleanup_buffer_ struct tc_buffer names = {0};

	if (!text)
		return -1;
	query->groups = query_groups_new(text);
	if (query->groups)
		return -1;
	if (errno == ENOMEM)
		return TC_EXIT_ENVIRONMENT;
	query_groups_list(&names);
	fprintf(stderr, "tocsin query: --group-by %s: not one of %s\n", text,
		tc_buffer_failed(&names) ? "" : names.bytes);
	return TC_EXIT_USAGE;
}

/* -1 to go on, or an exit code. */
static int read_filter(const struct query_options *options, struct tc_buffer *room,
		       struct query *query)
{
	struct tc_journal_filter *filter = &query->filter;
	int leave = tc_time_option("query", "since", options->since, &filter->since_ns);

	filter->rules = options->rules.items;
	filter->n_rules = options->rules.count;
	filter->limit = options->limit;
	filter->newest_first = options->reverse;
	if (leave < 0)
		leave = tc_time_option("query", "until", options->until, &filter->until_ns);
	if (leave < 0)
		leave = read_priority(options->priority, filter);
	if (leave < 0)
		leave = read_kind(options->kind, filter);
	if (leave < 0)
		leave = read_cgroup(options->cgroup, filter);
	if (leave < 0)
		leave = read_unit(options->unit, room, filter);
	if (leave < 0)
		leave = read_container(options->container, filter);
	if (leave < 0)
		leave = read_pid(options->pid, filter);
	if (leave < 0)
		leave = read_process(options->process, filter);
	if (leave < 0)
		leave = read_where(options->where, query);
	return leave;
}

/* Appends what a list writes to the doc of an option. */
static void list_names(void (*list)(struct tc_buffer *text), char *doc, size_t size)
{
	_cleanup_buffer_ struct tc_buffer names = {0};
	size_t length = strlen(doc);

	list(&names);
	if (!tc_buffer_failed(&names))
		snprintf(doc + length, size - length, "%s", names.bytes);
}

static void list_formats(struct tc_buffer *names)
{
	tc_format_list(names, ", ");
}

static int read_options(int argc, char **argv, struct query_options *options)
{
	char formats[128] = "table, ", groupings[160] = "counts by ";
	const struct tc_option rows[] = {
		{"journal", 'j', TC_OPTION_STRING, "FILE", &options->journal,
		 "the journal to read (" TC_JOURNAL_DEFAULT_PATH ")"},
		{"since", 0, TC_OPTION_STRING, "T", &options->since, "from this time on"},
		{"until", 0, TC_OPTION_STRING, "T", &options->until, "up to this time"},
		{"rule", 'r', TC_OPTION_STRINGS, "GLOB", &options->rules,
		 "rules whose names match; * ? [...] stand for letters; may be given more than "
		 "once"},
		{"priority", 'p', TC_OPTION_STRING, "P", &options->priority,
		 "this priority and higher ones"},
		{"kind", 'k', TC_OPTION_STRING, "K", &options->kind,
		 "this kind of event: exec, mount, loss ..."},
		{"cgroup", 0, TC_OPTION_STRING, "CGROUP", &options->cgroup,
		 "a cgroup by path, with those below it, or by number"},
		{"unit", 'u', TC_OPTION_STRING, "UNIT", &options->unit,
		 "a unit of systemd, with what runs below it: ssh, user.slice"},
		{"container", 0, TC_OPTION_STRING, "ID", &options->container,
		 "a container by its name or the beginning of its id; host: in none"},
		{"process", 0, TC_OPTION_STRING, "P", &options->process,
		 "a process by pid, name, or path of its executable"},
		{"pid", 0, TC_OPTION_NUMBER, "N", &options->pid, "this process"},
		{"where", 'w', TC_OPTION_STRING, "CONDITION", &options->where,
		 "a condition as in rules, on the fields that the alert holds; others are missing"},
		{"limit", 'n', TC_OPTION_NUMBER, "N", &options->limit,
		 "the newest N of what matches"},
		{"reverse", 0, TC_OPTION_FLAG, NULL, &options->reverse, "the newest first"},
		{"table", 0, TC_OPTION_FLAG, NULL, &options->table, "a table for people (default)"},
		{"text", 0, TC_OPTION_FLAG, NULL, &options->text, "a line for each alert"},
		{"json", 0, TC_OPTION_FLAG, NULL, &options->json, "one JSON object for each alert"},
		{"format", 0, TC_OPTION_STRING, "FORMAT", &options->format, formats},
		{"count", 0, TC_OPTION_FLAG, NULL, &options->count, "only how many there are"},
		{"group-by", 0, TC_OPTION_STRING, "WHAT", &options->group_by, groupings},
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

	list_names(list_formats, formats, sizeof(formats));
	list_names(query_groups_list, groupings, sizeof(groupings));
	int leave = tc_options_parse(&usage, argc, argv, &positional);

	free(positional.items);
	return leave;
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

static int take_row(const struct tc_journal_row *row, void *context)
{
	struct query *query = context;
	int error = query->groups ? query_groups_add(query->groups, row)
				  : query_print_row(&query->printer, row);

	query->count++;
	if (row->seq > query->filter.after_seq)
		query->filter.after_seq = row->seq;
	return error ? error : stop_requested;
}

static int run_once(struct tc_journal_reader *reader, struct query *query)
{
	struct tc_journal_filter filter = query->filter;
	int stop = tc_journal_reader_query(reader, &filter, take_row, query);

	if (stop >= 0 && fflush(stdout))
		return tc_error_return(-errno, "cannot write to standard output");
	return stop < 0 ? stop : 0;
}

/* --- following --- */

/* What has been committed since. */
static int follow_once(struct tc_journal_reader *reader, struct query *query)
{
	uint64_t last_seq = 0;
	int error = tc_journal_reader_last_seq(reader, &last_seq);

	if (error || last_seq <= query->filter.after_seq)
		return error;
	error = run_once(reader, query);
	/* Rows that do not match are not looked at again. */
	if (last_seq > query->filter.after_seq)
		query->filter.after_seq = last_seq;
	return error;
}

/*
 * The journal was moved away, as the agent does with a damaged one: what is left in it, then from
 * the beginning of the one that took its place.
 */
static int follow_anew(const char *path, struct tc_journal_reader **reader, struct query *query)
{
	struct tc_journal_reader *other = NULL;
	int error;

	if (access(path, F_OK))
		return 0; /* not there yet */
	follow_once(*reader, query);
	error = tc_journal_reader_open(path, &other);
	if (error)
		return error;
	tc_info("journal %s: another one has taken its place; going on with it", path);
	tc_journal_reader_close(*reader);
	*reader = other;
	query->filter.after_seq = 0;
	return 0;
}

static int follow(const char *path, struct tc_journal_reader **reader, struct query *query)
{
	bool damaged = false;
	int error = 0;

	query->filter.limit = 0;
	while (!error && !stop_requested) {
		poll(NULL, 0, FOLLOW_MS);
		if (tc_journal_reader_is_replaced(*reader)) {
			error = follow_anew(path, reader, query);
			damaged = false;
		}
		if (!error && !damaged)
			error = follow_once(*reader, query);
		/* That was told; the agent will set the journal aside. */
		if (error == -EUCLEAN) {
			damaged = true;
			error = 0;
		}
	}
	return error;
}

/* --- what was found --- */

static int print_count(const struct query *query, uint64_t count)
{
	printf(query->json ? "{\"count\":%llu}\n" : "%llu\n", (unsigned long long)count);
	return 0;
}

static int count_rows(struct tc_journal_reader *reader, struct query *query)
{
	/* The newest N are at most N. */
	int error = tc_journal_reader_count(reader, &query->filter, &query->count);
	if (!error && query->filter.limit && query->count > query->filter.limit)
		query->count = query->filter.limit;
	return error ? error : print_count(query, query->count);
}

static int read_journal(const struct query_options *options, struct query *query)
{
	_cleanup_journal_reader_ struct tc_journal_reader *reader = NULL;
	int error = tc_journal_reader_open(options->journal, &reader);

	if (error)
		return error;
	if (options->count && !query->groups)
		return count_rows(reader, query);
	if (options->follow)
		catch_signals();
	error = run_once(reader, query);
	if (!error && query->groups)
		error = query_groups_print(query->groups, query->json);
	if (!error && options->follow)
		error = follow(options->journal, &reader, query);
	return error;
}

static int run(const struct query_options *options, struct query *query)
{
	int error;

	query->filter.no_output = query->groups || !query_printer_needs_output(&query->printer);
	error = read_journal(options, query);
	if (query->where && query_where_unreadable(query->where))
		tc_warning("%llu alerts could not be judged: their JSON cannot be read",
			   (unsigned long long)query_where_unreadable(query->where));
	if (error)
		return TC_EXIT_ENVIRONMENT;
	if (!query->count && !options->count)
		fprintf(stderr, "no alerts\n");
	return query->printer.damaged ? TC_EXIT_ENVIRONMENT : TC_EXIT_GOOD;
}

int tc_cmd_query(int argc, char **argv)
{
	struct query_options options = {.journal = TC_JOURNAL_DEFAULT_PATH, .pid = UINT64_MAX};
	_cleanup_buffer_ struct tc_buffer unit = {0};
	struct query query = {0};
	int leave = read_options(argc, argv, &options);

	if (leave < 0)
		leave = read_format(&options, &query);
	if (leave < 0)
		leave = read_group_by(options.group_by, &query);
	if (leave < 0)
		leave = read_filter(&options, &unit, &query);
	if (leave < 0)
		leave = run(&options, &query);
	query_printer_done(&query.printer);
	query_groups_free(query.groups);
	query_where_free(query.where);
	free(options.rules.items);
	return leave;
}

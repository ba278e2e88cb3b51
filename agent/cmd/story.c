/* SPDX-License-Identifier: Apache-2.0 */
/* tocsin story: what happened around an alert. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "agent/cmd/cmd.h"
#include "agent/log.h"
#include "agent/story/rows.h"
#include "agent/story/trace.h"
#include "output/format/colour.h"
#include "output/format/text.h"
#include "output/journal.h"

#define LIMIT 1000
#define LIMIT_MAX 1000000
#define AROUND_NS (3600 * 1000000000ULL)
/* The longest alert that is read from standard input. */
#define ALERT_BYTES_MAX (4 << 20)

struct story_command {
	const char *alert, *journal, *trace;
	uint64_t limit, around_ns;
	bool json, html;

	struct tc_journal_reader *reader; /* NULL: none was needed, or there is none */
	struct tc_story *story;
};

static int usage_error(const char *what, const char *why)
{
	fprintf(stderr, "tocsin story: %s: %s\n", what, why);
	return TC_EXIT_USAGE;
}

static int parse(struct story_command *command, int argc, char **argv)
{
	struct tc_strings alerts = {0};
	const struct tc_option rows[] = {
		{"journal", 'j', TC_OPTION_STRING, "FILE", &command->journal,
		 "the journal that the alert is in (" TC_JOURNAL_DEFAULT_PATH ")"},
		{"trace", 't', TC_OPTION_STRING, "PATH", &command->trace,
		 "a recording of that time, or the directory of the audit log: all events are "
		 "told, not alerts alone"},
		{"around", 0, TC_OPTION_DURATION, "DURATION", &command->around_ns,
		 "what happened so long before or after the alert is told (1h)"},
		{"limit", 'n', TC_OPTION_NUMBER, "N", &command->limit,
		 "events that are shown at most, those next to the alert (1000)"},
		{"json", 0, TC_OPTION_FLAG, NULL, &command->json, "as one JSON object"},
		{"html", 0, TC_OPTION_FLAG, NULL, &command->html,
		 "as a page for a browser: one file that needs nothing else"},
		{0},
	};
	const struct tc_usage usage = {
		.command = "story",
		.synopsis = "ALERT [OPTION]...",
		.doc = "Tells the story of an alert: its process, who made it and whom it made, "
		       "what "
		       "they did in order of time, what they touched, and who had logged in. ALERT "
		       "is "
		       "an alert's uuid or its number in the journal, or - for its JSON on "
		       "standard "
		       "input. Without --trace only what rules spoke of is known.",
		.options = rows,
		.positional_min = 1,
		.positional_max = 1,
	};
	int code = tc_options_parse(&usage, argc, argv, &alerts);

	if (code < 0)
		command->alert = alerts.items[0];
	free(alerts.items);
	if (code < 0 && command->json && command->html)
		return usage_error("--json", "not together with --html");
	if (code < 0 && command->trace && strcmp(command->trace, "-") == 0)
		return usage_error("--trace", "a recording is read twice: not from standard input");
	if (code < 0 && (command->limit < 2 || command->limit > LIMIT_MAX))
		return usage_error("--limit", "2 to 1000000 events");
	return code;
}

/* --- the alert --- */

static int take_subject(const struct tc_journal_row *row, void *context)
{
	struct story_command *command = context;
	_cleanup_buffer_ struct tc_buffer kind = {0};
	int error = tc_story_set_subject(command->story, row);

	/* Whoever changed the journal may have written anything. */
	tc_text_sanitize(&kind, row->kind ?: "", strlen(row->kind ?: ""));
	if (error == -EINVAL && !row->rule)
		tc_error("row %llu is no alert but a notice (%s): it has no process to tell of",
			 (unsigned long long)row->seq,
			 tc_buffer_failed(&kind) ? "" : kind.bytes ?: "");
	else if (error == -EINVAL)
		tc_error("alert %llu cannot be told: its JSON is damaged, or names no process",
			 (unsigned long long)row->seq);
	return error ? error : 1;
}

static int find_in_journal(struct story_command *command)
{
	struct tc_journal_filter filter = TC_JOURNAL_FILTER_ALL;
	uint64_t seq;
	int error;

	if (tc_parse_number(TC_OPTION_NUMBER, command->alert, &seq) == 0 && seq)
		filter.seq = seq;
	else
		filter.uuid = command->alert;
	error = tc_journal_reader_query(command->reader, &filter, take_subject, command);
	if (error)
		return error < 0 ? error : 0;
	tc_error("no alert %s in the journal %s: neither a uuid nor a number there (tocsin query "
		 "--json "
		 "shows both)",
		 command->alert, command->journal);
	return -ESRCH;
}

static int read_standard_input(struct story_command *command)
{
	_cleanup_buffer_ struct tc_buffer json = {0};
	char bytes[16384];
	size_t length;
	int error;

	while (json.length < ALERT_BYTES_MAX &&
	       (length = fread(bytes, 1, sizeof(bytes), stdin)) > 0)
		tc_buffer_add(&json, bytes, length);
	if (tc_buffer_failed(&json))
		return -ENOMEM;
	error = tc_story_set_subject(command->story,
				     &(struct tc_journal_row){.json = json.bytes ?: ""});
	if (error == -EINVAL)
		tc_error("standard input is not the JSON of one alert of a process");
	return error;
}

/* --- the story --- */

static int read_rows(struct story_command *command)
{
	if (command->reader)
		return tc_story_read_rows(command->story, command->reader, command->around_ns,
					  !command->trace);
	return command->trace ? 0 : tc_story_tell_subject(command->story);
}

static int tell(struct story_command *command)
{
	bool from_input = strcmp(command->alert, "-") == 0;
	int error = 0;

	command->story = tc_story_new(command->limit);
	if (!command->story)
		return -ENOMEM;
	if (!from_input)
		error = tc_journal_reader_open(command->journal, &command->reader);
	if (error == 0)
		error = from_input ? read_standard_input(command) : find_in_journal(command);
	if (error == 0)
		error = read_rows(command);
	if (error == 0 && command->trace)
		error = tc_story_read_trace(command->story, command->trace, command->around_ns);
	if (error == 0) {
		error = tc_story_end(command->story);
		if (error == -ENOENT)
			tc_error("the event of alert %s was not found among those that were read",
				 command->alert);
	}
	command->story->source = command->trace
					 ?: from_input ? "the alert alone"
						       : command->journal;
	return error;
}

static unsigned terminal_columns(void)
{
	struct winsize size;

	return ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col ? size.ws_col : 80;
}

static int print(const struct story_command *command)
{
	_cleanup_buffer_ struct tc_buffer text = {0};

	if (command->html)
		tc_story_print_html(command->story, &text);
	else if (command->json)
		tc_story_print_json(command->story, &text);
	else
		tc_story_print_text(command->story, terminal_columns(),
				    tc_colour_wanted(STDOUT_FILENO), &text);
	if (tc_buffer_failed(&text))
		return -ENOMEM;
	errno = 0;
	if (fwrite(text.bytes, 1, text.length, stdout) != text.length || fflush(stdout))
		return tc_error_return(errno ? -errno : -EIO, "cannot write to standard output");
	return 0;
}

/* Whether the answer is no, or the host lacks something. */
static int exit_code(int error)
{
	if (error == -ENOMEM)
		tc_error("cannot tell the story: memory is out");
	return error == -EINVAL || error == -ESRCH || error == -EBADMSG ? TC_EXIT_NO
									: TC_EXIT_ENVIRONMENT;
}

int tc_cmd_story(int argc, char **argv)
{
	struct story_command command = {
		.journal = TC_JOURNAL_DEFAULT_PATH, .limit = LIMIT, .around_ns = AROUND_NS};
	int code = parse(&command, argc, argv), error = 0;

	if (code < 0) {
		error = tell(&command);
		if (error == 0)
			error = print(&command);
		code = error < 0 ? exit_code(error) : TC_EXIT_GOOD;
	}
	tc_journal_reader_close(command.reader);
	tc_story_free(command.story);
	return code;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* tocsin replay: judge a recording by rules, as the agent would have done. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/cmd/cmd.h"
#include "agent/cmd/replay_diff.h"
#include "agent/cmd/replay_print.h"
#include "agent/log.h"
#include "output/format/colour.h"
#include "recording/zone.h"

#define DEFAULT_RULES "/etc/tocsin/rules.d"
/* Rules that are named when they ask for what was not recorded. */
#define BLIND_NAMED 5
/* Records between two looks at the clock, for the progress bar. */
#define PROGRESS_RECORDS 65536

struct replay {
	struct tc_strings rules, others;
	const char *path, *matching, *format;
	bool json, stats, quiet;

	struct tc_recording *recording;
	struct tc_past *past;
	struct replay_lane lanes[REPLAY_SIDES];
	unsigned n_lanes;
	struct replay_printer printer;
	struct replay_diff *diff;   /* NULL: alerts are printed */
	struct tc_rule_cost *costs; /* NULL: nothing is measured */
	struct replay_totals totals;
	uint64_t first_ns, last_ns; /* of records */
	uint64_t file_bytes;	    /* 0: not known */
	bool progress;
};

/* --- options --- */

static int usage_error(const char *what, const char *why)
{
	fprintf(stderr, "tocsin replay: %s: %s\n", what, why);
	return TC_EXIT_USAGE;
}

static int check(struct replay *replay)
{
	_cleanup_buffer_ struct tc_buffer formats = {0};
	enum tc_rule_matching matching;

	if (tc_rule_matching_parse(replay->matching, &matching))
		return usage_error(replay->matching, "--rule-matching is first or all");
	if (replay->stats && replay->others.count)
		return usage_error("--stats", "not together with --diff");
	if (replay->json && replay->format)
		return usage_error("--json", "not together with --format");
	if (!replay->format)
		replay->format = replay->json || !isatty(STDOUT_FILENO) ? "json" : "text";
	replay->printer.format = tc_format_find(replay->format);
	replay->printer.colour = tc_colour_wanted(STDOUT_FILENO);
	if (replay->printer.format)
		return -1;
	tc_format_list(&formats, ", ");
	return usage_error(replay->format, formats.bytes ?: "out of memory");
}

static int parse(struct replay *replay, int argc, char **argv)
{
	struct tc_strings files = {0};
	const struct tc_option rows[] = {
		{"rules", 'r', TC_OPTION_STRINGS, "PATH", &replay->rules,
		 "rule file or directory; may be given more than once (" DEFAULT_RULES ")"},
		{"diff", 0, TC_OPTION_STRINGS, "PATH", &replay->others,
		 "compare: which alerts appear, vanish or change with these rules in place of "
		 "--rules; may be given more than once"},
		{"rule-matching", 0, TC_OPTION_STRING, "first|all", &replay->matching,
		 "which of the rules that match an event speak (all)"},
		{"format", 'f', TC_OPTION_STRING, "FORMAT", &replay->format,
		 "of alerts: json, ecs, ocsf, cef or text (text on a terminal, else json)"},
		{"json", 0, TC_OPTION_FLAG, NULL, &replay->json, "alerts, or the answer, as JSON"},
		{"stats", 0, TC_OPTION_FLAG, NULL, &replay->stats,
		 "in place of alerts: events, and what each rule matched and cost"},
		{"quiet", 'q', TC_OPTION_FLAG, NULL, &replay->quiet,
		 "no summary on standard error"},
		{0},
	};
	const struct tc_usage usage = {
		.command = "replay",
		.synopsis = "FILE [OPTION]...",
		.doc = "Judges a recording of `tocsin record` (- for standard input) by rules, as "
		       "the agent would have done when it was made: the alerts are the same, but "
		       "for their uuid. With --diff, exit code 0 means that nothing differs, 1 "
		       "that "
		       "something does; without it, 1 means that the recording is damaged.",
		.options = rows,
		.positional_min = 1,
		.positional_max = 1,
	};
	int code = tc_options_parse(&usage, argc, argv, &files);

	if (code < 0)
		replay->path = files.items[0];
	free(files.items);
	return code < 0 ? check(replay) : code;
}

/* --- before --- */

static int tell_fault(const struct replay *replay, int error,
		      const struct tc_recording_fault *fault)
{
	if (error != -EBADMSG)
		return tc_error_return(error, "cannot read %s", replay->path);
	tc_error("%s: damaged at byte %llu, behind %llu whole blocks: %s", replay->path,
		 (unsigned long long)fault->offset, (unsigned long long)fault->block,
		 fault->reason);
	return error;
}

static int exit_code(int error)
{
	return error == -EBADMSG ? TC_EXIT_NO : TC_EXIT_ENVIRONMENT;
}

static void use_zone(const struct replay *replay)
{
	char zone[TC_ZONE_MAX];

	tc_named_text(tc_recording_header(replay->recording), "zone", zone, sizeof(zone));
	if (!tc_zone_use(zone))
		tc_warning("%s: the time zone it was recorded in is not told: local times are UTC",
			   replay->path);
}

static int open_past(struct replay *replay)
{
	struct tc_recording_fault fault;
	struct stat stat;
	int error = tc_recording_open_file(replay->path, &replay->recording, &fault);

	if (error == 0) {
		use_zone(replay);
		error = tc_past_new(replay->recording, &replay->past, &fault);
	}
	if (error < 0)
		return tell_fault(replay, error, &fault);
	replay->progress = !replay->quiet && isatty(STDERR_FILENO) && !isatty(STDOUT_FILENO) &&
			   strcmp(replay->path, "-") != 0;
	if (replay->progress && lstat(replay->path, &stat) == 0)
		replay->file_bytes = (uint64_t)stat.st_size;
	return 0;
}

static int load_lanes(struct replay *replay)
{
	static const char *default_rules[] = {DEFAULT_RULES};
	const struct tc_strings defaults = {default_rules, 1};
	enum tc_rule_matching matching = TC_MATCHING_ALL;
	int code;

	tc_rule_matching_parse(replay->matching, &matching);
	code = replay_lane_load(&replay->lanes[REPLAY_OLD],
				replay->rules.count ? &replay->rules : &defaults, matching);
	replay->n_lanes = 1;
	if (code < 0 && replay->others.count) {
		code = replay_lane_load(&replay->lanes[REPLAY_NEW], &replay->others, matching);
		replay->n_lanes = 2;
	}
	return code;
}

static int tell_nobody(void *context, const struct tc_alert *alert)
{
	return 0;
}

static int open_lanes(struct replay *replay)
{
	struct replay_lane *first = &replay->lanes[REPLAY_OLD];
	int error = 0;

	if (replay->n_lanes == 2) {
		replay->diff = replay_diff_new();
		for (unsigned i = 0; i < 2 && error == 0; i++)
			error = replay->diff ? replay_lane_open(&replay->lanes[i], replay->past,
								replay_diff_take,
								replay_diff_side(replay->diff, i))
					     : -ENOMEM;
		return error;
	}
	if (!replay->stats)
		return replay_lane_open(first, replay->past, replay_print_alert, &replay->printer);
	replay->costs = calloc(tc_ruleset_count(first->rules) + 1, sizeof(*replay->costs));
	if (!replay->costs)
		return -ENOMEM;
	tc_ruleset_measure(first->rules, replay->costs);
	return replay_lane_open(first, replay->past, tell_nobody, NULL);
}

/* Silence of a rule says nothing when what it looks for was not recorded. */
static void warn_blind(const struct replay *replay)
{
	struct tc_named_list rest = *tc_recording_header(replay->recording);
	_cleanup_buffer_ struct tc_buffer names = {0};
	struct tc_named named;
	uint64_t kinds = 0;

	while (tc_named_next(&rest, &named) > 0) {
		char name[64];

		if (!named.bytes || !tc_named_is(&named, "kind") || named.length >= sizeof(name))
			continue;
		memcpy(name, named.bytes, named.length);
		name[named.length] = '\0';
		if (tc_kind_by_name(name))
			kinds |= TC_KIND_BIT(tc_kind_by_name(name)->kind);
	}
	for (unsigned i = 0; i < replay->n_lanes; i++) {
		size_t blind = replay_lane_blind(&replay->lanes[i], kinds, BLIND_NAMED, &names);

		if (blind && !tc_buffer_failed(&names))
			tc_warning("%zu of %zu rules look for kinds of events that were not "
				   "recorded: %s%s",
				   blind, tc_ruleset_count(replay->lanes[i].rules), names.bytes,
				   blind > BLIND_NAMED ? " ..." : "");
		tc_buffer_reset(&names);
	}
}

/* --- the replay --- */

static void show_progress(const struct replay *replay, uint64_t records)
{
	uint64_t offset = tc_recording_offset(replay->recording);

	if (replay->progress && records % PROGRESS_RECORDS == 0 && replay->file_bytes)
		fprintf(stderr, "\r%3llu %%",
			(unsigned long long)(100 * offset / replay->file_bytes));
}

static void count(struct replay *replay, const void *bytes, size_t size)
{
	const struct tc_record *record = bytes;

	if (size < sizeof(*record) || !tc_kind_info(record->kind))
		return;
	replay->totals.by_kind[record->kind]++;
	if (!replay->first_ns)
		replay->first_ns = record->time_ns;
	if (record->time_ns > replay->last_ns)
		replay->last_ns = record->time_ns;
}

static int take(struct replay *replay, const struct tc_past_step *step)
{
	int error = 0;

	if (step->bytes)
		count(replay, step->bytes, step->size);
	for (unsigned i = 0; i < replay->n_lanes && error == 0; i++)
		error = step->bytes ? tc_pipeline_feed(replay->lanes[i].pipeline, step->bytes,
						       step->size)
				    : tc_pipeline_pass(replay->lanes[i].pipeline, step->now_ns);
	if (error == 0 && replay->diff)
		error = replay_diff_compare(replay->diff);
	return error;
}

/* 0; -EBADMSG when the recording is damaged, which was told; another negative errno. */
static int feed_all(struct replay *replay)
{
	struct tc_recording_fault fault;
	struct tc_past_step step;
	int r, error = 0;

	for (uint64_t n = 1; (r = tc_past_next(replay->past, &step, &fault)) > 0; n++) {
		error = take(replay, &step);
		if (error < 0)
			break;
		show_progress(replay, n);
	}
	if (replay->progress)
		fprintf(stderr, "\r     \r");
	if (error < 0)
		return tc_error_return(error, "the replay ends here");
	return r < 0 ? tell_fault(replay, r, &fault) : 0;
}

static void sum_up(struct replay *replay, uint64_t start_ns)
{
	struct replay_totals *totals = &replay->totals;

	totals->duration_ns = tc_clock_monotonic_ns() - start_ns;
	totals->span_ns =
		replay->last_ns > replay->first_ns ? replay->last_ns - replay->first_ns : 0;
	tc_past_counts(replay->past, &totals->past);
	tc_pipeline_counts(replay->lanes[0].pipeline, &totals->pipeline);
}

static int print_answer(struct replay *replay)
{
	int error = 0;

	if (replay->diff)
		error = replay_diff_print(replay->diff, replay->json, replay->printer.colour,
					  stdout);
	if (replay->stats)
		error = replay_print_stats(&replay->totals, replay->lanes[0].rules, replay->costs,
					   replay->json, stdout);
	errno = 0;
	if (error == 0 && (fflush(stdout) || ferror(stdout)))
		error = tc_error_return(errno ? -errno : -EIO, "cannot write to standard output");
	return error;
}

static void print_summary(const struct replay *replay)
{
	if (tc_recording_end(replay->recording) == TC_RECORDING_UNFINISHED)
		tc_warning("%s ends without its index: its agent was killed, or still writes it",
			   replay->path);
	if (replay->quiet)
		return;
	replay_print_origin(tc_recording_header(replay->recording), stderr);
	replay_print_totals(&replay->totals, stderr);
}

static int replay_all(struct replay *replay)
{
	uint64_t start_ns;
	int error, code = load_lanes(replay);

	if (code >= 0)
		return code;
	error = open_past(replay);
	if (error < 0)
		return exit_code(error);
	error = open_lanes(replay);
	if (error < 0)
		return exit_code(error);
	warn_blind(replay);
	start_ns = tc_clock_monotonic_ns();
	error = feed_all(replay);
	sum_up(replay, start_ns);
	if (error == 0 || error == -EBADMSG) {
		int printed = print_answer(replay);

		if (printed < 0)
			return TC_EXIT_ENVIRONMENT;
		print_summary(replay);
	}
	if (error < 0)
		return exit_code(error);
	return replay->diff && replay_diff_found(replay->diff) ? TC_EXIT_NO : TC_EXIT_GOOD;
}

static void done(struct replay *replay)
{
	for (unsigned i = 0; i < REPLAY_SIDES; i++)
		replay_lane_close(&replay->lanes[i]);
	replay_diff_free(replay->diff);
	replay_printer_done(&replay->printer);
	tc_past_free(replay->past);
	tc_recording_close(replay->recording);
	free(replay->costs);
	free(replay->rules.items);
	free(replay->others.items);
}

int tc_cmd_replay(int argc, char **argv)
{
	struct replay replay = {.matching = "all"};
	int code = parse(&replay, argc, argv);

	if (code < 0)
		code = replay_all(&replay);
	done(&replay);
	return code;
}

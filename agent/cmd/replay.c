/* SPDX-License-Identifier: Apache-2.0 */
/* tocsin replay: judge a recording by rules, as the agent would have done. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent/cmd/cmd.h"
#include "agent/cmd/replay_diff.h"
#include "agent/cmd/replay_filter.h"
#include "agent/cmd/replay_pace.h"
#include "agent/cmd/replay_print.h"
#include "agent/cmd/time_option.h"
#include "agent/log.h"
#include "output/format/colour.h"
#include "recording/series.h"
#include "recording/zone.h"

#define DEFAULT_RULES "/etc/tocsin/rules.d"
/* Rules that are named when they ask for what was not recorded. */
#define BLIND_NAMED 5
/* Records come merged by time, but for those of a CPU that lagged behind: so long is waited for
 * them when nothing later is wanted. */
#define LAG_NS 5000000000ULL

struct replay {
	struct tc_strings rules, others;
	const char *path, *matching, *format, *since, *until, *where, *speed;
	bool json, stats, quiet;

	struct tc_series *series;
	struct tc_recording *recording; /* the present one */
	struct tc_past *past;
	struct replay_lane lanes[REPLAY_SIDES];
	struct replay_filter filters[REPLAY_SIDES];
	unsigned n_lanes;
	struct replay_printer printer;
	struct replay_diff *diff;   /* NULL: alerts are printed */
	struct tc_rule_cost *costs; /* NULL: nothing is measured */
	struct replay_totals totals;
	struct replay_pace pace;
	uint64_t first_ns, last_ns; /* of the records of a past */
	bool warned;		    /* of blind rules */
	bool damaged;
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
	if (replay->speed && replay_pace_parse(replay->speed, &replay->pace.speed))
		return usage_error(replay->speed, "--speed is real, or how many times as fast");
	if (!replay->format)
		replay->format = replay->json || !isatty(STDOUT_FILENO) ? "json" : "text";
	replay->printer.format = tc_format_find(replay->format);
	replay->printer.colour = tc_colour_wanted(STDOUT_FILENO);
	if (replay->printer.format)
		return -1;
	tc_format_list(&formats, ", ");
	return usage_error(replay->format, formats.bytes ?: "out of memory");
}

static int read_filter(struct replay *replay)
{
	struct replay_filter *filter = &replay->filters[REPLAY_OLD];
	int code;

	filter->until_ns = UINT64_MAX;
	code = tc_time_option("replay", "since", replay->since, &filter->since_ns);
	if (code < 0)
		code = tc_time_option("replay", "until", replay->until, &filter->until_ns);
	if (code < 0 && replay->where &&
	    tc_condition_new("--where", replay->where, &filter->condition) < 0)
		code = TC_EXIT_USAGE;
	replay->filters[REPLAY_NEW] = *filter;
	return code;
}

static int parse(struct replay *replay, int argc, char **argv)
{
	struct tc_strings files = {0};
	const struct tc_option rows[] = {
		{"rules", 'r', TC_OPTION_STRINGS, "PATH", &replay->rules,
		 "rule file or directory; may be given more than once (" DEFAULT_RULES ")"},
		{"diff", 0, TC_OPTION_STRINGS, "PATH", &replay->others,
		 "compare: which alerts appear, vanish or change with these rules in place of "
		 "--rules, and what they would stop; may be given more than once"},
		{"rule-matching", 0, TC_OPTION_STRING, "first|all", &replay->matching,
		 "which of the rules that match an event speak (all)"},
		{"format", 'f', TC_OPTION_STRING, "FORMAT", &replay->format,
		 "of alerts: json, ecs, ocsf, cef or text (text on a terminal, else json)"},
		{"json", 0, TC_OPTION_FLAG, NULL, &replay->json, "alerts, or the answer, as JSON"},
		{"stats", 0, TC_OPTION_FLAG, NULL, &replay->stats,
		 "in place of alerts: events, and what each rule matched and cost"},
		{"since", 0, TC_OPTION_STRING, "TIME", &replay->since,
		 "tell only of events since then: 2024-05-01T10:00:00Z, or 2h ago; in an audit log "
		 "it begins with the segment that was written then"},
		{"until", 0, TC_OPTION_STRING, "TIME", &replay->until,
		 "tell only of events up to then"},
		{"where", 0, TC_OPTION_STRING, "CONDITION", &replay->where,
		 "tell only of events for which this holds, in the language of rules"},
		{"speed", 0, TC_OPTION_STRING, "real|N", &replay->speed,
		 "as fast as it happened, or N times as fast (as fast as can be)"},
		{"quiet", 'q', TC_OPTION_FLAG, NULL, &replay->quiet,
		 "no summary on standard error"},
		{0},
	};
	const struct tc_usage usage = {
		.command = "replay",
		.synopsis = "FILE|DIRECTORY [OPTION]...",
		.doc = "Judges a recording of `tocsin record` (- for standard input), or an audit "
		       "log (the directory of its segments), by rules, as the agent would have "
		       "done when it was made: the alerts are the same, but for their uuid. With "
		       "--diff, exit code 0 means that nothing differs, 1 that something does, 3 "
		       "that the recording is damaged; without it, 1 means that.",
		.options = rows,
		.positional_min = 1,
		.positional_max = 1,
	};
	int code = tc_options_parse(&usage, argc, argv, &files);

	if (code < 0)
		replay->path = files.items[0];
	free(files.items);
	if (code < 0)
		code = check(replay);
	return code < 0 ? read_filter(replay) : code;
}

/* --- before --- */

static int tell_fault(struct replay *replay, int error, const struct tc_recording_fault *fault)
{
	const char *path = tc_series_path(replay->series);

	if (error != -EBADMSG)
		return tc_error_return(error, "cannot read %s", path);
	tc_error("%s: damaged at byte %llu, behind %llu whole blocks: %s", path,
		 (unsigned long long)fault->offset, (unsigned long long)fault->block,
		 fault->reason);
	replay->damaged = true;
	return error;
}

static void use_zone(const struct replay *replay)
{
	char zone[TC_ZONE_MAX];

	tc_named_text(tc_recording_header(replay->recording), "zone", zone, sizeof(zone));
	if (!tc_zone_use(zone))
		tc_warning("%s: the time zone it was recorded in is not told: local times are UTC",
			   tc_series_path(replay->series));
}

static int open_series(struct replay *replay)
{
	int error = tc_series_open(replay->path, &replay->series);

	if (error == -ENODATA)
		return tc_error_return(error, "%s has no segments of an audit log", replay->path);
	if (error < 0)
		return tc_error_return(error, "cannot read %s", replay->path);
	tc_series_skip(replay->series, replay->filters[REPLAY_OLD].since_ns);
	replay->pace.shows = !replay->quiet && isatty(STDERR_FILENO) && !isatty(STDOUT_FILENO);
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

/* Who hears of alerts. 0 or -ENOMEM. */
static int choose_audience(struct replay *replay)
{
	struct replay_filter *filters = replay->filters;
	const struct tc_ruleset *rules = replay->lanes[REPLAY_OLD].rules;

	filters[REPLAY_OLD].tell = replay->stats ? tell_nobody : replay_print_alert;
	filters[REPLAY_OLD].context = &replay->printer;
	if (replay->stats) {
		replay->costs = calloc(tc_ruleset_count(rules) + 1, sizeof(*replay->costs));
		if (!replay->costs)
			return -ENOMEM;
		tc_ruleset_measure(replay->lanes[REPLAY_OLD].rules, replay->costs);
	}
	if (replay->n_lanes < REPLAY_SIDES)
		return 0;
	replay->diff = replay_diff_new();
	for (unsigned i = 0; i < REPLAY_SIDES && replay->diff; i++) {
		filters[i].tell = replay_diff_take;
		filters[i].context = replay_diff_side(replay->diff, i);
	}
	return replay->diff ? 0 : -ENOMEM;
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
		error = replay_lane_take(&replay->lanes[i], replay->past, step);
	if (error == 0 && replay->diff)
		error = replay_diff_compare(replay->diff);
	return error;
}

static uint64_t time_of(const struct tc_past_step *step)
{
	const struct tc_record *record = step->bytes;

	return !record ? step->now_ns : step->size >= sizeof(*record) ? record->time_ns : 0;
}

/* By the clock of then as the replay knows it now: it may have been set on the way. */
static uint64_t real_time(const struct replay *replay, uint64_t boot_ns)
{
	return (uint64_t)tc_clock_real_ns(&replay->lanes[0].world.clock, boot_ns);
}

/* What the present past has, up to the end of the present recording. 0; 1 when nothing more is
 * wanted; -EBADMSG when it is damaged, which was told; another negative errno, told. */
static int feed_all(struct replay *replay)
{
	const uint64_t bytes = tc_series_bytes(replay->series);
	struct tc_recording_fault fault;
	const struct replay_filter *filter = &replay->filters[REPLAY_OLD];
	struct tc_past_step step;
	uint64_t real_ns;
	int r, error;

	while ((r = tc_past_next(replay->past, &step, &fault)) > 0) {
		real_ns = real_time(replay, time_of(&step));
		if (real_ns > filter->until_ns && real_ns - filter->until_ns > LAG_NS)
			return 1;
		if (real_ns >= filter->since_ns)
			replay_pace_wait(&replay->pace, time_of(&step));
		error = take(replay, &step);
		if (error < 0)
			return tc_error_return(error, "the replay ends here");
		replay_pace_show(&replay->pace, tc_series_offset(replay->series), bytes);
	}
	return r < 0 ? tell_fault(replay, r, &fault) : 0;
}

/* A world of the present recording. 0, or as feed_all(). */
static int begin_world(struct replay *replay)
{
	struct tc_recording_fault fault;
	int error;

	use_zone(replay);
	replay->first_ns = replay->last_ns = 0;
	replay_pace_restart(&replay->pace);
	error = tc_past_new(replay->recording, &replay->past, &fault);
	if (error < 0)
		return tell_fault(replay, error, &fault);
	for (unsigned i = 0; i < replay->n_lanes && error == 0; i++)
		error = replay_lane_open(&replay->lanes[i], replay->past, replay_filter_take,
					 &replay->filters[i]);
	if (error == 0 && !replay->warned)
		warn_blind(replay);
	replay->warned = true;
	return error;
}

static void end_world(struct replay *replay)
{
	if (!replay->past)
		return;
	if (replay->lanes[REPLAY_OLD].pipeline)
		replay_totals_add(&replay->totals, replay->past,
				  replay->lanes[REPLAY_OLD].pipeline);
	if (replay->last_ns > replay->first_ns)
		replay->totals.span_ns += replay->last_ns - replay->first_ns;
	for (unsigned i = 0; i < replay->n_lanes; i++)
		replay_lane_shut(&replay->lanes[i]);
	tc_past_free(replay->past);
	replay->past = NULL;
}

static void warn_unfinished(const struct replay *replay)
{
	if (tc_recording_end(replay->recording) == TC_RECORDING_UNFINISHED)
		tc_warning("%s ends without its index: its agent was killed, or still writes it",
			   tc_series_path(replay->series));
}

/* As feed_all(); a damaged one ends its world. */
static int replay_one(struct replay *replay, bool continues)
{
	int r = 0;

	if (continues && replay->past) {
		tc_past_continue(replay->past, replay->recording);
	} else {
		end_world(replay);
		r = begin_world(replay);
	}
	if (r == 0)
		r = feed_all(replay);
	if (r == 0)
		warn_unfinished(replay);
	if (r == -EBADMSG)
		end_world(replay);
	return r == -EBADMSG ? 0 : r;
}

/* 0, or a negative errno, told; what is damaged was told, and is passed over. */
static int replay_series(struct replay *replay)
{
	uint64_t start_ns = tc_clock_monotonic_ns();
	struct tc_recording_fault fault;
	bool continues;
	int r;

	while ((r = tc_series_next(replay->series, &replay->recording, &continues, &fault)) != 0) {
		if (r > 0) {
			r = replay_one(replay, continues);
		} else {
			replay->recording = NULL;
			r = tell_fault(replay, r, &fault) == -EBADMSG ? 0 : r;
		}
		if (r)
			break;
	}
	end_world(replay);
	replay_pace_hide(&replay->pace);
	replay->totals.duration_ns = tc_clock_monotonic_ns() - start_ns;
	return r < 0 ? r : 0;
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
	if (replay->quiet)
		return;
	if (replay->recording)
		replay_print_origin(tc_recording_header(replay->recording), stderr);
	replay_print_totals(&replay->totals, stderr);
}

static int exit_code(const struct replay *replay)
{
	if (replay->damaged)
		return replay->diff ? TC_EXIT_ENVIRONMENT : TC_EXIT_NO;
	return replay->diff && replay_diff_found(replay->diff) ? TC_EXIT_NO : TC_EXIT_GOOD;
}

static int replay_all(struct replay *replay)
{
	int error, code = load_lanes(replay);

	if (code >= 0)
		return code;
	error = open_series(replay);
	if (error == 0)
		error = choose_audience(replay);
	if (error == 0)
		error = replay_series(replay);
	if (error == 0)
		error = print_answer(replay);
	if (error < 0)
		return TC_EXIT_ENVIRONMENT;
	print_summary(replay);
	return exit_code(replay);
}

static void done(struct replay *replay)
{
	end_world(replay);
	for (unsigned i = 0; i < REPLAY_SIDES; i++)
		replay_lane_close(&replay->lanes[i]);
	tc_condition_free(replay->filters[REPLAY_OLD].condition);
	replay_diff_free(replay->diff);
	replay_printer_done(&replay->printer);
	tc_series_close(replay->series);
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

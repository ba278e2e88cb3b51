/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tocsin-feed: alerts on demand, without probes. Records that it makes itself go through the real
 * pipeline (decode, enrich, judge) into a journal, and from there to outputs as `tocsin run` has
 * them. It may be killed at any time and started again on the same journal: numbers go on behind
 * the last row.
 *
 * After each commit it appends "committed SEQ" to its report; at the end "fed N, committed SEQ,
 * delivered SEQ" (the row up to which every output has delivered).
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "agent/log.h"
#include "agent/notice.h"
#include "agent/options.h"
#include "agent/pipeline.h"
#include "tests/feed/records.h"

#define NS_PER_MS 1000000ULL
#define NS_PER_S 1000000000ULL
/* How often a batch is committed when it is not full before. */
#define COMMIT_NS (100 * NS_PER_MS)
#define LAST_TRIES 50

struct options {
	struct tc_strings rules, outputs;
	const char *journal, *report;
	struct tc_retention retention;
	uint64_t count, rate, batch, cgroups, first, losses;
	uint64_t keep_rows, drain_ns, stay_ns;
	bool hostile, notices;
};

struct feed {
	struct options options;
	struct tc_ruleset *rules;
	struct tc_world world;
	struct tc_journal *journal;
	struct tc_couriers *couriers;
	struct tc_pipeline *pipeline;
	struct records records;
	uint64_t fed, committed_seq;
	int report;
};

static volatile sig_atomic_t stop_requested, reopen_requested;

static void request_stop(int signal)
{
	stop_requested = 1;
}

static void request_reopen(int signal)
{
	reopen_requested = 1;
}

static int parse(struct options *options, int argc, char **argv)
{
	const struct tc_option rows[] = {
		{"rules", 'r', TC_OPTION_STRINGS, "PATH", &options->rules,
		 "rules (" FEED_RULES ": one alert for each record)"},
		{"journal", 'j', TC_OPTION_STRING, "FILE", &options->journal, "the journal"},
		{"output", 'o', TC_OPTION_STRINGS, "SPEC", &options->outputs, "an output (none)"},
		{"count", 'n', TC_OPTION_NUMBER, "N", &options->count, "records (1000)"},
		{"rate", 0, TC_OPTION_NUMBER, "N", &options->rate,
		 "records in a second (0: as fast as they go)"},
		{"batch", 0, TC_OPTION_NUMBER, "N", &options->batch,
		 "records after which is committed, if 100 ms are not over before (1000)"},
		{"cgroups", 0, TC_OPTION_NUMBER, "N", &options->cgroups, "cgroups (4)"},
		{"first", 0, TC_OPTION_NUMBER, "N", &options->first,
		 "number of the first record (that of its row if all rows are ours)"},
		{"retention-count", 0, TC_OPTION_NUMBER, "N", &options->retention.max_rows,
		 "rows that stay in the journal, but for what outputs have not got"},
		{"retention-size", 0, TC_OPTION_SIZE, "BYTES", &options->retention.max_bytes,
		 "size of the journal, whatever outputs have got"},
		{"hostile", 0, TC_OPTION_FLAG, NULL, &options->hostile,
		 "names that formats may stumble over"},
		{"notices", 0, TC_OPTION_FLAG, NULL, &options->notices,
		 "tell agent_start and agent_stop"},
		{"losses", 0, TC_OPTION_NUMBER, "N", &options->losses,
		 "a loss record after each N records (0: none)"},
		{"keep-rows", 0, TC_OPTION_NUMBER, "N", &options->keep_rows,
		 "rows that retention leaves in the journal, told every 100 ms (0: all)"},
		{"drain", 0, TC_OPTION_DURATION, "DURATION", &options->drain_ns,
		 "wait at the end until all is delivered, at most so long (0)"},
		{"stay", 0, TC_OPTION_DURATION, "DURATION", &options->stay_ns,
		 "stay so long at the end, or until SIGTERM (0)"},
		{"report", 0, TC_OPTION_STRING, "FILE", &options->report,
		 "what was committed is appended there (standard output)"},
		{0},
	};
	const struct tc_usage usage = {
		.command = "feed",
		.synopsis = "--journal FILE [OPTION]...",
		.doc = "Feeds records that it makes itself through the pipeline. For tests.",
		.options = rows,
	};
	int code = tc_options_parse(&usage, argc, argv, NULL);

	if (code >= 0)
		return code;
	if (!options->journal || !options->batch || !options->cgroups) {
		fprintf(stderr, "tocsin-feed: --journal must be given, --batch and --cgroups be "
				"above 0\n");
		return TC_EXIT_USAGE;
	}
	return -1;
}

/* --- parts --- */

static int load_rules(struct feed *feed)
{
	static const char *const default_rules[] = {FEED_RULES};
	const struct tc_strings *given = &feed->options.rules;
	struct tc_diagnostics diagnostics = {0};
	int r = tc_ruleset_load(given->count ? given->items : default_rules, given->count ?: 1,
				&diagnostics, &feed->rules);

	tc_diagnostics_print(&diagnostics, stderr, false);
	tc_diagnostics_done(&diagnostics);
	return r;
}

static int open_outputs(struct feed *feed)
{
	const struct tc_strings *specs = &feed->options.outputs;
	int r = tc_couriers_new(&feed->couriers);

	for (size_t i = 0; i < specs->count && r >= 0; i++)
		r = tc_couriers_add(feed->couriers, specs->items[i]);
	return r;
}

static int open_report(struct feed *feed)
{
	const char *path = feed->options.report;

	feed->report =
		path ? open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600) : STDOUT_FILENO;
	return feed->report < 0 ? tc_error_return(-errno, "%s", path) : 0;
}

static int start(struct feed *feed)
{
	struct tc_pipeline_parts parts = {.world = &feed->world};
	int r = tc_world_init(&feed->world);

	if (r >= 0)
		r = tc_journal_open(feed->options.journal, &feed->journal);
	if (r < 0)
		return r;
	tc_journal_set_retention(feed->journal, &feed->options.retention);
	tc_clock_measure(&feed->world.clock);
	snprintf(feed->world.hostname, sizeof(feed->world.hostname), "feed.example.org");
	tc_journal_set_retention(feed->journal,
				 &(struct tc_retention){.max_rows = feed->options.keep_rows,
							.tell_ns = 100 * NS_PER_MS});
	feed->committed_seq = tc_journal_last_seq(feed->journal);
	feed->records = (struct records){
		.number = feed->options.first ?: feed->committed_seq + 1,
		.cgroups = (unsigned)feed->options.cgroups,
		.hostile = feed->options.hostile,
	};
	r = tc_couriers_start(feed->couriers, feed->options.journal, feed->committed_seq);
	parts.rules = feed->rules;
	parts.journal = feed->journal;
	parts.couriers = feed->couriers;
	return r < 0 ? r : tc_pipeline_new(&parts, &feed->pipeline);
}

static void stop(struct feed *feed)
{
	tc_pipeline_free(feed->pipeline);
	tc_couriers_free(feed->couriers);
	tc_journal_close(feed->journal);
	tc_world_done(&feed->world);
	tc_ruleset_free(feed->rules);
	free(feed->options.rules.items);
	free(feed->options.outputs.items);
}

/* --- feeding --- */

static int feed_record(struct feed *feed, const struct tc_record *record)
{
	return tc_pipeline_feed(feed->pipeline, record, record->size);
}

static int commit(struct feed *feed)
{
	int r = tc_pipeline_commit(feed->pipeline);
	uint64_t seq = tc_journal_last_seq(feed->journal);

	if (r >= 0 && seq != feed->committed_seq)
		dprintf(feed->report, "committed %llu\n", (unsigned long long)seq);
	feed->committed_seq = seq;
	return r;
}

static void rest(uint64_t ns)
{
	const struct timespec span = {.tv_sec = (time_t)(ns / NS_PER_S),
				      .tv_nsec = (long)(ns % NS_PER_S)};

	nanosleep(&span, NULL);
}

static void reopen_if_asked(struct feed *feed)
{
	if (reopen_requested)
		tc_couriers_reopen(feed->couriers);
	reopen_requested = 0;
}

static int feed_one(struct feed *feed)
{
	const struct options *options = &feed->options;
	struct tc_notice notice;
	uint64_t now_ns = tc_clock_boot_ns();
	int r = feed_record(feed, records_exec(&feed->records));

	feed->fed++;
	if (r >= 0 && options->losses && feed->fed % options->losses == 0)
		r = feed_record(feed, tc_notice_loss(&notice, 0, TC_LOSS_RING_FULL, 7,
						     now_ns - NS_PER_S, now_ns));
	return r;
}

/* How many records are to be fed by now. */
static uint64_t due(const struct feed *feed, uint64_t span_ns)
{
	uint64_t count = feed->options.count, rate = feed->options.rate;
	uint64_t by_now = rate ? (uint64_t)((double)rate * (double)span_ns / 1e9) + 1 : count;

	return by_now < count ? by_now : count;
}

/* Like the agent: batches are bounded by count and time, and a commit that fails is tried again. */
static int feed_all(struct feed *feed)
{
	uint64_t start_ns = tc_clock_monotonic_ns(), committed_ns = start_ns, in_batch = 0;
	int r = 0;

	while (r >= 0 && !stop_requested && feed->fed < feed->options.count) {
		uint64_t now_ns = tc_clock_monotonic_ns(), target = due(feed, now_ns - start_ns);

		for (; feed->fed < target && in_batch < feed->options.batch && r >= 0; in_batch++)
			r = feed_one(feed);
		reopen_if_asked(feed);
		if (in_batch >= feed->options.batch || now_ns - committed_ns >= COMMIT_NS) {
			if (commit(feed) < 0)
				rest(COMMIT_NS);
			in_batch = 0;
			committed_ns = now_ns;
		}
		if (feed->fed >= target)
			rest(NS_PER_MS);
	}
	return r;
}

static void wait_while(struct feed *feed, uint64_t span_ns, bool for_outputs)
{
	uint64_t end_ns = tc_clock_monotonic_ns() + span_ns;

	while (!stop_requested && tc_clock_monotonic_ns() < end_ns) {
		if (for_outputs && tc_couriers_floor(feed->couriers) >= feed->committed_seq)
			break;
		reopen_if_asked(feed);
		rest(5 * NS_PER_MS);
	}
}

static int finish(struct feed *feed)
{
	struct tc_pipeline_counts counts;
	struct tc_notice notice;
	uint64_t floor;
	int r = 0, tries = LAST_TRIES;

	tc_pipeline_counts(feed->pipeline, &counts);
	if (feed->options.notices)
		feed_record(feed, tc_notice_stop(&notice, tc_clock_boot_ns(), counts.events,
						 counts.lost));
	while ((r = commit(feed)) < 0 && --tries)
		rest(20 * NS_PER_MS);
	wait_while(feed, feed->options.drain_ns, true);
	wait_while(feed, feed->options.stay_ns, false);
	tc_couriers_stop(feed->couriers);
	floor = tc_couriers_floor(feed->couriers);
	dprintf(feed->report, "fed %llu, committed %llu, delivered %llu\n",
		(unsigned long long)feed->fed, (unsigned long long)feed->committed_seq,
		(unsigned long long)(floor == UINT64_MAX ? feed->committed_seq : floor));
	return r;
}

static void catch_signals(void)
{
	struct sigaction end = {.sa_handler = request_stop};
	struct sigaction reopen = {.sa_handler = request_reopen};

	sigaction(SIGINT, &end, NULL);
	sigaction(SIGTERM, &end, NULL);
	sigaction(SIGHUP, &reopen, NULL);
	signal(SIGPIPE, SIG_IGN);
}

static int run(struct feed *feed)
{
	struct tc_notice notice;
	int r = 0, finished;

	if (load_rules(feed) < 0)
		return TC_EXIT_NO;
	if (open_outputs(feed) < 0)
		return TC_EXIT_USAGE;
	if (open_report(feed) < 0 || start(feed) < 0)
		return TC_EXIT_ENVIRONMENT;
	catch_signals();
	for (unsigned i = 0; i < feed->records.cgroups && r >= 0; i++)
		r = feed_record(feed, records_cgroup(&feed->records, i));
	if (r >= 0 && feed->options.notices)
		r = feed_record(feed, tc_notice_start(&notice, tc_clock_boot_ns(),
						      (uint32_t)tc_ruleset_count(feed->rules),
						      tc_ruleset_hash(feed->rules), "feed"));
	if (r >= 0)
		r = feed_all(feed);
	finished = finish(feed);
	return r < 0 || finished < 0 ? TC_EXIT_ENVIRONMENT : TC_EXIT_GOOD;
}

int main(int argc, char **argv)
{
	static struct feed feed = {.options = {.count = 1000, .batch = 1000, .cgroups = 4}};
	int code = parse(&feed.options, argc, argv);

	if (code < 0)
		code = run(&feed);
	stop(&feed);
	return code;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* tocsin run: watch this host. */
#include <errno.h>
#include <malloc.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "agent/cmd/cmd.h"
#include "agent/cmd/run.h"
#include "agent/cmd/run_audit.h"
#include "agent/cmd/run_metrics.h"
#include "agent/cmd/run_report.h"
#include "agent/cmd/run_requests.h"
#include "agent/config/change.h"
#include "agent/enrich/host.h"
#include "agent/kernel.h"
#include "agent/load.h"
#include "agent/force.h"
#include "agent/log.h"
#include "agent/notice.h"
#include "agent/pinned.h"
#include "agent/pipeline.h"
#include "agent/read.h"
#include "agent/reload.h"
#include "agent/scope.h"
#include "agent/service.h"
#include "agent/standing.h"
#include "recording/tap.h"

/* Larger blocks are given back to the system when they are freed: glibc would raise this to the
 * largest that was ever freed (the kernel's tables, 3 MB) and keep their holes. */
#define LARGE_BLOCK_BYTES (256 * 1024)

/* How long a record that is not urgent may lie in its ring, in milliseconds. */
#define DRAIN_MS 100
/* The same while rules are read anew. */
#define BUSY_MS 5
/* How long probes that were running when all kinds were switched off may take to send their
 * records. */
#define SETTLE_MS 5
/* How often the last batch is tried while another program holds the journal; each waits 20 ms. */
#define LAST_TRIES 50

/* All that runs; freed in the opposite order. */
struct run {
	struct tc_run_options options;
	struct tc_config *config; /* that the agent began with */
	struct tc_ruleset *rules; /* until they are in force */
	struct tc_journal *journal;
	struct tc_couriers *couriers;
	struct tc_run_audit audit;
	struct tc_recorder *recorder;
	struct tc_recorder_about recording;
	struct tc_recorder_counts recorded;
	struct tc_pinned_list pinned; /* what agents before left, until it is taken over */
	struct tc_pins *pins;	      /* NULL: nothing is pinned */
	bool leaves_pins;	      /* behind the end */
	struct tc_kernel kernel;
	struct tc_world world;
	struct tc_probes *probes;
	struct tc_reader *reader;
	struct tc_pipeline *pipeline;
	struct tc_force force;
	uint32_t last_generation;
	char *off_file; /* heap memory */
	const char *off_files[3];
	struct tc_reload *reload; /* rules are being read anew; NULL: they are not */
	uint64_t reloads_begun, reloads_ended;
	struct tc_run_metrics metrics;
	struct tc_service service;
	uint64_t started_ns;
};

int tc_run_check(const struct tc_run_options *options, const char *command)
{
	if (options->duration_ns == 0) {
		fprintf(stderr,
			"tocsin %s: --for 0: not a time to watch for; without --for it has no "
			"end\n",
			command);
		return TC_EXIT_USAGE;
	}
	return tc_config_given_check(&options->given, command);
}

static int parse(struct tc_run_options *options, int argc, char **argv)
{
	struct tc_option rows[TC_CONFIG_MAX + 5] = {
		{"config", 'c', TC_OPTION_STRING, "FILE", &options->given.path,
		 "configuration, see tocsin.yaml(5); options have precedence over it "
		 "(" TC_CONFIG_DEFAULT_PATH ")"},
		{"print-config", 0, TC_OPTION_FLAG, NULL, &options->print,
		 "print the configuration that would be in force, and where each value comes from"},
		{"for", 0, TC_OPTION_DURATION, "DURATION", &options->duration_ns,
		 "stop after that time: 90s, 5m, 2h"},
		{"record", 0, TC_OPTION_STRING, "FILE", &options->recording,
		 "record the events as well, for tocsin replay; the file must not exist"},
	};
	const struct tc_usage usage = {
		.command = "run",
		.synopsis = "[OPTION]...",
		.doc = "Watches this host: events from the kernel are judged by rules, alerts are "
		       "committed to the journal and printed. SIGHUP reads configuration and "
		       "rules anew (while they are broken, those before stay in force) and opens "
		       "files of outputs anew. Ends with a summary on SIGINT or SIGTERM. Needs "
		       "root.",
		.options = rows,
		.more = tc_output_list,
	};
	int code;

	if (tc_config_options(&options->given, TC_CONFIG_EVERY, rows + 4))
		return TC_EXIT_ENVIRONMENT;
	code = tc_options_parse(&usage, argc, argv, NULL);
	return code < 0 ? tc_run_check(options, usage.command) : code;
}

/* --- parts --- */

static int read_config(struct run *run)
{
	struct tc_diagnostics diagnostics = {0};
	/* What is printed needs no secrets: they may be the service's alone. What is done does: a
	 * scope that is not known would be the whole host. */
	int r = tc_config_load(&run->options.given,
			       run->options.print ? TC_CONFIG_TO_EXAMINE : TC_CONFIG_TO_RUN,
			       &diagnostics, &run->config);

	tc_diagnostics_print(&diagnostics, stderr, isatty(STDERR_FILENO));
	tc_diagnostics_done(&diagnostics);
	return r;
}

static void set_log_level(const struct tc_config *config)
{
	static const struct {
		const char *word;
		enum tc_log_level level;
	} levels[] = {{"error", TC_LOG_ERROR},
		      {"warning", TC_LOG_WARNING},
		      {"info", TC_LOG_INFO},
		      {"debug", TC_LOG_DEBUG}};

	for (size_t i = 0; i < sizeof(levels) / sizeof(levels[0]); i++)
		if (strcmp(levels[i].word, config->log_level) == 0)
			tc_log_set_level(levels[i].level);
}

static int print_config(const struct run *run)
{
	_cleanup_buffer_ struct tc_buffer text = {0};

	tc_config_print(run->config, &text);
	if (tc_buffer_failed(&text))
		return TC_EXIT_ENVIRONMENT;
	fputs(text.bytes, stdout);
	return TC_EXIT_GOOD;
}

static bool guards_are_known(const struct tc_config *config)
{
	size_t length;
	const char *unknown = tc_guards_unknown(config->without_guards, &length);

	if (unknown)
		tc_error(
			"enforcement.without_guards: there is no guard `%.*s` (tocsin guards lists "
			"them)",
			(int)length, unknown);
	return !unknown;
}

static int load_rules(struct run *run)
{
	const struct tc_strings *given = &run->options.given.keys[TC_CONFIG_rules].texts;
	bool none = run->options.only_records && !given->count;
	struct tc_diagnostics diagnostics = {0};
	int r = tc_ruleset_load(run->config->rules.items, none ? 0 : run->config->rules.count,
				&diagnostics, &run->rules);

	tc_diagnostics_print(&diagnostics, stderr, isatty(STDERR_FILENO));
	tc_diagnostics_done(&diagnostics);
	return r;
}

static struct tc_retention retention_of(const struct tc_config *config)
{
	return (struct tc_retention){.max_age_ns = config->retention_age,
				     .max_rows = config->retention_count,
				     .max_bytes = config->retention_size};
}

static int open_outputs(struct run *run)
{
	const char *spec = isatty(STDOUT_FILENO) ? "stdout:format=text" : "stdout";
	const struct tc_config_outputs *outputs = &run->config->outputs;
	int r = tc_couriers_new(&run->couriers);

	if (r >= 0 && !outputs->count)
		r = tc_couriers_add(run->couriers, spec);
	for (size_t i = 0; i < outputs->count && r >= 0; i++)
		r = tc_couriers_add(run->couriers, outputs->items[i].spec);
	return r;
}

/* A cgroup given by its directory, or by its path in the hierarchy, to its id. */
static int find_scope(const struct run *run, uint64_t *ret_id)
{
	int r = run->config->scope ? tc_scope_find(run->config->scope, ret_id) : 0;

	if (r < 0)
		return tc_error_return(r, "%s is no cgroup v2 of this host", run->config->scope);
	return 0;
}

/* What an agent that died with this journal left is taken over, whether this one pins or not. */
static int start_pins(struct run *run)
{
	int r;

	if (run->options.only_records)
		return 0;
	r = tc_pinned_find(run->config->journal_path, &run->pinned);
	if (r < 0)
		return tc_error_return(r, "cannot look for pins in %s", TC_PINS_DIRECTORY);
	run->last_generation = tc_pinned_generation(&run->pinned);
	return run->config->pin ? tc_pins_new(run->config->journal_path, &run->pins) : 0;
}

static int start_probes(struct run *run)
{
	struct tc_load_options options = {
		.ring_bytes = (uint32_t)run->config->ring_bytes,
		.agent_tgid = (uint32_t)getpid(),
		.force_fallback = run->config->fallback,
		.pins = run->pins,
		.waits = run->pinned.n > 0,
		.progress = tc_service_progress,
		.progress_context = &run->service,
	};
	const char *reason = "";
	int r;

	tc_service_step("loading the probes");
	r = tc_kernel_probe(&run->kernel, &reason);
	if (r < 0) {
		tc_error("%s", reason);
		return r;
	}
	if (run->kernel.unsafe_scratch)
		tc_warning("this kernel preempts programs and is too old to guard their records "
			   "against each other (Linux 5.12): records may be mixed up");
	r = find_scope(run, &options.scope_cgroup_id);
	if (r >= 0)
		r = tc_probes_load(&run->kernel, &options, &run->probes);
	tc_kernel_forget_types(&run->kernel);
	if (r < 0)
		return r;
	const struct tc_rings rings = tc_probes_rings(run->probes);

	return tc_reader_open(&rings, &run->reader);
}

/* Emergency switches, beside those of the kernel's command line: for all agents until the next
 * boot, and beside the journal, which `tocsin off` makes. */
#define OFF_FILE "/run/tocsin/off"

/* Who only records stops nobody. */
static bool is_enforcing(const struct run *run)
{
	return !run->options.only_records && strcmp(run->config->mode, "enforce") == 0;
}

/* NULL: there is no journal, nor anything beside it. */
static const char *journal_path(const struct run *run)
{
	return run->options.only_records ? NULL : run->config->journal_path;
}

/* To who waits in `tocsin reload`. */
static void tell_reload(struct run *run, size_t errors, const char *findings)
{
	const struct tc_generation *current = run->force.current;
	const struct tc_reload_result result = {
		.begun = run->reloads_begun,
		.ended = run->reloads_ended,
		.errors = errors,
		.rules = current ? tc_ruleset_count(current->rules) : 0,
		.findings = findings,
	};
	int r = tc_reload_tell(journal_path(run), &result);

	if (r < 0)
		tc_warning("cannot tell `tocsin reload` how it goes: %s", strerror(-r));
}

static int init_force(struct run *run)
{
	const struct tc_config *config = run->config;
	struct tc_force_options options = {
		.enforce = {.enforce = is_enforcing(run),
			    .trial_ns = config->trial,
			    .command_line = "/proc/cmdline",
			    .off_files = run->off_files},
		.breaker = config->breaker,
		.strict = is_enforcing(run),
		.stops = tc_request_stop(),
		.fallback_reason = run->kernel.lsm_reason,
		.pins = run->pins,
		.kinds = run->options.kinds,
		.environment = run->options.environment,
		.journal_path = journal_path(run),
	};

	run->off_files[0] = OFF_FILE;
	if (journal_path(run)) {
		run->off_files[1] = run->off_file = tc_standing_off_file(journal_path(run));
		if (!run->off_file)
			return -ENOMEM;
	}
	tc_force_init(&run->force, &options, run->probes, &run->world);
	return 0;
}

static struct tc_reload_options reload_options(struct run *run)
{
	return (struct tc_reload_options){
		.given = &run->options.given,
		.strict = is_enforcing(run),
		.generation = {.number = ++run->last_generation,
			       .fail_closed = strcmp(run->config->undecided, "enforce") == 0,
			       .without_guards = run->config->without_guards,
			       .kinds = run->options.kinds,
			       .whole_kinds = run->options.recording != NULL,
			       .probes = run->probes,
			       .fallback_reason = run->kernel.lsm_reason},
	};
}

/* The first rules: they were read before anything else. Takes them. */
static int put_first_rules(struct run *run)
{
	struct tc_reload_options options = reload_options(run);
	struct tc_generation *generation;
	struct tc_ruleset *rules = run->rules;
	size_t weak;
	int r;

	run->rules = NULL;
	tc_rule_matching_parse(run->config->rule_matching, &options.generation.matching);
	r = tc_generation_make(rules, &options.generation, &generation);
	if (r < 0)
		return r;
	weak = tc_generation_report(generation, options.strict, stderr);
	if (weak && options.strict) {
		tc_generation_free(generation);
		return tc_error_return(-EOPNOTSUPP, "%zu rules cannot do here what they ask for",
				       weak);
	}
	return tc_force_put(&run->force, generation);
}

static const char *source_name(const struct run *run)
{
	return tc_probes_fallback(run->probes) ? "fallback" : "lsm";
}

/* What the world asks about the host; a recording notes down the answers. */
static int open_world(struct run *run)
{
	struct tc_host *host = tc_host_new("", 0);
	int r;

	run->recording = (struct tc_recorder_about){
		.kinds = ((tc_ruleset_kinds(run->force.current->rules) | tc_world_kinds() |
			   run->options.kinds) &
			  tc_probes_kinds(run->probes)) |
			 tc_kinds_with(TC_TRAIT_AGENT),
		.scope = run->config->scope,
		.source = source_name(run),
	};
	if (host && run->recorder)
		host = tc_tap_new(host, tc_recorder_sink(run->recorder), &run->recording);
	if (host && run->audit.part.log)
		host = tc_tap_new(host, tc_audit_sink(run->audit.part.log),
				  tc_run_audit_about(&run->audit, &run->recording));
	r = host ? tc_world_open(&run->world, host) : -ENOMEM;
	if (r < 0)
		return tc_error_return(r, "cannot read the processes and cgroups of this host");
	return 0;
}

static int start_pipeline(struct run *run)
{
	const struct tc_pipeline_parts parts = {.world = &run->world,
						.rules = run->force.current->rules,
						.generation = run->force.current->number,
						.journal = run->journal,
						.couriers = run->couriers,
						.recorder = run->recorder,
						.audit = run->audit.part,
						.decided = tc_force_decided,
						.decided_context = &run->force};

	if (run->audit.part.log)
		tc_audit_set_world(run->audit.part.log, &run->world);
	return tc_pipeline_new(&parts, &run->pipeline);
}

static int start_metrics(struct run *run)
{
	run->metrics.metrics = (struct tc_metrics){.kernel = &run->kernel,
						   .probes = run->probes,
						   .pipeline = run->pipeline,
						   .world = &run->world,
						   .force = &run->force,
						   .journal = run->journal,
						   .journal_path = run->config->journal_path};
	if (!run->options.only_records)
		tc_run_metrics_open(&run->metrics, run->config->metrics_listen);
	return 0;
}

/* From here on others' programs are not needed. */
static int begin(struct run *run)
{
	int r = tc_force_begin(&run->force, run->pipeline);

	if (r >= 0)
		tc_pinned_release(&run->pinned);
	return r;
}

/* Events first, then the look at /proc: nothing falls between the two. */
static int (*const start_steps[])(struct run *run) = {
	start_pins, start_probes,   init_force,	   put_first_rules,
	open_world, start_pipeline, start_metrics, begin,
};

/* -ECANCELED when a stop was asked for meanwhile. */
static int start(struct run *run)
{
	int r = tc_world_init(&run->world);

	for (size_t i = 0; i < sizeof(start_steps) / sizeof(start_steps[0]) && r >= 0; i++)
		r = tc_requested(TC_REQUEST_STOP) ? -ECANCELED : start_steps[i](run);
	return r;
}

/* A stop before it watched: what an agent before left ends, too. What waits there is for the next
 * one. */
static int give_up(struct run *run)
{
	int r = 0;

	if (!run->options.only_records && !run->pins && !run->pinned.n)
		r = tc_pinned_find(run->config->journal_path, &run->pinned);
	tc_pinned_release(&run->pinned);
	tc_info("stopped before it watched");
	return r < 0 ? TC_EXIT_ENVIRONMENT : TC_EXIT_GOOD;
}

/* finish() has committed what could be, and let the outputs tell it. */
static void stop(struct run *run)
{
	struct tc_reloaded unused = {0};
	char *findings = NULL;

	if (run->reload)
		tc_reload_finish(run->reload, &unused, &findings);
	free(findings);
	tc_reloaded_done(&unused);
	tc_run_metrics_close(&run->metrics);
	tc_pipeline_free(run->pipeline);
	tc_reader_close(run->reader);
	tc_force_done(&run->force);
	free(run->off_file);
	if (run->leaves_pins)
		tc_probes_leave(run->probes);
	tc_probes_free(run->probes);
	tc_run_audit_done(&run->audit);
	if (!run->leaves_pins)
		tc_pins_remove(run->pins);
	tc_pins_free(run->pins);
	tc_pinned_done(&run->pinned);
	tc_world_done(&run->world);
	tc_kernel_done(&run->kernel);
	tc_recorder_close(run->recorder, NULL);
	tc_couriers_free(run->couriers);
	tc_journal_close(run->journal);
	tc_ruleset_free(run->rules);
	tc_config_free(run->config);
}

/* --- the loop --- */

static bool time_is_up(const struct run *run)
{
	return tc_clock_boot_ns() - run->started_ns >= run->options.duration_ns;
}

static int tell(struct run *run, const struct tc_record *record)
{
	return tc_pipeline_feed(run->pipeline, record, record->size);
}

/* What can change while the agent runs; the other keys are warned of. */
static void change_config(struct run *run, const struct tc_config *config)
{
	const struct tc_retention retention = retention_of(config);
	size_t later;

	set_log_level(config);
	tc_journal_set_retention(run->journal, &retention);
	later = tc_config_change_outputs(run->config, config, run->couriers);
	later += tc_config_tell_restarts(run->config, config);
	if (later)
		tc_warning("%zu changes of the configuration are not in force before a restart",
			   later);
}

static int finish_reload(struct run *run)
{
	struct tc_reloaded new;
	char *findings;
	size_t errors = tc_reload_finish(run->reload, &new, &findings);
	const struct tc_ruleset *rules;
	const char *words;
	struct tc_notice notice;

	run->reload = NULL;
	if (!errors) {
		errors += tc_force_put(&run->force, new.generation) < 0;
		new.generation = NULL;
	}
	if (!errors)
		change_config(run, new.config);
	tc_reloaded_done(&new);
	run->reloads_ended++;
	tell_reload(run, errors, findings);
	free(findings);
	rules = run->force.current->rules;
	words = errors ? "the new configuration or rules are broken, those before stay"
		       : "configuration and rules were read anew";
	tc_info("%s: %zu rules in force", words, tc_ruleset_count(rules));
	tc_service_ready("%zu rules in force; %s", tc_ruleset_count(rules), words);
	return tell(run,
		    tc_notice_reload(&notice, tc_clock_boot_ns(), (uint32_t)errors,
				     (uint32_t)tc_ruleset_count(rules), tc_ruleset_hash(rules)));
}

/* SIGHUP: configuration and rules are read anew, and files of outputs, which logrotate(8) has moved
 * away, opened anew. */
static int serve_reload(struct run *run)
{
	struct tc_reload_options options;
	int r;

	if (run->reload && tc_reload_is_done(run->reload) && !tc_force_is_busy(&run->force))
		return finish_reload(run);
	if (run->reload || !tc_request_next(TC_REQUEST_RELOAD))
		return 0;
	/* Of what a reload can change nothing is there. */
	if (run->options.only_records)
		return 0;
	/* Before anything is read: who asked later waits for the next one. */
	run->reloads_begun++;
	tell_reload(run, 0, NULL);
	tc_service_reloading();
	tc_couriers_reopen(run->couriers);
	tc_force_try_again(&run->force);
	options = reload_options(run);
	r = tc_reload_start(&options, &run->reload);
	if (r < 0) {
		tc_error("cannot read configuration and rules anew: %s; those before stay",
			 strerror(-r));
		tc_service_ready("%zu rules in force; they could not be read anew",
				 tc_ruleset_count(run->force.current->rules));
		run->reloads_ended++;
		tell_reload(run, 1, "the agent has no memory, or no thread, to read them\n");
	}
	return 0;
}

static int serve_commands(struct run *run)
{
	if (tc_request_next(TC_REQUEST_CONFIRM))
		tc_force_confirm(&run->force);
	return tc_request_next(TC_REQUEST_REARM) ? tc_force_rearm(&run->force) : 0;
}

/* How long the reader may sleep: not for long while something is under way. */
static int patience_ms(const struct run *run)
{
	return run->reload || tc_force_is_busy(&run->force) ? BUSY_MS : DRAIN_MS;
}

static int tell_start(struct run *run)
{
	struct tc_notice notice;

	const struct tc_ruleset *rules = run->force.current->rules;

	return tell(run,
		    tc_notice_start(&notice, tc_clock_boot_ns(), (uint32_t)tc_ruleset_count(rules),
				    tc_ruleset_hash(rules), source_name(run)));
}

/* A tc_record_callback. There may be many records: what cannot wait until all are read does not. */
static int feed(void *context, const void *bytes, size_t size)
{
	struct run *run = context;
	int r = tc_pipeline_feed(run->pipeline, bytes, size);

	tc_service_alive(&run->service);
	return r < 0 ? r : tc_force_follow(&run->force);
}

/* What waited in the rings of an agent before this one is judged: by its rules, where they are the
 * same. */
static int take_over_of(struct run *run, struct tc_pinned *pinned)
{
	bool same = !strcmp(pinned->about.rules_hash, tc_ruleset_hash(run->force.current->rules));

	if (!pinned->is_known)
		tc_warning("the programs in %s are of tocsin %s: what they told since their agent "
			   "ended is lost",
			   pinned->directory, pinned->about.version);
	tc_pipeline_inherit(run->pipeline, pinned->is_known && same ? pinned->about.generation : 0);
	tc_info("took over the programs in %s (%zu of them, generation %u): their agent had ended "
		"without being asked to",
		pinned->directory, pinned->n_links, pinned->about.generation);
	return tc_pinned_drain(pinned, feed, run);
}

static int take_over(struct run *run)
{
	int r = 0;

	for (size_t i = 0; i < run->pinned.n && r >= 0; i++)
		r = take_over_of(run, run->pinned.items[i]);
	return r;
}

/* What was judged is in the journal: who takes over need not judge it again. */
static void settle(struct run *run)
{
	tc_reader_settle(run->reader);
	tc_pinned_settle(&run->pinned);
}

/* Beside alerts a recording is worth less than they are: its end, which was logged, ends nothing.
 */
static int flush_recording(struct run *run)
{
	if (run->audit.part.log)
		tc_audit_flush(run->audit.part.log, TC_RECORDER_BLOCK_NS);
	if (!run->recorder)
		return 0;
	tc_recorder_flush(run->recorder, TC_RECORDER_BLOCK_NS);
	return run->options.only_records ? tc_recorder_error(run->recorder) : 0;
}

static int watch(struct run *run)
{
	int r = tell_start(run), committed;

	if (r >= 0)
		r = take_over(run);
	while (r >= 0 && !tc_requested(TC_REQUEST_STOP) && !time_is_up(run)) {
		tc_service_alive(&run->service);
		r = tc_reader_drain(run->reader, false, feed, run);
		if (r < 0)
			break;
		/* A failure was logged; the next round tries again. */
		committed = tc_pipeline_commit(run->pipeline);
		if (committed == 0)
			settle(run);
		tc_run_metrics_serve(&run->metrics, committed, run->reloads_ended);
		r = flush_recording(run);
		if (r < 0)
			break;
		r = tc_force_serve(&run->force, tc_reader_complete_ns(run->reader));
		if (r >= 0)
			r = serve_commands(run);
		if (r >= 0)
			r = serve_reload(run);
		if (r < 0)
			break;
		r = tc_reader_wait(run->reader, patience_ms(run));
		if (r == -EINTR)
			r = 0;
	}
	return r;
}

/* Programs that saw their kind wanted just before it was switched off still send. */
static void let_probes_settle(struct run *run)
{
	struct timespec rest = {.tv_nsec = SETTLE_MS * 1000 * 1000};

	tc_probes_controls(run->probes)->kinds = 0;
	while (nanosleep(&rest, &rest) < 0 && errno == EINTR)
		;
}

/* Programs that stay go on: what they tell is for the next agent. */
static int read_last(struct run *run)
{
	if (run->leaves_pins)
		return tc_reader_hand_over(run->reader, feed, run);
	tc_force_end(&run->force);
	let_probes_settle(run);
	return tc_reader_drain(run->reader, true, feed, run);
}

static int commit_last(struct run *run)
{
	int r = -EBUSY;

	for (unsigned i = 0; i < LAST_TRIES && r == -EBUSY; i++)
		r = tc_pipeline_commit(run->pipeline);
	return r;
}

/* What the first commit tells is in the audit log; the second one tells of its end. */
static int commit_all(struct run *run)
{
	int r = commit_last(run), ended;

	if (!run->audit.part.log)
		return r;
	tc_audit_stop(run->audit.part.log);
	ended = commit_last(run);
	return r < 0 ? r : ended;
}

static int close_recording(struct run *run)
{
	struct tc_recorder *recorder = run->recorder;

	run->recorder = NULL;
	return tc_recorder_close(recorder, &run->recorded);
}

/*
 * What the rings still hold is judged, the end is told, all is committed and told to the outputs:
 * each of it even when something before went wrong. What cannot be committed is counted when the
 * journal is closed. 0 or the first error.
 */
static int finish(struct run *run)
{
	struct tc_pipeline_counts counts;
	struct tc_notice notice;
	int drained, told, committed, recorded;

	drained = read_last(run);
	tc_pipeline_counts(run->pipeline, &counts);
	told = tell(run, tc_notice_stop(&notice, tc_clock_boot_ns(), counts.events,
					counts.lost + counts.refused));
	committed = commit_all(run);
	if (committed == 0)
		settle(run);
	tc_couriers_stop(run->couriers);
	recorded = close_recording(run);
	if (drained < 0)
		return drained;
	return told < 0 ? told : committed < 0 ? committed : recorded;
}

static void report_start(const struct run *run)
{
	const struct tc_run_report report = {
		.kernel = &run->kernel,
		.probes = run->probes,
		.generation = run->force.current,
		.state = run->force.enforce.state,
		.journal_path = journal_path(run),
		.recording = run->options.recording,
		.scope = run->config->scope,
		.pins = run->pins ? tc_pins_directory(run->pins) : NULL,
	};

	tc_run_report_start(&report, stderr);
}

static void report_end(const struct run *run)
{
	struct tc_pipeline_counts counts;

	tc_pipeline_counts(run->pipeline, &counts);
	tc_run_report_end(&counts, tc_clock_boot_ns() - run->started_ns, journal_path(run), stderr);
	if (run->options.recording)
		tc_run_report_recording(&run->recorded, run->options.recording, stderr);
}

static int open_journal(struct run *run)
{
	const struct tc_retention retention = retention_of(run->config);
	int r;

	tc_service_step("opening the journal");
	r = tc_journal_open(run->config->journal_path, &run->journal);
	if (r < 0)
		return r;
	tc_journal_set_retention(run->journal, &retention);
	tell_reload(run, 0, NULL); /* in the place of what an agent before had to tell */
	return tc_couriers_start(run->couriers, run->config->journal_path,
				 tc_journal_last_seq(run->journal));
}

static int run_all(struct run *run)
{
	int r, finished;

	if (read_config(run) < 0)
		return TC_EXIT_NO;
	if (run->options.print)
		return print_config(run);
	set_log_level(run->config);
	if (!guards_are_known(run->config))
		return TC_EXIT_USAGE;
	if (load_rules(run) < 0)
		return TC_EXIT_NO;
	if (!run->options.only_records && tc_run_audit_prepare(&run->audit, run->config) < 0)
		return TC_EXIT_NO;
	run->options.kinds |= run->audit.wanted;
	if (!run->options.only_records && open_outputs(run) < 0)
		return TC_EXIT_USAGE;
	if (geteuid() != 0) {
		tc_error("watching needs root: the kernel lets nobody else load probes");
		return TC_EXIT_ENVIRONMENT;
	}
	if (run->options.recording && tc_recorder_open(run->options.recording, &run->recorder) < 0)
		return TC_EXIT_ENVIRONMENT;
	if (!run->options.only_records && open_journal(run) < 0)
		return TC_EXIT_ENVIRONMENT;
	if (!run->options.only_records && tc_run_audit_open(&run->audit, run->config) < 0)
		return TC_EXIT_ENVIRONMENT;
	if (start(run) < 0)
		return tc_requested(TC_REQUEST_STOP) ? give_up(run) : TC_EXIT_ENVIRONMENT;

	tc_requests_take();
	signal(SIGPIPE, SIG_IGN);
	run->started_ns = tc_clock_boot_ns();
	report_start(run);
	tc_service_ready("%zu rules in force", tc_ruleset_count(run->force.current->rules));
	r = watch(run);
	tc_service_stopping();
	run->leaves_pins = run->pins && r < 0 && !tc_requested(TC_REQUEST_STOP);
	finished = finish(run);
	/* Who asks for a stop meanwhile wants nothing left behind. */
	if (tc_requested(TC_REQUEST_STOP))
		run->leaves_pins = false;
	if (r >= 0)
		r = finished;
	if (r < 0)
		tc_error("stopped by an error: %s", strerror(-r));
	if (run->pins)
		tc_info("%s",
			run->leaves_pins
				? "the programs stay pinned: rules block and kill on, and the "
				  "next agent takes over"
				: "the pins are taken away: nothing is blocked or killed any "
				  "more");
	report_end(run);
	return r < 0 ? TC_EXIT_ENVIRONMENT : TC_EXIT_GOOD;
}

int tc_run(const struct tc_run_options *options)
{
	struct run run = {.options = *options};
	int code;

	tc_service_init(&run.service);
	code = run_all(&run);
	stop(&run);
	return code;
}

int tc_cmd_run(int argc, char **argv)
{
	struct tc_run_options options = {.duration_ns = UINT64_MAX};
	int code;

	mallopt(M_MMAP_THRESHOLD, LARGE_BLOCK_BYTES);
	tc_requests_hold();
	code = parse(&options, argc, argv);
	if (code < 0)
		code = tc_run(&options);
	tc_config_given_done(&options.given);
	return code;
}

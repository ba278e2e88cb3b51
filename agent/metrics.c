/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/metrics.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "agent/enrich/clock.h"
#include "agent/names.h"
#include "output/cursors.h"

/* An output of the agent that runs. */
struct output {
	char *name; /* heap memory */
	uint64_t behind, delivered, failures;
};

/* What a family's rows are made from. */
struct page {
	const struct tc_metrics *metrics;
	struct tc_pipeline_counts counts;
	struct output *outputs; /* n_outputs of them */
	size_t n_outputs;
	struct tc_buffer *text;
	const char *family;
};

/* --- rows --- */

static void begin_row(struct page *page)
{
	tc_buffer_add_string(page->text, page->family);
}

/* A value of a label: of backslash, quote and newline the format wants the escaped form. */
static void add_label(struct page *page, char before, const char *name, const char *value)
{
	tc_buffer_printf(page->text, "%c%s=\"", before, name);
	for (; *value; value++) {
		if (*value == '\n')
			tc_buffer_add_string(page->text, "\\n");
		else if (*value == '\\' || *value == '"')
			tc_buffer_printf(page->text, "\\%c", *value);
		else
			tc_buffer_add_char(page->text, *value);
	}
	tc_buffer_add_char(page->text, '"');
}

static void end_row(struct page *page, uint64_t value)
{
	tc_buffer_printf(page->text, " %" PRIu64 "\n", value);
}

static void row(struct page *page, uint64_t value)
{
	begin_row(page);
	end_row(page, value);
}

static void labelled_row(struct page *page, const char *label, const char *name, uint64_t value)
{
	begin_row(page);
	add_label(page, '{', label, name);
	tc_buffer_add_char(page->text, '}');
	end_row(page, value);
}

static void row_of_seconds(struct page *page, double seconds)
{
	begin_row(page);
	tc_buffer_printf(page->text, " %.3f\n", seconds);
}

/* --- the agent --- */

static void put_info(struct page *page)
{
	const struct tc_metrics *metrics = page->metrics;

	begin_row(page);
	add_label(page, '{', "version", TOCSIN_VERSION);
	add_label(page, ',', "kernel", metrics->kernel->release);
	add_label(page, ',', "source", tc_probes_fallback(metrics->probes) ? "fallback" : "lsm");
	tc_buffer_add_char(page->text, '}');
	end_row(page, 1);
}

static void put_mode(struct page *page)
{
	labelled_row(page, "mode", tc_enforce_name(page->metrics->force->enforce.state), 1);
}

static void put_enforces(struct page *page)
{
	row(page, tc_enforce_is_on(page->metrics->force->enforce.state));
}

static void put_rules(struct page *page)
{
	row(page, tc_ruleset_count(page->metrics->force->current->rules));
}

static void put_enforcing(struct page *page)
{
	static const enum tc_effect_does all[] = {TC_EFFECT_ALERTS, TC_EFFECT_KILLS,
						  TC_EFFECT_BLOCKS};
	const struct tc_generation *current = page->metrics->force->current;

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		uint64_t n = 0;

		for (size_t rule = 0; rule < tc_ruleset_count(current->rules); rule++)
			n += tc_ruleset_at(current->rules, rule)->action >= TC_ACTION_BLOCK &&
			     current->effects[rule].does == all[i];
		labelled_row(page, "can", tc_effect_name(all[i]), n);
	}
}

static void put_breakers(struct page *page)
{
	const struct tc_generation *current = page->metrics->force->current;
	uint64_t n = 0;

	for (size_t rule = 0; rule < tc_ruleset_count(current->rules); rule++) {
		const struct tc_breaker *breaker = tc_breakers_find(
			&page->metrics->force->breakers, tc_ruleset_at(current->rules, rule)->name);

		n += breaker && breaker->open;
	}
	row(page, n);
}

static void put_generation(struct page *page)
{
	row(page, page->metrics->force->current->number);
}

static void put_reloads(struct page *page)
{
	row(page, page->metrics->reloads);
}

static void put_probes(struct page *page)
{
	static const char *const names[] = {
		[TC_PROBE_CHOSEN] = "chosen",
		[TC_PROBE_UNUSED] = "unused",
		[TC_PROBE_MISSING] = "missing",
	};
	uint64_t n[sizeof(names) / sizeof(names[0])] = {0};
	size_t count;
	const struct tc_probe_info *info = tc_probes_info(page->metrics->probes, &count);

	for (size_t i = 0; i < count; i++)
		n[info[i].state]++;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		labelled_row(page, "state", names[i], n[i]);
}

/* --- events and alerts --- */

static void put_events(struct page *page)
{
	for (unsigned kind = 0; kind < TC_KIND_LIMIT; kind++)
		if (tc_kind_info(kind))
			labelled_row(page, "kind", tc_kind_info(kind)->name,
				     page->counts.by_kind[kind]);
}

static void put_losses(struct page *page)
{
	uint64_t reason;
	const char *word;

	for (size_t i = 0; tc_names_at(TC_SHOW_loss_reason, i, &reason, &word); i++)
		labelled_row(page, "reason", word, page->counts.by_loss[reason]);
}

static void put_alerts(struct page *page)
{
	for (unsigned priority = 0; priority < TC_PRIORITY_MAX; priority++)
		labelled_row(page, "priority", tc_priority_name((enum tc_priority)priority),
			     page->counts.by_priority[priority]);
}

static void put_limited(struct page *page)
{
	row(page, page->counts.limited);
}

static void put_dropped(struct page *page)
{
	row(page, page->counts.dropped);
}

/* --- tables --- */

static void put_processes(struct page *page)
{
	const struct tc_process_counts *counts =
		tc_processes_counts(page->metrics->world->processes);

	labelled_row(page, "state", "live", counts->live);
	labelled_row(page, "state", "ended", counts->ended);
}

static void put_processes_evicted(struct page *page)
{
	row(page, tc_processes_counts(page->metrics->world->processes)->evicted);
}

static void put_cgroups(struct page *page)
{
	const struct tc_cgroup_counts *counts = tc_cgroups_counts(page->metrics->world->cgroups);

	labelled_row(page, "state", "live", counts->live);
	labelled_row(page, "state", "removed", counts->removed);
}

static void put_cgroups_evicted(struct page *page)
{
	row(page, tc_cgroups_counts(page->metrics->world->cgroups)->evicted);
}

/* --- the journal and the outputs --- */

static void put_journal_seq(struct page *page)
{
	row(page, tc_journal_last_seq(page->metrics->journal));
}

static void put_journal_pending(struct page *page)
{
	row(page, tc_journal_pending(page->metrics->journal));
}

static void put_journal_failing(struct page *page)
{
	row(page, page->metrics->uncommitted_ns != 0);
}

/* Positions as they were stored, twice a second; read once for a page. */
static int take_output(const struct tc_cursor *cursor, void *context)
{
	struct page *page = context;
	const uint64_t last = tc_journal_last_seq(page->metrics->journal);
	struct output *outputs;

	if (!cursor->active)
		return 0;
	outputs = reallocarray(page->outputs, page->n_outputs + 1, sizeof(*outputs));
	if (!outputs)
		return -ENOMEM;
	page->outputs = outputs;
	outputs[page->n_outputs] = (struct output){
		.name = strdup(cursor->name),
		.behind = cursor->reached_seq < last ? last - cursor->reached_seq : 0,
		.delivered = cursor->delivered,
		.failures = cursor->errors,
	};
	if (!outputs[page->n_outputs].name)
		return -ENOMEM;
	page->n_outputs++;
	return 0;
}

static void read_outputs(struct page *page)
{
	struct tc_cursors *cursors;

	if (tc_cursors_open_readonly(page->metrics->journal_path, &cursors) < 0)
		return;
	tc_cursors_each(cursors, NULL, take_output, page);
	tc_cursors_close(cursors);
}

static void forget_outputs(struct page *page)
{
	for (size_t i = 0; i < page->n_outputs; i++)
		free(page->outputs[i].name);
	free(page->outputs);
}

static void put_outputs_behind(struct page *page)
{
	for (size_t i = 0; i < page->n_outputs; i++)
		labelled_row(page, "output", page->outputs[i].name, page->outputs[i].behind);
}

static void put_outputs_delivered(struct page *page)
{
	for (size_t i = 0; i < page->n_outputs; i++)
		labelled_row(page, "output", page->outputs[i].name, page->outputs[i].delivered);
}

static void put_outputs_failures(struct page *page)
{
	for (size_t i = 0; i < page->n_outputs; i++)
		labelled_row(page, "output", page->outputs[i].name, page->outputs[i].failures);
}

/* --- the process --- */

static void put_cpu(struct page *page)
{
	struct rusage usage;

	if (getrusage(RUSAGE_SELF, &usage) == 0)
		row_of_seconds(page,
			       (double)usage.ru_utime.tv_sec + (double)usage.ru_stime.tv_sec +
				       (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) /
					       1e6);
}

static void put_memory(struct page *page)
{
	unsigned long long total, resident;
	FILE *statm = fopen("/proc/self/statm", "re");

	if (!statm)
		return;
	if (fscanf(statm, "%llu %llu", &total, &resident) == 2)
		row(page, resident * (uint64_t)sysconf(_SC_PAGESIZE));
	fclose(statm);
}

/* --- the page --- */

/* Names as Prometheus wants them: unit last, counters end with _total. Those of the process are
 * the ones that its client libraries have. */
static const struct family {
	const char *name, *type, *help;
	void (*put)(struct page *page);
} families[] = {
	{"tocsin_info", "gauge", "What runs: always 1.", put_info},
	{"tocsin_mode", "gauge", "What becomes of rules that block and kill: always 1.", put_mode},
	{"tocsin_enforces", "gauge", "1 while rules that block and kill do so.", put_enforces},
	{"tocsin_rules", "gauge", "Rules in force.", put_rules},
	{"tocsin_rules_enforcing", "gauge",
	 "Rules that ask for more than an alert, by what they can do on this host.", put_enforcing},
	{"tocsin_breakers_open", "gauge",
	 "Rules whose circuit breaker is open: they stopped too much, and tell only.",
	 put_breakers},
	{"tocsin_rules_generation", "gauge", "Number of the rules in force; each reload adds one.",
	 put_generation},
	{"tocsin_reloads_total", "counter", "Reloads that ended, well or not.", put_reloads},
	{"tocsin_probes", "gauge",
	 "Programs for the kernel: missing are those that it cannot take or attach.", put_probes},
	{"tocsin_events_total", "counter", "Events that were judged.", put_events},
	{"tocsin_lost_total", "counter", "What was lost, and told as lost; see loss.reason.",
	 put_losses},
	{"tocsin_alerts_total", "counter", "Alerts.", put_alerts},
	{"tocsin_alerts_limited_total", "counter", "Alerts that a rule's rate_limit kept back.",
	 put_limited},
	{"tocsin_alerts_dropped_total", "counter", "Alerts that the journal had no room for.",
	 put_dropped},
	{"tocsin_processes", "gauge", "Processes in the agent's table.", put_processes},
	{"tocsin_processes_evicted_total", "counter", "Processes that the table had no room for.",
	 put_processes_evicted},
	{"tocsin_cgroups", "gauge", "Cgroups in the agent's table.", put_cgroups},
	{"tocsin_cgroups_evicted_total", "counter", "Cgroups that the table had no room for.",
	 put_cgroups_evicted},
	{"tocsin_journal_last_seq", "gauge", "Number of the last row that was committed.",
	 put_journal_seq},
	{"tocsin_journal_pending_rows", "gauge", "Rows that wait to be committed.",
	 put_journal_pending},
	{"tocsin_journal_failing", "gauge", "1 while the journal cannot be written.",
	 put_journal_failing},
	{"tocsin_output_behind_rows", "gauge", "Rows of the journal that the output has not got.",
	 put_outputs_behind},
	{"tocsin_output_delivered_total", "counter", "Messages that the output has got, ever.",
	 put_outputs_delivered},
	{"tocsin_output_failures", "gauge", "Failures of the output in a row; 0: it works.",
	 put_outputs_failures},
	{"process_cpu_seconds_total", "counter", "Processor time, of user and system.", put_cpu},
	{"process_resident_memory_bytes", "gauge", "Resident memory.", put_memory},
};

void tc_metrics_print(const struct tc_metrics *metrics, struct tc_buffer *text)
{
	struct page page = {.metrics = metrics, .text = text};

	tc_pipeline_counts(metrics->pipeline, &page.counts);
	read_outputs(&page);
	for (size_t i = 0; i < sizeof(families) / sizeof(families[0]); i++) {
		page.family = families[i].name;
		tc_buffer_printf(text, "# HELP %s %s\n# TYPE %s %s\n", page.family,
				 families[i].help, page.family, families[i].type);
		families[i].put(&page);
	}
	forget_outputs(&page);
}

bool tc_metrics_healthy(const struct tc_metrics *metrics, uint64_t now_ns, struct tc_buffer *text)
{
	const uint64_t since_ns = metrics->uncommitted_ns;

	if (!since_ns || now_ns < since_ns + TC_METRICS_PATIENCE_NS) {
		tc_buffer_add_string(text, "ok\n");
		return true;
	}
	tc_buffer_printf(text, "the journal could not be written for %" PRIu64 " s\n",
			 (now_ns - since_ns) / 1000000000);
	return false;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/cmd/run_report.h"

#include <string.h>

/* --- where events come from --- */

static uint64_t family_kinds(const char *family)
{
	uint64_t kinds = 0;

	for (unsigned kind = 0; kind < TC_KIND_LIMIT; kind++) {
		const struct tc_kind_info *info = tc_kind_info(kind);

		if (info && strcmp(info->family, family) == 0)
			kinds |= TC_KIND_BIT(kind);
	}
	return kinds;
}

static void print_kinds(uint64_t kinds, FILE *stream)
{
	for (unsigned kind = 0; kind < TC_KIND_LIMIT; kind++)
		if (kinds & TC_KIND_BIT(kind) && tc_kind_info(kind))
			fprintf(stream, " %s", tc_kind_info(kind)->name);
}

static void print_family(const char *family, uint64_t seen, FILE *stream)
{
	uint64_t kinds = family_kinds(family);

	fprintf(stream, "  %-9s", family);
	print_kinds(kinds & seen, stream);
	if (kinds & ~seen) {
		fprintf(stream, "   not seen:");
		print_kinds(kinds & ~seen, stream);
	}
	fputc('\n', stream);
}

/* In the order of their first kinds; what the agent makes itself is always seen. */
static void print_families(const struct tc_run_report *report, FILE *stream)
{
	uint64_t seen = tc_probes_kinds(report->probes), told = 0;

	for (unsigned kind = 0; kind < TC_KIND_LIMIT; kind++) {
		const struct tc_kind_info *info = tc_kind_info(kind);

		if (!info || info->traits & TC_TRAIT_AGENT || told & TC_KIND_BIT(kind))
			continue;
		print_family(info->family, seen, stream);
		told |= family_kinds(info->family);
	}
}

/* A program that is missing matters when no other one makes its events. */
static void print_missing(const struct tc_run_report *report, FILE *stream)
{
	uint64_t seen = tc_probes_kinds(report->probes);
	size_t count;
	const struct tc_probe_info *info = tc_probes_info(report->probes, &count);

	for (size_t i = 0; i < count; i++)
		if (info[i].state == TC_PROBE_MISSING && info[i].kinds & ~seen)
			fprintf(stream, "  missing   %s\n", info[i].reason);
}

/* Words from a column on, in lines of at most WIDTH columns. */
#define WIDTH 100

static void print_wrapped(const char *words, int column, FILE *stream)
{
	int at = column;

	while (*words) {
		int length = (int)strcspn(words, " ");

		if (at + 1 + length > WIDTH && at > column) {
			fprintf(stream, "\n%*s", column, "");
			at = column;
		}
		at += fprintf(stream, "%s%.*s", at > column ? " " : "", length, words);
		words += length;
		words += strspn(words, " ");
	}
	fputc('\n', stream);
}

static void print_fallback(const struct tc_run_report *report, FILE *stream)
{
	static const struct {
		const char *what, *doc;
	} blind[] = {
#define TC_BLIND(what, doc) {what, doc},
#include "schema/fallback.def"
#undef TC_BLIND
	};

	if (!tc_probes_fallback(report->probes))
		return;
	fprintf(stream, "  Nothing can be blocked. What this source cannot see:\n");
	for (size_t i = 0; i < sizeof(blind) / sizeof(blind[0]); i++) {
		fprintf(stream, "    %-18s ", blind[i].what);
		print_wrapped(blind[i].doc, 23, stream);
	}
}

/* Rules that ask for more than an alert, by what they do here. */
static void print_enforcing(const struct tc_run_report *report, FILE *stream)
{
	size_t counts[TC_EFFECT_BLOCKS + 1] = {0}, n = 0;

	for (size_t i = 0; i < tc_ruleset_count(report->generation->rules); i++) {
		if (tc_ruleset_at(report->generation->rules, i)->action < TC_ACTION_BLOCK)
			continue;
		counts[report->generation->effects[i].does]++;
		n++;
	}
	if (!n)
		return;
	fprintf(stream, "enforcing %zu rules: %zu can block here, %zu kill, %zu only alert; %s\n",
		n, counts[TC_EFFECT_BLOCKS], counts[TC_EFFECT_KILLS], counts[TC_EFFECT_ALERTS],
		tc_enforce_text(report->state));
}

void tc_run_report_start(const struct tc_run_report *report, FILE *stream)
{
	uint64_t seen = tc_probes_kinds(report->probes);
	size_t n_rules = tc_ruleset_count(report->generation->rules), n_blind = 0;

	for (size_t i = 0; i < n_rules; i++)
		n_blind += !(tc_ruleset_at(report->generation->rules, i)->kinds & seen);

	fprintf(stream, "tocsin %s on Linux %s, mode %s\n", TOCSIN_VERSION, report->kernel->release,
		tc_enforce_name(report->state));
	if (tc_probes_fallback(report->probes))
		fprintf(stream, "events    from tracepoints (fallback): %s\n",
			report->kernel->lsm_reason[0] ? report->kernel->lsm_reason
						      : "as asked for");
	else
		fprintf(stream, "events    from LSM hooks and scheduler tracepoints\n");
	print_families(report, stream);
	print_missing(report, stream);
	print_fallback(report, stream);
	fprintf(stream, "scope     %s\n", report->scope ? report->scope : "the whole host");
	fprintf(stream, "rules     %zu in force", n_rules);
	if (n_blind)
		fprintf(stream, ", %zu of them on events that are not seen here", n_blind);
	fputc('\n', stream);
	print_enforcing(report, stream);
	if (report->pins)
		fprintf(stream, "pins      %s: rules enforce on when this agent is killed\n",
			report->pins);
	if (report->journal_path)
		fprintf(stream, "journal   %s\n", report->journal_path);
	if (report->recording)
		fprintf(stream, "recording %s\n", report->recording);
	fprintf(stream, "watching\n");
	fflush(stream);
}

/* --- totals --- */

void tc_run_report_end(const struct tc_pipeline_counts *counts, uint64_t duration_ns,
		       const char *journal_path, FILE *stream)
{
	fprintf(stream, "\nwatched for %.1f s: %llu events, %llu lost, %llu alerts",
		(double)duration_ns / 1e9, (unsigned long long)counts->events,
		(unsigned long long)counts->lost, (unsigned long long)counts->alerts);
	for (unsigned priority = 0; priority < TC_PRIORITY_MAX; priority++)
		if (counts->by_priority[priority])
			fprintf(stream, ", %llu %s",
				(unsigned long long)counts->by_priority[priority],
				tc_priority_name((enum tc_priority)priority));
	fputc('\n', stream);
	if (counts->limited)
		fprintf(stream, "%llu alerts were kept back by their rules (rate_limit)\n",
			(unsigned long long)counts->limited);
	if (counts->refused)
		fprintf(stream, "%llu records could not be read\n",
			(unsigned long long)counts->refused);
	if (counts->dropped)
		fprintf(stream, "%llu alerts found no room in the journal\n",
			(unsigned long long)counts->dropped);
	if (journal_path)
		fprintf(stream, "journal   %s\n", journal_path);
}

void tc_run_report_recording(const struct tc_recorder_counts *counts, const char *path,
			     FILE *stream)
{
	fprintf(stream, "recording %s: %llu records of %llu bytes in %llu bytes", path,
		(unsigned long long)counts->records, (unsigned long long)counts->record_bytes,
		(unsigned long long)counts->file_bytes);
	if (counts->records)
		fprintf(stream, ", %.1f for each",
			(double)counts->file_bytes / (double)counts->records);
	fputc('\n', stream);
}

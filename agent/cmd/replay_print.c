/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/cmd/replay_print.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "agent/log.h"
#include "agent/timestamp.h"
#include "output/format/json_writer.h"
#include "output/format/text.h"
#include "output/uuid.h"

/* --- alerts --- */

/* A row as the journal would give it, of what formats look at. */
static int format_alert(struct replay_printer *printer, const struct tc_alert *alert)
{
	const struct tc_journal_row row = {
		.seq = alert->seq,
		.uuid = alert->uuid,
		.time_ns = alert->time_ns,
		.boot_id = alert->event->world->boot_id,
		.rule = alert->rule ? alert->rule->name : NULL,
		.priority = tc_alert_priority(alert),
		.kind = alert->event->kind->name,
		.output = printer->output.bytes,
		.json = printer->json.bytes,
	};

	return printer->format == tc_format_row_text
		       ? tc_format_row_line(&row, printer->colour, &printer->line)
		       : printer->format(&row, &printer->line);
}

int replay_print_alert(void *context, const struct tc_alert *alert)
{
	struct replay_printer *printer = context;
	struct tc_alert numbered = *alert;
	int error;

	numbered.seq = ++printer->seq;
	tc_uuid_number(alert->time_ns, numbered.seq, numbered.uuid);
	tc_buffer_reset(&printer->json);
	tc_buffer_reset(&printer->output);
	tc_buffer_reset(&printer->line);
	tc_format_json(&numbered, &printer->json);
	if (printer->format == tc_format_row_text)
		tc_alert_text(&numbered, &printer->output);
	if (tc_buffer_failed(&printer->json) || tc_buffer_failed(&printer->output))
		return -ENOMEM;
	error = format_alert(printer, &numbered);
	tc_buffer_add_char(&printer->line, '\n');
	if (error < 0 || tc_buffer_failed(&printer->line))
		return error < 0 ? error : -ENOMEM;
	errno = 0;
	if (fwrite(printer->line.bytes, 1, printer->line.length, stdout) != printer->line.length)
		return tc_error_return(errno ? -errno : -EIO, "cannot write to standard output");
	return 0;
}

void replay_printer_done(struct replay_printer *printer)
{
	tc_buffer_done(&printer->json);
	tc_buffer_done(&printer->output);
	tc_buffer_done(&printer->line);
}

/* --- the recording --- */

/* Bytes of the header are anybody's. */
static void put_text(struct tc_buffer *line, const struct tc_named_list *header, const char *name,
		     const char *before)
{
	const char *bytes;
	size_t length;

	if (!tc_named_bytes(header, name, &bytes, &length) || !length)
		return;
	tc_buffer_add_string(line, before);
	tc_text_sanitize(line, bytes, length);
}

void replay_print_origin(const struct tc_named_list *header, FILE *stream)
{
	_cleanup_buffer_ struct tc_buffer line = {0};

	tc_buffer_add_string(&line, "recorded");
	put_text(&line, header, "hostname", " on ");
	put_text(&line, header, "kernel", ", Linux ");
	put_text(&line, header, "source", ", events from ");
	put_text(&line, header, "scope", ", scope ");
	put_text(&line, header, "agent", ", by tocsin ");
	if (!tc_buffer_failed(&line))
		fprintf(stream, "%s\n", line.bytes);
}

/* --- totals --- */

static double rate(uint64_t count, uint64_t duration_ns)
{
	return duration_ns ? (double)count * 1e9 / (double)duration_ns : 0;
}

void replay_totals_add(struct replay_totals *totals, const struct tc_past *past,
		       const struct tc_pipeline *pipeline)
{
	struct tc_pipeline_counts judged;
	struct tc_past_counts given;

	tc_past_counts(past, &given);
	tc_pipeline_counts(pipeline, &judged);
	totals->past.records += given.records;
	totals->past.bytes += given.bytes;
	totals->past.unknown += given.unknown;
	if (given.unknown)
		memcpy(totals->past.unknown_kind, given.unknown_kind, sizeof(given.unknown_kind));
	totals->pipeline.events += judged.events;
	totals->pipeline.refused += judged.refused;
	totals->pipeline.alerts += judged.alerts;
	totals->pipeline.limited += judged.limited;
	totals->pipeline.lost += judged.lost;
	for (unsigned i = 0; i < TC_PRIORITY_MAX; i++)
		totals->pipeline.by_priority[i] += judged.by_priority[i];
}

void replay_print_totals(const struct replay_totals *totals, FILE *stream)
{
	const struct tc_pipeline_counts *counts = &totals->pipeline;

	fprintf(stream,
		"replayed %.1f s in %.2f s: %" PRIu64 " events, %.0f a second, %" PRIu64
		" lost, %" PRIu64 " alerts",
		(double)totals->span_ns / 1e9, (double)totals->duration_ns / 1e9, counts->events,
		rate(totals->past.records, totals->duration_ns), counts->lost, counts->alerts);
	for (unsigned priority = 0; priority < TC_PRIORITY_MAX; priority++)
		if (counts->by_priority[priority])
			fprintf(stream, ", %" PRIu64 " %s", counts->by_priority[priority],
				tc_priority_name((enum tc_priority)priority));
	fputc('\n', stream);
	if (counts->refused)
		fprintf(stream, "%" PRIu64 " records could not be read\n", counts->refused);
	if (totals->past.unknown)
		fprintf(stream,
			"%" PRIu64
			" records are of kinds that this version does not know, the last "
			"one of %s\n",
			totals->past.unknown, totals->past.unknown_kind);
}

/* --- statistics --- */

static void print_kinds(const struct replay_totals *totals, FILE *stream)
{
	fprintf(stream, "%12s  KIND\n", "EVENTS");
	for (unsigned kind = 0; kind < TC_KIND_LIMIT; kind++)
		if (totals->by_kind[kind])
			fprintf(stream, "%12" PRIu64 "  %s\n", totals->by_kind[kind],
				tc_kind_info(kind)->name);
}

static double average(const struct tc_rule_cost *cost)
{
	return cost->looks ? (double)cost->ns / (double)cost->looks : 0;
}

/* Rules by what they cost, the dearest first. */
struct ranking {
	const struct tc_rule_cost *cost;
	const char *name;
};

static int compare(const void *a, const void *b)
{
	const struct ranking *x = a, *y = b;

	if (x->cost->ns != y->cost->ns)
		return x->cost->ns > y->cost->ns ? -1 : 1;
	return x->cost < y->cost ? -1 : x->cost > y->cost;
}

static struct ranking *rank(const struct tc_ruleset *rules, const struct tc_rule_cost *costs,
			    size_t *ret_count)
{
	size_t count = tc_ruleset_count(rules) + 1;
	struct ranking *ranking = calloc(count, sizeof(*ranking));

	if (!ranking)
		return NULL;
	for (size_t i = 0; i < count; i++)
		ranking[i] = (struct ranking){&costs[i],
					      i + 1 < count ? tc_ruleset_at(rules, i)->name : NULL};
	qsort(ranking, count, sizeof(*ranking), compare);
	*ret_count = count;
	return ranking;
}

static void print_rules(const struct ranking *ranking, size_t count, FILE *stream)
{
	_cleanup_buffer_ struct tc_buffer name = {0};

	fprintf(stream, "\n%12s %12s %10s %8s  RULE\n", "MATCHES", "LOOKS", "MS", "NS/LOOK");
	for (size_t i = 0; i < count; i++) {
		const struct tc_rule_cost *cost = ranking[i].cost;
		const char *text = ranking[i].name ?: "(what wakes rules up, for all of them)";

		tc_buffer_reset(&name);
		tc_text_sanitize(&name, text, strlen(text));
		fprintf(stream, "%12" PRIu64 " %12" PRIu64 " %10.2f %8.0f  %s\n", cost->matches,
			cost->looks, (double)cost->ns / 1e6, average(cost), name.bytes ?: "");
	}
}

static void put_rule(struct tc_json *json, const struct ranking *row)
{
	tc_json_object_begin(json);
	tc_json_key(json, "rule");
	tc_json_string(json, row->name);
	tc_json_key(json, "matches");
	tc_json_uint(json, row->cost->matches);
	tc_json_key(json, "looks");
	tc_json_uint(json, row->cost->looks);
	tc_json_key(json, "ns");
	tc_json_uint(json, row->cost->ns);
	tc_json_object_end(json);
}

static void put_totals(struct tc_json *json, const struct replay_totals *totals)
{
	const struct {
		const char *name;
		uint64_t number;
	} rows[] = {
		{"records", totals->past.records},
		{"bytes", totals->past.bytes},
		{"events", totals->pipeline.events},
		{"refused", totals->pipeline.refused},
		{"unknown", totals->past.unknown},
		{"lost", totals->pipeline.lost},
		{"alerts", totals->pipeline.alerts},
		{"span_ns", totals->span_ns},
		{"duration_ns", totals->duration_ns},
		{"events_per_second", (uint64_t)rate(totals->past.records, totals->duration_ns)},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		tc_json_key(json, rows[i].name);
		tc_json_uint(json, rows[i].number);
	}
	tc_json_key(json, "kinds");
	tc_json_object_begin(json);
	for (unsigned kind = 0; kind < TC_KIND_LIMIT; kind++) {
		if (!totals->by_kind[kind])
			continue;
		tc_json_key(json, tc_kind_info(kind)->name);
		tc_json_uint(json, totals->by_kind[kind]);
	}
	tc_json_object_end(json);
}

static void print_json(const struct replay_totals *totals, const struct ranking *ranking,
		       size_t count, FILE *stream)
{
	_cleanup_buffer_ struct tc_buffer text = {0};
	_cleanup_json_ struct tc_json json = {.buffer = &text};

	tc_json_object_begin(&json);
	put_totals(&json, totals);
	tc_json_key(&json, "rules");
	tc_json_array_begin(&json);
	for (size_t i = 0; i < count; i++)
		put_rule(&json, &ranking[i]);
	tc_json_array_end(&json);
	tc_json_object_end(&json);
	if (!tc_buffer_failed(&text))
		fprintf(stream, "%s\n", text.bytes);
}

int replay_print_stats(const struct replay_totals *totals, const struct tc_ruleset *rules,
		       const struct tc_rule_cost *costs, bool json, FILE *stream)
{
	size_t count;
	struct ranking *ranking = rank(rules, costs, &count);

	if (!ranking)
		return -ENOMEM;
	if (json) {
		print_json(totals, ranking, count, stream);
	} else {
		print_kinds(totals, stream);
		print_rules(ranking, count, stream);
	}
	free(ranking);
	return 0;
}

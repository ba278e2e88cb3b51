/* SPDX-License-Identifier: Apache-2.0 */
#include "documents.h"

#include <string.h>

#include "fuzz.h"
#include "output/format/format.h"
#include "tests/unit/output/json_check.h"

#define TIME_NS 1714557600123456789ULL

static const struct {
	const char *name;
	tc_format format;
	bool json;
} formats[] = {
	{"json", tc_format_row_json, true},  {"ecs", tc_format_row_ecs, true},
	{"ocsf", tc_format_row_ocsf, true},  {"cef", tc_format_row_cef, false},
	{"text", tc_format_row_text, false},
};

static void check(const char *name, const struct tc_buffer *text, bool json)
{
	if (text->length && memchr(text->bytes, '\n', text->length))
		fuzz_fail("%s has more than one line: %s", name, text->bytes);
	if (json && (strlen(text->bytes) != text->length || !json_valid(text->bytes)))
		fuzz_fail("%s is not valid JSON: %s", name, text->bytes);
}

void fuzz_tell(struct tc_event *event, const struct tc_rule *rule)
{
	struct tc_buffer json = {0}, line = {0}, text = {0};
	struct tc_alert alert = {
		.uuid = "018f3389-2ebb-7000-8000-000000000001",
		.time_ns = TIME_NS,
		.seq = 42,
		.hostname = "host",
		.rule = rule,
		.event = event,
	};
	struct tc_journal_row row = {
		.seq = 42,
		.uuid = alert.uuid,
		.time_ns = TIME_NS,
		.rule = rule ? rule->name : NULL,
		.priority = tc_alert_priority(&alert),
		.kind = event->kind->name,
	};

	tc_format_json(&alert, &json);
	tc_alert_text(&alert, &line);
	fuzz_need(!tc_buffer_failed(&json) && !tc_buffer_failed(&line));
	row.json = json.bytes;
	row.output = line.bytes;
	for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++) {
		int r = formats[i].format(&row, &text);

		if (r < 0)
			fuzz_fail("%s: %s: %s", formats[i].name, strerror(-r), json.bytes);
		check(formats[i].name, &text, formats[i].json);
		tc_buffer_reset(&text);
	}
	tc_buffer_done(&json);
	tc_buffer_done(&line);
	tc_buffer_done(&text);
}

void fuzz_format(const struct tc_journal_row *row)
{
	struct tc_buffer text = {0};

	for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++) {
		/* The journal's own JSON is told as it is, byte for byte. */
		if (formats[i].format(row, &text) == 0 && i > 0)
			check(formats[i].name, &text, false);
		tc_buffer_reset(&text);
	}
	tc_buffer_done(&text);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "output/format/format.h"

#include <errno.h>
#include <string.h>

#include "output/alert.h"
#include "output/format/colour.h"
#include "output/format/text.h"
#include "agent/timestamp.h"

static const struct {
	const char *name;
	tc_format format;
} formats[] = {
#define TC_FORMAT(name, function, doc) {name, function},
#include "output/format/formats.def"
#undef TC_FORMAT
};

#define N_FORMATS (sizeof(formats) / sizeof(formats[0]))

tc_format tc_format_find(const char *name)
{
	for (size_t i = 0; i < N_FORMATS; i++)
		if (strcmp(formats[i].name, name) == 0)
			return formats[i].format;
	return NULL;
}

void tc_format_list(struct tc_buffer *text, const char *separator)
{
	for (size_t i = 0; i < N_FORMATS; i++)
		tc_buffer_printf(text, "%s%s", i ? separator : "", formats[i].name);
}

int tc_format_row_json(const struct tc_journal_row *row, struct tc_buffer *text)
{
	if (!row->json)
		return -EINVAL;
	tc_buffer_add_string(text, row->json);
	return tc_buffer_failed(text) ? -ENOMEM : 0;
}

int tc_format_row_line(const struct tc_journal_row *row, bool colour, struct tc_buffer *text)
{
	const char *details;
	char time[TC_TIMESTAMP_BYTES];

	if (!row->output)
		return -EINVAL;
	details = tc_alert_details(row->output, row->rule);
	tc_timestamp_local(row->time_ns, time);
	tc_buffer_printf(text, "%s %s%s%s ", time, colour ? tc_colour_of(row->priority) : "",
			 tc_priority_name(row->priority), colour ? TC_COLOUR_END : "");
	if (row->rule) {
		tc_text_sanitize(text, row->rule, strlen(row->rule));
		tc_buffer_add_string(text, details == row->output ? ": " : " ");
	}
	tc_text_sanitize(text, details, strlen(details));
	return tc_buffer_failed(text) ? -ENOMEM : 0;
}

int tc_format_row_text(const struct tc_journal_row *row, struct tc_buffer *text)
{
	return tc_format_row_line(row, false, text);
}

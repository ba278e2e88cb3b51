/* SPDX-License-Identifier: Apache-2.0 */
#include "output/alert.h"

#include <string.h>

#include "agent/value.h"
#include "output/format/text.h"

enum tc_priority tc_alert_priority(const struct tc_alert *alert)
{
	if (alert->rule)
		return alert->rule->priority;
	switch (alert->event->kind->kind) {
	case TC_KIND_loss:
	case TC_KIND_suppressed:
		return TC_PRIORITY_WARNING;
	default:
		return TC_PRIORITY_INFORMATIONAL;
	}
}

static void notice_text(struct tc_event *event, struct tc_buffer *text)
{
	const struct tc_kind_info *kind = event->kind;
	const char *separator = ": ";

	tc_buffer_add_string(text, kind->name);
	for (unsigned i = 0; i < kind->n_members; i++) {
		const struct tc_member *member = &kind->members[i];
		struct tc_value value;

		if (!member->name[0])
			continue;
		tc_event_member(event, member, &value);
		tc_buffer_printf(text, "%s%s=", separator, member->name);
		tc_value_print(text, &value, member->show);
		separator = " ";
	}
}

void tc_alert_text(const struct tc_alert *alert, struct tc_buffer *text)
{
	_cleanup_buffer_ struct tc_buffer rendered = {0};

	if (!alert->rule) {
		notice_text(alert->event, text);
		return;
	}
	/* Values come escaped out of the template; what the author of the rule wrote around them
	 * may be anything. */
	tc_template_render(alert->rule->output, alert->event, &rendered);
	tc_text_sanitize(text, rendered.bytes, rendered.length);
	if (tc_buffer_failed(&rendered))
		text->failed = true;
}

const char *tc_alert_details(const char *text, const char *rule)
{
	size_t length = rule ? strlen(rule) : 0;

	if (!length || strncmp(text, rule, length) != 0 || text[length] != ' ')
		return text;
	return text + length + 1;
}

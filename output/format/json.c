/* SPDX-License-Identifier: Apache-2.0 */
/* The default format: the keys of Falco's JSON output, and Tocsin's own behind them. */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "agent/value.h"
#include "output/alert.h"
#include "output/format/json_writer.h"
#include "output/format/mapping.h"
#include "agent/timestamp.h"

/* What every alert carries when there is a value, whatever the rule's text names: each field of
 * mappings.def once. */
struct common_field {
	const struct tc_field *field;
	uint64_t kinds; /* of events whose alerts carry it */
	char *key;	/* its name with quotes and colon */
	size_t key_length;
};

static struct common_field *common_fields;
static size_t n_common_fields;
static const struct tc_field *verdict_field;
static bool fields_missing; /* there was no memory for them */
static pthread_once_t fields_once = PTHREAD_ONCE_INIT;

/* The agent is no actor: what the header says of one is empty in its own events. */
static uint64_t kinds_with(const struct tc_field *field)
{
	uint64_t kinds = field->kinds;

	for (unsigned i = 0; i < TC_KIND_LIMIT; i++) {
		const struct tc_kind_info *kind = tc_kind_info(i);

		if (kind && kind->traits & TC_TRAIT_AGENT && strncmp(field->name, "evt.", 4) != 0)
			kinds &= ~TC_KIND_BIT(i);
	}
	return kinds;
}

static void add_common_field(const struct tc_field *field)
{
	struct common_field *common = &common_fields[n_common_fields++];
	struct tc_buffer key = {0};
	_cleanup_json_ struct tc_json json = {.buffer = &key};

	tc_json_key(&json, field->name);
	fields_missing |= tc_buffer_failed(&key);
	*common = (struct common_field){.field = field,
					.kinds = kinds_with(field),
					.key = key.bytes,
					.key_length = key.length};
}

static void fields_find(void)
{
	const char *before = "";

	common_fields = calloc(tc_n_mappings, sizeof(*common_fields));
	fields_missing = !common_fields;
	for (size_t i = 0; common_fields && i < tc_n_mappings; i++) {
		const char *name = tc_mappings[i].field;
		const struct tc_field *field = tc_field_by_name(name, strlen(name));

		if (field && strcmp(name, before))
			add_common_field(field);
		before = name;
	}
	verdict_field = tc_field_by_name("evt.verdict", strlen("evt.verdict"));
}

/* One alert on its way into text. */
struct document {
	const struct tc_alert *alert;
	struct tc_json json;
	struct tc_json incomplete; /* its buffer stays empty while everything is whole */
	const struct tc_template_field *named; /* fields that the rule's text names */
	size_t n_named;
};

static void put_list(struct tc_json *json, const struct tc_value *value)
{
	tc_json_array_begin(json);
	for (uint32_t start = 0; start < value->length;) {
		size_t length = strnlen(value->bytes + start, value->length - start);

		tc_json_bytes(json, value->bytes + start, length);
		start += (uint32_t)length + 1;
	}
	tc_json_array_end(json);
}

static void put_ip(struct tc_json *json, const struct tc_value *value)
{
	_cleanup_buffer_ struct tc_buffer text = {0};

	tc_ip_print(&text, value->bytes);
	if (tc_buffer_failed(&text))
		json->buffer->failed = true;
	else
		tc_json_string(json, text.bytes);
}

static void put_value(struct tc_json *json, const struct tc_value *value)
{
	switch (value->type) {
	case TC_TYPE_UINT:
		tc_json_uint(json, value->uint);
		break;
	case TC_TYPE_INT:
		tc_json_int(json, value->sint);
		break;
	case TC_TYPE_BOOL:
		tc_json_bool(json, value->yes);
		break;
	case TC_TYPE_STRING:
		tc_json_bytes(json, value->bytes, value->length);
		break;
	case TC_TYPE_LIST:
		put_list(json, value);
		break;
	case TC_TYPE_IP:
		put_ip(json, value);
		break;
	default:
		tc_json_null(json);
	}
}

static void put_incomplete(struct document *document, const char *name,
			   const struct tc_value *value)
{
	struct tc_json *json = &document->incomplete;
	bool there = value->type == TC_TYPE_STRING || value->type == TC_TYPE_LIST;

	tc_json_object_begin(json);
	tc_json_key_literal(json, "field");
	tc_json_string(json, name);
	tc_json_key_literal(json, "reason");
	tc_json_string(json, value->flags & TC_VALUE_UNREADABLE ? "unreadable" : "cut");
	tc_json_key_literal(json, "kept");
	tc_json_uint(json, there ? value->length : 0);
	tc_json_key_literal(json, "size");
	tc_json_uint(json, value->size);
	tc_json_object_end(json);
}

/* A value, and what is incomplete of it. */
static void put_noted(struct document *document, const char *name, const struct tc_value *value)
{
	put_value(&document->json, value);
	if (value->flags & (TC_VALUE_CUT | TC_VALUE_UNREADABLE))
		put_incomplete(document, name, value);
}

static void put_field(struct document *document, const char *name, const struct tc_value *value)
{
	tc_json_key(&document->json, name);
	put_noted(document, name, value);
}

/* Each name has a field of its own, so that fields can be compared in place of names. */
static bool is_named(const struct document *document, const struct tc_field *field)
{
	for (size_t i = 0; i < document->n_named; i++)
		if (document->named[i].field == field && document->named[i].index < 0)
			return true;
	return false;
}

static void put_notice_fields(struct document *document)
{
	struct tc_event *event = document->alert->event;

	for (unsigned i = 0; i < event->kind->n_members; i++) {
		const struct tc_member *member = &event->kind->members[i];
		struct tc_value value;

		if (!member->name[0])
			continue;
		tc_event_member(event, member, &value);
		put_field(document, member->name, &value);
	}
}

/* What the rule's text names, by the name that the rule has for it. */
static void put_rule_fields(struct document *document)
{
	struct tc_value value;

	for (size_t i = 0; i < document->n_named; i++) {
		const struct tc_template_field *named = &document->named[i];

		tc_template_field_get(named, document->alert->event, &value);
		put_field(document, named->name, &value);
	}
}

static void put_common_fields(struct document *document)
{
	struct tc_event *event = document->alert->event;
	struct tc_value value;

	for (size_t i = 0; i < n_common_fields; i++) {
		const struct common_field *common = &common_fields[i];
		const struct tc_field *field = common->field;

		if (!(common->kinds & TC_KIND_BIT(event->kind->kind)) || is_named(document, field))
			continue;
		if (!tc_event_get(event, field, -1, &value) && !(value.flags & TC_VALUE_UNREADABLE))
			continue;
		tc_json_key_made(&document->json, common->key, common->key_length);
		put_noted(document, field->name, &value);
	}
}

static void put_fields(struct document *document)
{
	tc_json_key_literal(&document->json, "output_fields");
	tc_json_object_begin(&document->json);
	if (document->alert->rule)
		put_rule_fields(document);
	else
		put_notice_fields(document);
	put_common_fields(document);
	tc_json_object_end(&document->json);
}

static void put_head(struct document *document)
{
	const struct tc_alert *alert = document->alert;
	struct tc_json *json = &document->json;
	char time[TC_TIMESTAMP_BYTES];
	_cleanup_buffer_ struct tc_buffer text = {0};

	tc_json_key_literal(json, "uuid");
	tc_json_string(json, alert->uuid);
	tc_json_key_literal(json, "seq");
	tc_json_uint(json, alert->seq);
	tc_json_key_literal(json, "time");
	tc_timestamp_utc(alert->time_ns, time);
	tc_json_string(json, time);
	tc_json_key_literal(json, "rule");
	tc_json_string(json, alert->rule ? alert->rule->name : NULL);
	tc_json_key_literal(json, "priority");
	tc_json_string(json, tc_priority_name(tc_alert_priority(alert)));
	tc_json_key_literal(json, "source");
	tc_json_string(json, alert->rule ? alert->rule->source : "internal");
	tc_json_key_literal(json, "hostname");
	if (alert->hostname)
		tc_json_bytes(json, alert->hostname, strlen(alert->hostname));
	else
		tc_json_null(json);
	tc_json_key_literal(json, "output");
	tc_alert_text(alert, &text);
	tc_json_text(json, text.bytes, text.length);
	if (tc_buffer_failed(&text))
		json->buffer->failed = true;
}

static void put_tail(struct document *document)
{
	const struct tc_rule *rule = document->alert->rule;
	struct tc_event *event = document->alert->event;
	struct tc_json *json = &document->json;
	struct tc_value verdict = {0};

	tc_json_key_literal(json, "tags");
	tc_json_array_begin(json);
	for (size_t i = 0; rule && i < rule->n_tags; i++)
		tc_json_string(json, rule->tags[i]);
	tc_json_array_end(json);
	tc_json_key_literal(json, "action");
	tc_json_string(json, rule ? tc_action_name(rule->action) : NULL);
	tc_json_key_literal(json, "verdict");
	if (verdict_field)
		tc_event_get(event, verdict_field, -1, &verdict);
	put_value(json, &verdict);
	tc_json_key_literal(json, "kind");
	tc_json_string(json, event->kind->name);
}

static void put_incomplete_list(struct document *document)
{
	const struct tc_buffer *list = document->incomplete.buffer;

	if (tc_buffer_failed(list))
		document->json.buffer->failed = true;
	if (!list->length)
		return;
	tc_json_key_literal(&document->json, "incomplete");
	tc_json_array_begin(&document->json);
	tc_buffer_add(document->json.buffer, list->bytes, list->length);
	tc_json_array_end(&document->json);
}

void tc_format_json(const struct tc_alert *alert, struct tc_buffer *json)
{
	_cleanup_buffer_ struct tc_buffer incomplete = {0};
	struct document document = {
		.alert = alert,
		.json = {.buffer = json},
		.incomplete = {.buffer = &incomplete},
	};

	pthread_once(&fields_once, fields_find);
	if (fields_missing) {
		json->failed = true;
		return;
	}
	if (alert->rule)
		document.named = tc_template_fields(alert->rule->output, &document.n_named);
	tc_json_object_begin(&document.json);
	put_head(&document);
	put_fields(&document);
	put_tail(&document);
	put_incomplete_list(&document);
	tc_json_object_end(&document.json);
	tc_json_done(&document.json);
	tc_json_done(&document.incomplete);
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ArcSight Common Event Format, revision 25: a header of fields between bars, an extension of
 * KEY=VALUE pairs. In the header \ and | are escaped by a backslash, in values \ and =, and line
 * ends as \n and \r. Values hold control bytes and invalid UTF-8 only in the journal's own escaped
 * form, whose backslashes are escaped once more here: a reader that undoes both has the bytes.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "output/format/format.h"
#include "output/format/mapping.h"

#define NS_PER_MS 1000000

/* Severity, 0 to 10, by priority. */
static const int severities[TC_PRIORITY_MAX] = {
	[TC_PRIORITY_EMERGENCY] = 10,	 [TC_PRIORITY_ALERT] = 9,   [TC_PRIORITY_CRITICAL] = 8,
	[TC_PRIORITY_ERROR] = 7,	 [TC_PRIORITY_WARNING] = 5, [TC_PRIORITY_NOTICE] = 3,
	[TC_PRIORITY_INFORMATIONAL] = 2, [TC_PRIORITY_DEBUG] = 0,
};

/* deviceDirection: 0 inbound, 1 outbound. */
static const char *const directions[] = {
	[TC_DIRECTION_NONE] = NULL,
	[TC_DIRECTION_IN] = "0",
	[TC_DIRECTION_OUT] = "1",
};

static void add_escaped(struct tc_buffer *text, const char *value, char special)
{
	for (; *value; value++) {
		if (*value == '\n' || *value == '\r') {
			tc_buffer_add_string(text, *value == '\n' ? "\\n" : "\\r");
			continue;
		}
		if (*value == '\\' || *value == special)
			tc_buffer_add_char(text, '\\');
		tc_buffer_add_char(text, *value);
	}
}

static void put_header(struct tc_buffer *text, const struct tc_journal_row *row)
{
	const char *name = row->rule ?: row->kind ?: "";
	int severity = row->priority < TC_PRIORITY_MAX ? severities[row->priority] : 0;

	tc_buffer_add_string(text, "CEF:0|Tocsin|Tocsin|" TOCSIN_VERSION "|");
	add_escaped(text, name, '|');
	tc_buffer_add_char(text, '|');
	add_escaped(text, name, '|');
	tc_buffer_printf(text, "|%d|", severity);
}

static void put_pair(struct tc_buffer *text, const char *key, const char *value)
{
	if (!value)
		return;
	if (text->bytes[text->length - 1] != '|')
		tc_buffer_add_char(text, ' ');
	tc_buffer_printf(text, "%s=", key);
	add_escaped(text, value, '=');
}

/* IPv6 addresses have keys of their own: c6a2 is the source's, c6a3 the destination's. */
static const char *address_key(const char *key, const char *value)
{
	if (!strchr(value, ':'))
		return key;
	if (strcmp(key, "src") == 0)
		return "c6a2:Source IPv6 Address";
	return strcmp(key, "dst") == 0 ? "c6a3:Destination IPv6 Address" : key;
}

/* key may be KEY:LABEL. */
static void put_value(struct tc_buffer *text, const char *key, const char *value)
{
	char name[32], label[sizeof(name) + 8];
	const char *colon;

	key = address_key(key, value);
	colon = strchr(key, ':');
	if (!colon) {
		put_pair(text, key, value);
		return;
	}
	snprintf(name, sizeof(name), "%.*s", (int)(colon - key), key);
	snprintf(label, sizeof(label), "%sLabel", name);
	put_pair(text, label, colon + 1);
	put_pair(text, name, value);
}

static void put_mapped(struct tc_buffer *text, const struct tc_alert_document *alert)
{
	for (size_t i = 0; i < tc_n_mappings; i++) {
		const struct tc_mapping *mapping = &tc_mappings[i];
		struct json_object *value = json_object_object_get(alert->fields, mapping->field);

		if (mapping->cef[0] && value)
			put_value(text, mapping->cef, json_object_get_string(value));
	}
}

static void put_tags(struct tc_buffer *text, const struct tc_alert_document *alert)
{
	size_t count = alert->tags ? json_object_array_length(alert->tags) : 0;
	_cleanup_buffer_ struct tc_buffer list = {0};

	for (size_t i = 0; i < count; i++)
		tc_buffer_printf(&list, "%s%s", i ? "," : "",
				 json_object_get_string(json_object_array_get_idx(alert->tags, i)));
	if (count && !tc_buffer_failed(&list))
		put_value(text, "cs6:tags", list.bytes);
	text->failed |= tc_buffer_failed(&list);
}

static void put_number(struct tc_buffer *text, const char *key, uint64_t number)
{
	char digits[24];

	snprintf(digits, sizeof(digits), "%llu", (unsigned long long)number);
	put_value(text, key, digits);
}

int tc_format_row_cef(const struct tc_journal_row *row, struct tc_buffer *text)
{
	_cleanup_alert_document_ struct tc_alert_document alert = {0};
	int r = tc_alert_document_parse(row, &alert);

	if (r < 0)
		return r;
	put_header(text, row);
	if (tc_buffer_failed(text))
		return -ENOMEM;
	put_number(text, "rt", row->time_ns / NS_PER_MS);
	put_pair(text, "externalId", row->uuid);
	put_number(text, "cn1:seq", row->seq);
	put_pair(text, "cat", row->kind);
	put_pair(text, "act", tc_alert_document_string(&alert, "verdict"));
	put_pair(text, "deviceDirection", directions[tc_kind_mapping(row->kind)->direction]);
	put_pair(text, "dvchost", tc_alert_document_string(&alert, "hostname"));
	put_mapped(text, &alert);
	put_tags(text, &alert);
	put_pair(text, "msg", tc_alert_document_string(&alert, "output"));
	return tc_buffer_failed(text) ? -ENOMEM : 0;
}

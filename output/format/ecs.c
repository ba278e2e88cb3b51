/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Elastic Common Schema 8.11: https://www.elastic.co/guide/en/ecs/8.11/. What the schema has no
 * field for is kept under tocsin.fields, its name with _ for each dot, since Elasticsearch takes
 * dots for nesting.
 */
#include <ctype.h>
#include <string.h>

#include "output/format/format.h"
#include "output/format/mapping.h"
#include "agent/timestamp.h"

#define ECS_VERSION "8.11.0"

static const char *const directions[] = {
	[TC_DIRECTION_NONE] = NULL,
	[TC_DIRECTION_IN] = "ingress",
	[TC_DIRECTION_OUT] = "egress",
};

/* Whether the hook refused what the event is about. */
static bool is_blocked(const struct tc_alert_document *alert)
{
	const char *verdict = tc_alert_document_string(alert, "verdict");

	return verdict && !strcmp(verdict, "blocked");
}

/* An array of one word: event.category and event.type are arrays. */
static struct json_object *array_of(const char *word)
{
	struct json_object *array = json_object_new_array_ext(1);

	if (array)
		json_object_array_add(array, json_object_new_string(word));
	return array;
}

static void put_event(struct tc_document *document, const struct tc_journal_row *row,
		      const struct tc_alert_document *alert)
{
	const struct tc_kind_mapping *kind = tc_kind_mapping(row->kind);

	tc_document_put_string(document, "event.kind", row->rule ? "alert" : "event");
	tc_document_put(document, "event.category", array_of(kind->category));
	tc_document_put(document, "event.type", array_of(kind->type));
	tc_document_put_string(document, "event.action", row->kind);
	/* What passed the hook may still fail behind it: nothing is said of that. */
	if (is_blocked(alert))
		tc_document_put_string(document, "event.outcome", "failure");
	tc_document_put_string(document, "event.module", "tocsin");
	tc_document_put_string(document, "event.dataset", "tocsin.alert");
	tc_document_put_string(document, "event.provider", "tocsin");
	tc_document_put_string(document, "event.id", row->uuid);
	tc_document_put_number(document, "event.sequence", (int64_t)row->seq);
	tc_document_put_number(document, "event.severity", row->priority);
	tc_document_put_string(document, "network.direction", directions[kind->direction]);
	tc_document_put_part(document, "tags", alert, "tags");
}

static void put_level(struct tc_document *document, enum tc_priority priority)
{
	char level[16];
	size_t i;

	strncpy(level, tc_priority_name(priority), sizeof(level) - 1);
	level[sizeof(level) - 1] = '\0';
	for (i = 0; level[i]; i++)
		level[i] = (char)tolower((unsigned char)level[i]);
	tc_document_put_string(document, "log.level", level);
}

static void put_host(struct tc_document *document, const struct tc_alert_document *alert)
{
	const char *hostname = tc_alert_document_string(alert, "hostname");

	tc_document_put_string(document, "host.name", hostname);
	tc_document_put_string(document, "host.hostname", hostname);
	tc_document_put_string(document, "agent.type", "tocsin");
	tc_document_put_string(document, "agent.version", TOCSIN_VERSION);
}

static void put_technique(const char *technique, void *context)
{
	struct json_object *techniques = context;

	json_object_array_add(techniques, json_object_new_string(technique));
}

static void put_threat(struct tc_document *document, const struct tc_alert_document *alert)
{
	struct json_object *techniques = json_object_new_array();

	if (!techniques) {
		document->failed = true;
		return;
	}
	tc_alert_techniques(alert, put_technique, techniques);
	if (!json_object_array_length(techniques)) {
		json_object_put(techniques);
		return;
	}
	tc_document_put_string(document, "threat.framework", "MITRE ATT&CK");
	tc_document_put(document, "threat.technique.id", techniques);
}

/* What ECS has no place for. */
static void put_rest(struct tc_document *document, const struct tc_alert_document *alert)
{
	struct json_object *rest = json_object_new_object();

	json_object_object_foreach(alert->fields, name, value)
	{
		char key[128];

		if (!value || tc_is_mapped(name, TC_SCHEMA_ECS))
			continue;
		strncpy(key, name, sizeof(key) - 1);
		key[sizeof(key) - 1] = '\0';
		for (char *dot = strchr(key, '.'); dot; dot = strchr(dot, '.'))
			*dot = '_';
		json_object_object_add(rest, key, json_object_get(value));
	}
	tc_document_put(document, "tocsin.fields", rest);
	tc_document_put_part(document, "tocsin.verdict", alert, "verdict");
	tc_document_put_part(document, "tocsin.incomplete", alert, "incomplete");
}

int tc_format_row_ecs(const struct tc_journal_row *row, struct tc_buffer *text)
{
	_cleanup_alert_document_ struct tc_alert_document alert = {0};
	struct tc_document document = {0};
	char time[TC_TIMESTAMP_BYTES];
	int r = tc_alert_document_parse(row, &alert);

	if (r < 0)
		return r;
	tc_timestamp_utc(row->time_ns, time);
	tc_document_put_string(&document, "@timestamp", time);
	tc_document_put_string(&document, "ecs.version", ECS_VERSION);
	tc_document_put_string(&document, "message", tc_alert_document_string(&alert, "output"));
	put_event(&document, row, &alert);
	put_level(&document, row->priority);
	tc_document_put_string(&document, "rule.name", row->rule);
	put_threat(&document, &alert);
	put_host(&document, &alert);
	tc_document_put_mapped(&document, &alert, TC_SCHEMA_ECS);
	put_rest(&document, &alert);
	return tc_document_finish(&document, text);
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Open Cybersecurity Schema Framework 1.3: https://schema.ocsf.io/1.3.0/. An alert is a Detection
 * Finding; what the agent says of itself an Application Lifecycle event. What the schema has no
 * attribute for is kept under unmapped.
 */
#include <string.h>

#include "output/format/format.h"
#include "output/format/mapping.h"

#define OCSF_VERSION "1.3.0"
#define NS_PER_MS 1000000

/* By priority: severity_id and its caption. */
static const struct {
	int id;
	const char *caption;
} severities[TC_PRIORITY_MAX] = {
	[TC_PRIORITY_EMERGENCY] = {6, "Fatal"},
	[TC_PRIORITY_ALERT] = {5, "Critical"},
	[TC_PRIORITY_CRITICAL] = {5, "Critical"},
	[TC_PRIORITY_ERROR] = {4, "High"},
	[TC_PRIORITY_WARNING] = {3, "Medium"},
	[TC_PRIORITY_NOTICE] = {2, "Low"},
	[TC_PRIORITY_INFORMATIONAL] = {1, "Informational"},
	[TC_PRIORITY_DEBUG] = {1, "Informational"},
};

/* What the hook did, by its word: action_id and disposition_id of the profile security_control. Of
 * what was merely told nothing is said. */
static const struct {
	const char *verdict;
	int action, disposition;
	const char *action_name, *disposition_name;
} controls[] = {
	{"would_block", 1, 15, "Allowed", "Detected"},
	{"blocked", 2, 2, "Denied", "Blocked"},
	{"killed", 2, 99, "Denied", "Killed"},
};

/* Activities of Application Lifecycle by kind; 99 is Other. */
static const struct {
	const char *kind;
	int id;
	const char *caption;
} activities[] = {
	{"agent_start", 3, "Start"},
	{"agent_stop", 4, "Stop"},
	{"agent_reload", 8, "Update"},
	{"enforcement", 8, "Update"},
};

/* direction_id of connection_info. */
static const int directions[] = {
	[TC_DIRECTION_NONE] = 0,
	[TC_DIRECTION_IN] = 1,
	[TC_DIRECTION_OUT] = 2,
};

struct class
{
	int category, class, activity;
	const char *category_name, *class_name, *activity_name;
};

static struct class class_of(const struct tc_journal_row *row)
{
	struct class class = {6,	6002, 99, "Application Activity", "Application Lifecycle",
			      row->kind};

	if (row->rule)
		return (struct class){2, 2004, 1, "Findings", "Detection Finding", "Create"};
	for (size_t i = 0; row->kind && i < sizeof(activities) / sizeof(activities[0]); i++) {
		if (strcmp(activities[i].kind, row->kind))
			continue;
		class.activity = activities[i].id;
		class.activity_name = activities[i].caption;
	}
	return class;
}

static void put_class(struct tc_document *document, const struct tc_journal_row *row)
{
	struct class class = class_of(row);

	tc_document_put_number(document, "category_uid", class.category);
	tc_document_put_string(document, "category_name", class.category_name);
	tc_document_put_number(document, "class_uid", class.class);
	tc_document_put_string(document, "class_name", class.class_name);
	tc_document_put_number(document, "activity_id", class.activity);
	tc_document_put_string(document, "activity_name", class.activity_name);
	tc_document_put_number(document, "type_uid", class.class * 100 + class.activity);
}

static void put_product(struct tc_document *document, const char *path)
{
	struct json_object *product = json_object_new_object();

	if (product) {
		json_object_object_add(product, "name", json_object_new_string("Tocsin"));
		json_object_object_add(product, "vendor_name", json_object_new_string("Tocsin"));
		json_object_object_add(product, "version", json_object_new_string(TOCSIN_VERSION));
	}
	tc_document_put(document, path, product);
}

static void put_head(struct tc_document *document, const struct tc_journal_row *row,
		     const struct tc_alert_document *alert)
{
	int severity = row->priority < TC_PRIORITY_MAX ? severities[row->priority].id : 0;

	put_class(document, row);
	tc_document_put_number(document, "time", (int64_t)(row->time_ns / NS_PER_MS));
	tc_document_put_number(document, "severity_id", severity);
	if (severity)
		tc_document_put_string(document, "severity", severities[row->priority].caption);
	tc_document_put_string(document, "message", tc_alert_document_string(alert, "output"));
	tc_document_put_string(document, "metadata.version", OCSF_VERSION);
	put_product(document, "metadata.product");
	tc_document_put_string(document, "metadata.uid", row->uuid);
	tc_document_put_number(document, "metadata.sequence", (int64_t)row->seq);
	tc_document_put_string(document, "device.hostname",
			       tc_alert_document_string(alert, "hostname"));
	tc_document_put_number(document, "device.type_id", 0);
}

static void put_technique(const char *technique, void *context)
{
	struct json_object *attack = json_object_new_object();
	struct json_object *object = json_object_new_object();

	json_object_object_add(object, "uid", json_object_new_string(technique));
	json_object_object_add(attack, "technique", object);
	json_object_array_add(context, attack);
}

static void put_finding(struct tc_document *document, const struct tc_journal_row *row,
			const struct tc_alert_document *alert)
{
	struct json_object *attacks = json_object_new_array(), *types = json_object_new_array();

	if (!attacks || !types) {
		document->failed = true;
		json_object_put(attacks);
		json_object_put(types);
		return;
	}
	if (row->kind)
		json_object_array_add(types, json_object_new_string(row->kind));
	tc_alert_techniques(alert, put_technique, attacks);
	tc_document_put_string(document, "finding_info.uid", row->uuid);
	tc_document_put_string(document, "finding_info.title", row->rule);
	tc_document_put(document, "finding_info.types", types);
	tc_document_put_string(document, "finding_info.analytic.name", row->rule);
	tc_document_put_string(document, "finding_info.analytic.type", "Rule");
	tc_document_put_number(document, "finding_info.analytic.type_id", 1);
	tc_document_put_number(document, "finding_info.created_time",
			       (int64_t)(row->time_ns / NS_PER_MS));
	if (json_object_array_length(attacks))
		tc_document_put(document, "finding_info.attacks", attacks);
	else
		json_object_put(attacks);
	tc_document_put_number(document, "status_id", 1);
	tc_document_put_string(document, "status", "New");
}

static void put_control(struct tc_document *document, const struct tc_alert_document *alert)
{
	const char *verdict = tc_alert_document_string(alert, "verdict");
	struct json_object *profiles;

	for (size_t i = 0; verdict && i < sizeof(controls) / sizeof(controls[0]); i++) {
		if (strcmp(controls[i].verdict, verdict))
			continue;
		profiles = json_object_new_array();
		if (profiles)
			json_object_array_add(profiles, json_object_new_string("security_control"));
		tc_document_put(document, "metadata.profiles", profiles);
		tc_document_put_number(document, "action_id", controls[i].action);
		tc_document_put_string(document, "action", controls[i].action_name);
		tc_document_put_number(document, "disposition_id", controls[i].disposition);
		tc_document_put_string(document, "disposition", controls[i].disposition_name);
	}
}

static void put_direction(struct tc_document *document, const struct tc_journal_row *row)
{
	enum tc_direction direction = tc_kind_mapping(row->kind)->direction;

	if (direction != TC_DIRECTION_NONE)
		tc_document_put_number(document, "evidences[].connection_info.direction_id",
				       directions[direction]);
}

/* What OCSF has no attribute for, by our names. */
static void put_rest(struct tc_document *document, const struct tc_alert_document *alert, bool all)
{
	struct json_object *rest = json_object_new_object();

	if (!rest) {
		document->failed = true;
		return;
	}
	json_object_object_foreach(alert->fields, name, value)
	{
		if (value && (all || !tc_is_mapped(name, TC_SCHEMA_OCSF)))
			json_object_object_add(rest, name, json_object_get(value));
	}
	tc_document_put(document, "unmapped", rest);
	tc_document_put_part(document, "unmapped.tags", alert, "tags");
	tc_document_put_part(document, "unmapped.verdict", alert, "verdict");
	tc_document_put_part(document, "unmapped.incomplete", alert, "incomplete");
}

int tc_format_row_ocsf(const struct tc_journal_row *row, struct tc_buffer *text)
{
	_cleanup_alert_document_ struct tc_alert_document alert = {0};
	struct tc_document document = {0};
	int r = tc_alert_document_parse(row, &alert);

	if (r < 0)
		return r;
	put_head(&document, row, &alert);
	if (row->rule) {
		put_finding(&document, row, &alert);
		put_control(&document, &alert);
		tc_document_put_mapped(&document, &alert, TC_SCHEMA_OCSF);
		put_direction(&document, row);
	} else {
		put_product(&document, "app");
	}
	put_rest(&document, &alert, !row->rule);
	return tc_document_finish(&document, text);
}

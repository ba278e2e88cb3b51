/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Documents of other schemas against those schemas' own definitions, which are data: an event of
 * every kind, with a value in every member, becomes an alert, a row and a document.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>

#include "agent/draft.h"
#include "fixture.h"
#include "output/format/format.h"
#include "output/format/mapping.h"
#include "agent/timestamp.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static struct tc_ruleset *rules;
static struct fixture fixture;
static struct tc_draft draft;

static int setup(void **state)
{
	rules = fixture_rules("- rule: a | rule = \\ with | all\n"
			      "  desc: d\n"
			      "  condition: evt.num exists\n"
			      "  output: '%proc.name says \"=\" | \\ %evt.type'\n"
			      "  priority: ERROR\n"
			      "  tags: [T1059.004, T1611, host, Txxxx, T12345]\n");
	fixture_init(&fixture);
	return 0;
}

static int teardown(void **state)
{
	tc_ruleset_free(rules);
	fixture_done(&fixture);
	return 0;
}

/* A row of an event of that kind; rule NULL: a notice. */
static struct tc_journal_row row_of_verdict(const struct tc_kind_info *kind,
					    const struct tc_rule *rule, enum tc_verdict verdict,
					    struct tc_buffer *json)
{
	struct tc_alert alert = fixture_alert(&fixture, rule);

	tc_draft_begin(&draft, kind);
	draft.header.verdict = verdict;
	tc_draft_fill(&draft, "/srv/a=b|c\\d\n\xff");
	tc_event_reset(&fixture.event, &draft.header, kind);
	alert.seq = 42;
	tc_buffer_reset(json);
	tc_format_json(&alert, json);
	assert_false(tc_buffer_failed(json));
	return (struct tc_journal_row){
		.seq = 42,
		.uuid = "018f3389-2ebb-7000-8000-000000000001",
		.time_ns = FIXTURE_TIME_NS,
		.rule = rule ? rule->name : NULL,
		.priority = tc_alert_priority(&alert),
		.kind = kind->name,
		.json = json->bytes,
	};
}

static struct tc_journal_row row_of(const struct tc_kind_info *kind, const struct tc_rule *rule,
				    struct tc_buffer *json)
{
	return row_of_verdict(kind, rule, TC_VERDICT_NONE, json);
}

/* Calls back with the row of an alert, or a notice, of every kind. */
static void for_each_kind(void (*check)(const struct tc_journal_row *row))
{
	_cleanup_buffer_ struct tc_buffer json = {0};

	for (unsigned kind = 0; kind < TC_KIND_LIMIT; kind++) {
		const struct tc_kind_info *info = tc_kind_info(kind);
		struct tc_journal_row row;

		if (!info)
			continue;
		row = row_of(info, info->traits & TC_TRAIT_AGENT ? NULL : tc_ruleset_at(rules, 0),
			     &json);
		check(&row);
	}
}

static struct json_object *document_of(tc_format format, const struct tc_journal_row *row)
{
	_cleanup_buffer_ struct tc_buffer text = {0};
	struct json_object *document;

	assert_int_equal(format(row, &text), 0);
	assert_null(strchr(text.bytes, '\n'));
	document = json_tokener_parse(text.bytes);
	if (!document)
		fail_msg("not JSON: %s", text.bytes);
	return document;
}

static bool starts_with(const char *text, const char *start)
{
	return strncmp(text, start, strlen(start)) == 0;
}

/* --- ECS --- */

enum ecs_type { KEYWORD, LONG, DATE, IP };

static const struct {
	const char *name;
	enum ecs_type type;
	bool array;
} ecs_fields[] = {
#define ECS_FIELD(name, type, array) {name, type, array},
#include "ecs_fields.def"
};

static const struct {
	const char *name, *value;
} ecs_allowed[] = {
#define ECS_ALLOWED(name, value) {name, value},
#include "ecs_fields.def"
};

static const struct {
	const char *category, *type;
} ecs_types[] = {
#define ECS_TYPE_OF(category, type) {category, type},
#include "ecs_fields.def"
};

static void check_ecs_allowed(const char *path, const char *value)
{
	bool restricted = false;

	for (size_t i = 0; i < COUNT(ecs_allowed); i++) {
		if (strcmp(ecs_allowed[i].name, path))
			continue;
		if (!strcmp(ecs_allowed[i].value, value))
			return;
		restricted = true;
	}
	if (restricted)
		fail_msg("%s may not be %s", path, value);
}

static void check_ecs_scalar(const char *path, struct json_object *value, enum ecs_type type)
{
	const char *text = json_object_get_string(value);
	unsigned char address[16];
	uint64_t time_ns;

	if (json_object_get_type(value) != (type == LONG ? json_type_int : json_type_string))
		fail_msg("%s has the wrong type: %s", path, text);
	if (type == DATE)
		assert_int_equal(tc_timestamp_parse(text, &time_ns), 0);
	if (type == IP)
		assert_true(inet_pton(AF_INET, text, address) == 1 ||
			    inet_pton(AF_INET6, text, address) == 1);
	check_ecs_allowed(path, text);
}

static void check_ecs_leaf(const char *path, struct json_object *value)
{
	for (size_t i = 0; i < COUNT(ecs_fields); i++) {
		if (strcmp(ecs_fields[i].name, path))
			continue;
		if (!ecs_fields[i].array) {
			check_ecs_scalar(path, value, ecs_fields[i].type);
			return;
		}
		if (!json_object_is_type(value, json_type_array))
			fail_msg("%s is no array", path);
		for (size_t j = 0; j < json_object_array_length(value); j++)
			check_ecs_scalar(path, json_object_array_get_idx(value, j),
					 ecs_fields[i].type);
		return;
	}
	fail_msg("ECS has no field %s", path);
}

static void check_ecs_object(const char *prefix, struct json_object *object)
{
	json_object_object_foreach(object, key, value)
	{
		char path[256];

		snprintf(path, sizeof(path), "%s%s%s", prefix, *prefix ? "." : "", key);
		if (strcmp(path, "tocsin") == 0)
			continue; /* our own name space */
		if (json_object_is_type(value, json_type_object))
			check_ecs_object(path, value);
		else
			check_ecs_leaf(path, value);
	}
}

static struct json_object *at(struct json_object *object, const char *path)
{
	struct json_object *value = NULL;

	json_pointer_get(object, path, &value);
	return value;
}

/* A string; NULL: it is not there. */
static void assert_word(struct json_object *object, const char *path, const char *word)
{
	struct json_object *value = at(object, path);

	assert_int_equal(value != NULL, word != NULL);
	if (word)
		assert_string_equal(json_object_get_string(value), word);
}

static void check_ecs(const struct tc_journal_row *row)
{
	struct json_object *document = document_of(tc_format_row_ecs, row);
	const char *category = json_object_get_string(at(document, "/event/category/0"));
	const char *type = json_object_get_string(at(document, "/event/type/0"));
	bool good = false;

	check_ecs_object("", document);
	for (size_t i = 0; i < COUNT(ecs_types); i++)
		good |= !strcmp(ecs_types[i].category, category) &&
			!strcmp(ecs_types[i].type, type);
	if (!good)
		fail_msg("%s: event.type %s does not go with event.category %s", row->kind, type,
			 category);
	assert_non_null(at(document, "/@timestamp"));
	assert_non_null(at(document, "/ecs/version"));
	json_object_put(document);
}

static void ecs_documents_hold_what_ecs_defines(void **state)
{
	for_each_kind(check_ecs);
}

static void ecs_keeps_what_it_has_no_field_for(void **state)
{
	_cleanup_buffer_ struct tc_buffer json = {0};
	struct tc_journal_row row =
		row_of(tc_kind_info(TC_KIND_exec), tc_ruleset_at(rules, 0), &json);
	struct json_object *document = document_of(tc_format_row_ecs, &row);

	assert_string_equal(json_object_get_string(at(document, "/tocsin/fields/evt_type")),
			    "exec");
	assert_string_equal(json_object_get_string(at(document, "/threat/technique/id")),
			    "[ \"T1059.004\", \"T1611\" ]");
	assert_string_equal(json_object_get_string(at(document, "/process/executable")),
			    "/srv/a=b|c\\\\d\\n\\xff");
	json_object_put(document);
}

/* --- OCSF --- */

enum need { OPTIONAL, REQUIRED };

static const struct {
	const char *object, *attribute, *type;
	enum need need;
} ocsf[] = {
#define OCSF(object, attribute, type, need) {object, attribute, type, need},
#include "ocsf_attributes.def"
#undef OCSF
};

static void check_ocsf_object(const char *name, struct json_object *object);

static void check_ocsf_value(const char *object, const char *attribute, const char *type,
			     struct json_object *value)
{
	static const struct {
		const char *name;
		json_type type;
	} plain[] = {{"STRING", json_type_string},
		     {"INTEGER", json_type_int},
		     {"LONG", json_type_int},
		     {"TIMESTAMP", json_type_int}};
	char element[64];

	if (!strcmp(type, "ANY"))
		return;
	if (type[0] == '[') {
		assert_true(json_object_is_type(value, json_type_array));
		snprintf(element, sizeof(element), "%.*s", (int)strlen(type) - 2, type + 1);
		for (size_t i = 0; i < json_object_array_length(value); i++)
			check_ocsf_value(object, attribute, element,
					 json_object_array_get_idx(value, i));
		return;
	}
	for (size_t i = 0; i < COUNT(plain); i++) {
		if (strcmp(plain[i].name, type))
			continue;
		if (!json_object_is_type(value, plain[i].type))
			fail_msg("%s.%s is no %s: %s", object, attribute, type,
				 json_object_get_string(value));
		/* Milliseconds: a time in this century has 13 digits. */
		if (!strcmp(type, "TIMESTAMP"))
			assert_true(json_object_get_int64(value) < 10000000000000);
		return;
	}
	check_ocsf_object(type, value);
}

static void check_ocsf_object(const char *name, struct json_object *object)
{
	if (!json_object_is_type(object, json_type_object))
		fail_msg("%s is no object", name);
	json_object_object_foreach(object, key, value)
	{
		size_t i;

		for (i = 0; i < COUNT(ocsf); i++)
			if (!strcmp(ocsf[i].object, name) && !strcmp(ocsf[i].attribute, key))
				break;
		if (i == COUNT(ocsf))
			fail_msg("OCSF has no %s.%s", name, key);
		check_ocsf_value(name, key, ocsf[i].type, value);
	}
	for (size_t i = 0; i < COUNT(ocsf); i++)
		if (!strcmp(ocsf[i].object, name) && ocsf[i].need == REQUIRED &&
		    !json_object_object_get(object, ocsf[i].attribute))
			fail_msg("%s lacks %s: %s", name, ocsf[i].attribute,
				 json_object_get_string(object));
}

static void check_ocsf(const struct tc_journal_row *row)
{
	struct json_object *document = document_of(tc_format_row_ocsf, row);

	check_ocsf_object(row->rule ? "detection_finding" : "application_lifecycle", document);
	json_object_put(document);
}

static void ocsf_documents_hold_what_ocsf_defines(void **state)
{
	for_each_kind(check_ocsf);
}

/* What each format says of a refusal, of one that would have been, and of what was merely told. */
static void verdicts_are_told(void **state)
{
	static const struct {
		enum tc_verdict verdict;
		const char *act, *outcome, *action, *disposition;
	} rows[] = {
		{TC_VERDICT_NONE, "none", NULL, NULL, NULL},
		{TC_VERDICT_WOULD_BLOCK, "would_block", NULL, "Allowed", "Detected"},
		{TC_VERDICT_BLOCKED, "blocked", "failure", "Denied", "Blocked"},
		{TC_VERDICT_KILLED, "killed", NULL, "Denied", "Killed"},
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		_cleanup_buffer_ struct tc_buffer json = {0}, text = {0};
		struct tc_journal_row row =
			row_of_verdict(tc_kind_info(TC_KIND_open), tc_ruleset_at(rules, 0),
				       rows[i].verdict, &json);
		struct json_object *ecs = document_of(tc_format_row_ecs, &row);
		struct json_object *of = document_of(tc_format_row_ocsf, &row);
		char act[32];

		assert_word(ecs, "/event/outcome", rows[i].outcome);
		assert_word(of, "/action", rows[i].action);
		assert_word(of, "/disposition", rows[i].disposition);
		assert_word(of, "/metadata/profiles/0", rows[i].action ? "security_control" : NULL);
		assert_int_equal(tc_format_row_cef(&row, &text), 0);
		snprintf(act, sizeof(act), " act=%s ", rows[i].act);
		assert_non_null(strstr(text.bytes, act));
		check_ecs(&row);
		check_ocsf(&row);
		json_object_put(ecs);
		json_object_put(of);
	}
}

static void ocsf_tells_who_and_what(void **state)
{
	_cleanup_buffer_ struct tc_buffer json = {0};
	struct tc_journal_row row =
		row_of(tc_kind_info(TC_KIND_connect), tc_ruleset_at(rules, 0), &json);
	struct json_object *document = document_of(tc_format_row_ocsf, &row);

	assert_int_equal(json_object_get_int(at(document, "/severity_id")), 4);
	assert_int_equal(json_object_get_int(at(document, "/type_uid")), 200401);
	assert_int_equal(
		json_object_get_int(at(document, "/evidences/0/connection_info/direction_id")), 2);
	assert_string_equal(
		json_object_get_string(at(document, "/finding_info/attacks/1/technique/uid")),
		"T1611");
	json_object_put(document);
}

/* --- CEF --- */

/* Splits a document: seven header fields, then the extension. Undoes the header's escapes. */
static char *cef_split(char *text, char *fields[7])
{
	char *to = text;

	for (unsigned i = 0; i < 7; i++) {
		fields[i] = to;
		while (*text && *text != '|') {
			if (*text == '\\')
				text++;
			*to++ = *text++;
		}
		assert_int_equal(*text++, '|');
		*to++ = '\0';
	}
	return text;
}

/* The value of a key, its escapes undone; NULL when there is none. Heap memory. */
static char *cef_value(const char *extension, const char *key)
{
	size_t length = strlen(key);
	const char *found = extension;
	struct tc_buffer value = {0};

	while (found && !(starts_with(found, key) && found[length] == '='))
		if ((found = strchr(found, ' ')))
			found++;
	if (!found)
		return NULL;
	/* To the next key, which is a word before an = that is not escaped. */
	const char *end = found + length + 1, *next = end;
	for (; *next; next++) {
		if (*next == '\\' && next[1])
			next++;
		else if (*next == '=')
			break;
	}
	if (!*next)
		end = next;
	else
		for (end = next; *end != ' '; end--)
			;
	for (const char *c = found + length + 1; c < end; c++) {
		if (*c == '\\')
			c++;
		tc_buffer_add_char(&value, *c);
	}
	return value.bytes;
}

static void cef_escapes_what_separates(void **state)
{
	_cleanup_buffer_ struct tc_buffer json = {0}, text = {0};
	struct tc_journal_row row =
		row_of(tc_kind_info(TC_KIND_open), tc_ruleset_at(rules, 0), &json);
	char *fields[7], *extension, *value;

	assert_int_equal(tc_format_row_cef(&row, &text), 0);
	assert_null(strchr(text.bytes, '\n'));
	extension = cef_split(text.bytes, fields);
	assert_string_equal(fields[0], "CEF:0");
	assert_string_equal(fields[4], "a | rule = \\ with | all");
	assert_string_equal(fields[6], "7");
	value = cef_value(extension, "filePath");
	/* As the journal has it. */
	assert_string_equal(value, "/srv/a=b|c\\\\d\\n\\xff");
	free(value);
	value = cef_value(extension, "cs6");
	assert_string_equal(value, "T1059.004,T1611,host,Txxxx,T12345");
	free(value);
	value = cef_value(extension, "cs6Label");
	assert_string_equal(value, "tags");
	free(value);
}

static void check_cef(const struct tc_journal_row *row)
{
	_cleanup_buffer_ struct tc_buffer text = {0};
	char *fields[7], *extension, *value;

	assert_int_equal(tc_format_row_cef(row, &text), 0);
	assert_null(strchr(text.bytes, '\n'));
	extension = cef_split(text.bytes, fields);
	value = cef_value(extension, "cat");
	assert_string_equal(value, row->kind);
	free(value);
	value = cef_value(extension, "msg");
	assert_non_null(value);
	free(value);
}

static void every_kind_becomes_cef(void **state)
{
	for_each_kind(check_cef);
}

/* --- all --- */

static void every_kind_has_its_words(void **state)
{
	for (unsigned kind = 0; kind < TC_KIND_LIMIT; kind++) {
		const struct tc_kind_info *info = tc_kind_info(kind);

		if (info && !tc_kind_mapping(info->name)->kind[0])
			fail_msg("%s has no row in kinds.def", info->name);
	}
}

/* A field that is not there yet would be left out without a word. */
static void mapped_fields_are_in_the_schema(void **state)
{
	for (size_t i = 0; i < tc_n_mappings; i++) {
		const char *field = tc_mappings[i].field;

		if (!tc_field_by_name(field, strlen(field)))
			fail_msg("mappings.def has %s, the schema has not", field);
	}
}

static void a_damaged_row_is_refused(void **state)
{
	static const char *const rows[] = {
		"{\"output_fields\":3}",
		"{\"output_fields\":{",
		"{\"output_fields\":{},\"tags\":\"none\"}",
		"{\"output_fields\":{},\"tags\":{\"T1059\":1}}",
		"{\"output_fields\":{},\"tags\":[null]}",
		"{\"output_fields\":{\"proc.exepath\":{\"a\":1}}}",
		"{\"output_fields\":{\"proc.exepath\":[[1]]}}",
	};
	static const tc_format formats[] = {tc_format_row_ecs, tc_format_row_ocsf,
					    tc_format_row_cef};

	for (size_t i = 0; i < COUNT(formats); i++)
		for (size_t k = 0; k < COUNT(rows); k++) {
			const struct tc_journal_row row = {.kind = "exec", .json = rows[k]};
			_cleanup_buffer_ struct tc_buffer text = {0};

			assert_int_equal(formats[i](&row, &text), -EINVAL);
			assert_int_equal(text.length, 0);
		}
}

/* A forged row may lack what a written one has. */
static void a_row_without_a_kind_is_told(void **state)
{
	static const tc_format formats[] = {tc_format_row_ecs, tc_format_row_ocsf,
					    tc_format_row_cef};
	struct tc_journal_row row = {.json = "{\"output_fields\":{}}"};

	for (size_t i = 0; i < 2 * COUNT(formats); i++) {
		_cleanup_buffer_ struct tc_buffer text = {0};

		row.rule = i % 2 ? "rule" : NULL;
		assert_int_equal(formats[i / 2](&row, &text), 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ecs_documents_hold_what_ecs_defines),
		cmocka_unit_test(ecs_keeps_what_it_has_no_field_for),
		cmocka_unit_test(ocsf_documents_hold_what_ocsf_defines),
		cmocka_unit_test(ocsf_tells_who_and_what),
		cmocka_unit_test(verdicts_are_told),
		cmocka_unit_test(cef_escapes_what_separates),
		cmocka_unit_test(every_kind_becomes_cef),
		cmocka_unit_test(every_kind_has_its_words),
		cmocka_unit_test(mapped_fields_are_in_the_schema),
		cmocka_unit_test(a_damaged_row_is_refused),
		cmocka_unit_test(a_row_without_a_kind_is_told),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}

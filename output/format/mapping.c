/* SPDX-License-Identifier: Apache-2.0 */
#include "output/format/mapping.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "agent/timestamp.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define NS_PER_MS 1000000

const struct tc_mapping tc_mappings[] = {
#define TC_MAPPING(field, ecs, ecs_how, ocsf, ocsf_how, cef)                                       \
	{field, {{ecs, TC_CONVERT_##ecs_how}, {ocsf, TC_CONVERT_##ocsf_how}}, cef},
#include "output/format/mappings.def"
#undef TC_MAPPING
};

const size_t tc_n_mappings = COUNT(tc_mappings);

static const struct tc_kind_mapping kind_mappings[] = {
#define TC_KIND_MAPPING(kind, category, type, direction)                                           \
	{#kind, category, type, TC_DIRECTION_##direction},
#include "output/format/kinds.def"
#undef TC_KIND_MAPPING
};

bool tc_is_mapped(const char *field, enum tc_document_schema schema)
{
	for (size_t i = 0; i < tc_n_mappings; i++)
		if (tc_mappings[i].places[schema].path[0] &&
		    strcmp(tc_mappings[i].field, field) == 0)
			return true;
	return false;
}

const struct tc_kind_mapping *tc_kind_mapping(const char *kind)
{
	static const struct tc_kind_mapping other = {"", "host", "info", TC_DIRECTION_NONE};

	for (size_t i = 0; kind && i < COUNT(kind_mappings); i++)
		if (strcmp(kind_mappings[i].kind, kind) == 0)
			return &kind_mappings[i];
	return &other;
}

/* --- the alert --- */

static bool is_text_list(struct json_object *list)
{
	if (!json_object_is_type(list, json_type_array))
		return false;
	for (size_t i = 0; i < json_object_array_length(list); i++)
		if (!json_object_is_type(json_object_array_get_idx(list, i), json_type_string))
			return false;
	return true;
}

/* As the journal writes it: nothing in it needs to be looked at twice by who makes documents of it.
 */
static bool is_alert(const struct tc_alert_document *alert)
{
	if (alert->tags && !is_text_list(alert->tags))
		return false;
	json_object_object_foreach(alert->fields, name, value)
	{
		(void)name;
		if (json_object_is_type(value, json_type_object) ||
		    (json_object_is_type(value, json_type_array) && !is_text_list(value)))
			return false;
	}
	return true;
}

int tc_alert_document_parse(const struct tc_journal_row *row, struct tc_alert_document *ret_alert)
{
	struct tc_alert_document alert = {0};

	if (row->json)
		alert.json = json_tokener_parse(row->json);
	if (json_object_is_type(alert.json, json_type_object)) {
		alert.fields = json_object_object_get(alert.json, "output_fields");
		alert.tags = json_object_object_get(alert.json, "tags");
	}
	if (!json_object_is_type(alert.fields, json_type_object) || !is_alert(&alert)) {
		json_object_put(alert.json);
		return -EINVAL;
	}
	*ret_alert = alert;
	return 0;
}

void tc_alert_document_done(struct tc_alert_document *alert)
{
	json_object_put(alert->json);
	*alert = (struct tc_alert_document){0};
}

const char *tc_alert_document_string(const struct tc_alert_document *alert, const char *key)
{
	struct json_object *value = json_object_object_get(alert->json, key);

	return json_object_is_type(value, json_type_string) ? json_object_get_string(value) : NULL;
}

/* --- conversions --- */

static struct json_object *convert_as_is(struct json_object *value)
{
	return json_object_get(value);
}

static struct json_object *convert_string(struct json_object *value)
{
	return json_object_new_string(json_object_get_string(value));
}

static struct json_object *convert_date(struct json_object *value)
{
	char text[TC_TIMESTAMP_BYTES];

	tc_timestamp_utc((uint64_t)json_object_get_int64(value), text);
	return json_object_new_string(text);
}

static struct json_object *convert_ms(struct json_object *value)
{
	return json_object_new_int64(json_object_get_int64(value) / NS_PER_MS);
}

static struct json_object *convert_inside(struct json_object *value)
{
	return strcmp(json_object_get_string(value), "host") == 0 ? NULL : json_object_get(value);
}

/* The type may be said by a field of its own. */
static struct json_object *convert_file(struct json_object *value)
{
	struct json_object *file = json_object_new_object();
	const char *path = json_object_get_string(value), *slash = strrchr(path, '/');

	if (!file)
		return NULL;
	json_object_object_add(file, "name",
			       json_object_new_string(slash && slash[1] ? slash + 1 : path));
	json_object_object_add(file, "path", json_object_new_string(path));
	json_object_object_add(file, "type_id", json_object_new_int(0));
	return file;
}

/* Words of file.type; what OCSF 1.3 and ECS 8.11 call them. */
static const struct {
	const char *word;
	int ocsf;
	const char *ecs;
} file_types[] = {
	{"regular", 1, "file"},	   {"directory", 2, "dir"}, {"character", 3, NULL},
	{"block", 4, NULL},	   {"socket", 5, NULL},	    {"fifo", 6, NULL},
	{"symlink", 7, "symlink"},
};

static struct json_object *convert_file_type(struct json_object *value)
{
	for (size_t i = 0; i < COUNT(file_types); i++)
		if (strcmp(file_types[i].word, json_object_get_string(value)) == 0)
			return json_object_new_int(file_types[i].ocsf);
	return NULL;
}

static struct json_object *convert_ecs_type(struct json_object *value)
{
	for (size_t i = 0; i < COUNT(file_types); i++)
		if (file_types[i].ecs &&
		    strcmp(file_types[i].word, json_object_get_string(value)) == 0)
			return json_object_new_string(file_types[i].ecs);
	return NULL;
}

typedef struct json_object *(*converter)(struct json_object *value);

static const converter converters[] = {
	[TC_CONVERT_AS_IS] = convert_as_is,	    [TC_CONVERT_STRING] = convert_string,
	[TC_CONVERT_DATE] = convert_date,	    [TC_CONVERT_MS] = convert_ms,
	[TC_CONVERT_INSIDE] = convert_inside,	    [TC_CONVERT_FILE] = convert_file,
	[TC_CONVERT_FILE_TYPE] = convert_file_type, [TC_CONVERT_ECS_TYPE] = convert_ecs_type,
};

/* --- the document --- */

/* The member of that name, made if there is none. A name that ends in [] is an array: its first
 * element. */
static struct json_object *enter(struct json_object *object, const char *name, size_t length)
{
	bool array = length > 2 && memcmp(name + length - 2, "[]", 2) == 0;
	char key[64];
	struct json_object *member;

	if (array)
		length -= 2;
	if (length >= sizeof(key))
		return NULL;
	memcpy(key, name, length);
	key[length] = '\0';
	member = json_object_object_get(object, key);
	if (!member) {
		member = array ? json_object_new_array_ext(1) : json_object_new_object();
		json_object_object_add(object, key, member);
	}
	if (!array)
		return member;
	if (!json_object_array_length(member))
		json_object_array_add(member, json_object_new_object());
	return json_object_array_get_idx(member, 0);
}

void tc_document_put(struct tc_document *document, const char *path, struct json_object *value)
{
	struct json_object *object = document->json;

	if (!value)
		return;
	if (!object)
		object = document->json = json_object_new_object();
	for (const char *dot; object && (dot = strchr(path, '.')); path = dot + 1)
		object = enter(object, path, (size_t)(dot - path));
	if (!object || json_object_object_add(object, path, value) < 0) {
		json_object_put(value);
		document->failed = true;
	}
}

void tc_document_put_string(struct tc_document *document, const char *path, const char *string)
{
	if (string)
		tc_document_put(document, path, json_object_new_string(string));
}

void tc_document_put_number(struct tc_document *document, const char *path, int64_t number)
{
	tc_document_put(document, path, json_object_new_int64(number));
}

void tc_document_put_mapped(struct tc_document *document, const struct tc_alert_document *alert,
			    enum tc_document_schema schema)
{
	for (size_t i = 0; i < tc_n_mappings; i++) {
		const struct tc_mapping *mapping = &tc_mappings[i];
		struct json_object *value = json_object_object_get(alert->fields, mapping->field);

		if (value && mapping->places[schema].path[0])
			tc_document_put(document, mapping->places[schema].path,
					converters[mapping->places[schema].how](value));
	}
}

void tc_document_put_part(struct tc_document *document, const char *path,
			  const struct tc_alert_document *alert, const char *key)
{
	tc_document_put(document, path, json_object_get(json_object_object_get(alert->json, key)));
}

int tc_document_finish(struct tc_document *document, struct tc_buffer *text)
{
	size_t length = 0;
	const char *bytes =
		document->json && !document->failed
			? json_object_to_json_string_length(
				  document->json,
				  JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE, &length)
			: NULL;

	if (bytes)
		tc_buffer_add(text, bytes, length);
	json_object_put(document->json);
	*document = (struct tc_document){0};
	return bytes && !tc_buffer_failed(text) ? 0 : -ENOMEM;
}

/* --- techniques --- */

/* T and four digits, perhaps a dot and three more: https://attack.mitre.org/techniques/ */
static bool is_technique(const char *tag)
{
	if (tag[0] != 'T')
		return false;
	for (size_t i = 1; i <= 4; i++)
		if (!isdigit((unsigned char)tag[i]))
			return false;
	if (!tag[5])
		return true;
	return tag[5] == '.' && isdigit((unsigned char)tag[6]) && isdigit((unsigned char)tag[7]) &&
	       isdigit((unsigned char)tag[8]) && !tag[9];
}

void tc_alert_techniques(const struct tc_alert_document *alert,
			 void (*callback)(const char *technique, void *context), void *context)
{
	size_t count = alert->tags ? json_object_array_length(alert->tags) : 0;

	for (size_t i = 0; i < count; i++) {
		const char *tag = json_object_get_string(json_object_array_get_idx(alert->tags, i));

		if (is_technique(tag))
			callback(tag, context);
	}
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/cmd/schemas.h"

#include <string.h>

#include "output/format/json_writer.h"
#include "rules/language/item.h"
#include "rules/rules.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Shapes of values as a schema says them. YAML's numbers are texts too, where a text is asked for.
 */
#define SHAPE_TEXT "{\"type\":[\"string\",\"number\",\"boolean\"]}"
#define SHAPE_YES "{\"type\":\"boolean\"}"
#define SHAPE_TEXTS "{\"type\":\"array\",\"items\":" SHAPE_TEXT "}"
#define SHAPE_ANY "{}"
#define RATE "{\"type\":\"string\",\"pattern\":\"^[0-9]+/[0-9]+[a-z]*$\"}"
#define SHAPE_RATE                                                                                 \
	"{\"anyOf\":[" RATE                                                                        \
	",{\"const\":\"none\"},{\"type\":\"object\",\"properties\":{\"rate\":" RATE                \
	",\"by\":{\"anyOf\":[{\"type\":\"string\"},{\"type\":\"array\",\"items\":{\"type\":"       \
	"\"string\"},"                                                                             \
	"\"maxItems\":8}]}},\"required\":[\"rate\"],\"additionalProperties\":false}]}"

enum need { NEED_OPTIONAL, NEED_NEEDED, NEED_IDLE };

static const struct key_row {
	enum tc_item_kind item;
	enum tc_key key;
	const char *shape;
	enum need need;
} key_rows[] = {
#define TC_KEY(item, key, shape, changes, need)                                                    \
	{TC_ITEM_##item, TC_KEY_##key, SHAPE_##shape, NEED_##need},
#include "rules/language/items.def"
};

static const enum tc_key item_keys[TC_ITEM_MAX] = {
#define TC_ITEM(item, key) [TC_ITEM_##item] = TC_KEY_##key,
#include "rules/language/items.def"
};

/* What changes an item that was defined before need not say all of it. */
static const enum tc_key changing_keys[] = {TC_KEY_APPEND, TC_KEY_OVERRIDE, TC_KEY_ENABLED};

static void put_raw(struct tc_json *json, const char *key, const char *raw)
{
	tc_json_key(json, key);
	tc_buffer_add_string(json->buffer, raw);
	json->comma = true;
}

static void put_text(struct tc_json *json, const char *key, const char *text)
{
	tc_json_key(json, key);
	tc_json_string(json, text);
}

/* Falco takes priorities in any case; editors offer these. */
static void put_priority(struct tc_json *json)
{
	tc_json_key(json, tc_key_word(TC_KEY_PRIORITY));
	tc_json_object_begin(json);
	tc_json_key(json, "anyOf");
	tc_json_array_begin(json);
	tc_json_object_begin(json);
	tc_json_key(json, "enum");
	tc_json_array_begin(json);
	for (int priority = 0; priority < TC_PRIORITY_MAX; priority++)
		tc_json_string(json, tc_priority_name((enum tc_priority)priority));
	tc_json_array_end(json);
	tc_json_object_end(json);
	tc_json_object_begin(json);
	put_text(json, "type", "string");
	put_text(json, "pattern", "^[A-Za-z]+$");
	tc_json_object_end(json);
	tc_json_array_end(json);
	tc_json_object_end(json);
}

/* Keys that take one of some words. */
static const struct {
	enum tc_key key;
	const char *raw;
} choices[] = {
	{TC_KEY_ACTION, "{\"enum\":[\"alert\",\"block\",\"kill\"]}"},
	{TC_KEY_ENFORCEMENT, "{\"enum\":[\"required\",\"best_effort\"]}"},
};

static const char *shape_of(const struct key_row *row)
{
	for (size_t i = 0; i < COUNT(choices); i++)
		if (choices[i].key == row->key)
			return choices[i].raw;
	return row->shape;
}

static void put_required(struct tc_json *json, enum tc_item_kind item)
{
	tc_json_object_begin(json);
	tc_json_key(json, "required");
	tc_json_array_begin(json);
	for (size_t i = 0; i < COUNT(key_rows); i++)
		if (key_rows[i].item == item && key_rows[i].need == NEED_NEEDED)
			tc_json_string(json, tc_key_word(key_rows[i].key));
	tc_json_array_end(json);
	tc_json_object_end(json);
}

/* A new item has all that is needed; one that changes another says how. */
static void put_needs(struct tc_json *json, enum tc_item_kind item)
{
	tc_json_key(json, "anyOf");
	tc_json_array_begin(json);
	put_required(json, item);
	for (size_t i = 0; i < COUNT(key_rows); i++) {
		for (size_t k = 0; k < COUNT(changing_keys); k++) {
			if (key_rows[i].item != item || key_rows[i].key != changing_keys[k])
				continue;
			tc_json_object_begin(json);
			tc_json_key(json, "required");
			tc_json_array_begin(json);
			tc_json_string(json, tc_key_word(item_keys[item]));
			tc_json_string(json, tc_key_word(changing_keys[k]));
			tc_json_array_end(json);
			tc_json_object_end(json);
		}
	}
	tc_json_array_end(json);
}

static void put_item(struct tc_json *json, enum tc_item_kind item)
{
	tc_json_object_begin(json);
	put_text(json, "type", "object");
	tc_json_key(json, "properties");
	tc_json_object_begin(json);
	for (size_t i = 0; i < COUNT(key_rows); i++) {
		if (key_rows[i].item != item)
			continue;
		if (key_rows[i].key == TC_KEY_PRIORITY)
			put_priority(json);
		else
			put_raw(json, tc_key_word(key_rows[i].key), shape_of(&key_rows[i]));
	}
	tc_json_object_end(json);
	tc_json_key(json, "additionalProperties");
	tc_json_bool(json, false);
	put_needs(json, item);
	tc_json_object_end(json);
}

static void write_rules(struct tc_json *json)
{
	put_text(json, "title", "Tocsin rules");
	put_text(json, "type", "array");
	tc_json_key(json, "items");
	tc_json_object_begin(json);
	tc_json_key(json, "anyOf");
	tc_json_array_begin(json);
	for (int item = 0; item < TC_ITEM_MAX; item++)
		put_item(json, (enum tc_item_kind)item);
	tc_json_array_end(json);
	tc_json_object_end(json);
}

/* Tests of rules: see rules/test/suite.h. Fields of events are checked by `tocsin test`. */
#define NAMES "{\"anyOf\":[" SHAPE_TEXT "," SHAPE_TEXTS "]}"
#define EVENT                                                                                      \
	"{\"type\":\"object\",\"anyOf\":[{\"required\":[\"kind\"]},{\"required\":[\"evt.kind\"]}," \
	"{\"required\":[\"evt.type\"]}]}"
#define EVENTS "{\"anyOf\":[" EVENT ",{\"type\":\"array\",\"items\":" EVENT "}]}"

static const struct {
	const char *key, *schema, *doc;
} test_keys[] = {
	{"name", "{\"type\":\"string\"}", "Unique in the file."},
	{"before", EVENTS, "Events that happened earlier; they are not judged."},
	{"event", EVENTS, "The event that is judged: its kind, and fields with their values."},
	{"events", EVENTS, "The events that are judged."},
	{"expect", NAMES, "Rules that match."},
	{"expect_not", NAMES, "Rules that do not match."},
	{"exactly", NAMES, "The rules that match, and no other."},
};

static void write_tests(struct tc_json *json)
{
	put_text(json, "title", "Tests of Tocsin rules");
	put_text(json, "type", "object");
	tc_json_key(json, "properties");
	tc_json_object_begin(json);
	put_raw(json, "rules", NAMES);
	tc_json_key(json, "tests");
	tc_json_object_begin(json);
	put_text(json, "type", "array");
	tc_json_key(json, "items");
	tc_json_object_begin(json);
	put_text(json, "type", "object");
	tc_json_key(json, "properties");
	tc_json_object_begin(json);
	for (size_t i = 0; i < COUNT(test_keys); i++) {
		tc_json_key(json, test_keys[i].key);
		tc_json_object_begin(json);
		put_text(json, "description", test_keys[i].doc);
		tc_json_key(json, "allOf");
		tc_json_array_begin(json);
		tc_buffer_add_string(json->buffer, test_keys[i].schema);
		tc_json_array_end(json);
		tc_json_object_end(json);
	}
	tc_json_object_end(json);
	tc_json_key(json, "additionalProperties");
	tc_json_bool(json, false);
	put_raw(json, "required", "[\"name\"]");
	put_raw(json, "oneOf", "[{\"required\":[\"event\"]},{\"required\":[\"events\"]}]");
	put_raw(json, "anyOf",
		"[{\"required\":[\"expect\"]},{\"required\":[\"expect_not\"]},"
		"{\"required\":[\"exactly\"]}]");
	tc_json_object_end(json);
	tc_json_object_end(json);
	tc_json_object_end(json);
	tc_json_key(json, "additionalProperties");
	tc_json_bool(json, false);
	put_raw(json, "required", "[\"tests\"]");
}

bool tc_schema_write(const char *name, struct tc_buffer *text)
{
	static const struct {
		const char *name;
		void (*write)(struct tc_json *json);
	} schemas[] = {{"rules", write_rules}, {"tests", write_tests}};

	for (size_t i = 0; i < COUNT(schemas); i++) {
		_cleanup_json_ struct tc_json json = {.buffer = text};

		if (strcmp(schemas[i].name, name) != 0)
			continue;
		tc_json_object_begin(&json);
		put_text(&json, "$schema", "http://json-schema.org/draft-07/schema#");
		schemas[i].write(&json);
		tc_json_object_end(&json);
		return true;
	}
	return false;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "output/format/json_writer.h"

#include <string.h>

#include "agent/value.h"
#include "output/format/text.h"

void tc_json_done(struct tc_json *json)
{
	tc_buffer_done(&json->scratch);
}

static void separate(struct tc_json *json)
{
	if (json->comma)
		tc_buffer_add_char(json->buffer, ',');
	json->comma = true;
}

static void nest(struct tc_json *json, char bracket)
{
	separate(json);
	tc_buffer_add_char(json->buffer, bracket);
	json->comma = false;
}

static void unnest(struct tc_json *json, char bracket)
{
	tc_buffer_add_char(json->buffer, bracket);
	json->comma = true;
}

void tc_json_object_begin(struct tc_json *json)
{
	nest(json, '{');
}

void tc_json_object_end(struct tc_json *json)
{
	unnest(json, '}');
}

void tc_json_array_begin(struct tc_json *json)
{
	nest(json, '[');
}

void tc_json_array_end(struct tc_json *json)
{
	unnest(json, ']');
}

static void add_word(struct tc_json *json, const char *word)
{
	separate(json);
	tc_buffer_add_string(json->buffer, word);
}

void tc_json_raw(struct tc_json *json, const char *value, size_t length)
{
	separate(json);
	tc_buffer_add(json->buffer, value, length);
}

void tc_json_null(struct tc_json *json)
{
	add_word(json, "null");
}

void tc_json_bool(struct tc_json *json, bool yes)
{
	add_word(json, yes ? "true" : "false");
}

void tc_json_uint(struct tc_json *json, uint64_t number)
{
	separate(json);
	tc_buffer_add_uint(json->buffer, number);
}

void tc_json_int(struct tc_json *json, int64_t number)
{
	separate(json);
	tc_buffer_add_int(json->buffer, number);
}

/* The scratch text has no control characters and is valid UTF-8: two characters are left that JSON
 * escapes. */
static void add_scratch(struct tc_json *json)
{
	const char *text = json->scratch.bytes;
	size_t length = json->scratch.length;

	if (tc_buffer_failed(&json->scratch))
		json->buffer->failed = true;
	tc_buffer_add_char(json->buffer, '"');
	for (size_t start = 0, at = 0; at <= length; at++) {
		bool special = at < length && (text[at] == '"' || text[at] == '\\');

		if (!special && at < length)
			continue;
		tc_buffer_add(json->buffer, text + start, at - start);
		if (special)
			tc_buffer_add_char(json->buffer, '\\');
		start = at;
	}
	tc_buffer_add_char(json->buffer, '"');
}

/* Adds a string in which nothing needs escaping, as is so for most, and the comma before it. False
 * when something does. */
static bool add_plain(struct tc_json *json, const char *text, size_t length)
{
	if (tc_text_plain(text, length) < length)
		return false;
	char *place = tc_buffer_room(json->buffer, length + 3);
	if (!place)
		return true;
	*place = ',';
	place += json->comma;
	*place++ = '"';
	if (length)
		memcpy(place, text, length);
	place[length] = '"';
	tc_buffer_end(json->buffer, place + length + 1);
	json->comma = true;
	return true;
}

void tc_json_text(struct tc_json *json, const char *text, size_t length)
{
	if (add_plain(json, text, length))
		return;
	separate(json);
	tc_buffer_reset(&json->scratch);
	tc_text_sanitize(&json->scratch, text, length);
	add_scratch(json);
}

void tc_json_string(struct tc_json *json, const char *string)
{
	if (string)
		tc_json_text(json, string, strlen(string));
	else
		tc_json_null(json);
}

void tc_json_bytes(struct tc_json *json, const char *bytes, size_t length)
{
	if (add_plain(json, bytes, length))
		return;
	separate(json);
	tc_buffer_reset(&json->scratch);
	tc_text_escape(&json->scratch, bytes, length);
	add_scratch(json);
}

void tc_json_key(struct tc_json *json, const char *key)
{
	tc_json_text(json, key, strlen(key));
	tc_buffer_add_char(json->buffer, ':');
	json->comma = false;
}

void tc_json_key_made(struct tc_json *json, const char *key, size_t length)
{
	char *place = tc_buffer_room(json->buffer, length + 1);

	if (!place)
		return;
	*place = ',';
	place += json->comma;
	memcpy(place, key, length);
	tc_buffer_end(json->buffer, place + length);
	json->comma = false;
}

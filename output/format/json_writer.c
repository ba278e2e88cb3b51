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

void tc_json_null(struct tc_json *json)
{
	add_word(json, "null");
}

void tc_json_bool(struct tc_json *json, bool yes)
{
	add_word(json, yes ? "true" : "false");
}

static void add_digits(struct tc_buffer *buffer, uint64_t number)
{
	char digits[20];
	size_t at = sizeof(digits);

	do {
		digits[--at] = (char)('0' + number % 10);
		number /= 10;
	} while (number);
	tc_buffer_add(buffer, digits + at, sizeof(digits) - at);
}

void tc_json_uint(struct tc_json *json, uint64_t number)
{
	separate(json);
	add_digits(json->buffer, number);
}

void tc_json_int(struct tc_json *json, int64_t number)
{
	separate(json);
	if (number < 0)
		tc_buffer_add_char(json->buffer, '-');
	add_digits(json->buffer, number < 0 ? -(uint64_t)number : (uint64_t)number);
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

/*
 * True when each of eight bytes is printable ASCII, but neither a quote nor a backslash. (x - ONES)
 * & ~x & HIGH is not zero when a byte of x is, see "Bit Twiddling Hacks", "Determine if a word has
 * a zero byte".
 */
static bool is_plain_word(uint64_t word)
{
	const uint64_t ones = 0x0101010101010101, high = 0x80 * ones;
	uint64_t quote = word ^ '"' * ones, backslash = word ^ '\\' * ones,
		 rubout = word ^ 0x7f * ones;
	uint64_t control = (word - 0x20 * ones) & ~word;

	return !((word | control | ((quote - ones) & ~quote) | ((backslash - ones) & ~backslash) |
		  ((rubout - ones) & ~rubout)) &
		 high);
}

/* True when nothing in a string needs escaping: most have nothing. */
static bool is_plain(const char *text, size_t length)
{
	size_t at = 0;

	for (; at + 8 <= length; at += 8) {
		uint64_t word;

		memcpy(&word, text + at, 8);
		if (!is_plain_word(word))
			return false;
	}
	for (; at < length; at++) {
		unsigned char byte = (unsigned char)text[at];

		if (byte < 0x20 || byte >= 0x7f || byte == '"' || byte == '\\')
			return false;
	}
	return true;
}

#define SHORT_MAX 56

/* Adds a plain string with its quotes, the comma before it, and end ("" or ":") behind it. */
static void add_plain(struct tc_json *json, const char *text, size_t length, const char *end)
{
	char whole[SHORT_MAX + 8];
	size_t at = 0;

	if (length > SHORT_MAX) {
		separate(json);
		tc_buffer_add_char(json->buffer, '"');
		tc_buffer_add(json->buffer, text, length);
		tc_buffer_add_char(json->buffer, '"');
		tc_buffer_add_string(json->buffer, end);
		return;
	}
	/* Most strings are short: one append instead of five. */
	if (json->comma)
		whole[at++] = ',';
	whole[at++] = '"';
	if (length)
		memcpy(whole + at, text, length);
	at += length;
	whole[at++] = '"';
	if (*end)
		whole[at++] = *end;
	tc_buffer_add(json->buffer, whole, at);
	json->comma = true;
}

void tc_json_text(struct tc_json *json, const char *text, size_t length)
{
	if (is_plain(text, length)) {
		add_plain(json, text, length, "");
		return;
	}
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
	if (is_plain(bytes, length)) {
		add_plain(json, bytes, length, "");
		return;
	}
	separate(json);
	tc_buffer_reset(&json->scratch);
	tc_text_escape(&json->scratch, bytes, length);
	add_scratch(json);
}

void tc_json_key(struct tc_json *json, const char *key)
{
	size_t length = strlen(key);

	if (is_plain(key, length)) {
		add_plain(json, key, length, ":");
	} else {
		tc_json_text(json, key, length);
		tc_buffer_add_char(json->buffer, ':');
	}
	json->comma = false;
}

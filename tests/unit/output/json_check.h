/* SPDX-License-Identifier: Apache-2.0 */
/* A strict reader of JSON (RFC 8259) for tests: says whether a text is one valid value, and finds
 * values in it. */
#ifndef TOCSIN_TESTS_OUTPUT_JSON_CHECK_H
#define TOCSIN_TESTS_OUTPUT_JSON_CHECK_H

#include <ctype.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "agent/buffer.h"

/* Each reads one thing at the start of text and returns what follows it, or NULL when it is not
 * valid. */
static inline const char *json_check_value(const char *text, unsigned depth);

static inline const char *json_check_blank(const char *text)
{
	return text + strspn(text, " \t\r\n");
}

/* Length of the well-formed UTF-8 character at the start of text, 0 when there is none. */
static inline size_t json_check_utf8(const unsigned char *text)
{
	if (text[0] < 0x80)
		return 1;
	if (text[0] >= 0xc2 && text[0] <= 0xdf)
		return (text[1] & 0xc0) == 0x80 ? 2 : 0;
	if ((text[0] & 0xf0) == 0xe0) {
		if ((text[1] & 0xc0) != 0x80 || (text[2] & 0xc0) != 0x80)
			return 0;
		if ((text[0] == 0xe0 && text[1] < 0xa0) || (text[0] == 0xed && text[1] > 0x9f))
			return 0;
		return 3;
	}
	if (text[0] >= 0xf0 && text[0] <= 0xf4) {
		if ((text[1] & 0xc0) != 0x80 || (text[2] & 0xc0) != 0x80 ||
		    (text[3] & 0xc0) != 0x80)
			return 0;
		if ((text[0] == 0xf0 && text[1] < 0x90) || (text[0] == 0xf4 && text[1] > 0x8f))
			return 0;
		return 4;
	}
	return 0;
}

static inline const char *json_check_string(const char *text)
{
	if (*text++ != '"')
		return NULL;
	while (*text != '"') {
		if ((unsigned char)*text < 0x20)
			return NULL;
		if (*text == '\\') {
			if (text[1] == 'u') {
				for (unsigned i = 2; i < 6; i++)
					if (!isxdigit((unsigned char)text[i]))
						return NULL;
				text += 6;
			} else if (text[1] && strchr("\"\\/bfnrt", text[1])) {
				text += 2;
			} else {
				return NULL;
			}
			continue;
		}
		size_t size = json_check_utf8((const unsigned char *)text);
		if (!size)
			return NULL;
		text += size;
	}
	return text + 1;
}

static inline const char *json_check_digits(const char *text)
{
	if (!isdigit((unsigned char)*text))
		return NULL;
	while (isdigit((unsigned char)*text))
		text++;
	return text;
}

static inline const char *json_check_number(const char *text)
{
	if (*text == '-')
		text++;
	if (text[0] == '0' && isdigit((unsigned char)text[1]))
		return NULL;
	text = json_check_digits(text);
	if (text && *text == '.')
		text = json_check_digits(text + 1);
	if (text && (*text == 'e' || *text == 'E'))
		text = json_check_digits(text + (text[1] == '+' || text[1] == '-' ? 2 : 1));
	return text;
}

/* The items of an array or the members of an object. */
static inline const char *json_check_items(const char *text, char end, unsigned depth)
{
	text = json_check_blank(text + 1);
	if (*text == end)
		return text + 1;
	for (;;) {
		if (end == '}') {
			text = json_check_string(text);
			if (!text)
				return NULL;
			text = json_check_blank(text);
			if (*text++ != ':')
				return NULL;
		}
		text = json_check_value(text, depth + 1);
		if (!text)
			return NULL;
		text = json_check_blank(text);
		if (*text == end)
			return text + 1;
		if (*text++ != ',')
			return NULL;
		text = json_check_blank(text);
	}
}

static inline const char *json_check_value(const char *text, unsigned depth)
{
	text = json_check_blank(text);
	if (depth > 64)
		return NULL;
	if (*text == '{')
		return json_check_items(text, '}', depth);
	if (*text == '[')
		return json_check_items(text, ']', depth);
	if (*text == '"')
		return json_check_string(text);
	if (!strncmp(text, "true", 4) || !strncmp(text, "null", 4))
		return text + 4;
	if (!strncmp(text, "false", 5))
		return text + 5;
	return json_check_number(text);
}

/* True when the text is one JSON value and nothing else. */
static inline bool json_valid(const char *text)
{
	const char *end = json_check_value(text, 0);

	return end && !*json_check_blank(end);
}

/* The text of the value of a key of the object at the start of valid JSON (heap memory), or NULL.
 */
static inline char *json_member(const char *object, const char *key)
{
	const char *text = json_check_blank(object);
	size_t key_length = strlen(key);

	if (*text != '{')
		return NULL;
	text = json_check_blank(text + 1);
	while (*text == '"') {
		const char *key_end = json_check_string(text);
		const char *value = json_check_blank(json_check_blank(key_end) + 1);
		const char *end = json_check_value(value, 0);

		if ((size_t)(key_end - text) == key_length + 2 &&
		    !memcmp(text + 1, key, key_length))
			return strndup(value, (size_t)(end - value));
		text = json_check_blank(end);
		if (*text == ',')
			text = json_check_blank(text + 1);
	}
	return NULL;
}

#endif

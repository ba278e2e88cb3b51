/* SPDX-License-Identifier: Apache-2.0 */
/* Values of Sigma rules: wildcards, and modifiers that make other values of them. */
#include <ctype.h>
#include <string.h>

#include "rules/language/sigma_parts.h"

static void add(struct tc_sigma_string *string, char byte, char kind)
{
	tc_buffer_add_char(&string->bytes, byte);
	tc_buffer_add_char(&string->kinds, kind);
}

void tc_sigma_string_read(const char *text, size_t length, struct tc_sigma_string *ret_string)
{
	struct tc_sigma_string string = {0};

	for (size_t i = 0; i < length; i++) {
		if (text[i] == '\\' && i + 1 < length && strchr("*?\\", text[i + 1]))
			add(&string, text[++i], 'l');
		else
			add(&string, text[i], text[i] == '*' || text[i] == '?' ? text[i] : 'l');
	}
	*ret_string = string;
}

static void string_done(struct tc_sigma_string *string)
{
	tc_buffer_done(&string->bytes);
	tc_buffer_done(&string->kinds);
}

void tc_sigma_strings_done(struct tc_sigma_strings *strings)
{
	for (size_t i = 0; i < strings->count; i++)
		string_done(&strings->items[i]);
	strings->count = 0;
}

static void add_literal(struct tc_sigma_string *string, const char *bytes, size_t length)
{
	for (size_t i = 0; i < length; i++)
		add(string, bytes[i], 'l');
}

/* --- base64 (RFC 4648, section 4) --- */

static void add_base64(struct tc_buffer *text, const unsigned char *bytes, size_t length)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

	for (size_t i = 0; i < length; i += 3) {
		size_t n = length - i < 3 ? length - i : 3;
		unsigned group = (unsigned)bytes[i] << 16 |
				 (n > 1 ? (unsigned)bytes[i + 1] << 8 : 0) |
				 (n > 2 ? bytes[i + 2] : 0);

		for (unsigned digit = 0; digit < 4; digit++)
			tc_buffer_add_char(text, digit <= n ? digits[group >> (18 - 6 * digit) & 63]
							    : '=');
	}
}

/*
 * The digits that stand for the string's bytes alone when before (0 to 2) others precede it: those
 * that hold bits of a neighbour are left out.
 */
static void encode_at(const struct tc_sigma_string *from, size_t before,
		      struct tc_sigma_string *ret_string)
{
	static const size_t skip[] = {0, 2, 3};
	_cleanup_buffer_ struct tc_buffer padded = {0}, text = {0};
	struct tc_sigma_string string = {0};

	tc_buffer_add(&padded, "  ", before);
	tc_buffer_add(&padded, from->bytes.bytes, from->bytes.length);
	add_base64(&text, (const unsigned char *)padded.bytes, padded.length);
	size_t end = padded.length / 3 * 4 + (size_t[]){0, 1, 2}[padded.length % 3];
	if (!tc_buffer_failed(&text) && end > skip[before])
		add_literal(&string, text.bytes + skip[before], end - skip[before]);
	string.bytes.failed |= tc_buffer_failed(&text) || tc_buffer_failed(&padded);
	*ret_string = string;
}

static const char *encode_offsets(struct tc_sigma_strings *strings)
{
	size_t count = strings->count;

	if (count * 3 > TC_SIGMA_STRINGS_MAX)
		return "has too many spellings";
	for (size_t i = count; i-- > 0;) {
		struct tc_sigma_string from = strings->items[i];

		for (size_t before = 0; before < 3; before++)
			encode_at(&from, before, &strings->items[i * 3 + before]);
		string_done(&from);
	}
	strings->count = count * 3;
	return NULL;
}

static void encode_base64(struct tc_sigma_string *string)
{
	_cleanup_buffer_ struct tc_buffer text = {0};
	struct tc_sigma_string encoded = {0};

	add_base64(&text, (const unsigned char *)string->bytes.bytes, string->bytes.length);
	add_literal(&encoded, text.bytes, text.length);
	encoded.bytes.failed |= tc_buffer_failed(&text);
	string_done(string);
	*string = encoded;
}

/* --- UTF-16 (RFC 2781) --- */

/* Takes a character off UTF-8 that is valid. */
static unsigned next_character(const unsigned char *bytes, size_t length, size_t *at)
{
	unsigned char first = bytes[(*at)++];
	unsigned more = first < 0xc0 ? 0 : first < 0xe0 ? 1 : first < 0xf0 ? 2 : 3;
	unsigned character = more ? first & (0x3fU >> more) : first;

	for (; more && *at < length; more--)
		character = character << 6 | (bytes[(*at)++] & 0x3fU);
	return character;
}

static void add_unit(struct tc_sigma_string *string, unsigned unit, bool big)
{
	add(string, (char)(big ? unit >> 8 : unit & 0xff), 'l');
	add(string, (char)(big ? unit & 0xff : unit >> 8), 'l');
}

static void encode_utf16(struct tc_sigma_string *string, enum tc_sigma_what what)
{
	const unsigned char *bytes = (const unsigned char *)string->bytes.bytes;
	struct tc_sigma_string encoded = {0};
	bool big = what == TC_SIGMA_UTF16BE;

	if (what == TC_SIGMA_UTF16)
		add_unit(&encoded, 0xfeff, big);
	for (size_t at = 0; at < string->bytes.length;) {
		unsigned character = next_character(bytes, string->bytes.length, &at);

		if (character > 0xffff) {
			add_unit(&encoded, 0xd800 + ((character - 0x10000) >> 10), big);
			character = 0xdc00 + ((character - 0x10000) & 0x3ff);
		}
		add_unit(&encoded, character, big);
	}
	string_done(string);
	*string = encoded;
}

/* --- windash --- */

static bool is_word(const struct tc_sigma_string *string, size_t at)
{
	unsigned char c = at < string->bytes.length ? (unsigned char)string->bytes.bytes[at] : 0;

	return string->kinds.length > at && string->kinds.bytes[at] == 'l' &&
	       (isalnum(c) || c == '_' || c >= 0x80);
}

/* Whether an option begins there: a dash or slash behind no letter and before one. */
static bool is_option(const struct tc_sigma_string *string, size_t at)
{
	return (string->bytes.bytes[at] == '-' || string->bytes.bytes[at] == '/') &&
	       string->kinds.bytes[at] == 'l' && (!at || !is_word(string, at - 1)) &&
	       is_word(string, at + 1);
}

/* The string with number (in base 5) saying how each of its options is spelled. */
static void spell(const struct tc_sigma_string *from, unsigned number,
		  struct tc_sigma_string *ret_string)
{
	/* Dash, slash, en dash, em dash, horizontal bar. */
	static const char *const dashes[] = {"-", "/", "\xe2\x80\x93", "\xe2\x80\x94",
					     "\xe2\x80\x95"};
	struct tc_sigma_string string = {0};

	for (size_t i = 0; i < from->bytes.length; i++) {
		if (is_option(from, i)) {
			add_literal(&string, dashes[number % 5], strlen(dashes[number % 5]));
			number /= 5;
		} else {
			add(&string, from->bytes.bytes[i], from->kinds.bytes[i]);
		}
	}
	*ret_string = string;
}

static const char *spell_all(struct tc_sigma_strings *strings)
{
	struct tc_sigma_strings spelled = {0};

	for (size_t i = 0; i < strings->count; i++) {
		unsigned spellings = 1;

		for (size_t at = 0; at < strings->items[i].bytes.length; at++) {
			spellings *= is_option(&strings->items[i], at) ? 5 : 1;
			if (spelled.count + spellings <= TC_SIGMA_STRINGS_MAX)
				continue;
			tc_sigma_strings_done(&spelled);
			return "has too many spellings";
		}
		for (unsigned number = 0; number < spellings; number++)
			spell(&strings->items[i], number, &spelled.items[spelled.count++]);
	}
	tc_sigma_strings_done(strings);
	*strings = spelled;
	return NULL;
}

const char *tc_sigma_encode(enum tc_sigma_what what, struct tc_sigma_strings *strings)
{
	if (what == TC_SIGMA_WINDASH)
		return spell_all(strings);
	for (size_t i = 0; i < strings->count; i++) {
		struct tc_sigma_string *string = &strings->items[i];

		if (string->bytes.length && memchr(string->kinds.bytes, '*', string->kinds.length))
			return "has a wildcard, which cannot be encoded: write \\* for the star";
		if (string->bytes.length && memchr(string->kinds.bytes, '?', string->kinds.length))
			return "has a wildcard, which cannot be encoded: write \\? for the mark";
		if (what == TC_SIGMA_BASE64)
			encode_base64(string);
		else if (what != TC_SIGMA_BASE64OFFSET)
			encode_utf16(string, what);
	}
	return what == TC_SIGMA_BASE64OFFSET ? encode_offsets(strings) : NULL;
}

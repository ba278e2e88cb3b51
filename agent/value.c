/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/value.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* Characters, by code point, that are valid text and yet change how the rest of a line is shown. */
static const struct {
	uint32_t first, last;
} unsafe_characters[] = {
	{0x0080, 0x009f}, /* C1 controls: some terminals obey them */
	{0x061c, 0x061c}, /* Arabic letter mark */
	{0x200e, 0x200f}, /* left-to-right and right-to-left mark */
	{0x2028, 0x202e}, /* line and paragraph separator, bidirectional embeddings and overrides */
	{0x2066, 0x2069}, /* bidirectional isolates */
	{0xfeff, 0xfeff}, /* byte order mark */
};

static bool is_unsafe(uint32_t character)
{
	for (size_t i = 0; i < sizeof(unsafe_characters) / sizeof(unsafe_characters[0]); i++)
		if (character >= unsafe_characters[i].first &&
		    character <= unsafe_characters[i].last)
			return true;
	return false;
}

/*
 * Reads the character of more than one byte at the start of bytes: well-formed UTF-8 as in table
 * 3-7 of the Unicode standard, so no overlong form, no surrogate, nothing above U+10FFFF. Returns
 * its length, or 0 when there is none.
 */
static size_t utf8_read(const unsigned char *bytes, size_t length, uint32_t *ret_character)
{
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	size_t size = bytes[0] >= 0xf0 ? 4 : bytes[0] >= 0xe0 ? 3 : bytes[0] >= 0xc0 ? 2 : 0;
	uint32_t character;

	if (!size || bytes[0] > 0xf4 || size > length)
		return 0;
	character = bytes[0] & (0x7fU >> size);
	for (size_t i = 1; i < size; i++) {
		if ((bytes[i] & 0xc0) != 0x80)
			return 0;
		character = character << 6 | (bytes[i] & 0x3f);
	}
	if (character < least[size] || character > 0x10ffff)
		return 0;
	if (character >= 0xd800 && character <= 0xdfff)
		return 0;
	*ret_character = character;
	return size;
}

size_t tc_utf8_valid(const char *bytes, size_t length)
{
	const unsigned char *start = (const unsigned char *)bytes, *end = start + length,
			    *at = start;
	uint32_t character;

	while (at < end) {
		size_t size = *at < 0x80 ? 1 : utf8_read(at, (size_t)(end - at), &character);

		if (!size)
			break;
		at += size;
	}
	return (size_t)(at - start);
}

static void escape_byte(struct tc_buffer *text, unsigned char byte)
{
	static const char digits[] = "0123456789abcdef";
	char escaped[4] = {'\\', 'x', digits[byte >> 4], digits[byte & 15]};

	switch (byte) {
	case '\\':
		tc_buffer_add(text, "\\\\", 2);
		return;
	case '\n':
		tc_buffer_add(text, "\\n", 2);
		return;
	case '\r':
		tc_buffer_add(text, "\\r", 2);
		return;
	case '\t':
		tc_buffer_add(text, "\\t", 2);
		return;
	}
	tc_buffer_add(text, escaped, sizeof(escaped));
}

/*
 * Bit 7 of each byte of the word that is not plain, or stands behind one that is not; 0 when all
 * eight are. (x - ONES) & ~x & HIGH is not zero when a byte of x is, see "Bit Twiddling Hacks",
 * "Determine if a word has a zero byte".
 */
static uint64_t odd_bytes(const char *bytes)
{
	const uint64_t ones = 0x0101010101010101, high = 0x80 * ones;
	uint64_t word;

	memcpy(&word, bytes, sizeof(word));
	uint64_t quote = word ^ '"' * ones, backslash = word ^ '\\' * ones,
		 rubout = word ^ 0x7f * ones;
	uint64_t control = (word - 0x20 * ones) & ~word;

	return (word | control | ((quote - ones) & ~quote) | ((backslash - ones) & ~backslash) |
		((rubout - ones) & ~rubout)) &
	       high;
}

static bool is_plain(char byte)
{
	return byte >= 0x20 && byte < 0x7f && byte != '"' && byte != '\\';
}

size_t tc_text_plain(const char *bytes, size_t length)
{
	size_t at = 0;

	while (at + 8 <= length && !odd_bytes(bytes + at))
		at += 8;
	/* The last eight, of which some were looked at. */
	if (length > 8 && at + 8 > length && !odd_bytes(bytes + length - 8))
		return length;
	while (at < length && is_plain(bytes[at]))
		at++;
	return at;
}

void tc_text_escape(struct tc_buffer *text, const char *bytes, size_t length)
{
	const unsigned char *next = (const unsigned char *)bytes;
	const unsigned char *end = next + length;

	while (next < end) {
		const unsigned char *run = next;
		uint32_t character = 0;

		next += tc_text_plain((const char *)next, (size_t)(end - next));
		while (next < end && *next == '"')
			next += 1 + tc_text_plain((const char *)next + 1, (size_t)(end - next) - 1);
		tc_buffer_add(text, run, (size_t)(next - run));
		if (next == end)
			return;

		size_t size = utf8_read(next, (size_t)(end - next), &character);
		if (!size)
			escape_byte(text, *next);
		else if (is_unsafe(character))
			tc_buffer_printf(text, "\\u{%" PRIx32 "}", character);
		else
			tc_buffer_add(text, next, size);
		next += size ? size : 1;
	}
}

/* UTF-8 of a code point, as table 3-6 of the Unicode standard has it. */
static void add_character(struct tc_buffer *bytes, uint32_t character)
{
	if (character < 0x80) {
		tc_buffer_add_char(bytes, (char)character);
	} else if (character < 0x800) {
		tc_buffer_add_char(bytes, (char)(0xc0 | character >> 6));
		tc_buffer_add_char(bytes, (char)(0x80 | (character & 0x3f)));
	} else {
		if (character >= 0x10000) {
			tc_buffer_add_char(bytes, (char)(0xf0 | character >> 18));
			tc_buffer_add_char(bytes, (char)(0x80 | (character >> 12 & 0x3f)));
		} else {
			tc_buffer_add_char(bytes, (char)(0xe0 | character >> 12));
		}
		tc_buffer_add_char(bytes, (char)(0x80 | (character >> 6 & 0x3f)));
		tc_buffer_add_char(bytes, (char)(0x80 | (character & 0x3f)));
	}
}

/* What the escape at text stands for; its length, 0 when it is none. */
static size_t unescape(struct tc_buffer *bytes, const char *text, size_t length)
{
	static const char plain[] = "\\\\n\nr\rt\t";
	char digits[9] = "", *end;
	size_t size = 0;

	if (length < 2)
		return 0;
	for (size_t i = 0; i + 1 < sizeof(plain); i += 2) {
		if (text[1] != plain[i])
			continue;
		tc_buffer_add_char(bytes, plain[i + 1]);
		return 2;
	}
	if (text[1] == 'x' && length >= 4) {
		memcpy(digits, text + 2, 2);
		size = 4;
	} else if (text[1] == 'u' && length >= 5 && text[2] == '{') {
		size_t inner = strcspn(text + 3, "}");

		if (inner < 1 || inner > 6 || inner + 4 > length)
			return 0;
		memcpy(digits, text + 3, inner);
		size = inner + 4;
	}
	unsigned long number = size ? strtoul(digits, &end, 16) : 0;
	if (!size || *end || number > 0x10ffff)
		return 0;
	if (text[1] == 'x')
		tc_buffer_add_char(bytes, (char)number);
	else
		add_character(bytes, (uint32_t)number);
	return size;
}

void tc_text_unescape(struct tc_buffer *bytes, const char *text, size_t length)
{
	while (length) {
		size_t size = *text == '\\' ? unescape(bytes, text, length) : 0;

		if (!size) {
			tc_buffer_add_char(bytes, *text);
			size = 1;
		}
		text += size;
		length -= size;
	}
}

void tc_ip_print(struct tc_buffer *text, const char *bytes)
{
	char shown[INET6_ADDRSTRLEN];
	struct in6_addr address;

	memcpy(&address, bytes, sizeof(address));
	if (IN6_IS_ADDR_V4MAPPED(&address))
		inet_ntop(AF_INET, bytes + 12, shown, sizeof(shown));
	else
		inet_ntop(AF_INET6, bytes, shown, sizeof(shown));
	tc_buffer_add_string(text, shown);
}

static void print_list(struct tc_buffer *text, const char *bytes, size_t length)
{
	for (size_t start = 0; start < length;) {
		size_t size = strnlen(bytes + start, length - start);

		if (start)
			tc_buffer_add_char(text, ' ');
		tc_text_escape(text, bytes + start, size);
		start += size + 1;
	}
}

void tc_value_print(struct tc_buffer *text, const struct tc_value *value, enum tc_show show)
{
	switch (value->type) {
	case TC_TYPE_UINT:
		if (show == TC_SHOW_hex)
			tc_buffer_printf(text, "0x%" PRIx64, value->uint);
		else
			tc_buffer_add_uint(text, value->uint);
		return;
	case TC_TYPE_INT:
		tc_buffer_add_int(text, value->sint);
		return;
	case TC_TYPE_BOOL:
		tc_buffer_add_string(text, value->yes ? "true" : "false");
		return;
	case TC_TYPE_STRING:
		tc_text_escape(text, value->bytes, value->length);
		break;
	case TC_TYPE_LIST:
		print_list(text, value->bytes, value->length);
		break;
	case TC_TYPE_IP:
		tc_ip_print(text, value->bytes);
		return;
	default:
		tc_buffer_add_string(text,
				     value->flags & TC_VALUE_UNREADABLE ? "<unreadable>" : "<NA>");
		return;
	}
	if (value->flags & TC_VALUE_UNREADABLE)
		tc_buffer_add_string(text, "...[unreadable]");
	else if (value->flags & TC_VALUE_CUT)
		tc_buffer_printf(text, "...[cut, %" PRIu32 " bytes]", value->size);
}

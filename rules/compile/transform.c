/* SPDX-License-Identifier: Apache-2.0 */
#include "rules/compile/transform.h"

#include <string.h>

#include "rules/compile/test.h"

static bool give(struct tc_value *ret_value, enum tc_type type, const char *bytes, size_t length)
{
	*ret_value = (struct tc_value){
		.type = type, .bytes = bytes, .length = (uint32_t)length, .size = (uint32_t)length};
	return bytes != NULL;
}

/* The element of a list that begins at at: up to its NUL, or the end. */
static size_t element_length(const char *at, const char *end)
{
	const char *nul = memchr(at, '\0', (size_t)(end - at));

	return (size_t)((nul ? nul : end) - at);
}

/* tolower(), toupper(): byte by byte, so what is not known stays what is not known. */

static bool change_case(const struct tc_value *given, char first, char last, struct tc_arena *arena,
			struct tc_value *ret_value)
{
	char *bytes = tc_arena_copy(arena, given->bytes, given->length);

	if (!bytes)
		return false;
	for (uint32_t i = 0; i < given->length; i++) {
		if (bytes[i] >= first && bytes[i] <= last)
			bytes[i] ^= 'a' ^ 'A';
	}
	*ret_value = *given;
	ret_value->bytes = bytes;
	return true;
}

static bool transform_tolower(const struct tc_expression *call, const struct tc_value *given,
			      struct tc_arena *arena, struct tc_value *ret_value)
{
	return change_case(given, 'A', 'Z', arena, ret_value);
}

static bool transform_toupper(const struct tc_expression *call, const struct tc_value *given,
			      struct tc_arena *arena, struct tc_value *ret_value)
{
	return change_case(given, 'a', 'z', arena, ret_value);
}

/* Makes of a string, or of each element of a list, one that is not longer. Returns its length, or
 * -1 when there is none. */
typedef ptrdiff_t (*rewriter)(const char *bytes, size_t length, char *out);

static bool rewrite_each(const struct tc_value *given, rewriter rewrite, struct tc_arena *arena,
			 struct tc_value *ret_value)
{
	const char *at = given->bytes, *end = at + given->length;
	char *out, *next;

	if (!tc_value_is_whole(given))
		return false;
	out = next = tc_arena_alloc(arena, given->length + 1);
	if (!out)
		return false;
	if (given->type == TC_TYPE_STRING) {
		ptrdiff_t length = rewrite(at, given->length, out);

		return length >= 0 && give(ret_value, TC_TYPE_STRING, out, (size_t)length);
	}
	while (at < end) {
		size_t length = element_length(at, end);
		ptrdiff_t made = rewrite(at, length, next);

		if (made < 0)
			return false;
		next += made;
		*next++ = '\0';
		at += length + 1;
	}
	return give(ret_value, TC_TYPE_LIST, out, (size_t)(next - out));
}

static ptrdiff_t rewrite_basename(const char *bytes, size_t length, char *out)
{
	const char *slash = memrchr(bytes, '/', length);
	size_t rest = slash ? (size_t)(bytes + length - slash - 1) : length;

	memcpy(out, bytes + length - rest, rest);
	return (ptrdiff_t)rest;
}

/* Of a path that is cut at its front the name is known when there is a slash in what is left. */
static bool transform_basename(const struct tc_expression *call, const struct tc_value *given,
			       struct tc_arena *arena, struct tc_value *ret_value)
{
	struct tc_value known = *given;

	if (given->type == TC_TYPE_STRING && given->flags == (TC_VALUE_CUT | TC_VALUE_TAIL) &&
	    memchr(given->bytes, '/', given->length))
		known.flags = 0;
	return rewrite_each(&known, rewrite_basename, arena, ret_value);
}

/* The six bits that a character of base64 stands for (RFC 4648, 4), or -1. */
static int sextet(char c)
{
	static const char alphabet[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const char *found = c ? strchr(alphabet, c) : NULL;

	return found ? (int)(found - alphabet) : -1;
}

static ptrdiff_t rewrite_b64(const char *bytes, size_t length, char *out)
{
	uint32_t bits = 0;
	unsigned n_bits = 0;
	char *next = out;

	for (unsigned padding = 0; padding < 2 && length && bytes[length - 1] == '='; padding++)
		length--;
	if (length % 4 == 1)
		return -1;
	for (size_t i = 0; i < length; i++) {
		int six = sextet(bytes[i]);

		if (six < 0)
			return -1;
		bits = bits << 6 | (unsigned)six;
		n_bits += 6;
		if (n_bits >= 8) {
			n_bits -= 8;
			*next++ = (char)(bits >> n_bits);
		}
	}
	return next - out;
}

static bool transform_b64(const struct tc_expression *call, const struct tc_value *given,
			  struct tc_arena *arena, struct tc_value *ret_value)
{
	return rewrite_each(given, rewrite_b64, arena, ret_value);
}

/* Of a cut string the kernel tells how many bytes there were. */
static bool transform_len(const struct tc_expression *call, const struct tc_value *given,
			  struct tc_arena *arena, struct tc_value *ret_value)
{
	const char *at = given->bytes, *end = at + given->length;
	uint64_t n = 0;

	if (given->flags & TC_VALUE_UNREADABLE)
		return false;
	if (given->type == TC_TYPE_STRING) {
		*ret_value = (struct tc_value){.type = TC_TYPE_UINT, .uint = given->size};
		return true;
	}
	if (given->flags & TC_VALUE_CUT)
		return false;
	for (; at < end; at += element_length(at, end) + 1)
		n++;
	*ret_value = (struct tc_value){.type = TC_TYPE_UINT, .uint = n};
	return true;
}

/* A list that is cut at its end makes a string that is. */
static bool transform_join(const struct tc_expression *call, const struct tc_value *given,
			   struct tc_arena *arena, struct tc_value *ret_value)
{
	const struct tc_value *separator = &given[0], *list = &given[1];
	const char *at = list->bytes, *end = at + list->length;
	size_t n = 0;

	if (!tc_value_is_whole(separator) ||
	    (!tc_value_is_whole(list) && call->arguments[1].gathered))
		return false;
	for (; at < end; at += element_length(at, end) + 1)
		n++;
	char *out = tc_arena_alloc(arena, list->length + n * separator->length + 1), *next = out;
	if (!out)
		return false;
	for (at = list->bytes; at < end;) {
		size_t length = element_length(at, end);

		if (at != list->bytes)
			next = mempcpy(next, separator->bytes, separator->length);
		next = mempcpy(next, at, length);
		at += length + 1;
	}
	give(ret_value, TC_TYPE_STRING, out, (size_t)(next - out));
	ret_value->flags = list->flags & (TC_VALUE_CUT | TC_VALUE_UNREADABLE);
	ret_value->size += list->size - list->length;
	return true;
}

/* Bytes may be missing at the very front and at the very end, not between two strings. */
static bool transform_concat(const struct tc_expression *call, const struct tc_value *given,
			     struct tc_arena *arena, struct tc_value *ret_value)
{
	const struct tc_value *first = &given[0], *last = &given[call->n_arguments - 1];
	size_t length = 0;
	uint32_t size = 0;

	for (const struct tc_value *value = first; value <= last; value++) {
		bool front_open = value->flags & TC_VALUE_CUT && value->flags & TC_VALUE_TAIL;
		bool end_open = !tc_value_is_whole(value) &&
				(!front_open || value->flags & TC_VALUE_UNREADABLE);

		if ((front_open && value != first) || (end_open && value != last))
			return false;
		length += value->length;
		size += value->size;
	}
	char *out = tc_arena_alloc(arena, length + 1), *next = out;
	if (!out)
		return false;
	for (const struct tc_value *value = first; value <= last; value++)
		next = mempcpy(next, value->bytes, value->length);
	give(ret_value, TC_TYPE_STRING, out, length);
	ret_value->size = size;
	ret_value->flags = first->flags | last->flags;
	/* Cut at both ends: the flags have one word for it. */
	if (first->flags & TC_VALUE_CUT && last->flags & TC_VALUE_CUT)
		ret_value->flags |= TC_VALUE_UNREADABLE;
	return true;
}

#define transform_val NULL /* val(field) is the field */
#define transform_getopt tc_transform_getopt

const struct tc_transformer *tc_transformer_by_name(const char *name, size_t length)
{
#define TC_TYPE_SAME TC_TYPE_NONE
	static const struct tc_transformer transformers[] = {
#define TC_TRANSFORMER(name, takes, gives, doc) {#name, takes, TC_TYPE_##gives, transform_##name},
#include "rules/language/words.def"
	};
#undef TC_TYPE_SAME

	for (size_t i = 0; i < sizeof(transformers) / sizeof(transformers[0]); i++) {
		if (strlen(transformers[i].name) == length &&
		    !memcmp(transformers[i].name, name, length))
			return &transformers[i];
	}
	return NULL;
}

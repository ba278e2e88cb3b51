/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fnmatch(3) with flags 0 for strings that are neither terminated nor text, in bounded time: the C
 * library's needs a NUL, depends on the locale, and walks back over every star.
 */
#include <ctype.h>
#include <string.h>

#include "rules/compile/test.h"

struct pattern {
	const char *at, *end;
	bool fold;
};

static unsigned char lower(unsigned char c)
{
	return c >= 'A' && c <= 'Z' ? c + 32 : c;
}

static unsigned char upper(unsigned char c)
{
	return c >= 'a' && c <= 'z' ? c - 32 : c;
}

static bool in_class(const char *name, size_t length, unsigned char c)
{
	static const struct {
		const char *name;
		int (*is)(int);
	} classes[] = {{"alnum", isalnum}, {"alpha", isalpha}, {"blank", isblank},
		       {"cntrl", iscntrl}, {"digit", isdigit}, {"graph", isgraph},
		       {"lower", islower}, {"print", isprint}, {"punct", ispunct},
		       {"space", isspace}, {"upper", isupper}, {"xdigit", isxdigit}};

	for (size_t i = 0; c < 128 && i < sizeof(classes) / sizeof(classes[0]); i++) {
		if (strlen(classes[i].name) == length && !memcmp(classes[i].name, name, length))
			return classes[i].is(c);
	}
	return false;
}

/* The end of [:name:] at at, or NULL when there is no such thing. */
static const char *class_end(const char *at, const char *end)
{
	if (end - at < 4 || at[0] != '[' || at[1] != ':')
		return NULL;
	for (at += 2; at + 1 < end; at++) {
		if (at[0] == ':' && at[1] == ']')
			return at + 2;
		if (!isalpha((unsigned char)*at))
			return NULL;
	}
	return NULL;
}

static bool in_range(const struct pattern *pattern, unsigned char low, unsigned char high,
		     unsigned char c)
{
	if (c >= low && c <= high)
		return true;
	return pattern->fold &&
	       ((lower(c) >= low && lower(c) <= high) || (upper(c) >= low && upper(c) <= high));
}

/* One byte of a set, after a backslash or as it is. */
static const char *set_byte(const char *at, const char *end, unsigned char *ret_byte)
{
	if (*at == '\\' && at + 1 < end)
		at++;
	*ret_byte = (unsigned char)*at;
	return at + 1;
}

/*
 * Matches c against the set that opens before at. Returns where the pattern goes on, or NULL when
 * the set is not closed and the bracket stands for itself.
 */
static const char *match_set(const struct pattern *pattern, const char *at, unsigned char c,
			     bool *ret_match)
{
	bool inverted = at < pattern->end && (*at == '!' || *at == '^'), match = false;
	const char *first;

	at += inverted;
	for (first = at; at < pattern->end && (*at != ']' || at == first);) {
		const char *class = class_end(at, pattern->end);
		unsigned char low, high;

		if (class) {
			size_t length = (size_t)(class - at) - 4;

			match |= in_class(at + 2, length, c);
			if (pattern->fold)
				match |= in_class(at + 2, length, lower(c)) ||
					 in_class(at + 2, length, upper(c));
			at = class;
			continue;
		}
		at = set_byte(at, pattern->end, &low);
		high = low;
		if (at + 1 < pattern->end && *at == '-' && at[1] != ']')
			at = set_byte(at + 1, pattern->end, &high);
		match |= in_range(pattern, low, high, c);
	}
	if (at >= pattern->end)
		return NULL;
	*ret_match = match != inverted;
	return at + 1;
}

/* Matches one byte against what stands at pattern->at, which is no star; moves on when it matches.
 */
static bool match_one(struct pattern *pattern, unsigned char c)
{
	const char *at = pattern->at;
	bool match;

	if (*at == '?') {
		pattern->at++;
		return true;
	}
	if (*at == '[') {
		const char *after = match_set(pattern, at + 1, c, &match);

		if (after) {
			pattern->at = match ? after : at;
			return match;
		}
	}
	if (*at == '\\') {
		if (++at == pattern->end)
			return false;
	}
	if (pattern->fold ? lower((unsigned char)*at) != lower(c) : (unsigned char)*at != c)
		return false;
	pattern->at = at + 1;
	return true;
}

bool tc_glob_next(const char **at, const char *end, bool fold, struct tc_byte_set *ret_set)
{
	const char *after = end;

	*ret_set = (struct tc_byte_set){{0}};
	if (**at == '*') {
		(*at)++;
		return true;
	}
	for (unsigned c = 0; c < 256; c++) {
		struct pattern pattern = {.at = *at, .end = end, .fold = fold};

		if (!match_one(&pattern, (unsigned char)c))
			continue;
		after = pattern.at;
		ret_set->words[c / 64] |= 1ULL << (c % 64);
	}
	*at = after;
	return false;
}

bool tc_glob(const char *text, size_t text_length, const char *bytes, size_t length, bool fold)
{
	struct pattern pattern = {.at = text, .end = text + text_length, .fold = fold};
	const char *star = NULL; /* behind the last star */
	const char *end = bytes + length, *tried = bytes;

	while (bytes < end) {
		if (pattern.at < pattern.end && *pattern.at == '*') {
			star = ++pattern.at;
			tried = bytes;
		} else if (pattern.at < pattern.end && match_one(&pattern, (unsigned char)*bytes)) {
			bytes++;
		} else if (star) {
			/* Only the last star need take more: those before it have found their
			 * place. */
			pattern.at = star;
			bytes = ++tried;
		} else {
			return false;
		}
	}
	while (pattern.at < pattern.end && *pattern.at == '*')
		pattern.at++;
	return pattern.at == pattern.end;
}

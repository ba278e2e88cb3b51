/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/names.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/nearest.h"

enum name_how { NAME_VALUE, NAME_BITS };

struct name_row {
	enum tc_show show;
	enum name_how how;
	uint64_t value;
	const char *word;
};

static const struct name_row name_rows[] = {
#define TC_NAME(show, how, value, word) {TC_SHOW_##show, NAME_##how, value, word},
#include "schema/names.def"
#undef TC_NAME
};

#define N_ROWS (sizeof(name_rows) / sizeof(name_rows[0]))

/* All words of a set with their separators, and 0x and 16 digits for what has none. */
#define JOINED_MAX 2048

static size_t first_rows[TC_SHOW_MAX];
static pthread_once_t rows_once = PTHREAD_ONCE_INIT;

static void rows_find(void)
{
	for (unsigned show = 0; show < TC_SHOW_MAX; show++)
		first_rows[show] = N_ROWS;
	for (size_t row = N_ROWS; row-- > 0;)
		first_rows[name_rows[row].show] = row;
}

/* Rows of one show stand together; this is the first. N_ROWS when there is none. */
static size_t first_row(enum tc_show show)
{
	pthread_once(&rows_once, rows_find);
	return first_rows[show];
}

bool tc_names_has(enum tc_show show)
{
	return show == TC_SHOW_kind || first_row(show) < N_ROWS;
}

bool tc_names_at(enum tc_show show, size_t place, uint64_t *ret_number, const char **ret_word)
{
	size_t row = first_row(show) + place;

	if (row >= N_ROWS || name_rows[row].show != show)
		return false;
	*ret_number = name_rows[row].value;
	*ret_word = name_rows[row].word;
	return true;
}

bool tc_names_joins(enum tc_show show)
{
	size_t row = first_row(show);

	return row < N_ROWS && name_rows[row].how == NAME_BITS;
}

static void present_text(struct tc_value *value, const char *bytes, size_t length)
{
	*value = (struct tc_value){
		.type = TC_TYPE_STRING, .bytes = bytes, .length = length, .size = length};
}

static void present_number(struct tc_arena *arena, uint64_t number, struct tc_value *ret_value)
{
	char text[24];
	int length = snprintf(text, sizeof(text), "0x%llx", (unsigned long long)number);
	char *copy = tc_arena_copy(arena, text, (size_t)length);

	if (copy)
		present_text(ret_value, copy, (size_t)length);
}

static void present_one(size_t row, uint64_t number, struct tc_arena *arena,
			struct tc_value *ret_value)
{
	enum tc_show show = name_rows[row].show;

	for (; row < N_ROWS && name_rows[row].show == show; row++) {
		if (name_rows[row].value == number) {
			present_text(ret_value, name_rows[row].word, strlen(name_rows[row].word));
			return;
		}
	}
	present_number(arena, number, ret_value);
}

/* Words that are being joined. */
struct joined {
	char bytes[JOINED_MAX];
	size_t length;
};

static void join(struct joined *joined, char separator, const char *word)
{
	size_t length = strlen(word);

	if (length + 1 > sizeof(joined->bytes) - joined->length)
		return;
	if (joined->length)
		joined->bytes[joined->length++] = separator;
	memcpy(joined->bytes + joined->length, word, length);
	joined->length += length;
}

static void present_set(size_t row, uint64_t number, struct tc_arena *arena,
			struct tc_value *ret_value)
{
	enum tc_show show = name_rows[row].show;
	char separator = show == TC_SHOW_caps ? ' ' : '|';
	struct joined joined;
	char rest[24];

	joined.length = 0;
	for (; row < N_ROWS && name_rows[row].show == show; row++) {
		uint64_t bits = name_rows[row].value;

		if ((number & bits) != bits)
			continue;
		number &= ~bits;
		join(&joined, separator, name_rows[row].word);
	}
	if (number) {
		snprintf(rest, sizeof(rest), "0x%llx", (unsigned long long)number);
		join(&joined, separator, rest);
	}

	char *copy = tc_arena_copy(arena, joined.bytes, joined.length);
	if (copy)
		present_text(ret_value, copy, joined.length);
}

void tc_names_present(enum tc_show show, uint64_t number, struct tc_arena *arena,
		      struct tc_value *ret_value)
{
	size_t row = first_row(show);

	*ret_value = (struct tc_value){0};
	if (show == TC_SHOW_kind) {
		const struct tc_kind_info *kind = tc_kind_info((uint32_t)number);

		if (kind)
			present_text(ret_value, kind->name, strlen(kind->name));
	} else if (row == N_ROWS) {
		present_number(arena, number, ret_value);
	} else if (name_rows[row].how == NAME_VALUE) {
		present_one(row, number, arena, ret_value);
	} else {
		present_set(row, number, arena, ret_value);
	}
}

/* Adds what one word stands for. False when the show has no such word. */
static bool parse_word(enum tc_show show, const char *word, size_t length, uint64_t *number)
{
	char digits[24], *end;

	for (size_t row = first_row(show); row < N_ROWS && name_rows[row].show == show; row++) {
		if (strlen(name_rows[row].word) == length &&
		    memcmp(name_rows[row].word, word, length) == 0) {
			*number |= name_rows[row].value;
			return true;
		}
	}
	if (length < 3 || length >= sizeof(digits) || memcmp(word, "0x", 2) != 0)
		return false;
	memcpy(digits, word, length);
	digits[length] = '\0';
	*number |= strtoull(digits, &end, 16);
	return !*end;
}

int tc_names_parse(enum tc_show show, const char *text, size_t length, uint64_t *ret_number,
		   const char **ret_wrong, size_t *ret_length)
{
	const char *end = text + length;
	size_t first = first_row(show);
	bool one = first < N_ROWS && name_rows[first].how == NAME_VALUE;
	uint64_t number = 0;

	while (text < end) {
		const char *stop = one ? end : text;

		while (stop < end && *stop != '|' && *stop != ' ' && *stop != ',')
			stop++;
		if (stop > text && !parse_word(show, text, (size_t)(stop - text), &number)) {
			*ret_wrong = text;
			*ret_length = (size_t)(stop - text);
			return -EINVAL;
		}
		text = stop + 1;
	}
	*ret_number = number;
	return 0;
}

const char *tc_names_nearest(enum tc_show show, const char *word, size_t length)
{
	struct tc_nearest nearest = {.word = word, .length = length};

	for (size_t row = first_row(show); row < N_ROWS && name_rows[row].show == show; row++)
		tc_nearest_offer(&nearest, name_rows[row].word);
	return nearest.best;
}

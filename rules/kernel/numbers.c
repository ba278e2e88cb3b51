/* SPDX-License-Identifier: Apache-2.0 */
#include "rules/kernel/numbers.h"

#include <endian.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "agent/names.h"
#include "rules/compile/net.h"

#define SIGN (1ULL << 63)
/* Most bits of a set of which every combination is tried. */
#define MASK_BITS_MAX 8

static bool is_signed(const struct tc_subject *subject)
{
	return subject->wire == TC_W_s32 || subject->wire == TC_W_s64;
}

static unsigned count_bits(uint64_t mask)
{
	return (unsigned)__builtin_popcountll(mask);
}

/* --- words --- */

static bool has_words(const struct tc_subject *subject)
{
	return tc_show_type(subject->show) == TC_TYPE_STRING;
}

/* Whether a number without a word, which is told as 0x1f, cannot hold the bytes, nor what separates
 * words. */
static bool is_of_words(const char *bytes, size_t length)
{
	bool other = !length;

	for (size_t i = 0; i < length; i++) {
		if (bytes[i] == '|' || bytes[i] == ' ')
			return false;
		other |= !strchr("0123456789abcdefABCDEFxX", bytes[i]);
	}
	return other;
}

static bool is_part(enum tc_operator_kind op)
{
	return op == TC_OPERATOR_CONTAINS || op == TC_OPERATOR_ICONTAINS;
}

static bool is_equality(enum tc_operator_kind op)
{
	return op == TC_OPERATOR_EQ || op == TC_OPERATOR_NE || op == TC_OPERATOR_IN;
}

static bool is_edge(enum tc_operator_kind op)
{
	return op == TC_OPERATOR_STARTSWITH || op == TC_OPERATOR_ENDSWITH ||
	       op == TC_OPERATOR_ISTARTSWITH || op == TC_OPERATOR_IENDSWITH;
}

/* The bits of words that hold the operand, and of earlier words that take some of them. */
static uint64_t word_bits(const struct tc_check *check, enum tc_show show)
{
	uint64_t mask = 0, before = 1, bits;
	const char *word;

	for (size_t i = 0; tc_names_at(show, i, &bits, &word); i++) {
		size_t length = strlen(word);
		struct tc_value value = {.type = TC_TYPE_STRING,
					 .bytes = word,
					 .length = (uint32_t)length,
					 .size = (uint32_t)length};

		if (check->operand.length && check->test(&check->operand, &value))
			mask |= bits;
	}
	while (mask != before) {
		before = mask;
		for (size_t i = 0; tc_names_at(show, i, &bits, &word); i++)
			mask |= bits & mask ? bits : 0;
	}
	return mask;
}

uint64_t tc_numbers_mask(const struct tc_check *check, const struct tc_subject *subject)
{
	if (subject->single || !has_words(subject) || !tc_names_joins(subject->show) ||
	    !check->test || !is_part(check->op))
		return UINT64_MAX;
	return word_bits(check, subject->show);
}

bool tc_numbers_can(const struct tc_check *check, const struct tc_subject *subject,
		    const struct tc_input *input)
{
	const struct tc_operand *operand = &check->operand;

	if (subject->single || !has_words(subject))
		return true;
	if (is_equality(check->op))
		return true;
	if (!is_part(check->op) && (!is_edge(check->op) || tc_names_joins(subject->show)))
		return false;
	return is_of_words(operand->bytes, operand->length) &&
	       (!tc_names_joins(subject->show) ||
		count_bits(word_bits(check, subject->show)) <= MASK_BITS_MAX);
}

/* --- places at which the verdict may change --- */

/* Finding them. */
struct places {
	const struct tc_numbers *numbers;
	struct tc_buffer keys;
};

static struct tc_point key_of(const struct tc_subject *subject, uint64_t number)
{
	return (struct tc_point){.low = is_signed(subject) ? number ^ SIGN : number};
}

static void add_key(struct places *places, struct tc_point key)
{
	tc_buffer_add(&places->keys, &key, sizeof(key));
}

/* Here, and behind it. */
static void add_number(struct places *places, uint64_t number)
{
	struct tc_point key = key_of(places->numbers->subject, number);

	add_key(places, key);
	key.low++;
	if (key.low)
		add_key(places, key);
}

static void add_word(struct places *places, const char *word, size_t length)
{
	const char *wrong;
	size_t wrong_length;
	uint64_t number;

	if (!tc_names_parse(places->numbers->subject->show, word, length, &number, &wrong,
			    &wrong_length))
		add_number(places, number);
}

static void add_words(struct places *places)
{
	const struct tc_check *check = places->numbers->check;
	enum tc_show show = places->numbers->subject->show;
	const char *word;
	uint64_t number;
	uint32_t length;

	if (!tc_names_joins(show)) {
		for (size_t i = 0; tc_names_at(show, i, &number, &word); i++)
			add_number(places, number);
	}
	if (!check->test)
		return;
	if (check->op != TC_OPERATOR_IN) {
		add_word(places, check->operand.bytes, check->operand.length);
		return;
	}
	for (size_t at = 0; tc_string_set_next(check->operand.strings, &at, &word, &length);)
		add_word(places, word, length);
}

/* All combinations of the bits that are looked at. */
static void add_combinations(struct places *places, uint64_t mask)
{
	uint64_t number = 0;

	do {
		add_key(places, (struct tc_point){.low = number});
		number = (number - mask) & mask;
	} while (number);
}

static void add_numbers(struct places *places)
{
	const struct tc_check *check = places->numbers->check;
	const struct tc_operand *operand = &check->operand;

	if (!check->test)
		return;
	if (places->numbers->input->type == TC_TYPE_BOOL) {
		add_number(places, 0);
		return;
	}
	if (check->op != TC_OPERATOR_IN) {
		add_number(places, operand->uint);
		return;
	}
	for (uint32_t i = 0; i < operand->n; i++)
		add_number(places, operand->uints[i]);
}

static struct tc_point address_key(const unsigned char *bytes)
{
	uint64_t words[2];

	memcpy(words, bytes, sizeof(words));
	return (struct tc_point){be64toh(words[0]), be64toh(words[1])};
}

static void add_nets(struct places *places)
{
	const struct tc_operand *operand = &places->numbers->check->operand;

	if (!places->numbers->check->test)
		return;
	for (uint32_t i = 0; i < operand->n; i++) {
		struct tc_point behind = address_key(operand->nets[i].last);

		add_key(places, address_key(operand->nets[i].first));
		behind.low++;
		behind.high += !behind.low;
		if (behind.high || behind.low)
			add_key(places, behind);
	}
}

static void add_places(struct places *places)
{
	const struct tc_subject *subject = places->numbers->subject;

	add_key(places, (struct tc_point){0});
	if (subject->of == TC_LOOK_ADDRESS)
		add_nets(places);
	else if (count_bits(subject->mask) <= MASK_BITS_MAX)
		add_combinations(places, subject->mask);
	else if (has_words(subject))
		add_words(places);
	else
		add_numbers(places);
	/* The number that stands for -1, and the lowest that there is. */
	if (subject->show == TC_SHOW_id)
		add_number(places, TC_ABSENT_U32);
	if (subject->wire == TC_W_s32)
		add_number(places, (uint64_t)(int64_t)TC_ABSENT_S32);
}

static int compare_keys(const void *a, const void *b)
{
	return tc_point_compare(a, b);
}

/* --- the verdict --- */

static bool holds_for(const struct tc_check *check, const struct tc_value *value)
{
	if (value->type == TC_TYPE_NONE)
		return false;
	return !check->test || check->test(&check->operand, value);
}

static bool holds_at(const struct tc_numbers *numbers, const struct tc_point *key)
{
	const struct tc_subject *subject = numbers->subject;
	struct tc_value value;
	uint64_t words[] = {htobe64(key->high), htobe64(key->low)};

	if (subject->of == TC_LOOK_ADDRESS)
		value = (struct tc_value){.type = TC_TYPE_IP,
					  .bytes = (const char *)words,
					  .length = TC_IP_BYTES,
					  .size = TC_IP_BYTES};
	else
		tc_presenter_value(&numbers->literals->presenter, subject, numbers->kind,
				   is_signed(subject) ? key->low ^ SIGN : key->low, &value);
	return holds_for(numbers->check, &value);
}

/* The highest key that a look can see. */
static bool is_seen(const struct tc_subject *subject, const struct tc_point *key)
{
	if (subject->of == TC_LOOK_ADDRESS || subject->wire == TC_W_u64 ||
	    subject->wire == TC_W_s64)
		return true;
	if (subject->wire == TC_W_s32)
		return key->low >= SIGN - (1ULL << 31) && key->low < SIGN + (1ULL << 31);
	return key->low <= subject->mask;
}

int tc_numbers_find(struct tc_numbers *numbers, struct tc_buffer *room, struct tc_spans *ret_spans)
{
	struct places places = {.numbers = numbers};
	struct tc_spans spans = {0};
	struct tc_point *keys;
	size_t n;
	bool now = false, is_first = true;

	add_places(&places);
	if (tc_buffer_failed(&places.keys)) {
		tc_buffer_done(&places.keys);
		return -ENOMEM;
	}
	keys = (struct tc_point *)(void *)places.keys.bytes;
	n = places.keys.length / sizeof(*keys);
	qsort(keys, n, sizeof(*keys), compare_keys);
	for (size_t i = 0; i < n; i++) {
		bool next;

		if (!is_seen(numbers->subject, &keys[i]) && !is_first)
			continue;
		next = holds_at(numbers, &keys[i]);
		if (is_first)
			spans.first = next;
		else if (next != now) {
			tc_buffer_add(room, &keys[i], sizeof(keys[i]));
			spans.n++;
		}
		now = next;
		is_first = false;
	}
	tc_buffer_done(&places.keys);
	spans.at = (const struct tc_point *)(const void *)room->bytes;
	*ret_spans = spans;
	return tc_buffer_failed(room) ? -ENOMEM : 0;
}

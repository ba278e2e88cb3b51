/* SPDX-License-Identifier: Apache-2.0 */
#include "rules/compile/operand.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "rules/compile/net.h"
#include "rules/compile/regex.h"
#include "rules/compile/test.h"

int tc_words_add(struct tc_words *words, const struct tc_term *word)
{
	size_t count = words->count;

	/* There is room up to the next power of two. */
	if (!(count & (count - 1))) {
		const struct tc_term **more =
			reallocarray(words->items, count ? count * 2 : 1, sizeof(*more));

		if (!more)
			return -ENOMEM;
		words->items = more;
	}
	words->items[words->count++] = word;
	return 0;
}

void tc_words_done(struct tc_words *words)
{
	free(words->items);
	*words = (struct tc_words){0};
}

/* The digits of a number; *ret_end is behind them. 0, -EINVAL without any, -ERANGE. */
static int parse_digits(const char *text, unsigned base, uint64_t *ret_number, const char **ret_end)
{
	const char *at = text;
	uint64_t number = 0;
	bool overflow = false;

	for (; isxdigit((unsigned char)*at); at++) {
		unsigned char c = (unsigned char)tolower((unsigned char)*at);
		unsigned digit = isdigit(c) ? (unsigned)(c - '0') : c - 'a' + 10U;

		if (digit >= base)
			break;
		overflow |= __builtin_mul_overflow(number, base, &number) ||
			    __builtin_add_overflow(number, digit, &number);
	}
	if (at == text)
		return -EINVAL;
	*ret_number = number;
	*ret_end = at;
	return overflow ? -ERANGE : 0;
}

/* Whether the rest of a number is a fraction or an exponent. */
static bool is_fraction(const char *text)
{
	char *end;

	strtod(text, &end);
	return end != text && !*end && !strpbrk(text, "xXpPnN");
}

int tc_number_parse(const char *text, enum tc_type type, uint64_t *ret_number)
{
	bool negative = text[0] == '-', hex;
	const char *digits = text + (negative || text[0] == '+'), *end;
	uint64_t number, limit;
	int r;

	hex = digits[0] == '0' && (digits[1] == 'x' || digits[1] == 'X');
	r = parse_digits(digits + (hex ? 2 : 0), hex ? 16 : 10, &number, &end);
	if (r == -EINVAL)
		return r;
	if (*end)
		return is_fraction(text) ? -EDOM : -EINVAL;
	limit = type == TC_TYPE_UINT ? (negative ? 0 : UINT64_MAX) : (uint64_t)INT64_MAX + negative;
	if (r || number > limit)
		return -ERANGE;
	*ret_number = negative ? 0 - number : number;
	return 0;
}

static int refuse(struct tc_diagnostics *diagnostics, const struct tc_term *word,
		  const char *problem, const char *hint)
{
	struct tc_diagnostic *found = tc_where_report(diagnostics, TC_DIAGNOSTIC_VALUE_TYPE,
						      word->where, "`%s` %s", word->text, problem);

	if (hint)
		tc_diagnostic_hint(found, "%s", hint);
	return -EINVAL;
}

static int read_number(const struct tc_term *word, enum tc_type type,
		       struct tc_diagnostics *diagnostics, uint64_t *ret_number)
{
	switch (tc_number_parse(word->text, type, ret_number)) {
	case 0:
		return 0;
	case -EDOM:
		return refuse(diagnostics, word, "is not a whole number",
			      "the field holds whole numbers");
	case -ERANGE:
		if (type == TC_TYPE_UINT && word->text[0] == '-')
			return refuse(diagnostics, word, "is less than an unsigned number can be",
				      "an id that is not set reads 4294967295");
		return refuse(diagnostics, word, "does not fit into 64 bits", NULL);
	default:
		return refuse(diagnostics, word, "is not a number",
			      "numbers are decimal, or hexadecimal after 0x");
	}
}

static int read_bool(const struct tc_term *word, struct tc_diagnostics *diagnostics, bool *ret_yes)
{
	if (strcmp(word->text, "true") && strcmp(word->text, "false"))
		return refuse(diagnostics, word, "is neither true nor false",
			      "the field holds true or false");
	*ret_yes = word->text[0] == 't';
	return 0;
}

static int compare_uints(const void *left, const void *right)
{
	const uint64_t *a = left, *b = right;

	return *a < *b ? -1 : *a > *b;
}

static int compare_sints(const void *left, const void *right)
{
	const int64_t *a = left, *b = right;

	return *a < *b ? -1 : *a > *b;
}

/* Adds the numbers to the key, in order. */
static int add_numbers(enum tc_type type, const struct tc_words *words,
		       struct tc_diagnostics *diagnostics, struct tc_buffer *key)
{
	uint64_t *numbers = calloc(words->count + 1, sizeof(*numbers));
	int r = 0;

	if (!numbers)
		return -ENOMEM;
	for (size_t i = 0; i < words->count; i++)
		r = read_number(words->items[i], type, diagnostics, &numbers[i]) ?: r;
	qsort(numbers, words->count, sizeof(*numbers),
	      type == TC_TYPE_UINT ? compare_uints : compare_sints);
	tc_buffer_add(key, numbers, words->count * sizeof(*numbers));
	free(numbers);
	return r;
}

static int add_bools(const struct tc_words *words, struct tc_diagnostics *diagnostics,
		     struct tc_buffer *key)
{
	unsigned yeses = 0;
	int r = 0;

	for (size_t i = 0; i < words->count; i++) {
		bool yes = false;

		r = read_bool(words->items[i], diagnostics, &yes) ?: r;
		yeses |= 1U << yes;
	}
	tc_buffer_add(key, &yeses, sizeof(yeses));
	return r;
}

/* Adds addresses and networks to the key, as ranges in order that do not overlap. */
static int add_nets(const struct tc_words *words, struct tc_diagnostics *diagnostics,
		    struct tc_buffer *key)
{
	struct tc_net *nets = calloc(words->count * TC_NET_PARTS + 1, sizeof(*nets));
	size_t n = 0;
	int r = 0;

	if (!nets)
		return -ENOMEM;
	for (size_t i = 0; i < words->count; i++) {
		int parts = tc_net_parse(words->items[i]->text, &nets[n]);

		if (parts < 0)
			r = refuse(diagnostics, words->items[i], "is no internet address",
				   "write 192.0.2.1, 2001:db8::1, or a network: 192.0.2.0/24");
		else
			n += (size_t)parts;
	}
	n = tc_nets_arrange(nets, n);
	tc_buffer_add(key, nets, n * sizeof(*nets));
	free(nets);
	return r;
}

static int hex_digit(char c)
{
	c = (char)tolower((unsigned char)c);
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Adds the bytes that a word writes in hexadecimal. */
static int add_bytes(const struct tc_term *word, struct tc_diagnostics *diagnostics,
		     struct tc_buffer *key)
{
	static const char hint[] = "two digits for each byte: cafebabe";

	if (word->length % 2)
		return refuse(diagnostics, word, "has an odd number of digits", hint);
	for (size_t i = 0; i < word->length; i += 2) {
		int high = hex_digit(word->text[i]), low = hex_digit(word->text[i + 1]);

		if (high < 0 || low < 0)
			return refuse(diagnostics, word, "is not hexadecimal", hint);
		tc_buffer_add_char(key, (char)(high << 4 | low));
	}
	return 0;
}

static int compare_words(const void *left, const void *right)
{
	const struct tc_term *a = *(const struct tc_term *const *)left;
	const struct tc_term *b = *(const struct tc_term *const *)right;
	int r = memcmp(a->text, b->text, a->length < b->length ? a->length : b->length);

	return r ? r : a->length < b->length ? -1 : a->length > b->length;
}

/* Adds the strings to the key; words has them in order afterwards, and each once. */
static void add_strings(struct tc_words *words, struct tc_buffer *key)
{
	size_t n = 0;

	if (words->count)
		qsort(words->items, words->count, sizeof(*words->items), compare_words);
	for (size_t i = 0; i < words->count; i++) {
		const struct tc_term *word = words->items[i];

		if (n && !compare_words(&words->items[n - 1], &words->items[i]))
			continue;
		words->items[n++] = word;
		tc_buffer_add(key, &word->length, sizeof(word->length));
		tc_buffer_add(key, word->text, word->length);
	}
	words->count = n;
}

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
}

static void add_string(enum tc_operator_kind op, const struct tc_term *word, struct tc_buffer *key)
{
	for (size_t i = 0; i < word->length; i++)
		tc_buffer_add_char(key,
				   tc_operator_folds(op) ? lower(word->text[i]) : word->text[i]);
}

static bool is_set(enum tc_operator_kind op)
{
	return op == TC_OPERATOR_IN || op == TC_OPERATOR_INTERSECTS || op == TC_OPERATOR_PMATCH;
}

static bool is_number(enum tc_type type)
{
	return type == TC_TYPE_UINT || type == TC_TYPE_INT;
}

int tc_operand_key(enum tc_operator_kind op, enum tc_type type, struct tc_words *words,
		   struct tc_diagnostics *diagnostics, struct tc_buffer *key)
{
	int r = 0;

	if (op == TC_OPERATOR_EXISTS)
		return 0;
	if (is_number(type))
		r = add_numbers(type, words, diagnostics, key);
	else if (type == TC_TYPE_BOOL)
		r = add_bools(words, diagnostics, key);
	else if (type == TC_TYPE_IP)
		r = add_nets(words, diagnostics, key);
	else if (is_set(op))
		add_strings(words, key);
	else if (op == TC_OPERATOR_BCONTAINS || op == TC_OPERATOR_BSTARTSWITH)
		r = add_bytes(words->items[0], diagnostics, key);
	else
		add_string(op, words->items[0], key);
	if (r)
		return r;
	return tc_buffer_failed(key) ? -ENOMEM : 0;
}

static int make_set(const struct tc_words *words, struct tc_arena *arena,
		    struct tc_operand *operand)
{
	const char **strings = calloc(words->count + 1, sizeof(*strings));
	uint32_t *lengths = calloc(words->count + 1, sizeof(*lengths));

	for (size_t i = 0; strings && lengths && i < words->count; i++) {
		strings[i] = words->items[i]->text;
		lengths[i] = (uint32_t)words->items[i]->length;
	}
	operand->strings = strings && lengths
				   ? tc_string_set_new(arena, strings, lengths, words->count)
				   : NULL;
	operand->n = (uint32_t)words->count;
	free(strings);
	free(lengths);
	return operand->strings ? 0 : -ENOMEM;
}

static int make_prefixes(const struct tc_words *words, struct tc_arena *arena,
			 struct tc_operand *operand)
{
	struct tc_prefix *prefixes = tc_arena_alloc(arena, (words->count + 1) * sizeof(*prefixes));

	if (!prefixes)
		return -ENOMEM;
	for (size_t i = 0; i < words->count; i++) {
		const struct tc_term *word = words->items[i];

		prefixes[i] =
			(struct tc_prefix){.bytes = tc_arena_copy(arena, word->text, word->length),
					   .length = (uint32_t)word->length,
					   .pattern = strpbrk(word->text, "*?[") != NULL};
		if (!prefixes[i].bytes)
			return -ENOMEM;
	}
	operand->prefixes = prefixes;
	operand->n = (uint32_t)words->count;
	return 0;
}

/* Numbers and booleans are in the key as the operand has them, but for the place in memory. */
static int make_plain(enum tc_operator_kind op, enum tc_type type, const char *key, size_t length,
		      struct tc_arena *arena, struct tc_operand *operand)
{
	uint64_t *numbers;
	unsigned yeses;

	if (type == TC_TYPE_BOOL) {
		memcpy(&yeses, key, sizeof(yeses));
		if (is_set(op))
			operand->yeses = yeses;
		else
			operand->yes = yeses == 1U << true;
		return 0;
	}
	if (!is_set(op)) {
		memcpy(&operand->uint, key, sizeof(operand->uint));
		return 0;
	}
	numbers = tc_arena_alloc(arena, length + sizeof(*numbers));
	if (!numbers)
		return -ENOMEM;
	memcpy(numbers, key, length);
	operand->uints = numbers;
	operand->n = (uint32_t)(length / sizeof(*numbers));
	return 0;
}

static int make_nets(const char *key, size_t length, struct tc_arena *arena,
		     struct tc_operand *operand)
{
	struct tc_net *nets = tc_arena_alloc(arena, length + 1);

	if (!nets)
		return -ENOMEM;
	memcpy(nets, key, length);
	operand->nets = nets;
	operand->n = (uint32_t)(length / sizeof(*nets));
	return 0;
}

static int make_regex(enum tc_operator_kind op, const struct tc_term *word,
		      struct tc_diagnostics *diagnostics, struct tc_operand *operand)
{
	char problem[256];
	int r = tc_regex_new(word->text, word->length, op == TC_OPERATOR_SEARCH, problem,
			     sizeof(problem), &operand->regex);

	if (r == -EINVAL)
		tc_where_report(diagnostics, TC_DIAGNOSTIC_REGEX, word->where,
				"`%s` is no regular expression: %s", word->text, problem);
	return r;
}

static int make_string(const char *key, size_t length, struct tc_arena *arena,
		       struct tc_operand *operand)
{
	operand->bytes = tc_arena_copy(arena, key, length);
	operand->length = (uint32_t)length;
	return operand->bytes ? 0 : -ENOMEM;
}

int tc_operand_make(enum tc_operator_kind op, enum tc_type type, const struct tc_words *words,
		    const char *key, size_t length, struct tc_diagnostics *diagnostics,
		    struct tc_arena *arena, struct tc_operand *ret_operand)
{
	struct tc_operand operand = {0};
	int r = 0;

	if (op == TC_OPERATOR_EXISTS) {
		/* none */
	} else if (is_number(type) || type == TC_TYPE_BOOL) {
		r = make_plain(op, type, key, length, arena, &operand);
	} else if (type == TC_TYPE_IP) {
		r = make_nets(key, length, arena, &operand);
	} else if (tc_operator_is_regex(op)) {
		r = make_regex(op, words->items[0], diagnostics, &operand);
	} else if (is_set(op)) {
		r = op == TC_OPERATOR_PMATCH ? make_prefixes(words, arena, &operand)
					     : make_set(words, arena, &operand);
	} else {
		r = make_string(key, length, arena, &operand);
	}
	if (!r)
		*ret_operand = operand;
	return r;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/options.h"

#include <ctype.h>
#include <errno.h>
#include <getopt.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/nearest.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* What getopt_long() returns for the row i of the table: above all letters. */
#define ROW_VALUE(i) (256 + (int)(i))

/* --help is an option of every subcommand. */
static const struct tc_option help_option = {
	.name = "help", .letter = 'h', .kind = TC_OPTION_FLAG, .doc = "print this help and exit"};

/* The table of a subcommand with --help behind it, as getopt_long() wants it. Heap memory. */
struct parser {
	const struct tc_usage *usage;
	size_t n_rows; /* without --help, which has the row number n_rows */
	struct option *longs;
	char *shorts;
};

static size_t count_rows(const struct tc_usage *usage)
{
	size_t count = 0;

	while (usage->options && usage->options[count].name)
		count++;
	return count;
}

static const struct tc_option *row_at(const struct parser *parser, size_t row)
{
	return row < parser->n_rows ? &parser->usage->options[row] : &help_option;
}

static void parser_free(struct parser *parser)
{
	free(parser->longs);
	free(parser->shorts);
}
#define _cleanup_parser_ __attribute__((cleanup(parser_free)))

static int parser_make(const struct tc_usage *usage, struct parser *parser)
{
	size_t at = 0;

	*parser = (struct parser){.usage = usage, .n_rows = count_rows(usage)};
	parser->longs = calloc(parser->n_rows + 2, sizeof(*parser->longs));
	parser->shorts = calloc(parser->n_rows + 2, 2);
	if (!parser->longs || !parser->shorts)
		return -ENOMEM;

	/* A missing value is told apart from an unknown option. */
	parser->shorts[at++] = ':';
	for (size_t i = 0; i <= parser->n_rows; i++) {
		const struct tc_option *option = row_at(parser, i);
		bool flag = option->kind == TC_OPTION_FLAG;

		parser->longs[i] =
			(struct option){.name = option->name,
					.has_arg = flag ? no_argument : required_argument,
					.val = ROW_VALUE(i)};
		if (!option->letter)
			continue;
		parser->shorts[at++] = option->letter;
		if (!flag)
			parser->shorts[at++] = ':';
	}
	return 0;
}

/* The row that getopt_long() means by what it returned or left in optopt; n_rows + 1 for none. */
static size_t row_find(const struct parser *parser, int value)
{
	if (value >= ROW_VALUE(0))
		return (size_t)(value - ROW_VALUE(0));
	for (size_t i = 0; i <= parser->n_rows; i++)
		if (value && row_at(parser, i)->letter == value)
			return i;
	return parser->n_rows + 1;
}

/* --- help --- */

static void print_row(const struct tc_option *option)
{
	char left[64];
	char letter[8] = "    ";

	if (option->letter)
		snprintf(letter, sizeof(letter), "-%c, ", option->letter);
	snprintf(left, sizeof(left), "%s--%s%s%s", letter, option->name, option->value ? " " : "",
		 option->value ? option->value : "");
	/* The text starts in a column of its own; under a name that is too long for it, on the next
	 * line. */
	printf(strlen(left) > 26 ? "  %s\n%30s%s\n" : "  %-26s%2s%s\n", left, "", option->doc);
}

static void print_help(const struct parser *parser)
{
	printf("Usage: tocsin %s %s\n\n%s\n\nOptions:\n", parser->usage->command,
	       parser->usage->synopsis, parser->usage->doc);
	for (size_t i = 0; i <= parser->n_rows; i++)
		print_row(row_at(parser, i));
	if (parser->usage->more)
		parser->usage->more(stdout);
}

static struct {
	tc_usage_callback callback;
	void *context;
} diverted;

void tc_options_divert_help(tc_usage_callback callback, void *context)
{
	diverted.callback = callback;
	diverted.context = context;
}

/* --- mistakes --- */

static int usage_error(const struct tc_usage *usage)
{
	fprintf(stderr, "usage: tocsin %s %s\n", usage->command, usage->synopsis);
	return TC_EXIT_USAGE;
}

const char *tc_nearest_word(const char *word, const char *const *words, size_t count)
{
	struct tc_nearest nearest = {.word = word, .length = strlen(word)};

	for (size_t i = 0; i < count; i++)
		tc_nearest_offer(&nearest, words[i]);
	return nearest.best;
}

/* The name in "--name" or "--name=value", in heap memory. */
static char *long_name(const char *argument)
{
	return strndup(argument + 2, strcspn(argument + 2, "="));
}

static void tell_unknown_long(const struct parser *parser, const char *name)
{
	const char **names = calloc(parser->n_rows + 1, sizeof(*names));
	const char *nearest = NULL;
	const char *first = NULL, *second = NULL;

	for (size_t i = 0; names && i <= parser->n_rows; i++) {
		names[i] = row_at(parser, i)->name;
		if (strncmp(names[i], name, strlen(name)) == 0) {
			second = first;
			first = names[i];
		}
	}
	if (names && !second)
		nearest = tc_nearest_word(name, names, parser->n_rows + 1);
	free(names);
	if (second)
		fprintf(stderr, "tocsin %s: option --%s is not clear: --%s or --%s?\n",
			parser->usage->command, name, second, first);
	else if (nearest)
		fprintf(stderr, "tocsin %s: unknown option --%s (did you mean --%s?)\n",
			parser->usage->command, name, nearest);
	else
		fprintf(stderr, "tocsin %s: unknown option --%s\n", parser->usage->command, name);
}

/* After getopt_long() returned '?': an unknown letter, an unknown name, or a flag that was given a
 * value. */
static int tell_unknown(const struct parser *parser, char **argv)
{
	size_t row = row_find(parser, optopt);

	if (optopt && row <= parser->n_rows) {
		fprintf(stderr, "tocsin %s: option --%s takes no value\n", parser->usage->command,
			row_at(parser, row)->name);
	} else if (optopt) {
		fprintf(stderr, "tocsin %s: unknown option -%c\n", parser->usage->command, optopt);
	} else {
		char *name = long_name(argv[optind - 1]);

		tell_unknown_long(parser, name ? name : "");
		free(name);
	}
	return usage_error(parser->usage);
}

/* --- values --- */

/* A unit behind a number, and what it multiplies by. */
struct unit {
	const char *name;
	uint64_t factor;
};

static const struct unit duration_units[] = {
	{"", 1000000000},
	{"ms", 1000000},
	{"s", 1000000000},
	{"m", 60 * 1000000000ULL},
	{"h", 3600 * 1000000000ULL},
	{"d", 86400 * 1000000000ULL},
};

static const struct unit size_units[] = {{"", 1}, {"K", 1 << 10}, {"M", 1 << 20}, {"G", 1 << 30}};
static const struct unit plain_units[] = {{"", 1}};

/* A decimal number with a unit. 0, -EINVAL, -ERANGE. */
static int read_number(const char *text, const struct unit *units, size_t n_units,
		       uint64_t *ret_number)
{
	uint64_t number = 0;
	bool fits = true;

	if (!isdigit((unsigned char)*text))
		return -EINVAL;
	for (; isdigit((unsigned char)*text); text++)
		fits = fits && !__builtin_mul_overflow(number, 10, &number) &&
		       !__builtin_add_overflow(number, (uint64_t)(*text - '0'), &number);
	for (size_t i = 0; i < n_units; i++) {
		if (strcmp(text, units[i].name))
			continue;
		if (!fits || __builtin_mul_overflow(number, units[i].factor, &number))
			return -ERANGE;
		*ret_number = number;
		return 0;
	}
	return -EINVAL;
}

int tc_parse_number(enum tc_option_kind kind, const char *text, uint64_t *ret_number)
{
	switch (kind) {
	case TC_OPTION_DURATION:
		return read_number(text, duration_units, COUNT(duration_units), ret_number);
	case TC_OPTION_SIZE:
		return read_number(text, size_units, COUNT(size_units), ret_number);
	case TC_OPTION_NUMBER:
		return read_number(text, plain_units, COUNT(plain_units), ret_number);
	default:
		return -EINVAL;
	}
}

int tc_parse_rate(const char *text, uint64_t *ret_count, uint64_t *ret_span_ns)
{
	const char *slash = strchr(text, '/');
	uint64_t count, span_ns;
	char number[32];

	if (!slash || slash - text >= (ptrdiff_t)sizeof(number))
		return -EINVAL;
	memcpy(number, text, (size_t)(slash - text));
	number[slash - text] = '\0';
	if (tc_parse_number(TC_OPTION_NUMBER, number, &count) ||
	    tc_parse_number(TC_OPTION_DURATION, slash + 1, &span_ns) || !count || !span_ns)
		return -EINVAL;
	*ret_count = count;
	*ret_span_ns = span_ns;
	return 0;
}

const char *tc_number_wanted(enum tc_option_kind kind)
{
	static const char *const wanted[] = {
		[TC_OPTION_DURATION] = "a duration such as 90s, 5m, 2h or 7d",
		[TC_OPTION_SIZE] = "a size such as 4096, 64K, 8M or 1G",
		[TC_OPTION_NUMBER] = "a number",
	};

	return wanted[kind];
}

int tc_parse_duration(const char *text, unsigned long long *ret_ns)
{
	uint64_t ns;
	int error = tc_parse_number(TC_OPTION_DURATION, text, &ns);

	if (!error)
		*ret_ns = ns;
	return error;
}

int tc_strings_add(struct tc_strings *strings, const char *string)
{
	const char **items = realloc(strings->items, (strings->count + 1) * sizeof(*items));

	if (!items)
		return -ENOMEM;
	items[strings->count++] = string;
	strings->items = items;
	return 0;
}

/* 0, -EINVAL, -ERANGE or -ENOMEM. */
static int store(const struct tc_option *option, const char *value)
{
	switch (option->kind) {
	case TC_OPTION_FLAG:
		*(bool *)option->target = true;
		return 0;
	case TC_OPTION_STRING:
		*(const char **)option->target = value;
		return 0;
	case TC_OPTION_STRINGS:
		return tc_strings_add(option->target, value);
	default:
		return tc_parse_number(option->kind, value, option->target);
	}
}

static int tell_bad_value(const struct tc_usage *usage, const struct tc_option *option,
			  const char *value, int error)
{
	if (error == -ENOMEM)
		fprintf(stderr, "tocsin %s: out of memory\n", usage->command);
	else if (error == -ERANGE)
		fprintf(stderr, "tocsin %s: --%s %s: too large\n", usage->command, option->name,
			value);
	else
		fprintf(stderr, "tocsin %s: --%s %s: not %s\n", usage->command, option->name, value,
			tc_number_wanted(option->kind));
	return usage_error(usage);
}

/* --- the loop --- */

/* One result of getopt_long(): -1 to go on, or an exit code. */
static int take(const struct parser *parser, int value, char **argv)
{
	size_t row = row_find(parser, value == ':' ? optopt : value);
	const struct tc_option *option = row_at(parser, row);

	if (value == '?')
		return tell_unknown(parser, argv);
	if (value == ':') {
		fprintf(stderr, "tocsin %s: option --%s needs a value: %s\n",
			parser->usage->command, option->name,
			option->value ? option->value : "VALUE");
		return usage_error(parser->usage);
	}
	if (row == parser->n_rows) {
		if (diverted.callback)
			diverted.callback(parser->usage, diverted.context);
		else
			print_help(parser);
		return TC_EXIT_GOOD;
	}
	int error = store(option, optarg);
	return error ? tell_bad_value(parser->usage, option, optarg, error) : -1;
}

static int take_positional(const struct tc_usage *usage, int argc, char **argv,
			   struct tc_strings *ret_positional)
{
	struct tc_strings positional = {0};
	size_t count = (size_t)(argc - optind);

	if (count > usage->positional_max)
		fprintf(stderr, "tocsin %s: one argument too many: %s\n", usage->command,
			argv[optind + (int)usage->positional_max]);
	else if (count < usage->positional_min)
		fprintf(stderr, "tocsin %s: an argument is missing\n", usage->command);
	if (count > usage->positional_max || count < usage->positional_min)
		return usage_error(usage);

	if (!ret_positional)
		return -1;
	for (int i = optind; i < argc; i++) {
		if (tc_strings_add(&positional, argv[i])) {
			free(positional.items);
			fprintf(stderr, "tocsin %s: out of memory\n", usage->command);
			return TC_EXIT_ENVIRONMENT;
		}
	}
	*ret_positional = positional;
	return -1;
}

int tc_options_parse(const struct tc_usage *usage, int argc, char **argv,
		     struct tc_strings *ret_positional)
{
	_cleanup_parser_ struct parser parser;
	int value;

	if (parser_make(usage, &parser)) {
		fprintf(stderr, "tocsin %s: out of memory\n", usage->command);
		return TC_EXIT_ENVIRONMENT;
	}
	optind = 0; /* GNU: start over, also after another subcommand's parse */
	opterr = 0;
	while ((value = getopt_long(argc, argv, parser.shorts, parser.longs, NULL)) != -1) {
		int leave = take(&parser, value, argv);

		if (leave >= 0)
			return leave;
	}
	return take_positional(usage, argc, argv, ret_positional);
}

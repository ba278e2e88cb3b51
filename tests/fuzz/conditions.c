/* SPDX-License-Identifier: Apache-2.0 */
#include "conditions.h"

#include <ctype.h>
#include <string.h>

#include "agent/names.h"
#include "rules/language/words.h"
#include "told.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define DEPTH_MAX 5

#define NUMBER TC_OPERATES_NUMBER
#define STRING TC_OPERATES_STRING
#define BOOL TC_OPERATES_BOOL
#define IP TC_OPERATES_IP

static const struct {
	const char *word;
	enum tc_takes takes;
	unsigned types;
	bool right;
} operators[] = {
#define FIELD true
#define VALUE false
#define TC_OPERATOR(name, word, operand, types, right, doc)                                        \
	{word, TC_TAKES_##operand, types, right},
#include "rules/language/operators.def"
#undef TC_OPERATOR
#undef FIELD
#undef VALUE
};

static const unsigned operates[TC_TYPE_MAX] = {
	[TC_TYPE_UINT] = NUMBER,   [TC_TYPE_INT] = NUMBER,  [TC_TYPE_BOOL] = BOOL,
	[TC_TYPE_STRING] = STRING, [TC_TYPE_LIST] = STRING, [TC_TYPE_IP] = IP,
};

static const struct {
	const char *name, *takes;
} transformers[] = {
#define TC_TRANSFORMER(name, takes, gives, doc) {#name, takes},
#include "rules/language/words.def"
};

static const char *const modifiers[] = {
#define TC_MODIFIER(name, node, doc) name,
#include "rules/language/words.def"
};

struct writer {
	struct fuzz_input *input;
	const struct fuzz_style *style;
	struct tc_buffer *text;
	const struct tc_field *fields[FUZZ_FIELDS];
};

static unsigned choose(struct writer *writer, size_t n)
{
	return fuzz_below(writer->input, (unsigned)n);
}

static void write_string(struct writer *writer, const char *string)
{
	tc_buffer_add_string(writer->text, string);
}

/* Any field, and its name, which may stand for either end of a connection. */
static const struct tc_field *choose_field(struct writer *writer, const char **ret_name)
{
	const struct fuzz_style *style = writer->style;
	unsigned choice = choose(writer, 2 * style->n_fields);
	const struct tc_either *either;
	const struct tc_field *field;

	if (choice < style->n_fields) {
		*ret_name = style->fields[choice];
		either = tc_either_by_name(*ret_name);
		return tc_field_by_name(either ? either->one : *ret_name,
					strlen(either ? either->one : *ret_name));
	}
	field = tc_field_at(choose(writer, tc_field_count()));
	*ret_name = field->name;
	return field;
}

static const struct tc_field *write_field(struct writer *writer)
{
	const struct tc_field *field = writer->fields[choose(writer, FUZZ_FIELDS)];
	const char *name = field->name;

	if (choose(writer, 4) == 3)
		field = choose_field(writer, &name);
	write_string(writer, name);
	if (field->flags & TC_FIELD_INDEXED && choose(writer, 3) == 0)
		tc_buffer_printf(writer->text, "[%u]", choose(writer, 4));
	return field;
}

/* Any printable bytes, in quotes. */
static void write_quoted(struct writer *writer)
{
	tc_buffer_add_char(writer->text, '\'');
	for (unsigned n = choose(writer, 12); n; n--) {
		char byte = (char)(fuzz_byte(writer->input) & 0x7f);

		if (isprint((unsigned char)byte) && byte != '\'')
			tc_buffer_add_char(writer->text, byte);
	}
	tc_buffer_add_char(writer->text, '\'');
}

/* One of the words of a field whose numbers have some. */
static bool write_word(struct writer *writer, enum tc_show show)
{
	uint64_t number;
	const char *word;

	for (unsigned place = choose(writer, 32);; place /= 2) {
		if (tc_names_at(show, place, &number, &word)) {
			tc_buffer_printf(writer->text, "'%s'", word);
			return true;
		}
		if (!place)
			return false;
	}
}

/* A value as a field of that type would be compared with; now and then another. */
static void write_value(struct writer *writer, enum tc_type type)
{
	unsigned choice = choose(writer, 64);
	const struct tc_field *field = writer->fields[choose(writer, FUZZ_FIELDS)];

	if (choice >= 48 && type == TC_TYPE_STRING && tc_names_has(field->show) &&
	    write_word(writer, field->show))
		return;

	if (choice == 63)
		type = (enum tc_type)choose(writer, TC_TYPE_MAX);
	switch (type) {
	case TC_TYPE_UINT:
	case TC_TYPE_INT:
		write_string(writer, fuzz_numbers[choose(writer, fuzz_n_numbers)]);
		break;
	case TC_TYPE_BOOL:
		write_string(writer, choose(writer, 2) ? "true" : "false");
		break;
	case TC_TYPE_IP:
		write_string(writer, fuzz_addresses[choose(writer, fuzz_n_addresses)]);
		break;
	default:
		if (choice < 4)
			write_quoted(writer);
		else
			tc_buffer_printf(writer->text, "'%s'",
					 fuzz_words[choose(writer, fuzz_n_words)]);
	}
}

static void write_values(struct writer *writer, enum tc_type type)
{
	tc_buffer_add_char(writer->text, '(');
	for (unsigned n = 1 + choose(writer, 5); n; n--) {
		if (choose(writer, 16) == 15 && type == TC_TYPE_STRING)
			write_string(writer, "words");
		else
			write_value(writer, type);
		if (n > 1)
			write_string(writer, ", ");
	}
	tc_buffer_add_char(writer->text, ')');
}

/* What a transformer takes, by its letter in words.def. */
static void write_given(struct writer *writer, char letter)
{
	static const char *const string_fields[] = {"proc.name", "fd.name", "proc.cmdline",
						    "fd.directory", "proc.exepath"};

	if (letter == 'l')
		write_string(writer, "proc.args");
	else if (choose(writer, 8) == 7)
		write_value(writer, TC_TYPE_STRING);
	else if (choose(writer, 8) == 7)
		write_field(writer);
	else
		write_string(writer, string_fields[choose(writer, COUNT(string_fields))]);
}

static enum tc_type write_call(struct writer *writer)
{
	unsigned number = choose(writer, COUNT(transformers));
	const char *takes = transformers[number].takes;
	bool inside = choose(writer, 8) == 7;

	tc_buffer_printf(writer->text, "%s(%s", transformers[number].name,
			 inside ? "tolower(" : "");
	for (size_t i = 0; takes[i] && takes[i] != '+'; i++) {
		if (i)
			write_string(writer, inside && i == 1 ? "), " : ", ");
		write_given(writer, takes[i]);
	}
	write_string(writer, inside && (!takes[1] || takes[1] == '+') ? "))" : ")");
	return strcmp(transformers[number].name, "len") == 0 ? TC_TYPE_UINT : TC_TYPE_STRING;
}

/* A field or what a transformer makes of some; of the latter the type is a guess. */
static enum tc_type write_subject(struct writer *writer)
{
	return choose(writer, 256) >= writer->style->calls ? write_field(writer)->type
							   : write_call(writer);
}

static void write_right(struct writer *writer)
{
	write_string(writer, "val(");
	write_field(writer);
	tc_buffer_add_char(writer->text, ')');
}

static void write_operand(struct writer *writer, unsigned operator, enum tc_type type)
{
	unsigned choice = choose(writer, 16);

	if (choice == 15 && operators[operator].takes == TC_TAKES_ONE) {
		tc_buffer_printf(writer->text, "%s ", modifiers[choose(writer, COUNT(modifiers))]);
		write_values(writer, type);
	} else if (choice == 14 && operators[operator].right) {
		write_right(writer);
	} else if (operators[operator].word[0] == 'b') {
		write_string(writer, choice & 1 ? "'6162'" : "2f");
	} else if (operators[operator].takes == TC_TAKES_SET) {
		write_values(writer, type);
	} else {
		write_value(writer, type);
	}
}

/* Most often of an operator that has a meaning for the type. */
static void write_check(struct writer *writer)
{
	enum tc_type type = write_subject(writer);
	unsigned operator= choose(writer, COUNT(operators));

	for (unsigned i = 0; i < COUNT(operators) && !(operators[operator].types & operates[type]);
	     i++)
		operator=(operator+ 1) % COUNT(operators);
	if (choose(writer, 64) == 63)
		operator= choose(writer, COUNT(operators));
	tc_buffer_printf(writer->text, " %s ", operators[operator].word);
	if (operators[operator].takes != TC_TAKES_NONE)
		write_operand(writer, operator, type);
}

static void write_condition(struct writer *writer, unsigned depth)
{
	unsigned choice = depth < DEPTH_MAX ? choose(writer, 12) : 0;

	switch (choice) {
	case 11:
	case 10:
	case 9:
		tc_buffer_add_char(writer->text, '(');
		write_condition(writer, depth + 1);
		for (unsigned n = choose(writer, 8); n; n--) {
			write_string(writer, choice == 9 ? " and " : " or ");
			write_condition(writer, depth + 1);
		}
		tc_buffer_add_char(writer->text, ')');
		break;
	case 8:
		write_string(writer, "not ");
		write_condition(writer, depth + 1);
		break;
	case 7:
		write_string(writer, "part");
		break;
	default:
		write_check(writer);
	}
}

/* As a double-quoted scalar of YAML. */
static void write_scalar(struct tc_buffer *yaml, const char *key, const struct tc_buffer *text)
{
	tc_buffer_printf(yaml, "  %s: \"", key);
	for (size_t i = 0; i < text->length; i++) {
		if (text->bytes[i] == '"' || text->bytes[i] == '\\')
			tc_buffer_add_char(yaml, '\\');
		tc_buffer_add_char(yaml, text->bytes[i]);
	}
	tc_buffer_add_string(yaml, "\"\n");
}

/* What the rule does: mostly nothing but tell. */
static void write_action(struct writer *writer, struct tc_buffer *yaml)
{
	static const char *const actions[] = {"block", "kill"};
	unsigned choice = choose(writer, 8);

	if (!writer->style->actions || choice >= 4)
		return;
	tc_buffer_printf(yaml, "  action: %s\n  enforcement: best_effort\n", actions[choice & 1]);
	if (!(choice & 1))
		tc_buffer_printf(yaml, "  errno: %u\n", 1 + choose(writer, 100));
}

void fuzz_write_rules(struct fuzz_input *input, const struct fuzz_style *style,
		      struct tc_buffer *yaml, const struct tc_field *ret_fields[FUZZ_FIELDS])
{
	struct tc_buffer text = {0};
	struct writer writer = {.input = input, .style = style, .text = &text};
	const char *name;

	for (unsigned i = 0; i < FUZZ_FIELDS; i++)
		ret_fields[i] = writer.fields[i] = choose_field(&writer, &name);
	tc_buffer_add_string(yaml, "- list: words\n  items: [a, ab, bash, /etc/passwd]\n"
				   "- macro: part\n");
	write_condition(&writer, DEPTH_MAX - 1);
	write_scalar(yaml, "condition", &text);
	for (unsigned i = 0; i < style->rules; i++) {
		tc_buffer_printf(yaml, "- rule: r%u\n  desc: d\n  priority: INFO\n", i);
		write_action(&writer, yaml);
		tc_buffer_reset(&text);
		write_condition(&writer, style->depth);
		write_scalar(yaml, "condition", &text);
		tc_buffer_reset(&text);
		write_string(&writer, "%");
		write_subject(&writer);
		write_scalar(yaml, "output", &text);
	}
	fuzz_need(!tc_buffer_failed(&text) && !tc_buffer_failed(yaml));
	tc_buffer_done(&text);
}

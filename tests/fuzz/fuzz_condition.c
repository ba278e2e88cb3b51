/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Conditions that are put together from fields, operators, transformers and values, as the input
 * says: compiled, explained, and judged by on events that have such values. The verdicts are
 * compared with those of checks that are tested one by one.
 */
#include <ctype.h>
#include <string.h>

#include "fuzz.h"
#include "rules/language/words.h"
#include "told.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define RULES 8
#define EVENTS 6
#define DEPTH_MAX 5
/* Of a rule, so that there are many rather than large ones. */
#define DEPTH_FIRST 2
/* Fields that most checks are of: a matcher is made where many look at one. */
#define FIELDS 3

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

/* Fields of which it shall be often: what most rules ask for. */
static const char *const frequent[] = {
	"proc.name",  "proc.exepath", "proc.args",	   "proc.cmdline", "fd.name",
	"proc.aname", "proc.pname",   "fd.directory",	   "fd.sip",	   "fd.sport",
	"fd.ip",      "fd.net",	      "proc.pid",	   "evt.kind",	   "evt.type",
	"user.name",  "proc.apid",    "fd.filename",	   "user.uid",	   "evt.failed",
	"proc.env",   "fd.typechar",  "evt.is_open_write",
};

struct writer {
	struct fuzz_input *input;
	struct tc_buffer *text;
	const struct tc_field *fields[FIELDS];
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
	unsigned choice = choose(writer, 2 * COUNT(frequent));
	const struct tc_either *either;
	const struct tc_field *field;

	if (choice < COUNT(frequent)) {
		*ret_name = frequent[choice];
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
	const struct tc_field *field = writer->fields[choose(writer, FIELDS)];
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

/* A value as a field of that type would be compared with; now and then another. */
static void write_value(struct writer *writer, enum tc_type type)
{
	unsigned choice = choose(writer, 64);

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
	return choose(writer, 5) < 4 ? write_field(writer)->type : write_call(writer);
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

/* Writes a file of rules; *ret_fields are those that most checks are of. */
static void write_rules(struct fuzz_input *input, struct tc_buffer *yaml,
			const struct tc_field *ret_fields[FIELDS])
{
	struct tc_buffer text = {0};
	struct writer writer = {.input = input, .text = &text};
	const char *name;

	for (unsigned i = 0; i < FIELDS; i++)
		ret_fields[i] = writer.fields[i] = choose_field(&writer, &name);
	tc_buffer_add_string(yaml, "- list: words\n  items: [a, ab, bash, /etc/passwd]\n"
				   "- macro: part\n");
	write_condition(&writer, DEPTH_MAX - 1);
	write_scalar(yaml, "condition", &text);
	for (unsigned i = 0; i < RULES; i++) {
		tc_buffer_printf(yaml, "- rule: r%u\n  desc: d\n  priority: INFO\n", i);
		tc_buffer_reset(&text);
		write_condition(&writer, DEPTH_FIRST);
		write_scalar(yaml, "condition", &text);
		tc_buffer_reset(&text);
		write_string(&writer, "%");
		write_subject(&writer);
		write_scalar(yaml, "output", &text);
	}
	fuzz_need(!tc_buffer_failed(&text) && !tc_buffer_failed(yaml));
	tc_buffer_done(&text);
}

/* Events come from the first bytes, so that a change in a condition leaves them as they are. */
#define EVENT_BYTES 24

static void judge_events(struct tc_ruleset *set, const struct tc_written *written,
			 struct fuzz_input *events, const struct tc_field *const *fields)
{
	static struct fuzz_told told;

	if (!told.event.cache)
		fuzz_told_init(&told);
	for (unsigned i = 0; i < EVENTS; i++) {
		struct tc_event *event = fuzz_told_next(&told, &events[i], fields, FIELDS);

		fuzz_judge(set, event);
		fuzz_explain(set, written, event);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct fuzz_input input = {bytes, size}, events[EVENTS];
	const struct tc_field *fields[FIELDS];
	struct tc_diagnostics diagnostics = {0};
	struct tc_written *written = NULL;
	struct tc_ruleset *set = NULL;
	struct tc_buffer yaml = {0};

	for (unsigned i = 0; i < EVENTS; i++)
		events[i] = fuzz_part(&input, EVENT_BYTES);
	write_rules(&input, &yaml, fields);
	if (getenv("FUZZ_SHOW"))
		fprintf(stderr, "%s", yaml.bytes);
	fuzz_need(tc_ruleset_examine_written_bytes("fuzz.yaml", yaml.bytes, yaml.length,
						   &diagnostics, &set, &written) == 0);
	if (getenv("FUZZ_SHOW"))
		tc_diagnostics_print(&diagnostics, stderr, false);
	fuzz_print(&diagnostics);
	judge_events(set, written, events, fields);
	tc_written_free(written);
	tc_ruleset_free(set);
	tc_diagnostics_done(&diagnostics);
	tc_buffer_done(&yaml);
	return 0;
}

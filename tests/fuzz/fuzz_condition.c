/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Conditions that are put together from fields, operators, transformers and values, as the input
 * says: compiled, explained, and judged by on events that have such values. The verdicts are
 * compared with those of checks that are tested one by one.
 */
#include <ctype.h>
#include <string.h>

#include "fuzz.h"
#include "told.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define RULES 4
#define EVENTS 4
#define DEPTH_MAX 6

static const char *const operators[] = {
#define TC_OPERATOR(name, word, operand, types, right, doc) word,
#include "rules/language/operators.def"
#undef TC_OPERATOR
};

enum { NONE, ONE, SET };
static const int takes[] = {
#define TC_OPERATOR(name, word, operand, types, right, doc) operand,
#include "rules/language/operators.def"
#undef TC_OPERATOR
};

static const char *const transformers[] = {
#define TC_TRANSFORMER(name, takes, gives, doc) #name,
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
};

static unsigned choose(struct writer *writer, size_t n)
{
	return fuzz_below(writer->input, (unsigned)n);
}

static void write_string(struct writer *writer, const char *string)
{
	tc_buffer_add_string(writer->text, string);
}

static const struct tc_field *write_field(struct writer *writer)
{
	const struct tc_field *field;
	unsigned choice = choose(writer, 2 * COUNT(frequent));

	if (choice < COUNT(frequent)) {
		const char *name = frequent[choice];
		const struct tc_either *either = tc_either_by_name(name);

		write_string(writer, name);
		name = either ? either->one : name;
		field = tc_field_by_name(name, strlen(name));
	} else {
		field = tc_field_at(choose(writer, tc_field_count()));
		write_string(writer, field->name);
	}
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
	unsigned choice = choose(writer, 32);

	if (choice == 0)
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
	for (unsigned n = choose(writer, 5); n; n--) {
		if (choose(writer, 16) == 0)
			write_string(writer, "words");
		else
			write_value(writer, type);
		if (n > 1)
			write_string(writer, ", ");
	}
	tc_buffer_add_char(writer->text, ')');
}

/* A field or what a transformer makes of some; the type is a guess. */
static enum tc_type write_subject(struct writer *writer, unsigned depth)
{
	const char *name;

	if (depth == DEPTH_MAX || choose(writer, 4) < 3) {
		return write_field(writer)->type;
	}
	name = transformers[choose(writer, COUNT(transformers))];
	tc_buffer_printf(writer->text, "%s(", name);
	for (unsigned n = choose(writer, 4) ? 1 : choose(writer, 4); n; n--) {
		if (choose(writer, 4) == 0)
			write_value(writer, TC_TYPE_STRING);
		else
			write_subject(writer, depth + 1);
		if (n > 1)
			write_string(writer, ", ");
	}
	/* These take a word beside a list or string. */
	if (strcmp(name, "getopt") == 0 || strcmp(name, "concat") == 0) {
		write_string(writer, ", ");
		write_value(writer, TC_TYPE_STRING);
	}
	tc_buffer_add_char(writer->text, ')');
	return strcmp(name, "len") == 0 ? TC_TYPE_UINT : TC_TYPE_STRING;
}

static void write_operand(struct writer *writer, int operand, enum tc_type type)
{
	unsigned choice = choose(writer, 16);

	if (operand == ONE && choice == 0) {
		tc_buffer_printf(writer->text, "%s ", modifiers[choose(writer, COUNT(modifiers))]);
		write_values(writer, type);
	} else if (choice < 3) {
		write_string(writer, "val(");
		write_field(writer);
		tc_buffer_add_char(writer->text, ')');
	} else if (choice == 3) {
		write_subject(writer, 1);
	} else if (operand == SET) {
		write_values(writer, type);
	} else {
		write_value(writer, type);
	}
}

static void write_check(struct writer *writer)
{
	enum tc_type type = write_subject(writer, 0);
	unsigned operator= choose(writer, COUNT(operators));

	tc_buffer_printf(writer->text, " %s ", operators[operator]);
	if (takes[operator] != NONE)
		write_operand(writer, takes[operator], type);
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

static void write_rules(struct fuzz_input *input, struct tc_buffer *yaml)
{
	struct tc_buffer text = {0};
	struct writer writer = {input, &text};

	tc_buffer_add_string(yaml, "- list: words\n  items: [a, ab, bash, /etc/passwd, 1, 443]\n"
				   "- macro: part\n");
	write_condition(&writer, DEPTH_MAX - 1);
	write_scalar(yaml, "condition", &text);
	for (unsigned i = 0; i < RULES; i++) {
		tc_buffer_printf(yaml, "- rule: r%u\n  desc: d\n  priority: INFO\n", i);
		tc_buffer_reset(&text);
		write_condition(&writer, 0);
		write_scalar(yaml, "condition", &text);
		tc_buffer_reset(&text);
		write_string(&writer, "%");
		write_subject(&writer, 0);
		write_scalar(yaml, "output", &text);
	}
	fuzz_need(!tc_buffer_failed(&text) && !tc_buffer_failed(yaml));
	tc_buffer_done(&text);
}

/* Events come from the first bytes, so that a change in a condition leaves them as they are. */
#define EVENT_BYTES 24

static void judge_events(struct tc_ruleset *set, const struct tc_written *written,
			 struct fuzz_input *events)
{
	static struct fuzz_told told;

	if (!told.event.cache)
		fuzz_told_init(&told);
	for (unsigned i = 0; i < EVENTS; i++) {
		struct tc_event *event = fuzz_told_next(&told, &events[i]);

		fuzz_judge(set, event);
		fuzz_explain(set, written, event);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct fuzz_input input = {bytes, size}, events[EVENTS];
	struct tc_diagnostics diagnostics = {0};
	struct tc_written *written = NULL;
	struct tc_ruleset *set = NULL;
	struct tc_buffer yaml = {0};

	for (unsigned i = 0; i < EVENTS; i++)
		events[i] = fuzz_part(&input, EVENT_BYTES);
	write_rules(&input, &yaml);
	if (getenv("FUZZ_SHOW"))
		fprintf(stderr, "%s", yaml.bytes);
	fuzz_need(tc_ruleset_examine_written_bytes("fuzz.yaml", yaml.bytes, yaml.length,
						   &diagnostics, &set, &written) == 0);
	if (getenv("FUZZ_SHOW"))
		tc_diagnostics_print(&diagnostics, stderr, false);
	fuzz_print(&diagnostics);
	judge_events(set, written, events);
	tc_written_free(written);
	tc_ruleset_free(set);
	tc_diagnostics_done(&diagnostics);
	tc_buffer_done(&yaml);
	return 0;
}

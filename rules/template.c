/* SPDX-License-Identifier: Apache-2.0 */
#include "rules/template.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "agent/value.h"
#include "rules/compile/expression.h"
#include "rules/language/parser.h"

/* Widest column, and most fields, of one template. */
#define WIDTH_MAX 4096
#define FIELDS_MAX 256

/* Text, then a field. */
struct part {
	const char *text;
	uint32_t length;
	uint32_t width; /* 0: as wide as it is */
	int field;	/* in fields; -1 for none */
};

struct tc_template {
	struct part *parts;
	size_t n_parts;
	struct tc_template_field *fields;
	size_t n_fields;
};

struct reader {
	struct tc_lexer lexer;
	struct tc_arena *arena;
	struct tc_diagnostics *diagnostics;
	struct tc_template *template;
	bool faulty;
};

static void refuse(struct reader *reader, size_t start, size_t length, const char *message)
{
	tc_where_report(reader->diagnostics, TC_DIAGNOSTIC_TEMPLATE,
			tc_text_where(reader->lexer.text, start, length), "%s", message);
	reader->faulty = true;
}

/* What is in brackets behind a field that takes an index. NULL and 0 when there is nothing. */
static int read_argument(struct reader *reader, const char *name, size_t start,
			 const char **ret_argument)
{
	const struct tc_field *field = tc_field_by_name(name, strlen(name));
	struct tc_token token;

	*ret_argument = NULL;
	/* Behind other fields a bracket is text; but what is not known may take one. */
	if ((field && field->kinds && !(field->flags & TC_FIELD_INDEXED)) ||
	    !tc_lexer_take(&reader->lexer, '['))
		return 0;
	if (!tc_lexer_argument(&reader->lexer, &token) || !tc_lexer_take(&reader->lexer, ']')) {
		refuse(reader, start, reader->lexer.at - start,
		       "expected a number or a text, and `]`");
		return -EINVAL;
	}
	*ret_argument = tc_arena_copy(reader->arena, reader->lexer.text->buffer.bytes + token.start,
				      token.length);
	return *ret_argument ? 0 : -ENOMEM;
}

/* A field, with its index, as a term. */
static int read_name(struct reader *reader, struct tc_token token, struct tc_term *term)
{
	const char *bytes = reader->lexer.text->buffer.bytes;
	int r;

	term->kind = TC_TERM_FIELD;
	term->text = tc_arena_copy(reader->arena, bytes + token.start, token.length);
	term->length = token.length;
	if (!term->text)
		return -ENOMEM;
	r = read_argument(reader, term->text, token.start, &term->argument);
	term->where =
		tc_text_where(reader->lexer.text, token.start, reader->lexer.at - token.start);
	return r;
}

/* A transformer and what it is given. Behind a mistake in it the rest cannot be told apart. */
static int read_call(struct reader *reader, struct tc_token token, struct tc_term *ret_term)
{
	struct tc_term *term;
	int r = tc_call_parse(&reader->lexer, token, reader->arena, reader->diagnostics, &term);

	if (!r)
		*ret_term = *term;
	else
		reader->lexer.at = reader->lexer.text->buffer.length;
	return r;
}

/* The number of what is named in the template; added when it is new. */
static void add_field(struct reader *reader, const struct tc_template_field *fresh, int *ret_field)
{
	struct tc_template *template = reader->template;

	for (size_t i = 0; i < template->n_fields; i++) {
		const struct tc_template_field *field = &template->fields[i];

		if (field->field == fresh->field && field->index == fresh->index &&
		    (fresh->field || !strcmp(field->name, fresh->name))) {
			*ret_field = (int)i;
			return;
		}
	}
	*ret_field = (int)template->n_fields;
	template->fields[template->n_fields++] = *fresh;
}

/* Makes the expression of a term, and adds it. start: where the term begins. */
static int add_term(struct reader *reader, const struct tc_term *term, size_t start,
		    struct part *part)
{
	struct tc_expression *expression = tc_arena_alloc(reader->arena, sizeof(*expression));
	size_t length = reader->lexer.at - start;
	int r;

	if (!expression)
		return -ENOMEM;
	r = tc_expression_make(term, false, reader->arena, reader->diagnostics, expression);
	if (r)
		return r;
	if (reader->template->n_fields == FIELDS_MAX) {
		refuse(reader, start, length, "too many fields in one output");
		return -EINVAL;
	}
	struct tc_template_field named = {
		.field = expression->field,
		.index = expression->field ? expression->index : -1,
		.name = tc_arena_copy(reader->arena, reader->lexer.text->buffer.bytes + start,
				      length),
		.expression = expression};
	if (!named.name)
		return -ENOMEM;
	add_field(reader, &named, &part->field);
	return 0;
}

static int read_field(struct reader *reader, struct part *part, size_t start)
{
	const char *bytes = reader->lexer.text->buffer.bytes;
	struct tc_term term = {0};
	struct tc_token token;
	int r;

	if (!tc_lexer_name(&reader->lexer, &token)) {
		refuse(reader, start, 1, "`%` must be followed by a field; a percent sign is `%%`");
		return 0;
	}
	/* Behind a field a parenthesis is text. */
	if (tc_lexer_peek(&reader->lexer) == '(' && !memchr(bytes + token.start, '.', token.length))
		r = read_call(reader, token, &term);
	else
		r = read_name(reader, token, &term);
	if (!r)
		r = add_term(reader, &term, token.start, part);
	if (r == -EINVAL)
		reader->faulty = true;
	return r == -ENOMEM ? r : 0;
}

static void read_width(struct reader *reader, struct part *part, size_t start)
{
	unsigned width = 0;

	while (isdigit((unsigned char)tc_lexer_peek(&reader->lexer))) {
		if (width <= WIDTH_MAX)
			width = width * 10 + (unsigned)(tc_lexer_peek(&reader->lexer) - '0');
		reader->lexer.at++;
	}
	if (width > WIDTH_MAX)
		refuse(reader, start, reader->lexer.at - start, "the column is too wide");
	part->width = width;
}

/* Text up to a %, and what follows it. */
static int read_part(struct reader *reader, struct part *part)
{
	const struct tc_buffer *buffer = &reader->lexer.text->buffer;
	const char *start = buffer->bytes + reader->lexer.at, *end = buffer->bytes + buffer->length;
	const char *percent = memchr(start, '%', (size_t)(end - start));
	bool literal = percent && percent + 1 < end && percent[1] == '%';
	size_t length = (size_t)((percent ? percent : end) - start) + literal;

	*part = (struct part){.length = (uint32_t)length, .field = -1};
	part->text = tc_arena_copy(reader->arena, start, length);
	if (!part->text)
		return -ENOMEM;
	reader->lexer.at += length;
	if (!percent)
		return 0;
	reader->lexer.at++;
	if (literal)
		return 0;
	size_t at = reader->lexer.at - 1;
	read_width(reader, part, at);
	return read_field(reader, part, at);
}

int tc_template_parse(const struct tc_text *text, struct tc_arena *arena,
		      struct tc_diagnostics *diagnostics, const struct tc_template **ret_template)
{
	struct tc_template *template = tc_arena_alloc(arena, sizeof(*template));
	struct reader reader = {.lexer = {.text = text},
				.arena = arena,
				.diagnostics = diagnostics,
				.template = template};
	size_t percents = 0;

	for (size_t i = 0; i < text->buffer.length; i++)
		percents += text->buffer.bytes[i] == '%';
	if (!template)
		return -ENOMEM;
	*template = (struct tc_template){0};
	template->parts = tc_arena_alloc(arena, (percents + 1) * sizeof(*template->parts));
	template->fields =
		tc_arena_alloc(arena, (percents < FIELDS_MAX ? percents + 1 : FIELDS_MAX) *
					      sizeof(*template->fields));
	if (!template->parts || !template->fields)
		return -ENOMEM;
	if (tc_lexer_peek(&reader.lexer) == '*')
		reader.lexer.at++;
	while (reader.lexer.at < text->buffer.length) {
		int r = read_part(&reader, &template->parts[template->n_parts++]);

		if (r)
			return r;
	}
	if (reader.faulty)
		return -EINVAL;
	*ret_template = template;
	return 0;
}

/* Cuts or fills what was added since start to width columns; a column is a byte that begins a
 * character. */
static void fit(struct tc_buffer *text, size_t start, uint32_t width)
{
	uint32_t columns = 0;

	for (size_t at = start; at < text->length; at++) {
		if (((unsigned char)text->bytes[at] & 0xc0) == 0x80)
			continue;
		if (columns++ == width) {
			text->length = at;
			text->bytes[at] = '\0';
			return;
		}
	}
	for (; columns < width; columns++)
		tc_buffer_add_char(text, ' ');
}

bool tc_template_field_get(const struct tc_template_field *named, struct tc_event *event,
			   struct tc_value *ret_value)
{
	if (named->field)
		return tc_event_get(event, named->field, named->index, ret_value);
	return tc_expression_get(named->expression, event, ret_value);
}

void tc_template_render(const struct tc_template *output, struct tc_event *event,
			struct tc_buffer *text)
{
	for (size_t i = 0; i < output->n_parts; i++) {
		const struct part *part = &output->parts[i];
		const struct tc_template_field *named;
		struct tc_value value;
		size_t start;

		tc_buffer_add(text, part->text, part->length);
		if (part->field < 0)
			continue;
		named = &output->fields[part->field];
		start = text->length;
		tc_template_field_get(named, event, &value);
		tc_value_print(text, &value, named->field ? named->field->show : TC_SHOW_text);
		if (part->width)
			fit(text, start, part->width);
	}
}

const struct tc_template_field *tc_template_fields(const struct tc_template *output,
						   size_t *ret_count)
{
	*ret_count = output->n_fields;
	return output->fields;
}

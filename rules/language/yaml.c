/* SPDX-License-Identifier: Apache-2.0 */
#include "rules/language/yaml.h"

#include <errno.h>
#include <string.h>
#include <yaml.h>

struct reader {
	yaml_parser_t parser;
	const struct tc_source *source;
	struct tc_arena *arena;
	struct tc_diagnostics *diagnostics;
	struct tc_yaml
		*stack[TC_YAML_DEPTH_MAX]; /* open collections; [0] is the sequence of documents */
	unsigned depth;
	size_t n_nodes;
	bool faulty; /* a mistake that does not end the reading was told */
};

static size_t offset_of(const struct reader *reader, yaml_mark_t mark)
{
	return tc_source_offset(reader->source, mark.line, mark.column);
}

static struct tc_yaml *new_node(struct reader *reader, enum tc_yaml_kind kind, size_t start,
				size_t end)
{
	struct tc_yaml *node = tc_arena_alloc(reader->arena, sizeof(*node));

	if (node)
		*node = (struct tc_yaml){.kind = kind,
					 .source = reader->source,
					 .start = (uint32_t)start,
					 .end = (uint32_t)end};
	return node;
}

static bool same_text(const struct tc_yaml *left, const struct tc_yaml *right)
{
	return left->kind == TC_YAML_SCALAR && right->kind == TC_YAML_SCALAR &&
	       left->length == right->length && !memcmp(left->text, right->text, left->length);
}

/* Told when a key is added, which is when the mapping has an even number of children. */
static void check_key(struct reader *reader, const struct tc_yaml *mapping,
		      const struct tc_yaml *key)
{
	if (key->kind != TC_YAML_SCALAR) {
		tc_where_report(reader->diagnostics, TC_DIAGNOSTIC_YAML_FEATURE, tc_yaml_where(key),
				"a key is a word, not a collection");
		reader->faulty = true;
		return;
	}
	/* No item has more keys than this; a hostile mapping must not cost quadratic time. */
	if (mapping->n_children > 256)
		return;
	for (const struct tc_yaml *other = mapping->first; other; other = other->next->next) {
		if (!same_text(other, key))
			continue;
		unsigned line, column;
		tc_source_position(key->source, other->start, &line, &column);
		struct tc_diagnostic *found =
			tc_where_report(reader->diagnostics, TC_DIAGNOSTIC_YAML_DUPLICATE,
					tc_yaml_where(key), "key `%s` occurs twice", key->text);
		tc_diagnostic_hint(found, "the first one is in line %u", line);
		reader->faulty = true;
		return;
	}
}

static void add_child(struct reader *reader, struct tc_yaml *node)
{
	struct tc_yaml *parent = reader->stack[reader->depth];

	if (parent->kind == TC_YAML_MAPPING && parent->n_children % 2 == 0)
		check_key(reader, parent, node);
	if (parent->last)
		parent->last->next = node;
	else
		parent->first = node;
	parent->last = node;
	parent->n_children++;
}

static int refuse(struct reader *reader, enum tc_diagnostic_kind kind, const yaml_event_t *event,
		  const char *message)
{
	size_t start = offset_of(reader, event->start_mark),
	       end = offset_of(reader, event->end_mark);

	tc_source_report(reader->diagnostics, kind, reader->source, start, end - start, "%s",
			 message);
	return -EINVAL;
}

static int add_scalar(struct reader *reader, const yaml_event_t *event)
{
	static const enum tc_yaml_style styles[] = {
		[YAML_ANY_SCALAR_STYLE] = TC_YAML_PLAIN,
		[YAML_PLAIN_SCALAR_STYLE] = TC_YAML_PLAIN,
		[YAML_SINGLE_QUOTED_SCALAR_STYLE] = TC_YAML_SINGLE_QUOTED,
		[YAML_DOUBLE_QUOTED_SCALAR_STYLE] = TC_YAML_DOUBLE_QUOTED,
		[YAML_LITERAL_SCALAR_STYLE] = TC_YAML_LITERAL,
		[YAML_FOLDED_SCALAR_STYLE] = TC_YAML_FOLDED,
	};
	const char *value = (const char *)event->data.scalar.value;
	size_t length = event->data.scalar.length;

	if (event->data.scalar.tag)
		return refuse(reader, TC_DIAGNOSTIC_YAML_FEATURE, event,
			      "YAML tags are not supported");
	if (memchr(value, '\0', length))
		return refuse(reader, TC_DIAGNOSTIC_YAML_BYTES, event, "a NUL byte in a value");

	struct tc_yaml *node =
		new_node(reader, TC_YAML_SCALAR, offset_of(reader, event->start_mark),
			 offset_of(reader, event->end_mark));
	if (!node)
		return -ENOMEM;
	node->style = styles[event->data.scalar.style];
	node->text = tc_arena_copy(reader->arena, value, length);
	node->length = (uint32_t)length;
	if (!node->text)
		return -ENOMEM;
	add_child(reader, node);
	return 0;
}

static int open_collection(struct reader *reader, const yaml_event_t *event, enum tc_yaml_kind kind)
{
	const yaml_char_t *tag = kind == TC_YAML_MAPPING ? event->data.mapping_start.tag
							 : event->data.sequence_start.tag;

	if (tag)
		return refuse(reader, TC_DIAGNOSTIC_YAML_FEATURE, event,
			      "YAML tags are not supported");
	if (reader->depth + 1 >= TC_YAML_DEPTH_MAX)
		return refuse(reader, TC_DIAGNOSTIC_YAML_DEPTH, event, "nested too deep");

	struct tc_yaml *node = new_node(reader, kind, offset_of(reader, event->start_mark),
					offset_of(reader, event->end_mark));
	if (!node)
		return -ENOMEM;
	add_child(reader, node);
	reader->stack[++reader->depth] = node;
	return 0;
}

static const yaml_char_t *anchor_of(const yaml_event_t *event)
{
	switch (event->type) {
	case YAML_SCALAR_EVENT:
		return event->data.scalar.anchor;
	case YAML_SEQUENCE_START_EVENT:
		return event->data.sequence_start.anchor;
	case YAML_MAPPING_START_EVENT:
		return event->data.mapping_start.anchor;
	case YAML_ALIAS_EVENT:
		return event->data.alias.anchor;
	default:
		return NULL;
	}
}

static int take_event(struct reader *reader, const yaml_event_t *event)
{
	if (anchor_of(event))
		return refuse(reader, TC_DIAGNOSTIC_YAML_FEATURE, event,
			      "YAML anchors and aliases are not supported");
	if (++reader->n_nodes > TC_YAML_NODES_MAX)
		return refuse(reader, TC_DIAGNOSTIC_YAML_SIZE, event,
			      "too many values in one file");

	switch (event->type) {
	case YAML_SCALAR_EVENT:
		return add_scalar(reader, event);
	case YAML_SEQUENCE_START_EVENT:
		return open_collection(reader, event, TC_YAML_SEQUENCE);
	case YAML_MAPPING_START_EVENT:
		return open_collection(reader, event, TC_YAML_MAPPING);
	case YAML_SEQUENCE_END_EVENT:
	case YAML_MAPPING_END_EVENT:
		reader->stack[reader->depth--]->end = (uint32_t)offset_of(reader, event->end_mark);
		return 0;
	default:
		return 0;
	}
}

static int report_bytes(struct reader *reader)
{
	size_t at = reader->parser.problem_offset;

	if (reader->parser.problem_value > 0 ||
	    (at < reader->source->length && !reader->source->text[at]))
		tc_source_report(reader->diagnostics, TC_DIAGNOSTIC_YAML_BYTES, reader->source, at,
				 1, "byte 0x%02x: %s", reader->parser.problem_value,
				 reader->parser.problem);
	else
		tc_source_report(reader->diagnostics, TC_DIAGNOSTIC_YAML_BYTES, reader->source, at,
				 1, "%s", reader->parser.problem);
	return -EINVAL;
}

/* Puts what libyaml says into words, with the mistake behind the most frequent of its messages. */
static int report_syntax(struct reader *reader)
{
	const yaml_parser_t *parser = &reader->parser;
	const char *problem = parser->problem ? parser->problem : "cannot be parsed";
	const struct tc_source *source = reader->source;
	struct tc_diagnostic *found;
	size_t at;

	if (parser->error == YAML_MEMORY_ERROR)
		return -ENOMEM;
	if (parser->error == YAML_READER_ERROR)
		return report_bytes(reader);

	at = offset_of(reader, parser->problem_mark);
	if (at < source->length && source->text[at] == '\t') {
		found = tc_source_report(reader->diagnostics, TC_DIAGNOSTIC_YAML_TAB, source, at, 1,
					 "a tab in the indentation");
		tc_diagnostic_hint(found, "indent with blanks");
		return -EINVAL;
	}
	found = tc_source_report(reader->diagnostics, TC_DIAGNOSTIC_YAML_SYNTAX, source, at, 1,
				 "not valid YAML: %s%s%s", parser->context ? parser->context : "",
				 parser->context ? ": " : "", problem);
	if (strstr(problem, "mapping values are not allowed"))
		tc_diagnostic_hint(found,
				   "put text with `: ` in it in quotes, or check the indentation");
	else if (strstr(problem, "cannot start any token"))
		tc_diagnostic_hint(found, "put text that starts with this character in quotes");
	else if (strstr(problem, "block end") || strstr(problem, "block collection"))
		tc_diagnostic_hint(found,
				   "check the indentation: keys of one item start in one column");
	else if (parser->context_mark.line &&
		 parser->context_mark.line != parser->problem_mark.line)
		tc_diagnostic_hint(found, "what was read began in line %zu",
				   parser->context_mark.line + 1);
	return -EINVAL;
}

static int read_events(struct reader *reader)
{
	yaml_event_t event;
	bool end = false;
	int r = 0;

	while (!end && !r) {
		if (!yaml_parser_parse(&reader->parser, &event))
			return report_syntax(reader);
		end = event.type == YAML_STREAM_END_EVENT;
		r = take_event(reader, &event);
		yaml_event_delete(&event);
	}
	return r;
}

/* After a mistake the last child of a mapping may be a key without its value. */
static void drop_half_pairs(struct reader *reader)
{
	for (; reader->depth; reader->depth--) {
		struct tc_yaml *node = reader->stack[reader->depth], *value;

		if (node->kind != TC_YAML_MAPPING || node->n_children % 2 == 0)
			continue;
		value = new_node(reader, TC_YAML_SCALAR, node->last->start, node->last->end);
		if (value) {
			value->text = "";
			node->last = node->last->next = value;
			node->n_children++;
		} else {
			node->first = node->last = NULL;
			node->n_children = 0;
		}
	}
}

int tc_yaml_read(const struct tc_source *source, struct tc_arena *arena,
		 struct tc_diagnostics *diagnostics, struct tc_yaml **ret_documents)
{
	struct reader reader = {.source = source, .arena = arena, .diagnostics = diagnostics};
	struct tc_yaml *documents = new_node(&reader, TC_YAML_SEQUENCE, 0, source->length);

	if (!documents || !yaml_parser_initialize(&reader.parser))
		return -ENOMEM;
	reader.stack[0] = documents;
	yaml_parser_set_encoding(&reader.parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&reader.parser, (const unsigned char *)source->text,
				     source->length);
	int r = read_events(&reader);
	drop_half_pairs(&reader);
	yaml_parser_delete(&reader.parser);
	if (r == -ENOMEM)
		return r;
	*ret_documents = documents;
	return r || reader.faulty ? -EINVAL : 0;
}

const struct tc_yaml *tc_yaml_get(const struct tc_yaml *mapping, const char *key)
{
	if (mapping->kind != TC_YAML_MAPPING)
		return NULL;
	for (const struct tc_yaml *child = mapping->first; child; child = child->next->next) {
		if (child->kind == TC_YAML_SCALAR && !strcmp(child->text, key))
			return child->next;
	}
	return NULL;
}

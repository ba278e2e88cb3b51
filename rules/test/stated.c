/* SPDX-License-Identifier: Apache-2.0 */
#include "rules/test/stated.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

#include "agent/buffer.h"
#include "agent/nearest.h"
#include "agent/value.h"
#include "rules/compile/field.h"
#include "rules/compile/operand.h"
#include "rules/language/item.h"

/* Most fields that an event may state. */
#define STATEMENTS_MAX 1024

struct reading {
	struct tc_arena *arena;
	struct tc_diagnostics *diagnostics;
	struct tc_stated_event *event;
	bool alert;  /* texts are escaped as alerts escape them */
	bool faulty; /* a mistake was told */
};

bool tc_yaml_is_null(const struct tc_yaml *node)
{
	return node->kind == TC_YAML_SCALAR && node->style == TC_YAML_PLAIN &&
	       (!node->length || !strcmp(node->text, "~") || !strcmp(node->text, "null"));
}

/* --- kinds --- */

static struct tc_diagnostic *report(struct reading *reading, enum tc_diagnostic_kind kind,
				    const struct tc_yaml *node, const char *words, const char *name)
{
	reading->faulty = true;
	return tc_where_report(reading->diagnostics, kind, tc_yaml_where(node), words, name);
}

static const struct tc_kind_info *kind_by_name(struct reading *reading, const struct tc_yaml *node)
{
	const struct tc_kind_info *kind = tc_kind_by_name(node->text ? node->text : "");
	struct tc_nearest nearest = {.word = node->text, .length = node->length};
	struct tc_diagnostic *found;

	if (kind)
		return kind;
	found = report(reading, TC_DIAGNOSTIC_EVENT_KIND, node, "unknown kind of event `%s`",
		       node->text ? node->text : "");
	for (unsigned i = 0; node->text && i < TC_KIND_LIMIT; i++)
		if (tc_kind_info(i))
			tc_nearest_offer(&nearest, tc_kind_info(i)->name);
	if (nearest.best)
		tc_diagnostic_hint(found, "did you mean `%s`?", nearest.best);
	else
		tc_diagnostic_hint(found, "`tocsin fields` prints those there are");
	return NULL;
}

/* The kind that a system call leads to; several need to be told apart by `kind`. */
static const struct tc_kind_info *kind_by_syscall(struct reading *reading,
						  const struct tc_yaml *node)
{
	uint64_t kinds = tc_kinds_of_syscall(node->text ? node->text : "");
	struct tc_buffer names = {0};
	struct tc_diagnostic *found;

	if (kinds == tc_kinds_all()) {
		report(reading, TC_DIAGNOSTIC_EVENT_KIND, node,
		       "no event comes from system call `%s`", node->text ? node->text : "");
		return NULL;
	}
	if (!(kinds & (kinds - 1)))
		return tc_kind_info((uint32_t)__builtin_ctzll(kinds));
	for (unsigned i = 0; i < TC_KIND_LIMIT; i++)
		if (kinds >> i & 1)
			tc_buffer_printf(&names, "%s%s", names.length ? ", " : "",
					 tc_kind_info(i)->name);
	found = report(reading, TC_DIAGNOSTIC_EVENT_KIND, node,
		       "`%s` leads to several kinds of events", node->text);
	tc_diagnostic_hint(found, "say which by `kind`: %s",
			   tc_buffer_failed(&names) ? "" : names.bytes);
	tc_buffer_done(&names);
	return NULL;
}

static const struct tc_kind_info *read_kind(struct reading *reading, const struct tc_yaml *node)
{
	const struct tc_yaml *kind = tc_yaml_get(node, "kind"),
			     *syscall = tc_yaml_get(node, "evt.type");

	if (!kind)
		kind = tc_yaml_get(node, "evt.kind");
	if (kind)
		return kind_by_name(reading, kind);
	if (syscall)
		return kind_by_syscall(reading, syscall);
	tc_diagnostic_hint(report(reading, TC_DIAGNOSTIC_EVENT_KIND, node,
				  "the event does not say its %s", "kind"),
			   "begin with `kind: exec`, or the like");
	return NULL;
}

/* --- values --- */

/*
 * YAML's escapes stand for characters; "\xff" is to be the byte. Writes it where the value has the
 * two bytes of UTF-8 that libyaml made of it.
 */
static char *raw_bytes(struct reading *reading, const struct tc_yaml *node, uint32_t *ret_length)
{
	char *copy = tc_arena_copy(reading->arena, node->text, node->length);
	const char *source = node->source->text;
	uint32_t length = 0;

	for (uint32_t i = 0; copy && i < node->length; i++) {
		unsigned char byte = (unsigned char)node->text[i];
		struct tc_where where = {.node = node, .offset = i, .length = 2};
		size_t at, width;

		copy[length++] = (char)byte;
		if (node->style != TC_YAML_DOUBLE_QUOTED || (byte != 0xc2 && byte != 0xc3))
			continue;
		tc_where_locate(&where, &at, &width);
		if (source[at] == '\\' && source[at + 1] == 'x') {
			copy[length - 1] = (char)((byte & 3) << 6 | (node->text[i + 1] & 0x3f));
			i++;
		}
	}
	if (copy)
		copy[length] = '\0';
	*ret_length = length;
	return copy;
}

static int report_value(struct reading *reading, const struct tc_yaml *node,
			const struct tc_field *field, enum tc_type type, const char *why)
{
	struct tc_diagnostic *found =
		tc_where_report(reading->diagnostics, TC_DIAGNOSTIC_VALUE_TYPE, tc_yaml_where(node),
				"`%s` takes a value of type %s%s%s", field->name,
				tc_type_name(type), why[0] ? ": " : "", why);

	reading->faulty = true;
	if (type == TC_TYPE_LIST && field->flags & TC_FIELD_ANY)
		tc_diagnostic_hint(found, "a list from the process itself on: [x, bash, sshd]");
	else if (type == TC_TYPE_LIST)
		tc_diagnostic_hint(found, "write [a, b]");
	return -EINVAL;
}

/* Of a text in an alert. */
static char *unescaped_bytes(struct reading *reading, const struct tc_yaml *node,
			     uint32_t *ret_length)
{
	__attribute__((cleanup(tc_buffer_done))) struct tc_buffer bytes = {0};

	tc_text_unescape(&bytes, node->text, node->length);
	*ret_length = (uint32_t)bytes.length;
	return tc_buffer_failed(&bytes)
		       ? NULL
		       : tc_arena_copy(reading->arena, bytes.length ? bytes.bytes : "",
				       bytes.length);
}

static int read_bytes(struct reading *reading, const struct tc_yaml *node, enum tc_type type,
		      struct tc_value *ret_value)
{
	uint32_t length;
	const char *bytes = reading->alert ? unescaped_bytes(reading, node, &length)
					   : raw_bytes(reading, node, &length);

	if (!bytes)
		return -ENOMEM;
	*ret_value =
		(struct tc_value){.type = type, .bytes = bytes, .length = length, .size = length};
	return 0;
}

/* Elements with the NUL behind each. */
static int read_list(struct reading *reading, const struct tc_yaml *node,
		     const struct tc_field *field, struct tc_value *ret_value)
{
	__attribute__((cleanup(tc_buffer_done))) struct tc_buffer list = {0};
	struct tc_value element;
	char *bytes;

	if (node->kind != TC_YAML_SEQUENCE)
		return report_value(reading, node, field, TC_TYPE_LIST, "");
	for (const struct tc_yaml *child = node->first; child; child = child->next) {
		if (child->kind != TC_YAML_SCALAR)
			return report_value(reading, child, field, TC_TYPE_LIST, "");
		if (read_bytes(reading, child, TC_TYPE_STRING, &element) < 0)
			return -ENOMEM;
		tc_buffer_add(&list, element.bytes, element.length);
		tc_buffer_add_char(&list, '\0');
	}
	bytes = tc_arena_copy(reading->arena, list.length ? list.bytes : "", list.length);
	if (tc_buffer_failed(&list) || !bytes)
		return -ENOMEM;
	*ret_value = (struct tc_value){.type = TC_TYPE_LIST,
				       .bytes = bytes,
				       .length = (uint32_t)list.length,
				       .size = (uint32_t)list.length};
	return 0;
}

static int read_address(struct reading *reading, const struct tc_yaml *node,
			const struct tc_field *field, struct tc_value *ret_value)
{
	unsigned char bytes[TC_IP_BYTES] = {[10] = 0xff, [11] = 0xff};
	const char *copy;

	if (inet_pton(AF_INET, node->text, bytes + 12) != 1 &&
	    inet_pton(AF_INET6, node->text, bytes) != 1)
		return report_value(reading, node, field, TC_TYPE_IP, "192.0.2.1 or 2001:db8::1");
	copy = tc_arena_copy(reading->arena, bytes, sizeof(bytes));
	if (!copy)
		return -ENOMEM;
	*ret_value = (struct tc_value){
		.type = TC_TYPE_IP, .bytes = copy, .length = TC_IP_BYTES, .size = TC_IP_BYTES};
	return 0;
}

static int read_value(struct reading *reading, const struct tc_yaml *node,
		      const struct tc_field *field, int index, struct tc_value *ret_value)
{
	enum tc_type type = tc_field_type(field, index);

	*ret_value = (struct tc_value){0};
	if (tc_yaml_is_null(node))
		return 0;
	if (type == TC_TYPE_LIST)
		return read_list(reading, node, field, ret_value);
	if (node->kind != TC_YAML_SCALAR)
		return report_value(reading, node, field, type, "");
	switch (type) {
	case TC_TYPE_UINT:
	case TC_TYPE_INT:
		if (tc_number_parse(node->text, type, &ret_value->uint) < 0)
			return report_value(reading, node, field, type, "a whole number");
		break;
	case TC_TYPE_BOOL:
		if (tc_yaml_yes(node, &ret_value->yes) < 0)
			return report_value(reading, node, field, type, "true or false");
		break;
	case TC_TYPE_IP:
		return read_address(reading, node, field, ret_value);
	default:
		return read_bytes(reading, node, TC_TYPE_STRING, ret_value);
	}
	ret_value->type = type;
	return 0;
}

/* --- statements --- */

static int add_statement(struct reading *reading, const struct tc_yaml *key,
			 const struct tc_yaml *value, const struct tc_field *field, int index)
{
	struct tc_stated_event *event = reading->event;
	struct tc_statement *statement = &event->statements[event->n];
	int r;

	if (event->n == STATEMENTS_MAX) {
		tc_where_report(reading->diagnostics, TC_DIAGNOSTIC_EVENT_FIELD, tc_yaml_where(key),
				"an event states at most %d fields", STATEMENTS_MAX);
		return -EINVAL;
	}
	r = read_value(reading, value, field, index, &statement->value);
	if (r < 0)
		return r;
	statement->field = field;
	statement->index = index;
	event->places[event->n++] = key;
	return 0;
}

/*
 * proc.aname: [x, bash] states proc.aname[0] and proc.aname[1]; of one that is ~ nothing is said.
 * In alerts the list begins with the parent, as it does for conditions.
 */
static int add_elements(struct reading *reading, const struct tc_yaml *key,
			const struct tc_yaml *list, const struct tc_field *field)
{
	int index = reading->alert ? 1 : 0, r = 0;

	for (const struct tc_yaml *child = list->first; child && !r; child = child->next, index++)
		if (!tc_yaml_is_null(child))
			r = add_statement(reading, key, child, field, index);
	return r;
}

/* "proc.aname[2]" is a name and what is in brackets. */
static int read_field(struct reading *reading, const struct tc_yaml *key,
		      const struct tc_yaml *value)
{
	char *name = tc_arena_copy(reading->arena, key->text, key->length), *argument;
	const struct tc_field *field;
	bool list = value->kind == TC_YAML_SEQUENCE, elements;
	int index, r;

	if (!name)
		return -ENOMEM;
	argument = strchr(name, '[');
	if (argument && key->text[key->length - 1] == ']') {
		*argument++ = '\0';
		argument[strlen(argument) - 1] = '\0';
	} else {
		argument = NULL;
	}
	field = tc_field_by_name(name, strlen(name));
	/* Alerts hold what transformers make of fields, too, and fields of other versions. */
	if (reading->alert && !field)
		return 0;
	elements = list && !argument && field && field->flags & TC_FIELD_INDEXED &&
		   field->type != TC_TYPE_LIST;
	r = tc_field_resolve(name, elements ? (char *)"0" : argument, tc_yaml_where(key),
			     reading->diagnostics, &field, &index);
	if (r < 0)
		return r;
	return elements ? add_elements(reading, key, value, field)
			: add_statement(reading, key, value, field, index);
}

static bool is_kind_key(const struct tc_yaml *key)
{
	return !strcmp(key->text, "kind") || !strcmp(key->text, "evt.kind");
}

/* Elements of all its sequences, keys and values: more than the statements. */
static size_t count_statements(const struct tc_yaml *node)
{
	size_t n = node->n_children + 1;

	for (const struct tc_yaml *child = node->first; child; child = child->next)
		n += child->n_children;
	return n < STATEMENTS_MAX ? n : STATEMENTS_MAX + 1;
}

/* kind: the mapping that says the kind. */
static int read_event(struct reading *reading, const struct tc_yaml *kind,
		      const struct tc_yaml *node, struct tc_stated_event *ret_event)
{
	struct tc_stated_event event = {.node = node};
	struct tc_arena *arena = reading->arena;
	int r = 0;

	reading->event = &event;
	if (node->kind != TC_YAML_MAPPING) {
		tc_where_report(reading->diagnostics, TC_DIAGNOSTIC_TEST_SHAPE, tc_yaml_where(node),
				"an event is a mapping of `kind` and fields to values");
		return -EINVAL;
	}
	event.statements =
		tc_arena_alloc(arena, count_statements(node) * sizeof(*event.statements));
	event.places = tc_arena_alloc(arena, count_statements(node) * sizeof(*event.places));
	if (!event.statements || !event.places)
		return -ENOMEM;
	event.kind = read_kind(reading, kind);
	for (const struct tc_yaml *key = node->first; key && r != -ENOMEM; key = key->next->next) {
		if (is_kind_key(key))
			continue;
		r = read_field(reading, key, key->next);
		reading->faulty |= r < 0;
	}
	if (r == -ENOMEM || reading->faulty)
		return r == -ENOMEM ? r : -EINVAL;
	*ret_event = event;
	return 0;
}

int tc_stated_event_read(const struct tc_yaml *node, struct tc_arena *arena,
			 struct tc_diagnostics *diagnostics, struct tc_stated_event *ret_event)
{
	struct reading reading = {.arena = arena, .diagnostics = diagnostics};

	return read_event(&reading, node, node, ret_event);
}

int tc_stated_alert_read(const struct tc_yaml *node, struct tc_arena *arena,
			 struct tc_diagnostics *diagnostics, struct tc_stated_event *ret_event)
{
	struct reading reading = {.arena = arena, .diagnostics = diagnostics, .alert = true};
	const struct tc_yaml *fields = tc_yaml_get(node, "output_fields");

	if (!fields) {
		tc_where_report(diagnostics, TC_DIAGNOSTIC_TEST_SHAPE, tc_yaml_where(node),
				"an alert has `output_fields`");
		return -EINVAL;
	}
	return read_event(&reading, node, fields, ret_event);
}

void tc_stated_event_report(const struct tc_stated_event *event,
			    const struct tc_author_fault *fault, struct tc_diagnostics *diagnostics)
{
	const struct tc_yaml *place =
		fault->statement < event->n ? event->places[fault->statement] : event->node;
	struct tc_diagnostic *found = tc_where_report(diagnostics, TC_DIAGNOSTIC_EVENT_FIELD,
						      tc_yaml_where(place), "%s", fault->message);

	if (fault->hint[0])
		tc_diagnostic_hint(found, "%s", fault->hint);
}

int tc_stated_tell(const struct tc_yaml *documents, struct tc_author *author,
		   struct tc_arena *arena, struct tc_diagnostics *diagnostics,
		   struct tc_event **ret_event)
{
	const struct tc_yaml *node = documents->first ? documents->first : documents;
	struct tc_stated_event stated;
	struct tc_author_fault fault;
	int r = tc_yaml_get(node, "output_fields")
			? tc_stated_alert_read(node, arena, diagnostics, &stated)
			: tc_stated_event_read(node, arena, diagnostics, &stated);

	if (r < 0)
		return r;
	r = tc_author_tell(author, stated.kind, stated.statements, stated.n, ret_event, &fault);
	if (r == -EINVAL)
		tc_stated_event_report(&stated, &fault, diagnostics);
	return r;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* tocsin fields: the reference of events and fields, out of the tables of the schema. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/cmd/cmd.h"
#include "agent/cmd/fields.h"
#include "agent/cmd/kinds.h"
#include "agent/schema.h"
#include "output/format/json_writer.h"

static int compare_fields(const void *left, const void *right)
{
	const struct tc_field *const *a = left, *const *b = right;

	return strcmp((*a)->name, (*b)->name);
}

const struct tc_field **tc_fields_sorted(void)
{
	unsigned n = tc_field_count();
	const struct tc_field **fields = calloc(n + 1, sizeof(*fields));

	for (unsigned i = 0; fields && i < n; i++)
		fields[i] = tc_field_at(i);
	if (fields)
		qsort(fields, n, sizeof(*fields), compare_fields);
	return fields;
}

const char *tc_field_type_name(const struct tc_field *field)
{
	if (field->type == TC_TYPE_STRING && field->flags & TC_FIELD_ANY)
		return tc_type_name(TC_TYPE_LIST);
	return tc_type_name(field->type);
}

void tc_field_add_where(struct tc_buffer *text, uint64_t kinds)
{
	uint64_t all = tc_kinds_all();

	if (!kinds) {
		tc_buffer_add_string(text, "never");
	} else if (kinds == all) {
		tc_buffer_add_string(text, "all events");
	} else if (__builtin_popcountll(kinds) * 2 > __builtin_popcountll(all)) {
		tc_buffer_add_string(text, "all but ");
		tc_kinds_add(text, all & ~kinds, ", ");
	} else {
		tc_kinds_add(text, kinds, ", ");
	}
}

void tc_field_add_name(struct tc_buffer *text, const struct tc_field *field)
{
	bool optional = field->flags & TC_FIELD_ANY || field->type == TC_TYPE_LIST;

	tc_buffer_add_string(text, field->name);
	if (field->flags & TC_FIELD_INDEXED)
		tc_buffer_printf(text, "%s[%s]", optional ? ", " : "",
				 field->flags & TC_FIELD_NAMED ? "text" : "n");
}

/* A cell of a Markdown table: a bar would end it. */
static void add_cell(struct tc_buffer *text, const char *words)
{
	for (; *words; words++) {
		if (*words == '|' || *words == '<')
			tc_buffer_add_char(text, '\\');
		tc_buffer_add_char(text, *words);
	}
}

static void markdown_events(struct tc_buffer *text)
{
	const char *family = "";

	tc_buffer_add_string(text,
			     "## Events\n\n`evt.kind` is one of these words; `evt.type` is the "
			     "system call that led to the event.\n");
	for (unsigned kind = 0; kind < TC_KIND_LIMIT; kind++) {
		const struct tc_kind_info *info = tc_kind_info(kind);

		if (!info)
			continue;
		if (strcmp(family, info->family))
			tc_buffer_printf(text,
					 "\n### %s\n\n| event | system calls | |\n|---|---|---|\n",
					 info->family);
		family = info->family;
		tc_buffer_printf(text, "| `%s` | ", info->name);
		add_cell(text, info->syscalls);
		tc_buffer_add_string(text, " | ");
		add_cell(text, info->doc);
		tc_buffer_add_string(text, " |\n");
	}
}

static void markdown_fields(struct tc_buffer *text, const struct tc_field **fields)
{
	const char *group = "";

	tc_buffer_add_string(text, "\n## Fields\n");
	for (; *fields; fields++) {
		const struct tc_field *field = *fields;
		size_t length = strcspn(field->name, ".");

		if (strlen(group) < length || strncmp(group, field->name, length + 1))
			tc_buffer_printf(
				text, "\n### %.*s\n\n| field | type | in | |\n|---|---|---|---|\n",
				(int)length, field->name);
		group = field->name;
		tc_buffer_add_string(text, "| `");
		tc_field_add_name(text, field);
		tc_buffer_printf(text, "` | %s | ", tc_field_type_name(field));
		tc_field_add_where(text, field->kinds);
		tc_buffer_add_string(text, " | ");
		add_cell(text, field->doc);
		tc_buffer_add_string(text, " |\n");
	}
}

static void write_markdown(struct tc_buffer *text, const struct tc_field **fields)
{
	tc_buffer_add_string(text,
			     "# Events and fields\n\nWritten by `tocsin fields --md`.\n\n"
			     "A check on a field that has no value in an event is false.\n\n");
	markdown_events(text);
	markdown_fields(text, fields);
}

static void write_plain(struct tc_buffer *text, const struct tc_field **fields)
{
	tc_buffer_add_string(text, "Events (evt.kind):\n");
	for (unsigned kind = 0; kind < TC_KIND_LIMIT; kind++) {
		const struct tc_kind_info *info = tc_kind_info(kind);

		if (info)
			tc_buffer_printf(text, "  %-16s%s\n", info->name, info->doc);
	}
	tc_buffer_add_string(text, "\nFields:\n");
	for (; *fields; fields++) {
		tc_buffer_add_string(text, "  ");
		tc_field_add_name(text, *fields);
		tc_buffer_printf(text, " (%s; ", tc_field_type_name(*fields));
		tc_field_add_where(text, (*fields)->kinds);
		tc_buffer_printf(text, ")\n      %s\n", (*fields)->doc);
	}
}

static void json_words(struct tc_json *json, const char *words)
{
	tc_json_array_begin(json);
	while (*words) {
		size_t length = strcspn(words, " ");

		if (length)
			tc_json_text(json, words, length);
		words += length + (words[length] == ' ');
	}
	tc_json_array_end(json);
}

static void json_events(struct tc_json *json)
{
	tc_json_key(json, "events");
	tc_json_array_begin(json);
	for (unsigned kind = 0; kind < TC_KIND_LIMIT; kind++) {
		const struct tc_kind_info *info = tc_kind_info(kind);

		if (!info)
			continue;
		tc_json_object_begin(json);
		tc_json_key(json, "name");
		tc_json_string(json, info->name);
		tc_json_key(json, "number");
		tc_json_uint(json, info->kind);
		tc_json_key(json, "family");
		tc_json_string(json, info->family);
		tc_json_key(json, "syscalls");
		json_words(json, info->syscalls);
		tc_json_key(json, "doc");
		tc_json_string(json, info->doc);
		tc_json_object_end(json);
	}
	tc_json_array_end(json);
}

static void json_field(struct tc_json *json, const struct tc_field *field)
{
	tc_json_object_begin(json);
	tc_json_key(json, "name");
	tc_json_string(json, field->name);
	tc_json_key(json, "type");
	tc_json_string(json, tc_field_type_name(field));
	tc_json_key(json, "format");
	tc_json_string(json, tc_show_doc(field->show));
	tc_json_key(json, "indexed");
	tc_json_bool(json, field->flags & TC_FIELD_INDEXED);
	tc_json_key(json, "events");
	tc_kinds_json(json, field->kinds);
	tc_json_key(json, "doc");
	tc_json_string(json, field->doc);
	tc_json_object_end(json);
}

static void write_json(struct tc_buffer *text, const struct tc_field **fields)
{
	_cleanup_json_ struct tc_json json = {.buffer = text};

	tc_json_object_begin(&json);
	tc_json_key(&json, "version");
	tc_json_string(&json, TOCSIN_VERSION);
	json_events(&json);
	tc_json_key(&json, "fields");
	tc_json_array_begin(&json);
	for (; *fields; fields++)
		json_field(&json, *fields);
	tc_json_array_end(&json);
	tc_json_object_end(&json);
	tc_buffer_add_char(text, '\n');
}

int tc_cmd_fields(int argc, char **argv)
{
	_cleanup_buffer_ struct tc_buffer text = {0};
	bool json = false, markdown = false;
	const struct tc_option options[] = {
		{"json", 'j', TC_OPTION_FLAG, NULL, &json, "write one JSON object: events, fields"},
		{"md", 0, TC_OPTION_FLAG, NULL, &markdown, "write Markdown"},
		{0},
	};
	const struct tc_usage usage = {
		.command = "fields",
		.synopsis = "[OPTION]...",
		.doc = "Print the kinds of events, and the fields that rules and outputs can use.",
		.options = options,
	};
	int code = tc_options_parse(&usage, argc, argv, NULL);

	if (code >= 0)
		return code;
	const struct tc_field **fields = tc_fields_sorted();
	if (fields && json)
		write_json(&text, fields);
	else if (fields && markdown)
		write_markdown(&text, fields);
	else if (fields)
		write_plain(&text, fields);
	if (!fields || tc_buffer_failed(&text)) {
		fprintf(stderr, "tocsin: fields: %s\n", strerror(ENOMEM));
		code = TC_EXIT_ENVIRONMENT;
	} else {
		fwrite(text.bytes, 1, text.length, stdout);
		code = TC_EXIT_GOOD;
	}
	free(fields);
	return code;
}

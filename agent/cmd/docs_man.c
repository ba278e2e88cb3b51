/* SPDX-License-Identifier: Apache-2.0 */
/* Lists for manual pages. */
#include <stdlib.h>
#include <string.h>

#include "agent/cmd/docs.h"
#include "agent/cmd/fields.h"
#include "agent/cmd/kinds.h"
#include "agent/cmd/roff.h"
#include "agent/config/keys.h"
#include "agent/schema.h"
#include "output/format/format.h"
#include "output/settings.h"
#include "rules/language/item.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* --- tocsin(8) --- */

static void add_option(struct tc_buffer *text, const struct tc_option *option)
{
	_cleanup_buffer_ struct tc_buffer term = {0};

	if (option->letter)
		tc_buffer_printf(&term, "-%c, ", option->letter);
	tc_buffer_printf(&term, "--%s", option->name);
	tc_roff_item(text, tc_buffer_failed(&term) ? "" : term.bytes, option->value);
	tc_roff_text(text, option->doc);
}

static void add_command(const struct tc_usage *usage, void *context)
{
	struct tc_buffer *text = context;

	tc_buffer_printf(text, ".SS \"tocsin %s\"\n", usage->command);
	tc_roff_text(text, usage->synopsis);
	tc_buffer_add_string(text, ".PP\n");
	tc_roff_text(text, usage->doc);
	for (const struct tc_option *option = usage->options; option && option->name; option++)
		add_option(text, option);
}

void tc_docs_man_commands(struct tc_buffer *text)
{
	tc_docs_each_command(add_command, text);
}

/* --- tocsin.yaml(5) --- */

static void add_key(struct tc_buffer *text, const struct tc_config_key *key)
{
	const struct tc_config_option *option = tc_config_option(key->id);
	_cleanup_buffer_ struct tc_buffer words = {0};

	tc_roff_item(text, key->path, NULL);
	tc_config_describe(key, &words);
	if (key->preset)
		tc_buffer_printf(&words, " The default is `%s`.", key->preset);
	if (option && option->placeholder)
		tc_buffer_printf(&words, " Option: `--%s`.", option->name);
	else if (option)
		tc_buffer_printf(&words, " The option `--%s` stands for `%s`.", option->name,
				 option->word);
	tc_roff_text(text, tc_buffer_failed(&words) ? "" : words.bytes);
}

void tc_docs_man_keys(struct tc_buffer *text)
{
	for (unsigned id = 0; id < TC_CONFIG_MAX; id++)
		add_key(text, tc_config_key(id));
}

static void add_settings(struct tc_buffer *text, const struct tc_output_key *keys)
{
	_cleanup_buffer_ struct tc_buffer formats = {0};

	tc_format_list(&formats, " ");
	for (; keys && keys->name; keys++) {
		/* In the configuration it is the key that the settings stand under. */
		if (strcmp(keys->name, "name") == 0)
			continue;
		const char *words =
			strcmp(keys->name, "format") == 0 ? formats.bytes : keys->values;
		_cleanup_buffer_ struct tc_buffer doc = {0};

		tc_roff_item(text, keys->name, NULL);
		tc_buffer_printf(&doc, "%s%s%s%s", keys->doc, words ? " (" : "", words ? words : "",
				 words ? ")" : "");
		tc_roff_text(text, tc_buffer_failed(&doc) ? "" : doc.bytes);
	}
}

void tc_docs_man_outputs(struct tc_buffer *text)
{
	static const struct {
		const char *name, *doc;
	} outputs[] = {
#define TC_OUTPUT(name, ops, doc) {name, doc},
#include "output/outputs.def"
#undef TC_OUTPUT
	};

	tc_buffer_add_string(text, ".SS \"Every output\"\n");
	add_settings(text, tc_output_common_keys);
	for (size_t i = 0; i < COUNT(outputs); i++) {
		tc_roff_section(text, outputs[i].name);
		tc_roff_text(text, outputs[i].doc);
		add_settings(text, tc_output_named(outputs[i].name)->ops->keys);
	}
}

/* --- tocsin-rules(7) --- */

#define SHAPE_TEXT "text"
#define SHAPE_YES "true or false"
#define SHAPE_TEXTS "a sequence of words"
#define SHAPE_ANY "see above"
#define SHAPE_RATE "N/DURATION, such as 10/1m, a mapping with rate, or none"
#define NEED_OPTIONAL ""
#define NEED_NEEDED "; needed in a new one"
#define NEED_IDLE "; read, and nothing comes of it"

void tc_docs_man_rule_keys(struct tc_buffer *text)
{
	static const struct {
		enum tc_item_kind item;
		enum tc_key key;
		const char *doc;
	} rows[] = {
#define TC_KEY(item, key, shape, changes, need)                                                    \
	{TC_ITEM_##item, TC_KEY_##key, SHAPE_##shape NEED_##need "."},
#include "rules/language/items.def"
	};
	static const enum tc_key names[] = {
#define TC_ITEM(item, key) [TC_ITEM_##item] = TC_KEY_##key,
#include "rules/language/items.def"
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		if (i == 0 || rows[i].item != rows[i - 1].item)
			tc_roff_section(text, tc_key_word(names[rows[i].item]));
		tc_roff_item(text, tc_key_word(rows[i].key), NULL);
		tc_roff_text(text, rows[i].doc);
	}
}

void tc_docs_man_operators(struct tc_buffer *text)
{
	static const struct {
		const char *title, *name, *doc;
	} rows[] = {
#define TC_OPERATOR(name, word, operand, types, right, doc) {"Operators", word, doc},
#include "rules/language/operators.def"
#undef TC_OPERATOR
#define TC_MODIFIER(name, node, doc) {"Between an operator and values", name, doc},
#include "rules/language/words.def"
#define TC_TRANSFORMER(name, takes, gives, doc) {"Transformers", #name "()", doc},
#include "rules/language/words.def"
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		if (i == 0 || strcmp(rows[i].title, rows[i - 1].title) != 0)
			tc_roff_section(text, rows[i].title);
		tc_roff_item(text, rows[i].name, NULL);
		tc_roff_text(text, rows[i].doc);
	}
}

void tc_docs_man_findings(struct tc_buffer *text)
{
	static const struct {
		const char *code, *title, *doc;
	} rows[] = {
#define TC_DIAGNOSTIC(name, code, severity, title, doc) {code, title " (" #severity ")", doc},
#include "rules/diagnostics.def"
#undef TC_DIAGNOSTIC
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		_cleanup_buffer_ struct tc_buffer doc = {0};

		tc_roff_item(text, rows[i].code, NULL);
		tc_buffer_printf(&doc, "%s. %s", rows[i].title, rows[i].doc);
		tc_roff_text(text, tc_buffer_failed(&doc) ? "" : doc.bytes);
	}
}

/* --- tocsin-fields(7) --- */

void tc_docs_man_events(struct tc_buffer *text)
{
	const char *family = "";

	for (unsigned kind = 0; kind < TC_KIND_LIMIT; kind++) {
		const struct tc_kind_info *info = tc_kind_info(kind);

		if (!info)
			continue;
		if (strcmp(family, info->family) != 0)
			tc_roff_section(text, info->family);
		family = info->family;
		tc_roff_item(text, info->name, *info->syscalls ? info->syscalls : NULL);
		tc_roff_text(text, info->doc);
	}
}

static void add_field(struct tc_buffer *text, const struct tc_field *field)
{
	_cleanup_buffer_ struct tc_buffer name = {0}, doc = {0};

	tc_field_add_name(&name, field);
	tc_roff_item(text, tc_buffer_failed(&name) ? "" : name.bytes, tc_field_type_name(field));
	tc_buffer_printf(&doc, "%s In: ", field->doc);
	tc_field_add_where(&doc, field->kinds);
	tc_buffer_add_char(&doc, '.');
	tc_roff_text(text, tc_buffer_failed(&doc) ? "" : doc.bytes);
}

void tc_docs_man_fields(struct tc_buffer *text)
{
	const struct tc_field **fields = tc_fields_sorted();
	const char *group = "";

	for (size_t i = 0; fields && fields[i]; i++) {
		size_t length = strcspn(fields[i]->name, ".");

		if (strlen(group) < length || strncmp(group, fields[i]->name, length + 1) != 0)
			tc_buffer_printf(text, ".SS %.*s\n", (int)length, fields[i]->name);
		group = fields[i]->name;
		add_field(text, fields[i]);
	}
	text->failed = text->failed || !fields;
	free(fields);
}

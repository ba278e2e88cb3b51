/* SPDX-License-Identifier: Apache-2.0 */
#include "rules/language/library.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "agent/nearest.h"
#include "decide.h"
#include "rules/language/parser.h"
#include "rules/language/sigma.h"

#define ENGINE_MAJOR 0
#define ENGINE_MINOR 62

/* Appends a pointer to an array of pointers. 0 or -ENOMEM. */
static int add_pointer(void ***array, size_t *count, void *pointer)
{
	void **more = reallocarray(*array, *count + 1, sizeof(*more));

	if (!more)
		return -ENOMEM;
	*array = more;
	more[(*count)++] = pointer;
	return 0;
}

static void *find(const struct tc_map *names, void *const *array, const char *name, size_t length)
{
	uint32_t at;

	return tc_map_get(names, name, length, &at) ? array[at] : NULL;
}

struct tc_list *tc_library_list(const struct tc_library *library, const char *name, size_t length)
{
	return find(&library->list_names, (void *const *)library->lists, name, length);
}

struct tc_macro *tc_library_macro(const struct tc_library *library, const char *name, size_t length)
{
	return find(&library->macro_names, (void *const *)library->macros, name, length);
}

struct tc_rule_source *tc_library_rule(const struct tc_library *library, const char *name,
				       size_t length)
{
	return find(&library->rule_names, (void *const *)library->rules, name, length);
}

/* Puts a new definition under its name. Takes memory from the heap; freed with the library. */
static int define(struct tc_map *names, void ***array, size_t *count,
		  struct tc_definition *definition)
{
	int r = tc_map_add(names, definition->name, strlen(definition->name), (uint32_t)*count);

	return r ? r : add_pointer(array, count, definition);
}

static void touch(struct tc_library *library, struct tc_definition *definition,
		  const struct tc_yaml *name, bool fresh)
{
	if (fresh)
		definition->index = library->order;
	definition->visibility = library->order++;
	definition->name = name->text;
	definition->where = tc_yaml_where(name);
	definition->source = name->source;
}

static bool is_list_name(const char *name)
{
	return !name[strcspn(name, "()\"' \t\r\n=,")];
}

static bool is_macro_name(const char *name)
{
	if (!isalpha((unsigned char)name[0]))
		return false;
	while (isalnum((unsigned char)*name) || *name == '_')
		name++;
	return !*name;
}

/* Tells that there is nothing of that name to change. */
static void report_undefined(struct tc_library *library, struct tc_item *item,
			     const struct tc_yaml *name, const struct tc_map *names,
			     const char *what)
{
	struct tc_nearest nearest = {.word = name->text, .length = name->length};
	struct tc_diagnostic *found =
		tc_where_report(library->diagnostics, TC_DIAGNOSTIC_UNDEFINED, tc_yaml_where(name),
				"no %s `%s` was defined before", what, name->text);

	for (size_t i = 0; found && i < names->n_entries; i++) {
		if (names->entries[i].key)
			tc_nearest_offer(&nearest, names->entries[i].key);
	}
	if (nearest.best)
		tc_diagnostic_hint(found, "did you mean `%s`?", nearest.best);
	item->faulty = true;
}

/* Of the keys beside `append` those that it speaks of. Others stay what they are, as in Falco. */
static void append_some(struct tc_library *library, struct tc_item *item)
{
	static const enum tc_key keys[] = {TC_KEY_CONDITION, TC_KEY_EXCEPTIONS, TC_KEY_ITEMS};

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		item->changes[keys[i]] = TC_CHANGE_APPEND;
	for (unsigned key = 0; key < TC_KEY_MAX; key++) {
		if (!item->values[key] || !tc_key_changes(item->kind, (enum tc_key)key) ||
		    item->changes[key] == TC_CHANGE_APPEND)
			continue;
		tc_diagnostic_hint(tc_where_report(library->diagnostics, TC_DIAGNOSTIC_APPEND,
						   tc_yaml_where(item->values[key]),
						   "`append` leaves `%s` as it is",
						   tc_key_word((enum tc_key)key)),
				   "change it by `override`");
	}
}

/* Whether the item changes one that is there (append, override) or is one by itself. */
static bool is_change(struct tc_library *library, struct tc_item *item)
{
	const struct tc_yaml *append = item->values[TC_KEY_APPEND];
	bool yes = false;
	struct tc_diagnostic *found;

	if (append)
		tc_yaml_yes(append, &yes);
	if (item->values[TC_KEY_OVERRIDE]) {
		if (yes) {
			tc_where_report(library->diagnostics, TC_DIAGNOSTIC_OVERRIDE,
					tc_yaml_where(append),
					"`append` and `override` exclude each other");
			item->faulty = true;
		}
		return true;
	}
	if (!yes)
		return false;
	found = tc_where_report(library->diagnostics, TC_DIAGNOSTIC_DEPRECATED,
				tc_yaml_where(append), "`append` is deprecated");
	tc_diagnostic_hint(found, "use `override` with `append` for each key");
	append_some(library, item);
	return true;
}

/* A new definition replaces everything. */
static void replace_all(struct tc_item *item)
{
	for (unsigned key = 0; key < TC_KEY_MAX; key++)
		item->changes[key] = TC_CHANGE_REPLACE;
}

static bool changes(const struct tc_item *item, enum tc_key key)
{
	return item->values[key] && item->changes[key] != TC_CHANGE_NONE;
}

static int add_items(struct tc_library *library, struct tc_list *list, struct tc_item *item)
{
	if (item->changes[TC_KEY_ITEMS] == TC_CHANGE_REPLACE) {
		list->items = NULL;
		list->link = &list->items;
	}
	const struct tc_yaml *items = item->values[TC_KEY_ITEMS];
	for (const struct tc_yaml *node = items->first; node; node = node->next) {
		int r = tc_item_parse(node, &library->arena, library->diagnostics, list->link);

		if (r == -ENOMEM)
			return r;
		if (r) {
			*list->link = NULL;
			list->definition.faulty = true;
			continue;
		}
		list->link = &(*list->link)->next;
	}
	return 0;
}

static int read_list(struct tc_library *library, struct tc_item *item)
{
	const struct tc_yaml *name = item->values[TC_KEY_LIST];
	struct tc_list *list = tc_library_list(library, name->text, name->length);
	bool fresh = !list, change = is_change(library, item);

	if (!is_list_name(name->text)) {
		tc_where_report(library->diagnostics, TC_DIAGNOSTIC_NAME, tc_yaml_where(name),
				"`%s` is no name for a list", name->text);
		item->faulty = true;
	}
	if (!change) {
		library->source->n_lists++;
		tc_item_require(item, library->diagnostics);
		replace_all(item);
	} else if (!list) {
		report_undefined(library, item, name, &library->list_names, "list");
	}
	if (fresh) {
		list = calloc(1, sizeof(*list));
		if (!list)
			return -ENOMEM;
		list->link = &list->items;
	}
	touch(library, &list->definition, name, fresh);
	list->definition.faulty |= item->faulty;
	if (fresh && define(&library->list_names, (void ***)&library->lists, &library->n_lists,
			    &list->definition)) {
		free(list);
		return -ENOMEM;
	}
	if (item->faulty || !changes(item, TC_KEY_ITEMS))
		return 0;
	return add_items(library, list, item);
}

static void change_text(const struct tc_item *item, enum tc_key key, struct tc_text *text)
{
	if (!changes(item, key))
		return;
	if (item->changes[key] == TC_CHANGE_REPLACE)
		tc_text_done(text);
	else if (text->n_pieces)
		tc_text_add_words(text, " ", item->values[key]);
	tc_text_add_node(text, item->values[key]);
}

static int read_macro(struct tc_library *library, struct tc_item *item)
{
	const struct tc_yaml *name = item->values[TC_KEY_MACRO];
	struct tc_macro *macro = tc_library_macro(library, name->text, name->length);
	bool fresh = !macro, change = is_change(library, item);

	if (!is_macro_name(name->text)) {
		tc_where_report(library->diagnostics, TC_DIAGNOSTIC_NAME, tc_yaml_where(name),
				"`%s` is no name for a macro", name->text);
		item->faulty = true;
	}
	if (!change) {
		library->source->n_macros++;
		tc_item_require(item, library->diagnostics);
		replace_all(item);
	} else if (!macro) {
		report_undefined(library, item, name, &library->macro_names, "macro");
	}
	if (fresh)
		macro = calloc(1, sizeof(*macro));
	if (!macro)
		return -ENOMEM;
	touch(library, &macro->definition, name, fresh);
	macro->definition.faulty |= item->faulty;
	if (fresh && define(&library->macro_names, (void ***)&library->macros, &library->n_macros,
			    &macro->definition)) {
		free(macro);
		return -ENOMEM;
	}
	if (!item->faulty)
		change_text(item, TC_KEY_CONDITION, &macro->condition);
	return tc_text_failed(&macro->condition) ? -ENOMEM : 0;
}

static void change_yes(const struct tc_item *item, enum tc_key key, bool *yes)
{
	if (changes(item, key))
		tc_yaml_yes(item->values[key], yes);
}

int tc_rule_add_tag(struct tc_rule_source *rule, const struct tc_yaml *tag)
{
	return add_pointer((void ***)&rule->tags, &rule->n_tags, (void *)tag);
}

static int change_tags(struct tc_rule_source *rule, const struct tc_item *item)
{
	if (!changes(item, TC_KEY_TAGS))
		return 0;
	if (item->changes[TC_KEY_TAGS] == TC_CHANGE_REPLACE)
		rule->n_tags = 0;
	for (const struct tc_yaml *tag = item->values[TC_KEY_TAGS]->first; tag; tag = tag->next) {
		if (tc_rule_add_tag(rule, tag))
			return -ENOMEM;
	}
	return 0;
}

static int change_exceptions(struct tc_library *library, struct tc_rule_source *rule,
			     const struct tc_item *item)
{
	if (!changes(item, TC_KEY_EXCEPTIONS))
		return 0;
	if (item->changes[TC_KEY_EXCEPTIONS] == TC_CHANGE_REPLACE)
		tc_exceptions_clear(rule);
	return tc_exceptions_add(rule, item->values[TC_KEY_EXCEPTIONS], library->diagnostics);
}

static int change_priority(struct tc_library *library, struct tc_rule_source *rule,
			   const struct tc_item *item)
{
	const struct tc_yaml *priority = item->values[TC_KEY_PRIORITY];
	struct tc_nearest nearest;
	struct tc_diagnostic *found;

	if (!changes(item, TC_KEY_PRIORITY) || !tc_priority_parse(priority->text, &rule->priority))
		return 0;
	found = tc_where_report(library->diagnostics, TC_DIAGNOSTIC_PRIORITY,
				tc_yaml_where(priority), "unknown priority `%s`", priority->text);
	nearest = (struct tc_nearest){.word = priority->text, .length = priority->length};
	for (unsigned i = 0; i < TC_PRIORITY_MAX; i++)
		tc_nearest_offer(&nearest, tc_priority_name((enum tc_priority)i));
	if (nearest.best)
		tc_diagnostic_hint(found, "did you mean `%s`?", nearest.best);
	else
		tc_diagnostic_hint(found,
				   "one of emergency, alert, critical, error, warning, notice, "
				   "informational, debug");
	return -EINVAL;
}

static int change_scope(struct tc_library *library, struct tc_rule_source *rule,
			const struct tc_item *item)
{
	if (!changes(item, TC_KEY_SCOPE))
		return 0;
	rule->scope = item->values[TC_KEY_SCOPE];
	return tc_scope_check(rule->scope, library->diagnostics);
}

static int change_action(struct tc_library *library, struct tc_rule_source *rule,
			 const struct tc_item *item)
{
	static const struct {
		enum tc_key key;
		int (*set)(struct tc_rule_source *rule, const struct tc_yaml *node,
			   struct tc_diagnostics *diagnostics);
	} rows[] = {{TC_KEY_ACTION, tc_action_set},
		    {TC_KEY_ERRNO, tc_action_set_errno},
		    {TC_KEY_ENFORCEMENT, tc_action_set_enforcement}};
	int r = 0;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (changes(item, rows[i].key))
			r = rows[i].set(rule, item->values[rows[i].key], library->diagnostics) ?: r;
	return r ? r : tc_action_check(rule, library->diagnostics);
}

/* A rule for events that there are none of is left out, as Falco does it. */
static void check_source(struct tc_library *library, struct tc_rule_source *rule,
			 const struct tc_item *item)
{
	const struct tc_yaml *source = item->values[TC_KEY_SOURCE];

	if (!source || !strcmp(source->text, "syscall"))
		return;
	tc_where_report(library->diagnostics, TC_DIAGNOSTIC_SOURCE, tc_yaml_where(source),
			"there are no events of the source `%s`; the rule is skipped",
			source->text);
	rule->skipped = true;
	library->skipped = true;
}

/* Applies what the item says to the rule. 0, -EINVAL (told) or -ENOMEM. */
static int change_rule(struct tc_library *library, struct tc_rule_source *rule,
		       struct tc_item *item)
{
	int r;

	change_text(item, TC_KEY_CONDITION, &rule->condition);
	change_text(item, TC_KEY_OUTPUT, &rule->output);
	change_text(item, TC_KEY_DESC, &rule->description);
	change_yes(item, TC_KEY_ENABLED, &rule->enabled);
	change_yes(item, TC_KEY_WARN_EVTTYPES, &rule->warn_kinds);
	change_yes(item, TC_KEY_SKIP_UNKNOWN, &rule->skip_unknown);
	if (tc_text_failed(&rule->condition) || tc_text_failed(&rule->output) ||
	    tc_text_failed(&rule->description) || change_tags(rule, item))
		return -ENOMEM;
	if (changes(item, TC_KEY_RATE_LIMIT))
		rule->rate_limit = item->values[TC_KEY_RATE_LIMIT];
	r = change_priority(library, rule, item);
	r = change_scope(library, rule, item) ?: r;
	r = change_action(library, rule, item) ?: r;
	check_source(library, rule, item);
	int failed = change_exceptions(library, rule, item);
	return failed ? failed : r;
}

/* - rule: NAME with enabled: and nothing else switches a rule on or off. */
static bool is_switch(struct tc_library *library, struct tc_item *item)
{
	if (item->node->n_children != 4 || !item->values[TC_KEY_ENABLED])
		return false;
	tc_diagnostic_hint(tc_where_report(library->diagnostics, TC_DIAGNOSTIC_DEPRECATED,
					   tc_yaml_where(item->node->first),
					   "`enabled` alone is deprecated"),
			   "add `override: {enabled: replace}`");
	item->changes[TC_KEY_ENABLED] = TC_CHANGE_REPLACE;
	return true;
}

/* Puts a rule that has no name yet under it. Takes the rule. */
static int add_rule(struct tc_library *library, const struct tc_yaml *name,
		    struct tc_rule_source **ret_rule)
{
	struct tc_rule_source *rule = calloc(1, sizeof(*rule));

	if (!rule)
		return -ENOMEM;
	touch(library, &rule->definition, name, true);
	if (define(&library->rule_names, (void ***)&library->rules, &library->n_rules,
		   &rule->definition)) {
		free(rule);
		return -ENOMEM;
	}
	*ret_rule = rule;
	return 0;
}

/* What a definition that replaces another does not say is as in a new one. */
static void reset_rule(struct tc_rule_source *rule)
{
	rule->enabled = true;
	rule->warn_kinds = true;
	rule->skip_unknown = false;
	rule->scope = NULL;
	rule->rate_limit = NULL;
	rule->action = TC_ACTION_ALERT;
	rule->error = EPERM;
	rule->best_effort = false;
	rule->action_at = rule->errno_at = NULL;
	rule->skipped = false;
	rule->id = NULL;
	rule->n_tags = 0;
	tc_exceptions_clear(rule);
}

int tc_library_define_rule(struct tc_library *library, const struct tc_yaml *name,
			   struct tc_rule_source **ret_rule)
{
	struct tc_rule_source *rule = tc_library_rule(library, name->text, name->length);
	int r = 0;

	if (rule)
		touch(library, &rule->definition, name, false);
	else
		r = add_rule(library, name, &rule);
	if (r)
		return r;
	reset_rule(rule);
	tc_text_done(&rule->condition);
	tc_text_done(&rule->output);
	tc_text_done(&rule->description);
	*ret_rule = rule;
	return 0;
}

int tc_library_leave_out(struct tc_library *library, const struct tc_yaml *name, const char *reason)
{
	struct tc_left_out *more = reallocarray(library->left_out, library->n_left_out + 1,
						sizeof(*library->left_out));

	if (!more)
		return -ENOMEM;
	library->left_out = more;
	more[library->n_left_out++] = (struct tc_left_out){name, reason};
	library->skipped = true;
	return 0;
}

static int read_rule(struct tc_library *library, struct tc_item *item)
{
	const struct tc_yaml *name = item->values[TC_KEY_RULE];
	struct tc_rule_source *rule = tc_library_rule(library, name->text, name->length);
	bool change = is_change(library, item) || is_switch(library, item);
	int r = 0;

	if (change && !rule) {
		report_undefined(library, item, name, &library->rule_names, "rule");
	} else if (!change) {
		library->source->n_rules++;
		tc_item_require(item, library->diagnostics);
		replace_all(item);
	}
	if (rule)
		touch(library, &rule->definition, name, false);
	else
		r = add_rule(library, name, &rule);
	if (r)
		return r;
	if (!change)
		reset_rule(rule);
	r = item->faulty ? -EINVAL : change_rule(library, rule, item);
	rule->definition.faulty |= r != 0;
	return r == -ENOMEM ? r : 0;
}

/* x.y.z, or a number alone. */
static bool is_version(const char *text)
{
	unsigned dots = 0, digits = 0;

	for (; *text; text++) {
		if (*text == '.' && digits) {
			dots++;
			digits = 0;
		} else if (isdigit((unsigned char)*text)) {
			digits++;
		} else {
			return digits && dots == 2 && (*text == '-' || *text == '+');
		}
	}
	return digits && (dots == 0 || dots == 2);
}

static bool check_version(struct tc_library *library, const struct tc_yaml *version)
{
	if (version->kind == TC_YAML_SCALAR && is_version(version->text))
		return true;
	tc_where_report(library->diagnostics, TC_DIAGNOSTIC_VERSION, tc_yaml_where(version),
			"expected a version like 1.2.3");
	return false;
}

/* The engine of Falco's whose language this is: that of Falco 0.44. A number alone, n, is 0.n.0. */
static void check_engine(struct tc_library *library, const struct tc_yaml *version)
{
	unsigned long major = 0, minor;
	char *end;

	if (!check_version(library, version))
		return;
	minor = strtoul(version->text, &end, 10);
	if (*end == '.') {
		major = minor;
		minor = strtoul(end + 1, NULL, 10);
	}
	if (major > ENGINE_MAJOR || (major == ENGINE_MAJOR && minor > ENGINE_MINOR))
		tc_where_report(library->diagnostics, TC_DIAGNOSTIC_REQUIREMENT,
				tc_yaml_where(version),
				"the file is for engine %s of Falco, the language here is that of "
				"%d.%d.0",
				version->text, ENGINE_MAJOR, ENGINE_MINOR);
}

/* A plugin, or one that may stand in for it. True when its fields are here without it. */
static bool check_plugin(struct tc_library *library, const struct tc_yaml *plugin)
{
	const struct tc_yaml *name = tc_yaml_get(plugin, "name");
	const struct tc_yaml *version = tc_yaml_get(plugin, "version");

	if (!name || name->kind != TC_YAML_SCALAR || !version) {
		tc_where_report(library->diagnostics, TC_DIAGNOSTIC_KEY_MISSING,
				tc_yaml_where(plugin), "a plugin has a `name` and a `version`");
		return true;
	}
	check_version(library, version);
	return !strcmp(name->text, "container");
}

static void check_plugins(struct tc_library *library, const struct tc_yaml *plugins)
{
	if (plugins->kind != TC_YAML_SEQUENCE) {
		tc_where_report(library->diagnostics, TC_DIAGNOSTIC_KEY_TYPE,
				tc_yaml_where(plugins),
				"expected a sequence of mappings with `name` and `version`");
		return;
	}
	for (const struct tc_yaml *plugin = plugins->first; plugin; plugin = plugin->next) {
		const struct tc_yaml *others = tc_yaml_get(plugin, "alternatives");
		bool here = check_plugin(library, plugin);

		for (const struct tc_yaml *other =
			     others && others->kind == TC_YAML_SEQUENCE ? others->first : NULL;
		     other; other = other->next)
			here |= check_plugin(library, other);
		if (!here)
			tc_where_report(library->diagnostics, TC_DIAGNOSTIC_REQUIREMENT,
					tc_yaml_where(tc_yaml_get(plugin, "name")),
					"there are no plugins here: fields of `%s` have no value",
					tc_yaml_get(plugin, "name")->text);
	}
}

static int read_item(struct tc_library *library, const struct tc_yaml *node)
{
	struct tc_item item;
	static const enum tc_key names[TC_ITEM_MAX] = {
#define TC_ITEM(item, key) [TC_ITEM_##item] = TC_KEY_##key,
#include "rules/language/items.def"
	};

	if (!tc_item_read(node, library->diagnostics, &item))
		return 0;
	const struct tc_yaml *name = item.values[names[item.kind]];
	if (item.kind != TC_ITEM_PLUGINS && (name->kind != TC_YAML_SCALAR || !name->length))
		return 0; /* told */
	switch (item.kind) {
	case TC_ITEM_LIST:
		return read_list(library, &item);
	case TC_ITEM_MACRO:
		return read_macro(library, &item);
	case TC_ITEM_RULE:
		return read_rule(library, &item);
	case TC_ITEM_ENGINE:
		check_engine(library, name);
		return 0;
	case TC_ITEM_PLUGINS:
	default:
		check_plugins(library, name);
		return 0;
	}
}

static void report_document(struct tc_library *library, const struct tc_yaml *document)
{
	struct tc_diagnostic *found =
		tc_where_report(library->diagnostics, TC_DIAGNOSTIC_ITEM_SHAPE,
				tc_yaml_where(document), "a rule file is a sequence of items");

	tc_diagnostic_hint(found, "start each item with `- list:`, `- macro:` or `- rule:`");
}

/* A document that is no sequence of items. cut: a mistake in the YAML ended the reading in it. */
static int read_document(struct tc_library *library, const struct tc_yaml *document, bool cut)
{
	if (!tc_sigma_is(document))
		report_document(library, document);
	else if (!cut)
		return tc_sigma_read(library, document);
	return 0;
}

int tc_library_add(struct tc_library *library, struct tc_source *source)
{
	struct tc_yaml *documents;
	int r = tc_yaml_read(source, &library->arena, library->diagnostics, &documents);

	library->source = source;
	if (r == -ENOMEM)
		return r;
	if (r)
		library->partial = true;
	for (const struct tc_yaml *document = documents->first; document;
	     document = document->next) {
		if (document->kind == TC_YAML_SCALAR && !document->length)
			continue; /* an empty document */
		if (document->kind != TC_YAML_SEQUENCE) {
			int failed = read_document(library, document, r && !document->next);
			if (failed)
				return failed;
			continue;
		}
		for (const struct tc_yaml *node = document->first; node; node = node->next) {
			/* The item at which a mistake in the YAML ended the reading is not whole.
			 */
			if (r && !node->next && !document->next)
				break;
			int failed = read_item(library, node);
			if (failed)
				return failed;
		}
	}
	return 0;
}

void tc_library_done(struct tc_library *library)
{
	for (size_t i = 0; i < library->n_lists; i++)
		free(library->lists[i]);
	for (size_t i = 0; i < library->n_macros; i++) {
		tc_text_done(&library->macros[i]->condition);
		free(library->macros[i]);
	}
	for (size_t i = 0; i < library->n_rules; i++) {
		struct tc_rule_source *rule = library->rules[i];

		tc_text_done(&rule->condition);
		tc_text_done(&rule->output);
		tc_text_done(&rule->description);
		tc_exceptions_clear(rule);
		free(rule->tags);
		free(rule);
	}
	free(library->lists);
	free(library->macros);
	free(library->rules);
	free(library->left_out);
	tc_map_done(&library->list_names);
	tc_map_done(&library->macro_names);
	tc_map_done(&library->rule_names);
	tc_arena_done(&library->arena);
}

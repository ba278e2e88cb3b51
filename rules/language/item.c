/* SPDX-License-Identifier: Apache-2.0 */
#include "rules/language/item.h"

#include <errno.h>
#include <string.h>

#include "agent/nearest.h"
#include "rules/language/words.h"

enum shape { SHAPE_TEXT, SHAPE_YES, SHAPE_TEXTS, SHAPE_ANY, SHAPE_RATE };
enum changes { CHANGES_NONE = 0, CHANGES_APPEND = 1, CHANGES_REPLACE = 2, CHANGES_BOTH = 3 };
enum need { NEED_OPTIONAL, NEED_NEEDED, NEED_IDLE };

static const struct row {
	enum tc_item_kind item;
	enum tc_key key;
	enum shape shape;
	enum changes changes;
	enum need need;
} rows[] = {
#define TC_KEY(item, key, shape, changes, need)                                                    \
	{TC_ITEM_##item, TC_KEY_##key, SHAPE_##shape, CHANGES_##changes, NEED_##need},
#include "rules/language/items.def"
};

static const enum tc_key item_keys[TC_ITEM_MAX] = {
#define TC_ITEM(item, key) TC_KEY_##key,
#include "rules/language/items.def"
};

static const char *const words[TC_KEY_MAX] = {
#define TC_WORD(key, word) word,
#include "rules/language/items.def"
};

/* What a key without effect may say, because it is so anyway. */
static const struct {
	enum tc_key key;
	const char *text;
} defaults[] = {{TC_KEY_CAPTURE, "false"}, {TC_KEY_CAPTURE_DURATION, "0"}};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

const char *tc_key_word(enum tc_key key)
{
	return words[key];
}

int tc_yaml_yes(const struct tc_yaml *node, bool *ret_yes)
{
	static const char *const yes[] = {"true", "True", "TRUE", "yes", "Yes",
					  "YES",  "on",	  "On",	  "ON"};
	static const char *const no[] = {"false", "False", "FALSE", "no", "No",
					 "NO",	  "off",   "Off",   "OFF"};

	for (size_t i = 0; node->kind == TC_YAML_SCALAR && i < COUNT(yes); i++) {
		if (!strcmp(node->text, yes[i]) || !strcmp(node->text, no[i])) {
			*ret_yes = !strcmp(node->text, yes[i]);
			return 0;
		}
	}
	return -EINVAL;
}

static const struct row *find_row(enum tc_item_kind item, const char *word)
{
	for (size_t i = 0; i < COUNT(rows); i++) {
		if (rows[i].item == item && !strcmp(words[rows[i].key], word))
			return &rows[i];
	}
	return NULL;
}

bool tc_key_changes(enum tc_item_kind item, enum tc_key key)
{
	const struct row *row = find_row(item, words[key]);

	return row && row->changes != CHANGES_NONE;
}

static bool has_shape(const struct tc_yaml *node, enum shape shape)
{
	bool yes;

	switch (shape) {
	case SHAPE_TEXT:
		return node->kind == TC_YAML_SCALAR && node->length;
	case SHAPE_YES:
		return !tc_yaml_yes(node, &yes);
	case SHAPE_TEXTS:
		if (node->kind != TC_YAML_SEQUENCE)
			return node->kind == TC_YAML_SCALAR && !node->length &&
			       node->style == TC_YAML_PLAIN;
		for (const struct tc_yaml *child = node->first; child; child = child->next) {
			if (child->kind != TC_YAML_SCALAR)
				return false;
		}
		return true;
	case SHAPE_ANY:
	default:
		return true;
	}
}

static void report_unknown_key(struct tc_item *item, const struct tc_yaml *key,
			       struct tc_diagnostics *diagnostics)
{
	struct tc_nearest nearest = {.word = key->text, .length = key->length};
	struct tc_diagnostic *found = tc_where_report(
		diagnostics, TC_DIAGNOSTIC_KEY_UNKNOWN, tc_yaml_where(key),
		"unknown key `%s` in a %s", key->text, words[item_keys[item->kind]]);

	for (size_t i = 0; i < COUNT(rows); i++) {
		if (rows[i].item == item->kind)
			tc_nearest_offer(&nearest, words[rows[i].key]);
	}
	if (nearest.best)
		tc_diagnostic_hint(found, "did you mean `%s`?", nearest.best);
	item->faulty = true;
}

static bool says_default(enum tc_key key, const struct tc_yaml *value)
{
	bool yes;

	if (!tc_yaml_yes(value, &yes) && !yes)
		return true;
	for (size_t i = 0; i < COUNT(defaults); i++) {
		if (defaults[i].key == key && value->kind == TC_YAML_SCALAR &&
		    !strcmp(defaults[i].text, value->text))
			return true;
	}
	return false;
}

/* Told once for all files. */
static void report_idle(enum tc_key key, const struct tc_yaml *node,
			struct tc_diagnostics *diagnostics)
{
	for (size_t i = 0; i < diagnostics->count; i++) {
		if (diagnostics->items[i].kind == TC_DIAGNOSTIC_NO_EFFECT)
			return;
	}
	tc_where_report(diagnostics, TC_DIAGNOSTIC_NO_EFFECT, tc_yaml_where(node),
			"`%s` has no effect: there are no captures", words[key]);
}

static void read_key(struct tc_item *item, const struct tc_yaml *key, const struct tc_yaml *value,
		     struct tc_diagnostics *diagnostics)
{
	static const char *const shapes[] = {
		[SHAPE_TEXT] = "text that is not empty",
		[SHAPE_YES] = "true or false",
		[SHAPE_TEXTS] = "a sequence of words",
		[SHAPE_ANY] = "",
		[SHAPE_RATE] = "",
	};
	const struct row *row =
		key->kind == TC_YAML_SCALAR ? find_row(item->kind, key->text) : NULL;

	if (!row) {
		if (key->kind == TC_YAML_SCALAR)
			report_unknown_key(item, key, diagnostics);
		item->faulty = true; /* what is no word was told with the YAML */
		return;
	}
	if (!has_shape(value, row->shape)) {
		tc_where_report(
			diagnostics, TC_DIAGNOSTIC_KEY_TYPE,
			tc_yaml_where(value->kind == TC_YAML_SCALAR && value->length ? value : key),
			"`%s` takes %s", words[row->key], shapes[row->shape]);
		item->faulty = true;
	}
	if (row->need == NEED_IDLE && !says_default(row->key, value))
		report_idle(row->key, key, diagnostics);
	item->values[row->key] = value;
}

/* One line of an override: key: append or replace. */
static void read_change(struct tc_item *item, const struct tc_yaml *key, const struct tc_yaml *how,
			struct tc_diagnostics *diagnostics)
{
	const struct row *row =
		key->kind == TC_YAML_SCALAR ? find_row(item->kind, key->text) : NULL;
	const char *word = how->kind == TC_YAML_SCALAR ? how->text : "";
	enum tc_change change = !strcmp(word, "append")	   ? TC_CHANGE_APPEND
				: !strcmp(word, "replace") ? TC_CHANGE_REPLACE
							   : TC_CHANGE_NONE;

	item->faulty = true;
	if (!row || row->changes == CHANGES_NONE) {
		tc_where_report(diagnostics, TC_DIAGNOSTIC_OVERRIDE, tc_yaml_where(key),
				"`%s` cannot be overridden",
				key->kind == TC_YAML_SCALAR ? key->text : "");
	} else if (change == TC_CHANGE_NONE) {
		tc_where_report(diagnostics, TC_DIAGNOSTIC_OVERRIDE, tc_yaml_where(how),
				"expected `append` or `replace`");
	} else if (change == TC_CHANGE_APPEND && !(row->changes & CHANGES_APPEND)) {
		tc_where_report(diagnostics, TC_DIAGNOSTIC_OVERRIDE, tc_yaml_where(how),
				"`%s` can be replaced, not appended to", key->text);
	} else if (!item->values[row->key]) {
		tc_where_report(diagnostics, TC_DIAGNOSTIC_OVERRIDE, tc_yaml_where(key),
				"`%s` is named here, but the item has no such key", key->text);
	} else {
		item->changes[row->key] = change;
		item->faulty = false;
	}
}

static void read_override(struct tc_item *item, struct tc_diagnostics *diagnostics)
{
	const struct tc_yaml *override = item->values[TC_KEY_OVERRIDE];
	bool faulty = item->faulty;

	if (override->kind != TC_YAML_MAPPING) {
		tc_where_report(diagnostics, TC_DIAGNOSTIC_KEY_TYPE, tc_yaml_where(override),
				"`override` takes a mapping of keys to append or replace");
		item->faulty = true;
		return;
	}
	for (const struct tc_yaml *key = override->first; key; key = key->next->next) {
		read_change(item, key, key->next, diagnostics);
		faulty |= item->faulty;
	}
	item->faulty = faulty;
	for (const struct tc_yaml *key = item->node->first; !faulty && key; key = key->next->next) {
		const struct row *row = find_row(item->kind, key->text);

		if (!row || row->key == TC_KEY_OVERRIDE || row->key == item_keys[item->kind])
			continue;
		if (item->changes[row->key] == TC_CHANGE_NONE) {
			tc_where_report(diagnostics, TC_DIAGNOSTIC_OVERRIDE, tc_yaml_where(key),
					"`override` does not say what to do with `%s`", key->text);
			item->faulty = true;
		}
	}
}

static bool report_unknown_item(const struct tc_yaml *node, struct tc_diagnostics *diagnostics)
{
	const struct tc_yaml *key = node->first;
	struct tc_diagnostic *found;

	if (key && key->kind == TC_YAML_SCALAR) {
		struct tc_nearest nearest = {.word = key->text, .length = key->length};

		found = tc_where_report(diagnostics, TC_DIAGNOSTIC_ITEM_UNKNOWN, tc_yaml_where(key),
					"unknown item `%s`", key->text);
		for (size_t i = 0; i < TC_ITEM_MAX; i++)
			tc_nearest_offer(&nearest, words[item_keys[i]]);
		if (nearest.best)
			tc_diagnostic_hint(found, "did you mean `%s`?", nearest.best);
		else
			tc_diagnostic_hint(found, "an item has the key `list`, `macro` or `rule`");
	} else {
		tc_where_report(diagnostics, TC_DIAGNOSTIC_ITEM_UNKNOWN, tc_yaml_where(node),
				"an empty item");
	}
	return false;
}

bool tc_item_read(const struct tc_yaml *node, struct tc_diagnostics *diagnostics,
		  struct tc_item *ret_item)
{
	struct tc_item item = {.kind = TC_ITEM_MAX, .node = node};

	if (node->kind != TC_YAML_MAPPING) {
		tc_where_report(
			diagnostics, TC_DIAGNOSTIC_ITEM_SHAPE, tc_yaml_where(node),
			"an item is a mapping that starts with `list:`, `macro:` or `rule:`");
		return false;
	}
	for (unsigned i = 0; i < TC_ITEM_MAX && item.kind == TC_ITEM_MAX; i++) {
		if (tc_yaml_get(node, words[item_keys[i]]))
			item.kind = (enum tc_item_kind)i;
	}
	if (item.kind == TC_ITEM_MAX)
		return report_unknown_item(node, diagnostics);
	for (const struct tc_yaml *key = node->first; key; key = key->next->next)
		read_key(&item, key, key->next, diagnostics);
	if (item.values[TC_KEY_OVERRIDE])
		read_override(&item, diagnostics);
	*ret_item = item;
	return true;
}

void tc_item_require(struct tc_item *item, struct tc_diagnostics *diagnostics)
{
	for (size_t i = 0; i < COUNT(rows); i++) {
		if (rows[i].item != item->kind || rows[i].need != NEED_NEEDED ||
		    item->values[rows[i].key])
			continue;
		tc_where_report(diagnostics, TC_DIAGNOSTIC_KEY_MISSING,
				tc_yaml_where(item->node->first), "this %s has no `%s`",
				words[item_keys[item->kind]], words[rows[i].key]);
		item->faulty = true;
	}
}

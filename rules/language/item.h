/* SPDX-License-Identifier: Apache-2.0 */
/* An item of a rule file: a mapping whose keys were looked at. */
#ifndef TOCSIN_RULES_LANGUAGE_ITEM_H
#define TOCSIN_RULES_LANGUAGE_ITEM_H

#include "rules/language/yaml.h"

enum tc_item_kind {
#define TC_ITEM(item, key) TC_ITEM_##item,
#include "rules/language/items.def"
	TC_ITEM_MAX,
};

enum tc_key {
#define TC_WORD(key, word) TC_KEY_##key,
#include "rules/language/items.def"
	TC_KEY_MAX,
};

/* What an item does to one that was defined before. */
enum tc_change {
	TC_CHANGE_NONE, /* not told: it stays */
	TC_CHANGE_APPEND,
	TC_CHANGE_REPLACE,
};

struct tc_item {
	enum tc_item_kind kind;
	const struct tc_yaml *node;
	const struct tc_yaml *values[TC_KEY_MAX]; /* NULL: the key is not there */
	enum tc_change changes[TC_KEY_MAX];	  /* as `override` says */
	bool faulty;				  /* a mistake was told */
};

/* Looks at a mapping. False when it is no item, which was told. */
bool tc_item_read(const struct tc_yaml *node, struct tc_diagnostics *diagnostics,
		  struct tc_item *ret_item);
/* Tells which keys a new item lacks. */
void tc_item_require(struct tc_item *item, struct tc_diagnostics *diagnostics);
/* Whether `override` may change a key of such an item. */
bool tc_key_changes(enum tc_item_kind item, enum tc_key key);
/* The word of a key. */
const char *tc_key_word(enum tc_key key);
/* true, yes, on and false, no, off in the spellings of YAML. 0 or -EINVAL. */
int tc_yaml_yes(const struct tc_yaml *node, bool *ret_yes);

#endif

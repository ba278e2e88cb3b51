/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/guard.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "agent/author.h"
#include "agent/log.h"
#include "rules/language/source.h"
#include "rules/test/stated.h"

const struct tc_guard tc_guards[] = {
#define TC_GUARD(name, doc) {name, doc},
#include "agent/guards.def"
};
const size_t tc_n_guards = sizeof(tc_guards) / sizeof(tc_guards[0]);

const struct tc_guard_event tc_guard_events[] = {
#define TC_GUARD_EVENT(guard, what, event) {guard, what, event},
#include "agent/guards.def"
};
const size_t tc_n_guard_events = sizeof(tc_guard_events) / sizeof(tc_guard_events[0]);

/* --- names --- */

#define SEPARATORS " ,"

static bool has_word(const char *words, const char *word)
{
	size_t length = strlen(word);

	for (; words && *words; words += strcspn(words, SEPARATORS)) {
		words += strspn(words, SEPARATORS);
		if (strcspn(words, SEPARATORS) == length && !memcmp(words, word, length))
			return true;
	}
	return false;
}

const char *tc_guards_unknown(const char *words, size_t *ret_length)
{
	for (; words && *words; words += *ret_length) {
		bool known = false;

		words += strspn(words, SEPARATORS);
		*ret_length = strcspn(words, SEPARATORS);
		for (size_t i = 0; i < tc_n_guards; i++)
			known |= strlen(tc_guards[i].name) == *ret_length &&
				 !memcmp(tc_guards[i].name, words, *ret_length);
		if (*ret_length && !known)
			return words;
	}
	return NULL;
}

/* --- events --- */

struct watch {
	struct tc_ruleset *rules;
	struct tc_author *author;
	const struct tc_rule **matches; /* room for all */
	const struct tc_guard_event **hits;
};

/* Told from the text. */
static int tell(struct watch *watch, const struct tc_guard_event *guard, struct tc_arena *arena,
		struct tc_diagnostics *diagnostics, struct tc_event **ret_event)
{
	struct tc_source *source = NULL;
	struct tc_yaml *documents;
	int r = tc_source_from_bytes("a guard", guard->event, strlen(guard->event), &source);

	if (r == 0)
		r = tc_yaml_read(source, arena, diagnostics, &documents);
	if (r == 0)
		r = tc_author_begin(watch->author);
	if (r == 0)
		r = tc_stated_tell(documents, watch->author, arena, diagnostics, ret_event);
	tc_source_free(source);
	return r;
}

static void note(struct watch *watch, const struct tc_guard_event *guard, struct tc_event *event)
{
	size_t n_rules = tc_ruleset_count(watch->rules);
	size_t n = tc_ruleset_judge(watch->rules, event, watch->matches, n_rules);

	for (size_t i = 0; i < n_rules; i++) {
		const struct tc_rule *rule = tc_ruleset_at(watch->rules, i);

		if (rule->action < TC_ACTION_BLOCK || watch->hits[i])
			continue;
		for (size_t match = 0; match < n; match++)
			if (watch->matches[match] == rule)
				watch->hits[i] = guard;
	}
}

static int ask(struct watch *watch, const struct tc_guard_event *guard)
{
	struct tc_diagnostics diagnostics = {0};
	struct tc_arena arena = {0};
	struct tc_event *event;
	int r = tell(watch, guard, &arena, &diagnostics, &event);

	if (r == 0) {
		note(watch, guard, event);
		tc_author_settle(watch->author);
	} else if (r == -EINVAL) {
		tc_error("guard %s: `%s` cannot be told", guard->guard, guard->what);
		tc_diagnostics_print(&diagnostics, stderr, false);
	}
	tc_diagnostics_done(&diagnostics);
	tc_arena_done(&arena);
	return r;
}

static bool any_enforces(const struct tc_ruleset *rules)
{
	for (size_t i = 0; i < tc_ruleset_count(rules); i++)
		if (tc_ruleset_at(rules, i)->action >= TC_ACTION_BLOCK)
			return true;
	return false;
}

int tc_guards_find(struct tc_ruleset *rules, const char *without,
		   const struct tc_guard_event **ret_hits)
{
	struct watch watch = {.rules = rules, .hits = ret_hits};
	int r;

	memset(ret_hits, 0, tc_ruleset_count(rules) * sizeof(*ret_hits));
	if (!any_enforces(rules))
		return 0;
	watch.matches = calloc(tc_ruleset_count(rules), sizeof(*watch.matches));
	r = watch.matches ? tc_author_new(&watch.author) : -ENOMEM;
	for (size_t i = 0; i < tc_n_guard_events && r == 0; i++)
		if (!has_word(without, tc_guard_events[i].guard))
			r = ask(&watch, &tc_guard_events[i]);
	tc_author_free(watch.author);
	free(watch.matches);
	return r;
}

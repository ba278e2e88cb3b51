/* SPDX-License-Identifier: Apache-2.0 */
#include "rules/test/run.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "agent/bracket.h"
#include "agent/nearest.h"
#include "agent/value.h"
#include "rules/explain.h"

int tc_test_bench_init(struct tc_test_bench *bench, struct tc_ruleset *set,
		       const struct tc_written *written, struct tc_author *author,
		       struct tc_diagnostics *diagnostics)
{
	size_t n = tc_ruleset_count(set) + 1;

	*bench = (struct tc_test_bench){
		.set = set, .written = written, .author = author, .diagnostics = diagnostics};
	bench->matches = calloc(n, sizeof(*bench->matches));
	bench->matched = calloc(n, sizeof(*bench->matched));
	bench->covered = calloc(n, sizeof(*bench->covered));
	if (bench->matches && bench->matched && bench->covered)
		return 0;
	tc_test_bench_done(bench);
	return -ENOMEM;
}

void tc_test_bench_done(struct tc_test_bench *bench)
{
	free(bench->matches);
	free(bench->matched);
	free(bench->covered);
	*bench = (struct tc_test_bench){0};
}

/* The place of a rule in the set; -EINVAL, which was told, when it has none of that name. */
static ssize_t find_rule(const struct tc_test_bench *bench, const struct tc_yaml *name)
{
	struct tc_nearest nearest = {.word = name->text, .length = name->length};
	size_t n = tc_ruleset_count(bench->set);
	struct tc_diagnostic *found;

	for (size_t i = 0; i < n; i++)
		if (strcmp(tc_ruleset_at(bench->set, i)->name, name->text) == 0)
			return (ssize_t)i;
	found = tc_where_report(bench->diagnostics, TC_DIAGNOSTIC_TEST_RULE, tc_yaml_where(name),
				"no rule in force is called `%s`", name->text);
	for (size_t i = 0; found && i < n; i++)
		tc_nearest_offer(&nearest, tc_ruleset_at(bench->set, i)->name);
	if (nearest.best)
		tc_diagnostic_hint(found, "did you mean `%s`?", nearest.best);
	return -EINVAL;
}

/* Whether all rules that the names stand for are there; notes that they have a test. */
static bool know_names(struct tc_test_bench *bench, const struct tc_test_names *names,
		       unsigned covered)
{
	bool known = true;

	for (size_t i = 0; i < names->n; i++) {
		ssize_t rule = find_rule(bench, names->items[i]);

		if (rule >= 0)
			bench->covered[rule] |= covered;
		known &= rule >= 0;
	}
	return known;
}

/* --- events --- */

/* Looks at an event that was told. 0 or -ENOMEM. */
typedef int (*witness)(struct tc_test_bench *bench, struct tc_event *event, void *data);

static int judge(struct tc_test_bench *bench, struct tc_event *event, void *data)
{
	size_t max = tc_ruleset_count(bench->set);
	size_t n = tc_ruleset_judge(bench->set, event, bench->matches, max);

	for (size_t i = 0; i < n && i < max; i++)
		bench->matched[bench->matches[i] - tc_ruleset_at(bench->set, 0)] = true;
	return 0;
}

/* 0; -EINVAL when an event cannot be, which was told; -ENOMEM. */
static int tell(struct tc_test_bench *bench, const struct tc_test_events *events, witness look,
		void *data)
{
	for (size_t i = 0; i < events->n; i++) {
		const struct tc_stated_event *stated = &events->items[i];
		struct tc_author_fault fault;
		struct tc_event *event;
		int r = tc_author_tell(bench->author, stated->kind, stated->statements, stated->n,
				       &event, &fault);

		if (r == -EINVAL)
			tc_stated_event_report(stated, &fault, bench->diagnostics);
		if (r == 0 && look)
			r = look(bench, event, data);
		if (r < 0)
			return r;
		tc_author_settle(bench->author);
	}
	return 0;
}

/* All events of a test, those that are judged being looked at. */
static int tell_test(struct tc_test_bench *bench, const struct tc_test *test, witness look,
		     void *data)
{
	int r = tc_author_begin(bench->author);

	if (r == 0)
		r = tell(bench, &test->before, NULL, NULL);
	return r < 0 ? r : tell(bench, &test->events, look, data);
}

/* --- what came of it --- */

static bool is_named(const struct tc_test_names *names, const char *rule)
{
	for (size_t i = 0; i < names->n; i++)
		if (strcmp(names->items[i]->text, rule) == 0)
			return true;
	return false;
}

/* Whether the test says that the rule must match, or that it must not. */
static bool is_wanted(const struct tc_test *test, const char *rule)
{
	return is_named(&test->expect, rule) || is_named(&test->exactly, rule);
}

static bool is_unwanted(const struct tc_test *test, const char *rule)
{
	return is_named(&test->expect_not, rule) ||
	       (test->exactly.list && !is_named(&test->exactly, rule));
}

static void describe_event(const struct tc_stated_event *event, struct tc_buffer *text)
{
	tc_buffer_printf(text, "event: kind=%s", event->kind->name);
	for (size_t i = 0; i < event->n; i++) {
		const struct tc_statement *statement = &event->statements[i];

		tc_buffer_printf(text, " %s", statement->field->name);
		tc_bracket_print(text, statement->index);
		tc_buffer_add_char(text, '=');
		tc_value_print(text, &statement->value, statement->field->show);
	}
	tc_buffer_add_char(text, '\n');
}

static void describe_matches(const struct tc_test_bench *bench, struct tc_buffer *text)
{
	const char *between = "matched: ";

	for (size_t i = 0; i < tc_ruleset_count(bench->set); i++) {
		const char *name = tc_ruleset_at(bench->set, i)->name;

		if (!bench->matched[i])
			continue;
		tc_buffer_add_string(text, between);
		tc_text_escape(text, name, strlen(name));
		between = ", ";
	}
	if (between[0] == 'm')
		tc_buffer_add_string(text, "matched: nothing");
	tc_buffer_add_char(text, '\n');
}

/* What is to be told of a rule that did not do what was expected. */
struct complaint {
	size_t rule;
	bool matched;
	struct tc_buffer *text;
};

/* Why this event made the rule match, or did not. */
static int complain(struct tc_test_bench *bench, struct tc_event *event, void *data)
{
	const struct complaint *complaint = data;
	struct tc_explanation why;
	struct tc_arena arena = {0};
	int r = tc_explain(bench->set, bench->written, complaint->rule, event, &arena, &why);

	if (r == 0 && why.root->holds == complaint->matched) {
		tc_buffer_add_string(complaint->text, "    ");
		tc_explain_reason(&why, complaint->text);
		tc_buffer_add_char(complaint->text, '\n');
	}
	tc_arena_done(&arena);
	return r;
}

static int compare(struct tc_test_bench *bench, const struct tc_test *test, struct tc_buffer *text)
{
	size_t before = text->length;
	int r = 0;

	for (size_t i = 0; i < tc_ruleset_count(bench->set) && r == 0; i++) {
		const char *name = tc_ruleset_at(bench->set, i)->name;
		bool matched = bench->matched[i];
		struct complaint complaint = {.rule = i, .matched = matched, .text = text};

		if (!(matched ? is_unwanted(test, name) : is_wanted(test, name)))
			continue;
		tc_buffer_add_string(text, matched ? "matched, but should not: "
						   : "should match, but did not: ");
		tc_text_escape(text, name, strlen(name));
		tc_buffer_add_char(text, '\n');
		r = tell_test(bench, test, complain, &complaint);
	}
	if (text->length == before || r < 0)
		return r;
	describe_matches(bench, text);
	for (size_t i = 0; i < test->events.n; i++)
		describe_event(&test->events.items[i], text);
	return 0;
}

int tc_test_run(struct tc_test_bench *bench, const struct tc_test *test,
		enum tc_test_result *ret_result, struct tc_buffer *text)
{
	size_t before = text->length;
	bool known = know_names(bench, &test->expect, TC_COVERED_MATCH);
	int r;

	known &= know_names(bench, &test->exactly, TC_COVERED_MATCH);
	known &= know_names(bench, &test->expect_not, TC_COVERED_NO_MATCH);
	*ret_result = TC_TEST_BROKEN;
	if (test->faulty || !known)
		return 0;
	memset(bench->matched, 0, tc_ruleset_count(bench->set) * sizeof(*bench->matched));
	r = tell_test(bench, test, judge, NULL);
	if (r == 0)
		r = compare(bench, test, text);
	if (r < 0)
		return r == -EINVAL ? 0 : r;
	*ret_result = text->length == before ? TC_TEST_PASSED : TC_TEST_FAILED;
	return tc_buffer_failed(text) ? -ENOMEM : 0;
}

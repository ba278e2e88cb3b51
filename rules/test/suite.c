/* SPDX-License-Identifier: Apache-2.0 */
#include "rules/test/suite.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/buffer.h"
#include "agent/nearest.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

struct reading {
	struct tc_suite *suite;
	struct tc_diagnostics *diagnostics;
	struct tc_test *test; /* that is read */
};

/* Reads the value of a key. 0, -EINVAL (told) or -ENOMEM. */
typedef int (*key_reader)(struct reading *reading, const struct tc_yaml *value);

struct key_row {
	const char *word;
	key_reader read;
};

static int refuse(struct reading *reading, enum tc_diagnostic_kind kind, const struct tc_yaml *node,
		  const char *message)
{
	tc_where_report(reading->diagnostics, kind, tc_yaml_where(node), "%s", message);
	return -EINVAL;
}

static int report_key(struct reading *reading, const struct tc_yaml *key, const char *of,
		      const struct key_row *rows, size_t n)
{
	struct tc_nearest nearest = {.word = key->text, .length = key->length};
	struct tc_diagnostic *found =
		tc_where_report(reading->diagnostics, TC_DIAGNOSTIC_KEY_UNKNOWN, tc_yaml_where(key),
				"a %s has no key `%s`", of, key->text);
	struct tc_buffer all = {0};

	for (size_t i = 0; i < n; i++) {
		tc_nearest_offer(&nearest, rows[i].word);
		tc_buffer_printf(&all, "%s%s", i ? ", " : "", rows[i].word);
	}
	if (nearest.best)
		tc_diagnostic_hint(found, "did you mean `%s`?", nearest.best);
	else if (!tc_buffer_failed(&all))
		tc_diagnostic_hint(found, "its keys are %s", all.bytes);
	tc_buffer_done(&all);
	return -EINVAL;
}

/* Reads all keys of a mapping, each by its row; mistakes in one do not hide those in others. */
static int read_keys(struct reading *reading, const struct tc_yaml *node, const char *of,
		     const struct key_row *rows, size_t n)
{
	int result = 0;

	for (const struct tc_yaml *key = node->first; key; key = key->next->next) {
		const struct key_row *row = rows;
		int r;

		while (row < rows + n && strcmp(row->word, key->text) != 0)
			row++;
		r = row < rows + n ? row->read(reading, key->next)
				   : report_key(reading, key, of, rows, n);
		if (r == -ENOMEM)
			return r;
		result = r < 0 ? r : result;
	}
	return result;
}

/* --- a test --- */

static int read_name(struct reading *reading, const struct tc_yaml *value)
{
	if (value->kind != TC_YAML_SCALAR || !value->length)
		return refuse(reading, TC_DIAGNOSTIC_KEY_TYPE, value, "`name` is a line of text");
	reading->test->name = value;
	return 0;
}

static int read_events(struct reading *reading, const struct tc_yaml *value,
		       struct tc_test_events *ret_events)
{
	bool list = value->kind == TC_YAML_SEQUENCE;
	const struct tc_yaml *node = list ? value->first : value;
	struct tc_test_events events = {0};
	int result = 0;

	events.items = tc_arena_alloc(&reading->suite->arena,
				      (value->n_children + 1) * sizeof(*events.items));
	if (!events.items)
		return -ENOMEM;
	for (; node; node = list ? node->next : NULL) {
		int r = tc_stated_event_read(node, &reading->suite->arena, reading->diagnostics,
					     &events.items[events.n]);

		if (r == -ENOMEM)
			return r;
		events.n += r == 0;
		result = r < 0 ? r : result;
	}
	*ret_events = events;
	return result;
}

static int read_before(struct reading *reading, const struct tc_yaml *value)
{
	return read_events(reading, value, &reading->test->before);
}

static int read_judged(struct reading *reading, const struct tc_yaml *value)
{
	if (reading->test->events.items)
		return refuse(reading, TC_DIAGNOSTIC_TEST_SHAPE, value,
			      "a test has `event` or `events`, not both");
	return read_events(reading, value, &reading->test->events);
}

static int read_names(struct reading *reading, const struct tc_yaml *value,
		      struct tc_test_names *ret_names)
{
	bool list = value->kind == TC_YAML_SEQUENCE;
	struct tc_test_names names = {.list = value};

	names.items = tc_arena_alloc(&reading->suite->arena,
				     (value->n_children + 1) * sizeof(*names.items));
	if (!names.items)
		return -ENOMEM;
	for (const struct tc_yaml *node = list ? value->first : value; node;
	     node = list ? node->next : NULL) {
		if (node->kind != TC_YAML_SCALAR || !node->length)
			return refuse(reading, TC_DIAGNOSTIC_KEY_TYPE, node,
				      "here stand names of rules: [A rule, Another rule]");
		names.items[names.n++] = node;
	}
	*ret_names = names;
	return 0;
}

static int read_expect(struct reading *reading, const struct tc_yaml *value)
{
	return read_names(reading, value, &reading->test->expect);
}

static int read_expect_not(struct reading *reading, const struct tc_yaml *value)
{
	return read_names(reading, value, &reading->test->expect_not);
}

static int read_exactly(struct reading *reading, const struct tc_yaml *value)
{
	return read_names(reading, value, &reading->test->exactly);
}

static const struct key_row test_keys[] = {
	{"name", read_name},	   {"before", read_before}, {"event", read_judged},
	{"events", read_judged},   {"expect", read_expect}, {"expect_not", read_expect_not},
	{"exactly", read_exactly},
};

/* What a test that was read lacks. */
static int check_test(struct reading *reading, const struct tc_yaml *node)
{
	const struct tc_test *test = reading->test;

	if (!test->name)
		return refuse(reading, TC_DIAGNOSTIC_KEY_MISSING, node, "this test has no `name`");
	if (!test->events.items)
		return refuse(reading, TC_DIAGNOSTIC_KEY_MISSING, node,
			      "this test has no `event` to judge");
	if (test->exactly.list && (test->expect.list || test->expect_not.list))
		return refuse(reading, TC_DIAGNOSTIC_TEST_SHAPE, test->exactly.list,
			      "`exactly` stands instead of `expect` and `expect_not`");
	if (!test->exactly.list && !test->expect.n && !test->expect_not.n)
		return refuse(reading, TC_DIAGNOSTIC_KEY_MISSING, node,
			      "this test expects nothing: it has no `expect`, `expect_not` or "
			      "`exactly`");
	return 0;
}

static int check_unique(struct reading *reading)
{
	const struct tc_test *test = reading->test;

	for (const struct tc_test *other = reading->suite->tests; test->name && other < test;
	     other++) {
		unsigned line, column;

		if (!other->name || strcmp(other->name->text, test->name->text) != 0)
			continue;
		tc_source_position(test->name->source, other->name->start, &line, &column);
		tc_diagnostic_hint(tc_where_report(reading->diagnostics, TC_DIAGNOSTIC_TEST_NAME,
						   tc_yaml_where(test->name),
						   "another test is called `%s`", test->name->text),
				   "the first one is in line %u", line);
		return -EINVAL;
	}
	return 0;
}

static int read_test(struct reading *reading, const struct tc_yaml *node)
{
	struct tc_suite *suite = reading->suite;
	int r;

	reading->test = &suite->tests[suite->n_tests++];
	*reading->test = (struct tc_test){0};
	if (node->kind != TC_YAML_MAPPING) {
		r = refuse(reading, TC_DIAGNOSTIC_TEST_SHAPE, node,
			   "a test is a mapping with `name`, `event` and `expect`");
	} else {
		r = read_keys(reading, node, "test", test_keys, COUNT(test_keys));
		if (r == 0)
			r = check_test(reading, node);
		if (r == 0)
			r = check_unique(reading);
	}
	reading->test->faulty = r < 0;
	return r;
}

/* --- the file --- */

static int read_tests(struct reading *reading, const struct tc_yaml *value)
{
	int result = 0;

	if (value->kind != TC_YAML_SEQUENCE)
		return refuse(reading, TC_DIAGNOSTIC_KEY_TYPE, value, "`tests` is a list of tests");
	reading->suite->tests = tc_arena_alloc(
		&reading->suite->arena, (value->n_children + 1) * sizeof(*reading->suite->tests));
	if (!reading->suite->tests)
		return -ENOMEM;
	for (const struct tc_yaml *node = value->first; node; node = node->next) {
		int r = read_test(reading, node);

		if (r == -ENOMEM)
			return r;
		result = r < 0 ? r : result;
	}
	return result;
}

/* A path that stands in the file is relative to it. */
static int add_rules(struct tc_suite *suite, const char *path)
{
	const char *file = suite->source->path, *slash = strrchr(file, '/');
	int directory = path[0] == '/' || !slash ? 0 : (int)(slash + 1 - file);
	char *joined;

	if (strcmp(path, ".") == 0 && slash) {
		path = "";
		directory = slash == file ? 1 : directory - 1;
	}
	if (asprintf(&joined, "%.*s%s", directory, file, path) < 0)
		return -ENOMEM;
	suite->rules[suite->n_rules] = tc_arena_copy(&suite->arena, joined, strlen(joined));
	free(joined);
	return suite->rules[suite->n_rules++] ? 0 : -ENOMEM;
}

static int read_rules(struct reading *reading, const struct tc_yaml *value)
{
	struct tc_suite *suite = reading->suite;
	struct tc_test_names names;
	int r = 0;

	if (value->kind == TC_YAML_MAPPING)
		return refuse(reading, TC_DIAGNOSTIC_KEY_TYPE, value,
			      "`rules` is a path or a list of paths");
	r = read_names(reading, value, &names);
	suite->rules = tc_arena_alloc(&suite->arena, (names.n + 1) * sizeof(*suite->rules));
	if (r == 0 && !suite->rules)
		r = -ENOMEM;
	for (size_t i = 0; i < names.n && r == 0; i++)
		r = add_rules(suite, names.items[i]->text);
	return r;
}

static const struct key_row file_keys[] = {{"rules", read_rules}, {"tests", read_tests}};

static int read_file(struct reading *reading, const struct tc_yaml *documents)
{
	struct tc_suite *suite = reading->suite;
	const struct tc_yaml *root = documents->first;
	int r;

	if (!root || root->next || root->kind != TC_YAML_MAPPING) {
		r = refuse(reading, TC_DIAGNOSTIC_TEST_SHAPE,
			   root && root->next ? root->next
			   : root	      ? root
					      : documents,
			   "a file of tests is one mapping with `tests`, and `rules` if they are "
			   "not in its directory");
		return r;
	}
	r = read_keys(reading, root, "file of tests", file_keys, COUNT(file_keys));
	if (r != -ENOMEM && !tc_yaml_get(root, "tests"))
		r = refuse(reading, TC_DIAGNOSTIC_KEY_MISSING, root, "the file has no `tests`");
	if (r == -ENOMEM || suite->rules)
		return r;
	suite->rules = tc_arena_alloc(&suite->arena, sizeof(*suite->rules));
	return suite->rules ? add_rules(suite, ".") : -ENOMEM;
}

int tc_suite_read(const struct tc_source *source, struct tc_diagnostics *diagnostics,
		  struct tc_suite *ret_suite)
{
	struct tc_suite suite = {.source = source};
	struct reading reading = {.suite = &suite, .diagnostics = diagnostics};
	struct tc_yaml *documents;
	int r = tc_yaml_read(source, &suite.arena, diagnostics, &documents);

	if (r == 0)
		r = read_file(&reading, documents);
	if (r == -ENOMEM) {
		tc_suite_done(&suite);
		return r;
	}
	*ret_suite = suite;
	return 0;
}

void tc_suite_done(struct tc_suite *suite)
{
	tc_arena_done(&suite->arena);
	*suite = (struct tc_suite){0};
}

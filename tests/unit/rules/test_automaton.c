/* SPDX-License-Identifier: Apache-2.0 */
/* Many patterns in one pass: against one by one, and within its bounds. */
#include "fixture.h"

#include "rules/compile/automaton.h"

#define PATTERNS_MAX 64

struct found {
	unsigned counts[PATTERNS_MAX];
};

static void note(void *context, uint32_t owner)
{
	((struct found *)context)->counts[owner]++;
}

static struct tc_automaton *make(enum tc_anchor anchor, bool fold, const char *const *words,
				 size_t n)
{
	struct tc_pattern patterns[PATTERNS_MAX];
	struct tc_automaton *automaton;

	for (size_t i = 0; i < n; i++)
		patterns[i] =
			(struct tc_pattern){words[i], (uint32_t)strlen(words[i]), (uint32_t)i};
	assert_int_equal(
		tc_automaton_new(anchor, fold, patterns, n, tc_automaton_limit(n), &automaton), 0);
	return automaton;
}

/* The owners that are found, as bits. */
static uint64_t run(struct tc_automaton *automaton, const char *text)
{
	struct found found = {0};
	uint64_t bits = 0;

	tc_automaton_next(automaton);
	tc_automaton_run(automaton, text, strlen(text), note, &found);
	for (unsigned i = 0; i < PATTERNS_MAX; i++)
		bits |= (uint64_t)(found.counts[i] != 0) << i;
	return bits;
}

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void floating_patterns_are_found_in_each_other(void **state)
{
	static const char *const words[] = {"he", "she", "his", "hers", "e"};
	struct tc_automaton *automaton = make(TC_ANCHOR_FLOATING, false, words, COUNT(words));

	assert_int_equal(run(automaton, "ushers"), 1 << 0 | 1 << 1 | 1 << 3 | 1 << 4);
	assert_int_equal(run(automaton, "USHERS"), 0);
	assert_int_equal(run(automaton, "hi\0s"), 0);
	assert_int_equal(run(automaton, ""), 0);
	tc_automaton_free(automaton);
}

static void both_cases_are_found_when_folded(void **state)
{
	static const char *const words[] = {"He", "\xc3\x89x"};
	struct tc_automaton *automaton = make(TC_ANCHOR_FLOATING, true, words, COUNT(words));

	assert_int_equal(run(automaton, "THE"), 1);
	assert_int_equal(run(automaton, "\xc3\x89X"), 2);
	assert_int_equal(run(automaton, "\xc3\xa9X"), 0);
	tc_automaton_free(automaton);
}

static void anchored_patterns_are_found_where_they_are_anchored(void **state)
{
	static const char *const words[] = {"/etc", "/etc/ssh", "/e"};
	struct tc_automaton *head = make(TC_ANCHOR_HEAD, false, words, COUNT(words));
	struct tc_automaton *tail = make(TC_ANCHOR_TAIL, false, words, COUNT(words));

	assert_int_equal(run(head, "/etc/ssl"), 1 << 0 | 1 << 2);
	assert_int_equal(run(head, "x/etc"), 0);
	assert_int_equal(run(tail, "/x/etc"), 1 << 0);
	assert_int_equal(run(tail, "/x/etc/ssh/"), 0);
	tc_automaton_free(head);
	tc_automaton_free(tail);
}

static void paths_are_read_by_component(void **state)
{
	static const char *const words[] = {"etc/", "etc/ssh/"};
	struct tc_automaton *automaton = make(TC_ANCHOR_PATH, false, words, COUNT(words));

	assert_int_equal(run(automaton, "/etc"), 1 << 0);
	assert_int_equal(run(automaton, "//etc///ssh"), 1 << 0 | 1 << 1);
	assert_int_equal(run(automaton, "etc/ssh/x"), 1 << 0 | 1 << 1);
	assert_int_equal(run(automaton, "/etcetera"), 0);
	assert_int_equal(run(automaton, "/"), 0);
	tc_automaton_free(automaton);
}

static void all_bytes_may_be_in_patterns(void **state)
{
	struct tc_pattern patterns[256];
	char bytes[256];
	struct tc_automaton *automaton;
	struct found found;

	for (unsigned i = 0; i < 256; i++) {
		bytes[i] = (char)i;
		patterns[i] = (struct tc_pattern){&bytes[i], 1, i % PATTERNS_MAX};
	}
	assert_int_equal(tc_automaton_new(TC_ANCHOR_FLOATING, false, patterns, 256,
					  tc_automaton_limit(256), &automaton),
			 0);
	for (unsigned i = 0; i < 256; i++) {
		found = (struct found){0};
		tc_automaton_next(automaton);
		tc_automaton_run(automaton, &bytes[i], 1, note, &found);
		for (unsigned owner = 0; owner < PATTERNS_MAX; owner++)
			assert_int_equal(found.counts[owner], owner == i % PATTERNS_MAX);
	}
	tc_automaton_free(automaton);
}

/* "aaa..." of all lengths: each is an end of all that are longer. */
static void ends_of_ends_are_told_once(void **state)
{
	static char text[5000];
	struct tc_pattern patterns[PATTERNS_MAX];
	struct tc_automaton *automaton;
	struct found found = {0};

	memset(text, 'a', sizeof(text));
	for (uint32_t i = 0; i < PATTERNS_MAX; i++)
		patterns[i] = (struct tc_pattern){text, i + 1, i};
	assert_int_equal(tc_automaton_new(TC_ANCHOR_FLOATING, false, patterns, PATTERNS_MAX,
					  tc_automaton_limit(PATTERNS_MAX), &automaton),
			 0);
	tc_automaton_next(automaton);
	tc_automaton_run(automaton, text, sizeof(text), note, &found);
	for (unsigned i = 0; i < PATTERNS_MAX; i++)
		assert_int_equal(found.counts[i], 1);
	tc_automaton_free(automaton);
}

/* What does not fit is shortened: more may be found than is there, never less. */
static void patterns_beyond_the_limit_are_shortened(void **state)
{
	enum { N = 3000, LENGTH = 400 };
	char *bytes = malloc((size_t)N * LENGTH);
	struct tc_pattern *patterns = calloc(N, sizeof(*patterns));
	struct tc_automaton *automaton;
	struct tc_automaton_counts counts;

	assert_non_null(bytes);
	assert_non_null(patterns);
	for (uint32_t i = 0, random = 1; i < N; i++) {
		for (uint32_t at = 0; at < LENGTH; at++) {
			random = random * 1103515245 + 12345;
			bytes[i * LENGTH + at] = (char)(random >> 16);
		}
		patterns[i] = (struct tc_pattern){bytes + i * LENGTH, LENGTH, i % PATTERNS_MAX};
	}
	for (enum tc_anchor anchor = 0; anchor < TC_ANCHOR_MAX; anchor++) {
		if (anchor == TC_ANCHOR_PATH)
			continue;
		assert_int_equal(tc_automaton_new(anchor, false, patterns, N, 1 << 20, &automaton),
				 0);
		counts = tc_automaton_counts(automaton);
		assert_true(counts.depth < LENGTH);
		assert_true(counts.states * counts.classes * sizeof(uint32_t) <= 1 << 20);
		for (uint32_t i = 0; i < N; i++) {
			struct found found = {0};

			tc_automaton_next(automaton);
			tc_automaton_run(automaton, patterns[i].bytes, LENGTH, note, &found);
			assert_true(found.counts[patterns[i].owner]);
		}
		tc_automaton_free(automaton);
	}
	free(bytes);
	free(patterns);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(floating_patterns_are_found_in_each_other),
		cmocka_unit_test(both_cases_are_found_when_folded),
		cmocka_unit_test(anchored_patterns_are_found_where_they_are_anchored),
		cmocka_unit_test(paths_are_read_by_component),
		cmocka_unit_test(all_bytes_may_be_in_patterns),
		cmocka_unit_test(ends_of_ends_are_told_once),
		cmocka_unit_test(patterns_beyond_the_limit_are_shortened),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "fixture.h"

#include <fnmatch.h>
#include <time.h>

#include "rules/compile/test.h"

static bool matches(const char *pattern, const char *text)
{
	return tc_glob(pattern, strlen(pattern), text, strlen(text), false);
}

static void star_crosses_slashes(void **state)
{
	assert_true(matches("/etc/*", "/etc/ssh/sshd_config"));
	assert_true(matches("*", ""));
	assert_true(matches("*.conf", ".conf"));
	assert_false(matches("/etc/*", "/etc"));
}

static void sets_have_ranges_classes_and_inversion(void **state)
{
	assert_true(matches("[a-c]x", "bx"));
	assert_false(matches("[!a-c]x", "bx"));
	assert_true(matches("[^a-c]x", "dx"));
	assert_true(matches("[]]", "]"));
	assert_true(matches("[a-]", "-"));
	assert_true(matches("[[:digit:]][[:alpha:]]", "7z"));
	assert_true(matches("[\\]]", "]"));
	assert_true(matches("[abc", "[abc"));
}

static void case_is_folded_when_asked(void **state)
{
	assert_true(tc_glob("A[b-d]*", 7, "aCz", 3, true));
	assert_false(tc_glob("A[b-d]*", 7, "aCz", 3, false));
	assert_true(tc_glob("[[:upper:]]", 11, "a", 1, true));
}

static void bytes_need_not_be_text(void **state)
{
	assert_true(tc_glob("a?b", 3, "a\0b", 3, false));
	assert_true(tc_glob("*\xff", 2, "\xfe\xff", 2, false));
}

static void stars_do_not_multiply_the_time(void **state)
{
	char pattern[200], text[4096];
	clock_t start = clock();

	for (size_t i = 0; i < sizeof(pattern); i += 2)
		memcpy(pattern + i, "*a", 2);
	memset(text, 'a', sizeof(text));
	text[sizeof(text) - 1] = 'b';
	assert_false(tc_glob(pattern, sizeof(pattern), text, sizeof(text), false));
	assert_true(clock() - start < 10 * CLOCKS_PER_SEC);
}

/* The C library is the reference, for patterns of the characters that mean something. */
static void agrees_with_fnmatch(void **state)
{
	static const char alphabet[] = "ab*?[]!-\\A", letters[] = "ab-]A";
	unsigned seed = 1;

	for (unsigned round = 0; round < 300000; round++) {
		char pattern[9] = "", text[7] = "";
		size_t n = (size_t)rand_r(&seed) % 9, m = (size_t)rand_r(&seed) % 7;

		for (size_t i = 0; i < n; i++)
			pattern[i] = alphabet[(size_t)rand_r(&seed) % (sizeof(alphabet) - 1)];
		for (size_t i = 0; i < m; i++)
			text[i] = letters[(size_t)rand_r(&seed) % (sizeof(letters) - 1)];
		/* glibc differs from itself on brackets that are not closed, and on empty ranges.
		 */
		if (strchr(pattern, '[') || strchr(pattern, ']'))
			continue;
		if (matches(pattern, text) != !fnmatch(pattern, text, 0))
			fail_msg("pattern %s, text %s", pattern, text);
	}
}

static void closed_sets_agree_with_fnmatch(void **state)
{
	static const char *const sets[] = {
		"[a]",	"[!a]",	  "[^a]",	 "[a-c]",	 "[]a]",	 "[!]a]", "[a-]",
		"[-a]", "[a\\]]", "[[:alpha:]]", "[![:alpha:]]", "[a[:digit:]]", "[b-a]", "[?*]"};
	static const char *const texts[] = {"a",  "b", "c", "]", "-", "1",
					    "\\", "!", "*", "?", "",  "aa"};

	for (size_t i = 0; i < sizeof(sets) / sizeof(sets[0]); i++) {
		for (size_t j = 0; j < sizeof(texts) / sizeof(texts[0]); j++) {
			if (matches(sets[i], texts[j]) != !fnmatch(sets[i], texts[j], 0))
				fail_msg("pattern %s, text %s", sets[i], texts[j]);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(star_crosses_slashes),
		cmocka_unit_test(sets_have_ranges_classes_and_inversion),
		cmocka_unit_test(case_is_folded_when_asked),
		cmocka_unit_test(bytes_need_not_be_text),
		cmocka_unit_test(stars_do_not_multiply_the_time),
		cmocka_unit_test(agrees_with_fnmatch),
		cmocka_unit_test(closed_sets_agree_with_fnmatch),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

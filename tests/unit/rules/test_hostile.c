/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ten files that are wrong, or as large as they get: each is loaded, or refused with a finding that
 * says what and where. What each took is printed; the bounds are those of the loader's tables.
 */
#include <sys/resource.h>
#include <time.h>

#include "fixture.h"

#define RULE(condition)                                                                            \
	"- rule: r\n  desc: d\n  priority: INFO\n  output: o\n  condition: " condition "\n"

static double seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* Most memory that this process has had. */
static long peak_kib(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return usage.ru_maxrss;
}

/* Loads a file; code NULL: it must be right. Prints what it took. */
static void load(const char *name, const char *text, size_t length, const char *code)
{
	struct tc_diagnostics diagnostics = {0};
	struct tc_ruleset *set = NULL;
	long before = peak_kib();
	double start = seconds();
	bool found = false;

	assert_int_equal(tc_ruleset_examine_bytes("test.yaml", text, length, &diagnostics, &set),
			 0);
	print_message("%-24s %8zu bytes: %6.3f s, peak + %ld KiB, %zu errors\n", name, length,
		      seconds() - start, peak_kib() - before, diagnostics.errors);
	for (size_t i = 0; i < diagnostics.count; i++) {
		const struct tc_diagnostic *item = &diagnostics.items[i];

		found |= code && item->severity == TC_SEVERITY_ERROR && !strcmp(item->code, code) &&
			 item->line && item->message;
	}
	if (code ? !found : diagnostics.errors != 0) {
		tc_diagnostics_print(&diagnostics, stderr, false);
		fail_msg("%s: expected %s", name, code ? code : "no errors");
	}
	tc_ruleset_free(set);
	tc_diagnostics_done(&diagnostics);
}

static void load_text(const char *name, const char *text, const char *code)
{
	load(name, text, strlen(text), code);
}

static void typo_in_a_field(void **state)
{
	load_text("typo in a field", RULE("proc.nmae = x"), "TC-R066");
	assert_true(hints(RULE("proc.nmae = x"), "`proc.name`"));
}

static void missing_macro(void **state)
{
	load_text("missing macro", RULE("spawned_process and fd.name = x"), "TC-R062");
}

static void type_mismatch(void **state)
{
	load_text("type mismatch", RULE("proc.pid = bash"), "TC-R072");
	load_text("type mismatch", RULE("proc.pid startswith 4"), "TC-R071");
}

static void bad_regex(void **state)
{
	load_text("bad regex", RULE("fd.name regex '(a'"), "TC-R075");
	load_text("regex too large", RULE("fd.name regex '((((a{1,99}){1,99}){1,99}){1,99})'"),
		  "TC-R075");
}

static void lists_and_macros_in_circles(void **state)
{
	/* A list that comes back to itself means the word, as in Falco. */
	load_text("cyclic list",
		  "- list: a\n  items: [b]\n- list: b\n  items: [a]\n"
		  "- list: a\n  items: [b]\n  override: {items: append}\n" RULE("fd.name in (a)"),
		  NULL);
	load_text("cyclic macro",
		  "- macro: a\n  condition: fd.name = x\n- macro: b\n  condition: a\n"
		  "- macro: a\n  condition: or b\n  override: {condition: append}\n" RULE("a"),
		  "TC-R063");
}

static void condition_of_a_megabyte(void **state)
{
	struct tc_buffer text = {0};

	tc_buffer_add_string(&text, RULE("fd.name = x"));
	text.length--;
	for (unsigned i = 0; text.length < 1 << 20; i++)
		tc_buffer_printf(&text, " or fd.name contains word%u", i);
	tc_buffer_add_char(&text, '\n');
	load("1 MB condition", text.bytes, text.length, NULL);
	tc_buffer_done(&text);
}

static void list_of_100000_items(void **state)
{
	struct tc_buffer text = {0};

	tc_buffer_add_string(&text, "- list: l\n  items:\n");
	for (unsigned i = 0; i < 100000; i++)
		tc_buffer_printf(&text, "  - /usr/lib/item%u\n", i);
	tc_buffer_add_string(&text, RULE("fd.name in (l) and not fd.name startswith anyof l"));
	load("100,000 items", text.bytes, text.length, NULL);
	tc_buffer_reset(&text);
	tc_buffer_add_string(&text, "- list: l\n  items:\n");
	for (unsigned i = 0; i < 100000; i++)
		tc_buffer_printf(&text, "  - 10.%u.%u.0/25\n", i / 256 % 256, i % 256);
	tc_buffer_add_string(&text, RULE("fd.sip in (l)"));
	load("100,000 networks", text.bytes, text.length, NULL);
	tc_buffer_done(&text);
}

static void deep_nesting(void **state)
{
	struct tc_buffer text = {0};

	tc_buffer_add_string(&text, RULE(""));
	text.length--;
	for (unsigned i = 0; i < 100000; i++)
		tc_buffer_add_char(&text, '(');
	tc_buffer_add_string(&text, "fd.name = x");
	for (unsigned i = 0; i < 100000; i++)
		tc_buffer_add_char(&text, ')');
	tc_buffer_add_char(&text, '\n');
	load("deep parentheses", text.bytes, text.length, "TC-R061");
	tc_buffer_reset(&text);
	tc_buffer_add_string(&text, RULE(""));
	text.length--;
	for (unsigned i = 0; i < 100000; i++)
		tc_buffer_add_string(&text, "tolower(");
	tc_buffer_add_char(&text, '\n');
	load("deep transformers", text.bytes, text.length, "TC-R061");
	tc_buffer_reset(&text);
	for (unsigned i = 0; i < 100000; i++)
		tc_buffer_add_char(&text, '[');
	load("deep YAML", text.bytes, text.length, "TC-R024");
	tc_buffer_done(&text);
}

static void invalid_utf8(void **state)
{
	load_text("invalid UTF-8", RULE("fd.name = \"\xff\xfe\""), "TC-R025");
	load("a NUL", "- rule: r\0\n", 11, "TC-R025");
}

static void alias_bomb(void **state)
{
	struct tc_buffer text = {0};

	tc_buffer_add_string(&text, "- a: &a0 [x, x, x, x, x, x, x, x, x]\n");
	for (unsigned i = 1; i < 20; i++)
		tc_buffer_printf(&text,
				 "- a: &a%u [*a%u, *a%u, *a%u, *a%u, *a%u, *a%u, *a%u, *a%u]\n", i,
				 i - 1, i - 1, i - 1, i - 1, i - 1, i - 1, i - 1, i - 1);
	load("alias bomb", text.bytes, text.length, "TC-R022");
	tc_buffer_done(&text);
}

/* Every macro holds the one before it twice: two to the power of a thousand parts, one by one. */
static void macros_that_double(void **state)
{
	struct tc_buffer text = {0};

	tc_buffer_add_string(&text, "- macro: m0\n  condition: fd.name = x\n");
	for (unsigned i = 1; i < 400; i++)
		tc_buffer_printf(&text,
				 "- macro: m%u\n  condition: (m%u or proc.pid = %u) and "
				 "(m%u or proc.ppid = %u)\n",
				 i, i - 1, i, i - 1, i);
	tc_buffer_add_string(&text, RULE("m399"));
	load("macros that double", text.bytes, text.length, NULL);
	tc_buffer_done(&text);
}

/* Each name of the condition is looked for among all selections. */
static void sigma_selections_times_names(void **state)
{
	struct tc_buffer text = {0};

	tc_buffer_add_string(&text, "title: t\nid: 1\n"
				    "logsource: {product: linux, category: process_creation}\n"
				    "detection:\n");
	for (unsigned i = 0; i < 20000; i++)
		tc_buffer_printf(&text, "  k%u: [x]\n", i);
	tc_buffer_add_string(&text, "  condition: k0");
	for (unsigned i = 0; i < 20000; i++)
		tc_buffer_add_string(&text, " or 1 of k19999*");
	tc_buffer_add_char(&text, '\n');
	load("20000 Sigma selections", text.bytes, text.length, "TC-R116");
	tc_buffer_done(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(typo_in_a_field),
		cmocka_unit_test(missing_macro),
		cmocka_unit_test(type_mismatch),
		cmocka_unit_test(bad_regex),
		cmocka_unit_test(lists_and_macros_in_circles),
		cmocka_unit_test(condition_of_a_megabyte),
		cmocka_unit_test(list_of_100000_items),
		cmocka_unit_test(deep_nesting),
		cmocka_unit_test(invalid_utf8),
		cmocka_unit_test(alias_bomb),
		cmocka_unit_test(macros_that_double),
		cmocka_unit_test(sigma_selections_times_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Each transformer of the language under its name: transformer_NAME. val() is in test_operators.c.
 */
#include "fixture.h"

static void make_open(struct made *made, const char *path)
{
	made_begin(made, TC_KIND_open);
	made_text(made, &made->open.path, path);
	made_end(made);
}

/* Only length bytes of size are known: the first, or the last with TC_SLOT_TAIL. */
static void make_cut(struct made *made, const char *path, size_t size, uint16_t flags)
{
	made_begin(made, TC_KIND_open);
	made_slot(made, &made->open.path, path, strlen(path), size);
	made->open.path.flags |= flags;
	made_end(made);
}

static void make_exec(struct made *made, const char *argv, size_t length, size_t size)
{
	made_begin(made, TC_KIND_exec);
	made_slot(made, &made->exec.argv, argv, length, size);
	made_end(made);
}

static void assert_each(struct made *made, bool wanted, const char *const *conditions)
{
	for (; *conditions; conditions++) {
		if (holds(made, *conditions) != wanted)
			fail_msg("%s: %s", *conditions, wanted ? "does not hold" : "holds");
	}
	made_done(made);
}

/* Both end with the event. */
#define HOLDS(made, ...) assert_each(made, true, (const char *const[]){__VA_ARGS__, NULL})
#define FAILS(made, ...) assert_each(made, false, (const char *const[]){__VA_ARGS__, NULL})

static void transformer_tolower(void **state)
{
	static const char argv[] = "A\0bC";
	struct made made;

	make_open(&made, "/ETC/x\xc3\x84");
	HOLDS(&made, "tolower(fd.name) = '/etc/x\xc3\x84'", "tolower(fd.name) contains tc/",
	      "not tolower(mount.op) exists", "tolower(fd.name) exists");
	make_exec(&made, argv, sizeof(argv), sizeof(argv));
	HOLDS(&made, "tolower(proc.argv) in (a, bc)", "tolower(proc.argv) intersects (bc)");
	make_cut(&made, "/ETC", 9, 0);
	HOLDS(&made, "tolower(fd.name) startswith /etc", "not tolower(fd.name) = /etc",
	      "not tolower(fd.name) endswith etc", "len(tolower(fd.name)) = 9");
}

static void transformer_toupper(void **state)
{
	struct made made;

	make_open(&made, "/etc/x1");
	HOLDS(&made, "toupper(fd.name) = /ETC/X1", "toupper(proc.aname) = SH",
	      "toupper(proc.aname[1]) = SH");
}

static void transformer_b64(void **state)
{
	struct made made;

	make_open(&made, "aGVsbG8=");
	HOLDS(&made, "b64(fd.name) = hello", "tolower(b64(fd.name)) startswith hel");
	make_open(&made, "aGVsbG8");
	HOLDS(&made, "b64(fd.name) = hello");
	make_open(&made, "yv66vg==");
	HOLDS(&made, "b64(fd.name) bcontains cafebabe");
	make_open(&made, "");
	HOLDS(&made, "b64(fd.name) = ''");
	make_open(&made, "no base64!");
	FAILS(&made, "b64(fd.name) exists", "b64(fd.name) != x");
	make_open(&made, "abcde");
	FAILS(&made, "b64(fd.name) exists");
	/* What follows may be no base64. */
	make_cut(&made, "aGVsbG8=", 20, 0);
	FAILS(&made, "b64(fd.name) exists");
}

static void transformer_basename(void **state)
{
	static const char argv[] = "/bin/ls\0a/b/";
	struct made made;

	make_open(&made, "/usr/bin/cat");
	HOLDS(&made, "basename(fd.name) = cat", "basename(fd.name) = val(proc.name)",
	      "basename(proc.name) = cat");
	make_open(&made, "/usr/");
	HOLDS(&made, "basename(fd.name) = ''");
	make_exec(&made, argv, sizeof(argv), sizeof(argv));
	HOLDS(&made, "basename(proc.argv) in (ls, '')");
	/* Of a path without its front the last name is known, if it begins there. */
	make_cut(&made, "in/cat", 99, TC_SLOT_TAIL);
	HOLDS(&made, "basename(fd.name) = cat");
	make_cut(&made, "cat", 99, TC_SLOT_TAIL);
	FAILS(&made, "basename(fd.name) = cat", "basename(fd.name) exists");
	make_cut(&made, "/usr/cat", 99, 0);
	FAILS(&made, "basename(fd.name) = cat", "basename(fd.name) startswith cat");
}

static void transformer_len(void **state)
{
	static const char argv[] = "a\0bc\0";
	struct made made;

	make_open(&made, "/a\xc3\xa4");
	HOLDS(&made, "len(fd.name) = 4", "len(fd.name) in (3, 4)", "len(proc.aname) >= 1",
	      "len(fd.name) > len(proc.name)");
	make_exec(&made, argv, 5, 5);
	HOLDS(&made, "len(proc.argv) = 2");
	/* The kernel tells how long it was. */
	make_cut(&made, "/a", 900, 0);
	HOLDS(&made, "len(fd.name) = 900");
	make_exec(&made, argv, 5, 9);
	FAILS(&made, "len(proc.argv) >= 0");
}

static void transformer_join(void **state)
{
	static const char argv[] = "ls\0-l\0x";
	struct made made;

	make_exec(&made, argv, sizeof(argv), sizeof(argv));
	HOLDS(&made, "join(', ', proc.argv) = 'ls, -l, x'", "join('', proc.argv) = ls-lx",
	      "join(\"-\", (a, b, 'c d')) = 'a-b-c d'", "join(x, ()) = ''",
	      "len(join(proc.name, proc.argv)) = 11");
	make_exec(&made, argv, sizeof(argv), 99);
	HOLDS(&made, "join(' ', proc.argv) startswith 'ls -l'",
	      "not join(' ', proc.argv) = 'ls -l x'", "not join(' ', proc.argv) endswith x");
}

static void transformer_concat(void **state)
{
	struct made made;

	make_open(&made, "/a");
	HOLDS(&made, "concat(fd.name, '/', proc.name) = /a/cat",
	      "concat(proc.name, fd.name) startswith cat", "len(concat(fd.name, fd.name)) = 4");
	make_open(&made, "/a");
	FAILS(&made, "concat(fd.name, mount.op) exists");
	make_cut(&made, "/a", 9, 0);
	HOLDS(&made, "concat(proc.name, fd.name) startswith cat/a",
	      "not concat(proc.name, fd.name) = cat/a", "not concat(fd.name, proc.name) exists");
	make_cut(&made, "/a", 9, TC_SLOT_TAIL);
	HOLDS(&made, "concat(fd.name, proc.name) endswith /acat",
	      "not concat(proc.name, fd.name) exists");
	make_cut(&made, "/a", 9, TC_SLOT_TAIL);
	HOLDS(&made, "concat(fd.name, fd.name, proc.name) contains x or not proc.pid = 1",
	      "not concat(fd.name, fd.name, proc.name) exists");
}

static void transformer_getopt(void **state)
{
	static const char argv[] = "-n\0-t\0value\0-xyz\0--long\0-tother\0stop\0-q";
	struct made made;

	make_exec(&made, argv, sizeof(argv), sizeof(argv));
	HOLDS(&made, "getopt(proc.argv, 'nt:xy') intersects (n)",
	      "getopt(proc.argv, 'nt:xy') in (n, t, value, x, y, other, '?')",
	      "getopt(proc.argv, 'nt:xy') intersects ('?')", /* -z */
	      "getopt(proc.argv, 'nt:xy')[t] = other",	     /* the last counts */
	      "getopt(proc.argv, 'nt:xy')[x] = x", "getopt(proc.argv, 'nt:xy')[n] exists",
	      "not getopt(proc.argv, 'nt:xyq') intersects (q)", /* behind a word */
	      "not getopt(proc.argv, 'nt:xyq')[q] exists", "getopt((-a, --, -b), ab) in (a)",
	      "getopt((-abc), 'ab:') in (a, b, c)", "getopt((-a, '-', -b), ab) in (a)",
	      "getopt((-b), 'b:')[b] = ''", "getopt((-b), 'b:') intersects ('')",
	      "len(getopt((x), a)) = 0");
	make_exec(&made, argv, 8, 99);
	FAILS(&made, "getopt(proc.argv, 'nt:')[n] exists", "getopt(proc.argv, 'nt:') exists");
}

static void transformers_nest(void **state)
{
	struct made made;

	make_open(&made, "/x/QUJD");
	HOLDS(&made, "tolower(b64(basename(fd.name))) = abc",
	      "concat(toupper(proc.name), join('-', (a, b))) = CATa-b",
	      "basename(fd.name) = basename(fd.name)");
}

static void equal_calls_are_one_input(void **state)
{
	static const char text[] = "- rule: x\n  desc: d\n  output: o\n  priority: debug\n"
				   "  condition: tolower(fd.name) = a or tolower( fd.name ) = b or "
				   "toupper(fd.name) = C\n";
	struct tc_diagnostics diagnostics = {0};
	struct tc_ruleset *set = rules_from(text, &diagnostics);

	assert_int_equal(set->program.n_inputs, 2);
	tc_ruleset_free(set);
	tc_diagnostics_done(&diagnostics);
}

static void arguments_must_fit(void **state)
{
	assert_condition_refused("tolower(proc.pid) = x", "TC-R074", 9);
	assert_condition_refused("tolower() = x", "TC-R074", 1);
	assert_condition_refused("tolower(fd.name, fd.name) = x", "TC-R074", 1);
	assert_condition_refused("concat(fd.name) = x", "TC-R074", 1);
	assert_condition_refused("concat(fd.name, proc.argv) = x", "TC-R074", 17);
	assert_condition_refused("join(proc.argv, proc.argv) = x", "TC-R074", 6);
	assert_condition_refused("getopt(fd.name, 'a') in (x)", "TC-R074", 8);
	assert_condition_refused("getopt(proc.argv, 'a')[ab] = x", "TC-R074", 1);
	assert_condition_refused("tolower(fd.name)[a] = x", "TC-R074", 1);
	assert_condition_refused("len(fd.name) = x", "TC-R072", 16);
	assert_condition_refused("len(fd.name) contains x", "TC-R071", 14);
	assert_condition_refused("tolower(proc.argv) = x", "TC-R071", 20);
	assert_condition_refused("tolower(fd.nane) = x", "TC-R066", 9);
	assert_condition_refused("tolover(fd.name) = x", "TC-R073", 1);
}

static void calls_nested_too_deep_are_told(void **state)
{
	char condition[8 * 40 + 64] = "";

	for (unsigned i = 0; i < 40; i++)
		strcat(condition, "tolower(");
	strcat(condition, "fd.name");
	for (unsigned i = 0; i < 40; i++)
		strcat(condition, ")");
	strcat(condition, " = x");
	assert_condition_refused(condition, "TC-R074", 32 * 8 + 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(transformer_tolower),
		cmocka_unit_test(transformer_toupper),
		cmocka_unit_test(transformer_b64),
		cmocka_unit_test(transformer_basename),
		cmocka_unit_test(transformer_len),
		cmocka_unit_test(transformer_join),
		cmocka_unit_test(transformer_concat),
		cmocka_unit_test(transformer_getopt),
		cmocka_unit_test(transformers_nest),
		cmocka_unit_test(equal_calls_are_one_input),
		cmocka_unit_test(arguments_must_fit),
		cmocka_unit_test(calls_nested_too_deep_are_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

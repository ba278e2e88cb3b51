/* SPDX-License-Identifier: Apache-2.0 */
/* Operators by types, missing and cut values; and what is judged how often. */
#include "fixture.h"

static void make_open(struct made *made, const char *path)
{
	made_begin(made, TC_KIND_open);
	made_text(made, &made->open.path, path);
	made_end(made);
}

static void make_exec(struct made *made)
{
	static const char argv[] = "ls\0-l\0--color=auto";

	made_begin(made, TC_KIND_exec);
	made->exec.exe_memfd = 1;
	made_slot(made, &made->exec.argv, argv, sizeof(argv), sizeof(argv));
	made_text(made, &made->exec.exe, "/bin/ls");
	made_end(made);
}

static void unsigned_numbers_compare(void **state)
{
	struct made made;

	make_open(&made, "/etc/passwd");
	assert_true(holds(&made, "proc.pid = 42"));
	assert_true(holds(&made, "proc.pid == 42"));
	assert_true(holds(&made, "proc.pid=0x2a"));
	assert_true(holds(&made, "proc.pid=+42"));
	assert_false(holds(&made, "proc.pid != 42"));
	assert_true(holds(&made, "proc.pid != 41"));
	assert_true(holds(&made, "proc.pid < 43"));
	assert_false(holds(&made, "proc.pid < 42"));
	assert_true(holds(&made, "proc.pid <= 42"));
	assert_true(holds(&made, "proc.pid > 41"));
	assert_false(holds(&made, "proc.pid > 42"));
	assert_true(holds(&made, "proc.pid>=42"));
	assert_true(holds(&made, "proc.pid in (1, 42, 7)"));
	assert_false(holds(&made, "proc.pid in (1, 7)"));
	assert_false(holds(&made, "proc.pid in ()"));
	assert_true(holds(&made, "proc.pid intersects (42)"));
	assert_true(holds(&made, "proc.pid exists"));
	assert_true(holds(&made, "proc.pid < 18446744073709551615"));
	made_done(&made);
}

static void signed_numbers_compare(void **state)
{
	struct made made;

	made_begin(&made, TC_KIND_mount_setattr);
	made.mount_setattr.dirfd = -100;
	made_end(&made);
	assert_true(holds(&made, "evt.arg.dirfd = -100"));
	assert_true(holds(&made, "evt.arg.dirfd < 0"));
	assert_true(holds(&made, "evt.arg.dirfd > -0x65"));
	assert_false(holds(&made, "evt.arg.dirfd >= 0"));
	assert_true(holds(&made,
			  "evt.arg.dirfd in (3, -100, 9223372036854775807, -9223372036854775808)"));
	assert_false(holds(&made, "evt.arg.dirfd in (100)"));
	made_done(&made);
}

static void booleans_compare(void **state)
{
	struct made made;

	make_exec(&made);
	assert_true(holds(&made, "proc.is_exe_from_memfd = true"));
	assert_false(holds(&made, "proc.is_exe_from_memfd = false"));
	assert_true(holds(&made, "proc.is_exe_from_memfd != false"));
	assert_true(holds(&made, "proc.is_exe_deleted = false"));
	assert_true(holds(&made, "proc.is_exe_deleted in (false)"));
	assert_false(holds(&made, "proc.is_exe_deleted in (true)"));
	assert_true(holds(&made, "proc.is_exe_deleted in (true, false)"));
	made_done(&made);
}

static void strings_compare(void **state)
{
	struct made made;

	make_open(&made, "/etc/Passwd");
	assert_true(holds(&made, "fd.name = /etc/Passwd"));
	assert_false(holds(&made, "fd.name = /etc/passwd"));
	assert_false(holds(&made, "fd.name = /etc/Passw"));
	assert_true(holds(&made, "fd.name != /etc/Passw"));
	assert_true(holds(&made, "fd.name < /etd"));
	assert_true(holds(&made, "fd.name > /etc"));
	assert_true(holds(&made, "fd.name >= /etc/Passwd and fd.name <= /etc/Passwd"));
	assert_true(holds(&made, "fd.name contains Pass"));
	assert_false(holds(&made, "fd.name contains pass"));
	assert_true(holds(&made, "fd.name contains ''"));
	assert_true(holds(&made, "fd.name icontains pASS"));
	assert_false(holds(&made, "fd.name icontains passwords"));
	assert_true(holds(&made, "fd.name startswith /etc/"));
	assert_false(holds(&made, "fd.name startswith /etc/Passwd/"));
	assert_true(holds(&made, "fd.name endswith wd"));
	assert_false(holds(&made, "fd.name endswith pwd"));
	assert_true(holds(&made, "fd.name glob '/*wd'"));
	assert_true(holds(&made, "fd.name glob /e?c/[A-Z]*"));
	assert_false(holds(&made, "fd.name glob /e?c/[a-z]*"));
	assert_true(holds(&made, "fd.name iglob /ETC/[a-z]*"));
	assert_true(holds(&made, "fd.name in (a, /etc/Passwd)"));
	assert_false(holds(&made, "fd.name in (a, /etc/passwd)"));
	assert_true(holds(&made, "fd.name intersects (/etc/Passwd)"));
	made_done(&made);
}

static void paths_match_by_component(void **state)
{
	struct made made;

	make_open(&made, "/var/run/docker/x.sock");
	assert_true(holds(&made, "fd.name pmatch (/var/run)"));
	assert_true(holds(&made, "fd.name pmatch (/var/run/)"));
	assert_true(holds(&made, "fd.name pmatch (/var//run)"));
	assert_true(holds(&made, "fd.name pmatch (/)"));
	assert_true(holds(&made, "fd.name pmatch (/tmp, /var/run/docker/x.sock)"));
	assert_false(holds(&made, "fd.name pmatch (/var/ru)"));
	assert_false(holds(&made, "fd.name pmatch (/var/runx, /run)"));
	assert_false(holds(&made, "fd.name pmatch (/var/run/docker/x.sock/y)"));
	assert_true(holds(&made, "fd.name pmatch (/var/*/docker)"));
	assert_false(holds(&made, "fd.name pmatch (/var/*/x.sock)"));
	assert_true(holds(&made, "fd.name pmatch (/v?r)"));
	assert_false(holds(&made, "fd.name pmatch ()"));
	made_done(&made);
}

static void missing_value_makes_every_check_false(void **state)
{
	static const char *const checks[] = {"fd.name = x",
					     "fd.name != x",
					     "fd.name exists",
					     "fd.name in (x)",
					     "fd.name < x",
					     "fd.name contains ''",
					     "fd.name glob *",
					     "fd.name pmatch (/)",
					     "fd.name startswith ''",
					     "fd.name endswith ''",
					     "fd.ino != 1",
					     "fd.ino >= 0",
					     "evt.is_open_write = true",
					     "evt.is_open_write = false",
					     "proc.argv in (x)"};
	struct made made;

	made_begin(&made, TC_KIND_exit);
	made.event.process = NULL;
	made_end(&made);
	made.event.process = NULL;
	for (size_t i = 0; i < sizeof(checks) / sizeof(checks[0]); i++) {
		char inverted[128];

		assert_false(holds(&made, checks[i]));
		snprintf(inverted, sizeof(inverted), "not %s", checks[i]);
		assert_true(holds(&made, inverted));
	}
	made_done(&made);
}

static void absent_slot_is_missing_in_its_own_kind(void **state)
{
	struct made made;

	made_begin(&made, TC_KIND_open);
	made_end(&made);
	assert_false(holds(&made, "fd.name exists"));
	assert_false(holds(&made, "fd.name != x"));
	assert_true(holds(&made, "not fd.name = x"));
	made_done(&made);
}

static void empty_string_is_a_value(void **state)
{
	struct made made;

	make_open(&made, "");
	assert_true(holds(&made, "fd.name exists"));
	assert_true(holds(&made, "fd.name = \"\""));
	assert_true(holds(&made, "fd.name in ('')"));
	assert_true(holds(&made, "fd.name != x"));
	assert_false(holds(&made, "fd.name contains x"));
	made_done(&made);
}

static void cut_value_holds_only_for_what_is_known(void **state)
{
	struct made made;

	made_begin(&made, TC_KIND_open);
	made_slot(&made, &made.open.path, "/a/bcd", 6, 9);
	made_end(&made);
	assert_false(holds(&made, "fd.name = /a/bcd"));
	assert_true(holds(&made, "fd.name != /a/bcd"));
	assert_false(holds(&made, "fd.name != /a/bcdefg"));
	assert_false(holds(&made, "fd.name = /a/bcdefg"));
	assert_true(holds(&made, "fd.name != /a/bxdefg"));
	assert_false(holds(&made, "fd.name endswith bcd"));
	assert_true(holds(&made, "fd.name startswith /a/bcd"));
	assert_true(holds(&made, "fd.name contains bc"));
	assert_false(holds(&made, "fd.name in (/a/bcd)"));
	assert_false(holds(&made, "fd.name glob /a/bcd"));
	assert_true(holds(&made, "fd.name glob /a/*"));
	assert_false(holds(&made, "fd.name glob '/a/\\\\*'"));
	assert_false(holds(&made, "fd.name glob *d"));
	assert_true(holds(&made, "fd.name pmatch (/a)"));
	assert_false(holds(&made, "fd.name pmatch (/a/bcd)"));
	assert_true(holds(&made, "fd.name > /a/bcd"));
	assert_false(holds(&made, "fd.name > /a/bcdz"));
	assert_false(holds(&made, "fd.name < /a/bcdz"));
	assert_true(holds(&made, "fd.name < /b"));
	assert_true(holds(&made, "fd.name exists"));
	made_done(&made);
}

static void path_cut_at_its_front_is_tested_from_its_end(void **state)
{
	struct made made;

	made_begin(&made, TC_KIND_open);
	made_slot(&made, &made.open.path, "bc/def", 6, 9);
	made.open.path.flags |= TC_SLOT_TAIL;
	made_end(&made);
	assert_true(holds(&made, "fd.name exists"));
	assert_false(holds(&made, "fd.name = bc/def"));
	assert_false(holds(&made, "fd.name = /abc/def"));
	assert_false(holds(&made, "fd.name in (bc/def, /abc/def)"));
	assert_true(holds(&made, "fd.name != bc/def"));
	assert_false(holds(&made, "fd.name != /abc/def"));
	assert_true(holds(&made, "fd.name != /abc/deg"));
	assert_true(holds(&made, "fd.name != def"));
	assert_true(holds(&made, "fd.name endswith /def"));
	assert_true(holds(&made, "fd.name endswith bc/def"));
	assert_false(holds(&made, "fd.name endswith abc/def"));
	assert_false(holds(&made, "fd.name endswith /de"));
	assert_false(holds(&made, "fd.name startswith bc"));
	assert_false(holds(&made, "fd.name startswith /a"));
	assert_true(holds(&made, "fd.name startswith ''"));
	assert_true(holds(&made, "fd.name contains c/d"));
	assert_true(holds(&made, "fd.name icontains C/D"));
	assert_false(holds(&made, "fd.name glob bc/*"));
	assert_false(holds(&made, "fd.name glob bc/def"));
	assert_true(holds(&made, "fd.name glob *def"));
	assert_true(holds(&made, "fd.name glob */d?f"));
	assert_true(holds(&made, "fd.name iglob *DEF"));
	assert_false(holds(&made, "fd.name glob '\\\\*def'"));
	assert_false(holds(&made, "fd.name pmatch (bc)"));
	assert_false(holds(&made, "fd.name pmatch (bc/def)"));
	assert_false(holds(&made, "fd.name > a"));
	assert_false(holds(&made, "fd.name >= bc"));
	assert_false(holds(&made, "fd.name < z"));
	assert_false(holds(&made, "fd.name <= z"));
	made_done(&made);
}

static void partly_unreadable_value_is_not_known_at_its_end(void **state)
{
	struct made made;

	/* What could not be read may be the NUL alone. */
	made_begin(&made, TC_KIND_open);
	made_slot(&made, &made.open.path, "/a/bcd", 6, 6);
	made.open.path.flags |= TC_SLOT_UNREADABLE;
	made_end(&made);
	assert_false(holds(&made, "fd.name = /a/bcd"));
	assert_false(holds(&made, "fd.name in (/a/bcd)"));
	assert_false(holds(&made, "fd.name != /a/bcd"));
	assert_false(holds(&made, "fd.name != /a/bcde"));
	assert_true(holds(&made, "fd.name != /a/bc"));
	assert_true(holds(&made, "fd.name != /a/bxd"));
	assert_true(holds(&made, "fd.name startswith /a/b"));
	assert_false(holds(&made, "fd.name endswith bcd"));
	assert_true(holds(&made, "fd.name contains bcd"));
	assert_false(holds(&made, "fd.name glob *d"));
	assert_true(holds(&made, "fd.name glob /a/*"));
	assert_true(holds(&made, "fd.name pmatch (/a)"));
	assert_false(holds(&made, "fd.name pmatch (/a/bcd)"));
	assert_false(holds(&made, "fd.name > /a/bcd"));
	assert_true(holds(&made, "fd.name > /a/bc"));
	assert_true(holds(&made, "fd.name < /b"));
	made_done(&made);
}

static void value_open_at_both_ends_is_known_in_its_middle(void **state)
{
	struct made made;

	made_begin(&made, TC_KIND_open);
	made_slot(&made, &made.open.path, "bcd", 3, 9);
	made.open.path.flags |= TC_SLOT_TAIL | TC_SLOT_UNREADABLE;
	made_end(&made);
	assert_true(holds(&made, "fd.name contains bc"));
	assert_true(holds(&made, "fd.name glob *c*"));
	assert_false(holds(&made, "fd.name glob *d"));
	assert_false(holds(&made, "fd.name glob b*"));
	assert_false(holds(&made, "fd.name startswith b"));
	assert_false(holds(&made, "fd.name endswith d"));
	assert_false(holds(&made, "fd.name != abcde"));
	assert_true(holds(&made, "fd.name != abxde"));
	made_done(&made);
}

static void list_without_any_takes_all_in_and_any_intersects(void **state)
{
	struct made made;

	make_exec(&made);
	assert_true(holds(&made, "proc.argv in (ls, -l, '--color=auto', -a)"));
	assert_false(holds(&made, "proc.argv in (ls, -l)"));
	assert_true(holds(&made, "proc.argv intersects (-l)"));
	assert_false(holds(&made, "proc.argv intersects (-x)"));
	assert_true(holds(&made, "proc.argv exists"));
	assert_condition_refused("proc.argv = ls", "TC-R071", 11);
	made_done(&made);
}

static void partly_unreadable_list_is_not_in_a_set(void **state)
{
	struct made made;

	made_begin(&made, TC_KIND_exec);
	made_slot(&made, &made.exec.argv, "ls\0-l\0", 6, 6);
	made.exec.argv.flags |= TC_SLOT_UNREADABLE;
	made_end(&made);
	assert_false(holds(&made, "proc.argv in (ls, -l)"));
	assert_true(holds(&made, "proc.argv intersects (ls)"));
	assert_false(holds(&made, "proc.argv intersects (-l)"));
	made_done(&made);
}

static void element_of_a_list_is_a_string(void **state)
{
	struct made made;

	make_exec(&made);
	assert_true(holds(&made, "not proc.argv[9] exists"));
	assert_false(holds(&made, "proc.argv[9] != x"));
	made_done(&made);
}

static void ancestors_match_any(void **state)
{
	struct made made;

	make_open(&made, "/x");
	assert_true(holds(&made, "proc.aname = sh"));
	assert_true(holds(&made, "proc.aname in (bash, sh)"));
	assert_false(holds(&made, "proc.aname in (bash)"));
	assert_true(holds(&made, "proc.aname startswith s"));
	assert_true(holds(&made, "proc.aname != bash"));
	assert_false(holds(&made, "proc.aname != sh"));
	assert_true(holds(&made, "proc.aname[0] = cat and proc.aname[1] = sh"));
	assert_false(holds(&made, "proc.aname[2] exists"));
	made_done(&made);
}

static void ancestors_are_known_as_far_as_each_is(void **state)
{
	struct tc_image parent = {
		.line = "sh -c exit",
		.line_length = 10,
		.exe_length = 2,
		.absent = ~TC_EXEC_BIT(argv),
		.exec.argv = {.size = 90, .stored = 11, .flags = TC_SLOT_PRESENT | TC_SLOT_CUT}};
	struct tc_image eldest = {.line = "init -s",
				  .line_length = 7,
				  .exe_length = 4,
				  .absent = ~TC_EXEC_BIT(argv),
				  .exec.argv = {.size = 8, .stored = 8, .flags = TC_SLOT_PRESENT}};
	struct tc_process grandparent = {.comm = "init", .image = &eldest};
	struct made made;

	/* The parent's arguments were cut, those of its parent were not. */
	make_open(&made, "/x");
	made.event.world = NULL;
	made.parent.image = &parent;
	made.parent.parent = &grandparent;
	assert_true(holds(&made, "proc.acmdline contains exit"));
	assert_true(holds(&made, "proc.acmdline startswith 'sh -c'"));
	assert_true(holds(&made, "proc.acmdline glob 'sh -c*'"));
	assert_false(holds(&made, "proc.acmdline = 'sh -c exit'"));
	assert_false(holds(&made, "proc.acmdline in ('sh -c exit')"));
	assert_false(holds(&made, "proc.acmdline endswith exit"));
	assert_true(holds(&made, "proc.acmdline != 'nginx'"));
	/* That an element is whole is not known: it may be the one that was cut. */
	parent.exec.argv.flags = TC_SLOT_PRESENT;
	parent.exec.argv.size = 11;
	eldest.exec.argv.flags |= TC_SLOT_UNREADABLE;
	made_end(&made);
	made.event.world = NULL;
	assert_true(holds(&made, "proc.acmdline startswith 'init -s'"));
	assert_false(holds(&made, "proc.acmdline = 'init -s'"));
	assert_false(holds(&made, "proc.acmdline endswith -s"));
	made_done(&made);
}

static void and_binds_tighter_than_or(void **state)
{
	struct made made;

	make_open(&made, "/x");
	assert_true(holds(&made, "proc.pid = 42 or proc.pid = 1 and proc.pid = 2"));
	assert_false(holds(&made, "(proc.pid = 42 or proc.pid = 1) and proc.pid = 2"));
	assert_true(holds(&made, "proc.pid = 1 and proc.pid = 2 or proc.pid = 42"));
	made_done(&made);
}

static void not_binds_tightest(void **state)
{
	struct made made;

	make_open(&made, "/x");
	assert_true(holds(&made, "not proc.pid = 1 and proc.pid = 42"));
	assert_false(holds(&made, "not (proc.pid = 1 or proc.pid = 42)"));
	assert_true(holds(&made, "not not proc.pid = 42"));
	assert_false(holds(&made, "not not not proc.pid = 42"));
	assert_true(holds(&made, "not(proc.pid = 1)and(proc.pid=42)"));
	made_done(&made);
}

static void condition_may_span_lines_and_tabs(void **state)
{
	struct made made;

	make_open(&made, "/x");
	assert_true(holds(&made, "proc.pid = 42\n    and\n      not\tproc.pid = 1"));
	made_done(&made);
}

static void rules_match_in_file_order_and_beyond_room(void **state)
{
	static const char text[] =
		"- rule: b\n  desc: d\n  condition: proc.pid = 42\n  output: o\n"
		"  priority: debug\n"
		"- rule: a\n  desc: d\n  condition: fd.name exists\n  output: o\n"
		"  priority: debug\n"
		"- rule: c\n  desc: d\n  condition: fd.name = /y\n  output: o\n"
		"  priority: debug\n";
	struct tc_diagnostics diagnostics = {0};
	struct tc_ruleset *set = rules_from(text, &diagnostics);
	const struct tc_rule *matches[2] = {0};
	struct made made;

	make_open(&made, "/x");
	assert_int_equal(tc_ruleset_judge(set, &made.event, matches, 2), 2);
	assert_string_equal(matches[0]->name, "b");
	assert_string_equal(matches[1]->name, "a");
	matches[1] = NULL;
	assert_int_equal(tc_ruleset_judge(set, &made.event, matches, 1), 2);
	assert_null(matches[1]);
	assert_int_equal(tc_ruleset_judge(set, &made.event, NULL, 0), 2);
	tc_ruleset_free(set);
	tc_diagnostics_done(&diagnostics);
	made_done(&made);
}

static void equal_checks_are_one_node(void **state)
{
	static const char text[] =
		"- macro: m\n  condition: fd.name in (a, b) and proc.pid = 0x2a\n"
		"- rule: x\n  desc: d\n  condition: m\n  output: o\n  priority: debug\n"
		"- rule: y\n  desc: d\n  condition: (proc.pid=42 and fd.name in (b,a,b))\n  "
		"output: o\n"
		"  priority: debug\n";
	struct tc_diagnostics diagnostics = {0};
	struct tc_ruleset *set = rules_from(text, &diagnostics);

	assert_int_equal(set->program.n_checks, 2);
	assert_int_equal(set->program.n_nodes, 3);
	assert_int_equal(set->nodes[0], set->nodes[1]);
	tc_ruleset_free(set);
	tc_diagnostics_done(&diagnostics);
}

/* Bytes that operands take, as far as they are in the first chunk of the arena. */
static ptrdiff_t operand_bytes(const char *text)
{
	struct tc_diagnostics diagnostics = {0};
	struct tc_ruleset *set = rules_from(text, &diagnostics);
	char *next = tc_arena_alloc(&set->program.arena, 1);
	ptrdiff_t bytes = next - (char *)set->program.arena.chunk;

	tc_ruleset_free(set);
	tc_diagnostics_done(&diagnostics);
	return bytes;
}

static void equal_checks_take_memory_once(void **state)
{
#define CHECKS "fd.name in (a, b) and proc.pid in (1, 2) and fd.name pmatch (/a) and fd.name = x"
	assert_int_equal(operand_bytes("- rule: x\n  desc: d\n  output: o\n  priority: debug\n"
				       "  condition: " CHECKS "\n"),
			 operand_bytes("- rule: x\n  desc: d\n  output: o\n  priority: debug\n"
				       "  condition: (" CHECKS ") and (" CHECKS ")\n"));
#undef CHECKS
}

static void verdicts_do_not_outlive_their_event(void **state)
{
	struct tc_diagnostics diagnostics = {0};
	char *text = rule_text("fd.name = /x");
	struct tc_ruleset *set = rules_from(text, &diagnostics);
	const struct tc_rule *match;
	struct made one, other;

	make_open(&one, "/x");
	make_open(&other, "/y");
	for (unsigned i = 0; i < 3; i++) {
		assert_int_equal(tc_ruleset_judge(set, &one.event, &match, 1), 1);
		assert_int_equal(tc_ruleset_judge(set, &other.event, &match, 1), 0);
		/* Also when the counter of events starts again. */
		set->program.epoch = UINT32_MAX >> 1;
	}
	tc_ruleset_free(set);
	tc_diagnostics_done(&diagnostics);
	free(text);
	made_done(&one);
	made_done(&other);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(unsigned_numbers_compare),
		cmocka_unit_test(signed_numbers_compare),
		cmocka_unit_test(booleans_compare),
		cmocka_unit_test(strings_compare),
		cmocka_unit_test(paths_match_by_component),
		cmocka_unit_test(missing_value_makes_every_check_false),
		cmocka_unit_test(absent_slot_is_missing_in_its_own_kind),
		cmocka_unit_test(empty_string_is_a_value),
		cmocka_unit_test(cut_value_holds_only_for_what_is_known),
		cmocka_unit_test(path_cut_at_its_front_is_tested_from_its_end),
		cmocka_unit_test(partly_unreadable_value_is_not_known_at_its_end),
		cmocka_unit_test(value_open_at_both_ends_is_known_in_its_middle),
		cmocka_unit_test(ancestors_are_known_as_far_as_each_is),
		cmocka_unit_test(partly_unreadable_list_is_not_in_a_set),
		cmocka_unit_test(list_without_any_takes_all_in_and_any_intersects),
		cmocka_unit_test(element_of_a_list_is_a_string),
		cmocka_unit_test(ancestors_match_any),
		cmocka_unit_test(and_binds_tighter_than_or),
		cmocka_unit_test(not_binds_tightest),
		cmocka_unit_test(condition_may_span_lines_and_tabs),
		cmocka_unit_test(rules_match_in_file_order_and_beyond_room),
		cmocka_unit_test(equal_checks_are_one_node),
		cmocka_unit_test(equal_checks_take_memory_once),
		cmocka_unit_test(verdicts_do_not_outlive_their_event),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

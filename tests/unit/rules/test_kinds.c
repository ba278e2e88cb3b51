/* SPDX-License-Identifier: Apache-2.0 */
/* Which kinds of events a condition can be true for. */
#include "fixture.h"

#define BIT(name) TC_KIND_BIT(TC_KIND_##name)

static uint64_t kinds_of(const char *condition)
{
	struct tc_diagnostics diagnostics = {0};
	char *text = rule_text(condition);
	struct tc_ruleset *set = rules_from(text, &diagnostics);

	if (!set) {
		tc_diagnostics_print(&diagnostics, stderr, false);
		fail_msg("refused: %s", condition);
	}
	uint64_t kinds = tc_ruleset_at(set, 0)->kinds;
	assert_true(kinds == tc_ruleset_kinds(set));
	for (unsigned kind = 0; kind < TC_KIND_LIMIT; kind++)
		assert_int_equal(set->n_candidates[kind], kinds >> kind & 1);
	tc_ruleset_free(set);
	tc_diagnostics_done(&diagnostics);
	free(text);
	return kinds;
}

static void header_fields_allow_all_kinds(void **state)
{
	assert_true(kinds_of("proc.pid = 1") == tc_kinds_all());
	assert_true(kinds_of("not proc.pid = 1") == tc_kinds_all());
}

static void field_narrows_to_kinds_that_have_it(void **state)
{
	assert_true(kinds_of("mount.fstype = x") ==
		    (BIT(mount) | BIT(move_mount) | BIT(remount) | BIT(umount)));
	assert_true(kinds_of("not mount.fstype = x") == tc_kinds_all());
	assert_true(kinds_of("rename.is_replacing != true") == BIT(rename));
}

static void event_kind_is_certain(void **state)
{
	assert_true(kinds_of("evt.kind = open") == BIT(open));
	assert_true(kinds_of("not evt.kind = open") == (tc_kinds_all() & ~BIT(open)));
	assert_true(kinds_of("evt.kind != open") == (tc_kinds_all() & ~BIT(open)));
	assert_true(kinds_of("evt.kind startswith cgroup_") ==
		    (BIT(cgroup_mkdir) | BIT(cgroup_rmdir) | BIT(cgroup_rename)));
	assert_true(kinds_of("evt.kind in (exec, exit)") == (BIT(exec) | BIT(exit)));
	assert_true(kinds_of("evt.kind = nothing") == 0);
}

static void system_calls_narrow(void **state)
{
	assert_true(kinds_of("evt.type = execve") == BIT(exec));
	assert_true(kinds_of("evt.type in (execve, execveat)") == BIT(exec));
	assert_true(kinds_of("evt.type = process_vm_writev") == BIT(trace));
	assert_true(kinds_of("evt.type in (open, openat) and evt.is_open_write = true") ==
		    BIT(open));
	assert_true(kinds_of("evt.type != execve") == tc_kinds_all());
	assert_true(kinds_of("not evt.type = execve") == tc_kinds_all());
	assert_true(kinds_of("evt.type startswith exec") == tc_kinds_all());
	/* A system call that no row names may lead to any kind. */
	assert_true(kinds_of("evt.type = futex") == tc_kinds_all());
	assert_true((kinds_of("evt.type = cgroup_mkdir") & BIT(cgroup_mkdir)) != 0);
}

static void constants_are_certain(void **state)
{
	assert_true(kinds_of("evt.is_open_write = true") == BIT(open));
	assert_true(kinds_of("evt.is_open_write = false") == BIT(open_read));
	assert_true(kinds_of("evt.is_open_write != false") == BIT(open));
	assert_true(kinds_of("evt.is_open_write exists") == (BIT(open) | BIT(open_read)));
	assert_true(kinds_of("not evt.is_open_write exists") ==
		    (tc_kinds_all() & ~(BIT(open) | BIT(open_read))));
	assert_true(kinds_of("evt.is_open_write in (true, false)") == (BIT(open) | BIT(open_read)));
}

static void and_or_not_combine(void **state)
{
	assert_true(kinds_of("evt.type = execve or mount.op = bind") ==
		    (BIT(exec) | BIT(mount) | BIT(move_mount)));
	assert_true(kinds_of("mount.op = bind and mount.flags contains x") == BIT(mount));
	assert_true(kinds_of("not (evt.kind = open or evt.kind = exec)") ==
		    (tc_kinds_all() & ~(BIT(open) | BIT(exec))));
	assert_true(kinds_of("evt.kind = open and not proc.name = x") == BIT(open));
	assert_true(kinds_of("evt.kind = open and evt.kind = exec") == 0);
	assert_true(kinds_of("proc.name in ()") == 0);
	assert_true(kinds_of("not proc.name in ()") == tc_kinds_all());
}

static void rule_that_can_never_match_is_a_warning(void **state)
{
	struct tc_diagnostics diagnostics = {0};
	char *text = rule_text("mount.op = bind and evt.type = execve");
	struct tc_ruleset *set = rules_from(text, &diagnostics);

	assert_non_null(set);
	assert_int_equal(diagnostics.count, 1);
	assert_string_equal(diagnostics.items[0].code, "TC-R080");
	tc_ruleset_free(set);
	tc_diagnostics_done(&diagnostics);
	free(text);
}

/*
 * The check of checks: whatever the kinds say, judging without them gives the same. Random
 * conditions over fields of all sorts, each judged for an event of each kind, with and without the
 * narrowing.
 */
static void narrowing_never_changes_a_verdict(void **state)
{
	static const char *const atoms[] = {"evt.kind = open",
					    "evt.type = execve",
					    "evt.is_open_write = true",
					    "fd.name = x",
					    "fd.name != x",
					    "mount.op exists",
					    "proc.pid = 42",
					    "proc.pid != 42",
					    "evt.type in (openat, mount)",
					    "evt.type = mount",
					    "not fd.ino exists",
					    "evt.kind in (mount, exec)",
					    "proc.argv intersects (a)",
					    "evt.is_open_write = false"};
	unsigned seed = 7;

	for (unsigned round = 0; round < 300; round++) {
		char condition[512] = "";
		struct tc_diagnostics diagnostics = {0};

		for (unsigned i = 0; i < 4; i++) {
			strcat(condition, i == 0 ? "" : rand_r(&seed) % 2 ? " and " : " or ");
			strcat(condition, rand_r(&seed) % 2 ? "not " : "");
			strcat(condition,
			       atoms[(size_t)rand_r(&seed) % (sizeof(atoms) / sizeof(atoms[0]))]);
		}
		char *text = rule_text(condition);
		struct tc_ruleset *set = rules_from(text, &diagnostics);
		assert_non_null(set);
		for (unsigned kind = 0; kind < TC_KIND_LIMIT; kind++) {
			struct made made;

			if (!tc_kind_info(kind))
				continue;
			made_begin(&made, kind);
			made_end(&made);
			size_t narrowed = tc_ruleset_judge(set, &made.event, NULL, 0);
			struct tc_program *program = &set->program;
			for (size_t i = 0; i < program->n_nodes; i++) {
				if (program->nodes[i].kind == TC_NODE_CHECK || program->nodes[i].n)
					program->nodes[i].may_hold = program->nodes[i].may_fail =
						UINT64_MAX;
			}
			tc_program_next(program);
			bool plain = tc_program_holds(program, &made.event, TC_KIND_BIT(kind),
						      set->nodes[0]);
			if (plain != (narrowed == 1))
				fail_msg("%s: %s", condition, tc_kind_info(kind)->name);
			made_done(&made);
			tc_ruleset_free(set);
			tc_diagnostics_done(&diagnostics);
			set = rules_from(text, &diagnostics);
		}
		tc_ruleset_free(set);
		tc_diagnostics_done(&diagnostics);
		free(text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(header_fields_allow_all_kinds),
		cmocka_unit_test(field_narrows_to_kinds_that_have_it),
		cmocka_unit_test(event_kind_is_certain),
		cmocka_unit_test(system_calls_narrow),
		cmocka_unit_test(constants_are_certain),
		cmocka_unit_test(and_or_not_combine),
		cmocka_unit_test(rule_that_can_never_match_is_a_warning),
		cmocka_unit_test(narrowing_never_changes_a_verdict),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

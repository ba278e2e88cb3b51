/* SPDX-License-Identifier: Apache-2.0 */
/* Which kinds of events a condition can be true for. */
#include "fixture.h"

#include "agent/syscalls.h"

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
		assert_int_equal(set->dispatch.kinds[kind].always != NULL, kinds >> kind & 1);
	tc_ruleset_free(set);
	tc_diagnostics_done(&diagnostics);
	free(text);
	return kinds;
}

static bool names_env(const char *condition)
{
	struct tc_diagnostics diagnostics = {0};
	char *text = rule_text(condition);
	struct tc_ruleset *set = rules_from(text, &diagnostics);
	bool named;

	assert_non_null(set);
	named = tc_ruleset_names(set, "proc.env");
	tc_ruleset_free(set);
	tc_diagnostics_done(&diagnostics);
	free(text);
	return named;
}

/* A part that the probes tell only when asked for. */
static void what_rules_name_is_known(void **state)
{
	assert_false(names_env("proc.pid = 1 and proc.args contains x"));
	assert_true(names_env("proc.pid = 1 and proc.env icontains x"));
	assert_true(names_env("not tolower(proc.env) contains x"));
	assert_true(names_env("len(tolower(proc.env)) > 3"));
	assert_false(names_env("tolower(proc.args) contains x"));
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
	/* What is no system call is the type of no event. */
	assert_true(kinds_of("evt.type = opnat") == 0);
	assert_true(kinds_of("evt.type in (execve, opnat)") == BIT(exec));
	assert_true(kinds_of("evt.type = io_uring_opnat") == 0);
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

/* How an event came about. */
struct cause {
	int32_t syscall; /* -1: none */
	uint16_t flags;
};

/* Conditions of one rule each, with and without what is known of kinds. */
struct judged {
	struct tc_ruleset *narrowed, *plain;
	char *text;
};

static void judged_begin(struct judged *judged, const char *condition)
{
	struct tc_diagnostics diagnostics = {0};

	judged->text = rule_text(condition);
	judged->narrowed = rules_from(judged->text, &diagnostics);
	judged->plain = rules_from(judged->text, &diagnostics);
	assert_non_null(judged->plain);
	tc_diagnostics_done(&diagnostics);

	struct tc_program *program = &judged->plain->program;
	for (size_t i = 0; i < program->n_nodes; i++) {
		if (program->nodes[i].kind == TC_NODE_CHECK || program->nodes[i].n)
			program->nodes[i].may_hold = program->nodes[i].may_fail = UINT64_MAX;
	}
}

static void judged_done(struct judged *judged)
{
	tc_ruleset_free(judged->narrowed);
	tc_ruleset_free(judged->plain);
	free(judged->text);
}

static void assert_same(struct judged *judged, struct made *made)
{
	struct tc_program *program = &judged->plain->program;
	size_t narrowed = tc_ruleset_judge(judged->narrowed, &made->event, NULL, 0);

	tc_program_next(program);
	bool plain = tc_program_holds(program, &made->event, TC_KIND_BIT(made->header.kind),
				      judged->plain->nodes[0]);
	if (plain != (narrowed == 1))
		fail_msg("%s: %s, system call %d, flags %u", judged->text,
			 tc_kind_info(made->header.kind)->name, made->header.syscall,
			 made->header.flags);
}

/* Puts a text into every slot of the record; every other event has none. */
static void fill_slots(struct made *made, const char *text)
{
	const struct tc_kind_info *info = tc_kind_info(made->header.kind);

	for (unsigned i = 0; i < info->n_members; i++) {
		if (info->members[i].wire == TC_W_slot)
			made_text(made, (struct tc_slot *)(made->bytes + info->members[i].offset),
				  text);
	}
}

/* Whether the schema says that a system call may lead to events of a kind. */
static bool leads_to(const char *syscall, const struct tc_kind_info *info)
{
	return syscall && tc_kinds_of_syscall(syscall) & TC_KIND_BIT(info->kind);
}

/* All ways in which an event of a kind may come about, as far as the schema tells; n of them. */
static unsigned causes_of(const struct tc_kind_info *info, struct cause *causes, unsigned room)
{
	unsigned n = 0;

	causes[n++] = (struct cause){-1, 0};
	for (int32_t number = 0; number < 1024; number++) {
		struct cause ways[] = {{number, 0},
				       {number, TC_RECORD_COMPAT},
				       {number, TC_RECORD_IO_URING},
				       {number | TC_SYSCALL_X32_BIT, 0}};
		const char *names[] = {tc_syscall_name(number, false),
				       tc_syscall_name(number, true),
				       tc_syscall_io_uring_name(number),
				       tc_syscall_name(number | TC_SYSCALL_X32_BIT, false)};

		for (unsigned way = 0; way < 4; way++) {
			assert_true(n < room);
			if (leads_to(names[way], info))
				causes[n++] = ways[way];
		}
	}
	return n;
}

#define CAUSES_MAX 4100

/* An event of each kind in each way; at most a few of those that any system call may lead to. */
static void judge_all_kinds(struct judged *judged, unsigned *seed)
{
	static struct cause causes[TC_KIND_LIMIT][CAUSES_MAX];
	static unsigned n_causes[TC_KIND_LIMIT];
	static const char *const texts[] = {"x", "a", "/x"};

	for (unsigned kind = 0; kind < TC_KIND_LIMIT; kind++) {
		const struct tc_kind_info *info = tc_kind_info(kind);
		struct made made;

		if (!info)
			continue;
		if (!n_causes[kind])
			n_causes[kind] = causes_of(info, causes[kind], CAUSES_MAX);
		for (unsigned i = 0; i < 16; i++) {
			unsigned at = i ? (unsigned)rand_r(seed) % n_causes[kind] : 0;

			made_begin(&made, kind);
			made.header.syscall = causes[kind][at].syscall;
			made.header.flags = causes[kind][at].flags;
			if (i % 2)
				fill_slots(&made, texts[(unsigned)rand_r(seed) % 3]);
			made_end(&made);
			assert_same(judged, &made);
			made_done(&made);
		}
	}
}

/*
 * The check of checks: whatever the kinds say, judging without them gives the same. Random
 * conditions over fields of all sorts, each judged for events of each kind, with and without the
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
					    "evt.type = open",
					    "evt.type = io_uring_openat",
					    "evt.type in (io_uring_unlinkat, rename)",
					    "evt.type != openat",
					    "not fd.ino exists",
					    "evt.kind in (mount, exec)",
					    "proc.argv intersects (a)",
					    "evt.is_open_write = false"};
	unsigned seed = 7;

	for (unsigned round = 0; round < 200; round++) {
		char condition[512] = "";
		struct judged judged;

		for (unsigned i = 0; i < 4; i++) {
			strcat(condition, i == 0 ? "" : rand_r(&seed) % 2 ? " and " : " or ");
			strcat(condition, rand_r(&seed) % 2 ? "not " : "");
			strcat(condition,
			       atoms[(size_t)rand_r(&seed) % (sizeof(atoms) / sizeof(atoms[0]))]);
		}
		judged_begin(&judged, condition);
		judge_all_kinds(&judged, &seed);
		judged_done(&judged);
	}
}

/* Each system call that may lead to a kind, in each of its ways, is what evt.type then says. */
static void every_system_call_of_a_kind_is_found(void **state)
{
	static struct cause causes[CAUSES_MAX];

	for (unsigned kind = 0; kind < TC_KIND_LIMIT; kind++) {
		const struct tc_kind_info *info = tc_kind_info(kind);
		unsigned n = info ? causes_of(info, causes, CAUSES_MAX) : 0;

		for (unsigned i = 0; i < n; i++) {
			struct judged judged;
			struct made made;
			char condition[128];
			const char *name;

			name = causes[i].flags & TC_RECORD_IO_URING
				       ? tc_syscall_io_uring_name(causes[i].syscall)
				       : tc_syscall_name(causes[i].syscall,
							 causes[i].flags & TC_RECORD_COMPAT);
			/* Those that no row names may lead to any kind: a few will do. */
			if (name && tc_kinds_of_syscall(name) == tc_kinds_all() && i % 50)
				continue;
			made_begin(&made, kind);
			made.header.syscall = causes[i].syscall;
			made.header.flags = causes[i].flags;
			fill_slots(&made, "x");
			made_end(&made);
			snprintf(condition, sizeof(condition), "evt.type = %s",
				 name ? name : info->name);
			judged_begin(&judged, condition);
			assert_int_equal(tc_ruleset_judge(judged.narrowed, &made.event, NULL, 0),
					 1);
			assert_same(&judged, &made);
			judged_done(&judged);
			made_done(&made);
		}
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
		cmocka_unit_test(every_system_call_of_a_kind_is_found),
		cmocka_unit_test(what_rules_name_is_known),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

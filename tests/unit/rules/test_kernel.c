/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of rules/kernel: the tables say what the agent says. */
#include "tests/unit/rules/hook.h"
#include "tests/unit/rules/story.h"

#include "rules/kernel/kernel.h"

/* Rules, as the agent and as the kernel judges by them. */
struct both {
	struct tc_ruleset *set;
	struct tc_kernel_rules *kernel;
};

static struct both both_of(const char *text)
{
	static const struct tc_kernel_options options = {.generation = 1};
	struct tc_diagnostics diagnostics = {0};
	struct both both = {.set = rules_from(text, &diagnostics)};

	if (!both.set) {
		tc_diagnostics_print(&diagnostics, stderr, false);
		fail_msg("refused:\n%s", text);
	}
	tc_diagnostics_done(&diagnostics);
	assert_int_equal(tc_kernel_rules_make(both.set, &options, &both.kernel), 0);
	return both;
}

static void both_done(struct both *both)
{
	tc_kernel_rules_free(both->kernel);
	tc_ruleset_free(both->set);
}

static struct both both_of_condition(const char *condition)
{
	char *text = rule_text(condition);
	struct both both = both_of(text);

	free(text);
	return both;
}

/* What the kernel says of an event. */
static struct hook_verdict kernel_says(struct both *both, struct tc_event *event)
{
	struct tc_terms cgroup;

	if (!event->cgroup)
		return hook_decide(tc_kernel_rules_tables(both->kernel), event, NULL);
	tc_kernel_rules_judge_cgroup(both->kernel, event->world, event->cgroup, &cgroup);
	return hook_decide(tc_kernel_rules_tables(both->kernel), event, &cgroup);
}

static bool agent_says(struct both *both, struct tc_event *event)
{
	const struct tc_rule *match;

	return tc_ruleset_judge(both->set, event, &match, 1) > 0;
}

static const struct {
	const char *name, *text;
} events[] = {
	{"open_passwd",
	 "{evt.kind: open_read, fd.name: /etc/passwd, proc.name: cat, user.uid: 1000, "
	 "proc.exepath: /usr/bin/cat}"},
	{"open_shadow", "{evt.kind: open, fd.name: /etc/shadow, evt.arg.flags: O_WRONLY|O_TRUNC, "
			"proc.name: vi, proc.exepath: /usr/bin/vi}"},
	{"open_deep", "{evt.kind: open, fd.name: /tmp/a/b/Passwd.TXT, proc.name: sh}"},
	{"open_dir", "{evt.kind: open_read, fd.name: /etc/ssh, file.type: directory}"},
	{"unlink", "{evt.kind: unlink, file.path: /etc/passwd, proc.name: rm}"},
	{"exec", "{evt.kind: exec, proc.exepath: /usr/bin/nc, proc.args: -l 80, user.uid: 0}"},
	{"connect", "{evt.kind: connect, fd.sip: 192.0.2.7, fd.sport: 443, proc.name: curl}"},
	{"connect6", "{evt.kind: connect, fd.sip: '2001:db8::1', fd.sport: 22}"},
	{"mount", "{evt.kind: mount, mount.op: bind, mount.flags: MS_BIND|MS_REC, mount.source: /, "
		  "mount.target: /mnt}"},
	{"signal", "{evt.kind: signal, evt.arg.sig: SIGKILL, target.pid: 1, target.name: init}"},
	{"chown", "{evt.kind: chown, file.path: /etc/passwd, chown.uid: 0}"},
	{"chown_none", "{evt.kind: chown, file.path: /etc/passwd}"},
};

/* Where they are exact both must say the same of every event. */
static const char *const conditions[] = {
	"evt.kind = open_read",
	"fd.name = /etc/passwd",
	"fd.name != /etc/passwd",
	"not fd.name = /etc/passwd",
	"fd.name in (/etc/passwd, /etc/shadow, /etc/group)",
	"fd.name startswith /etc/",
	"fd.name endswith wd",
	"fd.name contains sswd",
	"fd.name icontains passwd",
	"fd.name iendswith .txt",
	"fd.name glob '/*/passwd'",
	"fd.name glob '/t*/?/b/*'",
	"fd.name glob '*[a-d]ow'",
	"fd.name iglob '*PASSWD*'",
	"fd.name pmatch (/etc)",
	"fd.name pmatch ('/tmp/*/b')",
	"fd.name exists",
	"not fd.name exists",
	"fd.name startswith /etc and fd.name endswith d",
	"fd.name startswith /etc and not fd.name contains ssh and fd.name != /etc/shadow",
	"fd.name startswith /etc or proc.name = sh",
	"fd.name startswith /etc and not (proc.name = cat and user.uid = 1000)",
	"evt.kind in (open, open_read) and not (fd.name startswith /etc and proc.name in (vi, "
	"cat))",
	"fd.name startswith /etc and not (proc.name = cat or user.uid = 1000 or fd.name = /x)",
	"fd.directory = /etc",
	"fd.filename = passwd",
	"fd.filename exists",
	"not fd.directory in (/etc, /tmp)",
	"fd.typechar = f",
	"not fd.typechar = d and evt.kind in (open, open_read)",
	"evt.is_open_write = true",
	"evt.is_open_read = true",
	"evt.is_open_write = true and fd.typechar = f and fd.num >= 0",
	"evt.arg.flags contains O_TRUNC",
	"evt.kind = open and not evt.arg.flags contains TRUNC",
	"mount.flags contains MS_BIND and mount.op = bind",
	"mount.op in (new, remount) or evt.arg.sig = SIGKILL",
	"evt.arg.sig startswith SIGK",
	"file.path = /etc/passwd and evt.kind in (unlink, chown)",
	"chown.uid >= 0",
	"chown.uid = -1",
	"chown.uid < 0 and file.path startswith /etc",
	"proc.exepath startswith /usr/bin/",
	"proc.exepath pmatch (/usr/bin/nc) and evt.kind = exec",
	"user.uid > 0 and user.uid <= 1000",
	"user.uid in (0, 7) and not proc.name = cat",
	"fd.rip in (192.0.2.0/24)",
	"not fd.rip = 2001:db8::1 and evt.kind = connect",
	"fd.rport in (22, 443) and proc.name = curl",
	"fd.rport != 22",
	"target.pid = 1",
	"target.name startswith in",
	"cgroup.path startswith /system.slice",
	"cgroup.unit = test.service and fd.name startswith /etc",
	"fd.name startswith /etc and not cgroup.path glob *test*",
	"container.id = host and evt.kind = exec",
	"fd.name startswith /etc and fd.name contains s and fd.name endswith d",
};

static void test_tables_say_what_the_agent_says(void **state)
{
	struct story story = {0};
	size_t n_exact = 0;

	for (size_t i = 0; i < sizeof(events) / sizeof(events[0]); i++) {
		assert_int_equal(story_tell(&story, events[i].text), 0);
		for (size_t k = 0; k < sizeof(conditions) / sizeof(conditions[0]); k++) {
			struct both both = both_of_condition(conditions[k]);
			bool agent = agent_says(&both, story.event);
			bool kernel = kernel_says(&both, story.event).sent;

			struct tc_kernel_rule rule = tc_kernel_rules_at(both.kernel, 0);
			uint64_t unsure = rule.kinds & ~rule.exact;
			bool is_exact = !(unsure >> story.event->record->kind & 1);

			n_exact += is_exact;
			if (agent != kernel && (agent || is_exact))
				fail_msg("%s: %s: agent %d, kernel %d", events[i].name,
					 conditions[k], agent, kernel);
			both_done(&both);
		}
	}
	/* Else nothing was compared. */
	print_message("%zu verdicts are the kernel's alone\n", n_exact);
	assert_true(n_exact > 500);
	story_done(&story);
}

static void test_what_cannot_be_judged_is_sent(void **state)
{
	static const char *const unjudged[] = {
		"proc.args contains nothing and evt.kind = open_read",
		"not proc.args contains 5 and evt.kind = open_read",
		"fd.name regex '/x.*' and proc.name = cat",
		"user.name = nobody and fd.name startswith /etc",
		"not (user.name = nobody and fd.name startswith /etc) and evt.kind = open_read",
		"tolower(fd.name) = /x",
		"evt.type = openat2",
	};
	struct story story = {0};

	assert_int_equal(story_tell(&story, events[0].text), 0);
	for (size_t i = 0; i < sizeof(unjudged) / sizeof(unjudged[0]); i++) {
		struct both both = both_of_condition(unjudged[i]);

		if (!kernel_says(&both, story.event).sent)
			fail_msg("%s: dropped", unjudged[i]);
		both_done(&both);
	}
	story_done(&story);
}

static void test_judged_parts_drop_what_the_agent_need_not_see(void **state)
{
	static const char *const half_judged[] = {
		"proc.args contains nothing and fd.name = /x",
		"user.name = root and proc.name in (a, b)",
		"proc.aname = sshd and evt.kind = exec",
		"(proc.args contains a or proc.pname = b) and fd.name startswith /x",
	};
	struct story story = {0};

	assert_int_equal(story_tell(&story, events[0].text), 0);
	for (size_t i = 0; i < sizeof(half_judged) / sizeof(half_judged[0]); i++) {
		struct both both = both_of_condition(half_judged[i]);

		if (kernel_says(&both, story.event).sent)
			fail_msg("%s: sent", half_judged[i]);
		both_done(&both);
	}
	story_done(&story);
}

/* One rule for each of n paths. */
static char *rules_for_paths(size_t n)
{
	struct tc_buffer text = {0};

	for (size_t i = 0; i < n; i++)
		tc_buffer_printf(&text,
				 "- rule: r%zu\n  desc: d\n  priority: INFO\n  output: o\n"
				 "  condition: evt.kind in (open, open_read) and "
				 "fd.name = /data/%zu/file\n",
				 i, i);
	return text.bytes;
}

static void test_more_rules_than_bits_share_them(void **state)
{
	char *text = rules_for_paths(3000);
	struct both both = both_of(text);
	const struct tc_kernel_counts *counts = tc_kernel_rules_counts(both.kernel);
	struct story story = {0};

	assert_int_equal(counts->bits, TC_TERMS_MAX);
	assert_int_equal(counts->shared, 3000);
	assert_int_equal(story_tell(&story, "{evt.kind: open, fd.name: /data/2999/file}"), 0);
	assert_true(kernel_says(&both, story.event).sent);
	assert_int_equal(story_tell(&story, "{evt.kind: open, fd.name: /data/3000/file}"), 0);
	assert_false(kernel_says(&both, story.event).sent);
	assert_int_equal(story_tell(&story, "{evt.kind: unlink, file.path: /data/1/file}"), 0);
	assert_false(kernel_says(&both, story.event).sent);
	story_done(&story);
	both_done(&both);
	free(text);
}

static void test_what_an_opened_file_keeps_is_kept_with_its_path(void **state)
{
	struct both both = both_of_condition(
		"evt.kind in (open, open_read) and fd.name startswith /dev/ and file.type = block "
		"and fd.ino = 7 and file.nlink = 1");
	const struct tc_tables *tables = tc_kernel_rules_tables(both.kernel);
	const struct tc_kind_table *written = &tables->kinds[TC_KIND_open];
	const struct tc_kind_table *read = &tables->kinds[TC_KIND_open_read];

	(void)state;
	assert_int_equal(written->kept.n, 3); /* link(2) changes the number of links */
	assert_int_equal(written->looks.n, 1);
	assert_int_equal(read->kept.first, written->kept.first);
	assert_int_equal(read->kept.n, written->kept.n);
	both_done(&both);
}

/* Rules of which each asks for the task or the cgroup may be done with before the object is looked
 * at; one that does not has it looked at always. */
static void test_what_is_asked_of_the_task_is_known_beforehand(void **state)
{
	struct both both = both_of_condition(
		"(evt.kind = open and fd.name startswith /a and proc.name = x) or (evt.kind = open "
		"and fd.name = /b and cgroup.path = /c) or (evt.kind = open_read and (proc.name = "
		"x or fd.name = /d))");
	const struct tc_tables *tables = tc_kernel_rules_tables(both.kernel);

	(void)state;
	assert_true(tables->kinds[TC_KIND_open].all_ask);
	assert_false(tables->kinds[TC_KIND_open_read].all_ask);
	assert_int_equal(tables->facts, TC_FACTS_COMM);
	both_done(&both);
	both = both_of_condition("evt.kind = exec and user.ruid = 1 and ns.user = 2 and ns.pid = 3 "
				 "and proc.exepath = /x");
	assert_int_equal(tc_kernel_rules_tables(both.kernel)->facts, TC_FACTS_ALL & ~TC_FACTS_COMM);
	both_done(&both);
}

#define ENFORCING(action, condition)                                                               \
	"- rule: r\n  desc: d\n  priority: INFO\n  output: o\n  action: " action                   \
	"\n  condition: |\n"                                                                       \
	"    " condition "\n"
#define BLOCKING(condition) ENFORCING("block", condition)

/* The place of what the kernel cannot decide, in line 7 of the file. */
static void test_a_blocking_rule_that_the_kernel_cannot_decide_is_refused(void **state)
{
	static const struct {
		const char *text;
		unsigned column;
	} refused[] = {
		{BLOCKING("evt.kind = open and user.name = root"), 25},
		{BLOCKING("evt.kind = open and fd.name regex '/etc/.*'"), 25},
		{BLOCKING("evt.kind = open and not proc.pname = sh"), 29},
		{BLOCKING("evt.kind = open and container.image contains x"), 25},
		{BLOCKING("evt.type = openat and fd.name = /x and evt.kind = open"), 5},
		{BLOCKING("evt.kind = exec and proc.argv intersects (-x)"), 25},
		{BLOCKING("evt.kind = connect and fd.lport = 1024"), 28},
		{BLOCKING("evt.kind = connect and fd.rport = oneof (1, 2)"), 28},
		{ENFORCING("kill", "evt.kind = open_tree and mount.target_raw = /x"), 30},
		{ENFORCING("kill", "evt.kind = mount_setattr and mount.attr_set contains x"), 34},
	};

	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++)
		assert_refused(refused[i].text, "TC-R078", 7, refused[i].column);
	/* No hook refuses an exit: told at the action. */
	assert_refused(BLOCKING("evt.kind = exit"), "TC-R078", 5, 11);
}

static void test_best_effort_alerts_where_it_cannot_block(void **state)
{
	struct both both = both_of(BLOCKING(
		"(evt.kind = open and fd.name = /etc/shadow) or "
		"(evt.kind = open_read and user.name = root)") "  enforcement: best_effort\n");
	struct tc_kernel_rule rule = tc_kernel_rules_at(both.kernel, 0);
	struct story story = {0};
	struct hook_verdict verdict;

	assert_int_equal(rule.enforced, TC_KIND_BIT(TC_KIND_open));
	assert_int_equal(story_tell(&story, events[1].text), 0);
	verdict = kernel_says(&both, story.event);
	assert_true(verdict.enforces);
	assert_int_equal(tc_kernel_rules_tables(both.kernel)->terms[verdict.term].rule, 1);
	assert_int_equal(story_tell(&story, events[0].text), 0);
	verdict = kernel_says(&both, story.event);
	assert_true(verdict.sent);
	assert_false(verdict.enforces);
	story_done(&story);
	both_done(&both);
}

static void test_rules_that_block_keep_their_bits_and_errors(void **state)
{
	struct tc_buffer text = {0};
	char *many = rules_for_paths(2000);
	struct story story = {0};
	struct hook_verdict verdict;
	struct both both;

	tc_buffer_add_string(&text, many);
	tc_buffer_add_string(
		&text,
		BLOCKING("evt.kind = open and fd.name pmatch (/data/1999)") "  errno: EACCES\n");
	both = both_of(text.bytes);
	assert_int_equal(story_tell(&story, "{evt.kind: open, fd.name: /data/1999/file}"), 0);
	verdict = kernel_says(&both, story.event);
	assert_true(verdict.enforces);
	assert_int_equal(tc_kernel_rules_tables(both.kernel)->terms[verdict.term].rule, 2001);
	assert_int_equal(tc_kernel_rules_tables(both.kernel)->terms[verdict.term].error, EACCES);
	assert_int_equal(story_tell(&story, "{evt.kind: open, fd.name: /data/1998/file}"), 0);
	assert_false(kernel_says(&both, story.event).enforces);
	story_done(&story);
	both_done(&both);
	tc_buffer_done(&text);
	free(many);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tables_say_what_the_agent_says),
		cmocka_unit_test(test_what_cannot_be_judged_is_sent),
		cmocka_unit_test(test_judged_parts_drop_what_the_agent_need_not_see),
		cmocka_unit_test(test_more_rules_than_bits_share_them),
		cmocka_unit_test(test_what_an_opened_file_keeps_is_kept_with_its_path),
		cmocka_unit_test(test_what_is_asked_of_the_task_is_known_beforehand),
		cmocka_unit_test(test_a_blocking_rule_that_the_kernel_cannot_decide_is_refused),
		cmocka_unit_test(test_best_effort_alerts_where_it_cannot_block),
		cmocka_unit_test(test_rules_that_block_keep_their_bits_and_errors),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

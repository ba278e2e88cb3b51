/* SPDX-License-Identifier: Apache-2.0 */
/* Rules that would stop what must go on, and rules like them that would not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "../output/fixture.h"
#include "agent/guard.h"

#define RULE(action, condition)                                                                    \
	"- rule: r\n  desc: d\n  condition: " condition "\n  output: o\n  priority: INFO\n"        \
	"  action: " action "\n  enforcement: best_effort\n"

/* The guard that holds the one rule back; NULL: none. */
static const char *guard_of(const char *yaml, const char *without)
{
	struct tc_ruleset *rules = fixture_rules(yaml);
	const struct tc_guard_event *hit = NULL;

	assert_int_equal(tc_guards_find(rules, without, &hit), 0);
	tc_ruleset_free(rules);
	return hit ? hit->guard : NULL;
}

static const struct {
	const char *yaml, *guard;
} rows[] = {
	{RULE("block", "evt.kind = exec"), "init"},
	{RULE("kill", "evt.kind = exec"), "init"},
	{RULE("alert", "evt.kind = exec"), NULL},
	{RULE("block", "evt.kind = exec and proc.name = sshd"), "sshd"},
	{RULE("block", "evt.kind = exec and proc.exepath startswith /usr/sbin/ and user.uid = 0"),
	 "agent"},
	{RULE("block", "evt.kind = exec and proc.exepath = /usr/bin/bash"), "shell"},
	{RULE("block", "evt.kind = exec and proc.exepath = /usr/bin/bash and not cgroup.path "
		       "startswith /user.slice"),
	 NULL},
	{RULE("block", "evt.kind = exec and proc.exepath = /usr/bin/bash and container.id != host"),
	 NULL},
	{RULE("block", "evt.kind = exec and proc.exepath startswith /tmp/"), NULL},
	{RULE("block", "evt.kind = open_read and fd.name = /etc/shadow"), "sshd"},
	{RULE("block", "evt.kind = open_read and fd.name = /etc/shadow and not proc.exepath in "
		       "(/usr/sbin/sshd, /usr/bin/su, /usr/bin/login)"),
	 NULL},
	{RULE("kill", "evt.kind = open and fd.name startswith /var/lib"), "agent"},
	{RULE("block", "evt.kind = setuid and user.uid = 0"), "sshd"},
	{RULE("block", "evt.kind = signal"), "init"},
	{RULE("block", "evt.kind = listen and fd.sport < 1024"), "sshd"},
	{RULE("block", "evt.kind = mmap and evt.arg.prot contains PROT_EXEC"), "init"},
	{RULE("block", "evt.kind = mmap and proc.name = bash"), "shell"},
	{RULE("block", "evt.kind = mmap and fd.name startswith /tmp/"), NULL},
	{RULE("block", "evt.kind = bpf"), "agent"},
	{RULE("block", "evt.kind = bpf and evt.arg.cmd = BPF_PROG_LOAD"), "agent"},
	{RULE("block", "evt.kind = bpf and proc.exepath != /usr/sbin/tocsin"), NULL},
};

static void rules_that_would_lock_out_are_found(void **state)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const char *guard = guard_of(rows[i].yaml, NULL);

		if (!guard != !rows[i].guard || (guard && strcmp(guard, rows[i].guard) != 0))
			fail_msg("%s: held back by %s, not %s", rows[i].yaml, guard ? guard : "-",
				 rows[i].guard ? rows[i].guard : "-");
	}
}

static void guards_can_be_left_out_by_name(void **state)
{
	const char *yaml = RULE("block", "evt.kind = exec and proc.name in (sshd, login)");

	assert_string_equal(guard_of(yaml, ""), "sshd");
	assert_string_equal(guard_of(yaml, "init,sshd"), "login");
	assert_string_equal(guard_of(yaml, "ssh loginx"), "sshd");
	assert_null(guard_of(yaml, " login  sshd "));
}

static void unknown_names_are_found(void **state)
{
	const char *words = "sshd, logn su";
	size_t length;

	assert_null(tc_guards_unknown(NULL, &length));
	assert_null(tc_guards_unknown("", &length));
	assert_null(tc_guards_unknown(" sshd,login  su ", &length));
	assert_ptr_equal(tc_guards_unknown(words, &length), strstr(words, "logn"));
	assert_int_equal(length, 4);
}

/* Also those of guards of which no rule above says anything. */
static void every_event_can_be_told_and_stopped(void **state)
{
	for (size_t i = 0; i < tc_n_guards; i++) {
		struct tc_buffer others = {0};

		for (size_t other = 0; other < tc_n_guards; other++)
			if (other != i)
				tc_buffer_printf(&others, "%s ", tc_guards[other].name);
		assert_string_equal(guard_of(RULE("block", "evt.num > 0"), others.bytes),
				    tc_guards[i].name);
		tc_buffer_done(&others);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rules_that_would_lock_out_are_found),
		cmocka_unit_test(guards_can_be_left_out_by_name),
		cmocka_unit_test(unknown_names_are_found),
		cmocka_unit_test(every_event_can_be_told_and_stopped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

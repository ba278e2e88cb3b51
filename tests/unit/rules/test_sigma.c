/* SPDX-License-Identifier: Apache-2.0 */
/* Sigma rules: each modifier, each form of a condition, each log source, by events. */
#include "story.h"

/* A rule of a log source with a detection, whose lines are indented by two blanks. To be freed. */
static char *sigma_text(const char *logsource, const char *detection)
{
	char *text;

	assert_true(asprintf(&text,
			     "title: r\nid: 1\nlogsource: {product: linux, %s}\nlevel: high\n"
			     "detection:\n%s",
			     logsource, detection) > 0);
	return text;
}

static bool judge(const char *text, const char *event)
{
	struct tc_diagnostics diagnostics = {0};
	struct tc_ruleset *set = rules_from(text, &diagnostics);
	struct story story = {0};

	if (!set) {
		tc_diagnostics_print(&diagnostics, stderr, false);
		fail_msg("refused:\n%s", text);
	}
	if (story_tell(&story, event)) {
		tc_diagnostics_print(&story.diagnostics, stderr, false);
		fail_msg("no event: %s", event);
	}
	assert_int_equal(tc_ruleset_count(set), 1);
	bool found = tc_ruleset_judge(set, story.event, NULL, 0) == 1;
	story_done(&story);
	tc_ruleset_free(set);
	tc_diagnostics_done(&diagnostics);
	return found;
}

static void assert_judged(bool wanted, const char *logsource, const char *detection,
			  const char *event)
{
	char *text = sigma_text(logsource, detection);

	if (judge(text, event) != wanted)
		fail_msg("%s: %s\n%s", wanted ? "does not match" : "matches", event, text);
	free(text);
}

#define EXEC "category: process_creation"
/* One check (a key and its value) of an exec event with these arguments. */
static void assert_check(bool wanted, const char *check, const char *argv)
{
	char *detection, *event;

	assert_true(asprintf(&detection, "  s:\n    %s\n  condition: s\n", check) > 0);
	assert_true(asprintf(&event,
			     "{kind: exec, proc.name: x, proc.exepath: /usr/bin/Curl, "
			     "proc.argv: %s}",
			     argv) > 0);
	assert_judged(wanted, EXEC, detection, event);
	free(detection);
	free(event);
}

#define MATCHES(check, argv) assert_check(true, check, argv)
#define MISSES(check, argv) assert_check(false, check, argv)

static void value_without_modifier(void **state)
{
	MATCHES("CommandLine: a B", "[A, b]");
	MISSES("CommandLine: a", "[a, b]");
	MATCHES("CommandLine: [x, 'a b']", "[a, b]");
	MATCHES("Image: /usr/bin/cURL", "[a]");
	MATCHES("CommandLine: 77", "['77']");
}

static void wildcards_and_escapes(void **state)
{
	MATCHES("CommandLine: 'a*C'", "[a, b, c]");
	MATCHES("CommandLine: 'a?b'", "[a, b]");
	MISSES("CommandLine: 'a?b'", "[a, xb]");
	MATCHES("CommandLine: 'a\\*c'", "['a*c']");
	MISSES("CommandLine: 'a\\*c'", "[abc]");
	MATCHES("CommandLine: 'a\\\\*'", "['a\\bc']");
	MATCHES("CommandLine: 'a\\b'", "['a\\b']");
	MATCHES("CommandLine: '*b*'", "[abc]");
	MATCHES("CommandLine: 'x[1]*'", "['x[1] y']");
	MATCHES("CommandLine: '*'", "[a]");
	MATCHES("CommandLine|contains: 'a*\"c'", "['xab\"cy']");
}

static void modifier_contains(void **state)
{
	MATCHES("CommandLine|contains: ' B '", "[a, b, c]");
	MISSES("CommandLine|contains: ' B '", "[a, c]");
	MATCHES("CommandLine|contains: [x, c]", "[a, C]");
	MATCHES("CommandLine|contains: ''", "[a]");
}

static void modifier_startswith(void **state)
{
	MATCHES("CommandLine|startswith: 'a '", "[A, b]");
	MISSES("CommandLine|startswith: b", "[a, b]");
	MATCHES("CommandLine|startswith: 'a*c'", "[a, b, cd]");
}

static void modifier_endswith(void **state)
{
	MATCHES("Image|endswith: /curl", "[a]");
	MISSES("Image|endswith: /bin", "[a]");
	MATCHES("CommandLine|endswith: '.?'", "[a.b]");
}

static void modifier_all(void **state)
{
	MATCHES("CommandLine|contains|all: [a, b]", "[a, b]");
	MISSES("CommandLine|contains|all: [a, c]", "[a, b]");
	MATCHES("CommandLine|all: ['a*', '*b']", "[a, b]");
}

static void modifier_cased(void **state)
{
	MATCHES("CommandLine|contains|cased: B", "[a, B]");
	MISSES("CommandLine|contains|cased: B", "[a, b]");
	MISSES("Image|cased: /usr/bin/curl", "[a]");
	MISSES("CommandLine|cased: 'A*'", "[abc]");
}

static void modifier_re(void **state)
{
	MATCHES("CommandLine|re: '\\s[a-c]{2}(?:x|y)$'", "[q, abx]");
	MISSES("CommandLine|re: '[A-C]x'", "[ax]");
	MATCHES("CommandLine|re|i: '[A-C]x'", "[ax]");
	MATCHES("CommandLine|re|i|s: 'A.b'", "[\"a\\nb\"]");
	MISSES("CommandLine|re: 'a.b'", "[\"a\\nb\"]");
	MATCHES("CommandLine|re|m: '^b'", "[\"a\\nb\"]");
	MATCHES("CommandLine|re|all: [a, '\\d']", "[a1]");
}

static void modifier_exists(void **state)
{
	MATCHES("CommandLine|exists: true", "[a]");
	MISSES("CommandLine|exists: false", "[a]");
	MISSES("CurrentDirectory|exists: yes", "[a]");
	MATCHES("Hashes|exists: false", "[a]");
}

static void modifier_fieldref(void **state)
{
	MATCHES("CommandLine|fieldref: Image", "[/usr/bin/curl]");
	MISSES("CommandLine|cased|fieldref: Image", "[/usr/bin/curl]");
	MATCHES("CommandLine|endswith|fieldref: Image", "[a, /usr/bin/curl]");
	MISSES("CommandLine|fieldref: Image", "[a]");
}

static void modifiers_that_compare(void **state)
{
	MATCHES("ProcessId|gt: 0", "[a]");
	MISSES("ProcessId|lt: 1", "[a]");
	MATCHES("ProcessId|gte: 1", "[a]");
	MISSES("ProcessId|lte: 0", "[a]");
	MATCHES("CommandLine|neq: b", "[a]");
	MISSES("CommandLine|neq: a", "[a]");
}

static void modifier_cidr(void **state)
{
	static const char event[] = "{kind: connect, socket.family: AF_INET, socket.type: "
				    "SOCK_STREAM, fd.rip: 192.0.2.7, fd.rport: 443}";

	assert_judged(true, "category: network_connection",
		      "  s: {DestinationIp|cidr: 192.0.2.0/24, DestinationPort: [80, 443]}\n"
		      "  condition: s\n",
		      event);
	assert_judged(false, "category: network_connection",
		      "  s:\n    DestinationIp|cidr: [10.0.0.0/8, '2001:db8::/32']\n"
		      "  condition: s\n",
		      event);
	assert_judged(true, "category: network_connection",
		      "  s: {Initiated: 'true', DestinationIp: 192.0.2.7}\n  condition: s\n",
		      event);
}

/* base64 of "user:secret" is dXNlcjpzZWNyZXQ=. */
static void modifier_base64(void **state)
{
	MATCHES("CommandLine|base64|contains: 'user:secret'", "[x, 'dXNlcjpzZWNyZXQ=']");
	MISSES("CommandLine|base64|contains: 'user:secret'", "[x, 'dxnlcjpzzwnyzxq=']");
}

/* base64 of "Xuser:secretY", "XXuser:secretY" and "user:secretY". */
static void modifier_base64offset(void **state)
{
	MATCHES("CommandLine|base64offset|contains: 'user:secret'", "[WHVzZXI6c2VjcmV0WQ==]");
	MATCHES("CommandLine|base64offset|contains: 'user:secret'", "[WFh1c2VyOnNlY3JldFk=]");
	MATCHES("CommandLine|base64offset|contains: 'user:secret'", "[dXNlcjpzZWNyZXRZ]");
	MISSES("CommandLine|base64offset|contains: 'user:secret'", "[dXNlcjpzZWNyZSE=]");
}

/* base64 of "ping" in UTF-16LE, UTF-16BE, UTF-16LE behind a byte order mark. */
static void modifiers_of_utf16(void **state)
{
	MATCHES("CommandLine|utf16le|base64: ping", "[cABpAG4AZwA=]");
	MATCHES("CommandLine|wide|base64offset|contains: ping", "[x, cABpAG4AZwA=]");
	MATCHES("CommandLine|utf16be|base64: ping", "[AHAAaQBuAGc=]");
	MATCHES("CommandLine|utf16|base64: ping", "['//5wAGkAbgBnAA==']");
}

static void modifier_windash(void **state)
{
	MATCHES("CommandLine|windash|contains: ' -f'", "[a, /f]");
	MATCHES("CommandLine|windash|contains: ' -f'", "[a, \xe2\x80\x93"
						       "f]");
	MATCHES("CommandLine|windash|contains: ' /f -g'", "[a, -f, /g]");
	MISSES("CommandLine|windash|contains: ' -f'", "[a, +f]");
}

static void null_and_empty(void **state)
{
	MATCHES("CurrentDirectory: null", "[a]");
	MISSES("CommandLine: null", "[a]");
	MATCHES("CommandLine: [null, a]", "[a]");
	MATCHES("CommandLine: ''", "['']");
	MISSES("CommandLine: ''", "[a]");
	MATCHES("Hashes: null", "[a]");
}

static void assert_condition(bool wanted, const char *condition, const char *argv)
{
	char *detection, *event;

	assert_true(asprintf(&detection,
			     "  s_a: {CommandLine|contains: a}\n  s_b: {CommandLine|contains: b}\n"
			     "  t: {CommandLine|contains: c}\n  _u: {CommandLine|contains: d}\n"
			     "  condition: %s\n",
			     condition) > 0);
	assert_true(asprintf(&event, "{kind: exec, proc.name: x, proc.argv: [%s]}", argv) > 0);
	assert_judged(wanted, EXEC, detection, event);
	free(detection);
	free(event);
}

static void conditions(void **state)
{
	assert_condition(true, "s_a and s_b", "ab");
	assert_condition(false, "s_a and s_b", "a");
	assert_condition(true, "s_a or s_b", "b");
	assert_condition(true, "s_a and not s_b", "a");
	assert_condition(false, "s_a and not s_b", "ab");
	assert_condition(true, "s_a or s_b and t", "a");
	assert_condition(false, "(s_a or s_b) and t", "a");
	assert_condition(true, "not (s_a or s_b) and t", "c");
	assert_condition(true, "not not t", "c");
	assert_condition(true, "1 of s_*", "b");
	assert_condition(false, "1 of s_*", "c");
	assert_condition(true, "all of s_*", "ab");
	assert_condition(false, "all of s_*", "a");
	assert_condition(true, "1 of them", "c");
	assert_condition(false, "1 of them", "d");
	assert_condition(true, "all of them", "abc");
	assert_condition(false, "all of them", "ab");
	assert_condition(true, "any of t*", "c");
	assert_condition(true, "[s_a and s_b, t]", "c");
	assert_condition(true, "s_a AND s_b", "ab");
}

static void lists_of_maps_and_keywords(void **state)
{
	static const char event[] = "{kind: exec, proc.name: x, proc.argv: [dd, 'if=/dev/zero']}";

	assert_judged(true, EXEC,
		      "  s:\n    - CommandLine: no\n    - CommandLine|contains: ZERO\n"
		      "  condition: s\n",
		      event);
	assert_judged(true, EXEC, "  s: [nothing, 'IF=']\n  condition: s\n", event);
	assert_judged(true, EXEC, "  s: {'|all': [dd, 'if=']}\n  condition: s\n", event);
	assert_judged(false, EXEC, "  s: {'|all': [dd, 'of=']}\n  condition: s\n", event);
}

#define AUDIT "service: auditd"

static void records_of_auditd(void **state)
{
	static const char exec[] = "{kind: exec, proc.name: x, proc.argv: [chmod, '777', f]}";
	static const char unlink[] = "{kind: unlink, proc.name: rm, file.path: /etc/Audit/x}";

	assert_judged(true, AUDIT, "  s: {type: execve, a0: CHMOD, a1: 777}\n  condition: s\n",
		      exec);
	assert_judged(false, AUDIT, "  s: {type: EXECVE, a0: chmod, a2: 777}\n  condition: s\n",
		      exec);
	assert_judged(true, AUDIT, "  s: {type: PATH, name: '/etc/audit/*'}\n  condition: s\n",
		      unlink);
	assert_judged(true, AUDIT,
		      "  s: {name|startswith: /etc/, nametype: DELETE}\n  condition: s\n", unlink);
	assert_judged(true, AUDIT,
		      "  s: {type: SYSCALL, SYSCALL: [unlink, unlinkat], comm: rm}\n"
		      "  condition: s\n",
		      "{kind: unlink, evt.type: unlinkat, proc.name: rm, file.path: /x}");
	/* Without a call, records SYSCALL are of execve. */
	assert_judged(false, AUDIT, "  s: {type: SYSCALL, comm: rm}\n  condition: s\n", unlink);
}

static void files(void **state)
{
	static const char detection[] =
		"  s: {TargetFilename|endswith: /ROOTLOG}\n  condition: s\n";

	assert_judged(true, "category: file_event", detection,
		      "{kind: create, proc.name: x, file.path: /tmp/rootlog}");
	assert_judged(true, "category: file_event", detection,
		      "{kind: open, proc.name: x, fd.name: /tmp/rootlog}");
	/* What makes a file by opening it was told by the making. */
	assert_judged(false, "category: file_event", detection,
		      "{kind: open, proc.name: x, fd.name: /tmp/rootlog, file.is_new: true}");
	assert_judged(false, "category: file_event", detection,
		      "{kind: unlink, proc.name: x, file.path: /tmp/rootlog}");
	assert_judged(true, "category: file_delete", detection,
		      "{kind: unlink, proc.name: x, file.path: /tmp/rootlog}");
}

/* How many rules of a text are left out; none is in force beside them. */
static size_t left_out(const char *text, const char *reason)
{
	struct tc_diagnostics diagnostics = {0};
	struct tc_ruleset *set = rules_from(text, &diagnostics);

	assert_non_null(set);
	assert_int_equal(tc_ruleset_count(set), 0);
	size_t n = set->n_left_out;
	for (size_t i = 0; i < n; i++) {
		if (!strstr(set->left_out[i].reason, reason))
			fail_msg("reason: %s", set->left_out[i].reason);
	}
	tc_ruleset_free(set);
	tc_diagnostics_done(&diagnostics);
	return n;
}

#define ONE "  s: {Image: x}\n  condition: s\n"

static void what_is_left_out(void **state)
{
	static const struct {
		const char *logsource, *detection, *reason;
	} rows[] = {
		{"service: sshd", ONE, "service sshd"},
		{"category: antivirus", ONE, "category antivirus"},
		{"definition: x", ONE, "neither category nor service"},
		{EXEC, "  s: {Image: x}\n  condition: s | count() > 3\n", "over time"},
		{EXEC, "  s: {Image: x}\n  timeframe: 5m\n  condition: s\n", "over time"},
		{EXEC, "  s: {Image|expand: '%x%'}\n  condition: s\n", "placeholders"},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char *text = sigma_text(rows[i].logsource, rows[i].detection);

		assert_int_equal(left_out(text, rows[i].reason), 1);
		free(text);
	}
	assert_int_equal(left_out("title: a\nlogsource: {product: windows, category: "
				  "process_creation}\ndetection:\n" ONE,
				  "windows"),
			 1);
	assert_int_equal(left_out("title: a\nstatus: deprecated\nlogsource: {" EXEC
				  "}\ndetection:\n" ONE,
				  "deprecated"),
			 1);
	assert_int_equal(left_out("title: a\ncorrelation: {type: event_count}\n---\n"
				  "title: b\ncorrelation: {type: event_count}\n",
				  "over time"),
			 2);
}

static void mistakes_have_their_places(void **state)
{
	static const struct {
		const char *detection, *code;
		unsigned line, column;
	} rows[] = {
		{"  s: {Imag: x}\n  condition: s\n", "TC-R112", 6, 7},
		{"  s: {Image|contain: x}\n  condition: s\n", "TC-R114", 6, 13},
		{"  s: {Image|re|contains: x}\n  condition: s\n", "TC-R114", 6, 16},
		{"  s: {Image|i: x}\n  condition: s\n", "TC-R114", 6, 13},
		{"  s: {ProcessId|contains: 1}\n  condition: s\n", "TC-R114", 6, 7},
		{"  s: {Image|cidr: 10.0.0.0/8}\n  condition: s\n", "TC-R114", 6, 7},
		{"  s: {ProcessId: x}\n  condition: s\n", "TC-R072", 6, 18},
		{"  s: {Image|re: '('}\n  condition: s\n", "TC-R075", 6, 17},
		{"  s: {Image|wide: x}\n  condition: s\n", "TC-R115", 6, 19},
		{"  s: {Image|base64: 'x*'}\n  condition: s\n", "TC-R115", 6, 21},
		{"  s: {Image|exists: maybe}\n  condition: s\n", "TC-R115", 6, 21},
		{"  s: {Image|fieldref: Nothing}\n  condition: s\n", "TC-R115", 6, 23},
		{"  s: {Image: []}\n  condition: s\n", "TC-R115", 6, 14},
		{"  s: {}\n  condition: s\n", "TC-R111", 6, 6},
		{"  s: {Image: x}\n  condition: t\n", "TC-R117", 7, 14},
		{"  s: {Image: x}\n  condition: 1 of x_*\n", "TC-R117", 7, 19},
		{"  s: {Image: x}\n  condition: s and\n", "TC-R116", 7, 18},
		{"  s: {Image: x}\n  condition: (s\n", "TC-R116", 7, 15},
		{"  s: {Image: x}\n  condition: s s\n", "TC-R116", 7, 16},
		{"  s: {Image: x}\n  condition: 1 s\n", "TC-R116", 7, 16},
		{"  s: {Image: x}\n", "TC-R043", 6, 3},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char *text = sigma_text(EXEC, rows[i].detection);

		assert_refused(text, rows[i].code, rows[i].line, rows[i].column);
		free(text);
	}
	assert_refused("title: a\ndetection: {}\n", "TC-R043", 1, 1);
	assert_refused("title: a\nlevel: hgh\nlogsource: {" EXEC "}\ndetection:\n" ONE, "TC-R047",
		       2, 8);
	char *text = sigma_text(EXEC, rows[0].detection);
	assert_true(hints(text, "`Image`"));
	free(text);
}

static void what_is_never_there_is_told(void **state)
{
	char *text = sigma_text(EXEC, "  s: {Hashes|contains: x}\n  condition: s\n");

	assert_int_equal(warnings(text, "TC-R113"), 1);
	assert_int_equal(warnings(text, "TC-R080"), 1);
	free(text);
	text = sigma_text(AUDIT, "  s: {type: [TTY, USER_TTY]}\n  condition: s\n");
	assert_int_equal(warnings(text, "TC-R113"), 2);
	free(text);
	text = sigma_text(AUDIT, "  s: {type: SYSCALL, SYSCALL: sysinfo}\n  condition: s\n");
	assert_int_equal(warnings(text, "TC-R113"), 1);
	assert_int_equal(warnings(text, "TC-R084"), 0);
	free(text);
	text = sigma_text(EXEC, "  s: {Image: x}\n  t: {Image: y}\n  condition: s\n");
	assert_int_equal(warnings(text, "TC-R081"), 1);
	free(text);
}

static void names_levels_and_tags(void **state)
{
	static const char text[] =
		"title: 100% same\nid: 1\nlevel: critical\ntags: [attack.execution, "
		"attack.t1059.004]\nlogsource: {" EXEC "}\ndetection:\n" ONE
		"---\ntitle: 100% same\nid: 2\nlogsource: {" EXEC "}\ndetection:\n" ONE;
	struct tc_diagnostics diagnostics = {0};
	struct tc_ruleset *set = rules_from(text, &diagnostics);

	assert_non_null(set);
	assert_int_equal(tc_ruleset_count(set), 2);
	const struct tc_rule *rule = tc_ruleset_at(set, 0);
	assert_string_equal(rule->name, "100% same");
	assert_int_equal(rule->priority, TC_PRIORITY_CRITICAL);
	assert_int_equal(rule->n_tags, 2);
	assert_string_equal(rule->tags[0], "attack.execution");
	assert_string_equal(rule->tags[1], "T1059.004");
	assert_string_equal(tc_ruleset_at(set, 1)->name, "100% same (2)");
	assert_int_equal(tc_ruleset_at(set, 1)->priority, TC_PRIORITY_WARNING);
	tc_ruleset_free(set);
	tc_diagnostics_done(&diagnostics);
}

/* Items of Falco's change rules of Sigma's. */
static void overrides(void **state)
{
	static const char event[] = "{kind: exec, proc.name: x, proc.exepath: /x, proc.argv: [x]}";
	static const char rule[] = "title: r\nlogsource: {" EXEC "}\ndetection:\n"
				   "  s: {Image: /x}\n  t: {Image: /y}\n  condition: s or t\n---\n";
	char *text;

	assert_true(judge(rule, event));
	assert_true(asprintf(&text,
			     "%s- rule: r\n  condition: and not proc.name = x\n"
			     "  override: {condition: append}\n",
			     rule) > 0);
	assert_false(judge(text, event));
	free(text);
	struct tc_diagnostics diagnostics = {0};
	assert_true(asprintf(&text,
			     "%s- rule: r\n  enabled: false\n  override: {enabled: replace}\n",
			     rule) > 0);
	struct tc_ruleset *set = rules_from(text, &diagnostics);
	assert_non_null(set);
	assert_int_equal(tc_ruleset_count(set), 0);
	tc_ruleset_free(set);
	tc_diagnostics_done(&diagnostics);
	free(text);
}

/* Each selection stands in the condition as often as it is named. */
static void conditions_do_not_explode(void **state)
{
	struct tc_buffer text = {0};

	tc_buffer_add_string(&text, "title: r\nlogsource: {" EXEC "}\ndetection:\n  s:\n"
				    "    Image:\n");
	for (unsigned i = 0; i < 20000; i++)
		tc_buffer_printf(&text, "      - /usr/bin/%u\n", i);
	tc_buffer_add_string(&text, "  condition: s");
	for (unsigned i = 0; i < 20000; i++)
		tc_buffer_add_string(&text, " or s");
	tc_buffer_add_string(&text, "\n");
	struct tc_diagnostics diagnostics = {0};
	assert_null(rules_from(text.bytes, &diagnostics));
	assert_int_equal(diagnostics.errors, 1);
	assert_string_equal(diagnostics.items[0].code, "TC-R116");
	tc_diagnostics_done(&diagnostics);
	tc_buffer_done(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(value_without_modifier),
		cmocka_unit_test(wildcards_and_escapes),
		cmocka_unit_test(modifier_contains),
		cmocka_unit_test(modifier_startswith),
		cmocka_unit_test(modifier_endswith),
		cmocka_unit_test(modifier_all),
		cmocka_unit_test(modifier_cased),
		cmocka_unit_test(modifier_re),
		cmocka_unit_test(modifier_exists),
		cmocka_unit_test(modifier_fieldref),
		cmocka_unit_test(modifiers_that_compare),
		cmocka_unit_test(modifier_cidr),
		cmocka_unit_test(modifier_base64),
		cmocka_unit_test(modifier_base64offset),
		cmocka_unit_test(modifiers_of_utf16),
		cmocka_unit_test(modifier_windash),
		cmocka_unit_test(null_and_empty),
		cmocka_unit_test(conditions),
		cmocka_unit_test(lists_of_maps_and_keywords),
		cmocka_unit_test(records_of_auditd),
		cmocka_unit_test(files),
		cmocka_unit_test(what_is_left_out),
		cmocka_unit_test(mistakes_have_their_places),
		cmocka_unit_test(what_is_never_there_is_told),
		cmocka_unit_test(names_levels_and_tags),
		cmocka_unit_test(overrides),
		cmocka_unit_test(conditions_do_not_explode),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

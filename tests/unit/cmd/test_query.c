/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <signal.h>
#include <sqlite3.h>
#include <sys/wait.h>
#include <time.h>

#include "../output/fixture.h"
#include "../output/json_check.h"
#include "agent/cmd/cmd.h"
#include "output/journal.h"

static const char rules_text[] = "- rule: Shell in container\n"
				 "  desc: test\n"
				 "  condition: evt.kind = exec\n"
				 "  output: \"program %proc.exepath\"\n"
				 "  priority: ERROR\n"
				 "- rule: Quiet thing\n"
				 "  desc: test\n"
				 "  condition: evt.kind = exec\n"
				 "  output: \"quiet %proc.exepath\"\n"
				 "  priority: NOTICE\n";

static struct tc_ruleset *rules;
static struct fixture fixture;
static char *directory;
static char path[96];

/* What the last query() printed on standard output and standard error. */
static char printed[65536], told[4096];

static void add(struct tc_journal *journal, unsigned rule, uint32_t pid)
{
	struct tc_exec *exec = fixture_exec(&fixture);

	exec->header.tgid = pid;
	exec->header.cgroup_id = 100 + pid;
	struct tc_alert alert = fixture_alert(&fixture, tc_ruleset_at(rules, rule));
	alert.time_ns = FIXTURE_TIME_NS + pid * 1000000000ULL;
	assert_int_equal(tc_journal_add(journal, &alert), 0);
}

static int group_setup(void **state)
{
	struct tc_journal *journal = NULL;

	setenv("TZ", "UTC", 1);
	tzset();
	rules = fixture_rules(rules_text);
	fixture_init(&fixture);
	directory = fixture_directory();
	snprintf(path, sizeof(path), "%s/journal.db", directory);
	assert_int_equal(tc_journal_open(path, &journal), 0);
	add(journal, 0, 1);
	add(journal, 1, 2);
	struct tc_loss *loss = fixture_record(&fixture, TC_KIND_loss);
	loss->count = 5;
	loss->header.tgid = 0;
	loss->header.syscall = -1; /* as the agent makes it */
	struct tc_alert notice = fixture_alert(&fixture, NULL);
	notice.time_ns += 3000000000;
	assert_int_equal(tc_journal_add(journal, &notice), 0);
	add(journal, 0, 4);
	tc_journal_close(journal);
	return 0;
}

static int group_teardown(void **state)
{
	tc_ruleset_free(rules);
	fixture_done(&fixture);
	fixture_directory_remove(directory);
	return 0;
}

static void read_back(FILE *file, char *text, size_t size)
{
	ssize_t length = pread(fileno(file), text, size - 1, 0);

	assert_true(length >= 0);
	text[length] = '\0';
	fclose(file);
}

/* Runs the subcommand on a journal with more arguments; NULL ends them. */
static int query_on(const char *journal, const char *const *words)
{
	char *argv[16] = {(char *)"query", (char *)"--journal", (char *)journal};
	int argc = 3, saved_out = dup(1), saved_err = dup(2);
	FILE *out = tmpfile(), *err = tmpfile();

	for (; words[argc - 3]; argc++)
		argv[argc] = (char *)words[argc - 3];
	fflush(NULL);
	dup2(fileno(out), 1);
	dup2(fileno(err), 2);
	int code = tc_cmd_query(argc, argv);
	fflush(NULL);
	dup2(saved_out, 1);
	dup2(saved_err, 2);
	close(saved_out);
	close(saved_err);
	read_back(out, printed, sizeof(printed));
	read_back(err, told, sizeof(told));
	return code;
}

#define QUERY(...) query_on(path, (const char *const[]){__VA_ARGS__ __VA_OPT__(, ) NULL})

/* Numbers of the alerts that a query with --json prints. */
static void assert_finds(const char *numbers, const char *const *words)
{
	const char *with_json[16] = {"--json"};
	char found[256] = "";

	for (size_t i = 0; words[i]; i++)
		with_json[i + 1] = words[i];
	assert_int_equal(query_on(path, with_json), TC_EXIT_GOOD);
	char *rest = printed;
	for (char *line; *rest && (line = strsep(&rest, "\n"));) {
		char *seq = json_member(line, "seq");

		assert_true(json_valid(line));
		strcat(found, found[0] ? " " : "");
		strcat(found, seq);
		free(seq);
	}
	if (strcmp(found, numbers))
		fail_msg("%s %s: got %s, expected %s", words[0], words[1], found, numbers);
	assert_string_equal(told, found[0] ? "" : "no alerts\n");
}

#define FINDS(numbers, ...)                                                                        \
	assert_finds(numbers, (const char *const[]){__VA_ARGS__ __VA_OPT__(, ) NULL})

static void test_prints_a_table(void **state)
{
	assert_int_equal(QUERY(), TC_EXIT_GOOD);
	assert_string_equal(printed, "TIME                     PRIORITY       RULE                 "
				     "         PROCESS          PID      "
				     "CGROUP                    OUTPUT\n"
				     "2024-05-01 10:00:01.123  Error          Shell in container   "
				     "         sh               1        "
				     "101                       program /bin/sh\n"
				     "2024-05-01 10:00:02.123  Notice         Quiet thing          "
				     "         sh               2        "
				     "102                       quiet /bin/sh\n"
				     "2024-05-01 10:00:03.123  Warning        loss                 "
				     "         sh               0        "
				     "77                        loss: loss.count=5 "
				     "loss.since_boottime=0 loss.until_boottime=0 "
				     "loss.cpu=0 loss.reason=ring_full\n"
				     "2024-05-01 10:00:04.123  Error          Shell in container   "
				     "         sh               4        "
				     "104                       program /bin/sh\n");
	assert_string_equal(told, "");
}

static void test_filters(void **state)
{
	FINDS("1 2 3 4");
	FINDS("1 4", "--rule", "Shell*");
	FINDS("1 3 4", "--priority", "warning");
	FINDS("3", "--kind", "loss");
	FINDS("2", "--pid", "2");
	FINDS("4", "--cgroup", "104");
	FINDS("3 4", "--limit", "2");
	FINDS("3 4", "--since", "2024-05-01T10:00:03Z");
	FINDS("1 2", "--until", "2024-05-01T12:00:03+02:00");
	FINDS("1 2 3 4", "--since", "40000d");
	FINDS("", "--since", "1h");
	FINDS("1 2 3 4", "--until", "1h");
	FINDS("", "--pid", "0", "--rule", "*");
	FINDS("", "--cgroup", "/no/such");
}

/* The fixture's processes run /bin/sh, and their alerts name proc.exepath. */
static void test_filters_by_process_and_place(void **state)
{
	FINDS("1 4", "--rule", "Shell*", "--rule", "nothing");
	FINDS("1 2 4", "--rule", "Shell*", "--rule", "Quiet*");
	FINDS("2", "--process", "2");
	FINDS("1 2 3 4", "--process", "sh");
	FINDS("1 2 4", "--process", "/bin/sh");
	FINDS("", "--process", "bash");
	FINDS("", "--container", "0123");
	FINDS("4 3", "--limit", "2", "--reverse");
	FINDS("4 3 2 1", "--reverse");
	FINDS("", "--unit", "ssh");
}

static void test_condition_on_stored_fields(void **state)
{
	FINDS("1 2 4", "--where", "proc.exepath = /bin/sh");
	FINDS("2", "--where", "proc.pid = 2 and proc.exepath startswith /bin");
	FINDS("1 2 4", "--where", "evt.kind = exec");
	FINDS("3", "--where", "evt.kind = loss and loss.count > 4");
	FINDS("", "--where", "loss.count > 5");
	FINDS("2 4", "--where", "proc.pid in (2, 4)\nand not evt.kind = loss");
	FINDS("4", "--where", "evt.kind = exec", "--limit", "1");
	FINDS("4 2", "--where", "evt.kind = exec", "--limit", "2", "--reverse");
	/* What the alert does not hold is missing, whatever an event of the kind would have. */
	FINDS("", "--where", "proc.is_exe_upper_layer = false");
	FINDS("", "--where", "group.name exists");
}

static void test_wrong_condition_is_shown(void **state)
{
	assert_int_equal(QUERY("--where", "proc.nmae = sh"), TC_EXIT_USAGE);
	assert_non_null(strstr(told, "--where:1:1: error"));
	assert_non_null(strstr(told, "proc.nmae = sh\n"));
	assert_non_null(strstr(told, "proc.name"));
	assert_int_equal(QUERY("--where", "proc.pid > 1\nand proc.pid = x"), TC_EXIT_USAGE);
	assert_non_null(strstr(told, "--where:2:"));
	assert_int_equal(QUERY("--where", ""), TC_EXIT_USAGE);
	assert_int_equal(QUERY("--where", "proc.pid > 1 or"), TC_EXIT_USAGE);
	assert_int_equal(QUERY("--where", "- rule: x"), TC_EXIT_USAGE);
	assert_string_equal(printed, "");
}

static void test_counts(void **state)
{
	assert_int_equal(QUERY("--count"), TC_EXIT_GOOD);
	assert_string_equal(printed, "4\n");
	assert_int_equal(QUERY("--count", "--json", "--rule", "Shell*"), TC_EXIT_GOOD);
	assert_string_equal(printed, "{\"count\":2}\n");
	assert_int_equal(QUERY("--count", "--where", "evt.kind = loss"), TC_EXIT_GOOD);
	assert_string_equal(printed, "1\n");
	assert_int_equal(QUERY("--count", "--rule", "nothing"), TC_EXIT_GOOD);
	assert_string_equal(printed, "0\n");
	assert_int_equal(QUERY("--group-by", "rule"), TC_EXIT_GOOD);
	assert_string_equal(printed, "COUNT       RULE\n"
				     "2           Shell in container\n"
				     "1           Quiet thing\n"
				     "1           -\n");
	assert_int_equal(QUERY("--group-by", "kind", "--json"), TC_EXIT_GOOD);
	assert_string_equal(printed, "{\"kind\":\"exec\",\"count\":3}\n"
				     "{\"kind\":\"loss\",\"count\":1}\n");
	assert_int_equal(QUERY("--group-by", "unit", "--json"), TC_EXIT_GOOD);
	assert_string_equal(printed, "{\"unit\":null,\"count\":4}\n");
}

static void test_prints_formats(void **state)
{
	assert_int_equal(QUERY("--text", "--pid", "2"), TC_EXIT_GOOD);
	assert_string_equal(printed, "2024-05-01 10:00:02.123 Notice Quiet thing: quiet /bin/sh\n");
	assert_int_equal(QUERY("--format", "ecs", "--pid", "2"), TC_EXIT_GOOD);
	assert_non_null(strstr(printed, "\"ecs\""));
	assert_int_equal(QUERY("--format", "cef", "--pid", "2"), TC_EXIT_GOOD);
	assert_int_equal(strncmp(printed, "CEF:", 4), 0);
	assert_int_equal(QUERY("--format", "ocsf", "--pid", "2"), TC_EXIT_GOOD);
	assert_non_null(strstr(printed, "class_uid"));
}

static void test_says_when_nothing_matches(void **state)
{
	assert_int_equal(QUERY("--rule", "nothing"), TC_EXIT_GOOD);
	assert_string_equal(printed, "");
	assert_string_equal(told, "no alerts\n");
}

static void assert_mistake(int code, const char *message)
{
	assert_int_equal(code, TC_EXIT_USAGE);
	if (!strstr(told, message))
		fail_msg("told '%s' and not '%s'", told, message);
	assert_string_equal(printed, "");
}

static void test_refuses_wrong_values(void **state)
{
	assert_mistake(QUERY("--since", "yesterday"), "--since yesterday: not a time such as");
	assert_mistake(QUERY("--until", "2024-02-30T00:00:00Z"),
		       "--until 2024-02-30T00:00:00Z: not a time");
	assert_mistake(QUERY("--priority", "high"), "--priority high: not one of Emergency");
	assert_mistake(QUERY("--kind", "exce"),
		       "--kind exce: not a kind of event (did you mean exec?)");
	assert_mistake(QUERY("--kind", "zzzzzzzz"),
		       "not a kind of event; `tocsin fields` lists them");
	assert_mistake(QUERY("--cgroup", "system.slice"),
		       "--cgroup system.slice: not a path such as");
	assert_mistake(QUERY("--cgroup", "-1"), "--cgroup -1: not a path");
	assert_mistake(QUERY("--cgroup", "99999999999999999999"), "not a path");
	assert_mistake(QUERY("--pid", "4294967296"),
		       "--pid 4294967296: not the number of a process");
	assert_mistake(QUERY("--json", "--table"), "--json and --table do not go together");
	assert_mistake(QUERY("--text", "--format", "ecs"),
		       "--text and --format do not go together");
	assert_mistake(QUERY("--format", "xml"), "--format xml: not one of table, json, ecs");
	assert_mistake(QUERY("--group-by", "colour"), "--group-by colour: not one of rule, ");
	assert_mistake(QUERY("--count", "--text"), "counts are printed as a table or with --json");
	assert_mistake(QUERY("--count", "--follow"), "--follow does not go together with counts");
	assert_mistake(QUERY("--reverse", "--follow"), "--follow and --reverse do not go together");
	assert_mistake(QUERY("--unit", "/system.slice"), "--unit /system.slice: not a unit");
	assert_mistake(QUERY("--container", ""), "--container '': not a container");
	assert_mistake(QUERY("--process", "4294967296"), "--process 4294967296: not the number");
	assert_mistake(QUERY("extra"), "one argument too many: extra");
}

static void test_missing_journal_is_an_environment_error(void **state)
{
	assert_int_equal(query_on("/nonexistent/journal.db", (const char *const[]){NULL}),
			 TC_EXIT_ENVIRONMENT);
	assert_string_equal(told, "tocsin: error: journal /nonexistent/journal.db: there is none; "
				  "has the agent run here?\n");
	assert_int_equal(query_on("/etc/passwd", (const char *const[]){NULL}), TC_EXIT_ENVIRONMENT);
	assert_non_null(strstr(told, "not a database"));
}

/* A row that another hand wrote: nothing of it may reach the terminal as it is. */
static void test_hostile_journal_is_printed_safely(void **state)
{
	char copy[128];
	sqlite3 *db;

	snprintf(copy, sizeof(copy), "%s/hostile.db", directory);
	struct tc_journal *journal = NULL;
	assert_int_equal(tc_journal_open(copy, &journal), 0);
	add(journal, 0, 1);
	tc_journal_close(journal);
	assert_int_equal(sqlite3_open(copy, &db), SQLITE_OK);
	assert_int_equal(
		sqlite3_exec(
			db,
			"UPDATE entries SET rule = char(27) || '[2J', comm = char(155, 8238, 10),"
			" kind = char(7), priority = 99, cgroup_path = CAST(x'ff1b' AS TEXT),"
			" json = '{\"output\":\"' || char(13, 27) || '\"'",
			NULL, NULL, NULL),
		SQLITE_OK);
	sqlite3_close(db);
	for (unsigned json = 0; json < 2; json++) {
		assert_int_equal(
			query_on(copy, (const char *const[]){json ? "--json" : "--table", NULL}),
			0);
		unsigned lines = 0;
		for (const char *c = printed; *c; c++) {
			lines += *c == '\n';
			assert_true(*c == '\n' || ((unsigned char)*c >= 0x20 && *c != 0x7f));
		}
		assert_int_equal(lines, json ? 1 : 2);
		assert_null(strstr(printed, "\xc2\x9b"));
		assert_null(strstr(printed, "\xe2\x80\xae"));
		assert_null(strchr(printed, '\xff'));
	}
}

/* Reads until the text has so many lines. */
static void read_lines(int fd, char *text, unsigned lines)
{
	size_t length = strlen(text);

	for (;;) {
		unsigned count = 0;

		for (size_t i = 0; i < length; i++)
			count += text[i] == '\n';
		if (count >= lines)
			return;
		ssize_t size = read(fd, text + length, 65535 - length);
		assert_true(size > 0);
		length += (size_t)size;
		text[length] = '\0';
	}
}

static void test_follow_prints_new_alerts(void **state)
{
	static char text[65536];
	struct tc_journal *journal = NULL;
	char live[128];
	int fds[2], status;

	snprintf(live, sizeof(live), "%s/live.db", directory);
	assert_int_equal(tc_journal_open(live, &journal), 0);
	add(journal, 0, 1);
	assert_int_equal(tc_journal_flush(journal), 0);
	assert_int_equal(pipe(fds), 0);
	fflush(NULL);
	pid_t pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		char *argv[] = {"query",    "--journal", live,	   "--json",
				"--follow", "--rule",	 "Shell*", NULL};

		dup2(fds[1], 1);
		int code = tc_cmd_query(7, argv);
		fflush(NULL);
		_exit(code);
	}
	close(fds[1]);
	read_lines(fds[0], text, 1);
	add(journal, 1, 2); /* does not match */
	add(journal, 0, 3);
	assert_int_equal(tc_journal_flush(journal), 0);
	read_lines(fds[0], text, 2);
	add(journal, 0, 4);
	assert_int_equal(tc_journal_flush(journal), 0);
	read_lines(fds[0], text, 3);
	kill(pid, SIGINT);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	assert_int_equal(read(fds[0], text + 65000, 1), 0);
	close(fds[0]);
	tc_journal_close(journal);

	static const char *const seqs[] = {"1", "3", "4"};
	char *rest = text;
	for (unsigned i = 0; i < 3; i++) {
		char *seq = json_member(strsep(&rest, "\n"), "seq");

		assert_string_equal(seq, seqs[i]);
		free(seq);
	}
}

/* The agent sets a damaged journal aside and begins anew. */
static void test_follow_goes_on_in_a_new_journal(void **state)
{
	static char text[65536];
	struct tc_journal *journal = NULL;
	char live[128], aside[160];
	int fds[2], status;

	snprintf(live, sizeof(live), "%s/moved.db", directory);
	snprintf(aside, sizeof(aside), "%s.aside", live);
	assert_int_equal(tc_journal_open(live, &journal), 0);
	add(journal, 0, 1);
	/* Closed, for the child would keep the lock. */
	tc_journal_close(journal);
	assert_int_equal(pipe(fds), 0);
	fflush(NULL);
	pid_t pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		char *argv[] = {"query", "--journal", live, "--json", "--follow", NULL};

		dup2(fds[1], 1);
		int code = tc_cmd_query(5, argv);
		fflush(NULL);
		_exit(code);
	}
	close(fds[1]);
	read_lines(fds[0], text, 1);
	assert_int_equal(rename(live, aside), 0);
	assert_int_equal(tc_journal_open(live, &journal), 0);
	add(journal, 0, 2);
	assert_int_equal(tc_journal_flush(journal), 0);
	read_lines(fds[0], text, 2);
	kill(pid, SIGINT);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	close(fds[0]);
	tc_journal_close(journal);
	assert_non_null(strstr(strchr(text, '\n'), "\"proc.pid\":2"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_prints_a_table),
		cmocka_unit_test(test_filters),
		cmocka_unit_test(test_filters_by_process_and_place),
		cmocka_unit_test(test_condition_on_stored_fields),
		cmocka_unit_test(test_wrong_condition_is_shown),
		cmocka_unit_test(test_counts),
		cmocka_unit_test(test_prints_formats),
		cmocka_unit_test(test_says_when_nothing_matches),
		cmocka_unit_test(test_refuses_wrong_values),
		cmocka_unit_test(test_missing_journal_is_an_environment_error),
		cmocka_unit_test(test_hostile_journal_is_printed_safely),
		cmocka_unit_test(test_follow_prints_new_alerts),
		cmocka_unit_test(test_follow_goes_on_in_a_new_journal),
	};

	return cmocka_run_group_tests(tests, group_setup, group_teardown);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "fixture.h"
#include "json_check.h"

static const char rules_text[] =
	"- rule: Program of evil\n"
	"  desc: test\n"
	"  condition: evt.kind = exec\n"
	"  output: \"a \\\"quoted\\\" %proc.exepath with %proc.argv by %proc.argc %exit.status\"\n"
	"  priority: CRITICAL\n"
	"  tags: [one, two]\n";

static struct tc_ruleset *rules;
static struct fixture fixture;

static int setup(void **state)
{
	rules = fixture_rules(rules_text);
	fixture_init(&fixture);
	return 0;
}

static int teardown(void **state)
{
	tc_ruleset_free(rules);
	fixture_done(&fixture);
	return 0;
}

/* Formats and checks; the result is heap memory. */
static char *format(const struct tc_alert *alert)
{
	struct tc_buffer json = {0};

	tc_format_json(alert, &json);
	assert_false(tc_buffer_failed(&json));
	if (!json_valid(json.bytes))
		fail_msg("not JSON: %s", json.bytes);
	assert_null(strchr(json.bytes, '\n'));
	return json.bytes;
}

static void assert_member(const char *object, const char *key, const char *expected)
{
	char *value = json_member(object, key);

	if (!value && !expected)
		return;
	if (!value || !expected || strcmp(value, expected))
		fail_msg("%s: got %s, expected %s, in %s", key, value ? value : "nothing",
			 expected ? expected : "nothing", object);
	free(value);
}

static void test_has_the_keys_of_an_alert(void **state)
{
	fixture_exec(&fixture);
	struct tc_alert alert = fixture_alert(&fixture, tc_ruleset_at(rules, 0));
	alert.seq = 9;
	static const char head[] = "{\"uuid\":\"018f3389-2ebb-7000-8000-000000000001\",\"seq\":9,"
				   "\"time\":\"2024-05-01T10:00:00.123456789Z\","
				   "\"rule\":\"Program of evil\",\"priority\":\"Critical\","
				   "\"source\":\"syscall\",\"hostname\":\"host\",\"output\":\"";
	char *json = format(&alert);

	assert_memory_equal(json, head, sizeof(head) - 1);
	assert_member(json, "output", "\"a \\\"quoted\\\" /bin/sh with sh -c id by 3 <NA>\"");
	assert_member(json, "tags", "[\"one\",\"two\"]");
	assert_member(json, "action", "\"alert\"");
	assert_member(json, "verdict", "\"none\"");
	assert_member(json, "kind", "\"exec\"");
	assert_member(json, "incomplete", NULL);
	free(json);
}

static void test_fields_have_types(void **state)
{
	fixture_exec(&fixture);
	struct tc_alert alert = fixture_alert(&fixture, tc_ruleset_at(rules, 0));
	char *json = format(&alert), *fields = json_member(json, "output_fields");

	assert_non_null(fields);
	assert_member(fields, "proc.exepath", "\"/bin/sh\"");
	assert_member(fields, "proc.argv", "[\"sh\",\"-c\",\"id\"]");
	assert_member(fields, "exit.status", "null");
	assert_member(fields, "proc.pid", "1234");
	assert_member(fields, "proc.start_boottime", "4000000000");
	assert_member(fields, "proc.name", "\"sh\"");
	assert_member(fields, "user.uid", "1000");
	assert_member(fields, "cgroup.id", "77");
	assert_member(fields, "proc.cwd", "\"/root\"");
	assert_member(fields, "evt.kind", "\"exec\"");
	/* The path is named by the rule's text and common to all alerts: it must be there once. */
	assert_null(strstr(strstr(fields, "\"proc.exepath\"") + 1, "\"proc.exepath\""));
	free(fields);
	free(json);
}

static void test_hostile_bytes_stay_inside_strings(void **state)
{
	static const char path[] = "/tmp/\",\"rule\":\"no\n\x1b[2J\xff\xe2\x80\xae\\";
	struct tc_exec *exec = fixture_record(&fixture, TC_KIND_exec);

	fixture_slot(&fixture, &exec->exe, path, sizeof(path) - 1);
	fixture_slot(&fixture, &exec->argv, "a\nb\0\0\"\xc3", 8);
	memcpy(exec->header.comm.bytes, "x\r\n\"\\", 6);
	struct tc_alert alert = fixture_alert(&fixture, tc_ruleset_at(rules, 0));
	alert.hostname = "ho\"st\n";
	char *json = format(&alert), *fields = json_member(json, "output_fields");

	assert_member(json, "rule", "\"Program of evil\"");
	assert_member(json, "hostname", "\"ho\\\"st\\\\n\"");
	assert_member(fields, "proc.exepath",
		      "\"/tmp/\\\",\\\"rule\\\":\\\"no\\\\n\\\\x1b[2J\\\\xff\\\\u{202e}\\\\\\\\\"");
	assert_member(fields, "proc.argv", "[\"a\\\\nb\",\"\",\"\\\"\\\\xc3\"]");
	assert_member(fields, "proc.name", "\"x\\\\r\\\\n\\\"\\\\\\\\\"");
	free(fields);
	free(json);
}

static void test_tells_what_is_not_whole(void **state)
{
	struct tc_exec *exec = fixture_record(&fixture, TC_KIND_exec);

	fixture_slot_cut(&fixture, &exec->exe, "/aaaa", 5, 9000, TC_SLOT_CUT);
	fixture_slot_cut(&fixture, &exec->argv, "", 0, 70, TC_SLOT_UNREADABLE);
	fixture_slot_cut(&fixture, &exec->cwd, "/b", 2, 4, TC_SLOT_UNREADABLE);
	struct tc_alert alert = fixture_alert(&fixture, tc_ruleset_at(rules, 0));
	char *json = format(&alert), *fields = json_member(json, "output_fields");

	assert_member(fields, "proc.exepath", "\"/aaaa\"");
	assert_member(fields, "proc.argv", "null");
	assert_member(fields, "proc.cwd", "\"/b\"");
	assert_member(json, "incomplete",
		      "[{\"field\":\"proc.exepath\",\"reason\":\"cut\",\"kept\":5,\"size\":9000},"
		      "{\"field\":\"proc.argv\",\"reason\":\"unreadable\",\"kept\":0,\"size\":70},"
		      "{\"field\":\"proc.cwd\",\"reason\":\"unreadable\",\"kept\":2,\"size\":4}]");
	free(fields);
	free(json);
}

static void test_notice_carries_its_fields(void **state)
{
	struct tc_loss *loss = fixture_record(&fixture, TC_KIND_loss);

	loss->count = 12;
	loss->lost_cpu = 3;
	loss->since_ns = 1;
	loss->until_ns = 2;
	loss->reason = TC_LOSS_RING_FULL;
	struct tc_alert notice = fixture_alert(&fixture, NULL);
	char *json = format(&notice), *fields = json_member(json, "output_fields");

	assert_member(json, "rule", "null");
	assert_member(json, "priority", "\"Warning\"");
	assert_member(json, "source", "\"internal\"");
	assert_member(json, "kind", "\"loss\"");
	assert_member(json, "output",
		      "\"loss: loss.count=12 loss.since_boottime=1 loss.until_boottime=2 loss.cpu=3"
		      " loss.reason=ring_full\"");
	assert_member(json, "action", "null");
	assert_member(json, "tags", "[]");
	assert_member(fields, "loss.count", "12");
	assert_member(fields, "loss.reason", "\"ring_full\"");
	free(fields);
	free(json);
}

/* Whatever bytes stand in names and arguments, a line of JSON comes out. */
static void test_random_bytes_give_valid_json(void **state)
{
	srand(3);
	for (unsigned round = 0; round < 3000; round++) {
		struct tc_exec *exec = fixture_record(&fixture, TC_KIND_exec);
		char bytes[60];

		for (size_t i = 0; i < sizeof(bytes); i++)
			bytes[i] = (char)rand();
		fixture_slot(&fixture, &exec->exe, bytes, 20);
		fixture_slot(&fixture, &exec->argv, bytes + 20, 20);
		fixture_slot(&fixture, &exec->cwd, bytes + 40, 20);
		struct tc_alert alert = fixture_alert(&fixture, tc_ruleset_at(rules, 0));
		free(format(&alert));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_has_the_keys_of_an_alert),
		cmocka_unit_test(test_fields_have_types),
		cmocka_unit_test(test_hostile_bytes_stay_inside_strings),
		cmocka_unit_test(test_tells_what_is_not_whole),
		cmocka_unit_test(test_notice_carries_its_fields),
		cmocka_unit_test(test_random_bytes_give_valid_json),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}

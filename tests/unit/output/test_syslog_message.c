/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "output/syslog_message.h"

#define UUID "01234567-89ab-7cde-8f01-23456789abcd"
#define BOM "\xef\xbb\xbf"

static const struct tc_syslog_style plain = {
	.facility = 10,
	.hostname = "host.example",
	.app = "tocsin",
	.pid = 42,
	.sd_id = "tocsin@32473",
	.structured = true,
	.bom = true,
	.split = true,
	.size_max = 2048,
};

static struct tc_journal_row a_row(void)
{
	return (struct tc_journal_row){
		.seq = 7,
		.uuid = UUID,
		.time_ns = 1709251199123456789,
		.rule = "A rule",
		.priority = TC_PRIORITY_WARNING,
		.kind = "exec",
		.json = "{}",
	};
}

/* The messages of an alert, without their frames; as many as expected. */
static void make(const struct tc_syslog_style *style, const struct tc_journal_row *row,
		 const char *document, char *messages[], unsigned expected)
{
	_cleanup_buffer_ struct tc_buffer frames = {0};
	const struct tc_message message = {
		.row = row, .bytes = document, .length = strlen(document)};
	struct tc_syslog_made made;
	size_t at = 0;

	assert_int_equal(tc_syslog_message_add(style, &message, &frames, &made), 0);
	assert_int_equal(made.parts, expected);
	for (unsigned i = 0; i < expected; i++) {
		struct tc_syslog_frame frame =
			tc_syslog_frame_read(frames.bytes + at, frames.length - at);

		assert_true(frame.length <= style->size_max);
		messages[i] = strndup(frame.bytes, frame.length);
		assert_int_equal(strlen(messages[i]), frame.length);
		at += frame.size;
	}
	assert_int_equal(at, frames.length);
}

static void assert_message(const struct tc_syslog_style *style, const struct tc_journal_row *row,
			   const char *document, const char *expected)
{
	char *message;

	make(style, row, document, &message, 1);
	assert_string_equal(message, expected);
	free(message);
}

static void assert_contains(const struct tc_syslog_style *style, const struct tc_journal_row *row,
			    const char *words)
{
	char *message;

	make(style, row, "text", &message, 1);
	if (!strstr(message, words))
		fail_msg("%s is not in %s", words, message);
	free(message);
}

static void writes_what_rfc_5424_says(void **state)
{
	struct tc_journal_row row = a_row();

	assert_message(&plain, &row, "text",
		       "<84>1 2024-02-29T23:59:59.123456Z host.example tocsin 42 exec "
		       "[tocsin@32473 seq=\"7\" uuid=\"" UUID
		       "\" rule=\"A rule\" kind=\"exec\"] " BOM "text");
}

static void leaves_out_what_is_not_wanted(void **state)
{
	struct tc_syslog_style style = plain;
	struct tc_journal_row row = a_row();

	style.structured = style.bom = false;
	assert_message(&style, &row, "text",
		       "<84>1 2024-02-29T23:59:59.123456Z host.example tocsin 42 exec - text");
}

static void writes_what_the_local_socket_expects(void **state)
{
	struct tc_syslog_style style = plain;
	struct tc_journal_row row = a_row();

	setenv("TZ", "UTC", 1);
	style.bsd = true;
	row.time_ns = 1709856000000000000; /* a day of one digit has a blank before it */
	assert_message(&style, &row, "text", "<84>Mar  8 00:00:00 tocsin[42]: text");
}

static void severity_is_the_priority(void **state)
{
	struct tc_syslog_style style = plain;
	struct tc_journal_row row = a_row();

	row.priority = TC_PRIORITY_EMERGENCY;
	style.facility = 0;
	assert_contains(&style, &row, "<0>1 ");
	row.priority = TC_PRIORITY_DEBUG;
	style.facility = 23;
	assert_contains(&style, &row, "<191>1 ");
}

static void cuts_nanoseconds_and_does_not_round(void **state)
{
	struct tc_journal_row row = a_row();

	row.time_ns = 1709251199999999999;
	assert_contains(&plain, &row, " 2024-02-29T23:59:59.999999Z ");
	row.time_ns = 0;
	assert_contains(&plain, &row, " 1970-01-01T00:00:00.000000Z ");
}

static void escapes_values(void **state)
{
	struct tc_journal_row row = a_row();

	row.exe = "/a\"b]c\\d\ne\xff\xc3\xa9";
	/* First as text (\\ \n \xff), then as a value: each backslash twice. */
	assert_contains(&plain, &row, " exe=\"/a\\\"b\\]c\\\\\\\\d\\\\ne\\\\xff\xc3\xa9\"]");
}

static void tells_all_it_knows(void **state)
{
	struct tc_journal_row row = a_row();

	row.has_cgroup_id = row.has_pid = true;
	row.cgroup_id = 99;
	row.pid = 1234;
	row.cgroup_path = "/system.slice";
	row.container_id = "abc";
	row.exe = "/bin/sh";
	row.json = "{\"output_fields\":{\"user.uid\":0,\"user.name\":\"root\"},\"tags\":[\"a\","
		   "\"b\"]}";
	assert_contains(&plain, &row,
			" rule=\"A rule\" kind=\"exec\" cgroup_id=\"99\" pid=\"1234\" "
			"container=\"abc\" user=\"root\" tags=\"a,b\" cgroup=\"/system.slice\" "
			"exe=\"/bin/sh\"] ");
	row.json = "{\"output_fields\":{\"user.uid\":0},\"tags\":[]}";
	assert_contains(&plain, &row, " container=\"abc\" user=\"0\" cgroup=");
}

static void finds_values_in_json_as_keys_only(void **state)
{
	struct tc_journal_row row = a_row();

	row.json =
		"{\"output\":\"\\\"user.name\\\":\\\"no\\\",\\\"tags\\\":[\\\"no\\\"]\","
		"\"output_fields\":{\"user.name\":\"a\\\"\\\\\\\\b\"},\"tags\":[\"x\\\"\",\"y\"]}";
	/* a"\\b in JSON's words is a"\\b as text; a value has a backslash before each of three. */
	assert_contains(&plain, &row, " user=\"a\\\"\\\\\\\\b\" tags=\"x\\\",y\"] ");
	row.json = "{\"output_fields\":{\"user.name\":\"cut\\";
	assert_contains(&plain, &row, " user=\"cut\"] ");
	row.json = NULL;
	assert_contains(&plain, &row, " kind=\"exec\"] ");
}

static void cuts_a_value_that_is_too_long_and_says_so(void **state)
{
	struct tc_journal_row row = a_row();
	char exe[4000];

	/* Characters of four bytes, at all offsets. */
	for (size_t start = 0; start < 4; start++) {
		char *message, *end;

		memset(exe, 'x', start);
		for (size_t at = start; at + 5 < sizeof(exe); at += 4)
			strcpy(exe + at, "\xf0\x9f\x94\x94");
		row.exe = exe;
		row.cgroup_path = "/short";
		make(&plain, &row, "text", &message, 1);
		end = strstr(message, "\" truncated=\"exe");
		assert_non_null(end);
		assert_memory_equal(end - 4, "\xf0\x9f\x94\x94", 4);
		assert_non_null(strstr(message, BOM "text"));
		assert_non_null(strstr(message, " cgroup=\"/short\""));
		free(message);
	}
}

static void a_long_cgroup_leaves_room_for_the_program(void **state)
{
	struct tc_journal_row row = a_row();
	static char cgroup[4000];

	memset(cgroup, 'x', sizeof(cgroup) - 1);
	row.cgroup_path = cgroup;
	row.exe = "/bin/sh";
	assert_contains(&plain, &row, "xx\" exe=\"/bin/sh\" truncated=\"cgroup\"] ");
}

/* A document's parts, joined; no part may end within a unit. */
static void assert_splits(const char *unit, size_t count, unsigned parts)
{
	struct tc_journal_row row = a_row();
	struct tc_syslog_style style = plain;
	size_t size = strlen(unit);
	char *document = calloc(count, size + 1), *messages[64], *at = document;

	style.size_max = TC_SYSLOG_SIZE_MIN;
	for (size_t i = 0; i < count; i++)
		strcat(document + i * size, unit);
	make(&style, &row, document, messages, parts);
	for (unsigned i = 0; i < parts; i++) {
		const char *text = strstr(messages[i], BOM) + strlen(BOM);
		char numbers[64];

		snprintf(numbers, sizeof(numbers), " part=\"%u\" parts=\"%u\"] ", i + 1, parts);
		assert_non_null(strstr(messages[i], numbers));
		assert_non_null(strstr(messages[i], " uuid=\"" UUID "\""));
		assert_int_equal(strstr(messages[i], " rule=") != NULL, i == 0);
		assert_int_equal(strlen(text) % size, 0);
		assert_memory_equal(at, text, strlen(text));
		at += strlen(text);
		free(messages[i]);
	}
	assert_int_equal(at - document, strlen(document));
	free(document);
}

static void splits_between_units(void **state)
{
	assert_splits("x", 4000, 5);
	assert_splits("\xc3\xa9", 2000, 5);
	assert_splits("\xf0\x9f\x94\x94", 1000, 5);
	assert_splits("\\xff", 1000, 5);
	assert_splits("\\\\xff", 800, 5);
	assert_splits("\\\\u{202e}", 400, 5);
	assert_splits("\\u001b", 700, 5);
	assert_splits("\\\\n", 1333, 5);
	assert_splits("\\\"", 2000, 5);
}

static void a_run_of_backslashes_is_split_too(void **state)
{
	assert_splits("\\\\", 2000, 5);
}

static void what_fits_is_not_split(void **state)
{
	struct tc_journal_row row = a_row();
	struct tc_syslog_style style = plain;
	char *messages[2], document[2048];
	size_t head;

	make(&style, &row, "", messages, 1);
	head = strlen(messages[0]);
	free(messages[0]);
	memset(document, 'x', sizeof(document));
	document[style.size_max - head] = '\0';
	make(&style, &row, document, messages, 1);
	free(messages[0]);
	document[style.size_max - head] = 'x';
	document[style.size_max - head + 1] = '\0';
	make(&style, &row, document, messages, 2);
	free(messages[0]);
	free(messages[1]);
}

static void cuts_when_asked_to(void **state)
{
	struct tc_journal_row row = a_row();
	struct tc_syslog_style style = plain;
	char document[3001], words[64], *message;

	memset(document, 'x', 3000);
	document[3000] = '\0';
	style.split = false;
	make(&style, &row, document, &message, 1);
	size_t kept = strlen(strstr(message, BOM) + strlen(BOM));
	snprintf(words, sizeof(words), " cut=\"%zu\"] ", 3000 - kept);
	assert_non_null(strstr(message, words));
	assert_true(strlen(message) > style.size_max - 32);
	free(message);
}

static void parts_are_marked_without_structured_data(void **state)
{
	struct tc_journal_row row = a_row();
	struct tc_syslog_style style = plain;
	char document[3001], *messages[2];

	memset(document, 'x', 3000);
	document[3000] = '\0';
	style.structured = false;
	make(&style, &row, document, messages, 2);
	assert_non_null(
		strstr(messages[1], " [tocsin@32473 uuid=\"" UUID "\" part=\"2\" parts=\"2\"] "));
	free(messages[0]);
	free(messages[1]);
	style.bsd = true;
	make(&style, &row, document, messages, 2);
	assert_non_null(strstr(messages[0], "]: [" UUID " part=\"1\" parts=\"2\"] xx"));
	free(messages[0]);
	free(messages[1]);
}

/* Whatever the names are, there is room for the document. */
static void the_smallest_size_has_room(void **state)
{
	static char host[TC_SYSLOG_HOSTNAME_MAX + 1], app[TC_SYSLOG_APP_MAX + 1],
		id[TC_SYSLOG_SD_ID_MAX + 1], exe[5000];
	struct tc_syslog_style style = plain;
	struct tc_journal_row row = a_row();
	char *messages[64], document[2000];

	memset(host, 'h', sizeof(host) - 1);
	memset(app, 'a', sizeof(app) - 1);
	memset(id, 'i', sizeof(id) - 1);
	memset(exe, '"', sizeof(exe) - 1);
	memset(document, 'x', sizeof(document) - 1);
	document[sizeof(document) - 1] = '\0';
	style.hostname = host;
	style.app = app;
	style.sd_id = id;
	style.size_max = TC_SYSLOG_SIZE_MIN;
	row.exe = row.cgroup_path = row.container_id = row.rule = exe;
	row.seq = UINT64_MAX;
	row.kind = "a_kind_with_a_name_of_more_than_thirty_two_letters";
	make(&style, &row, document, messages, 5);
	for (unsigned i = 0; i < 5; i++)
		free(messages[i]);
}

static void units_are_characters_and_escapes(void **state)
{
	static const struct {
		const char *text;
		size_t size;
	} units[] = {
		{"ab", 1},	   {"\xc3\xa9x", 2},   {"\xe2\x82\xac", 3}, {"\xf0\x9f\x94\x94", 4},
		{"\\n\\n", 2},	   {"\\\\n", 3},       {"\\xffx", 4},	    {"\\\\xff\\", 5},
		{"\\u{202e}x", 8}, {"\\u001bx", 6},    {"\\", 1},	    {"\\x", 2},
		{"\\u{20", 5},	   {"\\\xc3\xa9x", 3}, {"\xf0\x9f", 2},
	};

	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
		assert_int_equal(tc_syslog_unit(units[i].text, strlen(units[i].text)),
				 units[i].size);
}

static void names_are_printable(void **state)
{
	char name[8];

	tc_syslog_name(name, sizeof(name), "a b\xc3\xa9");
	assert_string_equal(name, "a_b__");
	tc_syslog_name(name, sizeof(name), "");
	assert_string_equal(name, "-");
	tc_syslog_name(name, sizeof(name), "longer than that");
	assert_string_equal(name, "longer_");
}

static void facilities_have_their_numbers(void **state)
{
	assert_int_equal(tc_syslog_facility("kern"), 0);
	assert_int_equal(tc_syslog_facility("authpriv"), 10);
	assert_int_equal(tc_syslog_facility("local7"), 23);
	assert_int_equal(tc_syslog_facility("local8"), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(writes_what_rfc_5424_says),
		cmocka_unit_test(leaves_out_what_is_not_wanted),
		cmocka_unit_test(writes_what_the_local_socket_expects),
		cmocka_unit_test(severity_is_the_priority),
		cmocka_unit_test(cuts_nanoseconds_and_does_not_round),
		cmocka_unit_test(escapes_values),
		cmocka_unit_test(tells_all_it_knows),
		cmocka_unit_test(finds_values_in_json_as_keys_only),
		cmocka_unit_test(cuts_a_value_that_is_too_long_and_says_so),
		cmocka_unit_test(a_long_cgroup_leaves_room_for_the_program),
		cmocka_unit_test(splits_between_units),
		cmocka_unit_test(a_run_of_backslashes_is_split_too),
		cmocka_unit_test(what_fits_is_not_split),
		cmocka_unit_test(cuts_when_asked_to),
		cmocka_unit_test(parts_are_marked_without_structured_data),
		cmocka_unit_test(the_smallest_size_has_room),
		cmocka_unit_test(units_are_characters_and_escapes),
		cmocka_unit_test(names_are_printable),
		cmocka_unit_test(facilities_have_their_numbers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* The configuration: its files, references, options, and how it is printed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/cmd/cmd.h"
#include "agent/config/change.h"
#include "agent/config/keys.h"
#include "agent/log.h"

/* A directory with tocsin.yaml and conf.d. */
static char directory[] = "/tmp/tocsin-config-XXXXXX";
static char main_file[64];
static struct tc_diagnostics diagnostics;
static struct tc_config *config;

static int make_directory(void **state)
{
	char drop_ins[64];

	strcpy(directory + sizeof(directory) - 7, "XXXXXX");
	if (!mkdtemp(directory))
		return -1;
	snprintf(main_file, sizeof(main_file), "%s/tocsin.yaml", directory);
	snprintf(drop_ins, sizeof(drop_ins), "%s/conf.d", directory);
	return mkdir(drop_ins, 0755);
}

static int remove_directory(void **state)
{
	char command[96];

	tc_config_free(config);
	config = NULL;
	tc_diagnostics_done(&diagnostics);
	snprintf(command, sizeof(command), "rm -r %s", directory);
	return system(command);
}

static void write_file(const char *name, mode_t mode, const char *text)
{
	char path[128];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	file = fopen(path, "w");
	assert_non_null(file);
	fputs(text, file);
	fclose(file);
	assert_int_equal(chmod(path, mode), 0);
}

static int load_as(const struct tc_config_given *given, enum tc_config_purpose purpose)
{
	tc_config_free(config);
	config = NULL;
	tc_diagnostics_done(&diagnostics);
	return tc_config_load(given, purpose, &diagnostics, &config);
}

static int load(const char *text)
{
	const struct tc_config_given given = {.path = main_file};

	write_file("tocsin.yaml", 0644, text);
	return load_as(&given, TC_CONFIG_TO_RUN);
}

/* Loads a file with one mistake. */
static const struct tc_diagnostic *mistake(const char *text)
{
	assert_int_equal(load(text), -EINVAL);
	assert_int_equal(diagnostics.count, 1);
	return &diagnostics.items[0];
}

static char printed[8192];

static const char *print(void)
{
	struct tc_buffer text = {0};

	tc_config_print(config, &text);
	assert_false(tc_buffer_failed(&text));
	snprintf(printed, sizeof(printed), "%s", text.bytes);
	tc_buffer_done(&text);
	return printed;
}

/* --- values --- */

static void test_what_is_not_said_is_the_default(void **state)
{
	assert_int_equal(load("# nothing\n"), 0);
	assert_int_equal(config->rules.count, 1);
	assert_string_equal(config->rules.items[0], "/etc/tocsin/rules.d");
	assert_string_equal(config->rule_matching, "all");
	assert_int_equal(config->ring_bytes, 2 << 20);
	assert_int_equal(config->retention_age, 0);
	assert_false(config->fallback);
	assert_null(config->scope);
	assert_int_equal(config->outputs.count, 0);
	assert_null(config->origins[TC_CONFIG_ring_bytes].name);
}

static void test_values_of_each_type(void **state)
{
	assert_int_equal(load("rules: [/a, /b]\nrule_matching: first\n"
			      "journal:\n  path: /j.db\n"
			      "  retention: {age: 90d, count: 1000, size: 2G}\n"
			      "probes: {scope: /x.slice, ring_size: 64K, fallback: true}\n"),
			 0);
	assert_int_equal(config->rules.count, 2);
	assert_string_equal(config->rules.items[1], "/b");
	assert_string_equal(config->rule_matching, "first");
	assert_string_equal(config->journal_path, "/j.db");
	assert_true(config->retention_age == 90ULL * 86400 * 1000000000);
	assert_int_equal(config->retention_count, 1000);
	assert_true(config->retention_size == 2ULL << 30);
	assert_string_equal(config->scope, "/x.slice");
	assert_int_equal(config->ring_bytes, 64 << 10);
	assert_true(config->fallback);
	assert_string_equal(config->origins[TC_CONFIG_journal_path].name, main_file);
	assert_int_equal(config->origins[TC_CONFIG_journal_path].line, 4);
}

/* Presets are written by hand: each must be a value of its key. */
static void test_presets_are_values_of_their_keys(void **state)
{
	for (unsigned id = 0; id < TC_CONFIG_MAX; id++) {
		const struct tc_config_key *key = tc_config_key(id);
		struct tc_buffer problem = {0}, text = {0};
		uint64_t member[4] = {0};

		if (!key->preset || key->type == TC_CONFIG_TYPE_PATHS)
			continue;
		assert_int_equal(tc_config_value_read(key, key->preset, member, &problem), 0);
		tc_config_value_print(key, member, &text);
		assert_string_equal(text.bytes, key->preset);
		tc_buffer_done(&text);
		tc_buffer_done(&problem);
	}
}

static void test_sections_may_be_all_comments(void **state)
{
	assert_int_equal(load("journal:\n  # path: /x\nprobes:\n"), 0);
}

/* --- several files, options --- */

static void test_drop_ins_come_later_in_the_order_of_their_names(void **state)
{
	write_file("conf.d/20-b.yaml", 0644, "rule_matching: first\nlog_level: debug\n");
	write_file("conf.d/10-a.yaml", 0644, "rule_matching: all\nrules: /a\n");
	write_file("conf.d/30-c.conf", 0644, "not read: [\n");
	assert_int_equal(load("rules: [/x, /y]\nlog_level: error\n"), 0);
	assert_string_equal(config->rule_matching, "first");
	assert_string_equal(config->log_level, "debug");
	assert_int_equal(config->rules.count, 1);
	assert_string_equal(config->rules.items[0], "/a");
}

static void test_options_have_precedence_over_files(void **state)
{
	struct tc_config_given given = {.path = main_file};

	write_file("tocsin.yaml", 0644,
		   "rules: /a\njournal: {path: /j.db}\nlog_level: info\noutputs: {null: {}}\n");
	tc_strings_add(&given.keys[TC_CONFIG_rules].texts, "relative");
	tc_strings_add(&given.keys[TC_CONFIG_outputs].texts, "file:path=/x,name=y");
	given.keys[TC_CONFIG_log_level].flag = true;
	assert_int_equal(load_as(&given, TC_CONFIG_TO_RUN), 0);
	assert_int_equal(config->rules.count, 1);
	assert_string_equal(config->rules.items[0], "relative");
	assert_string_equal(config->journal_path, "/j.db");
	assert_string_equal(config->log_level, "debug");
	assert_string_equal(config->origins[TC_CONFIG_log_level].name, "--debug");
	assert_int_equal(config->outputs.count, 1);
	assert_string_equal(config->outputs.items[0].name, "y");
	tc_config_given_done(&given);
}

static void test_a_file_that_was_named_must_be_there(void **state)
{
	struct tc_config_given given = {.path = main_file};

	assert_int_equal(load_as(&given, TC_CONFIG_TO_RUN), -EINVAL);
	assert_string_equal(diagnostics.items[0].code, "TC-R001");
}

static void test_a_file_that_others_may_write_is_refused(void **state)
{
	struct tc_config_given given = {.path = main_file};

	write_file("tocsin.yaml", 0664, "rules: /a\n");
	assert_int_equal(load_as(&given, TC_CONFIG_TO_RUN), -EINVAL);
	assert_string_equal(diagnostics.items[0].code, "TC-R004");
	write_file("tocsin.yaml", 0644, "rules: /a\n");
	write_file("conf.d/a.yaml", 0666, "rules: /b\n");
	assert_int_equal(load_as(&given, TC_CONFIG_TO_RUN), -EINVAL);
	assert_string_equal(diagnostics.items[0].code, "TC-R004");
}

/* --- outputs --- */

static void test_outputs_become_specs(void **state)
{
	assert_int_equal(load("outputs:\n"
			      "  stdout: {}\n"
			      "  siem:\n"
			      "    type: syslog\n"
			      "    transport: tls\n"
			      "    address: siem.example:6514\n"
			      "    app: a,b\\c\n"
			      "    tags: [one, two]\n"
			      "    notices: false\n"
			      "    rate: 10/1m\n"),
			 0);
	assert_int_equal(config->outputs.count, 2);
	assert_string_equal(config->outputs.items[0].spec, "stdout:name=stdout");
	assert_string_equal(config->outputs.items[1].spec,
			    "syslog:name=siem,transport=tls,address=siem.example:6514,"
			    "app=a\\,b\\\\c,tags=one|two,notices=no,rate=10/1m");
}

static void test_a_later_file_replaces_outputs_one_by_one(void **state)
{
	write_file(
		"conf.d/a.yaml", 0644,
		"outputs:\n  b: off\n  c: {type: 'null', priority: error}\n  d: {type: 'null'}\n");
	assert_int_equal(load("outputs:\n  a: {type: stdout}\n  b: {type: 'null'}\n"
			      "  c: {type: 'null', format: ecs}\n"),
			 0);
	assert_int_equal(config->outputs.count, 3);
	assert_string_equal(config->outputs.items[0].spec, "stdout:name=a");
	assert_string_equal(config->outputs.items[1].spec, "null:name=c,priority=error");
	assert_string_equal(config->outputs.items[2].spec, "null:name=d");
}

static void test_mistakes_in_outputs(void **state)
{
	static const struct {
		const char *text, *code, *message, *hint;
		unsigned line, column, width;
	} rows[] = {
		{"outputs: stdout\n", "TC-R044", "mapping of names", "stdout: {format", 1, 10, 6},
		{"outputs:\n  stdout:\n", "TC-R044", "mapping of settings", "stdout: {}", 2, 3, 6},
		{"outputs:\n  x: {type: sysloq}\n", "TC-R122", "no output `sysloq`", "`syslog`", 2,
		 13, 6},
		{"outputs:\n  pigeon: {}\n", "TC-R122", "no output `pigeon`", "type", 2, 3, 6},
		{"outputs:\n  stdout: {fromat: ecs}\n", "TC-R042", "`fromat`", "`format`", 2, 12,
		 6},
		{"outputs:\n  stdout: {format: esc}\n", "TC-R122", "format=esc", NULL, 2, 20, 3},
		{"outputs:\n  stdout: {rate: 10}\n", "TC-R122", "rate=10", NULL, 2, 18, 2},
		{"outputs:\n  stdout: {kinds: [exec, exce]}\n", "TC-R122", "no kind exce", NULL, 2,
		 19, 1},
		{"outputs:\n  stdout: {priority: {a: b}}\n", "TC-R044", "is text", NULL, 2, 22, 1},
		{"outputs:\n  file: {sync: soon, path: /x}\n", "TC-R121", "batch always never",
		 NULL, 2, 16, 4},
		{"outputs:\n  file: {format: ecs}\n", "TC-R122", "needs a path", NULL, 2, 3, 4},
		{"outputs:\n  a: {type: stdout, name: b}\n", "TC-R122", "name of an output", NULL,
		 2, 21, 4},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct tc_diagnostic *found = mistake(rows[i].text);

		assert_string_equal(found->code, rows[i].code);
		assert_non_null(strstr(found->message, rows[i].message));
		if (rows[i].hint)
			assert_non_null(strstr(found->hint, rows[i].hint));
		assert_int_equal(found->line, rows[i].line);
		assert_int_equal(found->column, rows[i].column);
		assert_int_equal(found->width, rows[i].width);
	}
}

/* --- mistakes --- */

static void test_mistakes_in_keys(void **state)
{
	static const struct {
		const char *text, *code, *message, *hint;
		unsigned line, column;
	} rows[] = {
		{"- rules\n", "TC-R120", "one mapping", NULL, 1, 1},
		{"rules: /a\n---\nrules: /b\n", "TC-R120", "one mapping", NULL, 3, 1},
		{"rule_matchin: all\n", "TC-R042", "`rule_matchin`", "`rule_matching`", 1, 1},
		{"journal:\n  pth: /x\n", "TC-R042", "in `journal`", "`path`", 2, 3},
		{"journal:\n  ring_size: 4K\n", "TC-R042", "`ring_size`", "`probes:`", 2, 3},
		{"journal.path: /x\n", "TC-R042", "`journal.path`", NULL, 1, 1},
		{"journal: /x\n", "TC-R044", "takes a mapping", NULL, 1, 10},
		{"rules: {}\n", "TC-R044", "absolute paths", NULL, 1, 8},
		{"rules: []\n", "TC-R044", "absolute paths", NULL, 1, 8},
		{"rules: [a/b]\n", "TC-R121", "absolute", NULL, 1, 9},
		{"journal: {path: j.db}\n", "TC-R121", "absolute", NULL, 1, 17},
		{"rule_matching: some\n", "TC-R121", "all or first", NULL, 1, 16},
		{"log_level: [info]\n", "TC-R044", "error, warning, info or debug", NULL, 1, 12},
		{"log_level:\n", "TC-R044", "error, warning", NULL, 1, 11},
		{"journal: {retention: {age: soon}}\n", "TC-R121", "duration", NULL, 1, 28},
		{"journal: {retention: {size: 99999999999G}}\n", "TC-R121", "too large", NULL, 1,
		 29},
		{"probes: {ring_size: 5000}\n", "TC-R121", "power of two", NULL, 1, 21},
		{"probes: {ring_size: 1}\n", "TC-R121", "a page", NULL, 1, 21},
		{"probes: {fallback: maybe}\n", "TC-R121", "yes or no", NULL, 1, 20},
		{"rules: /a\nrules: /b\n", "TC-R023", "twice", NULL, 2, 1},
		{"rules: &a /a\n", "TC-R022", "anchors", NULL, 1, 8},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct tc_diagnostic *found = mistake(rows[i].text);

		assert_string_equal(found->code, rows[i].code);
		assert_non_null(strstr(found->message, rows[i].message));
		if (rows[i].hint)
			assert_non_null(strstr(found->hint, rows[i].hint));
		assert_int_equal(found->line, rows[i].line);
		assert_int_equal(found->column, rows[i].column);
	}
}

/* --- references and secrets --- */

static void test_references(void **state)
{
	char text[256];

	write_file("secret", 0600, "s3cret\n");
	setenv("TOCSIN_TEST", "x.slice", 1);
	setenv("CREDENTIALS_DIRECTORY", directory, 1);
	snprintf(text, sizeof(text),
		 "probes: {scope: '/${TOCSIN_TEST}/$${A}/${credential:secret}'}\n"
		 "outputs: {file: {path: '/x/${file:%s/secret}'}}\n",
		 directory);
	assert_int_equal(load(text), 0);
	assert_string_equal(config->scope, "/x.slice/${A}/s3cret");
	assert_string_equal(config->outputs.items[0].spec, "file:name=file,path=/x/s3cret");
	assert_null(strstr(print(), "s3cret"));
	assert_non_null(strstr(printed, "${credential:secret}"));
	assert_non_null(strstr(printed, "/secret}"));
	unsetenv("CREDENTIALS_DIRECTORY");
	unsetenv("TOCSIN_TEST");
}

static void test_references_that_lead_nowhere(void **state)
{
	static const struct {
		const char *value, *message;
		unsigned column, width;
	} rows[] = {
		{"${TOCSIN_NONE}", "no such variable", 17, 14},
		{"a${TOCSIN_NONE}", "no such variable", 18, 14},
		{"${file:x}", "absolute", 17, 9},
		{"${file:/nonexistent/x}", "No such file", 17, 22},
		{"${file:/etc}", "not a regular file", 17, 12},
		{"${file:/etc/passwd}", "others may read", 17, 19},
		{"${credential:x}", "LoadCredential", 17, 15},
		{"${credential:../x}", "not the name", 17, 18},
		{"${vault:x}", "not a reference", 17, 10},
		{"${A", "no }", 17, 3},
	};

	unsetenv("CREDENTIALS_DIRECTORY");
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char text[128];

		snprintf(text, sizeof(text), "probes:\n  scope: %s\n", rows[i].value);
		const struct tc_diagnostic *found = mistake(text);
		assert_string_equal(found->code, "TC-R123");
		assert_non_null(strstr(found->message, rows[i].message));
		assert_int_equal(found->column, rows[i].column - 7);
		assert_int_equal(found->width, rows[i].width);
	}
}

static void test_an_environment_that_is_not_here_is_a_warning_for_check(void **state)
{
	const struct tc_config_given given = {.path = main_file};

	write_file("tocsin.yaml", 0644,
		   "probes: {ring_size: '${TOCSIN_NONE}'}\noutputs: {file: {path: "
		   "'${TOCSIN_NONE}'}}\n");
	assert_int_equal(load_as(&given, TC_CONFIG_TO_EXAMINE), 0);
	assert_int_equal(diagnostics.count, 2);
	assert_string_equal(diagnostics.items[0].code, "TC-R124");
	assert_int_equal(load_as(&given, TC_CONFIG_TO_RUN), -EINVAL);
}

/* None of these lines may be shown. */
static void test_secrets_are_in_no_message(void **state)
{
	static const char *const texts[] = {
		"outputs:\n  k:\n    type: kafka\n    rdkafka.sasl.password: 'hunter2: x: ${A'\n",
		"outputs:\n  k:\n    type: kafka\n    pasword: hunter2\n",
		"outputs:\n  k:\n    rdkafka.sasl.password: hunter2: x\n",
		"outputs: {k: {rdkafka.sasl.password: hunter2, type: pigeon}}\n",
		"outputs:\n  k:\n    type: kafka\n    rdkafka.sasl.password: |\n      hunter2 "
		"${A\n",
	};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		assert_int_equal(load(texts[i]), -EINVAL);
		for (size_t k = 0; k < diagnostics.count; k++) {
			const struct tc_diagnostic *found = &diagnostics.items[k];

			assert_null(strstr(found->message, "hunter2"));
			assert_true(!found->snippet || !strstr(found->snippet, "hunter2"));
		}
	}
}

static void test_secrets_are_not_printed(void **state)
{
	assert_int_equal(load("outputs:\n  k:\n    type: kafka\n    brokers: [a:9092, b:9092]\n"
			      "    rdkafka.ssl.key.password: hunter2\n"),
			 0);
	assert_non_null(strstr(config->outputs.items[0].spec, "hunter2"));
	assert_null(strstr(print(), "hunter2"));
	assert_non_null(strstr(printed, "rdkafka.ssl.key.password: \"***\""));
}

/* --- printing --- */

static void test_what_is_printed_says_the_same_and_where_it_comes_from(void **state)
{
	char once[8192], *c;

	assert_int_equal(load("rules: [/a b, \"/\\\"c: \\x01\"]\n"
			      "journal: {path: /j.db, retention: {age: 90m}}\n"
			      "probes:\n  scope: /x\n  ring_size: 65536\n"
			      "outputs: {a: {type: file, path: /x#y, rate: 1/10s}}\n"),
			 0);
	assert_non_null(strstr(print(), "ring_size: 64K"));
	assert_non_null(strstr(printed, "tocsin.yaml:5\n"));
	assert_non_null(strstr(printed, "fallback: no                          # default\n"));
	snprintf(once, sizeof(once), "%s", printed);
	assert_int_equal(load(once), 0);
	print();
	/* Apart from the comments. */
	for (c = once; (c = strstr(c, " # ")); memset(c, ' ', strcspn(c, "\n")))
		;
	for (c = printed; (c = strstr(c, " # ")); memset(c, ' ', strcspn(c, "\n")))
		;
	for (char *a = once, *b = printed; *a || *b;) {
		a += strspn(a, " ");
		b += strspn(b, " ");
		assert_int_equal(*a, *b);
		a += *a != '\0';
		b += *b != '\0';
	}
}

static void test_the_default_file_says_nothing_and_names_every_key(void **state)
{
	struct tc_buffer text = {0};

	tc_config_print_default(&text);
	assert_int_equal(load(text.bytes), 0);
	for (unsigned id = 0; id < TC_CONFIG_MAX; id++) {
		const char *path = tc_config_key(id)->path, *dot = strrchr(path, '.');
		char line[64];

		assert_null(config->origins[id].name);
		snprintf(line, sizeof(line), "# %s:", dot ? dot + 1 : path);
		assert_non_null(strstr(text.bytes, line));
	}
	tc_buffer_done(&text);
}

/* --- changes --- */

/* Loads a file, and gives what was loaded away. */
static struct tc_config *take(const char *text)
{
	struct tc_config *taken;

	assert_int_equal(load(text), 0);
	taken = config;
	config = NULL;
	return taken;
}

static char told[2048];

static void keep_told(enum tc_log_level level, const char *line, void *context)
{
	size_t length = strlen(told);

	snprintf(told + length, sizeof(told) - length, "%s\n", line);
}

static void test_what_needs_a_restart_is_told(void **state)
{
	struct tc_config *first = take("journal: {path: /a}\nprobes: {ring_size: 2M}\n"
				       "outputs:\n  a: {type: 'null', rate: 1/1m}\n"
				       "  b: {type: 'null'}\n  c: {type: 'null'}\n");
	struct tc_config *same = take("outputs:\n  a: {type: 'null', tags: x}\n"
				      "  b: {type: 'null'}\n  c: {type: 'null'}\n"
				      "journal: {path: /a, retention: {age: 1d}}\nrules: /x\n");
	struct tc_config *other = take("journal: {path: /b}\nprobes: {ring_size: 2048K}\n"
				       "outputs:\n  b: {type: 'null', format: ecs}\n"
				       "  c: {type: stdout}\n  d: {type: 'null'}\n");
	struct tc_couriers *couriers;

	assert_int_equal(tc_couriers_new(&couriers), 0);
	for (size_t i = 0; i < first->outputs.count; i++)
		assert_int_equal(tc_couriers_add(couriers, first->outputs.items[i].spec), 0);
	told[0] = '\0';
	tc_log_divert(keep_told, NULL);
	assert_int_equal(tc_config_tell_restarts(first, same), 0);
	assert_int_equal(tc_config_change_outputs(first, same, couriers), 0);
	assert_string_equal(told, "");
	assert_int_equal(tc_config_tell_restarts(first, other), 1);
	assert_int_equal(tc_config_change_outputs(first, other, couriers), 4);
	tc_log_divert(NULL, NULL);
	assert_string_equal(told, "journal.path: /b needs a restart; until then it is /a\n"
				  "output b: its settings differ: that needs a restart\n"
				  "output c: its settings differ: that needs a restart\n"
				  "output d: it is new: that needs a restart\n"
				  "output a: to take it away needs a restart\n");
	tc_couriers_free(couriers);
	tc_config_free(first);
	tc_config_free(same);
	tc_config_free(other);
}

/* --- tocsin check --- */

static void test_configurations_are_told_from_rules(void **state)
{
	char path[128];

	write_file("tocsin.yaml", 0644, "nonsense\n");
	assert_true(tc_config_recognise(main_file));
	write_file("conf.d/x.yaml", 0644, "nonsense\n");
	snprintf(path, sizeof(path), "%s/conf.d/x.yaml", directory);
	assert_true(tc_config_recognise(path));
	snprintf(path, sizeof(path), "%s/x.yaml", directory);
	write_file("x.yaml", 0644, "jurnal: {}\nprobes: {}\n");
	assert_true(tc_config_recognise(path));
	write_file("x.yaml", 0644, "- rule: x\n");
	assert_false(tc_config_recognise(path));
	write_file("x.yaml", 0644, "title: x\ndetection: {}\nrules: x\n");
	assert_false(tc_config_recognise(path));
	write_file("x.yaml", 0644, "rules: x\ntests: []\n");
	assert_false(tc_config_recognise(path));
	assert_false(tc_config_recognise(directory));
	assert_false(tc_config_recognise("/nonexistent"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_directory, remove_directory)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_what_is_not_said_is_the_default),
		TEST(test_values_of_each_type),
		TEST(test_presets_are_values_of_their_keys),
		TEST(test_sections_may_be_all_comments),
		TEST(test_drop_ins_come_later_in_the_order_of_their_names),
		TEST(test_options_have_precedence_over_files),
		TEST(test_a_file_that_was_named_must_be_there),
		TEST(test_a_file_that_others_may_write_is_refused),
		TEST(test_outputs_become_specs),
		TEST(test_a_later_file_replaces_outputs_one_by_one),
		TEST(test_mistakes_in_outputs),
		TEST(test_mistakes_in_keys),
		TEST(test_references),
		TEST(test_references_that_lead_nowhere),
		TEST(test_an_environment_that_is_not_here_is_a_warning_for_check),
		TEST(test_secrets_are_in_no_message),
		TEST(test_secrets_are_not_printed),
		TEST(test_what_is_printed_says_the_same_and_where_it_comes_from),
		TEST(test_the_default_file_says_nothing_and_names_every_key),
		TEST(test_what_needs_a_restart_is_told),
		TEST(test_configurations_are_told_from_rules),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

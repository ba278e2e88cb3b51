/* SPDX-License-Identifier: Apache-2.0 */
/* tocsin record: keep the events of this host in a file. */
#include <stdio.h>
#include <stdlib.h>

#include "agent/cmd/cmd.h"
#include "agent/cmd/kinds.h"
#include "agent/cmd/run.h"
#include "agent/cmd/run_requests.h"
#include "agent/schema.h"

static int usage_error(const char *what, const char *why)
{
	fprintf(stderr, "tocsin record: %s: %s\n", what, why);
	return TC_EXIT_USAGE;
}

/* Of all words together: one may take away what one before it named. */
static int read_kinds(const struct tc_strings *kinds, uint64_t *ret_kinds)
{
	_cleanup_buffer_ struct tc_buffer words = {0};
	char wrong[64];

	for (size_t i = 0; i < kinds->count; i++)
		tc_buffer_printf(&words, "%s,", kinds->items[i]);
	if (tc_buffer_failed(&words))
		return TC_EXIT_ENVIRONMENT;
	if (tc_kinds_parse(words.bytes ?: "", ret_kinds, wrong) < 0)
		return usage_error(wrong, "no kind of event: `tocsin fields` names them");
	return -1;
}

static int check(struct tc_run_options *options, const struct tc_strings *kinds)
{
	bool has_rules = options->given.keys[TC_CONFIG_rules].texts.count;
	int code = tc_run_check(options, "record");

	if (code < 0 && !options->recording)
		return usage_error("--output", "the file to write must be named");
	if (code < 0)
		code = read_kinds(kinds, &options->kinds);
	if (code < 0 && kinds->count && !options->kinds && !has_rules)
		return usage_error("--kinds", "asks for no event at all");
	if (!kinds->count && !has_rules)
		options->kinds = tc_kinds_all();
	return code;
}

/* Keys of the configuration that matter here. */
#define KEYS                                                                                       \
	(TC_CONFIG_BIT(rules) | TC_CONFIG_BIT(scope) | TC_CONFIG_BIT(ring_bytes) |                 \
	 TC_CONFIG_BIT(fallback) | TC_CONFIG_BIT(log_level))

static int parse(struct tc_run_options *options, int argc, char **argv)
{
	struct tc_strings kinds = {0};
	struct tc_option rows[TC_CONFIG_MAX + 6] = {
		{"output", 'o', TC_OPTION_STRING, "FILE", &options->recording,
		 "file to write; it must not exist"},
		{"for", 0, TC_OPTION_DURATION, "DURATION", &options->duration_ns,
		 "stop after that time: 90s, 5m, 2h"},
		{"kinds", 'k', TC_OPTION_STRINGS, "KIND,...", &kinds,
		 "record these kinds of events: exec,open,connect ... or all (all, unless there "
		 "are "
		 "--rules: then what these can match)"},
		{"environment", 0, TC_OPTION_FLAG, NULL, &options->environment,
		 "record the environment of programs as well, which may hold secrets"},
		{"config", 'c', TC_OPTION_STRING, "FILE", &options->given.path,
		 "configuration, see tocsin.yaml(5); options have precedence over it "
		 "(" TC_CONFIG_DEFAULT_PATH ")"},
	};
	const struct tc_usage usage = {
		.command = "record",
		.synopsis = "-o FILE [OPTION]...",
		.doc = "Records events of this host, and what the agent knows of it: processes, "
		       "cgroups, containers, names of users. `tocsin replay` judges the file by "
		       "any "
		       "rules. What is recorded may be confidential: the file is readable for its "
		       "owner alone. Ends on SIGINT or SIGTERM. Needs root.",
		.options = rows,
	};
	int code;

	if (tc_config_options(&options->given, KEYS, rows + 5))
		return TC_EXIT_ENVIRONMENT;
	code = tc_options_parse(&usage, argc, argv, NULL);
	if (code < 0)
		code = check(options, &kinds);
	free(kinds.items);
	return code;
}

int tc_cmd_record(int argc, char **argv)
{
	struct tc_run_options options = {.duration_ns = UINT64_MAX, .only_records = true};
	int code;

	tc_requests_hold();
	code = parse(&options, argc, argv);
	if (code < 0)
		code = tc_run(&options);
	tc_config_given_done(&options.given);
	return code;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* tocsin selftest: does each probe see what it is for, and can it refuse it? */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "agent/cmd/cmd.h"
#include "agent/log.h"
#include "agent/schema.h"
#include "agent/selftest/selftest.h"
#include "output/format/json_writer.h"

struct options {
	const char *mode;
	bool fallback, json;
};

struct report {
	const struct options *options;
	struct tc_json json;
	unsigned counts[TC_SELFTEST_RESULT_MAX];
};

static const char *const results[TC_SELFTEST_RESULT_MAX] = {
	[TC_SELFTEST_GOOD] = "good",
	[TC_SELFTEST_UNSEEN] = "not seen",
	[TC_SELFTEST_PASSED] = "went through",
	[TC_SELFTEST_NOT_HERE] = "not here",
};

static int parse(struct options *options, int argc, char **argv)
{
	const struct tc_option rows[] = {
		{"mode", 0, TC_OPTION_STRING, "monitor|enforce", &options->mode,
		 "monitor: each deed shall be seen (the default); enforce: and refused, or its "
		 "process killed, when it is done once more"},
		{"fallback", 0, TC_OPTION_FLAG, NULL, &options->fallback,
		 "do not use LSM hooks even where the kernel has them"},
		{"json", 0, TC_OPTION_FLAG, NULL, &options->json, "print one JSON object"},
		{0},
	};
	const struct tc_usage usage = {
		.command = "selftest",
		.synopsis = "[OPTION]...",
		.doc = "Does one harmless thing for each kind of event, in a cgroup of its own "
		       "that "
		       "nothing else is in, and tells whether the probes see it. Nothing else is "
		       "watched or stopped, and an agent that runs is not disturbed. Exits with 0 "
		       "when all that this kernel has probes for was seen (and refused), 1 when "
		       "something was not, 3 when the probes cannot be loaded. Needs root.",
		.options = rows,
	};
	int code;

	options->mode = "monitor";
	code = tc_options_parse(&usage, argc, argv, NULL);
	if (code < 0 && strcmp(options->mode, "monitor") != 0 &&
	    strcmp(options->mode, "enforce") != 0) {
		fprintf(stderr, "tocsin selftest: --mode %s: it is monitor or enforce\n",
			options->mode);
		return TC_EXIT_USAGE;
	}
	return code;
}

/* What it came to, in words. */
static const char *words_of(const struct report *report, const struct tc_selftest_finding *finding)
{
	if (finding->result != TC_SELFTEST_GOOD)
		return results[finding->result];
	if (finding->enforced)
		return finding->asked == TC_ACTION_BLOCK ? "seen, refused" : "seen, killed";
	return strcmp(report->options->mode, "enforce") == 0 ? "seen (cannot be refused)" : "seen";
}

static void print_finding(const struct report *report, const struct tc_selftest_finding *finding)
{
	printf("%-14s %-38s %s%s%s\n", tc_kind_info(finding->deed->kind)->name, finding->deed->does,
	       words_of(report, finding), finding->why[0] ? ": " : "", finding->why);
	fflush(stdout);
}

static void put_finding(struct tc_json *json, const struct tc_selftest_finding *finding)
{
	static const char *const actions[] = {
		[TC_ACTION_ALERT] = "alert",
		[TC_ACTION_BLOCK] = "block",
		[TC_ACTION_KILL] = "kill",
	};
	const struct {
		const char *key, *value;
	} texts[] = {
		{"kind", tc_kind_info(finding->deed->kind)->name},
		{"does", finding->deed->does},
		{"result", results[finding->result]},
		{"can", actions[finding->asked]},
		{"why", finding->why},
	};

	tc_json_object_begin(json);
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		tc_json_key(json, texts[i].key);
		tc_json_string(json, texts[i].value);
	}
	tc_json_key(json, "enforced");
	tc_json_bool(json, finding->enforced);
	tc_json_object_end(json);
}

static void take(void *context, const struct tc_selftest_finding *finding)
{
	struct report *report = context;

	report->counts[finding->result]++;
	if (report->options->json)
		put_finding(&report->json, finding);
	else
		print_finding(report, finding);
}

static void put_count(struct tc_json *json, const char *key, unsigned count)
{
	tc_json_key(json, key);
	tc_json_uint(json, count);
}

static unsigned failed(const struct report *report)
{
	return report->counts[TC_SELFTEST_UNSEEN] + report->counts[TC_SELFTEST_PASSED];
}

static int run_json(struct report *report)
{
	_cleanup_buffer_ struct tc_buffer text = {0};
	struct tc_json *json = &report->json;
	int r;

	*json = (struct tc_json){.buffer = &text};
	tc_json_object_begin(json);
	tc_json_key(json, "mode");
	tc_json_string(json, report->options->mode);
	tc_json_key(json, "deeds");
	tc_json_array_begin(json);
	r = tc_selftest_run(strcmp(report->options->mode, "enforce") == 0,
			    report->options->fallback, take, report);
	tc_json_array_end(json);
	put_count(json, "good", report->counts[TC_SELFTEST_GOOD]);
	put_count(json, "failed", failed(report));
	put_count(json, "not_here", report->counts[TC_SELFTEST_NOT_HERE]);
	tc_json_object_end(json);
	tc_json_done(json);
	if (r == 0 && !tc_buffer_failed(&text))
		puts(text.bytes);
	return r;
}

static int run_text(struct report *report)
{
	int r = tc_selftest_run(strcmp(report->options->mode, "enforce") == 0,
				report->options->fallback, take, report);

	if (r == 0)
		printf("\n%u good, %u failed, %u not on this host\n",
		       report->counts[TC_SELFTEST_GOOD], failed(report),
		       report->counts[TC_SELFTEST_NOT_HERE]);
	return r;
}

int tc_cmd_selftest(int argc, char **argv)
{
	struct options options = {0};
	struct report report = {.options = &options};
	int code = parse(&options, argc, argv), r;

	if (code >= 0)
		return code;
	if (geteuid() != 0) {
		tc_error("a self-test needs root: the kernel lets nobody else load probes");
		return TC_EXIT_ENVIRONMENT;
	}
	r = options.json ? run_json(&report) : run_text(&report);
	if (r < 0)
		return TC_EXIT_ENVIRONMENT;
	return failed(&report) ? TC_EXIT_NO : TC_EXIT_GOOD;
}

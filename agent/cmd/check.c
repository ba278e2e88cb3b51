/* SPDX-License-Identifier: Apache-2.0 */
/* tocsin check: are these rule files valid? */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent/cmd/check_config.h"
#include "agent/cmd/check_split.h"
#include "agent/cmd/cmd.h"
#include "agent/cmd/kinds.h"
#include "agent/cmd/schemas.h"
#include "agent/value.h"
#include "output/format/json_writer.h"
#include "rules/review.h"
#include "rules/ruleset.h"

/* What is known of one file once all are read. */
struct verdict {
	const char *path;
	const struct tc_rule_file *file; /* NULL: it could not be read */
	bool config;			 /* it is a configuration, not rules */
	size_t errors, warnings;
};

struct check {
	struct tc_diagnostics diagnostics;
	struct tc_ruleset *set;
	struct tc_check_split split;
	struct tc_check_paths paths;
	struct verdict *verdicts;
	size_t n_verdicts;
	size_t untold; /* errors that were found and not kept, in any of the files */
	bool json, verbose;
	enum tc_rule_matching matching;
};

static const char *plural(size_t n)
{
	return n == 1 ? "" : "s";
}

static struct verdict *find_verdict(struct check *check, const char *path)
{
	for (size_t i = 0; i < check->n_verdicts; i++) {
		if (!strcmp(check->verdicts[i].path, path))
			return &check->verdicts[i];
	}
	return NULL;
}

/* Whether a file is valid; when errors were not kept it is not known which others are. */
static bool is_valid(const struct check *check, const struct verdict *verdict)
{
	return !verdict->errors && !check->untold;
}

/* Prints text from a file or a command line: no byte of it must reach a terminal as it is. */
static void print_escaped(const char *text)
{
	_cleanup_buffer_ struct tc_buffer escaped = {0};

	tc_text_escape(&escaped, text, strlen(text));
	fputs(tc_buffer_failed(&escaped) ? "(out of memory)"
	      : escaped.length		 ? escaped.bytes
					 : "",
	      stdout);
}

/* Files that were read, then paths that only findings name. 0 or -ENOMEM. */
static int gather(struct check *check)
{
	size_t n_files;
	const struct tc_rule_file *files = tc_ruleset_files(check->set, &n_files);

	check->verdicts =
		calloc(n_files + check->paths.configs.count + check->diagnostics.count + 1,
		       sizeof(*check->verdicts));
	if (!check->verdicts)
		return -ENOMEM;
	for (size_t i = 0; i < check->paths.configs.count; i++)
		check->verdicts[check->n_verdicts++] =
			(struct verdict){.path = check->paths.configs.items[i], .config = true};
	for (size_t i = 0; i < n_files; i++)
		check->verdicts[check->n_verdicts++] =
			(struct verdict){.path = files[i].path, .file = &files[i]};
	check->untold = check->diagnostics.errors;
	for (size_t i = 0; i < check->diagnostics.count; i++) {
		const struct tc_diagnostic *diagnostic = &check->diagnostics.items[i];
		const char *path = diagnostic->file ? diagnostic->file : "";
		struct verdict *verdict = find_verdict(check, path);

		if (!verdict) {
			verdict = &check->verdicts[check->n_verdicts++];
			verdict->path = path;
		}
		if (diagnostic->severity == TC_SEVERITY_ERROR) {
			verdict->errors++;
			check->untold--;
		} else {
			verdict->warnings++;
		}
	}
	return 0;
}

static void print_rules(struct check *check, const char *path)
{
	for (size_t i = 0; i < tc_ruleset_count(check->set); i++) {
		const struct tc_rule *rule = tc_ruleset_at(check->set, i);
		_cleanup_buffer_ struct tc_buffer kinds = {0};

		if (strcmp(rule->file, path))
			continue;
		printf("  ");
		print_escaped(rule->name);
		printf(" (%s): ", tc_priority_name(rule->priority));
		if (rule->kinds == tc_kinds_all())
			tc_buffer_add_string(&kinds, "all kinds of events");
		else if (rule->kinds)
			tc_kinds_add(&kinds, rule->kinds, ", ");
		else
			tc_buffer_add_string(&kinds, "nothing");
		tc_buffer_add_char(&kinds, '\n');
		tc_check_split_print(&check->split, i, &kinds);
		fputs(tc_buffer_failed(&kinds) ? "(out of memory)\n" : kinds.bytes, stdout);
	}
}

static void print_verdict(struct check *check, const struct verdict *verdict)
{
	bool colour = isatty(STDOUT_FILENO);

	for (size_t i = 0; i < check->diagnostics.count; i++) {
		const struct tc_diagnostic *diagnostic = &check->diagnostics.items[i];

		if (!strcmp(diagnostic->file ? diagnostic->file : "", verdict->path))
			tc_diagnostic_print(diagnostic, stdout, colour);
	}
	print_escaped(verdict->path);
	if (verdict->errors)
		printf(": invalid, %zu error%s", verdict->errors, plural(verdict->errors));
	else if (check->untold)
		printf(": too many findings to tell");
	else if (verdict->config)
		printf(": ok (configuration)");
	else if (verdict->file)
		printf(": ok (%zu rule%s, %zu macro%s, %zu list%s)", verdict->file->n_rules,
		       plural(verdict->file->n_rules), verdict->file->n_macros,
		       plural(verdict->file->n_macros), verdict->file->n_lists,
		       plural(verdict->file->n_lists));
	if (verdict->warnings)
		printf(", %zu warning%s", verdict->warnings, plural(verdict->warnings));
	putchar('\n');
	if (check->verbose)
		print_rules(check, verdict->path);
}

static size_t count_rules(const struct check *check)
{
	size_t n = 0;

	for (size_t i = 0; i < check->n_verdicts; i++)
		n += check->verdicts[i].file ? check->verdicts[i].file->n_rules : 0;
	return n;
}

/* All files together; rules that are left out by name. */
static void print_totals(const struct check *check)
{
	const struct tc_ruleset *set = check->set;
	size_t n_rules = count_rules(check);

	for (size_t i = 0; i < set->n_left_out; i++) {
		const struct tc_rule_left_out *left_out = &set->left_out[i];

		printf("left out: ");
		print_escaped(left_out->name);
		printf(" (");
		print_escaped(left_out->file);
		printf(":%u): ", left_out->line);
		print_escaped(left_out->reason);
		putchar('\n');
	}
	if (check->verbose) {
		_cleanup_buffer_ struct tc_buffer text = {0};

		tc_check_split_totals(&check->split, &text);
		fputs(tc_buffer_failed(&text) ? "(out of memory)\n" : text.bytes, stdout);
	}
	if (check->n_verdicts > 1 || set->n_left_out)
		printf("%zu file%s, %zu rule%s: %zu in force, %zu left out, %zu error%s\n",
		       check->n_verdicts, plural(check->n_verdicts), n_rules, plural(n_rules),
		       tc_ruleset_count(set), set->n_left_out, check->diagnostics.errors,
		       plural(check->diagnostics.errors));
}

static void write_left_out(const struct check *check, struct tc_json *json)
{
	tc_json_key(json, "left_out");
	tc_json_array_begin(json);
	for (size_t i = 0; i < check->set->n_left_out; i++) {
		const struct tc_rule_left_out *left_out = &check->set->left_out[i];

		tc_json_object_begin(json);
		tc_json_key(json, "name");
		tc_json_string(json, left_out->name);
		tc_json_key(json, "reason");
		tc_json_string(json, left_out->reason);
		tc_json_key(json, "file");
		tc_json_string(json, left_out->file);
		tc_json_key(json, "line");
		tc_json_uint(json, left_out->line);
		tc_json_object_end(json);
	}
	tc_json_array_end(json);
}

static void write_totals(const struct check *check, struct tc_json *json)
{
	tc_json_key(json, "totals");
	tc_json_object_begin(json);
	tc_json_key(json, "rules");
	tc_json_uint(json, count_rules(check));
	tc_json_key(json, "in_force");
	tc_json_uint(json, tc_ruleset_count(check->set));
	tc_json_key(json, "left_out");
	tc_json_uint(json, check->set->n_left_out);
	tc_json_object_end(json);
}

static void write_files(const struct check *check, struct tc_json *json)
{
	tc_json_key(json, "files");
	tc_json_array_begin(json);
	for (size_t i = 0; i < check->n_verdicts; i++) {
		const struct verdict *verdict = &check->verdicts[i];

		tc_json_object_begin(json);
		tc_json_key(json, "path");
		tc_json_string(json, verdict->path);
		tc_json_key(json, "what");
		tc_json_string(json, verdict->config ? "configuration" : "rules");
		tc_json_key(json, "valid");
		tc_json_bool(json, is_valid(check, verdict));
		tc_json_key(json, "errors");
		tc_json_uint(json, verdict->errors);
		tc_json_key(json, "warnings");
		tc_json_uint(json, verdict->warnings);
		tc_json_key(json, "rules");
		tc_json_uint(json, verdict->file ? verdict->file->n_rules : 0);
		tc_json_key(json, "macros");
		tc_json_uint(json, verdict->file ? verdict->file->n_macros : 0);
		tc_json_key(json, "lists");
		tc_json_uint(json, verdict->file ? verdict->file->n_lists : 0);
		tc_json_object_end(json);
	}
	tc_json_array_end(json);
}

static void write_rules(struct check *check, struct tc_json *json)
{
	tc_json_key(json, "rules");
	tc_json_array_begin(json);
	for (size_t i = 0; i < tc_ruleset_count(check->set); i++) {
		const struct tc_rule *rule = tc_ruleset_at(check->set, i);

		tc_json_object_begin(json);
		tc_json_key(json, "name");
		tc_json_string(json, rule->name);
		tc_json_key(json, "priority");
		tc_json_string(json, tc_priority_name(rule->priority));
		tc_json_key(json, "kinds");
		tc_kinds_json(json, rule->kinds);
		tc_json_key(json, "tags");
		tc_json_array_begin(json);
		for (size_t tag = 0; tag < rule->n_tags; tag++)
			tc_json_string(json, rule->tags[tag]);
		tc_json_array_end(json);
		tc_json_key(json, "file");
		tc_json_string(json, rule->file);
		tc_json_key(json, "line");
		tc_json_uint(json, rule->line);
		tc_json_key(json, "column");
		tc_json_uint(json, rule->column);
		tc_check_split_json(&check->split, i, json);
		tc_json_object_end(json);
	}
	tc_json_array_end(json);
}

static void write_diagnostics(const struct check *check, struct tc_json *json)
{
	tc_json_key(json, "diagnostics");
	tc_json_array_begin(json);
	for (size_t i = 0; i < check->diagnostics.count; i++) {
		const struct tc_diagnostic *diagnostic = &check->diagnostics.items[i];

		tc_json_object_begin(json);
		tc_json_key(json, "severity");
		tc_json_string(json,
			       diagnostic->severity == TC_SEVERITY_ERROR ? "error" : "warning");
		tc_json_key(json, "code");
		tc_json_string(json, diagnostic->code);
		tc_json_key(json, "file");
		tc_json_string(json, diagnostic->file);
		tc_json_key(json, "line");
		tc_json_uint(json, diagnostic->line);
		tc_json_key(json, "column");
		tc_json_uint(json, diagnostic->column);
		tc_json_key(json, "width");
		tc_json_uint(json, diagnostic->width);
		tc_json_key(json, "message");
		tc_json_string(json, diagnostic->message);
		tc_json_key(json, "hint");
		tc_json_string(json, diagnostic->hint);
		tc_json_object_end(json);
	}
	tc_json_array_end(json);
}

/* 0 or -ENOMEM. */
static int print_json(struct check *check)
{
	_cleanup_buffer_ struct tc_buffer buffer = {0};
	_cleanup_json_ struct tc_json json = {.buffer = &buffer};

	tc_json_object_begin(&json);
	tc_json_key(&json, "valid");
	tc_json_bool(&json, !check->diagnostics.errors);
	write_files(check, &json);
	write_rules(check, &json);
	write_left_out(check, &json);
	write_totals(check, &json);
	write_diagnostics(check, &json);
	tc_json_object_end(&json);
	if (tc_buffer_failed(&buffer))
		return -ENOMEM;
	puts(buffer.bytes);
	return 0;
}

static int run(struct check *check, const struct tc_strings *paths)
{
	int r = tc_check_sort_paths(paths, &check->paths);

	if (!r)
		r = tc_check_configs(&check->paths, &check->diagnostics);
	if (!r)
		r = tc_ruleset_examine(check->paths.rules.items, check->paths.rules.count,
				       &check->diagnostics, &check->set);
	if (!r && check->matching == TC_MATCHING_FIRST)
		tc_review_shadows(check->set, &check->diagnostics);
	if (!r)
		r = gather(check);
	if (!r && (check->verbose || check->json))
		r = tc_check_split_init(&check->split, check->set);
	if (!r && check->json)
		r = print_json(check);
	for (size_t i = 0; !r && !check->json && i < check->n_verdicts; i++)
		print_verdict(check, &check->verdicts[i]);
	if (!r && !check->json)
		print_totals(check);
	if (r) {
		fprintf(stderr, "tocsin: check: %s\n", strerror(-r));
		return TC_EXIT_ENVIRONMENT;
	}
	return check->diagnostics.errors ? TC_EXIT_NO : TC_EXIT_GOOD;
}

static int print_schema(const char *name)
{
	_cleanup_buffer_ struct tc_buffer text = {0};

	if (!tc_schema_write(name, &text)) {
		fprintf(stderr, "tocsin: check: no schema of \"%s\": there are rules and tests\n",
			name);
		return TC_EXIT_USAGE;
	}
	if (tc_buffer_failed(&text)) {
		fprintf(stderr, "tocsin: check: %s\n", strerror(ENOMEM));
		return TC_EXIT_ENVIRONMENT;
	}
	puts(text.bytes);
	return TC_EXIT_GOOD;
}

int tc_cmd_check(int argc, char **argv)
{
	struct check check = {0};
	const char *matching = "all", *schema = NULL;
	struct tc_strings paths;
	const struct tc_option options[] = {
		{"json", 'j', TC_OPTION_FLAG, NULL, &check.json,
		 "write one JSON object: files, rules, diagnostics"},
		{"verbose", 'v', TC_OPTION_FLAG, NULL, &check.verbose,
		 "tell of each rule in force which kinds of events it can match, and what of it "
		 "the "
		 "kernel decides"},
		{"rule-matching", 0, TC_OPTION_STRING, "first|all", &matching,
		 "which of the rules that match an event speak (all); with first, those that never "
		 "do are told"},
		{"schema", 's', TC_OPTION_STRING, "WHAT", &schema,
		 "print the JSON Schema of rules or tests, for editors, and check nothing"},
		{0},
	};
	const struct tc_usage usage = {
		.command = "check",
		.synopsis = "[OPTION]... PATH...",
		.doc = "Validate rule files, Falco's or Sigma's, or the *.yaml and *.yml files in "
		       "directories and below, as one set in the order given; and configurations "
		       "with their conf.d. A directory with a tocsin.yaml is that, and its "
		       "rules.d. Exits with 0 when all are valid, 1 when not.",
		.options = options,
		.positional_max = SIZE_MAX,
	};
	int code = tc_options_parse(&usage, argc, argv, &paths);

	if (code >= 0)
		return code;
	if (schema) {
		code = print_schema(schema);
	} else if (tc_rule_matching_parse(matching, &check.matching)) {
		fprintf(stderr, "tocsin check: --rule-matching %s: first or all\n", matching);
		code = TC_EXIT_USAGE;
	} else if (!paths.count) {
		fprintf(stderr, "tocsin check: give at least one PATH\n");
		code = TC_EXIT_USAGE;
	} else {
		code = run(&check, &paths);
	}
	free(paths.items);
	free(check.verdicts);
	tc_check_split_done(&check.split);
	tc_check_paths_done(&check.paths);
	tc_ruleset_free(check.set);
	tc_diagnostics_done(&check.diagnostics);
	return code;
}

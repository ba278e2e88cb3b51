/* SPDX-License-Identifier: Apache-2.0 */
/* tocsin explain: what does a rule ask, and why did an event match it or not? */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent/buffer.h"
#include "agent/cmd/cmd.h"
#include "agent/cmd/explain_print.h"
#include "agent/nearest.h"
#include "output/format/colour.h"
#include "rules/test/stated.h"

#define DEFAULT_RULES "/etc/tocsin/rules.d"

struct explain {
	struct tc_strings rules;
	const char *file; /* with the event; NULL: none */
	bool json, expand;

	struct tc_diagnostics diagnostics;
	struct tc_ruleset *set;
	struct tc_written *written;
	struct tc_source *source; /* of the event */
	struct tc_arena arena;
	struct tc_author *author;
	struct tc_event *event;
};

/* --- the event --- */

static int read_stream(FILE *stream, struct tc_buffer *text)
{
	char bytes[65536];
	size_t length;

	while ((length = fread(bytes, 1, sizeof(bytes), stream)) && text->length <= TC_SOURCE_MAX)
		tc_buffer_add(text, bytes, length);
	return ferror(stream) ? -EIO : 0;
}

static int read_file(const char *path, struct tc_buffer *text)
{
	FILE *stream = strcmp(path, "-") == 0 ? stdin : fopen(path, "re");
	int r;

	if (!stream)
		return -errno;
	r = read_stream(stream, text);
	if (stream != stdin)
		fclose(stream);
	return r;
}

/* Of JSON with an object in each line, the first one. */
static size_t first_object(const struct tc_buffer *text)
{
	const char *end = text->length && text->bytes[0] == '{' ? strchr(text->bytes, '\n') : NULL;

	return end ? (size_t)(end - text->bytes) : text->length;
}

static int read_event(struct explain *explain)
{
	_cleanup_buffer_ struct tc_buffer text = {0};
	struct tc_yaml *documents;
	int r = read_file(explain->file, &text);

	if (r < 0) {
		tc_diagnostics_add(&explain->diagnostics, TC_DIAGNOSTIC_FILE_OPEN, explain->file,
				   "cannot read: %s", strerror(-r));
		return -EINVAL;
	}
	if (tc_buffer_failed(&text))
		return -ENOMEM;
	r = tc_source_from_bytes(explain->file, text.length ? text.bytes : "", first_object(&text),
				 &explain->source);
	if (r == -E2BIG) {
		tc_diagnostics_add(&explain->diagnostics, TC_DIAGNOSTIC_FILE_SIZE, explain->file,
				   "an event has at most %u bytes", TC_SOURCE_MAX);
		return -EINVAL;
	}
	if (r == 0)
		r = tc_yaml_read(explain->source, &explain->arena, &explain->diagnostics,
				 &documents);
	if (r == 0)
		r = tc_author_new(&explain->author);
	return r < 0 ? r
		     : tc_stated_tell(documents, explain->author, &explain->arena,
				      &explain->diagnostics, &explain->event);
}

/* --- the rule --- */

/* The place of the rule; -EINVAL, which was told, when there is none. */
static ssize_t find_rule(const struct explain *explain, const char *name)
{
	struct tc_nearest nearest = {.word = name, .length = strlen(name)};
	size_t n = tc_ruleset_count(explain->set);

	for (size_t i = 0; i < n; i++)
		if (strcmp(tc_ruleset_at(explain->set, i)->name, name) == 0)
			return (ssize_t)i;
	for (size_t i = 0; i < n; i++)
		tc_nearest_offer(&nearest, tc_ruleset_at(explain->set, i)->name);
	fprintf(stderr, "tocsin: explain: no rule in force is called \"%s\"%s%s%s\n", name,
		nearest.best ? "; did you mean \"" : "", nearest.best ? nearest.best : "",
		nearest.best ? "\"?" : "");
	return -EINVAL;
}

static int load_rules(struct explain *explain)
{
	static const char *const plain[] = {DEFAULT_RULES};
	const struct tc_strings *given = &explain->rules;
	int r = tc_ruleset_examine_written(given->count ? given->items : plain, given->count ?: 1,
					   &explain->diagnostics, &explain->set, &explain->written);

	return r == 0 && explain->diagnostics.errors ? -EINVAL : r;
}

static int explain_rule(struct explain *explain, const char *name)
{
	const struct tc_explain_style style = {
		.expand = explain->expand,
		.colour = tc_colour_wanted(STDOUT_FILENO),
	};
	struct tc_explanation why;
	ssize_t rule;
	int r = load_rules(explain);

	if (r < 0)
		return r;
	rule = find_rule(explain, name);
	if (rule < 0)
		return -EINVAL;
	r = explain->file ? read_event(explain) : 0;
	if (r == 0)
		r = tc_explain(explain->set, explain->written, (size_t)rule, explain->event,
			       &explain->arena, &why);
	if (r < 0)
		return r;
	return explain->json ? tc_explain_print_json(&why, explain->written, stdout)
			     : tc_explain_print(&why, explain->written, &style, stdout);
}

static int run(struct explain *explain, const char *name)
{
	int r = explain_rule(explain, name);

	if (explain->diagnostics.errors)
		tc_diagnostics_print(&explain->diagnostics, stderr,
				     tc_colour_wanted(STDERR_FILENO));
	if (r == 0)
		return TC_EXIT_GOOD;
	if (r == -EINVAL)
		return TC_EXIT_NO;
	fprintf(stderr, "tocsin: explain: %s\n", strerror(-r));
	return TC_EXIT_ENVIRONMENT;
}

static void explain_done(struct explain *explain)
{
	free(explain->rules.items);
	tc_author_free(explain->author);
	tc_arena_done(&explain->arena);
	tc_source_free(explain->source);
	tc_ruleset_free(explain->set);
	tc_written_free(explain->written);
	tc_diagnostics_done(&explain->diagnostics);
}

int tc_cmd_explain(int argc, char **argv)
{
	struct explain explain = {0};
	struct tc_strings names;
	const struct tc_option options[] = {
		{"rules", 'r', TC_OPTION_STRINGS, "PATH", &explain.rules,
		 "rule file or directory, may be given more than once (" DEFAULT_RULES ")"},
		{"event", 'e', TC_OPTION_STRING, "FILE", &explain.file,
		 "judge this event: YAML as in tests, or an alert as query --json prints it; - is "
		 "standard input"},
		{"expand", 'x', TC_OPTION_FLAG, NULL, &explain.expand,
		 "write all macros and lists out, not only those that decide"},
		{"json", 'j', TC_OPTION_FLAG, NULL, &explain.json, "write one JSON object"},
		{0},
	};
	const struct tc_usage usage = {
		.command = "explain",
		.synopsis = "[OPTION]... RULE",
		.doc = "Show what a rule asks and of which events. With an event: the truth of "
		       "every part of its condition, and in a sentence why the rule matches the "
		       "event or does not.",
		.options = options,
		.positional_min = 1,
		.positional_max = 1,
	};
	int code = tc_options_parse(&usage, argc, argv, &names);

	if (code < 0) {
		setenv("TZ", "UTC0", 1);
		code = run(&explain, names.items[0]);
		free(names.items);
	}
	explain_done(&explain);
	return code;
}
